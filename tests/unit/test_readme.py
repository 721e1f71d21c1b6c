"""README.md and the documents say what is there: the map is that of the records, the commands exist."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("nbformat")

from colorlib.__main__ import _parser as colorlib_parser  # noqa: E402
from tools import readme  # noqa: E402
from tools.__main__ import parser as tools_parser  # noqa: E402

ROOT = Path(__file__).parents[2]
DOCUMENTS = {name: (ROOT / name).read_text(encoding="utf-8")
             for name in ("README.md", "CONTRIBUTING.md", "docs/teaching.md", "docs/grading.md", "docs/running.md",
                          "docs/adopt.md")}


def commands(text):
    """The lines of a document's shell blocks, and its inline commands."""
    blocks = re.findall(r"```(?:sh|bash|console)\n(.*?)```", text, flags=re.S)
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return [line for line in lines + re.findall(r"`((?:make|python) [^`]+)`", text) if line]


@pytest.mark.parametrize("name", readme.DOCUMENTS)
def test_what_is_made_is_that_of_the_records(name):
    assert readme.document(DOCUMENTS[name], ROOT) == DOCUMENTS[name], "python -m tools readme"
    assert "<!-- /" in DOCUMENTS[name]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_make_targets_named_exist(name):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.M))
    named = {m for line in commands(DOCUMENTS[name]) for m in re.findall(r"(?:^|&& |\d )make ([a-z-]+)", line)}
    assert named and named <= targets


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_commands_named_are_understood(name):
    for line in commands(DOCUMENTS[name]):
        found = re.match(r"(?:\w+=\S+ )*(?:python|\.venv/bin/python) -m (colorlib|tools)\b(.*)", line)
        if not found:
            continue
        words = found[2].split("#")[0].split()
        parser = {"colorlib": colorlib_parser, "tools": tools_parser}[found[1]]()
        if "--help" not in words:
            parser.parse_args(words)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_linked_and_named_exist(name):
    text = DOCUMENTS[name]
    for target in re.findall(r"\]\((?!http|#)([^)\s]+)\)", text):
        assert ((ROOT / name).parent / target).exists(), target


def test_made_parts_hold_the_numbers_of_the_records(tmp_path):
    for folder in ("notebooks", "results/notebooks", "solutions"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    cells = [{"cell_type": "markdown", "source": ["# 99 · A title\n", "\n", "text"], "metadata": {}}]
    (tmp_path / "notebooks/99_a_title.ipynb").write_text(json.dumps(
        {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}), encoding="utf-8")
    record = {"profile": "lesson", "data": "cifar10", "minutes": 12.34, "peak_memory_mb": 1210,
              "claims": [{}] * 8, "hardware": "a machine"}
    (tmp_path / "results/notebooks/99.lesson.json").write_text(json.dumps(record))
    assert "| 0 | 8 | - | 12.3 min, 1.2 GB |" in readme.table(tmp_path)
    (tmp_path / "solutions/teaching.py").write_text('TEACHING = {"99.1": {"minutes": 5}, "99.2": {"minutes": 7}, '
                                                    '"98.1": {"minutes": 9}}')
    made = readme.document("<!-- minutes -->\n<!-- /minutes -->", tmp_path)
    assert "12 min" in made
    (tmp_path / "solutions/teaching.py").unlink()
    assert readme.document(made, tmp_path) == made                          # a teacher may delete the folder


def test_the_front_page_is_short():
    assert len(DOCUMENTS["README.md"].splitlines()) <= 120


def test_machines_are_named_in_words():
    cloud = {"AMD EPYC, 2 threads, AVX512", "Intel(R) Xeon(R) Processor, 2 threads, AVX512"}
    assert readme.in_words(cloud) == "a cloud machine without a GPU (two cores of AMD EPYC or Intel Xeon)"
    assert readme.in_words({"NVIDIA X", *cloud}) == "; ".join(sorted({"NVIDIA X", *cloud}))
    assert readme.in_words({"A, 2 threads", "B, 8 threads"}) == "A, 2 threads; B, 8 threads"


def test_the_documents_list_every_environment_variable_and_no_other():
    section = DOCUMENTS["docs/running.md"].partition("## Settings")[2].partition("\n## ")[0]
    files = [path for folder in ("colorlib", "tools", "tests") for path in (ROOT / folder).rglob("*.py")]
    used = {name for path in files for name in re.findall(r"\bCOLORLIB_[A-Z_]*[A-Z]\b", path.read_text("utf-8"))}
    assert set(re.findall(r"`(COLORLIB_\w+)`", section)) == used


make = pytest.mark.skipif(sys.platform == "win32" or not shutil.which("make"), reason="make is not here")


@make
def test_make_passes_a_folder_with_a_space_as_one_word_and_clean_keeps_what_was_trained(tmp_path):
    """An interpreter that prints its arguments stands for the one of the environment."""
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    for name in ("installed-python", "installed-course"):
        (tmp_path / name).touch()
    command = ["make", "-s", "course", f"VENV={tmp_path}", "DATA=folder:my pics"]
    words = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert words[:3] == ["-m", "tools", "run"] and words[words.index("--data") + 1] == "folder:my pics"
    shutil.copyfile(ROOT / "Makefile", tmp_path / "Makefile")
    for name in ("trained/k1.json", "runs/n1.safetensors", "course/index.html", "text/01.py"):
        (tmp_path / "build" / name).parent.mkdir(parents=True)
        (tmp_path / "build" / name).write_text("")
    subprocess.run(["make", "clean"], cwd=tmp_path, check=True, capture_output=True)
    assert sorted(p.name for p in (tmp_path / "build").iterdir()) == ["runs", "trained"]


@make
@pytest.mark.parametrize("made_with, asked, fails", [("false", "1", True), ("false", "", False), ("true", "1", False)])
def test_site_packages_asked_for_too_late_is_an_error(tmp_path, made_with, asked, fails):
    (tmp_path / "pyvenv.cfg").write_text(f"include-system-site-packages = {made_with}\n")
    command = ["make", "-n", "course", f"VENV={tmp_path}", *([f"SITE_PACKAGES={asked}"] if asked else [])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert bool(done.returncode) == fails and (fails or ("-c constraints.txt" in done.stdout) == (made_with == "false"))
