"""Discriminators: is this the true color of that gray image? One is asked about each patch, one about the whole image.

    net = PatchDiscriminator(n_layers=2)            # P2: pix2pix's (Isola et al. 2017)
    net(gray, ab)                                   # N 1 H W, N 2 H W -> N 1 6 6 at 32 pixels: logits
    net.receptive_field                             # 34 pixels

Both answer logits: the sigmoid that the sources draw belongs to the loss. Explained in notebooks 05 and 06.
"""
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from colorlib.models.blocks import check_pair, he_init, receptive_field

NORMS = ("batch", "instance", "spectral", "none")


class PatchDiscriminator(nn.Module):
    """4x4 convolutions, n_layers of stride 2, then two of stride 1; LeakyReLU 0.2; norm in all but the first and last.

    gray (N, 1, H, W) and color (N, inputs - 1, H, W) -> (N, 1, h, w) logits, one for each patch
    n_layers  1, 2, 3: patches of 16, 34, 70 pixels (`receptive_field` computes them)
    width     channels of the first layer; doubled with each, up to eight times
    norm      "batch" (pix2pix), "instance", "none"; "spectral": the weights of all layers, the first and last too

    ValueError if the image is too small for one patch to be left. Weights: normal, deviation 0.02 (pix2pix, DCGAN).
    """

    def __init__(self, n_layers: int = 2, width: int = 64, inputs: int = 3, norm: str = "batch"):
        super().__init__()
        if n_layers < 1 or width < 1:
            raise ValueError(f"n_layers and width must be at least 1, got {n_layers} and {width}")
        if norm not in NORMS:
            raise ValueError(f"unknown norm {norm!r}: expected one of {', '.join(NORMS)}")
        self.config = {"model": "patch", "n_layers": n_layers, "width": width, "inputs": inputs, "norm": norm}
        self.n_layers, layers, c = n_layers, [], inputs
        for i in range(n_layers + 1):
            out, stride = width * min(2 ** i, 8), 2 if i < n_layers else 1
            inner = i > 0
            layers.append(_conv(c, out, stride, not (inner and norm in ("batch", "instance")), norm == "spectral"))
            if inner and norm in ("batch", "instance"):
                layers.append(nn.BatchNorm2d(out) if norm == "batch" else nn.InstanceNorm2d(out))
            layers.append(nn.LeakyReLU(0.2))
            c = out
        self.layers = nn.Sequential(*layers, _conv(c, 1, 1, True, norm == "spectral"))

    @property
    def receptive_field(self) -> int:
        """Side of the patch that one answer depends on, in pixels."""
        return receptive_field(self.layers)

    def answers(self, size: int) -> int:
        """Side of the map of answers for images of size x size pixels; 0 or less: too small."""
        for conv in (layer for layer in self.layers if isinstance(layer, nn.Conv2d)):
            size = (size + 2 - 4) // conv.stride[0] + 1
        return size

    def forward(self, gray: Tensor, color: Tensor) -> Tensor:
        check_pair(gray, color)
        side = min(gray.shape[-2:])
        if self.answers(side) < 1:
            raise ValueError(f"n_layers={self.n_layers} leaves no patch of an image of {tuple(gray.shape[-2:])} "
                             "pixels: take fewer layers or larger images")
        return self.layers(torch.cat([gray, color], dim=1))                 # N 1 h w


def _conv(inputs: int, outputs: int, stride: int, bias: bool, spectral: bool) -> nn.Module:
    conv = nn.Conv2d(inputs, outputs, 4, stride, padding=1, bias=bias)
    nn.init.normal_(conv.weight, std=0.02)
    if bias:
        nn.init.zeros_(conv.bias)
    return spectral_norm(conv) if spectral else conv


class ImageDiscriminator(nn.Module):
    """N2's discriminator, and P1's "common sigmoid" one: one answer an image.

    gray (N, 1, size, size) and color (N, inputs - 1, size, size) -> (N, 1) logits
    width    channels of the first of `levels` units, doubled with each: 3x3 convolution, batch norm, LeakyReLU 0.2,
             dropout, 2x2 max-pool (N, section 3.2; figure 4 says MaxOut)
    levels   units; a last convolution over what is left, size / 2 ** levels pixels a side, answers
    late_dropout    dropout behind the pool, which needs a quarter of the random numbers (on two cores a fifth of a
             step of training); N has it before

    Widths and number of units are in figures only; chosen here. P's figure 3.2 is lost, so P1 is read as N2's.
    """

    def __init__(self, width: int = 32, levels: int = 4, inputs: int = 3, size: int = 32, dropout: float = 0.2,
                 late_dropout: bool = False):
        super().__init__()
        if levels < 1 or size % 2 ** levels:
            raise ValueError(f"size must be a multiple of 2 ** levels, got size={size}, levels={levels}")
        self.config = {"model": "image", "width": width, "levels": levels, "inputs": inputs, "size": size,
                       "dropout": dropout}
        if late_dropout:
            self.config["late_dropout"] = True
        self.size, layers, c = size, [], inputs
        for i in range(levels):
            out = width * 2 ** i
            last = [nn.Dropout(dropout), nn.MaxPool2d(2)]
            layers += [nn.Conv2d(c, out, 3, padding=1), nn.BatchNorm2d(out), nn.LeakyReLU(0.2),
                       *(reversed(last) if late_dropout else last)]
            c = out
        self.layers = nn.Sequential(*layers, nn.Conv2d(c, 1, size // 2 ** levels), nn.Flatten())
        he_init(self)

    def forward(self, gray: Tensor, color: Tensor) -> Tensor:
        check_pair(gray, color)
        if gray.shape[-2:] != (self.size, self.size):
            raise ValueError(f"this discriminator judges {self.size}x{self.size} pixels, got {tuple(gray.shape[-2:])}")
        return self.layers(torch.cat([gray, color], dim=1))                 # N 1
