"""The homework: a fruit for each student, one source for three formats, submissions that are read before they run."""

import ast
import json
import os
import runpy

import pytest
import torch

from colorlib import assignment
from colorlib.__main__ import main
from colorlib.exercises import Result
from colorlib.grading import report, submission
from colorlib.grading.grade import Graded
from colorlib.paths import project_root
from tools import assignment as homework
from tools.files import CourseError

NUMBERS = [str(number) for number in range(1000, 1040)]
EVERY = [assignment.fruit(number) for number in NUMBERS]
TASKS = [submission.Task("number", "mean", "mean", 4)]


def mean(own):
    return tuple(round(value, 1) for value in own.colors.mean(0).tolist())


def share(own):
    return round(float(own.second.float().mean()), 3)


def test_a_number_gives_the_same_fruit_each_time_and_another_number_another_one():
    again = assignment.fruit(" 10 00")
    assert torch.equal(again.colors, EVERY[0].colors) and torch.equal(again.leaf, EVERY[0].leaf)
    assert len({mean(own) for own in EVERY}) == len(EVERY)
    for wrong in (1000, ..., None, "", " - "):
        with pytest.raises(ValueError, match="write your student number as text"):
            assignment.fruit(wrong)


@pytest.mark.parametrize("question, right", [("share", share), ("mean", mean)])
def test_a_students_own_number_is_right_and_a_copied_one_fails(question, right, capsys):
    answers = [right(own) for own in EVERY]
    assert all(assignment.check(question, own, answer).status == "right"
               for own, answer in zip(EVERY, answers, strict=True))
    copied = [assignment.check(question, own, answer).status for own, mine in zip(EVERY, answers, strict=True)
              for answer in answers if answer is not mine]
    assert copied.count("right") < 0.02 * len(copied)
    assert assignment.check(question, NUMBERS[0], ...).status == "not done"
    assert str(answers[0]) not in assignment.check(question, NUMBERS[0], (1, 2, 3)).message
    with pytest.raises(ValueError, match="no question 'mode'; there are share"):
        assignment.check("mode", NUMBERS[0], 1)


@pytest.mark.parametrize("question, wrong, hint", [
    ("share", lambda own: 1 - share(own), "the share of"), ("share", lambda own: 100 * share(own), "not percent"),
    ("mean", lambda own: own.colors.median(0).values.tolist(), "the median"),
    ("mean", lambda own: (own.colors.mean(0) / 50).tolist(), "Lab units"),
    ("mean", lambda own: own.distribution.modes and torch.tensor(own.distribution.modes).mean(0), "halfway"),
    ("median", lambda own: mean(own), "the mean"),
    ("explained", lambda own: 100 * explained(own), "not percent"),
    ("explained", lambda own: 1 - explained(own), "unexplained")])
def test_a_usual_mistake_in_a_number_is_named(question, wrong, hint):
    for own in EVERY[:10]:
        assert hint in assignment.check(question, own, wrong(own)).hint


def explained(own):
    total = (own.colors - own.colors.mean(0)).square().sum()
    parts = own.colors[own.leaf], own.colors[~own.leaf]
    return float(1 - sum((part - part.mean(0)).square().sum() for part in parts) / total)


def test_the_fruits_are_as_their_distribution_says_and_can_be_painted():
    for own in EVERY:
        assert abs(own.distribution.weights[1] - share(own)) < 0.08         # 4 standard deviations of 600 draws
        nearest = torch.cdist(own.colors, torch.tensor(own.distribution.modes)).argmin(1)
        assert torch.equal(nearest == 1, own.second) and 0.2 < own.leaf.float().mean() < 0.4
    pictures = EVERY[0].paint(4, 32)
    assert pictures.shape == (4, 3, 32, 32) and pictures.dtype == torch.uint8


@pytest.fixture(scope="module")
def parts():
    if not (project_root() / "solutions" / homework.SOURCE).exists():
        pytest.skip("the solutions were removed")
    return homework.parts()


def test_it_gives_a_hundred_points_in_three_hours(parts):
    assert sum(part.points for part in parts) == 100
    minutes = runpy.run_path(str(project_root() / "solutions" / "teaching.py"))["TEACHING"]
    exercises = sum(minutes[part.key]["minutes"] for part in parts if part.kind == "exercise")
    assert 120 <= exercises <= 140                                          # the rest: numbers and the report
    assert {part.key for part in parts if part.kind == "number"} == set(assignment.QUESTIONS)


def test_the_notebook_to_hand_out_has_stubs_and_no_solution(parts):
    text = "\n".join(cell.source for cell in homework.plain(parts).cells)
    for part in parts:
        if part.solution:
            assert part.solution not in text and part.stub in text
            assert part.solution in part.solved("# BEGIN", "# END")


