"""README.md says what is there: its map is that of the records, its commands exist."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("nbformat")

import colorlib  # noqa: E402
from colorlib.__main__ import _parser as colorlib_parser  # noqa: E402
from tools import readme  # noqa: E402
from tools.__main__ import main as tools_main  # noqa: E402
from tools.__main__ import parser as tools_parser  # noqa: E402

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = {name: (ROOT / name).read_text(encoding="utf-8")
             for name in ("README.md", "CONTRIBUTING.md", "docs/teaching.md")}


def commands(text):
    """The lines of a document's shell blocks, and its inline commands."""
    blocks = re.findall(r"```(?:sh|bash|console)\n(.*?)```", text, flags=re.S)
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return [line for line in lines + re.findall(r"`((?:make|python) [^`]+)`", text) if line]


@pytest.mark.parametrize("name", readme.DOCUMENTS)
def test_what_is_made_is_that_of_the_records(name):
    assert readme.document(DOCUMENTS[name], ROOT) == DOCUMENTS[name], "python -m tools readme"
    assert "<!-- /" in DOCUMENTS[name]


def test_a_teachers_minutes_are_those_of_the_records_and_of_the_notes(tmp_path):
    for folder in ("notebooks", "results/notebooks", "solutions"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "notebooks/09_a_title.ipynb").write_text("{}")
    assert readme.minutes(tmp_path).endswith("| [09](../notebooks/09_a_title.ipynb) | - | - | - |")
    (tmp_path / "results/notebooks/09.quick.json").write_text(json.dumps({"minutes": 1.26, "hardware": "X"}))
    (tmp_path / "solutions/teaching.py").write_text('TEACHING = {"09.1": {"minutes": 5}, "09.2": {"minutes": 7}, '
                                                    '"08.1": {"minutes": 9}}')
    assert readme.minutes(tmp_path).endswith("| 1.3 min | - | 12 min |\n\nRuns as measured on X.")
    made = readme.document("<!-- minutes -->\n<!-- /minutes -->", tmp_path)
    assert "12 min" in made
    (tmp_path / "solutions/teaching.py").unlink()
    assert readme.document(made, tmp_path) == made                          # a teacher may delete the folder


def test_the_map_has_a_row_for_each_notebook():
    rows = re.findall(r"^\| \[(\d\d) ", TEXT, flags=re.M)
    assert rows == [path.name[:2] for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))]


