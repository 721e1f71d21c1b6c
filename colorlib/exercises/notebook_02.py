"""Checkers of notebook 02, *The averaging problem*."""

import math

import torch

from colorlib.exercises.checking import Result, checking


def _apples(count: int = 9) -> tuple[torch.Tensor, torch.Tensor]:
    """Colors (count, 2) in two far-apart groups, and weights that do not add to one."""
    generator = torch.Generator().manual_seed(0)
    colors = torch.randn(count, 2, generator=generator) * 4
    colors[::2] += torch.tensor([57.0, 26.0])
    colors[1::2] += torch.tensor([-40.0, 42.0])
    return colors, torch.rand(count, generator=generator) * 3 + 0.2


def check_02_1(mean_color) -> Result:
    """Sum of weight × color over the sum of the weights."""
    colors, weights = _apples()
    two = torch.tensor([[60.0, 20.0], [-40.0, 40.0]])
    with checking("02.1") as c:
        f = c.watch(mean_color)
        c.equal(f(two, torch.ones(2)), torch.tensor([10.0, 30.0]), "two colors, equally often: the point between them")
        c.equal(f(two, torch.tensor([3.0, 1.0])), torch.tensor([35.0, 25.0]), "three times as many of the first color")
        c.equal(f(colors, weights), (weights @ colors) / weights.sum(), "sum of weight × color over sum of weights")
        c.equal(f(colors[:1], weights[:1]), colors[0], "one color alone is its own mean, whatever its weight")
        got = f(colors, weights)
        c.hint_if(got, colors.mean(0), "the weights are not used: a color that is seen more often counts more")
        each = weights[:, None] * colors
        c.hint_if(got, each.mean(0), "divide by the sum of the weights, not by how many colors there are")
        c.hint_if(got, weights @ colors, "the weights need not add to one: divide by their sum")
    return c.result


def check_02_2(median_color) -> Result:
    """In a and in b separately: the first value at which the weights below and at it reach half of all."""
    colors = torch.tensor([[50.0, 10.0], [-40.0, 45.0], [60.0, 30.0], [-45.0, 40.0], [55.0, 20.0]])
    weights = torch.tensor([1.0, 1.0, 1.0, 5.0, 1.0])
    right = torch.tensor([-45.0, 40.0])
    with checking("02.2") as c:
        f = c.watch(median_color)
        c.equal(f(colors, torch.ones(5)), torch.tensor([50.0, 30.0]), "five equal weights: the third in each")
        c.equal(f(colors, weights), right, "with more than half of the weight, one color is the median")
        c.equal(f(colors, 7 * weights), right, "the weights need not add to one")
        c.equal(f(colors[:1], weights[:1]), colors[0], "one color alone is its own median")
        once, got = f(colors, torch.ones(5)), f(colors, weights)
        c.hint_if(once, colors[colors[:, 0].argsort()[2]], "the color whose a is in the middle: sort b by itself")
        c.hint_if(once, colors.mean(0), "this is the mean")
        c.hint_if(got, colors.median(0).values, "the weights are not used: five of the nine parts belong to one color")
        c.hint_if(got, (weights @ colors) / weights.sum(), "this is the weighted mean")
    return c.result


def check_02_3(cross_entropy) -> Result:
    """Minus the sum of share × log softmax: smallest, and equal to the entropy, when softmax gives the shares."""
    shares = torch.tensor([0.55, 0.30, 0.15])
    logits = torch.tensor([2.0, -1.0, 0.5])
    right = -(shares * logits.log_softmax(0)).sum()
    with checking("02.3") as c:
        f = c.watch(cross_entropy)
        c.equal(f(torch.zeros(3), shares), math.log(3), "three equal logits cost log 3, whatever the shares")
        c.equal(f(logits, shares), right, "minus the sum of share × log(softmax of the logits)")
        c.equal(f(logits + 5, shares), right, "adding the same number to all logits changes nothing")
        c.equal(f(shares.log(), shares), -(shares * shares.log()).sum(), "the right distribution costs its entropy")
        large = torch.tensor([1000.0, 0.0, 0.0])
        c.equal(f(large, shares), 450.0, "large logits must not give infinity or NaN")
        got = f(logits, shares)
        c.hint_if(got, -right, "the sign: a cost falls when the right bins get more")
        c.hint_if(got, right / 3, "sum over the bins, do not average")
        c.hint_if(got, -(shares * logits.softmax(0)).sum(), "the logarithm is missing")
        c.hint_if(got, -(shares * logits).sum(), "logits are not probabilities yet: softmax first")
        c.hint_if(got, -(logits.softmax(0) * shares.log()).sum(), "shares and answer have changed places")
        c.hint_if(got, right / math.log(2), "this is in bits; use the natural logarithm")
        c.hint_if(f(large, shares), math.inf, "softmax rounds to an exact 0, whose log is infinite: use log_softmax")
    return c.result


def check_02_4(color_kept) -> Result:
    """Length of the mean over the mean of the lengths: 1 when all hues agree, 0 when they cancel."""
    colors, _ = _apples()
    with checking("02.4") as c:
        f = c.watch(color_kept)
        c.equal(f(torch.tensor([[10.0, 0.0], [30.0, 0.0]])), 1.0, "one hue: the mean is as far from gray as they are")
        c.equal(f(torch.tensor([[30.0, 40.0], [-30.0, -40.0]])), 0.0, "opposite colors: nothing is left")
        c.equal(f(torch.tensor([[30.0, 0.0], [0.0, 40.0]])), 25 / 35, "a right angle: the mean (15, 20) has length 25")
        right = colors.mean(0).norm() / colors.norm(dim=1).mean()
        c.equal(f(colors), right, "length of the mean over mean of the lengths")
        got = f(colors)
        c.hint_if(got, 1 / right, "the other way round: what is kept, not what is lost")
        c.hint_if(got, 1 - right, "this is the part that is lost")
        summed = colors.mean(0).abs().sum() / colors.abs().sum(1).mean()
        c.hint_if(got, summed, "a length is sqrt(a² + b²), not |a| + |b|")
        c.hint_if(got, colors.mean(0).norm() / colors.square().sum(1).mean().sqrt(),
                  "the mean of the lengths, not the root of the mean square")
        c.hint_if(got, 1.0, "first the mean of the colors, then its length, above the line; below it the other order")
    return c.result
