"""Generated pictures of fruit whose color distribution is known exactly.

    fruits = generate(1000, size=32, seed=0)            # fruits.rgb: uint8, (1000, 3, 32, 32)
    apple = distribution("apple")                       # the exact distribution of an apple's color
    apple.mean(), apple.median(), apple.probability((-60, 0), (0, 60))

For real photographs nobody knows the distribution of the colors, so no claim about the best
possible prediction can be checked on them. Here it can, at any size and without a download. Made
for notebook 02; elsewhere a replacement for CIFAR-10 where that is not available.

How a picture is made (exact up to the rounding to 8 bits):

1. Geometry, light, texture and shadow give each pixel a lightness L and a region: wall, table,
   fruit or leaf.
2. Each region draws one color (a, b) from its `ColorDistribution`: the fruit from that of its kind,
   wall and table from BACKGROUND_COLORS, stem and leaves from LEAF_COLORS. All draws are
   independent of each other and of step 1.
3. A pixel's ab is scale(L) · (a, b). The scale depends on L and on the distribution alone: 1 at the
   distribution's `pivot`, less in the shade and in highlights.

Thus the ab of a fruit's pixel, given the whole gray picture, the kind and the region, has the
distribution of scale(L) · C, where C has `distribution(kind)`. The gray picture tells nothing more
about C: a red and a green apple have the same L at every pixel. So the best prediction of each
pixel is known: mean() · scale for squared error, median() · scale for the sum of absolute errors,
and the distribution itself for cross-entropy.

All colors lie inside the sRGB gamut, so that rounding to 8 bits is the only deviation: it moves ab
by less than one unit on average and by up to three in dark places, and L by less than one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from colorlib import color
from colorlib.data import painted_fruit_shapes as shapes
from colorlib.data.image_set import ImageSet, check_split
from colorlib.data.painted_fruit_shapes import FRUIT, LEAF, TABLE, WALL

KINDS = tuple(shapes.KINDS)
DARKEST, BRIGHTEST = 9.0, 97.0  # limits of L
GRAY_FROM = 98.0  # L at which no color is left; at 100, some bright oranges would leave the gamut

# How many uniform random numbers a picture is made of; the last one chooses the kind.
NOISE_NUMBERS = sum(side * side for side in shapes.NOISE_SIDES)
COLOR_NUMBERS = 20  # 4 regions × (1 for the mode, 2 for a, 2 for b)
ALL_NUMBERS = shapes.GEOMETRY_NUMBERS + NOISE_NUMBERS + COLOR_NUMBERS + 1


@dataclass(frozen=True)
class ColorDistribution:
    """A distribution of colors in the ab plane: one of M modes, plus a small scatter around it.

    modes     M pairs (a, b), Lab units
    weights   M probabilities with sum 1
    spread    M half widths, Lab units: a and b are scattered independently, with the triangular
              density that falls from the mode to zero at ± spread (a sum of two uniform numbers)
    pivot     L at which the scale of the colors is 1
    names     of the modes
    """

    modes: tuple[tuple[float, float], ...]
    weights: tuple[float, ...]
    spread: tuple[float, ...]
    pivot: float
    names: tuple[str, ...]

    def mean(self) -> Tensor:
        """(2,), Lab units: the best single color for squared error."""
        return self._weights @ self._modes

    def variance(self) -> Tensor:
        """(2,), squared Lab units, of a and of b: the lowest squared error of a single color."""
        w, m = self._weights[:, None], self._modes
        return (w * (m**2 + self._spread[:, None] ** 2 / 6)).sum(0) - self.mean() ** 2

    def median(self) -> Tensor:
        """(2,), Lab units, of a and b apart: the best single color for absolute errors, summed."""
        low, high = (self._modes - 100).amin(0), (self._modes + 100).amax(0)
        for _ in range(80):  # bisection
            middle = (low + high) / 2
            above = self.cdf(middle) >= 0.5
            low, high = torch.where(above, low, middle), torch.where(above, middle, high)
        return (low + high) / 2

    def absolute_error(self, prediction: Tensor) -> Tensor:
        """Exact expectation of |a − predicted a| + |b − predicted b|: (…, 2) -> (…), Lab units."""
        t = (prediction.double().unsqueeze(-2) - self._modes) / self._spread[:, None]  # (…, M, 2)
        s = t.abs().clamp(max=1)
        near = 1 / 3 + s**2 - s**3 / 3  # E|T − t| of a triangular T on (−1, 1), for |t| < 1
        error = torch.where(t.abs() < 1, near, t.abs()) * self._spread[:, None]
        return (error.sum(-1) * self._weights).sum(-1)

    def squared_error(self, prediction: Tensor) -> Tensor:
        """Exact expectation of the squared distance: (…, 2) -> (…), squared Lab units."""
        return (self.variance() + (prediction.double() - self.mean()) ** 2).sum(-1)

    def mean_chroma(self, n: int = 200_000) -> float:
        """Expected distance from gray, Lab units; from n samples, for want of a closed form."""
        return self.sample(n, seed=0).norm(dim=-1).mean().item()

    def cdf(self, ab: Tensor) -> Tensor:
        """P(A ≤ a) and P(B ≤ b), each channel by itself: (…, 2) -> (…, 2)."""
        return (self._weights[:, None] * self._cdf(ab)).sum(-2)

    def probability(self, low: Tensor | Sequence, high: Tensor | Sequence) -> Tensor:
        """P(low < C ≤ high) of boxes in the ab plane: corners (…, 2) -> (…)."""
        low, high = (torch.as_tensor(x, dtype=torch.float64) for x in (low, high))
        # Within a mode, a and b are independent, so their probabilities multiply.
        within = (self._cdf(high) - self._cdf(low)).clamp(min=0)  # (…, M, 2)
        return (self._weights * within.prod(-1)).sum(-1)

    def cells(self, edges: Tensor) -> Tensor:
        """Probabilities of a grid of cells with edges (E,) in a and b: (E−1, E−1), rows a."""
        edges = edges.double()
        cdf = self._cdf(edges[:, None].expand(-1, 2))  # (E, M, 2)
        a, b = (cdf[1:] - cdf[:-1]).unbind(-1)  # (E−1, M) each
        return torch.einsum("m,im,jm->ij", self._weights, a, b)

    def scale(self, L: Tensor) -> Tensor:
        """The factor of the color at lightness L (any shape): 1 at the pivot.

        Straight lines lead from 0 at black to 1 at the pivot to 0 at L = 98, nearly white: a
        surface in the shade has less color in Lab units, and a highlight has that of the lamp.
        """
        return _tent(L, self.pivot)

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """n independent colors at the pivot: (n, 2), float32."""
        return self.draw(torch.rand(n, 5, generator=torch.Generator().manual_seed(seed)))[0]

    def draw(self, uniform: Tensor, mode: int | None = None) -> tuple[Tensor, Tensor]:
        """Colors made of uniform random numbers (N, 5), one for the mode, four for the scatter.

        With `mode`, that one is taken. Returns ab at the pivot, (N, 2), and modes, (N,) int64.
        """
        limits = self._weights.cumsum(0)[:-1].float()
        drawn = torch.bucketize(uniform[:, 0].contiguous(), limits, right=True)
        if mode is not None:
            drawn = torch.full_like(drawn, mode)
        a, b = uniform[:, 1] + uniform[:, 2], uniform[:, 3] + uniform[:, 4]
        scatter = torch.stack([a, b], dim=1) - 1
        return (self._modes[drawn] + self._spread[drawn, None] * scatter).float(), drawn

    @property
    def _modes(self) -> Tensor:
        return torch.tensor(self.modes, dtype=torch.float64)

    @property
    def _weights(self) -> Tensor:
        return torch.tensor(self.weights, dtype=torch.float64)

    @property
    def _spread(self) -> Tensor:
        return torch.tensor(self.spread, dtype=torch.float64)

    def _cdf(self, ab: Tensor) -> Tensor:
        """The same as `cdf` within each mode: (…, 2) -> (…, M, 2)."""
        t = ((ab.double().unsqueeze(-2) - self._modes) / self._spread[:, None]).clamp(-1, 1)
        return torch.where(t < 0, (1 + t) ** 2 / 2, 1 - (1 - t) ** 2 / 2)


def _tent(L: Tensor, pivot: float | Tensor) -> Tensor:
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
    "pear": _colors(
        70, ("green", 0.50, -20, 54, 8), ("yellow", 0.30, 2, 58, 7), ("russet", 0.20, 20, 40, 6)
    ),
    "strawberry": _colors(46, ("red", 1.0, 56, 34, 7)),
    "watermelon": _colors(42, ("green", 1.0, -30, 28, 8)),
}
LEAF_COLORS = _colors(50, ("green", 1.0, -24, 32, 9))
BACKGROUND_COLORS = _colors(
    62,
    ("white", 0.35, 0, 4, 4),
    ("wood", 0.30, 14, 32, 8),
    ("blue", 0.15, -2, -26, 8),
    ("green", 0.10, -22, 20, 8),
    ("rose", 0.10, 22, 4, 8),
)


def distribution(kind: str, region: str = "fruit") -> ColorDistribution:
    """The exact distribution of the colors of a region; only the fruit's depends on the kind.

    region   "fruit", "leaf" (leaves and stem) or "background" (wall and table)

    ValueError for an unknown kind or region.
    """
    if kind not in FRUIT_COLORS:
        raise ValueError(f"no fruit {kind!r}; there are {', '.join(KINDS)}")
    regions = {"fruit": FRUIT_COLORS[kind], "leaf": LEAF_COLORS, "background": BACKGROUND_COLORS}
    if region not in regions:
        raise ValueError(f"no region {region!r}; there are {', '.join(regions)}")
    return regions[region]


@dataclass(frozen=True)
class Fruits:
    """N pictures of S×S pixels, with everything that is known about them.

    rgb      (N, 3, S, S), uint8
    kind     (N,), int64: index into KINDS
    mode     (N,), int64: which mode of its distribution the fruit's color came from
    color    (N, 4, 2), float32: the drawn ab, at the pivot, of wall, table, fruit and leaf
    region   (N, 1, S, S), uint8: 0 wall, 1 table, 2 fruit, 3 leaf or stem
    L        (N, 1, S, S), float32: lightness before rounding to 8 bits
    """

    rgb: Tensor
    kind: Tensor
    mode: Tensor
    color: Tensor
    region: Tensor
    L: Tensor

    def __len__(self) -> int:
        return len(self.rgb)

    @property
    def mask(self) -> Tensor:
        """(N, 1, S, S), bool: the pixels of the fruit itself, without leaves and stem."""
        return self.region == FRUIT

    def names(self) -> list[str]:
        """The name of each picture's kind."""
        return [KINDS[k] for k in self.kind.tolist()]


