"""Each checker of notebook 03: the solution is right, the stub is not done, two usual mistakes are named."""
from pathlib import Path

import torch
import torch.nn.functional as F
from checkers import *  # noqa: F403
from checkers import test_no_function_of_the_notebook_solves_an_exercise  # noqa: F401

SOLUTIONS = Path(__file__).parents[2] / "solutions" / "03_baseline_cnn.py"


def wrong_uv_own_statistics(train_uv, test_uv):
    return (test_uv - test_uv.mean(dim=(0, 2, 3), keepdim=True)) / test_uv.std(dim=(0, 2, 3), keepdim=True)


def wrong_unexplained_own_mean(predicted, true, train_mean):
    own = true.mean(dim=(0, 2, 3), keepdim=True)
    return ((predicted - true) ** 2).sum() / ((true - own) ** 2).sum()


def down(net, lightness):
    x0 = net.down[0](lightness)
    x1 = net.down[1](net.pool(x0))
    x2 = net.down[2](net.pool(x1))
    return x0, x1, x2, net.down[3](net.pool(x2))


def wrong_unet_other_order(net, lightness):
    x0, x1, x2, y = down(net, lightness)
    for up, merge, skip in zip(net.up, net.merge, (x2, x1, x0), strict=True):
        y = merge(torch.cat([up(y), skip], dim=1))
    return net.last(y)


def wrong_unet_no_last_layer(net, lightness):
    x0, x1, x2, y = down(net, lightness)
    for up, merge, skip in zip(net.up, net.merge, (x2, x1, x0), strict=True):
        y = merge(torch.cat([skip, up(y)], dim=1))
    return y


def wrong_epoch_gradients_add_up(net, loader, optimizer):
    net.train()
    for lightness, ab in loader:
        F.mse_loss(net(lightness), ab).backward()
        optimizer.step()
    return net


def wrong_epoch_in_evaluation_mode(net, loader, optimizer):
    net.eval()
    for lightness, ab in loader:
        optimizer.zero_grad()
        F.mse_loss(net(lightness), ab).backward()
        optimizer.step()
    return net


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
    ("check_03_5", "unet_forward", wrong_unet_other_order, "comes first"),
    ("check_03_5", "unet_forward", wrong_unet_no_last_layer, "net.last"),
    ("check_03_6", "repaired_epoch", wrong_epoch_gradients_add_up, "adds to the gradients"),
    ("check_03_6", "repaired_epoch", wrong_epoch_in_evaluation_mode, "batch norm"),
]
