"""The two editions: the student's holds no solution, the teacher's every one, and a number is an exercise for good."""

import ast
import re
import runpy
import zipfile
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from colorlib import exercises
from colorlib.paths import project_root
from tools import editions
from tools.files import CourseError, find, read

SOLUTIONS = project_root() / "solutions"

OPEN = {"06.6", "07.5", "08.4", "09.4"}  # questions without a checker, whose numbers stay, too
# A link to the site made last year points to the same exercise: numbers are never given to another one. Add, do not
# change.
KNOWN = {
    "01.1": "linear_to_srgb", "01.2": "mean_hue", "01.3": "to_network", "01.4": "on_screen",
    "01.5": "swap_colors", "01.6": "half_size",
    "02.1": "mean_color", "02.2": "median_color", "02.3": "cross_entropy_of_shares", "02.4": "color_kept_by_the_mean",
    "02.5": "explained_by", "02.6": "repaired_descent",
    "03.1": "receptive_field", "03.2": "squared_error", "03.3": "normalized_uv", "03.4": "unexplained",
    "03.5": "unet_forward", "03.6": "repaired_epoch",
    "04.1": "soft_target", "04.2": "annealed_mean", "04.3": "rebalance", "04.4": "auc",
    "04.5": "repaired_loss", "04.6": "width_seen",
    "05.1": "discriminator_loss", "05.2": "slope", "05.3": "collapse", "05.4": "who_wins",
    "05.5": "repaired_step",
    "06.1": "receptive_field_of", "06.2": "answers_a_side", "06.3": "interval", "06.4": "accuracy",
    "06.5": "repaired_loss",
    "07.1": "columns_of", "07.2": "summed_weights", "07.3": "same_kind", "07.4": "freeze",
    "08.1": "recolored", "08.2": "nearest", "08.3": "next_click",
    "09.1": "step_towards", "09.2": "spread_of_odds", "09.3": "same_every_time",
}


CLOSING = "**Can you answer?** Where, is in brackets.\n\n1. How many\n   pixels?\n2. Why?\n\n**Next.** 1. A walk."


def notebook(*more, words=CLOSING):
    return new_notebook(cells=[
        new_markdown_cell("## Exercises\n\nEach has a checker. The solutions are in `solutions/09_x.py`.\n\n"
                          "### Twice (09.1)"),
        new_code_cell("def twice(x):          # a number\n    ...\n\nexercises.check_03_1(twice)", execution_count=1,
                      outputs=[new_output("stream", name="stdout", text="03.1: not done yet\n")]), *more,
        new_markdown_cell(words)])


@pytest.fixture
def solutions(tmp_path):
    (tmp_path / "09_x.py").write_text('"""Solutions."""\nimport math\nimport os\nfrom os import path as way\n\n\n'
                                      'def field(kernels):\n    """03.1. So."""\n'
                                      '    return 1 + sum(math.floor(k) - 1 for k in kernels)\n')
    (tmp_path / "teaching.py").write_text(
        'TEACHING = {"03.1": {"minutes": 7, "mistakes": (("A nine.", "Draw it."), ("Zero.", "One pixel.")), '
        '"question": "What does it see?"}}\nCLOSING = {"09": ("Seven.", "Nothing.")}')
    return tmp_path


def test_a_number_stays_with_its_exercise():
    found = {number: editions.CHECK.search(cell.source)[3] for path in find()
             for number, cell in editions.exercises(read(path)).items()}
    assert found | KNOWN == found, "an exercise was renumbered or removed"
    assert set(found) == set(KNOWN), "a new exercise: add it to KNOWN, with its number for good"


def test_a_solution_brings_the_imports_it_needs_and_takes_the_stubs_name(solutions):
    assert editions.solution(solutions / "09_x.py", "03.1", "twice") == (
        'import math\n\ndef twice(kernels):\n    """03.1. So."""\n'
        '    return 1 + sum(math.floor(k) - 1 for k in kernels)')
    with pytest.raises(CourseError, match="09_x.py has no solution of 03.2"):
        editions.solution(solutions / "09_x.py", "03.2", "twice")


def test_the_teacher_sees_the_solution_and_what_to_say_and_the_student_the_stub(solutions):
    target, cell, beside, _, answers = editions.teacher(notebook(), solutions, "09_x").cells
    assert "solutions/09_x.py" not in target.source
    assert "math.floor" in cell.source and cell.source.endswith("exercises.check_03_1(twice)")
    assert cell.outputs[0].text == "03.1: right\n"
    assert all(words in beside.source for words in ("7 minutes", "A nine.", "Draw it.", "What does it see?"))
    assert answers.source.endswith("> 1. Seven.\n> 2. Nothing.")
    kept = editions.student(notebook())
    assert kept.cells[1].source == notebook().cells[1].source and kept.cells[1].outputs
    assert "solutions" not in kept.cells[0].source
    assert not editions.student(notebook(), outputs=False).cells[1].outputs


@pytest.mark.parametrize("path", find(), ids=lambda path: path.stem)
def test_every_exercise_has_a_checker_a_heading_and_a_note_and_a_notebook_closes_with_three_questions(path):
    nb = read(path)
    text = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    numbers, checkers = set(editions.exercises(nb)), {name for name in exercises.__all__ if name[6:8] == path.stem[:2]}
    assert numbers == {f"{name[6:8]}.{name[9]}" for name in checkers}
    headings = re.findall(r"^### .+ \((\d\d\.\d)\)$", text, re.M)
    assert set(headings) == numbers | {one for one in OPEN if one[:2] == path.stem[:2]}
    assert len(set(headings)) == len(headings) and not re.search(r"^### \d\d\.\d$", text, re.M)
    assert len(editions.closing(nb)) == 3
    if (SOLUTIONS / "teaching.py").exists():
        assert numbers <= set(runpy.run_path(str(SOLUTIONS / "teaching.py"))["TEACHING"])


