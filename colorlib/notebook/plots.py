"""Every figure of the course: this module draws lines, bars, points, trainings by seed and
dashboards, and collects what the modules for pictures, the ab plane and the page offer.

    figure = plots.images({"gray": gray, "network": colorized, "truth": rgb})
    plots.show(figure, alt="Eight test pictures: the network's colors are right but pale.")

Helpers take tensors on any device, arrays or PIL images, and return the figure or axis they drew.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from colorlib.notebook.ab_plane import ab_plane, scatter_ab
from colorlib.notebook.display import Live, png, show
from colorlib.notebook.pictures import image, images, swatches, to_array, to_rgb
from colorlib.notebook.style import LETTER_WIDTH, PALETTE, STYLE, in_course_style, new

__all__ = ["PALETTE", "STYLE", "Live", "ab_plane", "bars", "by_seed", "dashboard", "image",
           "images", "lines", "new", "png", "points", "scatter_ab", "show", "swatches", "to_rgb"]

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
TINY = 1e-6  # on a logarithmic axis, smaller values are drawn as zero


@in_course_style
def lines(series: Mapping[str, Any], x: Iterable[float] | None = None, xlabel: str = "",
          ylabel: str = "", ax: Axes | None = None, **keywords: Any) -> Axes:
    """Draw one line for each name: {"trained": [...], "mean": [...]}.

    series     a single number instead of a list becomes a dashed horizontal line
    x          shared by all lines; default 1, 2, 3, …
    keywords   passed on to Axes.plot
    """
    if ax is None:
        _, ax = new()
    x = None if x is None else np.asarray(list(x))
    for i, (name, values) in enumerate(series.items()):
        values, tint = to_array(values).astype(float), PALETTE[i % len(PALETTE)]
        if values.ndim == 0:
            ax.axhline(float(values), color=tint, ls="--", label=name)
            continue
        positions = np.arange(1, len(values) + 1) if x is None else x
        # Markers show that a short curve has few points; on a long one they would merge.
        style = {"marker": "o" if len(values) < 30 else None, "ms": 5} | keywords
        ax.plot(positions, values, color=tint, label=name, **style)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if len(series) > 1:
        ax.legend()
    return ax


@in_course_style
def bars(values: Mapping[str, float], ax: Axes | None = None, label: str = "",
         form: str = "{:.3g}") -> Axes:
    """Draw horizontal bars, the first on top, each with its number: {"gray": 1.02, "U-Net": 0.8}.

    label   of the horizontal axis
    form    how a number is written, as in str.format
    """
    if ax is None:
        _, ax = new(height=0.6 + 0.45 * len(values))
    names, lengths = list(values), [float(v) for v in values.values()]
    drawn = ax.barh(names, lengths, color=PALETTE[0], height=0.65)
    ax.bar_label(drawn, [form.format(v) for v in lengths], padding=4, fontsize=12)
    ax.margins(x=0.15)  # room for the numbers
    ax.invert_yaxis()
    ax.set_xlabel(label)
    ax.tick_params(left=False)
    return ax


@in_course_style
def points(groups: Mapping[str, Mapping[str, tuple[float, float]]], xlabel: str = "",
           ylabel: str = "", ax: Axes | None = None) -> Axes:
    """Draw points with their names beside them: {"GANs": {"PatchGAN": (0.93, 1.21)}, …}.

    Each group has its own color and marker. Names are placed where they cover the least; a thin
    line leads to each that does not stand left or right of its point.
    """
    if ax is None:
        _, ax = new(height=5.0)
    for i, (group, named) in enumerate(groups.items()):
        ax.scatter(*zip(*named.values(), strict=True), color=PALETTE[i % len(PALETTE)],
                   marker=MARKERS[i % len(MARKERS)], s=45, label=group)
    ax.margins(0.12)
    ax.autoscale_view()  # matplotlib would do this later, but transData must be right below
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if len(groups) > 1:
        ax.legend()
    named = [(name, at) for group in groups.values() for name, at in group.items()]
    occupied = [tuple(ax.transData.transform(at)) for _, at in named]
    for name, at in named:
        point, width = ax.transData.transform(at), 0.85 * LETTER_WIDTH * len(name)  # small letters
        dx, dy = _free_offset(*point, width, occupied, left_edge=ax.bbox.x0)
        x, y = point[0] + dx, point[1] + dy
        occupied += [(x + width * part, y) for part in (0.0, 0.25, 0.5, 0.75, 1.0)]
        part, side = (0, "left") if dx > 0 else (1, "right") if dx < -width else (0.5, "center")
        line = {"arrowstyle": "-", "color": "0.6", "lw": 0.8, "shrinkA": 0, "shrinkB": 3,
                "relpos": (part, 0.5)}
        # 0.72 converts pixels to typographic points at 100 dots per inch.
        ax.annotate(name, at, xytext=(0.72 * (dx + part * width), 0.72 * dy), ha=side, va="center",
                    textcoords="offset points", fontsize=11, arrowprops=line if dy else None)
    return ax


def _free_offset(x: float, y: float, width: float, occupied: Sequence[tuple[float, float]],
                 left_edge: float) -> tuple[float, float]:
    """Choose where to write a name next to its point (x, y); all lengths in pixels.

    Places near the point are tried first. The first that touches no occupied position wins, else
    the one that is least crowded; one that would run over the axis labels loses a full point.
    """
    near = [(10, 0), (-10 - width, 0), (-width / 2, 18), (-width / 2, -18)]
    offsets = near + [(side, up * step) for step in (16, 32, 48, 64) for up in (1, -1)
                      for side in (10, -10 - width)]

    def score(offset: tuple[float, float]) -> float:
        dx, dy = offset
        # Distance to an occupied position (u, v), in units in which 1 means just not touching.
        distances = [max(abs(x + dx + width / 2 - u) / (width / 2 + 8), abs(y + dy - v) / 15)
                     for u, v in occupied if (u, v) != (x, y)]
        return min(min(distances, default=9.0), 1.0) - (x + dx < left_edge)

    return max(offsets, key=score)  # of equal ones, max takes the first


@in_course_style
def by_seed(rows: Mapping[str, Mapping[str, Sequence[float]]],
            truth: Mapping[str, float] | None = None, columns: int = 2, width: float = 8.4,
            xlim: Mapping[str, tuple[float, float]] | None = None,
            means: Collection[str] | None = None) -> Figure:
    """Draw trainings of several seeds: a panel for each number, a row for each system.

    rows     {"PatchGAN": {"green, %": [99, 100, 98], ...}, ...}: a point for each seed, and a gray
             line from lowest to highest. NaN: a seed without this number
    truth    dashed lines, for the panels that have one: {"green, %": 80}
    columns  panels side by side
    width    in inches
    xlim     lowest and highest value of panels: {"green, %": (0, 100)}; the others: as needed
    means    panels with the mean at the right, where it says something; None: all

    ValueError if truth, xlim or means names a panel that the rows do not have.
    """
    titles = list(next(iter(rows.values())))
    if unknown := {*(truth or {}), *(xlim or {}), *(means or ())} - {*titles}:
        raise ValueError(f"no panel {', '.join(map(repr, sorted(unknown)))}: there are {titles}")
    lines_of_panels = -(-len(titles) // columns)  # rounded up
    figure, axes = new(lines_of_panels, columns, width, lines_of_panels * (0.7 + 0.3 * len(rows)),
                       sharey=True, squeeze=False)
    for ax, title in zip(axes.flat, titles, strict=False):
        ax.set_title(title, fontsize=12)
        if title in (truth or {}):
            ax.axvline(truth[title], color="0.5", ls="--", lw=1.2)
        for height, of_row in enumerate(rows.values()):
            known = np.array([value for value in of_row[title] if value == value], float)
            if len(known):
                ax.plot([known.min(), known.max()], [height, height], color="0.8", lw=4, zorder=1)
                ax.plot(known, [height] * len(known), "o", color=PALETTE[0], ms=5, alpha=0.7)
            if means is not None and title not in means:
                continue
            mean = f"{known.mean():.3g}" if len(known) else "–"
            ax.annotate(mean, (1.02, height), xycoords=("axes fraction", "data"), va="center",
                        fontsize=11, color="0.3", annotation_clip=False)
        ax.margins(x=0.08)
        if title in (xlim or {}):
            ax.set_xlim(*xlim[title])
    axes[0, 0].set_yticks(range(len(rows)), list(rows))
    axes[0, 0].set_ylim(len(rows) - 0.5, -0.5)  # the first row on top
    for ax in axes.flat[len(titles) :]:
        ax.set_axis_off()
    return figure


@in_course_style
def dashboard(runs: Mapping[str, Sequence[Mapping[str, Any]]], panels: Mapping[str, str],
              logarithmic: Sequence[str] = (), levels: Mapping[str, float] | None = None,
              shares: Sequence[str] = ()) -> Figure:
    """Draw how numbers changed during trainings: one panel for each number, one line for each run.

    runs          {"Koo's GAN": history.watched}: dicts with "step" and the numbers
    panels        the numbers' names and their titles: {"chroma_ratio": "chroma ratio"}
    logarithmic   names of numbers on a logarithmic scale, where zeros and values below a millionth
                  are triangles at the bottom
    levels        dashed horizontal lines: {"chroma_ratio": 1.0}
    shares        names of numbers that are shares: their axis runs from 0 to 1
    """
    columns = 2 if len(panels) > 1 else 1
    rows = -(-len(panels) // columns)  # rounded up
    figure, axes = new(rows, columns, width=8.4, height=0.4 + 2.1 * rows, squeeze=False)
    for ax, (key, title) in zip(axes.flat, panels.items(), strict=False):
        _draw_panel(ax, runs, key, smallest=TINY if key in logarithmic else -np.inf)
        if key in (levels or {}):
            ax.axhline(levels[key], color="0.5", ls="--", lw=1.2)
        if key in logarithmic:
            ax.set_yscale("log")
        if key in shares:
            ax.set_ylim(-0.05, 1.05)  # a line at 0 or 1 must not lie on the frame
        ax.set_title(title, fontsize=12)
        ax.xaxis.get_major_locator().set_params(integer=True)
    for ax in axes.flat[len(panels) :]:
        ax.set_axis_off()
    for ax in axes[-1]:
        ax.set_xlabel("step")
    if len(runs) > 1:
        axes[0, 0].legend(fontsize=11)
    return figure


def _draw_panel(ax: Axes, runs: Mapping[str, Sequence[Mapping[str, Any]]], key: str,
                smallest: float) -> None:
    """Draw one number of all runs; values below `smallest` become triangles at the bottom."""
    values = [one[key] for watched in runs.values() for one in watched]
    bottom = 0.01 * min((v for v in values if v >= smallest), default=1.0)
    for i, (name, watched) in enumerate(runs.items()):
        seen = [(one["step"], one[key]) for one in watched if not one[key] < smallest]  # or NaN
        zeros = [one["step"] for one in watched if one[key] < smallest]
        ax.plot([step for step, _ in seen], [value for _, value in seen], color=PALETTE[i],
                label=name, marker="o" if len(seen) < 30 else None, ms=4)
        if zeros:
            ax.plot(zeros, [bottom] * len(zeros), ls="", color=PALETTE[i], marker="v", ms=5)
