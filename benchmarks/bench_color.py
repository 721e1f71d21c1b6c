"""RGB to Lab of 10,000 CIFAR images: colorlib beside kornia, scikit-image and OpenCV.

    python -m colorlib bench color

Everyone starts from bytes in the layout it likes best (channels first for torch, last for the others) and ends with
float32 Lab; the others turn bytes into floats first, as they require, and that counts. Each pair runs in turn in one
process; a ratio is the median of the pairs' ratios: above 1, colorlib is faster.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable

import cv2
import kornia
import numpy as np
import skimage.color
import torch
from torch import Tensor

from colorlib import color
from colorlib.data import datasets
from colorlib.profiling import interleaved, ratio

IMAGES = 10_000
PAIRS = 5


def run() -> list[dict]:
    """Rows of name, ratio (their time / ours) and detail, one for each of the others."""
    pixels = cifar_pixels()
    last = pixels.permute(0, 2, 3, 1).contiguous().numpy()  # N H W 3
    return [
        _row("kornia", lambda: kornia.color.rgb_to_lab(pixels / 255), pixels),
        _row("scikit-image (batched)", lambda: skimage.color.rgb2lab(_floats(last)), pixels),
        _row("OpenCV (float)", lambda: cv2.cvtColor(_floats(last).reshape(-1, 32, 3), cv2.COLOR_RGB2Lab), pixels),
    ]


def cifar_pixels() -> Tensor:
    """(10000, 3, 32, 32) uint8: CIFAR's test images, or random bytes of the same size where it cannot be had."""
    images = datasets.load("auto", "test")
    if images.name == "cifar10" and len(images) == IMAGES:
        return images.pixels.contiguous()
    return torch.randint(0, 256, (IMAGES, 3, 32, 32), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def _floats(bytes_: np.ndarray) -> np.ndarray:
    return bytes_.astype(np.float32) / np.float32(255)


def _row(name: str, other: Callable[[], object], pixels: Tensor) -> dict:
    theirs, ours = interleaved(other, lambda: color.rgb_to_lab(pixels), PAIRS)
    middle = ratio(theirs, ours)
    detail = (
        f"{statistics.median(theirs) * 1e3:.0f} and {statistics.median(ours) * 1e3:.0f} ms, "
        f"{torch.get_num_threads()} threads, median of {PAIRS} pairs"
    )
    return {"name": f"RGB to Lab: {name} / colorlib", "ratio": middle, "detail": detail}


if __name__ == "__main__":
    for row in run():
        print(f"{row['name']:46} {row['ratio']:6.2f}  {row['detail']}")
