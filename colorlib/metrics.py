"""Metrics: how far predicted colors are from the true ones.

    metrics.unexplained(predicted, true, mean=train.ab_mean())
    metrics.psnr(color.lab_to_rgb(lab), rgb)

All colors are ab in Lab units (D65, 2 degrees), predicted for the given L, before anything is
clipped to the gamut. Only `psnr` and `colorfulness` take RGB images. `evaluate.py` computes these
metrics for a whole test set; notebook 03 explains what each of them measures and misses.
"""

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


class ColorSums:
    """Sums over pixels from which the metrics of ab follow; `mean` (2,) as in `unexplained`."""

    def __init__(self, mean: Tensor):
        self.mean = mean
        self.squared_error = self.variance = self.chroma = self.true_chroma = 0.0
        # In each cell of the ab plane: the pixels, and the errors of those whose true color it is.
        self.predicted, self.true, self.errors, self.limited_errors = torch.zeros(4, CELLS).double()

    def add(self, predicted: Tensor, true: Tensor) -> "ColorSums":
        """Add the pixels of one batch, (N, 2, H, W) twice, Lab units; returns itself."""
        # float64, so that the batch size does not matter; on the CPU, because MPS has none.
        distance = ab_distance(predicted, true).cpu().double()  # N H W
        predicted, true = predicted.cpu(), true.cpu()
        deviation = (true - self.mean.to(true).view(1, 2, 1, 1)).double()  # N 2 H W
        self.squared_error += float(distance.square().sum())
        self.variance += float(deviation.square().sum())
        self.chroma += float(predicted.norm(dim=1).double().sum())
        self.true_chroma += float(true.norm(dim=1).double().sum())
        cell = bin_of(true).flatten()  # P, the number of pixels
        self.errors.index_add_(0, cell, distance.flatten())
        self.limited_errors.index_add_(0, cell, distance.flatten().clamp(max=AUC_LIMIT))
        self.true += cell.bincount(minlength=CELLS)
        self.predicted += bin_of(predicted).flatten().bincount(minlength=CELLS)
        return self

    def values(self) -> dict[str, float]:
        """The metrics of ab by name; NaN without pixels, or if all true ones are `mean` or gray."""
        pixels, used = self.true.sum(), self.true > 0  # a tensor: 0 / 0 is then NaN
        # "balanced" gives each cell that a true color occurs in the same weight.
        per_cell, limited_per_cell = (errors[used] / self.true[used]
                                      for errors in (self.errors, self.limited_errors))
        return {
            "unexplained": self.squared_error / self.variance if self.variance else math.nan,
            "chroma_ratio": self.chroma / self.true_chroma if self.true_chroma else math.nan,
            "ab_error": float(self.errors.sum() / pixels),
            "ab_error_balanced": float(per_cell.mean()),
            "auc": 1 - float(self.limited_errors.sum() / pixels) / AUC_LIMIT,
            "auc_balanced": 1 - float(limited_per_cell.mean()) / AUC_LIMIT,
            "histogram_distance": float((self.true - self.predicted).abs().sum() / pixels) / 2,
        }


def unexplained(predicted: Tensor, true: Tensor, mean: Tensor) -> float:
    """Fraction of the color variance that the prediction does not explain; lower is better.

    The squared ab error over the squared distance of the true ab from `mean` (2,), the mean color
    of the training images. 0 is perfect, 1 no better than that color everywhere.
    """
    return ColorSums(mean).add(predicted, true).values()["unexplained"]


def chroma_ratio(predicted: Tensor, true: Tensor) -> float:
    """Mean predicted chroma, sqrt(a^2 + b^2), over the mean true chroma; best at 1, gray is 0."""
    return ColorSums(torch.zeros(2)).add(predicted, true).values()["chroma_ratio"]


def histogram_distance(predicted: Tensor, true: Tensor) -> float:
    """Total variation distance of the predicted and true color histograms, 0 (alike) to 1.

    The fraction of pixels that would have to change, wherever they are, so that each 10-unit cell
    of the ab plane holds as many predicted pixels as true ones.
    """
    return ColorSums(torch.zeros(2)).add(predicted, true).values()["histogram_distance"]


def auc(distance: Tensor, limit: float = AUC_LIMIT) -> float:
    """Area under the curve "fraction of pixels with an error below d", d from 0 to `limit`.

    distance   of each pixel, Lab units; returns 0 to 1, which is perfect (Zhang et al. 2016)
    """
    # Integrated over d, a pixel adds the part of the range in which its error is below d.
    return float(1 - distance.cpu().double().clamp(max=limit).mean() / limit)


def psnr(predicted: Tensor, true: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each image, dB: RGB (N, 3, H, W) in [0, 1], twice -> (N,)."""
    return -10 * (predicted - true).square().mean(dim=(1, 2, 3)).log10()


def colorfulness(rgb: Tensor) -> Tensor:
    """Colorfulness of images in [0, 1]: (N, 3, H, W) -> (N,); 0 gray, 109 "extremely colorful".

    Hasler and Suesstrunk 2003, on a scale of 0...255: sigma + 0.3 mu of the two color differences.
    """
    R, G, B = (255 * rgb).unbind(dim=1)  # N H W each
    rg, yb = (R - G).flatten(1), ((R + G) / 2 - B).flatten(1)  # N HW
    sigma = (rg.var(1, unbiased=False) + yb.var(1, unbiased=False)).sqrt()
    mu = (rg.mean(1).square() + yb.mean(1).square()).sqrt()
    return sigma + 0.3 * mu


def bin_of(ab: Tensor) -> Tensor:
    """Number of each pixel's cell in a 10-unit grid over the ab plane: (N, 2, H, W) -> (N, H, W).

    The cells are centered on multiples of ten; colors outside go to the nearest one, NaN to gray.
    """
    a, b = (ab / 10).round().nan_to_num().clamp(-15, 15).long().unbind(dim=1)
    return (a + 15) * 31 + (b + 15)


def nearest(features: Tensor, k: int) -> Tensor:
    """The k nearest neighbors of each row by cosine similarity about the mean, nearest first.

    features   (N, F); returns (N, k) row numbers, never the row itself
    """
    if features.ndim != 2 or not 1 <= k < len(features):
        raise ValueError("expected features (N, F) and k in 1...N - 1, "
                         f"got {tuple(features.shape)} and k = {k}")
    unit = F.normalize(features - features.mean(0), dim=1)  # N F
    similarity = (unit @ unit.T).fill_diagonal_(-2)  # below any cosine, so that no row finds itself
    return similarity.topk(k).indices
