"""The U-Nets of Nazeri and Ng 2018 (after Ronneberger 2015): N1's, and the generator of N2 and P1.

    net = UNet(width=64, depth=4, outputs=3)        # as N has it: five encoding units, three Lab channels
    net = UNet(width=16, depth=3)                   # one that two cores train
    net = UNet(width=16, depth=3, strided=True, leak=0.2)       # a generator

Explained in notebook 03, the generator in notebook 05.
"""
import torch
from torch import Tensor, nn

from colorlib.models.blocks import check_gray, check_noise, conv_bn_relu, draw_noise, he_init


class UNet(nn.Module):
    """Encoder and decoder joined by concatenation.

    (N, 1, H, W), and z (N, noise) or None -> (N, outputs, H, W); H and W multiples of 2 ** depth, else ValueError
    (`Colorizer` pads).
    width    channels of the first unit; they double with each of the `depth` 2x2 max-pools
    outputs  2 (ab, the course) or 3 (N: L, a and b); for a classifier as many as there are bins
    cell     1, 2, 4 ... 2 ** depth: one answer for cell x cell pixels, (N, outputs, H / cell, W / cell); the last units
             of the way up are left out
    strided  True: the first convolution of a unit below the first has 4x4 weights and stride 2, in place of the pool.
             N's section 3.2 speaks of "convolution units" and "convolution-transpose units", which is read so here; it
             also says "the same as our baseline", which pools, and the conclusion names strides as work to come
    leak     slope of the encoder's ReLU below zero (N, section 3.2: 0.2; the decoder has 0)
    noise    numbers of z, standard normal, which a linear layer adds to the deepest unit's answer, the same for all
             its pixels (K, section 6: "noise could be added or concatenated to a higher-level layer"); 0: none. Without
             z in the call, it is drawn in training and the same at every call in evaluation, as in `KooGenerator`

    A unit: two 3x3 convolutions, each with batch norm and ReLU. On the way up: upsample by two and a 2x2 convolution
    that halves the channels (together a transposed convolution of stride 2), concatenation with the mirror unit, then a
    unit. Last a 1x1 convolution, nothing behind it. Its weights start at zero, all others of convolutions as He et al.
    have it, so that training starts from gray and not from random colors.
    N counts five units each way. Read here as five encoding units with a pool between each two (depth 4): a pool behind
    the fifth would leave a single pixel of a CIFAR image.
    """

    def __init__(self, width: int = 16, depth: int = 4, outputs: int = 2, cell: int = 1, strided: bool = False,
                 leak: float = 0.0, noise: int = 0):
        super().__init__()
        if width < 1 or depth < 1 or noise < 0:
            raise ValueError(f"width and depth must be at least 1 and noise at least 0, got width={width}, "
                             f"depth={depth}, noise={noise}")
        if cell not in (2 ** i for i in range(depth + 1)):
            raise ValueError(f"cell must be a power of two up to 2 ** depth = {2 ** depth}, got {cell}")
        self.config = {"model": "unet", "width": width, "depth": depth, "outputs": outputs, "cell": cell}
        if strided or leak:
            self.config |= {"strided": strided, "leak": leak}
        if noise:
            self.config["noise"] = noise
        self.multiple = 2 ** depth
        top = cell.bit_length() - 1                             # levels that the way up leaves out
        channels = [width * 2 ** i for i in range(depth + 1)]
        self.down = nn.ModuleList(_unit(i, o, leak, strided and level > 0)
                                  for level, (i, o) in enumerate(zip([1, *channels[:-1]], channels, strict=True)))
        self.pool = nn.Identity() if strided else nn.MaxPool2d(2)
        self.up = nn.ModuleList(nn.ConvTranspose2d(c, c // 2, 2, stride=2) for c in reversed(channels[top + 1:]))
        self.merge = nn.ModuleList(_unit(c, c // 2) for c in reversed(channels[top + 1:]))
        self.last = nn.Conv2d(channels[top], outputs, 1)
        he_init(self)
        nn.init.zeros_(self.last.weight)                        # the first answer is zero: gray
        self.noise = noise
        if noise:
            self.perturb = nn.Linear(noise, channels[-1])
            nn.init.normal_(self.perturb.weight, std=noise ** -0.5)
            nn.init.zeros_(self.perturb.bias)

    def draw(self, n: int, seed: int | None = None) -> Tensor:
        """z for n images, (n, noise); by torch's global generator, or the same each time for a seed."""
        if not self.noise:
            raise ValueError("this U-Net has no noise: build it with noise=32, say")
        return draw_noise(n, self.noise, self.perturb.weight, seed)

    def forward(self, x: Tensor, z: Tensor | None = None) -> Tensor:
        check_gray(x, self.multiple)                            # 2 ** depth
        if z is not None and not self.noise:
            raise ValueError("this U-Net takes no noise: build it with noise=32, say")
        mirror = []
        for unit in self.down[:-1]:
            x = unit(x)                                         # N c H W
            mirror.append(x)
            x = self.pool(x)                                    # N c H/2 W/2
        x = self.down[-1](x)
        if self.noise:
            z = self.draw(len(x), None if self.training else 0) if z is None else z    # N noise
            check_noise(z, len(x), self.noise)
            x = x + self.perturb(z)[:, :, None, None]           # N c h w
        for up, merge in zip(self.up, self.merge, strict=True):
            x = torch.cat([mirror.pop(), up(x)], dim=1)         # N c 2H 2W
            x = merge(x)                                        # N c/2 2H 2W
        return self.last(x)                                     # N outputs H/cell W/cell


def _unit(inputs: int, outputs: int, leak: float = 0.0, strided: bool = False) -> nn.Sequential:
    return nn.Sequential(conv_bn_relu(inputs, outputs, leak=leak, strided=strided),
                         conv_bn_relu(outputs, outputs, leak=leak))
