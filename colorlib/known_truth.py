"""Colors of painted fruit, held against the distribution that they come from.

    apples = cued_fruit.truth_of("apples", "test", 500, 64, seed=0)
    known_truth.measure(colorizer, apples)          # {"pure": 0.97, "second_with_leaf": 0.78, ...}

On photographs nobody can say whether a colorizer is right to paint an apple green. Here we know the
odds given the gray picture (`cued_fruit`), so each way of being wrong has a number:

- the best single color:    hardly any chroma, few fruits with one of the two colors
- always the likelier one:  `second_with_leaf` 1 and `second_without` 0: the leaf decides all
- a coin without looking:   `leaf_effect` near 0
- half and half:            `mixed`
- right:                    `pure` 1, and both shares as in `distribution`
"""

import torch
from scipy.stats import binomtest
from torch import Tensor
from torch.nn.functional import avg_pool2d

from colorlib import color
from colorlib.data.cued_fruit import SECOND_WITH_LEAF, SECOND_WITHOUT, CuedFruit, distribution
from colorlib.evaluate import Predictor
from colorlib.models import DenoisingUNet
from colorlib.targets import ColorBinsTarget

LIT = 0.4  # where the scale is smaller, in deep shade and highlights, two colors look alike
# A pixel has the color of the nearer mode, if it is no farther than this share of the modes'
# distance. More would take a mean for a choice: the mean of all apples is 0.45 of it away from red,
# and that of apples with a leaf 0.2 away from green. The true colors scatter up to 0.13.
NEAR = 0.15
PURE, MIXED = 0.9, 0.1  # shares of a fruit's pixels


@torch.no_grad()
def measure(colorizer: Predictor, fruit: CuedFruit, batch_size: int = 100) -> dict[str, float]:
    """Compare predicted colors of fruit with what is known about them.

    Shares of the fruits: `pure` (nine tenths of the pixels have one of the two colors), `mixed`
    (at least a tenth each), `undecided` (most pixels have neither). Of those that are decided:
    `second`, the share that is rather green (or yellow), also `second_with_leaf` and
    `second_without`, and their difference `leaf_effect`, NaN without such fruits; `agreement` with
    the color that was drawn. `drawn_with_leaf` and `drawn_without`: the shares of the second mode
    among these very pictures; compare with them, since few pictures scatter about the odds. Of the
    colors: `chroma_ratio`; `unexplained`, the squared error over the variance about the mean of all
    fruits; `best_unexplained`, what is expected of the best prediction from leaf and lightness;
    `variation`, the differences of neighboring pixels over the true ones. Of a classifier, also the
    probability that it gives the second mode: `odds_with_leaf` and `odds_without`.
    """
    shares, sums, variations = [], torch.zeros(4, dtype=torch.float64), []
    everything = distribution(fruit.kind)
    modes = torch.tensor(everything.modes, dtype=torch.float32)  # 2 modes, 2 channels
    predict = getattr(colorizer, "predict", colorizer)
    device = getattr(colorizer, "device", "cpu")
    for start in range(0, len(fruit), batch_size):
        rows = slice(start, start + batch_size)
        # A colorizer gets the lightness of the 8-bit picture, as in every evaluation.
        predicted = predict(color.lightness(fruit.rgb[rows]).to(device)).float().cpu()  # N 2 S S
        mask, scale = fruit.mask[rows], fruit.scale[rows]  # N 1 S S
        # Divided by the scale: the colors as they would be in the best light.
        shares.append(_shares(predicted / scale.clamp(min=1e-6), mask & (scale >= LIT), modes))
        true = fruit.color[rows, :, None, None] * scale
        mean = everything.mean().float()[None, :, None, None] * scale
        values = [(predicted - true).square().sum(1), (mean - true).square().sum(1),
                  predicted.norm(dim=1), true.norm(dim=1)]  # N S S each
        sums += torch.stack([value[mask[:, 0]].double().sum() for value in values])
        variations.append(torch.stack([_variation(predicted, mask), _variation(true, mask)]))
    first, second = torch.cat(shares).unbind(1)  # N each
    error, variance, chroma, true_chroma = sums.tolist()
    odds = {}
    if isinstance(getattr(colorizer, "target", None), ColorBinsTarget):
        second_odds = second_probability(colorizer, fruit, batch_size)
        odds = {"odds_with_leaf": float(second_odds[fruit.cue].mean()),
                "odds_without": float(second_odds[~fruit.cue].mean())}
    varied, true_varied = torch.stack(variations).sum(0).tolist()
    return _decisions(first, second, fruit) | odds | {
        "chroma_ratio": chroma / true_chroma, "unexplained": error / variance,
        "best_unexplained": best_unexplained(fruit), "variation": varied / true_varied}


