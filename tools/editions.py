"""Two editions of the course, made from the notebooks and solutions/.

build/student/ is the course without solutions and tests. In build/teacher/ the notebooks contain
the solutions with the checkers' outputs, and below each exercise a note for the teacher: minutes,
usual mistakes, and a question for the class. Each is also written as a zip.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import runpy
import shutil
from pathlib import Path

from filelock import FileLock
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_output

from colorlib.paths import project_root
from tools.files import CourseError, build, find, fresh, read, write

PARTS = ("README.md", "LICENSE", "CITATION.cff", "pyproject.toml", "constraints.txt",
    "environment.yml", "Makefile", "binder", "colorlib", "tools", "data", "docs", "results",
    "notebooks/figures")
CHECK = re.compile(r"^(?:\w+ = )?exercises\.check_(\d\d)_(\d)\((\w+)\).*$", re.M)
WHERE = re.compile(r" ?The solutions are in `solutions/[^`]*`\.")
# Parts of the README that students do not get: whole paragraphs, or the end of one.
WHOLE = re.compile(
    r"^<!-- whole -->\n.*?<!-- /whole -->\n\n?|<!-- whole -->.*?<!-- /whole -->", re.S | re.M)
TEACHING = "teaching.py"
CLOSING = "**Can you answer?**"  # precedes the closing questions of a notebook


def exercises(nb: NotebookNode) -> dict[str, NotebookNode]:
    """The code cells of the exercises by their numbers, such as "05.1"."""
    found = {}
    for cell in nb.cells:
        if cell.cell_type == "code" and (check := CHECK.search(cell.source)):
            found[f"{check[1]}.{check[2]}"] = cell
    return found


def closing(nb: NotebookNode) -> list[str]:
    """The questions at the end of a notebook: the numbered list after `CLOSING`."""
    text = "\n\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    _, _, after = text.partition(CLOSING)
    return re.findall(r"^\d+\. (.*(?:\n   .*)*)", after, re.M)


def solution(path: Path, exercise: str, name: str) -> str:
    """The source of an exercise's solution, with the imports that it needs.

    path       a file of solutions, where the docstring of each begins with the exercise's number
    exercise   such as "05.1"
    name       the name of the function in the notebook, which replaces the one in the file

    CourseError if the file has no solution of this exercise.
    """
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    for node in tree.body:
        docstring = ast.get_docstring(node) if isinstance(node, ast.FunctionDef) else None
        if docstring and docstring.startswith(f"{exercise}."):
            used = {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}
            imports = [ast.get_source_segment(text, line) for line in tree.body
                       if isinstance(line, ast.Import | ast.ImportFrom)
                       and used & {(a.asname or a.name).split(".")[0] for a in line.names}]
            source = ast.get_source_segment(text, node)
            source = source.replace(f"def {node.name}(", f"def {name}(", 1)
            return "\n".join([*imports, *([""] if imports else []), source])
    raise CourseError(f"{path.name} has no solution of {exercise}: "
                      f"a function whose docstring begins with {exercise}.")


def teacher(nb: NotebookNode, solutions: Path, name: str) -> NotebookNode:
    """Turn a notebook into the teacher's, in place.

    solutions   the folder with the solutions and `TEACHING`
    name        the notebook's file name without its ending

    CourseError if a solution or a note is missing, or if a checker rejects a solution.
    """
    material = runpy.run_path(str(solutions / TEACHING))
    notes, number = material["TEACHING"], name[:2]
    for exercise, cell in exercises(nb).items():
        _check_stub(exercise, cell)
        check = CHECK.search(cell.source)
        source = solution(solutions / f"{name}.py", exercise, check[3])
        checked = f"{source}\n\n{check[0]}"
        cell.source = checked + cell.source[check.end():]  # what follows may use the answer
        if exercise not in notes:
            raise CourseError(f"{TEACHING} has no note on exercise {exercise}")
        printed = _checker_output(checked)
        if not printed.endswith(": right"):
            raise CourseError(f"the checker rejects the solution of {exercise}: {printed}")
        cell.outputs = [new_output("stream", name="stdout", text=f"{printed}\n")]
        note = new_markdown_cell(_note(notes[exercise]))
        note.id = f"teacher-{exercise.replace('.', '-')}"
        nb.cells.insert(nb.cells.index(cell) + 1, note)
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = WHERE.sub(" This edition shows the solutions.", cell.source)
    questions, answers = closing(nb), material["CLOSING"].get(number, ())
    if len(questions) != len(answers):
        raise CourseError(f"notebook {number} closes with {len(questions)} questions; "
                          f"{TEACHING} answers {len(answers)}")
    if answers:
        lines = [f"> {i}. {answer}" for i, answer in enumerate(answers, 1)]
        note = new_markdown_cell(
            "> **For the teacher: the closing questions.**\n>\n" + "\n".join(lines))
        note.id = f"teacher-{number}-closing"
        nb.cells.append(note)
    return nb


def student(nb: NotebookNode, outputs: bool = True) -> NotebookNode:
    """Turn a notebook into the student's, in place: it no longer mentions the solutions.

    outputs   whether to keep the stored outputs

    CourseError if an exercise is not a stub, as in a teacher's edition.
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
    """Write both editions and their zips below `out` (build/); returns the zips.

    outputs   whether the student's notebooks keep their stored outputs

    CourseError if there are no solutions, as in a student's edition.
    """
    out = out or build()
    if not (project_root() / "solutions" / TEACHING).exists():
        raise CourseError("there is no folder solutions/: editions are made from the whole course")
    lock = FileLock(out / ".editions.lock")  # a second process waits: both would empty the folders
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise CourseError(f"cannot write to {out} ({error.strerror or error})") from None
    try:
        return [_make_edition(edition, out, outputs) for edition in ("student", "teacher")]
    finally:
        lock.release()


