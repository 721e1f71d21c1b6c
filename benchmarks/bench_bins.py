"""Bins: the look-up table against scikit-learn's neighbors, and an epoch of the classifier against the regression's.

    python -m colorlib bench bins

Both sides of a ratio run in turn, at least five pairs, medians.
"""
from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
from sklearn.neighbors import NearestNeighbors

from colorlib import color, datasets
from colorlib.bins import AbBins
from colorlib.models import UNet
from colorlib.recipes import RECIPES
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
    theirs, ours = interleaved(lambda: oracle.kneighbors(rows), lambda: bins.encode(ab))
    return {"name": "soft targets: scikit-learn's time / the table's", "ratio": theirs / ours,
            "detail": f"{theirs * 1e3:.0f} and {ours * 1e3:.1f} ms for {len(rows):,} pixels, median of {PAIRS} pairs"}


def epoch(images) -> dict:
    """Seconds of an epoch of the U-Net classifier at half resolution over those of the same U-Net's regression."""
    classifier, regression = RECIPES["unet-classifier"], RECIPES["nazeri-unet"]
    settings = classifier.course.but(epochs=1)
    a, b = classifier.build(), regression.build()
    assert isinstance(a.net, UNet) and a.net.config["width"] == b.net.config["width"]

    def train(colorizer, recipe) -> Callable[[], object]:
        return lambda: fit(colorizer, images, recipe.step, settings, device="cpu", progress=False)

    classes, squares = interleaved(train(a, classifier), train(b, regression))
    return {"name": "epoch: classifier's time / regression's", "ratio": classes / squares,
            "detail": f"{classes / len(images) * 1e6:.0f} and {squares / len(images) * 1e6:.0f} microseconds an image, "
                      f"batch {settings.batch_size}, torch {torch.__version__}, median of {PAIRS} pairs"}


def interleaved(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of each, run in turn; a first round of both is not counted."""
    times = [(_timed(one), _timed(other)) for _ in range(PAIRS + 1)][1:]
    return statistics.median(t for t, _ in times), statistics.median(t for _, t in times)


def _timed(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started
