"""Both editions, run as who has them runs them: all exercises right in the teacher's, none done in the student's."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from running import NOTEBOOKS, checkout, name

from tools import editions
from tools.files import read

pytestmark = pytest.mark.classroom
SAID = {"student": "not done yet", "teacher": "right"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("editions")
    editions.make(out)
    return out


def start(folder, notebook, out, **environment):
    """A notebook in `smoke` by the library that lies beside it."""
    command = [sys.executable, "-m", "papermill", "--no-progress-bar", "-p", "PROFILE", "smoke", notebook, str(out)]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("COLORLIB_")}
    return subprocess.Popen(command, cwd=folder / "notebooks", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, env=kept | {"PYTHONPATH": str(folder), "MPLBACKEND": "agg"} | environment)


def ends(runs):
    """What each of some runs said, all of them ended; none goes on where one fails."""
    try:
        with ThreadPoolExecutor() as pool:
            return list(pool.map(lambda run: run.communicate()[0], runs))
    finally:
        for run in runs:
            run.kill()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_every_exercise_says_what_it_should(made, path, tmp_path):
    runs = {edition: start(made / edition, path.name, tmp_path / f"{edition}.ipynb", OMP_NUM_THREADS="1")
            for edition in SAID}
    told = dict(zip(runs, ends(runs.values()), strict=True))
    for edition, failure_modes in SAID.items():
        assert runs[edition].returncode == 0, told[edition][-2000:]
        found = editions.exercises(read(tmp_path / f"{edition}.ipynb"))
        assert len(found) >= 3
        for number, cell in found.items():
            said = "".join(output.get("text", "") for output in cell.outputs)
            assert said == f"{number}: {failure_modes}\n", (edition, said)
        assert (made / edition / "build" / "results" / "notebooks" / f"{name(path)}.smoke.json").exists()


def test_a_student_can_make_the_pages_and_is_told_what_belongs_to_the_whole_course(made):
    student = made / "student"
    done = subprocess.run([sys.executable, "-m", "tools", "site"], cwd=student, capture_output=True,
                          text=True, env=os.environ | {"PYTHONPATH": str(student)})
    assert done.returncode == 0, done.stderr
    pages = {page.name for page in (student / "build" / "site").rglob("*.html")}
    assert {f"{path.stem}.html" for path in NOTEBOOKS} < pages and "teaching.html" not in pages
    for target in ("test", "bench"):
        done = subprocess.run(["make", target], cwd=student, capture_output=True, text=True)
        assert done.returncode and "belongs to the whole course" in done.stdout + done.stderr


@pytest.mark.timeout(300)
def test_two_notebooks_train_at_once_in_one_folder_and_again_after_a_restart(tmp_path):
    """03 twice and 05, each in a kernel of its own; then once more, beside what the first runs left."""
    folder = checkout(tmp_path / "course")
    for turn in ("first", "again"):
        runs = [start(folder, notebook.name, tmp_path / f"{turn}-{i}.ipynb", OMP_NUM_THREADS="1")
                for i, notebook in enumerate((NOTEBOOKS[2], NOTEBOOKS[2], NOTEBOOKS[4]))]
        told = ends(runs)
        assert [run.returncode for run in runs] == [0, 0, 0], "\n".join(text[-1500:] for text in told)
        for number in ("03", "05"):
            record = folder / "build" / "results" / "notebooks" / f"{number}.smoke.json"
            assert '"claims"' in record.read_text()
            record.unlink()
        assert not [path for path in folder.rglob(".*") if path.is_file() and "part" in path.name]
