"""The Turing test: pairs at random but repeatable, answers kept at once, shares with their interval, a widget."""

import base64
import io
import json
import re
import shutil
import subprocess

import pytest
import torch
from pictures import smooth
from PIL import Image

from colorlib import color
from colorlib.colorizer import Colorizer
from colorlib.data.image_set import ImageSet
from colorlib.models import UNet
from colorlib.notebook import turing_page, turing_test
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
    assert path.read_text().splitlines()[0] == "model,seed,pairs,pair,true_side,answer,fooled,split"
    with pytest.raises(ValueError, match="left or right"):
        save_answer(pairs, 5, "middle", path)


def test_a_function_is_judged_like_a_colorizer(pairs, colorizer):
    by_function = Pairs(lambda L: colorizer.predict(L), IMAGES, "u", seed=3)
    other = Pairs(lambda L: colorizer.predict(L) + 20, IMAGES, "u", seed=3)
    assert (by_function.colorized == pairs.colorized).all() and (other.colorized != pairs.colorized).any()


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


def test_answers_on_training_and_on_test_pictures_are_told_apart(colorizer, tmp_path):
    path = tmp_path / "a.csv"
    train, test = (Pairs(colorizer, ImageSet(IMAGES.pixels[:4], split=split), "u") for split in ("train", "test"))
    for pair in range(4):
        wrong = "left" if train.true_side[pair] == "right" else "right"
        save_answer(train, pair, wrong, path)
        save_answer(test, pair, test.true_side[pair], path)
    assert fooling_rate(path, split="train") == FoolingRate(4, 4)
    assert fooling_rate(path, split="test") == FoolingRate(0, 4) and fooling_rate(path) == FoolingRate(4, 8)
    with pytest.raises(ValueError, match="for u on photo pictures"):
        fooling_rate(path, model="u", split="photo")


def test_a_file_of_the_first_edition_is_read_and_continued_as_it_began(pairs, tmp_path):
    path = tmp_path / "old.csv"
    path.write_text("model,seed,pairs,pair,true_side,answer,fooled\nu,3,12,0,left,right,1\n")
    assert 0 not in turing_test.unanswered(pairs, path) and len(turing_test.unanswered(pairs, path)) == 11
    save_answer(pairs, 1, pairs.true_side[1], path)
    assert fooling_rate(path) == FoolingRate(1, 2) and len(path.read_text().splitlines()[-1].split(",")) == 7
    with pytest.raises(ValueError, match="no answers yet on test"):
        fooling_rate(path, split="test")


def entries(page):
    return json.loads(re.search(r"pairs = (\[.*\]), lines", page.read_text()).group(1))


def test_the_page_has_every_pair_once_and_its_answers_are_read(colorizer, tmp_path):
    name = 'U-Net, "pale" </script>'
    tests = [Pairs(colorizer, ImageSet(IMAGES.pixels[:5], split=split), name) for split in ("train", "test")]
    page = turing_page.write(tmp_path / "page.html", tests)
    found, answers = entries(page), tmp_path / "answers.csv"
    assert len(found) == 10 and page.read_text().count("</script>") == 1 and "http" not in page.read_text()
    left = Image.open(io.BytesIO(base64.b64decode(found[0]["left"])))
    shown = torch.tensor(list(left.get_flattened_data() if hasattr(left, "get_flattened_data") else left.getdata()))
    sides = [p[0].permute(1, 2, 0).reshape(-1, 3) for t in tests for p in (t[i] for i in range(5))]
    assert any(torch.equal(shown, side.long()) for side in sides)
    lines = [",".join(turing_test.COLUMNS)] + [entry["rows"]["left"] for entry in found]
    answers.write_text("\n".join(lines) + "\n")
    for pairs in tests:
        assert turing_test.unanswered(pairs, answers) == []
        fooled = pairs.true_side.count("right")
        assert fooling_rate(answers, model=name, split=pairs.split) == FoolingRate(fooled, 5)
    with pytest.raises(ValueError, match="different models, seeds or splits"):
        turing_page.write(page, tests[:1] * 2)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node, to run the page's script")
def test_the_script_of_the_page_collects_one_line_for_each_pair(colorizer, tmp_path):
    page = turing_page.write(tmp_path / "page.html", [Pairs(colorizer, ImageSet(IMAGES.pixels[:3], split="test"), "u")])
    script = re.search(r"<script>(.*)</script>", page.read_text(), re.S).group(1)
    stub = """
const all = {}, document = {getElementById: id => all[id] ??= {id, value: "ada"}, createElement: () => ({click() {
  console.log(this.download + "\\n" + saved); }})};
let saved; class Blob { constructor(parts) { saved = parts.join(""); } }
URL.createObjectURL = () => "x";
"""
    play = """
document.onkeydown({key: "ArrowLeft", target: {}}); all["choose-right"].onclick();
document.onkeydown({key: "ArrowLeft", target: {id: "name"}}); document.onkeydown({key: "ArrowLeft", target: {}});
all["choose-left"].onclick(); all.save.onclick();
"""
    done = subprocess.run(["node", "-e", stub + script + play], capture_output=True, text=True)
    name, _, text = done.stdout.partition("\n")
    assert name == "answers-ada.csv", done.stderr
    (tmp_path / name).write_text(text)
    assert [row["answer"] for row in read_answers(tmp_path / name)] == ["left", "right", "left"]
