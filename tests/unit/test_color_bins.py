"""Bins of the ab plane: how many there are, soft targets by table and by search, rebalancing, annealed mean."""
import math
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from colorlib import color
from colorlib.color_bins import CELL, AbBins, SoftTarget, _nearest
from colorlib.losses import soft_cross_entropy

BINS = AbBins()


def screen_colors(n=4096, seed=0):
    """ab of n random 8-bit colors, as (1, 2, n / 64, 64)."""
    rgb = torch.randint(0, 256, (1, 3, n // 64, 64), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)
    return color.rgb_to_lab(rgb)[:, 1:]


def mean_color(target):
    return BINS.annealed_mean(target.dense(261).log(), T=1)


def point(a, b):
    return torch.tensor([a, b], dtype=torch.float32).view(1, 2, 1, 1)


def neighbors(bins, ab):
    """The soft targets of `AbBins.encode` by an exact search among all centers, shares as float32."""
    n, _, h, w = ab.shape
    index, share = _nearest(ab.permute(0, 2, 3, 1).reshape(-1, 2), bins.centers, bins.k, bins.sigma)
    return SoftTarget(*(t.view(n, h, w, -1).permute(0, 3, 1, 2) for t in (index, share)))


# how many

def test_ten_units_give_261_occupied_bins_and_zhangs_313():
    assert len(BINS) == 261 and len(AbBins(rule="zhang")) == 313


def test_occupied_bins_are_those_of_all_sixteen_million_colors():
    """The rim of the RGB cube, from which they are counted, reaches as far as its inside."""
    cells = set()
    grid = torch.cartesian_prod(*2 * [torch.arange(256, dtype=torch.uint8)]).T.view(1, 2, 256, 256)
    for red in range(256):
        rgb = torch.cat([torch.full_like(grid[:, :1], red), grid], dim=1)
        ab = color.rgb_to_lab(rgb)[0, 1:].flatten(1).T.double().numpy()
        for step in (10, 5):
            cells |= {(step, *cell) for cell in np.unique(np.rint(ab / step), axis=0).tolist()}
    for step in (10, 5):
        centers = AbBins(step).centers / step
        assert {(step, *c) for c in centers.tolist()} == {c for c in cells if c[0] == step}


def test_centers_are_sorted_multiples_of_the_step():
    for bins in (BINS, AbBins(20.0), AbBins(5.0, "zhang")):
        rows = bins.centers.tolist()
        assert rows == sorted(rows) and all(x % bins.step == 0 for row in rows for x in row)
        assert [0.0, 0.0] in rows
    bins = AbBins(200.0, k=1)                                               # as large as the plane
    assert 1 <= len(bins) <= 9 and bins.encode(screen_colors(64)).index.max() < len(bins)
    assert repr(AbBins(20.0, "zhang", k=3, sigma=4.0)) == "AbBins(step=20, rule='zhang', k=3, sigma=4)"


# soft targets

def test_exact_search_finds_the_neighbors_of_scikit_learn():
    ab = screen_colors()
    target = neighbors(BINS, ab)
    rows = ab.permute(0, 2, 3, 1).reshape(-1, 2)
    distance, oracle = NearestNeighbors(n_neighbors=10).fit(BINS.centers).kneighbors(rows)
    index = target.index.permute(0, 2, 3, 1).reshape(-1, 10).numpy()
    assert (np.sort(index) == np.sort(oracle)).all()
    weight = np.exp(-distance ** 2 / 50)
    weight /= weight.sum(1, keepdims=True)
    np.testing.assert_allclose(target.share.permute(0, 2, 3, 1).reshape(-1, 10), weight, atol=1e-5)


@pytest.mark.parametrize("bins", [BINS, AbBins(rule="zhang"), AbBins(20.0, k=5, sigma=10.0), AbBins(k=1)], ids=repr)
def test_the_table_gives_what_the_search_gives_for_the_middle_of_its_cells(bins):
    ab = screen_colors(seed=1)
    ab = (ab / CELL).floor() * CELL + CELL / 2
    table, search = bins.encode(ab), neighbors(bins, ab)
    apart = (table.dense(len(bins)) - search.dense(len(bins))).abs().sum(1) / 2
    assert apart.max() < 0.002                                              # float16


def test_the_table_is_close_to_the_search_everywhere():
    ab = screen_colors(seed=2)
    table, search = BINS.encode(ab), neighbors(BINS, ab)
    apart = (table.dense(261) - search.dense(261)).abs().sum(1) / 2         # total variation
    assert apart.max() < 0.03 and apart.mean() < 0.01
    assert (mean_color(table) - mean_color(search)).norm(dim=1).max() < 2 * CELL


def test_shares_sum_to_one_and_the_nearest_bin_goes_first():
    target = BINS.encode(screen_colors(seed=3))
    assert target.index.dtype == torch.int16 and target.share.dtype == torch.float16
    assert target.nbytes == 64 * 64 * 10 * 4
    torch.testing.assert_close(target.share.float().sum(1), torch.ones(1, 64, 64), rtol=0, atol=2e-3)
    assert (target.share[:, :-1] >= target.share[:, 1:]).all()


def test_of_two_bins_at_one_distance_the_lower_is_taken():
    for a, b in ((5, 0), (0, 5), (5, 5), (-5, 5), (15, -5)):
        squared = (BINS.centers - torch.tensor([a, b])).square().sum(1)
        tied = (squared == squared.min()).nonzero().flatten()
        assert len(tied) > 1 and int(neighbors(BINS, point(a, b)).index[0, 0]) == int(tied[0])


@pytest.mark.parametrize("a, b", [(1e4, 0), (-3e3, 3e3), (0, 400)])
def test_colors_far_outside_the_gamut_get_a_bin_and_finite_shares(a, b):
    for target in (BINS.encode(point(a, b)), neighbors(BINS, point(a, b))):
        assert 0 <= int(target.index.min()) <= int(target.index.max()) < 261
        assert target.share.isfinite().all() and abs(float(target.share.float().sum()) - 1) < 2e-3


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_other_precisions_find_the_same_cells(dtype):
    ab = screen_colors(seed=6).to(dtype)
    assert torch.equal(BINS.encode(ab).index, BINS.encode(ab.float()).index)


# rebalancing

def test_the_prior_counts_the_bins_of_the_pixels():
    red = torch.tensor([255, 0, 0], dtype=torch.uint8).view(1, 3, 1, 1).expand(1, 3, 8, 8)
    gray = torch.full((3, 3, 8, 8), 90, dtype=torch.uint8)
    prior = BINS.prior(torch.cat([red, gray]))
    near_gray = BINS.centers.norm(dim=1) < 40
    assert prior.sum() == pytest.approx(1) and (prior > 0).sum() == 20
    assert prior[near_gray].sum() == pytest.approx(0.75, abs=1e-3) and not BINS.centers[prior.argmax()].any()


def test_a_prior_that_does_not_peak_at_gray_is_a_warning():
    red = torch.tensor([255, 0, 0], dtype=torch.uint8).view(1, 3, 1, 1).expand(1, 3, 8, 8)
    with pytest.warns(UserWarning, match="not at gray"):
        BINS.prior(red)


def some_prior(zeros=0, seed=0):
    p = torch.rand(261, generator=torch.Generator().manual_seed(seed), dtype=torch.double) ** 8
    p[:zeros] = 0
    return p / p.sum()


@pytest.mark.parametrize("lam", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("zeros", [0, 40])
def test_weights_have_mean_one_under_the_prior_and_follow_zhangs_formula(lam, zeros):
    p = some_prior(zeros)
    w = BINS.rebalance(p, lam).double()
    assert float((p * w).sum()) == pytest.approx(1, abs=1e-6)
    u = (p > 0) / (p > 0).sum()
    occurs = p > 0
    expected = 1 / ((1 - lam) * p + lam * u)[occurs]
    expected = expected / (p[occurs] * expected).sum()
    torch.testing.assert_close(w[occurs], expected, rtol=1e-5, atol=0)
    assert w.isfinite().all() and (w[~occurs] == w.max()).all() and (lam < 1 or zeros or w.unique().numel() == 1)


# annealed mean

def logits(n=1, scale=3.0, seed=0):
    return scale * torch.randn(n, 261, 4, 5, generator=torch.Generator().manual_seed(seed))


def test_at_T_1_the_annealed_mean_is_the_mean_and_near_0_the_mode():
    z = logits()
    p = z.softmax(1)
    torch.testing.assert_close(BINS.annealed_mean(z, 1.0), (p[:, :, None] * BINS.centers[:, :, None, None]).sum(1))
    mode = BINS.centers[z.argmax(1)].permute(0, 3, 1, 2)
    torch.testing.assert_close(BINS.annealed_mean(z, 1e-4), mode)


@given(st.floats(0.05, 3), st.floats(-50, 50))
@settings(max_examples=20, deadline=None)
def test_a_constant_added_to_the_logits_changes_nothing(T, shift):
    z = logits(seed=1)
    torch.testing.assert_close(BINS.annealed_mean(z + shift, T), BINS.annealed_mean(z, T), rtol=1e-3, atol=2e-2)


def test_soft_targets_decode_to_nearly_the_color_they_were_made_of():
    ab = screen_colors(seed=5)
    inner = ab.norm(dim=1) < 40                                             # at the rim neighbors are missing
    assert (mean_color(BINS.encode(ab)) - ab).norm(dim=1)[inner].max() < 4


# the loss

def dense_loss(z, target):
    return -(target.dense(z.shape[1]) * z.float().log_softmax(1)).sum(1).mean()


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_sparse_loss_is_the_dense_one_with_its_gradient(layout):
    ab = screen_colors(64).view(1, 2, 8, 8)
    target = BINS.encode(ab)
    z = torch.randn(1, 261, 8, 8).to(memory_format=layout).requires_grad_()
    sparse, dense = soft_cross_entropy(z, *target), dense_loss(z, target)
    torch.testing.assert_close(sparse, dense)
    torch.testing.assert_close(*(torch.autograd.grad(loss, z)[0] for loss in (sparse, dense)), rtol=1e-4, atol=1e-8)


def test_the_sparse_loss_has_the_gradient_that_differences_give():
    bins = AbBins(40.0, k=3)
    target = SoftTarget(*(t.double() if t.is_floating_point() else t for t in neighbors(bins, screen_colors(64))))
    z = torch.randn(1, len(bins), 1, 64, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda z: soft_cross_entropy(z, *target), z)


def test_weights_in_the_shares_weigh_whole_pixels():
    target = BINS.encode(screen_colors(64))
    z = torch.randn(1, 261, 1, 64)
    w = torch.rand(64)
    per_pixel = -(target.dense(261) * z.log_softmax(1)).sum(1).flatten()
    weighed = soft_cross_entropy(z, target.index, target.share.float() * w.view(1, 1, 1, 64))
    torch.testing.assert_close(weighed, (per_pixel * w).mean())


@pytest.mark.parametrize("scale", [1e4, -1e4])
def test_the_sparse_loss_stays_finite_for_confident_logits(scale):
    z = (scale * torch.randn(1, 261, 1, 64)).requires_grad_()
    loss = soft_cross_entropy(z, *BINS.encode(screen_colors(64)))
    loss.backward()
    assert loss.isfinite() and z.grad.isfinite().all()
    half = torch.randn(1, 261, 1, 64, dtype=torch.bfloat16, requires_grad=True)
    soft_cross_entropy(half, *BINS.encode(screen_colors(64))).backward()
    assert half.grad.dtype == torch.bfloat16


@pytest.mark.parametrize("make, words", [
    *[(partial(AbBins, **wrong), words) for wrong, words in (
        ({"step": 0.8}, "step"), ({"sigma": -1}, "sigma"), ({"rule": "all"}, "'all'"), ({"k": 0}, "k"),
        ({"k": 262}, "262"))],
    *[(partial(BINS.encode, ab), r"\(N, 2, H, W\)")
      for ab in (torch.zeros(1, 3, 4, 4), torch.zeros(2, 4, 4), torch.zeros(1, 2, 4, 4).long())],
    (partial(BINS.prior, torch.empty(0, 3, 8, 8).byte()), "at least one image"),
    *[(partial(BINS.rebalance, prior, lam), words) for prior, lam, words in (
        (torch.ones(260) / 260, 0.5, "261"), (torch.ones(261), 0.5, "sum 1"),
        (torch.full((261,), math.nan), 0.5, "negative"), (torch.ones(261) / 261, 1.5, "lam"),
        (torch.ones(261) / 261, -0.1, "lam"))],
    *[(partial(BINS.annealed_mean, logits(), T), "T must be positive") for T in (0, -1, math.nan)],
    (partial(BINS.annealed_mean, torch.zeros(1, 313, 2, 2)), r"\(N, 261, H, W\)"),
    *[(partial(soft_cross_entropy, torch.zeros(shape), *BINS.encode(screen_colors(64))), "expected logits")
      for shape in ((261, 8, 8), (1, 261, 4, 4), (2, 261, 1, 64))],
])
def test_what_makes_no_sense_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
