"""A kit: what is in it, and what stops somebody with another Python. That it installs: tests/classroom/test_hub.py."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from colorlib.data import storage
from tools import kit
from tools.files import CourseError, find, read

PYTHON = f"Python {sys.version_info[0]}.{sys.version_info[1]}{getattr(sys, 'abiflags', '')} on"


@pytest.fixture
def pip(monkeypatch):
    """Stands for pip: keeps the command, and leaves one file."""
    asked = []

    class Done:
        returncode, stderr = 0, ""

    def run(command, **_):
        asked.append(command)
        folder = Path(command[command.index("-w") + 1])
        folder.mkdir()
        for name in ("torch-2.whl", "colorlib-0.whl"):
            (folder / name).touch()
        return Done

    monkeypatch.setattr(kit.subprocess, "run", run)
    return asked, Done


def test_a_kit_holds_the_students_course_packages_and_what_data_there_is(pip, tmp_path, monkeypatch):
    monkeypatch.setenv("COLORLIB_DATA", str(tmp_path / "kept"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    np.save(tmp_path / "x.npy", np.zeros(1))
    for file in ("kept/cifar10-test.npy", "kept/secret.npy", "torch/hub/checkpoints/vgg16_features-1.pth",
                 "torch/hub/checkpoints/other.pth"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes((tmp_path / "x.npy").read_bytes())
    folder = kit.make(tmp_path / "kit", ["--extra-index-url", "https://mirror"])
    (command,), done = pip
    assert command[-2:] == ["--extra-index-url", "https://mirror"] and any("setuptools" in word for word in command)
    assert command[-3].endswith("[course,pages]") and command[command.index("-c") + 1].endswith("constraints.txt")
    assert [p.name for p in sorted((folder / "notebooks").glob("*.ipynb"))] == [p.name for p in find()]
    assert not (folder / "solutions").exists()
    assert [p.name for p in (folder / "wheels").glob("*.whl")] == ["torch-2.whl"]
    here = sorted(p.relative_to(folder / "data" / "sets").as_posix() for p in (folder / "data" / "sets").rglob("*.*"))
    assert here == ["cifar10-test.npy", "weights/vgg16_features-1.pth"]
    assert PYTHON in (folder / "KIT.txt").read_text()
    assert read(folder / "notebooks" / find()[0].name).cells
    done.returncode, done.stderr = 1, "noise\nERROR: no such index"          # a kit that was made stays
    with pytest.raises(CourseError, match="no such index"):
        kit.make(tmp_path / "kit")
    assert (folder / "KIT.txt").exists()


def test_packages_for_another_python_are_refused_before_anything_is_made(pip, tmp_path, monkeypatch):
    for name in ("COLORLIB_DATA", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    check = kit.make(tmp_path / "kit") / "wheels" / "check.py"
    monkeypatch.undo()                                                      # subprocess is itself again
    assert subprocess.run([sys.executable, check]).returncode == 0
    check.write_text(check.read_text().replace(f"'{PYTHON}", "'Python 2.7 on"))
    refused = subprocess.run([sys.executable, check], capture_output=True, text=True)
    assert refused.returncode == 1 and "These packages are for Python 2.7" in refused.stderr
    assert "make kit" in refused.stderr


def test_a_kits_data_is_found_before_the_users_cache_and_a_kit_asks_no_network(tmp_path, monkeypatch):
    for name in ("COLORLIB_DATA", "COLORLIB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(storage, "find_project_root", lambda: tmp_path)
    (tmp_path / "data" / "sets" / "weights").mkdir(parents=True)
    # Weights alone hide no cache.
    assert storage.data_folder() != tmp_path / "data" / "sets" and not storage.offline()
    for file in ("data/sets/cifar10-test.npy", "KIT.txt"):
        (tmp_path / file).touch()
    assert storage.data_folder() == tmp_path / "data" / "sets" and storage.offline()
    monkeypatch.setenv("COLORLIB_OFFLINE", "0")
    assert not storage.offline()
    monkeypatch.setenv("COLORLIB_DATA", str(tmp_path / "other"))
    assert storage.data_folder() == tmp_path / "other"
