"""Painted fruit: the colors have the stated distribution, and the gray picture does not reveal the color."""

import dataclasses
from functools import cache

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from colorlib import color
from colorlib.data import painted_fruit

DISTRIBUTIONS = {**painted_fruit.FRUIT_COLORS, "leaf": painted_fruit.LEAF_COLORS,
                 "background": painted_fruit.BACKGROUND_COLORS}
EDGES = torch.arange(-74.0, 75.0, 4.0)


def chi_square(ab: torch.Tensor, stated: painted_fruit.ColorDistribution) -> float:
    """p-value of samples (N, 2) under a distribution, in 4-unit cells; rare cells and the outside are one cell."""
    counts = torch.from_numpy(np.histogram2d(*ab.double().numpy().T, bins=EDGES.numpy())[0]).flatten()
    corners = torch.cartesian_prod(EDGES[:-1], EDGES[:-1])
    expected, order = (stated.probability(corners, corners + 4) * len(ab)).sort(descending=True)
    keep = (expected.cumsum(0) < len(ab) - 20) & (expected > 5)
    observed, expected = counts[order][keep], expected[keep]
    observed, expected = (torch.cat([x, (len(ab) - x.sum())[None]]).numpy() for x in (observed, expected))
    return stats.chisquare(observed, expected).pvalue


@cache
def one_pixel_each(kind: str, region: str, n: int = 2000) -> torch.Tensor:
    """ab at the pivot, (n, 2), of one random pixel in each of n pictures, back from its 8-bit RGB."""
    made = painted_fruit.generate(2 * n, size=24, seed=7, kinds=[kind])
    inside = {"fruit": made.region == 2, "leaf": made.region == 3, "background": made.region < 2}[region]
    lab = color.rgb_to_lab(made.rgb)
    inside &= (lab[:, :1] > 25) & (lab[:, :1] < 85)  # where 8 bits are precise enough
    some = inside.flatten(1).any(1).nonzero()[:n, 0]
    assert len(some) == n
    at = torch.multinomial(inside[some].flatten(1).float(), 1, generator=torch.Generator().manual_seed(1))
    L, a, b = (lab[some, c].flatten(1).gather(1, at)[:, 0] for c in range(3))
    scale = painted_fruit.distribution(kind, region).scale(L)
    return torch.stack([a / scale, b / scale], 1)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_two_thousand_samples_agree_with_the_stated_distribution(name):
    assert chi_square(DISTRIBUTIONS[name].sample(2000, seed=11), DISTRIBUTIONS[name]) > 1e-3


@pytest.mark.parametrize("kind, region", [*((kind, "fruit") for kind in painted_fruit.KINDS),
                                          ("banana", "background"), ("strawberry", "leaf")])
def test_two_thousand_pixels_agree_with_the_stated_distribution(kind, region):
    assert chi_square(one_pixel_each(kind, region), painted_fruit.distribution(kind, region)) > 1e-3


@pytest.mark.parametrize("change", [{"weights": (0.45, 0.55)}, {"spread": (9.5, 8.0)},
                                    {"modes": ((54.5, 26.0), (-40.0, 42.0))}, {"modes": ((57.0, 26.0), (-40.0, 44.5))}])
def test_a_wrong_statement_or_scale_is_found_out(change):
    stated, found = painted_fruit.distribution("apple"), one_pixel_each("apple", "fruit")
    assert chi_square(found, dataclasses.replace(stated, **change)) < 1e-6 and chi_square(found * 1.04, stated) < 1e-6


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_every_color_can_be_shown_on_a_screen(name):
    stated = DISTRIBUTIONS[name]
    L = torch.arange(painted_fruit.DARKEST, painted_fruit.BRIGHTEST + 0.25, 0.5)
    for (a, b), spread in zip(stated.modes, stated.spread, strict=True):
        side = torch.linspace(-1, 1, 9) * spread
        grid = torch.cartesian_prod(a + side, b + side).T[:, :, None]  # 2 81 1
        lab = torch.cat([L.expand(1, 81, -1), grid * stated.scale(L)])
        assert color.in_gamut(lab, eps=1e-6).all()


def test_rounding_is_the_only_departure():
    made = painted_fruit.generate(60, size=32, seed=3)
    lab = color.rgb_to_lab(made.rgb)
    for i, kind in enumerate(painted_fruit.KINDS[k] for k in made.kind.tolist()):
        region = made.region[i, 0].long()
        background = painted_fruit.BACKGROUND_COLORS
        stated = [background, background, painted_fruit.distribution(kind), painted_fruit.LEAF_COLORS]
        L = made.L[i, 0]
        scale = torch.stack([one.scale(L) for one in stated]).gather(0, region[None])[0]
        expected = made.color[i][region].permute(2, 0, 1) * scale  # 2 S S
        error = (lab[i, 1:] - expected).norm(dim=0)
        assert error.max() < 4 and error[L > 30].max() < 1.8 and error.mean() < 0.6


def test_red_and_green_apples_have_the_same_gray_picture():
    red, green = (painted_fruit.generate(50, seed=5, kinds=["apple"], mode=m) for m in (0, 1))
    assert torch.equal(red.L, green.L) and torch.equal(red.region, green.region)
    difference = (color.lightness(red.rgb) - color.lightness(green.rgb)).abs()
    assert difference.max() < 0.8  # 8-bit rounding
    apple = red.mask.expand_as(red.rgb)
    assert (red.rgb[apple].float() - green.rgb[apple].float()).abs().mean() > 40


