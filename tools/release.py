"""Prepare a release: version, links to its tag, and notes from CHANGELOG.md.

    python -m tools release 0.2.0

The release workflow runs this, commits the outcome, tags it, and drafts the release. On main the
links stay as they are, so that they never point to a tag that does not exist.
"""

from __future__ import annotations

import re
from pathlib import Path

from colorlib.paths import project_root, write_text_atomic
from tools import links
from tools.files import CourseError, build

VERSIONS = {"pyproject.toml": r'^version = "(.*)"$', "CITATION.cff": r'^version: "(.*)"$',
            "colorlib/__init__.py": r'^__version__ = "(.*)"$'}


def notes(version: str, changelog: str) -> str:
    """The section of one version in the text of CHANGELOG.md, without its heading.

    CourseError if there is none, or if it is empty.
    """
    section = rf"^## {re.escape(version)}\b[^\n]*\n(.*?)(?=^## |\Z)"
    found = re.search(section, changelog, re.S | re.M)
    if not found or not found[1].strip():
        raise CourseError(f"CHANGELOG.md has no section for {version}: write one that begins with "
                          f'"## {version}"')
    return found[1].strip() + "\n"


def prepare(version: str) -> Path:
    """Write the version wherever it stands, and let all links point to its tag; returns the notes.

    version   three numbers such as "0.2.0"; CourseError for anything else, before any change
    """
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise CourseError(f'expected a version of three numbers, such as "0.2.0"; got "{version}"')
    root = project_root()
    text = notes(version, (root / "CHANGELOG.md").read_text(encoding="utf-8"))
    places = [(root / name, pattern, version) for name, pattern in VERSIONS.items()]
    places.append((root / "pyproject.toml", r'^ref = "(.*)"$', f"v{version}"))
    for path, pattern, _ in places:
        if not re.search(pattern, path.read_text(encoding="utf-8"), re.M):
            raise CourseError(f"{path.name} has no line {pattern}")
    for place in places:
        _replace(*place)
    links.write()
    path = build("release-notes.md")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text_atomic(path, text)
    return path


def _replace(path: Path, pattern: str, value: str) -> None:
    """Put a value into the group of the first line that matches."""
    text = path.read_text(encoding="utf-8")
    found = re.search(pattern, text, re.M)
    write_text_atomic(path, text[:found.start(1)] + value + text[found.end(1):])
