"""Two editions of the course from one source: the notebooks and solutions/.

build/student/ is the course without solutions and tests, build/teacher/ has the solutions in the exercises' place, what
the checkers then say, and beside each what a teacher wants: minutes, usual mistakes, a question. And a zip of each.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import runpy
import shutil
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output

from colorlib.paths import project_root
from tools.files import CourseError, build, find, fresh, read, write

PARTS = ("README.md", "LICENSE", "CITATION.cff", "pyproject.toml", "constraints.txt", "environment.yml", "Makefile",
         "binder", "colorlib", "tools", "data", "docs", "results")
CHECK = re.compile(r"^exercises\.check_(\d\d)_(\d)\((\w+)\)", re.M)
WHERE = re.compile(r" ?The solutions are in `solutions/[^`]*`\.")
WHOLE = re.compile(r" ?<!-- whole -->.*?<!-- /whole -->\n?", re.S)          # what the README says of the whole course
TEACHING = "teaching.py"
CLOSING = "**Can you answer?**"                                             # what stands before the closing questions


def exercises(nb: NotebookNode) -> dict[str, NotebookNode]:
    """The cells in which exercises are done, by number, "05.1"."""
    found = {}
    for cell in nb.cells:
        if cell.cell_type == "code" and (check := CHECK.search(cell.source)):
            found[f"{check[1]}.{check[2]}"] = cell
    return found


def closing(nb: NotebookNode) -> list[str]:
    """The questions that close a notebook: a numbered list in its closing words."""
    words = "\n\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    _, _, after = words.partition(CLOSING)
    return re.findall(r"^\d+\. (.*(?:\n   .*)*)", after, re.M)


def solution(path: Path, exercise: str, name: str) -> str:
    """An exercise's solution under a name, with the imports it needs. CourseError if the file has none.

    A solution is a function whose docstring begins with the exercise's number.
    """
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and (ast.get_docstring(node) or "").startswith(f"{exercise}."):
            used = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
            imports = [ast.get_source_segment(text, one) for one in tree.body
                       if isinstance(one, ast.Import | ast.ImportFrom)
                       and used & {(alias.asname or alias.name).split(".")[0] for alias in one.names}]
            source = re.sub(rf"^def {node.name}\(", f"def {name}(", ast.get_source_segment(text, node), count=1)
            return "\n".join([*imports, *([""] if imports else []), source])
    raise CourseError(f"{path.name} has no solution of {exercise}: a function whose docstring begins with {exercise}.")


def teacher(nb: NotebookNode, solutions: Path, name: str) -> NotebookNode:
    """The teacher's notebook, in place. CourseError if a solution, or what belongs beside it, is missing or wrong."""
    said_to_teachers = runpy.run_path(str(solutions / TEACHING))
    notes, number = said_to_teachers["TEACHING"], name[:2]
    for exercise, cell in exercises(nb).items():
        _check_stub(exercise, cell)
        check = CHECK.search(cell.source)
        cell.source = f"{solution(solutions / f'{name}.py', exercise, check[3])}\n\n{check[0]}"
        if exercise not in notes:
            raise CourseError(f"{TEACHING} says nothing of exercise {exercise}")
        said = _said(cell.source)
        if not said.endswith(": right"):
            raise CourseError(f"the checker says of the solution of {exercise}: {said}")
        cell.outputs = [new_output("stream", name="stdout", text=f"{said}\n")]
        beside = new_markdown_cell(_beside(notes[exercise]))
        beside.id = f"teacher-{exercise.replace('.', '-')}"
        nb.cells.insert(nb.cells.index(cell) + 1, beside)
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = WHERE.sub(" The solutions stand in their place.", cell.source)
    answers = said_to_teachers["CLOSING"].get(number, ())
    if len(asked := closing(nb)) != len(answers):
        raise CourseError(f"notebook {number} closes with {len(asked)} questions; {TEACHING} answers {len(answers)}")
    if answers:
        answered = new_markdown_cell("> **For the teacher: the closing questions.**\n>\n" + "\n".join(
            f"> {i}. {answer}" for i, answer in enumerate(answers, 1)))
        answered.id = f"teacher-{number}-closing"
        nb.cells.append(answered)
    return nb


def student(nb: NotebookNode, outputs: bool = True) -> NotebookNode:
    """The student's notebook, in place: no word of the solutions, and no stored outputs if asked.

    CourseError if an exercise is not a stub: then this is no whole course but a teacher's edition.
    """
    for exercise, cell in exercises(nb).items():
        _check_stub(exercise, cell)
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = WHERE.sub("", cell.source)
        elif not outputs:
            cell.outputs, cell.execution_count = [], None
    return nb


def make(out: Path | None = None, outputs: bool = True) -> list[Path]:
    """Write both editions and their zips below `out` (build/); returns the zips. CourseError without solutions."""
    root, out = project_root(), out or build()
    solutions = root / "solutions"
    if not (solutions / TEACHING).exists():
        raise CourseError("there is no solutions/ here: editions are made from the whole course")
    made = []
    for edition in ("student", "teacher"):
        folder = fresh(out / edition)
        if edition == "student":
            student_course(folder, outputs)
        else:
            for part in (*PARTS, "solutions"):
                _copy(root / part, folder / part)
            for path in find():
                write(teacher(read(path), solutions, path.stem), folder / "notebooks" / path.name)
        made.append(Path(shutil.make_archive(str(folder), "zip", out, edition)))
    return made


def student_course(folder: Path, outputs: bool = True) -> None:
    """Write the student's course into an empty folder: what a teacher needs and the tests are left out."""
    for part in PARTS:
        if part != "docs":                                                  # for teachers
            _copy(project_root() / part, folder / part)
    readme = folder / "README.md"
    readme.write_text(WHOLE.sub("", readme.read_text(encoding="utf-8")), encoding="utf-8")
    for path in find():
        write(student(read(path), outputs), folder / "notebooks" / path.name)


def _said(source: str) -> str:
    """What a checker prints of a solution."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(f"from colorlib import exercises\n{source}", "<solution>", "exec"), {})   # noqa: S102  ours
    return printed.getvalue().strip()


def _check_stub(exercise: str, cell: NotebookNode) -> None:
    functions = [node for node in ast.parse(cell.source).body if isinstance(node, ast.FunctionDef)]
    if len(functions) != 1 or [ast.unparse(line) for line in functions[0].body] != ["..."]:
        raise CourseError(f"exercise {exercise} is no stub: editions are made from the whole course, not from one of "
                          "them")


def _beside(note: dict) -> str:
    mistakes = "\n".join(f"> - *Usual mistake*: {what}. *Say*: {say}" for what, say in note["mistakes"])
    return (f"> **For the teacher.** About {note['minutes']} minutes.\n>\n{mistakes}\n>\n"
            f"> *To open the discussion*: {note['question']}")


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", ".*", "sets"))
    elif source.exists():
        shutil.copy2(source, target)
