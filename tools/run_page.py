"""The index page of a run, one self-contained HTML file, and a page for each notebook."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbconvert import HTMLExporter
from nbformat import NotebookNode
from PIL import Image

from colorlib.notebook.report import count, format_values
from tools.files import ASSETS, Picture, clean, pictures
from tools.safe_html import defuse

if TYPE_CHECKING:
    from tools.run import Run

QUICK_MB = 1500  # memory that a notebook may take in the quick profile
THUMB = (420, 320)  # largest width and height of a thumbnail in pixels


def write(runs: list[Run], out: Path, parameters: Mapping[str, Any]) -> Path:
    """Write out/index.html and, for each run, out/<name>.html; returns the index."""
    for run in runs:
        if run.notebook is not None:
            html = notebook_page(run.notebook, run.title)
            (out / f"{run.source.stem}.html").write_text(html, encoding="utf-8")
    index = out / "index.html"
    index.write_text(index_page(runs, parameters), encoding="utf-8")
    return index


def notebook_page(nb: NotebookNode, title: str) -> str:
    """An executed notebook as one HTML text; only its formulas need a network (MathJax)."""
    nb = clean(NotebookNode(nb.copy()))
    nb.metadata["title"] = title
    exporter = HTMLExporter(
        template_name="classic", exclude_input_prompt=True, exclude_output_prompt=True)
    html, _ = exporter.from_notebook_node(nb)
    # The template loads scripts from other hosts for widgets and diagrams, which are not used here.
    html = re.sub(r'<script src="[^"]*(?:jquery|require)[^"]*"></script>', "", html)
    html = re.sub(r'<script type="module">\s*import mermaid.*?</script>', "", html, flags=re.S)
    html = defuse(html, ".cell")
    style = (ASSETS / "notebook.css").read_text(encoding="utf-8")
    return html.replace("</head>", f"\n<style>\n{style}</style></head>\n", 1)


def index_page(runs: list[Run], parameters: Mapping[str, Any]) -> str:
    """The index page as HTML: a table of the notebooks, and a section for each."""
    passed = sum(not run.error for run in runs)
    held = sum(_held_claims(run) for run in runs)
    profile = str(parameters.get("PROFILE", ""))
    heading = "Every notebook ran through"
    if passed < len(runs):
        heading = f"{passed} of {len(runs)} notebooks ran through"
    summary = (f"Profile {escape(profile)}. {count(held, 'claim')} checked and held. "
               f"{sum(run.minutes for run in runs):.1f} minutes in all. {escape(_machine(runs))}")
    rows = "".join(_row(run) for run in runs)
    sections = "".join(_section(run, profile) for run in runs)
    style = (ASSETS / "run.css").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Colorization course: {escape(profile)} run</title><style>\n{style}</style></head>"
        f"<body><main><h1>{heading}</h1><p class=soft>{summary}</p>"
        "<section><h2>Notebooks</h2><div class=wide><table><tr><th>notebook</th><th>outcome</th>"
        "<th class=number>min</th><th class=number>peak MB</th><th class=number>claims</th></tr>"
        f"{rows}</table></div></section>{sections}</main></body></html>\n")


def _held_claims(run: Run) -> int:
    return sum(bool(claim["holds"]) for claim in run.record.get("claims", []))


def _row(run: Run) -> str:
    """The row of a notebook in the table."""
    return (
        f'<tr><td><a href="#{run.source.stem}">{escape(run.title)}</a></td><td>{_outcome(run)}</td>'
        f"<td class=number>{run.minutes:.1f}</td><td class=number>{run.peak_mb:,.0f}</td>"
        f"<td class=number>{_held_claims(run)} of {len(run.record.get('claims', []))}</td></tr>")


def _section(run: Run, profile: str) -> str:
    """The section of a notebook: facts, error, figures and claims."""
    too_much = profile == "quick" and run.peak_mb > QUICK_MB
    over = " (over the 1.5 GB of a quick run)" if too_much else ""
    facts = [_outcome(run), f"{run.minutes:.1f} minutes", f"{run.peak_mb:,.0f} MB at most{over}",
        f"{run.cells} cells"]
    if run.record:
        facts.append(f"data: {escape(run.record['data'])}")
    link = f"{run.source.stem}.html"
    if run.notebook is not None:
        facts.append(f'<a href="{link}">read it with its outputs</a>')
    parts = [f'<section id="{run.source.stem}"><h2>{escape(run.title)}</h2><div class=facts>',
        *(f"<span>{fact}</span>" for fact in facts), "</div>"]
    if run.error:
        parts.append(f"<div class=error>{escape(_without_terminal_colors(run.error))}</div>")
    figures = pictures(run.notebook) if run.notebook is not None else []
    if figures:
        thumbnails = "".join(_thumbnail(figure, link) for figure in figures)
        parts.append(f"<div class=figures>{thumbnails}</div>")
    if run.record.get("claims"):
        parts.append("<ul>" + "".join(_claim(claim) for claim in run.record["claims"]) + "</ul>")
    return "".join(parts) + "</section>"


def _outcome(run: Run) -> str:
    return "<span class=failed>failed</span>" if run.error else "<span class=ok>ok</span>"


def _claim(claim: Mapping[str, Any]) -> str:
    """A claim as a list item; `holds` is None if this profile or data cannot check it."""
    style, mark = {True: ("ok", "✓"), False: ("failed", "✗"), None: ("soft", "–")}[claim["holds"]]
    note = ""
    if claim["holds"] is None:
        where = ", ".join((claim["profiles"] or []) + (claim.get("data") or []))
        note = f" (checked only in: {escape(where)})"
    values = ""
    if claim["values"]:
        values = f"<div class=values>{escape(format_values(claim['values']))}</div>"
    return (f"<li><span class='mark {style}'>{mark}</span><div>{escape(claim['text'])}"
            f"<span class=soft>{note}</span>{values}</div></li>")


def _thumbnail(picture: Picture, link: str) -> str:
    image = Image.open(io.BytesIO(picture.png)).convert("RGB")
    image.thumbnail(THUMB, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode()
    alt = escape(picture.alt, quote=True)
    source = f"data:image/png;base64,{data}"
    return f'<a href="{link}" title="{alt}"><img src="{source}" alt="{alt}"></a>'


def _machine(runs: list[Run]) -> str:
    """Hardware and versions of the first run that left a record."""
    for run in runs:
        if run.record:
            versions = run.record["versions"].items()
            listed = ", ".join(f"{name} {version}" for name, version in versions)
            return f"On {run.record['hardware']}; {listed}."
    return ""


def _without_terminal_colors(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
