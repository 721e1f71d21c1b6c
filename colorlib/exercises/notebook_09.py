"""Checkers for notebook 09, *Roll the dice properly*."""

import torch


def step_towards(here: torch.Tensor, mean: torch.Tensor, now: float, then: float) -> torch.Tensor:
    """A step of the walk, for the notebook where exercise 09.1 is not solved."""
    return here + (mean - here) * (then - now) / (1 - now)


def same_every_time(cue: torch.Tensor, rolls: int) -> torch.Tensor:
    """Rolls (rolls, N), True for green, for the notebook where exercise 09.3 is not solved."""
    drawn = torch.rand(len(cue)) < torch.where(cue, 0.8, 0.3)
    return drawn.expand(rolls, -1)


def check_09_1(c, f):
    """step_towards: move by the share of the remaining time that passes."""
    here, mean = torch.tensor([[0.0, 4.0], [1.0, 1.0]]), torch.tensor([[8.0, 0.0], [1.0, 1.0]])
    c.equal(f(here, mean, 0.0, 0.25), torch.tensor([[2.0, 3.0], [1.0, 1.0]]),
            "a quarter of the time passes, so a quarter of the way is done")
    got = f(here, mean, 0.5, 0.75)
    c.equal(got, torch.tensor([[4.0, 2.0], [1.0, 1.0]]),
            "from 0.5 to 0.75, half of the time that is left passes")
    c.equal(f(here, mean, 0.5, 1.0), mean, "at time 1 you have arrived")
    pictures = torch.stack([here, mean]).expand(3, 2, 2, 2)
    c.equal(f(pictures, 0 * pictures, 0.5, 0.75), pictures / 2,
            "the same for pictures (N, 2, H, W)")
    c.hint_if(got, here + 0.25 * (mean - here),
              "at 0.5 half of the time is left: how much of that is 0.25?")
    c.hint_if(got, here + 0.75 * (mean - here),
              "this starts from time 0 again; you are here at the time `now`")
    c.hint_if(got, mean, "this jumps to the mean: only a part of the time has passed")


def check_09_2(c, f):
    """spread_of_odds: the deviation of shares, without the variance by chance."""
    draw = torch.Generator().manual_seed(0)
    odds = torch.where(torch.rand(4000, generator=draw) < 0.5, 0.2, 0.6)
    rolls = 16
    uniform = torch.rand(4000, rolls, generator=draw)
    shares = (uniform < odds[:, None]).float().mean(1)
    by_chance = (shares * (1 - shares)).mean() / (rolls - 1)
    expected = (shares.var() - by_chance).sqrt()
    got = f(shares, rolls)
    c.equal(got, expected, "odds of 0.2 and 0.6, which scatter by 0.2", 0.004)
    same = (uniform < 0.5).float().mean(1)
    c.equal(f(same, rolls), (same.var() - (same * (1 - same)).mean() / (rolls - 1)
                             ).clamp(min=0).sqrt(), "equal odds: all scatter is chance", 0.03)
    few = torch.tensor([0.5, 0.5, 0.5])
    c.equal(f(few, 4), 0.0, "shares that scatter less than chance: 0, not a root of less than 0")
    c.hint_if(got, shares.std(), "this is all of the scatter: which part of its square is chance?")
    c.hint_if(got, shares.std() - by_chance.sqrt(),
              "variances of independent sources add, deviations do not")
    c.hint_if(got, shares.var() - by_chance, "this is a variance: its root was asked for")
    c.hint_if(got, (shares.var() - (shares * (1 - shares)).mean()).clamp(min=0).sqrt(),
              "that is the variance of one roll: a share is the mean of n")


def check_09_3(c, f):
    """same_every_time: the right shares, and no apple ever changes its color."""
    cue = torch.arange(4000) % 10 < 3
    got = torch.as_tensor(f(cue, 16))
    c.true(got.shape == (16, 4000), f"expected (rolls, N), here (16, 4000), got {tuple(got.shape)}")
    if got.shape != (16, 4000):
        return
    rolls = got.float()
    steady = bool((rolls == rolls[0]).all())
    with_leaf, without = float(rolls[:, cue].mean()), float(rolls[:, ~cue].mean())
    c.true(abs(with_leaf - 0.8) < 0.05, f"green with a leaf: {with_leaf:.2f}, expected 0.8")
    c.true(abs(without - 0.3) < 0.05, f"green without a leaf: {without:.2f}, expected 0.3")
    c.true(steady, "an apple changes its color between two rolls")
    c.hint_if(with_leaf > 0.99 and without < 0.01, True, "the leaf must not decide alone: with a "
              "leaf, one apple in five is red for good")
    c.hint_if(abs(with_leaf - 0.45) < 0.05 and abs(without - 0.45) < 0.05, True,
              "the shares depend on the leaf: draw each apple with the odds of its own sort")
    c.hint_if(not steady, True, "these dice are fair: draw once for each apple, and repeat it")
