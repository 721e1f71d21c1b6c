"""What every exercise's checker must do. A test module of a notebook's exercises gives SOLUTIONS and CASES:

CASES = [("check_03_1", "receptive_field", a_wrong_answer, "words of the hint that names its mistake"), ...]
from checkers import *                                              # tests/notebooks/conftest.py hands them the cases

A module that imports test_no_function_of_the_notebook_solves_an_exercise by name has that test, too.
"""

import ast
import runpy

import nbformat
import pytest

from colorlib import exercises
from colorlib.paths import project_root

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


def functions_of(notebook):
    """{name: function} of every function that a code cell defines, methods included.

    Imports and constants are run first, and nothing else: what a function needs beyond them is missing when it is
    called, as it would be for a learner who pastes the function alone.
    """
    cells = [cell for cell in nbformat.read(notebook, 4).cells if cell.cell_type == "code"]
    trees = [ast.parse(cell.source) for cell in cells if "bootstrap" not in cell.metadata.get("tags", ())]
    first = [node for tree in trees for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)
             or isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    names = {}
    for node in nodes:
        node.decorator_list = []
        # Defaults that the notebook computes are missing, too.
        missing = ast.Constant(None, lineno=1, col_offset=0)
        node.args.defaults = [default if isinstance(default, ast.Constant) else missing
                              for default in node.args.defaults]
    # Each function is compiled alone, so that methods stand beside the others.
    for node in first + nodes:
        exec(compile(ast.Module([node], []), str(notebook), "exec"), names)
    return {node.name: names[node.name] for node in nodes}


def test_no_function_of_the_notebook_solves_an_exercise(check, request, capsys):
    functions = functions_of(project_root() / "notebooks" / f"{request.module.SOLUTIONS.stem}.ipynb")
    assert len(functions) > 3
    assert not [name for name, function in functions.items() if getattr(exercises, check)(function).status == "right"]
