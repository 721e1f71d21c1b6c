"""K1: the baseline network of Koo 2016 (section 3.1.1), and his preprocessing of the gray image (section 4.1).

    net = KooBaseline()
    uv = net(y)                     # N 1 H W -> N 2 H W

Built step by step in notebook 03.
"""
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .layers import check_gray, conv_bn_relu, he_init


class KooBaseline(nn.Module):
    """3x3 convolutions with 32, 32 and 64 filters, then 1x1 with 32 and 2; batch norm and ReLU after each but the last.

    (N, 1, H, W) -> (N, outputs, H, W), any H and W: nothing is pooled, so every output pixel sees the 7x7 pixels
    around it (K says 9x9). 30,530 parameters, He initialization (K, equation 3).
    """

    multiple = 1

    def __init__(self, outputs: int = 2):
        super().__init__()
        self.config = {"model": "koo", "outputs": outputs}
        self.layers = nn.Sequential(
            conv_bn_relu(1, 32),                # N 32 H W
            conv_bn_relu(32, 32),               # N 32 H W
            conv_bn_relu(32, 64),               # N 64 H W
            conv_bn_relu(64, 32, kernel=1),     # N 32 H W
            nn.Conv2d(32, outputs, 1),          # N 2  H W
        )
        he_init(self)

    def forward(self, x: Tensor) -> Tensor:
        check_gray(x)
        return self.layers(x)


def gaussian_window(size: int = 7, sigma: float | None = None) -> Tensor:
    """(1, 1, size, size) Gaussian that sums to one; sigma defaults to a quarter of the size, in pixels."""
    if size < 1 or size % 2 == 0:
        raise ValueError(f"size must be odd and positive, got {size}")
    x = torch.arange(size, dtype=torch.float32) - size // 2
    g = torch.exp(-0.5 * (x / (sigma or size / 4)) ** 2)
    g = g / g.sum()
    return torch.outer(g, g)[None, None]


def contrast_normalize(y: Tensor, size: int = 7) -> Tensor:
    """Local contrast normalization of a gray image: minus the local mean, over the local standard deviation.

    y        (N, 1, H, W), any units
    returns  (N, 1, H, W), no units

    K, section 4.1: "spatial contrastive normalization with a 7-pixel Gaussian". K leaves open what happens in flat
    regions; here the divisor is at least its own mean over the image (Jarrett et al. 2009), so that noise is not blown
    up. Weights at the border are scaled to sum to one. Mean and deviation each widen what a pixel sees by size // 2, so
    that K1 behind it sees 19x19 pixels, and the whole image where the floor holds.
    """
    check_gray(y)
    g = gaussian_window(size).to(y)

    def local_mean(t: Tensor) -> Tensor:
        return F.conv2d(t, g, padding=size // 2) / F.conv2d(torch.ones_like(t[:1]), g, padding=size // 2)

    centered = y - local_mean(y)
    deviation = local_mean(centered.square()).clamp_min(1e-12).sqrt()
    floor = deviation.mean(dim=(1, 2, 3), keepdim=True).clamp_min(1e-4)
    return centered / torch.maximum(deviation, floor)
