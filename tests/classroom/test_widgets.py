"""What a learner operates, operated: JupyterLab in a real browser. `make test-classroom` runs these."""

import os

import pytest
from browser import Browser, chromium, jupyterlab
from PIL import Image
from running import checkout

from colorlib.data import painted_fruit
from colorlib.notebook import data_check, plots, turing_test
from tools.files import find

pytestmark = [pytest.mark.classroom, pytest.mark.skipif(not chromium(), reason="there is no Chromium here")]

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


def move_the_slider(browser, folder, key="ArrowRight"):
    """The slice of Lab by lightness (01), the guess of the game (02)."""
    browser.wait(HANDLE, 60)
    before = browser.js(PICTURES)
    browser.js(f"{HANDLE}.focus()")
    browser.press(key)
    browser.wait(f"{PICTURES}[0] != '{before[0]}'", 30)
    assert browser.js("document.querySelector('.widget-image').naturalWidth") > 100


def paint_a_stroke(browser, folder):
    """01's page to paint on: a stroke changes the painting, and a button takes it back."""
    page = "document.querySelector('iframe[title=\"Paint a gray photograph\"]')?.contentDocument"
    painting = f"{page}.getElementById('painting')"
    browser.wait(f"{page}?.getElementById('painting')?.width > 100", 60)
    before = browser.js(f"{painting}.toDataURL()")
    browser.js(f"""(canvas => {{ const box = canvas.getBoundingClientRect();
        canvas.onpointermove({{buttons: 1, clientX: box.left + 60, clientY: box.top + 60}}); }})({painting})""")
    assert browser.js(f"{painting}.toDataURL()") != before
    browser.js(f"{page}.getElementById('clear').click()")
    assert browser.js(f"{painting}.toDataURL()") == before


def finish_a_round(browser, folder):
    """02's game: the button reveals all apples, and the guess may no longer move."""
    before = browser.js(PICTURES)
    browser.js("[...document.querySelectorAll('button')].find(b => b.innerText == 'all twenty').click()")
    browser.wait(f"{PICTURES}[0] != '{before[0]}'", 30)
    assert browser.js("document.querySelector('.noUi-target').getAttribute('disabled') !== null")


def click_a_pixel(browser, folder):
    """04's page: a click asks another pixel, and the temperature changes its point and the painted picture."""
    page = "document.querySelector('iframe[title=\"Ask a pixel\"]')?.contentDocument"
    plane, painting = (f"{page}.getElementById('{name}').toDataURL()" for name in ("plane", "painting"))
    browser.wait(f"{page}?.getElementById('painting')?.width == 32", 60)
    before = browser.js(plane), browser.js(painting)
    browser.js(f"""(canvas => {{ const box = canvas.getBoundingClientRect();
        canvas.onclick({{clientX: box.left + 200, clientY: box.top + 40}}); }})({page}.getElementById('gray'))""")
    assert browser.js(plane) != before[0] and browser.js(painting) == before[1]
    browser.js(f"(slider => {{ slider.value = -1; slider.oninput(); }})({page}.getElementById('T'))")
    assert browser.js(painting) != before[1]


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


def move_the_slider_back(browser, folder):
    """The sliders of 06, epochs, and of 07, depth, stand at their ends."""
    move_the_slider(browser, folder, "ArrowLeft")


def judge_a_pair(browser, folder):
    """The Turing tests of 06 and 09, after the other sliders."""
    browser.wait(f"{SAID}.includes('Pair 1 of 10')", 30)
    before = browser.js(PICTURES)
    browser.js("[...document.querySelectorAll('.noUi-handle')].at(-1).focus()")
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
    pictures = len(browser.js(PICTURES)) - 1                                # the first is the slider's
    assert pictures == 6 and Image.open(folder / "yours.png").size == (64, 64 * pictures)


def scribble(browser, folder):
    """08's page: a stroke becomes a scribble whose color flows, and a button takes all colors away."""
    page = "document.querySelector('iframe[title=\"Scribble colors on a gray photograph\"]')?.contentDocument"
    drawn, filled = (f"{page}.getElementById('{name}').toDataURL()" for name in ("scribbled", "filled"))
    browser.wait(f"{page}?.getElementById('filled')?.width == 128", 60)
    before = browser.js(drawn)
    browser.js(f"""(canvas => {{ const box = canvas.getBoundingClientRect();
        canvas.onpointerdown({{buttons: 1, clientX: box.left + 150, clientY: box.top + 200}});
        canvas.onpointermove({{buttons: 1, clientX: box.left + 200, clientY: box.top + 205}});
        }})({page}.getElementById('scribbled'))""")
    browser.wait(f"{drawn} != '{before}'", 30)
    colored = browser.js(filled)
    browser.js(f"{page}.getElementById('clear').click()")
    browser.wait(f"{page}.getElementById('state').textContent.startsWith('Nothing')", 60)
    assert browser.js(filled) != colored


OPERATED = {"01": [move_the_slider, paint_a_stroke], "02": [move_the_slider, finish_a_round],
            "04": [click_a_pixel, mark_a_picture], "06": [move_the_slider_back, judge_a_pair],
            "07": [move_the_slider_back, bring_a_photograph], "08": [move_the_slider, scribble],
            "09": [move_the_slider, judge_a_pair]}


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
