"""A folder of pictures as an ImageSet: decoded once, then read from the data folder.

The data folder gets two files for each selection of pictures: the pixels (`folder-….rgb`), and a
note in JSON (`folder-….json`) with their shape, their names, and what could not be read.
"""

import hashlib
import io
import json
import math
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import numpy as np
import torch
from tqdm.auto import tqdm

from colorlib import color
from colorlib.data import image_files, storage
from colorlib.data.image_set import ImageSet
from colorlib.data.streamed_set import StreamedSet
from colorlib.paths import expand, move_into_place, real

CACHE_VERSION = 3  # to be raised when what is decoded, or left out, changes
TEST_FOLDERS = ("test", "val", "validation", "valid")
MARKS_FILE = "marked-bad.txt"  # in a folder of pictures: names to leave out, one on each line
# Chroma below which 99 % of a gray picture's pixels lie. Gray JPEG files have 0, and no photograph
# that comes with the course is below 5. Sepia and the colored noise of a scan are above it.
NEARLY_GRAY = 4.0
GRAY_REASON = "nearly gray"
MEMORY_LIMIT = 2 * 2**30  # bytes of pixels; a larger folder is streamed


def load_folder(path: str | os.PathLike[str], size: int | tuple[int, int] | None = None,
                split: str = "all", memory: int = MEMORY_LIMIT,
                keep_gray: bool = False) -> ImageSet:
    """The pictures in a folder and its subfolders; see `image_files` for formats and conversion.

    size        N or (H, W): the largest part of that shape is cut from the middle of each picture
                and resized with antialiasing. None: as they are, if all have the same size
    split       "all"; "train" or "test": the subfolder of that name (or val for the test) if there
                is a subfolder train, else nine tenths or one tenth of the files
    memory      bytes; if the pixels are larger, they stay in a file and the set is a `StreamedSet`
    keep_gray   keep pictures without color, too. A colorizer would learn from them that the world
                is gray, and its error on test pictures would look small

    Labels are the names of the folders that the pictures lie in. Files that cannot be read, nearly
    gray pictures, and the files that `marked-bad.txt` names (see `colorlib.notebook.data_check`)
    are left out and listed in .skipped with the reason.

    FileNotFoundError without such a folder. ValueError if it holds no picture of the split, or if
    the pictures differ in size and none is given.
    """
    if isinstance(size, int):
        size = (size, size)
    if size is not None and (len(size) != 2 or min(size) < 1):
        raise ValueError(f"size must be a number of pixels or (H, W), got {size}")
    root = real(expand(path))
    if not root.is_dir():
        raise FileNotFoundError(f"no folder of pictures at {path}")
    files, marked = list_files(root), marked_files(root)
    in_split = files_of_split(files, split)
    # Marks are applied last, so that marking a file moves no other file to another split.
    chosen = [name for name in in_split if name not in marked]
    if not chosen:
        hint = f": all are in {MARKS_FILE}" if in_split else ""
        raise ValueError(f"no files for split {split!r} in {path}{hint}")

    file = storage.data_folder() / f"folder-{_digest(str(root), split, size, keep_gray)[:16]}.rgb"
    note, pixels = _decoded(file, root, chosen, size, keep_gray, memory)
    skipped = [tuple(pair) for pair in note["skipped"]]  # JSON turns pairs into lists
    skipped += [(name, f"marked in {MARKS_FILE}") for name in in_split if name in marked]
    labels, classes = _labels(files, note["kept"])
    about = {"labels": labels, "classes": classes, "name": "folder", "split": split,
             "skipped": skipped}
    if isinstance(pixels, Path):
        return StreamedSet(pixels, tuple(note["shape"]), limit=memory, **about)
    return ImageSet(torch.from_numpy(pixels).view(note["shape"]), **about)


def list_files(root: Path) -> list[str]:
    """All files below a folder, without hidden ones, as relative names in sorted order."""
    names = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return sorted(name.as_posix() for name in names if name.as_posix() != MARKS_FILE
                  and not any(part.startswith(".") for part in name.parts))


