"""The folder where data sets are kept: $COLORLIB_DATA, or data/sets of a kit (`make kit`), or the user's cache folder.

Many accounts may read one folder that none of them can write to; whoever may write does it under a lock, to a temporary
name, and moves the finished file into place. So a file in the cache is whole, or it is not there.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from colorlib.paths import project_root


class DataUnavailable(RuntimeError):
    """A data set is not here and cannot be had; the message says what to do."""


class NoPlace(DataUnavailable):
    """There is nowhere to keep it."""


def folder() -> Path:
    """Where data sets are kept. It need not exist."""
    named = os.environ.get("COLORLIB_DATA")
    if named:
        return Path(named).expanduser()
    return brought() if any(brought().glob("*.npy")) else user_cache_path("colorlib", appauthor=False)


def brought() -> Path:
    """Where a kit keeps its data (`make kit`)."""
    return project_root() / "data" / "sets"


_HELD_BACK = [False]


@contextmanager
def no_downloads() -> Iterator[None]:
    """While inside, this process downloads nothing, as with COLORLIB_OFFLINE."""
    before, _HELD_BACK[0] = _HELD_BACK[0], True
    try:
        yield
    finally:
        _HELD_BACK[0] = before


def held_back() -> bool:
    """Whether this is inside `no_downloads`."""
    return _HELD_BACK[0]


def offline() -> bool:
    """COLORLIB_OFFLINE=1, in a kit, or in `no_downloads`: nothing is downloaded, and no attempt costs time."""
    if held_back():
        return True
    asked = os.environ.get("COLORLIB_OFFLINE", "").strip().lower()
    return asked not in ("0", "false", "no") if asked else (project_root() / "KIT.txt").exists()


def say(text: str) -> None:
    """A line for the person who waits: on stderr, so that a notebook's stored results do not depend on it."""
    print(text, file=sys.stderr, flush=True)


def make_writable(place: Path, what: str = "data folder", setting: str = "COLORLIB_DATA") -> None:
    """Make the folder if need be, and make sure that a file can be written to it; else NoPlace.

    what, setting   how it is called, and the variable that moves it, in the message
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise NoPlace(
            f"cannot write to the {what} {place} ({error.strerror or error}). "
            f"Set {setting} to a folder that you can write to, or to one that already holds the data."
        ) from error


def need_space(place: Path, megabytes: int) -> None:
    """NoPlace when less is free."""
    free = shutil.disk_usage(place).free / 1e6
    if free < megabytes:
        raise NoPlace(f"{megabytes} MB are needed in {place}, {free:.0f} MB are free. Set COLORLIB_DATA elsewhere.")


@contextmanager
def only_one(place: Path, name: str, doing: str) -> Iterator[None]:
    """While inside, no other process is: it says what it waits for. The system drops the lock of who is killed."""
    lock = FileLock(place / f"{name}.lock", mode=0o666)
    try:
        try:
            lock.acquire(timeout=0.5)
        except Timeout:
            say(f"Another process is {doing}; waiting for it.")
            lock.acquire(timeout=3600)
    except Timeout:
        raise NoPlace(f"another process has been {doing} for an hour; end it and try again") from None
    except OSError as error:
        raise NoPlace(f"cannot lock {place} for {doing} ({error.strerror or error})") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def workspace(place: Path, name: str) -> Iterator[Path]:
    """A fresh folder beside the data, removed at the end. Call it under the lock: what killed runs left goes too."""
    for left in place.glob(f"{name}-*.partial"):
        shutil.rmtree(left, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=f"{name}-", suffix=".partial", dir=place))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def finish(temporary: Path, final: Path) -> None:
    """Move a written file into place, in one step, after it has reached the disk."""
    with open(temporary, "rb+") as file:
        os.fsync(file.fileno())
    os.replace(temporary, final)
