"""Welsh's transfer of color, against pixels computed by hand."""
import numpy as np
import pytest
import torch

from colorlib import color, example_transfer

DRAW = torch.Generator().manual_seed(0)
GRAY = 100 * torch.rand(1, 8, 11, generator=DRAW)
EXAMPLE = torch.randint(0, 256, (3, 9, 7), dtype=torch.uint8, generator=DRAW)


def described(L):
    """Lightness and its deviation over 5x5 pixels, pixel by pixel; the border is repeated."""
    padded = np.pad(L, 2, mode="edge")
    spread = [[padded[r:r + 5, c:c + 5].std() for c in range(L.shape[1])] for r in range(L.shape[0])]
    return np.stack([L, np.array(spread)], -1)


def test_each_pixel_takes_the_color_of_the_most_similar_sample():
    lab = color.rgb_to_lab(EXAMPLE[None])[0].double().numpy()
    ours = GRAY[0].double().numpy()
    theirs = (lab[0] - lab[0].mean()) / lab[0].std() * ours.std() + ours.mean()
    ab, taken = example_transfer.transfer(GRAY, EXAMPLE, samples=10**6)  # every pixel of the example
    assert len({tuple(place) for place in taken.flatten(0, 1).tolist()}) > 5
    query, candidates = described(ours), described(theirs).reshape(-1, 2)
    for row in range(8):
        for column in range(11):
            distance = np.linalg.norm(candidates - query[row, column], axis=1)
            r, c = taken[row, column].tolist()
            assert distance[r * 7 + c] <= distance.min() + 1e-3
            assert np.allclose(ab[:, row, column], lab[1:, r, c], atol=1e-3)


def test_samples_cover_the_example_one_in_each_cell():
    places = example_transfer._jittered_grid(40, 80, 200, seed=3)
    assert len(places) == 200 and len({(int(r) // 4, int(c) // 4) for r, c in places}) == 200
    assert not torch.equal(places, example_transfer._jittered_grid(40, 80, 200, seed=4))


def test_the_examples_own_lightness_does_not_matter_up_to_a_straight_line():
    dark = color.to_uint8(color.lab_to_rgb(torch.stack([
        torch.linspace(10, 40, 64).expand(8, 64), torch.full((8, 64), 5.0), torch.zeros(8, 64)])[None]))[0]
    L = torch.linspace(30, 90, 64).expand(1, 8, 64)
    _, taken = example_transfer.transfer(L, dark, samples=10**6)
    assert (taken[..., 1].float() - torch.arange(64)).abs().mean() < 2  # the same place on the ramp


def test_with_swatches_a_region_gets_the_color_of_its_partner():
    L = torch.full((1, 20, 40), 50.0)
    L[..., 20:] += 20 * torch.rand(1, 20, 20, generator=DRAW)  # as light, and rough
    example = torch.zeros(3, 20, 40, dtype=torch.uint8)
    example[0, :, :20], example[2, :, 20:] = 200, 200  # red, then blue
    red, blue = (color.rgb_to_lab(example[None])[0, 1:, 5, column] for column in (5, 35))
    pairs = [((2, 2, 6, 6), (2, 2, 6, 6)), ((2, 30, 6, 6), (2, 30, 6, 6))]
    ab = example_transfer.transfer_swatches(L, example, pairs)
    assert torch.allclose(ab[:, 15, 5], red, atol=1e-3) and torch.allclose(ab[:, 15, 30], blue, atol=1e-3)
    swapped = [(ours, theirs) for (ours, _), (_, theirs) in zip(pairs, reversed(pairs), strict=True)]
    assert torch.allclose(example_transfer.transfer_swatches(L, example, swapped)[:, 15, 5], blue, atol=1e-3)


@pytest.mark.parametrize("call, words", [
    (lambda: example_transfer.transfer(GRAY[0], EXAMPLE), "lightness"),
    (lambda: example_transfer.transfer(GRAY, EXAMPLE.float()), "uint8 RGB"),
    (lambda: example_transfer.transfer(GRAY, EXAMPLE, samples=0), "one sample"),
    (lambda: example_transfer.transfer_swatches(GRAY, EXAMPLE, []), "one pair"),
    (lambda: example_transfer.transfer_swatches(GRAY, EXAMPLE, [((0, 0, 9, 2), (0, 0, 2, 2))]), "not inside"),
])
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
