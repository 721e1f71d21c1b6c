"""Grids of pictures and color swatches."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from colorlib.notebook.style import DPI, LETTER_WIDTH, STYLE, new

GAP = 4  # pixels between two pictures of a grid
WIDEST_PICTURE = 260  # pixels, in a grid


def to_array(x: Any) -> np.ndarray:
    """Convert a tensor on any device, with or without gradient, or numbers to an array."""
    return x.detach().cpu().numpy() if isinstance(x, Tensor) else np.asarray(x)


def to_rgb(x: Any) -> np.ndarray:
    """Convert a picture to uint8 of shape (H, W, 3), or a batch to (N, H, W, 3).

    x   tensor or array (…, 3 or 1, H, W), (…, H, W, 3 or 1) or (H, W): uint8, bool, or floats
        in [0, 1], clipped if slightly outside; or a PIL image, or a list of these. A single
        channel becomes gray. ValueError for any other shape, type or range
    """
    if isinstance(x, Image.Image):
        return np.asarray(x.convert("RGB"))
    if isinstance(x, (list, tuple)):
        return np.stack([to_rgb(one) for one in x])
    a = to_array(x)
    if a.ndim == 2:
        a = a[None]
    if a.ndim not in (3, 4) or not ({1, 3} & {a.shape[-3], a.shape[-1]}):
        raise ValueError("expected a picture (3, H, W) or a batch (N, 3, H, W), with one channel "
                         f"for gray; got shape {a.shape}")
    if a.shape[-3] in (1, 3):
        a = np.moveaxis(a, -3, -1)  # (…, H, W, C)
    if a.dtype == bool:
        a = a.astype(np.uint8) * 255
    elif a.dtype != np.uint8:
        if not np.issubdtype(a.dtype, np.floating):
            raise ValueError(f"expected uint8, bool or floats in [0, 1]; got {a.dtype}")
        # Up to 2 may be a prediction outside the gamut; more is a picture in 0…255 as floats.
        if a.size and np.nanmax(a) > 2:
            raise ValueError(f"expected floats in [0, 1]; got values up to {np.nanmax(a):.4g}")
        a = np.round(np.clip(np.nan_to_num(a), 0, 1) * 255).astype(np.uint8)
    return np.repeat(a, 3, axis=-1) if a.shape[-1] == 1 else a


def image(ax: Axes, x: Any) -> Axes:
    """Draw one picture on an axis, without ticks and frame."""
    a = to_rgb(x)
    if a.ndim == 4:
        raise ValueError(f"expected one picture, got a batch of {len(a)}: use plots.images")
    # Small pictures keep sharp pixels; shrinking a large one that way would cause moiré.
    ax.imshow(a, interpolation="nearest" if max(a.shape) <= 128 else "auto")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax


def images(rows: Mapping[str, Any] | Sequence[Any] | Any, labels: Sequence[str] | None = None,
           titles: Sequence[str] | None = None, width: float = 7.0) -> Figure:
    """Draw rows of pictures: {"gray": batch, "truth": batch}, a list of batches, or one batch.

    rows     each a batch (N, 3 or 1, H, W), a list of pictures, or one picture; rows may differ
             in length
    labels   one for each row (a mapping has its own); for a single batch one for each picture
    titles   one for each column
    width    of the figure in inches, at most; small pictures are enlarged by a whole factor
    ValueError if the labels or titles do not fit the rows and columns.
    """
    if isinstance(rows, Mapping):
        labels, rows = list(rows), list(rows.values())
    elif not isinstance(rows, (list, tuple)):
        rows, titles, labels = [rows], titles or labels, None
    batches = [a if a.ndim == 4 else a[None] for a in map(to_rgb, rows)]  # each (N, H, W, 3)
    if labels is not None and len(labels) != len(batches):
        raise ValueError(f"{len(labels)} labels for {len(batches)} rows")
    columns = max(len(a) for a in batches)
    if titles is not None and len(titles) > columns:
        raise ValueError(f"{len(titles)} titles for {columns} columns")

    # All lengths are whole pixels, so that each pixel of a small picture becomes a square, all of
    # them of the same size. matplotlib's own layouts would place pictures at fractions of pixels.
    left = 16 + round(LETTER_WIDTH * _longest_line(labels)) if labels else 0
    room = min((round(width * DPI) - left) // columns - GAP, WIDEST_PICTURE)
    sizes = [_size_on_page(a.shape[1], a.shape[2], room) for a in batches]  # (height, width)
    cell = max(w for _, w in sizes) + GAP
    titles = [textwrap.fill(title, max(int(cell / LETTER_WIDTH), 6)) for title in titles or ()]
    top = max((10 + 19 * (title.count("\n") + 1) for title in titles), default=2)
    full_width, full_height = left + cell * columns, top + sum(h + GAP for h, _ in sizes)
    with rc_context(STYLE):
        figure = Figure(figsize=(full_width / DPI, full_height / DPI), dpi=DPI)
        y = full_height - top  # from the bottom, as matplotlib counts
        for row, (batch, (h, w)) in enumerate(zip(batches, sizes, strict=True)):
            y -= h
            for column, picture in enumerate(batch):
                x = left + column * cell + (cell - w) // 2
                box = (x / full_width, y / full_height, w / full_width, h / full_height)
                ax = image(figure.add_axes(box), picture)
                if row == 0 and column < len(titles):
                    ax.set_title(titles[column], fontsize=12, pad=4)
            if labels:
                middle = (left - 10) / full_width, (y + h / 2) / full_height
                figure.text(*middle, labels[row], ha="right", va="center", fontsize=12)
            y -= GAP
    return figure


def _size_on_page(height: int, width: int, room: int) -> tuple[int, int]:
    """Return height and width in pixels: enlarged by a whole factor, or shrunk to `room` wide."""
    if factor := room // width:
        return height * factor, width * factor
    return max(round(height * room / width), 1), room


def _longest_line(labels: Iterable[str]) -> int:
    """Return the number of letters in the longest line of the labels."""
    return max((len(line) for label in labels for line in label.split("\n")), default=0)


def swatches(*colors: Any, labels: Sequence[str] | None = None, size: float = 0.95) -> Figure:
    """Draw patches of plain color side by side, at most eight in a row.

    colors   each a color (3,), several (N, 3), a picture of colors (…, 3, H, W) such as
             color.swatch returns, or "#0072B2"; uint8 or floats in [0, 1]
    labels   one for each patch
    size     of a patch, in inches
    """
    patches = np.concatenate([to_patches(one) for one in colors])  # (N, 3)
    if labels is not None and len(labels) != len(patches):
        raise ValueError(f"{len(labels)} labels for {len(patches)} colors")
    labels = labels or [""] * len(patches)
    columns = min(8, len(patches))
    rows = -(-len(patches) // columns)  # rounded up
    label_height = 0.07 + 0.2 * max(label.count("\n") + bool(label) for label in labels)
    cell = max(size, LETTER_WIDTH / DPI * _longest_line(labels))
    figure, axes = new(rows, columns, cell * columns, (size + label_height) * rows, squeeze=False)
    for ax, patch, label in zip(axes.flat, patches, labels, strict=False):
        image(ax, np.broadcast_to(patch, (8, 8, 3)).copy())
        ax.set_xlabel(label, fontsize=12)
    for ax in axes.flat[len(patches) :]:
        ax.set_axis_off()
    return figure


def to_patches(colors: Any) -> np.ndarray:
    """Convert any form of colors that `swatches` takes to uint8 of shape (N, 3)."""
    if isinstance(colors, str):
        return np.array([[int(colors[i : i + 2], 16) for i in (1, 3, 5)]], np.uint8)
    a = to_array(colors)
    if a.ndim >= 3 and a.shape[-3] == 3:
        a = np.moveaxis(a, -3, -1)  # (…, H, W, 3)
    elif not a.ndim or a.shape[-1] != 3:
        raise ValueError(f"expected colors (3,), (N, 3) or (…, 3, H, W); got shape {a.shape}")
    return to_rgb(a.reshape(-1, 3).T[:, None, :])[0]  # (3, 1, N) -> (N, 3)
