"""Each checker of notebook 06: the solution is right, the stub is not done, two usual mistakes are named."""
from pathlib import Path

import torch
import torch.nn.functional as F
from checkers import *  # noqa: F403

from colorlib import exercises

SOLUTIONS = Path(__file__).parents[2] / "solutions" / "06_patchgan.py"


def wrong_field_forward(layers):
    side = 1
    for kernel, stride in layers:
        side = (side - 1) * stride + kernel
    return side


def wrong_answers_keep_the_side(size, layers):
    for _, stride in layers:
        size //= stride
    return size


def wrong_answers_pad_one_side(size, layers):
    for kernel, stride in layers:
        size = (size + 1 - kernel) // stride + 1
    return size


def wrong_answers_pad_nothing(size, layers):
    for kernel, stride in layers:
        size = (size - kernel) // stride + 1
    return size


def wrong_interval_as_typed(k, n):
    p, z = k / n, 1.96
    middle, half = p + z**2 / 2 * n, z * (p * (1 - p) / n + z**2 / 4 * n**2) ** 0.5
    return (middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)


def wrong_interval_normal(k, n):
    p = k / n
    half = 1.96 * (p * (1 - p) / n) ** 0.5
    return p - half, p + half


def wrong_interval_not_divided(k, n):
    p, z = k / n, 1.96
    half = z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    return p + z * z / (2 * n) - half, p + z * z / (2 * n) + half


def wrong_accuracy_of_channels(predicted, true, t):
    return ((predicted.round() - true.round()).abs() <= 2.2 * t).float().mean()


def adversarial(real, fake):
    return (F.binary_cross_entropy_with_logits(real, torch.ones_like(real))
            + F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake)))


def wrong_loss_as_it_was(D, lightness, ab, painted):
    return adversarial(D(lightness, ab), D(torch.zeros_like(lightness), painted.detach()))


def wrong_loss_in_two_units(D, lightness, ab, painted):
    return adversarial(D(lightness, ab), D(lightness, painted.detach()))


def wrong_loss_without_gray(D, lightness, ab, painted):
    return adversarial(D(lightness, ab / 50), D(torch.zeros_like(lightness), painted.detach()))


def wrong_loss_swapped(D, lightness, ab, painted):
    return adversarial(D(lightness, painted.detach()), D(lightness, ab / 50))


CASES = [
    ("check_06_2", "answers", wrong_answers_pad_nothing, "before each layer"),
    ("check_06_3", "interval", wrong_interval_as_typed, "multiplies by n"),
    ("check_06_4", "accuracy", lambda predicted, true, t: ((predicted - true).abs().amax(1) <= 2.2 * t).float().mean(),
     "round both"),
    ("check_06_1", "receptive_field", lambda layers: 1 + sum(kernel - 1 for kernel, _ in layers), "strides count"),
    ("check_06_1", "receptive_field", wrong_field_forward, "last layer first"),
    ("check_06_2", "answers", wrong_answers_keep_the_side, "loses a pixel"),
    ("check_06_2", "answers", wrong_answers_pad_one_side, "both sides"),
    ("check_06_3", "interval", wrong_interval_normal, "Wilson's middle"),
    ("check_06_3", "interval", wrong_interval_not_divided, "divide both"),
    ("check_06_4", "accuracy", wrong_accuracy_of_channels, "both of its channels"),
    ("check_06_4", "accuracy",
     lambda predicted, true, t: ((predicted.round() - true.round()).abs().amax(1) <= t).float().mean(), "2.2 t"),
    ("check_06_5", "repaired_loss", wrong_loss_as_it_was, "nothing is repaired"),
    ("check_06_5", "repaired_loss", wrong_loss_in_two_units, "fifty times"),
    ("check_06_5", "repaired_loss", wrong_loss_without_gray, "without their gray"),
    ("check_06_5", "repaired_loss", wrong_loss_swapped, "labels are swapped"),
    ("check_06_5", "repaired_loss",
     lambda D, lightness, ab, painted: adversarial(D(lightness, ab), D(lightness, 50 * painted.detach())),
     "divide the true colors"),
]


def test_a_loss_whose_gradient_reaches_the_generator_is_not_right(capsys):
    def attached(D, lightness, ab, painted):
        return adversarial(D(lightness, ab / 50), D(lightness, painted))

    def dead(D, lightness, ab, painted):
        return attached(D, lightness, ab, painted).detach()

    assert exercises.check_06_5(attached).status != "right"
    assert "keep `detach`" in capsys.readouterr().out
    assert exercises.check_06_5(dead).status != "right"
    assert "cannot learn" in capsys.readouterr().out
