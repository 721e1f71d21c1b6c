"""Claims: findings of a notebook that are checked when it runs.

    lesson.claim("the U-Net beats the small CNN", unet < koo, unet=unet, koo=koo)

A claim that is false stops the notebook with a `ClaimError`. All claims, with their numbers, go
into the record of the run, which `lesson.finish()` writes and shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from colorlib.notebook import report
from colorlib.notebook.profiles import PROFILE_NAMES


class ClaimError(AssertionError):
    """A claim of a notebook does not hold."""


class Claims:
    """What a `Lesson` can claim. It brings `profile` and `data`, and the list `claims`."""

    profile: str
    data: str
    claims: list[dict[str, Any]]

    def claim(
        self, text: str, holds: bool | np.bool_ | Tensor, profiles: Sequence[str] | None = None,
        data: Sequence[str] | None = None, **values: Any,
    ) -> None:
        """State a finding and check it; ClaimError if it is false.

        text       the same on every machine and in every profile, so without measured numbers
        holds      a bool, or a tensor or array of one bool; TypeError for anything else
        profiles   in which it can be checked, for example ("lesson", "full"); None: in all.
                   Elsewhere it is recorded as not checked
        data       on which it can be checked, for example ("cifar10",); None: on all
        values     the numbers that the claim rests on, for the record
        """
        for name in profiles or ():
            if name not in PROFILE_NAMES:
                known = ", ".join(PROFILE_NAMES)
                raise ValueError(f"unknown profile {name!r} in a claim: expected one of {known}")
        truth = _as_bool(holds)
        checked = profiles is None or self.profile in profiles
        checked = checked and (data is None or self.data in data)
        entry = {
            "text": text,
            "holds": truth if checked else None,
            "values": {name: report.to_json(value) for name, value in values.items()},
            "profiles": None if profiles is None else list(profiles),
            "data": None if data is None else list(data),
        }
        # A cell that runs twice replaces its claim.
        self.claims = [c for c in self.claims if c["text"] != text] + [entry]
        if checked and not truth:
            numbers = ", ".join(f"{k} = {v}" for k, v in entry["values"].items())
            raise ClaimError(f"does not hold: {text}" + (f" ({numbers})" if numbers else ""))
        where = "; ".join(", ".join(names) for names in (profiles, data) if names)
        print(f"claim ({where}): {text}" if where else f"claim: {text}")


def _as_bool(holds: Any) -> bool:
    """Convert a single truth value. Numbers and lists are refused: they are mistakes in a claim."""
    if isinstance(holds, (bool, np.bool_)):
        return bool(holds)
    is_scalar = isinstance(holds, (Tensor, np.ndarray)) and tuple(holds.shape) == ()
    if is_scalar and holds.dtype in (torch.bool, np.dtype(bool)):
        return bool(holds)
    raise TypeError("a claim must be True or False (a bool, or a tensor of one bool); "
                    f"got {type(holds).__name__}")
