"""Draw the pictures of the results page: a row of test images for each system, and the plot.

    python -m tools results

A row shows the first eight test images of CIFAR-10, none chosen, colored by the stored checkpoint
of a system. Without CIFAR-10 on this machine, nothing is drawn and the stored pictures stay.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from colorlib import color
from colorlib.colorizer import Colorizer, picture
from colorlib.data import datasets
from colorlib.evaluate import baseline
from colorlib.experiments import records, results_page, results_table
from colorlib.notebook import display, plots, style

SHOWN = 8  # images in a row
ENLARGED = 3  # side of a pixel of CIFAR-10
GAP = 4  # white pixels between two images
BASELINES = {name: kind for name, kind in records.BASELINES.items() if kind != "boosted"}


def draw(check: bool = False) -> list[str]:
    """Draw the pictures into results/pictures, then write the page; returns what was written.

    check   change nothing; returns the files of the page that do not agree with the records
    """
    found = records.read()
    if check:
        return results_page.outdated(found)
    folder = records.root() / results_page.PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    written = [_save_plot(found), *_save_rows(folder)]
    return [*written, *(path.name for path in results_page.write(found))]


def _save_rows(folder: Path) -> list[str]:
    try:
        train, test = (datasets.load_cifar10(split) for split in ("train", "test"))
    except datasets.DataUnavailable as error:
        return [f"the rows of pictures stay as they are: {error}"]
    rgb = test.pixels[:SHOWN]
    L = color.lightness(rgb)
    rows = {results_table.TRUTH: rgb}
    for name in results_table.SYSTEMS | results_table.CONTROLS:
        if (predict := _predictor(name, train)) is not None:
            rows[name] = color.to_uint8(picture(L, predict(L)))
    for name, row in rows.items():
        _strip(row).save(folder / f"{name}.png", optimize=True)
    return [f"{name}.png" for name in rows]


def _predictor(name: str, train) -> Callable[[Tensor], Tensor] | None:
    """A function from lightness to ab: a stored checkpoint's or a baseline's; None without one."""
    if name in BASELINES:
        return baseline(BASELINES[name], train, 0)
    # The longest training comes first, as in the table.
    paths = (records.checkpoint_folder() / f"{name}{of}.safetensors" for of in (".long", ""))
    checkpoint = next(filter(Path.exists, paths), None)
    return None if checkpoint is None else Colorizer.load(checkpoint).predict


def _strip(images: Tensor) -> Image.Image:
    """uint8 (N, 3, H, W) -> one enlarged row with white gaps."""
    large = images.repeat_interleave(ENLARGED, 2).repeat_interleave(ENLARGED, 3)
    gap = torch.full((len(large), 3, large.shape[2], GAP), 255, dtype=torch.uint8)
    row = torch.cat([large, gap], 3).permute(2, 0, 3, 1).flatten(1, 2)[:, :-GAP]  # H, N·(W+gap), 3
    return Image.fromarray(np.ascontiguousarray(row.numpy()))


def _save_plot(found: list[dict]) -> str:
    points = results_table.perception_distortion(results_table.frame(found))
    _, axis = style.new(width=8.5, height=5.5)
    plots.points(points, xlabel="color variance not explained (less is better)",
                 ylabel="Fréchet distance (less is better)", ax=axis)
    path = records.root() / results_page.PLOT
    path.write_bytes(display.png(axis))
    return path.name
