"""Hues and their fit: blind to a factor, not taken in by noise or by another image's colors; planted failures."""

import math

import numpy as np
import pytest
import torch
from pictures import smooth

from colorlib import color
from colorlib.color_variety import area_colors, color_variety, effective_hues, variety
from colorlib.data.image_set import ImageSet
from colorlib.evaluate import baseline, boosted, evaluate, per_image
from colorlib.gan_diagnostics import FailureCriteria, failure_modes, not_asked
from colorlib.intervals import interval, ratio

RANDOM = torch.Generator().manual_seed(3)


def tinted(n, size=16, seed=0):
    """Pictures whose lightness tells their hue, half of the way: a tint for each, from all around."""
    generator = torch.Generator().manual_seed(seed)
    gray = smooth(n, size, seed).rgb().mean(1, keepdim=True)
    angle = 2 * math.pi * torch.rand(n, generator=generator).view(n, 1, 1, 1)
    tint = torch.cat([torch.cos(angle), torch.cos(angle - 2), torch.cos(angle + 2)], dim=1)
    return ImageSet((255 * (gray + 0.15 * tint).clamp(0, 1)).round().to(torch.uint8), name="tinted")


IMAGES, TRAIN = tinted(300), tinted(200, seed=9)
TRUE = color.rgb_to_lab(IMAGES.pixels)[:, 1:]
BLUR = TRUE.mean((2, 3), keepdim=True).expand_as(TRUE)


class Fixed:
    """A predictor that gives the same answers, batch by batch, whatever it is shown."""

    def __init__(self, ab):
        self.ab, self.at = ab, 0

    def predict(self, L):
        part = self.ab[self.at:self.at + len(L)]
        self.at = (self.at + len(L)) % len(self.ab)
        return part


def of(ab):
    return variety(area_colors(ab), area_colors(TRUE))


def test_k_hues_of_equal_weight_count_as_k_and_chroma_is_the_weight():
    for k in (1, 2, 3, 8):
        angle = (torch.arange(k) + 0.5) / 24 * 2 * math.pi
        colors = torch.stack([angle.cos(), angle.sin()], 1).view(k, 2, 1, 1)
        assert effective_hues(colors) == pytest.approx(k)
        faint = torch.cat([colors, -1e-6 * colors.flip(1)])                 # other hues that nobody sees
        assert effective_hues(faint) == pytest.approx(k, abs=1e-3)
    assert effective_hues(torch.zeros(2, 2, 3, 3)) == 0
    p = np.array([0.7, 0.2, 0.1])                                           # perplexity, by NumPy
    angle = torch.tensor([0.1, 2.0, 4.0])
    colors = (torch.stack([angle.cos(), angle.sin()], 1) * torch.tensor(p).float()[:, None]).view(3, 2, 1, 1)
    assert effective_hues(colors) == pytest.approx(np.exp(-(p * np.log(p)).sum()), rel=1e-5)


def test_more_saturation_is_no_more_variety():
    prediction = 0.4 * BLUR + torch.tensor([2.0, 8.0]).view(1, 2, 1, 1)     # a pale, brownish model
    assert of(1.47 * prediction) == pytest.approx(of(prediction))
    assert of(prediction)["hue_diversity"] < of(TRUE)["hue_diversity"] == 1


def test_sepia_with_noise_is_one_hue_and_noise_alone_fits_no_picture():
    sepia = torch.tensor([5.0, 12.0]).view(1, 2, 1, 1).expand_as(TRUE)
    noise = torch.randn(TRUE.shape, generator=RANDOM)
    assert of(sepia)["hues"] == pytest.approx(1)
    assert of(sepia + 2 * noise)["hues"] < 1.5
    alone = of(10 * noise)                                                  # said in the docstring: it has all hues
    assert alone["hues"] > 20 and alone["color_correlation"] < 0.15


def test_another_images_colors_have_all_hues_and_only_the_correlation_gives_them_away():
    another = of(TRUE[torch.randperm(len(TRUE), generator=RANDOM)])
    assert another["hue_diversity"] == pytest.approx(1)
    assert abs(another["color_correlation"]) < 0.15 and 0.03 < another["chance_correlation"] < 0.15
    assert of(TRUE)["color_correlation"] == pytest.approx(1)
    one = of(TRUE[:1].expand_as(TRUE))
    assert one["color_correlation"] == one["chance_correlation"] == 0
    p, t = (x.mean((2, 3)).double() for x in (0.5 * BLUR + 5 * torch.randn(BLUR.shape, generator=RANDOM), TRUE))
    p_, t_ = ((x - x.mean(0)).flatten().numpy() for x in (p, t))
    by_numpy = p_ @ t_ / np.linalg.norm(p_) / np.linalg.norm(t_)
    found = variety(p[..., None, None].expand(-1, 2, 4, 4), t[..., None, None].expand(-1, 2, 4, 4))
    assert found["color_correlation"] == pytest.approx(by_numpy)


def test_chance_is_exceeded_by_one_random_pairing_in_forty():
    few = TRUE[:60]
    true, above = area_colors(few), 0
    for _ in range(300):
        pairing = torch.randperm(60, generator=RANDOM)
        found = variety(true[pairing], true, draws=200)
        above += found["color_correlation"] > found["chance_correlation"]
    assert 1 <= above <= 20                                                 # 7.5 expected


def test_a_colorizer_is_measured_in_batches():
    whole = color_variety(lambda L: TRUE, IMAGES)
    parts = color_variety(Fixed(TRUE), IMAGES, batch_size=7)
    assert parts == pytest.approx(whole) and whole["hue_diversity"] == 1


