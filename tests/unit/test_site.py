"""The pages: links lead somewhere, figures have alt text and caption, formulas are formulas, no other host is asked."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from pptx import Presentation

from colorlib.notebook.display import png
from colorlib.notebook.style import new
from tools import links, site
from tools.files import find, pictures, read, stored_pictures


class Elements(HTMLParser):
    """All opening tags of a page with their attributes, and each image with the caption of its figure."""

    def __init__(self, text):
        super().__init__()
        self.all, self.figures, self.in_caption = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.all.append((tag, attributes))
        if tag == "img":
            self.figures.append([attributes, ""])
        self.in_caption |= tag == "figcaption"

    def handle_endtag(self, tag):
        self.in_caption &= tag != "figcaption"

    def handle_data(self, data):
        if self.in_caption:
            self.figures[-1][1] += data

    def named(self, name):
        return [attributes for tag, attributes in self.all if tag == name]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Each page's text by its path in the site, and the site's folder."""
    folder = site.make(tmp_path_factory.mktemp("site") / "pages").parent
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in folder.rglob("*.html") if "_static" not in path.parts}, folder


@pytest.mark.slow
def test_there_is_a_page_for_each_notebook_and_document(pages):
    expected = {f"notebooks/{path.stem}.html" for path in find()} | {
        "index.html", "results/README.html", "docs/teaching.html", "docs/glossary.html", "search.html"}
    assert expected <= set(pages[0])


@pytest.mark.slow
def test_the_first_page_leads_to_the_live_page_where_there_is_one(pages):
    linked = [a for a in Elements(pages[0]["index.html"]).named("a") if a.get("href") == "live/index.html"]
    assert len(linked) == ("live/index.html" in pages[0])  # without a network, onnxruntime-web may be missing


@pytest.mark.slow
def test_every_link_leads_somewhere(pages):
    texts, folder = pages
    ids = {name: {a["id"] for _, a in Elements(text).all if "id" in a} for name, text in texts.items()}
    for name, text in texts.items():
        for a in Elements(text).named("a"):
            file, _, anchor = a.get("href", "").partition("#")
            if re.match(r"\w+:", file):
                continue
            target = (folder / name).parent / unquote(file) if file else folder / name
            assert target.resolve().is_file(), f"{name}: {a['href']}"
            if anchor and target.suffix == ".html":
                page = target.resolve().relative_to(folder.resolve()).as_posix()
                assert {anchor, unquote(anchor)} & ids[page], f"{name}: {a['href']}"


@pytest.mark.slow
def test_nothing_is_fetched_from_another_host(pages):
    texts, folder = pages
    for name, text in texts.items():
        for tag, attributes in Elements(text).all:
            for key in ("src", "srcset", "data") + (("href",) if tag == "link" else ()):
                value = (attributes.get(key) or "").partition("?")[0]
                assert not re.match(r"(https?:)?//", value), f"{name}: {tag} {value[:80]}"
                if key == "src" and value and not value.startswith("data:"):
                    assert ((folder / name).parent / value).is_file(), f"{name}: {value[:80]}"


@pytest.mark.slow
def test_every_figure_is_there_with_alt_text_and_caption(pages):
    shown = {name: [(a["alt"], " ".join(caption.split())) for a, caption in Elements(text).figures
                    if "_static/" not in a["src"]]  # there are the launch buttons' logos
             for name, text in pages[0].items()}
    assert not [(name, alt) for name, figures in shown.items() for alt, caption in figures if not (alt and caption)]
    assert len(shown["index.html"]) == 1
    for path in find():
        expected = {(p.alt, bool(p.caption)) for p in pictures(read(path))}
        assert expected <= {(alt, True) for alt, _ in shown[f"notebooks/{path.stem}.html"]}


@pytest.mark.slow
def test_an_exercise_has_an_anchor_for_good(pages):
    for path in find():
        text = pages[0][f"notebooks/{path.stem}.html"]
        ids = {a["id"] for _, a in Elements(text).all if "id" in a}
        numbers = {f"{path.stem[:2]}.{i}" for i in (1, 2, 3, 4)}
        assert numbers <= ids


@pytest.mark.slow
def test_formulas_are_set_by_the_pages_own_mathjax(pages):
    texts, folder = pages
    text = texts["notebooks/02_averaging_problem.html"]
    assert text.count('class="math') > 5 and "_static/mathjax/tex-chtml.js" in text
    for name, text in texts.items():
        prose = re.sub(r"<(pre|code|script|style)\b.*?</\1>", "", text, flags=re.S)
        assert not re.search(r"\$[^$<>\n]{1,80}\$", prose), name


@pytest.mark.slow
def test_the_search_knows_the_annealed_mean(pages):
    index = (pages[1] / "searchindex.js").read_text(encoding="utf-8")
    assert re.search(r'"?anneal"?:', index) and "notebooks/04_classification" in index


