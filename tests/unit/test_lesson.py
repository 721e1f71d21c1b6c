"""A run of a notebook: its settings and data, claims and record."""

import json
import os
import warnings
from functools import partial

import numpy as np
import psutil
import pytest
import torch

from colorlib.hardware import free_memory
from colorlib.notebook import lesson as module
from colorlib.notebook.files import source_hash
from colorlib.notebook.lesson import PROFILE_NAMES, PROFILES, ClaimError, Lesson


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Records go to a temporary folder; nothing outside overrides the parameters."""
    for name in ("COLORLIB_PROFILE", "COLORLIB_DEVICE", "COLORLIB_DATASET", "COLORLIB_NOTEBOOK_RECORDS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLORLIB_RESULTS", str(tmp_path))


def small(**keywords):
    return Lesson("01", **{"profile": "smoke", "device": "cpu", "data": "fruits"} | keywords)


# parameters

def test_profiles_differ_in_numbers_only():
    for rows in PROFILES.values():
        assert tuple(rows) == PROFILE_NAMES
        assert len({tuple(sorted(row)) for row in rows.values()}) == 1
        assert all(isinstance(value, (int, float)) for row in rows.values() for value in row.values())
        assert rows["smoke"]["minutes"] <= 1 and rows["quick"]["minutes"] <= 5 and rows["lesson"]["minutes"] <= 40
        assert rows["quick"]["memory_mb"] <= 1500


@pytest.mark.parametrize("keywords, choices",
                         [({"profile": "fast"}, "smoke"), ({"device": "tpu"}, "cpu"), ({"data": "imagenet"}, "fruits"),
                          ({"data": "folder:"}, "PATH")])
def test_an_unknown_parameter_or_notebook_names_the_choices(keywords, choices):
    with pytest.raises(ValueError, match=choices):
        small(**keywords)
    with pytest.raises(ValueError, match="01"):
        Lesson("99")


def test_the_environment_overrides_the_parameters(monkeypatch):
    monkeypatch.setenv("COLORLIB_PROFILE", "smoke")
    monkeypatch.setenv("COLORLIB_DEVICE", "cpu")
    monkeypatch.setenv("COLORLIB_DATASET", "photos")
    lesson = Lesson("01", profile="full", device="tpu", data="cifar10")
    assert (lesson.profile, lesson.device.type, lesson.data) == ("smoke", "cpu", "photos")


def test_no_path_and_no_host_is_printed_or_recorded(capsys):
    lesson = small(data="folder:/somewhere/private")
    shown = capsys.readouterr().out + str(lesson.record())
    assert lesson.data == "folder" and "private" not in shown and os.path.expanduser("~") not in shown
    assert "about 0.5 minutes on" in shown
    assert not hasattr(os, "uname") or os.uname().nodename not in shown


def test_auto_takes_both_splits_from_one_set(monkeypatch):
    from colorlib.data import datasets

    def load(name, split, n, seed):
        asked.append((name, split))
        return datasets.load_painted_fruit(split, n=4)

    asked = []
    monkeypatch.setattr(datasets, "load", load)
    lesson = small(profile="quick", data="auto")
    assert len(lesson.train) == 4 and asked == [("auto", "test"), ("fruits", "train")]


def test_images_come_at_the_profiles_sizes():
    lesson = small()
    assert len(lesson.train) == lesson.n.train_images and len(lesson.test) == lesson.n.test_images
    assert lesson.train is lesson.train and lesson.train.device.type == "cpu"
    assert lesson.n.test_images == PROFILES["01"]["smoke"]["test_images"]
    assert small(data="auto").data == "fruits" and small(data="cifar10").data == "cifar10"  # named, not loaded
    drawn = [(small(seed=3), torch.rand(2).tolist(), np.random.rand(2).tolist())[1:] for _ in range(2)]
    assert drawn[0] == drawn[1]                                             # the seed is that of everything


def test_too_little_memory_causes_a_warning_with_a_profile_that_fits(monkeypatch, capsys):
    monkeypatch.setattr(module, "free_memory", lambda: 1300.0)
    monkeypatch.setitem(PROFILES["01"]["lesson"], "memory_mb", 2000)
    monkeypatch.setattr(module, "held_memory", lambda: 400.0)               # a kernel's peak counts what it holds
    monkeypatch.setitem(PROFILES["01"]["quick"], "memory_mb", 1800)
    small(profile="lesson")
    printed = capsys.readouterr().out
    assert "2000 MB" in printed and "1700 MB" in printed and '"smoke"' in printed
    small(profile="smoke")
    assert "Warning" not in capsys.readouterr().out
    monkeypatch.setitem(PROFILES["01"]["smoke"], "memory_mb", 1900)
    monkeypatch.setitem(PROFILES["01"]["quick"], "memory_mb", 1500)         # less, but a larger profile
    small(profile="smoke")
    assert "PROFILE =" not in (printed := capsys.readouterr().out) and "Warning" in printed


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("inside", ["", "hub/ada"])                         # a container sees its own group as the root
def test_a_containers_limit_counts_and_files_that_were_read_do_not(tmp_path, version, inside):
    own = tmp_path / "own"
    own.write_text("9:cpu:/elsewhere\n" + (f"0::/{inside}" if version == 2 else f"4:memory:/{inside}") + "/kernel\n")
    free = partial(free_memory, tmp_path, own)
    whole = free()                                                          # no control groups there
    assert whole == pytest.approx(psutil.virtual_memory().available / 1e6, rel=0.2)
    place = (tmp_path if version == 2 else tmp_path / "memory") / inside
    names = ("memory.max", "memory.current") if version == 2 else ("memory.limit_in_bytes", "memory.usage_in_bytes")
    place.mkdir(parents=True, exist_ok=True)
    stat = "anon 1\ninactive_file 7000000" if version == 2 else "inactive_file 1\ntotal_inactive_file 7000000"
    for name, text in zip((*names, "memory.stat"), ("90000000", "50000000", stat), strict=True):
        (place / name).write_text(text)
    assert free() == 47
    (place / names[1]).write_text("190000000")
    assert free() == 0
    (place / names[0]).write_text("max" if version == 2 else str(2 ** 63))
    assert free() == pytest.approx(whole, rel=0.2)


# claims

@pytest.mark.parametrize("true", [True, np.bool_(True), np.array(True), torch.tensor(2) > 1])
def test_a_claim_prints_its_line_where_it_holds_and_stops_with_its_numbers_where_not(true, capsys):
    lesson = small()
    capsys.readouterr()
    lesson.claim("two is more than one", true, two=2)
    assert capsys.readouterr().out == "claim: two is more than one\n"
    lesson.claim("two is more than one", true, two=3)                       # a cell run twice counts once
    assert [c["values"] for c in lesson.claims] == [{"two": 3}]
    for false in (False, np.bool_(False), torch.tensor(1) > 2):
        with pytest.raises(ClaimError, match=r"one is more than two \(one = 1\)"):
            lesson.claim("one is more than two", false, one=1)


@pytest.mark.parametrize("neither",
                         [1, None, "yes", 0.0, torch.tensor([True]), torch.tensor(1), np.array([True, True])])
def test_what_is_not_a_bool_is_no_claim(neither):
    with pytest.raises(TypeError, match="True or False"):
        small().claim("x", neither)


def test_a_claim_of_other_profiles_or_data_is_not_checked_and_is_listed_at_the_end(capsys):
    lesson = small()
    capsys.readouterr()
    lesson.claim("long training helps", False, profiles=("lesson", "full"), loss=1.0)
    assert capsys.readouterr().out == "claim (lesson, full): long training helps\n"
    assert lesson.claims[0]["holds"] is None and lesson.claims[0]["profiles"] == ["lesson", "full"]
    lesson.claim("photographs are dull", False, data=("cifar10",))
    assert lesson.claims[1]["holds"] is None and "claim (cifar10): " in capsys.readouterr().out
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lesson.finish()
    assert "- long training helps (lesson, full)" in capsys.readouterr().out
    with pytest.raises(ClaimError):
        small(profile="lesson").claim("long training helps", False, profiles=("lesson", "full"))
    with pytest.raises(ClaimError):
        lesson.claim("fruits are dull", False, data=("fruits",))
    with pytest.raises(ValueError, match="lessons"):                        # it would never be checked
        lesson.claim("x", True, profiles=("lessons",))
    with pytest.raises(FileNotFoundError, match="train no-such-net"):
        lesson.checkpoint("no-such-net")


# record

def test_the_record_holds_what_was_claimed(tmp_path, monkeypatch, capsys):
    lesson = small()
    lesson.claim("x", True, a=torch.tensor(0.5), b=np.float32(2), c=[1, 2], d=float("nan"))
    lesson.finish()
    record = json.loads((tmp_path / "notebooks/01.smoke.json").read_text())
    assert set(record) == {
        "notebook", "profile", "data", "seed", "device", "hardware", "minutes", "peak_memory_mb", "source_hash",
        "claims", "versions",
    }  # fmt: skip
    assert record["claims"][0]["values"] == {"a": 0.5, "b": 2.0, "c": [1, 2], "d": "nan"}
    assert 50 < record["peak_memory_mb"] < 100_000
    printed = capsys.readouterr().out
    assert "| x | a 0.5, b 2, c 1, 2, d nan |" in printed
    lesson.table(["space", "error"], [["Lab", 0.123456], ["a|b", torch.tensor(12345.6)], ["no", None]])
    assert capsys.readouterr().out.splitlines()[2:5] == ["| Lab | 0.123 |", "| a\\|b | 12,346 |", "| no | - |"]
    (tmp_path / "file").touch()                                             # a folder that cannot be written to
    monkeypatch.setenv("COLORLIB_RESULTS", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="not written") as caught:
        small().finish()
    assert str(tmp_path) not in str(caught[0].message)
    monkeypatch.delenv("COLORLIB_RESULTS")                                  # by hand: nothing among the results
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "colorlib"\n')
    assert module._record_folder() == tmp_path / "build/results/notebooks"


def test_the_hash_is_that_of_the_code_alone(tmp_path):
    def notebook(*cells):
        path = tmp_path / "n.ipynb"
        path.write_text(json.dumps({"cells": list(cells)}))
        return source_hash(path)

    def cell(source, kind="code", tags=()):
        return {"cell_type": kind, "source": source, "metadata": {"tags": list(tags)}}

    plain = notebook(cell("a = 1"), cell("b = 2"))
    assert plain == notebook(cell("x", tags=["bootstrap"]), cell(["a = ", "1\n"]), cell("prose", "markdown"),
                             cell("b = 2"))
    assert plain == notebook(cell("a = 1"), cell("P = 2", tags=["injected-parameters"]), cell("b = 2"))
    assert plain != notebook(cell("a = 1"), cell("b = 3")) and plain != notebook(cell("a = 1b = 2"))


def test_a_folder_with_few_pictures_is_said_in_the_first_cell(tmp_path, capsys):
    """Case: 02_notebooks_on_a_small_folder.sh."""
    for i in range(12):
        (tmp_path / f"{i:02}.png").touch()
    Lesson("03", "smoke", data=f"folder:{tmp_path}")
    assert "the folder has 10 and 2" in capsys.readouterr().out
    Lesson("03", "smoke", data="fruits")
    assert "the folder has" not in capsys.readouterr().out
