"""Solutions of notebook 09. A teacher may delete this folder."""
import torch


def step_towards(here, mean, now, then):
    """09.1. What is left of the way is left of the time."""
    return here + (mean - here) * (then - now) / (1 - now)


def spread_of_odds(shares, rolls):
    """09.2. Variances of independent sources add."""
    by_chance = (shares * (1 - shares)).mean() / (rolls - 1)
    return (shares.var() - by_chance).clamp(min=0).sqrt()


def same_every_time(cue, rolls):
    """09.3. One draw for each apple, kept for good."""
    odds = torch.where(cue, 0.8, 0.3)
    return (torch.rand(len(cue)) < odds).expand(rolls, -1)
