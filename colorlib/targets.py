"""Targets: what a network gets and should predict, and how its outputs become colors.

    target = LabTarget()
    inputs, targets = target.encode(rgb)            # of colored images, for training
    ab = target.decode(net(target.inputs(L)), L)    # N C H W -> N 2 H W, Lab units

Each target has `inputs` (the network's input, from lightness alone), `encode` and `decode`, and in
`outputs` the number of channels that the network must predict. `from_images` computes a target's
statistics from training images. The fields are plain numbers; checkpoints store them by name.
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
    """Base class of targets whose network gets L/50 - 1."""

    def inputs(self, L: Tensor) -> Tensor:
        """The network's input: lightness (N, 1, H, W), 0...100 -> (N, 1, H, W), -1...1."""
        return L / 50 - 1


@dataclasses.dataclass(frozen=True)
class LabTarget(_LightnessInput):
    """Regression in Lab: the network predicts ab / scale.

    channels = 3 (Nazeri and Ng 2018): it also predicts L/50 - 1, which `decode` drops, because L
    is given.
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
        """Number of channels that the network predicts."""
        return self.channels

    def encode(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Colored images (N, 3, H, W) -> inputs (N, 1, H, W) and targets (N, C, H, W)."""
        lab = color.rgb_to_lab(rgb, check=False)  # N 3 H W
        x, ab = self.inputs(lab[:, :1]), lab[:, 1:] / self.scale
        return x, (ab if self.channels == 2 else torch.cat([x, ab], dim=1))

    def decode(self, outputs: Tensor, L: Tensor) -> Tensor:
        """Outputs (N, C, H, W) -> ab (N, 2, H, W), Lab units, not clipped to the gamut."""
        return outputs[:, -2:] * self.scale


