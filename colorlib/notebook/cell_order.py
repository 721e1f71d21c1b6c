"""Cells run out of order: after a NameError a line says which cell makes the missing name.

    watch("03")      from now on, in this kernel; anywhere else it does nothing
"""

from __future__ import annotations

import ast
import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from colorlib.paths import notebook_file, source

_watching: list = []                                 # the one callback that is registered, if any


def watch(number: str) -> None:
    """After each cell of a kernel that stops with a NameError, say where notebook `number` makes that name."""
    with contextlib.suppress(ImportError):
        from IPython import get_ipython

        if (shell := get_ipython()) is None:
            return

        def after(result) -> None:
            error = getattr(result, "error_in_exec", None)
            if isinstance(error, NameError):
                with contextlib.suppress(OSError, ValueError, KeyError):            # no notebook to look into
                    if (path := notebook_file(number)) and (told := advice(error.name, path, result.info.raw_cell)):
                        print(told, file=sys.stderr)

        for old in _watching:
            shell.events.unregister("post_run_cell", old)
        shell.events.register("post_run_cell", after)
        _watching[:] = [after]


def advice(name: str, path: Path, failed: str) -> str:
    """Which of a notebook's code cells before the one that failed makes a name; "" if none does.

    failed   the text of the cell that failed; if it is none of the notebook's, all cells are looked at
    """
    cells = [source(c) for c in json.loads(path.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == "code"]
    here = next((i for i, text in enumerate(cells) if text.strip() == failed.strip()), len(cells))
    for count, text in enumerate(cells[:here], 1):
        if name in made(text):
            first = next(line for line in text.splitlines() if line.strip())
            return (f"This cell needs an earlier one: `{name}` is made in code cell {count} of the notebook, which "
                    f"begins with\n    {first}\nRun the cells from the top to here: Run, Run All Above Selected Cell.")
    return ""


def made(text: str) -> set[str]:
    """The names that a cell makes: what it assigns, defines or imports, but for what is inside of functions."""
    try:
        return set(_names(ast.parse(text)))
    except SyntaxError:                              # a magic of IPython
        return set()


def _names(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child.name
        elif isinstance(child, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).split(".")[0] for alias in child.names)
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id
        elif not isinstance(child, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            yield from _names(child)
