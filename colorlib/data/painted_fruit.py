"""Generated pictures of fruit whose color distribution is known exactly.

    fruits = generate(1000, size=32, seed=0)            # fruits.rgb: uint8, (1000, 3, 32, 32)
    apple = distribution("apple")                       # the exact distribution of an apple's color
    apple.mean(), apple.median(), apple.probability((-60, 0), (0, 60))

For real photographs nobody knows the distribution of the colors, so no claim about the best
possible prediction can be checked on them. Here it can, for notebook 02. Elsewhere these pictures
replace CIFAR-10 where that is not available. How a picture is made:

1. Geometry, light, texture and shadow give each pixel a lightness L and a region: wall, table,
   fruit or leaf.
2. Each region draws one color (a, b) from its `ColorDistribution`, independently of all else.
3. A pixel's ab is scale(L) · (a, b). The scale depends on L and on the distribution alone: 1 at the
   distribution's `pivot`, less in the shade and in highlights.

Given the kind, the gray picture tells nothing more about the color: a red and a green apple have
the same L at every pixel. So the best prediction is known: mean() · scale for squared error,
median() · scale for the sum of absolute errors, the distribution itself for cross-entropy. All
colors lie inside the sRGB gamut, so that rounding to 8 bits is the only deviation: it moves ab by
less than one unit on average and up to three in dark places, L by less than one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from colorlib import color
from colorlib.data import painted_fruit_shapes as shapes
from colorlib.data.image_set import ImageSet, check_split
from colorlib.data.painted_fruit_shapes import FRUIT

KINDS = tuple(shapes.KINDS)
DARKEST, BRIGHTEST = 9.0, 97.0  # limits of L
GRAY_FROM = 98.0  # L at which no color is left; at 100, some bright oranges would leave the gamut

# How many uniform random numbers a picture is made of; the last one chooses the kind.
NUMBERS = (shapes.GEOMETRY_NUMBERS, sum(side**2 for side in shapes.NOISE_SIDES),
           4 * 5, 1)  # 4 regions × (1 for the mode, 2 for a, 2 for b)


@dataclass(frozen=True)
class ColorDistribution:
    """A distribution of colors in the ab plane: one of M modes, plus a small scatter around it.

    Around the mode, a and b are scattered independently, with the triangular density that falls to
    zero at ± spread (a sum of two uniform numbers).
    """

    modes: tuple[tuple[float, float], ...]  # M pairs (a, b), Lab units
    weights: tuple[float, ...]  # M probabilities with sum 1
    spread: tuple[float, ...]  # M half widths, Lab units
    pivot: float  # L at which the scale of the colors is 1
    names: tuple[str, ...]  # of the modes

    def _tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        """Modes (M, 2), weights (M,) and spread (M, 1) in double precision."""
        modes, weights, spread = (torch.tensor(values, dtype=torch.float64)
                                  for values in (self.modes, self.weights, self.spread))
        return modes, weights, spread[:, None]

    def mean(self) -> Tensor:
        """(2,), Lab units: the best single color for squared error."""
        modes, weights, _ = self._tensors()
        return weights @ modes

    def variance(self) -> Tensor:
        """(2,), squared Lab units, of a and of b: the lowest squared error of a single color."""
        modes, weights, spread = self._tensors()
        return (weights[:, None] * (modes**2 + spread**2 / 6)).sum(0) - self.mean() ** 2

    def median(self) -> Tensor:
        """(2,), Lab units, of a and b apart: the best single color for absolute errors, summed."""
        modes = self._tensors()[0]
        low, high = modes.amin(0) - 100, modes.amax(0) + 100
        for _ in range(80):  # bisection
            middle = (low + high) / 2
            above = self.cdf(middle) >= 0.5
            low, high = torch.where(above, low, middle), torch.where(above, middle, high)
        return (low + high) / 2

    def absolute_error(self, prediction: Tensor) -> Tensor:
        """Exact expectation of |a − predicted a| + |b − predicted b|: (…, 2) -> (…), Lab units."""
        modes, weights, spread = self._tensors()
        t = ((prediction.double().unsqueeze(-2) - modes) / spread).abs()  # (…, M, 2)
        s = t.clamp(max=1)
        near = 1 / 3 + s**2 - s**3 / 3  # E|T − t| of a triangular T on (−1, 1), for |t| < 1
        error = torch.where(t < 1, near, t) * spread
        return (error.sum(-1) * weights).sum(-1)

    def squared_error(self, prediction: Tensor) -> Tensor:
        """Exact expectation of the squared distance: (…, 2) -> (…), squared Lab units."""
        return (self.variance() + (prediction.double() - self.mean()) ** 2).sum(-1)

    def mean_chroma(self) -> float:
        """Expected distance from gray, Lab units; from samples, for want of a closed form."""
        return self.sample(200_000, seed=0).norm(dim=-1).mean().item()

    def cdf(self, ab: Tensor) -> Tensor:
        """P(A ≤ a) and P(B ≤ b), each channel by itself: (…, 2) -> (…, 2)."""
        return (self._tensors()[1][:, None] * self._cdf(ab)).sum(-2)

    def probability(self, low: Tensor | Sequence, high: Tensor | Sequence) -> Tensor:
        """P(low < C ≤ high) of boxes in the ab plane: corners (…, 2) -> (…)."""
        low, high = (torch.as_tensor(x, dtype=torch.float64) for x in (low, high))
        # Within a mode, a and b are independent, so their probabilities multiply.
        within = (self._cdf(high) - self._cdf(low)).clamp(min=0)  # (…, M, 2)
        return (self._tensors()[1] * within.prod(-1)).sum(-1)

    def scale(self, L: Tensor) -> Tensor:
        """The factor of the color at lightness L (any shape): 1 at the pivot."""
        return _tent(L, self.pivot)

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """n independent colors at the pivot: (n, 2), float32."""
        return self.draw(torch.rand(n, 5, generator=torch.Generator().manual_seed(seed)))[0]

    def draw(self, uniform: Tensor, mode: int | None = None) -> tuple[Tensor, Tensor]:
        """Uniform random numbers (N, 5) -> ab at the pivot (N, 2) and modes (N,), or all `mode`."""
        modes, weights, spread = self._tensors()
        limits = weights.cumsum(0)[:-1].float()
        # The first number chooses the mode, two more scatter a, and two scatter b.
        drawn = torch.bucketize(uniform[:, 0].contiguous(), limits, right=True)
        if mode is not None:
            drawn = torch.full_like(drawn, mode)
        scatter = torch.stack([uniform[:, 1] + uniform[:, 2], uniform[:, 3] + uniform[:, 4]], 1) - 1
        return (modes[drawn] + spread[drawn] * scatter).float(), drawn

    def _cdf(self, ab: Tensor) -> Tensor:
        """The same as `cdf` within each mode: (…, 2) -> (…, M, 2)."""
        modes, _, spread = self._tensors()
        t = ((ab.double().unsqueeze(-2) - modes) / spread).clamp(-1, 1)
        return torch.where(t < 0, (1 + t) ** 2 / 2, 1 - (1 - t) ** 2 / 2)


def _tent(L: Tensor, pivot: float | Tensor) -> Tensor:
    """Straight lines from 0 at black to 1 at the pivot to 0 at L = 98, nearly white."""
    # A surface in the shade has less color in Lab units, and a highlight has that of the lamp.
    return torch.minimum(L / pivot, (GRAY_FROM - L) / (GRAY_FROM - pivot)).clamp(min=0)


def _colors(pivot: float, *modes: tuple[str, float, float, float, float]) -> ColorDistribution:
    """A distribution whose modes are given as (name, weight, a, b, spread)."""
    names, weights, a, b, spread = zip(*modes, strict=True)
    return ColorDistribution(tuple(zip(a, b, strict=True)), weights, spread, pivot, names)


FRUIT_COLORS = {
    "apple": _colors(48, ("red", 0.55, 57, 26, 8), ("green", 0.45, -40, 42, 8)),
    "banana": _colors(78, ("yellow", 0.80, 0, 62, 7), ("green", 0.20, -28, 54, 8)),
    "blueberries": _colors(38, ("blue", 1.0, 8, -28, 8)),
    "cherries": _colors(36, ("red", 0.75, 52, 26, 8), ("dark", 0.25, 34, 8, 7)),
    "grapes": _colors(50, ("violet", 0.55, 28, -26, 8), ("green", 0.45, -26, 40, 8)),
    "lemon": _colors(84, ("yellow", 1.0, -8, 66, 6)),
    "orange": _colors(64, ("orange", 1.0, 30, 56, 6)),
    "pear": _colors(70, ("green", 0.50, -20, 54, 8), ("yellow", 0.30, 2, 58, 7),
                    ("russet", 0.20, 20, 40, 6)),
    "strawberry": _colors(46, ("red", 1.0, 56, 34, 7)),
    "watermelon": _colors(42, ("green", 1.0, -30, 28, 8)),
}
LEAF_COLORS = _colors(50, ("green", 1.0, -24, 32, 9))
BACKGROUND_COLORS = _colors(62, ("white", 0.35, 0, 4, 4), ("wood", 0.30, 14, 32, 8),
                            ("blue", 0.15, -2, -26, 8), ("green", 0.10, -22, 20, 8),
                            ("rose", 0.10, 22, 4, 8))


def distribution(kind: str, region: str = "fruit") -> ColorDistribution:
    """The exact distribution of the colors of a region; only the fruit's depends on the kind.

    region   "fruit", "leaf" (leaves and stem) or "background" (wall and table), else ValueError
    """
    if kind not in FRUIT_COLORS:
        raise ValueError(f"no fruit {kind!r}; there are {', '.join(KINDS)}")
    regions = {"fruit": FRUIT_COLORS[kind], "leaf": LEAF_COLORS, "background": BACKGROUND_COLORS}
    if region not in regions:
        raise ValueError(f"no region {region!r}; there are {', '.join(regions)}")
    return regions[region]


@dataclass(frozen=True)
class Fruits:
    """N pictures of S×S pixels, with everything that is known about them."""

    rgb: Tensor  # (N, 3, S, S), uint8
    kind: Tensor  # (N,), int64: index into KINDS
    mode: Tensor  # (N,), int64: which mode of its distribution the fruit's color came from
    color: Tensor  # (N, 4, 2), float32: the drawn ab, at the pivot, of wall, table, fruit and leaf
    region: Tensor  # (N, 1, S, S), uint8: 0 wall, 1 table, 2 fruit, 3 leaf or stem
    L: Tensor  # (N, 1, S, S), float32: lightness before rounding to 8 bits

    def __len__(self) -> int:
        return len(self.rgb)

    @property
    def mask(self) -> Tensor:
        """(N, 1, S, S), bool: the pixels of the fruit itself, without leaves and stem."""
        return self.region == FRUIT


def generate(n: int, size: int = 32, seed: int = 0, kinds: Sequence[str] | None = None,
             mode: int | None = None) -> Fruits:
    """Generate n pictures of fruit on a table; the same seed gives the same scenes at every size.

    size    side in pixels, at least 16
    kinds   names from KINDS, each equally likely; None: all
    mode    give every fruit this mode of its distribution instead of drawing one: the same gray
            pictures in another color

    ValueError for an impossible size, number, kind or mode. A larger n begins with the same
    pictures.
    """
    kinds = KINDS if kinds is None else tuple(kinds)
    if n < 1 or size < 16 or not kinds:
        raise ValueError(f"expected n >= 1, size >= 16 and a kind, got {n=}, {size=}, {kinds=}")
    for kind in kinds:
        modes = len(distribution(kind).modes)
        if mode is not None and not 0 <= mode < modes:
            raise ValueError(f"{kind} has color modes 0 to {modes - 1}, got {mode=}")

    generator = torch.Generator().manual_seed(seed)
    chunk = max(2**19 // size**2, 8)  # half a million pixels at a time keep memory small
    parts = []
    for start in range(0, n, chunk):
        uniform = torch.rand(min(chunk, n - start), sum(NUMBERS), generator=generator)
        parts.append(_generate_chunk(uniform, size, kinds, mode))
    return Fruits(*(torch.cat(one) for one in zip(*parts, strict=True)))


def _generate_chunk(uniform: Tensor, size: int, kinds: Sequence[str],
                    mode: int | None) -> tuple[Tensor, ...]:
    """The fields of Fruits, each picture made of one row of random numbers."""
    n = len(uniform)
    geometry, noise, colors, which = uniform.split(NUMBERS, 1)
    colors = colors.reshape(n, 4, 5)
    chosen = (which[:, 0] * len(kinds)).long().clamp(max=len(kinds) - 1)

    L, region = torch.empty(n, size, size), torch.empty(n, size, size, dtype=torch.uint8)
    ab, pivot = torch.empty(n, 4, 2), torch.empty(n, 4)
    modes, index = torch.zeros(n, dtype=torch.long), torch.empty(n, dtype=torch.long)
    for j in chosen.unique().tolist():
        kind, rows = kinds[j], (chosen == j).nonzero()[:, 0]
        L[rows], region[rows] = shapes.draw(kind, geometry[rows], noise[rows], size)
        index[rows] = KINDS.index(kind)
        # In the order of the numbers of the regions: WALL, TABLE, FRUIT, LEAF.
        for place, one in enumerate((BACKGROUND_COLORS, BACKGROUND_COLORS, FRUIT_COLORS[kind],
                                     LEAF_COLORS)):
            ab[rows, place], drawn = one.draw(colors[rows, place], mode if place == FRUIT else None)
            pivot[rows, place] = one.pivot
            if place == FRUIT:
                modes[rows] = drawn

    L = L.clamp(DARKEST, BRIGHTEST)
    # For each pixel, its region picks the column of pivot and ab that applies there.
    flat = region.reshape(n, -1).long()  # (N, S²)
    scale = _tent(L, pivot.gather(1, flat).reshape(n, size, size))
    a, b = (ab[..., c].gather(1, flat).reshape(n, size, size) * scale for c in (0, 1))
    rgb = color.to_uint8(color.lab_to_rgb(torch.stack([L, a, b], 1), check=False))
    return rgb, index, modes, ab, region[:, None], L[:, None]


def load_painted_fruit(split: str = "train", n: int = 5000, size: int = 32,
                       seed: int = 0) -> ImageSet:
    """n generated pictures of fruit, labeled by kind; no picture is in both splits."""
    check_split(split)
    made = generate(n, size, seed=2 * seed + (split == "test"))  # so no seed serves two splits
    return ImageSet(made.rgb, made.kind, KINDS, "fruits", split)