@torch.no_grad()
def measure_rolls(colorizer: Predictor, fruit: CuedFruit, rolls: int = 4,
                  seed: int = 7) -> dict[str, float]:
    """The shares of the second mode over several rolls of each fruit by a sampler.

    colorizer   a Colorizer with a DenoisingUNet, else ValueError; it is left in evaluation mode
    rolls       of each fruit, each with its own noise
    seed        of the noise

    Returns rolled_with_leaf and rolled_without, the shares of all rolls; one without a clear mode
    counts as not the second. `measure` has one roll of each fruit: if three in ten of 2,000 have a
    leaf, chance alone moves its share with a leaf by 0.016, and that of four rolls by 0.008.
    """
    if not isinstance(getattr(colorizer, "net", None), DenoisingUNet):
        raise ValueError(f"expected a sampler, a colorizer with a DenoisingUNet, got {colorizer!r}")
    sample = colorizer.net.eval().sample
    generator, found = torch.Generator().manual_seed(seed), []
    gray = colorizer.target.inputs(color.lightness(fruit.rgb))  # N 1 S S
    for _ in range(rolls):
        drawn = [sample(some.to(colorizer.device),
                        torch.randn(len(some), 2, *some.shape[2:], generator=generator)
                        .to(colorizer.device)).cpu() for some in gray.split(250)]
        second = decide(colorizer.target.scale * torch.cat(drawn), fruit) == 1
        found.append([float(second[rows].float().mean()) for rows in (fruit.cue, ~fruit.cue)])
    with_leaf, without = torch.tensor(found).mean(0).tolist()
    return {"rolled_with_leaf": with_leaf, "rolled_without": without}


def decide(ab: Tensor, fruit: CuedFruit) -> Tensor:
    """Which of the two colors most of each fruit has: (N,), int64; -1 where it has neither.

    ab   (N, 2, S, S), Lab units, for the same fruits in the same order; else ValueError
    """
    if ab.shape != (len(fruit), 2, *fruit.mask.shape[2:]):
        raise ValueError(f"expected ab of {len(fruit)} fruits, (N, 2, S, S) with S = "
                         f"{fruit.mask.shape[-1]}, got {tuple(ab.shape)}")
    modes = torch.tensor(distribution(fruit.kind).modes, dtype=torch.float32)
    lit = ab.float().cpu() / fruit.scale.clamp(min=1e-6)  # as in the best light
    first, second = _shares(lit, fruit.mask & (fruit.scale >= LIT), modes).unbind(1)
    return torch.where(first + second > 0.5, (second > first).long(), -1)


def best_unexplained(fruit: CuedFruit) -> float:
    """The share of the variance that the best prediction from leaf and lightness is to leave.

    On a few hundred pictures the same prediction may come out some hundredths lower or higher.
    """
    given = [distribution(fruit.kind, cue) for cue in (False, True)]
    center = distribution(fruit.kind).mean()  # `measure` takes the variance about it
    weights = torch.stack([(~fruit.cue).double().mean(), fruit.cue.double().mean()])
    within = torch.stack([one.variance().sum() for one in given])
    apart = torch.stack([(one.mean() - center).square().sum() for one in given])
    return float((weights @ within) / (weights @ (within + apart)))


@torch.no_grad()
def second_probability(colorizer, fruit: CuedFruit, batch_size: int = 100) -> Tensor:
    """The probability that a classifier of colors gives the second mode of each fruit: (N,).

    colorizer   a Colorizer with a ColorBinsTarget, else ValueError

    Each bin counts for the mode that is nearer; the mean is taken over the lit pixels of the fruit.
    """
    target = getattr(colorizer, "target", None)
    if not isinstance(target, ColorBinsTarget):
        raise ValueError(f"expected a classifier of colors, got one with target {target!r}")
    first, second = torch.tensor(distribution(fruit.kind).modes, dtype=torch.float32)
    along = target.bins.centers.cpu() @ (second - first)  # Q
    halfway = (second.square().sum() - first.square().sum()) / 2
    found = []
    for start in range(0, len(fruit), batch_size):
        rows = slice(start, start + batch_size)
        L = color.lightness(fruit.rgb[rows]).to(colorizer.device)
        logits = colorizer.net.eval()(target.inputs(L)).float().cpu()  # N Q S/cell S/cell
        scale = avg_pool2d(fruit.scale[rows], target.cell)
        # A color in shade is the mode's times the scale, and so is what lies halfway.
        is_second = along[:, None, None] > scale * halfway  # N Q S/cell S/cell
        probability = (logits.softmax(1) * is_second).sum(1, keepdim=True)
        inside = avg_pool2d((fruit.mask[rows] & (fruit.scale[rows] >= LIT)).float(), target.cell)
        found.append((probability * inside).sum((1, 2, 3)) / inside.sum((1, 2, 3)).clamp(min=1e-6))
    return torch.cat(found)


