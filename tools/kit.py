"""A folder from which the course installs and runs without a network.

build/kit/ is the student's course and three things more: wheels/ with all packages, from which
`make` then installs; data/sets/ with CIFAR-10 and ImageNet weights, as far as this machine has
them; and KIT.txt with instructions.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from colorlib.data import storage
from colorlib.paths import project_root
from tools.editions import student_course
from tools.files import CourseError, build, fresh

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# File names of torchvision's weights.
ENCODERS = ("vgg16_features-*.pth", "resnet18-*.pth", "resnet34-*.pth", "resnet50-*.pth")

# wheels/check.py: `make` runs it with whatever Python it was given, so it avoids new syntax.
CHECK = '''"""Stop if these wheels do not fit: they are for one system and one version of Python."""
import platform
import sys

here = "Python %d.%d%s on %s" % (*sys.version_info[:2], getattr(sys, "abiflags", ""),
                                 " ".join((platform.system(), platform.machine())))
if here != {made!r}:
    sys.exit("These packages are for " + {made!r} + "; this is " + here + ". Name another "
             "Python (make PYTHON=...), or collect the packages again on a machine like this one: "
             "make kit.")
'''
INSTRUCTIONS = """The course with everything that it needs. No network is used.

The packages are for {made} only.

With make:        make lab
Without make:     python wheels/check.py
                  python -m venv .venv
                  .venv/bin/python -m pip install --no-index --find-links wheels -e ".[course]"
                  .venv/bin/python -m jupyter lab --notebook-dir notebooks
                  (on Windows: .venv\\Scripts\\python instead of .venv/bin/python)

Data: {data}.
"""


def make(out: Path | None = None, pip: Sequence[str] = ()) -> Path:
    """Write the kit to `out` (build/kit/); returns that folder.

    pip   further options of `pip wheel`, such as another index

    CourseError if the packages cannot be collected; a kit that was there before then stays.
    """
    out = out or build("kit")
    partial = fresh(out.with_name(f"{out.name}.partial"))
    student_course(partial)
    _collect_packages(partial / "wheels", pip)
    check = CHECK.format(made=_this_python())
    (partial / "wheels" / "check.py").write_text(check, encoding="utf-8")
    data = _copy_data(partial / "data" / "sets")
    instructions = INSTRUCTIONS.format(made=_this_python(), data=data)
    (partial / "KIT.txt").write_text(instructions, encoding="utf-8")
    fresh(out).rmdir()
    return partial.rename(out)


def _this_python() -> str:
    """Python's version and the system, in the same words as in CHECK."""
    major, minor = sys.version_info[:2]
    abi = getattr(sys, "abiflags", "")  # Windows has none
    return f"Python {major}.{minor}{abi} on {platform.system()} {platform.machine()}"


def _collect_packages(wheels: Path, pip: Sequence[str]) -> None:
    """Collect wheels of all packages that the course and its own build need."""
    root = project_root()
    table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    requirements = [*table["build-system"]["requires"], f"{root}[course,pages]"]
    command = [sys.executable, "-m", "pip", "wheel", "--disable-pip-version-check",
        "-w", str(wheels), "-c", str(root / "constraints.txt"), *requirements, *pip]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)  # progress stays on stdout
    if done.returncode:
        reason = "\n".join(done.stderr.strip().splitlines()[-3:])
        raise CourseError(f"the packages could not be collected; pip reports:\n{reason}")
    for wheel in wheels.glob("colorlib-*.whl"):  # the kit installs colorlib from its own folder
        wheel.unlink()


def _copy_data(folder: Path) -> str:
    """Copy the CIFAR-10 files and pretrained weights of this machine; returns their names."""
    sets = sorted(storage.data_folder().glob("cifar10-*.npy"))
    places = (storage.data_folder() / "weights", Path(torch.hub.get_dir(), "checkpoints"))
    weights = {file.name: file for place in places for pattern in ENCODERS
               for file in sorted(place.glob(pattern))}
    for files, target in ((sets, folder), (weights.values(), folder / "weights")):
        for file in files:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target / file.name)
    found = [*(["CIFAR-10"] if sets else []), *sorted(weights)]
    return ", ".join(found) or ("none, so the notebooks use generated fruits. To include CIFAR-10: "
                                "python -m colorlib data cifar10, then make kit again")

