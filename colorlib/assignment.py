"""Each student's own painted fruit, drawn from the student number, for the homework.

    own = fruit("1024")
    own.colors, own.leaf                  # (600, 2) in Lab units, and (600,): is there a leaf?
    check("mean", "1024", (12.3, 20.1))   # prints "mean: right", "mean: not done yet" or why not

Two colors, and the odds of the second one with and without a leaf, depend on the number, so that a
neighbor's measurements are wrong. The scenes are those of `data.cued_fruit`.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from colorlib import color
from colorlib.data import cued_fruit
from colorlib.data.painted_fruit import ColorDistribution
from colorlib.exercises import Checking, Result, checker

COUNT = 600
# Modes in Lab units. With SHIFT and SPREAD they stay in gamut at the lightness PIVOT.
MODES = {"red": (53, 26), "green": (-38, 42), "blue": (12, -32), "yellow": (2, 44),
         "violet": (28, -26)}
PAIRS = (("red", "green"), ("blue", "yellow"), ("violet", "green"), ("red", "blue"),
         ("violet", "yellow"), ("green", "blue"))
PIVOT, SHIFT, SPREAD = 50.0, 5.0, 6.0


@dataclass(frozen=True)
class OwnFruit:
    """The N fruits of one student, and the distribution that their colors are drawn from."""

    colors: Tensor  # (N, 2), float32: ab at the lightness where a fruit has its full color
    leaf: Tensor  # (N,), bool
    second: Tensor  # (N,), bool: the color is from the second mode
    distribution: ColorDistribution  # of all fruits, with a leaf or without
    seed: int  # of the scenes

    def paint(self, n: int = 6, size: int = 64) -> Tensor:
        """Pictures of the first n fruits: uint8, (n, 3, size, size)."""
        scene = cued_fruit.paint("apples", n, size, self.seed)
        ab = self.colors[:n, :, None, None] * self.distribution.scale(scene.L) * scene.mask
        return color.to_uint8(color.lab_to_rgb(torch.cat([scene.L, ab], 1)), check=False)


def fruit(number: str) -> OwnFruit:
    """The fruit of a student number; the same on every machine.

    ValueError unless it is text with at least one letter or digit. Case and blanks do not count.
    """
    if not isinstance(number, str) or not any(letter.isalnum() for letter in number):
        raise ValueError(f'write your student number as text, such as "1024"; got {number!r}')
    digest = hashlib.sha256(_plain(number).encode()).digest()
    seed = int.from_bytes(digest[:4], "big") // 2  # cued_fruit adds 2**31
    draw = torch.Generator().manual_seed(seed)
    leaf = cued_fruit.paint("apples", COUNT, 16, seed).cue
    odds = _odds(draw)
    pair = PAIRS[int(torch.randint(len(PAIRS), (), generator=draw))]
    shift = SHIFT * (2 * torch.rand(2, 2, generator=draw) - 1)
    modes = torch.tensor([MODES[name] for name in pair]) + shift
    second = torch.rand(COUNT, generator=draw) < torch.where(leaf, odds[0], odds[1])
    scatter = torch.rand(2, COUNT, 2, generator=draw)  # their difference is triangular
    colors = modes[second.long()] + SPREAD * (scatter[0] - scatter[1])
    share = float(_mixed(odds))
    return OwnFruit(colors, leaf, second, ColorDistribution(
        tuple(map(tuple, modes.tolist())), (1 - share, share), (SPREAD, SPREAD), PIVOT, pair), seed)


def same_number(first: str, second: str) -> bool:
    """Whether two student numbers are the same, apart from case and blanks."""
    return _plain(first) == _plain(second)


def check(question: str, number: str | OwnFruit, answer: Any) -> Result:
    """Check a number that a student measured, and print one line, as the exercises' checkers do.

    question   a name of QUESTIONS, else ValueError
    number     the student number, or the student's fruit
    answer     None or ...: not done yet
    """
    if question not in QUESTIONS:
        raise ValueError(f"no question {question!r}; there are {', '.join(QUESTIONS)}")

    def check_number(c: Checking, given: Any) -> None:
        own = number if isinstance(number, OwnFruit) else fruit(number)
        QUESTIONS[question](c, own, given())

    check_number.__name__ = f"check_{question}"
    return checker(check_number)(lambda: answer)


def _plain(number: str) -> str:
    return "".join(number.casefold().split())


def _odds(draw: torch.Generator) -> Tensor:
    """The probabilities of the second color with a leaf and without: (2,)."""
    while True:
        odds = torch.tensor([0.55, 0.10]) + 0.35 * torch.rand(2, generator=draw)
        odds = odds if torch.rand((), generator=draw) < 0.5 else 1 - odds
        if abs(_mixed(odds) - 0.5) > 0.06:  # else the median might lie between the two colors
            return odds


def _mixed(odds: Tensor) -> Tensor:
    return cued_fruit.LEAF_SHARE * odds[0] + (1 - cued_fruit.LEAF_SHARE) * odds[1]


# ------------------------------------------------------------- the questions. Messages do not tell
# the right number, and tolerances allow for an answer that is rounded to the digits asked for.


def _check_share(c: Checking, own: OwnFruit, answer: Any) -> None:
    right, answer = float(own.second.float().mean()), float(answer)
    names = own.distribution.names
    c.true(abs(answer - right) < 0.002, f"this is not the share of {names[1]} among your fruits")
    c.hint_if(answer, 1 - right, f"this is the share of {names[0]}", 0.002)
    c.hint_if(answer, 100 * right, "give a share from 0 to 1, not percent", 0.002)
    c.hint_if(answer, own.leaf.float().mean(), "this is the share with a leaf", 0.002)


def _check_mean(c: Checking, own: OwnFruit, answer: Any) -> None:
    right, median = own.colors.mean(0), own.colors.median(0).values
    c.true(_near(answer, right), "this is not the mean color (a, b) of your fruits")
    c.hint_if(_near(answer, median), True, "this is the median")
    c.hint_if(answer, own.colors.mean(), "give two numbers, the mean of a and that of b", 0.06)
    c.hint_if(answer, right / 50, "give Lab units; the networks' units are 50 times as large", 0.06)
    c.hint_if(_near(answer, torch.tensor(own.distribution.modes).mean(0)), True,
              "this is halfway between the two colors, but one of them is more frequent")


def _check_median(c: Checking, own: OwnFruit, answer: Any) -> None:
    right = own.colors.median(0).values
    c.true(_near(answer, right),
           "this is not the median, (a, b), of your fruits")
    c.hint_if(_near(answer, own.colors.mean(0)), True, "this is the mean")


def _check_explained(c: Checking, own: OwnFruit, answer: Any) -> None:
    parts = own.colors[own.leaf], own.colors[~own.leaf]
    within = [(part - part.mean(0)).square().sum(1) for part in parts]
    total = (own.colors - own.colors.mean(0)).square().sum(1)
    right, answer = 1 - float(sum(map(torch.sum, within)) / total.sum()), float(answer)
    c.true(abs(answer - right) < 0.002, "this is not the share of the variance of your fruits' "
           "colors that the leaf explains")
    c.hint_if(answer, 1 - right, "this is the part that stays unexplained", 0.002)
    c.hint_if(answer, 100 * right, "give a share from 0 to 1, not percent", 0.002)
    c.hint_if(answer, 1 - float(sum(map(torch.mean, within)) / 2 / total.mean()),
              "every fruit counts once: the two groups differ in size", 0.002)


def _near(answer: Any, right: Tensor) -> bool:
    """Whether a color is within 0.2 Lab units in each channel."""
    answer = torch.as_tensor(answer, dtype=torch.float32)
    return answer.shape == right.shape and bool(((answer - right).abs() < 0.2).all())


QUESTIONS = {"share": _check_share, "mean": _check_mean, "median": _check_median,
             "explained": _check_explained}
