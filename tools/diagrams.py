"""Diagrams of networks: boxes for tensors, arrows for layers.

    stages = [Stage(1, 32, "gray"), Stage(16, 32, by="convolution"), Stage(32, 16, by="pool")]
    figure = draw(stages)

A box is as high as its tensor has pixels and as wide as it has channels, both on a log scale.
`python -m tools diagrams` stores the diagrams of the course in notebooks/figures/, each as SVG and
as PNG: notebooks show the PNG, which every viewer draws; the pages take the SVG beside it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from torch.nn.functional import avg_pool2d

from colorlib import color, scribbles
from colorlib.colorizer import Colorizer, picture
from colorlib.data import cued_fruit, photos
from colorlib.experiments import records
from colorlib.notebook import scribble_page
from colorlib.notebook.display import png
from colorlib.notebook.pictures import images
from colorlib.notebook.plots import MARKERS
from colorlib.notebook.style import PALETTE, in_course_style, new
from colorlib.paths import CHECKPOINTS, project_root
from tools.results import NEIGHBORS

# Each kind of layer differs from the others in color and in its line, for readers who cannot tell
# the colors apart: (name in the legend, color, line).
LAYERS = {
    "convolution": ("3×3 convolutions", PALETTE[0], "-"),
    "single": ("3×3 convolution", PALETTE[0], "-"),
    "pool": ("max pool, 3×3 convolutions", PALETTE[1], (0, (5, 2))),
    "stride": ("4×4 convolution, stride 2", PALETTE[1], (0, (5, 2))),
    "patch": ("4×4 convolution, stride 1", PALETTE[0], "-"),
    "up": ("upsampling, 3×3 convolutions", PALETTE[2], (0, (1.5, 1.5))),
    "point": ("1×1 convolution", PALETTE[6], "-"),
    "halve": ("3×3 convolutions, stride 2", PALETTE[4], (0, (4, 1.5, 1, 1.5))),
    "dilated": ("six dilated 3×3 convolutions", PALETTE[3], (0, (1, 1))),
    "vgg": ("convolutions of VGG16, max pools", PALETTE[5], "-"),
    "stack": ("all tensors upsampled and stacked", PALETTE[2], (0, (1.5, 1.5))),
    "add": ("1×1 convolution, upsampling, add, 3×3 convolution", PALETTE[3], (0, (4, 1.5, 1, 1.5))),
    "fold": ("four pixels to the channels of one, and back", PALETTE[6], "-"),
    "unfold": ("1×1 convolution, channels to four pixels", PALETTE[6], "-"),
    "block": ("3×3 convolution and a block", PALETTE[0], "-"),
    "pool-block": ("mean of four pixels, block", PALETTE[1], (0, (5, 2))),
    "add-block": ("1×1 convolution, upsampling, add, block", PALETTE[2], (0, (1.5, 1.5))),
}
GAP = 0.9  # between two boxes
# Text stays text; the same diagram gives the same file.
SVG = {"svg.fonttype": "none", "svg.hashsalt": "course", "font.family": "sans-serif"}


@dataclass(frozen=True)
class Stage:
    """A tensor on its way through a network.

    channels, size   the tensor has the shape (N, channels, size, size)
    name             of an input or output, in words
    by               the kind of layer that makes it, a key of `LAYERS`; "" for the input
    """

    channels: int
    size: int
    name: str = ""
    by: str = ""


@in_course_style
def draw(
    stages: Sequence[Stage], skips: Sequence[tuple[int, int]] = (), width: float = 9.0,
    skip: str = "skip connection: concatenate"
) -> Figure:
    """Draw a network from left to right.

    skips   pairs of stages that a skip connection joins, by their positions in `stages`
    width   of the figure, in inches
    skip    what a skip connection does, in the legend
    """
    figure, ax = new(width=width, height=0.43 * width)
    shown = _network(ax, stages, skips, skip)
    figure.legend(list(shown.values()), list(shown), loc="outside lower center", ncols=2,
                  handlelength=3)
    return figure


def _network(
    ax: Axes, stages: Sequence[Stage], skips: Sequence[tuple[int, int]],
    skip: str = "skip connection: concatenate"
) -> dict[str, Line2D]:
    """Draw the boxes and arrows of one network; returns the lines that the legend explains."""
    boxes, x = [], 0.0
    for stage in stages:
        box = 0.16 + 0.1 * math.log2(stage.channels), 0.5 + 0.5 * math.log2(stage.size)
        ax.add_patch(Rectangle((x, -box[1] / 2), *box, fc="#E8EEF4", ec="black", lw=1.2))
        words = f"{stage.channels} ×\n{stage.size}×{stage.size}\n{stage.name}".rstrip()
        ax.text(x + box[0] / 2, -box[1] / 2 - 0.1, words, ha="center", va="top", fontsize=11)
        boxes.append((x, *box))
        x += box[0] + GAP
    shown = {}  # name in the legend: the line that stands for it
    for (left, w, _), (right, _, _), stage in zip(boxes, boxes[1:], stages[1:], strict=False):
        name, color, line = LAYERS[stage.by]
        shown[name] = _arrow(ax, left + w, right, 0.0, color, line, 2.2)
    heights: list[float] = []
    for start, end in skips:
        (left, w, h), right = boxes[start], boxes[end][0]
        # In the upper part of its two boxes, and so above all boxes between them; of two skips
        # between boxes of the same height, the second one is lower.
        heights.append(0.455 * h - 0.11 * heights.count(0.455 * h))
        line = _arrow(ax, left + w, right, heights[-1], "0.45", "-", 1.4)
        shown[skip] = line
    highest = max(h for _, _, h in boxes) / 2
    ax.set_xlim(-0.4, x - GAP + 0.4)
    ax.set_ylim(-highest - 1.1, highest + 0.15)
    ax.set_axis_off()
    return shown


def _arrow(
    ax: Axes, left: float, right: float, y: float, color: str, line: Any, width: float
) -> Line2D:
    # A line and a head of its own: the head of a dashed arrow would be dashed, too.
    ax.plot(right - 0.14, y, ">", color=color, ms=4.5 * width ** 0.7)
    return ax.plot([left + 0.06, right - 0.16], [y, y], color=color, ls=line, lw=width)[0]


def koo_cnn() -> Figure:
    """Koo's CNN of notebook 03, for 32x32 pixels (Koo 2016, section 3.1.1)."""
    # Every tensor has the size of the picture: nothing is pooled.
    wide = [Stage(32, 32, by="single"), Stage(32, 32, by="single"), Stage(64, 32, by="single"),
            Stage(32, 32, by="point")]
    return draw([Stage(1, 32, "gray"), *wide, Stage(2, 32, "ab", by="point")], width=8.0)


