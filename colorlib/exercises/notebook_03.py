"""Checkers for notebook 03, *The baseline CNN*."""

import torch

from colorlib import losses, metrics


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
