"""Tools to write the checkers of exercises.

    def check_03_1(receptive_field):
        with checking("03.1") as c:
            f = c.attempt(receptive_field)            # None or ... from it means: not done yet
            c.equal(f([3]), 3, "one 3×3 layer sees 3 pixels")
            c.equal(f([3, 3, 3, 1, 1]), 7, "Koo's CNN sees 7 pixels")
            c.hint_if(f([3, 3, 3, 1, 1]), 9, "each 3×3 layer adds 2 pixels, not 3")
        return c.result
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from types import TracebackType
from typing import Any

import numpy as np
import torch
from torch import Tensor

RIGHT, NOT_DONE, WRONG = "right", "not done", "wrong"


@dataclass(frozen=True)
class Result:
    """The outcome: "right", "not done" or "wrong", the last with a message and maybe a hint."""

    status: str
    message: str = ""
    hint: str = ""

    def _ipython_display_(self) -> None:
        """Show nothing as a cell's last value, since the checker has already printed its line."""


class NotDone(Exception):
    """The exercise is still the stub."""


class Checking:
    """A context that collects failed conditions and reports the first one, with a fitting hint."""

    def __init__(self, number: str):
        self.number = number
        self.failures: list[str] = []
        self.hint = ""
        self.result = Result(NOT_DONE)

    def attempt(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap the student's function: if it is or returns None or ..., it is not done yet."""
        if function is None or function is ...:
            raise NotDone

        @wraps(function)
        def wrapped(*args: Any, **keywords: Any) -> Any:
            return _done(function(*args, **keywords))

        return wrapped

    def equal(self, got: Any, expected: Any, message: str, tolerance: float = 1e-4) -> bool:
        """Require two values to be equal; return whether they are.

        Numbers, tensors and arrays need the same shape and values within tolerance × (1 +
        |expected|); other values are compared by ==.
        """
        difference = _difference(_done(got), expected, tolerance)
        if difference is not None:
            self.failures.append(f"{message} ({difference})" if difference else message)
        return difference is None

    def true(self, condition: Any, message: str) -> bool:
        """Require a condition to be true; return whether it is."""
        holds = bool(_done(condition))
        if not holds:
            self.failures.append(message)
        return holds

    def hint_if(self, got: Any, wrong_value: Any, hint: str, tolerance: float = 1e-4) -> None:
        """Give a hint if something failed and `got` is the value that a known mistake gives."""
        if self.failures and not self.hint:
            if _difference(_done(got), wrong_value, tolerance) is None:
                self.hint = hint

    def __enter__(self) -> Checking:
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is not None and not isinstance(error, Exception):
            return False  # let an interrupt through
        if isinstance(error, (NotDone, NotImplementedError)):
            self.result = Result(NOT_DONE)
        elif error is not None and not self.failures:
            text = " ".join(str(error).split())[:300]
            reason = f"your code stopped with {type(error).__name__}: {text}"
            self.result = Result(WRONG, reason, self.hint)
        elif self.failures:
            self.result = Result(WRONG, self.failures[0], self.hint)
        else:
            self.result = Result(RIGHT)
        print(self._line())
        return True  # a checker never stops the notebook

    def _line(self) -> str:
        if self.result.status == RIGHT:
            return f"{self.number}: right"
        if self.result.status == NOT_DONE:
            return f"{self.number}: not done yet"
        hint = f" Hint: {self.result.hint}" if self.result.hint else ""
        return f"{self.number}: not yet right: {self.result.message.rstrip('.')}.{hint}"


def checking(number: str) -> Checking:
    """Open the checks of one exercise, as in the module's example."""
    return Checking(number)


def _done(value: Any) -> Any:
    if value is None or value is ... or value is NotImplemented:
        raise NotDone
    return value


def _difference(got: Any, expected: Any, tolerance: float) -> str | None:
    """Describe how two values differ: None if they are equal, "" if there is nothing to add."""
    if isinstance(expected, (bool, np.bool_)):
        # 1 and 1.0 equal True in Python, but are no answer to a yes-or-no question.
        is_bool = isinstance(got, bool) or getattr(got, "dtype", None) in (torch.bool, np.bool_)
        same = is_bool and not getattr(got, "shape", ()) and bool(got) == expected
        return None if same else f"expected {bool(expected)}, got {_short(got)}"
    if isinstance(expected, (str, bytes, set, frozenset, dict)):
        same = type(got) is type(expected) and got == expected
        return None if same else f"expected {_short(expected)}, got {_short(got)}"
    try:
        a, b = _to_tensor(got), _to_tensor(expected)
    except (TypeError, ValueError, RuntimeError):  # not numbers
        try:
            return None if bool(got == expected) else f"got {_short(got)}"
        except (TypeError, ValueError, RuntimeError):
            return f"got {_short(got)}"
    if a.shape != b.shape:
        return f"expected shape {tuple(b.shape)}, got {tuple(a.shape)}"
    if torch.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True):
        return None
    if a.isnan().any() and not b.isnan().any():
        return "yours contains NaN"
    if a.numel() == 1:
        return f"expected {b.item():.6g}, got {a.item():.6g}"
    return f"largest difference {(a - b).abs().max().item():.3g}"


def _to_tensor(x: Any) -> Tensor:
    """Convert numbers in any form to float64 on the CPU."""
    if isinstance(x, Tensor):
        return x.detach().cpu().to(torch.float64)
    if isinstance(x, (list, tuple)) and any(isinstance(one, Tensor) for one in x):
        return torch.stack([_to_tensor(one) for one in x])
    return torch.as_tensor(np.asarray(x, dtype=np.float64))


def _short(x: Any) -> str:
    text = " ".join(repr(x).split())
    return text if len(text) <= 80 else text[:77] + "..."
