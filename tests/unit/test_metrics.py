"""The metrics against scikit-image, an integral, NumPy loops, and cases whose result is known."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from pictures import smooth
from scipy.integrate import trapezoid
from scipy.spatial.distance import cdist
from skimage.metrics import peak_signal_noise_ratio

from colorlib import color, metrics
from colorlib.colorizer import Colorizer
from colorlib.data.image_set import ImageSet
from colorlib.evaluate import baseline, evaluate, evaluate_baseline, explained_by_kind, nazeri_accuracy
from colorlib.models import KooCNN

TRAIN, TEST = smooth(40, seed=1), smooth(25, seed=2)
TRUE = color.rgb_to_lab(TEST.pixels)[:, 1:]                                 # N 2 H W


def some_ab(seed=0, n=3, spread=60.0):
    return spread * torch.randn(n, 2, 8, 8, generator=torch.Generator().manual_seed(seed))


def constant(a, b, like=TRUE):
    return torch.tensor([a, b]).view(1, 2, 1, 1).expand_as(like)


# single functions

def ab_error(predicted, true):
    return metrics.ColorSums(torch.zeros(2)).add(predicted, true).values()["ab_error"]


def test_ab_error_is_the_mean_euclidean_distance():
    assert ab_error(constant(3.0, -4.0), torch.zeros_like(TRUE)) == pytest.approx(5)
    a, b = some_ab(1), some_ab(2)
    assert ab_error(a, b) == pytest.approx(np.linalg.norm((a - b).numpy(), axis=1).mean(), rel=1e-5)


def test_unexplained_is_one_minus_r_squared_where_the_mean_is_that_of_the_same_images():
    predicted = 0.5 * TRUE + some_ab(n=1, spread=1)[:, :, :1, :1]
    mean = TRUE.mean((0, 2, 3))
    t, p = TRUE.double().numpy(), predicted.double().numpy()
    expected = ((t - p) ** 2).sum() / ((t - t.mean((0, 2, 3), keepdims=True)) ** 2).sum()
    assert metrics.unexplained(predicted, TRUE, mean) == pytest.approx(expected, rel=1e-5)
    assert metrics.unexplained(constant(*mean), TRUE, mean) == pytest.approx(1, abs=1e-6)
    assert metrics.unexplained((TRUE + constant(*mean)) / 2, TRUE, mean) == pytest.approx(0.25, rel=1e-5)


def test_the_chroma_ratio_of_gray_is_zero_and_does_not_see_hue():
    assert metrics.chroma_ratio(torch.zeros_like(TRUE), TRUE) == 0
    assert metrics.chroma_ratio(TRUE.flip(1), TRUE) == pytest.approx(1, rel=1e-6)
    assert metrics.chroma_ratio(-2 * TRUE, TRUE) == pytest.approx(2, rel=1e-6)


def test_sums_over_batches_give_the_numbers_of_all_pixels():
    predicted, mean = 0.7 * TRUE.roll(1, 0), TRUE.mean((0, 2, 3))
    sums = metrics.ColorSums(mean)
    for part, true in zip(predicted.split(7), TRUE.split(7), strict=True):
        sums.add(part, true)
    got = sums.values()
    assert all(map(math.isnan, metrics.ColorSums(mean).add(TRUE[:0], TRUE[:0]).values().values()))   # no pixels
    assert got["unexplained"] == pytest.approx(metrics.unexplained(predicted, TRUE, mean), rel=1e-9)
    assert got["chroma_ratio"] == pytest.approx(metrics.chroma_ratio(predicted, TRUE), rel=1e-9)


def test_auc_is_the_integral_of_the_curve_it_is_named_after():
    distance = some_ab(3).norm(dim=1)
    d = np.linspace(0, 150, 30_001)
    curve = (distance.numpy().reshape(-1, 1) <= d).mean(0)
    assert distance.max() > 150                                             # the limit is at work
    assert metrics.auc(distance) == pytest.approx(trapezoid(curve, d) / 150, abs=1e-4)
    assert [metrics.auc(torch.full((2, 3, 3), far)) for far in (0.0, 75.0, 151.0)] == [1, 0.5, 0]


def test_psnr_is_that_of_scikit_image():
    a, b = TEST.rgb(), smooth(25, seed=9).rgb()
    expected = [peak_signal_noise_ratio(x, y, data_range=1) for x, y in zip(b.numpy(), a.numpy(), strict=True)]
    np.testing.assert_allclose(metrics.psnr(a, b), expected, rtol=1e-5)


def test_colorfulness_is_that_of_numpy():
    expected = []
    for image in TEST.pixels.numpy().astype(float):
        R, G, B = image
        rg, yb = R - G, 0.5 * (R + G) - B
        expected.append(np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean()))
    np.testing.assert_allclose(metrics.colorfulness(TEST.rgb()), expected, rtol=1e-4)
    assert metrics.colorfulness(torch.full((1, 3, 4, 4), 0.7)) == 0


def test_cells_are_centered_on_multiples_of_ten_and_all_different():
    centers = torch.cartesian_prod(torch.arange(-150, 160, 10), torch.arange(-150, 160, 10)).T.float()     # 2 961
    inside = 9.9 * (torch.rand(2, 961, generator=torch.Generator().manual_seed(0)) - 0.5)
    cells = metrics.bin_of(centers[None, :, None])
    assert len(cells.unique()) == 961 and cells.min() == 0 and cells.max() == 960
    assert torch.equal(metrics.bin_of((centers + inside)[None, :, None]), cells)
    far = torch.tensor([[1e20, -1e20], [150.0, -150.0]])[:, :, None, None]    # beyond all bounds: the rim, 2 2 1 1
    assert torch.equal(metrics.bin_of(far)[0], metrics.bin_of(far)[1])


# evaluate

def warm(L):
    """A colorization that depends on the gray: L (N, 1, H, W) -> ab, partly right."""
    return torch.cat([0.1 * (L - 30), 0.3 * (L - 20)], dim=1)


def test_evaluate_equals_the_single_functions():
    mean = TRAIN.ab_mean()
    got = evaluate(warm, TEST, mean)
    lab = color.rgb_to_lab(TEST.pixels)
    ab = warm(lab[:, :1])
    shown = color.lab_to_rgb(torch.cat([lab[:, :1], ab], dim=1))
    assert got == pytest.approx({"unexplained": metrics.unexplained(ab, TRUE, mean),
                                 "chroma_ratio": metrics.chroma_ratio(ab, TRUE),
                                 "ab_error": float(metrics.ab_distance(ab, TRUE).mean()),
                                 "psnr": float(metrics.psnr(shown, TEST.rgb()).mean()),
                                 "auc": metrics.auc(metrics.ab_distance(ab, TRUE)),
                                 "auc_balanced": slow_balanced_auc(ab, TRUE),
                                 "colorfulness": float(metrics.colorfulness(shown).mean()),
                                 "ab_error_balanced": slow_balanced(ab, TRUE, limit=math.inf),
                                 "histogram_distance": metrics.histogram_distance(ab, TRUE)}, rel=1e-5)
    assert tuple(got) == metrics.NAMES + metrics.MORE


def slow_balanced_auc(predicted, true):
    return 1 - slow_balanced(predicted, true, limit=150) / 150


def slow_balanced(predicted, true, limit):
    """By a loop over pixels and cells: the mean distance for each cell of the true color, then their plain mean."""
    cells = {}
    for (a, b), (pa, pb) in zip(true.movedim(1, -1).reshape(-1, 2).tolist(),
                                predicted.movedim(1, -1).reshape(-1, 2).tolist(), strict=True):
        cells.setdefault((round(a / 10), round(b / 10)), []).append(min(math.hypot(a - pa, b - pb), limit))
    assert len(cells) > 3
    return sum(sum(cell) / len(cell) for cell in cells.values()) / len(cells)


def test_the_histogram_distance_asks_for_the_palette_and_not_for_the_places():
    two = torch.tensor([[0.0, 0.0], [40.0, 20.0]]).T.reshape(1, 2, 2, 1)    # a gray pixel and an orange one
    assert metrics.histogram_distance(two, two) == 0
    assert metrics.histogram_distance(two.flip(2), two) == 0                # the places do not matter
    assert metrics.histogram_distance(two.mean(2, keepdim=True).expand_as(two), two) == 1   # the mean is neither
    assert metrics.histogram_distance(torch.zeros_like(two), two) == 0.5
    with pytest.raises(ValueError, match=r"\(N, 2, H, W\)"):
        metrics.histogram_distance(two[:, :1], two)


def test_batching_does_not_matter():
    mean = TRAIN.ab_mean()
    whole = evaluate(warm, TEST, mean)
    for batch_size in (1, 7, 25):
        assert evaluate(warm, TEST, mean, batch_size) == pytest.approx(whole, rel=1e-6)
    assert evaluate(warm, TEST.pixels, mean) == whole                       # a plain tensor
    colorizer = Colorizer(KooCNN()).train()                                 # is measured in evaluation mode
    assert evaluate(colorizer, TEST, mean) == evaluate(colorizer.eval(), TEST, mean)


def test_predictions_are_measured_before_they_are_clipped_to_the_gamut():
    got = evaluate(lambda L: constant(300.0, 0.0), TEST, TRAIN.ab_mean(), batch_size=25)
    assert got["ab_error"] == pytest.approx(ab_error(constant(300.0, 0.0), TRUE), rel=1e-6)
    assert got["ab_error"] > 200
    assert got["chroma_ratio"] == pytest.approx(metrics.chroma_ratio(constant(300.0, 0.0), TRUE), rel=1e-6)
    truth = evaluate(lambda L: TRUE, TEST, TRAIN.ab_mean(), batch_size=25)
    assert truth["unexplained"] == truth["ab_error"] == truth["ab_error_balanced"] == truth["histogram_distance"] == 0
    assert truth["auc"] == truth["auc_balanced"] == 1 and truth["psnr"] > 90


def test_pictures_without_color_give_no_number_instead_of_a_crash():
    gray = torch.full((2, 3, 8, 8), 100, dtype=torch.uint8)
    got = evaluate(baseline("gray", TRAIN), gray, torch.zeros(2))
    assert math.isnan(got["chroma_ratio"]) and math.isnan(got["unexplained"]) and got["ab_error"] == 0


# baselines

def test_the_mean_leaves_everything_unexplained_and_gray_more():
    mean = evaluate_baseline("mean", TRAIN, TRAIN)
    gray = evaluate_baseline("gray", TRAIN, TRAIN)
    assert mean["unexplained"] == pytest.approx(1, abs=1e-5) and gray["unexplained"] > 1
    assert gray["chroma_ratio"] == gray["colorfulness"] == 0
    theirs = color.rgb_to_lab(TRAIN.pixels)[:, 1:]
    assert gray["ab_error"] == pytest.approx(float(theirs.norm(dim=1).mean()), rel=1e-5)
    ab = baseline("mean", TRAIN)(torch.zeros(3, 1, 5, 6))
    torch.testing.assert_close(ab, theirs.mean((0, 2, 3)).view(1, 2, 1, 1).expand(3, 2, 5, 6), rtol=1e-4, atol=1e-4)


def test_random_takes_the_colors_of_one_training_image_for_each_and_the_same_for_a_seed():
    theirs = color.rgb_to_lab(TRAIN.pixels)[:, 1:]
    ab = baseline("random", TRAIN, seed=3)(torch.zeros(30, 1, 16, 16))
    source = (ab[:, None] - theirs[None]).abs().amax((2, 3, 4))             # 30 40
    assert (source.min(1).values < 1e-4).all() and len(source.argmin(1).unique()) > 10
    parts = baseline("random", TRAIN, seed=3)                               # however they come in batches
    assert torch.equal(ab, torch.cat([parts(part) for part in torch.zeros(30, 1, 16, 16).split(7)]))
    assert evaluate_baseline("random", TEST, TRAIN, 3) == evaluate_baseline("random", TEST, TRAIN, 3)
    assert evaluate_baseline("random", TEST, TRAIN, 3) != evaluate_baseline("random", TEST, TRAIN, 4)


def test_random_is_as_colorful_as_the_truth_and_twice_as_wrong_as_the_mean():
    """Two independent draws of one distribution differ by twice its variance."""
    many = smooth(600, size=8, seed=5)
    random = evaluate_baseline("random", many, many)
    assert random["chroma_ratio"] == pytest.approx(1, abs=0.1)
    assert random["unexplained"] == pytest.approx(2, abs=0.25)


@pytest.mark.parametrize("call, words", [
    (partial(metrics.ab_distance, torch.zeros(1, 2, 4, 4), torch.zeros(2, 2, 4, 4)), r"\(N, 2, H, W\)"),
    (partial(metrics.ab_distance, torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 4)), r"\(N, 2, H, W\)"),
    (partial(metrics.ab_distance, torch.zeros(2, 4, 4), torch.zeros(2, 4, 4)), r"\(N, 2, H, W\)"),
    (partial(evaluate, lambda L: L, torch.empty(0, 3, 8, 8).byte(), torch.zeros(2)), "at least one image"),
    (partial(evaluate_baseline, "random", ImageSet(torch.zeros(2, 3, 8, 8).byte()), TRAIN), r"\(N, 2, H, W\)"),
    (partial(evaluate_baseline, "sepia", TEST, TRAIN), "'sepia'"),
])
def test_what_cannot_be_measured_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# Nazeri and Ng 2018

def test_nazeris_numbers_count_what_text_and_programs_say():
    images = smooth(3, size=16)
    true = color.rgb_to_lab(images.pixels)[:, 1:]
    found = nazeri_accuracy(lambda L: true, images)
    assert found == {"mae": 0.0, "exact": 1.0, "exact_values": 1.0, "within_2": 1.0, "within_5": 1.0}
    off = true.round() + torch.tensor([4.0, 5.0]).view(1, 2, 1, 1)          # 5 is more than 4.4 and less than 11
    found = nazeri_accuracy(lambda L: off, images)
    assert (found["exact"], found["within_2"], found["within_5"]) == (0.0, 0.0, 1.0)
    assert found["exact_values"] == pytest.approx(1 / 3)                    # L, which is given
    assert found["mae"] == pytest.approx(3.0, abs=0.2)                      # (0 + 4 + 5) / 3, but for rounding
    half = off.clone()
    half[..., :8] = true[..., :8]
    found = nazeri_accuracy(lambda L: half, images)
    assert found["exact"] == 0.5 and found["exact_values"] == pytest.approx(2 / 3)


# neighbors

def test_the_nearest_are_those_of_scipys_cosine_distance():
    described = torch.randn(30, 6, generator=torch.Generator().manual_seed(1)) * torch.logspace(-2, 2, 30)[:, None] + 3
    about = (described - described.mean(0)).double().numpy()
    expected = np.argsort(cdist(about, about, "cosine") + 9 * np.eye(30), axis=1)[:, :4]       # never itself
    assert np.array_equal(metrics.nearest(described, 4).numpy(), expected)
    for k in (0, 30):
        with pytest.raises(ValueError, match=f"k in 1...N - 1, got .*30, 6.* and k = {k}"):
            metrics.nearest(described, k)


def test_kinds_that_differ_in_color_explain_all_of_it_and_kinds_without_a_meaning_nothing():
    pixels = torch.zeros(40, 3, 4, 4, dtype=torch.uint8)
    pixels[:20, 0], pixels[20:, 2] = 200, 200                                # red ones, then blue ones
    named = ImageSet(pixels, torch.arange(40) // 20)
    assert explained_by_kind(named, named, named.ab_mean()) == pytest.approx(1, abs=1e-5)
    mixed = ImageSet(pixels, torch.arange(40) % 2)                           # both names for both colors
    for images in (mixed, ImageSet(pixels)):
        assert explained_by_kind(images, images, images.ab_mean()) == pytest.approx(0, abs=1e-5)
    unseen = explained_by_kind(named[:20], named[20:], named.ab_mean())      # a kind that nobody has seen
    assert unseen == pytest.approx(0, abs=1e-5)
    with pytest.raises(ValueError, match="at least one image"):
        explained_by_kind(named[:0], named, named.ab_mean())
    with pytest.raises(ValueError, match="same kinds"):
        explained_by_kind(named, ImageSet(pixels, torch.zeros(40).long(), ("cat",)), named.ab_mean())
