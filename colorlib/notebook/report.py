"""Records as text: the summary at the end of a notebook, its tables, its numbers."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from torch import Tensor


def recap(record: dict[str, Any]) -> str:
    """Summarize a run's record as Markdown: its claims with their numbers, its time and memory."""
    held = [c for c in record["claims"] if c["holds"]]
    not_checked = [c for c in record["claims"] if c["holds"] is None]
    text = [table(["what we saw", "numbers"],
                  ([c["text"], format_values(c["values"])] for c in held))]
    if not_checked:
        text.append(f"Not checked in profile `{record['profile']}` on {record['data']}:\n")
        text += [f"- {c['text']} ({', '.join((c['profiles'] or []) + (c['data'] or []))})"
                 for c in not_checked]
        text[-1] += "\n"  # an empty line ends the list
    text.append(
        f"{count(len(held), 'claim')} held. {record['minutes']:.1f} minutes and at most "
        f"{record['peak_memory_mb']:.0f} MB on {record['hardware']}; "
        f"profile `{record['profile']}`, data {record['data']}, seed {record['seed']}.")
    return "\n".join(text)


def to_json(value: Any) -> Any:
    """Convert a value to what JSON can store; NaN and infinities become strings."""
    if isinstance(value, (Tensor, np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [to_json(one) for one in value]
    if isinstance(value, dict):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if isinstance(value, (bool, int, str)) or value is None else str(value)


def format_values(values: dict[str, Any]) -> str:
    """Write the numbers of a claim in one line."""
    return ", ".join(f"{name.replace('_', ' ')} {_format(value)}" for name, value in values.items())


def count(n: int, thing: str) -> str:
    """Write a number with its noun: "1 claim", "2 claims"."""
    return f"{n} {thing}" + ("" if n == 1 else "s")


def _format(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):  # in Python a bool is an int
        return f"{value:,}"
    return ", ".join(map(_format, value)) if isinstance(value, list) else str(value)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Format a Markdown table: numbers with three digits, None (not measured) as a dash."""
    # A bar inside a cell would end the cell.
    cells = ([_format(to_json(cell)).replace("|", "\\|") for cell in row] for row in rows)
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in cells]) + "\n"


def show_markdown(text: str) -> None:
    """Show Markdown in a notebook; print it elsewhere."""
    from IPython import get_ipython
    from IPython.display import Markdown, display

    if get_ipython() is None:
        print(text)
    else:
        display(Markdown(text))
