"""The homework as a folder of notebooks, for `colorlib grade`, nbgrader and Otter-Grader.

solutions/assignment.md holds the homework's own text and names exercises by their numbers. Their
texts and stubs come from the notebooks, their solutions from solutions/. build/assignment/ gets

    plain/         the notebook to hand out, without any grading software
    nbgrader/      a course folder: `nbgrader generate_assignment own_fruit` runs there
    otter/         a master notebook for `otter assign`
    points.json    what `colorlib grade` needs: names, questions and points
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import jupytext
from nbformat import NotebookNode
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
    new_raw_cell,
)

from colorlib.assignment import QUESTIONS
from colorlib.paths import project_root, write_text_atomic
from tools.editions import CHECK, exercises, solution
from tools.files import CourseError, build, find, fresh, number, read, write

SOURCE = "assignment.md"
NAME = "own_fruit"  # of the notebook, and of the assignment in nbgrader
STUDENT = "student_number"  # the variable
SOLUTION = "# solution\n"  # precedes the solution in a cell of the source

NBGRADER_CONFIG = """\
c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "colorization"
c.ClearSolutions.code_stub = {"python": "..."}  # what the checkers take for "not done yet"
c.ExecutePreprocessor.timeout = 300  # seconds a cell
"""
OTTER_CONFIG = f"""\
# ASSIGNMENT CONFIG
name: {NAME}
export_cell:
  pdf: false
"""


@dataclass(frozen=True)
class Part:
    """A piece of the homework: "text", "code", "student", "exercise", "number" or "report".

    key        of an exercise its number, of a number its question in colorlib.assignment
    stub       what the student gets, as text or code
    variable   the name of the function or number that the answer defines
    call       the check, which returns a Result
    """

    kind: str
    stub: str
    key: str = ""
    points: int = 0
    text: str = ""
    solution: str = ""
    variable: str = ""
    call: str = ""
    tags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """A name for the graders' records, such as "exercise-01-2"."""
        return "-".join([self.kind, *self.key.split(".")]).rstrip("-")

    def solved(self, begin: str, end: str) -> str:
        """The code with its solution between two comments; in a function, in place of `...`."""
        if self.kind != "exercise":
            return f"{self.stub}\n{begin}\n{self.solution}\n{end}"
        lines = []
        for line in self.stub.split("\n"):
            if line.lstrip().startswith("..."):
                comment = line.partition("#")[2].strip()
                lines += [f"    # returns {comment}"] if comment else []
                lines += [f"    {begin}", self.solution, f"    {end}"]
            else:
                lines.append(line)
        return "\n".join(lines)


def parts() -> list[Part]:
    """The homework, in order. CourseError if the source names what there is not."""
    folder = project_root() / "solutions"
    if not (folder / SOURCE).exists():
        raise CourseError(f"there is no solutions/{SOURCE}: the homework is made from the whole "
                          "course")
    notebooks = {number(path): path for path in find()}
    source = jupytext.reads((folder / SOURCE).read_text(encoding="utf-8"), fmt="md")
    return [_part(cell, folder, notebooks) for cell in source.cells]


def _part(cell: NotebookNode, folder: Path, notebooks: dict[str, Path]) -> Part:
    about, points = cell.metadata, cell.metadata.get("points", 0)
    stub, _, solved = cell.source.partition(SOLUTION)
    stub = stub.rstrip()
    if "exercise" in about:
        path = notebooks.get(about["exercise"][:2])
        if path is None:
            raise CourseError(f"{SOURCE} names exercise {about['exercise']}, which is in no "
                              "notebook")
        return _exercise(about["exercise"], points, path, folder)
    if "number" in about:
        if about["number"] not in QUESTIONS:
            raise CourseError(f"{SOURCE} asks for the number {about['number']!r}; there are "
                              f"{', '.join(QUESTIONS)}")
        variable = stub.split(" ")[0]
        call = f'assignment.check("{about["number"]}", {STUDENT}, {variable})'
        return Part("number", stub, about["number"], points, solution=solved.rstrip(),
                    variable=variable, call=call)
    if "student" in about:
        return Part("student", stub, solution=solved.rstrip(), call=f"assignment.fruit({STUDENT})")
    kind = "report" if "report" in about else "text" if cell.cell_type == "markdown" else "code"
    return Part(kind, stub, points=points, tags=tuple(about.get("tags", ())))


def _exercise(exercise: str, points: int, path: Path, folder: Path) -> Part:
    """An exercise of a notebook, with its text from the heading on."""
    nb = read(path)
    cell = exercises(nb).get(exercise)
    heading = re.compile(rf"^### .+ \({re.escape(exercise)}\)$", re.M)
    texts = (one.source for one in nb.cells if one.cell_type == "markdown")
    text = next((text[found.start():] for text in texts if (found := heading.search(text))), None)
    if cell is None or text is None:
        raise CourseError(f"{path.name} has no exercise {exercise}, which {SOURCE} names")
    check = CHECK.search(cell.source)
    stub = cell.source[:check.start()].rstrip()
    solved = solution(folder / f"{path.stem}.py", exercise, check[3])
    tree = ast.parse(solved)
    function = tree.body[-1]
    to_do = ast.parse(stub).body[-1]
    if ast.unparse(to_do.body[0]) != "...":
        raise CourseError(f"exercise {exercise} is no stub: the homework is made from the whole "
                          "course, not from an edition")
    if ast.unparse(function.args) != ast.unparse(to_do.args):
        raise CourseError(f"the solution of {exercise} takes other arguments than its stub")
    imports = [f"    {ast.unparse(node)}" for node in tree.body[:-1]]
    body = solved.split("\n")[function.body[1].lineno - 1:]  # the first is the docstring
    return Part("exercise", stub, exercise, points, text, "\n".join([*imports, *body]), check[3],
                f"exercises.check_{exercise.replace('.', '_')}({check[3]})")


