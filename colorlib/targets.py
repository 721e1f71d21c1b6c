"""Targets: what a network gets and should predict, and how its outputs become colors.

    target = LabTarget()
    inputs, targets = target.encode(rgb)            # of colored images, for training
    ab = target.decode(net(target.inputs(L)), L)    # N C H W -> N 2 H W, Lab units

In `outputs`, each target has the number of channels that the network must predict. `from_images`
takes a target's statistics from training images. Checkpoints store the fields by name.
"""

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
    def inputs(self, L: Tensor) -> Tensor:
        """The network's input: lightness (N, 1, H, W), 0...100 -> (N, 1, H, W), -1...1."""
        return L / 50 - 1


@dataclasses.dataclass(frozen=True)
class LabTarget(_LightnessInput):
    """Regression in Lab: the network predicts ab / scale."""

    scale: float = 50.0
    channels: int = 2  # 3 (Nazeri and Ng 2018): the network also predicts L/50 - 1

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
        return outputs[:, -2:] * self.scale  # L is given: a predicted one is not used


@dataclasses.dataclass(frozen=True)
class YuvTarget:
    """Regression in YUV (Koo 2016, section 4.1): the network gets Y and predicts U and V.

    mean, std   of U and V over the training images: the network predicts (U - mean) / std, and so V

    In training, Y is the luma of the colored image; later, the gray value with the given lightness,
    which for saturated pixels differs by a few percent (notebook 01).
    """

    mean: tuple[float, float] = (0.0, 0.0)
    std: tuple[float, float] = (1.0, 1.0)
    contrast: bool = False  # local contrast normalization of Y, instead of scaling to -1...1
    outputs = 2  # channels that the network predicts; no annotation, so it is no field

    def __post_init__(self):
        if len(self.mean) != 2 or len(self.std) != 2 or not min(self.std) > 0:
            raise ValueError("expected two means and two deviations above 0, "
                             f"got mean={self.mean}, std={self.std}")

    def _from_luma(self, luma: Tensor) -> Tensor:
        return contrast_normalize(luma) if self.contrast else 2 * luma - 1

    def inputs(self, L: Tensor) -> Tensor:
        """The network's input: lightness (N, 1, H, W), 0...100 -> (N, 1, H, W)."""
        # Unchecked, as a check would make a GPU wait, and `torch.export` fail.
        return self._from_luma(color.gray_from_lightness(L, check=False))

    def encode(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Colored images (N, 3, H, W) -> inputs (N, 1, H, W) and normalized U, V (N, 2, H, W)."""
        yuv = color.rgb_to_yuv(rgb, check=False)
        mean, std = _statistics(self, like=yuv)
        return self._from_luma(yuv[:, :1]), (yuv[:, 1:] - mean) / std

    def decode(self, outputs: Tensor, L: Tensor) -> Tensor:
        """Outputs (N, 2, H, W) -> ab (N, 2, H, W), Lab units, not clipped to the gamut."""
        mean, std = _statistics(self, like=outputs)
        gray = color.gray_from_lightness(L, check=False)
        yuv = torch.cat([gray, outputs * std + mean], dim=1)
        # Unclipped, so that a prediction outside the gamut counts with its full error.
        rgb = color.yuv_to_rgb(yuv, clip=False, check=False)
        return color.rgb_to_lab(rgb, check=False)[:, 1:]

    @property
    def unit(self) -> bool:
        """Whether the targets of all colors lie in 0...1, so that a sigmoid can predict them."""
        limits = zip(self.mean, self.std, (0.436, 0.615), strict=True)  # of U and V
        return all(mean <= -end + 1e-9 and mean + std >= end - 1e-9 for mean, std, end in limits)

    @classmethod
    def unit_range(cls) -> "YuvTarget":
        """The target that scales the whole range of U and V to 0...1 (Dahl 2016)."""
        return cls((-0.436, -0.615), (0.872, 1.23))

    @classmethod
    def from_images(cls, rgb: Tensor, contrast: bool = True) -> "YuvTarget":
        """The target with mean and std of images (N, 3, H, W); ValueError if all are gray."""
        mean, std = _mean_and_std(lambda part: color.rgb_to_yuv(part, check=False)[:, 1:], rgb)
        return cls(mean, std, contrast)


_bins = cache(AbBins)  # equal settings share one object, and so its look-up table


@dataclasses.dataclass(frozen=True)
class ColorBinsTarget(_LightnessInput):
    """Classification (Zhang et al. 2016; Dorscheidt 2016): one logit per bin of the ab plane."""

    # These four are the arguments of `AbBins`.
    step: float = 10.0
    rule: str = "occupied"
    k: int = 10
    sigma: float = 5.0
    T: float = 0.38  # temperature of the annealed mean that decodes logits; of Zhang et al. 2016
    cell: int = 1  # one prediction per cell x cell pixels, of their mean ab
    weights: tuple[float, ...] = ()  # of each bin in the loss, for rebalancing; (): 1 for all

    def __post_init__(self):
        if not self.T > 0:
            raise ValueError(f"the temperature T must be positive, got {self.T}")
        if not 1 <= self.cell <= 64:
            raise ValueError(f"cell must be at least 1 and at most 64, got {self.cell}")
        if len(self.weights) not in (0, len(self.bins)):
            raise ValueError(f"expected {len(self.bins)} weights, one a bin, or none, "
                             f"got {len(self.weights)}")

    @property
    def bins(self) -> AbBins:
        """The bins of the ab plane."""
        return _bins(self.step, self.rule, self.k, self.sigma)

    @property
    def outputs(self) -> int:
        """Number of channels that the network predicts: one per bin."""
        return len(self.bins)

    def encode(self, rgb: Tensor) -> tuple[Tensor, SoftTarget]:
        """Colored images (N, 3, H, W) -> inputs (N, 1, H, W) and soft targets, H/cell x W/cell."""
        lab = color.rgb_to_lab(rgb, check=False)  # N 3 H W
        index, share = self.bins.encode(_pool(lab[:, 1:], self.cell))
        if self.weights:
            # Each pixel is weighted by its nearest bin. float16 saves memory, and ends at 65504.
            dtype = torch.float16 if max(self.weights) < 1e4 else torch.float32
            weights = torch.tensor(self.weights, device=share.device, dtype=dtype)
            share = share * weights[index[:, :1].long()]
        return self.inputs(lab[:, :1]), SoftTarget(index, share)

    def decode(self, outputs: Tensor, L: Tensor) -> Tensor:
        """Logits (N, Q, H/cell, W/cell) -> their annealed mean as ab (N, 2, H, W), Lab units."""
        return _enlarge(self.bins.annealed_mean(outputs, self.T), self.cell, L)

    @classmethod
    def from_images(cls, images, lam: float = 0.5, **settings) -> "ColorBinsTarget":
        """The target whose weights rebalance images; see `AbBins.prior` and `AbBins.rebalance`."""
        target = cls(**settings)
        if lam == 1:  # no rebalancing
            return target
        weights = target.bins.rebalance(target.bins.prior(images), lam)
        return dataclasses.replace(target, weights=tuple(weights.tolist()))


@dataclasses.dataclass(frozen=True)
class ColorSpaceTarget(_LightnessInput):
    """Regression in one of four color spaces, all else equal (Dorscheidt et al. 2016).

    space       "lab" (predicts a, b), "ycbcr" (Cb, Cr), "hsv" (hue, saturation) or "rgb" (all)
    mean, std   of these channels over the training images, as in `YuvTarget`

    Hue is regressed as a plain number, as in the source, although 0.99 and 0.01 are neighbors.
    """

    space: str = "lab"
    mean: tuple[float, ...] = (0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0)
    blur: float = 0.0  # standard deviation, in pixels, of a Gaussian blur of the targets
    cell: int = 1  # one prediction per cell x cell pixels, of their mean color

    def __post_init__(self):
        if self.space not in SPACES:
            raise ValueError(f"unknown space {self.space!r}: expected one of {', '.join(SPACES)}")
        if not len(self.mean) == len(self.std) == self.outputs or not min(self.std) > 0:
            raise ValueError(f"expected {self.outputs} means and as many deviations above 0, "
                             f"got mean={self.mean}, std={self.std}")
        if not self.blur >= 0 or not 1 <= self.cell <= 64:
            raise ValueError("blur must be at least 0 and cell 1 to 64, "
                             f"got {self.blur} and {self.cell}")

    @property
    def outputs(self) -> int:
        """Number of channels that the network predicts."""
        return 3 if self.space == "rgb" else 2

    def encode(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Colored images (N, 3, H, W) -> inputs (N, 1, H, W), normalized channels (N, C, H, W)."""
        # In RGB, because hues have no mean: they go round in a circle.
        pooled = _pool(color.to_float(rgb, check=False), self.cell)
        mean, std = _statistics(self, like=pooled)
        y = (SPACES[self.space](pooled) - mean) / std
        if self.blur:
            from torchvision.transforms.functional import gaussian_blur  # slow to import

            sigma = self.blur / self.cell
            y = gaussian_blur(y, 2 * math.ceil(3 * sigma) + 1, sigma)
        return self.inputs(color.lightness(rgb, check=False)), y

    def decode(self, outputs: Tensor, L: Tensor) -> Tensor:
        """Outputs (N, C, H/cell, W/cell) -> ab (N, 2, H, W), Lab units, not clipped."""
        mean, std = _statistics(self, like=outputs)
        c = outputs * std + mean
        if self.space == "lab":
            return _enlarge(c, self.cell, L)
        # The lightness is given: take the Y, or of HSV the value, with which it comes out.
        small = F.interpolate(L, size=c.shape[-2:], mode="area") if self.cell > 1 else L
        if self.space == "rgb":
            rgb = c
        elif self.space == "ycbcr":
            rgb = _match_lightness(lambda y: color.ycbcr_to_rgb(
                torch.cat([y, c], 1), clip=False, check=False), small, -0.5, 1.5)
        else:
            hsv = torch.cat([c[:, :1], c[:, 1:].clamp(0, 1), torch.ones_like(c[:, :1])], dim=1)
            brightest = color.hsv_to_rgb(hsv, check=False)
            rgb = _match_lightness(lambda value: value * brightest, small, 0.0, 1.0)
        return _enlarge(color.rgb_to_lab(rgb, check=False)[:, 1:], self.cell, L)

    @classmethod
    def from_images(cls, rgb: Tensor, space: str, **settings) -> "ColorSpaceTarget":
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


def _statistics(target: YuvTarget | ColorSpaceTarget, like: Tensor) -> list[Tensor]:
    """Mean and std of a target, (1, C, 1, 1) each."""
    return [torch.tensor(values, dtype=like.dtype, device=like.device).view(1, -1, 1, 1)
            for values in (target.mean, target.std)]


def _mean_and_std(channels: Callable[[Tensor], Tensor], rgb: Tensor):
    """Mean and standard deviation, a tuple each, of channels that a function finds in images."""
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


def _match_lightness(picture: Callable, L: Tensor, low: float, high: float) -> Tensor:
    """picture(v), RGB, of nearest lightness to L; that lightness must rise with v in low...high."""
    below, above = torch.full_like(L, low), torch.full_like(L, high)
    for _ in range(16):  # bisection; each step halves the error, at last to far less than 1/255
        v = (below + above) / 2
        dark = color.lightness(picture(v), check=False) < L
        below, above = torch.where(dark, v, below), torch.where(dark, above, v)
    return picture((below + above) / 2)
