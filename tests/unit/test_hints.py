"""Hints: what is revealed in training, what the network does with it, and the error by their number."""
import pytest
import torch

from colorlib import color, film, hints, scribbles
from colorlib.colorizer import Colorizer
from colorlib.data import cued_fruit, datasets
from colorlib.models import HintUNet, UNet
from colorlib.models.hint_unet import MOST_HINTS, draw_hints
from colorlib.targets import LabTarget
from colorlib.train import TrainingConfig, fit, hint_step


@pytest.fixture(scope="module")
def trained():
    """A small network after a short training on painted apples."""
    torch.manual_seed(0)
    colorizer = Colorizer(HintUNet(8, (16, 32, 64)), LabTarget())
    images = datasets.load("apples", "train", n=1024, size=32, seed=0)
    config = TrainingConfig(epochs=8, batch_size=32, optimizer="muon", lr=0.1, schedule="linear")
    fit(colorizer, images, hint_step, config, device="cpu", progress=False)
    return colorizer


def test_hints_are_true_colors_at_random_pixels_and_nothing_elsewhere():
    targets = torch.randn(400, 2, 16, 16)
    drawn = draw_hints(targets)
    ab, mask = drawn[:, :2], drawn[:, 2:]
    assert ((mask == 0) | (mask == 1)).all() and torch.equal(ab, targets * mask)
    number = mask.sum((1, 2, 3))
    assert number.max() < MOST_HINTS and (number == 0).float().mean() > 0.05
    assert 5 < number.median() < 20  # log-uniform: as many below ten as above
    assert mask.mean(0).std() < 0.05  # no place is preferred


def test_a_pixel_that_is_revealed_with_few_hints_is_revealed_with_more():
    few, many = (hints.points(count, 5, (8, 9), seed=1) for count in (3, 20))
    assert few.sum((1, 2, 3)).tolist() == [3] * 5 and many.sum((1, 2, 3)).tolist() == [20] * 5
    assert (many | ~few).all() and not torch.equal(few[0], few[1])
    with pytest.raises(ValueError, match="0 to 72 hints"):
        hints.points(73, 5, (8, 9))


def test_the_nearest_hint_gives_its_color():
    L, mask = torch.zeros(2, 1, 9, 12), hints.points(4, 2, (9, 12), seed=3)
    ab = torch.randn(2, 2, 9, 12, generator=torch.Generator().manual_seed(0))
    found = hints.nearest(L, ab, mask)
    places = torch.cartesian_prod(torch.arange(9), torch.arange(12)).double()
    for n in range(2):
        given = mask[n, 0].nonzero()
        distance = torch.cdist(places, given.double())  # 108 4
        colors = ab[n][:, given[:, 0], given[:, 1]].T  # 4 2
        apart = (found[n].flatten(1).T[:, None] - colors).abs().sum(2)  # 108 4
        assert (apart.amin(1) == 0).all()
        assert torch.equal(distance.gather(1, apart.argmin(1, keepdim=True))[:, 0], distance.amin(1))
    with pytest.raises(ValueError, match="at least one hint in each picture"):
        hints.nearest(L, ab, torch.zeros_like(mask))


