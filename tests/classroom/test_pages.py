"""The pages to read, in a real browser: for everyone (axe-core), light and dark, wide and narrow, without a network."""

import time

import pytest
from browser import Browser, chromium

from tools import site

pytestmark = [pytest.mark.classroom, pytest.mark.skipif(not chromium(), reason="there is no Chromium here")]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = site.make(tmp_path_factory.mktemp("site") / "pages").parent
    return sorted(path for path in folder.rglob("*.html") if "_static" not in path.parts and path.stem != "genindex")


def opened(browser, path, width, scheme="light"):
    browser.send("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    browser.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.send("Page.navigate", url=path.as_uri())
    browser.wait(f"document.readyState == 'complete' && location.href.endsWith('{path.name}')")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_axe_finds_nothing_serious_and_no_page_is_wider_than_the_screen(axe, pages, width, scheme):
    with Browser() as browser:
        browser.send("Network.enable")
        browser.send("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=-1,
                     uploadThroughput=-1)
        for path in pages:
            opened(browser, path, width, scheme)
            browser.js(f"void (() => {{ {axe} }})()")
            found = browser.js(
                "axe.run().then(told => told.violations.filter(v => ['serious', 'critical'].includes(v.impact)).map("
                "v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.target + ' ' + n.failureSummary).join(' | ')))")
            assert not found, f"{path.name}, {width}, {scheme}: {found}"
            assert browser.js("document.documentElement.scrollWidth") <= width, path.name
            broken = "[...document.images].filter(i => !i.naturalWidth).length"
            assert browser.js(broken) == 0, path.name
        assert not browser.errors and not [url for url in browser.requests if not url.startswith(("file:", "data:"))]


def test_the_search_finds_the_annealed_mean(pages):
    with Browser() as browser:
        page = next(p for p in pages if p.name == "search.html")
        browser.send("Page.navigate", url=page.as_uri() + "?q=annealed")
        browser.wait("document.querySelectorAll('#search-results li a').length")
        links = browser.js("[...document.querySelectorAll('#search-results li a')].map(a => a.getAttribute('href'))")
        assert any(link.startswith("notebooks/04_classification.html") for link in links)
        assert not browser.errors


def test_formulas_are_set_and_no_code_is_cut(pages):
    with Browser() as browser:
        for path in (p for p in pages if p.parent.name == "notebooks"):
            opened(browser, path, 1280)
            if browser.js("document.querySelectorAll('.math').length"):
                browser.wait("document.querySelectorAll('mjx-container').length >= "
                             "document.querySelectorAll('.math').length")
            cut = browser.js("[...document.querySelectorAll('div.cell pre')].filter(p => p.scrollWidth > "
                             "p.clientWidth + 1).map(p => p.textContent.slice(0, 80))")
            assert not cut, f"{path.name}: {cut}"
        assert not browser.errors


def test_a_page_prints_with_its_figures(pages):
    import base64

    path = next(p for p in pages if p.name.startswith("02_"))
    with Browser() as browser:
        opened(browser, path, 1280)
        printed = base64.b64decode(browser.send("Page.printToPDF", printBackground=True)["data"])
    assert printed.startswith(b"%PDF") and printed.count(b"/Subtype /Image") >= 15


def test_a_page_within_a_page_fits_a_phone(pages, tmp_path):
    """Its frame is 500 pixels high there (course.css): pictures and controls are in sight without scrolling in it."""
    from bs4 import BeautifulSoup

    found = {path.name[:2]: frame["srcdoc"] for path in pages
             for frame in BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").select("iframe[srcdoc]")}
    assert set(found) == {"01", "04", "08"}
    with Browser() as browser:
        for number, text in found.items():
            page = tmp_path / f"{number}.html"
            page.write_text(text, encoding="utf-8")
            opened(browser, page, 368)
            browser.screenshot(f"page-within-{number}-phone")
            size = browser.js("[document.documentElement.scrollWidth, document.body.getBoundingClientRect().bottom]")
            assert size[0] <= 368 and size[1] <= 500, f"{number}: {size}"


@pytest.mark.parametrize("number, title, start, end", [
    ("01", "Paint a gray photograph", (60, 60), (90, 90)), ("04", "Ask a pixel", (60, 60), (61, 61)),
    ("08", "Scribble colors on a gray photograph", (60, 60), (90, 70))])
def test_a_page_within_the_page_answers_a_mouse_and_reaches_nothing(pages, number, title, start, end):
    """What a learner paints on in a notebook; on the pages it is shut in (tools/safe_html.py)."""
    frame = f"document.querySelector('iframe[title=\"{title}\"]')"
    with Browser() as browser:
        opened(browser, next(p for p in pages if p.name.startswith(number)), 1280)
        browser.js(f"{frame}.scrollIntoView({{block: 'center'}})")
        box = browser.js(f"(({{x, y, width, height}}) => ({{x, y, width, height}}))({frame}.getBoundingClientRect())")
        assert browser.js(f"{frame}.contentDocument") is None               # of another origin

        def seen():
            return browser.send("Page.captureScreenshot", clip=box | {
                "x": box["x"] + browser.js("scrollX"), "y": box["y"] + browser.js("scrollY"), "scale": 1})["data"]

        def mouse(kind, place, buttons):
            browser.send("Input.dispatchMouseEvent", type=kind, x=box["x"] + place[0], y=box["y"] + place[1],
                         button="left" if buttons or kind == "mouseReleased" else "none", buttons=buttons, clickCount=1)

        browser.wait("document.fonts.status == 'loaded'")
        before = seen()
        for kind, place, buttons in (("mouseMoved", start, 0), ("mousePressed", start, 1), ("mouseMoved", end, 1),
                                     ("mouseReleased", end, 0)):
            mouse(kind, place, buttons)
        for _ in range(40):
            if seen() != before:
                break
            time.sleep(0.25)
        assert seen() != before
        browser.screenshot(f"page-within-{number}")
        assert not browser.errors
