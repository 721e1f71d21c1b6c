"""K: the baseline network of Koo 2016 (K1, section 3.1.1), his adversarial pair (K3, section 3.2.1), and his
preprocessing of the gray image (section 4.1).

    net = KooBaseline()
    uv = net(y)                     # N 1 H W -> N 2 H W
    says = KooDiscriminator()(y, KooGenerator()(y))             # N 1, logits

Built step by step in notebook 03, the pair in notebook 05.
"""
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlib.models.blocks import check_gray, check_noise, check_pair, conv_bn_relu, draw_noise, he_init


class KooCNN(nn.Module):
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


class KooGenerator(nn.Module):
    """K3's generator: K1, whose gray image has noise added that a fully connected layer makes.

    (N, 1, H, W), and z (N, noise) or None -> (N, outputs, H, W)
    noise    numbers of z, standard normal; K does not say how many
    size     side of the map that the layer makes of them (K: 1,024 values for 32x32); images of other sizes get it
             enlarged or reduced
    spread   standard deviation of what is added, at the start. He's rule for the layer would give sqrt(2), as much as
             the gray image itself varies; K leaves it open. 0 starts as K1

    Without z: in training it is drawn; in evaluation it is the same at every call, a z for each place in the batch, so
    that a colorization can be repeated.
    """

    multiple = 1

    def __init__(self, outputs: int = 2, noise: int = 100, size: int = 32, spread: float = 2 ** 0.5):
        super().__init__()
        if noise < 1 or size < 1 or spread < 0:
            raise ValueError(f"expected noise and size of at least 1 and spread of at least 0, got {noise}, {size} "
                             f"and {spread}")
        self.config = {"model": "koo-generator", "outputs": outputs, "noise": noise, "size": size, "spread": spread}
        self.noise, self.size = noise, size
        self.body = KooCNN(outputs)
        self.perturb = nn.Linear(noise, size * size)
        nn.init.normal_(self.perturb.weight, std=spread / noise ** 0.5)
        nn.init.zeros_(self.perturb.bias)

    def draw(self, n: int, seed: int | None = None) -> Tensor:
        """z for n images, (n, noise); by torch's global generator, or the same each time for a seed."""
        return draw_noise(n, self.noise, self.perturb.weight, seed)

    def forward(self, x: Tensor, z: Tensor | None = None) -> Tensor:
        check_gray(x)
        if z is None:
            z = self.draw(len(x), None if self.training else 0)             # N noise
        check_noise(z, len(x), self.noise)
        added = self.perturb(z).view(-1, 1, self.size, self.size)           # N 1 32 32
        if added.shape[-2:] != x.shape[-2:]:
            added = F.interpolate(added, size=x.shape[-2:], mode="bilinear")
        return self.body(x + added)                                         # N outputs H W


class KooDiscriminator(nn.Module):
    """K3's discriminator: three 3x3 convolutions with max-pools, two fully connected layers; ReLU, no batch norm.

    gray (N, 1, size, size) and color (N, inputs - 1, size, size) -> (N, 1) logits: K's sigmoid belongs to the loss
    width    filters of the first convolution; doubled twice. K does not give it, nor that of the hidden layer (4 width)
    dropout  K: 0.8 in the convolutions, 0.5 before the last layer; read as the share that is dropped
    norm, leak, strided   what K proposes for later (section 6, K4): batch norm in the second and third convolution,
             LeakyReLU of that slope, convolutions of stride 2 in place of pools
    """

    def __init__(self, inputs: int = 3, width: int = 32, size: int = 32, dropout: tuple[float, float] = (0.8, 0.5),
                 norm: bool = False, leak: float = 0.0, strided: bool = False):
        super().__init__()
        if size % 8:
            raise ValueError(f"size must be a multiple of 8, got {size}")
        self.config = {"model": "koo-discriminator", "inputs": inputs, "width": width, "size": size,
                       "dropout": list(dropout), "norm": norm, "leak": leak, "strided": strided}
        self.size, layers, channels = size, [], inputs
        for c in (width, 2 * width, 4 * width):
            layers.append(nn.Conv2d(channels, c, 3, 2 if strided else 1, padding=1))
            if norm and channels != inputs:
                layers.append(nn.BatchNorm2d(c))
            layers += [nn.LeakyReLU(leak) if leak else nn.ReLU(), nn.Dropout(dropout[0])]
            if not strided:
                layers.append(nn.MaxPool2d(2))
            channels = c
        self.layers = nn.Sequential(*layers)
        self.decide = nn.Sequential(nn.Flatten(), nn.Linear(channels * (size // 8) ** 2, 4 * width),
                                    nn.LeakyReLU(leak) if leak else nn.ReLU(), nn.Dropout(dropout[1]),
                                    nn.Linear(4 * width, 1))
        he_init(self)

    def forward(self, gray: Tensor, color: Tensor) -> Tensor:
        check_pair(gray, color)
        if gray.shape[-2:] != (self.size, self.size):
            raise ValueError(f"this discriminator judges {self.size}x{self.size} pixels, got {tuple(gray.shape[-2:])}")
        return self.decide(self.layers(torch.cat([gray, color], dim=1)))    # N 1


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
