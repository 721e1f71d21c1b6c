"""Evaluation of a colorizer on a whole test set, and of the baselines beside it.

    evaluate(colorizer, test, mean=train.ab_mean())
    evaluate_baseline("mean", test, train)
    classify_colorized(ImageClassifier.load(path), colorizer, test)
    saturated, factor = boosted(colorizer, train)               # the same with more saturation

`metrics.py` defines the metrics. A colorizer is a `Colorizer`, or any function from lightness
(N, 1, H, W), 0...100, to ab (N, 2, H, W), Lab units.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from colorlib import color, metrics
from colorlib.image_classifier import ImageClassifier

Predictor = Callable[[Tensor], Tensor]


@torch.no_grad()
def evaluate(colorizer: Predictor, images, mean: Tensor,
             batch_size: int = 500) -> dict[str, float]:
    """Compute all metrics of `metrics.NAMES` and `metrics.MORE` over a set of images.

    images   an ImageSet, or uint8 RGB (N, 3, H, W); ValueError if empty
    mean     (2,), mean ab of the *training* images

    In "balanced" metrics each 10-unit cell of the true ab has the same weight. psnr (an equal image
    as 100 dB) and colorfulness are averaged over images. NaN where the true images have no color.
    """
    if not len(images):
        raise ValueError("expected at least one image")
    sums, decibels, colorful = metrics.ColorSums(mean), 0.0, 0.0
    for rgb, L, true, ab in predictions(colorizer, images, batch_size):
        sums.add(ab, true)  # also checks the shape of the prediction
        shown = color.lab_to_rgb(torch.cat([L, ab], dim=1))  # N 3 H W, clipped to the gamut
        decibels += _total(metrics.psnr(shown, color.to_float(rgb)).clamp(max=100))
        colorful += _total(metrics.colorfulness(shown))
    per_image = {"psnr": decibels / len(images), "colorfulness": colorful / len(images)}
    values = sums.values() | per_image
    return {name: values[name] for name in metrics.NAMES + metrics.MORE}


@torch.no_grad()
def per_image(colorizer: Predictor, images, mean: Tensor,
              batch_size: int = 500) -> dict[str, Tensor]:
    """Values of each image, (N,), for the intervals of `intervals.py`; arguments as in `evaluate`.

    unexplained is the ratio of the sums of squared_error and variance, chroma_ratio that of chroma
    and true_chroma. ab_error and psnr are means over images.
    """
    rows = []
    for rgb, L, true, ab in predictions(colorizer, images, batch_size):
        shown = color.lab_to_rgb(torch.cat([L, ab], dim=1))  # N 3 H W
        deviation = true - mean.to(true).view(1, 2, 1, 1)
        of_pixels = {"squared_error": (ab - true).square().sum(1),
                     "ab_error": metrics.ab_distance(ab, true),
                     "variance": deviation.square().sum(1), "chroma": ab.norm(dim=1),
                     "true_chroma": true.norm(dim=1)}  # N H W each
        row = {name: value.mean((1, 2)) for name, value in of_pixels.items()}
        rows.append(row | {"psnr": metrics.psnr(shown, color.to_float(rgb)).clamp(max=100)})
    return {name: torch.cat([row[name].cpu().double() for row in rows]) for name in rows[0]}


def _total(values: Tensor) -> float:
    return float(values.cpu().double().sum())  # on the CPU, because MPS has no float64


def predictions(colorizer: Predictor, images, batch_size: int) -> Iterator[tuple[Tensor, ...]]:
    """Batches of rgb (N, 3, H, W), L (N, 1, H, W), true and predicted ab (N, 2, H, W)."""
    # A Colorizer would run in its present mode, perhaps that of a training; `predict` does not.
    predict = getattr(colorizer, "predict", colorizer)
    batched = hasattr(images, "batches")
    for rgb in images.batches(batch_size) if batched else images.split(batch_size):
        lab = color.rgb_to_lab(rgb)  # N 3 H W
        yield rgb, lab[:, :1], lab[:, 1:], predict(lab[:, :1])


@torch.no_grad()
def nazeri_accuracy(colorizer: Predictor, images, batch_size: int = 500) -> dict[str, float]:
    """Mean absolute error and accuracy as in Nazeri and Ng 2018, section 4, for the given L.

    Their networks also predict L; here it is never wrong, so these values are better than theirs.

    images    an ImageSet, or uint8 RGB (N, 3, H, W)
    returns   mae: mean absolute error over L, a and b, Lab units (the paper names none).
              After rounding to whole Lab units: exact, the fraction of pixels that match perfectly
              (the paper's "accuracy"); exact_values, that of values of L, a and b (an older version
              of their program); within_2 and within_5, that of pixels with |a - a'| and |b - b'| at
              most 2.2 times the tolerance (its current version)
    """
    error, pixels, exact_values, matching = 0.0, 0, 0, {0: 0, 2: 0, 5: 0}
    for _, _, true, ab in predictions(colorizer, images, batch_size):
        error += _total((ab - true).abs())
        difference = (ab.round() - true.round()).abs()  # N 2 H W
        exact_values += int((difference == 0).sum())
        largest = difference.amax(dim=1)  # N H W
        pixels += largest.numel()
        for tolerance in matching:
            matching[tolerance] += int((largest <= 2.2 * tolerance).sum())
    return {"mae": error / (3 * pixels), "exact": matching[0] / pixels,
            "exact_values": (1 + exact_values / pixels) / 3,  # the 1 is L, which is always right
            "within_2": matching[2] / pixels, "within_5": matching[5] / pixels}


def baseline(name: str, train, seed: int = 0) -> Predictor:
    """One of the three baselines, as a function from L to ab.

    name    "gray": a = b = 0. "mean": the mean color of the training images. "random": the ab of a
            random training image, which must have the size of the image. Else ValueError
    train   the ImageSet of training images
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


