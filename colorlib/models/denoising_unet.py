"""DenoisingUNet: turns noise into one possible coloring of a gray image, step by step.

    net = DenoisingUNet()
    mean = net(x, noisy, time)              # in training, by a step of `train`
    ab = net(x)                             # a sample: noise, moved towards these means

Conditional flow matching with straight paths from noise to colors (Lipman et al. 2023, "Flow
Matching for Generative Modeling"; Liu et al. 2023, "Flow Straight and Fast"). The network predicts
the end of the path, the clean colors, from which the velocity follows: with Gaussian noise this is
a diffusion model, too. None of the course's sources has it. Notebook 09 builds it.
"""

import zlib
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlib.models.blocks import check_gray

EMBEDDED = 32  # numbers that stand for the time


class DenoisingUNet(nn.Module):
    """Gray (N, 1, H, W), noisy colors (N, 2, H, W), times (N,) -> mean of the clean colors.

    widths   channels at a half, a quarter ... of the resolution; multiples of 8
    steps    from noise to a sample, where none is given

    H and W are multiples of `net.multiple`. Without noisy colors it returns a sample, (N, 2, H, W),
    in the numbers of the target; in evaluation mode the same one for the same gray image.
    """

    def __init__(self, widths: Sequence[int] = (48, 96, 128), steps: int = 20, outputs: int = 2):
        super().__init__()
        if steps < 1 or not widths or any(width < 8 or width % 8 for width in widths):
            raise ValueError("expected widths that are multiples of 8, and at least one step, "
                             f"got {widths=}, {steps=}")
        if len(widths) > 8:  # a file may ask for it
            raise ValueError(f"at most 8 levels, got {widths=}")
        self.config = dict(model="denoising-unet", widths=list(widths), steps=steps,
                           outputs=outputs)
        self.multiple, self.steps, self.outputs = 2 ** len(widths), steps, outputs
        # Four pixels become the channels of one, so that no layer runs at full resolution.
        self.first = nn.Conv2d(4 * (1 + outputs), widths[0], 3, padding=1)
        self.down = nn.ModuleList(map(TimedBlock, (widths[0], *widths), widths))
        self.narrow = nn.ModuleList(nn.Conv2d(low, high, 1)
                                    for high, low in zip(widths, widths[1:]))
        self.up = nn.ModuleList(TimedBlock(width, width) for width in widths[:-1])
        self.last = nn.Conv2d(widths[0], 4 * outputs, 3, padding=1)
        nn.init.zeros_(self.last.weight)  # training starts from nearly gray

    def forward(self, x: Tensor, noisy: Tensor | None = None, time: Tensor | None = None) -> Tensor:
        check_gray(x, self.multiple)
        if noisy is None:
            return self.sample(x)
        embedded = embed_time(time)  # N 32
        h = self.first(F.pixel_unshuffle(torch.cat([x, noisy], dim=1), 2))  # N w H/2 W/2
        levels = []
        for block in self.down:
            h = block(F.avg_pool2d(h, 2) if levels else h, embedded)  # N w' h/2 w/2
            levels.append(h)
        h = levels.pop()
        for block, narrow in zip(reversed(self.up), reversed(self.narrow), strict=True):
            h = levels.pop() + F.interpolate(narrow(h), scale_factor=2)  # N w 2h 2w
            h = block(h, embedded)
        return F.pixel_shuffle(self.last(F.silu(h)), 2)  # N 2 H W

    def sample(self, x: Tensor, noise: Tensor | None = None, steps: int | None = None) -> Tensor:
        """Move noise (N, 2, H, W) step by step to clean colors, from time 0 to time 1.

        noise    standard normal. None: drawn in training; in evaluation by the gray image
        steps    how many; None: `self.steps`. One step gives the mean of all colorings
        """
        y = self._noise(x) if noise is None else noise
        for now, then in pairwise(step_times(steps or self.steps)):
            mean = self(x, y, x.new_full((len(x),), now)).to(y.dtype)
            # On a straight path, what is left of the way is left of the time.
            y = y + (mean - y) * (then - now) / (1 - now)
        return y

    def _noise(self, x: Tensor) -> Tensor:
        shape = (self.outputs, *x.shape[2:])
        if self.training:
            return torch.randn(len(x), *shape, dtype=x.dtype, device=x.device)
        draws = []
        for gray in x.detach().float().cpu():  # 1 H W; so that the rest of the batch is no matter
            seed = zlib.crc32(gray.contiguous().numpy().tobytes())
            draws.append(torch.randn(shape, generator=torch.Generator().manual_seed(seed)))
        return torch.stack(draws).to(x)


class TimedBlock(nn.Module):
    """Two 3x3 convolutions beside a skip; between them, the time is added to each channel."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.first = nn.Sequential(nn.GroupNorm(8, inputs), nn.SiLU(),
                                   nn.Conv2d(inputs, outputs, 3, padding=1))
        self.by_time = nn.Linear(EMBEDDED, outputs)
        self.second = nn.Sequential(nn.GroupNorm(8, outputs), nn.SiLU(),
                                    nn.Conv2d(outputs, outputs, 3, padding=1))
        self.skip = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, embedded: Tensor) -> Tensor:
        """(N, inputs, h, w) and the embedded times (N, 32) -> (N, outputs, h, w)."""
        h = self.first(x) + self.by_time(embedded)[:, :, None, None]
        return self.skip(x) + self.second(h)


def step_times(steps: int) -> list[float]:
    """Times from 0 to 1, close to each other at first: which color it will be is decided early."""
    return [(step / steps) ** 2 for step in range(steps + 1)]


def embed_time(time: Tensor) -> Tensor:
    """Times (N,), 0...1 -> sines and cosines of 16 frequencies, (N, 32)."""
    frequencies = torch.logspace(0, 3, EMBEDDED // 2, device=time.device)
    angles = time[:, None] * frequencies  # N 16
    return torch.cat([angles.sin(), angles.cos()], dim=1)
