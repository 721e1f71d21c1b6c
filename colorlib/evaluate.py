"""Evaluation of a colorizer on a whole test set, and of the baselines beside it.

    evaluate(colorizer, test, mean=train.ab_mean())
    evaluate_baseline("mean", test, train)
    classify_colorized(ImageClassifier.load(path), colorizer, test)

`metrics.py` defines the metrics. A colorizer is a `Colorizer`, or any function from lightness
(N, 1, H, W), 0...100, to ab (N, 2, H, W), Lab units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from colorlib import color, metrics
from colorlib.colorizer import picture
from colorlib.image_classifier import ImageClassifier
from colorlib.metrics import AUC_LIMIT, CELLS, bin_of

Predictor = Callable[[Tensor], Tensor]


@torch.no_grad()
def evaluate(colorizer: Predictor, images, mean: Tensor,
             batch_size: int = 500) -> dict[str, float]:
    """Compute all metrics of `metrics.NAMES` and `metrics.MORE` over a set of images.

    images    an ImageSet, or uint8 RGB (N, 3, H, W)
    mean      (2,), mean ab of the *training* images
    returns   unexplained, chroma_ratio, ab_error (Lab units), psnr (dB, averaged over images, an
              equal image as 100), auc, auc_balanced (each 10-unit cell of the true ab has the same
              weight), colorfulness (averaged over images), ab_error_balanced (as auc_balanced),
              histogram_distance. NaN where the true images have no color
    raises    ValueError without images, or if a prediction has another shape
    """
    if not len(images):
        raise ValueError("expected at least one image")
    sums, cells = metrics.ColorSums(mean), _CellSums()
    n, decibels, colorful = 0, 0.0, 0.0
    for rgb, L, true, ab in _predictions(colorizer, images, batch_size):
        sums.add(ab, true)  # also checks the shape of the prediction
        cells.add(ab, true)
        shown = color.lab_to_rgb(torch.cat([L, ab], dim=1))  # N 3 H W, clipped to the gamut
        n += len(rgb)
        decibel = metrics.psnr(shown, color.to_float(rgb)).clamp(max=100)  # N
        decibels += float(decibel.cpu().double().sum())
        colorful += float(metrics.colorfulness(shown).cpu().double().sum())
    values = {"unexplained": sums.unexplained, "chroma_ratio": sums.chroma_ratio,
              "psnr": decibels / n, "colorfulness": colorful / n, **cells.values()}
    return {name: values[name] for name in metrics.NAMES + metrics.MORE}


class _CellSums:
    """Sums per 10-unit cell of the ab plane, for the metrics that follow from color distances."""

    def __init__(self):
        self.clamped = torch.zeros(CELLS, dtype=torch.double)  # by the true color's cell
        self.distance = torch.zeros(CELLS, dtype=torch.double)
        self.true = torch.zeros(CELLS, dtype=torch.double)  # number of pixels
        self.predicted = torch.zeros(CELLS, dtype=torch.double)

    def add(self, predicted: Tensor, true: Tensor) -> None:
        """Add the pixels of one batch, (N, 2, H, W) twice, Lab units."""
        distance = metrics.ab_distance(predicted, true).flatten()  # P, the number of pixels
        cell = bin_of(true).flatten().cpu()  # P
        self.clamped.index_add_(0, cell, distance.clamp(max=AUC_LIMIT).cpu().double())
        self.distance.index_add_(0, cell, distance.cpu().double())
        self.true += cell.bincount(minlength=CELLS)
        self.predicted += bin_of(predicted).flatten().cpu().bincount(minlength=CELLS)

    def values(self) -> dict[str, float]:
        """The metrics by name, over all batches."""
        pixels, used = float(self.true.sum()), self.true > 0
        distance, clamped = (t[used] / self.true[used] for t in (self.distance, self.clamped))
        return {
            "ab_error": float(self.distance.sum()) / pixels,
            "auc": 1 - float(self.clamped.sum()) / pixels / AUC_LIMIT,
            "auc_balanced": 1 - float(clamped.mean()) / AUC_LIMIT,
            "ab_error_balanced": float(distance.mean()),
            "histogram_distance": float((self.true - self.predicted).abs().sum()) / pixels / 2,
        }


def _predictions(colorizer: Predictor, images,
                 batch_size: int) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Batches of rgb (N, 3, H, W), L (N, 1, H, W), true and predicted ab (N, 2, H, W)."""
    predict = getattr(colorizer, "predict", colorizer)
    batched = hasattr(images, "batches")
    for rgb in images.batches(batch_size) if batched else images.split(batch_size):
        lab = color.rgb_to_lab(rgb)  # N 3 H W
        yield rgb, lab[:, :1], lab[:, 1:], predict(lab[:, :1])