@torch.no_grad()
def boosted(colorizer: Predictor, train, batch_size: int = 500) -> tuple[Predictor, float]:
    """A colorizer with more saturation, the control for models that add color; and its factor.

    Its ab is multiplied by the constant that brings the chroma ratio on the ImageSet `train` of
    training images to 1. ValueError if the colorizer predicts gray everywhere.
    """
    sums = metrics.ColorSums(torch.zeros(2))
    for _, _, true, ab in predictions(colorizer, train, batch_size):
        sums.add(ab, true)
    if not sums.chroma:
        raise ValueError("no factor gives color to a colorizer that predicts gray everywhere")
    factor = sums.true_chroma / sums.chroma
    predict = getattr(colorizer, "predict", colorizer)
    return lambda L: factor * predict(L), factor


def evaluate_baseline(name: str, images, train, seed: int = 0) -> dict[str, float]:
    """`evaluate` for one of the three baselines; `train` is the ImageSet of training images."""
    return evaluate(baseline(name, train, seed), images, mean=train.ab_mean())


def explained_by_kind(train, images, mean: Tensor) -> float:
    """Return the share of the images' color variance that the mean color of each kind explains.

    A control for pretrained encoders: what a perfect classifier could contribute by names alone.
    train    ImageSet, for the mean color of each kind, as named by its labels
    images   ImageSet of the same kinds; without labels, all images are of one kind
    mean     (2,), the color about which the variance is taken, as in `evaluate`
    Returns 1 if the kinds explain all of it, 0 if they do as well as `mean`. A kind that `train`
    does not have is painted in `mean`. ValueError for an empty set, or other kinds.
    """
    if not len(train) or not len(images):
        raise ValueError("expected at least one image to learn from, and one to explain")
    if train.classes != images.classes:
        raise ValueError(f"expected images of the same kinds, got {train.classes} and "
                         f"{images.classes}")
    kinds, known = _kinds_of(images), _kinds_of(train)
    true, colors, mean = _ab_of(images), _ab_of(train), mean.cpu()
    means = mean.repeat(int(max(kinds.max(), known.max())) + 1, 1)  # kinds, 2
    for kind in known.unique():
        means[kind] = colors[known == kind].mean((0, 2, 3))
    predicted = means[kinds][:, :, None, None].expand_as(true)
    return 1 - metrics.unexplained(predicted, true, mean)


def _kinds_of(images) -> Tensor:
    """The labels of an ImageSet on the CPU, (N,); zeros if it has none."""
    return (torch.zeros(len(images)) if images.labels is None else images.labels.cpu()).long()


def _ab_of(images) -> Tensor:
    """The true colors of an ImageSet on the CPU: (N, 2, H, W)."""
    return torch.cat([color.rgb_to_lab(rgb)[:, 1:].cpu() for rgb in images.batches(500)])


