"""Where the notebooks are, and what their code says: read as plain JSON, so that a lesson needs no extra library."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

CHECKPOINTS = Path(__file__).resolve().parent / "checkpoints"  # trained weights that come with the package
UNHASHED = {"bootstrap", "injected-parameters"}  # written by tools; a release changes the first, a run the second


def project_root() -> Path:
    """The checkout: the folder above the working one that holds pyproject.toml and notebooks/, else the package's."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "pyproject.toml").exists() and (folder / "notebooks").is_dir():
            return folder
    return Path(__file__).resolve().parents[1]


def write_whole(path: Path, text: str) -> None:
    """Write a text file whole or not at all; its folder is made. OSError where that cannot be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def notebook_file(number: str) -> Path | None:
    """notebooks/03_….ipynb for "03", looked for in the working folder first; None when there is none."""
    for folder in (Path.cwd(), project_root() / "notebooks"):
        found = sorted(folder.glob(f"{number}_*.ipynb"))
        if found:
            return found[0]
    return None


def source(cell: dict[str, Any]) -> str:
    """A cell's text; notebook files keep it as a string or as a list of lines."""
    text = cell["source"]
    return text if isinstance(text, str) else "".join(text)


def tags(cell: dict[str, Any]) -> set[str]:
    """A cell's tags."""
    return set(cell.get("metadata", {}).get("tags", []))


def source_hash(path: Path) -> str:
    """SHA-256 of a notebook's code cells, but for the bootstrap cell: who changes the code has to run it again."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [source(c).rstrip() for c in cells if c["cell_type"] == "code" and not tags(c) & UNHASHED]
    return hashlib.sha256("\0".join(code).encode()).hexdigest()