def marked_files(root: Path) -> set[str]:
    """The names in a folder's marked-bad.txt, relative to it; empty without such a file."""
    try:
        # "utf-8-sig", since editors on Windows put a byte order mark before the first name.
        lines = (root / MARKS_FILE).read_text(encoding="utf-8-sig").split("\n")
    except FileNotFoundError:
        return set()
    except UnicodeDecodeError as error:
        raise ValueError(f"{root / MARKS_FILE} is no text in UTF-8 ({error}): save it in that "
                         "encoding") from None
    return {_marked_name(line) for line in lines if line.strip() and not line.startswith("# ")}


def mark_line(name: str) -> str:
    """A name as a line of marked-bad.txt: as it is or, where that would not be read back, quoted.

    Quoted as in JSON are names that begin with "# " or a space, hold a line break, or no UTF-8.
    """
    quoted = json.dumps(name)
    odd = name.startswith(("# ", '"')) or name != name.strip() or len(name.splitlines()) != 1
    return quoted if odd or not name.isprintable() else name


def _marked_name(line: str) -> str:
    try:
        name = json.loads(line) if line.startswith('"') else None
    except ValueError:  # a name that begins with a quotation mark
        name = None
    return name if isinstance(name, str) else line.strip()


def files_of_split(files: list[str], split: str) -> list[str]:
    """The files of a split, by subfolder if one is named train. ValueError for another split."""
    if split not in ("all", "train", "test"):
        raise ValueError(f"split must be 'all', 'train' or 'test', got {split!r}")
    if split == "all":
        return files
    if any(name.startswith("train/") for name in files):
        wanted = ("train",) if split == "train" else TEST_FOLDERS
        return [name for name in files if "/" in name and name.split("/")[0] in wanted]
    # By position, which needs no random numbers and is the same on every machine.
    return [name for i, name in enumerate(files) if (i % 10 == 0) == (split == "test")]


def _labels(files: list[str], kept: list[str]) -> tuple[torch.Tensor | None, list[str]]:
    """Labels and classes of pictures by their folders; none if a picture lies in no folder."""
    # The classes are those of all files, so that every split numbers them alike.
    classes = sorted({PurePosixPath(name).parent.name for name in files} - {""})
    folders = [PurePosixPath(name).parent.name for name in kept]
    if len(classes) < 2 or "" in folders:
        return None, []
    return torch.tensor([classes.index(folder) for folder in folders]), classes


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _decoded(file: Path, root: Path, names: list[str], size: tuple[int, int] | None,
             keep_gray: bool, memory: int) -> tuple[dict[str, Any], np.ndarray | Path]:
    """The note about the pictures, and their pixels, or the file of them if they are too large."""
    stats = [(name, (root / name).stat()) for name in names]
    # Another one as soon as a file was added, removed or changed.
    key = _digest(CACHE_VERSION, [(name, s.st_size, s.st_mtime_ns) for name, s in stats])
    note = _read_note(file, key)
    if note is None:
        try:
            storage.make_writable(file.parent)
        except storage.NoStorage:
            buffer = io.BytesIO()  # this time only: the next load decodes the pictures again
            note = _decode_into(buffer, root, names, size, keep_gray, memory)
            return note, np.frombuffer(buffer.getbuffer(), np.uint8)
        with storage.exclusive(file.parent, file.stem, "decoding the pictures"):
            # Another process may have decoded them while this one waited.
            note = _read_note(file, key) or _decode_to_cache(file, key, root, names, size,
                                                                keep_gray)
    too_large = math.prod(note["shape"]) > memory
    return note, file if too_large else np.fromfile(file, np.uint8)