def spread_beyond_chance(shares: Tensor, rolls: int) -> float:
    """The standard deviation of the odds behind shares (N,), each of `rolls` independent rolls.

    By the binomial distribution chance adds odds × (1 - odds) / rolls to the variance of the
    shares; share × (1 - share) / (rolls - 1) estimates it without bias. 0 where chance explains it
    all. ValueError for fewer than two shares or rolls.
    """
    if len(shares) < 2 or rolls < 2:
        raise ValueError(f"expected at least two shares, and two rolls, got {len(shares)} and "
                         f"{rolls}")
    by_chance = (shares * (1 - shares)).mean() / (rolls - 1)
    return float((shares.var() - by_chance).clamp(min=0).sqrt())


def reliability(probability: Tensor, happened: Tensor, bins: int = 5) -> list[dict[str, float]]:
    """Compare predicted probabilities (N,) with how often it happened (N,), bool, in equal bins.

    Each bin that is not empty gives the mean predicted probability, the share that happened with
    Wilson's 95 % interval (`low`, `high`), and the number of cases.
    """
    which, found = (probability * bins).long().clamp(0, bins - 1), []
    for number in which.unique().tolist():
        here = which == number
        result = binomtest(int(happened[here].sum()), int(here.sum()))
        interval = result.proportion_ci(method="wilson")
        found.append({"predicted": float(probability[here].mean()), "happened": result.statistic,
                      "low": float(interval.low), "high": float(interval.high),
                      "cases": result.n})
    return found


def _shares(ab: Tensor, inside: Tensor, modes: Tensor) -> Tensor:
    """Share of each fruit's pixels that have the color of each mode: (N, 2)."""
    distances = (ab[:, None] - modes[None, :, :, None, None]).norm(dim=2)  # N 2 S S, by mode
    near = distances <= NEAR * (modes[0] - modes[1]).norm()
    return (near & inside).sum((2, 3)) / inside.sum((2, 3)).clamp(min=1)


def _decisions(first: Tensor, second: Tensor, fruit: CuedFruit) -> dict[str, float]:
    """What the shares of pixels (N,) of the two modes say about the fruits."""
    decided, rather_second = first + second > 0.5, second > first

    def share_of_second(rows: Tensor) -> float:
        return float(rather_second[rows].float().mean())  # NaN if there are none

    with_leaf = share_of_second(decided & fruit.cue)
    without = share_of_second(decided & ~fruit.cue)
    return {
        "pure": float((torch.maximum(first, second) >= PURE).float().mean()),
        "mixed": float((torch.minimum(first, second) >= MIXED).float().mean()),
        "undecided": float((~decided).float().mean()),
        "second": share_of_second(decided), "second_with_leaf": with_leaf,
        "second_without": without, "leaf_effect": with_leaf - without,
        "agreement": float((rather_second.long() == fruit.mode)[decided].float().mean()),
        "true_with_leaf": SECOND_WITH_LEAF, "true_without": SECOND_WITHOUT,
        "drawn_with_leaf": float(fruit.mode[fruit.cue].float().mean()),
        "drawn_without": float(fruit.mode[~fruit.cue].float().mean())}


def _variation(ab: Tensor, mask: Tensor) -> Tensor:
    """Sum of the distances between neighboring pixels of the fruit: (N, 2, S, S) -> scalar."""
    down, right = ab[:, :, 1:] - ab[:, :, :-1], ab[..., 1:] - ab[..., :-1]
    both = (mask[:, :, 1:] & mask[:, :, :-1], mask[..., 1:] & mask[..., :-1])
    return sum(d.norm(dim=1, keepdim=True)[inside].double().sum()
               for d, inside in zip((down, right), both, strict=True))
