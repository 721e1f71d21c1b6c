"""Each checker of notebook 03: the solution is right, the stub is not done, two usual mistakes are named."""
from pathlib import Path

from checkers import *  # noqa: F403

SOLUTIONS = Path(__file__).parents[2] / "solutions" / "03_baseline_cnn.py"


def wrong_uv_own_statistics(train_uv, test_uv):
    return (test_uv - test_uv.mean(dim=(0, 2, 3), keepdim=True)) / test_uv.std(dim=(0, 2, 3), keepdim=True)


def wrong_unexplained_own_mean(predicted, true, train_mean):
    own = true.mean(dim=(0, 2, 3), keepdim=True)
    return ((predicted - true) ** 2).sum() / ((true - own) ** 2).sum()


CASES = [
    ("check_03_1", "receptive_field", lambda kernels: sum(k for k in kernels if k > 1) or 1, "9 in Koo's text"),
    ("check_03_1", "receptive_field", lambda kernels: sum(k - 1 for k in kernels), "start from 1"),
    ("check_03_2", "squared_error", lambda predicted, target: ((predicted - target) ** 2).mean(), "MSELoss"),
    ("check_03_2", "squared_error", lambda predicted, target: (predicted - target).norm(dim=1).mean(),
     "distance, not its square"),
    ("check_03_3", "normalized_uv", wrong_uv_own_statistics, "own mean and deviation"),
    ("check_03_3", "normalized_uv", lambda train_uv, test_uv: (test_uv - train_uv.mean()) / train_uv.std(),
     "each have their own"),
    ("check_03_4", "unexplained", wrong_unexplained_own_mean, "mean of the test images"),
    ("check_03_4", "unexplained",
     lambda predicted, true, train_mean: ((predicted - true) ** 2).sum() / (true ** 2).sum(), "compares with gray"),
]
