"""A folder of pictures as an ImageSet: decoded once, then read from the data folder.

The data folder gets two files for each selection of pictures: the pixels (`folder-….rgb`), and a
note in JSON (`folder-….json`) with their shape, their names, and what could not be read.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from PIL import Image
from tqdm.auto import tqdm

from colorlib.data import image_files, storage
from colorlib.data.image_set import ImageSet
from colorlib.data.streamed_set import StreamedSet
from colorlib.paths import move_into_place

CACHE_VERSION = 2  # to be raised when image_files.decode() changes what it returns
TEST_FOLDERS = ("test", "val", "validation", "valid")
MARKS_FILE = "marked-bad.txt"  # in a folder of pictures: names to leave out, one on each line
MEMORY_LIMIT = 2 * 2**30  # bytes of pixels; a larger folder is streamed


def load_folder(
    path: str | os.PathLike[str],
    size: int | tuple[int, int] | None = None,
    split: str = "all",
    memory: int = MEMORY_LIMIT,
) -> ImageSet:
    """The pictures in a folder and its subfolders; see `image_files` for formats and conversion.

    size     N or (H, W): the largest part of that shape is cut from the middle of each picture and
             resized with antialiasing. None: as they are, if all have the same size
    split    "all"; "train" or "test": the subfolder of that name (or val for the test) if there is
             a subfolder train, else nine tenths or one tenth of the files
    memory   bytes; if the pixels are larger, they stay in a file and the set is a `StreamedSet`

    Labels are the names of the folders that the pictures lie in. Files that cannot be read, and
    those that `marked-bad.txt` names (see `colorlib.notebook.data_check`), are left out and listed
    in .skipped with the reason. The decoded pixels are kept in the data folder until a file
    changes.

    FileNotFoundError without such a folder. ValueError if it holds no picture of the split, or if
    the pictures differ in size and none is given.
    """
    if isinstance(size, int):
        size = (size, size)
    if size is not None and (len(size) != 2 or min(size) < 1):
        raise ValueError(f"size must be a number of pixels or (H, W), got {size}")
    root = Path(path).expanduser().resolve()
    if not root.is_dir():
        raise FileNotFoundError(f"no folder of pictures at {path}")
    files, marked = list_files(root), marked_files(root)
    in_split = files_of_split(files, split)
    # Marks are applied last, so that marking a file moves no other file to another split.
    chosen = [name for name in in_split if name not in marked]
    if not chosen:
        hint = f": all are in {MARKS_FILE}" if in_split else ""
        raise ValueError(f"no files for split {split!r} in {path}{hint}")
    images = _load(_Selection(root, files, chosen, size, split, memory))
    images.skipped += [(name, f"marked in {MARKS_FILE}") for name in in_split if name in marked]
    return images


def list_files(root: Path) -> list[str]:
    """All files below a folder, without hidden ones, as relative names in sorted order."""
    names = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return sorted(name.as_posix() for name in names if name.as_posix() != MARKS_FILE
                  and not any(part.startswith(".") for part in name.parts))


def marked_files(root: Path) -> set[str]:
    """The names in a folder's marked-bad.txt, relative to it; empty without such a file."""
    try:
        lines = (root / MARKS_FILE).read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return set()
    return {line.strip() for line in lines if line.strip() and not line.startswith("# ")}


def files_of_split(files: list[str], split: str) -> list[str]:
    """The files of a split: by subfolder if there is one named train, else every tenth is a test's.

    ValueError unless the split is "all", "train" or "test".
    """
    if split not in ("all", "train", "test"):
        raise ValueError(f"split must be 'all', 'train' or 'test', got {split!r}")
    if split == "all":
        return files
    tops = [name.split("/")[0] if "/" in name else "" for name in files]
    if "train" in tops:
        wanted = ("train",) if split == "train" else TEST_FOLDERS
        return [name for name, top in zip(files, tops, strict=True) if top in wanted]
    return [name for i, name in enumerate(files) if (i % 10 == 0) == (split == "test")]


@dataclass(frozen=True)
class _Selection:
    """Which pictures of a folder are loaded, and how. Names of files are relative to root."""

    root: Path
    files: list[str]  # all files of the folder
    chosen: list[str]  # those to decode
    size: tuple[int, int] | None
    split: str
    memory: int

    def cache_name(self) -> str:
        """The same for the same folder, split and size."""
        return f"folder-{_digest(str(self.root), self.split, self.size)[:16]}"

    def key(self) -> str:
        """Another one as soon as a file was added, removed or changed."""
        stats = [(name, (self.root / name).stat()) for name in self.chosen]
        return _digest(CACHE_VERSION, [(name, s.st_size, s.st_mtime_ns) for name, s in stats])

    def describe(self, note: dict[str, Any]) -> dict[str, Any]:
        """The arguments of an ImageSet beside its pixels.

        Labels come from the names of all folders, so that every split numbers them alike.
        """
        classes = sorted({name.rsplit("/", 2)[-2] for name in self.files if "/" in name})
        folders = [name.rsplit("/", 2)[-2] if "/" in name else None for name in note["kept"]]
        labels = None
        if len(classes) > 1 and None not in folders:
            labels = torch.tensor([classes.index(folder) for folder in folders])
        skipped = [(name, reason) for name, reason in note["skipped"]]
        return {"labels": labels, "classes": classes if labels is not None else (),
                "name": "folder", "split": self.split, "skipped": skipped}


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _load(selection: _Selection) -> ImageSet:
    """Read the pixels from the data folder, after decoding the pictures if they are not there."""
    place, name, key = storage.data_folder(), selection.cache_name(), selection.key()
    note = _read_note(place, name, key)
    if note is None:
        try:
            storage.make_writable(place)
        except storage.NoStorage:
            return _decode_in_memory(selection)
        with storage.exclusive(place, name, "decoding the pictures"):
            # Another process may have decoded them while this one waited.
            note = _read_note(place, name, key) or _decode_to_cache(selection, place, name, key)
    path, shape, about = place / f"{name}.rgb", tuple(note["shape"]), selection.describe(note)
    if int(np.prod(shape)) > selection.memory:
        return StreamedSet(path, shape, limit=selection.memory, **about)
    return ImageSet(torch.from_numpy(np.fromfile(path, np.uint8)).view(shape), **about)


