"""Make the course importable in a kernel that lacks it; a notebook's first cell runs this script.

On Colab and Kaggle the requirements of colorlib that are missing are installed. On other machines
nothing is: the message says what to run. Installed packages, above all torch, keep their versions.
"""

import ast
import importlib
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOSTED = {"COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE"}  # set on machines that last for a session


def missing() -> list[str]:
    """The requirements in pyproject.toml of which no version is installed."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    # Python 3.10 has no tomllib; a TOML list of strings is a Python list.
    requirements = ast.literal_eval(re.search(r"^dependencies = (\[.*?^\])", text, re.M | re.S)[1])
    return [line for line in requirements if not _installed(re.match(r"[\w.-]+", line)[0])]


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def install(requirements: list[str]) -> None:
    """Install packages by pip, with every package that is there pinned to its version."""
    pins: dict[str, str] = {}
    for found in metadata.distributions():  # of two copies, the first in the path is in use
        if name := found.metadata["Name"]:
            pins.setdefault(re.sub(r"[-_.]+", "-", name).lower(), found.version)
    lines = [f"{name}=={version}\n" for name, version in sorted(pins.items())]
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text("".join(lines))
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--constraint", str(constraints), *requirements], check=True)


def may_install() -> bool:
    """Whether pip installs into this Python: not into one that the system manages (PEP 668)."""
    managed = Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED"
    return sys.prefix != sys.base_prefix or not managed.exists()


def advice(requirements: list[str]) -> str:
    """One line that says how to get packages that are missing on a learner's own machine."""
    names = " ".join(re.match(r"[\w.-]+", line)[0] for line in requirements)
    if may_install():
        return (f"This Python lacks {names}. Run in a new cell: %pip install {names} "
                "Then run this cell again.")
    return (f"This Python lacks {names}, and its system lets pip install nothing. "
            f'Run in a terminal: make -C "{ROOT}" lab')


def bring() -> None:
    """Let this kernel import colorlib from the course's folder, and work in its notebooks'.

    ModuleNotFoundError, of one line that says what to run, if packages are missing on a machine
    that is not a hosted one.
    """
    if needed := missing():
        if not HOSTED & os.environ.keys():
            raise ModuleNotFoundError(advice(needed))
        print("installing", ", ".join(needed))
        install(needed)
    sys.path.insert(0, str(ROOT))
    importlib.invalidate_caches()
    os.chdir(ROOT / "notebooks")


if __name__ == "__main__":
    bring()
