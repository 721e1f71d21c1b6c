"""Color as a class: bins of the ab plane, soft targets, class rebalancing, annealed mean.

    bins = AbBins()                             # 10 Lab units wide: 261 bins hold an sRGB color
    target = bins.encode(ab)                    # (N, 2, H, W) -> the 10 nearest bins of each pixel
    weights = bins.rebalance(bins.prior(images), lam=0.5)
    ab = bins.annealed_mean(logits, T=0.38)     # (N, Q, H, W) -> (N, 2, H, W)

After Zhang et al. 2016 and Dorscheidt 2016. In shapes, N is the number of images, Q that of bins,
k that of neighbors and P that of pixels. Built step by step in notebook 04.
"""

import math
import warnings
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from colorlib import color

# The look-up table has square cells of CELL Lab units, from a corner on (rows, columns) of them:
# all sRGB colors, and a margin.
CELL = 0.25
GRID = (-87.0, -109.0), (744, 816)
BLOCK = 24  # so many cells a side are searched for neighbors together


class SoftTarget(NamedTuple):
    """The k bins that each pixel belongs to, and how much it belongs to each; (N, k, H, W) both.

    The shares of a pixel sum to one or, with class rebalancing, to the weight of its bin.
    """

    index: Tensor  # int16, nearest bin first
    share: Tensor  # float16 or float32

    @property
    def nbytes(self) -> int:
        """Bytes of both tensors."""
        return sum(t.nbytes for t in self)

    def dense(self, Q: int) -> Tensor:
        """As a distribution over all bins, (N, Q, H, W) float32: for figures and tests."""
        n, _, h, w = self.index.shape
        full = torch.zeros(n, Q, h, w, device=self.index.device)
        return full.scatter_add_(1, self.index.long(), self.share.float())