def unet() -> Figure:
    """The U-Net of notebook 03, for 32x32 pixels."""
    down = [Stage(16, 32, by="convolution"), Stage(32, 16, by="pool"), Stage(64, 8, by="pool"),
            Stage(128, 4, by="pool")]
    up = [Stage(64, 8, by="up"), Stage(32, 16, by="up"), Stage(16, 32, by="up")]
    stages = [Stage(1, 32, "gray"), *down, *up, Stage(2, 32, "ab", by="point")]
    return draw(stages, skips=[(1, 7), (2, 6), (3, 5)])


def patch_discriminator() -> Figure:
    """The PatchGAN discriminator with patches of 34x34 pixels, for 32x32 pixels."""
    strided = [Stage(64, 16, by="stride"), Stage(128, 8, by="stride")]
    last = [Stage(256, 7, by="patch"), Stage(1, 6, "logits", by="patch")]
    return draw([Stage(3, 32, "gray and ab"), *strided, *last], width=7.0)


def critic() -> Figure:
    """The small discriminator of notebook 05, for 32x32 pixels."""
    strided = [Stage(32, 16, by="stride"), Stage(64, 8, by="stride")]
    return draw([Stage(3, 32, "gray and ab"), *strided, Stage(1, 8, "logits", by="single")],
                width=6.5)


def denoising_unet() -> Figure:
    """The network of notebook 09, for 32x32 pixels."""
    down = [Stage(32, 16, by="block"), Stage(64, 8, by="pool-block"),
            Stage(96, 4, by="pool-block")]
    up = [Stage(64, 8, by="add-block"), Stage(32, 16, by="add-block")]
    stages = [Stage(3, 32, "gray, noisy ab"), Stage(12, 16, by="fold"), *down, *up,
              Stage(2, 32, "clean ab", by="fold")]
    return draw(stages, skips=[(2, 6), (3, 5)], skip="skip connection: add")


def hint_unet() -> Figure:
    """The network of notebook 08, for 32x32 pixels."""
    down = [Stage(16, 32, by="single"), Stage(32, 16, by="halve"), Stage(64, 8, by="pool"),
            Stage(128, 4, by="pool")]
    stages = [Stage(4, 32, "gray, hints"), *down, Stage(64, 8, by="add"), Stage(32, 16, by="add"),
              Stage(2, 32, "ab", by="unfold")]
    return draw(stages, skips=[(2, 6), (3, 5)], skip="skip connection: add")


