"""Each checker of notebook 09: the solution is right, the stub is not done, two usual mistakes are named."""
from itertools import pairwise
from pathlib import Path

import torch
from checkers import *  # noqa: F403

from colorlib import exercises

SOLUTIONS = Path(__file__).parents[2] / "solutions" / "09_many_colorings.py"


def sampler(time_of, start):
    """A walk; time_of(now, then): the time that the network is told, start(here): where a step begins."""
    def walk(net, gray, noise, times):
        here = noise
        for now, then in pairwise(times):
            mean = net(gray, here, torch.full((len(gray),), time_of(now, then)))
            here = start(here) + (mean - here) * (then - now) / (1 - now)
        return here
    return walk


CASES = [
    ("check_09_1", "step_towards", lambda here, mean, now, then: here + (then - now) * (mean - here),
     "half of the time is left"),
    ("check_09_1", "step_towards", lambda here, mean, now, then: here + then * (mean - here), "from time 0 again"),
    ("check_09_1", "step_towards", lambda here, mean, now, then: mean, "jumps to the mean"),
    ("check_09_2", "spread_of_odds", lambda shares, rolls: shares.std(), "all of the scatter"),
    ("check_09_2", "spread_of_odds",
     lambda shares, rolls: shares.std() - ((shares * (1 - shares)).mean() / (rolls - 1)).sqrt(), "deviations do not"),
    ("check_09_2", "spread_of_odds",
     lambda shares, rolls: shares.var() - (shares * (1 - shares)).mean() / (rolls - 1), "this is a variance"),
    ("check_09_2", "spread_of_odds",
     lambda shares, rolls: (shares.var() - (shares * (1 - shares)).mean()).clamp(min=0).sqrt(), "variance of one roll"),
    ("check_09_3", "repaired_sample", sampler(lambda now, then: then, torch.randn_like), "both mistakes"),
    ("check_09_3", "repaired_sample", sampler(lambda now, then: then, lambda here: here), "now the time"),
    ("check_09_3", "repaired_sample", sampler(lambda now, then: now, torch.randn_like), "comes once"),
]


def jumps(net, gray, noise, times):
    """Every step goes all the way to the mean."""
    here = noise
    for now in times[:-1]:
        here = net(gray, here, torch.full((len(gray),), now))
    return here


def never_moves(net, gray, noise, times):
    """The network sees the noise in every step."""
    here = noise
    for now, then in pairwise(times):
        here = here + (net(gray, noise, torch.full((len(gray),), now)) - here) * (then - now) / (1 - now)
    return here


def test_a_walk_that_jumps_or_shows_the_network_the_noise_again_is_wrong():
    assert exercises.check_09_3(jumps).status == exercises.check_09_3(never_moves).status == "wrong"
