"""The notebooks in a test: by nbval and by the course's runner (papermill)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
PARAMETERS = {"PROFILE": "smoke", "SEED": 0, "DEVICE": "auto", "DATA": "auto"}


def name(path: Path) -> str:
    """ "03" of a notebook: the test's id."""
    return path.stem[:2]


def checkout(folder: Path) -> Path:
    """A copy of the course without what git ignores; skips the test where it does not run in a git checkout."""
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("the tests do not run in a git checkout")
    for line in done.stdout.splitlines():
        if (ROOT / line).is_file():
            (folder / line).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / line, folder / line)
    return folder


def nbval(path: Path, records: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run a notebook by nbval: no cell may fail, and the cells tagged nbval-check-output print what is stored.

    records       folder for what the notebook records
    environment   COLORLIB_PROFILE="smoke" and the like, since nbval cannot set parameters
    """
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no"]
    command += ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=600", f"notebooks/{path.name}"]
    environment = os.environ | {"COLORLIB_NOTEBOOK_RECORDS": str(records), "MPLBACKEND": "agg"} | environment
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1800)
