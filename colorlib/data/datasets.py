"""Where images come from: CIFAR-10, painted fruit, a few photographs, or a folder of one's own.

    images = datasets.load("auto", "train", n=5000)           # CIFAR-10 if it can be had, else fruit
    images = datasets.load_folder("holiday", size=64)         # images.skipped lists what could not be read

All return an ImageSet (uint8, N×3×H×W). What is fetched or decoded is kept in $COLORLIB_DATA, by default in
the user's cache folder. data/README.md says what the sets are, who made them, and under which license.
"""

from __future__ import annotations

from pathlib import Path

from colorlib.data import cifar10, download
from colorlib.data.cifar10 import load_cifar10
from colorlib.data.download import DataUnavailable
from colorlib.data.folder import load_folder
from colorlib.data.image_set import ImageSet, check_split
from colorlib.data.painted_fruit import load_painted_fruit
from colorlib.data.photos import load_photos

__all__ = ["DataUnavailable", "available", "load", "load_auto", "load_cifar10", "load_folder", "load_painted_fruit",
           "load_photos"]

NAMES = ("auto", "cifar10", "fruits", "photos", "folder:PATH")
def load(name: str = "auto", split: str = "train", n: int | None = None, seed: int = 0, size: int = 32) -> ImageSet:
    """A data set by name: what the notebooks' DATA means.

    name   "auto" (CIFAR-10 if it can be had, else fruits), "cifar10", "fruits", "photos", or "folder:PATH"
    split  "train" or "test"
    n      at most so many images, drawn by the seed; None: all (of generated ones: 5,000 and 1,000)
    size   height and width in pixels. CIFAR-10 has 32 and no other

    ValueError for another name, split or size; DataUnavailable, FileNotFoundError.
    """
    check_split(split)
    if name == "auto":
        return load_auto(split, n, seed, size)
    if name == "cifar10":
        if size != 32:
            raise ValueError(f"CIFAR-10 has pictures of 32×32 pixels, size={size} was asked for")
        return load_cifar10(split, n, seed)
    if name == "fruits":
        return load_painted_fruit(split, _default(n, split), size, seed)
    if name == "photos":
        return load_photos(split, size, _default(n, split), seed)
    if name == "folder:":
        raise ValueError("expected a path behind folder:, as in folder:pictures/holidays")
    if name.startswith("folder:"):
        images = load_folder(name.removeprefix("folder:"), size, split)
        return images if n is None or n >= len(images) else images.take(n, seed)
    raise ValueError(f"no data set {name!r}; there are {', '.join(NAMES)}")


def load_auto(split: str = "train", n: int | None = None, seed: int = 0, size: int = 32) -> ImageSet:
    """CIFAR-10 if it is there or can be had, else fruits (also for another size than 32); .name says which.

    A download that failed is not tried again for an hour.
    """
    if size == 32:
        try:
            return load_cifar10(split, n, seed, patient=False)
        except DataUnavailable as error:
            download.say(f"{str(error).splitlines()[0]} Using generated fruits.")
    return load_painted_fruit(split, _default(n, split), size, seed)


def available(name: str) -> bool:
    """Whether load(name) would find it here and now, without a download and without decoding anything."""
    if name in ("auto", "fruits", "photos"):
        return True
    if name == "cifar10":
        return cifar10.present(cifar10.CIFAR10)
    if name.startswith("folder:"):
        return Path(name.removeprefix("folder:")).expanduser().is_dir()
    raise ValueError(f"no data set {name!r}; there are {', '.join(NAMES)}")


def _default(n: int | None, split: str) -> int:
    return n if n is not None else {"train": 5000, "test": 1000}[split]
