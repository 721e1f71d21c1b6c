"""Painted fruit with a cue: its exact odds, and that each way of being wrong is told from the right one."""

import pytest
import torch
from scipy.stats import mannwhitneyu

from colorlib import color, known_truth
from colorlib.colorizer import Colorizer
from colorlib.data import cued_fruit, datasets
from colorlib.models import DenoisingUNet
from colorlib.targets import ColorBinsTarget, LabTarget

APPLES = cued_fruit.paint("apples", 400, 32, seed=5)
MODES = torch.tensor(cued_fruit.distribution("apples").modes, dtype=torch.float32)


def measured(colors):
    """What is measured if each fruit is painted in a color (N, 2), or with ab (N, 2, S, S) at its pivot."""
    colors = colors[:, :, None, None] if colors.ndim == 2 else colors
    batches = iter((colors * APPLES.scale).split(100))
    return known_truth.measure(lambda L: next(batches), APPLES)


def chosen(green):
    return MODES[green.long()]


def coin(probability, seed=0):
    return torch.rand(len(APPLES), generator=torch.Generator().manual_seed(seed)) < probability


@pytest.mark.parametrize("kind", cued_fruit.KINDS)
def test_the_leaf_shifts_the_odds_as_it_is_written(kind):
    fruit = cued_fruit.paint(kind, 4000, 16, seed=1)
    green = fruit.mode.float()
    assert fruit.cue.float().mean() == pytest.approx(cued_fruit.LEAF_SHARE, abs=0.03)
    assert green[fruit.cue].mean() == pytest.approx(0.8, abs=0.04)
    assert green[~fruit.cue].mean() == pytest.approx(0.3, abs=0.04)
    assert fruit.posterior()[fruit.cue][0].tolist() == pytest.approx([0.2, 0.8])
    assert cued_fruit.distribution(kind).weights == pytest.approx((0.55, 0.45))


def told_apart_by_roughness():
    """Area under the ROC curve of an apple's roughness, for green against red; without leaves."""
    apples = cued_fruit.paint("apples", 1000, 64, seed=6)
    L = color.lightness(apples.rgb)[:, 0]
    neighbors = L[:, :-2, 1:-1] + L[:, 2:, 1:-1] + L[:, 1:-1, :-2] + L[:, 1:-1, 2:]
    roughness = (4 * L[:, 1:-1, 1:-1] - neighbors).abs()
    inside = apples.mask[:, 0, 1:-1, 1:-1]
    medians = torch.stack([one[here].median() for one, here in zip(roughness, inside)])[~apples.cue]
    green = apples.mode[~apples.cue].bool()
    return mannwhitneyu(medians[green], medians[~green]).statistic / (green.sum() * (~green).sum())


def test_grain_hides_what_rounding_to_8_bits_would_give_away(monkeypatch):
    assert told_apart_by_roughness() == pytest.approx(0.5, abs=0.05)
    monkeypatch.setattr(cued_fruit, "GRAIN", 0.0)
    assert told_apart_by_roughness() > 0.8


@pytest.mark.parametrize("kind", cued_fruit.KINDS)
@pytest.mark.parametrize("size", [32, 64, 96])
def test_a_gray_picture_shows_the_leaf_and_nothing_else_about_the_color(kind, size):
    first, second = (cued_fruit.paint(kind, 40, size, seed=2, mode=mode) for mode in (0, 1))
    assert torch.equal(first.L, second.L) and torch.equal(first.region, second.region)
    assert (color.lightness(first.rgb) - color.lightness(second.rgb)).abs().max() < 1   # 8 bits
    leaf = (first.region == 3).sum((1, 2, 3)) / size**2
    assert leaf[first.cue].min() > 1.5 * leaf[~first.cue].max()                         # the stem is always there
    wall = first.L[first.region == 0].median()
    assert first.L[first.cue][first.region[first.cue] == 3].median() < wall - 15        # and is much darker


@pytest.mark.parametrize("kind", cued_fruit.KINDS)
def test_all_colors_are_on_the_screen_and_the_background_is_gray(kind):
    fruit = cued_fruit.paint(kind, 60, 48, seed=3)
    ab = color.rgb_to_lab(fruit.rgb)[:, 1:]
    true = fruit.color[:, :, None, None] * fruit.scale
    assert ((ab - true).norm(dim=1, keepdim=True)[fruit.mask] < 1.5).all()
    assert (ab.norm(dim=1, keepdim=True)[fruit.region < 2] < 1.5).all()


