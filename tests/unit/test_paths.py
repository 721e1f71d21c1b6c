"""Where the checkout is: only colorlib's own counts, and the package works without one."""

import os
import subprocess
import sys

import pytest

from colorlib import paths

OWN = '[build-system]\nrequires = ["setuptools"]\n\n[project]\nname = "colorlib"\nversion = "1"\n'


def folder(path, pyproject=OWN, notebooks=True):
    path.mkdir(parents=True, exist_ok=True)
    if pyproject is not None:
        (path / "pyproject.toml").write_bytes(pyproject if isinstance(pyproject, bytes) else pyproject.encode())
    if notebooks:
        (path / "notebooks").mkdir()
    return path


def test_the_checkout_is_the_nearest_folder_above_the_working_one(tmp_path, monkeypatch):
    course = folder(tmp_path / "course")
    for inside in (course, course / "notebooks", course / "results/runs"):
        inside.mkdir(parents=True, exist_ok=True)
        monkeypatch.chdir(inside)
        assert paths.find_project_root() == paths.project_root() == course
    nested = folder(course / "build/student")
    monkeypatch.chdir(nested)
    assert paths.project_root() == nested


@pytest.mark.parametrize("pyproject, notebooks", [
    ('[project]\nname = "mycolorlib"\n', True), ('[project]\nname = "other"\n[tool.x]\nname = "colorlib"\n', True),
    ('[tool.poetry]\nname = "colorlib"\n', True), ('[project]\ndescription = "name = colorlib"\n', True), ("", True),
    (None, True), (OWN, False), (b"\xff\xfe", True),
])
def test_folders_of_other_projects_do_not_count(tmp_path, monkeypatch, pyproject, notebooks):
    course = folder(tmp_path / "course")
    monkeypatch.chdir(folder(course / "other", pyproject, notebooks))
    assert paths.project_root() == course


@pytest.mark.parametrize("text", [
    "[project]\nname='colorlib'\n", "[project] # the course\nversion = '1'\nname =  \"colorlib\"\n",
    OWN.replace("\n", "\r\n"), "\n[a]\nname = 'x'\n" + OWN,
])
def test_the_name_is_found_however_it_is_written(tmp_path, monkeypatch, text):
    course = tmp_path / "course"
    folder(course)
    (course / "pyproject.toml").write_bytes(text.encode())
    monkeypatch.chdir(course)
    assert paths.project_root() == course


def test_elsewhere_it_is_the_checkout_that_holds_the_package(tmp_path, monkeypatch):
    course = folder(tmp_path / "course")
    monkeypatch.setattr(paths, "__file__", str(course / "colorlib/paths.py"))
    (tmp_path / "away").mkdir()
    monkeypatch.chdir(tmp_path / "away")
    assert paths.project_root() == course


def test_without_a_checkout_data_are_in_the_cache_and_records_in_the_working_folder(tmp_path, monkeypatch):
    from colorlib.data import storage
    from colorlib.experiments import records
    from colorlib.notebook import lesson

    for name in ("COLORLIB_DATA", "COLORLIB_OFFLINE", "COLORLIB_RESULTS", "COLORLIB_NOTEBOOK_RECORDS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(paths, "__file__", str(tmp_path / "site-packages/colorlib/paths.py"))
    monkeypatch.chdir(tmp_path)
    assert paths.find_project_root() is None
    with pytest.raises(FileNotFoundError, match="clone the repository"):
        paths.project_root()
    assert not storage.offline() and tmp_path not in storage.data_folder().parents
    assert records.read() == [] and records.pending_folder() == tmp_path / "build/trained"
    assert lesson._record_folder() == tmp_path / "build/results/notebooks"


# writing in one step

def test_a_text_is_written_with_its_folder_and_can_be_read_by_all(tmp_path):
    path = tmp_path / "new" / "notes.txt"
    paths.write_text_atomic(path, "größe\n")
    assert path.read_text(encoding="utf-8") == "größe\n" and [p.name for p in path.parent.iterdir()] == ["notes.txt"]
    assert path.stat().st_mode & 0o044 == 0o044


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "kept.txt"
    path.write_text("old")
    with pytest.raises(error):
        with paths.atomic_write(path) as temporary:
            temporary.write_text("half of the new")
            assert path.read_text() == "old"
            raise error
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_data_reach_the_disk_before_they_get_their_name(tmp_path, monkeypatch):
    events = []
    sync, replace = paths.os.fsync, paths.os.replace
    monkeypatch.setattr(paths.os, "fsync", lambda file: (events.append("sync"), sync(file)))
    monkeypatch.setattr(paths.os, "replace", lambda *names: (events.append("replace"), replace(*names)))
    with paths.atomic_write(tmp_path / "data.bin", sync=True) as temporary:
        temporary.write_bytes(b"1234")
    (tmp_path / "other").write_bytes(b"5678")
    paths.move_into_place(tmp_path / "other", tmp_path / "data.bin")
    assert events == 2 * ["sync", "replace"] and (tmp_path / "data.bin").read_bytes() == b"5678"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.skipif(os.name != "posix", reason="elsewhere nobody can be asked whether a process lives")
def test_what_killed_processes_left_is_removed_by_the_next_write(tmp_path):
    script = ("import sys, time\nfrom colorlib import paths\n"
              "with paths.atomic_write(sys.argv[1]) as temporary:\n"
              "    temporary.write_text('half')\n    print('writing', flush=True)\n    time.sleep(60)\n")
    path = tmp_path / "a [1]*.txt"
    killed, alive = (subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE, text=True)
                     for _ in range(2))
    try:
        assert killed.stdout.readline() == alive.stdout.readline() == "writing\n"
        killed.kill()
        killed.communicate()
        (tmp_path / ".a [1]*.txt.of-others").touch()
        assert len(list(tmp_path.iterdir())) == 3
        paths.write_text_atomic(path, "whole")
        left = {p.name for p in tmp_path.iterdir()}
        assert path.read_text() == "whole" and path.name in left and ".a [1]*.txt.of-others" in left
        assert len(left) == 3 and any(str(alive.pid) in name for name in left)  # a living process goes on writing
    finally:
        alive.kill()
        alive.communicate()
