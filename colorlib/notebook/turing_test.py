"""The colorization Turing test (Zhang et al. 2016; P4): which of two pictures has its true colors?

    turing.show(turing.Pairs(colorizer, test.take(20), "P2"), "answers-ada.csv")    # in a notebook
    turing.result("answers-ada.csv")                # share fooled, with its 95 % interval
    turing.result(*Path("class").glob("*/answers-*.csv"))     # of a whole class

Each pair is shown once, the true picture left or right at random. Each answer is a line of the file at once: who runs
the cell again goes on where the last answer was. 50 % fooled is chance: nobody can tell.
"""
from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterable
from html import escape
from pathlib import Path

import torch
from ipywidgets import HTML, Button, HBox, Image, SelectionSlider, VBox
from scipy.stats import binomtest
from torch import Tensor

from colorlib import color
from colorlib.notebook import plots

COLUMNS = ("model", "seed", "pairs", "pair", "true_side", "answer", "fooled")
CHOICES = ("left", "right")


class Pairs:
    """The pairs of a test: true pictures, and the same colored by a Colorizer.

    images   an ImageSet: each picture makes a pair, in an order drawn by the seed, as is the side of the true one
    name     of the model, for the file: answers are kept by it, the seed and the number of pairs
    """

    def __init__(self, colorizer, images, name: str, seed: int = 0):
        if not len(images):
            raise ValueError("expected at least one picture")
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(images), generator=generator)
        self.true = images[order].pixels.cpu()                              # N 3 H W
        L = color.lightness(self.true)
        self.colored = color.to_uint8(color.lab_to_rgb(torch.cat([L, colorizer.predict(L)], dim=1)))    # N 3 H W
        self.true_side = [CHOICES[int(i)] for i in torch.randint(2, (len(images),), generator=generator)]
        self.name, self.seed = name, seed

    def __len__(self) -> int:
        return len(self.true)

    def __getitem__(self, pair: int) -> tuple[Tensor, Tensor]:
        """What stands left and what stands right: (3, H, W) uint8 twice."""
        both = self.true[pair], self.colored[pair]
        return both if self.true_side[pair] == "left" else both[::-1]


@dataclasses.dataclass(frozen=True)
class Share:
    """How many answers took the colored picture for the true one. low, high: the 95 % interval (Wilson 1927)."""

    fooled: int
    answers: int

    @property
    def share(self) -> float:
        return self.fooled / self.answers

    @property
    def interval(self) -> tuple[float, float]:
        return interval(self.fooled, self.answers)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.fooled} of {self.answers} fooled: {self.share:.0%} (95 % interval {low:.0%} to {high:.0%})"


def interval(fooled: int, answers: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share. ValueError unless 0 <= fooled <= answers and answers > 0."""
    if not 0 <= fooled <= answers or answers < 1:
        raise ValueError(f"expected 0 <= fooled <= answers and an answer at least, got {fooled} of {answers}")
    low, high = binomtest(fooled, answers).proportion_ci(method="wilson")
    return float(low), float(high)


def answers(path: str | Path) -> list[dict[str, str]]:
    """The answers in a file, oldest first; [] if it is empty or not there. ValueError if it is no file of answers."""
    path = Path(path)
    if not path.exists() or not path.stat().st_size:                        # a full disk leaves an empty file
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if tuple(rows.fieldnames or ()) != COLUMNS:
            raise ValueError(f"{path.name} is no file of answers: expected the columns {', '.join(COLUMNS)}")
        return [row for row in rows if row["fooled"] in ("0", "1")]         # a line cut off by a crash is no answer


def answer(pairs: Pairs, pair: int, side: str, path: str | Path) -> None:
    """Write an answer ("left" or "right" is true) to the end of the file; each pair once, later ones are dropped."""
    if side not in CHOICES:
        raise ValueError(f"expected left or right, got {side!r}")
    if pair in _answered(pairs, path):
        return
    path = Path(path)
    before = path.read_bytes() if path.exists() else b""
    with path.open("a", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        if not before:
            rows.writerow(COLUMNS)
        elif not before.endswith(b"\n"):                                    # a line that a crash cut off
            file.write("\n")
        true = pairs.true_side[pair]
        rows.writerow([pairs.name, pairs.seed, len(pairs), pair, true, side, int(side != true)])


def result(*paths: str | Path, model: str | None = None) -> Share:
    """All answers of some files, of one model or of all. ValueError if there is none."""
    found = [row for path in paths for row in answers(path) if model in (None, row["model"])]
    if not found:
        raise ValueError("no answer yet" + (f" for {model}" if model else ""))
    return Share(sum(row["fooled"] == "1" for row in found), len(found))


def show(pairs: Pairs, path: str | Path, side: int = 224) -> VBox:
    """The widget: the left and right arrow keys (once the slider has the focus), or the buttons, name the true picture.

    path   the file of answers; what is in it already is not asked again
    side   of a picture on the page, in pixels
    """
    views = [Image(format="png", width=side, height=side) for _ in CHOICES]
    buttons = [Button(description=f"{choice} is true") for choice in CHOICES]
    keys = SelectionSlider(options=["left", "?", "right"], value="?", description="true:", continuous_update=True)
    told = HTML()

    def turn() -> None:
        left = [i for i in range(len(pairs)) if i not in _answered(pairs, path)]
        done = len(pairs) - len(left)
        if left:
            for view, picture in zip(views, pairs[left[0]], strict=True):
                view.value = plots.png(plots.images(picture, width=side / 100))
            told.value = f"Pair {done + 1} of {len(pairs)}: which picture has its true colors?"
        else:
            told.value = f"All {len(pairs)} judged. {result(path, model=pairs.name)}. Saved in {Path(path).name}."
        for control in (*buttons, keys):
            control.disabled = not left

    def judge(choice: str) -> None:
        try:
            left = [i for i in range(len(pairs)) if i not in _answered(pairs, path)]
            if left:
                answer(pairs, left[0], choice, path)
                turn()
        except (OSError, ValueError) as error:                              # a page shows no error of a widget
            told.value = escape(f"Your answer was not saved in {Path(path).resolve()}: {error}")

    def key(change) -> None:
        if change["new"] in CHOICES:
            judge(change["new"])
            keys.value = "?"

    for button, choice in zip(buttons, CHOICES, strict=True):
        button.on_click(lambda _, choice=choice: judge(choice))
    keys.observe(key, names="value")
    turn()
    return VBox([told, HBox(views), HBox(buttons), keys])


def _answered(pairs: Pairs, path: str | Path) -> set[int]:
    mine: Iterable[dict[str, str]] = answers(path)
    key = pairs.name, str(pairs.seed), str(len(pairs))
    return {int(row["pair"]) for row in mine if (row["model"], row["seed"], row["pairs"]) == key}
