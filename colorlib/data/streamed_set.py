"""Image sets that do not fit into memory: read from a file, batch by batch, in worker processes."""

import math
import os
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from colorlib.data.image_set import ImageSet, mirror, plan_batches


class StreamedSet(ImageSet):
    """An ImageSet whose images stay in a file.

    path      the file: uint8, N images of 3×H×W bytes one after the other
    shape     (N, 3, H, W)
    labels    int64, (N,), or None
    limit     bytes: a part of the set that is not larger becomes an ordinary ImageSet
    rows      which images of the file, in which order: int64, or None for all
    device    where batches and parts of the set go
    file      the open file of the set that this one is a part of
    about     classes, name, split and skipped, as in ImageSet

    `workers` is the number of processes that read ahead while `batches` is used.
    """

    _streams = True

    def __init__(self, path: Path, shape: tuple[int, int, int, int], labels: Tensor | None,
                 limit: int, rows: Tensor | None = None, device: torch.device | str = "cpu",
                 file: "_OpenFile | None" = None, **about):
        self._describe(shape, device, labels, **about)
        self.path, self.shape, self.limit = path, shape, limit
        # Kept open: where another load of the folder replaces the file, these pictures stay.
        self._file = file or _OpenFile(path)
        self._identity = self._file.identity
        # Numbers, not pixels: a part of the set costs 8 bytes an image.
        self.rows = torch.arange(shape[0]) if rows is None else rows
        # Only Linux forks; elsewhere a worker starts Python anew, which takes seconds.
        self.workers = 2 if sys.platform == "linux" else 0

    @property
    def pixels(self) -> Tensor:
        """ValueError: the images are not in memory."""
        raise ValueError(f"these {len(self):,} images are more than {self.limit / 1e6:.0f} MB and "
                         "not in memory: use batches, or a smaller part")

    def __len__(self) -> int:
        return len(self.rows)

    def to(self, device: torch.device | str) -> "StreamedSet":
        moved = self._streamed(self.rows, self.labels, device)
        moved._ab_mean = self._ab_mean
        return moved

    def batches(self, size: int, seed: int | None = None, flip: bool = False,
                drop_last: bool = False, rank: int = 0, world: int = 1) -> Iterator[Tensor]:
        """The same batches as `ImageSet.batches`, read by worker processes."""
        plan = plan_batches(len(self), size, seed, flip, drop_last, rank, world)
        # A DataLoader draws a seed for its workers: not from the training's random numbers, which
        # would make a streamed training differ from one in memory.
        loader = DataLoader(PlannedBatches(self), batch_size=None, sampler=list(plan),
                            num_workers=self.workers, pin_memory=self.device.type == "cuda",
                            generator=torch.Generator())
        for rgb in loader:
            yield rgb.to(self.device, non_blocking=True)

    def __getstate__(self) -> dict:
        return {name: value for name, value in self.__dict__.items() if name != "_file"}

    def __setstate__(self, state: dict) -> None:  # in a process that did not inherit the file
        self.__dict__ |= state
        self._file = _OpenFile(self.path)
        if self._file.identity != self._identity:
            raise RuntimeError(f"{self.path} now holds other pictures: load the folder again")

    def _read(self, rows: slice | Tensor) -> Tensor:
        # Mapped anew each time, because mapped pages count as this process's memory.
        with open(self._file.number, "rb", closefd=False) as file:
            pixels = np.memmap(file, np.uint8, "r", shape=self.shape)
        return torch.from_numpy(pixels[self.rows[rows].numpy()]).to(self.device)

    def _subset(self, rows: slice | Tensor) -> ImageSet:
        labels = None if self.labels is None else self.labels[rows]
        if len(self.rows[rows]) * math.prod(self.shape[1:]) > self.limit:
            return self._streamed(self.rows[rows], labels, self.device)
        return self._like(self._read(rows), labels)

    def _streamed(self, rows: Tensor, labels: Tensor | None, device) -> "StreamedSet":
        labels = None if labels is None else labels.to(device)
        return StreamedSet(self.path, self.shape, labels, self.limit, rows, device,
                           file=self._file, classes=self.classes, name=self.name,
                           split=self.split_name, skipped=self.skipped)


class _OpenFile:
    """A file that stays open for reading as long as this object is used."""

    def __init__(self, path: Path):
        self.number = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        weakref.finalize(self, os.close, self.number)
        state = os.fstat(self.number)
        # What tells it from a file that has replaced it under the same name.
        self.identity = state.st_ino, state.st_size, state.st_mtime_ns


class PlannedBatches(Dataset):
    """What the workers of `StreamedSet.batches` read: an index is an item of `plan_batches`."""

    def __init__(self, images: StreamedSet):
        self.images = images.to("cpu")  # a worker process cannot use the GPU

    def __getitem__(self, batch: tuple[slice | Tensor, Tensor | None]) -> Tensor:
        rows, mirrored = batch
        rgb = self.images._read(rows)
        return rgb if mirrored is None else mirror(rgb, mirrored)