@pytest.mark.slow
@pytest.mark.parametrize("path", find(), ids=lambda path: path.stem)
def test_a_deck_has_a_slide_for_each_figure_with_its_alt_text(pages, path):
    deck = Presentation(pages[1] / "slides" / f"{path.stem}.pptx")
    stored = [picture for cell in read(path).cells for picture in (
        stored_pictures(cell, path.parent) if cell.cell_type == "markdown" else
        pictures(new_notebook(cells=[cell])))]
    assert len(stored) > len(pictures(read(path))) or path.stem[:2] not in ("03", "04", "06")  # diagrams, too
    slides = list(deck.slides)[1:]  # the first has the title
    assert len(slides) == len(stored)
    for slide, picture in zip(slides, stored):
        shape = next(s for s in slide.shapes if s.shape_type == 13)  # a picture
        assert shape.image.blob == picture.png
        assert not re.search(r"\(\d\d\.\d\)$", slide.shapes.title.text)  # an exercise shows no figure
        assert shape._element.nvPicPr.cNvPr.get("descr") == picture.alt
        assert all(0 <= s.left and s.left + s.width <= deck.slide_width and
                   0 <= s.top and s.top + s.height <= deck.slide_height for s in slide.shapes)


def output(name, caption="A caption."):
    import base64
    data = {"image/png": base64.b64encode(png(new()[0])).decode(), "text/plain": name}
    return new_output("display_data", data, metadata={"image/png": {"alt": name, "caption": caption, "name": name}})


def test_each_figure_of_a_cell_gets_its_own_caption_and_the_text_stays():
    stored_caption = new_output("display_data", {"text/markdown": "A caption."}, metadata={"caption": True})
    cell = new_code_cell("draw()", outputs=[output("one"), stored_caption, output("two"),
                                            new_output("stream", text="done\n")])
    first, second, third = site.prepare(new_notebook(cells=[cell])).cells
    assert first.source == "draw()" and third.metadata.tags == ["remove-input"]
    assert [c.metadata["mystnb"]["figure"]["name"] for c in (first, second)] == ["one", "two"]
    assert [len(c.outputs) for c in (first, second, third)] == [1, 1, 1] and third.outputs[0].text == "done\n"
    assert second.metadata.tags == ["remove-input"]


def test_a_table_before_a_figure_does_not_get_its_caption():
    table = new_output("display_data", {"text/markdown": "| a |"})
    first, second = site.prepare(new_notebook(cells=[new_code_cell("draw()", outputs=[table, output("one")])])).cells
    assert "mystnb" not in first.metadata and first.outputs[0].data["text/markdown"] == "| a |"
    assert second.metadata["mystnb"]["figure"]["name"] == "one" and len(second.outputs) == 1


def test_a_stored_picture_becomes_a_figure_and_a_diagram_an_svg():
    text = 'See:\n\n![Four\nlevels.](figures/unet.png "unet")\n\n*Follow the arrows.*\n\nMore *text*.'
    made = site.picture_directives(text)
    assert "```{figure} figures/unet.svg\n:alt: \"Four levels.\"\n:name: unet\n\nFollow the arrows.\n```" in made
    assert made.endswith("\n\nMore *text*.")


def test_an_alt_text_may_contain_what_has_a_meaning_in_options():
    made = site.picture_directives('![Left: "red" [#1].](figures/unet.png "unet")\n\n*A caption: `code`.*')
    assert '\n:alt: "Left: \\"red\\" [#1]."\n' in made and made.endswith("\n\nA caption: `code`.\n```")


def test_badges_become_links_and_the_bootstrap_cell_goes():
    nb = new_notebook(cells=[
        new_markdown_cell("# 01\n\n<!-- links 01 -->\n[![Open in Colab](https://x/y.svg)](https://colab/01.ipynb)\n"
                          "<!-- /links -->\n\n### The way back (01.1)"),
        new_code_cell("import os", metadata={"tags": ["bootstrap"]})])
    (cell,) = site.prepare(nb, "../slides/01.pptx").cells
    assert "[Open in Colab](https://colab/01.ipynb) · <a href=\"../slides/01.pptx\">" in cell.source
    assert "<!--" not in cell.source and '<span id="01.1"></span>\n\n### The way back (01.1)' in cell.source


def test_links_to_files_that_are_no_page_lead_to_the_repository():
    course = links.Project("https://host/course", "1", "main")
    text = "[a](../notebooks/01.ipynb) [b](../colorlib/train.py#L3) [c](https://x) ![d](../results/strip.png)"
    assert site.link_outside(text, "docs", {"notebooks/01.ipynb"}, course) == (
        "[a](../notebooks/01.ipynb) [b](https://host/course/blob/main/colorlib/train.py#L3) [c](https://x) "
        "![d](../results/strip.png)")


def test_code_that_looks_like_a_link_stays():
    text = "`nets[0](gray)` and\n\n```python\nnets[1](gray)\n```\n"
    assert site.link_outside(text, "docs", set(), links.Project("https://host/course", "1", "main")) == text


@pytest.mark.slow
def test_a_page_offers_the_stored_notebook_to_download(pages):
    for path in find():
        assert (pages[1] / "_sources" / "notebooks" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("path", find(), ids=lambda path: path.stem)
def test_a_question_has_one_right_answer_and_every_answer_says_which(path):
    for cell in read(path).cells:
        if cell.cell_type != "markdown":
            continue
        opened, closed = cell.source.count("<details"), cell.source.count("</details>")
        assert opened == closed
        for question in cell.source.split("**Check yourself.**")[1:]:
            answers = re.findall(r"<details><summary>[A-E]\. .+?</summary>\n\n(\w+)", question)
            assert answers.count("Right") == 1 and set(answers) == {"Right", "No"} and len(answers) > 1
