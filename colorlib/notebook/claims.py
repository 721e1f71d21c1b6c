"""Claims: findings of a notebook that are checked when it runs.

    lesson.claim("the U-Net beats the small CNN", unet < koo, unet=unet, koo=koo)

A claim that is false stops the notebook with a `ClaimError`. All claims, with their numbers, go
into the record of the run, which `lesson.finish()` writes and shows.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from colorlib.notebook import report
from colorlib.notebook.profiles import PROFILE_NAMES, check_known


class ClaimError(AssertionError):
    """A claim of a notebook does not hold."""


class Claims:
    """What a `Lesson` can claim. It brings `profile` and `data`, and the list `claims`."""

    profile: str
    data: str
    claims: list[dict[str, Any]]

    def claim(self, text: str, holds: bool | np.bool_ | Tensor,
              profiles: Sequence[str] | None = None, data: Sequence[str] | None = None,
              **values: Any) -> None:
        """State a finding and check it; ClaimError if it is false.

        text       the same on every machine and in every profile, so without measured numbers
        holds      a bool, or a tensor or array of one bool; TypeError for anything else
        profiles   in which it is checked, such as ("lesson", "full"); elsewhere it is recorded as
                   not checked; None: in all
        data       on which it is checked, such as ("cifar10",); None: on all
        values     the numbers that the claim rests on, for the record
        """
        for name in profiles or ():  # a misspelled profile would never be checked
            check_known("profile", name, PROFILE_NAMES)
        truth = _as_bool(holds)
        checked = ((profiles is None or self.profile in profiles)
                   and (data is None or self.data in data))
        entry = {
            "text": text, "holds": truth if checked else None,
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
    # Numbers and lists have a truth value in Python, too, and would hide a mistake in a claim.
    is_scalar = isinstance(holds, (Tensor, np.ndarray)) and tuple(holds.shape) == ()
    if not (isinstance(holds, (bool, np.bool_))
            or (is_scalar and holds.dtype in (torch.bool, np.dtype(bool)))):
        raise TypeError("a claim must be True or False (a bool, or a tensor of one bool); "
                        f"got {type(holds).__name__}")
    return bool(holds)
