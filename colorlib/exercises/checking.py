"""Tools to write the checkers of exercises.

    def check_03_1(c, f):
        c.equal(f([3]), 3, "one 3×3 layer sees 3 pixels")
        c.equal(f([3, 3, 3, 1, 1]), 7, "Koo's CNN sees 7 pixels")
        c.hint_if(f([3, 3, 3, 1, 1]), 9, "each 3×3 layer adds 2 pixels, not 3")

`f` is the learner's function. The package turns each such function into a checker, which notebooks
call as exercises.check_03_1(receptive_field).
"""

import inspect
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np
import torch
from torch import Tensor


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
    """Collects the conditions that failed, and a hint that fits."""

    def __init__(self):
        self.failures: list[str] = []
        self.hint = ""

    def equal(self, got: Any, expected: Any, message: str, tolerance: float = 1e-4) -> bool:
        """Require two values to be equal; return whether they are.

        Numbers, tensors and arrays need the same shape and values within tolerance × (1 +
        |expected|); other values are compared by ==.
        """
        difference = _difference(_done(got), expected, tolerance)
        return self.true(difference is None, f"{message} ({difference})")

    def true(self, condition: Any, message: str) -> bool:
        """Require a condition to be true; return whether it is."""
        holds = bool(_done(condition))
        if not holds:
            self.failures.append(message)
        return holds

    def hint_if(self, got: Any, wrong_value: Any, hint: str, tolerance: float = 1e-3) -> None:
        """Give a hint if something failed and `got` is the value that a known mistake gives."""
        # Only the first hint counts, so that a checker can name the most likely mistake first.
        if self.failures and not self.hint:
            if _difference(_done(got), wrong_value, tolerance) is None:
                self.hint = hint


def checker(check: Callable[[Checking, Callable], None]) -> Callable[[Callable], Result]:
    """Turn check_03_1(c, f) into the checker of exercise 03.1, which takes the learner's function.

    It prints one line and stops for an interrupt only. An exercise is not done yet if the function
    is or returns None or ..., or raises NotImplementedError.
    """
    number = check.__name__.removeprefix("check_").replace("_", ".")

    @wraps(check)
    def checked(function: Callable[..., Any]) -> Result:
        @wraps(function)
        def f(*args: Any, **keywords: Any) -> Any:
            return _done(function(*args, **keywords))

        c = Checking()
        try:
            _done(function)
            check(c, f)
        except (NotDone, NotImplementedError) as stop:
            forgotten = isinstance(stop, NotDone) and _does_something(function)
            print(f"{number}: not done yet" + forgotten * ": your function returned nothing")
            return Result("not done")
        except Exception as error:  # any error of the learner's code
            # Appended last: a condition that failed before the error explains more.
            text = " ".join(str(error).split())[:300]
            c.failures.append(f"your code stopped with {type(error).__name__}: {text}")
        if not c.failures:
            print(f"{number}: right")
            return Result("right")
        hint = f" Hint: {c.hint}" if c.hint else ""
        print(f"{number}: not yet right: {c.failures[0].rstrip('.')}.{hint}")
        return Result("wrong", c.failures[0], c.hint)

    del checked.__wrapped__  # otherwise help() would show the parameters of `check`
    return checked


def _does_something(function: Any) -> bool:
    """Whether a function names anything besides its parameters: a stub, only ..., does not."""
    code = getattr(function, "__code__", None)
    if code is None:
        return False
    extra = (inspect.CO_VARARGS, inspect.CO_VARKEYWORDS)
    parameters = code.co_argcount + code.co_kwonlyargcount + sum(
        bool(code.co_flags & flag) for flag in extra)
    return bool(code.co_names) or code.co_nlocals > parameters


def _done(value: Any) -> Any:
    if value is None or value is ... or value is NotImplemented:  # `in` would compare tensors
        raise NotDone
    return value


def _difference(got: Any, expected: Any, tolerance: float) -> str | None:
    """Describe how two values differ; None if they are equal."""
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
        with suppress(TypeError, ValueError, RuntimeError):  # == may be undefined for them
            if got == expected:
                return None
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
    # NumPy cannot convert tensors that need a gradient or are on a GPU.
    if isinstance(x, (list, tuple)) and any(isinstance(one, Tensor) for one in x):
        return torch.stack([_to_tensor(one) for one in x])
    return torch.as_tensor(np.asarray(x, dtype=np.float64))


def _short(x: Any) -> str:
    text = " ".join(repr(x).split())
    return text if len(text) <= 80 else text[:77] + "..."
