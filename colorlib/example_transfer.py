"""Color a gray picture from another picture that has colors, without a network.

    ab, taken = example_transfer.transfer(L, example)         # (1, H, W), uint8 (3, H, W)
    ab = example_transfer.transfer_swatches(L, example, pairs)  # pairs of like rectangles

Welsh, Ashikhmin and Mueller 2002, "Transferring Color to Greyscale Images": a pixel takes the color
of a pixel with similar lightness and similarly busy surroundings. The lookup of notebook 02 is its
relative, with patches in place of two numbers. Lab takes the place of the paper's l-alpha-beta.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlib import color

WINDOW = 5  # pixels, the side of the neighborhood (section 2 of the paper)
Rectangle = tuple[int, int, int, int]  # top, left, height and width, in pixels


def transfer(L: Tensor, example: Tensor, samples: int = 200,
             seed: int = 0) -> tuple[Tensor, Tensor]:
    """Take each pixel's color from the most similar one of some pixels of an example.

    L         (1, H, W), lightness, 0...100
    example   uint8 RGB (3, H', W'), of any size
    samples   about so many pixels of the example, one in each cell of a grid, at random
    returns   ab (2, H, W) in Lab units, and which pixel each one took, (H, W, 2): row and column

    Similar: a small distance in lightness and its standard deviation over 5x5 pixels, both of the
    same weight, after the example's lightness got the mean and deviation of the gray picture's.
    It is computed on the CPU, and so are its results.
    ValueError for shapes that do not fit, or samples < 1.
    """
    L, lab = L.cpu(), _lab(L, example)
    if samples < 1:
        raise ValueError(f"expected at least one sample, got {samples}")
    places = _jittered_grid(*lab.shape[1:], samples, seed)  # S 2
    described = _describe(L), _describe(_matched(lab[:1], L))  # 2 H W, 2 H' W'
    candidates = described[1][:, places[:, 0], places[:, 1]]  # 2 S
    nearest = _nearest(described[0].flatten(1).T, candidates.T)  # H·W
    taken = places[nearest].unflatten(0, L.shape[1:])  # H W 2
    return lab[1:, taken[..., 0], taken[..., 1]], taken


def transfer_swatches(L: Tensor, example: Tensor, pairs: Sequence[tuple[Rectangle, Rectangle]],
                      samples: int = 50, seed: int = 0) -> Tensor:
    """The same where the user has said which region of the picture is like which of the example.

    pairs     of rectangles (top, left, height, width): in the gray picture, and in the example
    samples   of each rectangle of the example
    returns   ab (2, H, W), Lab units

    First each rectangle is colored from its partner alone. Then every other pixel takes the color
    of the pixel in these rectangles whose 5x5 pixels have the smallest squared difference in
    lightness from its own: section 3 of the paper. ValueError for no pair, or one outside.
    """
    L, lab = L.cpu(), _lab(L, example)
    if not pairs:
        raise ValueError("expected at least one pair of rectangles")
    ab, known = torch.zeros(2, *L.shape[1:]), torch.zeros(L.shape[1:], dtype=torch.bool)
    for ours, theirs in pairs:
        here, there = _slices(ours, L.shape[1:]), _slices(theirs, lab.shape[1:])
        part = example[(slice(None), *there)]
        colors, _ = transfer(L[(slice(None), *here)], part, samples, seed)
        ab[(slice(None), *here)], known[here] = colors, True
    patches = F.unfold(_padded(L)[None], WINDOW)[0].T  # H·W 25
    inside = known.flatten()
    nearest = _nearest(patches, patches[inside])  # H·W
    spread = ab.flatten(1)[:, inside][:, nearest].unflatten(1, L.shape[1:])  # 2 H W
    return torch.where(known, ab, spread)


def _lab(L: Tensor, example: Tensor) -> Tensor:
    """The example in Lab, (3, H', W'); ValueError if it, or the lightness, has another shape."""
    if L.ndim != 3 or L.shape[0] != 1 or not L.is_floating_point():
        raise ValueError(f"expected lightness (1, H, W), got {L.dtype} {tuple(L.shape)}")
    if example.ndim != 3 or example.shape[0] != 3 or example.dtype != torch.uint8:
        raise ValueError("expected an example as uint8 RGB (3, H, W), got "
                         f"{example.dtype} {tuple(example.shape)}")
    return color.rgb_to_lab(example[None].cpu())[0]


def _matched(lightness: Tensor, to: Tensor) -> Tensor:
    """Lightness with the mean and the standard deviation of another picture's."""
    scale = to.std(correction=0) / lightness.std(correction=0).clamp(min=1e-6)
    return (lightness - lightness.mean()) * scale + to.mean()


def _padded(L: Tensor) -> Tensor:
    """Lightness with its outermost pixels repeated, so that each pixel has a whole neighborhood."""
    return F.pad(L[None], (WINDOW // 2,) * 4, mode="replicate")[0]


def _describe(L: Tensor) -> Tensor:
    """Lightness, and its standard deviation over 5x5 pixels: (1, H, W) -> (2, H, W)."""
    mean, square = (F.avg_pool2d(_padded(x)[None], WINDOW, stride=1)[0] for x in (L, L.square()))
    return torch.cat([L, (square - mean.square()).clamp(min=0).sqrt()])


def _jittered_grid(height: int, width: int, samples: int, seed: int) -> Tensor:
    """About `samples` places, one in each cell of a grid of nearly square cells: (S, 2)."""
    side = max(1.0, (height * width / samples) ** 0.5)
    rows, columns = max(1, round(height / side)), max(1, round(width / side))
    cells = torch.cartesian_prod(torch.arange(rows), torch.arange(columns))  # S 2
    generator = torch.Generator().manual_seed(seed)
    within = (cells + torch.rand(cells.shape, generator=generator)) / torch.tensor([rows, columns])
    size = torch.tensor([height, width])
    return (within * size).long().minimum(size - 1)


def _nearest(described: Tensor, candidates: Tensor, at_a_time: int = 4096) -> Tensor:
    """For each row of (P, D), the row of (S, D) at the smallest distance: (P,)."""
    return torch.cat([torch.cdist(part, candidates).argmin(1)
                      for part in described.split(at_a_time)])


def _slices(rectangle: Rectangle, size: Sequence[int]) -> tuple[slice, slice]:
    top, left, height, width = rectangle
    if not (0 <= top < top + height <= size[0] and 0 <= left < left + width <= size[1]):
        raise ValueError(f"the rectangle {rectangle} (top, left, height, width) is not inside a "
                         f"picture of {size[0]}×{size[1]} pixels")
    return slice(top, top + height), slice(left, left + width)