def test_splits_and_sizes_and_names():
    train, test = (datasets.load("plums", split, n=30, size=16, seed=4) for split in ("train", "test"))
    assert train.name == "plums" and not torch.equal(train.pixels, test.pixels)
    assert torch.equal(test.pixels, cued_fruit.truth_of("plums", "test", 30, 16, 4).rgb)
    assert torch.equal(cued_fruit.paint("plums", 8, 16, 4).rgb, cued_fruit.paint("plums", 30, 16, 4).rgb[:8])
    for wrong in (("pears", 3), ("apples", 0), ("apples", 3, 8), ("apples", 3, 32, 0, 2)):
        with pytest.raises(ValueError, match="expected n|no fruit"):
            cued_fruit.paint(*wrong)


def test_the_truth_and_another_draw_of_it_are_right():
    truth = measured(APPLES.color)
    assert truth["second_with_leaf"] == truth["drawn_with_leaf"] > truth["drawn_without"] == truth["second_without"]
    assert truth["pure"] > 0.99 and truth["agreement"] == 1 and truth["unexplained"] < 1e-3
    assert truth["chroma_ratio"] == pytest.approx(1, abs=1e-3) and truth["variation"] == pytest.approx(1, abs=1e-3)
    sampler = measured(chosen(torch.where(APPLES.cue, coin(0.8), coin(0.3))))
    assert sampler["pure"] > 0.99 and sampler["leaf_effect"] == pytest.approx(0.5, abs=0.12)
    assert sampler["agreement"] == pytest.approx(0.61, abs=0.08) and sampler["unexplained"] > 1.2


def test_one_color_for_all_is_brown_and_undecided_and_all_red_is_neither():
    mean = measured(cued_fruit.distribution("apples").mean().float().expand(len(APPLES), 2))
    assert mean["undecided"] == 1 and mean["pure"] == 0 and mean["unexplained"] == pytest.approx(1, abs=1e-5)
    assert mean["chroma_ratio"] < 0.7
    red = measured(MODES[:1].expand(len(APPLES), 2))
    assert red["pure"] > 0.99 and red["second"] == 0 and red["leaf_effect"] == 0


def test_a_coin_that_does_not_look_and_one_that_always_takes_the_likelier_are_told_apart():
    blind, greedy = measured(chosen(coin(0.45))), measured(chosen(APPLES.cue))
    assert abs(blind["leaf_effect"]) < 0.12 and blind["second"] == pytest.approx(0.45, abs=0.08)
    assert greedy["leaf_effect"] == 1 and greedy["agreement"] == pytest.approx(0.73, abs=0.06)


def test_the_best_that_squared_error_can_reach_is_that_of_simulated_colors():
    leaf = APPLES.cue.float().mean().item()
    center = cued_fruit.distribution("apples").mean().float()
    error = variance = 0.0
    for cue, share in ((True, leaf), (False, 1 - leaf)):
        one = cued_fruit.distribution("apples", cue)
        colors = one.sample(100_000, seed=1)
        error += share * (colors - one.mean().float()).square().sum(1).mean().item()
        variance += share * (colors - center).square().sum(1).mean().item()
    assert known_truth.best_unexplained(APPLES) == pytest.approx(error / variance, abs=0.005)
    given = torch.stack([cued_fruit.distribution("apples", bool(cue)).mean().float() for cue in APPLES.cue])
    found = measured(given)
    assert found["unexplained"] < 0.9               # the drawn colors of 400 apples scatter around it
    assert found["undecided"] == 1 and found["pure"] == 0   # it averages, also where a leaf makes green likely


def test_half_a_red_apple_is_mixed_and_has_an_edge():
    half = MODES[0][None, :, None, None].repeat(len(APPLES), 1, 32, 32)
    half[..., 16:] = MODES[1][:, None, None]
    mixed = measured(half)
    assert mixed["mixed"] > 0.95 and mixed["pure"] < 0.05 and mixed["variation"] > 1.2
    assert measured(APPLES.color)["mixed"] == 0


# classifiers

