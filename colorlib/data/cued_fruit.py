"""Painted apples and plums whose leaf shifts the odds of their color: the course's running example.

    apples = paint("apples", 1000, size=64, seed=0)     # apples.rgb: uint8, (1000, 3, 64, 64)
    apples.posterior()                                  # (1000, 2): probability of red and of green

An apple is green with probability 0.8 if it has a leaf, and 0.3 if it has none. The lightness is
painted before the color is drawn, so the leaf is all that a gray apple tells about its color, and
the right answer is a distribution that we know exactly. A colorizer can use the leaf (then its
colors depend on it) or not; it can paint the best single color, or choose. `known_truth.py`
measures which.

Rounding RGB to 8 bits changes the lightness a little, and that of green apples differently: without
the grain, the median of |4 L - its four neighbors| within an apple tells green from red (area under
the ROC curve 0.86). The grain hides it (0.50); `tests/unit/test_known_truth.py` measures both.

Plums are the same with blue and yellow, for readers who cannot tell red from green. Wall and table
are gray, so that nothing else has a color to be learned but the leaf itself.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from colorlib import color
from colorlib.data import painted_fruit_shapes as shapes
from colorlib.data.image_set import ImageSet, check_split
from colorlib.data.painted_fruit import (
    BRIGHTEST,
    DARKEST,
    FRUIT_COLORS,
    LEAF_COLORS,
    NUMBERS,
    ColorDistribution,
)

LEAF_SHARE = 0.3  # of the pictures
SECOND_WITH_LEAF, SECOND_WITHOUT = 0.8, 0.3  # probability of the second mode: green, or yellow
MARGINAL = LEAF_SHARE * SECOND_WITH_LEAF + (1 - LEAF_SHARE) * SECOND_WITHOUT  # 0.45, if none looks

PLUM_COLORS = ColorDistribution(((12, -34), (2, 44)), (1 - MARGINAL, MARGINAL), (7, 7), 46,
                                ("blue", "yellow"))
KINDS = {"apples": ("apple", FRUIT_COLORS["apple"]), "plums": ("plum", PLUM_COLORS)}
GRAIN = 2.0  # a pixel's lightness is changed by at most so much: else rounding gives the color away
CLASSES = ("without a leaf", "with a leaf")


@dataclass(frozen=True)
class CuedFruit:
    """N pictures of S×S pixels, with everything that is known about them."""

    kind: str  # "apples" or "plums"
    rgb: Tensor  # (N, 3, S, S), uint8
    cue: Tensor  # (N,), bool: whether there is a leaf
    mode: Tensor  # (N,), int64: 0 red or blue, 1 green or yellow
    color: Tensor  # (N, 2), float32: the fruit's ab at the pivot of its distribution
    region: Tensor  # (N, 1, S, S), uint8: see `painted_fruit_shapes`
    L: Tensor  # (N, 1, S, S), float32: lightness before rounding to 8 bits

    def __len__(self) -> int:
        return len(self.rgb)

    @property
    def mask(self) -> Tensor:
        """(N, 1, S, S), bool: the pixels of the fruit itself, without leaf and stem."""
        return self.region == shapes.FRUIT

    @property
    def scale(self) -> Tensor:
        """(N, 1, S, S): ab of a pixel, over that at the pivot; less in shade and highlights."""
        return distribution(self.kind).scale(self.L)

    def posterior(self) -> Tensor:
        """(N, 2), float32: the true probability of each mode, given the gray picture."""
        second = torch.where(self.cue, SECOND_WITH_LEAF, SECOND_WITHOUT)
        return torch.stack([1 - second, second], 1)


def distribution(kind: str, cue: bool | None = None) -> ColorDistribution:
    """The exact distribution of a fruit's color, at its pivot, given whether it has a leaf.

    kind   "apples" or "plums", else ValueError
    cue    None: of all pictures together, for an eye that overlooks the leaf
    """
    if kind not in KINDS:
        raise ValueError(f"no fruit {kind!r} with a cue; there are {', '.join(KINDS)}")
    everything = KINDS[kind][1]
    if cue is None:
        return everything
    second = SECOND_WITH_LEAF if cue else SECOND_WITHOUT
    return replace(everything, weights=(1 - second, second))


def paint(kind: str, n: int, size: int = 64, seed: int = 0, mode: int | None = None) -> CuedFruit:
    """Paint n pictures of one fruit; the same seed gives the same scenes at every size.

    size   side in pixels, at least 16
    mode   give every fruit this mode: the same gray pictures in another color

    ValueError for an impossible kind, size, number or mode. A larger n begins with the same ones.
    """
    everything = distribution(kind)
    if n < 1 or size < 16 or mode not in (None, 0, 1):
        raise ValueError(f"expected n >= 1, size >= 16 and mode 0, 1 or None, got {n=}, {size=}, "
                         f"{mode=}")
    generator, chunk = torch.Generator().manual_seed(seed), max(2**19 // size**2, 8)
    grain_generator = torch.Generator().manual_seed(seed + 2**31)  # scenes are the same at any size
    parts = []
    for start in range(0, n, chunk):
        uniform = torch.rand(min(chunk, n - start), sum(NUMBERS), generator=generator)
        grain = GRAIN * (2 * torch.rand(len(uniform), size, size, generator=grain_generator) - 1)
        parts.append(_paint_chunk(uniform, grain, KINDS[kind][0], everything, mode))
    return CuedFruit(kind, *(torch.cat(one) for one in zip(*parts, strict=True)))


def _paint_chunk(uniform: Tensor, grain: Tensor, shape: str, everything: ColorDistribution,
                 mode: int | None) -> tuple[Tensor, ...]:
    """The fields of CuedFruit after the kind, each picture made of one row of random numbers.

    grain   (N, S, S), added to the lightness
    """
    n, size = len(uniform), grain.shape[-1]
    geometry, noise, colors, which = uniform.split(NUMBERS, 1)
    cue = which[:, 0] < LEAF_SHARE  # no other number depends on this one
    L, region = shapes.draw(shape, _plain_scene(geometry, cue), noise, size)
    L = (L + grain).clamp(DARKEST, BRIGHTEST)

    colors = colors.reshape(n, 4, 5)
    fruit, drawn = torch.empty(n, 2), torch.empty(n, dtype=torch.long)
    for with_leaf, second in ((True, SECOND_WITH_LEAF), (False, SECOND_WITHOUT)):
        rows = cue == with_leaf
        given = replace(everything, weights=(1 - second, second))
        fruit[rows], drawn[rows] = given.draw(colors[rows, shapes.FRUIT], mode)
    leaf, _ = LEAF_COLORS.draw(colors[:, shapes.LEAF])

    ab = torch.zeros(n, 2, size, size)  # wall and table stay gray
    for number, chosen, one in ((shapes.FRUIT, fruit, everything),
                                (shapes.LEAF, leaf, LEAF_COLORS)):
        here = (region == number)[:, None]  # (N, 1, S, S)
        ab = torch.where(here, chosen[..., None, None] * one.scale(L)[:, None], ab)
    lab = torch.cat([L[:, None], ab], 1)
    rgb = color.to_uint8(color.lab_to_rgb(lab, check=False))
    return rgb, cue, drawn, fruit, region[:, None], L[:, None]


def _plain_scene(geometry: Tensor, cue: Tensor) -> Tensor:
    """Random numbers of scenes with a leaf where `cue` says so, before a light and plain wall."""
    numbers = geometry.clone()
    numbers[:, shapes.LEAF_NUMBER] = torch.where(cue, 0.0, 1.0)
    numbers[:, 6] = 0.65 + 0.35 * geometry[:, 6]  # the brightness of the wall: a leaf is darker
    numbers[:, 14] = 0.5 + 0.5 * geometry[:, 14]  # and of the table
    numbers[:, 7] = numbers[:, 13] = 1.0  # no stripes, planks or checks
    return numbers


def load_cued_fruit(kind: str, split: str = "train", n: int = 3000, size: int = 64,
                    seed: int = 0) -> ImageSet:
    """n painted apples or plums, labeled by the leaf; no picture is in both splits."""
    painted = paint(kind, n, size, _seed_of(split, seed))
    return ImageSet(painted.rgb, painted.cue.long(), CLASSES, kind, split)


def truth_of(kind: str, split: str, n: int, size: int, seed: int) -> CuedFruit:
    """All that is known about the pictures that `load_cued_fruit` returns for the same values."""
    return paint(kind, n, size, _seed_of(split, seed))


def _seed_of(split: str, seed: int) -> int:
    check_split(split)
    return 2 * seed + (split == "test")  # so no seed serves two splits
