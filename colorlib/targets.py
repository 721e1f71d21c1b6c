"""Heads: what a network sees, what it must answer, and what its answer means as a color.

    x, y = LabHead().encode(rgb)                    # of colored images: what the network sees, and its target
    ab = LabHead().ab(net(x), L)                    # N C H W -> N 2 H W, Lab units

A head has `gray` (what the network sees, from L alone), `encode` and `ab`; `fitted` takes what it needs from training
images. Its settings are plain numbers, which a checkpoint stores.
"""
from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlib import color
from colorlib.color_bins import AbBins, SoftTarget
from colorlib.models.koo2016 import contrast_normalize


class _LightnessInput:
    """A head whose network sees L/50 - 1."""

    def gray(self, L: Tensor) -> Tensor:
        """What the network sees: (N, 1, H, W) in 0...100 -> (N, 1, H, W) in -1...1."""
        return L / 50 - 1


def _normalized(channels: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """Each channel of (N, C, H, W) less its mean and over its deviation."""
    return (channels - _vector(mean, channels)) / _vector(std, channels)


def _restored(y: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """`_normalized` undone."""
    return y * _vector(std, y) + _vector(mean, y)


def _vector(values: tuple[float, ...], like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=like.dtype, device=like.device).view(1, -1, 1, 1)


def _mean_and_std(channels: Callable[[Tensor], Tensor], rgb: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation over images (N, 3, H, W) of each channel that `channels` makes of them."""
    sums = sum(torch.stack([c.sum((0, 2, 3)), c.square().sum((0, 2, 3))])
               for c in (channels(part).cpu().double() for part in rgb.split(1000)))    # MPS has no float64
    mean, square = sums / (rgb.numel() // 3)
    return tuple(mean.tolist()), tuple((square - mean.square()).clamp_min(0).sqrt().tolist())


@dataclasses.dataclass(frozen=True)
class LabTarget(_LightnessInput):
    """Regression in Lab: the network sees L/50 - 1 and answers ab/scale.

    channels = 3 is N's variant: the network also answers L/50 - 1, which `ab` then drops, since L is given.
    """

    scale: float = 50.0
    channels: int = 2

    def __post_init__(self):
        if self.channels not in (2, 3):
            raise ValueError(f"channels must be 2 (ab) or 3 (L, a and b), got {self.channels}")
        if not self.scale > 0:
            raise ValueError(f"scale must be positive, got {self.scale}")

    @property
    def outputs(self) -> int:
        """How many numbers a pixel the network answers."""
        return self.channels

    def encode(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Colored images (N, 3, H, W) -> what the network sees (N, 1, H, W), and what it must answer (N, C, H, W)."""
        lab = color.rgb_to_lab(rgb, check=False)                # N 3 H W
        x, ab = self.gray(lab[:, :1]), lab[:, 1:] / self.scale
        return x, (ab if self.channels == 2 else torch.cat([x, ab], dim=1))

    def ab(self, y: Tensor, L: Tensor) -> Tensor:
        """The color an answer means: (N, C, H, W) -> (N, 2, H, W), Lab units, not clipped to the gamut."""
        return y[:, -2:] * self.scale


@dataclasses.dataclass(frozen=True)
class YuvTarget:
    """Regression in YUV (K): the network sees Y and answers U and V, each less its mean and over its deviation.

    mean, std          of U and V over the training images, RGB in [0, 1]; (0, 0) and (1, 1) leave plain units
    contrast           True: Y goes through K's local contrast normalization, else it is scaled to -1...1

    Trained, the network sees the Y of the colored image (luma). Asked for a color it is given L, and Y is then the gray
    value that has this lightness: equal for neutral pixels, up to a few percent off for saturated ones (notebook 01).
    """

    mean: tuple[float, float] = (0.0, 0.0)
    std: tuple[float, float] = (1.0, 1.0)
    contrast: bool = False
    outputs = 2                                                 # numbers a pixel that the network answers

    def __post_init__(self):
        if len(self.mean) != 2 or len(self.std) != 2 or not min(self.std) > 0:
            raise ValueError(f"expected two means and two deviations above 0, got mean={self.mean}, std={self.std}")

    def _see(self, luma: Tensor) -> Tensor:
        return contrast_normalize(luma) if self.contrast else 2 * luma - 1

    def gray(self, L: Tensor) -> Tensor:
        """What the network sees: (N, 1, H, W) in 0...100 -> (N, 1, H, W)."""
        return self._see(color.gray_from_lightness(L))

    def encode(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Colored images (N, 3, H, W) -> what the network sees (N, 1, H, W), and normalized U, V (N, 2, H, W)."""
        yuv = color.rgb_to_yuv(rgb, check=False)                # N 3 H W
        uv = yuv[:, 1:]
        return self._see(yuv[:, :1]), _normalized(uv, self.mean, self.std)

    def ab(self, y: Tensor, L: Tensor) -> Tensor:
        """The color an answer means beside the given L: (N, 2, H, W) -> (N, 2, H, W), Lab units, not clipped."""
        uv = _restored(y, self.mean, self.std)
        yuv = torch.cat([color.gray_from_lightness(L), uv], dim=1)
        rgb = color.yuv_to_rgb(yuv, clip=False)                 # N 3 H W, may leave [0, 1]
        return color.rgb_to_lab(rgb, check=False)[:, 1:]

    @property
    def unit(self) -> bool:
        """Whether every color's target lies in 0...1, as a sigmoid answers."""
        reach = zip(self.mean, self.std, (0.436, 0.615), strict=True)       # of U and V
        return all(mean <= -end + 1e-9 and mean + std >= end - 1e-9 for mean, std, end in reach)

    @classmethod
    def unit_range(cls) -> YuvTarget:
        """The head whose targets fill 0...1: U and V between their least and their largest values (A)."""
        return cls((-0.436, -0.615), (0.872, 1.23))

    @classmethod
    def fitted(cls, rgb: Tensor, contrast: bool = True) -> YuvTarget:
        """The head with the mean and deviation of U and V over images (N, 3, H, W): K, section 4.1, step 3.

        ValueError if U or V is the same everywhere, as in gray images.
        """
        return cls(*_mean_and_std(lambda part: color.rgb_to_yuv(part, check=False)[:, 1:], rgb), contrast)


def _pooled(t: Tensor, cell: int) -> Tensor:
    """The mean of each cell x cell pixels. ValueError if the sides are no multiples of cell."""
    if t.shape[-2] % cell or t.shape[-1] % cell:
        raise ValueError(f"sides must be multiples of {cell} (cell), got {tuple(t.shape[-2:])}")
    return F.avg_pool2d(t, cell) if cell > 1 else t


def _enlarged(t: Tensor, cell: int, L: Tensor) -> Tensor:
    """Enlarged by cell, bilinear, and cut to the size of L."""
    t = F.interpolate(t, scale_factor=cell, mode="bilinear") if cell > 1 else t
    return t[..., :L.shape[-2], :L.shape[-1]]


@cache
def _bins(step: float, rule: str, k: int, sigma: float) -> AbBins:
    return AbBins(step, rule, k, sigma)


@dataclasses.dataclass(frozen=True)
class ColorBinsTarget(_LightnessInput):
    """Classification: the network sees L/50 - 1 and answers a logit for each bin of the ab plane (D7; Zhang 2016).

    step, rule, k, sigma    of the bins and their soft targets; see `AbBins`
    T                       temperature of the annealed mean that turns an answer into a color
    cell                    one answer for cell x cell pixels: its target is their mean ab; decoded colors are enlarged
    weights                 of each bin in the loss, for rebalancing; () means 1 for all
    """

    step: float = 10.0
    rule: str = "occupied"
    k: int = 10
    sigma: float = 5.0
    T: float = 0.38
    cell: int = 1
    weights: tuple[float, ...] = ()

    def __post_init__(self):
        if not self.T > 0:
            raise ValueError(f"the temperature T must be positive, got {self.T}")
        if self.cell < 1:
            raise ValueError(f"cell must be at least 1, got {self.cell}")
        if len(self.weights) not in (0, len(self.bins)):
            raise ValueError(f"expected {len(self.bins)} weights, one a bin, or none, got {len(self.weights)}")

    @property
    def bins(self) -> AbBins:
        """The bins of the plane."""
        return _bins(self.step, self.rule, self.k, self.sigma)

    @property
    def outputs(self) -> int:
        """How many numbers a pixel the network answers: one a bin."""
        return len(self.bins)

    def encode(self, rgb: Tensor) -> tuple[Tensor, SoftTarget]:
        """Colored images (N, 3, H, W) -> what the network sees (N, 1, H, W), and its soft target, sides over cell.

        With weights, each pixel's shares are multiplied by the weight of its nearest bin: the target then says how much
        the pixel counts, too. ValueError if the sides are no multiples of cell.
        """
        lab = color.rgb_to_lab(rgb, check=False)                # N 3 H W
        index, share = self.bins.encode(_pooled(lab[:, 1:], self.cell))
        if self.weights:
            dtype = torch.float16 if max(self.weights) < 1e4 else torch.float32             # what float16 can hold
            share = share * torch.tensor(self.weights, device=share.device, dtype=dtype)[index[:, :1].long()]
        return self.gray(lab[:, :1]), SoftTarget(index, share)

    def ab(self, y: Tensor, L: Tensor) -> Tensor:
        """The annealed mean of an answer: (N, Q, H/cell, W/cell) -> (N, 2, H, W), Lab units."""
        return _enlarged(self.bins.annealed_mean(y, self.T), self.cell, L)

    @classmethod
    def fitted(cls, images, lam: float = 0.5, **settings) -> ColorBinsTarget:
        """The head with the weights that rebalance the colors of images (D10); lam = 1 leaves them as they are.

        images   an ImageSet, or uint8 RGB (N, 3, H, W);  lam  0...1, see `AbBins.rebalance`
        """
        target = cls(**settings)
        if lam == 1:
            return target
        return dataclasses.replace(target, weights=tuple(target.bins.rebalance(target.bins.prior(images), lam).tolist()))


@dataclasses.dataclass(frozen=True)
class ColorSpaceTarget(_LightnessInput):
    """Regression in any of D's four spaces (D6), all else equal: the network sees L/50 - 1 and answers color channels.

    space       "lab" (answers a, b), "ycbcr" (Cb, Cr), "hsv" (hue, saturation) or "rgb" (all three)
    mean, std   of these channels over the training images: each is answered less its mean and over its deviation
    blur        standard deviation, in pixels, of a Gaussian over the target's channels (D8); 0: none
    cell        one answer for cell x cell pixels, whose target is their mean in RGB; decoded colors are enlarged

    Whatever the answer, only its color counts, beside the given L: YCbCr and HSV get the Y or the value with which the
    picture has this lightness, as near as they can; of RGB the ab is taken. Hue is regressed as a number, as D
    did: 0.99 and 0.01 are neighbors on the circle and far apart here.
    """

    space: str = "lab"
    mean: tuple[float, ...] = (0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0)
    blur: float = 0.0
    cell: int = 1

    def __post_init__(self):
        if self.space not in SPACES:
            raise ValueError(f"unknown space {self.space!r}: expected one of {', '.join(SPACES)}")
        if not len(self.mean) == len(self.std) == self.outputs or not min(self.std) > 0:
            raise ValueError(f"expected {self.outputs} means and as many deviations above 0, got mean={self.mean}, "
                             f"std={self.std}")
        if not self.blur >= 0 or self.cell < 1:
            raise ValueError(f"blur must be at least 0 and cell at least 1, got {self.blur} and {self.cell}")

    @property
    def outputs(self) -> int:
        """How many numbers a pixel the network answers."""
        return 3 if self.space == "rgb" else 2

    def encode(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Colored images (N, 3, H, W) -> what the network sees (N, 1, H, W), and normalized channels (N, C, H, W)."""
        mean = _pooled(color.to_float(rgb, check=False), self.cell)     # not of hues
        c = SPACES[self.space](mean)
        y = _normalized(c, self.mean, self.std)
        if self.blur:
            from torchvision.transforms.functional import gaussian_blur  # large, and rarely needed

            sigma = self.blur / self.cell
            y = gaussian_blur(y, 2 * math.ceil(3 * sigma) + 1, sigma)
        return self.gray(color.lightness(rgb, check=False)), y

    def ab(self, y: Tensor, L: Tensor) -> Tensor:
        """The color an answer means beside L: (N, C, H/cell, W/cell) -> (N, 2, H, W), Lab units, not clipped."""
        c = _restored(y, self.mean, self.std)
        if self.space == "lab":
            return _enlarged(c, self.cell, L)
        small = F.interpolate(L, size=c.shape[-2:], mode="area") if self.cell > 1 else L
        if self.space == "rgb":
            rgb = c
        elif self.space == "ycbcr":
            rgb = _with_lightness(lambda y: color.ycbcr_to_rgb(torch.cat([y, c], dim=1), clip=False), small, -0.5, 1.5)
        else:
            pure = torch.cat([c[:, :1], c[:, 1:].clamp(0, 1), torch.ones_like(c[:, :1])], dim=1)
            brightest = color.hsv_to_rgb(pure, check=False)     # value 1
            rgb = _with_lightness(lambda value: value * brightest, small, 0.0, 1.0)
        return _enlarged(color.rgb_to_lab(rgb, check=False)[:, 1:], self.cell, L)

    @classmethod
    def fitted(cls, rgb: Tensor, space: str, **settings) -> ColorSpaceTarget:
        """The head with the means and deviations of the channels over images (N, 3, H, W)."""
        channels = SPACES.get(space) or cls(space)                  # an unknown space is named by the class
        return cls(space, *_mean_and_std(channels, rgb), **settings)


SPACES = {
    "lab": lambda rgb: color.rgb_to_lab(rgb, check=False)[:, 1:],
    "ycbcr": lambda rgb: color.rgb_to_ycbcr(rgb, check=False)[:, 1:],
    "hsv": lambda rgb: color.rgb_to_hsv(rgb, check=False)[:, :2],
    "rgb": lambda rgb: color.to_float(rgb, check=False),
}


def _with_lightness(picture: Callable[[Tensor], Tensor], L: Tensor, low: float, high: float) -> Tensor:
    """The RGB picture(v) with the v (N, 1, H, W) in low...high whose lightness is nearest to L; it rises with v."""
    below, above = torch.full_like(L, low), torch.full_like(L, high)
    for _ in range(16):                                         # bisection
        v = (below + above) / 2
        dark = color.lightness(picture(v), check=False) < L
        below, above = torch.where(dark, v, below), torch.where(dark, above, v)
    return picture((below + above) / 2)


TARGETS = {"lab": LabTarget, "yuv": YuvTarget, "bins": ColorBinsTarget, "space": ColorSpaceTarget}