def _make_edition(edition: str, out: Path, outputs: bool) -> Path:
    """Write one edition and its zip; returns the zip."""
    root, folder = project_root(), fresh(out / edition)
    if edition == "student":
        student_course(folder, outputs)
    else:
        for part in (*PARTS, "solutions"):
            _copy(root / part, folder / part)
        for path in find():
            nb = teacher(read(path), root / "solutions", path.stem)
            write(nb, folder / "notebooks" / path.name)
    return Path(shutil.make_archive(str(folder), "zip", out, edition))


def student_course(folder: Path, outputs: bool = True) -> None:
    """Write the student's course into an empty folder.

    Tests and everything for teachers are left out.
    """
    for part in PARTS:
        _copy(project_root() / part, folder / part)
    for guide in ("teaching.md", "grading.md", "adopt.md", "reviewing.md"):
        (folder / "docs" / guide).unlink(missing_ok=True)
    readme = folder / "README.md"
    readme.write_text(WHOLE.sub("", readme.read_text(encoding="utf-8")), encoding="utf-8")
    for path in find():
        write(student(read(path), outputs), folder / "notebooks" / path.name)


def _checker_output(source: str) -> str:
    """Run a cell that holds a solution and the call of its checker; returns what it prints."""
    printed = io.StringIO()
    code = compile(f"from colorlib import exercises\n{source}", "<solution>", "exec")
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    return printed.getvalue().strip()


def _check_stub(exercise: str, cell: NotebookNode) -> None:
    """CourseError unless the exercise is one function whose body is `...`."""
    functions = [node for node in ast.parse(cell.source).body if isinstance(node, ast.FunctionDef)]
    if len(functions) != 1 or [ast.unparse(line) for line in functions[0].body] != ["..."]:
        raise CourseError(f"exercise {exercise} is no stub: editions are made from the whole "
                          "course, not from another edition")


def _note(note: dict) -> str:
    """A teacher's note on an exercise, as Markdown."""
    mistakes = "\n".join(f"> - *Usual mistake*: {mistake}. *Say*: {answer}"
                         for mistake, answer in note["mistakes"])
    return (f"> **For the teacher.** About {note['minutes']} minutes.\n>\n{mistakes}\n>\n"
            f"> *To open the discussion*: {note['question']}")


def _copy(source: Path, target: Path) -> None:
    """Copy a file or a folder, without caches and data sets."""
    if source.is_dir():
        ignore = shutil.ignore_patterns("__pycache__", "*.pyc", ".*", "sets")
        shutil.copytree(source, target, ignore=ignore)
    elif source.exists():
        shutil.copy2(source, target)
