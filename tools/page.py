"""The index page of a run: one self-contained HTML file, and each notebook as a page of its own."""

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

from colorlib.notebook.report import count, told
from tools.files import Picture, clean, pictures

if TYPE_CHECKING:
    from tools.run import Run

QUICK_MB = 1500  # what a notebook may take in the quick profile
THUMB = (420, 320)  # pixels

STYLE = """
:root { color-scheme: light; --ink: #1d2733; --soft: #5b6876; --line: #dde3e9; --good: #00694c; --bad: #b3261e }
* { box-sizing: border-box }
body { margin: 0; background: #f4f6f8; color: var(--ink); font: 17px/1.5 system-ui, "Segoe UI", Roboto, sans-serif }
main { max-width: 1080px; margin: 0 auto; padding: 28px 20px 60px }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px } h2 { font-size: 22px; line-height: 1.25; margin: 0 }
p { margin: 6px 0 } .soft { color: var(--soft) } a { color: #005a96 }
section { background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: 20px 22px; margin-top: 22px }
.facts { display: flex; flex-wrap: wrap; gap: 6px 22px; margin: 8px 0 14px; font-variant-numeric: tabular-nums }
.ok { color: var(--good); font-weight: 600 } .failed { color: var(--bad); font-weight: 600 }
.error { background: #fdecea; border-left: 4px solid var(--bad); padding: 8px 12px; white-space: pre-wrap;
  overflow-wrap: anywhere; font: 14px/1.4 ui-monospace, Menlo, Consolas, monospace }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(190px, 1fr)); gap: 12px; margin: 14px 0 }
.figures a { display: flex; align-items: center; justify-content: center; border: 1px solid var(--line);
  border-radius: 6px; padding: 8px; background: #fff; height: 176px }
.figures img { max-width: 100%; max-height: 158px; display: block }
ul { list-style: none; margin: 10px 0 0; padding: 0 }
li { display: grid; grid-template-columns: 26px 1fr; padding: 5px 0; border-top: 1px solid var(--line) }
li .values { color: var(--soft); font-size: 15px; overflow-wrap: anywhere } li .mark { font-weight: 700 }
table { border-collapse: collapse; width: 100%; margin-top: 14px } .wide { overflow-x: auto }
td, th { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); white-space: nowrap }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
td:first-child { white-space: normal; min-width: 140px }
@media (max-width: 560px) {
  table { font-size: 14px } td, th { padding-right: 9px } td:first-child { min-width: 80px }
  main { padding: 18px 10px 40px } section { padding: 14px 14px } h1 { font-size: 25px }
  .figures { grid-template-columns: 1fr 1fr; gap: 8px } .figures a { height: 130px } .figures img { max-height: 112px }
}
"""

# For the notebooks' own pages: nbconvert's classic template, one column, readable on a phone.
NOTEBOOK_STYLE = """
<style>
body { background: #fff }
body div#notebook-container { max-width: 860px; width: auto; padding: 12px; box-shadow: none }
.rendered_html, .rendered_html p { font-size: 16px; line-height: 1.55 } img { max-width: 100% !important; height: auto }
div.prompt { display: none } div.output_subarea { max-width: 100% } div.output_area { overflow-x: auto }
div.input_area pre, .output_area pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 13.5px }
.rendered_html table { display: block; overflow-x: auto; margin-left: 0 }
@media (max-width: 560px) { body { padding: 0 } body div#notebook { padding: 0 } div.cell { padding: 2px }
  body div#notebook-container { padding: 4px } }
</style></head>
"""


def write(runs: list[Run], out: Path, parameters: Mapping[str, Any]) -> Path:
    """out/index.html and, for each run, out/<name>.html; returns the index."""
    for one in runs:
        if one.notebook is not None:
            (out / f"{one.source.stem}.html").write_text(notebook_page(one.notebook, one.title), encoding="utf-8")
    index = out / "index.html"
    index.write_text(index_page(runs, parameters), encoding="utf-8")
    return index


def notebook_page(nb: NotebookNode, title: str) -> str:
    """An executed notebook as HTML with its pictures and their alt texts inside; only mathematics needs a network."""
    nb = clean(NotebookNode(nb.copy()))
    nb.metadata["title"] = title
    html, _ = HTMLExporter(
        template_name="classic", exclude_input_prompt=True, exclude_output_prompt=True
    ).from_notebook_node(nb)
    html = re.sub(r'<script src="[^"]*(?:jquery|require)[^"]*"></script>', "", html)
    html = re.sub(r'<script type="module">\s*import mermaid.*?</script>', "", html, flags=re.S)
    return html.replace("</head>", NOTEBOOK_STYLE, 1)