class Odds:
    """A classifier that gives each fruit's second mode a probability (N,), and the first the rest."""

    device = torch.device("cpu")

    def __init__(self, probability):
        self.target = ColorBinsTarget(cell=2)
        scale = torch.nn.functional.avg_pool2d(APPLES.scale, 2)                         # N 1 S/2 S/2
        nearest = [self.target.bins.encode(mode[:, None, None] * scale).index[:, 0].long() for mode in MODES]
        outputs = torch.full((len(APPLES), len(self.target.bins), *scale.shape[2:]), -30.0)
        for index, share in zip(nearest, (1 - probability, probability), strict=True):
            outputs.scatter_(1, index[:, None], share.log()[:, None, None, None].expand(-1, 1, *scale.shape[2:]))
        self.batches, self.net = iter(outputs.split(100)), self

    def eval(self):
        return lambda inputs: next(self.batches)


def odds(probability):
    return known_truth.second_probability(Odds(probability), APPLES)


def test_the_odds_of_a_classifier_are_read_from_its_bins():
    planted = torch.where(APPLES.cue, 0.8, 0.3)
    assert odds(planted).sub(planted).abs().max() < 0.02
    with pytest.raises(ValueError, match="expected a classifier of colors"):
        known_truth.second_probability(lambda L: L, APPLES)


def test_right_odds_lie_within_their_interval_and_bold_or_swapped_ones_do_not():
    green = APPLES.mode.bool()
    right = known_truth.reliability(APPLES.posterior()[:, 1], green)
    assert len(right) == 2 and sum(one["cases"] for one in right) == len(APPLES)
    assert all(one["low"] <= one["predicted"] <= one["high"] for one in right)
    bold = known_truth.reliability(torch.where(APPLES.cue, 0.99, 0.01), green)
    assert not any(one["low"] <= one["predicted"] <= one["high"] for one in bold)
    wrong = known_truth.reliability(torch.where(APPLES.cue, 0.3, 0.8), green)
    assert not any(one["low"] <= one["predicted"] <= one["high"] for one in wrong)


def test_decide_names_the_color_that_most_of_a_fruit_has():
    apples = cued_fruit.paint("apples", 12, 32, seed=3)
    true = apples.color[:, :, None, None] * apples.scale
    assert known_truth.decide(true, apples).tolist() == apples.mode.tolist()
    brown = cued_fruit.distribution("apples").mean().float()[None, :, None, None] * apples.scale
    assert (known_truth.decide(brown, apples) == -1).all()
    with pytest.raises(ValueError, match="ab of 12 fruits"):
        known_truth.decide(true[:3], apples)


class Dice(DenoisingUNet):
    """A sampler whose noise decides alone: green if its first number is below a threshold."""

    def sample(self, x, noise=None, steps=None):
        scale = next(self.scales)
        green = noise[:, 0, 0, 0] < 0.5
        return MODES[green.long()][:, :, None, None] * scale / 50


def test_rolls_of_a_sampler_are_counted_by_leaf_and_averaged():
    apples = cued_fruit.paint("apples", 600, 16, seed=4)
    net = Dice((8,))
    net.scales = iter([part for _ in range(3) for part in apples.scale.split(250)])
    noise = torch.randn(3, 600, 2, 16, 16, generator=torch.Generator().manual_seed(1))
    green = noise[:, :, 0, 0, 0] < 0.5
    found = known_truth.measure_rolls(Colorizer(net, LabTarget()), apples, rolls=3, seed=1)
    assert found == pytest.approx({"rolled_with_leaf": float(green[:, apples.cue].float().mean()),
                                   "rolled_without": float(green[:, ~apples.cue].float().mean())})
    with pytest.raises(ValueError, match="a colorizer with a DenoisingUNet"):
        known_truth.measure_rolls(lambda lightness: lightness, apples)


def test_spread_beyond_chance_is_that_of_the_odds_and_zero_for_a_coin():
    draw = torch.Generator().manual_seed(0)
    odds = 0.3 + 0.2 * torch.rand(4000, generator=draw)  # uniform: standard deviation 0.2 / sqrt(12)
    uniform = torch.rand(4000, 16, generator=draw)
    shares = (uniform < odds[:, None]).float().mean(1)
    assert abs(known_truth.spread_beyond_chance(shares, 16) - 0.2 / 12 ** 0.5) < 0.01
    assert known_truth.spread_beyond_chance((uniform < 0.4).float().mean(1), 16) < 0.02
    assert known_truth.spread_beyond_chance(torch.tensor([0.5, 0.5]), 4) == 0
    with pytest.raises(ValueError, match="two rolls"):
        known_truth.spread_beyond_chance(shares, 1)
