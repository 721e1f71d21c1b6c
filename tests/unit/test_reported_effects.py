"""Red cars, green textures, brown animals: each planted, and each absent in the true pictures."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import generic_filter
from skimage.color import lab2lch

from colorlib import color
from colorlib.data.cifar10 import CLASSES
from colorlib.data.image_set import ImageSet
from colorlib.experiments import reported_effects as effects

RANDOM = torch.Generator().manual_seed(0)
N, SIDE = 80, 16


def pictures():
    """Gray values between dark and light, with a weak random tint, labeled in turn."""
    gray = torch.rand(N, 1, 1, 1, generator=RANDOM) * 0.5 + 0.05
    rgb = gray + 0.15 * torch.rand(N, 3, SIDE, SIDE, generator=RANDOM) * gray
    labels = torch.arange(N) % 10
    return ImageSet((255 * rgb.clamp(0, 1)).round().byte(), labels, CLASSES, name="cifar10")


IMAGES = pictures()
TRUE = {name: color.rgb_to_lab(effects.of_classes(IMAGES, [name]).pixels)[:, 1:] for name in CLASSES}


def paint(a, b):
    return lambda L: torch.tensor([a, b]).view(1, 2, 1, 1).expand(len(L), 2, *L.shape[2:])


def test_hues_and_texture_are_those_of_other_libraries():
    red = color.rgb_to_lab(color.swatch([(1, 0, 0), (1, 0.5, 0), (0, 0, 1), (0.5, 0.5, 0.5)]))[:, 1:]
    lch = lab2lch(np.concatenate([np.full((4, 1), 50.0), red[0, :, 0].T.numpy()], 1))
    expected = [0 <= math.degrees(h) <= 50 and c >= 25 for _, c, h in lch]
    assert effects.hue_within(red, effects.RED, effects.RED_CHROMA)[0, 0].tolist() == expected == [True] + 3 * [False]
    L = 100 * torch.rand(1, 1, 9, 9, generator=RANDOM)
    inner = generic_filter(L[0, 0].double().numpy(), np.std, size=5)[2:-2, 2:-2]
    assert np.allclose(effects.local_deviation(L)[0, 0, 2:-2, 2:-2].numpy(), inner)
    corner = L[0, 0, :3, :3].double().numpy().std()                        # of the pixels that there are
    assert float(effects.local_deviation(L)[0, 0, 0, 0]) == pytest.approx(corner)


def test_cars_that_come_out_red_are_counted():
    found = effects.red_share(paint(60.0, 40.0), IMAGES)
    assert found["predicted"].value == 1 and found["true"].value < 0.05
    assert found["difference"].excludes_zero and found["difference"].low > 0.9
    right = effects.red_share(lambda L: TRUE["automobile"], IMAGES)
    assert right["difference"].value == 0 and not right["difference"].excludes_zero
    half = IMAGES.pixels.clone()
    half[1::10, :, :, :8] = torch.tensor([200, 10, 10]).view(1, 3, 1, 1).byte()              # true cars may be red, too
    found = effects.red_share(paint(60.0, 40.0), ImageSet(half, IMAGES.labels, CLASSES))
    assert found["true"].value == pytest.approx(0.5, abs=0.05)


def test_textures_that_come_out_green_are_seen_and_a_factor_is_not():
    def green(L):
        return torch.cat([-3 * effects.local_deviation(L), torch.zeros_like(L)], 1).float()
    found = effects.texture_greenness(green, IMAGES)
    assert found["predicted"].value == pytest.approx(1, abs=1e-5) and found["difference"].low > 0.3
    twice = effects.texture_greenness(lambda L: 2 * green(L), IMAGES)
    assert twice["predicted"].value == pytest.approx(1, abs=1e-5)
    lab = color.rgb_to_lab(IMAGES.pixels)
    x, y = effects.local_deviation(lab[:, :1]).flatten().numpy(), -lab[:, 1].flatten().numpy()
    assert found["true"].value == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-4)
    assert math.isnan(effects.texture_greenness(paint(3.0, 0.0), IMAGES)["predicted"].value)


def test_dark_animals_that_come_out_brown_are_seen():
    found = effects.dark_animals(paint(6.0, 14.0), IMAGES)
    assert found["brown"]["predicted"].value == 1 and found["brown"]["difference"].excludes_zero
    assert found["chroma"]["predicted"].value == pytest.approx(math.hypot(6, 14))
    assert found["hue"]["predicted"].value == pytest.approx(math.degrees(math.atan2(14, 6)))
    animals = effects.of_classes(IMAGES, effects.ANIMALS)
    assert set(animals.labels.tolist()) == {2, 3, 4, 5, 6, 7}
    true = color.rgb_to_lab(animals.pixels)[:, 1:]
    right = effects.dark_animals(lambda L: true, IMAGES)
    assert right["brown"]["difference"].value == right["chroma"]["difference"].value == 0
    only_light = effects.dark_animals(lambda L: torch.cat([torch.zeros_like(L), 40.0 * (L > 25)], 1), IMAGES)
    assert only_light["chroma"]["predicted"].value == 0                     # light pixels do not count
    frame = torch.ones(1, 1, SIDE, SIDE)
    frame[..., 4:12, 4:12] = 0                                              # nor does what is around the animal
    around = effects.dark_animals(lambda L: (40 * frame).expand(len(L), 2, -1, -1), IMAGES)
    assert around["chroma"]["predicted"].value == 0


@pytest.mark.parametrize("call", [
    lambda: effects.red_share(paint(0.0, 0.0), ImageSet(IMAGES.pixels)),
    lambda: effects.red_share(paint(0.0, 0.0), IMAGES, "tram"),
    lambda: effects.dark_animals(paint(0.0, 0.0), ImageSet(IMAGES.pixels | 128, IMAGES.labels, CLASSES)),
])
def test_what_is_not_there_is_not_measured(call):
    with pytest.raises(ValueError, match="no picture"):
        call()