def frechet_distance(one: Tensor, other: Tensor) -> float:
    """Squared Fréchet distance of two sets of features, each approximated by a Gaussian.

    one, other   (N, F) and (M, F), at least two images each, else ValueError; with fewer images it
                 is larger, so compare equal numbers, and features of the same classifier

    |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)): Dowson and Landau 1982; Heusel et al. 2017, whose
    FID uses features of Inception.
    """
    _check_features(one, other)
    one, other = one.double(), other.double()
    c1, c2 = torch.cov(one.T), torch.cov(other.T)  # F F
    # C1 C2 is not symmetric, but R C2 R with R = C1^(1/2) is, and has the same eigenvalues.
    values, vectors = torch.linalg.eigh(c1)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ c2 @ root).clamp_min(0).sqrt().sum()
    gap = (one.mean(0) - other.mean(0)).square().sum()
    return max(float(gap + c1.trace() + c2.trace() - 2 * cross), 0.0)  # rounding may go below 0


def _check_features(one: Tensor, other: Tensor) -> None:
    if (one.ndim != 2 or other.ndim != 2 or one.shape[1] != other.shape[1]
            or min(len(one), len(other)) < 2):
        raise ValueError("expected features (N, F) twice, N at least 2, "
                         f"got {tuple(one.shape)}, {tuple(other.shape)}")


def kernel_distance(one: Tensor, other: Tensor, batch_size: int = 1000) -> float:
    """Squared maximum mean discrepancy of two sets of features, KID (Binkowski et al. 2018).

    one, other   (N, F) and (M, F), at least two images each, else ValueError

    Unbiased, with the cubic kernel (x·y / F + 1)^3: its mean does not depend on the number of
    images, so it also serves few of them, and for equal distributions it may fall below 0.
    """
    _check_features(one, other)
    one, other = one.double(), other.double()

    def mean(x: Tensor, y: Tensor) -> float:
        total = 0.0
        for part in x.split(batch_size):  # all N x M values at once would need much memory
            total += float((part @ y.T / x.shape[1] + 1).pow(3).sum())
        if x is not y:
            return total / (len(x) * len(y))
        # Without each image's similarity with itself, which is what biases the estimate.
        itself = float((x.square().sum(1) / x.shape[1] + 1).pow(3).sum())
        return (total - itself) / (len(x) * (len(x) - 1))
    return mean(one, one) + mean(other, other) - 2 * mean(one, other)


def _clipped(L: Tensor, ab: Tensor) -> Tensor:
    """uint8 RGB (N, 3, H, W), clipped channel by channel.

    As for PSNR and colorfulness: so the records were measured. The pictures that are shown lose
    chroma instead (`colorizer.picture`).
    """
    return color.to_uint8(color.lab_to_rgb(torch.cat([L, ab], dim=1)))


@torch.no_grad()
def perceptual_distances(classifier: ImageClassifier, colorizer: Predictor, images,
                         batch_size: int = 100) -> dict[str, float]:
    """Distances of colorized images from an ImageSet's true ones, in a classifier's features.

    Returns frechet, kid (`kernel_distance`) and pictures, their number. Name the classifier beside
    them: features of another network give other numbers.
    """
    predict = getattr(colorizer, "predict", colorizer)
    batches = [color.lightness(rgb) for rgb in images.batches(batch_size)]  # N 1 H W each
    found = classifier.features(torch.cat([_clipped(L, predict(L)) for L in batches]))
    true = classifier.features(images.pixels)
    return {"frechet": frechet_distance(found, true), "kid": kernel_distance(found, true),
            "pictures": len(images)}


@torch.no_grad()
def classify_colorized(classifier: ImageClassifier, colorizer: Predictor, images,
                       batch_size: int = 100) -> dict[str, float]:
    """Compare colorized, gray and true images of an ImageSet through an image classifier.

    Returns the Fréchet distance to the true images, frechet and frechet_gray; with labels also the
    classifier's accuracy, accuracy_gray and accuracy_true.
    """
    predict, gray = getattr(colorizer, "predict", colorizer), baseline("gray", None)
    batches = [color.lightness(rgb) for rgb in images.batches(batch_size)]  # N 1 H W each
    rgb_by_kind = {"": torch.cat([_clipped(L, predict(L)) for L in batches]),
                   "_gray": torch.cat([_clipped(L, gray(L)) for L in batches]),
                   "_true": images.pixels}
    true = classifier.features(images.pixels)
    values = {f"frechet{name}": frechet_distance(classifier.features(rgb_by_kind[name]), true)
              for name in ("", "_gray")}
    if images.labels is not None:
        values |= {f"accuracy{name}": classifier.accuracy(rgb, images.labels)
                   for name, rgb in rgb_by_kind.items()}
    return values
