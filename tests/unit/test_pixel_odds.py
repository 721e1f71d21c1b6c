"""The page and the figure that ask a pixel for its odds."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
import torch

from colorlib.color_bins import AbBins
from colorlib.notebook import pixel_odds

BINS = AbBins(40.0, k=1)
DOM = """
const any = new Proxy(function () {}, {get: (_, key) => key === Symbol.toPrimitive ? () => 0 : any,
                                       set: () => true, apply: () => any});
const document = {getElementById: () => any, createElement: () => any};
class ImageData { constructor(w, h) { this.data = new Uint8ClampedArray(4 * w * h); } }
"""


@pytest.fixture
def log_p():
    return (3 * torch.randn(2, len(BINS), 4, 4, generator=torch.Generator().manual_seed(0))).log_softmax(1)


def test_the_marks_are_mean_mode_and_a_color_of_the_distribution(log_p):
    one, centers = log_p[0, :, 1, 2], BINS.centers.numpy()
    p = np.exp(one.double().numpy()) ** 2                                   # T = 0.5
    marks = pixel_odds.marks(one, BINS, T=0.5)
    assert np.allclose(marks["mean"], p @ centers / p.sum(), atol=1e-3)
    assert np.allclose(marks["mode"], centers[p.argmax()])
    drawn = np.stack([pixel_odds.marks(one, BINS, 0.5, seed)["sample"].numpy() for seed in range(2000)])
    assert np.allclose(drawn.mean(0), p @ centers / p.sum(), atol=4)        # standard error below 1.3


@pytest.mark.skipif(not shutil.which("node"), reason="needs node to run the page's script")
@pytest.mark.parametrize("T", [1.0, 0.2])
def test_the_page_anneals_as_the_library_does(log_p, T):
    page = pixel_odds.page(torch.randint(256, (2, 3, 8, 8)).byte(), log_p, BINS, (3, 5))
    script = re.search(r"<script>(.*)</script>", page, re.DOTALL).group(1)
    script = f"{DOM}{script};n = 1;console.log(JSON.stringify([row, column, ...mean(distribution(2, 3, {T}))]))"
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    *cell, a, b = json.loads(done.stdout)
    expected = BINS.annealed_mean(log_p[1:], T)[0, :, 2, 3]
    assert cell == [1, 2]
    assert torch.allclose(torch.tensor([a, b]), expected, atol=0.1)


def test_a_figure_has_a_column_for_each_picture(log_p):
    figure = pixel_odds.draw(torch.randint(256, (2, 3, 8, 8)).byte(), log_p, BINS, [(0, 0), (7, 7)])
    planes = figure.axes[2:4]
    for plane, log_q in zip(planes, (log_p[0, :, 0, 0], log_p[1, :, 3, 3]), strict=True):
        mode = plane.lines[3].get_xydata()[0]                               # after two axes and the mean
        assert np.allclose(mode, BINS.centers[log_q.argmax()])
