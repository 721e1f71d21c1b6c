"""The course as pages to read: the notebooks with their stored outputs, the results, a search. Works from a folder.

    build/site/index.html

Formulas become MathML when the site is built, pictures lie in the pages, nothing is fetched from another host.
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

from colorlib.paths import project_root, tags
from tools import links
from tools.files import build, clean, find, fresh, number, read, title

BADGE = re.compile(r"\[!\[(Open in \w+)\]\([^)]*\)\]\(([^)]*)\)")
MATH = re.compile(r"(?<![\\$`])(\$\$?)(?=\S)([^$]+?)(?<=\S)\1(?!\d)")
CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.S)
ELSEWHERE = re.compile(r"\b([Nn]otebooks? )(\d\d)\b")
LIGHT, DARK = "xcode", "one-dark"                     # Pygments' styles; contrasts are held by tests/classroom

STYLE = """
:root { color-scheme: light dark; --back: #ffffff; --ink: #1b2530; --soft: #4d5a68; --line: #d5dce3; --link: #00518f;
  --code: #f7f9fb }
@media (prefers-color-scheme: dark) { :root { --back: #14191f; --ink: #e6ebf0; --soft: #a9b5c1; --line: #36414d;
  --link: #8cc4ff; --code: #0d1117 } }
* { box-sizing: border-box }
html { scroll-padding-top: 12px }
body { margin: 0; background: var(--back); color: var(--ink); font: 17px/1.6 system-ui, "Segoe UI", Roboto, sans-serif }
header { border-bottom: 1px solid var(--line) }
nav { max-width: 860px; margin: 0 auto; padding: 10px 16px; display: flex; flex-wrap: wrap; gap: 4px 16px }
nav a { padding: 4px 0 } nav [aria-current] { font-weight: 700; text-decoration: none; color: var(--ink) }
main { max-width: 860px; margin: 0 auto; padding: 8px 16px 60px }
h1 { font-size: 30px; line-height: 1.2 } h2 { font-size: 23px; line-height: 1.3; margin-top: 42px }
h3 { font-size: 18px; margin-top: 30px } a { color: var(--link) } p, li { overflow-wrap: anywhere }
pre { background: var(--code); padding: 10px 12px; border-radius: 6px; overflow-x: auto; line-height: 1.45 }
pre, code { font: 13.5px/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
.output_area pre { background: none; border-left: 3px solid var(--line); border-radius: 0; white-space: pre-wrap;
  overflow-wrap: anywhere }
.prompt { display: none } .cell { margin: 12px 0 }
img { max-width: 100%; height: auto; background: #fff; border-radius: 4px }
.wide { overflow-x: auto; margin: 12px 0 } table { border-collapse: collapse; font-size: 15px }
td, th { padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
.results td, .results th { white-space: nowrap }
blockquote { margin: 12px 0; padding: 2px 14px; border-left: 4px solid var(--line) }
.soft { color: var(--soft) } .turn { display: flex; justify-content: space-between; gap: 16px; margin-top: 50px }
input[type=search] { font: inherit; width: 100%; padding: 9px 12px; border: 1px solid var(--soft); border-radius: 6px;
  background: var(--back); color: var(--ink) }
#found li { margin: 12px 0 }
@media (max-width: 560px) { body { font-size: 16px } h1 { font-size: 25px } pre, code { font-size: 12.5px } }
"""

SEARCH = """
const box = document.querySelector("input[type=search]"), list = document.querySelector("#found");
const told = document.querySelector("#told"), plain = text => text.toLowerCase();
function search() {
  const words = plain(box.value).split(/\\s+/).filter(word => word.length > 1);
  list.replaceChildren();
  if (!words.length) { told.textContent = ""; return; }
  const hits = PASSAGES.map(one => {
    const head = plain(one.heading), text = plain(one.text);
    const every = words.every(word => head.includes(word) || text.includes(word));
    const score = words.reduce((sum, word) => sum + 5 * head.includes(word) + text.split(word).length - 1, 0);
    return { one, score: every ? score : 0 };
  }).filter(hit => hit.score > 0).sort((a, b) => b.score - a.score).slice(0, 30);
  told.textContent = hits.length ? `${hits.length} passages` : "Nothing found.";
  for (const { one } of hits) {
    const item = document.createElement("li"), link = document.createElement("a"), text = document.createElement("div");
    link.href = one.page + (one.anchor ? "#" + one.anchor : "");
    link.textContent = one.title + (one.heading && one.heading !== one.title ? ": " + one.heading : "");
    const first = Math.min(...words.map(word => plain(one.text).indexOf(word)).filter(i => i >= 0));
    const at = Number.isFinite(first) ? Math.max(0, first - 80) : 0;        // all words may stand in the heading
    text.className = "soft"; text.textContent = (at ? "… " : "") + one.text.slice(at, at + 220) + " …";
    item.append(link, text); list.append(item);
  }
}
box.addEventListener("input", search);
box.value = new URLSearchParams(location.search).get("q") || ""; search();
"""


@dataclass
class Page:
    """A page: its file, its title, the HTML of its main part."""

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
    if guide.exists():                                                      # a student's edition has none
        others.append(Page("teaching.html", "Teaching", _document(guide)))
    pages = [Page("index.html", "Colorization: a course", _index(lessons)), *lessons, *others]
    for page in pages:
        page.passages = passages(page)
    every = [passage for page in pages[1:] for passage in page.passages]
    (out / "passages.js").write_text(f"const PASSAGES = {json.dumps(every, ensure_ascii=False)};\n", encoding="utf-8")
    (out / "style.css").write_text(_style(), encoding="utf-8")
    (out / "search.js").write_text(SEARCH, encoding="utf-8")
    search = Page("search.html", "Search", '<h1>Search</h1><input type="search" aria-label="Words to look for" '
                  'autofocus><p id="told" role="status"></p><ul id="found"></ul><noscript><p>The search needs '
                  'JavaScript.</p></noscript><script src="passages.js"></script><script src="search.js"></script>')
    menu = [("index.html", "Start"), *((one.file, one.title.split(" · ")[0]) for one in lessons),
            *((one.file, one.title) for one in (*others, search))]
    for page in (*pages, search):
        for name in re.findall(r'<img[^>]* src="results/([^"]+)"', page.body):
            shutil.copyfile(project_root() / "results" / name, out / name)
        page.body = re.sub(r'(<img[^>]* src=")results/', r"\1", page.body)
        page.body = page.body.replace('href="results/README.md"', f'href="{results.file}"')
        (out / page.file).write_text(_whole(page, lessons, menu), encoding="utf-8")
    return out / "index.html"


def passages(page: Page) -> list[dict[str, str]]:
    """What a search finds: the text below each heading, with the heading's anchor."""
    reader = _Reader()
    reader.feed(page.body)
    return [{"page": page.file, "title": page.title, "anchor": anchor, "heading": heading.strip(),
             "text": " ".join(text.split())} for anchor, heading, text in reader.found if text.strip()]


def formulas(markdown: str) -> str:
    """Markdown with its formulas as MathML; code stays as it is."""
    def turned(found: re.Match[str]) -> str:
        return convert(found[2].strip(), display="block" if found[1] == "$$" else "inline").replace("\n", " ")
    parts = CODE.split(markdown)
    return "".join(part if i % 2 else MATH.sub(turned, part) for i, part in enumerate(parts))


def _lesson(path: Path) -> Page:
    nb = read(path)
    nb.cells = [cell for cell in nb.cells if "bootstrap" not in tags(cell)]             # it is for Colab
    clean(nb)
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = formulas(BADGE.sub(r"[\1](\2)", cell.source))
        for output in cell.get("outputs", []):
            if "text/markdown" in output.get("data", {}):
                output.data["text/markdown"] = formulas(output.data["text/markdown"])
    html, _ = HTMLExporter(template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True,
                           ).from_notebook_node(NotebookNode(nb))
    return Page(f"{path.stem}.html", title(nb), _tidy(html, path.stem))


def _document(path: Path) -> str:
    """A document of the repository; its links to notebooks lead to their pages."""
    text = re.sub(r"<!--.*?-->", "", path.read_text(encoding="utf-8"))
    text = re.sub(r"\]\(\.\./notebooks/(\w+)\.ipynb", r"](\1.html", text)
    return _tidy(markdown2html(formulas(text)))


def _tidy(html: str, here: str = "") -> str:
    """Tables and code that scroll can be reached by keyboard; words such as "notebook 05" lead there."""
    html = re.sub(r"<table.*?</table>", lambda t: f'<div class="wide" tabindex="0" role="region" '
                                                  f'aria-label="Table">{t[0]}</div>', html, flags=re.S)
    html = re.sub(r"<pre(?=[ >])", '<pre tabindex="0"', html)
    html = re.sub(r'(<(?:img|a)[^>]* (?:src|href)=")\.\./', r"\1", html)    # relative to the repository from here on
    html = re.sub(r'<a class="anchor-link".*?</a>', "", html)
    html = re.sub(r"<style.*?</style>|<script.*?</script>", "", html, flags=re.S)
    stems = {number(path): path.stem for path in find()}

    def led(found: re.Match[str]) -> str:
        stem = stems.get(found[2])
        return found[0] if stem in (None, here) else f'{found[1]}<a href="{stem}.html">{found[2]}</a>'
    parts = re.split(r"(<(?:a|pre|h1|h2|h3)\b.*?</(?:a|pre|h1|h2|h3)>|<[^>]*>)", html, flags=re.S)
    return "".join(part if i % 2 else ELSEWHERE.sub(led, part) for i, part in enumerate(parts))


def _index(lessons: list[Page]) -> str:
    """The opening page: what the README says before its first heading of the second level, and the notebooks."""
    from tools.readme import ABOUT  # which itself imports tools

    text = (project_root() / "README.md").read_text(encoding="utf-8")
    head = re.split(r"^## ", text, maxsplit=1, flags=re.M)[0]
    head = re.sub(r"<!-- clone -->.*?(?=^!\[)", "", head, count=1, flags=re.S | re.M)      # how to install it
    head = head.replace("](solutions)", f"]({links.project().address}/tree/main/solutions)")
    rows = "".join(f'<li><a href="{page.file}">{escape(page.title)}</a>: {escape(ABOUT.get(page.file[:2], ""))}</li>'
                   for page in lessons)
    address = links.project().address
    return (f"{_tidy(markdown2html(head))}<h2>The notebooks</h2><ul>{rows}</ul>"
            f'<p>Every page shows a notebook as it was run. To run it yourself: <a href="{address}">{address}</a>.</p>')


def _whole(page: Page, lessons: list[Page], entries: list[tuple[str, str]]) -> str:
    menu = "".join(f'<a href="{file}"{" aria-current=page" if file == page.file else ""}>{escape(name)}</a>'
                   for file, name in entries)
    files = [one.file for one in lessons]
    turn = ""
    if page.file in files:
        at = files.index(page.file)
        before, after = lessons[at - 1] if at else None, lessons[at + 1] if at + 1 < len(files) else None
        ways = "".join(f'<a href="{one.file}">{escape(one.title)}</a>' if one else "<span></span>"
                       for one in (before, after))
        turn = f'<nav class="turn" aria-label="Before and after">{ways}</nav>'
    return (f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
            f'content="width=device-width, initial-scale=1"><title>{escape(page.title)}</title>'
            f'<link rel="stylesheet" href="style.css"></head><body>'
            f'<header><nav aria-label="Pages">{menu}</nav></header>'
            f'<main class="{page.file.split(".")[0]}">{page.body}{turn}</main></body></html>\n')


def _style() -> str:
    light = HtmlFormatter(style=LIGHT).get_style_defs(".highlight")
    dark = HtmlFormatter(style=DARK).get_style_defs(".highlight")
    return f"{STYLE}{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


class _Reader(HTMLParser):
    """Text by the heading that it stands below."""

    def __init__(self):
        super().__init__()
        self.found: list[tuple[str, str, str]] = [("", "", "")]
        self.inside = self.skipped = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in ("h1", "h2", "h3"):
            self.found.append((dict(attributes).get("id") or "", "", ""))
            self.inside = 1
        self.skipped += tag in ("pre", "math", "style", "script")
        if tag == "img" and (alt := dict(attributes).get("alt")):
            self.handle_data(f" {alt} ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("h1", "h2", "h3"):
            self.inside = 0
        self.skipped -= tag in ("pre", "math", "style", "script")

    def handle_data(self, data: str) -> None:
        if not self.skipped:
            anchor, heading, text = self.found[-1]
            self.found[-1] = (anchor, heading + data, text) if self.inside else (anchor, heading, f"{text}{data}")
