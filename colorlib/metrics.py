"""Metrics: how far predicted colors are from the true ones.

    metrics.unexplained(predicted, true, mean=train.ab_mean())
    metrics.psnr(color.lab_to_rgb(lab), rgb)

All colors are ab in Lab units (D65, 2 degrees), predicted for the given L, before anything is
clipped to the gamut. Only `psnr` and `colorfulness` take RGB images. `evaluate.py` computes these
metrics for a whole test set; notebook 03 says what each of them measures and misses.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

CELLS = 31 * 31  # see `bin_of`
AUC_LIMIT = 150  # Lab units, Zhang et al. 2016, section 3.1
NAMES = ("unexplained", "chroma_ratio", "ab_error", "psnr", "auc", "auc_balanced", "colorfulness")
MORE = ("ab_error_balanced", "histogram_distance")  # introduced in notebook 04


def ab_distance(predicted: Tensor, true: Tensor) -> Tensor:
    """Euclidean distance of each pixel: (N, 2, H, W) twice -> (N, H, W), Lab units."""
    if predicted.shape != true.shape or predicted.ndim != 4 or predicted.shape[1] != 2:
        raise ValueError("expected ab twice as (N, 2, H, W), "
                         f"got {tuple(predicted.shape)} and {tuple(true.shape)}")
    return (predicted - true).norm(dim=1)


def ab_error(predicted: Tensor, true: Tensor) -> float:
    """Mean distance of predicted and true ab, Lab units; lower is better."""
    return float(ab_distance(predicted, true).mean())


class ColorSums:
    """Sums over pixels from which `unexplained` and `chroma_ratio` follow, for batches in turn.

    mean   (2,), Lab units: the color that counts as explaining nothing
    """

    def __init__(self, mean: Tensor):
        self.mean = mean
        self.squared_error = self.variance = self.chroma = self.true_chroma = 0.0

    def add(self, predicted: Tensor, true: Tensor) -> None:
        """Add the pixels of one batch, (N, 2, H, W) twice, Lab units."""
        distance = ab_distance(predicted, true)  # N H W
        deviation = true - self.mean.to(true).view(1, 2, 1, 1)  # N 2 H W
        # float64, so that the batch size does not matter; on the CPU, because MPS has none
        self.squared_error += float(distance.cpu().double().square().sum())
        self.variance += float(deviation.cpu().double().square().sum())
        self.chroma += float(predicted.norm(dim=1).cpu().double().sum())
        self.true_chroma += float(true.norm(dim=1).cpu().double().sum())

    @property
    def unexplained(self) -> float:
        """See the function `unexplained`; NaN if all true colors equal `mean`."""
        return self.squared_error / self.variance if self.variance else math.nan

    @property
    def chroma_ratio(self) -> float:
        """See the function `chroma_ratio`; NaN if all true colors are gray."""
        return self.chroma / self.true_chroma if self.true_chroma else math.nan


def unexplained(predicted: Tensor, true: Tensor, mean: Tensor) -> float:
    """Fraction of the color variance that the prediction does not explain; lower is better.

    The squared ab error over the squared distance of the true ab from `mean` (2,), the mean color
    of the training images. 0: perfect. 1: no better than that color everywhere.
    """
    sums = ColorSums(mean)
    sums.add(predicted, true)
    return sums.unexplained


def chroma_ratio(predicted: Tensor, true: Tensor) -> float:
    """Mean predicted chroma, sqrt(a^2 + b^2), over the mean true chroma; best at 1, gray is 0."""
    sums = ColorSums(torch.zeros(2))
    sums.add(predicted, true)
    return sums.chroma_ratio


def auc(distance: Tensor, limit: float = AUC_LIMIT) -> float:
    """Area under the curve "fraction of pixels with an error below d", d from 0 to `limit`.

    distance   of each pixel, Lab units, any shape
    returns    0 to 1, which is perfect; as a closed form, 1 - E[min(distance, limit)] / limit

    Zhang et al. 2016, section 3.1. It depends on the data set: compare only within one.
    """
    return float(1 - distance.cpu().double().clamp(max=limit).mean() / limit)


def psnr(predicted: Tensor, true: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each image, dB: RGB (N, 3, H, W) in [0, 1], twice -> (N,)."""
    return -10 * (predicted - true).square().mean(dim=(1, 2, 3)).log10()


def colorfulness(rgb: Tensor) -> Tensor:
    """Colorfulness of images in [0, 1]: (N, 3, H, W) -> (N,); 0 gray, 109 "extremely colorful".

    Hasler and Suesstrunk 2003: sigma + 0.3 mu of rg = R - G and yb = (R + G)/2 - B, which may be
    negative, on a scale of 0...255.
    """
    R, G, B = (255 * rgb).unbind(dim=1)  # N H W each
    rg, yb = (R - G).flatten(1), ((R + G) / 2 - B).flatten(1)  # N HW
    sigma = (rg.var(1, unbiased=False) + yb.var(1, unbiased=False)).sqrt()
    mu = (rg.mean(1).square() + yb.mean(1).square()).sqrt()
    return sigma + 0.3 * mu


def histogram_distance(predicted: Tensor, true: Tensor) -> float:
    """Total variation distance of the predicted and true color histograms, 0 (alike) to 1.

    The fraction of pixels that would have to change, so that each 10-unit cell of the ab plane
    holds as many predicted pixels as true ones. Where in the images the colors are does not matter.
    """
    ab_distance(predicted, true)  # checks the shapes
    used, expected = (bin_of(ab).flatten().cpu().bincount(minlength=CELLS).double()
                      for ab in (predicted, true))
    return float((used - expected).abs().sum() / expected.sum() / 2)


def bin_of(ab: Tensor) -> Tensor:
    """Number of each pixel's cell in a 10-unit grid over the ab plane: (N, 2, H, W) -> (N, H, W).

    The cells are centered on multiples of ten; colors outside go to the nearest one.
    """
    a, b = (ab / 10).round().clamp(-15, 15).long().unbind(dim=1)
    return (a + 15) * 31 + (b + 15)


def nearest(features: Tensor, k: int) -> Tensor:
    """The k nearest neighbors of each row by cosine similarity about the mean, nearest first.

    features   (N, F), any units
    returns    (N, k) row numbers, never the row itself
    raises     ValueError unless k lies in 1...N - 1
    """
    if features.ndim != 2 or not 1 <= k < len(features):
        raise ValueError("expected features (N, F) and k in 1...N - 1, "
                         f"got {tuple(features.shape)} and k = {k}")
    unit = F.normalize(features - features.mean(0), dim=1)  # N F
    similarity = (unit @ unit.T).fill_diagonal_(-2)  # below any cosine, so that no row finds itself
    return similarity.topk(k).indices
