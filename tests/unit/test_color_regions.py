"""One color for each region, by the joint probability of its pixels."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from colorlib.color_bins import AbBins
from colorlib.color_regions import joint_colors, superpixels

BINS = AbBins()


def halves(side=16):
    """Lightness whose left half is dark, and the half that each pixel is in."""
    right = torch.zeros(side, side, dtype=torch.long)
    right[:, side // 2:] = 1
    return (20 + 60 * right)[None, None].float(), right


def test_superpixels_do_not_cross_a_strong_edge_and_are_connected():
    L, right = halves()
    (regions,) = superpixels(L, 32)
    for region in regions.unique():
        inside = (regions == region).numpy()
        assert len(set(right.numpy()[inside])) == 1 and ndimage.label(inside)[1] == 1
    assert 4 <= len(regions.unique()) <= 16


@pytest.mark.parametrize("cell", [1, 2])
def test_a_region_gets_the_bin_with_the_largest_sum_of_logarithms_over_its_pixels(cell):
    """By NumPy, pixel by pixel; the shift of the logits, which changes no probability, must not matter."""
    L, _ = halves()
    torch.manual_seed(0)
    logits = 3 * torch.randn(1, len(BINS), 16 // cell, 16 // cell)
    ab = joint_colors(BINS, logits + torch.randn(1, 1, 16 // cell, 16 // cell), L)
    (regions,) = superpixels(L)
    log_p = np.log(np.exp(z := logits[0].double().numpy()) / np.exp(z).sum(0)).repeat(cell, 1).repeat(cell, 2)
    for region in regions.unique():
        inside = (regions == region).numpy()
        best = log_p[:, inside].sum(1).argmax()
        assert np.array_equal(ab[0][:, inside], BINS.centers[best].numpy()[:, None].repeat(inside.sum(), 1))


def test_a_minority_of_pixels_cannot_split_an_object_as_it_does_pixel_by_pixel():
    """Two modes, as of red and green apples: three quarters of the pixels prefer one, and all follow."""
    L = torch.full((1, 1, 8, 8), 50.0)
    logits = torch.full((1, len(BINS), 8, 8), -10.0)
    logits[:, 5], logits[:, 200] = 2.0, 1.0
    logits[:, 200, :, ::4] = 2.5
    pixelwise = BINS.centers[logits.argmax(1)[0]]
    joint = joint_colors(BINS, logits, L, pixels=64)[0]
    assert len(pixelwise.flatten(0, 1).unique(dim=0)) == 2
    assert torch.equal(joint, BINS.centers[5].view(2, 1, 1).expand(2, 8, 8))


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        joint_colors(BINS, torch.zeros(1, len(BINS), 8, 5), torch.zeros(1, 1, 16, 16))
    with pytest.raises(ValueError, match="pixels must lie"):
        superpixels(torch.zeros(1, 1, 4, 4), 17)
