"""The colorization Turing test (Zhang 2016): which of two pictures shows the true colors?

    pairs = turing_test.Pairs(colorizer, test.take(20), "PatchGAN")
    turing_test.show(pairs, "answers-ada.csv")                       # a widget, in a notebook
    turing_test.fooling_rate("answers-ada.csv")                      # with its 95 % interval
    turing_test.fooling_rate(*Path("class").glob("*/answers-patchgan-*.csv"))  # of a class
    turing_test.fooling_rate("answers-ada.csv", split="train")           # on training pictures only

A network may remember training pictures: Pérez García 2020 reports 60 % fooled by these, and 45.9 %
by test pictures. So each answer notes where its picture comes from.
`turing_page.py` puts the pairs on a page that needs no notebook.

Each answer is saved at once as a line of the file; running the cell again continues after the last
answer. A fooling rate of 50 % is chance level: nobody can tell the pictures apart.
"""

import csv
import dataclasses
import io
import warnings
from functools import partial
from html import escape
from pathlib import Path

import torch
from ipywidgets import HTML, Button, HBox, Image, SelectionSlider, VBox
from scipy.stats import binomtest
from torch import Tensor

from colorlib import color
from colorlib.colorizer import picture
from colorlib.notebook import plots
from colorlib.paths import expand, real

COLUMNS = ("model", "seed", "pairs", "pair", "true_side", "answer", "fooled", "split")
OLD_COLUMNS = COLUMNS[:-1]  # files of the first edition do not say where a picture comes from
SIDES = ("left", "right")
SIDE = 224  # pixels of a picture on the page


class Pairs:
    """The pairs of a test: true pictures, and the same pictures colored by a Colorizer.

    colorizer    a Colorizer, or a function: L (N, 1, H, W) -> ab (N, 2, H, W)
    images   an ImageSet; each picture becomes a pair. The seed decides about the order of the pairs
             and the side of the true picture. ValueError if it is empty
    name     of the model; answers in a file belong to a name, a seed, a number of pairs, and the
             split of the images ("train", "test")
    """

    def __init__(self, colorizer, images, name: str, seed: int = 0):
        if not len(images):
            raise ValueError("the Turing test needs at least one picture")
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(images), generator=generator)
        self.true = images[order].pixels.cpu()  # (N, 3, H, W)
        L = color.lightness(self.true)
        predict = getattr(colorizer, "predict", colorizer)
        self.colorized = picture(L, predict(L))  # (N, 3, H, W)
        sides = torch.randint(2, (len(images),), generator=generator)
        self.true_side = [SIDES[int(i)] for i in sides]
        self.name, self.seed, self.split = name, seed, getattr(images, "split_name", "")

    def __len__(self) -> int:
        return len(self.true)

    def __getitem__(self, pair: int) -> tuple[Tensor, Tensor]:
        """Return the left and the right picture, each (3, H, W), uint8."""
        true, colorized = self.true[pair], self.colorized[pair]
        return (true, colorized) if self.true_side[pair] == "left" else (colorized, true)


