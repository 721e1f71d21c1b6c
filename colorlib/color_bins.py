"""Color as one of Q classes: bins of the ab plane, soft targets, rebalancing, annealed mean.

    bins = AbBins()                                 # ten-unit bins that hold a color of some screen: Q = 261
    target = bins.encode(ab)                        # N 2 H W -> the 10 nearest bins of each pixel and their weights
    weight = bins.rebalance(bins.prior(images), lam=0.5)
    ab = bins.annealed_mean(logits, T=0.38)         # N Q H W -> N 2 H W

Letters in comments: N images, Q bins, k neighbors, H and W pixels. Built step by step in notebook 04.
"""
from __future__ import annotations

import math
import warnings
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from colorlib import color

RULES = ("occupied", "zhang")
CELL = 0.25                                         # Lab units: side of a cell of the look-up table
GRID = (-87.0, -109.0), (744, 816)                  # its corner and cells: all colors of a screen, and a margin
BLOCK = 24                                          # cells whose neighbors are searched together


class SoftTarget(NamedTuple):
    """For each pixel the k bins that it belongs to, and how much to each; never Q numbers a pixel.

    index    (N, k, H, W) int16, bins in the order of their distance, nearest first
    weight   (N, k, H, W) float16 or float32, sums to one over k
    """

    index: Tensor
    weight: Tensor

    @property
    def nbytes(self) -> int:
        """Bytes of both."""
        return sum(t.numel() * t.element_size() for t in self)

    def dense(self, Q: int) -> Tensor:
        """The same as a distribution over all bins, (N, Q, H, W) float32: large, for pictures and tests."""
        n, _, h, w = self.index.shape
        full = torch.zeros(n, Q, h, w, device=self.index.device)
        return full.scatter_add_(1, self.index.long(), self.weight.float())


