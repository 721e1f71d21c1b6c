"""Runs notebooks by papermill, each in a kernel of this very Python, and measures them."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import papermill
import psutil
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

from colorlib.notebook.report import count
from tools import page
from tools.files import KERNEL, CourseError, executed, number, read, title

OVERRIDES = ("COLORLIB_PROFILE", "COLORLIB_DEVICE", "COLORLIB_DATASET")
PACKAGE = Path(__file__).resolve().parents[1]  # the folder that holds colorlib/
RATE = 20  # memory samples a second


@dataclass
class Run:
    """What came out of one notebook."""

    source: Path
    output: Path
    title: str
    error: str = ""
    minutes: float = 0.0
    sampled_mb: float = 0.0
    cells: int = 0
    record: dict[str, Any] = field(default_factory=dict)
    notebook: NotebookNode | None = None

    @property
    def peak_mb(self) -> float:
        """The larger of what the runner saw in all of the kernel's processes and what the kernel says of itself."""
        return max(self.sampled_mb, self.record.get("peak_memory_mb", 0))


class ThisPython(AsyncKernelManager):
    """A kernel of the interpreter that runs this, whatever kernels are registered for the user."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """Of `python -m ipykernel_launcher`."""
        command = [
            sys.executable,
            "-Xfrozen_modules=off",
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
            "--log-level=ERROR",
        ]
        return KernelSpec(argv=command, display_name=KERNEL["display_name"], language="python")


def run(notebooks: list[Path], out: Path, parameters: dict[str, Any]) -> int:
    """Run notebooks one after another and write out/index.html; returns 1 when one failed, else 0.

    parameters   of every notebook; one that a notebook does not have is a CourseError, before anything runs
    out          gets each notebook executed, as .ipynb and .html, its record, and the page
    """
    for path in notebooks:
        check_parameters(path, parameters)
    out.mkdir(parents=True, exist_ok=True)
    runs = []
    for path in notebooks:
        print(f"{path.stem}: running ({', '.join(f'{k}={v}' for k, v in parameters.items())})", flush=True)
        one = run_one(path, out, parameters)
        runs.append(one)
        outcome = "failed" if one.error else "ok"
        claims = sum(bool(c["holds"]) for c in one.record.get("claims", []))
        print(f"{path.stem}: {outcome}, {one.cells} cells, {count(claims, 'claim')} held, "
              f"{60 * one.minutes:.0f} s, {one.peak_mb:.0f} MB", flush=True)  # fmt: skip
        if one.error:
            print(one.error, file=sys.stderr)
        page.write(runs, out, parameters)
    print(f"index page: {_shown(out / 'index.html')}")
    return int(any(one.error for one in runs))


def check_parameters(path: Path, parameters: dict[str, Any]) -> None:
    """CourseError when the notebook lacks one of the parameters: papermill itself only warns."""
    known = papermill.inspect_notebook(str(path))
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise CourseError(f"{path.stem} has no parameter {', '.join(unknown)}; it has: {', '.join(known) or 'none'}")


def run_one(path: Path, out: Path, parameters: dict[str, Any], timeout: int | None = None) -> Run:
    """Run one notebook in its own folder; a failure is in .error, and the output shows where it stopped.

    timeout   seconds a cell may take; None: any
    """
    check_parameters(path, parameters)
    out = out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    one = Run(path, out / path.name, title(read(path)) or path.stem)
    records = out / "records"
    record = records / f"{number(path)}.{parameters.get('PROFILE', 'quick')}.json"
    record.unlink(missing_ok=True)
    began = time.perf_counter()
    with _environment(records), _memory() as seen:
        try:
            papermill.execute_notebook(
                str(path), str(one.output), parameters=parameters, kernel_name="python3",
                language="python", cwd=str(path.parent),
                progress_bar=sys.stderr.isatty(), kernel_manager_class=ThisPython, store_widget_state=False,
                execution_timeout=timeout,
            )  # fmt: skip
        except PapermillExecutionError as error:
            one.error = f"cell {error.cell_index}: {error.ename}: {error.evalue}"
        except Exception as error:  # a kernel that died, a cell that took too long
            one.error = f"{type(error).__name__}: {error}"
    one.minutes = (time.perf_counter() - began) / 60
    one.sampled_mb = seen["peak"] / 1e6
    if one.output.exists():
        one.notebook = read(one.output)
        one.cells = executed(one.notebook)
    if record.exists():
        one.record = json.loads(record.read_text(encoding="utf-8"))
        one.record["peak_memory_mb"] = round(one.peak_mb)
        record.write_text(json.dumps(one.record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    elif not one.error:
        one.error = "the notebook left no record: its last code cell should call lesson.finish()"
    return one


@contextmanager
def _environment(records: Path) -> Iterator[None]:
    """For the kernel: this checkout importable, records beside the outputs, parameters not overridden."""
    before = dict(os.environ)
    paths = [str(PACKAGE), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    os.environ["COLORLIB_NOTEBOOK_RECORDS"] = str(records)
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    for name in OVERRIDES:
        os.environ.pop(name, None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _memory() -> Iterator[dict[str, float]]:
    """Peak resident bytes, summed over the processes started meanwhile, sampled twenty times a second.

    Pages that several may hold, such as those of torch's libraries, count once.
    """
    me = psutil.Process()
    others = {child.pid for child in me.children(recursive=True)}
    seen, done = {"peak": 0.0}, threading.Event()

    def sample() -> None:
        while not done.wait(1 / RATE):
            ours = [child for child in me.children(recursive=True) if child.pid not in others]
            seen["peak"] = max(seen["peak"], _held(ours))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def _held(processes: list[psutil.Process]) -> int:
    """Resident bytes of processes: of each what it holds alone, and once the largest part that may be shared."""
    alone, shared = 0, 0
    for process in processes:
        try:
            resident = process.memory_info().rss
            try:
                own = process.memory_full_info().uss if len(processes) > 1 else resident
            except psutil.AccessDenied:                         # macOS, of other processes
                own = resident
        except psutil.Error:                                    # it has ended
            continue
        alone += own
        shared = max(shared, resident - own)
    return alone + shared


def _shown(path: Path) -> Path:
    """Relative to the working folder, where that is shorter."""
    try:
        return path.resolve().relative_to(Path.cwd())
    except ValueError:
        return path
