"""Guessing one color for all apples: the painted fruit, the bill, what a round allows, and the slider."""

import numpy as np
import pytest
import torch

from colorlib.data import cued_fruit
from colorlib.notebook import cheapest_guess


@pytest.fixture
def game():
    return cheapest_guess.GuessingGame("apples", seed=3)


@pytest.mark.parametrize("kind", ["apples", "plums"])
def test_fruit_painted_in_its_own_color_is_the_picture_that_it_was(kind):
    fruit = cued_fruit.paint(kind, 8, size=48, seed=1)
    again = cheapest_guess.painted(fruit, fruit.color)
    assert (again - fruit.rgb / 255).abs().max() < 1.5 / 255
    other = cheapest_guess.painted(fruit, torch.tensor([0.0, -40.0]))
    changed = ((other - again).abs() > 2 / 255).any(1, keepdim=True)
    assert changed[fruit.mask].float().mean() > 0.8 and not changed[~fruit.mask].any()


def test_the_bill_is_the_mean_squared_distance_of_all_twenty(game):
    game.a.value, game.b.value = 30, 20
    game.next.click()
    assert not game.bills and game.a.disabled
    game.all.click()
    expected = np.square(game.colors.numpy() - np.array([30, 20])).sum(1).mean()
    assert game.bills == [f"a 30, b 20: {expected:,.0f}"] and game.next.disabled
    game.all.click()  # nothing is left to reveal
    assert len(game.bills) == 1


def test_a_new_round_has_other_apples_and_lets_the_guess_move(game):
    first, empty = game.colors, game.picture.value
    game.next.click()
    assert game.picture.value != empty
    game.again.click()
    assert not torch.equal(game.colors, first) and not game.a.disabled and not game.next.disabled
    same = cheapest_guess.GuessingGame("apples", seed=3)
    assert torch.equal(same.colors, first)


def test_the_slider_and_the_choice_of_fruit_redraw_the_picture():
    fruit, slider, picture = cheapest_guess.move_share("apples").children
    seen = [picture.value]
    slider.value = 0.9
    seen.append(picture.value)
    fruit.value = "plums"
    seen.append(picture.value)
    assert len(set(seen)) == 3


def test_a_row_of_shares_marks_mean_and_median_where_numpy_finds_them():
    figure = cheapest_guess.shares("apples", [0.3])
    plane = figure.axes[0]
    mean, median = (tuple(float(v[0]) for v in line.get_data()) for line in plane.lines[-2:])
    colors = np.concatenate([np.random.default_rng(0).triangular(-8, 0, 8, (n, 2)) + at
                             for n, at in ((70_000, (57, 26)), (30_000, (-40, 42)))])
    assert np.allclose(mean, colors.mean(0), atol=0.5) and np.allclose(median, np.median(colors, 0), atol=0.5)
    assert [round(bar.get_height(), 2) for bar in figure.axes[3].patches] == [0.7, 0.3]
