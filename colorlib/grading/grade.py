"""Points for each submission: exercises are run in `sandbox`, numbers are only read.

    graded = grade(Path("submitted"), Path("build/assignment/points.json"))
    graded[0].points, graded[0].notes

The truth of a number comes from the name of the file or folder, not from what the notebook says.
"""

import contextlib
import json
import multiprocessing
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Timer

from tqdm import tqdm

from colorlib import assignment
from colorlib.exercises import Result
from colorlib.grading.submission import Submission, Task, find, read_tasks

PARTS = 6  # a cell or a check may take this part of a submission's time
MESSAGE_BYTES = 100_000
STATUSES = {"right", "wrong", "not done"}
# torch._dynamo is what the first optimizer imports, which takes seconds.
PRELOAD = ["colorlib.grading.sandbox", "colorlib.assignment", "colorlib.notebook.plots",
           "torch._dynamo"]


@dataclass
class Graded:
    """A submission with the result of each task and remarks for the teacher."""

    submission: Submission
    tasks: list[Task]  # without the report
    results: dict[str, Result] = field(default_factory=dict)  # by the task's key
    notes: list[str] = field(default_factory=list)

    def points_of(self, task: Task) -> int:
        """The points of one task: all or none."""
        return task.points if self.results[task.key].status == "right" else 0

    @property
    def points(self) -> int:
        """The sum over all tasks but the report."""
        return sum(map(self.points_of, self.tasks))


def grade(folder: Path, points: Path, minutes: float = 2.0, gigabytes: float = 4.0,
          workers: int | None = None) -> list[Graded]:
    """Grade all submissions in a folder, which stays as it is.

    points     the file points.json of `make assignment`
    minutes    for a submission
    gigabytes  of memory for a submission
    workers    how many run at the same time (default: one for each processor)

    FileNotFoundError and ValueError say what is missing.
    """
    if os.name != "posix":
        raise ValueError("grading needs Linux or macOS: on Windows, run it in a container or WSL")
    if not (minutes > 0 and gigabytes > 0 and (workers is None or workers > 0)):
        raise ValueError("minutes, gigabytes and workers must be more than 0")
    from colorlib.grading import sandbox  # Windows lacks a module that it needs

    student, tasks = read_tasks(points)
    tasks = [task for task in tasks if task.kind != "report"]
    submissions = find(folder)
    # Its server imports torch once and runs no submission; each gets a copy of that process.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    stop = Event()

    def run(submission: Submission) -> Graded:
        graded = Graded(submission, tasks)
        if submission.problem:
            graded.notes.append(submission.problem)
            return graded
        try:
            _run(context, sandbox.run, graded, 60 * minutes, gigabytes, stop)
        except OSError as error:  # a pipe among its files, or a full disk
            graded.notes.append(f"it cannot be copied and run ({error!s:.200})")
        except Exception as error:  # one submission must not lose the others' results
            graded.notes.append(f"it cannot be graded ({type(error).__name__}): read it")
        return graded

    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        try:
            every = list(tqdm(pool.map(run, submissions), "Grading", len(submissions),
                              disable=None))
        except KeyboardInterrupt:
            stop.set()
            pool.shutdown(cancel_futures=True)  # else those that wait would still run
            raise
    _check_numbers(every, student)
    return every


def _run(context: multiprocessing.context.BaseContext, target: Callable, graded: Graded,
         seconds: float, gigabytes: float, stop: Event) -> None:
    """Run one submission on a copy, and take over what its process reports."""
    with tempfile.TemporaryDirectory(prefix="colorlib-grade-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        _copy(graded.submission.place, folder / "work")
        receiving, sending = context.Pipe(duplex=False)
        process = context.Process(target=target, args=(
            sending, folder, graded.submission.inside, graded.submission.cells, graded.tasks,
            seconds / PARTS, gigabytes))
        process.start()
        sending.close()

        def kill() -> None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()

        late = Timer(seconds + 2, kill)  # for one that sends half of a message, and then nothing
        late.start()
        try:
            _listen(receiving, graded, time.monotonic() + seconds, stop)
        finally:
            late.cancel()
            kill()
            process.join()
            receiving.close()


def _listen(receiving: multiprocessing.connection.Connection, graded: Graded, deadline: float,
            stop: Event) -> None:
    """Read what a sandbox sends until its end or the deadline: JSON, as pickles could run code."""
    exercises = {task.key for task in graded.tasks if task.kind == "exercise"}
    while not stop.is_set() and time.monotonic() < deadline:
        if not receiving.poll(0.5):
            continue
        try:
            message = json.loads(receiving.recv_bytes(MESSAGE_BYTES))
            if "end" in message:
                if message["end"] is not True:
                    graded.results.clear()
                    graded.notes.append("its code has changed the checkers, so that they call a "
                                        "wrong answer right: read it")
                return
            if "cell" in message:
                graded.notes.append(f"code cell {int(message['cell'])} stopped: "
                                    f"{message['message']!s:.300}")
            elif message["key"] in exercises and message["status"] in STATUSES:
                graded.results[message["key"]] = Result(
                    *(f"{message[part]!s:.500}" for part in ("status", "message", "hint")))
        except EOFError:
            graded.notes.append("its process ended early")
            return
        except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
            graded.notes.append("its process sent what the grader does not: read it")
            return
    graded.notes.append("stopped: it ran out of time")


def _check_numbers(every: list[Graded], student: str) -> None:
    """Check the numbers of all, and look for answers that fit another student's fruit."""
    fruits = {}
    for graded in every:
        with contextlib.suppress(ValueError):  # a name without a letter or digit
            fruits[graded.submission.name] = assignment.fruit(graded.submission.name)
    for graded in every:
        name = graded.submission.name
        _check_name(graded, student)
        for task in graded.tasks:
            if task.kind == "number" and name in fruits:
                graded.results[task.key] = _check_number(graded, task, fruits)
            graded.results.setdefault(task.key, Result("not done"))


def _check_name(graded: Graded, student: str) -> None:
    try:
        number = graded.submission.literal(student)
    except ValueError:
        number = None
    name = graded.submission.name
    if number not in (None, ...) and not assignment.same_number(str(number), name):
        graded.notes.append(f"the notebook has the student number {number!r:.50}")


def _check_number(graded: Graded, task: Task, fruits: dict) -> Result:
    try:
        answer = graded.submission.literal(task.variable)
    except ValueError as error:
        return Result("wrong", str(error))
    name = graded.submission.name
    with contextlib.redirect_stdout(None):
        result = assignment.check(task.key, fruits[name], answer)
        if result.status == "wrong":
            fits = [other for other, fruit in fruits.items() if other != name
                    and assignment.check(task.key, fruit, answer).status == "right"]
            graded.notes += [f"its {task.key} is that of {', '.join(fits)}"] if fits else []
    return result


def _copy(place: Path, target: Path) -> None:
    if place.is_dir():
        shutil.copytree(place, target, symlinks=True)
        target.chmod(0o700)  # the submissions may be read-only
    else:
        target.mkdir()
        shutil.copy2(place, target)