@pytest.mark.parametrize("path", find(), ids=lambda path: path.stem)
def test_a_teacher_reads_the_minutes_that_the_student_reads(path):
    text = "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    said = {exercise: int(re.search(r"(\d+) minutes", words)[1]) for exercise, words
            in re.findall(r"^### .*\((\d\d\.\d)\)\n\n\*([^*]*)\*", text, re.M)}
    notes = runpy.run_path(str(SOLUTIONS / "teaching.py"))["TEACHING"]
    assert set(said) >= {exercise for exercise in notes if exercise.startswith(path.stem[:2])}
    assert {exercise: said[exercise] for exercise in said if exercise in notes} == {
        exercise: notes[exercise]["minutes"] for exercise in said if exercise in notes}


def test_a_solution_that_the_checker_refuses_or_a_missing_answer_makes_no_edition(solutions):
    words = CLOSING.replace("2. Why?\n", "2. Why?\n3. When?\n")
    with pytest.raises(CourseError, match="answers 2"):
        editions.teacher(notebook(words=words), solutions, "09_x")
    file = solutions / "09_x.py"
    file.write_text(file.read_text().replace("1 + sum", "2 + sum"))
    with pytest.raises(CourseError, match="rejects the solution of 03.1"):
        editions.teacher(notebook(), solutions, "09_x")
    (solutions / "teaching.py").write_text("TEACHING = {}\nCLOSING = {}")
    with pytest.raises(CourseError, match="has no note on exercise 03.1"):
        editions.teacher(notebook(), solutions, "09_x")


def functions(text):
    """Each function of a text as Python writes it, without docstrings and comments."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            node.body = node.body[1:] if ast.get_docstring(node) else node.body
            yield ast.unparse(node)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    if not (SOLUTIONS / "teaching.py").exists():
        pytest.skip("the solutions were removed")
    out = tmp_path_factory.mktemp("editions")
    return out, editions.make(out)


def test_no_solution_stands_in_a_students_file(made):
    """No function of solutions/, and every exercise a stub."""
    out, _ = made
    solved = {one for path in SOLUTIONS.glob("[0-9]*.py") for one in functions(path.read_text(encoding="utf-8"))}
    assert len(solved) >= len(KNOWN)
    for path in (out / "student").rglob("*"):
        if path.suffix == ".py":
            assert not solved & set(functions(path.read_text(encoding="utf-8"))), path.name
        if path.suffix == ".ipynb":
            cells = [cell.source for cell in read(path).cells if cell.cell_type == "code"]
            assert not solved & {one for source in cells for one in functions(source)}, path.name
            for number, cell in editions.exercises(read(path)).items():
                editions._check_stub(number, cell)
            assert "solutions/" not in "".join(cell.source for cell in read(path).cells), path.name
    guides = ("docs/teaching.md", "docs/grading.md", "docs/adopt.md")
    gone = ("solutions", "tests", "CONTRIBUTING.md", *guides)
    assert not any((out / "student" / name).exists() for name in gone)
    text = (out / "student" / "README.md").read_text(encoding="utf-8")
    assert "whole -->" not in text and "[solutions]" not in text
    for path in (out / "student" / "README.md", out / "student" / "docs" / "running.md"):
        for target in re.findall(r"\]\((?!http|#)([^)\s]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target.split("#")[0]).exists(), f"{path.name}: {target}"


def test_a_teachers_edition_is_no_place_to_make_editions_from(made, monkeypatch, tmp_path):
    out, _ = made
    monkeypatch.setattr(editions, "project_root", lambda: out / "teacher")
    monkeypatch.setattr(editions, "find", lambda: sorted((out / "teacher" / "notebooks").glob("*.ipynb")))
    with pytest.raises(CourseError, match="is no stub"):
        editions.make(tmp_path)
    assert not list(tmp_path.glob("*.zip"))


def test_every_exercise_is_solved_in_the_teachers_notebooks(made):
    out, zips = made
    right = [output.text for path in sorted((out / "teacher" / "notebooks").glob("*.ipynb"))
             for cell in editions.exercises(read(path)).values() for output in cell.outputs]
    assert sorted(right) == sorted(f"{number}: right\n" for number in KNOWN)
    for path in find():                                                     # students run the code that the tests run
        theirs = read(out / "student" / "notebooks" / path.name)
        assert [c.source for c in theirs.cells if c.cell_type == "code"] == [
            c.source for c in read(path).cells if c.cell_type == "code"]
    for name, file in zip(("student", "teacher"), zips, strict=True):
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
        assert f"{name}/notebooks/01_color_spaces.ipynb" in names and f"{name}/pyproject.toml" in names
        assert f"{name}/colorlib/color.py" in names and not [n for n in names if "__pycache__" in n]


def test_a_teachers_exercise_defines_each_name_that_the_notebooks_does(made):
    def defined(cell):
        return {node.id for node in ast.walk(ast.parse(cell.source))
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}

    names, (out, _) = set(), made
    for path in sorted((out / "teacher" / "notebooks").glob("*.ipynb")):
        own = editions.exercises(read(project_root() / "notebooks" / path.name))
        for number, cell in editions.exercises(read(path)).items():
            assert defined(own[number]) <= defined(cell), number
            names |= defined(own[number])
    assert {"repaired", "cross_entropy"} <= names


def test_without_solutions_there_are_no_editions(monkeypatch, tmp_path):
    monkeypatch.setattr(editions, "project_root", lambda: tmp_path)
    with pytest.raises(CourseError, match="made from the whole course"):
        editions.make(Path(tmp_path) / "out")
