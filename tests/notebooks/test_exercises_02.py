"""Each checker of notebook 02: the solution is right, the stub is not done, usual mistakes are named."""

from pathlib import Path

from checkers import *  # noqa: F403

SOLUTIONS = Path(__file__).parents[2] / "solutions" / "02_averaging_problem.py"


def wrong_median_sorted_by_a(colors, weights):
    order = colors[:, 0].argsort()
    so_far = weights[order].cumsum(0)
    return colors[order][(so_far >= weights.sum() / 2).nonzero()[0, 0]]


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
]
