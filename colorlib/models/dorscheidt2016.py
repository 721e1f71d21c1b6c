"""The four compact networks of Dorscheidt et al. 2016, which differ in one property at a time.

    DorscheidtNet(width=24, outputs=2)  # regression
    DorscheidtNet(width=24, outputs=261)  # classification
    DorscheidtNet(width=24, outputs=261, dilated=True, concat=False)  # with dilated convolutions
    DorscheidtNet(width=24, outputs=261, dilated=True)  # and with concatenation

Notebook 04 explains them.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlib.models.blocks import check_gray


class DorscheidtNet(nn.Module):
    """Encoder, bottom and decoder of 3x3 convolutions with batch norm and ReLU, two per level.

    width     channels of the first level; the next two have 2 and 4 times as many
    outputs   2 for regression, the number of color bins for classification
    dilated   False: three 2x2 max-pools, and two convolutions at 1/8 of the size. True: two
              strides of 2, and two blocks of three dilated convolutions at 1/4 of the size
    concat    each level of the decoder also gets the encoder's tensor of its size
    cell      1 or 2: predict one output per cell x cell pixels; with 2, the decoder ends a level
              earlier

    H and W must be multiples of `multiple`. The paper's text and table II give: the operations,
    3x3 kernels, bilinear upsampling, Glorot's uniform initialization, and zero padding, or
    mirrored padding in dilated convolutions. Its figures with widths and depths are lost, so we
    chose: the levels; dilations 1, 2 and 4, with which three layers cover 15 pixels, as figure 3
    says; batch norm before ReLU; a last layer of 1x1. All four networks share width and encoder,
    which keeps their parameter counts, without the last layer, within a quarter of each other.
    """

    def __init__(self, width: int = 24, outputs: int = 2, dilated: bool = False,
                 concat: bool = True, cell: int = 1):
        super().__init__()
        if width < 1:
            raise ValueError(f"width must be at least 1, got {width}")
        if cell not in (1, 2):
            raise ValueError(f"cell must be 1 or 2, got {cell}")
        self.config = {"model": "compact", "width": width, "outputs": outputs, "dilated": dilated,
                       "concat": concat, "cell": cell}
        self.dilated, self.concat = dilated, concat
        self.multiple = 4 if dilated else 8
        w = [width, 2 * width, 4 * width]
        stride = 2 if dilated else 1
        self.down = nn.ModuleList(
            [_level(1, w[0]), _level(w[0], w[1], stride), _level(w[1], w[2], stride)])
        if dilated:
            self.bottom = nn.Sequential(*(_layer(w[2], w[2], dilation=d) for d in 2 * (1, 2, 4)))
        else:
            self.bottom = _level(w[2], w[2])
        # The dilated network's bottom has the size of level 2, so its decoder starts at level 1.
        levels = [1, 0] if dilated else [2, 1, 0]
        self.decoded_levels = [level for level in levels if 2 ** level >= cell]
        channels, self.up = w[2], nn.ModuleList()
        for level in self.decoded_levels:
            self.up.append(_level(channels + (w[level] if concat else 0), w[level]))
            channels = w[level]
        self.last = nn.Conv2d(channels, outputs, 1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.xavier_uniform_(layer.weight)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Gray (N, 1, H, W) -> (N, outputs, H / cell, W / cell)."""
        check_gray(x, self.multiple)
        skips = []
        for level in self.down:
            x = level(x)  # N 2c h w, the first one N width H W
            skips.append(x)
            if not self.dilated:
                x = F.max_pool2d(x, 2)  # N 2c h/2 w/2; a stride has the same effect
        x = self.bottom(x)  # N 4*width H/8 W/8 (dilated: H/4 W/4)
        for level, unit in zip(self.decoded_levels, self.up, strict=True):
            x = F.interpolate(x, scale_factor=2, mode="bilinear")  # N c 2h 2w
            if self.concat:
                x = torch.cat([skips[level], x], dim=1)  # N c+e 2h 2w
            x = unit(x)  # N c' 2h 2w
        return self.last(x)  # N outputs H/cell W/cell


class _MirroredConv(nn.Conv2d):
    """A dilated 3x3 convolution that keeps the size by mirroring the border."""

    def forward(self, x: Tensor) -> Tensor:
        d = self.dilation[0]
        # Mirroring needs more than d pixels; smaller images repeat their border.
        mode = "reflect" if d < min(x.shape[-2:]) else "replicate"
        x = F.pad(x, (d,) * 4, mode=mode)  # N c h+2d w+2d
        return super().forward(x)  # N c h w


def _layer(inputs: int, outputs: int, stride: int = 1, dilation: int = 0) -> nn.Sequential:
    conv = (_MirroredConv(inputs, outputs, 3, dilation=dilation) if dilation else
            nn.Conv2d(inputs, outputs, 3, stride, padding=1))
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def _level(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(_layer(inputs, outputs, stride), _layer(outputs, outputs))