def _read_note(file: Path, key: str) -> dict[str, Any] | None:
    """The note, or None unless it and the pixels are complete and of the files as they are now."""
    try:
        note = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        valid = (note["key"] == key and file.stat().st_size == math.prod(note["shape"])
                 and len(note["kept"]) == note["shape"][0]
                 and all(len(pair) == 2 for pair in note["skipped"]))
        return note if valid else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _decode_to_cache(file: Path, key: str, *selection) -> dict[str, Any]:
    with storage.workspace(file.parent, file.stem) as work:
        with open(work / "rgb", "wb") as pixels:
            note = _decode_into(pixels, *selection)
            note["key"] = key if note["complete"] else ""  # "": the next load decodes anew
        (work / "json").write_text(json.dumps(note), encoding="utf-8")
        # The old note goes first: it must never describe the new pixels, even after a crash.
        file.with_suffix(".json").unlink(missing_ok=True)
        move_into_place(work / "rgb", file)
        move_into_place(work / "json", file.with_suffix(".json"))
    return note


def _decode_into(file: BinaryIO, root: Path, names: list[str], size: tuple[int, int] | None,
                 keep_gray: bool, limit: float = math.inf) -> dict[str, Any]:
    """Write all pictures, 3×H×W bytes each; returns the note. NoStorage beyond `limit` bytes."""
    kept, skipped, shape, complete = [], [], size, True
    for name, picture in decode_files(root, names, size):
        if isinstance(picture, image_files.Unreadable):
            skipped.append((name, str(picture)))
            # Later it may be readable, so this result must not stay in the data folder.
            complete &= not isinstance(picture, image_files.UnreadableNow)
            continue
        if not keep_gray and is_nearly_gray(picture):
            skipped.append((name, GRAY_REASON))
            continue
        shape = shape or picture.shape[:2]
        if picture.shape[:2] != shape:
            (h0, w0), (h, w) = shape, picture.shape[:2]
            raise ValueError(
                f"pictures of different sizes: {kept[0]} is {w0}×{h0}, {name} is {w}×{h} "
                f"(width × height). Give one size for all, for example size={min(h0, w0, h, w)}")
        if file.tell() + picture.nbytes > limit:
            raise storage.NoStorage(
                f"the pictures do not fit into {limit / 1e6:.0f} MB of memory, and the data folder "
                f"{storage.data_folder()} cannot be written to. Set COLORLIB_DATA to another.")
        kept.append(name)
        file.write(picture.transpose(2, 0, 1).tobytes())  # (H, W, 3) -> (3, H, W)
    if not kept:
        name, reason = skipped[0]
        if all(reason == GRAY_REASON for _, reason in skipped):
            raise ValueError(f"all {len(skipped)} pictures are nearly gray, and colors cannot be "
                             "learned from them; load_folder(..., keep_gray=True) keeps them")
        raise ValueError(f"no picture could be read; the first of {len(skipped)}: {name}: {reason}")
    return {"shape": [len(kept), 3, *shape], "kept": kept, "skipped": skipped,
            "complete": complete}


def is_nearly_gray(picture: np.ndarray) -> bool:
    """Whether 99 % of the pixels of a picture (H, W, 3), uint8, have less chroma than NEARLY_GRAY.

    Of a large picture, some of the pixels are looked at.
    """
    step = max(1, max(picture.shape[:2]) // 128)
    some = torch.from_numpy(picture[::step, ::step].transpose(2, 0, 1).copy())
    chroma = color.rgb_to_lab(some)[1:].norm(dim=0)
    return float(chroma.quantile(0.99)) < NEARLY_GRAY


def decode_files(
    root: Path, names: list[str], size: tuple[int, int] | None
) -> Iterator[tuple[str, np.ndarray | image_files.Unreadable]]:
    """Yield name and picture, or name and the reason why it cannot be read, in order."""

    def decode(name: str) -> tuple[str, np.ndarray | image_files.Unreadable]:
        try:
            return name, image_files.decode(root / name, size)
        except image_files.Unreadable as error:
            return name, error

    bar = tqdm(total=len(names), desc="Decoding pictures", unit="file", disable=len(names) < 200)
    # Threads decode at the same time, since Pillow's decoders release Python's lock.
    with image_files.quiet_pillow(), ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool, bar:
        # In small groups, so that few decoded pictures wait in memory to be written.
        # Pictures that keep their size may have 270 MB each.
        step = 16 if size else 1
        for start in range(0, len(names), step):
            group = names[start : start + step]
            yield from pool.map(decode, group)
            bar.update(len(group))
