"""A folder of pictures, decoded once: the pixels as one file in the cache, beside it a note of what they are."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from PIL import Image
from tqdm.auto import tqdm

from colorlib.data import download, image_files
from colorlib.data.image_set import ImageSet
from colorlib.data.streamed_set import StreamedSet

FORMAT = 1                                                     # raise it when decode() changes what it returns
TEST_FOLDERS = ("test", "val", "validation", "valid")
MARKS = "marked-bad.txt"                                       # in a folder: names to leave out, one a line


MEMORY = 2 * 2**30                                             # bytes of pictures beyond which a folder is streamed


def load_folder(
    path: str | os.PathLike[str],
    size: int | tuple[int, int] | None = None,
    split: str = "all",
    memory: int = MEMORY,
) -> ImageSet:
    """The pictures of a folder and the folders in it: JPEG, PNG, WebP, TIFF, GIF.

    size    None: as they are, all of one size (else a ValueError that proposes one). N or (H, W): the largest such part
            from the middle of each, resized with antialiasing
    split   "all"; "train" and "test": the folders of these names (or val for the test), or nine tenths and one tenth
    memory  bytes; when the pictures are larger, they stay in a file and batches are streamed from it

    Upright by EXIF, transparent parts on white, CMYK and palette as RGB, 16 bits as 8, an animation's first frame.
    Labels are the folders that pictures lie in. What cannot be read or is larger than 90 million pixels is left out and
    listed in .skipped, with the reason; so is what `marked-bad.txt` names (see `datacheck`). Decoded once: kept as
    uint8 in the cache until a file changes.
    FileNotFoundError when there is no folder; ValueError when it holds no picture.
    """
    if isinstance(size, int):
        size = (size, size)
    if size is not None and (len(size) != 2 or min(size) < 1):
        raise ValueError(f"size must be a number of pixels or (H, W), got {size}")
    return load(Path(path), size, split, memory)


def load(path: Path, size: tuple[int, int] | None, split: str, memory: int) -> ImageSet:
    """See datasets.load_folder."""
    root = path.expanduser().resolve()
    if not root.is_dir():
        raise FileNotFoundError(f"no folder of pictures at {path}")
    files = listing(root)
    bad, chosen = marked(root), choose(files, split)
    left_out = [(name, f"marked in {MARKS}") for name in chosen if name in bad]
    chosen = [name for name in chosen if name not in bad]           # last, so that a mark moves no other file's split
    if not chosen:
        raise ValueError(f"no files for split {split!r} in {path}" + (f": all are in {MARKS}" if left_out else ""))
    images = _load(root, files, chosen, size, split, memory)
    images.skipped += left_out
    return images


def _load(root: Path, files: list[str], chosen: list[str], size: tuple[int, int] | None, split: str,
          memory: int) -> ImageSet:
    store = f"folder-{_digest(str(root), split, size)[:16]}"
    key = _digest(FORMAT, [(name, (s := (root / name).stat()).st_size, s.st_mtime_ns) for name in chosen])
    place = download.folder()
    note = _read_note(place, store, key)
    if note is not None:
        return _open(place / f"{store}.rgb", note, files, split, memory)
    try:
        download.make_writable(place)
    except download.NoPlace:
        return _decode_in_memory(root, chosen, size, files, split, memory)
    with download.only_one(place, store, "decoding the pictures"):
        note = _read_note(place, store, key) or _decode_to_cache(root, chosen, size, place, store, key)
    return _open(place / f"{store}.rgb", note, files, split, memory)


def listing(root: Path) -> list[str]:
    """Every file below root but hidden ones, as relative names, sorted."""
    names = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    shown = (name.as_posix() for name in names if not any(part.startswith(".") for part in name.parts))
    return sorted(name for name in shown if name != MARKS)


def marked(root: Path) -> set[str]:
    """The names in a folder's marked-bad.txt, relative to it; empty without such a file."""
    try:
        lines = (root / MARKS).read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return set()
    return {line.strip() for line in lines if line.strip() and not line.startswith("# ")}


def choose(files: list[str], split: str) -> list[str]:
    """The files of a split: the folders train and test (or val) if there are such, else every tenth is for the test."""
    if split not in ("all", "train", "test"):
        raise ValueError(f"split must be 'all', 'train' or 'test', got {split!r}")
    if split == "all":
        return files
    tops = [name.split("/")[0] if "/" in name else "" for name in files]
    if "train" in tops:
        wanted = ("train",) if split == "train" else TEST_FOLDERS
        return [name for name, top in zip(files, tops, strict=True) if top in wanted]
    return [name for i, name in enumerate(files) if (i % 10 == 0) == (split == "test")]


# -------------------------------------------------------------------------------------------------- decoding


