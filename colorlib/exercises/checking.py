"""What the checkers of the exercises are written with.

def check_03_2(receptive_field):
    with checking("03.2") as c:
        f = c.watch(receptive_field)                      # None or ... from it means: not done yet
        c.equal(f([3]), 3, "one 3×3 layer sees 3 pixels")
        c.equal(f([3, 3, 3, 1, 1]), 7, "K1 sees 7 pixels")
        c.hint_if(f([3, 3, 3, 1, 1]), 9, "each 3×3 layer adds 2, not 3; K's text makes this mistake")
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
    """What a checker found: status "right", "not done" or "wrong"; the message and the hint of a wrong answer."""

    status: str
    message: str = ""
    hint: str = ""

    def _ipython_display_(self) -> None:
        """Nothing: the checker has printed its line."""


class NotDone(Exception):
    """The exercise is still the stub."""


class Checking:
    """Collects the facts of one exercise. The first that fails is reported, with the hint that fits, if any."""

    def __init__(self, number: str):
        self.number = number
        self.failures: list[str] = []
        self.hint = ""
        self.result = Result(NOT_DONE)

    def watch(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The learner's function; a None or ... (Ellipsis) that it returns, or is, means "not done yet"."""
        if function is None or function is ...:
            raise NotDone

        @wraps(function)
        def watched(*args: Any, **keywords: Any) -> Any:
            return self._done(function(*args, **keywords))

        return watched

    def equal(self, got: Any, expected: Any, message: str, tolerance: float = 1e-4) -> bool:
        """Numbers, tensors, arrays: same shape and values within tolerance × (1 + |expected|). Else: ==."""
        why = _difference(self._done(got), expected, tolerance)
        if why is not None:
            self.failures.append(f"{message} ({why})" if why else message)
        return why is None

    def true(self, condition: Any, message: str) -> bool:
        """Any condition that bool() takes."""
        holds = bool(self._done(condition))
        if not holds:
            self.failures.append(message)
        return holds

    def hint_if(self, got: Any, wrong_value: Any, hint: str, tolerance: float = 1e-4) -> None:
        """If something failed and `got` is what a known mistake gives, say so."""
        if self.failures and not self.hint and _difference(self._done(got), wrong_value, tolerance) is None:
            self.hint = hint

    @staticmethod
    def _done(value: Any) -> Any:
        if value is None or value is ... or value is NotImplemented:
            raise NotDone
        return value

    def __enter__(self) -> Checking:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        if error is not None and not isinstance(error, Exception):
            return False  # an interrupt
        if isinstance(error, (NotDone, NotImplementedError)):
            self.result = Result(NOT_DONE)
        elif error is not None and not self.failures:
            text = " ".join(str(error).split())[:300]
            self.result = Result(WRONG, f"your code stopped with {type(error).__name__}: {text}", self.hint)
        elif self.failures:
            self.result = Result(WRONG, self.failures[0], self.hint)
        else:
            self.result = Result(RIGHT)
        print(self._line())
        return True

    def _line(self) -> str:
        if self.result.status == RIGHT:
            return f"{self.number}: right"
        if self.result.status == NOT_DONE:
            return f"{self.number}: not done yet"
        hint = f" Hint: {self.result.hint}" if self.result.hint else ""
        return f"{self.number}: not yet right: {self.result.message.rstrip('.')}.{hint}"


def checking(number: str) -> Checking:
    """The checks of one exercise, as a context: see the module's example. Return its `.result`."""
    return Checking(number)


def _difference(got: Any, expected: Any, tolerance: float) -> str | None:
    """None when equal, else what differs, in words ("" when there is nothing to add)."""
    if isinstance(expected, (bool, np.bool_)):
        is_bool = isinstance(got, bool) or getattr(got, "dtype", None) in (torch.bool, np.dtype(bool))
        same = is_bool and not getattr(got, "shape", ()) and bool(got) == expected
        return None if same else f"expected {bool(expected)}, got {_short(got)}"
    if isinstance(expected, (str, bytes, set, frozenset, dict)):
        same = type(got) is type(expected) and got == expected
        return None if same else f"expected {_short(expected)}, got {_short(got)}"
    try:
        a, b = _number(got), _number(expected)
    except (TypeError, ValueError, RuntimeError):
        try:
            return None if bool(got == expected) else f"got {_short(got)}"
        except (TypeError, ValueError, RuntimeError):
            return f"got {_short(got)}"
    if a.shape != b.shape:
        return f"expected shape {tuple(b.shape)}, got {tuple(a.shape)}"
    if torch.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True):
        return None
    if a.isnan().any() and not b.isnan().any():
        return "there are NaNs in yours"
    if a.numel() == 1:
        return f"expected {b.item():.6g}, got {a.item():.6g}"
    return f"largest difference {(a - b).abs().max().item():.3g}"


def _number(x: Any) -> Tensor:
    if isinstance(x, Tensor):
        return x.detach().cpu().to(torch.float64)
    if isinstance(x, (list, tuple)) and any(isinstance(one, Tensor) for one in x):
        return torch.stack([_number(one) for one in x])
    return torch.as_tensor(np.asarray(x, dtype=np.float64))


def _short(x: Any) -> str:
    text = " ".join(repr(x).split())
    return text if len(text) <= 80 else text[:77] + "..."
