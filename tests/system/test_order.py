"""Cells run out of order, in a kernel: a message names the cell that was left out."""

import json
import os

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from colorlib.notebook import cell_order

LESSON = """from colorlib.notebook.lesson import Lesson
lesson = Lesson("02", profile="smoke", device="cpu", data="fruits")"""


@pytest.mark.parametrize(("text", "names"), [
    ("a, (b, *c) = 1, (2, 3)\nfor i in (1,):\n    d = i", {"a", "b", "c", "d", "i"}),
    ("import torch.nn as nn, os.path\nfrom x import y as z, w", {"nn", "os", "z", "w"}),
    ("def f(p):\n    inside = p\nclass K:\n    field = 1", {"f", "K"}),
    ("squares = [k * k for k in (1, 2)]\nif (n := 2) > 1:\n    with open('x') as file: pass", {"squares", "n", "file"}),
    ("%matplotlib inline", set()),
])
def test_the_names_that_a_cell_defines(text, names):
    assert cell_order.defined_names(text) == names


def test_a_cell_run_too_early_names_the_one_it_needs(tmp_path):
    stored = (LESSON, "# the fruit\napples = 3", "print(apples)", "print(late)", "late = 1", "print(nowhere)")
    notebook = new_notebook(cells=[new_code_cell(text) for text in stored])
    (tmp_path / "02_early.ipynb").write_text(json.dumps(notebook))
    run = (LESSON, LESSON, "print(apples)", "print(late)", "print(nowhere)")
    early = new_notebook(cells=[new_code_cell(text) for text in run])
    client = NotebookClient(early, timeout=120, kernel_name="python3", allow_errors=True,
                            resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env=os.environ | {"COLORLIB_RESULTS": str(tmp_path)})
    _, again, needs, *lacks = early.cells
    # The lesson is created twice, and the missing name is still explained only once.
    assert not any(o.get("ename") for o in again.outputs)
    assert [o.ename for o in needs.outputs if o.output_type == "error"] == ["NameError"]
    printed = [o.text for o in needs.outputs if o.get("name") == "stderr"]
    assert len(printed) == 1 and printed[0].count("`apples` is defined in code cell 2") == 1
    assert "# the fruit" in printed[0]
    for cell in lacks:  # no earlier cell defines these names, so there is only Python's message
        assert [o.output_type for o in cell.outputs] == ["error"]
