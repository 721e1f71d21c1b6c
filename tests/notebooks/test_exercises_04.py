"""Each checker of notebook 04: the solution is right, the stub is not done, two usual mistakes are named."""
from pathlib import Path

import torch
from checkers import *  # noqa: F403
from checkers import test_no_function_of_the_notebook_solves_an_exercise  # noqa: F401

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


def wrong_loss_of_a_second_softmax(logits, index, share):
    picked = logits.softmax(dim=1).log_softmax(dim=1).gather(1, index.long()) * share
    return -picked.sum(dim=1).mean()


def wrong_loss_of_a_mean_over_bins(logits, index, share):
    return -(logits.log_softmax(dim=1).gather(1, index.long()) * share).mean()


def wrong_width_without_dilation(layers):
    width, step = 1, 1
    for kernel, stride, _ in layers:
        width, step = width + (kernel - 1) * step, step * stride
    return width


CASES = [
    ("check_04_1", "soft_target", wrong_target_of_all_bins, "k nearest"),
    ("check_04_1", "soft_target", wrong_target_of_plain_distance, "square the distance"),
    ("check_04_2", "annealed_mean", wrong_mean_of_probabilities, "divide the logits"),
    ("check_04_2", "annealed_mean",
     lambda logits, centers, T: torch.einsum("nqhw,qc->nchw", (logits * T).softmax(1), centers), "a low T sharpens"),
    ("check_04_3", "rebalance", lambda prior, lam: 1 / ((1 - lam) * prior + lam), "mean weight must be one"),
    ("check_04_3", "rebalance", lambda prior, lam: 1 / ((1 - lam) * prior + lam / len(prior)),
     "mean one under the prior"),
    ("check_04_4", "auc", lambda distances, limit=150.0: 1 - distances.mean() / limit, "beyond the limit"),
    ("check_04_4", "auc", lambda distances, limit=150.0: distances.clamp(max=limit).mean() / limit,
     "above the curve"),
    ("check_04_5", "repaired_loss", wrong_loss_of_a_second_softmax, "softmax of probabilities"),
    ("check_04_5", "repaired_loss", wrong_loss_of_a_mean_over_bins, "sum over the bins"),
    ("check_04_6", "width_seen", wrong_width_without_dilation, "spans 2d + 1"),
    ("check_04_6", "width_seen", lambda layers: 1 + sum((kernel - 1) * dilation for kernel, _, dilation in layers),
     "two input pixels"),
]
