"""Notebooks as text (py:percent, by jupytext) and back.

A cell's id and tags travel in its heading line, `# %% id="b1946ac9" tags=["parameters"]`. Coming back, a cell
without an id takes that of a cell with the same source, else a new one; outputs stay where the source is unchanged.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import jupytext
from nbformat import NotebookNode

from colorlib.paths import project_root
from tools import links
from tools.files import CourseError, build, read, write

FORMAT = "py:percent"


def to_text(path: Path) -> Path:
    """Write build/text/<name>.py; returns its path."""
    nb = read(path)
    target = build("text", f"{path.stem}.py")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(dumps(nb), encoding="utf-8")
    return target


def to_notebook(path: Path) -> Path:
    """Make notebooks/<name>.ipynb from build/text/<name>.py, with badges and bootstrap cell; returns its path."""
    target = project_root() / "notebooks" / f"{path.stem}.ipynb"
    before = read(target) if target.exists() else None
    nb = loads(path.read_text(encoding="utf-8"), before)
    links.apply(nb, target.name)
    write(nb, target)
    return target


def texts(names: list[str]) -> list[Path]:
    """The text files called "03" or by a path; all of build/text/ when none is named."""
    folder = build("text")
    found = [Path(n) if n.endswith(".py") else p for n in names for p in [*folder.glob(f"{n}*.py"), None][:1]]
    if not names:
        found = sorted(folder.glob("[0-9][0-9]_*.py"))
    if not found or None in found or not all(p.exists() for p in found):
        raise CourseError(f"no text of {', '.join(names) or 'any notebook'} in build/text/")
    return found


def dumps(nb: NotebookNode) -> str:
    """Source, tags and ids of a notebook as py:percent text."""
    cells = []
    for cell in nb.cells:
        metadata = {"id": cell.id} | ({"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {})
        cells.append(NotebookNode(cell | {"metadata": NotebookNode(metadata), "id": cell.id}))
    filters = {"notebook_metadata_filter": "-all", "cell_metadata_filter": "all"}
    plain = NotebookNode(nbformat=4, nbformat_minor=5, metadata=NotebookNode(jupytext=filters), cells=cells)
    return jupytext.writes(plain, fmt=FORMAT)


def loads(text: str, before: NotebookNode | None = None) -> NotebookNode:
    """A notebook from py:percent text; ids and outputs from `before` where the source is the same."""
    nb = jupytext.reads(text, fmt=FORMAT)
    old = {c.id: c for c in before.cells} if before is not None else {}
    named = {c.metadata.get("id") for c in nb.cells}
    free = {}  # source -> ids of old cells that the text does not name
    for cell in old.values():
        if cell.id not in named:
            free.setdefault((cell.cell_type, cell.source), []).append(cell.id)
    taken: set[str] = set()
    for cell in nb.cells:
        same = free.get((cell.cell_type, cell.source))
        wanted = cell.metadata.pop("id", None) or (same.pop(0) if same else None)
        cell.id = wanted if wanted and wanted not in taken else _new_id(cell, taken | set(old) | named)
        taken.add(cell.id)
        was = old.get(cell.id)
        if cell.cell_type == "code" and was is not None and was.get("source") == cell.source:
            cell.outputs, cell.execution_count = was.outputs, was.execution_count
    return nb


def _new_id(cell: NotebookNode, taken: set[str]) -> str:
    """Eight hexadecimal digits that follow from the source, so that the same text makes the same notebook."""
    for salt in range(1000):
        found = hashlib.sha256(f"{salt}{cell.cell_type}{cell.source}".encode()).hexdigest()[:8]
        if found not in taken:
            return found
    raise CourseError("too many equal cells")
