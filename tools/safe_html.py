"""Pages without the scripts that a notebook's text or outputs may have brought along.

A page within the page (01's brush, 04's odds, 08's scribbles) stays, and its scripts with it: in a
sandbox, where they do not reach the page around them, and fetch nothing.
"""

from __future__ import annotations

import re

from bs4 import BeautifulSoup, Tag

ADDRESSES = {"href", "src", "action", "formaction", "xlink:href", "data", "to", "from", "values"}
POLICY = ('<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
          "script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
          'form-action \'none\'">')
# What the theme of the pages itself writes between a notebook's cells.
HARMLESS = re.compile(r"\s*kernelName = '[\w-]*'\s*;?\s*")


def defuse(html: str, inside: str) -> str:
    """Remove scripts, event handlers and javascript: links; shut pages within the page in.

    inside   CSS selector of the elements that hold what notebooks bring; the rest stays as it is
    """
    soup, found = BeautifulSoup(html, "html.parser"), False
    places = soup.select(inside)
    for tag in {id(tag): tag for place in places for tag in place.find_all(True)}.values():
        script = tag.name == "script" and _runs(tag)
        if tag.name == "iframe" and tag.get("srcdoc") and not tag.get("src"):
            _shut_in(tag)
            found = True
            continue
        foreign = tag.name in ("iframe", "object", "embed")
        if foreign or script:
            tag.extract()
            found = True
            continue
        for name, value in list(tag.attrs.items()):
            # Browsers pass over spaces and control characters in front of an address, and in it.
            address = re.sub(r"[\x00-\x20]", "", str(value)).lower()
            runs = name.lower() in ADDRESSES and address.startswith(("javascript:", "vbscript:"))
            if runs or name.lower().startswith("on") or name.lower() == "srcdoc":
                del tag[name]
                found = True
    return str(soup) if found else html  # nearly all pages stay as they are, to the byte


def _runs(script: Tag) -> bool:
    """Whether a browser would run a script that is not the theme's own."""
    kind = script.get("type", "").strip().lower()  # data, such as JSON, does not run
    own = set(script.attrs) <= {"type"} and HARMLESS.fullmatch(script.get_text())
    return (kind in ("", "module") or "script" in kind) and not own


def _shut_in(frame: Tag) -> None:
    """Let an iframe's own page run in a sandbox, without any connection; idempotent."""
    page = frame["srcdoc"].removeprefix("<!DOCTYPE html>").removeprefix(POLICY)
    kept = {name: frame[name] for name in ("width", "height", "title", "style") if frame.get(name)}
    frame.attrs = {"srcdoc": f"<!DOCTYPE html>{POLICY}{page}", "sandbox": "allow-scripts"} | kept
