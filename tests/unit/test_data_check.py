"""Marks on a folder's pictures: kept in a file, respected by datasets.load_folder, set by a widget."""

import pytest
from PIL import Image

from colorlib.data import datasets
from colorlib.notebook import data_check


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """Five pictures of one size in two folders, and a file that is none."""
    monkeypatch.setenv("COLORLIB_DATA", str(tmp_path / "cache"))
    root = tmp_path / "pictures"
    for i, name in enumerate(("a/1.png", "a/2.png", "b/3.png", "b/4.png", "b/5.png")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (40 * i, 0, 90)).save(root / name)
    (root / "notes.txt").write_text("not a picture")
    return root


def reds(images):
    return [int(p[0, 0, 0]) for p in images.pixels]


def test_marked_pictures_are_left_out_and_listed(pictures):
    assert reds(datasets.load_folder(pictures)) == [0, 40, 80, 120, 160]
    data_check.mark(pictures, "b/3.png", True)
    images = datasets.load_folder(pictures)
    assert reds(images) == [0, 40, 120, 160] and ("b/3.png", "marked in marked-bad.txt") in images.skipped
    data_check.mark(pictures, "b/3.png", False)
    assert reds(datasets.load_folder(pictures)) == [0, 40, 80, 120, 160]


def test_marks_are_lines_that_an_editor_may_write(pictures):
    (pictures / "marked-bad.txt").write_text("# blurred\nb/5.png\n\na/1.png  \n")
    assert reds(datasets.load_folder(pictures)) == [40, 80, 120]
    data_check.mark(pictures, "a/2.png", True)
    assert (pictures / "marked-bad.txt").read_text() == "# blurred\na/1.png\na/2.png\nb/5.png\n"
    (pictures / "marked-bad.txt").write_bytes("\ufeffb/5.png\r\n".encode())                  # as some editors save it
    assert reds(datasets.load_folder(pictures)) == [0, 40, 80, 120]
    (pictures / "a/1.png").rename(pictures / "#1.png")                                       # no comment
    data_check.mark(pictures, "#1.png", True)
    assert 0 not in reds(datasets.load_folder(pictures))
    for name in ("a/2.png", "b/3.png", "b/4.png", "b/5.png", "notes.txt"):
        data_check.mark(pictures, name, True)
    with pytest.raises(ValueError, match="marked-bad.txt"):
        datasets.load_folder(pictures)


def test_what_is_not_there_is_not_marked(pictures, tmp_path):
    for folder, name in ((tmp_path / "typo", "a/1.png"), (pictures, "a/9.png")):
        with pytest.raises(FileNotFoundError, match="no picture a/"):
            data_check.mark(folder, name, True)
    assert not (tmp_path / "typo").exists() and not (pictures / "marked-bad.txt").exists()
    (tmp_path / "empty").mkdir()
    for folder, error in ((tmp_path / "nowhere", FileNotFoundError), (tmp_path / "empty", ValueError)):
        with pytest.raises(error, match="no folder|no picture"):
            data_check.show(folder)


def test_a_mark_moves_no_other_picture_to_another_split(pictures):
    before = [reds(datasets.load_folder(pictures, split=split)) for split in ("train", "test")]
    data_check.mark(pictures, "a/2.png", True)
    after = [reds(datasets.load_folder(pictures, split=split)) for split in ("train", "test")]
    assert [[r for r in part if r != 40] for part in before] == after


def test_the_widget_pages_and_marks(pictures):
    widget = data_check.show(pictures)
    (slider, box), title, picture = widget.children[0].children, widget.children[1], widget.children[2]
    assert slider.max == 4 and title.value == "a/1.png: picture 1 of 5, 0 marked" and picture.value[1:4] == b"PNG"
    first = picture.value
    slider.value = 2
    assert picture.value != first and title.value.startswith("b/3.png: picture 3 of 5")
    box.value = True
    assert (pictures / "marked-bad.txt").read_text() == "b/3.png\n" and title.value.endswith("1 marked")
    slider.value = 3
    assert box.value is False and (pictures / "marked-bad.txt").read_text() == "b/3.png\n"
    slider.value = 2
    assert box.value is True
    box.value = False
    assert (pictures / "marked-bad.txt").read_text() == ""