def test_a_solved_course_makes_no_homework(monkeypatch, parts):
    real = homework.exercises

    def solved(nb):
        found = real(nb)
        for cell in found.values():
            cell.source = cell.source.replace("    ...", "    return 1")
        return found
    monkeypatch.setattr(homework, "exercises", solved)
    with pytest.raises(CourseError, match="is no stub"):
        homework.parts()


def test_a_source_that_names_what_there_is_not_makes_no_homework(monkeypatch, tmp_path):
    monkeypatch.setattr(homework, "project_root", lambda: tmp_path)
    with pytest.raises(CourseError, match="made from the whole course"):
        homework.parts()
    (tmp_path / "solutions").mkdir()
    for exercise in ("77.1", "01.9"):
        (tmp_path / "solutions" / homework.SOURCE).write_text(f'```python exercise="{exercise}" points=1\n```\n')
        with pytest.raises(CourseError, match=f"exercise {exercise}"):
            homework.parts()


def one(*cells):
    return submission.Submission("1000", project_root(), cells)


def test_a_number_is_read_and_never_run():
    assert one("x = 1\nmean = (1.5, -2)", "%matplotlib\nmean = (3, 4)").literal("mean") == (3, 4)
    assert one("mean = (1", "1 +").literal("mean") is None and one("mean = ...").literal("mean") is ...
    assert one("%%time\nmean = 2\nif mean:\n    !ls").literal("mean") == 2
    assert ast.unparse(submission.parse("left = (5\n  % 3)")) == "left = 5 % 3"  # a line of Python, not for IPython
    assert one("mean = (3, 4)\nmean = own.colors.mean(0)").literal("mean") == (3, 4)
    for source in ("mean = ...\nmean = f()", "mean = open('x')", "mean = own.colors.mean(0)",
                   "mean = " + "(" * 90 + "f()" + ")" * 90):
        with pytest.raises(ValueError, match="as digits"):
            one(source).literal("mean")


@pytest.mark.skipif(os.name != "posix", reason="grading needs Linux or macOS")
def test_what_cannot_be_graded_says_why(tmp_path, capsys):
    def run(*words):
        return main(["grade", *map(str, words)]), capsys.readouterr().err
    points = tmp_path / "points.json"
    assert "make assignment writes it" in run(tmp_path, "-o", tmp_path.parent / "x", "--points", points)[1]
    points.write_text("[]")
    assert "is no points.json" in run(tmp_path, "-o", tmp_path.parent / "x", "--points", points)[1]
    points.write_text(json.dumps({"student": "student_number", "tasks": []}))
    assert "holds no submissions" in run(tmp_path, "-o", tmp_path.parent / "x", "--points", points)[1]
    assert "no folder of submissions" in run(tmp_path / "a", "-o", tmp_path / "b", "--points", points)[1]
    status, text = run(tmp_path, "-o", tmp_path / "grades", "--points", points)
    assert status == 2 and "among the submissions" in text
    assert "more than 0" in run(tmp_path, "-o", tmp_path.parent / "x", "--points", points, "--minutes", "0")[1]


def test_the_points_of_reports_and_a_classs_work_are_not_lost(tmp_path):
    report.check(tmp_path / "grades")
    (tmp_path / "grades" / "points.csv").write_text("report: 20")
    with pytest.raises(ValueError, match="is there already"):
        report.check(tmp_path / "grades")
    homework.make(tmp_path / "made")
    homework.make(tmp_path / "made")
    (tmp_path / "made" / "nbgrader" / "submitted").mkdir()
    with pytest.raises(CourseError, match="holds submitted, which would be lost"):
        homework.make(tmp_path / "made")


def test_what_macos_adds_to_a_zip_is_no_submission(tmp_path):
    for name in ("1024/__MACOSX/._a.ipynb", "1024/._a.ipynb", "__MACOSX/x.ipynb", "1024/part/a.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('{"cells": []}')
    (tmp_path / "1025.zip").touch()
    first, second = submission.find(tmp_path)
    assert (first.name, first.problem, str(first.inside)) == ("1024", "", "part")
    assert second.name == "1025" and "unpack it" in second.problem


def test_a_table_and_a_page_take_foreign_text_for_text(tmp_path):
    graded = Graded(submission.Submission("@SUM(1)", tmp_path), TASKS,
                    {"mean": Result("wrong", "<script>alert(1)</script> (expected 1, got 2)")}, ["\t=1+1\nnext"])
    table, page = (path.read_text(encoding="utf-8-sig") for path in report.write([graded], tmp_path))
    assert "'@SUM(1),0,4,," in table and "'=1+1 next; mean: <script>" in table
    assert "<script>" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;</td>" in page
