"""Store the outputs of a run in notebooks/, so that readers on GitHub see the whole lesson."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat

from colorlib.notebook.files import cell_tags, source_hash
from colorlib.paths import project_root, write_text_atomic
from tools import links
from tools.files import CourseError, clean, number, read, read_record, write

LIMIT = 5_000_000  # bytes; pictures of 24 bits a pixel need more than those with a palette


def store(path: Path, run_folder: Path, any_data: bool = False, record_only: bool = False) -> str:
    """Put the outputs of a run into the notebook at `path`, and its record into results/notebooks/.

    run_folder    where `run` wrote the executed notebook and its record
    any_data      accept a run on other data than CIFAR-10
    record_only   leave the notebook as it is: for the minutes and memory of a `quick` run

    Returns a line that says what was done. CourseError if there is no finished run of exactly this
    code, if it was on other data, or if the notebook would exceed 5 MB.
    """
    record, outputs = _finished_run(path, run_folder)
    if record["data"] != "cifar10" and not any_data:
        raise CourseError(f"{path.stem}: the run used {record['data']}, "
                          "but only runs on CIFAR-10 are stored")
    stored = project_root() / "results/notebooks" / f"{number(path)}.{record['profile']}.json"
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    if record_only:
        write_text_atomic(stored, text)
        return f"{path.stem}: record stored"
    nb = read(path)
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = outputs[cell.id]
            if "bootstrap" in cell_tags(cell):  # what it says is of the machine of the run
                cell.outputs = []
    links.apply(nb, path.name, record=record)
    size = len(nbformat.writes(clean(nb)).encode())
    if size > LIMIT:
        raise CourseError(f"{path.stem} is {size / 1e6:.1f} MB with its outputs; "
                          f"the limit is {LIMIT / 1e6:.0f}")
    write(clean(nb), path)
    write_text_atomic(stored, text)
    return f"{path.stem}: stored, {size / 1e6:.2f} MB"


def _finished_run(path: Path, folder: Path) -> tuple[dict[str, Any], dict[str, tuple]]:
    """The record of a finished run of this code; (outputs, execution count) of each cell by id."""
    found = sorted((folder / "records").glob(f"{number(path)}.*.json"))
    if not found or not (folder / path.name).exists():
        raise CourseError(f"{path.stem}: there is no finished run in {folder.name}; "
                          f"first python -m tools run {number(path)}")
    if len(found) > 1:
        raise CourseError(f"{path.stem}: there are records of several profiles in {folder.name}; "
                          "run it again with --out ANOTHER_FOLDER")
    record = read_record(found[0], "source_hash", "profile", "data")
    if record["source_hash"] != source_hash(path):
        raise CourseError(f"{path.stem}: its code changed after that run; run it again")
    nb = clean(read(folder / path.name))
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    if any(output.output_type == "error" for cell in code for output in cell.outputs):
        raise CourseError(f"{path.stem}: that run failed")
    return record, {cell.id: (cell.outputs, cell.execution_count) for cell in code}
