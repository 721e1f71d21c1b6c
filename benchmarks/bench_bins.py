"""Bins: the look-up table against scikit-learn's neighbors, and an epoch of the classifier against the regression's.

    python -m colorlib bench bins

Both sides of a ratio run in turn, at least five pairs, medians.
"""
from __future__ import annotations

import statistics
from collections.abc import Callable

import torch
from sklearn.neighbors import NearestNeighbors

from colorlib import color
from colorlib.color_bins import AbBins
from colorlib.data import datasets
from colorlib.experiments.recipes import RECIPES
from colorlib.models import UNet
from colorlib.profiling import interleaved, ratio
from colorlib.train import fit

PAIRS = 7
IMAGES = 1280


def run() -> list[dict]:
    """Rows of name, ratio and detail."""
    images = datasets.load("auto", "train", n=IMAGES)
    return [encoding(images), epoch(images)]


def encoding(images) -> dict:
    """Seconds of scikit-learn's ten nearest neighbors over those of the table, whose answer has the shares too."""
    bins = AbBins()
    ab = color.rgb_to_lab(images.pixels[:128])[:, 1:]                       # 128 2 H W
    rows = ab.permute(0, 2, 3, 1).reshape(-1, 2).numpy()
    oracle = NearestNeighbors(n_neighbors=bins.k).fit(bins.centers.numpy())
    times = interleaved(lambda: oracle.kneighbors(rows), lambda: bins.encode(ab), PAIRS)
    theirs, ours = map(statistics.median, times)
    return {"name": "soft targets: scikit-learn's time / the table's", "ratio": ratio(*times),
            "detail": f"{theirs * 1e3:.0f} and {ours * 1e3:.1f} ms for {len(rows):,} pixels, median of {PAIRS} pairs"}


def epoch(images) -> dict:
    """Seconds of an epoch of the U-Net classifier at half resolution over those of the same U-Net's regression."""
    classifier, regression = RECIPES["unet-classifier"], RECIPES["nazeri-unet"]
    settings = classifier.training.replace(epochs=1)
    a, b = classifier.build(), regression.build()
    assert isinstance(a.net, UNet) and a.net.config["width"] == b.net.config["width"]

    def train(colorizer, recipe) -> Callable[[], object]:
        return lambda: fit(colorizer, images, recipe.step, settings, device="cpu", progress=False)

    times = interleaved(train(a, classifier), train(b, regression), PAIRS)
    classes, squares = map(statistics.median, times)
    return {"name": "epoch: classifier's time / regression's", "ratio": ratio(*times),
            "detail": f"{classes / len(images) * 1e6:.0f} and {squares / len(images) * 1e6:.0f} microseconds an image, "
                      f"batch {settings.batch_size}, torch {torch.__version__}, median of {PAIRS} pairs"}
