"""Image sets that do not fit into memory: rows of a file, brought in by a DataLoader."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from colorlib.data.image_set import ImageSet, as_rows, mirror, plan


class Rows(Dataset):
    """Batches of a file of N×3×H×W bytes; an index is what plan() yields, its numbers counted in `rows`."""

    def __init__(self, path: Path, shape: tuple[int, int, int, int], rows: Tensor):
        self.path, self.shape, self.rows = path, shape, rows

    def __getitem__(self, batch: tuple[slice | Tensor, Tensor | None]) -> Tensor:
        picked, mirrored = batch
        pixels = np.memmap(self.path, np.uint8, "r", shape=self.shape)          # opened where it is used: in a worker
        rgb = torch.from_numpy(pixels[self.rows[picked].numpy()])               # B 3 H W, a copy
        return rgb if mirrored is None else mirror(rgb, mirrored)


class StreamedSet(ImageSet):
    """As ImageSet, but the pictures stay in a file; batches are read by workers and put on the device.

    limit   bytes: a selection that is not larger becomes an ordinary ImageSet
    """

    def __init__(self, path: Path, shape: tuple[int, int, int, int], labels: Tensor | None, limit: int, **about):
        super().__init__(torch.empty((0, *shape[1:]), dtype=torch.uint8), **about)
        self.path, self.shape, self.limit = path, shape, limit
        self.rows, self.labels = torch.arange(shape[0]), labels
        self.where = torch.device("cpu")
        self.workers = 2 if sys.platform == "linux" else 0                      # elsewhere a worker starts too slowly

    @property
    def pixels(self) -> Tensor:
        raise ValueError(f"these {len(self):,} pictures are not in memory: use batches, or a smaller part")

    @pixels.setter
    def pixels(self, empty: Tensor) -> None:
        pass

    @property
    def size(self) -> tuple[int, int]:
        return self.shape[2], self.shape[3]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def device(self) -> torch.device:
        return self.where

    def to(self, device: torch.device | str) -> ImageSet:
        moved = self._at(self.rows)
        moved.where, moved._ab_mean = torch.device(device), self._ab_mean
        moved.labels = None if self.labels is None else self.labels.to(device)
        return moved

    def __getitem__(self, indices: int | slice | Sequence[int] | Tensor) -> ImageSet:
        picked = as_rows(indices, len(self))
        rows = self.rows[picked]
        if len(rows) * int(np.prod(self.shape[1:])) > self.limit:
            return self._at(rows, picked)
        labels = None if self.labels is None else self.labels[picked.to(self.labels.device)]
        return self._like(Rows(self.path, self.shape, rows)[slice(None), None].to(self.where), labels)

    def batches(
        self,
        size: int,
        seed: int | None = None,
        flip: bool = False,
        drop_last: bool = False,
        rank: int = 0,
        world: int = 1,
    ) -> Iterator[Tensor]:
        """As ImageSet.batches: the same images in the same order."""
        loader = DataLoader(
            Rows(self.path, self.shape, self.rows),
            batch_size=None,
            sampler=list(plan(len(self), size, seed, flip, drop_last, rank, world)),
            num_workers=self.workers,
            pin_memory=self.where.type == "cuda",
            generator=torch.Generator(),                        # its own: the training's random numbers stay untouched
        )
        for rgb in loader:
            yield rgb.to(self.where, non_blocking=True)

    def rgb(self, indices: int | slice | Sequence[int] | Tensor | None = None) -> Tensor:
        chosen = self[slice(None) if indices is None else indices]
        if isinstance(chosen, StreamedSet):
            raise ValueError(f"{len(chosen):,} pictures exceed {self.limit / 1e6:.0f} MB: take fewer, or use batches")
        return chosen.rgb()

    def _at(self, rows: Tensor, picked: Tensor | None = None) -> StreamedSet:
        about = {"classes": self.classes, "name": self.name, "split": self.split_name, "skipped": self.skipped}
        made = StreamedSet(self.path, self.shape, None, self.limit, **about)
        made.rows, made.where = rows, self.where
        labels = self.labels
        made.labels = labels if labels is None or picked is None else labels[picked.to(labels.device)]
        return made
