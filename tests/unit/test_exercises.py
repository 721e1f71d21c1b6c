"""What the checkers of the exercises print, and that they never stop a notebook."""

import numpy as np
import pytest
import torch

from colorlib import exercises
from colorlib.exercises import Checking, checker


@checker
def check_09_1(c, f):
    """A checker like those of the notebooks, for: twice its argument."""
    c.equal(f(torch.ones(2)), [2, 2], "twice one is two")
    c.equal(f(3), 6, "twice three is six")
    c.hint_if(f(3), 9, "that is the square")


double = check_09_1


def unwritten(x):
    raise NotImplementedError


@pytest.mark.parametrize("stub", [unwritten, lambda x: None, lambda x: ..., None, ...])
def test_a_stub_is_not_done_yet(stub, capsys):
    assert double(stub).status == "not done"
    assert capsys.readouterr().out == "09.1: not done yet\n"
    assert double(lambda x: 2 * x).status == "right" and capsys.readouterr().out == "09.1: right\n"
    assert exercises.Result("right")._ipython_display_() is None            # shows nothing in a notebook


def test_a_function_that_works_and_returns_nothing_is_told_so(capsys):
    def forgot(x):
        y = 2 * x  # noqa: F841

    def stub(x, *more, size=1, **words):
        """Only a docstring."""

    assert double(forgot).status == "not done"
    assert capsys.readouterr().out == "09.1: not done yet: your function returned nothing\n"
    assert double(stub).status == "not done" and capsys.readouterr().out == "09.1: not done yet\n"


def test_a_wrong_answer_is_reported_with_the_value_it_gave(capsys):
    result = double(lambda x: x + 1)
    assert (result.status, result.message, result.hint) == ("wrong", "twice three is six (expected 6, got 4)", "")
    assert capsys.readouterr().out == "09.1: not yet right: twice three is six (expected 6, got 4).\n"


def test_the_usual_mistake_gets_its_hint(capsys):
    assert double(lambda x: x * x).hint == "that is the square"
    assert capsys.readouterr().out.endswith("(largest difference 1). Hint: that is the square\n")


def test_an_exception_of_the_student_is_a_wrong_answer(capsys):
    result = double(lambda x: x.nonsense)
    assert result.status == "wrong" and "stopped with AttributeError" in result.message
    assert "09.1: not yet right" in capsys.readouterr().out
    hidden = double(lambda x: x if isinstance(x, torch.Tensor) else 1 / 0)  # after a failure
    assert hidden.message.startswith("twice one is two")


def test_an_interrupt_goes_through():
    def interrupted(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        double(interrupted)


@pytest.mark.parametrize(
    "got, expected, equal",
    [
        (1.00001, 1, True), (1.1, 1, False), (torch.ones(2, 1), torch.ones(2), False),
        (np.ones(2), torch.ones(2), True), (np.bool_(True), True, True), (torch.ones(1) > 0, True, False),
        ([torch.tensor(1.0), torch.tensor(2.0)], [1, 2], True), (torch.tensor([float("nan")]), [1.0], False),
        ("Lab", "Lab", True), ("lab", "Lab", False), (True, True, True), (1, True, False), ("text", 1, False),
        ({"a": 1}, {"a": 1}, True), (torch.tensor(True), True, True), (1e6 + 1, 1e6, True),
    ],
)  # fmt: skip
def test_equality_is_by_shape_and_value(got, expected, equal):
    c = Checking()
    assert c.equal(got, expected, "m") is equal and len(c.failures) == (not equal)


def test_failures_are_kept_in_order_and_shapes_are_named():
    c = Checking()
    c.true(torch.tensor(1) < 2, "smaller")
    c.equal(torch.ones(2, 3), torch.ones(3, 2), "transposed")
    c.true(False, "it should be finite")
    assert c.failures == ["transposed (expected shape (3, 2), got (2, 3))", "it should be finite"]


def test_every_checker_is_exported_under_its_notebook():
    from importlib import import_module
    from pathlib import Path

    for path in sorted(Path(exercises.__file__).parent.glob("notebook_[0-9][0-9].py")):
        names = [n for n in vars(import_module(f"colorlib.exercises.{path.stem}")) if n.startswith("check_")]
        assert len(names) >= 3
        for name in names:
            assert name.startswith(f"check_{path.stem[-2:]}_") and getattr(exercises, name).__doc__
