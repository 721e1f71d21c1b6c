"""Pictures and plots of the course, each shown with an alt text that stays in the notebook.

    fig = figures.images({"gray": gray, "network": colorized, "truth": rgb})
    figures.show(fig, alt="Eight test pictures: the network's colors are right but pale.")

Every helper takes tensors (any device), arrays or PIL pictures, and returns the figure or the axis it drew on.
Colors of lines and bars are those of Okabe and Ito, told apart by color-blind readers; type is large enough
for a page 400 pixels wide. Nothing here trains, and nothing that trains draws.
"""

from __future__ import annotations

import io
import math
import textwrap
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np
import torch
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from PIL import Image
from torch import Tensor

from colorlib import color

__all__ = [
    "PALETTE", "STYLE", "Live", "ab_plane", "bars", "dashboard", "image", "images", "lines", "loss_history", "new",
    "png", "points", "scatter_ab", "show", "swatches", "to_rgb",
]  # fmt: skip

P, R = ParamSpec("P"), TypeVar("R")

# Okabe and Ito 2008, yellow last because it is faint on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
STYLE = {
    "font.size": 13, "axes.titlesize": 14, "axes.labelsize": 13, "xtick.labelsize": 12, "ytick.labelsize": 12,
    "legend.fontsize": 12, "legend.frameon": False, "lines.linewidth": 2.2, "axes.spines.top": False,
    "axes.spines.right": False, "figure.dpi": 100, "savefig.dpi": 100, "figure.facecolor": "white",
}  # fmt: skip
DPI = 100
LETTER = 10.5  # pixels of a label's letter, on average
SHORTEST_ALT = 15  # characters
LARGEST_PNG = 350_000  # bytes; above it a picture is reduced to a palette of 256 colors


def new(
    rows: int = 1, columns: int = 1, width: float = 7.0, height: float = 4.0, **keywords: Any
) -> tuple[Figure, Any]:
    """A figure and its axes in the course's style, as plt.subplots returns them; width and height in inches."""
    with rc_context(STYLE):
        figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
        return figure, figure.subplots(rows, columns, **keywords)


def _styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Draw in the course's style, whatever the notebook has set."""

    @wraps(draw)
    def styled(*args: P.args, **keywords: P.kwargs) -> R:
        with rc_context(STYLE):
            return draw(*args, **keywords)

    return styled


# ---------------------------------------------------------------------------------------------------- pictures


def to_rgb(x: Any) -> np.ndarray:
    """Any picture as uint8, (H, W, 3) or, for a batch, (N, H, W, 3).

    x   tensor or array (…, 3 or 1, H, W) or (…, H, W, 3 or 1) or (H, W); uint8, bool, or floats in [0, 1]
        (values slightly outside are clipped); or a PIL picture. One channel becomes gray.
    """
    if isinstance(x, Image.Image):
        return np.asarray(x.convert("RGB"))
    if isinstance(x, (list, tuple)):
        return np.stack([to_rgb(one) for one in x])
    a = x.detach().cpu().numpy() if isinstance(x, Tensor) else np.asarray(x)
    if a.ndim == 2:
        a = a[None]
    if a.ndim not in (3, 4) or not ({1, 3} & {a.shape[-3], a.shape[-1]}):
        raise ValueError(f"expected a picture (3, H, W) or (N, 3, H, W), one channel for gray, got shape {a.shape}")
    if a.shape[-3] in (1, 3):
        a = np.moveaxis(a, -3, -1)  # … H W C
    if a.dtype == bool:
        a = a.astype(np.uint8) * 255
    elif a.dtype != np.uint8:
        if not np.issubdtype(a.dtype, np.floating):
            raise ValueError(f"expected uint8, bool or floats in [0, 1], got {a.dtype}")
        if a.size and np.nanmax(a) > 2:
            raise ValueError(f"expected floats in [0, 1], got values up to {np.nanmax(a):.4g}")
        a = np.round(np.clip(np.nan_to_num(a), 0, 1) * 255).astype(np.uint8)
    return np.repeat(a, 3, axis=-1) if a.shape[-1] == 1 else a