def test_the_gray_picture_does_not_reveal_the_color():
    """A classifier recognizes the mode from the colors, and does no better than chance from L."""
    made = painted_fruit.generate(1600, size=16, seed=2, kinds=["apple"])
    mode = made.mode.numpy()
    gray, rgb = color.lightness(made.rgb).flatten(1).numpy() / 100, made.rgb.flatten(1).numpy() / 255

    def accuracy(x):
        return LogisticRegression(C=0.1, max_iter=200).fit(x[:1000], mode[:1000]).score(x[1000:], mode[1000:])

    assert accuracy(rgb) > 0.98
    assert accuracy(gray) < 0.55 + 3 * (0.25 / 600) ** 0.5  # 0.55 is the share of red apples


def test_the_gray_picture_reveals_the_kind():
    made = painted_fruit.generate(3000, size=24, seed=4)
    x = color.lightness(made.rgb).flatten(1).numpy()
    found = KNeighborsClassifier(5).fit(x[:2500], made.kind[:2500].numpy()).score(x[2500:], made.kind[2500:].numpy())
    assert found > 0.5  # plain distance of pixels, ten kinds


def test_color_is_independent_of_light_and_place():
    made = painted_fruit.generate(3000, size=16, seed=9, kinds=["apple"])
    for fact in (made.L.mean((1, 2, 3)), made.mask.float().mean((1, 2, 3)), made.color[:, 0, 0], made.color[:, 3, 1]):
        assert abs(stats.pearsonr(made.mode.numpy(), fact.numpy()).statistic) < 4 / 3000**0.5


def test_more_pictures_begin_with_the_same_ones():
    few, many = painted_fruit.generate(30, seed=1), painted_fruit.generate(700, seed=1)
    assert torch.equal(few.rgb, painted_fruit.generate(30, seed=1).rgb)
    assert not torch.equal(few.rgb, painted_fruit.generate(30, seed=2).rgb)
    assert torch.equal(few.kind, many.kind[:30]) and torch.equal(few.color, many.color[:30])
    assert (few.rgb.float() - many.rgb[:30].float()).abs().max() <= 1  # vector and scalar code may round differently


def test_the_same_scene_at_every_size():
    small, large = painted_fruit.generate(40, size=32, seed=6), painted_fruit.generate(40, size=128, seed=6)
    assert torch.equal(small.kind, large.kind) and torch.equal(small.color, large.color)
    shrunk = torch.nn.functional.avg_pool2d(large.L, 4)
    assert (small.L - shrunk).abs().mean() < 4
    assert abs(small.mask.float().mean() - large.mask.float().mean()) < 0.01
    for size in (16, 33, 100):
        made = painted_fruit.generate(12, size=size)
        assert made.rgb.shape == (12, 3, size, size) and made.rgb.dtype == torch.uint8 and len(made) == 12
        assert made.mask.shape == (12, 1, size, size) and (made.mask.float().mean((1, 2, 3)) > 0.05).all()
    counts = torch.bincount(painted_fruit.generate(2000, size=16, seed=0).kind, minlength=len(painted_fruit.KINDS))
    assert len(counts) >= 6 and stats.chisquare(counts.numpy()).pvalue > 1e-3      # about equally often


def test_the_apple_is_red_or_green_and_its_mean_is_neither():
    stated = painted_fruit.distribution("apple")
    red, green = (torch.tensor(m, dtype=torch.float64) for m in stated.modes)
    assert (red - green).norm() > 90
    assert stated.mean().norm() < 0.65 * stated.mean_chroma()
    assert stated.probability(stated.mean() - 15, stated.mean() + 15) == 0  # no apple has a color near the mean


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_closed_forms_agree_with_samples(name):
    stated, ab = DISTRIBUTIONS[name], DISTRIBUTIONS[name].sample(200_000, seed=1).double()
    assert sum(stated.weights) == pytest.approx(1) and min(stated.weights) > 0
    assert len(stated.modes) == len(stated.weights) == len(stated.spread) == len(stated.names)
    assert stated.scale(torch.tensor(stated.pivot)) == pytest.approx(1)
    off = 5 * (stated.variance() / len(ab)).sqrt()
    assert ((ab.mean(0) - stated.mean()).abs() < off).all()
    assert torch.allclose(ab.var(0), stated.variance(), rtol=0.02)
    assert torch.allclose(stated.cdf(stated.median()), torch.tensor([0.5, 0.5]).double(), atol=1e-6)
    prediction = torch.tensor([10.0, -5.0])
    assert torch.allclose((ab - prediction).abs().sum(1).mean(), stated.absolute_error(prediction), rtol=0.01)
    assert torch.allclose((ab - prediction).square().sum(1).mean(), stated.squared_error(prediction), rtol=0.01)
    assert stated.probability((-120, -120), (120, 120)) == pytest.approx(1)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_mean_and_median_are_the_best_predictions(name):
    stated = DISTRIBUTIONS[name]
    near = torch.randn(200, 2, generator=torch.Generator().manual_seed(0)).double() * 5
    assert (stated.squared_error(stated.mean() + near) >= stated.squared_error(stated.mean())).all()
    assert (stated.absolute_error(stated.median() + near) >= stated.absolute_error(stated.median()) - 1e-9).all()


@pytest.mark.parametrize("bad", [dict(n=0), dict(n=1, size=8), dict(n=1, kinds=[]), dict(n=1, kinds=["apple"], mode=2),
                                 dict(n=1, kinds=["durian"]), dict(n=1, mode=1)])  # fmt: skip
def test_what_cannot_be_is_refused(bad):
    with pytest.raises(ValueError):
        painted_fruit.generate(**bad)
    with pytest.raises(ValueError, match="background"):
        painted_fruit.distribution("apple", "sky")