@in_course_style
def dahl_networks() -> Figure:
    """The two networks of Dahl 2016 on VGG16, for 224x224 pixels, in notebook 07."""
    gray = Stage(3, 224, "gray, 3 times")
    vgg = [Stage(64, 224, by="vgg"), Stage(128, 112, by="vgg"), Stage(256, 56, by="vgg"),
           Stage(512, 28, by="vgg")]
    head = [Stage(963, 224, "columns", by="stack"), Stage(128, 224, by="single"),
            Stage(64, 224, by="single"), Stage(2, 224, "UV", by="single")]
    ups = [Stage(256, 56, by="add"), Stage(128, 112, by="add"), Stage(64, 224, by="add"),
           Stage(3, 224, by="add"), Stage(2, 224, "UV", by="single")]
    networks = {"hypercolumns": ([gray, *vgg, *head], [(0, 5), (1, 5), (2, 5), (3, 5)]),
                "residual encoder": ([gray, *vgg, *ups], [(3, 5), (2, 6), (0, 8), (1, 7)])}
    figure, axes = new(len(networks), 1, width=11.0, height=4.2 * len(networks))
    shown = {}
    for ax, (name, (stages, skips)) in zip(axes, networks.items(), strict=True):
        shown |= _network(ax, stages, skips, "tensor is used again")
        ax.set_title(name, loc="left")
    figure.legend(list(shown.values()), list(shown), loc="outside lower center", ncols=1,
                  handlelength=3)
    return figure


@in_course_style
def dorscheidt_networks() -> Figure:
    """The five networks of Dorscheidt et al. 2016, for 32x32 pixels, in notebook 04."""
    gray, top = Stage(1, 32, "gray"), Stage(16, 32, by="convolution")
    pools = [top, Stage(32, 16, by="pool"), Stage(64, 8, by="pool"), Stage(64, 4, by="pool")]
    ups = [Stage(64, 8, by="up"), Stage(32, 16, by="up"), Stage(16, 32, by="up")]
    strides = [top, Stage(32, 16, by="halve"), Stage(64, 8, by="halve"),
               Stage(64, 8, by="dilated")]
    odds = Stage(261, 32, "logits", by="point")
    vgg = [Stage(64, 64, by="vgg"), Stage(128, 32, by="vgg"), Stage(256, 16, by="vgg"),
           Stage(512, 8, by="vgg")]
    vgg_ups = [Stage(64, 16, by="up"), Stage(32, 32, by="up")]
    far = [(3, 5), (2, 6), (1, 7)]
    networks = {
        "compact regression": ([gray, *pools, *ups, Stage(2, 32, "ab", by="point")], far),
        "compact classifier": ([gray, *pools, *ups, odds], far),
        "dilated": ([gray, *strides, *ups[1:], odds], []),
        "dilated with concatenation": ([gray, *strides, *ups[1:], odds], [(2, 5), (1, 6)]),
        "classifier on VGG16": ([Stage(1, 64, "gray"), *vgg, *vgg_ups, odds], [(3, 5), (2, 6)]),
    }
    figure, axes = new(len(networks), 1, width=9.0, height=3.3 * len(networks))
    shown = {}
    for ax, (name, (stages, skips)) in zip(axes, networks.items(), strict=True):
        shown |= _network(ax, stages, skips)
        ax.set_title(name, loc="left")
    figure.legend(list(shown.values()), list(shown), loc="outside lower center", ncols=2,
                  handlelength=3)
    return figure


# Colorization beyond the course's sources: a problem of this course, and what was proposed for it,
# as (place on the axis, name). Before 2016 the axis is shortened: 2002 and 2004 stand at its left.
FIELD = {
    "one answer is an average": ((2016, "distributions"), (2017, "VAE"), (2021, "transformer"),
                                 (2022, "diffusion")),
    "it looks false": ((2017, "pix2pix"), (2019, "NoGAN"), (2021, "GAN prior")),
    "it must know what it sees": ((2016, "global features"), (2019, "NoGAN"),
                                  (2020, "instances")),
    "colors bleed": ((2020, "instances"), (2023, "color queries")),
    "the user knows better": ((2013, "example"), (2014, "scribbles"), (2017, "hints"),
                              (2023, "words")),
}
PLACES = {2013: "2002", 2014: "2004"} | {year: str(year) for year in range(2016, 2024)}


@in_course_style
def where_the_field_went() -> Figure:
    """What was proposed for the problems of this course, by year; for notebook 07."""
    figure, ax = new(width=10.0, height=4.6)
    for height, steps in enumerate(reversed(FIELD.values())):
        color, marker = PALETTE[height], MARKERS[height]
        ax.axhline(height, color="0.85", lw=1, zorder=0)
        ax.plot([year for year, _ in steps], [height] * len(steps), marker, color=color, ms=9)
        for year, name in steps:  # neighbors on two levels, so that their names have room
            above = year % 2
            ax.text(year, height + (0.2 if above else -0.2), name, ha="center",
                    va="bottom" if above else "top", fontsize=12)
    ax.set_yticks(range(len(FIELD)), list(reversed(FIELD)))
    ax.set_xticks(list(PLACES), list(PLACES.values()))
    ax.set_xlim(2012.2, 2023.9)
    ax.set_ylim(-0.6, len(FIELD) - 0.4)
    return figure


