"""Notebook files: finding, reading, writing, and taking apart."""

from __future__ import annotations

import base64
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from colorlib.paths import project_root, tags

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
ADDED = {"injected-parameters", "papermill-error-cell-tag"}  # cells that papermill puts in
WIDGETS = "application/vnd.jupyter.widget-view+json"


class CourseError(Exception):
    """Something that the person at the command line can put right."""


@dataclass(frozen=True)
class Picture:
    """A figure in a notebook's outputs."""

    png: bytes
    alt: str


def build(*parts: str) -> Path:
    """A path below build/, which git ignores."""
    return project_root().joinpath("build", *parts)


def fresh(folder: Path) -> Path:
    """An empty folder in the place of what was there. CourseError if something there is open (Windows)."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    except OSError as error:
        raise CourseError(f"cannot write {folder.name} anew: close what has a file of it open ({error})") from None
    return folder


def find(names: list[str] | None = None) -> list[Path]:
    """The notebooks called "03", "03_baseline_cnn" or by a path; all of notebooks/ when none is named."""
    folder = project_root() / "notebooks"
    if not names:
        every = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
        if not every:
            raise CourseError("there are no notebooks in notebooks/")
        return every
    found = []
    for name in names:
        path = Path(name)
        hits = [path] if path.suffix == ".ipynb" and path.exists() else sorted(folder.glob(f"{path.stem}*.ipynb"))
        if len(hits) != 1:
            have = ", ".join(p.stem for p in sorted(folder.glob("*.ipynb")))
            raise CourseError(f"{name!r} names {len(hits)} notebooks; there are: {have or 'none'}")
        found.append(hits[0].resolve())
    return found


def number(path: Path) -> str:
    """The two digits that a notebook's file begins with."""
    return path.stem[:2]


def read(path: Path) -> NotebookNode:
    """A notebook, as version 4."""
    return nbformat.read(path, as_version=4)


def write(nb: NotebookNode, path: Path) -> None:
    """With two metadata entries and no more, so that a diff shows what a person changed."""
    nb.metadata = NotebookNode(kernelspec=KERNEL, language_info={"name": "python"})
    nb.nbformat, nb.nbformat_minor = 4, 5
    nbformat.validate(nb)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(nb, indent=1).rstrip() + "\n", encoding="utf-8")


def title(nb: NotebookNode) -> str:
    """The first heading."""
    for cell in nb.cells:
        found = re.search(r"^#\s+(.+)$", cell.source, re.M) if cell.cell_type == "markdown" else None
        if found:
            return found[1].strip()
    return ""


def pictures(nb: NotebookNode) -> list[Picture]:
    """Every PNG among the outputs, with its alt text ("" when it has none)."""
    found = []
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
                found.append(Picture(base64.b64decode(data["image/png"]), alt))
    return found


def executed(nb: NotebookNode) -> int:
    """How many code cells ran."""
    return sum(cell.cell_type == "code" and cell.execution_count is not None for cell in nb.cells)


def clean(nb: NotebookNode) -> NotebookNode:
    """An executed notebook as it is stored, in place: no injected cell, counts 1, 2, …, no widget, no progress bar.

    A bar that rewrote its line keeps the last state; outputs that only a running kernel can show are dropped.
    """
    nb.cells = [c for c in nb.cells if not tags(c) & ADDED]
    count = 0
    for cell in nb.cells:
        kept = {"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {}
        cell.metadata = NotebookNode(kept)
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count if cell.execution_count is not None else None
            cell.outputs = _outputs(cell.outputs, cell.execution_count)
    nb.metadata.pop("widgets", None)
    nb.metadata.pop("papermill", None)
    return nb


def between(found: re.Match[str], opening: str, text: str, closing: str) -> str:
    """Text between two HTML comments, for a match in Markdown: on lines of its own where the comment begins a line.

    There a comment opens a block of HTML that lasts to the end of its line, and Markdown in that line is not read.
    """
    begins = found.start() == 0 or found.string[found.start() - 1] == "\n"
    return f"{opening}\n{text}\n{closing}" if begins else f"{opening}{text}{closing}"


def _outputs(outputs: list[NotebookNode], count: int | None) -> list[NotebookNode]:
    kept: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream":
            if kept and kept[-1].output_type == "stream" and kept[-1].name == output.name:
                kept[-1].text += output.text
                continue
        elif WIDGETS in output.get("data", {}):
            continue
        if output.output_type == "execute_result":
            output.execution_count = count
        kept.append(output)
    for output in kept:
        if output.output_type == "stream":
            output.text = _settled(output.text)
    return [o for o in kept if o.output_type != "stream" or o.text.strip()]


def _settled(text: str) -> str:
    """What a terminal shows in the end: after a carriage return the line begins anew."""
    lines = []
    for line in text.split("\n"):
        states = [state for state in line.split("\r") if state.strip()]
        lines.append(states[-1] if states else "")
    return "\n".join(lines)
