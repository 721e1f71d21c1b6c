"""The notebooks in a test: by nbval and by the course's runner (papermill)."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
PARAMETERS = {"PROFILE": "smoke", "SEED": 0, "DEVICE": "auto", "DATA": "auto"}


def name(path: Path) -> str:
    """ "03" of a notebook: the test's id."""
    return path.stem[:2]


def nbval(path: Path, records: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run a notebook by nbval: no cell may fail, and the cells tagged nbval-check-output print what is stored.

    records       folder for what the notebook records
    environment   COLORLIB_PROFILE="smoke" and the like, since nbval cannot set parameters
    """
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no"]
    command += ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=600", f"notebooks/{path.name}"]
    environment = os.environ | {"COLORLIB_NOTEBOOK_RECORDS": str(records), "MPLBACKEND": "agg"} | environment
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1800)