class AbBins:
    """Square bins of the ab plane, whose centers are multiples of `step`.

    step    side of a bin in Lab units, at least 1
    rule    "occupied": the bins that hold at least one of the 16.7 million 8-bit colors (261 at ten
            units). "zhang": those whose center lies within `step`, in both coordinates, of the
            convex hull of these colors: the 313 of Zhang et al. 2016, some of which hold no color
    k       bins of a soft target, 1...Q (Dorscheidt 2016 and Zhang's code: 10; Zhang's paper: 5)
    sigma   width of its Gaussian in Lab units (both: 5)

    ValueError for other values. `centers` is (Q, 2) float32, sorted by a, then b.
    """

    def __init__(self, step: float = 10.0, rule: str = "occupied", k: int = 10, sigma: float = 5.0):
        if not 1 <= step < math.inf or not 0 < sigma < math.inf:
            raise ValueError("step must be at least 1 and sigma positive, "
                             f"got step={step}, sigma={sigma}")
        if rule not in RULES:
            raise ValueError(f"unknown rule {rule!r}: expected one of {', '.join(RULES)}")
        self.step, self.rule, self.sigma = float(step), rule, float(sigma)
        self.centers = RULES[rule](self.step)
        if not 1 <= k <= len(self.centers):
            raise ValueError(f"k must lie in 1...{len(self.centers)} (the number of bins), got {k}")
        self.k = int(k)

    def __len__(self) -> int:
        return len(self.centers)

    def __repr__(self) -> str:
        return f"AbBins(step={self.step:g}, rule={self.rule!r}, k={self.k}, sigma={self.sigma:g})"

    def encode(self, ab: Tensor) -> SoftTarget:
        """Soft targets: exp(-d² / 2 sigma²) over the k nearest centers, normalized.

        ab   (N, 2, H, W), Lab units, without NaN; colors that no screen has go to the rim's bins

        Returns index (N, k, H, W) int16, nearest first, and share (N, k, H, W) float16.
        """
        if ab.ndim != 4 or ab.shape[1] != 2 or not ab.is_floating_point():
            raise ValueError("expected ab as floats of shape (N, 2, H, W), "
                             f"got {ab.dtype} of shape {tuple(ab.shape)}")
        # Looked up: each color counts as the center of its cell of CELL units, which changes about
        # one percent of the shares, as an exact search in the tests shows.
        index, share = _table(self.step, self.rule, self.k, self.sigma, ab.device)
        (low_a, low_b), (rows, columns) = GRID
        a, b = ab.float().unbind(1)  # N H W each
        row = ((a - low_a) / CELL).floor().clamp(0, rows - 1)
        column = ((b - low_b) / CELL).floor().clamp(0, columns - 1)
        cell = row.long() * columns + column.long()
        # N H W k -> N k H W, in memory still pixel by pixel, as the loss reads them.
        return SoftTarget(index[cell].permute(0, 3, 1, 2), share[cell].permute(0, 3, 1, 2))

    @torch.no_grad()
    def prior(self, images) -> Tensor:
        """How often each bin occurs, smoothed by soft targets: (Q,) float64, sums to one.

        images   an ImageSet, or uint8 RGB (N, 3, H, W)
        """
        if not len(images):
            raise ValueError("expected at least one image")
        is_set = hasattr(images, "batches")
        height, width = images.size if is_set else images.shape[-2:]
        batch_size = max(1, 2**19 // (height * width))  # half a million pixels at a time
        count = torch.zeros(len(self), dtype=torch.double)
        for rgb in images.batches(batch_size) if is_set else images.split(batch_size):
            index, share = self.encode(color.rgb_to_lab(rgb)[:, 1:])
            count.index_add_(0, index.flatten().cpu().long(), share.flatten().cpu().double())
        p = count / count.sum()
        peak = self.centers[int(p.argmax())]
        # Most pixels of photographs are nearly gray. If not, the values may have a wrong range.
        if peak.norm() > 2 * self.step:
            warnings.warn(f"the most frequent bin lies at ab = ({peak[0]:g}, {peak[1]:g}), not at "
                          "gray: are these photographs, as uint8 or in 0...1?", stacklevel=2)
        return p

    def rebalance(self, prior: Tensor, lam: float = 0.5) -> Tensor:
        """Weight of each bin in the loss: (Q,) float32, with mean one under the prior.

        prior   (Q,), not negative, sums to one
        lam     0...1: how much of the uniform distribution is mixed in. 1: every weight is one

        Zhang et al. 2016, equation 4: w = 1 / ((1 - lam) p + lam u), where u is uniform over the
        bins that occur, scaled so that sum(p w) = 1. (Dorscheidt 2016 prints lam for lam u.)
        """
        total = float(prior.sum())
        if prior.shape != (len(self),) or not bool((prior >= 0).all()) or abs(total - 1) > 1e-4:
            raise ValueError(f"expected a prior of {len(self)} numbers, none negative, with sum 1; "
                             f"got shape {tuple(prior.shape)} and sum {total:.4g}")
        if not 0 <= lam <= 1:
            raise ValueError(f"lam must lie in 0...1, got {lam}")
        p = prior.detach().cpu().double()
        occurs = p > 0
        mix = (1 - lam) * p + lam * occurs / occurs.sum()
        # The smallest positive number keeps the weights finite, whatever the prior.
        w = 1 / mix.clamp_min(torch.finfo(torch.double).tiny)
        w = torch.where(occurs, w, w[occurs].max())  # no bin weighs more than the rarest color
        return (w / (p * w).sum()).float()

    def annealed_mean(self, logits: Tensor, T: float = 0.38) -> Tensor:
        """A color for each pixel's distribution, between its mean (T = 1) and its mode (T -> 0).

        logits   (N, Q, H, W), any scale
        T        temperature, positive; ValueError otherwise

        Returns (N, 2, H, W), Lab units. Zhang et al. 2016, equation 5; Dorscheidt 2016, equation 3,
        prints it without the logarithm, which at T = 1 does not give the mean.
        """
        if not T > 0:
            raise ValueError(f"the temperature T must be positive, got {T}")
        if logits.ndim != 4 or logits.shape[1] != len(self):
            raise ValueError(f"expected logits of shape (N, {len(self)}, H, W), "
                             f"got {tuple(logits.shape)}")
        # The softmax of log p / T, in float32, because half precision would round the colors.
        p = (logits.float() / T).softmax(dim=1)
        return torch.einsum("nqhw,qc->nchw", p, self.centers.to(p))


def _nearest(points: Tensor, centers: Tensor, k: int, sigma: float) -> tuple[Tensor, Tensor]:
    """Index and share of the k nearest centers, nearest first; (P, k) each."""
    squared = (points[:, None] - centers).square().sum(-1)  # (P, Q)
    # Stable: of two centers at the same distance the one with the lower index comes first.
    squared, index = squared.sort(dim=1, stable=True)
    # Softmax subtracts the largest value first, so that nothing underflows far from all centers.
    share = (-squared[:, :k] / (2 * sigma**2)).softmax(dim=1)
    return index[:, :k].short(), share


@cache
def _table(step: float, rule: str, k: int, sigma: float, device: torch.device):
    """`_nearest` of the center of every cell of GRID: (cells, k) each."""
    centers = RULES[rule](step).double()
    (low_a, low_b), (rows, columns) = GRID
    index = torch.empty(rows, columns, k, dtype=torch.short)
    share = torch.empty(rows, columns, k)
    # Block by block, since only few bins can be among the k nearest of any cell of a block.
    for i in range(0, rows, BLOCK):
        for j in range(0, columns, BLOCK):
            a = low_a + CELL * (torch.arange(i, min(i + BLOCK, rows)) + 0.5)
            b = low_b + CELL * (torch.arange(j, min(j + BLOCK, columns)) + 0.5)
            cells = torch.cartesian_prod(a, b).double()  # (P, 2)
            distance = (centers - cells.mean(0)).norm(dim=1)
            radius = (cells - cells.mean(0)).norm(dim=1).max()
            # By the triangle inequality, no bin farther away can be among a cell's k nearest.
            near = (distance <= distance.kthvalue(k).values + 2 * radius).nonzero()[:, 0]
            local, s = _nearest(cells, centers[near], k, sigma)
            block = slice(i, i + BLOCK), slice(j, j + BLOCK)
            index[block] = near[local.long()].short().view(len(a), len(b), k)
            share[block] = s.float().view(len(a), len(b), k)
    share = share / share.sum(-1, keepdim=True)  # once more, as rounding to float32 moved the sum
    return index.flatten(0, 1).to(device), share.flatten(0, 1).half().to(device)


@torch.no_grad()
def _surface_colors() -> Tensor:
    """ab of the 8-bit colors on the surface of the RGB cube, (P, 2): they enclose all others."""
    n = torch.arange(256, dtype=torch.uint8)
    u, v = torch.meshgrid(n, n, indexing="ij")
    low, high = torch.zeros_like(u), torch.full_like(u, 255)
    faces = [torch.stack(face) for c in (low, high) for face in ((c, u, v), (u, c, v), (u, v, c))]
    rgb = torch.stack(faces)  # (6, 3, 256, 256)
    return color.rgb_to_lab(rgb)[:, 1:].permute(0, 2, 3, 1).reshape(-1, 2)


@cache
def _occupied_bins(step: float) -> Tensor:
    """Centers of the bins that hold a color; on a border between bins, NumPy's rounding decides."""
    cells = np.rint(_surface_colors().double().numpy() / step)
    # Complex numbers are sorted by a, then b, as pairs would be, and in an eighth of the time.
    cells = np.unique(cells.view(complex)).view(float).reshape(-1, 2)
    return torch.from_numpy(cells * step).float() + 0.0  # + 0.0 turns -0.0 into 0.0


@cache
def _bins_near_hull(step: float) -> Tensor:
    """Grid points at most one step, in both coordinates, from the convex hull of the colors."""
    from scipy.spatial import ConvexHull  # imported here because it is large and rarely needed

    # They lie in the hull of the colors that are shifted by one step to all four corners.
    corners = np.array([(i, j) for i in (-step, step) for j in (-step, step)])
    rim = _surface_colors().double().numpy()
    rim = rim[ConvexHull(rim).vertices]
    hull = ConvexHull((rim[:, None] + corners).reshape(-1, 2))
    reach = math.ceil(np.abs(hull.points).max() / step)
    ticks = np.arange(-reach, reach + 1)
    grid = step * np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1).reshape(-1, 2)
    inside = (grid @ hull.equations[:, :2].T + hull.equations[:, 2] <= 1e-9).all(axis=1)
    return torch.from_numpy(grid[inside]).float() + 0.0


RULES = {"occupied": _occupied_bins, "zhang": _bins_near_hull}
