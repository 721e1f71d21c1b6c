"""Solutions of notebook 06. A teacher may delete this folder."""
import math

import torch
import torch.nn.functional as F


def receptive_field(layers):
    """06.1. From the output back to the image."""
    side = 1
    for kernel, stride in reversed(layers):
        side = (side - 1) * stride + kernel
    return side


def answers(size, layers):
    """06.2. From the image to the output; the padding is 1."""
    for kernel, stride in layers:
        size = (size + 2 - kernel) // stride + 1
    return size


def interval(k, n):
    """06.3. Wilson 1927."""
    z, p = 1.959964, k / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return middle - half, middle + half


def accuracy(predicted, true, t):
    """06.4. Both channels of a pixel, after rounding."""
    off = (predicted.round() - true.round()).abs().amax(dim=1)           # N H W
    return (off <= 2.2 * t).float().mean()


def repaired_loss(D, lightness, ab, painted):
    """06.5. Both calls get the gray picture, and colors in the same units."""
    real = D(lightness, ab / 50)
    fake = D(lightness, painted.detach())
    loss = F.binary_cross_entropy_with_logits
    return loss(real, torch.ones_like(real)) + loss(fake, torch.zeros_like(fake))
