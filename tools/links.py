"""The repository's address stands once, in pyproject.toml's [project.urls]; everything else is written from it.

What is written: the badges of each notebook and of the README, between `<!-- links 03 -->` and `<!-- /links -->`; the
bootstrap cells (tag `bootstrap`); between `<!-- clone -->` and `<!-- /clone -->` the address and folder of the
`git clone` and `cd` commands; between `<!-- hub -->` and `<!-- /hub -->` a link that brings the course to a hub's
account; `repository-code` in CITATION.cff. Badges and bootstrap cells name the git reference of
[tool.course] in pyproject.toml: "main" until a release is tagged, then that tag. From the records in
results/notebooks/: what the stored run of a notebook cost, between `<!-- measured -->` and `<!-- /measured -->`.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from colorlib.paths import project_root, tags
from tools.files import CourseError, between, number, read
from tools.files import write as write_notebook

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MARKED = re.compile(r"<!-- links (\d\d) -->.*?<!-- /links -->", re.S)
MEASURED = re.compile(r"<!-- measured -->.*?<!-- /measured -->", re.S)
CLONE = re.compile(r"<!-- clone -->.*?<!-- /clone -->", re.S)
HUB = re.compile(r"<!-- hub -->.*?<!-- /hub -->", re.S)
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "results/README.md", "docs/teaching.md")

BOOTSTRAP = """\
import os  # On Colab: bring this release with its checkpoints. Anywhere else this cell does nothing.
import runpy
from subprocess import run
if "COLAB_RELEASE_TAG" in os.environ and not os.path.exists("../colorlib"):
    address = os.getenv("COLORLIB_ADDRESS", "{address}")
    os.path.exists("course") or run(["git", "clone", "-q", "--depth=1", "-b", "{ref}", address, "course"], check=True)
    os.chdir("course/notebooks")
    runpy.run_path("../tools/colab.py")  # makes colorlib importable; torch stays as it is"""


@dataclass(frozen=True)
class Project:
    """Where the course lives."""

    address: str
    version: str
    ref: str = "main"  # the branch or tag that badges and bootstrap cells point to; it must exist

    @property
    def folder(self) -> str:
        """What git calls the clone."""
        return self.address.rsplit("/", 1)[-1]

    def hub(self, notebook: str) -> str:
        """The part of an nbgitpuller link that follows a hub's address; it opens one of the notebooks."""
        opened = quote(f"lab/tree/{self.folder}/notebooks/{notebook}", safe="")
        return f"/hub/user-redirect/git-pull?repo={quote(self.address, safe='')}&urlpath={opened}"

    def bootstrap(self) -> str:
        """The source of every notebook's bootstrap cell."""
        return BOOTSTRAP.format(address=self.address, ref=self.ref)

    def badges(self, notebook: str) -> str:
        """Markdown badges of a notebook ("03_baseline_cnn.ipynb"); Colab opens notebooks from GitHub only."""
        where = f"notebooks/{notebook}"
        github = re.fullmatch(r"https://github\.com/([^/]+)/([^/]+)", self.address)
        repository = f"gh/{github[1]}/{github[2]}" if github else f"git/{quote(self.address, safe='')}"
        binder = f"https://mybinder.org/v2/{repository}/{self.ref}?labpath={quote(where, safe='')}"
        found = [f"[![Open in Binder](https://mybinder.org/badge_logo.svg)]({binder})"]
        if github:
            colab = f"https://colab.research.google.com/github/{github[1]}/{github[2]}/blob/{self.ref}/{where}"
            found.insert(0, f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab})")
        return " ".join(found)


def project(root: Path | None = None) -> Project:
    """Address, version and git reference, from pyproject.toml."""
    path = (root or project_root()) / "pyproject.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    address = table["project"]["urls"]["Repository"].removesuffix(".git").rstrip("/")
    return Project(address, table["project"]["version"], table.get("tool", {}).get("course", {}).get("ref", "main"))


