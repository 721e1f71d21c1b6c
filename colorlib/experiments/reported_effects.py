"""Effects that sources report after looking at pictures, measured against the true pictures.

    red_share(colorizer, test, "automobile")    # Nazeri and Ng 2018: many cars come out red
    texture_greenness(colorizer, test)          # and strongly textured regions green
    dark_animals(colorizer, test)               # Dahl 2016: black animals come out brown

Each returns the predicted value, the true one and their difference on the same pictures, with 95 %
intervals by bootstrap over images. A difference, and not a predicted value, answers the question:
many true cars are red. A colorizer is as in `evaluate`; the images are an ImageSet of CIFAR-10.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from colorlib.evaluate import Predictor, predictions
from colorlib.intervals import Interval, difference, interval, ratio

ANIMALS = ("bird", "cat", "deer", "dog", "frog", "horse")
# Hue angles in the ab plane, degrees: pure red of a screen is at 40, orange at 60, yellow at 103.
RED, BROWN = (0.0, 50.0), (40.0, 90.0)
RED_CHROMA, BROWN_CHROMA = 25.0, 8.0  # Lab units, least: paler colors count as neither
DARK = 25.0  # L, at most
Effect = dict[str, Interval]


def red_share(colorizer: Predictor, images, class_name: str = "automobile") -> Effect:
    """Share of red pixels in the pictures of a class.

    Red is a hue from 0 to 50 degrees with a chroma of at least 25.
    """
    pairs = _pairs(colorizer, of_classes(images, [class_name]))
    return compare(*([_share(hue_within(ab, RED, RED_CHROMA))] for ab in pairs[1:]), np.mean)


def texture_greenness(colorizer: Predictor, images) -> Effect:
    """Correlation, over pixels, of local texture with greenness.

    Texture is the standard deviation of L in 5x5 pixels, greenness is -a. A constant factor on all
    colors changes nothing. NaN where all pixels have the same color.
    """
    L, predicted, true = _pairs(colorizer, images)
    texture = local_deviation(L)[:, 0]  # N H W
    return compare(*(_moments(texture, -ab[:, 0]) for ab in (predicted, true)), _correlation)


def dark_animals(colorizer: Predictor, images) -> dict[str, Effect]:
    """Colors of the dark pixels, L at most 25, in the middle half of pictures of animals.

    chroma: mean, Lab units. brown: share of pixels with a hue from 40 to 90 degrees and a chroma of
    at least 8. hue: angle of their mean color, degrees, without a difference.

    Pixels are chosen by lightness, which the network sees: chosen by their true color being black,
    every error of any network would look like a finding. ValueError if there are no such pixels.
    """
    L, predicted, true = (_middle(x) for x in _pairs(colorizer, of_classes(images, ANIMALS)))
    dark = L[:, 0] <= DARK  # N H W
    if not dark.any():
        raise ValueError("no picture of an animal has a dark pixel in its middle")
    counts = _share(dark)
    chroma = [[_share(dark * ab.norm(dim=1)), counts] for ab in (predicted, true)]
    brown = [[_share(dark & hue_within(ab, BROWN, BROWN_CHROMA)), counts]
             for ab in (predicted, true)]
    mean_ab = [[_share(dark * ab[:, i]) for i in (0, 1)] for ab in (predicted, true)]
    hue = {name: interval(*sums, statistic=_angle)
           for name, sums in zip(("predicted", "true"), mean_ab, strict=True)}
    return {"chroma": compare(*chroma, ratio), "brown": compare(*brown, ratio), "hue": hue}


def compare(predicted: list[np.ndarray], true: list[np.ndarray],
            statistic: Callable[..., float]) -> Effect:
    """The statistic of predicted and of true values, (N,) each, and the paired difference."""
    return {"predicted": interval(*predicted, statistic=statistic),
            "true": interval(*true, statistic=statistic),
            "difference": difference(tuple(predicted), tuple(true), statistic)}


def of_classes(images, names: Iterable[str]):
    """The images of an ImageSet with one of these labels; ValueError without labels or images."""
    unknown = set(names) - set(images.classes)
    if images.labels is None or unknown:
        raise ValueError(f"{images.name} has no pictures labeled {', '.join(sorted(names))}")
    wanted = torch.tensor([images.classes.index(name) for name in names])
    return images[torch.isin(images.labels.cpu(), wanted)]


def hue_within(ab: Tensor, degrees: tuple[float, float], least_chroma: float) -> Tensor:
    """Which colors (N, 2, H, W) have a hue angle in an interval and enough chroma: (N, H, W)."""
    hue = torch.rad2deg(torch.atan2(ab[:, 1], ab[:, 0]))
    return (degrees[0] <= hue) & (hue <= degrees[1]) & (ab.norm(dim=1) >= least_chroma)


def local_deviation(L: Tensor, side: int = 5) -> Tensor:
    """Standard deviation of L in a square around each pixel: (N, 1, H, W) -> the same shape."""
    # At the border, of the pixels that there are.
    mean, square = (F.avg_pool2d(x, side, 1, side // 2, count_include_pad=False)
                    for x in (L.double(), L.double().square()))
    return (square - mean.square()).clamp_min(0).sqrt()  # rounding may go below 0


def _pairs(colorizer: Predictor, images) -> list[Tensor]:
    """L (N, 1, H, W), predicted and true ab (N, 2, H, W) of all images, on the CPU."""
    with torch.no_grad():
        rows = [(L.cpu(), ab.cpu(), true.cpu())
                for _, L, true, ab in predictions(colorizer, images, 500)]
    return [torch.cat(part) for part in zip(*rows, strict=True)]


def _share(values: Tensor) -> np.ndarray:
    """Mean over the pixels of each image: (N, H, W) -> (N,)."""
    return values.double().mean((1, 2)).numpy()


def _middle(x: Tensor) -> Tensor:
    """The middle half of each side, where a picture's object is: (N, C, H, W)."""
    H, W = x.shape[-2:]
    return x[..., H // 4:H - H // 4, W // 4:W - W // 4]


def _moments(x: Tensor, y: Tensor) -> list[np.ndarray]:
    """Per image, the means of x, y, x^2, y^2 and x y: from their sums follows a correlation."""
    return [_share(v) for v in (x, y, x * x, y * y, x * y)]


def _correlation(*moments: np.ndarray) -> float:
    x, y, xx, yy, xy = (m.mean() for m in moments)
    variances = (xx - x * x) * (yy - y * y)
    return float((xy - x * y) / math.sqrt(variances)) if variances > 1e-12 else math.nan


def _angle(a: np.ndarray, b: np.ndarray) -> float:
    return math.degrees(math.atan2(b.sum(), a.sum()))
