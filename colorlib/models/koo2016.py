"""The networks of Koo 2016: the baseline CNN (section 3.1.1), the generator and discriminator of
the conditional GAN (section 3.2.1), and the preprocessing of gray images (section 4.1).

    uv = KooCNN()(gray)  # N 1 H W -> N 2 H W, notebook 03
    logits = KooDiscriminator()(gray, KooGenerator()(gray))  # N 1, notebook 05
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlib.models.blocks import NoiseInput, check_gray, check_pair, conv_bn_relu, he_init


class KooCNN(nn.Module):
    """The baseline: convolutions of 3x3, 3x3, 3x3, 1x1 and 1x1 pixels, no pooling.

    Batch norm and ReLU follow each convolution except the last; He initialization (equation 3);
    30,530 parameters. Every output depends on 7x7 pixels; the report says 9x9. H and W may be any.
    """

    multiple = 1

    def __init__(self, outputs: int = 2):
        super().__init__()
        self.config = dict(model="koo", outputs=outputs)
        self.layers = nn.Sequential(  # N 1 H W
            conv_bn_relu(1, 32),  # N 32 H W
            conv_bn_relu(32, 32),  # N 32 H W
            conv_bn_relu(32, 64),  # N 64 H W
            conv_bn_relu(64, 32, kernel=1),  # N 32 H W
            nn.Conv2d(32, outputs, 1),  # N outputs H W
        )
        he_init(self)

    def forward(self, x: Tensor) -> Tensor:
        """Gray (N, 1, H, W) -> (N, outputs, H, W)."""
        check_gray(x)
        return self.layers(x)  # N outputs H W


class KooGenerator(NoiseInput, nn.Module):
    """The baseline CNN, with a map of noise from a fully connected layer added to its input.

    noise    length of the noise vector, standard normal; the report does not give it
    size     side of the map (the report's 1,024 values are 32x32); resized for other images
    spread   standard deviation of the map at initialization; not given in the report
    """

    multiple = 1

    def __init__(self, outputs: int = 2, noise: int = 100, size: int = 32, spread: float = 2**0.5):
        super().__init__()
        if noise < 1 or size < 1 or spread < 0:
            raise ValueError("expected noise and size of at least 1 and spread of at least 0, "
                             f"got {noise}, {size} and {spread}")
        self.config = dict(model="koo-generator", outputs=outputs, noise=noise, size=size,
                           spread=spread)
        self.noise, self.size = noise, size
        self.body = KooCNN(outputs)
        self.perturb = nn.Linear(noise, size * size)
        # He's rule leads to a spread of sqrt(2), as much as the gray image itself varies.
        nn.init.normal_(self.perturb.weight, std=spread / noise ** 0.5)
        nn.init.zeros_(self.perturb.bias)

    def forward(self, x: Tensor, z: Tensor | None = None) -> Tensor:
        """Gray (N, 1, H, W) and optional noise (N, noise) -> (N, outputs, H, W).

        Without z, noise is drawn in training; in evaluation it is the same at every call.
        """
        check_gray(x)
        added = self.perturb(self._noise_for(x, z))  # N noise -> N size*size
        added = added.view(-1, 1, self.size, self.size)  # N 1 size size
        if added.shape[-2:] != x.shape[-2:]:
            added = F.interpolate(added, size=x.shape[-2:], mode="bilinear")  # N 1 H W
        return self.body(x + added)  # N outputs H W


class KooDiscriminator(nn.Module):
    """Three 3x3 convolutions with max-pooling, then two fully connected layers; ReLU.

    inputs   channels of gray and color together
    width    filters of the first convolution, doubled twice; not given in the report
    size     side of the images, a multiple of 8
    dropout  the report's 0.8 and 0.5, read as the share dropped: in the convolutions, before the
             last layer
    norm, leak, strided   the improvements that section 6 proposes: batch norm in the second and
             third convolution, LeakyReLU with that slope, strides of 2 in place of pools
    """

    def __init__(self, inputs: int = 3, width: int = 32, size: int = 32,
                 dropout: tuple[float, float] = (0.8, 0.5), norm: bool = False, leak: float = 0.0,
                 strided: bool = False):
        super().__init__()
        if size % 8:
            raise ValueError(f"size must be a multiple of 8, got {size}")
        self.config = dict(model="koo-discriminator", inputs=inputs, width=width, size=size,
                           dropout=list(dropout), norm=norm, leak=leak, strided=strided)
        activation = nn.LeakyReLU(leak) if leak else nn.ReLU()  # no weights: one serves all layers
        self.size, layers, channels = size, [], inputs
        for level in range(3):
            out = width * 2 ** level
            layers.append(nn.Conv2d(channels, out, 3, 2 if strided else 1, padding=1))
            if norm and level > 0:
                layers.append(nn.BatchNorm2d(out))
            layers += [activation, nn.Dropout(dropout[0])]
            if not strided:
                layers.append(nn.MaxPool2d(2))
            channels = out
        self.layers = nn.Sequential(*layers)
        self.decide = nn.Sequential(  # the report's sigmoid is part of the loss
            nn.Flatten(), nn.Linear(channels * (size // 8) ** 2, channels), activation,
            nn.Dropout(dropout[1]), nn.Linear(channels, 1))
        he_init(self)

    def forward(self, gray: Tensor, color: Tensor) -> Tensor:
        """Gray (N, 1, size, size) and color (N, inputs - 1, size, size) -> logits (N, 1)."""
        check_pair(gray, color, self.size)
        x = torch.cat([gray, color], dim=1)  # N inputs size size
        x = self.layers(x)  # N 4*width size/8 size/8
        return self.decide(x)  # N 1


def gaussian_window(size: int = 7, sigma: float | None = None) -> Tensor:
    """Gaussian weights (1, 1, size, size) that sum to one; sigma in pixels, default size / 4."""
    if size < 1 or size % 2 == 0:
        raise ValueError(f"size must be odd and positive, got {size}")
    x = torch.arange(size, dtype=torch.float32) - size // 2
    g = torch.exp(-0.5 * (x / (sigma or size / 4)) ** 2)
    g = g / g.sum()
    return torch.outer(g, g)[None, None]


def contrast_normalize(y: Tensor, size: int = 7) -> Tensor:
    """Subtract the local mean of a gray image and divide by its local standard deviation.

    (N, 1, H, W), any units -> (N, 1, H, W), without units. Koo 2016, section 4.1: "spatial
    contrastive normalization with a 7-pixel Gaussian". With it, the CNN's output depends on 19x19
    pixels, and in flat regions on the whole image.
    """
    check_gray(y)
    g = gaussian_window(size).to(y)

    def local_mean(t: Tensor) -> Tensor:
        # The border is padded with zeros; the second convolution rescales the remaining weights.
        weights = F.conv2d(torch.ones_like(t[:1]), g, padding=size // 2)
        return F.conv2d(t, g, padding=size // 2) / weights

    centered = y - local_mean(y)
    deviation = local_mean(centered.square()).clamp_min(1e-12).sqrt()
    # The report does not mention flat regions. We divide by at least the mean over the image
    # (Jarrett et al. 2009), so that noise is not amplified there.
    floor = deviation.mean(dim=(1, 2, 3), keepdim=True).clamp_min(1e-4)
    return centered / torch.maximum(deviation, floor)