def apply(nb: NotebookNode, name: str, where: Project | None = None, record: dict[str, Any] | None = None) -> None:
    """Badges, what the stored run cost, and bootstrap cell of one notebook, in place; what is missing is put in.

    record   of the stored run; default: the one of the lesson profile in results/notebooks/, if there is one
    """
    where = where or project()
    record = record or _record(name[:2], "lesson")
    first = nb.cells[0]
    if not MARKED.search(first.source):
        head, _, rest = first.source.partition("\n")
        first.source = f"{head}\n\n<!-- links {name[:2]} --><!-- /links -->\n\n{rest.strip()}".rstrip()
    if not any(MEASURED.search(cell.source) for cell in nb.cells):
        first.source = first.source.replace(
            "<!-- /links -->", "<!-- /links -->\n\n<!-- measured --><!-- /measured -->", 1
        )
    first.source = write_document(first.source, where, {name[:2]: name})
    cost = measured(record) if record else "Not run yet."
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = MEASURED.sub(
                lambda found: between(found, "<!-- measured -->", cost, "<!-- /measured -->"), cell.source
            )
    for cell in nb.cells:
        if "bootstrap" in tags(cell):
            cell.source = where.bootstrap()
            return
    cell = new_code_cell(where.bootstrap(), id="bootstrap", metadata={"tags": ["bootstrap"]})
    nb.cells.insert(1, cell)


def _record(notebook: str, profile: str) -> dict[str, Any] | None:
    """The stored record of a notebook's run, if there is one."""
    path = project_root() / "results" / "notebooks" / f"{notebook}.{profile}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def measured(record: dict[str, Any]) -> str:
    """What a run cost, in a sentence."""
    return (
        f"The outputs stored here are of profile `{record['profile']}` on {record['data']}: "
        f"{max(record['minutes'], 0.1):.1f} minutes and {record['peak_memory_mb'] / 1000:.1f} GB "
        f"({record['hardware']})."
    )


def write_document(text: str, where: Project, names: dict[str, str]) -> str:
    """A Markdown file with its marked parts brought up to date; names: number -> notebook file."""

    def badges(found: re.Match[str]) -> str:
        if found[1] not in names:
            raise CourseError(f"there is no notebook {found[1]} for its badges")
        return between(found, f"<!-- links {found[1]} -->", where.badges(names[found[1]]), "<!-- /links -->")

    def clone(found: re.Match[str]) -> str:
        text = re.sub(r"git clone \S+", f"git clone {where.address}", found[0])
        return re.sub(r"^(\s*)cd \S+", rf"\1cd {where.folder}", text, flags=re.M)

    def hub(found: re.Match[str]) -> str:
        return re.sub(r"/hub/user-redirect/\S+", lambda _: where.hub(names["01"]), found[0])

    return HUB.sub(hub, CLONE.sub(clone, MARKED.sub(badges, text)))


def write_citation(text: str, where: Project) -> str:
    """CITATION.cff with the repository's address."""
    return re.sub(r"^(repository-code|url):.*$", rf'\1: "{where.address}"', text, flags=re.M)


def write(check: bool = False) -> list[str]:
    """Bring every file up to date (check: only look); returns the names of those that changed or should."""
    root, changed = project_root(), []
    where = project(root)
    notebooks = sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    for path in notebooks:
        nb = read(path)
        before = [cell.source for cell in nb.cells]
        apply(nb, path.name, where)
        if before != [cell.source for cell in nb.cells]:
            changed.append(path.name)
            if not check:
                write_notebook(nb, path)
    names = {number(path): path.name for path in notebooks}
    for name in (*DOCUMENTS, "CITATION.cff"):
        path = root / name
        if not path.exists():
            continue
        before = path.read_text(encoding="utf-8")
        after = write_citation(before, where) if path.suffix == ".cff" else write_document(before, where, names)
        if before != after:
            changed.append(name)
            if not check:
                path.write_text(after, encoding="utf-8")
    return changed
