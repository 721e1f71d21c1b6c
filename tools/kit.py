"""A folder from which the course installs and runs with the network off: the course, its packages, its data.

build/kit/ is the student's course with three things more: wheels/, from which make then installs and from nowhere else;
data/sets/, CIFAR-10 and ImageNet's weights as far as they are here; and KIT.txt, which says what to do with it.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from colorlib.data import download
from colorlib.paths import project_root
from tools.editions import student_course
from tools.files import CourseError, build, fresh

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ENCODERS = ("vgg16_features-*.pth", "resnet18-*.pth", "resnet34-*.pth", "resnet50-*.pth")    # torchvision's files
CHECK = '''"""Stops where these wheels do not fit: they are for one system and one Python."""
import platform
import sys

here = "Python %d.%d%s on %s" % (*sys.version_info[:2], getattr(sys, "abiflags", ""),
                                 " ".join((platform.system(), platform.machine())))
if here != {made!r}:
    sys.exit("These packages are for " + {made!r} + "; this is " + here + ". Name another Python (make PYTHON=...), "
             "or collect the packages again on a machine like this one: make kit.")
'''
ABOUT = """The course, with all that it needs: no network is asked for anything.

The packages are for {made}, and for no other.

With make:        make lab
Without make:     python wheels/check.py
                  python -m venv .venv
                  .venv/bin/python -m pip install --no-index --find-links wheels -e ".[course]"
                  .venv/bin/python -m jupyter lab --notebook-dir notebooks
                  (on Windows .venv\\Scripts\\python for .venv/bin/python)

Data: {data}.
"""


def make(out: Path | None = None, pip: Sequence[str] = ()) -> Path:
    """Write build/kit/; returns it. CourseError if the packages cannot be collected.

    pip   more options of `pip wheel`, say another index
    """
    out = out or build("kit")
    made = fresh(out.with_name(f"{out.name}.partial"))           # what was there stays until this is whole
    student_course(made)
    _collect(made / "wheels", pip)
    (made / "wheels" / "check.py").write_text(CHECK.format(made=_here()), encoding="utf-8")
    data = _data(made / "data" / "sets")
    (made / "KIT.txt").write_text(ABOUT.format(made=_here(), data=data), encoding="utf-8")
    fresh(out).rmdir()
    return made.rename(out)


def _here() -> str:
    """Which Python on which system, as CHECK says it."""
    major, minor = sys.version_info[:2]
    return f"Python {major}.{minor}{getattr(sys, 'abiflags', '')} on {platform.system()} {platform.machine()}"


def _collect(wheels: Path, pip: Sequence[str]) -> None:
    """All packages of the course, and those that build its own, ready to install."""
    root = project_root()
    tools = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    command = [sys.executable, "-m", "pip", "wheel", "--disable-pip-version-check", "-w", str(wheels)]
    command += ["-c", str(root / "constraints.txt"), *tools, f"{root}[course]", *pip]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)                   # what it does is on stdout
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-3:])
        raise CourseError(f"the packages could not be collected; pip says:\n{last}")
    for own in wheels.glob("colorlib-*.whl"):                               # the kit has the course itself
        own.unlink()


def _data(place: Path) -> str:
    """Copy what of CIFAR-10 and of pretrained weights is here; says what that is."""
    sets = sorted(download.folder().glob("cifar10-*.npy"))
    kept = (download.folder() / "weights", Path(torch.hub.get_dir(), "checkpoints"))
    weights = {file.name: file for folder in kept for name in ENCODERS for file in sorted(folder.glob(name))}
    for file, folder in [(f, place) for f in sets] + [(f, place / "weights") for f in weights.values()]:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, folder / file.name)
    found = [*(["CIFAR-10"] if sets else []), *sorted(weights)]
    return ", ".join(found) or ("none; the notebooks take generated fruits (python -m colorlib data cifar10, then make "
                                "kit again, brings CIFAR-10)")