# The stored diagrams, by their file names.
DIAGRAMS: dict[str, Callable[[], Figure]] = {
    "koo-cnn": koo_cnn, "unet": unet, "patch-discriminator": patch_discriminator,
    "critic": critic, "denoising-unet": denoising_unet, "hint-unet": hint_unet,
    "dorscheidt-networks": dorscheidt_networks, "dahl-networks": dahl_networks,
    "where-the-field-went": where_the_field_went,
}


def six_apples() -> Figure:
    """The course's running example: six gray apples that may be red or green.

    They are the first ones of the test part, so no network of the course is trained on them.
    """
    apples = cued_fruit.paint("apples", 6, size=192, seed=1)
    return images(color.gray_from_lightness(apples.L), width=11.8)


def swapped_colors() -> Figure:
    """Two photographs, and below them the same with a and b exchanged."""
    pair = photos.load_photos("test", size=300, n=3).rgb()[[0, 2]]  # a cat and a flower
    lab = color.rgb_to_lab(pair)
    swapped = color.lab_to_rgb(torch.cat([lab[:, :1], lab[[1, 0], 1:]], dim=1))
    return images([pair, swapped], width=5.4)


def three_painters() -> Figure:
    """Six painted apples by three losses, from the results; for the first page of notebook 06."""
    apples = cued_fruit.truth_of("apples", "test", 6, 64, seed=0)
    with np.load(records.root() / "apples.npz") as stored:
        rows = [torch.from_numpy(stored[f"painted-{name}"].astype(np.float32))
                for name in ("squared-error", "absolute-error", "patch16")]
    L = color.lightness(apples.rgb)
    return images([picture(L, ab) for ab in rows], width=11.8)


def borrowed_eyes() -> Figure:
    """Gray pictures and the nearest ones by two measures, for the first page of notebook 07."""
    with np.load(records.root() / "neighbors.npz") as stored:
        gray, *rows = (torch.from_numpy(stored[name]) for name in NEIGHBORS)
    gray = color.gray_from_lightness(color.lightness(gray))
    return images([gray, *rows], width=11.8)


def scribbled_cup() -> Figure:
    """A photograph with scribbles, filled, and in its true colors; for notebook 08."""
    crops = photos.load_photos("train", size=256, n=8).pixels.float()
    rgb = avg_pool2d(crops[1:2], 2).round().byte()  # 1 3 128 128
    L = color.lightness(rgb)
    hints, mask = scribbles.draw(scribble_page.CUP, 128)
    drawn = picture(torch.where(mask, 65.0, L), torch.where(mask, hints, 0.0)[None])
    filled = picture(L, scribbles.fill(L[0], hints, mask)[None])
    return images([torch.cat([drawn, filled, rgb])], width=9)


def four_baskets() -> Figure:
    """Six painted apples, gray and by four rolls of a sampler; for notebook 09."""
    apples = cued_fruit.truth_of("apples", "test", 6, 32, seed=0)
    L = color.lightness(apples.rgb)
    sampler = Colorizer.load(CHECKPOINTS / "painted-sampler.safetensors")
    generator = torch.Generator().manual_seed(0)
    rolls = []
    for _ in range(4):
        noise = torch.randn(6, 2, 32, 32, generator=generator)
        with torch.no_grad():
            ab = sampler.target.scale * sampler.net.sample(sampler.target.inputs(L), noise)
        rolls.append(picture(L, ab))
    return images([color.gray_from_lightness(L), *rolls], width=11.8)


# Stored pictures, as PNG alone.
PICTURES: dict[str, Callable[[], Figure]] = {
    "six-apples": six_apples, "swapped-colors": swapped_colors,
    "three-painters": three_painters, "borrowed-eyes": borrowed_eyes,
    "four-baskets": four_baskets, "scribbled-cup": scribbled_cup,
}


def write(folder: Path | None = None) -> list[Path]:
    """Store every diagram in `folder` (notebooks/figures/); returns the files."""
    folder = folder or project_root() / "notebooks" / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, make in DIAGRAMS.items():
        drawn = make()
        files += [folder / f"{name}.svg", folder / f"{name}.png"]
        with rc_context(SVG):
            drawn.savefig(files[-2], format="svg", metadata={"Date": None, "Creator": None})
        files[-1].write_bytes(png(drawn, dpi=200))
    for name, make in PICTURES.items():
        files.append(folder / f"{name}.png")
        files[-1].write_bytes(png(make()))
    return files
