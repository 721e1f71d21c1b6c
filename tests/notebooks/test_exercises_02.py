"""Each checker of notebook 02: the solution is right, the stub is not done, usual mistakes are named."""

from pathlib import Path

from checkers import (  # noqa: F401
    solutions,
    test_a_usual_mistake_is_named,
    test_the_solution_is_right,
    test_the_stub_is_not_done_yet,
)

SOLUTIONS = Path(__file__).parents[2] / "solutions" / "02_averaging_problem.py"


def wrong_mean_without_weights(colors, weights):
    return colors.mean(0)


def wrong_mean_over_the_number(colors, weights):
    return (weights[:, None] * colors).mean(0)


def wrong_median_without_weights(colors, weights):
    return colors.median(0).values


def wrong_median_sorted_by_a(colors, weights):
    order = colors[:, 0].argsort()
    so_far = weights[order].cumsum(0)
    return colors[order][(so_far >= weights.sum() / 2).nonzero()[0, 0]]


def wrong_entropy_without_log(logits, shares):
    return -(shares * logits.softmax(0)).sum()


def wrong_entropy_mean_over_bins(logits, shares):
    return -(shares * logits.log_softmax(0)).mean()


def wrong_entropy_unsafe(logits, shares):
    return -(shares * logits.softmax(0).log()).sum()


def wrong_kept_sum_of_channels(colors):
    return colors.mean(0).abs().sum() / colors.abs().sum(1).mean()


def wrong_kept_upside_down(colors):
    return colors.norm(dim=1).mean() / colors.mean(0).norm()


CASES = [
    ("check_02_1", "mean_color", wrong_mean_without_weights, "weights are not used"),
    ("check_02_1", "mean_color", wrong_mean_over_the_number, "sum of the weights"),
    ("check_02_2", "median_color", wrong_median_without_weights, "weights are not used"),
    ("check_02_2", "median_color", wrong_median_sorted_by_a, "sort b by itself"),
    ("check_02_3", "cross_entropy", wrong_entropy_without_log, "logarithm is missing"),
    ("check_02_3", "cross_entropy", wrong_entropy_mean_over_bins, "do not average"),
    ("check_02_3", "cross_entropy", wrong_entropy_unsafe, "log_softmax"),
    ("check_02_4", "color_kept", wrong_kept_sum_of_channels, "not |a| + |b|"),
    ("check_02_4", "color_kept", wrong_kept_upside_down, "upside down"),
]
