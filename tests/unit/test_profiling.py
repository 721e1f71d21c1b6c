"""Timings in turn, the ratio of pairs, and peaks of memory."""
import sys

import pytest
import torch
from torch import nn

from colorlib import profiling


def test_both_sides_run_in_turn_and_the_first_round_does_not_count():
    calls = []
    one, other = profiling.interleaved(lambda: calls.append("a"), lambda: calls.append("b"), pairs=3)
    assert calls == ["a", "b"] * 4
    assert len(one) == len(other) == 3 and min(*one, *other) > 0


def test_the_ratio_is_the_median_of_the_pairs_ratios():
    assert profiling.ratio([2.0, 9.0, 4.0], [1.0, 3.0, 4.0]) == 2.0
    with pytest.raises(ValueError):
        profiling.ratio([1.0], [1.0, 2.0])


def test_the_peak_of_a_process_is_that_of_the_work(tmp_path, monkeypatch):
    work = "part = bytearray(200_000_000); part[::4096] = b'x' * len(part[::4096]); del part"
    assert 190 < profiling.peak_memory("", work) < 260
    assert profiling.peak_memory("", "pass") < 20
    if sys.platform == "linux":                                             # only Linux forgets the setup's peak
        assert profiling.peak_memory("part = b'x' * 200_000_000; del part", "pass") < 20
    (tmp_path / "only_here.py").write_text("part = bytearray")              # its modules are those of this process
    monkeypatch.syspath_prepend(str(tmp_path))
    assert profiling.peak_memory("import only_here", "held = only_here.part(50_000_000)") > 40
    with pytest.raises(RuntimeError, match="division by zero"):
        profiling.peak_memory("", "1 / 0")


def test_what_a_network_keeps_for_the_way_back():
    net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.Tanh())
    x = torch.rand(2, 1, 100, 100)
    map_of_both = 2 * 100 * 100 * 4 / 1e6                                   # MB of one channel
    # its input and the outputs of four tanh
    assert profiling.activation_memory(net, x) == pytest.approx(5 * map_of_both)
    net[0].requires_grad_(False)
    assert profiling.activation_memory(net, x) == 0                                        # no backward pass
    assert profiling.activation_memory(nn.Linear(1000, 1000), x.reshape(20, 1000)) == pytest.approx(20 * 1000 * 4 / 1e6)


def test_what_is_kept_twice_counts_once():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.other = nn.Linear(10, 1), nn.Linear(10, 1)

        def forward(self, x):
            return self.one(x) + self.other(x)

    assert profiling.activation_memory(Twice(), torch.rand(1000, 10)) == pytest.approx(1000 * 10 * 4 / 1e6)
