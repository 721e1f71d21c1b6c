"""Many files and folders: which PNG file each becomes, and what happens to files that cannot be colored."""

import os

import numpy as np
import pytest
import torch
from PIL import Image

from colorlib import __main__ as command
from colorlib import colorize_files as files
from colorlib.colorize_files import plan
from colorlib.colorizer import Colorizer
from colorlib.models import UNet


@pytest.fixture(scope="module")
def colorizer():
    torch.manual_seed(0)
    return Colorizer(UNet(2, 2))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def make(here, *names):
    """Write small images of different colors."""
    for i, name in enumerate(names):
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((9, 11, 3), 20 * i + 30, np.uint8)).save(path)


def planned(here, *inputs, output=None):
    """The plan as {input: output}, relative to the working folder's parent where that is needed."""
    jobs = plan([here / name for name in inputs], output and here / output)
    return {os.path.relpath(job.photo, here): os.path.relpath(job.output, here) for job in jobs}


def test_names_and_the_folders_below_a_given_one_are_kept(here):
    make(here, "a.jpg", "b.c.PNG", "holiday/d.webp", "holiday/beach/e.jpg", "holiday/beach/deep/f.tif")
    assert planned(here, "a.jpg", "b.c.PNG", "holiday", output="out") == {
        "a.jpg": "out/a.png", "b.c.PNG": "out/b.c.png", "holiday/d.webp": "out/d.png",
        "holiday/beach/e.jpg": "out/beach/e.png", "holiday/beach/deep/f.tif": "out/beach/deep/f.png"}
    assert not (here / "out").exists()


def test_without_an_output_files_stay_beside_and_a_folder_gets_a_sibling(here):
    make(here, "a.jpg", "x/b.jpg", "x/deep/c.png")
    assert planned(here, "a.jpg", "x") == {
        "a.jpg": "a-colorized.png", "x/b.jpg": "x-colorized/b.png", "x/deep/c.png": "x-colorized/deep/c.png"}
    assert planned(here, ".")["a.jpg"] == "../work-colorized/a.png"


