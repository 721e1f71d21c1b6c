"""Data sets by name: CIFAR-10, painted fruit, a few photographs, or a folder of one's own pictures.

    images = datasets.load("auto", "train", n=5000)     # CIFAR-10 if available, else fruit
    images = datasets.load_folder("holiday", size=64)   # images.skipped: files it could not read

All functions return an ImageSet (uint8, (N, 3, H, W)). Downloads and decoded pictures are kept in
$COLORLIB_DATA, by default in the user's cache folder. data/README.md describes the data sets: who
made them, and under which license.
"""

from __future__ import annotations

from pathlib import Path

from colorlib.data import cifar10, storage
from colorlib.data.cifar10 import load_cifar10
from colorlib.data.folder import load_folder
from colorlib.data.image_set import ImageSet, check_split
from colorlib.data.painted_fruit import load_painted_fruit
from colorlib.data.photos import load_photos
from colorlib.data.storage import DataUnavailable

__all__ = ["DataUnavailable", "ImageSet", "available", "load", "load_auto", "load_cifar10",
           "load_folder", "load_painted_fruit", "load_photos"]

NAMES = ("auto", "cifar10", "fruits", "photos", "folder:PATH")


def load(
    name: str = "auto", split: str = "train", n: int | None = None, seed: int = 0, size: int = 32
) -> ImageSet:
    """Load a data set by the name that notebooks give in DATA.

    name    "auto" (CIFAR-10 if available, else fruits), "cifar10", "fruits", "photos", or
            "folder:PATH"
    split   "train" or "test"
    n       at most so many images, drawn by the seed. None: all; of "fruits" and "photos", which
            have no fixed number, 5,000 for training and 1,000 for the test
    size    height and width in pixels; 32 for CIFAR-10

    ValueError for an unknown name, split or size; DataUnavailable; FileNotFoundError.
    """
    check_split(split)
    if name == "auto":
        return load_auto(split, n, seed, size)
    if name == "cifar10":
        if size != 32:
            raise ValueError(f"CIFAR-10 has images of 32×32 pixels, got size={size}")
        return load_cifar10(split, n, seed)
    if name == "fruits":
        return load_painted_fruit(split, _default_count(n, split), size, seed)
    if name == "photos":
        return load_photos(split, size, _default_count(n, split), seed)
    if name == "folder:":
        raise ValueError("expected a path after folder:, as in folder:pictures/holidays")
    if name.startswith("folder:"):
        images = load_folder(name.removeprefix("folder:"), size, split)
        return images if n is None or n >= len(images) else images.take(n, seed)
    raise ValueError(_unknown(name))


def load_auto(split: str = "train", n: int | None = None, seed: int = 0,
              size: int = 32) -> ImageSet:
    """CIFAR-10 if it is available and size is 32, else painted fruit; .name tells which.

    A download that failed is not tried again for an hour.
    """
    if size == 32:
        try:
            return load_cifar10(split, n, seed, retry=False)
        except DataUnavailable as error:
            storage.notify(f"{str(error).splitlines()[0]} Using generated fruits.")
    return load_painted_fruit(split, _default_count(n, split), size, seed)


def available(name: str) -> bool:
    """Whether load(name) would work without a download; nothing is decoded to find out."""
    if name in ("auto", "fruits", "photos"):
        return True
    if name == "cifar10":
        return cifar10.is_present(cifar10.CIFAR10)
    if name.startswith("folder:"):
        return Path(name.removeprefix("folder:")).expanduser().is_dir()
    raise ValueError(_unknown(name))


def _default_count(n: int | None, split: str) -> int:
    return n if n is not None else {"train": 5000, "test": 1000}[split]


def _unknown(name: str) -> str:
    return f"no data set {name!r}; there are {', '.join(NAMES)}"
