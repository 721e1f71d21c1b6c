"""Draw the pictures of the results page: a sheet with a row for each system, and the plot.

    python -m tools results

A row shows the first eight test images of CIFAR-10, none chosen, colored by the stored checkpoint
of a system. Without CIFAR-10 on this machine, nothing is drawn and the stored pictures stay.

For painted fruit and photographs of fruit, the colors of six test pictures are kept in files such
as results/apples.npz instead of the networks, which would take too much space: they are computed
where a network has just been trained.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from colorlib import color, metrics
from colorlib.colorizer import Colorizer, picture
from colorlib.data import cued_fruit, datasets
from colorlib.data.fruit_photos import load_fruit_photos
from colorlib.evaluate import baseline
from colorlib.experiments import (
    budgets,
    known_truth_table,
    questions,
    records,
    results_page,
    results_table,
)
from colorlib.image_classifier import ImageClassifier
from colorlib.notebook import display, pictures, plots, style
from colorlib.paths import atomic_write

SHOWN = 8  # images in a row
FRUITS = 6  # painted fruits in a row
NEIGHBORS = ("pictures", "by_pixels", "by_block_3")  # in results/neighbors.npz
BASELINES = dict(records.BASELINES)


def draw(check: bool = False) -> list[str]:
    """Draw the pictures into results/, then write the page; returns what was written.

    check   change nothing; returns the files of the page that do not agree with the records
    """
    found = records.read()
    if check:
        return results_page.outdated(found)
    written = [_save_plot(found), _save_sheet(found), *map(_save_fruit, cued_fruit.KINDS),
               _save_photographs(), _save_neighbors()]
    written = [name for name in written if name]
    return [*written, *(path.name for path in results_page.write(found))]


def _save_sheet(found: list[dict]) -> str:
    try:
        train, test = (datasets.load_cifar10(split) for split in ("train", "test"))
    except datasets.DataUnavailable as error:
        return f"{results_page.SHEET} stays as it is: {error}"
    rgb = test.pixels[:SHOWN]
    L, data = color.lightness(rgb), results_table.frame(found)
    store = records.root() / "cifar10.npz"
    stored = dict(np.load(store)) if store.exists() else {}  # ab, int8, of systems without weights
    rows, errors = {"photographs": rgb}, {"photographs": -1.0}
    for name, label in (results_table.MAIN_ROWS | results_table.CONTROLS).items():
        runs, predict = results_table.longest(data, name), _predictor(name, train)
        if runs.empty or predict is None and name not in stored:
            continue
        ab = predict(L) if predict else torch.from_numpy(stored[name].astype(np.float32))
        rows[label.strip("*")] = color.to_uint8(picture(L, ab))
        errors[label.strip("*")] = runs.unexplained.mean()
    ordered = {label: rows[label] for label in sorted(rows, key=errors.get)}
    figure = pictures.images(ordered, width=13)
    (records.root() / results_page.SHEET).write_bytes(display.png(figure))
    return results_page.SHEET


def _save_neighbors() -> str:
    """Keep the first test images of CIFAR-10 with their nearest ones, for notebook 07's picture.

    By gray pixels, and by the last block of the classifier of gray images, among all test images.
    """
    try:
        test = datasets.load_cifar10("test")
    except datasets.DataUnavailable as error:
        return f"neighbors.npz stays as it is: {error}"
    gray = color.lightness(test.pixels)  # N 1 H W
    encoder = ImageClassifier.load(records.classifier_path(test.name, "encoder")).net
    with torch.no_grad():
        features = torch.cat([encoder.features(part / 50 - 1) for part in gray.split(500)])
    found = [torch.arange(FRUITS), *(metrics.nearest(described, k=1)[:FRUITS, 0]
                                     for described in (gray.flatten(1), features))]
    pixels = {name: test.pixels[which].numpy()
              for name, which in zip(NEIGHBORS, found, strict=True)}
    with atomic_write(records.root() / "neighbors.npz") as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **pixels)
    return "neighbors.npz"


def _predictor(name: str, train) -> Callable[[Tensor], Tensor] | None:
    """A function from lightness to ab: a stored checkpoint's or a baseline's; None without one."""
    if name in BASELINES:
        return baseline(BASELINES[name], train, 0)
    if name == results_table.BOOSTED:
        predict = _predictor(results_table.BOOSTED_SYSTEM, train)
        runs = results_table.longest(results_table.frame(records.read()), name)
        return None if predict is None or runs.empty else lambda L: runs.boost.iloc[0] * predict(L)
    # The longest training comes first, as in the table.
    paths = (records.checkpoint_folder() / f"{name}{of}.safetensors" for of in (".long", ""))
    checkpoint = next(filter(Path.exists, paths), None)
    return None if checkpoint is None else Colorizer.load(checkpoint).predict


def _save_fruit(kind: str) -> str:
    """Draw six painted fruits, a row for each loss; "" without any stored colors."""
    fruit = cued_fruit.truth_of(kind, "test", FRUITS, 64, seed=0)
    profiles = [profile for profile in known_truth_table.PROFILES
                if budgets.BUDGETS[profile].size == fruit.rgb.shape[-1]]
    return _save_rows(kind, profiles, known_truth_table.ROWS, fruit.rgb)


def _save_photographs() -> str:
    """Draw six test photographs of fruit, a row for each loss; "" without any stored colors."""
    rgb = load_fruit_photos("test", n=FRUITS, size=96).pixels
    return _save_rows("fruit-photos", ["fruit-photos"], questions.FRUIT_PHOTOS, rgb)


def _save_rows(kind: str, profiles: list[str], labels: dict[str, str], rgb: Tensor) -> str:
    """Draw pictures (N, 3, S, S) as each recipe colors them, into results/{kind}.png; "" without.

    What was just trained is computed and kept in results/{kind}.npz, from which the rest is read.
    """
    store, L = records.root() / f"{kind}.npz", color.lightness(rgb)
    stored = dict(np.load(store)) if store.exists() else {}  # by recipe: ab (N, 2, S, S), int8
    trained = {}
    for name in labels:
        files = (records.pending_folder() / f"{name}.{kind}.{profile}.s0.safetensors"
                 for profile in profiles)
        for file in filter(Path.exists, files):
            ab = Colorizer.load(file).predict(L)
            trained[name] = ab.round().clamp(-128, 127).to(torch.int8).numpy()
    if trained:
        # This is the only copy, so it is replaced whole or not at all.
        with atomic_write(store) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, **stored | trained)
    elif not stored:
        return ""
    rows = {"gray": color.gray_from_lightness(L), "true colors": rgb}
    for name, label in labels.items():
        if name in stored | trained:
            ab = torch.from_numpy((stored | trained)[name].astype(np.float32))
            rows[label] = color.to_uint8(picture(L, ab))
    figure = pictures.images(rows, width=8)
    (records.root() / f"{kind}.png").write_bytes(display.png(figure))
    return f"{kind}.png"


def _save_plot(found: list[dict]) -> str:
    points = results_table.perception_distortion(results_table.frame(found))
    _, axis = style.new(width=8.5, height=5.5)
    plots.points(points, xlabel="color variance not explained (less is better)",
                 ylabel="Fréchet distance (less is better)", ax=axis)
    path = records.root() / results_page.PLOT
    path.write_bytes(display.png(axis))
    return path.name