def test_in_a_folder_hidden_files_and_other_files_are_passed_over(here):
    make(here, "x/a.jpg", "x/.hidden.jpg", "x/.cache/b.jpg", "x/c.JPEG")
    for name in ("notes.txt", "film.mp4", "Thumbs.db"):
        (here / "x" / name).write_text("no picture")
    assert set(planned(here, "x")) == {"x/a.jpg", "x/c.JPEG"}
    (here / "x/telephone.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    assert set(planned(here, "x")) == {"x/a.jpg", "x/c.JPEG", "x/telephone.HEIC"}           # not in silence


def test_results_of_an_earlier_run_inside_the_folder_are_left_out(here, colorizer):
    make(here, "x/a.jpg", "x/deep/b.jpg")
    first = plan([here / "x"], here / "x/colored")
    assert files.run(colorizer, first) == [] and (here / "x/colored/deep/b.png").exists()
    assert plan([here / "x"], here / "x/colored") == first


def test_inputs_that_differ_in_their_ending_keep_it(here):
    make(here, "a.jpg", "a.png", "b.jpg")
    assert planned(here, "a.jpg", "a.png", "b.jpg", output="out") == {
        "a.jpg": "out/a.jpg.png", "a.png": "out/a.png.png", "b.jpg": "out/b.png"}
    assert planned(here, "a.jpg", "a.png") == {"a.jpg": "a.jpg-colorized.png", "a.png": "a.png-colorized.png"}
    assert planned(here, "b.jpg", ".", "../work/b.jpg", output="out")["b.jpg"] == "out/b.png"      # given twice


def test_names_that_differ_in_case_alone_are_equal_on_some_systems(here):
    make(here, "x/a.jpg", "x/A.png")
    if len(os.listdir(here / "x")) < 2:
        pytest.skip("this file system ignores case")
    assert set(planned(here, "x", output="out").values()) == {"out/a.jpg.png", "out/A.png.png"}


@pytest.mark.parametrize("names, inputs", [
    (["x/a.jpg", "y/a.jpg"], ["x", "y"]),
    (["a.jpg", "a.png", "a.png.jpg"], ["a.jpg", "a.png", "a.png.jpg"]),       # a.png.png twice
])
def test_two_inputs_of_one_name_are_an_error_before_anything_runs(here, names, inputs):
    make(here, *names)
    with pytest.raises(ValueError, match="would both be written to .*different folders after -o") as error:
        planned(here, *inputs, output="out")
    assert "a.jpg" in str(error.value) or "a.png" in str(error.value)


@pytest.mark.parametrize("inputs, output",
                         [(["a.png", "b.jpg"], "."), (["x"], "."), (["a.jpg", "a-colorized.png"], None)])
def test_no_input_is_overwritten(here, inputs, output):
    make(here, "a.png", "b.jpg", "x/a.png", "a.jpg", "a-colorized.png")
    if inputs == ["x"]:
        inputs = ["x", "a.png"]
    with pytest.raises(ValueError, match="would replace a photograph|would both be written"):
        planned(here, *inputs, output=output)


def test_a_link_to_an_input_counts_as_the_input(here):
    make(here, "a.jpg", "x/b.png")
    (here / "out").mkdir()
    try:
        (here / "out/a.png").symlink_to(here / "x/b.png")
        (here / "one.png").symlink_to(here / "a.jpg")
    except OSError:
        pytest.skip("links cannot be made here")
    with pytest.raises(ValueError, match="would replace a photograph"):
        plan([here / "a.jpg", here / "x/b.png"], here / "out")
    with pytest.raises(ValueError, match="would replace the photograph"):
        files.plan_one(here / "a.jpg", here / "one.png")


def test_links_in_a_circle_and_names_that_would_steer_a_terminal(here, capsys):
    make(here, "x/b.png", "x/red\x1b[31m\n.png")
    (here / "x" / "bad\x1b[2J.png").write_bytes(b"no picture")
    (here / "x" / "self.png").symlink_to("self.png")
    assert command.main(["colorize", str(here / "x"), "-o", f"{here / 'out'}/", "--device", "cpu"]) == 1
    out, err = capsys.readouterr()
    assert "2 of 4 pictures colored" in out and len(list((here / "out").iterdir())) == 2
    assert "\x1b" not in out + err and "bad\\x1b[2J.png: not a JPEG" in err and "self.png: " in err


def test_a_folder_that_cannot_be_listed_is_an_error(here, monkeypatch):
    make(here, "x/a.jpg")

    def refuse(*_):
        raise PermissionError(13, "Permission denied", "x/private")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError):
        plan([here / "x"])


def test_one_bad_file_or_too_little_memory_does_not_stop_the_others(here, colorizer, monkeypatch, capsys):
    make(here, "a.jpg", "b.jpg", "c.jpg")
    (here / "b.jpg").write_text("no picture")
    jobs = plan([here / name for name in ("a.jpg", "b.jpg", "c.jpg")], here / "out")
    (here / "out/c.png").mkdir(parents=True)                                # so that it cannot be written
    failures = files.run(colorizer, jobs)
    assert [photo.name for photo, _ in failures] == ["b.jpg", "c.jpg"]
    assert failures[0].reason.startswith("not a JPEG") and "irectory" in failures[1].reason
    assert sorted(path.name for path in (here / "out").iterdir()) == ["a.png", "c.png"]
    assert capsys.readouterr().err == ""                                    # a bar is drawn in a terminal only

    class Small:
        def colorize(self, image, max_side):
            if image.float().mean() < 40:
                raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 2 GiB")
            return image

    (here / "b.jpg").unlink()
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    failures = files.run(Small(), plan([here / "a.jpg", here / "c.jpg"], here / "more"))
    assert [(photo.name, reason) for photo, reason in failures] == [
        ("a.jpg", "CUDA out of memory. Tried to allocate 2 GiB")]
    assert os.listdir(here / "more") == ["c.png"] and "2/2" in capsys.readouterr().err


def test_an_interrupt_says_how_far_it_came_and_leaves_no_half_file(here):
    make(here, "a.jpg", "b.jpg", "c.jpg")

    class Stopped:
        def colorize(self, image, max_side):
            if image.float().mean() > 60:
                raise KeyboardInterrupt
            return image

    with pytest.raises(KeyboardInterrupt, match="stopped: 2 of 3 pictures are colored"):
        files.run(Stopped(), plan([here / name for name in ("a.jpg", "b.jpg", "c.jpg")], here / "out"))
    assert sorted(os.listdir(here / "out")) == ["a.png", "b.png"]
