"""One color for each region of an image, chosen by the joint probability of its pixels.

    ab = joint_colors(bins, logits, L)      # logits of a classifier -> (N, 2, H, W), Lab units

Dorscheidt et al. 2016 recommend in section VII "picking the best joint probability for a region of
the image instead of per pixel". The regions are superpixels of the lightness.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from colorlib.color_bins import AbBins


def superpixels(L: Tensor, pixels: int = 32) -> Tensor:
    """Cut each image into regions of similar lightness.

    L        lightness (N, 1, H, W), 0...100
    pixels   how many a region has, about

    Returns the region of each pixel, (N, H, W) int64, from 0 on in each image. SLIC of
    scikit-image (Achanta et al. 2012).
    """
    from skimage.segmentation import slic  # slow to import, rarely needed

    if not 1 <= pixels <= L[0].numel():
        raise ValueError(f"pixels must lie in 1...{L[0].numel()}, got {pixels}")
    count = max(1, round(L[0].numel() / pixels))
    images = L[:, 0].double().cpu().numpy()
    # A distance of one region counts as ten units of lightness, the usual choice for Lab. slic
    # scales each image to 0...1 first, so ten units are 10 / range there.
    found = [slic(image, count, compactness=10 / max(np.ptp(image), 1.0), start_label=0,
                  channel_axis=None) for image in images]
    return torch.stack([torch.from_numpy(regions).long() for regions in found]).to(L.device)


def joint_colors(bins: AbBins, logits: Tensor, L: Tensor, pixels: int = 32) -> Tensor:
    """Give every region the bin with the highest joint probability of its pixels.

    logits   (N, Q, H / cell, W / cell), as the network of a `ColorBinsTarget` predicts them
    L        lightness (N, 1, H, W), 0...100; ValueError if H or W is no multiple of the logits'

    Returns ab (N, 2, H, W), Lab units. The pixels count as independent, so the joint probability
    of a bin is the product of its probabilities, and its logarithm their sum.
    """
    cell = L.shape[-1] // logits.shape[-1]
    if L.shape[-2:] != (logits.shape[-2] * cell, logits.shape[-1] * cell):
        raise ValueError(f"logits of {tuple(logits.shape[-2:])} do not fit an image of "
                         f"{tuple(L.shape[-2:])} pixels")
    regions = superpixels(L, pixels)
    log_p = F.interpolate(logits.float().log_softmax(dim=1), scale_factor=cell)  # N Q H W
    colors = []
    for one, region in zip(log_p.flatten(2), regions.flatten(1), strict=True):  # Q P, P
        count = int(region.max()) + 1
        joint = torch.zeros(len(one), count, device=one.device).index_add_(1, region, one)  # Q R
        best = joint.argmax(dim=0)  # R
        colors.append(bins.centers.to(one.device)[best][region].T)  # 2 P
    return torch.stack(colors).view(len(L), 2, *L.shape[-2:])