def plain(homework: Iterable[Part]) -> NotebookNode:
    """The notebook to hand out: texts, stubs and checks."""
    cells = []
    for part in homework:
        if part.text:
            cells.append(new_markdown_cell(part.text))
        if part.kind in ("text", "report"):
            cells.append(new_markdown_cell(part.stub))
        else:
            cells.append(_code(part, part.call if part.points else ""))
    return _numbered(cells)


def _code(part: Part, call: str = "") -> NotebookNode:
    metadata = {"tags": list(part.tags)} if part.tags else {}
    return new_code_cell("\n\n".join(filter(None, (part.stub, call))), metadata=metadata)


def nbgrader(homework: Iterable[Part]) -> NotebookNode:
    """The source notebook of nbgrader, with solutions, in version 3 of its metadata."""
    cells = []
    for part in homework:
        if part.text:
            cells.append(new_markdown_cell(part.text))
        if part.kind == "text":
            cells.append(new_markdown_cell(part.stub))
        elif part.kind == "code":
            cells.append(_code(part))
        elif part.kind == "report":
            metadata = _nbgrader(part.name, grade=True, solution=True, points=part.points)
            cells.append(new_markdown_cell(part.stub, metadata=metadata))
        else:
            source = part.solved("### BEGIN SOLUTION", "### END SOLUTION")
            cells.append(new_code_cell(source, metadata=_nbgrader(part.name, solution=True)))
        if part.points and part.call:
            metadata = _nbgrader(f"points-{part.name}", grade=True, locked=True, points=part.points)
            source = f'result = {part.call}\nassert result.status == "right", result.message'
            cells.append(new_code_cell(source, metadata=metadata))
    return _numbered(cells)


def _nbgrader(grade_id: str, **values: bool | int) -> dict:
    """The metadata of a cell that nbgrader knows."""
    return {"nbgrader": {"grade": False, "solution": False, "locked": False, "task": False,
                         "schema_version": 3, "grade_id": grade_id} | values}


def otter(homework: Iterable[Part]) -> NotebookNode:
    """The master notebook of Otter-Grader, with solutions; raw cells mark its questions."""
    cells = [new_raw_cell(OTTER_CONFIG)]
    for part in homework:
        cells += _otter_cells(part)
    return _numbered(cells)


def _otter_cells(part: Part) -> Iterator[NotebookNode]:
    if part.kind == "text":
        yield new_markdown_cell(part.stub)
    elif part.kind == "code":
        yield _code(part)
    else:
        manual = "\nmanual: true" if part.kind == "report" else ""
        yield new_raw_cell(f"# BEGIN QUESTION\nname: {part.name}\npoints: {part.points}{manual}")
        yield from [new_markdown_cell(part.text)] if part.text else []
        yield new_raw_cell("# BEGIN SOLUTION")
        if manual:
            yield new_markdown_cell("*Your report.*")
        else:
            prompt = "" if part.kind == "exercise" else " NO PROMPT"
            yield new_code_cell(part.solved(f"# BEGIN SOLUTION{prompt}", "# END SOLUTION"))
        yield new_raw_cell("# END SOLUTION")
        if not manual:
            # Otter compares what a test prints with the output that the master notebook stores.
            printed = new_output("stream", name="stdout", text=f"{part.key}: right\n")
            yield new_raw_cell("# BEGIN TESTS")
            yield new_code_cell(f"result = {part.call}", outputs=[printed] if part.key else [])
            yield new_raw_cell("# END TESTS")
        yield new_raw_cell("# END QUESTION")


def points(homework: Iterable[Part]) -> dict:
    """What `colorlib grade` reads: see colorlib.grading."""
    tasks = [{"kind": part.kind, "key": part.key, "variable": part.variable, "points": part.points}
             for part in homework if part.points]
    return {"student": STUDENT, "tasks": tasks}


def make(out: Path | None = None) -> Path:
    """Write the homework to `out` (build/assignment/); returns it.

    CourseError as `parts`, or if a class's work lies there, which would be lost.
    """
    homework, out = parts(), out or build("assignment")
    ours = {"source", "nbgrader_config.py"}
    if others := sorted({path.name for path in (out / "nbgrader").glob("*")} - ours):
        raise CourseError(f"{out / 'nbgrader'} holds {', '.join(others)}, which would be lost: "
                          "move that folder to another place first")
    out = fresh(out)
    write(plain(homework), out / "plain" / f"{NAME}.ipynb")
    write(nbgrader(homework), out / "nbgrader" / "source" / NAME / f"{NAME}.ipynb")
    write_text_atomic(out / "nbgrader" / "nbgrader_config.py", NBGRADER_CONFIG)
    write(otter(homework), out / "otter" / f"{NAME}.ipynb")
    write_text_atomic(out / "points.json", json.dumps(points(homework), indent=1) + "\n")
    return out


def _numbered(cells: list[NotebookNode]) -> NotebookNode:
    """A notebook whose cells have the same ids each time."""
    for place, cell in enumerate(cells):
        cell.id = f"homework-{place:03}"
    return new_notebook(cells=cells)
