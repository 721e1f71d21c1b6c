"""How good a colorization is, in numbers.

    metrics.evaluate(colorizer, test, mean=train.ab_mean())
    metrics.evaluate_baseline("mean", test, train)

All in Lab (D65, 2 degrees): the predicted ab beside the *given* L, before anything is clipped to the gamut. Only `psnr`
and `colorfulness` look at the picture that a screen shows, which is clipped.
Notebook 03 says what each number sees and what it misses.
"""
from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlib import color

CELLS = 31 * 31                                     # see bin_of
AUC_LIMIT = 150                                     # Lab units, Zhang et al. 2016, section 3.1
NAMES = ("unexplained", "chroma_ratio", "ab_error", "psnr", "auc", "auc_balanced", "colorfulness")
MORE = ("ab_error_balanced", "histogram_distance")  # of notebook 04


def ab_distance(predicted: Tensor, true: Tensor) -> Tensor:
    """(N, 2, H, W) twice, Lab units -> Euclidean distance of each pixel, (N, H, W)."""
    if predicted.shape != true.shape or predicted.ndim != 4 or predicted.shape[1] != 2:
        raise ValueError(f"expected ab twice as (N, 2, H, W), got {tuple(predicted.shape)} and {tuple(true.shape)}")
    return (predicted - true).norm(dim=1)


def ab_error(predicted: Tensor, true: Tensor) -> float:
    """Mean distance of predicted and true ab, Lab units."""
    return float(ab_distance(predicted, true).mean())


def unexplained(predicted: Tensor, true: Tensor, mean: Tensor) -> float:
    """Squared ab error over the squared distance of the true ab from `mean` (2,), the mean color of training images.

    1: no better than painting everything in that color. 0: perfect.
    """
    around = ab_distance(mean.to(true).view(1, 2, 1, 1).expand_as(true), true)
    return float(ab_distance(predicted, true).square().sum() / around.square().sum())


def chroma_ratio(predicted: Tensor, true: Tensor) -> float:
    """Mean chroma sqrt(a^2 + b^2) of the prediction over that of the truth: 0 is gray, 1 as colorful as the truth."""
    return float(predicted.norm(dim=1).mean() / true.norm(dim=1).mean())


def auc(distance: Tensor, limit: float = AUC_LIMIT) -> float:
    """Area under the curve "share of pixels within distance d", d from 0 to `limit`, over `limit` (Zhang et al. 2016).

    Closed form: 1 - E[min(d, limit)] / limit. It depends on the data set: compare only within one.
    """
    return float(1 - distance.cpu().double().clamp(max=limit).mean() / limit)


