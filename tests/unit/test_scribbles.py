"""Levin's colorization: equal to a dense solve, within its hints, and stopped by edges."""
import time

import numpy as np
import pytest
import torch

from colorlib import scribbles

DRAW = torch.Generator().manual_seed(0)
NOISE = 100 * torch.rand(1, 7, 9, generator=DRAW)
HINTS = 40 * torch.randn(2, 7, 9, generator=DRAW)


def somewhere(*places, size=(7, 9)):
    mask = torch.zeros(1, *size, dtype=torch.bool)
    for row, column in places:
        mask[0, row, column] = True
    return mask


def by_hand(L, hints, mask):
    """The paper's equations, pixel by pixel, in a dense system."""
    Y, (height, width) = L[0].double().numpy() / 100, L.shape[1:]
    system = np.eye(height * width)
    for row in range(height):
        for column in range(width):
            if mask[0, row, column]:
                continue
            near = [(r, c) for r in range(max(0, row - 1), min(height, row + 2))
                    for c in range(max(0, column - 1), min(width, column + 2))]
            window = np.array([Y[place] for place in near])
            others = [place for place in near if place != (row, column)]
            squared = np.array([(Y[place] - Y[row, column]) ** 2 for place in others])
            variance = max(0.6 * window.var(), -squared.min() / np.log(0.01), 2e-6)
            weight = np.exp(-squared / variance)
            for place, one in zip(others, weight / weight.sum()):
                system[row * width + column, place[0] * width + place[1]] -= one
    known = np.where(mask[0].flatten(), hints.double().flatten(1).numpy(), 0)
    return np.linalg.solve(system, known.T).T.reshape(2, height, width)


def test_it_equals_a_dense_solve_of_the_papers_equations():
    mask = somewhere((0, 0), (3, 5), (6, 8))
    for L in (NOISE, torch.full_like(NOISE, 50.0)):
        assert np.allclose(scribbles.fill(L, HINTS, mask).numpy(), by_hand(L, HINTS, mask), atol=1e-3)


def test_hints_stay_and_all_colors_lie_between_them():
    mask = somewhere((0, 0), (3, 5), (6, 8))
    ab = scribbles.fill(NOISE, HINTS, mask)
    assert torch.equal(ab[:, mask[0]], HINTS[:, mask[0]])
    given = HINTS[:, mask[0]]
    assert (ab.amin((1, 2)) >= given.amin(1) - 1e-3).all() and (ab.amax((1, 2)) <= given.amax(1) + 1e-3).all()


def test_one_color_fills_everything():
    ab = scribbles.fill(NOISE, torch.tensor([30.0, -20.0])[:, None, None].expand(2, 7, 9), somewhere((2, 2)))
    assert torch.allclose(ab, torch.tensor([30.0, -20.0])[:, None, None], atol=1e-2)


def test_an_edge_stops_the_color_and_a_smooth_region_takes_it():
    L = torch.full((1, 12, 20), 30.0)
    L[..., 10:] = 80
    L += 0.5 * torch.rand(L.shape, generator=torch.Generator().manual_seed(1))
    hints = torch.zeros(2, 12, 20)
    hints[0, :, 2], hints[0, :, 17] = 50, -50
    ab = scribbles.fill(L, hints, somewhere((5, 2), (5, 17), size=(12, 20)))
    assert ab[0, :, :9].min() > 30 and ab[0, :, 11:].max() < -30


def test_the_rows_of_the_weights_sum_to_one_and_no_pixel_is_its_own_neighbor():
    for window in (3, 5):
        matrix = scribbles.weights(NOISE, window)
        assert np.allclose(matrix.sum(1), 1) and np.allclose(matrix.diagonal(), 0)
    assert scribbles.weights(NOISE, 5).nnz > scribbles.weights(NOISE, 3).nnz


def test_a_photograph_of_256_pixels_takes_at_most_three_seconds():
    L = 100 * torch.rand(1, 256, 256, generator=DRAW)  # rougher than any photograph
    mask = somewhere(*[(20 * k, 25 * j) for k in range(12) for j in range(10)], size=(256, 256))
    started = time.perf_counter()
    scribbles.fill(L, torch.zeros(2, 256, 256), mask)
    assert time.perf_counter() - started < 3


@pytest.mark.parametrize("L, hints, mask, words", [
    (NOISE, HINTS, somewhere(), "at least one scribble"),
    (NOISE, HINTS[:1], somewhere((0, 0)), "hints"),
    (NOISE.expand(3, 7, 9), HINTS, somewhere((0, 0)), "expected L"),
    (NOISE, HINTS, somewhere((0, 0)).float(), "mask"),
    (NOISE, HINTS, somewhere((0, 0), size=(9, 7)), "mask"),
    (NOISE + 30, HINTS, somewhere((0, 0)), "0...100"),
    (NOISE * float("nan"), HINTS, somewhere((0, 0)), "0...100"),
    (NOISE, HINTS * float("nan"), somewhere((0, 0)), "finite"),
])
def test_what_does_not_fit_is_refused(L, hints, mask, words):
    with pytest.raises(ValueError, match=words):
        scribbles.fill(L, hints, mask)


def test_lines_are_drawn_where_they_go_and_the_later_one_counts():
    hints, mask = scribbles.draw([(10, 20, 1, [(2, 5), (8, 5)]), (-7, 3, 0.5, [(5, 2), (5, 9)]), (1, 1, 0, [(0, 0)])],
                                 12)
    there = {(int(y), int(x)) for y, x in mask[0].nonzero()}
    line = {(y, x) for x in range(2, 9) for y in (4, 5, 6)} | {(5, 1), (5, 9)}
    assert there == line | {(y, 5) for y in range(2, 10)} | {(0, 0)}
    assert hints[:, 5, 5].tolist() == [-7, 3] and hints[:, 5, 4].tolist() == [10, 20]
    assert not hints[:, ~mask[0]].any()


@pytest.mark.parametrize("window", [1, 2, 4])
def test_a_window_without_a_middle_is_refused(window):
    with pytest.raises(ValueError, match="odd window"):
        scribbles.weights(NOISE, window)
