"""Run notebooks by papermill, each in a kernel of this Python; measure time and memory."""

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
from tools import run_page
from tools.files import KERNEL, CourseError, executed, number, read, title

OVERRIDES = ("COLORLIB_PROFILE", "COLORLIB_DEVICE", "COLORLIB_DATASET")
CHECKOUT = Path(__file__).resolve().parents[1]  # the folder that holds colorlib/ and tools/
SAMPLES_PER_SECOND = 20  # of the memory in use


@dataclass
class Run:
    """The outcome of one notebook; `error` is empty if it ran to its end."""

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
        """The larger of two measurements: by the runner, of all kernel processes; by the kernel."""
        return max(self.sampled_mb, self.record.get("peak_memory_mb", 0))


class ThisPython(AsyncKernelManager):
    """A kernel of the running interpreter, whatever kernels are registered for the user."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """The specification of `python -m ipykernel_launcher`."""
        command = [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher",
            "-f", "{connection_file}", "--log-level=ERROR"]
        return KernelSpec(argv=command, display_name=KERNEL["display_name"], language="python")


def run(notebooks: list[Path], out: Path, parameters: dict[str, Any]) -> int:
    """Run notebooks one after another and write out/index.html; returns 1 if one failed, else 0.

    parameters   for every notebook; CourseError, before anything runs, if a notebook lacks one
    out          folder for each executed notebook, as .ipynb and .html, its record, and the page
    """
    for path in notebooks:
        check_parameters(path, parameters)
    out.mkdir(parents=True, exist_ok=True)
    settings = ", ".join(f"{name}={value}" for name, value in parameters.items())
    runs = []
    for path in notebooks:
        print(f"{path.stem}: running ({settings})", flush=True)
        result = run_one(path, out, parameters)
        runs.append(result)
        held = sum(bool(claim["holds"]) for claim in result.record.get("claims", []))
        print(f"{path.stem}: {'failed' if result.error else 'ok'}, {result.cells} cells, "
              f"{count(held, 'claim')} held, {60 * result.minutes:.0f} s, "
              f"{result.peak_mb:.0f} MB", flush=True)
        if result.error:
            print(result.error, file=sys.stderr)
        run_page.write(runs, out, parameters)  # after each notebook: one can watch the page grow
    print(f"index page: {_short(out / 'index.html')}")
    return int(any(result.error for result in runs))


def check_parameters(path: Path, parameters: dict[str, Any]) -> None:
    """CourseError if the notebook lacks one of the parameters; papermill would only warn."""
    known = papermill.inspect_notebook(str(path))
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise CourseError(f"{path.stem} has no parameter {', '.join(unknown)}; "
                          f"it has: {', '.join(known) or 'none'}")


def run_one(path: Path, out: Path, parameters: dict[str, Any], timeout: int | None = None) -> Run:
    """Run one notebook in its own folder. If it fails, the output shows where it stopped.

    timeout   seconds that a cell may take; None: no limit
    """
    check_parameters(path, parameters)
    out = out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    result = Run(path, out / path.name, title(read(path)) or path.stem)
    records = out / "records"
    record = records / f"{number(path)}.{parameters.get('PROFILE', 'quick')}.json"
    record.unlink(missing_ok=True)
    start = time.perf_counter()
    with _kernel_environment(records), _sampled_memory() as memory:
        try:
            papermill.execute_notebook(str(path), str(result.output), parameters=parameters,
                kernel_name="python3", language="python", cwd=str(path.parent),
                progress_bar=sys.stderr.isatty(), kernel_manager_class=ThisPython,
                store_widget_state=False, execution_timeout=timeout)
        except PapermillExecutionError as error:
            result.error = f"cell {error.cell_index}: {error.ename}: {error.evalue}"
        except Exception as error:  # the kernel died, or a cell exceeded the timeout
            result.error = f"{type(error).__name__}: {error}"
    result.minutes = (time.perf_counter() - start) / 60
    result.sampled_mb = memory["peak"] / 1e6
    if result.output.exists():
        result.notebook = read(result.output)
        result.cells = executed(result.notebook)
    if record.exists():
        result.record = json.loads(record.read_text(encoding="utf-8"))
        result.record["peak_memory_mb"] = round(result.peak_mb)
        text = json.dumps(result.record, indent=1, ensure_ascii=False) + "\n"
        record.write_text(text, encoding="utf-8")
    elif not result.error:
        result.error = "the notebook left no record: its last code cell should call lesson.finish()"
    return result


@contextmanager
def _kernel_environment(records: Path) -> Iterator[None]:
    """Set the environment that a kernel inherits.

    The kernel can import this checkout and writes its record to `records`. Variables that would
    override the notebook's parameters are removed.
    """
    before = dict(os.environ)
    paths = [str(CHECKOUT), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    os.environ["COLORLIB_NOTEBOOK_RECORDS"] = str(records)
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # else the debugger warns in the outputs
    for name in OVERRIDES:
        os.environ.pop(name, None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _sampled_memory() -> Iterator[dict[str, float]]:
    """Sample the memory of all processes started inside; "peak" is the maximum in bytes."""
    this = psutil.Process()
    earlier = {child.pid for child in this.children(recursive=True)}
    memory, done = {"peak": 0.0}, threading.Event()

    def sample() -> None:
        while not done.wait(1 / SAMPLES_PER_SECOND):
            started = [child for child in this.children(recursive=True) if child.pid not in earlier]
            memory["peak"] = max(memory["peak"], _resident_bytes(started))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield memory
    finally:
        done.set()
        thread.join()


def _resident_bytes(processes: list[psutil.Process]) -> int:
    """Resident bytes of several processes together.

    Pages that they may share, such as those of torch's libraries, count once: the sum of each
    process's unique bytes, plus the largest shared part.
    """
    unique, shared = 0, 0
    for process in processes:
        try:
            resident = process.memory_info().rss
            try:
                own = process.memory_full_info().uss if len(processes) > 1 else resident
            except psutil.AccessDenied:  # macOS does not tell it of other processes
                own = resident
        except psutil.Error:  # the process has ended
            continue
        unique += own
        shared = max(shared, resident - own)
    return unique + shared


def _short(path: Path) -> Path:
    """The path relative to the working folder, if it lies below it."""
    try:
        return path.resolve().relative_to(Path.cwd())
    except ValueError:
        return path
