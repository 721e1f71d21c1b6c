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


# -------------------------------------------------------------------------------------------------- parameters


def test_profiles_differ_in_numbers_only():
    for rows in PROFILES.values():
        assert tuple(rows) == PROFILE_NAMES
        assert len({tuple(sorted(row)) for row in rows.values()}) == 1
        assert all(isinstance(value, (int, float)) for row in rows.values() for value in row.values())
        assert rows["smoke"]["minutes"] <= 1 and rows["quick"]["minutes"] <= 5 and rows["lesson"]["minutes"] <= 40
        assert rows["quick"]["memory_mb"] <= 1500


def test_numbers_are_attributes():
    lesson = small()
    assert lesson.n.test_images == PROFILES["01"]["smoke"]["test_images"]


@pytest.mark.parametrize(
    "keywords, choices",
    [
        ({"profile": "fast"}, "smoke, quick, lesson, full"),
        ({"device": "tpu"}, "auto, cpu, cuda"),
        ({"data": "imagenet"}, "auto, cifar10, fruits, photos, folder:PATH"),
        ({"data": "folder:"}, "auto, cifar10, fruits, photos, folder:PATH"),
    ],
)
def test_an_unknown_parameter_names_the_choices(keywords, choices):
    with pytest.raises(ValueError, match=choices):
        small(**keywords)


def test_an_unknown_notebook_names_the_choices():
    with pytest.raises(ValueError, match="unknown notebook '99': expected one of 01"):
        Lesson("99")


def test_the_environment_overrides_the_parameters(monkeypatch):
    monkeypatch.setenv("COLORLIB_PROFILE", "smoke")
    monkeypatch.setenv("COLORLIB_DEVICE", "cpu")
    monkeypatch.setenv("COLORLIB_DATASET", "photos")
    lesson = Lesson("01", profile="full", device="tpu", data="cifar10")
    assert (lesson.profile, lesson.device.type, lesson.data) == ("smoke", "cpu", "photos")


def test_smoke_makes_its_images_unless_a_set_is_named():
    assert small(data="auto").data == "fruits"
    assert small(data="cifar10").data == "cifar10"  # named, not loaded


def test_a_folders_path_stays_out_of_output_and_record(capsys):
    lesson = small(data="folder:/somewhere/private")
    assert lesson.data == "folder" and "private" not in capsys.readouterr().out + str(lesson.record())


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


def test_the_greeting_shows_no_path_and_no_host(capsys):
    small()
    printed = capsys.readouterr().out
    assert "profile smoke: about 1 minute on two CPU cores" in printed
    assert "Data: fruits" in printed and "torch" in printed
    assert os.uname().nodename not in printed if hasattr(os, "uname") else True
    assert os.path.expanduser("~") not in printed


def test_too_little_memory_causes_a_warning_with_a_profile_that_fits(monkeypatch, capsys):
    monkeypatch.setattr(module, "free_memory", lambda: 1300.0)
    monkeypatch.setitem(PROFILES["01"]["lesson"], "memory_mb", 2000)
    monkeypatch.setattr(module, "held_memory", lambda: 400.0)               # a kernel's peak counts what it holds
    monkeypatch.setitem(PROFILES["01"]["quick"], "memory_mb", 1800)
    small(profile="lesson")
    printed = capsys.readouterr().out
    assert "needs about 2000 MB of memory, and only 1700 MB are available" in printed
    assert 'Set PROFILE = "smoke"' in printed
    small(profile="smoke")
    assert "Warning" not in capsys.readouterr().out
    monkeypatch.setitem(PROFILES["01"]["smoke"], "memory_mb", 1900)
    monkeypatch.setitem(PROFILES["01"]["quick"], "memory_mb", 1500)         # less, but a larger profile
    small(profile="smoke")
    assert "Close other programs before you continue." in capsys.readouterr().out


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


def test_the_seed_is_that_of_everything():
    def drawn():
        small(seed=3)
        return torch.rand(2).tolist(), np.random.rand(2).tolist()

    assert drawn() == drawn()


# ------------------------------------------------------------------------------------------------------ claims


@pytest.mark.parametrize("true", [True, np.bool_(True), np.array(True), torch.tensor(2) > 1])
def test_a_claim_that_holds_prints_its_line(true, capsys):
    lesson = small()
    capsys.readouterr()
    lesson.claim("two is more than one", true, two=2)
    assert capsys.readouterr().out == "claim: two is more than one\n"