def decoded(
    root: Path, names: list[str], size: tuple[int, int] | None
) -> Iterator[tuple[str, np.ndarray | image_files.Unreadable]]:
    """Name and picture (or why there is none), in order, a few at a time in threads: decoders run beside each other."""

    def one(name: str) -> tuple[str, np.ndarray | image_files.Unreadable]:
        try:
            return name, image_files.decode(root / name, size)
        except image_files.Unreadable as error:
            return name, error

    rest = iter(names)
    with warnings.catch_warnings(), ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)         # decode() refuses those itself
        warnings.filterwarnings("ignore", category=UserWarning, module="PIL")   # e.g. on broken EXIF of a good picture
        with tqdm(total=len(names), desc="Decoding pictures", unit="file", disable=len(names) < 200) as bar:
            while few := list(itertools.islice(rest, 16)):
                yield from pool.map(one, few)
                bar.update(len(few))


def _decode_into(file: BinaryIO, root: Path, names: list[str], size: tuple[int, int] | None) -> dict[str, Any]:
    """Write the pictures one behind the other, 3×H×W bytes each; the note that describes them."""
    kept, skipped, shape = [], [], size
    for name, picture in decoded(root, names, size):
        if isinstance(picture, image_files.Unreadable):
            skipped.append((name, str(picture)))
            continue
        shape = shape or picture.shape[:2]
        if picture.shape[:2] != shape:
            (h0, w0), (h, w) = shape, picture.shape[:2]
            raise ValueError(
                f"pictures of different sizes: {kept[0]} is {w0}×{h0}, {name} is {w}×{h} (width × height). "
                f"Give one size for all, for example size={min(h0, w0, h, w)}"
            )
        kept.append(name)
        file.write(picture.transpose(2, 0, 1).tobytes())                        # 3 H W
    if not kept:
        raise ValueError(f"no picture could be read; the first of {len(skipped)}: {skipped[0][0]}: {skipped[0][1]}")
    return {"shape": [len(kept), 3, *shape], "kept": kept, "skipped": skipped}


def _decode_to_cache(
    root: Path, names: list[str], size: tuple[int, int] | None, place: Path, store: str, key: str
) -> dict[str, Any]:
    with download.workspace(place, store) as work:
        with open(work / "rgb", "wb") as file:
            note = {**_decode_into(file, root, names, size), "key": key}
        (work / "json").write_text(json.dumps(note), encoding="utf-8")
        (place / f"{store}.json").unlink(missing_ok=True)      # a note never stands beside pixels of another key
        download.finish(work / "rgb", place / f"{store}.rgb")
        download.finish(work / "json", place / f"{store}.json")
    return note


def _decode_in_memory(
    root: Path, names: list[str], size: tuple[int, int] | None, files: list[str], split: str, memory: int
) -> ImageSet:
    """Where nothing can be kept."""
    import io

    class Bounded(io.BytesIO):
        def write(self, data: bytes) -> int:
            if self.tell() + len(data) > memory:
                raise download.NoPlace(
                    f"the pictures do not fit into {memory / 1e6:.0f} MB of memory, and the data folder "
                    f"{download.folder()} cannot be written to. Set COLORLIB_DATA to a folder that you can write to."
                )
            return super().write(data)

    file = Bounded()
    note = _decode_into(file, root, names, size)
    pixels = torch.frombuffer(file.getbuffer(), dtype=torch.uint8).view(note["shape"])
    return ImageSet(pixels, **_about(note, files, split))


# --------------------------------------------------------------------------------------------------- reading


def _read_note(place: Path, store: str, key: str) -> dict[str, Any] | None:
    """The note, if it and the pixels are whole and describe the folder as it is now."""
    try:
        note = json.loads((place / f"{store}.json").read_text(encoding="utf-8"))
        right = note["key"] == key and (place / f"{store}.rgb").stat().st_size == int(np.prod(note["shape"]))
        return note if right and len(note["kept"]) == note["shape"][0] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _open(path: Path, note: dict[str, Any], files: list[str], split: str, memory: int) -> ImageSet:
    about, shape = _about(note, files, split), tuple(note["shape"])
    if int(np.prod(shape)) > memory:
        return StreamedSet(path, shape, limit=memory, **about)
    return ImageSet(torch.from_numpy(np.fromfile(path, np.uint8)).view(shape), **about)


def _about(note: dict[str, Any], files: list[str], split: str) -> dict[str, Any]:
    """Labels from the names of the folders that pictures lie in, numbered alike in every split."""
    classes = sorted({name.rsplit("/", 2)[-2] for name in files if "/" in name})
    owners = [name.rsplit("/", 2)[-2] if "/" in name else None for name in note["kept"]]
    labels = None
    if len(classes) > 1 and None not in owners:
        labels = torch.tensor([classes.index(owner) for owner in owners])
    skipped = [(name, reason) for name, reason in note["skipped"]]
    return {"labels": labels, "classes": classes if labels is not None else (), "name": "folder", "split": split,
            "skipped": skipped}


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
