"""What a learner operates, operated: JupyterLab in a real browser. `make test-classroom` runs these."""

import nbformat
import pytest
from browser import Browser, chromium, jupyterlab

from colorlib import turing

pytestmark = [pytest.mark.classroom, pytest.mark.skipif(not chromium(), reason="there is no Chromium here")]

TURING = """
import torch
from colorlib import datasets, turing
from colorlib.colorizer import Colorizer
from colorlib.models import UNet
torch.manual_seed(0)
pairs = turing.Pairs(Colorizer(UNet(2, 1)), datasets.fruits("test", n=10), "tiny")
turing.show(pairs, "answers.csv")
"""


@pytest.mark.timeout(240)
def test_ten_pairs_are_judged_by_keyboard_and_a_reload_loses_nothing(tmp_path):
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(TURING)], metadata=kernel)
    nbformat.write(notebook, tmp_path / "turing.ipynb")
    with jupyterlab(tmp_path) as address, Browser() as browser:
        said = "[...document.querySelectorAll('.widget-html-content')].map(e => e.innerText).join()"
        browser.open_notebook(address, "turing.ipynb")
        browser.wait(f"{said}.includes('Pair 1 of 10')")
        assert browser.js("[...document.querySelectorAll('.widget-image')].filter(e => e.naturalWidth > 0).length") == 2
        for i in range(6):
            browser.js("document.querySelector('.noUi-handle').focus()")
            browser.press("ArrowLeft" if i % 3 else "ArrowRight")
            browser.wait(f"{said}.includes('Pair {i + 2} of 10')", 20)
        assert [row["answer"] for row in turing.answers(tmp_path / "answers.csv")] == ["right", "left", "left"] * 2
        browser.open_notebook(address, "turing.ipynb")                      # a reload in the middle
        browser.wait(f"{said}.includes('Pair 7 of 10')")
        for i in range(6, 10):
            browser.js("document.querySelector('.noUi-handle').focus()")
            browser.press("ArrowRight")
            browser.wait(f"{said}.includes('{f'Pair {i + 2} of 10' if i < 9 else 'All 10 judged'}')", 20)
        assert browser.js(f"{said}.includes('95 % interval')")
        browser.screenshot(tmp_path / "turing.png")
        assert not browser.errors
    assert turing.result(tmp_path / "answers.csv").answers == 10
