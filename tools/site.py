"""Build the site: the notebooks with their stored outputs, results, guide and glossary as pages.

    make site       # or python -m tools site; then open build/site/index.html

Jupyter Book builds the pages, from notebooks and documents that this module prepares: each figure
becomes one that Sphinx understands, with its caption, alt text and name, and links to files that
are no page lead to the repository. `live` adds a page that colors the reader's photographs. The
pages work from a folder and from a web server, and fetch nothing from another host.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from colorlib.data.storage import DataUnavailable
from colorlib.notebook.files import cell_tags
from colorlib.paths import project_root
from tools import files, links, live, readme, slides
from tools.files import ASSETS, CourseError, build, clean, figure, find, fresh, number, read, title
from tools.safe_html import defuse

COMMENT = re.compile(r"^<!--.*?-->\n|<!--.*?-->", re.S | re.M)
EXERCISE = re.compile(r"^### .+ \((\d\d\.\d)\)$", re.M)
BADGE = re.compile(r"\[!\[(Open in \w+)\]\([^)]*\)\]\(([^)]*)\)")
# Code is matched, too, so that it stays as it is: `nets[0](gray)` is no link.
LINK = re.compile(r"^```.*?^```|`[^`\n]+`|"
                  r"(?<!!)(\[[^\]]*\])\(((?!https?:|#|mailto:)[^)#\s]+)(#[^)\s]*)?\)", re.S | re.M)
HOSTS = re.compile(r"https://(github\.com|gitlab\.com|bitbucket\.org)/")  # the theme knows these
DOCUMENTS = {"results/README.md": "Results", "docs/running.md": "Running the course",
             "docs/teaching.md": "Teaching guide", "docs/grading.md": "Grading guide",
             "docs/adopt.md": "Adopting the course", "docs/glossary.md": "Glossary",
             "docs/sources.md": "Sources"}

LIVE = ('<a href="live/index.html">Color a photograph in your browser</a>: the course\'s networks '
        "on a page, with nothing to install.")


def make(out: Path | None = None) -> Path:
    """Write the site to `out` (build/site/); returns its index.html.

    CourseError with Jupyter Book's last lines if it fails.
    """
    out = fresh(out or build("site"))
    with tempfile.TemporaryDirectory() as folder:  # of its own, so that two builds do not meet
        source, built = Path(folder, "source"), Path(folder, "built")
        write_source(source)
        _run_jupyter_book(source, built)
        shutil.copytree(built / "_build" / "html", out, dirs_exist_ok=True)
    for path in out.rglob("*.html"):
        html = path.read_text(encoding="utf-8")
        safe = defuse(html, "article")
        if safe != html:
            path.write_text(safe, encoding="utf-8")
    for path in find():  # what the pages offer to download: the notebook itself
        shutil.copyfile(path, out / "_sources" / "notebooks" / path.name)
    return out / "index.html"


def _run_jupyter_book(source: Path, built: Path) -> None:
    # The package has no __main__, and its command may not be in the PATH.
    start = "from jupyter_book.cli.main import main; main()"
    command = [sys.executable, "-c", start, "build", str(source), "--all", "--quiet",
               "--path-output", str(built)]
    settings = {"NO_COLOR": "1", "PYTHONWARNINGS": "ignore", "PYTHONUTF8": "1"}
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace",
                          env=os.environ | settings)
    if done.returncode:
        lines = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise CourseError(f"Jupyter Book could not build the pages:\n{lines}")
    for line in done.stderr.splitlines():
        if "WARNING" in line:
            print(line, file=sys.stderr)


def write_source(folder: Path) -> None:
    """Write what Jupyter Book reads to `folder`, laid out as the repository is."""
    root, course = project_root(), links.project()
    notebooks = find()
    documents = [name for name in DOCUMENTS if (root / name).exists()]  # an edition lacks some
    pages = {*documents, *(path.relative_to(root).as_posix() for path in notebooks)}
    for path in notebooks:
        nb = prepare(read(path), f"../slides/{path.stem}.pptx")
        for cell in nb.cells:
            if cell.cell_type == "markdown":
                cell.source = link_outside(cell.source, "notebooks", pages, course)
        (folder / "notebooks").mkdir(parents=True, exist_ok=True)
        nbformat.write(nb, folder / "notebooks" / path.name)
        slides.write(path, folder / "extra" / "slides" / f"{path.stem}.pptx")
    for name in documents:
        text = COMMENT.sub("", (root / name).read_text(encoding="utf-8"))
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        text = link_outside(text, Path(name).parent.as_posix(), pages, course)
        target.write_text(picture_directives(text), encoding="utf-8")
    for pattern in ("results/*.png", "notebooks/figures/*"):
        for path in root.glob(pattern):
            target = folder / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    try:
        live.make(folder / "extra" / "live")
        has_live = True
    except DataUnavailable as error:
        print(f"the live page is left out: {error}", file=sys.stderr)
        has_live = False
    first = link_outside(index(notebooks, has_live), "", pages, course)
    (folder / "index.md").write_text(first, encoding="utf-8")
    for name in ("_static", "_ext"):
        shutil.copytree(ASSETS / "book" / name, folder / name)
    settings = (ASSETS / "book" / "_config.yml").read_text(encoding="utf-8")
    address = course.address if HOSTS.match(course.address) else ""  # "": no buttons
    repository = {"url": address, "branch": course.ref, "path_to_book": ""}
    settings += f"repository: {json.dumps(repository)}\n"  # JSON is YAML, too
    (folder / "_config.yml").write_text(settings, encoding="utf-8")
    chapters = [{"file": f"notebooks/{path.stem}"} for path in notebooks]
    more = [{"file": name.removesuffix(".md"), "title": DOCUMENTS[name]} for name in documents]
    parts = [{"caption": "Notebooks", "chapters": chapters}, {"caption": "More", "chapters": more}]
    contents = {"format": "jb-book", "root": "index", "parts": parts}
    (folder / "_toc.yml").write_text(json.dumps(contents, indent=1), encoding="utf-8")


def index(notebooks: list[Path], has_live: bool = False) -> str:
    """The first page: the beginning of the README up to its commands, and the notebooks.

    has_live   whether there is a live page to link to
    """
    text = (project_root() / "README.md").read_text(encoding="utf-8")
    # Readers of the pages need no instructions to install the course.
    intro = COMMENT.sub("", re.split(r"^## |<!-- clone -->", text, maxsplit=1, flags=re.M)[0])
    rows = [f"- [{title(read(path))}](notebooks/{path.name}): {readme.ABOUT.get(number(path), '')}"
            for path in notebooks]
    if has_live:
        heading, rest = intro.lstrip().split("\n", 1)
        intro = f"{heading}\n\n{LIVE}\n{rest}"
    return f"{picture_directives(intro)}\n## The notebooks\n\n" + "\n".join(rows) + "\n"


def prepare(nb: NotebookNode, deck: str = "") -> NotebookNode:
    """Bring a stored notebook into the form that Jupyter Book shows, in place.

    deck   address of its slides, seen from the page: a link to them follows the badges

    A code cell may show tables and several figures, and MyST-NB has one caption for a cell: a
    figure after something, and what comes after a figure, therefore get cells of their own, whose
    source is hidden. (MyST-NB skips a cell without source.)
    """
    cells = []
    for cell in clean(nb).cells:
        if "bootstrap" in cell_tags(cell):  # for Colab only
            continue
        if cell.cell_type == "markdown":
            slides_too = f' · <a href="{deck}">Slides with the figures</a>' if deck else ""
            text = BADGE.sub(r"[\1](\2)", cell.source).replace(") [Open", ") · [Open")
            text = text.replace("\n<!-- /links -->", f"{slides_too}\n<!-- /links -->")
            # Sphinx makes no anchor of a number; links to an exercise stay valid for good.
            text = EXERCISE.sub(r'<span id="\1"></span>\n\n\g<0>', text)
            cell.source = picture_directives(COMMENT.sub("", text))
            cells.append(cell)
            continue
        outputs, cell.outputs = cell.outputs, []
        cells.append(cell)
        for output in outputs:
            if output.get("metadata", {}).get("caption"):  # Sphinx sets the caption
                continue
            shown = figure(output)
            # A figure has a cell of its own, too: else a table before it has its caption as well.
            if cells[-1].metadata.get("mystnb") or shown and cells[-1].outputs:
                rest = copy.deepcopy(cell)
                rest.update(id=f"{cell.id}-{len(cells)}", source="# hidden", outputs=[])
                rest.metadata = NotebookNode(tags=["remove-input"])
                cells.append(rest)
            cells[-1].outputs.append(output)
            if shown:
                words = {"caption": shown.caption, "name": shown.name}
                cells[-1].metadata["mystnb"] = {
                    "image": {"alt": shown.alt}} | ({"figure": words} if shown.caption else {})
    nb.cells = cells
    return nb


def picture_directives(text: str) -> str:
    """Markdown with stored pictures as figures; a diagram is taken as SVG where there is one."""

    def directive(found: re.Match[str]) -> str:
        file, caption = found["file"], found["caption"] or ""
        drawing = Path(file).with_suffix(".svg")
        if (project_root() / "notebooks" / drawing).exists():
            file = drawing.as_posix()
        name = f":name: {found['name']}\n" if found["name"] else ""
        alt = json.dumps(" ".join(found["alt"].split()), ensure_ascii=False)  # may contain : # "
        return f"```{{figure}} {file}\n:alt: {alt}\n{name}\n{caption}\n```"

    return files.PICTURE.sub(directive, text)


def link_outside(text: str, folder: str, pages: set[str], course: links.Project) -> str:
    """Markdown whose relative links to files that are no page lead to the repository.

    folder   of the document that the text is from, relative to the repository
    """

    def address(found: re.Match[str]) -> str:
        if not found[1]:  # code
            return found[0]
        target = os.path.normpath(os.path.join(folder, found[2])).replace(os.sep, "/")
        if target in pages:
            return found[0]
        return f"{found[1]}({course.address}/blob/{course.ref}/{target}{found[3] or ''})"

    return LINK.sub(address, text)
