"""Generated pictures of fruit whose colors follow a law that is written down.

    fruits = generate(1000, size=32, seed=0)             # fruits.rgb, uint8, 1000×3×32×32
    law = distribution("apple")                          # what color an apple may have, exactly
    law.mean(), law.median(), law.probability((-60, 0), (0, 60))

Real pictures do not come with the distribution of their colors, so no answer to "what would be best here?" can be
checked on them. These do, at any size, without a download. Built for notebook 02; a stand-in for CIFAR-10 elsewhere.

How a picture is made, and what is therefore exact before rounding to 8 bits:

1. Geometry, light, texture and shadow give each pixel a lightness L and a region: wall, table, fruit or leaf.
2. Then each region draws one color (a, b) from its law, a `ColorDistribution`: the fruit from its kind's, wall and
   table from BACKGROUND, stem and leaves from LEAF. All draws are independent of each other and of step 1.
3. The pixel's ab is scale(L) · (a, b). The scale depends on L and the law alone: 1 at the law's `pivot`, less in the
   shade and in highlights.

So the ab of a fruit's pixel, given the whole gray picture, its kind and the region, is distributed as scale(L) · C,
with C from `distribution(kind)`. The gray picture says nothing more about C: a red and a green apple have the same L
at every pixel. The best answers are then known, pixel by pixel: `law.mean()` times scale for squared error,
`law.median()` times scale for the sum of absolute errors, the law itself for cross-entropy.
Every color is inside the sRGB gamut, so rounding to 8 bits is the only departure: on average it moves ab by less than
one unit, by up to three in dark places, and L by less than one (the tests hold the limits).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from colorlib import color
from colorlib.data import painted_fruit_shapes as shapes
from colorlib.data.image_set import ImageSet, check_split
from colorlib.data.painted_fruit_shapes import FRUIT as FRUIT_REGION
from colorlib.data.painted_fruit_shapes import LEAF as LEAF_REGION
from colorlib.data.painted_fruit_shapes import TABLE, WALL

KINDS = tuple(shapes.KINDS)
DARKEST, BRIGHTEST = 9.0, 97.0  # limits of L
GRAY_FROM = 98.0  # L at which the colors are gone: with 100, a few bright oranges would leave the sRGB gamut
COLORS = 20  # uniform numbers for the colors of one picture: 4 regions × (mode, 2 for a, 2 for b)
NOISES = sum(side * side for side in shapes.NOISE)
NUMBERS = shapes.RANDOMS + NOISES + COLORS + 1  # all of one picture; the last chooses the kind


@dataclass(frozen=True)
class ColorDistribution:
    """A law of colors in the ab plane: first a mode, then a small scatter around it.

    modes    M pairs (a, b), Lab units
    weights  M probabilities, sum 1
    spread   M half widths, Lab units: a and b are scattered independently, with the triangular density that falls from
             the mode to zero at ± spread (the sum of two uniform draws)
    pivot    L at which the scale of the colors is 1
    names    of the modes, for people
    """

    modes: tuple[tuple[float, float], ...]
    weights: tuple[float, ...]
    spread: tuple[float, ...]
    pivot: float
    names: tuple[str, ...]

    def mean(self) -> Tensor:
        """(2,), Lab units: the best single answer for squared error."""
        return self._weights @ self._modes

    def variance(self) -> Tensor:
        """(2,), squared Lab units, of a and of b: what the best single answer still pays for squared error."""
        w, m = self._weights[:, None], self._modes
        return (w * (m**2 + self._spread[:, None] ** 2 / 6)).sum(0) - self.mean() ** 2

    def median(self) -> Tensor:
        """(2,), Lab units, of a and of b separately: the best single answer for |a| error plus |b| error."""
        low, high = (self._modes - 100).amin(0), (self._modes + 100).amax(0)
        for _ in range(80):  # bisection
            middle = (low + high) / 2
            above = self.cdf(middle) >= 0.5
            low, high = torch.where(above, low, middle), torch.where(above, middle, high)
        return (low + high) / 2

    def absolute_error(self, answer: Tensor) -> Tensor:
        """Expected |a − answer_a| + |b − answer_b|, exact. answer (…, 2) -> (…), Lab units."""
        t = (answer.double().unsqueeze(-2) - self._modes) / self._spread[:, None]  # … M 2
        s = t.abs().clamp(max=1)
        near = 1 / 3 + s**2 - s**3 / 3  # E|T − t| for a triangular T on (−1, 1)
        error = torch.where(t.abs() < 1, near, t.abs()) * self._spread[:, None]
        return (error.sum(-1) * self._weights).sum(-1)

    def squared_error(self, answer: Tensor) -> Tensor:
        """Expected squared distance to `answer`, exact. answer (…, 2) -> (…), squared Lab units."""
        return (self.variance() + (answer.double() - self.mean()) ** 2).sum(-1)

    def mean_chroma(self, n: int = 200_000) -> float:
        """Expected distance from gray at the pivot, Lab units; from n samples (there is no closed form)."""
        return self.sample(n, seed=0).norm(dim=-1).mean().item()

    def cdf(self, ab: Tensor) -> Tensor:
        """P(A ≤ a) and P(B ≤ b), each channel by itself. ab (…, 2) -> (…, 2)."""
        return (self._weights[:, None] * self._cdf(ab)).sum(-2)

    def probability(self, low: Tensor | Sequence, high: Tensor | Sequence) -> Tensor:
        """P(low < C ≤ high) of boxes in the ab plane. low, high (…, 2) -> (…)."""
        low, high = (torch.as_tensor(x, dtype=torch.float64) for x in (low, high))
        within = (self._cdf(high) - self._cdf(low)).clamp(min=0)  # … M 2; a and b are independent within a mode
        return (self._weights * within.prod(-1)).sum(-1)

    def cells(self, edges: Tensor) -> Tensor:
        """Probabilities of a grid of cells. edges (E,), rising, for a and for b -> (E−1, E−1): rows a, columns b."""
        edges = edges.double()
        cdf = self._cdf(edges[:, None].expand(-1, 2))  # E M 2
        a, b = (cdf[1:] - cdf[:-1]).unbind(-1)  # E−1 M
        return torch.einsum("m,im,jm->ij", self._weights, a, b)

    def scale(self, L: Tensor) -> Tensor:
        """How much of the color is seen at lightness L (any shape), 1 at the pivot.

        A tent: straight lines from 0 at black to 1 at the pivot to 0 at L = 98, nearly white. A surface in the shade
        has less color in Lab units, and a highlight has the color of the lamp.
        """
        return _tent(L, self.pivot)

    def sample(self, n: int, seed: int = 0) -> Tensor:
        """(n, 2) independent colors at the pivot, float32."""
        return self.draw(torch.rand(n, 5, generator=torch.Generator().manual_seed(seed)))[0]

    def draw(self, uniform: Tensor, mode: int | None = None) -> tuple[Tensor, Tensor]:
        """Colors made of uniform numbers (N, 5): the first chooses the mode unless it is given, four scatter.

        Returns ab (N, 2), float32, and the mode (N,), int64.
        """
        drawn = torch.bucketize(uniform[:, 0].contiguous(), self._weights.cumsum(0)[:-1].float(), right=True)
        if mode is not None:
            drawn = torch.full_like(drawn, mode)
        scatter = torch.stack([uniform[:, 1] + uniform[:, 2], uniform[:, 3] + uniform[:, 4]], dim=1) - 1  # N 2
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
        """P(≤) within each mode. ab (…, 2) -> (…, M, 2)."""
        t = ((ab.double().unsqueeze(-2) - self._modes) / self._spread[:, None]).clamp(-1, 1)
        return torch.where(t < 0, (1 + t) ** 2 / 2, 1 - (1 - t) ** 2 / 2)


def _tent(L: Tensor, pivot: float | Tensor) -> Tensor:
    return torch.minimum(L / pivot, (GRAY_FROM - L) / (GRAY_FROM - pivot)).clamp(min=0)


def _law(pivot: float, *modes: tuple[str, float, float, float, float]) -> ColorDistribution:
    """Modes as (name, weight, a, b, spread)."""
    names, weights, a, b, spread = zip(*modes, strict=True)
    return ColorDistribution(tuple(zip(a, b, strict=True)), weights, spread, pivot, names)


LAWS = {
    "apple": _law(48, ("red", 0.55, 57, 26, 8), ("green", 0.45, -40, 42, 8)),
    "banana": _law(78, ("yellow", 0.80, 0, 62, 7), ("green", 0.20, -28, 54, 8)),
    "blueberries": _law(38, ("blue", 1.0, 8, -28, 8)),
    "cherries": _law(36, ("red", 0.75, 52, 26, 8), ("dark", 0.25, 34, 8, 7)),
    "grapes": _law(50, ("violet", 0.55, 28, -26, 8), ("green", 0.45, -26, 40, 8)),
    "lemon": _law(84, ("yellow", 1.0, -8, 66, 6)),
    "orange": _law(64, ("orange", 1.0, 30, 56, 6)),
    "pear": _law(70, ("green", 0.50, -20, 54, 8), ("yellow", 0.30, 2, 58, 7), ("russet", 0.20, 20, 40, 6)),
    "strawberry": _law(46, ("red", 1.0, 56, 34, 7)),
    "watermelon": _law(42, ("green", 1.0, -30, 28, 8)),
}
LEAF = _law(50, ("green", 1.0, -24, 32, 9))
BACKGROUND = _law(
    62,
    ("white", 0.35, 0, 4, 4),
    ("wood", 0.30, 14, 32, 8),
    ("blue", 0.15, -2, -26, 8),
    ("green", 0.10, -22, 20, 8),
    ("rose", 0.10, 22, 4, 8),
)


def distribution(kind: str, region: str = "fruit") -> ColorDistribution:
    """The exact law of the colors of a region: "fruit", "leaf" (stems too) or "background" (wall and table).

    Only the fruit's depends on the kind. ValueError for an unknown kind or region.
    """
    if kind not in LAWS:
        raise ValueError(f"no fruit {kind!r}; there are {', '.join(KINDS)}")
    laws = {"fruit": LAWS[kind], "leaf": LEAF, "background": BACKGROUND}
    if region not in laws:
        raise ValueError(f"no region {region!r}; there are {', '.join(laws)}")
    return laws[region]


@dataclass(frozen=True)
class Fruits:
    """Pictures with everything that is known about them. N pictures of S×S pixels.

    rgb         (N, 3, S, S), uint8
    kind        (N,), int64: index into KINDS
    mode        (N,), int64: which mode of the kind's law the fruit's color came from
    color       (N, 4, 2), float32: ab at the pivot of wall, table, fruit, leaf, as drawn
    region      (N, 1, S, S), uint8: 0 wall, 1 table, 2 fruit, 3 leaf or stem
    L           (N, 1, S, S), float32: lightness before rounding to 8 bits
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
        """(N, 1, S, S), bool: pixels of the fruit itself, without leaves and stem."""
        return self.region == FRUIT_REGION

    def names(self) -> list[str]:
        """The kind of each picture, in words."""
        return [KINDS[k] for k in self.kind.tolist()]


