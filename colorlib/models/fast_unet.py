"""A U-Net that learns in minutes on two CPU cores. It is the course's own; no source has it.

    net = FastUNet()  # 877,144 parameters

Notebook 03 builds the ordinary U-Net, which spends most of its time on the largest tensors. Here
only one small layer runs at full resolution, and the decoder ends at half of it.
"""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from colorlib.models.blocks import check_gray, he_init


class FastUNet(nn.Module):
    """(N, 1, H, W) -> (N, outputs, H, W); H and W multiples of 2 ** len(widths).

    stem      channels of the only layer at full resolution
    widths    channels at a half, a quarter, an eighth ... of the resolution
    encoder   3x3 convolutions at each of these levels, besides the one that changes the channels
    decoder   3x3 convolutions at each level of the way up, the largest first
    """

    def __init__(self, stem: int = 16, widths: Sequence[int] = (48, 96, 160),
                 encoder: Sequence[int] = (1, 1, 2), decoder: Sequence[int] = (1, 1),
                 outputs: int = 2):
        super().__init__()
        if not len(widths) == len(encoder) == len(decoder) + 1:
            raise ValueError("expected a number for each level in widths and encoder, and one less "
                             f"in decoder, got {widths}, {encoder} and {decoder}")
        if max(*encoder, *decoder, 0) > 16:
            raise ValueError(f"at most 16 convolutions a level, got {encoder} and {decoder}")
        self.config = dict(model="fast-unet", stem=stem, widths=list(widths),
                           encoder=list(encoder), decoder=list(decoder), outputs=outputs)
        self.multiple = 2 ** len(widths)
        self.stem = nn.Sequential(_conv(1, stem), _conv(stem, widths[0], stride=2))
        self.down = nn.ModuleList([_convs(widths[0], encoder[0])])
        for above, width, count in zip(widths, widths[1:], encoder[1:]):
            self.down.append(nn.Sequential(_conv(above, width), *_convs(width, count)))
        # A 1x1 convolution before upsampling costs a quarter of one after it.
        self.up = nn.ModuleList(nn.Conv2d(low, high, 1, bias=False)
                                for high, low in zip(widths, widths[1:]))
        self.merge = nn.ModuleList(_convs(width, count) for width, count in zip(widths, decoder))
        self.last = nn.Conv2d(widths[0], 4 * outputs, 1)
        he_init(self)
        nn.init.zeros_(self.last.weight)  # training starts from gray

    def forward(self, x: Tensor) -> Tensor:
        check_gray(x, self.multiple)
        x = self.down[0](self.stem(x))  # N w H/2 W/2
        skipped = []
        for unit in self.down[1:]:
            skipped.append(x)
            x = unit(F.max_pool2d(x, 2))  # N c' h/2 w/2
        for up, merge in zip(reversed(self.up), reversed(self.merge), strict=True):
            x = F.interpolate(up(x), scale_factor=2)  # N c 2h 2w
            x = merge(skipped.pop() + x)  # added: half as many channels as if concatenated
        # Four predictions for each place at half resolution, laid out as 2 x 2 pixels.
        return F.pixel_shuffle(self.last(x), 2)  # N outputs H W


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """3x3 convolution, batch norm and SiLU."""
    conv = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.SiLU(inplace=True))


def _convs(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(_conv(width, width) for _ in range(count)))
