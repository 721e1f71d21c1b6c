"""HintUNet: a U-Net that also sees a few true colors, the hints of a user.

    net = HintUNet()
    hints = draw_hints(targets)             # N 3 H W: two color channels, and where they are given
    colors = net(x, hints)                  # net(x): without hints, as any other network

After Zhang et al. 2017, "Real-Time User-Guided Image Colorization with Learned Deep Priors".
Notebook 08 trains it.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlib.models.blocks import check_gray, he_init

MOST_HINTS = 128  # in training; the number is log-uniform below it


class HintUNet(nn.Module):
    """(N, 1, H, W), and hints (N, 3, H, W) -> (N, outputs, H, W); without hints, there are none.

    stem     channels of the only layer at full resolution
    widths   channels at a half, a quarter ... of the resolution

    H and W are multiples of `net.multiple`. The two color channels of the hints are in the numbers
    of the target, and 0 where the third channel, the mask, is 0.
    """

    def __init__(self, stem: int = 16, widths: Sequence[int] = (32, 64, 128), outputs: int = 2):
        super().__init__()
        if stem < 1 or not widths or min(widths) < 1 or len(widths) > 8:
            raise ValueError("expected a stem of at least 1 and one to eight widths, "
                             f"got {stem=}, {widths=}")
        self.config = dict(model="hint-unet", stem=stem, widths=list(widths), outputs=outputs)
        self.multiple = 2 ** len(widths)
        self.stem = nn.Sequential(_conv(4, stem), _conv(stem, widths[0], stride=2))
        self.down = nn.ModuleList(nn.Sequential(_conv(above, width), _conv(width, width))
                                  for above, width in zip((widths[0], *widths), widths))
        self.narrow = nn.ModuleList(nn.Conv2d(low, high, 1)
                                    for high, low in zip(widths, widths[1:]))
        self.up = nn.ModuleList(_conv(width, width) for width in widths[:-1])
        self.last = nn.Conv2d(widths[0], 4 * outputs, 1)
        he_init(self)
        nn.init.zeros_(self.last.weight)  # training starts from gray

    def forward(self, x: Tensor, hints: Tensor | None = None) -> Tensor:
        check_gray(x, self.multiple)
        if hints is None:
            hints = x.new_zeros(len(x), 3, *x.shape[2:])
        h, levels = self.stem(torch.cat([x, hints], dim=1)), []  # N w H/2 W/2
        for convs in self.down:
            h = convs(F.max_pool2d(h, 2) if levels else h)  # N w' h/2 w/2
            levels.append(h)
        h = levels.pop()
        for conv, narrow in zip(reversed(self.up), reversed(self.narrow), strict=True):
            h = conv(levels.pop() + F.interpolate(narrow(h), scale_factor=2))  # N w 2h 2w
        return F.pixel_shuffle(self.last(h), 2)  # N outputs H W


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """3x3 convolution, batch norm and SiLU."""
    conv = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.SiLU())


def draw_hints(targets: Tensor) -> Tensor:
    """Reveal the colors of some pixels, as a training does: (N, 2, H, W) -> (N, 3, H, W).

    The number of pixels is drawn for each picture, log-uniform from none to MOST_HINTS, so that
    none, one, ten and a hundred are all common; where they are is uniform. Zhang et al. 2017 draw
    from a geometric distribution, with eight on average, and reveal patches of up to 9x9 pixels of
    larger pictures.
    """
    count, pixels = len(targets), targets.shape[2:].numel()
    most = min(MOST_HINTS, pixels)
    exponent = torch.rand(count, 1, device=targets.device)
    number = ((most + 1) ** exponent - 1).long()  # N 1, from 0 to most - 1
    place = torch.rand(count, pixels, device=targets.device).argsort(1).argsort(1)  # N H·W
    mask = (place < number).view(count, 1, *targets.shape[2:]).to(targets.dtype)
    return torch.cat([targets * mask, mask], dim=1)
