"""The Makefile with spaces in every path that it takes."""

import shutil
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[2] / "Makefile"
# A stand-in for Python: it makes an environment of itself, and prints how it is called.
PYTHON = """#!/bin/sh
if [ "$1 $2" = "-m venv" ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; exit; fi
for one in "$@"; do printf '<%s>' "$one"; done; echo
"""


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make here")
def test_paths_with_spaces_arrive_whole(tmp_path):
    """Case: 14_make_data_with_space.sh."""
    folder = tmp_path / "a course"
    (folder / "my python").mkdir(parents=True)
    shutil.copy(MAKEFILE, folder)
    for name in ("pyproject.toml", "constraints.txt"):
        (folder / name).touch()
    python = folder / "my python" / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)

    def make(*words):
        command = ["make", *words, f"PYTHON={python}", "VENV=my venv"]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    first = make("course", "DATA=folder:my pics")
    assert "<--data><folder:my pics>" in first and "<pip><install>" in first
    assert "<pip><install>" not in make("course"), "what is installed is installed again"
    assert (folder / "my venv" / "installed-course").exists()
    make("clean")
    assert not (folder / "my venv").exists()