def test_one_hint_decides_the_color_of_an_apple(trained):
    apples = cued_fruit.paint("apples", 20, 32, seed=99)
    L = color.lightness(apples.rgb)
    middle = torch.zeros_like(L, dtype=torch.bool)
    for number, inside in enumerate(apples.mask[:, 0]):
        places = inside.nonzero()
        middle[number, 0][tuple(places[len(places) // 2])] = True
    modes = torch.tensor(cued_fruit.distribution("apples").modes).float()
    greenness = {}
    for name, mode in (("red", 0), ("green", 1)):
        ab = modes[mode][None, :, None, None].expand(20, 2, 32, 32)
        found = hints.predict(trained, L, ab, middle)
        greenness[name] = -(found[:, :1] * apples.mask).sum((1, 2, 3)) / apples.mask.sum((1, 2, 3))
    assert (greenness["green"] > 5).float().mean() > 0.8 and (greenness["red"] < -5).float().mean() > 0.8


def test_more_hints_make_a_smaller_error_and_levin_gets_the_same_ones(trained):
    test = datasets.load("apples", "test", n=40, size=32, seed=0)
    errors = hints.error_by_count(trained, test, (0, 10, 100))
    assert errors[0] > 1.5 * errors[10] and errors[10] > errors[100]
    seen = []

    def levin(L, ab, mask):
        seen.append(int(mask.sum()))
        return torch.stack([scribbles.fill(*one) for one in zip(L, ab, mask, strict=True)])

    assert set(hints.error_by_count(levin, test, (10, 100))) == {10, 100} and seen == [400, 4000]


def test_a_photograph_of_any_size_and_a_hint_in_its_last_row(trained):
    L = 100 * torch.rand(2, 1, 17, 21)
    mask = torch.zeros(2, 1, 17, 21, dtype=torch.bool)
    mask[0, 0, 16, 20] = True
    ab = hints.predict(trained, L, torch.full((2, 2, 17, 21), 40.0), mask)
    assert ab.shape == (2, 2, 17, 21)
    assert torch.equal(ab[0, :, 16, 20], torch.tensor([40.0, 40.0]))  # a hint is kept
    without = hints.predict(trained, L, torch.zeros(2, 2, 17, 21), torch.zeros_like(mask))
    assert torch.allclose(without, trained.predict(L), atol=1e-4)
    assert torch.allclose(ab[1], without[1], atol=1e-4)
    assert not torch.allclose(ab[0, :, 15, 19], without[0, :, 15, 19], atol=1)  # its neighbor changes
    trained.net.train()
    assert torch.equal(hints.predict(trained, L, torch.full((2, 2, 17, 21), 40.0), mask), ab)
    assert trained.net.training  # the mode stays that of the caller
    trained.net.eval()


@pytest.mark.parametrize("change, words", [
    ({"colorizer": Colorizer(UNet(4, 1), LabTarget())}, "HintUNet"),
    ({"mask": torch.zeros(1, 1, 8, 8)}, "bool"),
    ({"hinted": torch.zeros(1, 3, 8, 8)}, "hints"),
])
def test_what_does_not_fit_is_refused(change, words):
    good = {"colorizer": Colorizer(HintUNet(4, (8,)), LabTarget()), "L": torch.full((1, 1, 8, 8), 50.0),
            "hinted": torch.zeros(1, 2, 8, 8), "mask": torch.zeros(1, 1, 8, 8, dtype=torch.bool)}
    with pytest.raises(ValueError, match=words):
        hints.predict(**good | change)


SHIFTS = [(0, 0), (0, 1), (1, 2), (1, 1), (0, 0)]


def a_film(picture):
    """A picture (C, H, W) that moves by SHIFTS."""
    return torch.stack([picture.roll(shift, (1, 2)) for shift in SHIFTS])


def test_a_scene_that_only_moves_does_not_flicker_and_one_that_changes_does():
    ab = 30 * torch.randn(2, 12, 14)
    assert film.flicker(a_film(ab), SHIFTS) < 1e-5 < film.flicker(a_film(ab), [(0, 0)] * 5)
    blinking = a_film(ab) + torch.tensor([0.0, 3.0, 0.0, 3.0, 0.0]).view(5, 1, 1, 1) * torch.tensor([1.0, 0.0]).view(
        1, 2, 1, 1)
    assert abs(film.flicker(blinking, SHIFTS) - 3) < 1e-4
    with pytest.raises(ValueError, match="a shift for each"):
        film.flicker(ab[None], SHIFTS)
    with pytest.raises(ValueError, match="frame 1 shows no point"):
        film.flicker(a_film(ab)[:2], [(0, 0), (0, 20)])


def test_motion_is_found_and_the_first_frames_color_stays(trained):
    apple = cued_fruit.paint("apples", 1, 32, seed=7)
    frames = a_film(color.lightness(apple.rgb)[0])
    steps = [film.motion(one, other) for one, other in zip(frames, frames[1:])]
    assert steps == [(0, 1), (1, 1), (0, -1), (-1, -1)]
    fruit = apple.mask[0].float()
    for a, b in cued_fruit.distribution("apples").modes:
        first = torch.tensor([a, b]).view(2, 1, 1) * fruit
        last = film.colorize(trained, frames, first)[-1]
        assert float((last[0] * fruit[0]).sum() / fruit.sum()) * a > 0  # still red, or green
    with pytest.raises(ValueError, match="frames"):
        film.colorize(trained, frames, first[:1])
