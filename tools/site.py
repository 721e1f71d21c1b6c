"""Build the site: the notebooks with their stored outputs, the results, and a search.

    make site       # or python -m tools site; then open build/site/index.html

The pages work from a folder and fetch nothing from another host: figures are part of the pages, and
formulas become MathML while the site is built.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from pathlib import Path

from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbconvert.filters import markdown2html
from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter

from colorlib.notebook.files import cell_tags
from colorlib.paths import project_root
from tools import links, readme
from tools.files import ASSETS, build, clean, find, fresh, number, read, title

BADGE = re.compile(r"\[!\[(Open in \w+)\]\([^)]*\)\]\(([^)]*)\)")
MATH = re.compile(r"(?<![\\$`])(\$\$?)(?=\S)([^$]+?)(?<=\S)\1(?!\d)")
CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.S)
NOTEBOOK = re.compile(r"\b([Nn]otebooks? )(\d\d)\b")  # "notebook 05" in prose
LIGHT, DARK = "xcode", "one-dark"  # Pygments styles; tests/classroom checks their contrast


SEARCH = (
    '<h1>Search</h1><input type="search" aria-label="Words to look for" autofocus>'
    '<p id="message" role="status"></p><ul id="found"></ul>'
    "<noscript><p>The search needs JavaScript.</p></noscript>"
    '<script src="passages.js"></script><script src="search.js"></script>')


@dataclass
class Page:
    """A page: file name, title, HTML of the main part, and the passages that the search finds."""

    file: str
    title: str
    body: str
    passages: list[dict[str, str]] = field(default_factory=list)


def make(out: Path | None = None) -> Path:
    """Write the site to `out` (build/site/); returns its index.html."""
    out = fresh(out or build("site"))
    lessons = [_lesson(path) for path in find()]
    results = Page("results.html", "Results", _document(project_root() / "results" / "README.md"))
    others, guide = [results], project_root() / "docs" / "teaching.md"
    if guide.exists():  # a student's edition has none
        others.append(Page("teaching.html", "Teaching", _document(guide)))
    pages = [Page("index.html", "Colorization: a course", _index(lessons)), *lessons, *others]
    for page in pages:
        page.passages = passages(page)
    index = [passage for page in pages[1:] for passage in page.passages]
    script = f"const PASSAGES = {json.dumps(index, ensure_ascii=False)};\n"
    (out / "passages.js").write_text(script, encoding="utf-8")
    (out / "style.css").write_text(_style(), encoding="utf-8")
    shutil.copyfile(ASSETS / "search.js", out / "search.js")
    search = Page("search.html", "Search", SEARCH)
    menu = [("index.html", "Start"), *((page.file, page.title.split(" · ")[0]) for page in lessons),
        *((page.file, page.title) for page in (*others, search))]
    for page in (*pages, search):
        # Pages lie in one folder, so the pictures of the documents are copied there.
        for name in re.findall(r'<img[^>]* src="results/([^"]+)"', page.body):
            shutil.copyfile(project_root() / "results" / name, out / name)
        page.body = re.sub(r'(<img[^>]* src=")results/', r"\1", page.body)
        page.body = page.body.replace('href="results/README.md"', f'href="{results.file}"')
        (out / page.file).write_text(_whole_page(page, lessons, menu), encoding="utf-8")
    return out / "index.html"


def passages(page: Page) -> list[dict[str, str]]:
    """What the search finds: the text below each heading, with the heading's anchor."""
    reader = _PassageReader()
    reader.feed(page.body)
    return [{"page": page.file, "title": page.title, "anchor": anchor, "heading": heading.strip(),
             "text": " ".join(text.split())}
            for anchor, heading, text in reader.passages if text.strip()]


def formulas(markdown: str) -> str:
    """Markdown with its formulas as MathML; code stays as it is."""
    def mathml(found: re.Match[str]) -> str:
        display = "block" if found[1] == "$$" else "inline"
        return convert(found[2].strip(), display=display).replace("\n", " ")

    parts = CODE.split(markdown)  # every second part is code
    return "".join(part if i % 2 else MATH.sub(mathml, part) for i, part in enumerate(parts))


def _lesson(path: Path) -> Page:
    """The page of a notebook."""
    nb = read(path)
    nb.cells = [cell for cell in nb.cells if "bootstrap" not in cell_tags(cell)]  # for Colab only
    clean(nb)
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = formulas(BADGE.sub(r"[\1](\2)", cell.source))
        for output in cell.get("outputs", []):
            if "text/markdown" in output.get("data", {}):
                output.data["text/markdown"] = formulas(output.data["text/markdown"])
    exporter = HTMLExporter(
        template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True)
    html, _ = exporter.from_notebook_node(NotebookNode(nb))
    return Page(f"{path.stem}.html", title(nb), _tidy(html, path.stem))


def _document(path: Path) -> str:
    """The HTML of a Markdown document; links to notebooks lead to their pages."""
    text = re.sub(r"<!--.*?-->", "", path.read_text(encoding="utf-8"))
    text = re.sub(r"\]\(\.\./notebooks/(\w+)\.ipynb", r"](\1.html", text)
    return _tidy(markdown2html(formulas(text)))


