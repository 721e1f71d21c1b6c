"""Bootstrap intervals against SciPy's, crossed seeds and images, pairing, and how often they cover the truth."""

import math

import numpy as np
import pytest
from scipy import stats

from colorlib.intervals import difference, interval, ratio

RANDOM = np.random.default_rng(1)


def test_over_images_it_is_scipys_percentile_bootstrap():
    values = RANDOM.exponential(size=300)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=2).confidence_interval
    ours = interval(values, draws=4000)
    width = theirs.high - theirs.low
    assert ours.value == pytest.approx(values.mean())
    assert ours.low == pytest.approx(theirs.low, abs=0.05 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.05 * width)


def test_a_ratio_of_sums_resamples_both_parts_together():
    size = RANDOM.uniform(1, 100, 200)
    exact = interval(0.5 * size, size, statistic=ratio)                     # the ratio is the same in each image
    assert (exact.value, exact.low, exact.high) == pytest.approx((0.5, 0.5, 0.5))
    part = size * RANDOM.uniform(0, 1, 200)
    theirs = stats.bootstrap((part, size), lambda a, b, axis: a.sum(axis) / b.sum(axis), n_resamples=4000, paired=True,
                             method="percentile", rng=2).confidence_interval
    ours, width = interval(part, size, statistic=ratio, draws=4000), theirs.high - theirs.low
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.06 * width)


def test_seeds_and_images_are_crossed():
    """Where all rows differ by a constant only, images tell nothing about the spread of seeds, and the reverse."""
    by_seed, by_image = np.array([0.0, 1.0, 2.0]), RANDOM.normal(size=400)
    table = by_seed[:, None] + by_image
    images, seeds, both = (interval(table, over=over) for over in ("images", "seeds", "both"))
    assert images.high - images.low < 0.3 < 1 < seeds.high - seeds.low <= both.high - both.low + 0.05
    assert seeds.low == pytest.approx(by_image.mean(), abs=1e-9)            # the worst seed, three times
    assert interval(by_seed, over="seeds").low == 0
    alike = interval(np.stack([by_image] * 3), over="both")                 # all seeds the same: only images are left
    assert alike.high - alike.low == pytest.approx(images.high - images.low, rel=0.15)
    one = interval(table[:1], over="seeds")
    assert math.isnan(one.low) and not one.excludes_zero


def test_a_difference_is_paired():
    hard = RANDOM.normal(0, 10, 300)                                        # how hard each image is, for both
    one, other = hard + RANDOM.normal(0.5, 1, 300), hard + RANDOM.normal(0, 1, 300)
    paired = difference(one, other)
    assert paired.excludes_zero and paired.low < 0.5 < paired.high
    assert interval(one).high - interval(one).low > 3 * (paired.high - paired.low)
    assert not difference(hard + 0.01 * RANDOM.normal(size=300), hard).excludes_zero
    size = RANDOM.uniform(1, 100, 300)                                      # ratios of sums, 0.1 apart in each image
    part = size * RANDOM.uniform(0, 0.5, 300)
    apart = difference((part + 0.1 * size, size), (part, size), ratio)
    assert (apart.value, apart.low, apart.high) == pytest.approx((0.1, 0.1, 0.1))
    with pytest.raises(ValueError, match="one shape"):
        difference(one, other[:-1])


@pytest.mark.parametrize("seeds, low, high", [(3, 0.68, 0.82), (5, 0.78, 0.90)])
def test_between_few_trainings_the_bootstrap_is_too_narrow(seeds, low, high):
    found = [interval(sample, over="seeds", draws=200) for sample in RANDOM.normal(size=(400, seeds))]
    assert low < np.mean([i.low <= 0 <= i.high for i in found]) < high


@pytest.mark.parametrize("call, words", [
    (lambda: interval([]), "non-empty"), (lambda: interval([1, 2], [1, 2, 3], statistic=ratio), "one shape"),
    (lambda: interval([1, 2], over="pictures"), "unknown over"), (lambda: interval([1, 2], over="both"), "seeds, im"),
])
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