def image(ax: Axes, x: Any, title: str | None = None) -> Axes:
    """One picture on an axis, without ticks; up to 128 pixels by nearest neighbor."""
    a = to_rgb(x)
    if a.ndim == 4:
        if len(a) != 1:
            raise ValueError(f"expected one picture, got a batch of {len(a)}; figures.images shows many")
        a = a[0]
    ax.imshow(a, interpolation="nearest" if max(a.shape) <= 128 else "auto")
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)
    if title:
        ax.set_title(title)
    return ax


def images(
    rows: Mapping[str, Any] | Sequence[Any] | Any,
    labels: Sequence[str] | None = None,
    titles: Sequence[str] | None = None,
    width: float = 7.0,
) -> Figure:
    """Rows of pictures: {"gray": batch, "truth": batch}, or a list of batches with labels, or one batch.

    rows     each a batch (N, 3 or 1, H, W), a list of pictures, or one picture; rows may differ in length
    labels   one a row (a mapping brings its own); for one batch: one a picture, as titles
    titles   one a column
    width    of the figure in inches, at most; small pictures are enlarged by a whole factor, nearest neighbor
    """
    if isinstance(rows, Mapping):
        labels, rows = list(rows), list(rows.values())
    elif not isinstance(rows, (list, tuple)):
        rows, titles, labels = [rows], titles or labels, None
    batches = [a if a.ndim == 4 else a[None] for a in map(to_rgb, rows)]  # each N H W 3
    if labels is not None and len(labels) != len(batches):
        raise ValueError(f"{len(labels)} labels for {len(batches)} rows")
    columns = max(len(a) for a in batches)
    if titles is not None and len(titles) > columns:
        raise ValueError(f"{len(titles)} titles for {columns} columns")

    # All lengths in whole pixels, so that every pixel of a small picture becomes a square of the same size.
    gap, left = 4, 16 + round(LETTER * _longest(labels)) if labels else 0
    room = min((round(width * DPI) - left) // columns - gap, 260)
    sizes = [_enlarged(a.shape[1], a.shape[2], room) for a in batches]  # height, width
    cell = max(w for _, w in sizes) + gap
    titles = [textwrap.fill(title, max(int(cell / LETTER), 6)) for title in titles or ()]
    top = max((10 + 19 * (title.count("\n") + 1) for title in titles), default=2)
    full, total = left + cell * columns, top + sum(h + gap for h, _ in sizes)
    with rc_context(STYLE):
        figure = Figure(figsize=(full / DPI, total / DPI), dpi=DPI)
        y = total - top
        for row, (batch, (high, wide)) in enumerate(zip(batches, sizes, strict=True)):
            y -= high
            for column, picture in enumerate(batch):
                x = left + column * cell + (cell - wide) // 2
                ax = image(figure.add_axes((x / full, y / total, wide / full, high / total)), picture)
                if row == 0 and column < len(titles):
                    ax.set_title(titles[column], fontsize=12, pad=4)
            if labels:
                where = ((left - 10) / full, (y + high / 2) / total)
                figure.text(*where, labels[row], ha="right", va="center", fontsize=12)
            y -= gap
    return figure


def _enlarged(height: int, width: int, room: int) -> tuple[int, int]:
    """Height and width on the page, for at most `room` pixels of width: enlarged by a whole factor, or shrunk to it."""
    factor = room // width
    return (height * factor, width * factor) if factor else (max(round(height * room / width), 1), room)


def _longest(labels: Iterable[str]) -> int:
    """Letters of the longest line."""
    return max((len(line) for label in labels for line in label.split("\n")), default=0)


def swatches(*colors: Any, labels: Sequence[str] | None = None, columns: int = 8, size: float = 0.95) -> Figure:
    """Patches of plain color, side by side, `columns` a line.

    colors   each a color (3,), several (N, 3), a picture of colors (…, 3, H, W) as color.swatch makes, or "#0072B2";
             uint8 or floats in [0, 1]
    labels   one a patch
    """
    patches = [patch for one in colors for patch in _patches(one)]
    if labels is not None and len(labels) != len(patches):
        raise ValueError(f"{len(labels)} labels for {len(patches)} colors")
    columns = min(columns, len(patches))
    lines_ = -(-len(patches) // columns)
    tall = 0.07 + 0.2 * max((label.count("\n") + 1 for label in labels or ()), default=0)
    wide = max(size, LETTER / DPI * _longest(labels or ()))
    figure, axes = new(lines_, columns, wide * columns, (size + tall) * lines_, squeeze=False)
    for ax, patch in zip(axes.flat, patches, strict=False):
        image(ax, np.broadcast_to(patch, (8, 8, 3)).copy())
    for ax in axes.flat[len(patches) :]:
        ax.set_axis_off()
    for ax, label in zip(axes.flat, labels or (), strict=False):
        ax.set_xlabel(label, fontsize=12)
    return figure


def _patches(colors: Any) -> np.ndarray:
    """(N, 3) uint8 from any of the forms that `swatches` takes."""
    if isinstance(colors, str):
        return np.array([[int(colors[i : i + 2], 16) for i in (1, 3, 5)]], np.uint8)
    a = colors.detach().cpu().numpy() if isinstance(colors, Tensor) else np.asarray(colors)
    if a.ndim >= 3 and a.shape[-3] == 3:  # … 3 H W -> N 3
        a = np.moveaxis(a, -3, -1).reshape(-1, 3)
    elif a.ndim and a.shape[-1] == 3:
        a = a.reshape(-1, 3)
    else:
        raise ValueError(f"expected colors (3,), (N, 3) or (…, 3, H, W), got shape {a.shape}")
    return to_rgb(a.T[:, None, :])[0]  # 3 1 N -> N 3


# --------------------------------------------------------------------------------------------------- ab plane

AB_LIMIT = 110  # the sRGB gamut lies within ±110 in a and b


@lru_cache(maxsize=8)
def _gamut(lightness: float | None) -> tuple[np.ndarray, np.ndarray]:
    """The ab plane's colors, K×K×3 (rows: b upwards), and how far inside the sRGB gamut each ab is (outside: < 0).

    lightness   one L: its slice of the gamut; None: every third L, each ab drawn at the middle of the L it can have
    """
    levels = torch.arange(2, 99, 3.0) if lightness is None else torch.tensor([float(lightness)])
    axis = torch.arange(-AB_LIMIT, AB_LIMIT + 1, 4.0 if lightness is None else 1.0)
    L, b, a = torch.meshgrid(levels, axis, axis, indexing="ij")  # N K K
    rgb = color.lab_to_rgb(torch.stack([L, a, b], dim=1), clip=False)  # N 3 K K
    margin = torch.minimum(rgb.amin(1), 1 - rgb.amax(1))  # N K K
    inside = (margin >= 0).float()
    nearest = levels[margin.argmax(0)]  # K K, for ab that no color has: clipped there it is the least wrong
    middle = torch.where(inside.sum(0) > 0, (inside * L).sum(0) / inside.sum(0).clamp(min=1), nearest)
    return color.lab_to_rgb(torch.stack([middle, a[0], b[0]])).permute(1, 2, 0).numpy(), margin.amax(0).numpy()


@lru_cache(maxsize=1)
def _outline() -> np.ndarray:
    """(P, 2) the shadow of the sRGB gamut on the ab plane: red, yellow, green, cyan, blue, magenta, red."""
    corners = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1], [1, 0, 0]]).float()
    steps = torch.linspace(0, 1, 33)[:-1, None, None]
    loop = (corners[:-1] + steps * (corners[1:] - corners[:-1])).transpose(0, 1).reshape(-1, 3)
    return color.rgb_to_lab(loop.T[:, None])[1:, 0].T.numpy()  # P 2