def test_a_map_is_made_from_records(tmp_path):
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    (tmp_path / "notebooks").mkdir()
    cells = [{"cell_type": "markdown", "source": ["# 09 · A title\n", "\n", "text"], "metadata": {}}]
    (tmp_path / "notebooks/09_a_title.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    assert "[09 A title](notebooks/09_a_title.ipynb) | 0 | - | - | - |" in readme.table(tmp_path)
    record = {"minutes": 12.34, "peak_memory_mb": 1210, "claims": [{}] * 8, "hardware": "a machine"}
    (tmp_path / "results/notebooks").mkdir(parents=True)
    (tmp_path / "results/notebooks/09.lesson.json").write_text(json.dumps(record))
    made = readme.table(tmp_path)
    assert "| 0 | 8 | - | 12.3 min, 1.2 GB |" in made and made.endswith("as measured on a machine.")


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


def test_no_document_names_a_command_of_before():
    for path in (*(ROOT / name for name in DOCUMENTS), ROOT / "Makefile", *(ROOT / "tools").glob("*.py")):
        assert not re.search(r"colorlib[./](course|readme)\b|-m tools\.", path.read_text(encoding="utf-8")), path.name


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_linked_and_named_exist(name):
    text = DOCUMENTS[name]
    for target in re.findall(r"\]\((?!http|#)([^)\s]+)\)", text):
        assert ((ROOT / name).parent / target).exists(), target


def modules():
    """The modules and packages of colorlib as they are on the disk: "color", "models", "models.unet"."""
    folder = ROOT / "colorlib"
    parts = [path.relative_to(folder).with_suffix("").parts for path in folder.rglob("*.py")]
    return {".".join(part).removesuffix(".__init__") for part in parts} - {"__init__"}


def test_the_map_in_the_docstring_names_every_module_and_no_other():
    named = set(re.findall(r"`([a-z_][\w.]*)`", colorlib.__doc__))
    checkers = {name for name in modules() if re.search(r"notebook_\d\d$", name)}
    assert {min(checkers), max(checkers)} <= named                          # "`notebook_01` to `notebook_07`"
    assert named | checkers == modules()


def test_the_readme_says_where_each_module_and_package_is():
    section = TEXT.partition("## Where things are")[2].partition("\n## ")[0]
    linked = set(re.findall(r"\]\(colorlib/([\w/.]+)\)", section))
    tops = {name for name in modules() if "." not in name}
    want = {name if (ROOT / "colorlib" / name).is_dir() else f"{name}.py" for name in tops}
    assert want - {"_lab_cpu.py", "__main__.py"} <= linked


def test_the_readme_lists_every_environment_variable_and_no_other():
    section = TEXT.partition("## Settings")[2].partition("\n## ")[0]
    files = [path for folder in ("colorlib", "tools", "tests") for path in (ROOT / folder).rglob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    used = set(re.findall(r"\bCOLORLIB_[A-Z_]*[A-Z]\b", text))
    assert set(re.findall(r"`(COLORLIB_\w+)`", section)) == used


def test_without_a_command_the_tools_list_what_they_do(capsys):
    assert tools_main([]) == 0
    printed = capsys.readouterr().out
    for name in ("run", "store", "text", "notebook", "links", "figures", "site", "editions", "kit", "readme"):
        assert re.search(rf"^ +{name} +\w+", printed, flags=re.M), name


@pytest.mark.skipif(sys.platform == "win32" or not shutil.which("make"), reason="make is not here")
def test_make_passes_a_folder_with_a_space_as_one_word(tmp_path):
    """An interpreter that prints its arguments stands for the one of the environment."""
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    for name in ("installed-python", "installed-course"):
        (tmp_path / name).touch()
    command = ["make", "-s", "course", f"VENV={tmp_path}", "DATA=folder:my pics"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    words = done.stdout.splitlines()
    assert words[:3] == ["-m", "tools", "run"] and words[words.index("--data") + 1] == "folder:my pics"


@pytest.mark.skipif(sys.platform == "win32" or not shutil.which("make"), reason="make is not here")
@pytest.mark.parametrize("made_with, asked, message", [
    ("false", "1", "was made without SITE_PACKAGES=1"),
    ("false", "", ""),
    ("true", "1", ""),
    ("true", "", ""),
])
def test_site_packages_asked_for_too_late_is_an_error(tmp_path, made_with, asked, message):
    (tmp_path / "pyvenv.cfg").write_text(f"include-system-site-packages = {made_with}\n")
    command = ["make", "-n", "course", f"VENV={tmp_path}", *([f"SITE_PACKAGES={asked}"] if asked else [])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert message in done.stderr and bool(done.returncode) == bool(message)
    if not message:
        assert ("-c constraints.txt" in done.stdout) == (made_with == "false")


@pytest.mark.skipif(sys.platform == "win32" or not shutil.which("make"), reason="make is not here")
def test_make_clean_keeps_what_was_trained(tmp_path):
    shutil.copyfile(ROOT / "Makefile", tmp_path / "Makefile")
    for name in ("trained/k1.json", "runs/n1.safetensors", "course/index.html", "text/01.py"):
        (tmp_path / "build" / name).parent.mkdir(parents=True)
        (tmp_path / "build" / name).write_text("")
    subprocess.run(["make", "clean"], cwd=tmp_path, check=True, capture_output=True)
    assert sorted(p.name for p in (tmp_path / "build").iterdir()) == ["runs", "trained"]


@pytest.mark.skipif(sys.platform == "win32" or not shutil.which("make"), reason="make is not here")
def test_every_make_target_can_be_planned():
    targets = ("lab", "course", "test", "test-gpu", "bench", "train-gpu", "results", "site", "editions", "kit", "lint",
               "clean")
    for target in targets:
        done = subprocess.run(["make", "-n", target, "VENV=build/none"], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