@pytest.mark.parametrize("false", [False, np.bool_(False), torch.tensor(1) > 2])
def test_a_false_claim_stops_with_its_numbers(false):
    with pytest.raises(ClaimError, match=r"does not hold: one is more than two \(one = 1\)"):
        small().claim("one is more than two", false, one=1)


@pytest.mark.parametrize(
    "neither", [1, None, "yes", 0.0, torch.tensor([True]), torch.tensor(1), np.array([True, True])]
)
def test_what_is_not_a_bool_is_no_claim(neither):
    with pytest.raises(TypeError, match="True or False"):
        small().claim("x", neither)


def test_a_claim_of_other_profiles_is_not_checked(capsys):
    lesson = small()
    capsys.readouterr()
    lesson.claim("long training helps", False, profiles=("lesson", "full"), loss=1.0)
    assert capsys.readouterr().out == "claim (lesson, full): long training helps\n"
    assert lesson.claims[0]["holds"] is None and lesson.claims[0]["profiles"] == ["lesson", "full"]
    with pytest.raises(ClaimError):
        small(profile="lesson").claim("long training helps", False, profiles=("lesson", "full"))


def test_a_claim_of_another_data_set_is_not_checked(capsys):
    lesson = small()
    lesson.claim("photographs are dull", False, data=("cifar10",))
    assert lesson.claims[0]["holds"] is None and "claim (cifar10): " in capsys.readouterr().out
    with pytest.raises(ClaimError):
        lesson.claim("fruits are dull", False, data=("fruits",))


def test_a_misspelled_profile_would_never_be_checked_so_it_is_an_error():
    with pytest.raises(ValueError, match="unknown profile 'lessons'"):
        small().claim("x", True, profiles=("lessons",))


def test_a_cell_run_twice_counts_once():
    lesson = small()
    lesson.claim("x", True, a=1)
    lesson.claim("x", True, a=2)
    assert [c["values"] for c in lesson.claims] == [{"a": 2}]


# ------------------------------------------------------------------------------------------------------ record


def test_the_record_holds_what_was_claimed(tmp_path, capsys):
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
    assert "| x | a 0.5, b 2, c 1, 2, d nan |" in printed and "1 claim held" in printed


def test_a_run_by_hand_writes_nothing_among_the_results(monkeypatch, tmp_path):
    monkeypatch.delenv("COLORLIB_RESULTS")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "colorlib"\n')
    (tmp_path / "notebooks").mkdir()
    assert module._record_folder() == tmp_path / "build/results/notebooks"


def test_a_folder_that_cannot_be_written_is_a_warning(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("COLORLIB_RESULTS", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="record of this run was not written") as caught:
        small().finish()
    assert str(tmp_path) not in str(caught[0].message)


def test_claims_that_were_not_checked_are_listed(capsys):
    lesson = small()
    lesson.claim("it takes long", False, profiles=("full",))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lesson.finish()
    printed = capsys.readouterr().out
    assert "Not checked in profile `smoke` on fruits:" in printed and "- it takes long (full)" in printed


def test_the_hash_is_that_of_the_code_alone(tmp_path):
    def notebook(*cells):
        path = tmp_path / "n.ipynb"
        path.write_text(json.dumps({"cells": list(cells)}))
        return source_hash(path)

    def cell(source, kind="code", tags=()):
        return {"cell_type": kind, "source": source, "metadata": {"tags": list(tags)}}

    plain = notebook(cell("a = 1"), cell("b = 2"))
    assert plain == notebook(
        cell("x", tags=["bootstrap"]), cell(["a = ", "1\n"]), cell("prose", "markdown"), cell("b = 2")
    )
    assert plain == notebook(cell("a = 1"), cell("P = 2", tags=["injected-parameters"]), cell("b = 2"))
    assert plain != notebook(cell("a = 1"), cell("b = 3")) and plain != notebook(cell("a = 1b = 2"))


def test_a_missing_checkpoint_says_how_to_make_it():
    with pytest.raises(FileNotFoundError, match="python -m colorlib train no-such-net"):
        small().checkpoint("no-such-net")


def test_tables_print_three_digits_and_a_dash_for_what_was_not_measured(capsys):
    lesson = small()
    capsys.readouterr()
    lesson.table(["space", "error"], [["Lab", 0.123456], ["a|b", torch.tensor(12345.6)], ["no", None]])
    assert capsys.readouterr().out.splitlines()[2:5] == ["| Lab | 0.123 |", "| a\\|b | 12,346 |", "| no | - |"]