@_styled
def ab_plane(ax: Axes | None = None, gamut: bool = True, lightness: float | None = None, alpha: float = 0.55) -> Axes:
    """The ab plane with the colors that a screen can show and the outline of the sRGB gamut.

    ax          None: a new figure (`figures.show` takes the axis)
    gamut       draw the colors; else only the outline
    lightness   L in 0…100: that slice of the gamut; None: the shadow of the whole solid
    """
    if ax is None:
        _, ax = new(width=5.4, height=5.0)
    rgb, margin = _gamut(lightness)
    extent = (-AB_LIMIT, AB_LIMIT, -AB_LIMIT, AB_LIMIT)
    if lightness is None:
        edge = Path(_outline(), closed=True)
        ax.add_patch(PathPatch(edge, fill=False, edgecolor="0.35", linewidth=1.2, zorder=1))
    else:
        style = dict(colors="0.35", linewidths=1.2, zorder=1)
        edge = ax.contour(margin, levels=[0.0], origin="lower", extent=extent, **style).get_paths()[0]
    if gamut:
        plane = ax.imshow(rgb, origin="lower", extent=extent, alpha=alpha, interpolation="bilinear", zorder=0)
        plane.set_clip_path(edge, transform=ax.transData)
    ax.axhline(0, color="0.6", lw=0.8, zorder=1)
    ax.axvline(0, color="0.6", lw=0.8, zorder=1)
    ax.set(xlim=(-AB_LIMIT, AB_LIMIT), ylim=(-AB_LIMIT, AB_LIMIT), aspect="equal")
    ax.set_xlabel("a: green to red")
    ax.set_ylabel("b: blue to yellow")
    ax.set_xticks(range(-100, 101, 50))
    ax.set_yticks(range(-100, 101, 50))
    return ax


