"""What a learner operates, operated: JupyterLab in a real browser. `make test-classroom` runs these."""

import os

import nbformat
import pytest
from browser import Browser, chromium, jupyterlab
from PIL import Image
from running import checkout

from colorlib.data import painted_fruit
from colorlib.notebook import data_check, plots, turing_test
from tools.files import find

pytestmark = [pytest.mark.classroom, pytest.mark.skipif(not chromium(), reason="there is no Chromium here")]

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
TURING = """
import torch
from colorlib.data import datasets
from colorlib.colorizer import Colorizer
from colorlib.models import UNet
from colorlib.notebook import turing_test
torch.manual_seed(0)
pairs = turing_test.Pairs(Colorizer(UNet(2, 1)), datasets.load_painted_fruit("test", n=10), "tiny")
turing_test.show(pairs, "answers.csv")
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
        saved = turing_test.read_answers(tmp_path / "answers.csv")
        assert [row["answer"] for row in saved] == ["right", "left", "left"] * 2
        browser.open_notebook(address, "turing.ipynb")                      # a reload in the middle
        browser.wait(f"{said}.includes('Pair 7 of 10')")
        for i in range(6, 10):
            browser.js("document.querySelector('.noUi-handle').focus()")
            browser.press("ArrowRight")
            browser.wait(f"{said}.includes('{f'Pair {i + 2} of 10' if i < 9 else 'answered all 10 pairs'}')", 20)
        assert browser.js(f"{said}.includes('95 % interval')")
        browser.screenshot("turing")
        assert not browser.errors
    assert turing_test.fooling_rate(tmp_path / "answers.csv").answers == 10


UPLOAD = """
import torch
from colorlib.colorizer import Colorizer
from colorlib.models import UNet
from colorlib.notebook import photo_upload
torch.manual_seed(0)
photo_upload.upload_panel({"tiny": Colorizer(UNet(2, 1))}, "yours.png")
"""


@pytest.mark.timeout(240)
def test_a_photograph_is_uploaded_and_comes_back_colored(tmp_path):
    cells = [nbformat.v4.new_code_cell(UPLOAD)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=KERNEL), tmp_path / "photograph.ipynb")
    (tmp_path / "brought.png").write_bytes(plots.png(painted_fruit.generate(1, size=64, seed=0).rgb[0]))
    (tmp_path / "letter.png").write_text("no picture")
    with jupyterlab(tmp_path) as address, Browser() as browser:
        said = "[...document.querySelectorAll('.widget-html-content')].map(e => e.innerText).join()"
        browser.open_notebook(address, "photograph.ipynb")
        browser.wait("document.querySelector('.widget-upload')")
        browser.upload(".widget-upload", tmp_path / "brought.png")
        browser.wait(f"{said}.includes('Saved in yours.png')")
        shown = "[...document.querySelectorAll('.widget-image')].filter(e => e.naturalWidth > 0).length"
        assert browser.wait(shown) == 3
        browser.screenshot("photograph")
        browser.upload(".widget-upload", tmp_path / "letter.png")
        browser.wait(f"{said}.includes('not a JPEG')")
        assert not browser.errors
    assert Image.open(tmp_path / "yours.png").size == (64, 192)


PANEL = "[...window.jupyterapp.shell.widgets('main')].find(w => w.context)"
OUTPUTS = f"{PANEL}.content.widgets.filter(cell => cell.model.type == 'code').map(cell => cell.model.toJSON())"
PICTURES = "[...document.querySelectorAll('.widget-image')].map(picture => picture.src)"


ERRORS = f"{OUTPUTS}.flatMap(cell => cell.outputs).filter(output => output.output_type == 'error')"


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """A function that opens a notebook in a browser, where a learner has it, and runs it in `smoke`; gives the browser.
    """
    for name in [name for name in os.environ if name.startswith("COLORLIB_")]:
        monkeypatch.delenv(name)
    checkout(tmp_path)
    (tmp_path / "tmp").mkdir()
    how = {"COLORLIB_PROFILE": "smoke", "COLORLIB_DATASET": "fruits", "TMPDIR": str(tmp_path / "tmp")}
    with jupyterlab(tmp_path, **how) as address, Browser() as browser:
        def run(path, restart=False):
            if restart:
                browser.restart()
            else:
                browser.open_notebook(address, f"notebooks/{path.name}")
            ran = f"{OUTPUTS}.every(cell => cell.execution_count || !cell.source.length)"
            browser.wait(f"{ERRORS}.length > 0 || {ran}", 200)
            assert not browser.js(f"{ERRORS}.map(output => output.evalue)")
            browser.wait(f"{PANEL}.context.sessionContext.session.kernel.status == 'idle'", 200)
            browser.screenshot(path.stem)
            return browser
        yield run


SAID = "[...document.querySelectorAll('.widget-html-content, .widget-label')].map(e => e.innerText).join()"
HANDLE = "document.querySelector('.noUi-handle')"


def move_the_slider(browser, folder):
    """The slice of Lab by lightness (01), the pictures by temperature (04)."""
    browser.wait(HANDLE, 60)
    before = browser.js(PICTURES)
    browser.js(f"{HANDLE}.focus()")
    browser.press("ArrowRight")
    browser.wait(f"{PICTURES}[0] != '{before[0]}'", 30)
    assert browser.js("document.querySelector('.widget-image').naturalWidth") > 100


def mark_a_picture(browser, folder):
    """04's data check: a click writes the picture's name to the list beside the pictures, or takes it off."""
    box = "[...document.querySelectorAll('.widget-checkbox input')].at(-1)"
    browser.wait(box, 60)
    (file,) = (folder.parent / "tmp").rglob("marked-bad.txt")
    marked, listed = browser.js(rf"{SAID}.match(/(\d+) marked/)[1]"), file.read_text()
    browser.js(f"({box}.scrollIntoView({{block: 'center'}}), {box}.click())")
    browser.wait(rf"{SAID}.match(/(\d+) marked/)[1] != '{marked}'", 30)
    assert file.read_text() != listed
    assert browser.js("[...document.querySelectorAll('.widget-image')].at(-1).width") <= data_check.SHOWN_SIDE


def judge_a_pair(browser, folder):
    """06's Turing test."""
    browser.wait(f"{SAID}.includes('Pair 1 of 10')", 30)
    before = browser.js(PICTURES)
    browser.js(f"{HANDLE}.focus()")
    browser.press("ArrowLeft")
    browser.wait(f"{SAID}.includes('Pair 2 of 10')", 30)
    assert browser.js(PICTURES) != before
    (file,) = folder.glob("answers-*.csv")
    assert [row["answer"] for row in turing_test.read_answers(file)] == ["left"]


