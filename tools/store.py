"""Puts a run's outputs into notebooks/, where a reader on GitHub sees the whole lesson."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat

from colorlib.paths import project_root, source_hash, write_whole
from tools import links
from tools.files import CourseError, clean, number, read, write

LIMIT = 2_000_000  # bytes a notebook


def store(path: Path, run_folder: Path, any_data: bool = False, record_only: bool = False) -> str:
    """Outputs and record of the run in `run_folder` into `path` and results/notebooks/; returns what was done.

    CourseError when there is no finished run of exactly this code, when it was not on CIFAR-10 (unless any_data),
    or when the file would be over 2 MB. record_only leaves the notebook as it is: for what `quick` costs.
    """
    record, outputs = _run_of(path, run_folder)
    if record["data"] != "cifar10" and not any_data:
        raise CourseError(f"{path.stem}: the run used {record['data']}; stored outputs are of CIFAR-10")
    kept = project_root() / "results" / "notebooks" / f"{number(path)}.{record['profile']}.json"
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    if record_only:
        write_whole(kept, text)
        return f"{path.stem}: record stored"
    nb = read(path)
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = outputs[cell.id]
    links.apply(nb, path.name, record=record)
    size = len(nbformat.writes(clean(nb)).encode())
    if size > LIMIT:
        raise CourseError(f"{path.stem} is {size / 1e6:.1f} MB with its outputs; the limit is {LIMIT / 1e6:.0f}")
    write(clean(nb), path)
    write_whole(kept, text)
    return f"{path.stem}: stored, {size / 1e6:.2f} MB"


def _run_of(path: Path, folder: Path) -> tuple[dict[str, Any], dict[str, tuple[list, int | None]]]:
    """The record of a finished run of this notebook's code, and the outputs of each cell by id."""
    found = sorted((folder / "records").glob(f"{number(path)}.*.json"))
    if not found or not (folder / path.name).exists():
        raise CourseError(f"{path.stem}: no finished run there; python -m tools run {number(path)}")
    if len(found) > 1:
        raise CourseError(f"{path.stem}: records of several profiles there: run it again with --out ANOTHER_FOLDER")
    record = json.loads(found[0].read_text(encoding="utf-8"))
    if record["source_hash"] != source_hash(path):
        raise CourseError(f"{path.stem}: its code changed since that run; run it again")
    run = clean(read(folder / path.name))
    if any(o.output_type == "error" for c in run.cells if c.cell_type == "code" for o in c.outputs):
        raise CourseError(f"{path.stem}: that run failed")
    return record, {c.id: (c.outputs, c.execution_count) for c in run.cells if c.cell_type == "code"}
