"""What every exercise's checker must do. A test module of a notebook's exercises gives SOLUTIONS and CASES:

CASES = [("check_03_1", "receptive_field", a_wrong_answer, "words of the hint that names its mistake"), ...]
from checkers import *                                              # tests/notebooks/conftest.py hands them the cases
"""

import runpy

import pytest

from colorlib import exercises

__all__ = ["solutions", "test_the_solution_is_right", "test_the_stub_is_not_done_yet", "test_a_usual_mistake_is_named"]


@pytest.fixture(scope="module")
def solutions(request):
    path = request.module.SOLUTIONS
    if not path.exists():
        pytest.skip("the solutions were removed")
    return runpy.run_path(str(path))


def stub(*arguments): ...


def test_the_solution_is_right(check, name, solutions, capsys):
    assert getattr(exercises, check)(solutions[name]).status == "right"
    assert capsys.readouterr().out.strip().endswith(": right")


def test_the_stub_is_not_done_yet(check, capsys):
    assert getattr(exercises, check)(stub).status == "not done"
    assert "not done yet" in capsys.readouterr().out


def test_a_usual_mistake_is_named(check, wrong, hint):
    result = getattr(exercises, check)(wrong)
    assert result.status == "wrong"
    assert hint in result.hint
