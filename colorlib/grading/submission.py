"""The notebooks that a class has handed in, read without running anything.

A folder of submissions holds one notebook, or one folder with a notebook somewhere in it, for each
student; its name is the student number. nbgrader's folder submitted/ is such a folder.
"""

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_BYTES = 50_000_000
MAGIC = re.compile(r"^(\s*)[%!].*$", re.M)  # lines for IPython, such as %matplotlib inline
NOT_READ = "write the number as digits: this line is read and not run"


@dataclass(frozen=True)
class Task:
    """What gives points: an "exercise", a "number" or the "report", which a person grades."""

    kind: str
    key: str  # "01.2", or a question of colorlib.assignment
    variable: str  # the function or number that the student defines
    points: int

    @property
    def name(self) -> str:
        """For people: "01.2 mean_hue"."""
        return " ".join(dict.fromkeys(filter(None, (self.key, self.variable)))) or self.kind


@dataclass(frozen=True)
class Submission:
    """One student's notebook. Where it cannot be read, `cells` is empty and `problem` says why."""

    name: str  # of the file or folder: the student number
    place: Path
    cells: tuple[str, ...] = ()  # the code to run, top to bottom
    problem: str = ""
    inside: Path = Path()  # of a folder: where its notebook lies

    def literal(self, variable: str) -> Any:
        """The last literal that a cell gives a variable.

        None if there is none; ValueError if it is only computed.
        """
        found, computed = None, False
        for node in (node for cell in self.cells for node in _statements(cell)):
            if isinstance(node, ast.Assign) and any(
                    isinstance(target, ast.Name) and target.id == variable
                    for target in node.targets):
                try:
                    found = ast.literal_eval(node.value)
                except (ValueError, TypeError, MemoryError, RecursionError):
                    computed = True
        if computed and found in (None, ...):
            raise ValueError(NOT_READ)
        return found


def read_tasks(path: Path) -> tuple[str, list[Task]]:
    """The name of the variable with the student number, and the tasks, from points.json.

    ValueError if it is no such file, FileNotFoundError if there is none.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no {path}: make assignment writes it; give its place with "
                                "--points")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return content["student"], [Task(**task) for task in content["tasks"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no points.json of make assignment ({error})") from None


def find(folder: Path) -> list[Submission]:
    """The submissions in a folder, by name; also those that cannot be read. ValueError if none."""
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder of submissions at {folder}")
    places = sorted(place for place in folder.iterdir()
                    if not place.name.startswith((".", "__MACOSX"))
                    and (place.is_dir() or place.suffix in (".ipynb", ".zip")))
    if not places:
        raise ValueError(f"{folder} holds no submissions: expected a notebook, or a folder with "
                         "one, for each student number")
    return [_read(place) for place in places]


def parse(source: str) -> ast.Module:
    """A cell's code; lines for IPython are left out. SyntaxError as from Python."""
    try:
        try:
            return ast.parse(source)
        except SyntaxError:
            return ast.parse(MAGIC.sub(r"\1pass", source))
    except (ValueError, MemoryError, RecursionError) as error:  # null bytes, or nested too deep
        raise SyntaxError(str(error)) from None


def _read(place: Path) -> Submission:
    name = place.name if place.is_dir() else place.stem
    if place.suffix == ".zip" and place.is_file():
        return Submission(name, place, problem="a zip file: unpack it, and grade again")
    # No links, which may lead to another student's notebook.
    notebooks = [path for path in ([place] if place.is_file() else place.rglob("*.ipynb"))
                 if path.is_file() and not path.is_symlink()
                 and not {".ipynb_checkpoints", "__MACOSX"} & {*path.parts}
                 and not path.name.startswith("._")]  # what macOS puts into zip files
    if len(notebooks) != 1:
        return Submission(name, place, problem=f"{len(notebooks) or 'no'} notebooks; expected one")
    try:
        if notebooks[0].stat().st_size > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES // 10**6} MB")
        cells = json.loads(notebooks[0].read_text(encoding="utf-8"))["cells"]
        sources = tuple("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"
                        and "training" not in cell["metadata"].get("tags", ())
                        and not cell["metadata"].get("nbgrader", {}).get("locked"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = str(error) or type(error).__name__
        return Submission(name, place, problem=f"no notebook that can be read ({reason:.100})")
    inside = notebooks[0].parent.relative_to(place) if place.is_dir() else Path()
    return Submission(name, place, sources, inside=inside)


def _statements(cell: str) -> list[ast.stmt]:
    try:
        return parse(cell).body
    except SyntaxError:
        return []
