"""Each checker of notebook 02: the solution is right, the stub is not done, usual mistakes are named."""

from pathlib import Path

import torch
from checkers import *  # noqa: F403
from checkers import test_no_function_of_the_notebook_solves_an_exercise  # noqa: F401

SOLUTIONS = Path(__file__).parents[2] / "solutions" / "02_averaging_problem.py"


def wrong_median_sorted_by_a(colors, weights):
    order = colors[:, 0].argsort()
    so_far = weights[order].cumsum(0)
    return colors[order][(so_far >= weights.sum() / 2).nonzero()[0, 0]]


def wrong_explained_groups_of_equal_weight(colors, cue):
    parts = colors[cue], colors[~cue]
    within = sum((part - part.mean(0)).square().sum(1).mean() for part in parts) / 2
    return 1 - within / (colors - colors.mean(0)).square().sum(1).mean()


def wrong_explained_upside_down(colors, cue):
    within = sum((part - part.mean(0)).square().sum() for part in (colors[cue], colors[~cue]))
    return within / (colors - colors.mean(0)).square().sum()


def descent(cost, sign):
    """The walk of 02.6 with a cost of the distances and a sign of the step."""
    def walk(colors, guess, rate, steps):
        for _ in range(steps):
            guess = guess.detach().clone().requires_grad_()
            cost((colors - guess).square()).backward()
            guess = guess.detach() + sign * rate * guess.grad
        return guess
    return walk


CASES = [
    ("check_02_1", "mean_color", lambda colors, weights: colors.mean(0), "weights are not used"),
    ("check_02_1", "mean_color", lambda colors, weights: (weights[:, None] * colors).mean(0), "sum of the weights"),
    ("check_02_2", "median_color", lambda colors, weights: colors.median(0).values, "weights are not used"),
    ("check_02_2", "median_color", wrong_median_sorted_by_a, "sort b by itself"),
    ("check_02_3", "cross_entropy", lambda logits, shares: -(shares * logits.softmax(0)).sum(),
     "logarithm is missing"),
    ("check_02_3", "cross_entropy", lambda logits, shares: -(shares * logits.log_softmax(0)).mean(),
     "do not average"),
    ("check_02_3", "cross_entropy", lambda logits, shares: -(shares * logits.softmax(0).log()).sum(), "log_softmax"),
    ("check_02_4", "color_kept", lambda colors: colors.mean(0).abs().sum() / colors.abs().sum(1).mean(),
     "not |a| + |b|"),
    ("check_02_4", "color_kept", lambda colors: colors.norm(dim=1).mean() / colors.mean(0).norm(), "upside down"),
    ("check_02_5", "explained_by", wrong_explained_upside_down, "stays unexplained"),
    ("check_02_5", "explained_by", wrong_explained_groups_of_equal_weight, "counts once"),
    ("check_02_6", "repaired_descent", descent(lambda cost: cost.sum(1).mean(), 1), "you climb"),
    ("check_02_6", "repaired_descent", descent(torch.sum, -1), "300 times as long"),
    ("check_02_6", "repaired_descent", descent(torch.mean, -1), "average the colors"),
]
