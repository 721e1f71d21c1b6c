"""The data folder: where it is, and how several processes fill it without harming each other.

It is $COLORLIB_DATA, or data/sets of a kit (`make kit`), or the user's cache folder. Many accounts
may read one folder that none of them can write to. A process writes under a lock, to a temporary
file that it then moves into place: a file in the folder is either complete or absent.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from colorlib.paths import DISK_FULL, expand, find_project_root

_downloads_disabled = False


class DataUnavailable(RuntimeError):
    """A data set is not here and cannot be fetched; the message explains what to do."""


class NoStorage(DataUnavailable):
    """There is no place to keep the data: no permission, no free space, or no lock."""


def data_folder() -> Path:
    """Where data sets are kept. The folder need not exist."""
    if named := os.environ.get("COLORLIB_DATA"):
        return expand(named)
    # Only a kit brings data sets along; in other checkouts data/sets is missing or empty.
    in_kit = any(kit_folder().glob("*.npy"))
    return kit_folder() if in_kit else _cache_folder()


def kit_folder() -> Path:
    """Where a kit keeps its data (`make kit`); outside of a checkout the user's cache folder."""
    root = find_project_root()
    return root / "data" / "sets" if root else _cache_folder()


def _cache_folder() -> Path:
    folder = user_cache_path("colorlib", appauthor=False)
    if folder.is_absolute():
        return folder
    # This account has no home folder: the path begins with an unexpanded ~.
    return Path(tempfile.gettempdir()) / f"colorlib-{os.getuid()}"


@contextmanager
def no_downloads() -> Iterator[None]:
    """Inside the block this process downloads nothing, as with COLORLIB_OFFLINE."""
    global _downloads_disabled
    before, _downloads_disabled = _downloads_disabled, True
    try:
        yield
    finally:
        _downloads_disabled = before


def downloads_disabled() -> bool:
    """Whether this code runs inside `no_downloads`."""
    return _downloads_disabled


def offline() -> bool:
    """Whether nothing may be downloaded: in a kit, in `no_downloads`, or by COLORLIB_OFFLINE=1."""
    if downloads_disabled():
        return True
    # COLORLIB_OFFLINE=0 allows downloads in a kit, too.
    if setting := os.environ.get("COLORLIB_OFFLINE", "").strip().lower():
        return setting not in ("0", "false", "no")
    root = find_project_root()
    return root is not None and (root / "KIT.txt").exists()


def notify(text: str) -> None:
    """Print a line for a waiting user: on stderr, apart from the output that a notebook stores."""
    print(text, file=sys.stderr, flush=True)


def make_writable(place: Path, name: str = "data folder", setting: str = "COLORLIB_DATA") -> None:
    """Create a folder if it does not exist; NoStorage unless a file can be written to it.

    name, setting   for the message: what the folder is, and the variable that moves it
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        # Permissions alone do not tell: a disk may be mounted for reading only, or be full.
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise NoStorage(
            f"cannot write to the {name} {place} ({error.strerror or error}). Set {setting} to a "
            "folder that you can write to, or to one that already holds the data.") from error


def require_space(place: Path, megabytes: int) -> None:
    """NoStorage if less is free on the disk of a folder."""
    free = shutil.disk_usage(place).free / 1e6
    if free < megabytes:
        raise NoStorage(f"{megabytes} MB are needed in {place}, {free:.0f} MB are free. "
                        "Set COLORLIB_DATA to a folder elsewhere.")


@contextmanager
def exclusive(place: Path, name: str, doing: str) -> Iterator[None]:
    """Let one process at a time into the block; others wait, and print what for (`doing`).

    NoStorage if the folder cannot be locked, or if another process holds the lock for an hour.
    """
    # The operating system releases the lock of a process that is killed. Any account that shares
    # the folder may lock it.
    lock = FileLock(place / f"{name}.lock", mode=0o666)
    try:
        with suppress(Timeout):
            lock.acquire(timeout=0.5)
        if not lock.is_locked:
            notify(f"Another process is {doing}; waiting for it.")
            lock.acquire(timeout=3600)
    except Timeout:
        message = f"another process has been {doing} for an hour; end it and try again"
        raise NoStorage(message) from None
    except OSError as error:
        raise NoStorage(f"cannot lock {place} for {doing} ({error.strerror or error})") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def workspace(place: Path, name: str) -> Iterator[Path]:
    """Yield a new folder inside the data folder, and remove it when the block ends."""
    # Under the lock no other process has such a folder, so these are of processes that were killed.
    for leftover in place.glob(f"{name}-*.partial"):
        shutil.rmtree(leftover, ignore_errors=True)
    # Inside the data folder, because a file is moved in one step only within a file system.
    with tempfile.TemporaryDirectory(prefix=f"{name}-", suffix=".partial", dir=place,
                                     ignore_cleanup_errors=True) as made:
        try:
            yield Path(made)
        except OSError as error:
            if error.errno in DISK_FULL:
                raise NoStorage(f"the disk of the data folder {place} is full: free space, or set "
                                "COLORLIB_DATA to a folder elsewhere") from error
            raise
