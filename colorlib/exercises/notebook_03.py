"""Checkers for notebook 03, *Your first colorizer*."""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from colorlib import losses, metrics, models


def check_03_1(c, f):
    """receptive_field, with stride 1: one pixel, plus the kernel size less one for each layer."""
    koo2016 = [3, 3, 3, 1, 1]  # kernel sizes, from image to output
    c.equal(f([3]), 3, "one 3×3 convolution sees 3 pixels")
    c.equal(f([]), 1, "without any layer, a pixel sees itself")
    c.equal(f([1, 1]), 1, "1×1 convolutions see only the pixel itself")
    c.equal(f(koo2016), 7, "Koo's CNN sees 7 pixels")
    c.equal(f([5, 3]), 7, "a 5×5 and a 3×3 convolution see 7 pixels")
    c.hint_if(f(koo2016), 9, "a 3×3 layer adds one pixel on each side, so 2 in all: adding up the "
              "kernel sizes gives the 9 in Koo's text")
    c.hint_if(f(koo2016), 11, "adding up all kernel sizes counts the middle pixel repeatedly")
    c.hint_if(f([]), 0, "start from 1: the pixel itself")


def check_03_2(c, f):
    """squared_error: sum over channels, mean over pixels and images, no root."""
    torch.manual_seed(0)
    # Height and width differ, so that a mean over the wrong dimensions shows.
    predicted, target = torch.randn(3, 2, 5, 4), torch.randn(3, 2, 5, 4)
    right = losses.squared_error(predicted, target)
    zero, far = torch.zeros(1, 2, 1, 1), torch.tensor([3.0, 4.0]).view(1, 2, 1, 1)
    got, error = f(predicted, target), predicted - target
    c.equal(f(target, target), 0.0, "equal colors cost nothing")
    c.equal(f(zero, far), 25, "a color that is off by 3 in one channel and 4 in the other costs 25")
    c.equal(got, right, "sum over the channels, mean over pixels and images")
    c.hint_if(got, right / 2, "this is nn.MSELoss, which also averages over the two channels")
    c.hint_if(got, error.norm(dim=1).mean(), "this is the distance, not its square")
    c.hint_if(got, (error**2).sum(), "this sums over the pixels: a larger image would cost more")


def check_03_3(c, f):
    """normalized_uv: each channel by its mean and standard deviation over the *training* images."""
    torch.manual_seed(0)
    spread, center = (torch.tensor(uv).view(1, 2, 1, 1) for uv in ([1.0, 3.0], [2.0, -1.0]))
    train = torch.randn(50, 2, 4, 4) * spread + center
    test = torch.randn(7, 2, 4, 4) + 5  # far from the training images
    over = {"dim": (0, 2, 3), "keepdim": True}
    std, mean = torch.std_mean(train, **over)
    normal = f(train, train)
    # Loose tolerances: the deviation may be computed with or without Bessel's correction.
    c.equal(normal.mean(dim=(0, 2, 3)), [0, 0], "the training images must have mean zero", 1e-3)
    c.equal(normal.std(dim=(0, 2, 3)), [1, 1],
            "the training images must have standard deviation one in each channel", 5e-3)
    got = f(train, test)
    c.equal(got, (test - mean) / std,
            "test images need the training images' mean and standard deviation", 5e-3)
    c.equal(f(train, test[:1]), (test[:1] - mean) / std,
            "the result for an image must not depend on the other test images", 5e-3)
    test_std, test_mean = torch.std_mean(test, **over)
    c.hint_if(got, (test - test_mean) / test_std, "these are the test images' own mean and "
              "deviation: the result for an image then depends on the others", 5e-3)
    c.hint_if(got, (test - train.mean()) / train.std(),
              "U and V each have their own mean and deviation", 5e-3)
    each_std, each_mean = torch.std_mean(test, dim=(2, 3), keepdim=True)  # (N, 2, 1, 1)
    c.hint_if(got, (test - each_mean) / each_std,
              "the mean of a single image is its color: this removes it", 5e-3)
    c.hint_if(got, (test - mean) / std.square(),
              "divide by the standard deviation, not by the variance", 5e-3)