@torch.no_grad()
def nazeri_accuracy(colorizer: Predictor, images, tolerances: tuple[float, ...] = (2, 5),
                    batch_size: int = 500) -> dict[str, float]:
    """Mean absolute error and accuracy as in Nazeri and Ng 2018, section 4, for the given L.

    Their networks also predict L, and their program counts its errors; here L is never wrong, so
    these values are better.

    images    an ImageSet, or uint8 RGB (N, 3, H, W)
    returns   mae: mean absolute error over the three channels, Lab units (the paper names none).
              exact: "accuracy", the fraction of pixels that match perfectly, here after rounding
              to whole Lab units. exact_values: the same for single values of L, a and b, as in an
              older version of their program; L is a third of them. within_2, within_5: as in its
              current version, |a - a'| and |b - b'| at most 2.2 times the tolerance, after rounding
    """
    limits = (0, *(2.2 * tolerance for tolerance in tolerances))
    error, pixels, matching_values, matching = 0.0, 0, 0, [0] * len(limits)
    for _, _, true, ab in _predictions(colorizer, images, batch_size):
        error += float((ab - true).abs().cpu().double().sum())
        difference = (ab.round() - true.round()).abs()  # N 2 H W
        matching_values += int((difference == 0).sum())
        largest = difference.amax(dim=1)  # N H W
        for i, limit in enumerate(limits):
            matching[i] += int((largest <= limit).sum())
        pixels += largest.numel()
    values = {"mae": error / (3 * pixels), "exact": matching[0] / pixels,
              "exact_values": (1 + matching_values / pixels) / 3}
    for tolerance, count in zip(tolerances, matching[1:], strict=True):
        values[f"within_{tolerance:g}"] = count / pixels
    return values


def baseline(name: str, train, seed: int = 0) -> Predictor:
    """One of the three baselines, as a function from L to ab.

    name     "gray": a = b = 0. "mean": the mean color of the training images. "random": the ab of a
             random training image, pixel by pixel, which must have the size of the image
    train    the ImageSet of training images
    raises   ValueError if the name is unknown
    """
    if name == "gray":
        return lambda L: torch.zeros_like(L).expand(-1, 2, -1, -1)
    if name == "mean":
        mean = train.ab_mean()
        return lambda L: mean.to(L).view(1, 2, 1, 1).expand(len(L), 2, *L.shape[-2:])
    if name == "random":
        generator = torch.Generator().manual_seed(seed)

        def random(L: Tensor) -> Tensor:
            rows = torch.randint(len(train), (len(L),), generator=generator)
            rgb = train.pixels[rows.to(train.pixels.device)]
            return color.rgb_to_lab(rgb)[:, 1:].to(L)
        return random
    raise ValueError(f"unknown baseline {name!r}: expected gray, mean or random")


def evaluate_baseline(name: str, images, train, seed: int = 0) -> dict[str, float]:
    """`evaluate` for one of the three baselines; `train` is the ImageSet of training images."""
    return evaluate(baseline(name, train, seed), images, mean=train.ab_mean())


def frechet_distance(one: Tensor, other: Tensor) -> float:
    """Squared Fréchet distance of two sets of features, each approximated by a Gaussian.

    one, other   (N, F) and (M, F); with fewer images it is larger, so compare equal numbers
    returns      |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)); 0 for equal means and covariances
    raises       ValueError if the shapes do not fit, or for fewer than two images

    Dowson and Landau 1982; Heusel et al. 2017. It is no FID, which uses features of Inception:
    compare only distances by the same classifier.
    """
    if (one.ndim != 2 or other.ndim != 2 or one.shape[1] != other.shape[1]
            or min(len(one), len(other)) < 2):
        raise ValueError("expected features (N, F) twice, N at least 2, "
                         f"got {tuple(one.shape)}, {tuple(other.shape)}")
    one, other = one.double(), other.double()
    c1, c2 = torch.cov(one.T), torch.cov(other.T)  # F F
    # C1 C2 is not symmetric, but R C2 R with R = C1^(1/2) is, and has the same eigenvalues.
    values, vectors = torch.linalg.eigh(c1)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ c2 @ root).clamp_min(0).sqrt().sum()
    gap = (one.mean(0) - other.mean(0)).square().sum()
    return max(float(gap + c1.trace() + c2.trace() - 2 * cross), 0.0)


@torch.no_grad()
def classify_colorized(classifier: ImageClassifier, colorizer: Predictor, images,
                       batch_size: int = 100) -> dict[str, float]:
    """Compare colorized, gray and true images of an ImageSet through an image classifier.

    returns   frechet and frechet_gray: Fréchet distance of the colorized and of the gray images to
              the true ones. If there are labels: the classifier's accuracy on colorized images,
              accuracy_gray and accuracy_true

    Images are clipped to the gamut and rounded to eight bits, as the true ones are.
    """
    predict = getattr(colorizer, "predict", colorizer)
    colorized, gray = [], []
    for rgb in images.batches(batch_size):
        L = color.lightness(rgb)  # N 1 H W
        colorized.append(picture(L, predict(L)))
        gray.append(picture(L))
    rgb_by_kind = {"": torch.cat(colorized), "_gray": torch.cat(gray), "_true": images.pixels}
    true = classifier.features(images.pixels)
    values = {f"frechet{name}": frechet_distance(classifier.features(rgb_by_kind[name]), true)
              for name in ("", "_gray")}
    if images.labels is not None:
        values |= {f"accuracy{name}": classifier.accuracy(rgb, images.labels)
                   for name, rgb in rgb_by_kind.items()}
    return values
