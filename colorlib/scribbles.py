"""Color a gray picture from a few scribbles, without a network.

    hints, mask = scribbles.draw([(45, 50, 2, [(10, 20), (40, 20)])], 128)
    ab = scribbles.fill(L, hints, mask)     # (1, H, W), (2, H, W), (1, H, W) -> (2, H, W)

Levin, Lischinski and Weiss 2004, "Colorization using Optimization": neighbors of similar lightness
should have similar colors. That is a sparse system of linear equations, one for each pixel.
Notebook 08 writes it out.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.linalg import splu
from torch import Tensor

# As in the authors' program: 0.6 times the variance of the window takes the place of 2 sigma²,
# and is never so small that the most similar neighbor counts for less than a hundredth.
VARIANCE_FACTOR, LEAST_WEIGHT, LEAST_VARIANCE = 0.6, 0.01, 2e-6

# a and b, the radius in pixels, and the places (x, y) that a line joins
Scribble = tuple[float, float, float, Sequence[tuple[float, float]]]


def draw(lines: Sequence[Scribble], size: int) -> tuple[Tensor, Tensor]:
    """Draw scribbles on a square picture; where two of them cross, the later one counts.

    lines     (a, b, radius, [(x, y), ...]), in Lab units and pixels
    returns   hints (2, size, size), and where they are: a mask (1, size, size), bool
    """
    hints, mask = torch.zeros(2, size, size), torch.zeros(1, size, size, dtype=torch.bool)
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    for a, b, radius, places in lines:
        for (x0, y0), (x1, y1) in pairwise([*places[:1], *places]):
            # The point of this piece of the line that is nearest to each pixel
            length = max((x1 - x0) ** 2 + (y1 - y0) ** 2, 1e-9)
            share = (((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length).clamp(0, 1)
            distance = (x - x0 - share * (x1 - x0)) ** 2 + (y - y0 - share * (y1 - y0)) ** 2
            near = distance <= radius ** 2
            hints[0, near], hints[1, near] = a, b
            mask[0, near] = True
    return hints, mask


def fill(L: Tensor, hints: Tensor, mask: Tensor, window: int = 3) -> Tensor:
    """Spread the colors of scribbles over a picture.

    L        (1, H, W) or (H, W), lightness, 0...100
    hints    (2, H, W), ab in Lab units; used where the mask is True, and kept there exactly
    mask     (1, H, W) or (H, W), bool: where there is a scribble
    window   side of the neighborhood in pixels, odd
    returns  (2, H, W), float32, Lab units, on the device of the hints: each pixel has the weighted
             mean of its neighbors

    ValueError for shapes that do not fit, or without any scribble.
    """
    lightness, given = np.asarray(L.detach().cpu()), np.asarray(mask.detach().cpu())
    lightness, given = (x[0] if x.ndim == 3 else x for x in (lightness, given))  # H W each
    if ({*L.shape[:-2], *mask.shape[:-2]} - {1} or lightness.ndim != 2
            or given.shape != lightness.shape or given.dtype != bool
            or tuple(hints.shape) != (2, *lightness.shape)):
        raise ValueError("expected L (1, H, W), hints (2, H, W) and a mask (1, H, W) of bool, got "
                         f"{tuple(L.shape)}, {tuple(hints.shape)} and {tuple(mask.shape)}, "
                         f"{mask.dtype}")
    if not given.any():
        raise ValueError("expected at least one scribble: the mask is False everywhere")
    if not torch.isfinite(hints.detach().cpu()[:, torch.from_numpy(given)]).all():
        raise ValueError("expected finite colors where the mask is True")
    here = given.ravel()
    known = np.where(here, np.asarray(hints.detach().cpu(), dtype=np.float64).reshape(2, -1), 0)
    # The row of a scribble says: this pixel has this color. All others: the mean of my neighbors.
    spread = sparse.diags_array((~here).astype(float)) @ weights(L, window)
    system = (sparse.eye_array(here.size) - spread).tocsc()
    # Neighbors are mutual, so an ordering for symmetric matrices keeps the factors small.
    solved = splu(system, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True},
                  diag_pivot_thresh=0.01).solve(known.T)
    filled = torch.as_tensor(solved.T.reshape(2, *lightness.shape)).to(hints)
    return torch.where(torch.from_numpy(given).to(hints.device), hints, filled).float()


def weights(L: Tensor, window: int = 3) -> sparse.csr_array:
    """How much each pixel listens to its neighbors: a matrix (H·W, H·W) whose rows sum to 1.

    L        (1, H, W) or (H, W), lightness, 0...100; at least 2 pixels
    window   side of the neighborhood in pixels, odd, at least 3; else ValueError

    Equation 2 of the paper: exp(-(L - L')² / 2 sigma²), with sigma² from the variance of lightness
    in the window; see VARIANCE_FACTOR.
    """
    lightness = np.asarray(L.detach().cpu(), dtype=np.float64) / 100
    lightness = lightness[0] if lightness.ndim == 3 else lightness  # H W
    if not ((lightness > -1e-5) & (lightness < 1.00001)).all():  # NaN is neither
        raise ValueError("expected lightness within 0...100, got "
                         f"{100 * lightness.min():g}...{100 * lightness.max():g}")
    if lightness.ndim != 2 or lightness.size < 2 or window < 3 or window % 2 == 0:
        raise ValueError("expected lightness (1, H, W) of at least two pixels and an odd window "
                         f"from 3 on, got {tuple(L.shape)} and {window}")
    height, width = lightness.shape
    values, numbers = (_windows(x, window) for x in (
        lightness, np.arange(lightness.size, dtype=float).reshape(height, width)))  # H·W K each
    center = window * window // 2
    difference = np.square(values - lightness.reshape(-1, 1))  # H·W K; NaN outside the picture
    variance = VARIANCE_FACTOR * np.nanvar(values, axis=1)
    difference[:, center] = np.nan  # a pixel is no neighbor of its own
    nearest = np.nanmin(difference, axis=1)
    variance = np.maximum(np.maximum(variance, -nearest / np.log(LEAST_WEIGHT)), LEAST_VARIANCE)
    similar = np.nan_to_num(np.exp(-difference / variance[:, None]))  # 0 outside the picture
    similar /= similar.sum(1, keepdims=True)
    row, column = np.nonzero(similar)
    return sparse.csr_array((similar[row, column], (row, numbers[row, column].astype(int))),
                            shape=(lightness.size, lightness.size))


def _windows(picture: np.ndarray, window: int) -> np.ndarray:
    """The window around each pixel, (H·W, window²); NaN outside of the picture."""
    padded = np.pad(picture, window // 2, constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, (window, window))
    return around.reshape(picture.size, -1)