class AbBins:
    """Square bins of the ab plane, centered on multiples of `step`.

    step    side of a bin, Lab units, at least 1
    rule    which centers are kept. "occupied": whose square holds at least one of the 16.7 million 8-bit colors (261 at
            ten units). "zhang": all grid points within `step` (largest coordinate difference) of the convex hull of the
            colors in the ab plane, which gives the 313 of Zhang et al. 2016, some of which no color belongs to
    k       bins of a soft target, 1...Q
    sigma   width of its Gaussian, Lab units, > 0 (Zhang: k = 5 in the paper, 10 in the code, sigma 5; D7: 10 and 5)
    ValueError on anything else.

    .centers   (Q, 2) float32, sorted by a, then b
    """

    def __init__(self, step: float = 10.0, rule: str = "occupied", k: int = 10, sigma: float = 5.0):
        if not 1 <= step < math.inf or not 0 < sigma < math.inf:
            raise ValueError(f"step must be at least 1 and sigma positive, got step={step}, sigma={sigma}")
        if rule not in RULES:
            raise ValueError(f"unknown rule {rule!r}: expected one of {', '.join(RULES)}")
        self.step, self.rule, self.sigma = float(step), rule, float(sigma)
        self.centers = _occupied(self.step) if rule == "occupied" else _within_hull(self.step)
        if not 1 <= k <= len(self.centers):
            raise ValueError(f"k must lie in 1...{len(self.centers)} (the number of bins), got {k}")
        self.k = int(k)
        self._tables: dict[torch.device, tuple[Tensor, Tensor]] = {}

    def __len__(self) -> int:
        return len(self.centers)

    def __repr__(self) -> str:
        return f"AbBins(step={self.step:g}, rule={self.rule!r}, k={self.k}, sigma={self.sigma:g})"

    @property
    def config(self) -> dict:
        """What AbBins(**config) makes again."""
        return {"step": self.step, "rule": self.rule, "k": self.k, "sigma": self.sigma}

    # ------------------------------------------------------------------------------------------------ encoding

    def encode(self, ab: Tensor) -> SoftTarget:
        """Soft targets (D7): exp(-d^2 / 2 sigma^2) over the k nearest centers, normalized.

        ab       (N, 2, H, W), Lab units; colors no screen has go to the bins nearest to the table's rim
        returns  index (N, k, H, W) int16, nearest first, and weight (N, k, H, W) float16

        Looked up: each color counts as the middle of its cell of CELL units, which moves one percent of the shares.
        `neighbors` is the exact search. NaN is not looked for.
        """
        points, shape = _points(ab)
        index, weight = self._table(ab.device)
        cell = _cell(points)
        return _pack(index[:, :self.k][cell], weight[cell], shape)

    def neighbors(self, ab: Tensor, chunk: int = 20_000) -> SoftTarget:
        """The same by exact search through all centers, weights as float32. Slow."""
        points, shape = _points(ab)
        centers = self.centers.to(points)
        parts = [_soft(part, centers, self.k, self.sigma) for part in points.split(chunk)]
        return _pack(*(torch.cat(t) for t in zip(*parts, strict=True)), shape)

    def hard(self, ab: Tensor) -> Tensor:
        """Nearest bin of each pixel: (N, 2, H, W) -> (N, H, W) int64; of two at one distance the lower.

        Exact for every color of a screen; colors far from all of them get some bin of the rim.
        """
        points, shape = _points(ab)
        index = self._table(ab.device)[0][_cell(points), :4].long()         # P 4: the nearest is among these
        squared = (points[:, None] - self.centers.to(points)[index]).square().sum(-1)
        nearest = squared == squared.amin(dim=1, keepdim=True)
        return torch.where(nearest, index, len(self)).amin(dim=1).view(shape)

    def _table(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Index and weight for each cell: (cells, k or, where there are so many, 4) int16, and (cells, k) float16."""
        if device not in self._tables:
            index, weight = _table(tuple(map(tuple, self.centers.tolist())), min(max(self.k, 4), len(self)), self.sigma)
            weight = weight[:, :self.k] / weight[:, :self.k].sum(1, keepdim=True)
            self._tables[device] = index.to(device), weight.half().to(device)
        return self._tables[device]

    # ------------------------------------------------------------------------------------------------ rebalancing

    @torch.no_grad()
    def prior(self, images, smooth: bool = True) -> Tensor:
        """How often each bin occurs: (Q,) float64, sums to one.

        images   an ImageSet, or uint8 RGB (N, 3, H, W)
        smooth   count by soft targets, which is the histogram smoothed by their Gaussian; False: by nearest bins

        Photographs are mostly gray. A warning is given if the most frequent bin is not within two steps of gray: then
        something is wrong with the colors (a copied file of priors peaks at the rim, since its maker gave floats in
        0...255 to a function that wants 0...1), or these are no photographs.
        """
        if not len(images):
            raise ValueError("expected at least one image")
        height, width = images.size if hasattr(images, "batches") else images.shape[-2:]
        batch_size = max(1, 2 ** 19 // (height * width))            # half a million pixels at a time
        batches = images.batches(batch_size) if hasattr(images, "batches") else images.split(batch_size)
        count = torch.zeros(len(self), dtype=torch.double)
        for rgb in batches:
            index, weight = self.encode(color.rgb_to_lab(rgb)[:, 1:])
            if not smooth:
                index, weight = index[:, :1], torch.ones_like(weight[:, :1])
            count.index_add_(0, index.flatten().cpu().long(), weight.flatten().cpu().double())
        p = count / count.sum()
        peak = self.centers[int(p.argmax())]
        if peak.norm() > 2 * self.step:
            warnings.warn(f"the most frequent bin lies at ab = ({peak[0]:g}, {peak[1]:g}), not at gray: are these "
                          "photographs, and was uint8 or 0...1 given?", stacklevel=2)
        return p

    def rebalance(self, prior: Tensor, lam: float = 0.5) -> Tensor:
        """Weight of each bin in the loss: (Q,) float32 with mean one under the prior (D10; Zhang et al. 2016, eq. 4).

        prior   (Q,), not negative, sums to one
        lam     0...1: how much of the uniform distribution is mixed in. 1: every weight is one. 0: one over the prior

        w = 1 / ((1 - lam) p + lam u), u uniform over the bins that occur, scaled so that sum(p w) = 1. A bin that never
        occurs and would get no finite weight gets the largest of the others. Source D prints lam instead of lam u.
        """
        if prior.shape != (len(self),) or not bool((prior >= 0).all()) or abs(float(prior.sum()) - 1) > 1e-4:
            raise ValueError(f"expected a prior of {len(self)} numbers, none negative, with sum 1; "
                             f"got shape {tuple(prior.shape)} and sum {float(prior.sum()):.4g}")
        if not 0 <= lam <= 1:
            raise ValueError(f"lam must lie in 0...1, got {lam}")
        p = prior.detach().cpu().double()
        occurs = p > 0
        mix = (1 - lam) * p + lam * occurs / occurs.sum()
        w = torch.where(occurs, 1 / mix.clamp_min(torch.finfo(torch.double).tiny), 0)
        w = torch.where(occurs, w, w.max())
        w = w / (p * w).sum()
        assert abs(float((p * w).sum()) - 1) < 1e-9
        return w.float()

    # ------------------------------------------------------------------------------------------------ decoding

    def annealed_mean(self, logits: Tensor, T: float = 0.38) -> Tensor:
        """Color of each pixel's distribution, between its mean (T = 1) and its mode (T -> 0).

        logits   (N, Q, H, W), any scale
        T        temperature, > 0, else ValueError
        returns  (N, 2, H, W), Lab units

        softmax(log p / T) = softmax(logits / T): Zhang et al. 2016, eq. 5. Source D prints it without the logarithm
        (its equation 3): at T = 1 that is not the mean.
        """
        if not T > 0:
            raise ValueError(f"the temperature T must be positive, got {T}")
        if logits.ndim != 4 or logits.shape[1] != len(self):
            raise ValueError(f"expected logits of shape (N, {len(self)}, H, W), got {tuple(logits.shape)}")
        p = (logits.float() / T).softmax(dim=1)                     # N Q H W
        return torch.einsum("nqhw,qc->nchw", p, self.centers.to(p))

    def decode(self, target: SoftTarget) -> Tensor:
        """The mean color of soft targets: (N, k, H, W) -> (N, 2, H, W), Lab units."""
        colors = self.centers.to(target.weight.device)[target.index.long()]     # N k H W 2
        return (colors * target.weight.float()[..., None]).sum(1).permute(0, 3, 1, 2)


# ------------------------------------------------------------------------------------------------------- details


def _points(ab: Tensor) -> tuple[Tensor, tuple[int, int, int]]:
    if ab.ndim != 4 or ab.shape[1] != 2 or not ab.is_floating_point():
        raise ValueError(f"expected ab as floats of shape (N, 2, H, W), got {ab.dtype} of shape {tuple(ab.shape)}")
    return ab.permute(0, 2, 3, 1).reshape(-1, 2).float(), (len(ab), *ab.shape[2:])


def _pack(index: Tensor, weight: Tensor, shape: tuple[int, int, int]) -> SoftTarget:
    """(P, k) -> (N, k, H, W), in memory still pixel by pixel, as the loss reads them."""
    n, h, w = shape
    def image(t: Tensor) -> Tensor:
        return t.view(n, h, w, -1).permute(0, 3, 1, 2)
    return SoftTarget(image(index.short()), image(weight))


def _soft(points: Tensor, centers: Tensor, k: int, sigma: float) -> tuple[Tensor, Tensor]:
    """Index and weight of the k nearest centers, nearest first; of two at one distance the lower index: (P, k) each."""
    squared = (points[:, None] - centers).square().sum(-1)          # P Q
    squared, index = squared.sort(dim=1, stable=True)
    weight = (-squared[:, :k] / (2 * sigma ** 2)).softmax(dim=1)    # of differences: no underflow far from all centers
    return index[:, :k].short(), weight


@cache
def _table(centers: tuple[tuple[float, float], ...], k: int, sigma: float) -> tuple[Tensor, Tensor]:
    """`_soft` of the middle of every cell, (cells, k) each; block by block, since few centers can be near a block."""
    c = torch.tensor(centers, dtype=torch.float64)
    (low_a, low_b), (rows, columns) = GRID
    index = torch.empty(rows, columns, k, dtype=torch.short)
    weight = torch.empty(rows, columns, k)
    for i in range(0, rows, BLOCK):
        for j in range(0, columns, BLOCK):
            a = low_a + CELL * (torch.arange(i, min(i + BLOCK, rows)) + 0.5)
            b = low_b + CELL * (torch.arange(j, min(j + BLOCK, columns)) + 0.5)
            middles = torch.cartesian_prod(a, b).double()                       # P 2
            distance = (c - middles.mean(0)).norm(dim=1)
            radius = (middles - middles.mean(0)).norm(dim=1).max()
            near = (distance <= distance.kthvalue(k).values + 2 * radius).nonzero()[:, 0]
            local, w = _soft(middles, c[near], k, sigma)
            index[i:i + BLOCK, j:j + BLOCK] = near[local.long()].short().view(len(a), len(b), k)
            weight[i:i + BLOCK, j:j + BLOCK] = w.float().view(len(a), len(b), k)
    return index.flatten(0, 1), weight.flatten(0, 1)


def _cell(points: Tensor) -> Tensor:
    """The number of each color's cell: (P, 2) -> (P,)."""
    (low_a, low_b), (rows, columns) = GRID
    a, b = points.unbind(1)
    row, column = ((a - low_a) / CELL).floor(), ((b - low_b) / CELL).floor()
    return row.clamp(0, rows - 1).long() * columns + column.clamp(0, columns - 1).long()


@torch.no_grad()
def _colors() -> Tensor:
    """ab of 8-bit colors on the surface of the RGB cube, (P, 2): it bounds all others in the ab plane."""
    n = torch.arange(256, dtype=torch.uint8)
    u, v = torch.meshgrid(n, n, indexing="ij")
    low, high = torch.zeros_like(u), torch.full_like(u, 255)
    faces = [torch.stack(face) for c in (low, high) for face in ((c, u, v), (u, c, v), (u, v, c))]
    rgb = torch.stack(faces)                                        # 6 3 256 256
    return color.rgb_to_lab(rgb)[:, 1:].permute(0, 2, 3, 1).reshape(-1, 2)


@cache
def _occupied(step: float) -> Tensor:
    """Centers on the grid whose square holds a color; a color on the border of squares belongs to numpy's rounding."""
    a, b = np.rint(_colors().double().numpy() / step).astype(np.int64).T
    a, b = np.divmod(np.unique(a * 4096 + b + 2048), 4096)          # as one number: quicker, and sorted by a, then b
    return torch.from_numpy(np.stack([a, b - 2048], axis=1) * step).float()


@cache
def _within_hull(step: float) -> Tensor:
    """Grid points at most one step (largest coordinate difference) from the convex hull of the colors.

    That is: points of the hull of the colors moved by one step to all four corners.
    """
    from scipy.spatial import ConvexHull  # large, and rarely needed

    corners = np.array([(i, j) for i in (-step, step) for j in (-step, step)])
    rim = _colors().double().numpy()
    rim = rim[ConvexHull(rim).vertices]
    wider = ConvexHull((rim[:, None] + corners).reshape(-1, 2))
    reach = math.ceil(np.abs(wider.points).max() / step)
    grid = step * np.stack(np.meshgrid(*2 * [np.arange(-reach, reach + 1)], indexing="ij"), axis=-1).reshape(-1, 2)
    inside = (grid @ wider.equations[:, :2].T + wider.equations[:, 2] <= 1e-9).all(axis=1)
    return torch.from_numpy(grid[inside]).float() + 0.0
