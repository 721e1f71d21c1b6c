"""Runs one submission in a process of its own, which may take limited time and memory.

`run` is what that process does. It keeps accidents away from the grader: endless loops, memory,
exceptions, deleted files of its own. It is no protection from an attack: see docs/grading.md.
"""

import ast
import json
import os
import re
import resource
import signal
import sys
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from colorlib import exercises
from colorlib.exercises import Result
from colorlib.grading.submission import Task, parse

CHECK = re.compile(r"check(_\d\d_\d)?")  # also Otter-Grader's grader.check("…")
FILE_BYTES = 10**9  # of a file that a submission writes


class OutOfTime(BaseException):
    """Not an Exception, which a student's `except Exception` would catch."""


def run(channel: Connection, folder: Path, inside: Path, cells: tuple[str, ...],
        tasks: list[Task], seconds: float, gigabytes: float) -> None:
    """Run the cells from top to bottom, and check each exercise after the cell that defines it.

    channel    gets a JSON object for each check, with "key", "status", "message" and "hint", and
               for each cell that failed, with "cell" and "message"; at the end, {"end": trusted},
               where trusted is whether the checkers still know a wrong answer. It ends as soon as
               one does not
    folder     with the folders work, home and tmp; it becomes the only one that the code knows of
    inside     where in work the notebook lies
    seconds    for a cell or a check
    gigabytes  of memory
    """
    checkers = {task.key: getattr(exercises, f"check_{task.key.replace('.', '_')}")
                for task in tasks if task.kind == "exercise"}
    _confine(folder, gigabytes)

    def send(**values: object) -> None:
        channel.send_bytes(json.dumps(values).encode())

    names = {"__name__": "__main__", "display": lambda *shown, **how: None}
    sys.path.insert(0, str(folder / "work" / inside))  # for modules that were handed in, too
    for number, cell in enumerate(cells, 1):
        before = dict(names)
        _enter(folder, inside)
        if error := _attempt(partial(_execute, cell, names), seconds):
            send(cell=number, message=error)
        for task in tasks:
            answer = names.get(task.variable)
            if (task.key in checkers and callable(answer)
                    and answer is not before.get(task.variable)):
                _enter(folder, inside)
                result = _check(checkers[task.key], answer, seconds)
                if result.status == "right" and _check(
                        checkers[task.key], _wrong_answer, seconds).status == "right":
                    return send(end=False)
                send(key=task.key, **vars(result))
    send(end=not any(check(_wrong_answer).status == "right" for check in checkers.values()))


def _check(checker: Callable[[object], Result], answer: object, seconds: float) -> Result:
    results = []
    error = _attempt(lambda: results.append(checker(answer)), seconds)
    return results[0] if results else Result("wrong", f"your code stopped with {error}")


def _wrong_answer(*arguments: object, **keywords: object) -> float:
    return -12345.678


def _execute(cell: str, names: dict) -> None:
    """Run a cell without its own calls of checkers, which would only take time."""
    tree = parse(cell)
    tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)
                 or not any(map(_is_checking, ast.walk(node)))]
    exec(compile(tree, "<cell>", "exec"), names)


def _is_checking(node: ast.AST) -> bool:
    """Whether it names a checker, or Otter-Grader, which is not here."""
    return (isinstance(node, ast.Attribute) and bool(CHECK.fullmatch(node.attr))
            or isinstance(node, ast.Name) and node.id in ("otter", "grader")
            or isinstance(node, ast.alias) and node.name == "otter")


def _enter(folder: Path, inside: Path) -> None:
    """Go to the folder of the notebook; make it again if the code before has deleted it."""
    for part in (Path("work", inside), "home", "tmp"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    os.chdir(folder / "work" / inside)  # without a working folder, torch's optimizers fail


def _attempt(function: Callable[[], None], seconds: float) -> str:
    """Call a function within a time; returns the error, such as "ValueError: no", or ""."""
    try:
        # Again after a second, for code that catches the first one.
        signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
        function()
    except OutOfTime:
        return f"TimeLimit: more than {seconds:.0f} seconds"
    except BaseException as error:  # SystemExit as well
        return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}".rstrip(": ")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return ""


def _confine(folder: Path, gigabytes: float) -> None:
    """Make this process the leader of a session, in its own folder, without environment."""
    os.setsid()  # so that the grader can end it with all that it has started
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    sys.stdout = sys.stderr = open(os.devnull, "w")
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    os.environ.clear()
    os.environ |= kept | {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"),
                          "MPLBACKEND": "agg", "COLORLIB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    torch.set_num_threads(1)
    for limit, value in ((resource.RLIMIT_DATA, int(gigabytes * 1e9)),
                         (resource.RLIMIT_FSIZE, FILE_BYTES), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))

    def stop(*_: object) -> None:
        raise OutOfTime

    signal.signal(signal.SIGALRM, stop)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writing too much is an OSError then
