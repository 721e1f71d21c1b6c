"""Data sets by name: CIFAR-10, painted fruit, a few photographs, or a folder of one's own pictures.

    images = datasets.load("auto", "train", n=5000)     # CIFAR-10 if it is here, else fruit
    images = datasets.load_folder("holiday", size=64)   # images.skipped: files it could not read

All functions return an ImageSet (uint8, (N, 3, H, W)). Downloads and decoded pictures are kept in
$COLORLIB_DATA, by default in the user's cache folder. data/README.md describes the data sets: who
made them, and under which license.
"""

from colorlib.data import storage
from colorlib.data.cifar10 import load_cifar10
from colorlib.data.cued_fruit import load_cued_fruit
from colorlib.data.folder import GRAY_REASON, load_folder
from colorlib.data.fruit_photos import load_fruit_photos
from colorlib.data.image_set import ImageSet, check_split
from colorlib.data.painted_fruit import load_painted_fruit
from colorlib.data.photos import load_photos
from colorlib.data.storage import DataUnavailable
from colorlib.paths import printable

__all__ = ["DataUnavailable", "ImageSet", "load", "load_cifar10", "load_cued_fruit", "load_folder",
           "load_fruit_photos", "load_painted_fruit", "load_photos"]


def left_out(images: ImageSet, most: int = 5) -> str:
    """Which files of a folder are not in a set, and why, in a line: "2 left out: a.jpg (...)"."""
    gray = sum(reason == GRAY_REASON for _, reason in images.skipped)
    which = f", {gray} of them {GRAY_REASON}" if gray else ""
    named = ", ".join(f"{printable(name)} ({reason})" for name, reason in images.skipped[:most])
    more = len(images.skipped) - most
    rest = f" and {more} more; all are in .skipped" if more > 0 else ""
    return f"{images.split_name}: {len(images.skipped)} left out{which}: {named}{rest}"


def load(name: str = "auto", split: str = "train", n: int | None = None, seed: int = 0,
         size: int = 32) -> ImageSet:
    """Load a data set by the name that notebooks give in DATA.

    name    "cifar10", "fruit-photos", "fruits", "apples", "plums", "photos", "folder:PATH", or
            "auto", which downloads nothing: CIFAR-10 if it is in the data folder and size is 32,
            else fruit-photos, else fruits (.name of the result says which)
    split   "train" or "test"
    n       at most so many images, drawn by the seed. None: all; of painted fruit and
            "photos", which have no fixed number, 5,000 for training and 1,000 for the test
    size    height and width in pixels; 32 for CIFAR-10

    ValueError for an unknown name, split or size; DataUnavailable; FileNotFoundError.
    """
    check_split(split)
    if name == "cifar10":
        if size != 32:
            raise ValueError(f"CIFAR-10 has images of 32×32 pixels, got size={size}")
        return load_cifar10(split, n, seed)
    if name.startswith("folder:"):
        path = name.removeprefix("folder:")
        if not path:
            raise ValueError("expected a path after folder:, as in folder:pictures/holidays")
        images = load_folder(path, size, split)
        if images.skipped:
            storage.notify(left_out(images))
        return images if n is None or n >= len(images) else images.take(n, seed)
    if name == "auto":
        return _load_auto(split, n, seed, size)
    if name == "fruit-photos":
        return load_fruit_photos(split, n, size, seed)
    # Generated and cropped at random, so that there is no whole set to load.
    count = n if n is not None else {"train": 5000, "test": 1000}[split]
    if name == "fruits":
        return load_painted_fruit(split, count, size, seed)
    if name in ("apples", "plums"):
        return load_cued_fruit(name, split, count, size, seed)
    if name == "photos":
        return load_photos(split, size, count, seed)
    raise ValueError(f"no data set {name!r}; there are auto, cifar10, fruit-photos, fruits, "
                     "apples, plums, photos, folder:PATH")


def _load_auto(split: str, n: int | None, seed: int, size: int) -> ImageSet:
    """The best data set that needs no download; says which, if it is not CIFAR-10."""
    why, hint = f"CIFAR-10 has no images of {size}×{size} pixels", ""
    if size == 32:
        try:
            return load_cifar10(split, n, seed, download=False)
        except DataUnavailable:
            why, hint = "CIFAR-10 is not in the data folder", '; "cifar10" downloads it (170 MB)'
    try:
        images = load_fruit_photos(split, n, size, seed)
    except FileNotFoundError:  # an installation without its photographs
        images = load("fruits", split, n, seed, size)
    used = {"fruit-photos": "photographs of fruit", "fruits": "painted fruit"}[images.name]
    storage.notify(f"{why}, so {used} are used{hint}.")
    return images
