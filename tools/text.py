"""Notebooks as text (jupytext's py:percent format) and back.

A cell's id and tags travel in its heading line, `# %% id="b1946ac9" tags=["parameters"]`. On the
way back, a cell without an id takes the id of a cell with the same source, or else a new one.
Outputs are kept where the source is unchanged.
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
    target = build("text", f"{path.stem}.py")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(dumps(read(path)), encoding="utf-8")
    return target


def to_notebook(path: Path) -> Path:
    """Write notebooks/<name>.ipynb from build/text/<name>.py; returns its path.

    Badges and bootstrap cell are brought up to date.
    """
    target = project_root() / "notebooks" / f"{path.stem}.ipynb"
    before = read(target) if target.exists() else None
    nb = loads(path.read_text(encoding="utf-8"), before)
    links.apply(nb, target.name)
    write(nb, target)
    return target


def texts(names: list[str]) -> list[Path]:
    """The text files of "03" or of a path; without names, all of build/text/."""
    folder = build("text")
    found: list[Path | None] = []
    for name in names:
        found.append(Path(name) if name.endswith(".py") else next(folder.glob(f"{name}*.py"), None))
    if not names:
        found += sorted(folder.glob("[0-9][0-9]_*.py"))
    if not found or not all(path and path.exists() for path in found):
        raise CourseError(f"no text of {', '.join(names) or 'any notebook'} in build/text/")
    return found


def dumps(nb: NotebookNode) -> str:
    """Source, tags and ids of a notebook as py:percent text."""
    cells = []
    for cell in nb.cells:
        metadata = {"id": cell.id}
        if cell.metadata.get("tags"):
            metadata["tags"] = cell.metadata["tags"]
        cells.append(NotebookNode(cell | {"metadata": NotebookNode(metadata), "id": cell.id}))
    filters = {"notebook_metadata_filter": "-all", "cell_metadata_filter": "all"}
    metadata = NotebookNode(jupytext=filters)
    plain = NotebookNode(nbformat=4, nbformat_minor=5, metadata=metadata, cells=cells)
    return jupytext.writes(plain, fmt=FORMAT)


def loads(text: str, before: NotebookNode | None = None) -> NotebookNode:
    """A notebook from py:percent text; ids and outputs of `before` where the source is the same."""
    nb = jupytext.reads(text, fmt=FORMAT)
    old = {cell.id: cell for cell in before.cells} if before is not None else {}
    named = {cell.metadata.get("id") for cell in nb.cells}
    free: dict[tuple[str, str], list[str]] = {}  # source -> old ids that the text does not name
    for cell in old.values():
        if cell.id not in named:
            free.setdefault((cell.cell_type, cell.source), []).append(cell.id)
    taken: set[str] = set()
    for cell in nb.cells:
        same = free.get((cell.cell_type, cell.source))
        wanted = cell.metadata.pop("id", None) or (same.pop(0) if same else None)
        if not wanted or wanted in taken:  # new, or a copy of a cell together with its heading
            wanted = _new_id(cell, taken | set(old) | named)
        cell.id = wanted
        taken.add(cell.id)
        previous = old.get(cell.id)
        if cell.cell_type == "code" and previous and previous.get("source") == cell.source:
            cell.outputs, cell.execution_count = previous.outputs, previous.execution_count
    return nb


def _new_id(cell: NotebookNode, taken: set[str]) -> str:
    """Eight hexadecimal digits made from the source: the same text gives the same notebook."""
    for salt in range(1000):
        text = f"{salt}{cell.cell_type}{cell.source}"
        digits = hashlib.sha256(text.encode()).hexdigest()[:8]
        if digits not in taken:
            return digits
    raise CourseError("too many equal cells")
