"""The U-Net (Ronneberger et al. 2015) as Nazeri and Ng 2018, section 3, use it for colorization.

    net = UNet(width=64, depth=4, outputs=3)  # the size in the paper, three Lab channels
    net = UNet(width=16, depth=3)  # small enough for two CPU cores, notebook 03
    net = UNet(width=16, depth=3, leak=0.2)  # the generator of a GAN, notebook 05
"""

import torch
from torch import Tensor, nn

from colorlib.models.blocks import NoiseInput, check_gray, double_conv, he_init


class UNet(NoiseInput, nn.Module):
    """An encoder and a decoder; each decoder level also gets the encoder's tensor of its size.

    width    channels of the first level; each deeper level has twice as many
    depth    number of levels below the first; H and W must be multiples of 2 ** depth
    outputs  channels of the prediction: 2 for ab, 3 for L, a, b, or the number of color bins
    cell     a power of two: predict one output per cell x cell pixels, by leaving out the last
             levels of the decoder
    strided  True: downsample by 4x4 convolutions of stride 2 instead of max-pooling
    leak     slope of the encoder's ReLU for negative inputs; the decoder's is 0
    noise    length of a noise vector that a linear layer adds to the deepest tensor, the same at
             every pixel; 0: none. Koo 2016, section 6, suggests it

    Each level has two 3x3 convolutions with batch norm and ReLU. We read the paper's five encoding
    units as five levels with four pools between them: a fifth pool would leave a single pixel of a
    CIFAR-10 image. Section 3.2 calls the cGAN's generator equal to the baseline, so it pools, too;
    `strided` is what section 5 proposes.
    """

    def __init__(self, width: int = 16, depth: int = 4, outputs: int = 2, cell: int = 1,
                 strided: bool = False, leak: float = 0.0, noise: int = 0):
        super().__init__()
        if width < 1 or depth < 1 or noise < 0:
            raise ValueError("width and depth must be at least 1 and noise at least 0, got "
                             f"{width=}, {depth=}, {noise=}")
        if depth > 12 or width * 2 ** depth > 2 ** 15:  # a file may ask for it
            raise ValueError(f"too many channels: {width=}, {depth=}")
        if cell not in (2 ** i for i in range(depth + 1)):
            raise ValueError(f"cell must be a power of two up to {2 ** depth = }, got {cell}")
        self.config = dict(model="unet", width=width, depth=depth, outputs=outputs, cell=cell)
        # Settings are stored only where they differ from the default, as in older checkpoints.
        if strided or leak:
            self.config |= dict(strided=strided, leak=leak)
        if noise:
            self.config["noise"] = noise
        self.multiple, self.noise = 2 ** depth, noise

        channels = [width * 2 ** level for level in range(depth + 1)]
        kernel, stride = (4, 2) if strided else (3, 1)
        self.down = nn.ModuleList([double_conv(1, width, leak=leak)])
        for c in channels[:-1]:
            self.down.append(double_conv(c, 2 * c, kernel, stride, leak))
        self.pool = nn.Identity() if strided else nn.MaxPool2d(2)
        last_level = cell.bit_length() - 1  # log2(cell): decoder levels to leave out
        decoded = channels[:last_level:-1]  # from the deepest: [16, 32, 64, 128] gives 128, 64, 32
        self.up = nn.ModuleList(nn.ConvTranspose2d(c, c // 2, 2, stride=2) for c in decoded)
        self.merge = nn.ModuleList(double_conv(c, c // 2) for c in decoded)
        self.last = nn.Conv2d(channels[last_level], outputs, 1)
        he_init(self)
        nn.init.zeros_(self.last.weight)  # training starts from gray
        if noise:
            self.perturb = nn.Linear(noise, channels[-1])
            nn.init.normal_(self.perturb.weight, std=noise ** -0.5)
            nn.init.zeros_(self.perturb.bias)

    def forward(self, x: Tensor, z: Tensor | None = None) -> Tensor:
        """Gray (N, 1, H, W), -1...1, and optional noise -> (N, outputs, H / cell, W / cell).

        Without z, noise is drawn in training; in evaluation it is the same at every call.
        """
        check_gray(x, self.multiple)
        skips = []
        for unit in self.down[:-1]:
            x = unit(x)  # N 2c h w, the first one N width H W; if strided, it halves h and w itself
            skips.append(x)
            x = self.pool(x)  # N 2c h/2 w/2; nothing happens if strided
        x = self.down[-1](x)  # N width*2**depth H/2**depth W/2**depth
        if self.noise or z is not None:
            z = self._noise_for(x, z)  # N noise; raises if this network takes none
            x = x + self.perturb(z)[:, :, None, None]  # N c h w
        for up, merge in zip(self.up, self.merge, strict=True):
            x = up(x)  # N c/2 2h 2w
            x = torch.cat([skips.pop(), x], dim=1)  # N c 2h 2w
            x = merge(x)  # N c/2 2h 2w
        return self.last(x)  # N outputs H/cell W/cell
