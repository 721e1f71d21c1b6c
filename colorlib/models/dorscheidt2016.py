"""D1 to D4: the four compact networks of Dorscheidt et al. 2016, which differ in one property at a time.

    net = Compact(width=24, outputs=2)                                  # D1, regression
    net = Compact(width=24, outputs=261)                                # D2, classification
    net = Compact(width=24, outputs=261, dilated=True, concat=False)    # D3
    net = Compact(width=24, outputs=261, dilated=True)                  # D4

Explained in notebook 04.
"""
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlib.models.blocks import check_gray


class DorscheidtNet(nn.Module):
    """Encoder, bottom, decoder, of 3x3 convolutions with batch norm and ReLU, two a level.

    (N, 1, H, W) -> (N, outputs, H / cell, W / cell); H and W multiples of `multiple`, else ValueError; `Colorizer` pads
    width     channels of the first level; the next two have 2 and 4 times as many
    outputs   2 (D1), or as many as there are bins (D2 to D4)
    dilated   False (D1, D2): 2x2 max-pools, three of them; at the bottom, at an eighth of the size, two convolutions.
              True (D3, D4): strides, two of them; at the bottom, at a quarter, two blocks of three dilated convolutions
    concat    the way up takes in the level of the same size of the way down (all but D3)
    cell      1 or 2: one answer for cell x cell pixels; at 2 the way up ends a level earlier

    D's text and table II give: the operations, kernels of 3x3, upscaling by bilinear interpolation, Glorot's uniform
    initialization, zero padding, in dilated convolutions mirrored. Widths and depths were in figures that are lost.
    Chosen here: the levels above; dilations 1, 2 and 4 in each block, with which three layers see 15 pixels, as D's
    figure 3 says; batch norm before ReLU; a last layer of 1x1. All four share width and encoder, so that, but for
    the last layer, their parameters stay within a quarter of each other (notebook 04 prints both, and multiply-adds).
    """

    def __init__(self, width: int = 24, outputs: int = 2, dilated: bool = False, concat: bool = True, cell: int = 1):
        super().__init__()
        if width < 1:
            raise ValueError(f"width must be at least 1, got {width}")
        if cell not in (1, 2):
            raise ValueError(f"cell must be 1 or 2, got {cell}")
        self.config = {"model": "compact", "width": width, "outputs": outputs, "dilated": dilated, "concat": concat,
                       "cell": cell}
        self.dilated, self.concat = dilated, concat
        self.multiple = 4 if dilated else 8
        w = [width, 2 * width, 4 * width]
        stride = 2 if dilated else 1
        self.down = nn.ModuleList([_level(1, w[0]), _level(w[0], w[1], stride), _level(w[1], w[2], stride)])
        if dilated:
            self.bottom = nn.Sequential(*(_layer(w[2], w[2], dilation=d) for d in (1, 2, 4, 1, 2, 4)))
            rising = [1, 0]                                     # levels of the way up
        else:
            self.bottom = _level(w[2], w[2])
            rising = [2, 1, 0]
        self.rising = [level for level in rising if 2 ** level >= cell]
        channels, self.up = w[2], nn.ModuleList()
        for level in self.rising:
            self.up.append(_level(channels + (w[level] if concat else 0), w[level]))
            channels = w[level]
        self.last = nn.Conv2d(channels, outputs, 1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.xavier_uniform_(layer.weight)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        check_gray(x, self.multiple)
        mirror = []
        for level in self.down:
            x = level(x)                                        # N c h w
            mirror.append(x)
            if not self.dilated:
                x = F.max_pool2d(x, 2)                          # N c h/2 w/2
        x = self.bottom(x)
        for level, unit in zip(self.rising, self.up, strict=True):
            x = F.interpolate(x, scale_factor=2, mode="bilinear")       # N c 2h 2w
            x = unit(torch.cat([mirror[level], x], dim=1) if self.concat else x)
        return self.last(x)                                     # N outputs H/cell W/cell


class _MirroredConv(nn.Conv2d):
    """A dilated 3x3 convolution that keeps the size: the border is mirrored, or repeated where there is too little."""

    def forward(self, x: Tensor) -> Tensor:
        d = self.dilation[0]
        return super().forward(F.pad(x, (d,) * 4, mode="reflect" if d < min(x.shape[-2:]) else "replicate"))


def _layer(inputs: int, outputs: int, stride: int = 1, dilation: int = 0) -> nn.Sequential:
    conv = (_MirroredConv(inputs, outputs, 3, dilation=dilation) if dilation else
            nn.Conv2d(inputs, outputs, 3, stride, padding=1))
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def _level(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(_layer(inputs, outputs, stride), _layer(outputs, outputs))
