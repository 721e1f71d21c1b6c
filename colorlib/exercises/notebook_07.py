"""Checkers of notebook 07, *Transfer learning*."""
import torch
import torch.nn.functional as F
from torch import nn

from colorlib.exercises.checking import Result, checking


def check_07_1(hypercolumns) -> Result:
    """Tensors (N, C, h, w), the first the largest -> (N, sum of C, H, W): the others enlarged, bilinear."""
    draw = torch.Generator().manual_seed(0)
    seen = [torch.randn(2, c, side, side, generator=draw) for c, side in ((3, 16), (4, 16), (5, 8), (6, 4))]

    def stacked(**how) -> torch.Tensor:
        return torch.cat([F.interpolate(t, size=(16, 16), **how) if t.shape[-1] < 16 else t for t in seen], dim=1)

    with checking("07.1") as c:
        f = c.watch(hypercolumns)
        c.equal(f(seen[:2]), torch.cat(seen[:2], dim=1), "tensors of one size are stacked as they are")
        got = f(seen)
        c.equal(got, stacked(mode="bilinear"), "four tensors of three sizes, 18 numbers a pixel", 1e-3)
        c.hint_if(got, stacked(mode="nearest"), "mode=\"bilinear\": without it, torch repeats pixels", 1e-3)
        c.hint_if(got, stacked(mode="bilinear", align_corners=True), "leave align_corners alone: with it, "
                  "pixels of two sizes do not lie over each other", 1e-3)
        small = torch.cat([F.adaptive_avg_pool2d(t, 4) for t in seen], dim=1)
        c.hint_if(got, small, "enlarge the small ones; do not shrink the large ones", 1e-3)
    return c.result


def check_07_2(summed) -> Result:
    """Weights (C, 3, k, k) of a first convolution, the deviations (3,) of its input -> (C, 1, k, k) for gray input."""
    draw = torch.Generator().manual_seed(0)
    weight, std = torch.randn(4, 3, 3, 3, generator=draw), torch.tensor([0.229, 0.224, 0.225])
    gray = torch.rand(2, 1, 8, 8, generator=draw)
    expected = F.conv2d(gray.expand(-1, 3, -1, -1) / std.view(1, 3, 1, 1), weight)
    with checking("07.2") as c:
        f = c.watch(summed)
        got = f(weight, std)
        right = (weight / std.view(1, 3, 1, 1)).sum(1, keepdim=True)
        if c.equal(torch.as_tensor(got).shape, right.shape, "the shape of the weights"):
            c.equal(F.conv2d(gray, got), expected, "the answers of the three equal channels, each over its deviation",
                    1e-3)
        c.hint_if(got, weight.sum(1, keepdim=True), "each color has its own deviation: divide before you sum", 1e-3)
        c.hint_if(got, right / 3, "the sum, not the mean: three channels came in, each with the whole gray value", 1e-3)
        c.hint_if(got, right[:, 0], "keep the dimension of the one channel", 1e-3)
    return c.result


def check_07_3(same_kind) -> Result:
    """Descriptions (N, F), labels (N,) and k -> the share of the k nearest others, by angle, with the same label."""
    draw = torch.Generator().manual_seed(0)
    labels = torch.arange(60) % 3
    described = torch.randn(3, 8, generator=draw)[labels] + 0.9 * torch.randn(60, 8, generator=draw)
    described *= torch.linspace(0.2, 3, 60)[:, None]                        # lengths that mean nothing

    def share(similar: torch.Tensor, k: int) -> float:
        return float((labels[similar.topk(k).indices] == labels[:, None]).float().mean())

    unit = F.normalize(described, dim=1)
    alike = unit @ unit.T
    others = alike.clone().fill_diagonal_(-2)
    with checking("07.3") as c:
        f = c.watch(same_kind)
        for k in (1, 5):
            got = f(described, labels, k)
            c.equal(got, share(others, k), f"k = {k}", 1e-3)
            c.hint_if(got, share(alike, k), "a picture is its own nearest neighbor: leave it out", 1e-3)
            products = (described @ described.T).fill_diagonal_(-1e9)
            c.hint_if(got, share(products, k), "the angle only: divide each description by its length", 1e-3)
    return c.result


def check_07_4(freeze) -> Result:
    """Freeze a network whole: no gradient for its weights, and batch norm keeps its statistics while it is used."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 1)).train()
        pictures = torch.rand(8, 1, 6, 6)
    with checking("07.4") as c:
        c.watch(freeze)                                                     # not done, if it is ... or None
        before = {name: t.clone() for name, t in net.state_dict().items()}
        freeze(net)                                                         # it may answer nothing
        if net.training and all(p.requires_grad for p in net.parameters()):
            c.true(None, "nothing is frozen: not done")
        y = net(pictures)
        no_gradient = c.true(not any(p.requires_grad for p in net.parameters()), "its weights take no gradient")
        stays = all(torch.equal(t, before[name]) for name, t in net.state_dict().items())
        c.true(stays, "its batch norm keeps mean and variance when pictures go through it")
        c.true(y.shape == (8, 2, 4, 4), "it still answers")
        c.hint_if(no_gradient and not stays, True, "requires_grad_(False) stops the gradient, but batch norm in "
                                                   "training mode still moves its statistics: eval()")
        c.hint_if(stays and not no_gradient, True, "eval() stops the statistics, but the optimizer would still get a "
                                                   "gradient: requires_grad_(False)")
    return c.result