def scatter_ab(
    ax: Axes, ab: Any, colors: Any = None, label: str | None = None, size: float = 14, **keywords: Any
) -> Axes:
    """Points on an ab plane.

    ab       (P, 2), (2, H, W) or (N, 2, H, W), Lab units
    colors   a color for all of them, or (P, 3) RGB, one each
    """
    points = ab.detach().cpu().numpy() if isinstance(ab, Tensor) else np.asarray(ab)
    if points.ndim >= 3 and points.shape[-3] == 2:
        points = np.moveaxis(points, -3, -1)
    points = points.reshape(-1, 2)
    if colors is not None and not isinstance(colors, str):
        colors = _patches(colors) / 255
    ax.scatter(points[:, 0], points[:, 1], s=size, c=colors, label=label, **{"linewidths": 0, "zorder": 3} | keywords)
    return ax


# ------------------------------------------------------------------------------------------------------ plots


@_styled
def lines(
    series: Mapping[str, Any],
    x: Iterable[float] | None = None,
    xlabel: str = "",
    ylabel: str = "",
    ax: Axes | None = None,
    **keywords: Any,
) -> Axes:
    """One line a name: {"trained": [...], "mean": [...]}; a single number becomes a dashed level.

    x   shared by all lines; default 1, 2, 3, …
    """
    if ax is None:
        _, ax = new()
    x = None if x is None else np.asarray(list(x))
    for i, (name, values) in enumerate(series.items()):
        values = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values, float)
        tint = PALETTE[i % len(PALETTE)]
        if values.ndim == 0:
            ax.axhline(float(values), color=tint, ls="--", label=name)
            continue
        at = np.arange(1, len(values) + 1) if x is None else x
        ax.plot(at, values, color=tint, label=name, **{"marker": "o" if len(values) < 30 else None, "ms": 5} | keywords)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if len(series) > 1:
        ax.legend()
    return ax


