"""Discriminators: is this the true color of that gray image?

    net = PatchDiscriminator(n_layers=2)  # one output per patch (Isola et al. 2017)
    logits = net(gray, ab)  # N 1 32 32, N 2 32 32 -> N 1 6 6; the patches have 34x34 pixels
    logits = ImageDiscriminator()(gray, ab)  # one output per image: N 1
    logits = ImageColorDiscriminator()(gray, ab)  # looks at ab alone (Pérez García 2020)

Both return logits; the sigmoid that the papers draw is part of the loss. Notebooks 05 and 06.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from colorlib.models.blocks import check_pair, he_init, receptive_field

NORMS = ("batch", "instance", "spectral", "none")


class PatchDiscriminator(nn.Module):
    """PatchGAN (Isola et al. 2017, pix2pix): one logit per overlapping patch of the image.

    n_layers  4x4 convolutions of stride 2; two of stride 1 follow. 1, 2, 3: patches of 16, 34, 70
    width     channels of the first layer, doubled with each layer up to eight times
    inputs    channels of gray and color together
    norm      "batch" (pix2pix), "instance" or "none", in all layers except the first and last;
              "spectral": spectral normalization of the weights of all layers
    """

    def __init__(self, n_layers: int = 2, width: int = 64, inputs: int = 3, norm: str = "batch"):
        super().__init__()
        if n_layers < 1 or width < 1:
            raise ValueError(f"n_layers and width must be at least 1, got {n_layers} and {width}")
        if norm not in NORMS:
            raise ValueError(f"unknown norm {norm!r}: expected one of {', '.join(NORMS)}")
        self.config = dict(model="patch", n_layers=n_layers, width=width, inputs=inputs, norm=norm)

        def convolution(inputs: int, outputs: int, stride: int, bias: bool = True) -> nn.Module:
            conv = nn.Conv2d(inputs, outputs, 4, stride, padding=1, bias=bias)
            nn.init.normal_(conv.weight, std=0.02)  # as in pix2pix
            if bias:
                nn.init.zeros_(conv.bias)
            return spectral_norm(conv) if norm == "spectral" else conv

        self.n_layers, layers, channels = n_layers, [], inputs
        for i in range(n_layers + 1):
            out, stride = width * min(2 ** i, 8), 2 if i < n_layers else 1
            normalized = i > 0 and norm in ("batch", "instance")
            # A bias would have no effect before a normalization, which subtracts the mean.
            layers.append(convolution(channels, out, stride, bias=not normalized))
            if normalized:
                layers.append(nn.BatchNorm2d(out) if norm == "batch" else nn.InstanceNorm2d(out))
            layers.append(nn.LeakyReLU(0.2))
            channels = out
        self.layers = nn.Sequential(*layers, convolution(channels, 1, stride=1))

    @property
    def receptive_field(self) -> int:
        """Side of the patch that one output depends on, in pixels."""
        return receptive_field(self.layers)

    def output_size(self, size: int) -> int:
        """Side of the output for images of size x size pixels; below 1, the image is too small."""
        for conv in (layer for layer in self.layers if isinstance(layer, nn.Conv2d)):
            size = (size + 2 - 4) // conv.stride[0] + 1  # padding 1 on both sides, 4x4 weights
        return size

    def forward(self, gray: Tensor, color: Tensor) -> Tensor:
        """Gray (N, 1, H, W) and color (N, inputs - 1, H, W) -> logits (N, 1, h, w)."""
        check_pair(gray, color)
        if self.output_size(min(gray.shape[-2:])) < 1:
            raise ValueError(f"n_layers={self.n_layers} leaves no patch of an image of "
                             f"{tuple(gray.shape[-2:])} pixels: take fewer layers or larger images")
        x = torch.cat([gray, color], dim=1)  # N inputs H W
        return self.layers(x)  # N 1 h w


class ImageDiscriminator(nn.Module):
    """One logit per image (Nazeri and Ng 2018, section 3.2; Pérez, "common sigmoid").

    width    channels of the first unit, doubled with each
    levels   number of units; the last convolution covers all size / 2 ** levels pixels left
    inputs   channels of gray and color together
    size     side of the images, a multiple of 2 ** levels
    dropout, late_dropout   its rate, and whether it comes after the pool instead of before it

    The papers do not give width and levels. Figure 4 of Nazeri and Ng names MaxOut where the text
    says max-pooling; we follow the text.
    """

    def __init__(self, width: int = 32, levels: int = 4, inputs: int = 3, size: int = 32,
                 dropout: float = 0.2, late_dropout: bool = False):
        super().__init__()
        if levels < 1 or size % 2 ** levels:
            raise ValueError(f"size must be a multiple of 2 ** levels, got {size=}, {levels=}")
        self.config = dict(model="image", width=width, levels=levels, inputs=inputs, size=size,
                           dropout=dropout)
        if late_dropout:
            self.config["late_dropout"] = True
        self.size, layers, channels = size, [], inputs
        for i in range(levels):
            out = width * 2 ** i
            ending = [nn.Dropout(dropout), nn.MaxPool2d(2)]
            if late_dropout:
                # After the pool, dropout draws a quarter of the random numbers, which saves a fifth
                # of a training step on two CPU cores.
                ending.reverse()
            layers += [nn.Conv2d(channels, out, 3, padding=1), nn.BatchNorm2d(out),
                       nn.LeakyReLU(0.2), *ending]
            channels = out
        self.layers = nn.Sequential(*layers, nn.Conv2d(channels, 1, size // 2 ** levels),
                                    nn.Flatten())
        he_init(self)

    def forward(self, gray: Tensor, color: Tensor) -> Tensor:
        """Gray (N, 1, size, size) and color (N, inputs - 1, size, size) -> logits (N, 1)."""
        check_pair(gray, color, self.size)
        x = torch.cat([gray, color], dim=1)  # N inputs size size
        return self.layers(x)  # N 1


class PatchColorDiscriminator(PatchDiscriminator):
    """A PatchGAN that sees the color alone, so it cannot compare it with the picture.

    Pérez García 2020, chapter 3, feeds the discriminator the ab vectors, without L.
    """

    def __init__(self, n_layers: int = 2, width: int = 64, inputs: int = 2, norm: str = "batch"):
        super().__init__(n_layers, width, inputs, norm)
        self.config["model"] = "patch-ab"

    def forward(self, gray: Tensor, color: Tensor) -> Tensor:
        """Gray (N, 1, H, W), which is not used, and color (N, inputs, H, W) -> logits."""
        return super().forward(*_color_alone(gray, color))


class ImageColorDiscriminator(ImageDiscriminator):
    """One logit per image, from its color alone (Pérez García 2020, chapter 3)."""

    def __init__(self, width: int = 32, levels: int = 4, inputs: int = 2, size: int = 32,
                 dropout: float = 0.2, late_dropout: bool = False):
        super().__init__(width, levels, inputs, size, dropout, late_dropout)
        self.config["model"] = "image-ab"

    def forward(self, gray: Tensor, color: Tensor) -> Tensor:
        """Gray (N, 1, size, size), not used, and color (N, inputs, size, size) -> logits (N, 1)."""
        return super().forward(*_color_alone(gray, color))


def _color_alone(gray: Tensor, color: Tensor) -> tuple[Tensor, Tensor]:
    """The color in two parts, which a discriminator joins again; gray is only checked."""
    check_pair(gray, color)
    return color[:, :1], color[:, 1:]