def _read_note(place: Path, name: str, key: str) -> dict[str, Any] | None:
    """The note, or None unless it and the pixels are complete and of the files as they are now."""
    try:
        note = json.loads((place / f"{name}.json").read_text(encoding="utf-8"))
        pixels = (place / f"{name}.rgb").stat().st_size
        valid = (note["key"] == key and pixels == int(np.prod(note["shape"]))
                 and len(note["kept"]) == note["shape"][0])
        return note if valid else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


# ------------------------------------------------------------------------------------ decoding


def decode_files(
    root: Path, names: list[str], size: tuple[int, int] | None
) -> Iterator[tuple[str, np.ndarray | image_files.Unreadable]]:
    """Yield name and picture, or name and the reason why it cannot be read, in order.

    Threads decode a few pictures at the same time: Pillow's decoders release Python's lock.
    """

    def decode(name: str) -> tuple[str, np.ndarray | image_files.Unreadable]:
        try:
            return name, image_files.decode(root / name, size)
        except image_files.Unreadable as error:
            return name, error

    rest = iter(names)
    with warnings.catch_warnings(), ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        # Not for the user: decode() refuses decompression bombs itself, and Pillow also warns of
        # broken EXIF data in pictures that it decodes well.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
        with tqdm(total=len(names), desc="Decoding pictures", unit="file",
                  disable=len(names) < 200) as bar:
            # In small groups, so that few decoded pictures wait in memory to be written.
            while group := list(itertools.islice(rest, 16)):
                yield from pool.map(decode, group)
                bar.update(len(group))


def _decode_into(file: BinaryIO, selection: _Selection) -> dict[str, Any]:
    """Write all pictures, 3×H×W bytes each; returns the note about them."""
    kept, skipped, shape = [], [], selection.size
    for name, picture in decode_files(selection.root, selection.chosen, selection.size):
        if isinstance(picture, image_files.Unreadable):
            skipped.append((name, str(picture)))
            continue
        shape = shape or picture.shape[:2]
        if picture.shape[:2] != shape:
            (h0, w0), (h, w) = shape, picture.shape[:2]
            raise ValueError(
                f"pictures of different sizes: {kept[0]} is {w0}×{h0}, {name} is {w}×{h} "
                f"(width × height). Give one size for all, for example size={min(h0, w0, h, w)}"
            )
        kept.append(name)
        file.write(picture.transpose(2, 0, 1).tobytes())  # (H, W, 3) -> (3, H, W)
    if not kept:
        name, reason = skipped[0]
        raise ValueError(f"no picture could be read; the first of {len(skipped)}: {name}: {reason}")
    return {"shape": [len(kept), 3, *shape], "kept": kept, "skipped": skipped}


def _decode_to_cache(selection: _Selection, place: Path, name: str, key: str) -> dict[str, Any]:
    with storage.workspace(place, name) as work:
        with open(work / "rgb", "wb") as file:
            note = {**_decode_into(file, selection), "key": key}
        (work / "json").write_text(json.dumps(note), encoding="utf-8")
        # The old note goes first: it must never describe the new pixels, even after a crash.
        (place / f"{name}.json").unlink(missing_ok=True)
        move_into_place(work / "rgb", place / f"{name}.rgb")
        move_into_place(work / "json", place / f"{name}.json")
    return note


class _BoundedBuffer(io.BytesIO):
    """A file in memory that refuses to grow beyond a limit."""

    def __init__(self, limit: int):
        super().__init__()
        self.limit = limit

    def write(self, data: bytes) -> int:
        if self.tell() + len(data) > self.limit:
            raise storage.NoStorage(
                f"the pictures do not fit into {self.limit / 1e6:.0f} MB of memory, and the data "
                f"folder {storage.data_folder()} cannot be written to. Set COLORLIB_DATA to a "
                "folder that you can write to."
            )
        return super().write(data)


def _decode_in_memory(selection: _Selection) -> ImageSet:
    """For a data folder that cannot be written to."""
    file = _BoundedBuffer(selection.memory)
    note = _decode_into(file, selection)
    pixels = torch.frombuffer(file.getbuffer(), dtype=torch.uint8).view(note["shape"])
    return ImageSet(pixels, **selection.describe(note))
