"""What a learner operates, operated: JupyterLab in a real browser. `make test-classroom` runs these."""

import shutil

import nbformat
import pytest
from browser import Browser, chromium, jupyterlab
from PIL import Image

from colorlib import figures, fruits, turing
from colorlib.course.files import find

pytestmark = [pytest.mark.classroom, pytest.mark.skipif(not chromium(), reason="there is no Chromium here")]

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
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
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(TURING)], metadata=KERNEL)
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


UPLOAD = """
import torch
from colorlib import photograph
from colorlib.colorizer import Colorizer
from colorlib.models import UNet
torch.manual_seed(0)
photograph.panel({"tiny": Colorizer(UNet(2, 1))}, "yours.png")
"""


@pytest.mark.timeout(240)
def test_a_photograph_is_uploaded_and_comes_back_colored(tmp_path):
    cells = [nbformat.v4.new_code_cell(UPLOAD)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=KERNEL), tmp_path / "photograph.ipynb")
    (tmp_path / "brought.png").write_bytes(figures.png(fruits.generate(1, size=64, seed=0).rgb[0]))
    (tmp_path / "letter.png").write_text("no picture")
    with jupyterlab(tmp_path) as address, Browser() as browser:
        said = "[...document.querySelectorAll('.widget-html-content')].map(e => e.innerText).join()"
        browser.open_notebook(address, "photograph.ipynb")
        browser.wait("document.querySelector('.widget-upload')")
        browser.upload(".widget-upload", tmp_path / "brought.png")
        browser.wait(f"{said}.includes('Saved in yours.png')")
        shown = "[...document.querySelectorAll('.widget-image')].filter(e => e.naturalWidth > 0).length"
        assert browser.wait(shown) == 3
        browser.screenshot(tmp_path / "photograph.png")
        browser.upload(".widget-upload", tmp_path / "letter.png")
        browser.wait(f"{said}.includes('not a JPEG')")
        assert not browser.errors
    assert Image.open(tmp_path / "yours.png").size == (64, 192)


PANEL = "[...window.jupyterapp.shell.widgets('main')].find(w => w.context)"
OUTPUTS = f"{PANEL}.content.widgets.filter(cell => cell.model.type == 'code').map(cell => cell.model.toJSON())"
PICTURES = "[...document.querySelectorAll('.widget-image')].map(picture => picture.src)"


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """A function that opens a notebook of the course in a browser and runs it, in `smoke`; gives the browser."""
    for name, value in {"PROFILE": "smoke", "DATASET": "fruits", "RESULTS": str(tmp_path / "results")}.items():
        monkeypatch.setenv(f"COLORLIB_{name}", value)
    with jupyterlab(tmp_path) as address, Browser() as browser:
        def run(path):
            shutil.copyfile(path, tmp_path / path.name)
            browser.open_notebook(address, path.name)
            browser.wait(f"{OUTPUTS}.every(cell => cell.execution_count || !cell.source.length)", 200)
            browser.wait(f"{PANEL}.context.sessionContext.session.kernel.status == 'idle'", 200)
            browser.screenshot(tmp_path / f"{path.stem}.png")
            return browser
        yield run


def numbered(number):
    return next(path for path in find() if path.name.startswith(number))


@pytest.mark.timeout(400)
@pytest.mark.parametrize("path", find(), ids=lambda path: path.stem)
def test_every_notebook_opens_and_runs(opened, path):
    browser = opened(path)
    every = f"{OUTPUTS}.flatMap(cell => cell.outputs)"
    errors = browser.js(f"{every}.filter(output => output.output_type == 'error').map(output => output.evalue)")
    assert not errors and not browser.errors


@pytest.mark.timeout(400)
@pytest.mark.parametrize("number", ["01", "04"])
def test_a_slider_is_moved_and_the_picture_follows(opened, number):
    """The slice of Lab by lightness; the pictures by temperature."""
    browser = opened(numbered(number))
    browser.wait("document.querySelector('.noUi-handle')", 60)
    before = browser.js(PICTURES)
    browser.js("document.querySelector('.noUi-handle').focus()")
    browser.press("ArrowRight")
    browser.wait(f"{PICTURES}[0] != '{before[0]}'", 30)
    assert browser.js("document.querySelector('.widget-image').naturalWidth") > 100 and not browser.errors


@pytest.mark.timeout(400)
def test_a_picture_is_marked_as_bad_and_the_mark_is_kept(opened, tmp_path):
    browser = opened(numbered("04"))
    box = "[...document.querySelectorAll('.widget-checkbox input')].at(-1)"
    label = "[...document.querySelectorAll('.widget-label')].map(e => e.innerText).join()"
    browser.wait(box, 60)
    marked = browser.js(f"{label}.match(/(\\d+) marked/)[1]")
    browser.js(f"{box}.click()")
    browser.wait(f"{label}.match(/(\\d+) marked/)[1] != '{marked}'", 30)
    assert not browser.errors
