"""Checkers for notebook 09, *Roll the dice properly*."""

from itertools import pairwise

import torch


def check_09_1(c, f):
    """step_towards: move by the share of the remaining time that passes."""
    here, mean = torch.tensor([[0.0, 4.0], [1.0, 1.0]]), torch.tensor([[8.0, 0.0], [1.0, 1.0]])
    c.equal(f(here, mean, 0.0, 0.25), torch.tensor([[2.0, 3.0], [1.0, 1.0]]),
            "a quarter of the time passes, so a quarter of the way is done")
    got = f(here, mean, 0.5, 0.75)
    c.equal(got, torch.tensor([[4.0, 2.0], [1.0, 1.0]]),
            "from 0.5 to 0.75, half of the time that is left passes")
    c.equal(f(here, mean, 0.5, 1.0), mean, "at time 1 you have arrived")
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
    """repaired_sample: the network gets the time of its input, and noise comes once."""
    gray, noise = torch.zeros(2, 1, 4, 4), torch.randn(2, 2, 4, 4,
                                                      generator=torch.Generator().manual_seed(0))
    times = [0.0, 0.25, 0.5, 1.0]
    seen = []

    def net(x, noisy, time):
        seen.append(round(float(time[0]), 4))
        return 3 + 0.5 * noisy + time[:, None, None, None]

    def walk(of_time):
        here = noise
        for now, then in pairwise(times):
            mean = 3 + 0.5 * here + of_time(now, then)
            here = here + (mean - here) * (then - now) / (1 - now)
        return here

    got = f(net, gray, noise.clone(), times)
    times_seen, again = list(seen), f(net, gray, noise.clone(), times)
    new_noise = not torch.equal(torch.as_tensor(got), torch.as_tensor(again))
    c.true(not new_noise, "the same noise gives another picture the second time")
    c.true(times_seen == times[:-1], f"the network got the times {times_seen}, and `here` is as "
                                     f"noisy as at {times[:-1]}")
    c.equal(got, walk(lambda now, then: now), "a walk in three steps of different length")
    late = times_seen == times[1:]
    c.hint_if(late and new_noise, True, "both mistakes are still there: follow `here` and `now`")
    c.hint_if(new_noise, True, "noise comes once, before the walk: a step begins where you are")
    c.hint_if(late, True, "the noise is right; now the time: `here` is as noisy as at `now`")