# the control with boosted saturation

def test_boosted_saturation_has_the_true_chroma_on_training_images_and_nothing_else_changes():
    theirs = color.rgb_to_lab(TRAIN.pixels)[:, 1:]
    pale = Fixed(0.25 * theirs)
    stronger, factor = boosted(pale, TRAIN)
    assert factor == pytest.approx(4, rel=1e-5)
    assert evaluate(stronger, TRAIN, TRAIN.ab_mean())["chroma_ratio"] == pytest.approx(1, rel=1e-5)
    with pytest.raises(ValueError, match="gray everywhere"):
        boosted(baseline("gray", TRAIN), TRAIN)


def test_values_of_each_image_add_up_to_the_metrics_of_the_set():
    mean, predict = TRAIN.ab_mean(), Fixed(0.5 * BLUR)
    whole, each = evaluate(predict, IMAGES, mean), per_image(predict, IMAGES, mean, batch_size=7)
    found = interval(each["squared_error"], each["variance"], statistic=ratio, draws=200)
    assert found.value == pytest.approx(whole["unexplained"], rel=1e-5) and found.low < found.value < found.high
    assert ratio(each["chroma"], each["true_chroma"]) == pytest.approx(whole["chroma_ratio"], rel=1e-5)
    for name in ("psnr", "ab_error"):
        assert float(each[name].mean()) == pytest.approx(whole[name], rel=1e-5)


# planted failures

def measured(ab, frechet):
    values = evaluate(Fixed(ab), IMAGES, TRAIN.ab_mean()) | of(ab)
    spread = [x.mean((2, 3)).std(0).norm() for x in (ab, TRUE)]
    return values | {"collapse": float(spread[0] / spread[1]), "frechet": frechet}


GRAY = {"frechet": 0.8}
ALONE = {"frechet": 0.4, "hue_diversity": 0.5}
CONTROLS = {"gray": GRAY, "without discriminator": ALONE}


@pytest.mark.parametrize("kind, ab, frechet, expected", [
    ("another image's colors", TRUE.flip(0), 0.0, {"unrelated colors"}),
    ("gray", torch.zeros_like(TRUE), 0.8,
     {"collapse", "unrelated colors", "few hues", "worse than without discriminator"}),
    ("one output for all", TRUE[:1].expand_as(TRUE).contiguous(), 0.3, {"collapse", "unrelated colors"}),
    ("noise", 15 * torch.randn(TRUE.shape, generator=RANDOM), 0.3, {"collapse", "unrelated colors"}),
    ("worse than gray", TRUE, 0.9, {"worse than gray", "worse than without discriminator"}),
    ("sepia", 0.05 * BLUR + torch.tensor([5.0, 12.0]).view(1, 2, 1, 1), 0.3, {"few hues", "collapse"}),
])
def test_planted_failures_are_caught(kind, ab, frechet, expected):
    found = failure_modes(measured(ab, frechet), controls=CONTROLS)
    assert expected <= set(found.split(", ")), kind
    if frechet == 0.0:
        assert found == "unrelated colors"                                  # everything else is as in true pictures


def test_the_true_pictures_and_a_pale_faithful_model_pass():
    assert failure_modes(measured(TRUE, 0.0), controls=CONTROLS) == ""
    assert failure_modes(measured(0.6 * BLUR, 0.4), controls=CONTROLS) == ""
    assert failure_modes(measured(TRUE, 0.4 * 1.24), controls=CONTROLS) == ""


FAIR = {"accuracy": 0.95, "fooled": 0.05, "gradient_norm": 0.1, "gradient_ratio": 0.2, "chroma_ratio": 0.9,
        "collapse": 0.8, "unexplained": 1.3, "color_correlation": 0.5, "chance_correlation": 0.05,
        "hue_diversity": 0.9, "frechet": 0.3}


@pytest.mark.parametrize("change, ending", [
    ({}, ""), ({"gradient_ratio": 0.001}, "discriminator won"),
    ({"gradient_norm": 1e-5}, ""),                                          # small beside nothing
    ({"gradient_ratio": 0.001, "accuracy": 0.5, "fooled": 0.9}, "discriminator fooled"),
    ({"color_correlation": 0.09}, "unrelated colors"), ({"color_correlation": 0.11}, ""),
    ({"color_correlation": 0.2, "chance_correlation": 0.25}, "unrelated colors"),
    ({"hue_diversity": 0.39}, "fewer hues than without discriminator"),
    ({"frechet": 0.51}, "worse than without discriminator"),
])
def test_each_limit_decides_alone(change, ending):
    assert failure_modes(FAIR | change, FailureCriteria(), CONTROLS) == ending


def test_what_cannot_be_asked_is_left_out_and_named():
    assert not_asked(FAIR, CONTROLS) == []
    assert not_asked(FAIR, {"gray": GRAY}) == ["worse than without discriminator",
                                               "fewer hues than without discriminator"]
    old = {"accuracy": 0.9, "fooled": 0.1, "gradient_norm": 0.1, "chroma_ratio": 1.0, "collapse": 0.5,
           "unexplained": 1.2}                                              # a record of the first edition
    assert not_asked(old) == [] and failure_modes(old) == ""
    assert not_asked(old, {}) == ["discriminator won", "unrelated colors", "worse than gray",
                                  "worse than without discriminator", "few hues",
                                  "fewer hues than without discriminator"]
    assert failure_modes(old | {"unexplained": 2.5}, controls={}) == "unrelated colors"
    assert not_asked(FAIR | {"hue_diversity": math.nan}, {}).count("few hues") == 1
