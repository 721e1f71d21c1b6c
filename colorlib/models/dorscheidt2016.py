"""The four compact networks of Dorscheidt et al. 2016, which differ in one property at a time.

    DorscheidtNet(width=24, outputs=2)  # regression
    DorscheidtNet(width=24, outputs=261)  # classification, notebook 04
    DorscheidtNet(width=24, outputs=261, dilated=True, concat=False)  # with dilated convolutions
    DorscheidtNet(width=24, outputs=261, dilated=True)  # and with concatenation
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlib.models.blocks import check_gray, double_conv, glorot_init

PADDINGS = ("reflect", "symmetric")


class DorscheidtNet(nn.Module):
    """Encoder, bottom and decoder of 3x3 convolutions with batch norm and ReLU, two per level.

    width     channels of the first level; the next two have 2 and 4 times as many
    outputs   2 for regression, the number of color bins for classification
    dilated   False: three 2x2 max-pools, and two convolutions at 1/8 of the size. True: two
              strides of 2, and two blocks of three dilated convolutions at 1/4 of the size
    concat    each level of the decoder also gets the encoder's tensor of its size
    cell      1 or 2: predict one output per cell x cell pixels
    padding   of the dilated convolutions; the others pad with zeros. "symmetric" (section III.B)
              repeats the edge: c b a a b c. "reflect" does not, and is that of older checkpoints

    The paper's text and table II give the operations, kernels, upsampling, initialization and
    padding. Its figures with widths and depths are lost, so we chose: the levels; dilations 1, 2
    and 4, with which three layers cover 15 pixels, as figure 3 says; batch norm before ReLU; and
    one width and encoder for all four networks, which then have similar numbers of parameters.
    """

    def __init__(self, width: int = 24, outputs: int = 2, dilated: bool = False,
                 concat: bool = True, cell: int = 1, padding: str = "reflect"):
        super().__init__()
        if padding not in PADDINGS:
            raise ValueError(f"unknown padding {padding!r}: expected {' or '.join(PADDINGS)}")
        if width < 1 or cell not in (1, 2):
            raise ValueError(f"width must be at least 1 and cell 1 or 2, got {width} and {cell}")
        self.config = dict(model="compact", width=width, outputs=outputs, dilated=dilated,
                           concat=concat, cell=cell)
        if padding != "reflect":  # older checkpoints do not name it
            self.config["padding"] = padding
        self.dilated, self.concat = dilated, concat
        self.multiple, stride = (4, 2) if dilated else (8, 1)
        w = [width, 2 * width, 4 * width]
        self.down = nn.ModuleList([double_conv(1, w[0]), double_conv(w[0], w[1], stride=stride),
                                   double_conv(w[1], w[2], stride=stride)])
        self.bottom = (nn.Sequential(*(_dilated_layer(w[2], d, padding) for d in 2 * (1, 2, 4)))
                       if dilated else double_conv(w[2], w[2]))
        # The dilated network's bottom has the size of level 2, so its decoder starts at level 1.
        # With cells of 2x2 pixels, the decoder ends a level earlier.
        levels = [1, 0] if dilated else [2, 1, 0]
        self.decoded_levels = [level for level in levels if 2 ** level >= cell]
        channels, self.up = w[2], nn.ModuleList()
        for level in self.decoded_levels:
            self.up.append(double_conv(channels + (w[level] if concat else 0), w[level]))
            channels = w[level]
        self.last = nn.Conv2d(channels, outputs, 1)
        glorot_init(self)

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
        return super().forward(F.pad(x, (d,) * 4, mode=mode))  # N c h+2d w+2d -> N c h w


class _SymmetricConv(nn.Conv2d):
    """A dilated 3x3 convolution that keeps the size by mirroring the border, edge included."""

    def forward(self, x: Tensor) -> Tensor:
        for dim in (-2, -1):
            x = x.index_select(dim, symmetric_indices(x.shape[dim], self.dilation[0], x.device))
        return super().forward(x)  # N c h+2d w+2d -> N c h w


def symmetric_indices(n: int, pad: int, device: torch.device | str = "cpu") -> Tensor:
    """Which of n pixels stands at each of n + 2 pad places, as NumPy's pad mode "symmetric"."""
    # Forward, then backward, and so on: a wave of period 2n, for any pad.
    place = torch.arange(-pad, n + pad, device=device).remainder(2 * n)
    return torch.minimum(place, 2 * n - 1 - place)


def _dilated_layer(width: int, dilation: int, padding: str) -> nn.Sequential:
    kind = _SymmetricConv if padding == "symmetric" else _MirroredConv
    conv = kind(width, width, 3, dilation=dilation)
    return nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU(inplace=True))
