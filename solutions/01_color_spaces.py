"""Solutions of notebook 01. A teacher may delete this folder."""

import math

import torch

from colorlib import color


def linear_to_srgb(light):
    """01.1. The inverse of each branch; which one is decided where they meet."""
    return torch.where(light <= 0.04045 / 12.92, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def mean_hue(hues):
    """01.2. The direction of the mean of the points on the circle."""
    angle = 2 * math.pi * hues
    return torch.atan2(angle.sin().mean(), angle.cos().mean()) / (2 * math.pi) % 1


def to_network(rgb):
    """01.3. One conversion, then two slices that keep their channel."""
    lab = color.rgb_to_lab(rgb)                                     # N 3 H W
    return lab[:, :1] / 50 - 1, lab[:, 1:] / 50                     # N 1 H W, N 2 H W


def on_screen(lab):
    """01.4. Convert without clipping, and see whether all three channels stayed in range."""
    rgb = color.lab_to_rgb(lab, clip=False)                         # N 3 H W
    return ((rgb >= 0) & (rgb <= 1)).all(dim=1, keepdim=True)       # N 1 H W


def swap_colors(first, second):
    """01.5. L stays, a and b change places."""
    one, two = color.rgb_to_lab(first), color.rgb_to_lab(second)    # 3 H W each
    return (color.lab_to_rgb(torch.cat([one[:1], two[1:]])),
            color.lab_to_rgb(torch.cat([two[:1], one[1:]])))


def half_size(rgb):
    """01.6. Numbers to light, the mean of four pixels, and back to numbers."""
    light = color.rgb_to_linear(rgb)                                # 3 H W, floats: sums fit
    mean = torch.nn.functional.avg_pool2d(light, 2)                 # 3 H/2 W/2
    return (color.linear_to_rgb(mean) * 255).round().byte()
