"""Write the repository's address wherever it is needed; it is typed only in pyproject.toml.

From the address in [project.urls] and the git reference in [tool.course], which is "main" or the
tag of a release:

    <!-- links 03 -->    the badges of a notebook, in the notebook itself and in the README
    <!-- clone -->       address and folder in the commands `git clone` and `cd`
    <!-- hub -->         the link by which a JupyterHub fetches the course (nbgitpuller)
    tag `bootstrap`      the first code cell of each notebook
    CITATION.cff         repository-code

From the records in results/notebooks/:

    <!-- measured -->    minutes and memory of the run whose outputs a notebook stores

Each part ends with its closing mark, such as `<!-- /links -->`.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from colorlib.notebook.files import cell_tags
from colorlib.paths import project_root, write_text_atomic
from tools.files import CourseError, between, number, read, read_record
from tools.files import write as write_notebook

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LINKS = re.compile(r"<!-- links (\d\d) -->.*?<!-- /links -->", re.S)
MEASURED = re.compile(r"<!-- measured -->.*?<!-- /measured -->", re.S)
CLONE = re.compile(r"<!-- clone -->.*?<!-- /clone -->", re.S)
HUB = re.compile(r"<!-- hub -->.*?<!-- /hub -->", re.S)
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "results/README.md", "docs/teaching.md")

# Every notebook begins with this cell.
BOOTSTRAP = """\
# If colorlib is not installed: find the course's folder, or clone it (Colab, Kaggle).
import os
from importlib.util import find_spec
from runpy import run_path

address = "{address}"
clone = f"git clone -q --depth=1 -b {ref} {{address}} course"
here = [f for f in (".", "..", "course") if os.path.exists(f + "/tools/bootstrap.py")]
hosted = {{"COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE"}} & {{*os.environ}}
if not find_spec("colorlib"):
    assert here or hosted and not os.system(clone), f"First run in a cell: !{{clone}}"
    run_path((here or ["course"])[0] + "/tools/bootstrap.py", run_name="__main__")"""


@dataclass(frozen=True)
class Project:
    """Address, version and git reference of the course.

    ref   the branch or tag that badges and bootstrap cells point to; it must exist
    """

    address: str
    version: str
    ref: str = "main"

    @property
    def folder(self) -> str:
        """The name that git gives to the folder of a clone."""
        return self.address.rsplit("/", 1)[-1]

    def hub(self, notebook: str) -> str:
        """The part of an nbgitpuller link after the hub's address; it opens a notebook."""
        repository = quote(self.address, safe="")
        page = quote(f"lab/tree/{self.folder}/notebooks/{notebook}", safe="")
        return f"/hub/user-redirect/git-pull?repo={repository}&urlpath={page}"

    def bootstrap(self) -> str:
        """The source of every notebook's bootstrap cell."""
        return BOOTSTRAP.format(address=self.address, ref=self.ref)

    def badges(self, notebook: str) -> str:
        """Markdown badges of a notebook, such as "03_baseline_cnn.ipynb".

        Colab can open notebooks from GitHub only; elsewhere there is no badge for it.
        """
        path = f"notebooks/{notebook}"
        github = re.fullmatch(r"https://github\.com/([^/]+/[^/]+)", self.address)
        repository = f"gh/{github[1]}" if github else f"git/{quote(self.address, safe='')}"
        query = f"labpath={quote(path, safe='')}"
        binder = f"https://mybinder.org/v2/{repository}/{self.ref}?{query}"
        badges = [f"[![Open in Binder](https://mybinder.org/badge_logo.svg)]({binder})"]
        if github:
            host = "https://colab.research.google.com"
            colab = f"{host}/github/{github[1]}/blob/{self.ref}/{path}"
            badges.insert(0, f"[![Open in Colab]({host}/assets/colab-badge.svg)]({colab})")
        return " ".join(badges)


def project(root: Path | None = None) -> Project:
    """Address, version and git reference, from pyproject.toml."""
    path = (root or project_root()) / "pyproject.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    address = table["project"]["urls"]["Repository"].removesuffix(".git").rstrip("/")
    course = table.get("tool", {}).get("course", {})
    return Project(address, table["project"]["version"], course.get("ref", "main"))


