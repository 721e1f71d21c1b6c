"""Each checker of notebook 09: the solution is right, the stub is not done, two usual mistakes are named."""
from pathlib import Path

import torch
from checkers import *  # noqa: F403

SOLUTIONS = Path(__file__).parents[2] / "solutions" / "09_many_colorings.py"


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
    ("check_09_3", "same_every_time",
     lambda cue, rolls: torch.rand(rolls, len(cue)) < torch.where(cue, 0.8, 0.3), "repeat it"),
    ("check_09_3", "same_every_time", lambda cue, rolls: cue.expand(rolls, -1), "must not decide alone"),
    ("check_09_3", "same_every_time", lambda cue, rolls: (torch.rand(len(cue)) < 0.45).expand(rolls, -1),
     "of its own sort"),
]
