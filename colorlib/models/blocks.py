"""Layers, initialization and checks that several networks share."""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def conv_bn_relu(inputs: int, outputs: int, kernel: int = 3, stride: int = 1, leak: float = 0.0,
                 bias: bool = True) -> nn.Sequential:
    """Convolution, batch norm and ReLU (LeakyReLU with `leak`); the stride divides H and W."""
    # This padding keeps the size for kernels of 1 and 3, and halves it for 4x4 with stride 2.
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=(kernel - 1) // 2, bias=bias)
    activation = nn.LeakyReLU(leak, inplace=True) if leak else nn.ReLU(inplace=True)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), activation)


def double_conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1,
                leak: float = 0.0) -> nn.Sequential:
    """Two times `conv_bn_relu`; kernel and stride are those of the first, the second is 3x3."""
    return nn.Sequential(conv_bn_relu(inputs, outputs, kernel, stride, leak),
                         conv_bn_relu(outputs, outputs, leak=leak))


def receptive_field(layers: Iterable[nn.Module]) -> int:
    """Side, in pixels, of the input region that one output of convolutions and pools depends on."""
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

    The same rule as w = z / sqrt(n / 2), Koo 2016, equation 3, for n inputs and standard normal z.
    """
    for layer in net.modules():
        # For a 2x2 transposed convolution that halves the channels, torch counts a fan-in twice as
        # large, so its variance is 1/n. That is right in the U-Net, where no ReLU follows it.
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return net


def glorot_init(net: nn.Module) -> None:
    """Initialize convolutions as in Glorot and Bengio 2010 (uniform), with biases of zero."""
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)


class Decoder(nn.Module):
    """Upsample an encoder's deepest tensor to full size, with two 3x3 convolutions per level.

    widths   channels of the encoder's tensors, the one of the highest resolution first
    outputs  channels of the result
    width    channels of the last level; each deeper level has twice as many
    skip     True: each level also gets the encoder's tensor of its size, as in a U-Net
    """

    def __init__(self, widths: tuple[int, ...], outputs: int, width: int = 16, skip: bool = False):
        super().__init__()
        if width < 1:
            raise ValueError(f"width must be at least 1, got {width}")
        self.skip, self.up, channels = skip, nn.ModuleList(), widths[-1]
        for level in reversed(range(len(widths) - 1)):
            out = width * 2 ** (level + 1)
            self.up.append(double_conv(channels + (widths[level] if skip else 0), out))
            channels = out
        self.top, self.last = conv_bn_relu(channels, width), nn.Conv2d(width, outputs, 1)
        he_init(self)
        nn.init.zeros_(self.last.weight)  # the first prediction is gray

    def forward(self, stages: list[Tensor], size: torch.Size) -> Tensor:
        """Encoder tensors, highest resolution first, and (H, W) -> (N, outputs, H, W)."""
        x = stages[-1]  # N c h w, the deepest
        for unit, encoded in zip(self.up, stages[-2::-1], strict=True):
            x = F.interpolate(x, encoded.shape[-2:])  # N c 2h 2w, nearest neighbors
            if self.skip:
                x = torch.cat([encoded, x], dim=1)  # N c+e 2h 2w
            x = unit(x)  # N c/2 2h 2w
        x = self.top(F.interpolate(x, size))  # N width H W
        return self.last(x)  # N outputs H W


class InPieces(nn.Module):
    """A colorization network that sees every square piece of the picture alone.

    The control for what a wide view is worth: the same weights and the same amount of computing,
    but no output depends on a pixel outside its own piece.

    net    maps (N, 1, side, side) to (N, C, side, side)
    side   of a piece in pixels; ValueError if it does not divide height and width of the input
    """

    def __init__(self, net: nn.Module, side: int = 8) -> None:
        super().__init__()
        self.net, self.side = net, side

    def forward(self, x: Tensor) -> Tensor:
        check_gray(x, self.side)
        side, rows, columns = self.side, x.shape[2] // self.side, x.shape[3] // self.side
        x = x.reshape(-1, rows, side, columns, side).transpose(2, 3)  # N rows columns side side
        y = self.net(x.reshape(-1, 1, side, side))  # N·rows·columns C side side
        y = y.unflatten(0, (-1, rows, columns)).permute(0, 3, 1, 4, 2, 5)
        return y.flatten(4, 5).flatten(2, 3)  # N C H W


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
            raise ValueError(f"expected noise of shape {(len(x), self.noise)}, "
                             f"got {tuple(z.shape)}")
        return z


def check_gray(x: Tensor, multiple: int = 1) -> None:
    """Raise ValueError unless x is (N, 1, H, W), with H and W multiples of `multiple`."""
    if x.ndim != 4 or x.shape[1] != 1:
        raise ValueError(f"expected gray images of shape (N, 1, H, W), got {tuple(x.shape)}")
    if x.shape[-2] % multiple or x.shape[-1] % multiple:
        raise ValueError(f"sides must be multiples of {multiple}, got {tuple(x.shape[-2:])}: "
                         "call the network through Colorizer, which pads")


def check_pair(gray: Tensor, color: Tensor, size: int | None = None) -> None:
    """Raise ValueError unless gray is (N, 1, H, W) and color (N, C, H, W), N, H, W the same.

    size   of a discriminator that takes images of size x size pixels only
    """
    check_gray(gray)
    if color.ndim != 4 or gray.shape[::2] != color.shape[::2] or gray.shape[3] != color.shape[3]:
        raise ValueError("expected gray (N, 1, H, W) and its color (N, C, H, W), got "
                         f"{tuple(gray.shape)} and {tuple(color.shape)}")
    if size is not None and gray.shape[-2:] != (size, size):
        raise ValueError(f"this discriminator takes images of {size}x{size} pixels, "
                         f"got {tuple(gray.shape[-2:])}")
