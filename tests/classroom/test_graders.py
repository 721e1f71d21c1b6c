"""nbgrader and Otter-Grader take the homework: their own commands, on the package that make assignment writes.

The course's own grader runs as docs/grading.md says: an account without rights or a network. The two others are
no dependency of the course. Put an environment that holds one of them and the course's packages in the PATH.
"""

import csv
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from test_hub import ACCOUNTS, account, works

from colorlib.grading import grade
from colorlib.paths import project_root
from tools import assignment as homework
from tools.files import read, write

pytestmark = [pytest.mark.classroom, pytest.mark.timeout(600)]
RIGHT, MISTAKE = ".sum(0) / weights.sum()", ".sum(0)"  # in the solution of 02.1, which gives 3 points


@pytest.fixture
def tool(monkeypatch):
    """Runs a command; skips the test where there is none, or where its Python lacks the course's packages."""
    monkeypatch.setenv("PYTHONPATH", str(project_root()))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def run(folder, command, *words):
        found = shutil.which(command)
        python = found and Path(found).with_name("python")
        if not found or subprocess.run([python, "-c", "import colorlib.assignment"], capture_output=True).returncode:
            pytest.skip(f"no environment with {command} and the course in the PATH")
        done = subprocess.run([found, *words], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout + done.stderr

    return run


def make(folder):
    """The packages, with a GAN that is not trained: that takes half a minute for each notebook, and gives no points."""
    for path in homework.make(folder).rglob("*.ipynb"):
        text = path.read_text(encoding="utf-8")
        assert "range(3)" in text
        path.write_text(text.replace("range(3)", "range(0)"), encoding="utf-8")
    return folder


def graded(folder, made):
    """The points of the course's own grader."""
    return {one.submission.name: one.points for one in grade.grade(folder, made / "points.json", workers=2)}


def with_mistake(source, target):
    text = source.read_text(encoding="utf-8")
    assert text.count(RIGHT) == 1
    target.write_text(text.replace(RIGHT, MISTAKE), encoding="utf-8")


def test_nbgrader_makes_the_assignment_and_grades_it(tool, tmp_path):
    folder = make(tmp_path / "made") / "nbgrader"
    tool(folder, "nbgrader", "generate_assignment", homework.NAME)
    name = f"{homework.NAME}.ipynb"
    source, release = (folder / part / homework.NAME / name for part in ("source", "release"))
    assert "SOLUTION" not in release.read_text() and "atan2" not in release.read_text()
    for student in ("right", "stub", "wrong"):
        (folder / "submitted" / student / homework.NAME).mkdir(parents=True)
    shutil.copy(source, folder / "submitted" / "right" / homework.NAME / name)
    shutil.copy(release, folder / "submitted" / "stub" / homework.NAME / name)
    with_mistake(source, folder / "submitted" / "wrong" / homework.NAME / name)
    tool(folder, "nbgrader", "autograde", homework.NAME)
    tool(folder, "nbgrader", "export")
    with open(folder / "grades.csv", newline="") as file:
        rows = {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(file)}
    assert rows == {"right": (80, 100), "stub": (0, 100), "wrong": (77, 100)}  # a person grades the report
    # The solutions compute their numbers, which gives no points here: numbers are read, and not run.
    assert graded(folder / "submitted", folder.parent) == {"right": 65, "stub": 0, "wrong": 62}


def test_otter_assigns_the_master_notebook_and_grades_it(tool, tmp_path):
    folder = make(tmp_path / "made") / "otter"
    name = f"{homework.NAME}.ipynb"
    tool(folder, "otter", "assign", name, "dist")  # runs its tests on the solutions, and fails if one does
    student, solved = folder / "dist" / "student" / name, folder / "dist" / "autograder" / name
    assert "SOLUTION" not in student.read_text() and "atan2" not in student.read_text()
    autograder = next((folder / "dist" / "autograder").glob("*.zip"))
    with_mistake(solved, tmp_path / "wrong.ipynb")
    scores = {}
    for path in (solved, student, tmp_path / "wrong.ipynb"):
        out = tmp_path / f"out{len(scores)}"
        out.mkdir()
        tool(tmp_path, "otter", "run", str(path), "-a", str(autograder), "-o", str(out))
        tests = json.loads((out / "results.json").read_text())["tests"]
        scores[path] = sum(test.get("score") or 0 for test in tests), sum(test.get("max_score") or 0 for test in tests)
    assert list(scores.values()) == [(80, 80), (0, 80), (77, 80)]
    handed_in = tmp_path / "handed in"
    handed_in.mkdir()
    for place, path in enumerate(scores):
        shutil.copy(path, handed_in / f"{place}.ipynb")
    assert graded(handed_in, folder.parent) == {"0": 65, "1": 0, "2": 62}


@pytest.fixture
def place():
    """A folder that other accounts can enter (pytest's own cannot be)."""
    made = Path(tempfile.mkdtemp(prefix="colorlib-homework-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def test_an_account_without_rights_or_network_grades_and_what_it_runs_can_change_nothing(place):
    alone = ["unshare", "--net", *account(ACCOUNTS[0]), "--no-new-privs"]
    if not works(*alone, sys.executable, "-c", "import colorlib"):
        pytest.skip("other accounts cannot be taken on here: that needs root, unshare and setpriv")
    made, submitted, grades = homework.make(place / "made"), place / "submitted", place / "grades"
    nb = read(made / "plain" / f"{homework.NAME}.ipynb")
    solved = next(part for part in homework.parts() if part.key == "03.1").solved("#", "#")
    with socket.create_server(("127.0.0.1", 0)) as server:
        next(cell for cell in nb.cells if "check_03_1" in cell.source).source = solved + (
            f"\nimport shutil, socket\nshutil.rmtree({str(place)!r}, ignore_errors=True)\n"
            f"socket.create_connection({server.getsockname()!r}, 5)")
        write(nb, submitted / "1024.ipynb")
        before = {path: path.is_file() and path.read_bytes() for path in place.rglob("*")}
        grades.mkdir()
        os.chown(grades, ACCOUNTS[0], ACCOUNTS[0])
        done = subprocess.run([*alone, sys.executable, "-m", "colorlib", "grade", submitted, "-o", grades / "new",
                               "--points", made / "points.json"], cwd=place, capture_output=True, text=True,
                              env=os.environ | {"PYTHONPATH": str(project_root()), "HOME": str(grades)})
    assert done.returncode == 0, done.stderr
    assert {path: path.is_file() and path.read_bytes() for path in before} == before
    text = (grades / "new" / "points.csv").read_text(encoding="utf-8")
    assert "1024,3,80" in text and "stopped: OSError" in text  # 3 points for 03.1; nobody to connect to