def bring_a_photograph(browser, folder):
    """07's button: every colorizer that is here answers, and the file holds as many pictures as the page."""
    brought = folder / "brought.png"
    brought.write_bytes(plots.png(painted_fruit.generate(1, size=64, seed=0).rgb[0]))
    browser.upload(".widget-upload", brought)
    browser.wait(f"{SAID}.includes('Saved in yours.png')", 120)
    pictures = len(browser.js(PICTURES))
    assert pictures > 10 and Image.open(folder / "yours.png").size == (64, 64 * pictures)


OPERATED = {"01": [move_the_slider], "04": [move_the_slider, mark_a_picture], "06": [judge_a_pair],
            "07": [bring_a_photograph]}


@pytest.mark.timeout(500)
@pytest.mark.parametrize("path", find(), ids=lambda path: path.stem)
def test_every_notebook_opens_runs_and_is_operated(opened, path, tmp_path):
    browser = opened(path)
    assert (tmp_path / "build" / "results" / "notebooks" / f"{path.stem[:2]}.smoke.json").exists()
    for operate in OPERATED.get(path.stem[:2], ()):
        operate(browser, tmp_path / "notebooks")
        browser.screenshot(f"{path.stem}-{operate.__name__}")
    (tmp_path / "build" / "results" / "notebooks" / f"{path.stem[:2]}.smoke.json").unlink()
    opened(path, restart=True)                                              # beside what the first run left
    assert (tmp_path / "build" / "results" / "notebooks" / f"{path.stem[:2]}.smoke.json").exists()
    assert not browser.errors
