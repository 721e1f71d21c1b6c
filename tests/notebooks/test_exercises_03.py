"""Each checker of notebook 03: the solution is right, the stub is not done, two usual mistakes are named."""
from pathlib import Path

from checkers import (  # noqa: F401
    solutions,
    test_a_usual_mistake_is_named,
    test_the_solution_is_right,
    test_the_stub_is_not_done_yet,
)

SOLUTIONS = Path(__file__).parents[2] / "solutions" / "03_baseline_cnn.py"


def wrong_receptive_field_of_the_text(kernels):
    return sum(k for k in kernels if k > 1) or 1


def wrong_receptive_field_from_zero(kernels):
    return sum(k - 1 for k in kernels)


def wrong_loss_mean_over_channels(predicted, target):
    return ((predicted - target) ** 2).mean()


def wrong_loss_root(predicted, target):
    return (predicted - target).norm(dim=1).mean()


def wrong_uv_own_statistics(train_uv, test_uv):
    return (test_uv - test_uv.mean(dim=(0, 2, 3), keepdim=True)) / test_uv.std(dim=(0, 2, 3), keepdim=True)


def wrong_uv_one_for_both(train_uv, test_uv):
    return (test_uv - train_uv.mean()) / train_uv.std()


def wrong_unexplained_own_mean(predicted, true, train_mean):
    own = true.mean(dim=(0, 2, 3), keepdim=True)
    return ((predicted - true) ** 2).sum() / ((true - own) ** 2).sum()


def wrong_unexplained_against_gray(predicted, true, train_mean):
    return ((predicted - true) ** 2).sum() / (true ** 2).sum()


CASES = [
    ("check_03_1", "receptive_field", wrong_receptive_field_of_the_text, "9 in Koo's text"),
    ("check_03_1", "receptive_field", wrong_receptive_field_from_zero, "start from 1"),
    ("check_03_2", "squared_error", wrong_loss_mean_over_channels, "MSELoss"),
    ("check_03_2", "squared_error", wrong_loss_root, "distance, not its square"),
    ("check_03_3", "normalized_uv", wrong_uv_own_statistics, "own mean and deviation"),
    ("check_03_3", "normalized_uv", wrong_uv_one_for_both, "each have their own"),
    ("check_03_4", "unexplained", wrong_unexplained_own_mean, "mean of the test images"),
    ("check_03_4", "unexplained", wrong_unexplained_against_gray, "compares with gray"),
]
