"""Help for cells that run out of order: after a NameError, name the cell that defines the name.

    watch("03")      from now on, in this kernel; outside of a kernel it does nothing
"""

from __future__ import annotations

import ast
import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from colorlib.notebook.files import cell_source, find_notebook

_callbacks: list = []  # registered in this kernel, at most one


class MissingNameHelp:
    """A callback that runs after each cell and explains a NameError, for one notebook."""

    def __init__(self, number: str):
        self.number = number

    def after_cell(self, result: Any) -> None:
        """Print which cell defines the missing name, if the cell stopped with a NameError."""
        error = getattr(result, "error_in_exec", None)
        if not isinstance(error, NameError):
            return
        # Help must never cause a second error: the notebook's file may be missing or damaged.
        with contextlib.suppress(OSError, ValueError, KeyError):
            path = find_notebook(self.number)
            if path and (text := advice(error.name, path, result.info.raw_cell)):
                print(text, file=sys.stderr)


def watch(number: str) -> None:
    """From now on, explain each NameError in this kernel with the cells of notebook `number`."""
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    if shell is None:
        return
    # The cell that calls this may run twice, but the help should be printed once.
    for callback in _callbacks:
        shell.events.unregister("post_run_cell", callback)
    _callbacks[:] = [MissingNameHelp(number).after_cell]
    shell.events.register("post_run_cell", _callbacks[0])


def advice(name: str, path: Path, failed: str) -> str:
    """Return a sentence that says which earlier cell of a notebook defines a name; "" if none does.

    failed   the text of the cell that failed. If the notebook has no such cell, all of its cells
             count as earlier
    """
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell_source(cell) for cell in cells if cell["cell_type"] == "code"]
    position = next((i for i, t in enumerate(code) if t.strip() == failed.strip()), len(code))
    for number, text in enumerate(code[:position], 1):
        if name in defined_names(text):
            first_line = next(line for line in text.splitlines() if line.strip())
            return (
                f"This cell needs an earlier one: `{name}` is defined in code cell {number} of the "
                f"notebook, which begins with\n    {first_line}\nRun all cells from the top to "
                "this one: in the menu, Run, Run All Above Selected Cell."
            )
    return ""


def defined_names(code: str) -> set[str]:
    """Return the names that a cell assigns, defines or imports, except inside functions."""
    try:
        return set(_definitions(ast.parse(code)))
    except SyntaxError:  # such as a magic command of IPython
        return set()


def _definitions(node: ast.AST) -> Iterator[str]:
    comprehensions = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child.name
        elif isinstance(child, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).split(".")[0] for alias in child.names)
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id
        elif not isinstance(child, ast.Lambda | comprehensions):  # these have their own scope
            yield from _definitions(child)