def psnr(predicted: Tensor, true: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of RGB images in [0, 1], (N, 3, H, W) twice -> decibels of each image, (N,)."""
    return -10 * (predicted - true).square().mean(dim=(1, 2, 3)).log10()


def colorfulness(rgb: Tensor) -> Tensor:
    """Hasler and Suesstrunk 2003, of RGB images in [0, 1]: (N, 3, H, W) -> (N,); 0 gray, 109 "extremely colorful".

    sigma + 0.3 mu of rg = R - G and yb = (R + G)/2 - B, each with its sign, on the 0...255 scale of the paper.
    """
    R, G, B = (255 * rgb).unbind(dim=1)                                     # N H W each
    rg, yb = (R - G).flatten(1), ((R + G) / 2 - B).flatten(1)               # N HW
    sigma = (rg.var(1, unbiased=False) + yb.var(1, unbiased=False)).sqrt()
    mu = (rg.mean(1).square() + yb.mean(1).square()).sqrt()
    return sigma + 0.3 * mu


def histogram_distance(predicted: Tensor, true: Tensor) -> float:
    """Total variation between the colors used and the true ones: ab (N, 2, H, W) twice -> 0 (alike) to 1.

    The share of pixels that would have to change cell so that each 10-unit cell of the ab plane holds as many predicted
    pixels as true ones. Where the colors are does not matter: it asks for the palette, not for the places.
    """
    ab_distance(predicted, true)                                            # for its checks
    used, there = (bin_of(ab).flatten().cpu().bincount(minlength=CELLS).double() for ab in (predicted, true))
    return float((used - there).abs().sum() / there.sum() / 2)


def bin_of(ab: Tensor) -> Tensor:
    """Ten-unit cell of the ab plane of each pixel, centered on multiples of ten: (N, 2, H, W) -> (N, H, W) integers."""
    a, b = (ab / 10).round().clamp(-15, 15).long().unbind(dim=1)
    return (a + 15) * 31 + (b + 15)


@torch.no_grad()
def evaluate(colorizer: Callable[[Tensor], Tensor], images, mean: Tensor, batch_size: int = 500) -> dict[str, float]:
    """Every number of `NAMES` and `MORE` over a set of images.

    colorizer   a Colorizer, or any function from L (N, 1, H, W) to ab (N, 2, H, W)
    images      an ImageSet, or uint8 RGB (N, 3, H, W)
    mean        (2,) mean ab of the *training* images
    returns     unexplained, chroma_ratio, ab_error (Lab units), psnr (dB, mean over images, an equal one as 100), auc,
                auc_balanced (each 10-unit cell of the true ab counts the same), colorfulness (mean over images);
                ab_error_balanced (as auc_balanced), histogram_distance (see there)

    ValueError without images, or if the answer has another shape. Not a number where the truth has no color.
    """
    if not len(images):
        raise ValueError("expected at least one image")
    predict = getattr(colorizer, "predict", colorizer)
    batches = images.batches(batch_size) if hasattr(images, "batches") else images.split(batch_size)
    sums = dict.fromkeys(("squared", "around", "chroma", "true_chroma", "distance", "psnr", "color"), 0.0)
    cells = torch.zeros(CELLS, 4, dtype=torch.double)   # of each true cell: sum of min(d, limit), of d, pixels; answers
    pixels = count = 0
    for rgb in batches:
        lab = color.rgb_to_lab(rgb)                                         # N 3 H W
        L, true = lab[:, :1], lab[:, 1:]
        ab = predict(L)                                                     # N 2 H W
        d = ab_distance(ab, true)                                           # N H W
        shown = color.lab_to_rgb(torch.cat([L, ab], dim=1))                 # clipped
        sums["squared"] += float(d.cpu().double().square().sum())
        sums["around"] += float((true - mean.to(true).view(1, 2, 1, 1)).cpu().double().square().sum())
        sums["chroma"] += float(ab.norm(dim=1).cpu().double().sum())
        sums["true_chroma"] += float(true.norm(dim=1).cpu().double().sum())
        sums["distance"] += float(d.cpu().double().sum())
        sums["psnr"] += float(psnr(shown, color.to_float(rgb)).clamp(max=100).cpu().double().sum())
        sums["color"] += float(colorfulness(shown).cpu().double().sum())
        of_true = bin_of(true).flatten().cpu()
        sums_of = torch.stack([d.clamp(max=AUC_LIMIT), d, torch.ones_like(d)], dim=-1).cpu().double().reshape(-1, 3)
        cells[:, :3].index_add_(0, of_true, sums_of)
        cells[:, 3] += bin_of(ab).flatten().cpu().bincount(minlength=CELLS)
        pixels += d.numel()
        count += len(rgb)
    seen = cells[:, 2] > 0
    cut, distance, truth = cells[seen, :3].unbind(dim=1)
    return {
        "unexplained": _ratio(sums["squared"], sums["around"]),
        "chroma_ratio": _ratio(sums["chroma"], sums["true_chroma"]),
        "ab_error": sums["distance"] / pixels,
        "psnr": sums["psnr"] / count,
        "auc": 1 - float(cut.sum()) / pixels / AUC_LIMIT,
        "auc_balanced": 1 - float((cut / truth).mean()) / AUC_LIMIT,
        "colorfulness": sums["color"] / count,
        "ab_error_balanced": float((distance / truth).mean()),
        "histogram_distance": float((cells[:, 2] - cells[:, 3]).abs().sum()) / pixels / 2,
    }


@torch.no_grad()
def nazeri_accuracy(colorizer: Callable[[Tensor], Tensor], images, tolerances: tuple[float, ...] = (2, 5),
           batch_size: int = 500) -> dict[str, float]:
    """The two numbers of N (section 4), on the predicted ab with the given L, so that L is never wrong.

    N's networks answer L too, and N's program counts its errors: these numbers are kinder.

    images    an ImageSet, or uint8 RGB (N, 3, H, W)
    returns   mae: mean absolute error over the three channels, Lab units (N gives none). exact: "accuracy", the share
              of pixels that match perfectly, here after rounding to whole Lab units. exact_values: the same for single
              values of L, a and b, as an older version of N's program counts; a third, L, is right by itself here.
              within_2, within_5: as today's program counts: |a - a'| and |b - b'| at most 2.2 t after rounding, t its
              tolerance
    """
    predict = getattr(colorizer, "predict", colorizer)
    batches = images.batches(batch_size) if hasattr(images, "batches") else images.split(batch_size)
    error, right, values, pixels = 0.0, [0] * (len(tolerances) + 1), 0, 0
    for rgb in batches:
        lab = color.rgb_to_lab(rgb)                                         # N 3 H W
        ab = predict(lab[:, :1])                                            # N 2 H W
        error += float((ab - lab[:, 1:]).abs().cpu().double().sum())
        apart = (ab.round() - lab[:, 1:].round()).abs()                     # N 2 H W
        values += int((apart == 0).sum())
        off = apart.amax(dim=1)                                             # N H W
        for i, limit in enumerate((0, *(2.2 * t for t in tolerances))):
            right[i] += int((off <= limit).sum())
        pixels += off.numel()
    return {"mae": error / (3 * pixels), "exact": right[0] / pixels,
            "exact_values": (1 + values / pixels) / 3} | {
        f"within_{t:g}": count / pixels for t, count in zip(tolerances, right[1:], strict=True)}


def nearest(described: Tensor, k: int) -> Tensor:
    """Of each description the k others that point in the most similar direction, seen from their mean; nearest first.

    described   (N, F), any units
    returns     (N, k) indices; ValueError unless k lies in 1...N - 1
    """
    if described.ndim != 2 or not 1 <= k < len(described):
        raise ValueError(f"expected descriptions (N, F) and k in 1...N - 1, got {tuple(described.shape)} and k = {k}")
    unit = F.normalize(described - described.mean(0), dim=1)                # N F
    return (unit @ unit.T).fill_diagonal_(-2).topk(k).indices               # a cosine is -1 at least


def _ratio(above: float, below: float) -> float:
    return above / below if below else math.nan


def baseline(name: str, train, seed: int = 0) -> Callable[[Tensor], Tensor]:
    """The three colorizations that stand beside every result, as functions from L to ab.

    "gray": a = b = 0. "mean": the mean color of the training images. "random": the ab of a random training image, pixel
    by pixel, whatever the gray image shows (same size as the images asked for).
    """
    if name == "gray":
        return lambda L: torch.zeros_like(L).expand(-1, 2, -1, -1)
    if name == "mean":
        mean = train.ab_mean()
        return lambda L: mean.to(L).view(1, 2, 1, 1).expand(len(L), 2, *L.shape[-2:])
    if name == "random":
        generator = torch.Generator().manual_seed(seed)

        def random(L: Tensor) -> Tensor:
            chosen = torch.randint(len(train), (len(L),), generator=generator)
            return color.rgb_to_lab(train.pixels[chosen.to(train.pixels.device)])[:, 1:].to(L)
        return random
    raise ValueError(f"unknown baseline {name!r}: expected gray, mean or random")


def evaluate_baseline(name: str, images, train, seed: int = 0) -> dict[str, float]:
    """`evaluate` for one of the three baselines; `train` is the ImageSet of training images."""
    return evaluate(baseline(name, train, seed), images, mean=train.ab_mean())
