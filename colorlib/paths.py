"""Where the project's files are, and how to write a file so that nobody reads half of it."""

import errno
import functools
import os
import platform
import re
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DISK_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}  # or the account's share of it
CHECKPOINTS = Path(__file__).resolve().parent / "checkpoints"  # weights that come with the package


def project_root() -> Path:
    """The checkout of the course; FileNotFoundError where there is none."""
    if found := find_project_root():
        return found
    raise FileNotFoundError(
        "this needs a checkout of the course (notebooks/, benchmarks/, results/), and neither the "
        "working folder nor the package is in one: clone the repository and run it there")


def find_project_root() -> Path | None:
    """The checkout around the working folder, or else around the package; None without either."""
    here = Path.cwd()
    candidates = (here, *here.parents, Path(__file__).resolve().parents[1])
    return next((folder for folder in candidates if _is_checkout(folder)), None)


def _is_checkout(folder: Path) -> bool:
    """Whether a folder holds notebooks/ and a pyproject.toml whose project is named colorlib."""
    # Other projects have a folder notebooks/ as well, and students start Jupyter anywhere.
    try:
        text = (folder / "pyproject.toml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    # Read with regular expressions: Python 3.10 has no tomllib.
    project = re.search(r"^\[project\][^\n]*\n(.*?)(?=^\[|\Z)", text, re.M | re.S)
    named = project and re.search(r"""^name\s*=\s*["']colorlib["']""", project[1], re.M)
    return bool(named) and (folder / "notebooks").is_dir()


def expand(path: str | os.PathLike) -> Path:
    """A path with ~ as the home folder. OSError where there is no home, never a folder named ~."""
    try:
        return Path(path).expanduser()
    except RuntimeError:  # no HOME, and the system does not know this account
        raise FileNotFoundError(f"{path}: this account has no home folder; give a path without ~, "
                                "or set HOME") from None


def real(path: str | os.PathLike) -> Path:
    """The absolute path without links; where links go in a circle, as far as they can be followed.

    `Path.resolve` raises there, before Python 3.13.
    """
    return Path(os.path.realpath(path))


def printable(text: object) -> str:
    """A file's name or other foreign text for one line of a terminal: no control characters."""
    return "".join(letter if letter.isprintable() else
                   letter.encode("unicode_escape").decode() for letter in str(text))


@contextmanager
def atomic_write(path: str | os.PathLike, sync: bool = False) -> Iterator[Path]:
    """Yield a temporary file to write to, which replaces `path` (~ is expanded) at the block's end.

    Other processes see the old file or the complete new one. If the block raises, `path` stays as
    it was. The folder is created if it does not exist; `sync` as in `move_into_place`. OSError
    where the file cannot be written.
    """
    path = expand(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the folder of `path`, since a file is replaced in one step only within a file system.
    _remove_leftovers(path.parent)
    handle, name = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.name[:50]}.{_machine()}-{os.getpid()}-")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)  # mkstemp's files can be read by their owner alone
        move_into_place(temporary, path, sync)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise OSError(error.errno, f"the disk is full: {path} was not written, and is as it "
                                       "was before. Free space and try again") from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _machine() -> str:
    return f"{zlib.crc32(platform.node().encode()):08x}"


@functools.cache  # once for each folder: listing it for each of many files is slow
def _remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of processes of this machine that were killed while writing."""
    if os.name != "posix":  # elsewhere, asking for a process by signal 0 may end it
        return
    for leftover in folder.glob(f".*.{_machine()}-*-*"):
        number = re.search(rf"\.{_machine()}-(\d+)-\w+$", leftover.name)
        try:
            if number:
                os.kill(int(number[1]), 0)
        except ProcessLookupError:  # nobody writes to it any more
            leftover.unlink(missing_ok=True)
        except (OverflowError, PermissionError):  # not ours
            continue


def move_into_place(temporary: Path, path: Path, sync: bool = True) -> None:
    """Rename a file of the same file system to `path` in one step; `sync`: wait for the disk."""
    if sync:  # otherwise a power failure may leave an empty file under the final name
        with open(temporary, "r+b") as file:  # Windows syncs no file that is open for reading only
            os.fsync(file.fileno())
    os.replace(temporary, path)


def write_text_atomic(path: str | os.PathLike, text: str) -> None:
    """Write a UTF-8 text file in one step; see `atomic_write`."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
