"""Timings in turn, and the ratio of pairs."""
import pytest

from colorlib import timing


def test_both_sides_run_in_turn_and_the_first_round_does_not_count():
    calls = []
    one, other = timing.interleaved(lambda: calls.append("a"), lambda: calls.append("b"), pairs=3)
    assert calls == ["a", "b"] * 4
    assert len(one) == len(other) == 3 and min(*one, *other) > 0


def test_the_ratio_is_the_median_of_the_pairs_ratios():
    assert timing.ratio([2.0, 9.0, 4.0], [1.0, 3.0, 4.0]) == 2.0
    with pytest.raises(ValueError):
        timing.ratio([1.0], [1.0, 2.0])
