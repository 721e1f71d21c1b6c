"""Solutions of notebook 02. A teacher may delete this folder."""

import torch


def mean_color(colors, weights):
    """02.1. Each color counts as much as its weight."""
    return (weights[:, None] * colors).sum(0) / weights.sum()


def median_color(colors, weights):
    """02.2. In each channel, go up through the sorted values until half of the weight is reached."""
    median = []
    for values in colors.T:
        order = values.argsort()
        so_far = weights[order].cumsum(0)
        median.append(values[order][(so_far >= weights.sum() / 2).nonzero()[0, 0]])
    return torch.stack(median)


def cross_entropy(logits, shares):
    """02.3. Minus the mean log probability of a color drawn from the shares."""
    return -(shares * logits.log_softmax(0)).sum()


def color_kept(colors):
    """02.4. Jensen: never above one."""
    return colors.mean(0).norm() / colors.norm(dim=1).mean()


def explained_by(colors, cue):
    """02.5. Two guesses in place of one: what they save, as a share of the variance."""
    one = (colors - colors.mean(0)).square().sum()
    two = sum((colors[part] - colors[part].mean(0)).square().sum() for part in (cue, ~cue))
    return 1 - two / one


def repaired_descent(colors, guess, rate, steps):
    """02.6. The cost is a mean over the colors, and the step goes against the gradient."""
    for _ in range(steps):
        guess = guess.detach().clone().requires_grad_()
        cost = (colors - guess).square().sum(1).mean()
        cost.backward()
        guess = guess.detach() - rate * guess.grad
    return guess
