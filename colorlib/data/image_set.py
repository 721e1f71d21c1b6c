"""A data set of images as one uint8 tensor, on any device: batches, subsets, splits.

    images = datasets.load_cifar10("train").to("cuda")
    for rgb in images.batches(128, seed=0, flip=True):      # uint8, (B, 3, H, W), on the device
        lab = color.rgb_to_lab(rgb)

A `torch.utils.data.DataLoader` works as well; `batches` is faster, since it copies no image alone.
"""

import hashlib
import operator
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.utils.data import Dataset

from colorlib import color


class ImageSet(Dataset):
    """N images of one size, with labels where there are any.

    pixels    uint8, (N, 3, H, W), RGB, on any device
    labels    int64, (N,), or None
    classes   names of the labels
    name      where the images come from: "cifar10", "fruits", ...
    split     "train", "test", "all", or the name of another part
    skipped   files of a folder that could not be read: pairs of path and reason

    Beside these, .size is (H, W), .device is where batches are, and .split_name is the split.
    ValueError if dtype, shape or lengths are wrong. For a DataLoader with workers, stay on the CPU.
    """

    _streams = False  # whether the pixels stay in a file

    def __init__(self, pixels: Tensor, labels: Tensor | None = None, classes: Sequence[str] = (),
                 name: str = "images", split: str = "train",
                 skipped: Sequence[tuple[str, str]] = ()):
        if pixels.dtype != torch.uint8 or pixels.ndim != 4 or pixels.shape[1] != 3:
            raise ValueError("expected uint8 pixels of shape (N, 3, H, W), "
                             f"got {pixels.dtype} of shape {tuple(pixels.shape)}")
        if labels is not None:
            if labels.shape != pixels.shape[:1]:
                raise ValueError(f"expected {len(pixels)} labels, one for each image, "
                                 f"got shape {tuple(labels.shape)}")
            labels = labels.to(pixels.device, torch.long)
        self.pixels = pixels
        self._describe(pixels.shape, pixels.device, labels, classes, name, split, skipped)

    def _describe(self, shape, device, labels, classes=(), name="images", split="train",
                  skipped=()) -> None:
        """Set everything but the pixels, which a `StreamedSet` does not hold."""
        self.size, self.device = tuple(shape[2:]), torch.device(device)
        self.labels, self.classes = labels, tuple(classes)
        self.name, self.split_name, self.skipped = name, split, list(skipped)
        self._ab_mean: Tensor | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def __repr__(self) -> str:
        height, width = self.size
        about = f"{self.name}, {self.split_name}: {len(self):,} of {height}×{width}"
        return f"{type(self).__name__}({about} on {self.device})"

    def to(self, device: torch.device | str) -> "ImageSet":
        """The same set on another device, or itself if it is there already."""
        pixels = self.pixels.to(device)
        if pixels is self.pixels:  # torch copies nothing that is on the device already
            return self
        moved = self._like(pixels, self.labels)
        moved._ab_mean = self._ab_mean
        return moved

    def __getitem__(self, indices: int | slice | Sequence[int] | Tensor) -> "Tensor | ImageSet":
        """One image as a tensor, or a smaller set.

        An int (negative from the end) gives a copy of that image, uint8 (3, H, W). A slice, or a
        list or tensor of numbers (flattened) or booleans, gives a set. IndexError beyond the end.
        """
        if isinstance(indices, slice):
            return self._subset(indices)
        rows = self._rows(indices)
        # A sampler may also give NumPy's numbers, or tensors without a dimension.
        return self._subset(rows.flatten()) if rows.ndim else self._read(rows[None])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[Tensor]:
        """Several images at once: a DataLoader calls this for a batch, then stacks the list."""
        return list(self._read(self._rows(indices)))

    def _rows(self, indices: int | Sequence[int] | Tensor) -> Tensor:
        """Any indices but a slice, as int64 numbers in 0…N − 1. IndexError beyond the end."""
        indices = torch.as_tensor(indices, device="cpu")
        if indices.numel() == 0:
            indices = indices.long()  # torch takes an empty list for one of floats
        return torch.arange(len(self))[indices]

    def _read(self, rows: Tensor) -> Tensor:
        """A copy of some images: int64 (n,) on the CPU -> uint8 (n, 3, H, W) on the device."""
        return self.pixels.index_select(0, rows.to(self.device))

    def _subset(self, rows: slice | Tensor) -> "ImageSet":
        # A slice shares the memory of the whole set, as in torch.
        pixels = self.pixels[rows] if isinstance(rows, slice) else self._read(rows)
        return self._like(pixels, None if self.labels is None else self.labels[rows])

    def _like(self, pixels: Tensor, labels: Tensor | None) -> "ImageSet":
        return ImageSet(pixels, labels, self.classes, self.name, self.split_name, self.skipped)

    def take(self, n: int, seed: int = 0) -> "ImageSet":
        """n images drawn without repetition, in the seed's order: take(20) starts with take(10)."""
        if not 0 <= n <= len(self):
            raise ValueError(f"cannot take {n} of {len(self)} images")
        return self[permutation(len(self), seed)[:n]]

    def split(self, fraction: float, seed: int = 0) -> tuple["ImageSet", "ImageSet"]:
        """Two random sets without a common image: round(N · fraction) images, and the others."""
        if not 0 <= fraction <= 1:
            raise ValueError(f"fraction must lie in 0…1, got {fraction}")
        order, n = permutation(len(self), seed), round(len(self) * fraction)
        return self[order[:n]], self[order[n:]]

    def rgb(self, indices: int | slice | Sequence[int] | Tensor | None = None) -> Tensor:
        """Images as floats in [0, 1]: all, (N, 3, H, W); or some, with the indices of `[...]`."""
        chosen = self if indices is None else self[indices]
        return color.to_float(chosen if isinstance(chosen, Tensor) else chosen.pixels)

    def batches(self, size: int, seed: int | None = None, flip: bool = False,
                drop_last: bool = False, rank: int = 0, world: int = 1) -> Iterator[Tensor]:
        """One pass over the set: batches of uint8 images, (B, 3, H, W), on the device.

        size        images per batch and process
        seed        None: in order, unchanged. A number: shuffled, the same for the same seed
        flip        mirror half of the images, left to right; needs a seed
        drop_last   leave out a last batch that is smaller than the others
        rank, world index of this process, and number of processes. Together they get, batch by
                    batch, the images that one process gets with batches of size * world. If they
                    cannot share the last batch equally, the surplus images are left out.
        """
        plan = plan_batches(len(self), size, seed, flip, drop_last, rank, world, self.device)
        for rows, mirrored in plan:
            # A slice copies nothing; a tensor of numbers does.
            rgb = self.pixels[rows] if isinstance(rows, slice) else self._read(rows)
            yield rgb if mirrored is None else mirror(rgb, mirrored)

    def digest(self) -> str:
        """A SHA-256 of the pixels, by which a resumed training knows its data.

        Of a set that is not in memory, of about a thousand images all over it.
        """
        digest = hashlib.sha256(repr((len(self), *self.size)).encode())
        rows = torch.arange(0, len(self), max(1, len(self) // 1000) if self._streams else 1)
        for part in rows.split(1000):
            digest.update(self._read(part).cpu().numpy().tobytes())
        return digest.hexdigest()

    def ab_mean(self) -> Tensor:
        """Mean (a, b) of all pixels in Lab units: float32, (2,), on the device; computed once."""
        if self._ab_mean is None:
            if not len(self):
                raise ValueError("an empty set has no mean")
            height, width = self.size
            total = torch.zeros(2, dtype=torch.float64)
            for rgb in self.batches(max(1, 2**20 // (height * width))):  # about a million pixels
                ab = color.rgb_to_lab(rgb)[:, 1:]
                # float64, since float32 loses digits over so many pixels; on the CPU, because
                # Apple's GPUs have no float64.
                total += ab.sum((2, 3)).cpu().double().sum(0)
            self._ab_mean = (total / (len(self) * height * width)).float()
        return self._ab_mean.to(self.device)


def plan_batches(
    n: int, size: int, seed: int | None = None, flip: bool = False, drop_last: bool = False,
    rank: int = 0, world: int = 1, device: torch.device | str = "cpu",
) -> Iterator[tuple[slice | Tensor, Tensor | None]]:
    """For each batch of `ImageSet.batches`: which of n images it holds, and which are mirrored.

    Yields indices (a slice, or int64 of shape (B,)) and bool of shape (B,) (None without `flip`).
    """
    if size < 1 or world < 1 or not 0 <= rank < world:
        raise ValueError("expected size ≥ 1 and 0 ≤ rank < world, "
                         f"got size {size}, rank {rank}, world {world}")
    if flip and seed is None:
        raise ValueError("flip=True needs a seed, so that a pass can be repeated")
    order = mirrored = None
    if seed is not None:
        # Drawn for the whole set at once and on the CPU, so that order and mirroring depend on n
        # and the seed alone, not on size, rank, world or device.
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(n, generator=generator).to(device)
        if flip:
            mirrored = (torch.rand(n, generator=generator) < 0.5).to(device)
    for start in range(0, n, size * world):
        share = min(size, (n - start) // world)  # the same for every rank
        if share == 0 or (drop_last and share < size):
            return
        part = slice(start + rank * share, start + (rank + 1) * share)
        rows = part if order is None else order[part]
        yield rows, None if mirrored is None else mirrored[part]


def mirror(rgb: Tensor, mirrored: Tensor) -> Tensor:
    """Swap left and right of the images where `mirrored`, bool of shape (B,), is true."""
    return torch.where(mirrored[:, None, None, None], rgb.flip(-1), rgb)


def permutation(n: int, seed: int) -> Tensor:
    """The numbers 0…n − 1 in the seed's order: int64, (n,)."""
    return torch.randperm(n, generator=torch.Generator().manual_seed(check_seed(seed)))


def check_seed(seed: int) -> int:
    """A seed as a plain int; NumPy's numbers are welcome. ValueError for what is no seed."""
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if not 0 <= number < 2**32:
        raise ValueError(f"a seed is a whole number from 0 to 2**32 - 1, got {seed!r}")
    return number


def check_split(split: str) -> None:
    """ValueError unless split is "train" or "test"."""
    if split not in ("train", "test"):
        raise ValueError(f"split must be 'train' or 'test', got {split!r}")