@dataclasses.dataclass(frozen=True)
class FoolingRate:
    """How many answers took the colorized picture for the true one."""

    fooled: int
    answers: int

    def __str__(self) -> str:
        low, high = wilson_interval(self.fooled, self.answers)
        rate = self.fooled / self.answers
        return (f"{self.fooled} of {self.answers} answers took the colorized picture for the true "
                f"one: {rate:.0%} (95 % interval: {low:.0%} to {high:.0%})")


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of a share (Wilson 1927).

    Unlike the normal approximation it stays within 0 and 1, and has a width for 0 of n. ValueError
    unless 0 <= successes <= trials and trials >= 1.
    """
    if not 0 <= successes <= trials or trials < 1:
        raise ValueError("expected 0 <= successes <= trials and at least one trial; "
                         f"got {successes} of {trials}")
    low, high = binomtest(successes, trials).proportion_ci(method="wilson")
    return float(low), float(high)


def read_answers(path: str | Path) -> list[dict[str, str]]:
    """Return the answers in a file, oldest first; none if it is empty or does not exist.

    Of several answers to one pair the first counts. ValueError, with the line, if the file holds
    something else or an answer that cannot be.
    """
    path = expand(path)
    if not path.exists() or not path.stat().st_size:  # a full disk leaves an empty file
        return []
    try:
        # utf-8-sig: some editors put a byte order mark at the start of a file.
        text = path.read_text(encoding="utf-8-sig")
        # newline="" leaves it to csv to find the lines, which a quoted name may break.
        rows = csv.DictReader(io.StringIO(text, newline=""))
        if tuple(rows.fieldnames or ()) not in (COLUMNS, OLD_COLUMNS):
            raise ValueError(f"{path.name} does not hold answers of a Turing test: expected the "
                             f"columns {', '.join(COLUMNS)}")
        answers: dict[tuple, dict[str, str]] = {}
        for number, row in enumerate(list(rows), 2):
            cut = None in row.values() or not row["fooled"]  # a crash leaves an incomplete line
            if not cut and not _is_possible(row):
                raise ValueError(f"{path.name}, answer {number - 1} (line {number}): no answer of "
                                 f"a Turing test: {','.join(map(str, row.values()))}")
            if not cut:
                answers.setdefault(_pair_of(row), row)
        return list(answers.values())
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path.name} is no text of answers in UTF-8: {error}") from None


def _is_possible(row: dict) -> bool:
    """Whether a complete line of a file agrees with itself."""
    numbers = [row["seed"].removeprefix("-"), row["pairs"], row["pair"]]
    # isdecimal alone would let digits of other scripts through, and int() thousands of them.
    if None in row or not all(n.isascii() and n.isdecimal() and len(n) < 20 for n in numbers):
        return False
    sides = row["true_side"], row["answer"]
    return (int(row["pair"]) < int(row["pairs"]) and set(sides) <= set(SIDES)
            and row["fooled"] == str(int(sides[0] != sides[1])))


def _pair_of(row: dict[str, str]) -> tuple:
    return row["model"], int(row["seed"]), int(row["pairs"]), int(row["pair"]), row.get("split")


def unanswered(pairs: Pairs, path: str | Path) -> list[int]:
    """Return the indices of the pairs that have no answer in the file yet."""
    # A file may hold answers to other tests.
    key = pairs.name, pairs.seed, len(pairs), pairs.split
    answered = {int(row["pair"]) for row in read_answers(path)
                if (row["model"], int(row["seed"]), int(row["pairs"]),
                    row.get("split", pairs.split)) == key}
    return [pair for pair in range(len(pairs)) if pair not in answered]


def save_answer(pairs: Pairs, pair: int, side: str, path: str | Path) -> None:
    """Append to the file that the picture on a side ("left" or "right") was taken for the true one.

    Only the first answer to a pair counts; later ones are ignored. ValueError for another side.
    """
    if side not in SIDES:
        raise ValueError(f"expected left or right, got {side!r}")
    if pair not in unanswered(pairs, path):
        return
    path = expand(path)
    before = path.read_bytes() if path.exists() else b""
    with path.open("a", encoding="utf-8", newline="") as file:
        # A file of the first edition is continued as it began.
        old = before and before.splitlines()[0].decode("utf-8-sig") == ",".join(OLD_COLUMNS)
        rows = csv.writer(file, lineterminator="\n")
        if not before:
            rows.writerow(COLUMNS)
        elif not before.endswith(b"\n"):  # a crash cut the last line off
            file.write("\n")
        row = answer_row(pairs, pair, side)
        rows.writerow(row[:-1] if old else row)


def answer_row(pairs: Pairs, pair: int, side: str) -> list:
    """One line of a file of answers, in the order of `COLUMNS`."""
    true = pairs.true_side[pair]
    return [pairs.name, pairs.seed, len(pairs), pair, true, side, int(side != true), pairs.split]


def fooling_rate(*paths: str | Path, model: str | None = None,
                 split: str | None = None) -> FoolingRate:
    """Pool the answers of several files, for one model, one split, or all.

    ValueError if there are none. Answers without a split count only if none is asked for. A file
    that is given twice counts once. Of several files, one that holds something else is left out,
    with a warning.
    """
    rows = []
    for path in sorted({real(expand(path)) for path in paths}):
        try:
            rows += [row for row in read_answers(path)
                     if model in (None, row["model"]) and split in (None, row.get("split"))]
        except ValueError as error:
            if len(paths) == 1:
                raise
            warnings.warn(f"left out: {error}", stacklevel=2)
    if not rows:
        raise ValueError("there are no answers yet" + (f" for {model}" if model else "")
                         + (f" on {split} pictures" if split else ""))
    return FoolingRate(sum(row["fooled"] == "1" for row in rows), len(rows))


def show(pairs: Pairs, path: str | Path) -> VBox:
    """Return the widget, for the pairs without an answer in the file at `path`.

    Buttons, or the arrow keys on a slider, choose the true picture.
    """
    return TuringTest(pairs, path).view


class TuringTest:
    """The widget's state; `view` is what a notebook shows."""

    def __init__(self, pairs: Pairs, path: str | Path):
        self.pairs, self.path = pairs, path
        self.message = HTML()
        self.pictures = [Image(format="png", width=SIDE, height=SIDE) for _ in SIDES]
        self.buttons = [Button(description=f"{choice} is true") for choice in SIDES]
        # A slider that springs back to "?": it is the widget that takes arrow keys.
        self.keys = SelectionSlider(options=["left", "?", "right"], value="?", description="true:")
        for button, choice in zip(self.buttons, SIDES, strict=True):
            button.on_click(partial(self.choose, choice))
        self.keys.observe(self.on_key, names="value")
        self.view = VBox([self.message, HBox(self.pictures), HBox(self.buttons), self.keys])
        self.update()

    def update(self) -> None:
        """Show the next pair, or the result if there is none."""
        left, total = unanswered(self.pairs, self.path), len(self.pairs)
        if left:
            for view, picture in zip(self.pictures, self.pairs[left[0]], strict=True):
                view.value = plots.png(plots.images(picture, width=SIDE / 100))
            self.message.value = (f"Pair {total - len(left) + 1} of {total}: which picture shows "
                                  "the true colors?")
        else:
            rate = fooling_rate(self.path, model=self.pairs.name)
            self.message.value = escape(f"You have answered all {total} pairs. {rate}. "
                                        f"Your answers are saved in {Path(self.path).name}.")
        for control in (*self.buttons, self.keys):
            control.disabled = not left

    def choose(self, choice: str, _button=None) -> None:
        """Save an answer to the pair on the page and go on to the next one."""
        try:
            if left := unanswered(self.pairs, self.path):
                save_answer(self.pairs, left[0], choice, self.path)
                self.update()
        except (OSError, ValueError) as error:  # a page does not show the exceptions of a widget
            place = real(self.path)
            self.message.value = escape(f"Your answer was not saved in {place}: {error}")

    def on_key(self, change) -> None:
        """Take an arrow key on the slider as an answer."""
        if change["new"] in SIDES:
            self.choose(change["new"])
            self.keys.value = "?"
