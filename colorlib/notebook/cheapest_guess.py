"""Guess one color for all apples: a game with a bill, and a slider for the share of green apples.

    cheapest_guess.play("apples", seed=0)                # place a guess, reveal twenty apples
    cheapest_guess.bill(colors, guess=(57, 26))          # the same as a figure that stands still
    cheapest_guess.move_share("apples")                  # a slider for the share of green apples
    cheapest_guess.shares("apples", [0.1, 0.5, 0.9])     # the same as a figure

"plums" are blue and yellow, for readers who cannot tell red from green.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from ipywidgets import Button, FloatSlider, HBox, Image, IntSlider, ToggleButtons, VBox
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from colorlib import color
from colorlib.data import cued_fruit
from colorlib.data.painted_fruit import ColorDistribution
from colorlib.notebook.ab_plane import ab_plane, scatter_ab
from colorlib.notebook.display import png
from colorlib.notebook.pictures import image
from colorlib.notebook.style import PALETTE, in_course_style, new

LIMIT = 80  # of the plane that is shown, in Lab units
MEAN, MEDIAN = {"marker": "X", "color": PALETTE[0]}, {"marker": "s", "color": PALETTE[1]}


def play(kind: str = "apples", seed: int = 0) -> VBox:
    """Show the game: two sliders place a guess, a button reveals fruit, and the bill grows."""
    return GuessingGame(kind, seed).view


class GuessingGame:
    """One reader's rounds; every round has twenty new fruits."""

    COUNT = 20

    def __init__(self, kind: str, seed: int):
        self.kind, self.seed, self.round, self.bills = kind, seed, 0, []
        self.a, self.b = (IntSlider(0, -LIMIT, LIMIT, 5, description=name) for name in "ab")
        self.next = Button(description="next apple" if kind == "apples" else "next plum")
        self.all, self.again = Button(description="all twenty"), Button(description="new guess")
        self.picture = Image(format="png")
        self.view = VBox([HBox([self.a, self.b]), HBox([self.next, self.all, self.again]),
                          self.picture])
        for slider in (self.a, self.b):
            slider.observe(lambda change: self.draw(), "value")
        self.next.on_click(lambda button: self.reveal(1))
        self.all.on_click(lambda button: self.reveal(self.COUNT))
        self.again.on_click(lambda button: self.start())
        self.start()

    def start(self) -> None:
        """Begin a round with other fruit; the guess may move until the first one is revealed."""
        self.round, self.revealed = self.round + 1, 0
        seed = 1000 * self.seed + self.round
        self.colors = cued_fruit.paint(self.kind, self.COUNT, size=16, seed=seed).color
        self.draw()

    def reveal(self, count: int) -> None:
        """Reveal some more fruit; a finished round adds its bill to the list."""
        before = self.revealed
        self.revealed = min(before + count, self.COUNT)
        if before < self.revealed == self.COUNT:
            cost = float(costs(self.colors, self.guess).mean())
            self.bills.append(f"a {self.guess[0]}, b {self.guess[1]}: {cost:,.0f}")
        self.draw()

    @property
    def guess(self) -> tuple[int, int]:
        return self.a.value, self.b.value

    def draw(self) -> None:
        """Redraw the picture and lock what may not be used now."""
        self.a.disabled = self.b.disabled = self.revealed > 0
        self.next.disabled = self.all.disabled = self.revealed == self.COUNT
        figure = bill(self.colors[:self.revealed], self.guess, self.kind)
        if self.bills:
            figure.supxlabel("your bills   " + "   ".join(self.bills[-3:]), fontsize=12)
        self.picture.value = png(figure)


def painted(fruit: cued_fruit.CuedFruit, ab: Tensor) -> Tensor:
    """The same pictures with fruit of other colors: RGB in [0, 1], (N, 3, S, S).

    ab   (2,), or (N, 2), Lab units at the pivot of the fruit's distribution: the colors are paler
         in shade and highlights, as in every painted picture
    """
    ab = ab.float().expand(len(fruit), 2)[:, :, None, None] * fruit.scale  # (N, 2, S, S)
    around = color.rgb_to_lab(fruit.rgb)[:, 1:]
    return color.lab_to_rgb(torch.cat([fruit.L, torch.where(fruit.mask, ab, around)], 1))


def costs(colors: Tensor, guess: Sequence[float]) -> Tensor:
    """Squared distance of every color (P, 2) from one guess (a, b): (P,)."""
    return (colors - torch.tensor(guess, dtype=colors.dtype)).square().sum(1)


