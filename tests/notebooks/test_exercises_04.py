"""Each checker of notebook 04: the solution is right, the stub is not done, two usual mistakes are named."""
from pathlib import Path

import torch
from checkers import (  # noqa: F401
    solutions,
    test_a_usual_mistake_is_named,
    test_the_solution_is_right,
    test_the_stub_is_not_done_yet,
)

SOLUTIONS = Path(__file__).parents[2] / "solutions" / "04_classification.py"


def wrong_target_of_all_bins(ab, centers, k, sigma):
    share = torch.exp(-((centers - ab) ** 2).sum(1) / (2 * sigma ** 2))
    return share / share.sum()


def wrong_target_of_plain_distance(ab, centers, k, sigma):
    distance = (centers - ab).norm(dim=1)
    near, index = distance.topk(k, largest=False)
    share = torch.exp(-near / (2 * sigma))
    return torch.zeros(len(centers)).scatter(0, index, share / share.sum())


def wrong_mean_of_probabilities(logits, centers, T):
    return torch.einsum("nqhw,qc->nchw", (logits.softmax(1) / T).softmax(1), centers)


def wrong_mean_times_T(logits, centers, T):
    return torch.einsum("nqhw,qc->nchw", (logits * T).softmax(1), centers)


def wrong_weights_as_printed(prior, lam):
    return 1 / ((1 - lam) * prior + lam)


def wrong_weights_not_scaled(prior, lam):
    return 1 / ((1 - lam) * prior + lam / len(prior))


def wrong_auc_beyond_the_limit(distances, limit=150.0):
    return 1 - distances.mean() / limit


def wrong_auc_above_the_curve(distances, limit=150.0):
    return distances.clamp(max=limit).mean() / limit


CASES = [
    ("check_04_1", "soft_target", wrong_target_of_all_bins, "k nearest"),
    ("check_04_1", "soft_target", wrong_target_of_plain_distance, "square the distance"),
    ("check_04_2", "annealed_mean", wrong_mean_of_probabilities, "equation 3"),
    ("check_04_2", "annealed_mean", wrong_mean_times_T, "a low T sharpens"),
    ("check_04_3", "rebalance", wrong_weights_as_printed, "equation 5"),
    ("check_04_3", "rebalance", wrong_weights_not_scaled, "mean one under the prior"),
    ("check_04_4", "auc", wrong_auc_beyond_the_limit, "beyond the limit"),
    ("check_04_4", "auc", wrong_auc_above_the_curve, "above the curve"),
]
