"""A class hands in its homework: right, wrong in every usual way, and hostile to the grader by accident or not."""

import ast
import csv
import hashlib
import os
import tempfile
import time
from html import unescape
from pathlib import Path

import pytest

from colorlib import assignment
from colorlib.__main__ import main
from colorlib.paths import project_root
from tools import assignment as homework
from tools.files import write

TESTS = project_root() / "tests" / "notebooks"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900),
              pytest.mark.skipif(os.name != "posix", reason="grading needs Linux or macOS")]


def cases(notebook):
    """The wrong answers of an exercises' test module, {"03.1": ["lambda kernels: …", …]}, and what they need."""
    tree = ast.parse((TESTS / f"test_exercises_{notebook}.py").read_text(encoding="utf-8"))
    needed = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)
              and "checkers" not in ast.unparse(node)
              or isinstance(node, ast.FunctionDef) and not node.name.startswith("test_")]
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "CASES":
            for case in node.value.elts:
                check, _, wrong, hint = case.elts
                found.setdefault(check.value[6:].replace("_", "."), []).append((ast.unparse(wrong), hint.value))
    return "\n".join(map(ast.unparse, needed)), found


def answers(number):
    """The right numbers of a student, as written in the notebook."""
    own = assignment.fruit(number)
    total = (own.colors - own.colors.mean(0)).square().sum()
    within = sum((part - part.mean(0)).square().sum() for part in (own.colors[own.leaf], own.colors[~own.leaf]))
    color = [tuple(round(x, 1) for x in one.tolist()) for one in (own.colors.mean(0), own.colors.median(0).values)]
    return {"share": round(float(own.second.float().mean()), 3), "mean": color[0], "median": color[1],
            "explained": round(float(1 - within / total), 3)}


class Class:
    """Writes submissions as students would: the notebook that was handed out, with other cells."""

    def __init__(self, folder):
        self.folder, self.expected = folder, {}
        self.parts = homework.parts()
        self.points = {part.key or part.kind: part.points for part in self.parts if part.points}

    def hand_in(self, name, lost=(), code=None, numbers=None, number=None, extra=()):
        """code: {"03.1": source}, in place of the solution. extra: cells put before the first exercise."""
        nb = homework.plain(self.parts)
        cells = {cell.source: cell for cell in nb.cells if cell.cell_type == "code"}
        numbers = answers(name) if numbers is None else numbers
        for part in self.parts:
            if part.kind == "exercise":
                solved = part.solved("# solved", "# so far") if code is None or part.key not in code else code[part.key]
                cells[f"{part.stub}\n\n{part.call}"].source = f"{solved}\n\n{part.call}"
            if part.kind == "number" and numbers:
                cells[f"{part.stub}\n\n{part.call}"].source = f"{part.variable} = {numbers[part.key]}\n\n{part.call}"
            if part.kind == "student":
                cells[part.stub].source = f'student_number = "{number or name}"'
        first = next(i for i, cell in enumerate(nb.cells) if "exercises.check_" in cell.source)
        for source in reversed(extra):
            nb.cells.insert(first, type(nb.cells[1])(cell_type="code", source=source, metadata={}, outputs=[],
                                                     execution_count=None, id=hashlib.md5(source.encode()).hexdigest()))
        path = self.folder / name / "own_fruit.ipynb"
        path.parent.mkdir(parents=True)
        write(nb, path)
        self.expected[name] = sum(self.points.values()) - self.points["report"] - sum(self.points[key] for key in lost)
        return path