def generate(
    n: int, size: int = 32, seed: int = 0, kinds: Sequence[str] | None = None,
    mode: int | None = None,
) -> Fruits:
    """Generate n pictures of fruit on a table.

    The same seed gives the same scenes at every size, and a larger n begins with the same pictures.

    size    side in pixels, at least 16
    kinds   names from KINDS, each equally likely; None: all
    mode    give every fruit this mode of its distribution instead of drawing one: the same gray
            pictures in another color. All kinds must have that mode

    ValueError for an impossible size, number, kind or mode.
    """
    kinds = KINDS if kinds is None else tuple(kinds)
    if n < 1 or size < 16 or not kinds:
        raise ValueError("expected n >= 1, size >= 16 and at least one kind, "
                         f"got n={n}, size={size}, kinds={kinds}")
    for kind in kinds:
        modes = len(distribution(kind).modes)
        if mode is not None and not 0 <= mode < modes:
            raise ValueError(f"{kind} has color modes 0 to {modes - 1}, got mode={mode}")

    generator = torch.Generator().manual_seed(seed)
    chunk = max(2**19 // size**2, 8)  # half a million pixels at a time keep memory small
    parts = []
    for start in range(0, n, chunk):
        uniform = torch.rand(min(chunk, n - start), ALL_NUMBERS, generator=generator)
        parts.append(_generate_chunk(uniform, size, kinds, mode))
    return Fruits(*(torch.cat(one) for one in zip(*parts, strict=True)))


def _generate_chunk(
    uniform: Tensor, size: int, kinds: Sequence[str], mode: int | None
) -> tuple[Tensor, ...]:
    """The fields of Fruits, each picture made of one row of random numbers (N, ALL_NUMBERS)."""
    n = len(uniform)
    geometry, noise, colors, which = uniform.split(
        [shapes.GEOMETRY_NUMBERS, NOISE_NUMBERS, COLOR_NUMBERS, 1], 1)
    colors = colors.reshape(n, 4, 5)
    chosen = (which[:, 0] * len(kinds)).long().clamp(max=len(kinds) - 1)

    L, region = torch.empty(n, size, size), torch.empty(n, size, size, dtype=torch.uint8)
    ab, pivot = torch.empty(n, 4, 2), torch.empty(n, 4)
    modes, index = torch.zeros(n, dtype=torch.long), torch.empty(n, dtype=torch.long)
    for j, kind in enumerate(kinds):
        rows = (chosen == j).nonzero()[:, 0]
        if len(rows) == 0:
            continue
        L[rows], region[rows] = shapes.draw(kind, geometry[rows], noise[rows], size)
        index[rows] = KINDS.index(kind)
        distributions = {WALL: BACKGROUND_COLORS, TABLE: BACKGROUND_COLORS,
                         FRUIT: FRUIT_COLORS[kind], LEAF: LEAF_COLORS}
        for place, one in distributions.items():
            fixed = mode if place == FRUIT else None
            ab[rows, place], drawn = one.draw(colors[rows, place], fixed)
            pivot[rows, place] = one.pivot
            if place == FRUIT:
                modes[rows] = drawn

    L = L.clamp(DARKEST, BRIGHTEST)
    flat = region.reshape(n, -1).long()  # (N, S²): for each pixel, its column of pivot and ab
    scale = _tent(L, pivot.gather(1, flat).reshape(n, size, size))
    a, b = (ab[..., c].gather(1, flat).reshape(n, size, size) * scale for c in (0, 1))
    rgb = color.to_uint8(color.lab_to_rgb(torch.stack([L, a, b], 1), check=False))
    return rgb, index, modes, ab, region[:, None], L[:, None]


def load_painted_fruit(split: str = "train", n: int = 5000, size: int = 32,
                       seed: int = 0) -> ImageSet:
    """n generated pictures of fruit, labeled by kind; no picture is in both splits."""
    check_split(split)
    made = generate(n, size=size, seed=2 * seed + (split == "test"))
    return ImageSet(made.rgb, made.kind, KINDS, "fruits", split)