@_styled
def points(
    groups: Mapping[str, Mapping[str, tuple[float, float]]],
    xlabel: str = "",
    ylabel: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Points with their names beside them, a color and a mark each group: {"GANs": {"P2": (0.93, 1.21)}, …}."""
    if ax is None:
        _, ax = new(height=5.0)
    marks = ("o", "s", "^", "D", "v", "P", "X", "*")
    for i, (group, named) in enumerate(groups.items()):
        at = zip(*named.values(), strict=True)
        ax.scatter(*at, color=PALETTE[i % len(PALETTE)], marker=marks[i % len(marks)], s=45, label=group)
    ax.margins(0.12)
    ax.autoscale_view()                                                     # transData is used below
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if len(groups) > 1:
        ax.legend()
    every = [(name, at) for named in groups.values() for name, at in named.items()]
    taken = [tuple(ax.transData.transform(at)) for _, at in every]          # where no name should be
    for name, at in every:
        x, y = ax.transData.transform(at)
        wide = LETTER * len(name)
        sides = [(10, 0), (-10 - wide, 0), (-wide / 2, 18), (-wide / 2, -18), (8, 16), (8, -16), (-8 - wide, 16),
                 (-8 - wide, -16), (10, 32), (10, -32)]
        free = [min([max(abs(x + dx + wide / 2 - u) / (wide / 2 + 8), abs(y + dy - v) / 15) for u, v in taken
                     if (u, v) != (x, y)], default=9.0) for dx, dy in sides]    # above 1: nothing is touched
        cut = [x + dx < ax.bbox.x0 for dx, _ in sides]                      # over the axis and what is written there
        dx, dy = sides[max(range(len(sides)), key=lambda i: (min(free[i], 1.0) - cut[i], -i))]   # noqa: B023
        taken += [(x + dx + wide * part, y + dy) for part in (0.0, 0.5, 1.0)]
        ax.annotate(name, at, xytext=(0.72 * dx, 0.72 * dy), textcoords="offset points", va="center", fontsize=11)
    return ax


@_styled
def loss_history(
    histories: Mapping[str, Any], key: str = "loss", ax: Axes | None = None, ylabel: str | None = None
) -> Axes:
    """Loss against epoch, a line a training: {"K1": history, "N1": history, "training mean": 0.0071}.

    Each value is a History (its .epochs hold dicts), a list of such dicts, a list of numbers, or one number.
    """
    series = {name: _losses(value, key) for name, value in histories.items()}
    ax = lines(series, xlabel="epoch", ylabel=ylabel or key.replace("_", " "), ax=ax)
    ax.set_ylim(bottom=0)
    ax.xaxis.get_major_locator().set_params(integer=True)
    return ax


@_styled
def dashboard(
    games: Mapping[str, Sequence[Mapping[str, Any]]],
    panels: Mapping[str, str],
    logarithmic: Sequence[str] = (),
    levels: Mapping[str, float] | None = None,
    shares: Sequence[str] = (),
) -> Figure:
    """What was watched over trainings, a small panel each number and a line each game: {"K3": history.watched}.

    panels        names of the numbers, and their titles: {"chroma_ratio": "chroma ratio"}
    logarithmic   those on a logarithmic scale; a zero, and what is below a millionth, is a triangle at the foot
    levels        a dashed level in a panel: {"chroma_ratio": 1.0}
    shares        those that are shares: their axis shows 0 to 1 whatever came
    """
    columns = 2 if len(panels) > 1 else 1
    rows = -(-len(panels) // columns)
    figure, axes = new(rows, columns, width=8.4, height=0.4 + 2.1 * rows, squeeze=False)
    for ax, (key, title) in zip(axes.flat, panels.items(), strict=False):
        drawn = [w[key] for watched in games.values() for w in watched if w[key] >= 1e-6 or key not in logarithmic]
        foot = 0.01 * min(drawn, default=1.0)
        for i, (name, watched) in enumerate(games.items()):
            zero = [w["step"] for w in watched if key in logarithmic and w[key] < 1e-6]
            seen = [(w["step"], w[key]) for w in watched if w["step"] not in zero]
            marker = "o" if len(seen) < 30 else None
            ax.plot([step for step, _ in seen], [v for _, v in seen], color=PALETTE[i], label=name, marker=marker, ms=4)
            if zero:
                ax.plot(zero, [foot] * len(zero), ls="", color=PALETTE[i], marker="v", ms=5)
        if key in (levels or {}):
            ax.axhline(levels[key], color="0.5", ls="--", lw=1.2)
        if key in logarithmic:
            ax.set_yscale("log")
        if key in shares:
            ax.set_ylim(-0.05, 1.05)
        ax.set_title(title, fontsize=12)
        ax.xaxis.get_major_locator().set_params(integer=True)
    for ax in axes.flat[len(panels):]:
        ax.set_axis_off()
    for ax in axes[-1]:
        ax.set_xlabel("step")
    if len(games) > 1:
        axes[0, 0].legend(fontsize=11)
    return figure


def _losses(history: Any, key: str) -> Any:
    epochs = getattr(history, "epochs", history)
    if isinstance(epochs, (int, float)) or (isinstance(epochs, Tensor) and epochs.dim() == 0):
        return float(epochs)
    return [float(one[key]) if isinstance(one, Mapping) else float(one) for one in epochs]


@_styled
def bars(
    values: Mapping[str, float],
    ax: Axes | None = None,
    label: str = "",
    colors: Sequence[str] | str | None = None,
    form: str = "{:.3g}",
) -> Axes:
    """Horizontal bars, the first on top, each with its number: {"gray": 1.02, "training mean": 1.0, "K1": 0.86}."""
    if ax is None:
        _, ax = new(height=0.6 + 0.45 * len(values))
    names, lengths = list(values), [float(v) for v in values.values()]
    drawn = ax.barh(names, lengths, color=colors or PALETTE[0], height=0.65)
    ax.bar_label(drawn, [form.format(v) for v in lengths], padding=4, fontsize=12)
    ax.margins(x=0.15)
    ax.invert_yaxis()
    ax.set_xlabel(label)
    ax.tick_params(left=False)
    return ax


# ------------------------------------------------------------------------------------------------------- show


def png(figure: Figure | Axes | Any, dpi: int = DPI) -> bytes:
    """A figure, axis or picture as PNG, without an alpha channel; above LARGEST_PNG with a palette of 256 colors."""
    if isinstance(figure, Axes):
        figure = figure.figure
    if isinstance(figure, Figure):
        buffer = io.BytesIO()
        with rc_context(STYLE):
            figure.savefig(buffer, format="png", dpi=dpi, facecolor="white", metadata={"Software": None})
        picture = Image.open(buffer).convert("RGB")
    else:
        picture = Image.fromarray(to_rgb(figure))
    data = _encoded(picture)
    if len(data) > LARGEST_PNG:
        data = _encoded(picture.quantize(256, dither=Image.Dither.FLOYDSTEINBERG))
    return data


def _encoded(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


class Live:
    """A picture that is drawn anew while something runs: `view` is the widget.

    seconds   at least so long between two drawings, since a drawing takes time too
    """

    def __init__(self, seconds: float = 3.0):
        from ipywidgets import Image as View

        self.view, self.seconds, self._last = View(format="png"), seconds, -math.inf

    def draw(self, figure: Callable[[], Figure | Axes]) -> None:
        """Show what `figure()` returns, if the last drawing is long enough ago."""
        if time.monotonic() - self._last >= self.seconds:
            self.view.value = png(figure())
            self._last = time.monotonic()


def show(figure: Figure | Axes | Any, alt: str, dpi: int = DPI) -> None:
    """Show a figure (or axis, or picture) in the notebook and close it.

    alt   what a reader who does not see the picture must know; at least 15 characters, else ValueError.
          It is stored with the output: nbconvert and JupyterLab take it from the metadata, and the text form
          of the output is the alt text.
    """
    text = " ".join(str(alt).split())
    if len(text) < SHORTEST_ALT:
        raise ValueError(f"the alt text must say what is seen, in at least {SHORTEST_ALT} characters; got {alt!r}")
    bundle = {"image/png": png(figure, dpi), "text/plain": text}
    _close(figure)
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:  # a plain script: say what would be seen
        print(f"[figure] {text}")
        return
    import base64

    bundle["image/png"] = base64.b64encode(bundle["image/png"]).decode()
    display(bundle, raw=True, metadata={"image/png": {"alt": text}})


def _close(figure: Any) -> None:
    """Close it in pyplot, if that made it, so that the notebook does not show it a second time."""
    if isinstance(figure, Axes):
        figure = figure.figure
    if isinstance(figure, Figure):
        import sys

        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close(figure)
