"""Checkers for notebook 02, *The cheapest wrong answer*."""

import math

import torch


def _apples(count: int = 9) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw colors (count, 2) in two distant groups, and weights (count,) that do not sum to one."""
    draw = torch.Generator().manual_seed(0)
    colors = torch.randn(count, 2, generator=draw) * 4
    colors[::2] += torch.tensor([57.0, 26.0])  # red apples, as ab
    colors[1::2] += torch.tensor([-40.0, 42.0])  # green ones
    return colors, torch.rand(count, generator=draw) * 3 + 0.2


def check_02_1(c, f):
    """mean_color: the sum of weight × color over the sum of the weights."""
    ab, weights = _apples()
    two = torch.tensor([[60.0, 20.0], [-40.0, 40.0]])
    three = torch.tensor([[60.0, 20.0], [-40.0, 40.0], [10.0, 0.0]])  # two broadcast to a mistake
    c.equal(f(three, torch.ones(3)), [10.0, 20.0], "with equal weights, this is the plain mean")
    c.equal(f(two, torch.ones(2)), [10.0, 30.0],
            "with equal weights, the mean of two colors lies halfway between them")
    c.equal(f(two, torch.tensor([3.0, 1.0])), [35.0, 25.0],
            "a color with three times the weight counts three times")
    c.equal(f(ab, weights), (weights @ ab) / weights.sum(),
            "the mean is the sum of weight × color over the sum of the weights")
    c.equal(f(ab[:1], weights[:1]), ab[0], "a single color is its own mean, whatever its weight")
    got, product = f(ab, weights), weights[:, None] * ab  # (9, 2)
    c.hint_if(got, ab.mean(0), "the weights are not used: a more frequent color must count more")
    c.hint_if(got, product.mean(0), "divide by the sum of the weights, not by the number of colors")
    c.hint_if(got, product.sum(0), "the weights need not sum to one: divide by their sum")


def check_02_2(c, f):
    """median_color, for a and b separately: the first value where the weights reach half of all."""
    # The order by a differs from the order by b, so that sorting whole colors gives a wrong answer.
    colors = torch.tensor([[50.0, 10.0], [-40.0, 45.0], [60.0, 30.0], [-45.0, 40.0], [55.0, 20.0]])
    weights = torch.tensor([1.0, 1.0, 1.0, 5.0, 1.0])
    right = [-45.0, 40.0]  # the color with five ninths of the weight
    equal, got = f(colors, torch.ones(5)), f(colors, weights)
    c.equal(equal, [50.0, 30.0],
            "with five equal weights, the median is the third value of each channel")
    c.equal(got, right, "a color with more than half the weight is the median")
    c.equal(f(colors, 7 * weights), right, "the weights need not sum to one")
    c.equal(f(colors[:1], weights[:1]), colors[0], "a single color is its own median")
    c.hint_if(equal, colors[colors[:, 0].argsort()[2]],
              "this is the color with the median a: sort b by itself")
    c.hint_if(equal, colors.mean(0), "this is the mean")
    c.hint_if(got, colors.median(0).values,
              "the weights are not used: one color has five ninths of the weight")
    c.hint_if(got, (weights @ colors) / weights.sum(), "this is the weighted mean")


def check_02_3(c, f):
    """cross_entropy, minus the sum of share × log softmax; smallest where softmax = shares."""
    shares = torch.tensor([0.55, 0.30, 0.15])
    logits = torch.tensor([2.0, -1.0, 0.5])
    large = torch.tensor([1000.0, 0.0, 0.0])  # its softmax is rounded to 1, 0, 0
    right = -(shares * logits.log_softmax(0)).sum()
    got, zeros, p = f(logits, shares), torch.zeros(3), logits.softmax(0)
    c.equal(f(zeros, shares), math.log(3), "three equal logits cost log 3, whatever the shares")
    c.equal(got, right, "minus the sum of share × log(softmax of the logits)")
    c.equal(f(logits + 5, shares), right, "adding a number to all logits changes nothing")
    c.equal(f(shares.log(), shares), -(shares * shares.log()).sum(),
            "predicting the shares themselves costs their entropy")
    # 0.55 × 0 + 0.30 × 1000 + 0.15 × 1000
    c.equal(f(large, shares), 450.0, "large logits must not give infinity or NaN")
    c.hint_if(got, -right, "check the sign: the loss must fall when the right classes get more")
    c.hint_if(got, right / 3, "sum over the classes, do not average")
    c.hint_if(got, -(shares * p).sum(), "the logarithm is missing")
    c.hint_if(got, -(shares * logits).sum(), "logits are not probabilities: use softmax first")
    c.hint_if(got, -(p * shares.log()).sum(), "the shares and the prediction are swapped")
    c.hint_if(got, right / math.log(2), "this is in bits; use the natural logarithm")
    c.hint_if(f(large, shares), math.inf,
              "softmax rounds to exactly 0, whose logarithm is infinite: use log_softmax")


def check_02_4(c, f):
    """color_kept: length of the mean over mean of the lengths; 1 if all hues agree."""
    opposite = torch.tensor([[30.0, 40.0], [-30.0, -40.0]])
    c.equal(f(torch.tensor([[10.0, 0.0], [30.0, 0.0]])), 1.0, "one hue: nothing is lost")
    c.equal(f(opposite), 0.0, "opposite colors: nothing is left")
    c.equal(f(torch.tensor([[30.0, 0.0], [0.0, 40.0]])), 25 / 35,
            "at a right angle, the mean (15, 20) has length 25")
    colors, _ = _apples()  # (9, 2)
    got, mean = f(colors), colors.mean(0)
    right = mean.norm() / colors.norm(dim=1).mean()
    c.equal(got, right, "length of the mean over mean of the lengths")
    c.hint_if(got, 1 / right, "this is upside down: divide what is left by what there was")
    c.hint_if(got, 1 - right, "this is the part that is lost")
    c.hint_if(got, mean.abs().sum() / colors.abs().sum(1).mean(),
              "a length is sqrt(a² + b²), not |a| + |b|")
    c.hint_if(got, mean.norm() / colors.square().sum(1).mean().sqrt(),
              "take the mean of the lengths, not the root of the mean square")
    c.hint_if(got, 1.0, "in the numerator, take the mean of the colors and then its length; in the "
              "denominator, the other way round")


def check_02_5(c, f):
    """explained_by: 1 − squared error with one mean for each value of the cue, over that of one."""
    colors, _ = _apples(12)
    cue = torch.arange(12) % 3 == 0  # a weak one, in groups of 4 and 8
    one = (colors - colors.mean(0)).square().sum()
    two = sum((colors[part] - colors[part].mean(0)).square().sum() for part in (cue, ~cue))
    got = f(colors, cue)
    pure = torch.arange(12) % 2 == 0  # the cue of an oracle: red or green
    spread = sum((colors[part] - colors[part].mean(0)).square().sum() for part in (pure, ~pure))
    c.equal(f(torch.tensor([[9.0, 0], [9, 0], [-5, 0]]), torch.tensor([True, True, False])), 1.0,
            "if the cue decides the color, everything is explained")
    c.equal(f(torch.tensor([[9.0, 0], [-5, 0], [9, 0], [-5, 0]]),
              torch.tensor([True, True, False, False])), 0.0,
            "if the cue does not change the mean, nothing is explained")
    c.equal(got, 1 - two / one, "one minus what two guesses cost over what one guess costs")
    c.equal(f(colors, pure), 1 - spread / one, "a cue that splits red from green explains the most")
    alone = float(f(torch.tensor([[9.0, 0], [9, 0], [-5, 0]]), torch.tensor([True, True, False])))
    c.hint_if(math.isnan(alone), True, "`var()` of a single color is NaN: use `correction=0`")
    c.hint_if(got, two / one, "this is the part that stays unexplained")
    mean_of_two = sum((colors[part] - colors[part].mean(0)).square().sum(1).mean()
                      for part in (cue, ~cue)) / 2
    c.hint_if(f(colors, cue), 1 - mean_of_two / (one / len(colors)),
              "every apple counts once: the two groups may differ in size")
    c.hint_if(got, 1 - (two / one).sqrt(), "squared error, not its root")


def check_02_6(c, f):
    """repaired_descent: downhill on the mean squared distance, and it arrives at the mean color."""
    colors, _ = _apples(300)
    start, mean = torch.tensor([0.0, 0.0]), colors.mean(0)
    got = f(colors[:1], start, 0.25, 1)
    c.equal(got, 0.5 * colors[0], "one step of rate 0.25 goes half of the way to a single color")
    once = f(colors, start, 0.25, 1)
    c.equal(once, 0.5 * mean, "a step must not grow with the number of colors")
    c.equal(f(colors, start, 0.05, 200), mean, "two hundred steps must arrive at the mean",
            tolerance=1e-3)
    c.equal(start, [0.0, 0.0], "the start that was handed in must stay as it is")
    c.hint_if(got, -0.5 * colors[0], "you climb: the gradient points uphill")
    c.hint_if(once, 150 * mean, "a sum over 300 colors makes a step 300 times as long: average")
    c.hint_if(once, 0.25 * mean, "each color costs a² + b²: add the channels, average the colors")