def apply(nb: NotebookNode, name: str, course: Project | None = None,
          record: dict[str, Any] | None = None) -> None:
    """Write badges, the cost of the stored run and the bootstrap cell of one notebook, in place.

    Marks and a bootstrap cell that are missing are added.

    record   of the stored run; by default that of the lesson profile in results/notebooks/, if any
    """
    course = course or project()
    record = record or stored_record(project_root(), name[:2], "lesson")
    first = nb.cells[0]
    if not LINKS.search(first.source):
        title, _, rest = first.source.partition("\n")
        marks = f"<!-- links {name[:2]} --><!-- /links -->"
        first.source = f"{title}\n\n{marks}\n\n{rest.strip()}".rstrip()
    if not any(MEASURED.search(cell.source) for cell in nb.cells):
        marks = "<!-- measured --><!-- /measured -->"
        first.source = first.source.replace("<!-- /links -->", f"<!-- /links -->\n\n{marks}", 1)
    first.source = write_document(first.source, course, {name[:2]: name})
    cost = measured(record) if record else "Not run yet."
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = MEASURED.sub(
                lambda found: between(found, "<!-- measured -->", cost, "<!-- /measured -->"),
                cell.source)
    for cell in nb.cells:
        if "bootstrap" in cell_tags(cell):
            cell.source = course.bootstrap()
            return
    cell = new_code_cell(course.bootstrap(), id="bootstrap", metadata={"tags": ["bootstrap"]})
    nb.cells.insert(1, cell)


def stored_record(root: Path, notebook: str, profile: str) -> dict[str, Any] | None:
    """The record of a notebook's run in results/notebooks/, or None."""
    path = root / "results" / "notebooks" / f"{notebook}.{profile}.json"
    keys = "profile", "data", "minutes", "peak_memory_mb", "hardware", "claims"
    return read_record(path, *keys) if path.exists() else None


def measured(record: dict[str, Any]) -> str:
    """Minutes and memory of a run, as a sentence."""
    return (f"The outputs stored here are of profile `{record['profile']}` on {record['data']}: "
            f"{max(record['minutes'], 0.1):.1f} minutes and "
            f"{record['peak_memory_mb'] / 1000:.1f} GB ({record['hardware']}).")


def write_document(text: str, course: Project, names: dict[str, str]) -> str:
    """Markdown text with its marked parts brought up to date.

    names   the file of each notebook by its number
    """

    def badges(found: re.Match[str]) -> str:
        if found[1] not in names:
            raise CourseError(f"there is no notebook {found[1]} for its badges")
        badges = course.badges(names[found[1]])
        return between(found, f"<!-- links {found[1]} -->", badges, "<!-- /links -->")

    def clone(found: re.Match[str]) -> str:
        text = re.sub(r"git clone \S+", f"git clone {course.address}", found[0])
        return re.sub(r"^(\s*)cd \S+", rf"\1cd {course.folder}", text, flags=re.M)

    def hub(found: re.Match[str]) -> str:
        return re.sub(r"/hub/user-redirect/\S+", lambda _: course.hub(names["01"]), found[0])

    return HUB.sub(hub, CLONE.sub(clone, LINKS.sub(badges, text)))


def write_citation(text: str, course: Project) -> str:
    """The text of CITATION.cff with the repository's address."""
    address = rf'\1: "{course.address}"'
    return re.sub(r"^(repository-code|url):.*$", address, text, flags=re.M)


def write(check: bool = False) -> list[str]:
    """Bring every file up to date; returns the names of those that changed.

    check   change nothing; returns the names of those that would change
    """
    root, changed = project_root(), []
    course = project(root)
    notebooks = sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    for path in notebooks:
        nb = read(path)
        before = [cell.source for cell in nb.cells]
        apply(nb, path.name, course)
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
        if path.suffix == ".cff":
            after = write_citation(before, course)
        else:
            after = write_document(before, course, names)
        if before != after:
            changed.append(name)
            if not check:
                write_text_atomic(path, after)
    return changed
