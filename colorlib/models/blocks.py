"""Layers, initialization and checks that several networks share."""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def conv_bn_relu(inputs: int, outputs: int, kernel: int = 3, leak: float = 0.0,
                 strided: bool = False, bias: bool = True) -> nn.Sequential:
    """Convolution, batch norm and (leaky) ReLU.

    Height and width stay the same; with `strided` (4x4 weights, stride 2) they are halved.
    """
    conv = (nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=bias) if strided else
            nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias))
    activation = nn.LeakyReLU(leak, inplace=True) if leak else nn.ReLU(inplace=True)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), activation)


def receptive_field(layers: Iterable[nn.Module]) -> int:
    """Side, in pixels, of the input region that one output pixel depends on.

    layers   convolutions and max-pools in order, possibly nested; other layers add nothing
    """
    side = 1
    # From the last layer to the first: each layer widens the region that the next one needs.
    for layer in reversed([part for outer in layers for part in outer.modules()]):
        if isinstance(layer, nn.Conv2d | nn.MaxPool2d):
            kernel, stride, dilation = (n if isinstance(n, int) else n[0] for n in
                                        (layer.kernel_size, layer.stride, layer.dilation))
            side = (side - 1) * stride + dilation * (kernel - 1) + 1
    return side


def he_init(net: nn.Module) -> nn.Module:
    """Initialize weights with variance 2 / fan-in and biases with zero (He et al. 2015).

    Koo 2016, equation 3, prints w = z / sqrt(n / 2), with z standard normal and n the number of
    inputs of a unit, which is the same rule. For a 2x2 transposed convolution that halves the
    channels, torch counts a fan-in twice as large, so that its weights start with variance 1/n.
    In the U-Net that is right, since no ReLU follows.
    """
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return net


class Decoder(nn.Module):
    """Upsample an encoder's deepest tensor to full size, with two 3x3 convolutions per level.

    widths   channels of the encoder's tensors, the one of the highest resolution first
    outputs  channels of the result
    width    channels of the last level; each deeper level has twice as many
    skip     True: each level also gets the encoder's tensor of its size, as in a U-Net

    Batch norm and ReLU follow each convolution except the last, a 1x1 convolution. Its weights
    start at zero, so that the first prediction is gray.
    """

    def __init__(self, widths: tuple[int, ...], outputs: int, width: int = 16, skip: bool = False):
        super().__init__()
        if width < 1:
            raise ValueError(f"width must be at least 1, got {width}")
        self.skip, self.up, channels = skip, nn.ModuleList(), widths[-1]
        for level in reversed(range(len(widths) - 1)):
            out = width * 2 ** (level + 1)
            inputs = channels + (widths[level] if skip else 0)
            self.up.append(nn.Sequential(conv_bn_relu(inputs, out), conv_bn_relu(out, out)))
            channels = out
        self.top, self.last = conv_bn_relu(channels, width), nn.Conv2d(width, outputs, 1)
        he_init(self)
        nn.init.zeros_(self.last.weight)

    def forward(self, stages: list[Tensor], size: torch.Size) -> Tensor:
        """Encoder tensors, highest resolution first, and (H, W) -> (N, outputs, H, W)."""
        x = stages[-1]  # N c h w, the deepest
        for unit, encoded in zip(self.up, stages[-2::-1], strict=True):
            x = _resize(x, encoded.shape[-2:])  # N c 2h 2w
            if self.skip:
                x = torch.cat([encoded, x], dim=1)  # N c+e 2h 2w
            x = unit(x)  # N c/2 2h 2w
        x = _resize(x, size)  # N 2*width H W
        x = self.top(x)  # N width H W
        return self.last(x)  # N outputs H W


def _resize(x: Tensor, size: torch.Size) -> Tensor:
    """Nearest-neighbor interpolation to (H, W), if x has another size."""
    return x if x.shape[-2:] == size else F.interpolate(x, size=size, mode="nearest")


class NoiseInput:
    """Mixin for generators with a layer `perturb` that gets `noise` standard normal numbers."""

    def draw(self, n: int, seed: int | None = None) -> Tensor:
        """Noise for n images, (n, noise), from torch's generator; with a seed, always the same."""
        if not self.noise:
            raise ValueError("this network has no noise: build it with noise=32, say")
        weight = self.perturb.weight
        if seed is None:
            return torch.randn(n, self.noise, dtype=weight.dtype, device=weight.device)
        # torch fills blocks of 16 values differently from a remainder, so draw whole blocks:
        # then the first rows do not depend on n.
        rows = -(-n // 16) * 16
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(rows, self.noise, generator=generator)[:n].to(weight)

    def _noise_for(self, x: Tensor, z: Tensor | None) -> Tensor:
        """z, if it is given; else drawn in training, and the same at every call in evaluation."""
        if z is None or not self.noise:  # without noise, `draw` raises
            z = self.draw(len(x), None if self.training else 0)
        if z.shape != (len(x), self.noise):
            raise ValueError(
                f"expected noise of shape {(len(x), self.noise)}, got {tuple(z.shape)}")
        return z


def check_gray(x: Tensor, multiple: int = 1) -> None:
    """Raise ValueError unless x is (N, 1, H, W), with H and W multiples of `multiple`."""
    if x.ndim != 4 or x.shape[1] != 1:
        raise ValueError(f"expected gray images of shape (N, 1, H, W), got {tuple(x.shape)}")
    if x.shape[-2] % multiple or x.shape[-1] % multiple:
        raise ValueError(f"sides must be multiples of {multiple}, got {tuple(x.shape[-2:])}: "
                         "call the network through Colorizer, which pads")


def check_pair(gray: Tensor, color: Tensor) -> None:
    """Raise ValueError unless gray is (N, 1, H, W) and color (N, C, H, W), N, H, W the same."""
    check_gray(gray)
    if color.ndim != 4 or gray.shape[::2] != color.shape[::2] or gray.shape[3] != color.shape[3]:
        raise ValueError("expected gray (N, 1, H, W) and its color (N, C, H, W), got "
                         f"{tuple(gray.shape)} and {tuple(color.shape)}")
