"""ImageSet: which image comes in which batch, in one process or in many, and in a DataLoader."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader, Dataset, random_split

from colorlib import color
from colorlib.data.image_set import ImageSet, mirror, plan_batches


def numbered(n, size=4):
    """n images whose first row shows their number, and whether they were mirrored."""
    pixels = torch.zeros((n, 3, size, size), dtype=torch.uint8)
    pixels[:, 0, 0, 0] = torch.arange(n) % 256
    pixels[:, 1, 0, 0] = torch.arange(n) // 256 + 1
    return ImageSet(pixels, torch.arange(n), name="numbered")


def identify(batch):
    """The numbers of the images in a batch of `numbered`, and which of them are mirrored."""
    mirrored = batch[:, 1, 0, 0] == 0
    corner = torch.where(mirrored[:, None], batch[:, :2, 0, -1], batch[:, :2, 0, 0]).long()
    return (corner[:, 0] + 256 * (corner[:, 1] - 1)).tolist(), mirrored.tolist()


sizes = st.integers(1, 40)
numbers = st.integers(0, 300)
seeds = st.integers(0, 2**32 - 1)


@given(n=numbers, size=sizes, seed=st.none() | seeds)
def test_a_pass_shows_every_image_once(n, size, seed):
    seen = [i for batch in numbered(n).batches(size, seed) for i in identify(batch)[0]]
    assert sorted(seen) == list(range(n))


@given(n=numbers, size=sizes)
def test_without_a_seed_images_come_in_order_unmirrored(n, size):
    assert [identify(batch) for batch in numbered(n).batches(size)] == [
        (list(range(i, min(i + size, n))), [False] * (min(i + size, n) - i)) for i in range(0, n, size)
    ]


@given(n=numbers, size=sizes, world=st.integers(1, 5), seed=st.none() | seeds, flip=st.booleans())
def test_processes_together_see_what_one_sees_with_the_larger_batch(n, size, world, seed, flip):
    images, flip = numbered(n), flip and seed is not None
    alone = list(images.batches(size * world, seed, flip))
    parts = [list(images.batches(size, seed, flip, rank=rank, world=world)) for rank in range(world)]
    assert len({len(part) for part in parts}) == 1, "every process must make the same number of steps"
    for whole, *shares in zip(alone, *parts, strict=False):
        assert len({len(share) for share in shares}) == 1, "every process must see batches of the same size"
        together = torch.cat(shares)
        assert torch.equal(together, whole[: len(together)])
        assert len(whole) - len(together) < world, "only what cannot be shared may be left out"
    assert sum(map(len, alone[len(parts[0]) :])) < world


@given(n=numbers, size=sizes, world=st.integers(1, 5))
def test_drop_last_leaves_full_batches_only(n, size, world):
    for rank in range(world):
        batches = list(numbered(n).batches(size, 0, drop_last=True, rank=rank, world=world))
        assert [len(batch) for batch in batches] == [size] * (n // (size * world))


@given(seed=seeds, one=sizes, other=sizes)
def test_mirroring_belongs_to_the_position_not_to_the_batch_size(seed, one, other):
    def flips(size):
        return [f for batch in numbered(100).batches(size, seed, flip=True) for f in identify(batch)[1]]

    assert flips(one) == flips(other)


def test_half_of_the_images_are_mirrored_which_changes_neither_their_order_nor_other_random_numbers():
    before = torch.random.get_rng_state()
    mirrored = torch.cat([flips for _, flips in plan_batches(10_000, 100, seed=3, flip=True)])
    assert 4_800 < mirrored.sum() < 5_200
    plain = [i for batch in numbered(50).batches(7, 5) for i in identify(batch)[0]]
    assert plain == [i for batch in numbered(50).batches(7, 5, flip=True) for i in identify(batch)[0]]
    assert torch.equal(before, torch.random.get_rng_state())


def test_mirror_swaps_left_and_right_only():
    rgb = torch.arange(2 * 3 * 2 * 3, dtype=torch.uint8).view(2, 3, 2, 3)
    done = mirror(rgb, torch.tensor([True, False]))
    assert torch.equal(done[0], rgb[0].flip(-1)) and torch.equal(done[1], rgb[1])


@pytest.mark.parametrize("make", [
    *[lambda wrong=wrong: list(numbered(10).batches(**wrong)) for wrong in (
        {"size": 0}, {"size": 4, "rank": 2, "world": 2}, {"size": 4, "world": 0}, {"size": 4, "flip": True})],
    *[lambda pixels=pixels: ImageSet(pixels) for pixels in (
        torch.zeros(2, 3, 4, 4), torch.zeros(2, 4, 4, 3).byte(), torch.zeros(3, 4, 4).byte())],
    lambda: ImageSet(torch.zeros(2, 3, 4, 4).byte(), torch.arange(3)),
])
def test_wrong_batches_pixels_and_labels_are_refused(make):
    with pytest.raises(ValueError, match="expected|needs a seed"):
        make()


def test_take_begins_alike_for_every_number():
    images = numbered(300)
    assert torch.equal(images.take(5, 1).labels, images.take(50, 1).labels[:5])
    assert not torch.equal(images.take(50, 1).labels, images.take(50, 2).labels)
    with pytest.raises(ValueError, match="301 of 300"):
        images.take(301)


@given(n=numbers, fraction=st.floats(0, 1), seed=seeds)
def test_split_shares_nothing_and_loses_nothing(n, fraction, seed):
    one, other = numbered(n).split(fraction, seed)
    assert len(one) == round(n * fraction)
    assert sorted(one.labels.tolist() + other.labels.tolist()) == list(range(n))


@pytest.mark.parametrize("indices, expected",
                         [(slice(2, 8, 3), [2, 5]), (slice(-2, None), [8, 9]), ([4, 4, 0], [4, 4, 0]),
                          (torch.tensor([7, 1]), [7, 1]), (torch.arange(10) > 7, [8, 9]), ([True] + 9 * [False], [0]),
                          ([-1], [9]), (range(2), [0, 1]), (np.array([5, 6]), [5, 6]), ([], []),
                          (np.array([[5, 6], [7, 1]]), [5, 6, 7, 1])])
def test_indexing_keeps_picture_and_label_together(indices, expected):
    part = numbered(10)[indices]
    assert part.labels.tolist() == expected and identify(part.pixels)[0] == expected and part.name == "numbered"


def test_a_number_gives_one_image_of_its_own():
    images = numbered(10)
    for index, expected in ((0, 0), (7, 7), (-1, 9), (np.int64(4), 4), (torch.tensor(5), 5)):
        image = images[index]
        assert image.shape == (3, 4, 4) and image.dtype == torch.uint8 and identify(image[None])[0] == [expected]
    images[3].fill_(255)                                                    # a copy
    assert images.to("cpu") is images and identify(torch.stack(list(images)))[0] == list(range(10))
    for index in (10, -11, [10], [0, -11], torch.tensor([10])):
        with pytest.raises(IndexError):
            images[index]


# DataLoader

@pytest.mark.parametrize("workers", [0, 2])
def test_a_dataloader_shows_every_image_once_in_uint8_batches(workers):
    images = numbered(70)
    assert isinstance(images, Dataset)
    loader = DataLoader(images, batch_size=32, shuffle=True, num_workers=workers, generator=torch.Generator())
    batches = list(loader)
    assert [tuple(batch.shape) for batch in batches] == [(32, 3, 4, 4), (32, 3, 4, 4), (6, 3, 4, 4)]
    assert all(batch.dtype == torch.uint8 for batch in batches)
    seen = identify(torch.cat(batches))[0]
    assert sorted(seen) == list(range(70)) and seen != list(range(70))
    for sampler in ([4, 4, 0, 9], torch.tensor([7, 1, 3]), range(5)):
        chosen = DataLoader(images, batch_size=2, sampler=sampler, num_workers=workers)
        assert [i for batch in chosen for i in identify(batch)[0]] == [int(i) for i in sampler]
    parts = random_split(images, [40, 30], torch.Generator().manual_seed(0))          # torch's own parts of a set
    assert sorted(i for part in parts for batch in DataLoader(part, batch_size=2) for i in identify(batch)[0]) == [
        *range(70)]


def test_a_dataloader_fetches_a_batch_at_once():
    class Counted(ImageSet):
        calls = 0

        def __getitems__(self, indices):
            self.calls += 1
            return super().__getitems__(indices)

        def __getitem__(self, index):
            raise AssertionError("one image was fetched alone")

    images = Counted(numbered(10).pixels)
    assert sum(len(batch) for batch in DataLoader(images, batch_size=4)) == 10 and images.calls == 3


def test_rgb_is_float_between_zero_and_one():
    images = ImageSet(torch.full((2, 3, 4, 4), 255, dtype=torch.uint8))
    assert images.rgb().dtype == torch.float32 and images.rgb().max() == 1
    assert images.rgb([0]).shape == (1, 3, 4, 4) and images.rgb(0).shape == (3, 4, 4)


def test_mean_color_equals_that_of_all_pixels_at_once():
    generator = torch.Generator().manual_seed(0)
    images = ImageSet(torch.randint(0, 256, (70, 3, 200, 90), dtype=torch.uint8, generator=generator))
    expected = color.rgb_to_lab(images.rgb().double())[:, 1:].mean((0, 2, 3)).float()
    torch.testing.assert_close(images.ab_mean(), expected, atol=1e-3, rtol=0)
    assert images.ab_mean() is images._ab_mean                 # computed once


@pytest.mark.gpu
def test_batches_come_in_the_same_order_on_the_gpu():
    images = numbered(300)
    moved = images.to("cuda")
    for here, there in zip(images.batches(64, 1, True), moved.batches(64, 1, True), strict=True):
        assert there.is_cuda and torch.equal(here, there.cpu())
