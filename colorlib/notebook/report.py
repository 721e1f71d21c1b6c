"""Records as text: the recap of a notebook, its tables, its numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from torch import Tensor


def recap(record: dict[str, Any]) -> str:
    """A run's record as Markdown."""
    held = [c for c in record["claims"] if c["holds"]]
    open_ = [c for c in record["claims"] if c["holds"] is None]
    text = [table(["what we saw", "numbers"], ([c["text"], told(c["values"])] for c in held))]
    if open_:
        text.append(f"Not checked in profile `{record['profile']}` on {record['data']}:\n")
        text.append("\n".join(f"- {c['text']} ({', '.join((c['profiles'] or []) + (c['data'] or []))})" for c in open_))
        text[-1] += "\n"
    text.append(
        f"{count(len(held), 'claim')} held. {record['minutes']:.1f} minutes and at most "
        f"{record['peak_memory_mb']:.0f} MB on {record['hardware']}; "
        f"profile `{record['profile']}`, data {record['data']}, seed {record['seed']}."
    )
    return "\n".join(text)


def plain(value: Any) -> Any:
    """A value as JSON keeps it; NaN and infinities become words."""
    if isinstance(value, (Tensor, np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if isinstance(value, (bool, int, str)) or value is None else str(value)


def told(values: dict[str, Any]) -> str:
    """The numbers of a claim in one line."""
    return ", ".join(f"{name.replace('_', ' ')} {_number(value)}" for name, value in values.items())


def count(n: int, thing: str) -> str:
    """A number with its noun: 1 claim, 2 claims."""
    return f"{n} {thing}" + ("" if n == 1 else "s")


def _number(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return ", ".join(map(_number, value)) if isinstance(value, list) else str(value)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table; numbers with three digits, None (not measured) as a dash."""
    body = ["| " + " | ".join(_number(plain(cell)).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns), *body]) + "\n"


def show(text: str) -> None:
    """Markdown in a notebook; printed elsewhere."""
    from IPython import get_ipython
    from IPython.display import Markdown, display

    if get_ipython() is None:
        print(text)
    else:
        display(Markdown(text))
