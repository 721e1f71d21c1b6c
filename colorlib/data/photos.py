"""Square crops of the photographs that come with scikit-image and scikit-learn."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from colorlib.data.image_set import ImageSet, check_split
from colorlib.data.storage import DataUnavailable

# Photographs whose license the packages state: (package, file). None is in both splits.
PHOTOS = {
    "train": (("skimage", "data/astronaut.png"), ("skimage", "data/coffee.png"),
              ("skimage", "data/hubble_deep_field.jpg"), ("skimage", "data/retina.jpg"),
              ("sklearn", "datasets/images/china.jpg")),
    "test": (("skimage", "data/chelsea.png"), ("skimage", "data/rocket.jpg"),
             ("sklearn", "datasets/images/flower.jpg")),
}


def load_photos(split: str = "train", size: int = 96, n: int = 400, seed: int = 0) -> ImageSet:
    """n random square crops, size×size, of the photographs inside two installed packages.

    A crop's side lies between `size` and the shorter side of its photograph; it is resized with
    antialiasing. Labels and classes name the photograph. Five photographs are for training and
    three for the test; four and two without scikit-learn. DataUnavailable if there are none.
    """
    check_split(split)
    pictures = {path.stem: Image.open(path).convert("RGB") for path in _photo_files(split)}
    if not pictures:
        raise DataUnavailable("scikit-image is installed without its photographs; "
                              "use fruits or a folder of your own")
    generator = torch.Generator().manual_seed(seed)
    names, pixels = list(pictures), torch.empty((n, 3, size, size), dtype=torch.uint8)
    labels = torch.arange(n) % len(names)
    for i, label in enumerate(labels.tolist()):
        picture = pictures[names[label]]
        log_side, left, top = torch.rand(3, generator=generator).tolist()
        longest = min(picture.size)
        shortest = min(size, longest)
        # Uniform on a logarithmic scale, so that details are as frequent as whole scenes.
        side = shortest * math.exp(log_side * math.log(longest / shortest))
        left, top = left * (picture.width - side), top * (picture.height - side)
        box = (left, top, left + side, top + side)
        crop = picture.resize((size, size), Image.Resampling.LANCZOS, box)
        pixels[i] = torch.from_numpy(np.array(crop)).permute(2, 0, 1)
    return ImageSet(pixels, labels, names, "photos", split)


def _photo_files(split: str) -> list[Path]:
    # find_spec finds the files without importing the package, which would take a second.
    specs = [(importlib.util.find_spec(package), name) for package, name in PHOTOS[split]]
    paths = [Path(spec.origin).parent / name for spec, name in specs if spec and spec.origin]
    return [path for path in paths if path.is_file()]