@dataclasses.dataclass(frozen=True)
class YuvTarget:
    """Regression in YUV (Koo 2016, section 4.1): the network gets Y and predicts U and V.

    mean, std   of U and V over the training images, RGB in [0, 1]; U and V are predicted minus
                mean and divided by std
    contrast    True: local contrast normalization of Y; False: Y scaled to -1...1

    In training, the input is the luma Y of the colored image. For a colorization L is given, and
    the input is the gray value with this lightness. Both are equal for neutral pixels, and a few
    percent apart for saturated ones (notebook 01).
    """

    mean: tuple[float, float] = (0.0, 0.0)
    std: tuple[float, float] = (1.0, 1.0)
    contrast: bool = False
    outputs = 2  # number of channels that the network predicts; no annotation, so no field

    def __post_init__(self):
        if len(self.mean) != 2 or len(self.std) != 2 or not min(self.std) > 0:
            raise ValueError("expected two means and two deviations above 0, "
                             f"got mean={self.mean}, std={self.std}")

    def _from_luma(self, luma: Tensor) -> Tensor:
        return contrast_normalize(luma) if self.contrast else 2 * luma - 1

    def inputs(self, L: Tensor) -> Tensor:
        """The network's input: lightness (N, 1, H, W), 0...100 -> (N, 1, H, W)."""
        return self._from_luma(color.gray_from_lightness(L))

    def encode(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Colored images (N, 3, H, W) -> inputs (N, 1, H, W) and normalized U, V (N, 2, H, W)."""
        yuv = color.rgb_to_yuv(rgb, check=False)  # N 3 H W
        return self._from_luma(yuv[:, :1]), _normalize(yuv[:, 1:], self.mean, self.std)

    def decode(self, outputs: Tensor, L: Tensor) -> Tensor:
        """Outputs (N, 2, H, W) -> ab (N, 2, H, W), Lab units, not clipped to the gamut."""
        uv = _denormalize(outputs, self.mean, self.std)
        yuv = torch.cat([color.gray_from_lightness(L), uv], dim=1)
        rgb = color.yuv_to_rgb(yuv, clip=False)  # N 3 H W, may leave [0, 1]
        return color.rgb_to_lab(rgb, check=False)[:, 1:]

    @property
    def unit(self) -> bool:
        """Whether the targets of all colors lie in 0...1, so that a sigmoid can predict them."""
        limits = zip(self.mean, self.std, (0.436, 0.615), strict=True)  # of U and V
        return all(mean <= -end + 1e-9 and mean + std >= end - 1e-9 for mean, std, end in limits)

    @classmethod
    def unit_range(cls) -> YuvTarget:
        """The target that scales the whole range of U and V to 0...1 (Dahl 2016)."""
        return cls((-0.436, -0.615), (0.872, 1.23))

    @classmethod
    def from_images(cls, rgb: Tensor, contrast: bool = True) -> YuvTarget:
        """The target with mean and std of U and V over images (N, 3, H, W); Koo 2016, section 4.1.

        Raises ValueError if U or V is constant, as in gray images.
        """
        mean, std = _mean_and_std(lambda part: color.rgb_to_yuv(part, check=False)[:, 1:], rgb)
        return cls(mean, std, contrast)


@cache
def _bins(step: float, rule: str, k: int, sigma: float) -> AbBins:
    return AbBins(step, rule, k, sigma)


@dataclasses.dataclass(frozen=True)
class ColorBinsTarget(_LightnessInput):
    """Classification (Zhang et al. 2016; Dorscheidt et al. 2016): a logit per bin of the ab plane.

    step, rule, k, sigma    of the bins and their soft targets; see `AbBins`
    T                       temperature of the annealed mean that decodes logits to a color
    cell                    one prediction per cell x cell pixels: its target is their mean ab, and
                            decoded colors are enlarged
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
            raise ValueError(f"expected {len(self.bins)} weights, one a bin, or none, "
                             f"got {len(self.weights)}")

    @property
    def bins(self) -> AbBins:
        """The bins of the ab plane; equal settings share one object."""
        return _bins(self.step, self.rule, self.k, self.sigma)

    @property
    def outputs(self) -> int:
        """Number of channels that the network predicts: one per bin."""
        return len(self.bins)

    def encode(self, rgb: Tensor) -> tuple[Tensor, SoftTarget]:
        """Colored images (N, 3, H, W) -> inputs (N, 1, H, W) and soft targets, sides over cell.

        With weights, each pixel's shares are multiplied by the weight of its nearest bin.
        Raises ValueError if the sides are no multiples of cell.
        """
        lab = color.rgb_to_lab(rgb, check=False)  # N 3 H W
        index, share = self.bins.encode(_pool(lab[:, 1:], self.cell))
        if self.weights:
            # float16 saves memory, but holds no number above 65504
            dtype = torch.float16 if max(self.weights) < 1e4 else torch.float32
            weights = torch.tensor(self.weights, device=share.device, dtype=dtype)
            share = share * weights[index[:, :1].long()]
        return self.inputs(lab[:, :1]), SoftTarget(index, share)

    def decode(self, outputs: Tensor, L: Tensor) -> Tensor:
        """Logits (N, Q, H/cell, W/cell) -> their annealed mean as ab (N, 2, H, W), Lab units."""
        return _enlarge(self.bins.annealed_mean(outputs, self.T), self.cell, L)

    @classmethod
    def from_images(cls, images, lam: float = 0.5, **settings) -> ColorBinsTarget:
        """The target whose weights rebalance the colors of images.

        images   an ImageSet, or uint8 RGB (N, 3, H, W)
        lam      0...1, see `AbBins.rebalance`; 1 means no rebalancing
        """
        target = cls(**settings)
        if lam == 1:
            return target
        weights = target.bins.rebalance(target.bins.prior(images), lam)
        return dataclasses.replace(target, weights=tuple(weights.tolist()))


@dataclasses.dataclass(frozen=True)
class ColorSpaceTarget(_LightnessInput):
    """Regression in one of four color spaces, all else equal (Dorscheidt et al. 2016).

    space       "lab" (predicts a, b), "ycbcr" (Cb, Cr), "hsv" (hue, saturation) or "rgb" (all)
    mean, std   of these channels over the training images; they are predicted minus mean and
                divided by std
    blur        standard deviation, in pixels, of a Gaussian blur of the targets; 0: none
    cell        one prediction per cell x cell pixels: its target is their mean in RGB, and decoded
                colors are enlarged

    Only the color of a prediction counts, since L is given. For YCbCr and HSV, `decode` finds the Y
    or the value with which the picture comes nearest to this lightness; of RGB it takes ab. Hue is
    regressed as a plain number, as in the source, although 0.99 and 0.01 are neighbors.
    """

    space: str = "lab"
    mean: tuple[float, ...] = (0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0)
    blur: float = 0.0
    cell: int = 1

    def __post_init__(self):
        if self.space not in SPACES:
            raise ValueError(
                f"unknown space {self.space!r}: expected one of {', '.join(SPACES)}")
        if not len(self.mean) == len(self.std) == self.outputs or not min(self.std) > 0:
            raise ValueError(f"expected {self.outputs} means and as many deviations above 0, "
                             f"got mean={self.mean}, std={self.std}")
        if not self.blur >= 0 or self.cell < 1:
            raise ValueError("blur must be at least 0 and cell at least 1, "
                             f"got {self.blur} and {self.cell}")

    @property
    def outputs(self) -> int:
        """Number of channels that the network predicts."""
        return 3 if self.space == "rgb" else 2

    def encode(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Colored images (N, 3, H, W) -> inputs (N, 1, H, W), normalized channels (N, C, H, W)."""
        pooled = _pool(color.to_float(rgb, check=False), self.cell)  # in RGB: hues have no mean
        y = _normalize(SPACES[self.space](pooled), self.mean, self.std)
        if self.blur:
            from torchvision.transforms.functional import gaussian_blur  # slow to import

            sigma = self.blur / self.cell
            y = gaussian_blur(y, 2 * math.ceil(3 * sigma) + 1, sigma)
        return self.inputs(color.lightness(rgb, check=False)), y

    def decode(self, outputs: Tensor, L: Tensor) -> Tensor:
        """Outputs (N, C, H/cell, W/cell) -> ab (N, 2, H, W), Lab units, not clipped."""
        c = _denormalize(outputs, self.mean, self.std)
        if self.space == "lab":
            return _enlarge(c, self.cell, L)
        small = F.interpolate(L, size=c.shape[-2:], mode="area") if self.cell > 1 else L
        if self.space == "rgb":
            rgb = c
        elif self.space == "ycbcr":
            def with_luma(y: Tensor) -> Tensor:
                return color.ycbcr_to_rgb(torch.cat([y, c], dim=1), clip=False)
            rgb = _match_lightness(with_luma, small, -0.5, 1.5)
        else:
            hue, saturation = c[:, :1], c[:, 1:].clamp(0, 1)
            full = torch.cat([hue, saturation, torch.ones_like(hue)], dim=1)
            brightest = color.hsv_to_rgb(full, check=False)
            rgb = _match_lightness(lambda value: value * brightest, small, 0.0, 1.0)
        return _enlarge(color.rgb_to_lab(rgb, check=False)[:, 1:], self.cell, L)

    @classmethod
    def from_images(cls, rgb: Tensor, space: str, **settings) -> ColorSpaceTarget:
        """The target with mean and std of the space's channels over images (N, 3, H, W)."""
        channels = SPACES.get(space) or cls(space)  # raises ValueError for an unknown space
        return cls(space, *_mean_and_std(channels, rgb), **settings)


SPACES = {
    "lab": lambda rgb: color.rgb_to_lab(rgb, check=False)[:, 1:],
    "ycbcr": lambda rgb: color.rgb_to_ycbcr(rgb, check=False)[:, 1:],
    "hsv": lambda rgb: color.rgb_to_hsv(rgb, check=False)[:, :2],
    "rgb": lambda rgb: color.to_float(rgb, check=False),
}

TARGETS = {"lab": LabTarget, "yuv": YuvTarget, "bins": ColorBinsTarget, "space": ColorSpaceTarget}


def _normalize(channels: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """Subtract each channel's mean from (N, C, H, W) and divide by its standard deviation."""
    return (channels - _per_channel(mean, channels)) / _per_channel(std, channels)


def _denormalize(y: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    return y * _per_channel(std, y) + _per_channel(mean, y)


def _per_channel(values: tuple[float, ...], like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=like.dtype, device=like.device).view(1, -1, 1, 1)


def _mean_and_std(channels: Callable[[Tensor], Tensor],
                  rgb: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each of the channels that a function computes of images."""
    sums = 0
    for part in rgb.split(1000):
        c = channels(part).cpu().double()  # on the CPU, because MPS has no float64
        sums = sums + torch.stack([c.sum((0, 2, 3)), c.square().sum((0, 2, 3))])
    mean, square = sums / (rgb.numel() // 3)
    return tuple(mean.tolist()), tuple((square - mean.square()).clamp_min(0).sqrt().tolist())


def _pool(t: Tensor, cell: int) -> Tensor:
    """Mean of each cell x cell pixels. Raises ValueError if the sides are no multiples of cell."""
    if t.shape[-2] % cell or t.shape[-1] % cell:
        raise ValueError(f"sides must be multiples of {cell} (cell), got {tuple(t.shape[-2:])}")
    return F.avg_pool2d(t, cell) if cell > 1 else t


def _enlarge(t: Tensor, cell: int, L: Tensor) -> Tensor:
    """Enlarge by cell, bilinear, and crop to the size of L."""
    t = F.interpolate(t, scale_factor=cell, mode="bilinear") if cell > 1 else t
    return t[..., :L.shape[-2], :L.shape[-1]]


def _match_lightness(picture: Callable[[Tensor], Tensor], L: Tensor, low: float,
                     high: float) -> Tensor:
    """The RGB picture(v) whose lightness is nearest to L, by bisection of v (N, 1, H, W).

    The lightness of picture(v) must rise with v, which is searched in low...high.
    """
    below, above = torch.full_like(L, low), torch.full_like(L, high)
    for _ in range(16):
        v = (below + above) / 2
        dark = color.lightness(picture(v), check=False) < L
        below, above = torch.where(dark, v, below), torch.where(dark, above, v)
    return picture((below + above) / 2)
