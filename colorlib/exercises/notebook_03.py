"""Checkers of notebook 03, *The baseline CNN*."""
import torch

from colorlib import losses, metrics
from colorlib.exercises.checking import Result, checking


def check_03_1(receptive_field) -> Result:
    """Stride 1: one pixel, and for each layer its kernel's size less one."""
    with checking("03.1") as c:
        f = c.watch(receptive_field)
        c.equal(f([3]), 3, "one 3×3 convolution sees 3 pixels")
        c.equal(f([]), 1, "no layer at all: a pixel sees itself")
        c.equal(f([1, 1]), 1, "1×1 convolutions see only the pixel itself")
        c.equal(f([3, 3, 3, 1, 1]), 7, "K1 sees 7 pixels")
        c.equal(f([5, 3]), 7, "a 5×5 and a 3×3 convolution see 7 pixels")
        c.hint_if(f([3, 3, 3, 1, 1]), 9, "a 3×3 layer adds one pixel on each side, 2 in all, and the first counts "
                                         "once: adding up the kernels gives the 9 of K's text")
        c.hint_if(f([3, 3, 3, 1, 1]), 11, "adding up all kernels counts the middle pixel once for every layer")
        c.hint_if(f([]), 0, "start from 1: the pixel itself")
    return c.result


def check_03_2(squared_error) -> Result:
    """Sum over channels, mean over pixels and images; no root; shapes that differ are a mistake to refuse or not."""
    torch.manual_seed(0)
    predicted, target = torch.randn(3, 2, 5, 4), torch.randn(3, 2, 5, 4)
    right = losses.squared_error(predicted, target)
    with checking("03.2") as c:
        f = c.watch(squared_error)
        c.equal(f(target, target), torch.tensor(0.0), "equal colors cost nothing")
        one = torch.zeros(1, 2, 1, 1)
        c.equal(f(one, one + torch.tensor([3.0, 4.0]).view(1, 2, 1, 1)), torch.tensor(25.0),
                "a color that is 3 and 4 away costs 25")
        c.equal(f(predicted, target), right, "sum over the channels, mean over pixels and images")
        got = f(predicted, target)
        c.hint_if(got, right / 2, "this is nn.MSELoss: it averages over the two channels as well")
        c.hint_if(got, (predicted - target).norm(dim=1).mean(), "this is the distance, not its square")
        c.hint_if(got, (predicted - target).square().sum(), "this sums over the pixels: a larger image would cost more")
    return c.result


def check_03_3(normalized_uv) -> Result:
    """Each channel by its own mean and deviation over the *training* images."""
    torch.manual_seed(0)
    spread, center = (torch.tensor(pair).view(1, 2, 1, 1) for pair in ([1.0, 3.0], [2.0, -1.0]))
    train = torch.randn(50, 2, 4, 4) * spread + center
    test = torch.randn(7, 2, 4, 4) + 5
    std, mean = torch.std_mean(train, dim=(0, 2, 3), keepdim=True)
    with checking("03.3") as c:
        f = c.watch(normalized_uv)
        c.equal(f(train, train).mean(dim=(0, 2, 3)), torch.zeros(2), "training images come out with mean zero", 1e-3)
        c.equal(f(train, train).std(dim=(0, 2, 3)), torch.ones(2), "and with deviation one in each channel", 5e-3)
        c.equal(f(train, test), (test - mean) / std, "test images take the training images' mean and deviation", 5e-3)
        c.equal(f(train, test[:1]), (test[:1] - mean) / std, "one image alone comes out as it does among others", 5e-3)
        got = f(train, test)
        own_std, own = torch.std_mean(test, dim=(0, 2, 3), keepdim=True)
        c.hint_if(got, (test - own) / own_std, "these are the test images' own mean and deviation: with them the "
                                               "answer for an image depends on which others are tested with it", 5e-3)
        c.hint_if(got, (test - train.mean()) / train.std(), "U and V each have their own mean and deviation", 5e-3)
        each_std, each = torch.std_mean(test, dim=(2, 3), keepdim=True)
        c.hint_if(got, (test - each) / each_std, "an image's own mean is its color: this removes it", 5e-3)
        c.hint_if(got, (test - mean) / std.square(), "divide by the deviation, not by the variance", 5e-3)
    return c.result


def check_03_4(unexplained) -> Result:
    """Squared error over squared distance from the training mean, both over all pixels and channels."""
    torch.manual_seed(0)
    true = torch.randn(6, 2, 4, 4) * 10 + 3
    predicted = true + torch.randn_like(true) * 5
    mean = torch.tensor([1.0, -2.0])
    painted = mean.view(1, 2, 1, 1).expand_as(true)
    right = metrics.unexplained(predicted, true, mean)
    with checking("03.4") as c:
        f = c.watch(unexplained)
        c.equal(f(true, true, mean), 0.0, "a perfect colorization leaves nothing unexplained")
        c.equal(f(painted, true, mean), 1.0, "painting the training mean leaves everything")
        c.equal(f(predicted, true, mean), right, "squared error over squared distance from the training mean")
        got, error = f(predicted, true, mean), (predicted - true).square().sum()
        own = true.mean(dim=(0, 2, 3), keepdim=True)
        c.hint_if(got, error / (true - own).square().sum(), "this is the mean of the test images: nobody knows it "
                                                            "before testing")
        c.hint_if(got, error / true.square().sum(), "this compares with gray; the best single color is the mean")
        c.hint_if(got, right ** 0.5, "leave out the root: a variance is squared")
        c.hint_if(got, 1 - right, "this is the explained part")
    return c.result