def index_page(runs: list[Run], parameters: Mapping[str, Any]) -> str:
    """All that came out, as one HTML text."""
    good = sum(not one.error for one in runs)
    claims = sum(bool(c["holds"]) for one in runs for c in one.record.get("claims", []))
    profile = str(parameters.get("PROFILE", ""))
    heading = f"{good} of {len(runs)} notebooks ran through" if good < len(runs) else "Every notebook ran through"
    head = (
        f"<h1>{heading}</h1><p class=soft>Profile {escape(profile)}. {count(claims, 'claim')} checked and held. "
        f"{sum(one.minutes for one in runs):.1f} minutes in all. {escape(_machine(runs))}</p>"
    )
    rows = "".join(_row(one) for one in runs)
    table = (
        "<section><h2>Notebooks</h2><div class=wide><table><tr><th>notebook</th><th>outcome</th>"
        "<th class=number>min</th><th class=number>peak MB</th><th class=number>claims</th></tr>"
        f"{rows}</table></div></section>"
    )
    body = head + table + "".join(_section(one, profile) for one in runs)
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Colorization course: {escape(profile)} run</title><style>{STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def _row(one: Run) -> str:
    claims = one.record.get("claims", [])
    held = sum(bool(c["holds"]) for c in claims)
    return (
        f'<tr><td><a href="#{one.source.stem}">{escape(one.title)}</a></td><td>{_outcome(one)}</td>'
        f"<td class=number>{one.minutes:.1f}</td><td class=number>{one.peak_mb:,.0f}</td>"
        f"<td class=number>{held} of {len(claims)}</td></tr>"
    )


def _section(one: Run, profile: str) -> str:
    over = " (over the 1.5 GB of a quick run)" if profile == "quick" and one.peak_mb > QUICK_MB else ""
    facts = [_outcome(one), f"{one.minutes:.1f} minutes", f"{one.peak_mb:,.0f} MB at most{over}", f"{one.cells} cells"]
    if one.record:
        facts.append(f"data: {escape(one.record['data'])}")
    link = f"{one.source.stem}.html"
    if one.notebook is not None:
        facts.append(f'<a href="{link}">read it with its outputs</a>')
    parts = [f'<section id="{one.source.stem}"><h2>{escape(one.title)}</h2>']
    parts.append("<div class=facts>" + "".join(f"<span>{fact}</span>" for fact in facts) + "</div>")
    if one.error:
        parts.append(f"<div class=error>{escape(_plain(one.error))}</div>")
    shown = pictures(one.notebook) if one.notebook is not None else []
    if shown:
        parts.append("<div class=figures>" + "".join(_thumbnail(p, link) for p in shown) + "</div>")
    if one.record.get("claims"):
        parts.append("<ul>" + "".join(_claim(c) for c in one.record["claims"]) + "</ul>")
    return "".join(parts) + "</section>"


def _outcome(one: Run) -> str:
    return "<span class=failed>failed</span>" if one.error else "<span class=ok>ok</span>"


def _claim(claim: Mapping[str, Any]) -> str:
    where = ", ".join((claim["profiles"] or []) + (claim.get("data") or []))
    mark = {True: "<span class='mark ok'>✓</span>", False: "<span class='mark failed'>✗</span>"}.get(
        claim["holds"], "<span class='mark soft'>–</span>"
    )
    note = f" (checked only in: {escape(where)})" if claim["holds"] is None else ""
    values = f"<div class=values>{escape(told(claim['values']))}</div>" if claim["values"] else ""
    return f"<li>{mark}<div>{escape(claim['text'])}<span class=soft>{note}</span>{values}</div></li>"


def _thumbnail(picture: Picture, link: str) -> str:
    image = Image.open(io.BytesIO(picture.png)).convert("RGB")
    image.thumbnail(THUMB, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.quantize(256).save(buffer, "PNG", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode()
    alt = escape(picture.alt, quote=True)
    return f'<a href="{link}" title="{alt}"><img src="data:image/png;base64,{data}" alt="{alt}"></a>'


def _machine(runs: list[Run]) -> str:
    for one in runs:
        if one.record:
            versions = ", ".join(f"{name} {version}" for name, version in one.record["versions"].items())
            return f"On {one.record['hardware']}; {versions}."
    return ""


def _plain(text: str) -> str:
    """Without the color codes of a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