def _tidy(html: str, here: str = "") -> str:
    """Make HTML accessible and link it.

    Tables and code that scroll can be reached by keyboard. Words such as "notebook 05" become
    links, except on that notebook's own page.

    here   the notebook whose page this is, without its ending
    """
    table = r'<div class="wide" tabindex="0" role="region" aria-label="Table">\g<0></div>'
    html = re.sub(r"<table.*?</table>", table, html, flags=re.S)
    html = re.sub(r"<pre(?=[ >])", '<pre tabindex="0"', html)
    # From here on addresses are relative to the repository, not to notebooks/ or docs/.
    html = re.sub(r'(<(?:img|a)[^>]* (?:src|href)=")\.\./', r"\1", html)
    html = re.sub(r'<a class="anchor-link".*?</a>', "", html)
    html = re.sub(r"<style.*?</style>|<script.*?</script>", "", html, flags=re.S)
    stems = {number(path): path.stem for path in find()}

    def link(found: re.Match[str]) -> str:
        stem = stems.get(found[2])
        if stem in (None, here):
            return found[0]
        return f'{found[1]}<a href="{stem}.html">{found[2]}</a>'

    # Every second part is a tag, or an element in which there must be no further link.
    parts = re.split(r"(<(?:a|pre|h1|h2|h3)\b.*?</(?:a|pre|h1|h2|h3)>|<[^>]*>)", html, flags=re.S)
    return "".join(part if i % 2 else NOTEBOOK.sub(link, part) for i, part in enumerate(parts))


def _index(lessons: list[Page]) -> str:
    """The first page: the beginning of the README up to its first section, and the notebooks."""
    address = links.project().address
    text = (project_root() / "README.md").read_text(encoding="utf-8")
    intro = re.split(r"^## ", text, maxsplit=1, flags=re.M)[0]
    # Readers of the pages need no instructions to install the course.
    intro = re.sub(r"<!-- clone -->.*?(?=^!\[)", "", intro, count=1, flags=re.S | re.M)
    intro = intro.replace("](solutions)", f"]({address}/tree/main/solutions)")
    rows = "".join(f'<li><a href="{page.file}">{escape(page.title)}</a>: '
                   f'{escape(readme.ABOUT.get(page.file[:2], ""))}</li>' for page in lessons)
    return (f"{_tidy(markdown2html(intro))}<h2>The notebooks</h2><ul>{rows}</ul>"
            "<p>Every page shows a notebook with the outputs of a run. To run it yourself: "
            f'<a href="{address}">{address}</a>.</p>')


def _whole_page(page: Page, lessons: list[Page], entries: list[tuple[str, str]]) -> str:
    """A page with its menu, and with links to the notebooks before and after it.

    entries   file and text of each entry of the menu
    """
    menu = ""
    for file, name in entries:
        current = " aria-current=page" if file == page.file else ""
        menu += f'<a href="{file}"{current}>{escape(name)}</a>'
    turn = ""
    if page in lessons:
        i = lessons.index(page)
        neighbors = (lessons[i - 1] if i else None, lessons[i + 1] if lessons[i + 1:] else None)
        turn = "".join(f'<a href="{one.file}">{escape(one.title)}</a>' if one else "<span></span>"
                       for one in neighbors)
        turn = f'<nav class="turn" aria-label="Before and after">{turn}</nav>'
    return ('<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(page.title)}</title>"
            '<link rel="stylesheet" href="style.css"></head><body>'
            f'<header><nav aria-label="Pages">{menu}</nav></header>'
            f'<main class="{page.file.split(".")[0]}">{page.body}{turn}</main></body></html>\n')


def _style() -> str:
    """The style sheet: that of the pages, and Pygments' colors of code for light and dark."""
    pages = (ASSETS / "site.css").read_text(encoding="utf-8")
    light = HtmlFormatter(style=LIGHT).get_style_defs(".highlight")
    dark = HtmlFormatter(style=DARK).get_style_defs(".highlight")
    return f"{pages}{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


class _PassageReader(HTMLParser):
    """Collects the text below each heading, without code and formulas."""

    def __init__(self):
        super().__init__()
        self.passages: list[tuple[str, str, str]] = [("", "", "")]  # anchor, heading, text
        self.in_heading = False
        self.skipping = 0  # depth of elements whose text is left out

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in ("h1", "h2", "h3"):
            self.passages.append((dict(attributes).get("id") or "", "", ""))
            self.in_heading = True
        self.skipping += tag in ("pre", "math", "style", "script")
        if tag == "img" and (alt := dict(attributes).get("alt")):
            self.handle_data(f" {alt} ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("h1", "h2", "h3"):
            self.in_heading = False
        self.skipping -= tag in ("pre", "math", "style", "script")

    def handle_data(self, data: str) -> None:
        if self.skipping:
            return
        anchor, heading, text = self.passages[-1]
        if self.in_heading:
            heading += data
        else:
            text += data
        self.passages[-1] = (anchor, heading, text)