def fill(room):
    """Two dozen submissions; room.expected gets their points."""
    exercises = [part for part in room.parts if part.kind == "exercise"]
    every, numbers = [part.key for part in exercises], ["share", "mean", "median", "explained"]
    of = {key: cases(key[:2]) for key in every}
    room.hand_in("right")
    write(homework.plain(room.parts), room.folder / "stub.ipynb")
    room.expected["stub"] = 0
    for turn in range(max(len(of[key][1][key]) for key in every)):
        wrong = {part.key: f"{of[part.key][0]}\n{part.variable} = {of[part.key][1][part.key][turn][0]}"
                 for part in exercises if turn < len(of[part.key][1][part.key])}
        room.hand_in(f"mistake{turn}", wrong, wrong)
    def instead(key, body):
        part = next(part for part in exercises if part.key == key)
        return {key: part.stub.split("\n")[0] + f"\n    import os, shutil, torch\n    {body}"}
    room.hand_in("loop", ["02.1"], instead("02.1", "while True: pass"))
    room.hand_in("loopcell", extra=["while True:\n    try:\n        pass\n    except Exception:\n        pass"])
    room.hand_in("deafloop", every[every.index("03.5"):],
                 instead("03.5", "import signal\n    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\n"
                                "    while True: pass"))
    room.hand_in("memory", ["03.1"], instead("03.1", "return bytearray(10 * 10**9)"))
    room.hand_in("memorytorch", ["03.1"], instead("03.1", "return torch.ones(10 * 10**9, dtype=torch.uint8)"))
    room.hand_in("exception", ["04.2"], instead("04.2", "raise RuntimeError('=1+1')"), extra=["1 / 0"])
    room.hand_in("exits", extra=["import sys\nsys.exit()"])
    room.hand_in("dies", every[every.index("02.2"):], instead("02.2", "os._exit(0)"))
    room.hand_in("deletes", ["05.1"], instead("05.1", "shutil.rmtree(os.getcwd())"),
                 extra=["import os, shutil\nfrom pathlib import Path\nshutil.rmtree(os.getcwd())\n"
                        "shutil.rmtree(Path.home())\nos.system('rm -rf ~ .')"])
    room.hand_in("syntax", ["01.2"], {"01.2": "def mean_hue(hues)\n    return 1"})
    room.hand_in("copied", numbers, numbers=answers("right"), number="right")
    room.hand_in("swapped", numbers, numbers={"share": answers("swapped")["share"] * 100, "mean":
                 answers("swapped")["median"], "median": "own.colors.median(0).values", "explained": 1.0})
    room.hand_in("cheats", every, {}, extra=["from colorlib.exercises import checking\n"
                                             "checking.Checking.true = lambda self, *_: True"])
    room.hand_in("=cmd", numbers, numbers={key: None for key in numbers})
    (room.folder / "empty.ipynb").write_text("")
    (room.folder / "nothing").mkdir()
    (room.folder / "link").mkdir()
    (room.folder / "link" / "own_fruit.ipynb").symlink_to("../right/own_fruit.ipynb")
    os.mkfifo(room.hand_in("pipe").with_name("fifo"))
    room.expected |= {"empty": 0, "nothing": 0, "link": 0, "pipe": 15}      # its numbers are read all the same


def digest(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            for path in sorted(folder.rglob("*"))}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    made, room = homework.make(folder / "made"), Class(folder / "submitted")
    room.folder.mkdir()
    fill(room)
    before, start = digest(folder), time.monotonic()
    status = main(["grade", str(room.folder), "-o", str(folder / "grades"), "--points", str(made / "points.json"),
                   "--minutes", "1", "--workers", "2"])
    seconds = time.monotonic() - start
    after = {name: value for name, value in digest(folder).items() if not name.startswith("grades")}
    with open(folder / "grades" / "points.csv", encoding="utf-8-sig", newline="") as file:
        rows = {row["submission"].lstrip("'"): row for row in csv.DictReader(file)}
    page = (folder / "grades" / "mistakes.html").read_text(encoding="utf-8")
    return room, rows, page, seconds, status, before == after


def test_every_submission_gets_the_points_that_it_has_earned(graded):
    room, rows, _, _, status, _ = graded
    assert status == 0 and len(rows) >= 20
    assert {name: int(row["points"]) for name, row in rows.items()} == room.expected


def test_the_class_is_graded_in_time_and_nothing_else_has_changed(graded):
    *_, seconds, _, same = graded
    assert seconds < 900 and same
    assert not list(Path(tempfile.gettempdir()).glob("colorlib-grade-*"))


def test_the_teacher_reads_what_happened(graded):
    _, rows, _, _, _, _ = graded
    for name, words in {
            "loop": "02.1 mean_color: your code stopped with TimeLimit", "deafloop": "ran out of time",
            "memory": "your code stopped with MemoryError", "memorytorch": "your code stopped with RuntimeError",
            "exception": "code cell 4 stopped: ZeroDivisionError", "dies": "ended early", "syntax": "SyntaxError",
            "exits": "SystemExit", "copied": "its mean is that of right", "cheats": "changed the checkers",
            "swapped": "give a share from 0 to 1", "empty": "no notebook that can be read",
            "nothing": "no notebooks; expected one", "link": "no notebooks", "pipe": "cannot be copied"}.items():
        assert words in rows[name]["remarks"], (name, rows[name]["remarks"])
    assert "student number 'right'" in rows["copied"]["remarks"] and "mean: this is the median" in (
        rows["swapped"]["remarks"])
    assert "median: write the number as digits" in rows["swapped"]["remarks"]


def test_every_usual_mistake_is_on_the_page_and_nobodys_name(graded):
    room, _, page, _, _, _ = graded
    plain = unescape(page)
    for part in room.parts:
        if part.kind == "exercise":
            for _, hint in cases(part.key[:2])[1][part.key]:
                assert hint in plain, (part.key, hint)
    assert "deafloop" not in page and "http" not in page


def test_a_spreadsheet_runs_nothing(graded):
    _, rows, _, _, _, _ = graded
    for row in rows.values():
        assert all(value[:1] not in "=+-@" for value in row.values() if value)