@in_course_style
def bill(colors: Tensor, guess: Sequence[float], kind: str = "apples") -> Figure:
    """Draw a guess on the ab plane, revealed colors (P, 2), the fruit as guessed, and the bill."""
    distribution = cued_fruit.distribution(kind)
    figure, (plane, picture) = new(1, 2, width=9, height=4.2)
    ab_plane(plane, lightness=distribution.pivot, alpha=0.3)
    for point in colors.tolist():
        plane.plot(*zip(guess, point, strict=True), color="0.5", lw=0.9, zorder=2)
    if len(colors):
        scatter_ab(plane, colors, _at_pivot(colors, distribution.pivot), size=70,
                   edgecolors="black", linewidths=0.8)
    plane.plot(*guess, ms=15, mec="white", zorder=5, ls="", **(MEAN | {"color": "black"}))
    plane.set(xlim=(-LIMIT, LIMIT), ylim=(-LIMIT, LIMIT),
              title=f"guess: a {guess[0]}, b {guess[1]}")
    image(picture, painted(_one(kind), torch.tensor(guess))[0])
    words = "no bill yet"
    if len(colors):
        each = costs(colors, guess)
        words = (f"fruit {len(colors)} costs {each[-1]:,.0f}\naverage bill of "
                 f"{len(colors)}: {each.mean():,.0f}")
    picture.set_title(words)
    return figure


def move_share(kind: str = "apples") -> VBox:
    """Show `shares` for one share, with a slider for it and a choice of the fruit."""
    slider = FloatSlider(0.46, min=0.02, max=0.98, step=0.04, description="share")
    fruit = ToggleButtons(options=list(cued_fruit.KINDS), value=kind)
    picture = Image(format="png")

    def redraw(change=None):
        picture.value = png(shares(fruit.value, [slider.value]))

    for control in (slider, fruit):
        control.observe(redraw, "value")
    redraw()
    return VBox([fruit, slider, picture])


@in_course_style
def shares(kind: str, values: Sequence[float]) -> Figure:
    """Draw a row for each share of the second color, green or yellow, between 0 and 1.

    The columns: the colors on the ab plane with their mean and median; the fruit painted with the
    mean, and with the median; the distribution as two bars.
    """
    everything, fruit = cued_fruit.distribution(kind), _one(kind)
    figure, axes = new(len(values), 4, width=9, height=2.1 * len(values) + 0.4, squeeze=False)
    for row, share in zip(axes, values, strict=True):
        distribution = replace(everything, weights=(1 - share, share))
        _draw_plane(row[0], distribution)
        row[0].set_ylabel(f"{share:.0%} {distribution.names[1]}")
        for ax, answer in zip(row[1:3], (distribution.mean(), distribution.median()), strict=True):
            image(ax, painted(fruit, answer)[0])
        tints = _at_pivot(torch.tensor(distribution.modes).float(), distribution.pivot).tolist()
        bars = row[3].bar(distribution.names, distribution.weights, color=tints, width=0.6)
        row[3].bar_label(bars, [f"{weight:.0%}" for weight in distribution.weights], padding=2)
        row[3].set(ylim=(0, 1.25), yticks=[])
    titles = ("on the ab plane", "mean (cross)", "median (square)", "distribution")
    for ax, title in zip(axes[0], titles, strict=True):
        ax.set_title(title)
    return figure


@in_course_style
def chords() -> Axes:
    """Draw three pairs of equally vivid colors on a circle around gray, and the mean of each."""
    plane, turn = ab_plane(lightness=65, alpha=0.45), torch.arange(0, 6.3, 0.05)
    plane.plot(35 * turn.cos(), 35 * turn.sin(), color="0.3", lw=1.2, ls="--")
    for tint, hues in zip(PALETTE, [(0.3, 1.0), (-1.3, -0.1), (2.1, 4.6)], strict=False):
        angles = torch.tensor(hues)  # radians
        pair = 35 * torch.stack([angles.cos(), angles.sin()], 1)  # (2, 2)
        plane.plot(*pair.T, "o-", color=tint, ms=8, lw=2)
        plane.plot(*pair.mean(0), "D", color=tint, ms=10, mec="white")
    plane.set(xlim=(-60, 60), ylim=(-60, 60))
    return plane


def _draw_plane(ax: Axes, distribution: ColorDistribution) -> None:
    """The colors of 120 fruits, with mean (cross) and median (square)."""
    colors = distribution.sample(120, seed=0)
    ab_plane(ax, lightness=distribution.pivot, alpha=0.25)
    scatter_ab(ax, colors, _at_pivot(colors, distribution.pivot), size=10)
    for answer, style in ((distribution.mean(), MEAN), (distribution.median(), MEDIAN)):
        ax.plot(*answer, ms=11, mec="white", zorder=5, **style)
    ax.set(xlim=(-LIMIT, LIMIT), ylim=(-LIMIT, LIMIT), xticks=[], yticks=[], xlabel="")


def _at_pivot(ab: Tensor, lightness: float) -> Tensor:
    """Colors (P, 2) at one lightness, as RGB (P, 3)."""
    lab = torch.cat([torch.full_like(ab[:, :1], lightness), ab], 1)
    return color.lab_to_rgb(lab[:, :, None, None])[:, :, 0, 0]


def _one(kind: str) -> cued_fruit.CuedFruit:
    return cued_fruit.paint(kind, 1, size=128, seed=2)
