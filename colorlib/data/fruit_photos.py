"""Photographs of fruit on white, stored in the package: a part of Fruits-360, 100×100 pixels.

The zip file beside this module holds the original JPEG files and their license (MIT, Copyright
(c) 2017 Mihai Oltean, Horea Muresan). Each folder in it is one specimen, filmed while it turned.
"""

import io
import zipfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from colorlib.data.image_set import ImageSet

ARCHIVE = Path(__file__).with_name("fruit_photos.zip")
# Each has a relative of the same fruit in the training part, but is never seen there itself.
HELD_OUT = {
    "validation": ("apple_golden_2", "apple_red_2", "cherry_wax_red", "pear_abate", "tomato_2"),
    "test": ("apple_golden_3", "apple_red_3", "avocado_ripe", "cantaloupe_2", "cherry_2",
             "grape_white_2", "grapefruit_pink", "lemon_meyer", "peach_flat", "pear_williams",
             "tomato_3"),
}


def load_fruit_photos(split: str = "train", n: int | None = None, size: int = 96, seed: int = 0,
                      by: str = "specimen") -> ImageSet:
    """Photographs of fruit, uint8 (N, 3, size, size), in an order that mixes all kinds.

    split   "train", "validation" or "test"; no picture is in two of them
    n       only the first n of that order; None: all
    seed    of the order
    by      "specimen": validation and test show specimens that are not in the training part.
            "frame": each picture's part is random, so that specimens of the test part are in the
            training part, too: a counterexample, not a way to measure generalization

    Labels and classes are the fruit: all apples are "apple". Pictures are resized with
    antialiasing. ValueError for an unknown split or `by`. Source: Mureșan and Oltean 2018.
    """
    if split not in ("train", "validation", "test"):
        raise ValueError(f"split must be 'train', 'validation' or 'test', got {split!r}")
    if by not in ("specimen", "frame"):
        raise ValueError(f"by must be 'specimen' or 'frame', got {by!r}")
    with zipfile.ZipFile(ARCHIVE) as archive:
        files = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        classes = sorted({fruit_of(name) for name in files})
        chosen = [name for name, part in zip(files, _parts(files, by)) if part == split]
        order = torch.randperm(len(chosen), generator=torch.Generator().manual_seed(seed))
        chosen = [chosen[i] for i in order[:n].tolist()]
        pixels = torch.empty((len(chosen), 3, size, size), dtype=torch.uint8)
        for i, name in enumerate(chosen):
            picture = Image.open(io.BytesIO(archive.read(name))).convert("RGB")
            picture = picture.resize((size, size), Image.Resampling.LANCZOS)
            pixels[i] = torch.from_numpy(np.array(picture)).permute(2, 0, 1)
    labels = torch.tensor([classes.index(fruit_of(name)) for name in chosen], dtype=torch.long)
    return ImageSet(pixels, labels, classes, "fruit-photos", split)


def fruit_of(name: str) -> str:
    """The fruit that a file "apple_red_3/07.jpg" shows: "apple"."""
    kind = name.split("/")[0]
    return kind.replace("_", " ") if kind.endswith("_fruit") else kind.split("_")[0]


def _parts(files: list[str], by: str) -> list[str]:
    """The split that each file belongs to, the same on every machine."""
    if by == "specimen":
        part_of = {kind: part for part, kinds in HELD_OUT.items() for kind in kinds}
        return [part_of.get(name.split("/")[0], "train") for name in files]
    # A fixed seed: another order of the pictures must not move them to another part.
    draws = torch.rand(len(files), generator=torch.Generator().manual_seed(0)).tolist()
    return ["test" if x < 0.14 else "validation" if x < 0.2 else "train" for x in draws]