def check_03_4(c, f):
    """unexplained: squared error over squared distance from the training mean, over all values."""
    torch.manual_seed(0)
    true = torch.randn(6, 2, 4, 4) * 10 + 3
    predicted = true + torch.randn_like(true) * 5
    mean = torch.tensor([1.0, -2.0])  # of the training images: not the mean of `true`
    flat = mean.view(1, 2, 1, 1).expand_as(true)
    right = metrics.unexplained(predicted, true, mean)
    got, error = f(predicted, true, mean), (predicted - true).square().sum()
    c.equal(f(true, true, mean), 0.0, "a perfect colorization leaves nothing unexplained")
    c.equal(f(flat, true, mean), 1, "predicting the training mean leaves everything unexplained")
    c.equal(got, right, "squared error over squared distance from the training mean")
    test_mean = true.mean(dim=(0, 2, 3), keepdim=True)
    c.hint_if(got, error / (true - test_mean).square().sum(),
              "this uses the mean of the test images, which nobody knows before the test")
    c.hint_if(got, error / true.square().sum(),
              "this compares with gray; the best single color is the mean")
    c.hint_if(got, right**0.5, "leave out the root: a variance is squared")
    c.hint_if(got, 1 - right, "this is the explained part")


def check_03_5(c, f):
    """unet_forward: down as far as the last level, then up, each time with the tensor of its size.

    The library's U-Net has the same layers under the same names, so its output is the right one.
    """
    torch.manual_seed(0)
    net, x = models.UNet(width=4, depth=3).eval(), torch.randn(2, 1, 16, 24)
    nn.init.normal_(net.last.weight)  # it starts at zero, and every answer would be the same
    with torch.no_grad():
        # The learner's network may be called with any size, so height and width differ.
        got, right = f(net, x), net(x)
        c.equal(got, right, "the output must be that of the U-Net in the diagram")
        c.hint_if(got, _swapped(net, x), "the tensor from the way down comes first in torch.cat")
        c.hint_if(got, net.down[0](x), "this is the end of the first level, not of the network")
        c.hint_if(got.shape[1:], (4, 16, 24), "the last layer, net.last, is missing")


def _swapped(net, x):
    """A U-Net that concatenates in the other order, a mistake that raises no error."""
    tensors = [net.down[0](x)]
    for unit in net.down[1:]:
        tensors.append(unit(net.pool(tensors[-1])))
    x = tensors.pop()
    for up, merge in zip(net.up, net.merge, strict=True):
        x = merge(torch.cat([up(x), tensors.pop()], dim=1))
    return net.last(x)


def check_03_6(c, f):
    """repaired_epoch: training mode, gradients cleared before each batch."""
    torch.manual_seed(0)
    batches = [(torch.randn(4, 1, 5, 5) + 2, torch.randn(4, 2, 5, 5)) for _ in range(3)]
    start = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.Conv2d(3, 2, 1))

    def trained(epoch):
        net = copy.deepcopy(start).eval()  # as it is after its pictures were painted
        returned = epoch(net, batches, torch.optim.SGD(net.parameters(), lr=0.1))
        if returned is None or returned is ...:
            return returned
        # Weights and the running means of batch norm, which only the training mode changes.
        return torch.cat([v.detach().flatten().float() for v in net.state_dict().values()])

    def variant(training, clear):
        def epoch(net, loader, optimizer):
            net.train(training)
            for x, y in loader:
                if clear:
                    optimizer.zero_grad()
                F.mse_loss(net(x), y).backward()
                optimizer.step()
            return net
        return trained(epoch)

    got = trained(f)
    c.equal(got, variant(True, True), "after three batches the network differs from a repaired one")
    c.hint_if(got, variant(False, False), "nothing is repaired yet")
    c.hint_if(got, variant(True, False), "backward() adds to the gradients of the batch before")
    c.hint_if(got, variant(False, True), "in evaluation mode batch norm does not learn the batches")
