"""Notebook files: find, read, write and clean them."""

from __future__ import annotations

import base64
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from colorlib.notebook.files import cell_tags
from colorlib.paths import project_root, write_text_atomic

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
PAPERMILL_TAGS = {"injected-parameters", "papermill-error-cell-tag"}  # of cells that papermill adds
WIDGETS = "application/vnd.jupyter.widget-view+json"
ASSETS = Path(__file__).parent / "assets"  # style sheets and scripts of the pages

# A stored picture with its caption: ![alt](figures/unet.png "unet"), then a paragraph in italics.
PICTURE = re.compile(
    r"^!\[(?P<alt>(?:[^\[\]]|\[[^\[\]]*\])+)\]\((?P<file>[^)\s]+)(?: \"(?P<name>[\w-]+)\")?\)"
    r"(?:\n\n\*(?P<caption>[^*]+)\*$)?", re.M)


class CourseError(Exception):
    """An error that the user of the command line can fix."""


@dataclass(frozen=True)
class Picture:
    """A figure in a notebook's outputs, as colorlib.notebook.display.show stores it.

    caption   "" if it has none, as name
    name      stable, for links: letters, digits and hyphens
    """

    png: bytes
    alt: str
    caption: str = ""
    name: str = ""


def build(*parts: str) -> Path:
    """A path below build/, which git ignores."""
    return project_root().joinpath("build", *parts)


def fresh(folder: Path) -> Path:
    """Empty a folder, or create it. CourseError if one of its files is open (on Windows)."""
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    except OSError as error:
        raise CourseError(f"cannot empty {folder.name}: close whatever has its files open "
                          f"({error})") from None
    return folder


def find(names: list[str] | None = None) -> list[Path]:
    """The notebooks named "03", "03_baseline_cnn" or by a path; without names, all of them."""
    folder = project_root() / "notebooks"
    if not names:
        every = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
        if not every:
            raise CourseError("there are no notebooks in notebooks/")
        return every
    found = []
    for name in names:
        path = Path(name)
        matches = sorted(folder.glob(f"{path.stem}*.ipynb"))
        if path.suffix == ".ipynb" and path.exists():
            matches = [path]
        if len(matches) != 1:
            known = ", ".join(path.stem for path in sorted(folder.glob("*.ipynb")))
            raise CourseError(f"{name!r} matches {len(matches)} notebooks; "
                              f"there are: {known or 'none'}")
        found.append(matches[0].resolve())
    return found


def number(path: Path) -> str:
    """The two digits that a notebook's file begins with."""
    return path.stem[:2]


def read(path: Path) -> NotebookNode:
    """A notebook file, in version 4 of the format. CourseError if it is none, or has no cells."""
    try:
        nb = nbformat.read(path, as_version=4)
        nbformat.validate(nb)
    except Exception as error:  # nbformat raises almost any type on files that are no notebooks
        reason = f"{type(error).__name__}: {error}".strip().splitlines()[0]
        raise CourseError(f"{path.name} is no notebook that can be read ({reason:.200})") from None
    if not nb.cells:
        raise CourseError(f"{path.name} has no cells")
    return nb


def read_record(path: Path, *keys: str) -> dict[str, Any]:
    """The record of a notebook's run. CourseError unless it holds these keys."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        lacking = sorted(set(keys) - set(dict(record)))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise CourseError(f"{path.name} is no record of a notebook ({error})") from None
    if lacking:
        raise CourseError(f"{path.name} is no record of a notebook: it lacks {', '.join(lacking)}")
    return record


def write(nb: NotebookNode, path: Path) -> None:
    """Write a notebook with the same few metadata entries each time, so that diffs stay short."""
    nb.metadata = NotebookNode(kernelspec=KERNEL, language_info={"name": "python"})
    nb.nbformat, nb.nbformat_minor = 4, 5
    nbformat.validate(nb)
    write_text_atomic(path, nbformat.writes(nb, indent=1).rstrip() + "\n")


def title(nb: NotebookNode) -> str:
    """The first heading of a notebook, or ""."""
    for cell in nb.cells:
        heading = re.search(r"^#\s+(.+)$", cell.source, re.M)
        if heading and cell.cell_type == "markdown":
            return heading[1].strip()
    return ""


def pictures(nb: NotebookNode) -> list[Picture]:
    """Every figure among the outputs."""
    outputs = [output for cell in nb.cells for output in cell.get("outputs", [])]
    return [picture for output in outputs if (picture := figure(output)) is not None]


def stored_pictures(cell: NotebookNode, folder: Path) -> list[Picture]:
    """The pictures that a Markdown cell shows, as far as they are PNG files.

    folder   of the notebook, from which their addresses count
    """
    found = []
    for picture in PICTURE.finditer(cell.source):
        path = folder / picture["file"]
        if path.suffix == ".png" and path.exists():
            words = (" ".join((picture[key] or "").split()) for key in ("alt", "caption", "name"))
            found.append(Picture(path.read_bytes(), *words))
    return found


def figure(output: NotebookNode) -> Picture | None:
    """The figure in an output, or None."""
    data = output.get("data", {})
    if "image/png" not in data:
        return None
    about = output.get("metadata", {}).get("image/png", {})
    words = {key: about.get(key, "") for key in ("alt", "caption", "name")}
    return Picture(base64.b64decode(data["image/png"]), **words)


def executed(nb: NotebookNode) -> int:
    """The number of code cells that ran."""
    return sum(cell.cell_type == "code" and cell.execution_count is not None for cell in nb.cells)


def clean(nb: NotebookNode) -> NotebookNode:
    """Bring an executed notebook into the form in which it is stored, in place.

    Cells that papermill added are removed, and so are widgets, which need a running kernel.
    Execution counts become 1, 2, …. Of a progress bar only its last state is kept.
    """
    nb.cells = [cell for cell in nb.cells if not cell_tags(cell) & PAPERMILL_TAGS]
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
    """The replacement of a match in Markdown: text between two HTML comments.

    Where the match begins a line, the text gets lines of its own: there the comment opens a block
    of HTML, and Markdown in the rest of that line would not be rendered.
    """
    at_line_start = found.start() == 0 or found.string[found.start() - 1] == "\n"
    return f"{opening}\n{text}\n{closing}" if at_line_start else f"{opening}{text}{closing}"


def _outputs(outputs: list[NotebookNode], count: int | None) -> list[NotebookNode]:
    """Outputs as stored: pieces of a stream joined, no widgets, no empty text."""
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
            output.text = _final_text(output.text)
    return [output for output in kept if output.output_type != "stream" or output.text.strip()]


def _final_text(text: str) -> str:
    """The text that a terminal shows at the end; a carriage return starts its line again."""
    lines = []
    for line in text.split("\n"):
        states = [state for state in line.split("\r") if state.strip()]
        lines.append(states[-1] if states else "")
    return "\n".join(lines)
