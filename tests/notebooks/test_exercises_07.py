"""Each checker of notebook 07: the solution is right, the stub is not done, two usual mistakes are named."""
from pathlib import Path

import torch
import torch.nn.functional as F
from checkers import *  # noqa: F403

SOLUTIONS = Path(__file__).parents[2] / "solutions" / "07_transfer_learning.py"


def wrong_hypercolumns_nearest(features):
    return torch.cat([F.interpolate(t, size=features[0].shape[-2:]) for t in features], dim=1)


def wrong_hypercolumns_small(features):
    return torch.cat([F.adaptive_avg_pool2d(t, features[-1].shape[-1]) for t in features], dim=1)


def wrong_kind_itself(features, labels, k):
    unit = F.normalize(features, dim=1)
    return (labels[(unit @ unit.T).topk(k).indices] == labels[:, None]).float().mean()


def wrong_kind_lengths(features, labels, k):
    return (labels[(features @ features.T).fill_diagonal_(-1e9).topk(k).indices] == labels[:, None]).float().mean()


CASES = [
    ("check_07_1", "hypercolumns", wrong_hypercolumns_nearest, "repeats pixels"),
    ("check_07_1", "hypercolumns", wrong_hypercolumns_small, "do not shrink"),
    ("check_07_2", "summed", lambda weight, std: weight.sum(1, keepdim=True), "own deviation"),
    ("check_07_2", "summed", lambda weight, std: (weight / std.view(1, 3, 1, 1)).mean(1, keepdim=True),
     "not the mean"),
    ("check_07_3", "same_kind", wrong_kind_itself, "its own nearest neighbor"),
    ("check_07_3", "same_kind", wrong_kind_lengths, "by its length"),
    ("check_07_4", "freeze", lambda net: net.requires_grad_(False), "still updates its statistics"),
    ("check_07_4", "freeze", lambda net: net.eval(), "requires_grad_"),
]
