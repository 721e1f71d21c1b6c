"""The page of the colorization Turing test, from trained systems: `python -m tools turing`."""

from __future__ import annotations

from pathlib import Path

from colorlib.colorizer import Colorizer
from colorlib.data import datasets
from colorlib.data.storage import DataUnavailable
from colorlib.experiments.records import checkpoint_folder
from colorlib.notebook import turing_page
from colorlib.notebook.turing_test import Pairs
from tools.files import CourseError

SYSTEMS = ("nazeri-unet", "perez-patchgan", "small-resnet-patchgan")


def make(out: Path, names=SYSTEMS, data: str = "auto", pairs: int = 10, seed: int = 0) -> Path:
    """Write the page: for each system, `pairs` training and as many test pictures.

    All systems get the same pictures, so that they can be compared. CourseError if a checkpoint is
    missing or the data set is too small. Answers come from people: nothing here makes up any.
    """
    tests = []
    for name in names:
        path = checkpoint_folder() / f"{name}.safetensors"
        if not path.exists():
            raise CourseError(f"there is no checkpoint of {name}: train it, or name another system")
        colorizer = Colorizer.load(path)
        for split in ("train", "test"):
            try:
                images = datasets.load(data, split, n=pairs, seed=seed)
            except (DataUnavailable, ValueError) as error:
                raise CourseError(f"no {pairs} {split} pictures of {data}: {error}") from None
            tests.append(Pairs(colorizer, images, name, seed))
    out.parent.mkdir(parents=True, exist_ok=True)
    return turing_page.write(out, tests, seed)
