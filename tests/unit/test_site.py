"""The pages to read: every link leads somewhere, every figure has its words, formulas are formulas, no other host."""

import json
import re
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from tools import site
from tools.files import find, pictures, read


class Elements(HTMLParser):
    """All opening tags of a page with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.all = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.all.append((tag, dict(attributes)))

    def named(self, name):
        return [attributes for tag, attributes in self.all if tag == name]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Each page's text by its file's name, and the folder."""
    index = site.make(tmp_path_factory.mktemp("site") / "pages")
    return {path.name: path.read_text(encoding="utf-8") for path in index.parent.glob("*.html")}, index.parent


def test_there_is_a_page_for_each_notebook_and_four_more(pages):
    texts, _ = pages
    assert set(texts) == {f"{path.stem}.html" for path in find()} | {"index.html", "results.html", "search.html",
                                                                     "teaching.html"}


def test_every_link_leads_somewhere(pages):
    texts, folder = pages
    ids = {name: {a["id"] for _, a in Elements(text).all if "id" in a} for name, text in texts.items()}
    for name, text in texts.items():
        for a in Elements(text).named("a"):
            target = a.get("href", "")
            if re.match(r"https?:", target) or not target:
                continue
            file, _, anchor = target.partition("#")
            assert not file or (folder / file).is_file(), f"{name}: {target}"
            if anchor:
                assert {anchor, unquote(anchor)} & ids[file or name], f"{name}: {target}"


def test_nothing_is_fetched_from_another_host(pages):
    texts, folder = pages
    for name, text in texts.items():
        for tag, attributes in Elements(text).all:
            for key in ("src", "srcset", "data") + (("href",) if tag == "link" else ()):
                value = attributes.get(key) or ""
                assert not re.match(r"(https?:)?//", value), f"{name}: {tag} {value[:80]}"
                if key == "src" and not value.startswith("data:"):
                    assert not value or (folder / value).is_file(), f"{name}: {value[:80]}"
    assert "http" not in (folder / "style.css").read_text() and "http" not in (folder / "search.js").read_text()


@pytest.mark.parametrize("path", find(), ids=lambda path: path.stem)
def test_every_figure_is_there_with_its_words(pages, path):
    texts, _ = pages
    shown = [a["alt"] for a in Elements(texts[f"{path.stem}.html"]).named("img")]
    assert all(shown) and all(one.alt in shown for one in pictures(read(path)))


def test_a_page_has_one_title_headings_in_order_and_a_language(pages):
    texts, _ = pages
    for name, text in texts.items():
        levels = [int(tag[1]) for tag, _ in Elements(text).all if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1 and levels.count(1) == 1, name
        assert all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False)), name
        assert '<html lang="en">' in text and text.count("<main") == 1


def test_an_exercise_has_an_anchor_for_good(pages):
    texts, _ = pages
    for path in find():
        ids = {a["id"] for _, a in Elements(texts[f"{path.stem}.html"]).all if "id" in a}
        assert {f"{path.stem[:2]}.{i}" for i in (1, 2, 3, 4)} <= ids


@pytest.mark.parametrize(("text", "math"), [
    ("a $x^2$ b", 1), ("$$\\sum_q p_q$$", 1), ("`$x$` and ```\n$y$\n```", 0), ("it costs 5$ and 6$", 0),
    ("$a$ and $b$, 3", 2),
])
def test_formulas_become_mathml_and_code_and_dollars_stay(text, math):
    made = site.formulas(text)
    assert made.count("<math") == math and (made == text or math)


def test_no_formula_is_left(pages):
    texts, _ = pages
    for name, text in texts.items():
        prose = re.sub(r"<(pre|code|script|style)\b.*?</\1>", "", text, flags=re.S)
        prose = re.sub(r'<img[^>]*>|<annotation.*?</annotation>', "", prose, flags=re.S)
        assert not re.search(r"\$[^$<>\n]{1,80}\$|\\(?:log|sum|frac|sqrt|mathrm)", prose), name


def test_the_search_finds_passages_by_their_heading(pages):
    _, folder = pages
    told = (folder / "passages.js").read_text(encoding="utf-8")
    passages = json.loads(told.removeprefix("const PASSAGES = ").rstrip().rstrip(";"))
    assert {"page", "title", "anchor", "heading", "text"} == set(passages[0])
    hits = [p for p in passages if "annealed" in (p["heading"] + p["text"]).lower()]
    assert any(p["page"] == "04_classification.html" and p["anchor"] for p in hits)
    assert not any("<math" in p["text"] or "¶" in p["heading"] for p in passages)
