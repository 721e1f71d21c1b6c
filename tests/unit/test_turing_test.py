"""The Turing test: pairs at random but repeatable, answers kept at once, shares with their interval, a widget."""

import pytest
import torch
from pictures import smooth

from colorlib import color
from colorlib.colorizer import Colorizer
from colorlib.models import UNet
from colorlib.notebook import turing_test
from colorlib.notebook.turing_test import FoolingRate, Pairs, fooling_rate, read_answers, save_answer, wilson_interval

IMAGES = smooth(12, size=16)


@pytest.fixture(scope="module")
def colorizer():
    torch.manual_seed(0)
    return Colorizer(UNet(2, 1))


@pytest.fixture
def pairs(colorizer):
    return Pairs(colorizer, IMAGES, "u", seed=3)


def test_each_picture_makes_one_pair_in_an_order_and_with_sides_of_the_seed(colorizer, pairs):
    again, other = Pairs(colorizer, IMAGES, "u", seed=3), Pairs(colorizer, IMAGES, "u", seed=4)
    assert torch.equal(pairs.true, again.true) and pairs.true_side == again.true_side
    assert not torch.equal(pairs.true, other.true) and set(pairs.true_side) == {"left", "right"}
    assert sorted(t.sum().item() for t in pairs.true) == sorted(t.sum().item() for t in IMAGES.pixels)
    for i in range(len(pairs)):
        true = pairs[i][pairs.true_side[i] == "right"]
        assert torch.equal(true, pairs.true[i])
        colored = pairs[i][pairs.true_side[i] == "left"]
        assert (color.lightness(true) - color.lightness(colored)).abs().max() < 2


@pytest.mark.parametrize(("k", "n"), [(0, 5), (5, 5), (3, 7), (60, 100), (459, 1000)])
def test_the_interval_is_wilsons(k, n):
    z, p = 1.959964, k / n
    middle, half = p + z * z / (2 * n), z * (p * (1 - p) / n + (z / (2 * n)) ** 2) ** 0.5
    ends = (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    assert wilson_interval(k, n) == pytest.approx(ends, abs=1e-6)
    for wrong in ((-1, n), (n + 1, n), (0, 0)):
        with pytest.raises(ValueError, match="successes"):
            wilson_interval(*wrong)


def test_answers_are_kept_and_counted(pairs, tmp_path):
    path = tmp_path / "a.csv"
    assert read_answers(path) == []
    for i in range(4):
        wrong = "left" if pairs.true_side[i] == "right" else "right"
        save_answer(pairs, i, wrong if i < 3 else pairs.true_side[i], path)
    assert fooling_rate(path) == FoolingRate(3, 4) and "75% (95 % interval: 30% to 95%)" in str(fooling_rate(path))
    save_answer(pairs, 0, pairs.true_side[0], path)  # only the first answer to a pair counts
    assert fooling_rate(path) == FoolingRate(3, 4)
    assert path.read_text().splitlines()[0] == "model,seed,pairs,pair,true_side,answer,fooled"
    with pytest.raises(ValueError, match="left or right"):
        save_answer(pairs, 5, "middle", path)


def test_files_of_a_class_are_pooled_by_model(pairs, colorizer, tmp_path):
    other = Pairs(colorizer, IMAGES, "v", seed=3)
    for name, which in (("ada", pairs), ("bob", pairs), ("cy", other)):
        for i in range(3):
            (tmp_path / name).mkdir(exist_ok=True)
            save_answer(which, i, which.true_side[i], tmp_path / name / "answers-P2-lesson.csv")
    files = sorted(tmp_path.glob("*/answers-*.csv"))                       # as docs/teaching.md says
    assert fooling_rate(*files) == FoolingRate(0, 9) and fooling_rate(*files, model="v") == FoolingRate(0, 3)
    with pytest.raises(ValueError, match="no answers yet for w"):
        fooling_rate(*files, model="w")


def test_a_file_that_holds_something_else_is_refused_and_a_cut_line_is_no_answer(pairs, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("name,points\nada,3\n")
    with pytest.raises(ValueError, match=r"a.csv does not hold answers"):
        read_answers(path)
    path.unlink()
    save_answer(pairs, 0, "left", path)
    with path.open("a") as file:
        file.write("u,3,12,1,le")
    assert len(read_answers(path)) == 1
    save_answer(pairs, 1, "left", path)
    assert [row["pair"] for row in read_answers(path)] == ["0", "1"]


def controls(widget):
    message, views, buttons, keys = widget.children
    return message, views.children, buttons.children, keys


def test_the_widget_asks_each_pair_once_by_keys_and_buttons_and_goes_on_after_a_reload(pairs, tmp_path):
    path = tmp_path / "a.csv"
    message, views, buttons, keys = controls(turing_test.show(pairs, path))
    assert message.value.startswith("Pair 1 of 12") and all(view.value[1:4] == b"PNG" for view in views)
    seen = {views[0].value}
    for i in range(6):
        if i % 2:
            keys.value = "left"
            assert keys.value == "?"
        else:
            buttons[1].click()
        seen.add(views[0].value)
    assert len(seen) == 7 and [row["answer"] for row in read_answers(path)] == ["right", "left"] * 3
    message, views, buttons, keys = controls(turing_test.show(pairs, path))         # the page was loaded again
    assert message.value.startswith("Pair 7 of 12") and views[0].value in seen
    for _ in range(6):
        keys.value = "right"
    assert message.value.startswith("You have answered all 12 pairs. ") and "95 % interval" in message.value
    assert keys.disabled and all(button.disabled for button in buttons)
    buttons[0].click()
    assert len(read_answers(path)) == 12
    message, _, buttons, keys = controls(turing_test.show(pairs, tmp_path / "no folder" / "a.csv"))
    buttons[0].click()                                                          # cannot be saved: the pair stays
    assert "no folder" in message.value and not keys.disabled
    (tmp_path / "no folder").mkdir()
    buttons[0].click()
    assert message.value.startswith("Pair 2 of 12")