def generate(
    n: int, size: int = 32, seed: int = 0, kinds: Sequence[str] | None = None, mode: int | None = None
) -> Fruits:
    """n pictures of fruit on a table. The same seed gives the same scenes at every size, and for every larger n.

    size    side in pixels, at least 16
    kinds   which, each equally often on average; default all of KINDS
    mode    give every fruit this mode of its law instead of drawing one: the same gray pictures in another color. All
            kinds asked for must have it

    ValueError for a size, number, kind or mode that cannot be.
    """
    kinds = KINDS if kinds is None else tuple(kinds)
    if n < 1 or size < 16 or not kinds:
        raise ValueError(f"expected n >= 1, size >= 16 and at least one kind, got n={n}, size={size}, kinds={kinds}")
    for kind in kinds:
        modes = len(distribution(kind).modes)
        if mode is not None and not 0 <= mode < modes:
            raise ValueError(f"{kind} has color modes 0 to {modes - 1}, got mode={mode}")

    generator = torch.Generator().manual_seed(seed)
    chunk = max(2**19 // size**2, 8)
    parts = []
    for start in range(0, n, chunk):
        rows = min(chunk, n - start)
        uniform = torch.rand(rows, NUMBERS, generator=generator)
        parts.append(_chunk(uniform, size, kinds, mode))
    return Fruits(*(torch.cat(one) for one in zip(*parts, strict=True)))


def _chunk(uniform: Tensor, size: int, kinds: Sequence[str], mode: int | None) -> tuple[Tensor, ...]:
    """One row of uniform numbers a picture -> the fields of Fruits."""
    n = len(uniform)
    geometry, noise, colors, which = uniform.split([shapes.RANDOMS, NOISES, COLORS, 1], 1)
    colors = colors.reshape(n, 4, 5)
    chosen = (which[:, 0] * len(kinds)).long().clamp(max=len(kinds) - 1)

    L, region = torch.empty(n, size, size), torch.empty(n, size, size, dtype=torch.uint8)
    ab, pivot = torch.empty(n, 4, 2), torch.empty(n, 4)
    modes, index = torch.zeros(n, dtype=torch.long), torch.empty(n, dtype=torch.long)
    for j, kind in enumerate(kinds):
        at = (chosen == j).nonzero()[:, 0]
        if len(at) == 0:
            continue
        L[at], region[at] = shapes.draw(kind, geometry[at], noise[at], size)
        index[at] = KINDS.index(kind)
        for place, law in ((WALL, BACKGROUND), (TABLE, BACKGROUND), (FRUIT_REGION, LAWS[kind]), (LEAF_REGION, LEAF)):
            ab[at, place], drawn = law.draw(colors[at, place], mode if place == FRUIT_REGION else None)
            pivot[at, place] = law.pivot
            if place == FRUIT_REGION:
                modes[at] = drawn

    L = L.clamp(DARKEST, BRIGHTEST)
    flat = region.reshape(n, -1).long()  # N S²
    here = pivot.gather(1, flat).reshape(n, size, size)
    scale = _tent(L, here)
    a, b = (ab[..., c].gather(1, flat).reshape(n, size, size) * scale for c in (0, 1))
    rgb = color.to_uint8(color.lab_to_rgb(torch.stack([L, a, b], 1), check=False))
    return rgb, index, modes, ab, region[:, None], L[:, None]


def load_painted_fruit(split: str = "train", n: int = 5000, size: int = 32, seed: int = 0) -> ImageSet:
    """n generated pictures of fruit, labeled by kind: no download; no picture is in both splits."""
    check_split(split)
    made = generate(n, size=size, seed=2 * seed + (split == "test"))
    return ImageSet(made.rgb, made.kind, KINDS, "fruits", split)
