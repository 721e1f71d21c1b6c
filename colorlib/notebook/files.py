"""Notebook files read as plain JSON, so that a lesson needs no library for notebooks."""

import hashlib
import json
from pathlib import Path
from typing import Any

from colorlib.paths import find_project_root

# Tools write these cells: a release changes the first kind, every run the second.
GENERATED_TAGS = {"bootstrap", "injected-parameters"}


def find_notebook(number: str) -> Path | None:
    """The file notebooks/03_….ipynb for "03", or None."""
    checkout = find_project_root()
    # The working folder comes first, since a kernel runs in the folder of its notebook.
    folders = [Path.cwd(), *([checkout / "notebooks"] if checkout else [])]
    found = (path for folder in folders for path in sorted(folder.glob(f"{number}_*.ipynb")))
    return next(found, None)


def cell_source(cell: dict[str, Any]) -> str:
    """The text of a cell, which a notebook file keeps as a string or as a list of lines."""
    return "".join(cell["source"])


def cell_tags(cell: dict[str, Any]) -> set[str]:
    """The tags of a cell."""
    return set(cell.get("metadata", {}).get("tags", []))


def source_hash(path: Path) -> str:
    """SHA-256 of a notebook's code cells without the generated ones.

    A stored run carries this hash, so that it counts as outdated once the code has changed.
    """
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell_source(cell).rstrip() for cell in cells
            if cell["cell_type"] == "code" and not cell_tags(cell) & GENERATED_TAGS]
    return hashlib.sha256("\0".join(code).encode()).hexdigest()
