"""The pieces that more than one network uses."""
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def conv_bn_relu(inputs: int, outputs: int, kernel: int = 3, leak: float = 0.0, strided: bool = False,
                 bias: bool = True) -> nn.Sequential:
    """Convolution that keeps height and width, or (strided, 4x4 weights) halves them; batch norm, (leaky) ReLU."""
    conv = (nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=bias) if strided else
            nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias))
    act = nn.LeakyReLU(leak, inplace=True) if leak else nn.ReLU(inplace=True)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), act)


def receptive_field(layers: Iterable[nn.Module]) -> int:
    """Pixels a side that one answer depends on, of convolutions and pools one after the other; other layers see one."""
    side = 1
    for layer in reversed([part for one in layers for part in one.modules()]):
        if isinstance(layer, nn.Conv2d | nn.MaxPool2d):
            kernel, stride, dilation = (n if isinstance(n, int) else n[0] for n in
                                        (layer.kernel_size, layer.stride, layer.dilation))
            side = (side - 1) * stride + dilation * (kernel - 1) + 1
    return side


def he_init(net: nn.Module) -> nn.Module:
    """Weights from a normal distribution with variance 2 / fan-in, biases zero (He et al. 2015; K, equation 3).

    K prints w = z / sqrt(n/2) with z standard normal and n the connections of a response: variance 2/n.
    Of a transposed convolution torch counts twice as many (2x2, stride 2, half the channels), so that it starts with
    variance 1/n: right where no ReLU follows, as in the U-Net.
    """
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return net


class Decoder(nn.Module):
    """From an encoder's deepest tensor back to full size: at each level twice the size (nearest), two 3x3 convolutions.

    widths   channels of the encoder's tensors, the highest (largest) first
    width    channels of the last level, doubled with each level below
    skip     True: each level takes in the encoder's tensor of its size, as in a U-Net; False: only the deepest counts

    Batch norm and ReLU behind each convolution but the last, 1x1, which starts at zero: the first answer is gray.
    """

    def __init__(self, widths: tuple[int, ...], outputs: int, width: int = 16, skip: bool = False):
        super().__init__()
        if width < 1:
            raise ValueError(f"width must be at least 1, got {width}")
        self.skip, self.up, channels = skip, nn.ModuleList(), widths[-1]
        for level in reversed(range(len(widths) - 1)):                      # whose size the unit answers in
            out = width * 2 ** (level + 1)
            self.up.append(nn.Sequential(conv_bn_relu(channels + (widths[level] if skip else 0), out),
                                         conv_bn_relu(out, out)))
            channels = out
        self.top, self.last = conv_bn_relu(channels, width), nn.Conv2d(width, outputs, 1)
        he_init(self)
        nn.init.zeros_(self.last.weight)

    def forward(self, seen: list[Tensor], size: torch.Size) -> Tensor:
        """The encoder's tensors, the highest first, and H, W -> (N, outputs, H, W)."""
        x = seen[-1]                                                        # N c h w
        for unit, below in zip(self.up, seen[-2::-1], strict=True):
            x = _to(x, below.shape[-2:])                                    # N c 2h 2w
            x = unit(torch.cat([below, x], dim=1) if self.skip else x)
        return self.last(self.top(_to(x, size)))


def _to(x: Tensor, size: torch.Size) -> Tensor:
    return x if x.shape[-2:] == size else F.interpolate(x, size=size, mode="nearest")


def draw_noise(n: int, noise: int, like: Tensor, seed: int | None = None) -> Tensor:
    """z for n images, (n, noise), standard normal; by torch's global generator, or the same each time for a seed."""
    if seed is None:
        return torch.randn(n, noise, dtype=like.dtype, device=like.device)
    rows = -(-n // 16) * 16                                     # so that torch draws the first ones alike for any n
    return torch.randn(rows, noise, generator=torch.Generator().manual_seed(seed))[:n].to(like)


def check_noise(z: Tensor, n: int, noise: int) -> None:
    """ValueError unless z is (n, noise)."""
    if z.shape != (n, noise):
        raise ValueError(f"expected noise of shape {(n, noise)}, got {tuple(z.shape)}")


def check_gray(x: Tensor, multiple: int = 1) -> None:
    """ValueError unless x is (N, 1, H, W), with H and W multiples of `multiple`."""
    if x.ndim != 4 or x.shape[1] != 1:
        raise ValueError(f"expected gray images of shape (N, 1, H, W), got {tuple(x.shape)}")
    if x.shape[-2] % multiple or x.shape[-1] % multiple:
        raise ValueError(f"sides must be multiples of {multiple}, got {tuple(x.shape[-2:])}: "
                         "call the network through Colorizer, which pads")


def check_pair(gray: Tensor, color: Tensor) -> None:
    """ValueError unless gray is (N, 1, H, W) and color (N, C, H, W) of the same N, H and W."""
    check_gray(gray)
    if color.ndim != 4 or gray.shape[::2] != color.shape[::2] or gray.shape[3] != color.shape[3]:
        raise ValueError(f"expected gray (N, 1, H, W) and its color (N, C, H, W), got {tuple(gray.shape)} and "
                         f"{tuple(color.shape)}")
