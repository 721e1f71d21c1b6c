"""Films: the last frame's colors move along, save flicker, cost no accuracy, and stop at a cut."""

import pytest
import torch

from colorlib import color, film
from colorlib.colorizer import Colorizer
from colorlib.data import datasets
from colorlib.data.photos import load_photos
from colorlib.models import UNet
from colorlib.paths import CHECKPOINTS

SHIFTS = [(0, 0), (0, 1), (1, 3), (1, 6), (2, 8), (3, 9), (3, 8), (2, 6)]


def pan(picture, size):
    """A window of size x size that moves over a picture (3, H, W) by SHIFTS: T 3 size size."""
    top, left = ((side - size) // 2 for side in picture.shape[1:])
    return torch.stack([picture[:, top - down:top - down + size, left - right:left - right + size]
                        for down, right in SHIFTS])


def grainy(frames, strength=2.0):
    """Lightness with fresh grain in each frame, and the true colors."""
    lab = color.rgb_to_lab(frames)
    noise = torch.randn(lab[:, :1].shape, generator=torch.Generator().manual_seed(0))
    return (lab[:, :1] + strength * noise).clamp(0, 100), lab[:, 1:]


def error(ab, true):
    return float((ab - true).norm(dim=1).mean())


@pytest.fixture(scope="module")
def unet():
    return Colorizer.load(CHECKPOINTS / "nazeri-unet.safetensors")


@pytest.mark.parametrize("source", ["photos", "fruit-photos", "fruits"])
def test_the_last_frames_colors_halve_the_flicker_and_cost_no_accuracy(unet, source):
    picture = datasets.load(source, "test", n=1, size=96).pixels[0]
    L, true = grainy(pan(picture, 72))
    alone, steady = unet.predict(L), film.FilmColorizer(unet).predict(L)
    assert film.flicker(steady, SHIFTS) < 0.5 * film.flicker(alone, SHIFTS)
    assert error(steady, true) < 1.05 * error(alone, true)


def test_whatever_moves_in_its_own_way_takes_its_color_along():
    generator = torch.Generator().manual_seed(0)
    texture = 20 + 60 * torch.nn.functional.interpolate(
        torch.rand(1, 1, 20, 20, generator=generator), size=(80, 80), mode="bicubic").clamp(0, 1)[0]
    left, right = (torch.stack([texture[:, 8:72, 8 + step:40 + step] for step in steps])
                   for steps in ([0, 1, 2, 3, 4], [0, -1, -2, -3, -4]))
    L, stripe = torch.cat([left, right], dim=3), torch.zeros(2, 64, 64)  # its halves part
    stripe[0, :, 14:18], stripe[1, :, 46:50] = 40, 40
    moved = stripe
    for before, now in zip(L, L[1:]):
        moved, trust = film.follow(before, moved, now)
    assert trust[0, 8:56, 8:24].mean() > 0.8 and trust[0, 8:56, 40:56].mean() > 0.8
    assert moved[:, 8:56].mean(1).argmax(1).sub(torch.tensor([11.5, 51.5])).abs().max() < 2


@pytest.mark.parametrize("size", [96, 192])  # of the larger ones, the flow is found on smaller copies
def test_colors_arrive_where_the_scene_is_and_what_comes_into_view_has_none(size):
    lab = color.rgb_to_lab(load_photos("test", size + 16, n=1).pixels)[0]
    before, now = lab[:, 8:-8, 8:-8], lab[:, 8:-8, 14:-2]  # the camera moves by 6 pixels to the right
    moved, trust = film.follow(before[:1], before[1:], now[:1])
    seen, new = (slice(None), slice(8, -8), slice(8, -14)), (slice(None), slice(8, -8), slice(-4, None))
    assert trust[seen].mean() > 0.95 and trust[new].mean() < 0.1
    assert (moved - now[1:])[seen].norm(dim=0).mean() < 0.2 * (before - now)[1:][seen].norm(dim=0).mean()


def test_nothing_is_kept_over_a_cut(unet):
    one, other = (color.lightness(load_photos("test", 96, n=6).pixels[place:place + 1]) for place in (0, 5))
    steady = film.FilmColorizer(unet, keep=1)
    steady.predict(torch.cat([one, one]))
    assert torch.equal(steady.predict(other), unet.predict(other))
    assert not torch.equal(steady.predict(other + 0.5), unet.predict(other + 0.5))  # the next one keeps it


def test_every_pair_of_photographs_is_a_cut():
    pictures = load_photos("train", 96, n=20)
    L = color.lightness(pictures.pixels)
    for before, now, same in zip(L, L[1:], pictures.labels[1:] == pictures.labels[:-1]):
        assert same or not film.follow(before, torch.zeros(2, 96, 96), now)[1].any()


def test_with_nothing_to_keep_each_frame_is_colored_by_itself():
    torch.manual_seed(0)
    colorizer = Colorizer(UNet(2, 2))
    torch.nn.init.normal_(colorizer.net.last.weight)
    frames = torch.randint(256, (3, 3, 30, 41), dtype=torch.uint8)
    alone = film.FilmColorizer(colorizer, keep=0)
    for frame, together in zip(frames, colorizer.colorize(frames, 16)):
        assert torch.equal(alone.colorize(frame, 16), together)
    steady = film.FilmColorizer(colorizer)
    one_by_one = torch.stack([steady.colorize(frame, 16) for frame in frames])
    assert torch.equal(one_by_one, film.FilmColorizer(colorizer).colorize(frames, 16))  # a batch is a film
    with pytest.raises(ValueError, match=r"0\.\.\.1, got 1.1"):
        film.FilmColorizer(colorizer, 1.1)


def test_frames_of_any_size_and_of_changing_size():
    steady = film.FilmColorizer(Colorizer(UNet(2, 2)), keep=1)
    for size in [(1, 1), (1, 2), (2, 1), (3, 5), (40, 1), (17, 31)]:
        for _ in range(2):
            assert steady.colorize(torch.randint(256, (1, *size), dtype=torch.uint8)).shape == (3, *size)
            assert steady.last[1].isfinite().all()
