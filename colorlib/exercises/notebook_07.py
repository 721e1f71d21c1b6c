"""Checkers for notebook 07, *Transfer learning*."""

import torch
import torch.nn.functional as F
from torch import nn


def check_07_1(c, f):
    """hypercolumns: feature maps (N, C, h, w), enlarged bilinearly to the first's size, stacked."""
    draw = torch.Generator().manual_seed(0)
    shapes = ((3, 16, 16), (4, 16, 16), (5, 8, 8), (6, 4, 4))
    features = [torch.randn(2, *shape, generator=draw) for shape in shapes]

    def stack(**how) -> torch.Tensor:
        large = [F.interpolate(t, size=16, **how) if t.shape[-1] < 16 else t for t in features]
        return torch.cat(large, dim=1)

    c.equal(f(features[:2]), torch.cat(features[:2], dim=1),
            "tensors of the same size are concatenated unchanged")
    got = f(features)  # (2, 18, 16, 16)
    c.equal(got, stack(mode="bilinear"), "four tensors of three sizes: 18 channels", 1e-3)
    c.hint_if(got, stack(mode="nearest"),
              'mode="bilinear" is missing: without it, interpolate repeats pixels')
    c.hint_if(got, stack(mode="bilinear", align_corners=True), "leave out align_corners: with it, "
              "the pixels of different sizes no longer lie on top of each other")
    small = torch.cat([F.adaptive_avg_pool2d(t, 4) for t in features], dim=1)
    c.hint_if(got, small, "enlarge the small ones; do not shrink the large ones")


def check_07_2(c, f):
    """summed: turn weights (C, 3, k, k) for normalized RGB into (C, 1, k, k) for gray."""
    draw = torch.Generator().manual_seed(0)
    # ImageNet's standard deviations, with which its networks were trained.
    weight, std = torch.randn(4, 3, 3, 3, generator=draw), torch.tensor([0.229, 0.224, 0.225])
    gray, by_channel = torch.rand(2, 1, 8, 8, generator=draw), std.view(1, 3, 1, 1)
    expected = F.conv2d(gray.expand(-1, 3, -1, -1) / by_channel, weight)
    got, right = f(weight, std), (weight / by_channel).sum(1, keepdim=True)
    if c.equal(torch.as_tensor(got).shape, right.shape, "the shape of the weights"):
        c.equal(F.conv2d(gray, got), expected, "the output must be that for three equal channels, "
                "each divided by its standard deviation", 1e-3)
    c.hint_if(got, weight.sum(1, keepdim=True),
              "each color has its own deviation: divide before you sum")
    c.hint_if(got, right / 3,
              "take the sum, not the mean: all three channels held the whole gray value")
    c.hint_if(got, right[:, 0], "keep the channel dimension")


def check_07_3(c, f):
    """same_kind: the share of the k nearest others, by angle of features, with the same label."""
    draw = torch.Generator().manual_seed(0)
    labels = torch.arange(60) % 3
    features = torch.randn(3, 8, generator=draw)[labels] + 0.9 * torch.randn(60, 8, generator=draw)
    features *= torch.linspace(0.2, 3, 60)[:, None]  # lengths without a meaning
    unit = F.normalize(features, dim=1)
    cosine, product = unit @ unit.T, features @ features.T

    def share(similarity: torch.Tensor, k: int) -> float:
        return float((labels[similarity.topk(k).indices] == labels[:, None]).float().mean())

    for k in (1, 5):
        got = f(features, labels, k)
        # The diagonal, each image's similarity with itself, is made smaller than any other value.
        c.equal(got, share(cosine.clone().fill_diagonal_(-2), k), f"k = {k}", 1e-3)
        c.hint_if(got, share(cosine, k), "each image is its own nearest neighbor: leave it out")
        c.hint_if(got, share(product.clone().fill_diagonal_(-1e9), k),
                  "compare by angle only: divide each feature vector by its length")


def check_07_4(c, f):
    """freeze a whole network: no gradient for its weights, fixed batch norm statistics."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 1))
        net.train()
        images = torch.rand(8, 1, 6, 6)
    before = {name: t.clone() for name, t in net.state_dict().items()}
    f.__wrapped__(net)  # the function itself: unlike others, this one may return None
    if net.training and all(p.requires_grad for p in net.parameters()):
        raise NotImplementedError  # nothing is frozen: a stub
    y = net(images)
    no_gradient = c.true(not any(p.requires_grad for p in net.parameters()),
                         "the weights must not take a gradient")
    fixed = all(torch.equal(t, before[name]) for name, t in net.state_dict().items())
    c.true(fixed, "batch norm must keep its mean and variance while images pass through it")
    c.true(y.shape == (8, 2, 4, 4), "the network must still work")
    c.hint_if(no_gradient and not fixed, True, "requires_grad_(False) stops the gradient, but in "
              "training mode batch norm still updates its statistics: call eval()")
    c.hint_if(fixed and not no_gradient, True, "eval() fixes the statistics, but the optimizer "
              "would still get a gradient: call requires_grad_(False)")
