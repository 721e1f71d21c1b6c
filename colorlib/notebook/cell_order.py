"""Help for cells that run out of order: after a NameError, name the cell that defines the name.

    watch("03")      from now on, in this kernel; outside of a kernel it does nothing
"""

import ast
import contextlib
import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from colorlib.notebook.files import cell_source, find_notebook

_callbacks: list = []  # registered in this kernel, at most one


def watch(number: str) -> None:
    """From now on, explain each NameError in this kernel with the cells of notebook `number`."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        return
    # The cell that calls this may run twice, but the help should be printed once.
    for callback in _callbacks:
        shell.events.unregister("post_run_cell", callback)
    _callbacks[:] = [partial(_after_cell, number)]
    shell.events.register("post_run_cell", _callbacks[0])


def _after_cell(number: str, result: Any) -> None:
    """Print which cell defines the missing name, if a cell stopped with a NameError."""
    error = getattr(result, "error_in_exec", None)
    if not isinstance(error, NameError):
        return
    # Help must never cause a second error: the notebook's file may be missing or damaged.
    with contextlib.suppress(OSError, ValueError, KeyError):
        path = find_notebook(number)
        if path and (text := advice(error.name, path, result.info.raw_cell)):
            print(text, file=sys.stderr)


def advice(name: str, path: Path, failed: str) -> str:
    """Return a sentence that says which cell before the failed one defines a name, or "".

    failed   the text of the cell. If the notebook has no such cell, all of its cells come before it
    """
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell_source(cell) for cell in cells if cell["cell_type"] == "code"]
    position = next((i for i, t in enumerate(code) if t.strip() == failed.strip()), len(code))
    for number, text in enumerate(code[:position], 1):
        if name in defined_names(text):
            first_line = text.strip().splitlines()[0]
            return (f"This cell needs an earlier one: `{name}` is defined in code cell {number} of "
                    f"the notebook, which begins with\n    {first_line}\nRun all cells from the "
                    "top to this one: in the menu, Run, Run All Above Selected Cell.")
    return ""


def defined_names(code: str) -> set[str]:
    """Return the names that a cell assigns, defines or imports, except inside functions."""
    try:
        return set(_definitions(ast.parse(code)))
    except SyntaxError:  # such as a magic command of IPython
        return set()


def _definitions(node: ast.AST) -> Iterator[str]:
    # `symtable` would be shorter, but since Python 3.12 it counts variables of comprehensions too.
    own_scope = ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child.name
        elif isinstance(child, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).split(".")[0] for alias in child.names)
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id
        elif not isinstance(child, own_scope):
            yield from _definitions(child)
