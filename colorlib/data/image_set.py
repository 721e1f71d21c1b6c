"""Images as one uint8 tensor that stays on the device: batches, subsets, splits.

    images = datasets.load_cifar10("train").to("cuda")
    for rgb in images.batches(128, seed=0, flip=True):       # uint8, B 3 H W, on the device
        lab = color.rgb_to_lab(rgb)

CIFAR-10 is 154 MB as uint8: it fits anywhere, so no picture is decoded, copied or converted on the way of a batch.
Letters in comments: N images, B of a batch, 3 channels, H and W pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from colorlib import color


class ImageSet:
    """N pictures of one size, with labels where there are any.

    pixels    uint8, N×3×H×W, RGB, on any device
    labels    int64, N, or None
    classes   names of the labels
    name      where they come from: "cifar10", "fruits", ...
    split     "train", "test", "all", or what a split of one is called
    skipped   what a folder held that could not be read: pairs of path and reason

    ValueError when dtype, shape or lengths are others.
    """

    def __init__(
        self,
        pixels: Tensor,
        labels: Tensor | None = None,
        classes: Sequence[str] = (),
        name: str = "images",
        split: str = "train",
        skipped: Sequence[tuple[str, str]] = (),
    ):
        if pixels.dtype != torch.uint8 or pixels.ndim != 4 or pixels.shape[1] != 3:
            raise ValueError(f"expected uint8 pixels, N×3×H×W, got {pixels.dtype} of shape {tuple(pixels.shape)}")
        if labels is not None:
            if labels.shape != pixels.shape[:1]:
                raise ValueError(f"expected {len(pixels)} labels, one an image, got shape {tuple(labels.shape)}")
            labels = labels.to(pixels.device, torch.long)
        self.pixels, self.labels, self.classes = pixels, labels, tuple(classes)
        self.name, self.split_name, self.skipped = name, split, list(skipped)
        self._ab_mean: Tensor | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def __repr__(self) -> str:
        height, width = self.size
        what = f"{self.name}, {self.split_name}: {len(self):,} of {height}×{width} on {self.device}"
        return f"{type(self).__name__}({what})"

    @property
    def device(self) -> torch.device:
        return self.pixels.device

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.pixels.shape[2], self.pixels.shape[3]

    def to(self, device: torch.device | str) -> ImageSet:
        """The same set on another device (itself if it is there already)."""
        pixels = self.pixels.to(device)
        if pixels is self.pixels:
            return self
        moved = self._like(pixels, self.labels)
        moved._ab_mean = self._ab_mean
        return moved

    def __getitem__(self, indices: int | slice | Sequence[int] | Tensor) -> ImageSet:
        """A smaller set. indices: a number, a slice, a list, or a tensor of numbers or of booleans."""
        if isinstance(indices, slice):
            return self._like(self.pixels[indices], None if self.labels is None else self.labels[indices])
        rows = as_rows(indices, len(self)).to(self.device)
        return self._like(self.pixels.index_select(0, rows), None if self.labels is None else self.labels[rows])

    def take(self, n: int, seed: int = 0) -> ImageSet:
        """n images drawn without repetition, in the order that the seed gives: take(10) begins take(20)."""
        if not 0 <= n <= len(self):
            raise ValueError(f"cannot take {n} of {len(self)} images")
        return self[_permutation(len(self), seed)[:n]]

    def split(self, fraction: float, seed: int = 0) -> tuple[ImageSet, ImageSet]:
        """Two sets that share nothing: round(N · fraction) images, and the rest."""
        if not 0 <= fraction <= 1:
            raise ValueError(f"fraction must lie in 0…1, got {fraction}")
        order = _permutation(len(self), seed)
        n = round(len(self) * fraction)
        return self[order[:n]], self[order[n:]]

    def rgb(self, indices: int | slice | Sequence[int] | Tensor | None = None) -> Tensor:
        """Float pictures, N×3×H×W in [0, 1]; all, or those of the indices."""
        pixels = self.pixels if indices is None else self[indices].pixels
        return color.to_float(pixels)

    def batches(
        self,
        size: int,
        seed: int | None = None,
        flip: bool = False,
        drop_last: bool = False,
        rank: int = 0,
        world: int = 1,
    ) -> Iterator[Tensor]:
        """uint8 B×3×H×W, on the device. One pass over the set.

        size      images of a batch, of one process
        seed      None: in order. A number: shuffled by it, and flipped by it
        flip      mirror half of the images, left to right (needs a seed)
        drop_last leave out a last batch that is smaller
        rank, world   this process and their number: together the processes see, batch by batch, what one process would
            see with `size * world`. A last batch that they cannot share equally loses the few images too many.
        """
        for rows, mirrored in plan(len(self), size, seed, flip, drop_last, rank, world, self.device):
            rgb = self.pixels[rows] if isinstance(rows, slice) else self.pixels.index_select(0, rows)      # B 3 H W
            yield rgb if mirrored is None else mirror(rgb, mirrored)

    def ab_mean(self) -> Tensor:
        """Mean (a, b) over all pixels, Lab units, float32 of shape (2,) on the device; computed once."""
        if self._ab_mean is None:
            if not len(self):
                raise ValueError("an empty set has no mean")
            height, width = self.size
            total = torch.zeros(2, dtype=torch.float64)
            for rgb in self.batches(max(1, 2**20 // (height * width))):                     # about a million pixels
                ab = color.rgb_to_lab(rgb)[:, 1:]                                           # B 2 H W
                total += ab.sum((2, 3)).cpu().double().sum(0)                             # MPS has no float64
            self._ab_mean = (total / (len(self) * height * width)).float()
        return self._ab_mean.to(self.device)

    def _like(self, pixels: Tensor, labels: Tensor | None) -> ImageSet:
        return ImageSet(pixels, labels, self.classes, self.name, self.split_name, self.skipped)


def plan(
    n: int,
    size: int,
    seed: int | None = None,
    flip: bool = False,
    drop_last: bool = False,
    rank: int = 0,
    world: int = 1,
    device: torch.device | str = "cpu",
) -> Iterator[tuple[slice | Tensor, Tensor | None]]:
    """Which images make which batch, and which of them are mirrored: rows (a slice, or int64) and bool (or None).

    Order and mirroring are drawn for the whole set, by position: they depend on n and seed alone, not on size, rank,
    world or device. See ImageSet.batches.
    """
    if size < 1 or world < 1 or not 0 <= rank < world:
        raise ValueError(f"expected size ≥ 1 and 0 ≤ rank < world, got size {size}, rank {rank}, world {world}")
    if flip and seed is None:
        raise ValueError("flip=True needs a seed: what is drawn must be repeatable")
    order = mirrored = None
    if seed is not None:
        generator = torch.Generator().manual_seed(seed)             # on the CPU: the same order on every device
        order = torch.randperm(n, generator=generator).to(device)
        if flip:
            mirrored = (torch.rand(n, generator=generator) < 0.5).to(device)
    for start in range(0, n, size * world):
        share = min(size, (n - start) // world)                     # the same for every rank
        if share == 0 or (drop_last and share < size):
            return
        part = slice(start + rank * share, start + (rank + 1) * share)
        yield part if order is None else order[part], None if mirrored is None else mirrored[part]


def mirror(rgb: Tensor, mirrored: Tensor) -> Tensor:
    """Left and right swapped where mirrored (B, bool) is true."""
    return torch.where(mirrored[:, None, None, None], rgb.flip(-1), rgb)


def as_rows(indices: int | slice | Sequence[int] | Tensor, n: int) -> Tensor:
    """Any way to name images of n as int64 numbers in 0…n − 1. IndexError beyond."""
    rows = torch.arange(n)[indices] if not isinstance(indices, Tensor) else torch.arange(n)[indices.cpu()]
    return rows.reshape(-1)


def _permutation(n: int, seed: int) -> Tensor:
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed))


def check_split(split: str) -> None:
    """ValueError unless split is "train" or "test"."""
    if split not in ("train", "test"):
        raise ValueError(f"split must be 'train' or 'test', got {split!r}")
