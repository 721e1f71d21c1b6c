"""Small random pictures for tests: smooth, colored, with a color that the gray value partly gives away."""

import torch
import torch.nn.functional as F

from colorlib.data.image_set import ImageSet


def smooth(n, size=16, seed=0, name="smooth"):
    """An ImageSet of n pictures, size x size: a gray field, and a color that follows it in half of the pictures."""
    generator = torch.Generator().manual_seed(seed)

    def field(channels):
        coarse = torch.rand(n, channels, 4, 4, generator=generator)
        return F.interpolate(coarse, size=(size, size), mode="bicubic", align_corners=True)

    gray = 0.2 + 0.6 * field(1)                                             # n 1 S S
    tint = torch.tensor([0.25, 0.0, -0.25]).view(1, 3, 1, 1) * (gray - 0.3)
    rgb = gray + tint + 0.1 * (field(3) - 0.5)                              # n 3 S S
    return ImageSet((255 * rgb.clamp(0, 1)).round().to(torch.uint8), name=name)
