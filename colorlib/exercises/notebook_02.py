"""Checkers for notebook 02, *The averaging problem*."""

import math

import torch

from colorlib.exercises.checking import Result, checking


def _apples(count: int = 9) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw colors (count, 2) in two distant groups, and weights (count,) that do not sum to one."""
    draw = torch.Generator().manual_seed(0)
    colors = torch.randn(count, 2, generator=draw) * 4
    colors[::2] += torch.tensor([57.0, 26.0])
    colors[1::2] += torch.tensor([-40.0, 42.0])
    return colors, torch.rand(count, generator=draw) * 3 + 0.2


def check_02_1(mean_color) -> Result:
    """The sum of weight × color over the sum of the weights."""
    colors, weights = _apples()
    two = torch.tensor([[60.0, 20.0], [-40.0, 40.0]])
    with checking("02.1") as c:
        f = c.attempt(mean_color)
        c.equal(f(two, torch.ones(2)), torch.tensor([10.0, 30.0]),
                "with equal weights, the mean of two colors lies halfway between them")
        c.equal(f(two, torch.tensor([3.0, 1.0])), torch.tensor([35.0, 25.0]),
                "a color with three times the weight counts three times")
        c.equal(f(colors, weights), (weights @ colors) / weights.sum(),
                "the mean is the sum of weight × color over the sum of the weights")
        c.equal(f(colors[:1], weights[:1]), colors[0],
                "a single color is its own mean, whatever its weight")
        got, products = f(colors, weights), weights[:, None] * colors
        c.hint_if(got, colors.mean(0), "the weights are not used: a more frequent color must count "
                  "more")
        c.hint_if(got, products.mean(0), "divide by the sum of the weights, not by the number of "
                  "colors")
        c.hint_if(got, products.sum(0), "the weights need not sum to one: divide by their sum")
    return c.result


def check_02_2(median_color) -> Result:
    """For a and b separately: the first value where the weights so far reach half of all."""
    colors = torch.tensor([[50.0, 10.0], [-40.0, 45.0], [60.0, 30.0], [-45.0, 40.0], [55.0, 20.0]])
    weights = torch.tensor([1.0, 1.0, 1.0, 5.0, 1.0])
    right = torch.tensor([-45.0, 40.0])
    with checking("02.2") as c:
        f = c.attempt(median_color)
        c.equal(f(colors, torch.ones(5)), torch.tensor([50.0, 30.0]),
                "with five equal weights, the median is the third value of each channel")
        c.equal(f(colors, weights), right, "a color with more than half the weight is the median")
        c.equal(f(colors, 7 * weights), right, "the weights need not sum to one")
        c.equal(f(colors[:1], weights[:1]), colors[0], "a single color is its own median")
        equal, got = f(colors, torch.ones(5)), f(colors, weights)
        c.hint_if(equal, colors[colors[:, 0].argsort()[2]],
                  "this is the color with the median a: sort b by itself")
        c.hint_if(equal, colors.mean(0), "this is the mean")
        c.hint_if(got, colors.median(0).values,
                  "the weights are not used: one color has five ninths of the weight")
        c.hint_if(got, (weights @ colors) / weights.sum(), "this is the weighted mean")
    return c.result


def check_02_3(cross_entropy) -> Result:
    """Minus the sum of share × log softmax; its minimum, the entropy, is where softmax = shares."""
    shares = torch.tensor([0.55, 0.30, 0.15])
    logits, large = torch.tensor([2.0, -1.0, 0.5]), torch.tensor([1000.0, 0.0, 0.0])
    right = -(shares * logits.log_softmax(0)).sum()
    with checking("02.3") as c:
        f = c.attempt(cross_entropy)
        c.equal(f(torch.zeros(3), shares), math.log(3),
                "three equal logits cost log 3, whatever the shares")
        c.equal(f(logits, shares), right, "minus the sum of share × log(softmax of the logits)")
        c.equal(f(logits + 5, shares), right, "adding a number to all logits changes nothing")
        c.equal(f(shares.log(), shares), -(shares * shares.log()).sum(),
                "predicting the shares themselves costs their entropy")
        c.equal(f(large, shares), 450.0, "large logits must not give infinity or NaN")
        got = f(logits, shares)
        c.hint_if(got, -right, "check the sign: the loss must fall when the right bins get more")
        c.hint_if(got, right / 3, "sum over the bins, do not average")
        c.hint_if(got, -(shares * logits.softmax(0)).sum(), "the logarithm is missing")
        c.hint_if(got, -(shares * logits).sum(), "logits are not probabilities: use softmax first")
        c.hint_if(got, -(logits.softmax(0) * shares.log()).sum(),
                  "the shares and the prediction are swapped")
        c.hint_if(got, right / math.log(2), "this is in bits; use the natural logarithm")
        c.hint_if(f(large, shares), math.inf,
                  "softmax rounds to exactly 0, whose logarithm is infinite: use log_softmax")
    return c.result


def check_02_4(color_kept) -> Result:
    """Length of the mean over mean of the lengths: 1 if all hues agree, 0 if they cancel out."""
    colors, _ = _apples()
    with checking("02.4") as c:
        f = c.attempt(color_kept)
        c.equal(f(torch.tensor([[10.0, 0.0], [30.0, 0.0]])), 1.0, "one hue: nothing is lost")
        c.equal(f(torch.tensor([[30.0, 40.0], [-30.0, -40.0]])), 0.0,
                "opposite colors: nothing is left")
        c.equal(f(torch.tensor([[30.0, 0.0], [0.0, 40.0]])), 25 / 35,
                "at a right angle, the mean (15, 20) has length 25")
        right = colors.mean(0).norm() / colors.norm(dim=1).mean()
        c.equal(f(colors), right, "length of the mean over mean of the lengths")
        got = f(colors)
        c.hint_if(got, 1 / right, "this is upside down: divide what is left by what there was")
        c.hint_if(got, 1 - right, "this is the part that is lost")
        c.hint_if(got, colors.mean(0).abs().sum() / colors.abs().sum(1).mean(),
                  "a length is sqrt(a² + b²), not |a| + |b|")
        c.hint_if(got, colors.mean(0).norm() / colors.square().sum(1).mean().sqrt(),
                  "take the mean of the lengths, not the root of the mean square")
        c.hint_if(got, 1.0, "in the numerator, take the mean of the colors and then its length; in "
                  "the denominator, the other way round")
    return c.result
