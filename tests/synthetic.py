"""A notebook small enough to be run in a test, and a checkout around it."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

NAME = "01_color_spaces.ipynb"

PARAMETERS = 'PROFILE = "quick"\nSEED = 0\nDEVICE = "auto"\nDATA = "auto"'
LESSON = """\
import sys
from tqdm import trange
from colorlib.notebook import plots
from colorlib.notebook.lesson import Lesson
lesson = Lesson("01", profile=PROFILE, seed=SEED, device=DEVICE, data=DATA)"""
FIGURE = 'plots.show(plots.bars({"gray": 1.0, "mean": 0.5}), alt="Two bars, the first twice as long & <blue>.")'
CLAIM = 'lesson.claim("one is less than two", 1 < 2, one=1, two=2)'
LATER = 'lesson.claim("only a full run can tell", 1 > 2, profiles=("full",))'
BAR = 'for _ in trange(3, file=sys.stdout): pass\nprint("kernel:", sys.executable)'


def cell(source: str, name: str, *tags: str):
    """A code cell with an id and tags."""
    return new_code_cell(source, id=name, metadata={"tags": list(tags)} if tags else {})


def notebook(claim: str = CLAIM):
    """Title, bootstrap, parameters, lesson, a figure, two claims, a progress bar, the end."""
    cells = [new_markdown_cell("# A small lesson\n\nWhat it teaches.", id="title"), cell("pass", "boot", "bootstrap"),
             cell(PARAMETERS, "parameters", "parameters"), cell(LESSON, "lesson"), cell(FIGURE, "figure"),
             new_markdown_cell("Is $1 < 2$? <!-- measured --><!-- /measured -->", id="prose"),
             cell(claim, "claim", "nbval-check-output"), cell(LATER, "later", "nbval-check-output"), cell(BAR, "bar"),
             cell("lesson.finish()", "finish")]
    return new_notebook(cells=cells,
                        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})


def checkout(folder: Path, claim: str = CLAIM, address: str = "https://github.com/school/course") -> Path:
    """A project folder with that notebook; returns the notebook's path."""
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "colorlib"\nversion = "1.2.3"\n[project.urls]\nRepository = "{address}"\n'
    )
    path = folder / "notebooks" / NAME
    path.parent.mkdir(parents=True)
    nbformat.write(notebook(claim), path)
    return path
