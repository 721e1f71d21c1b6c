"""Binder, rehearsed: its steps in a clean environment, then every notebook in `quick` under a limit that kills."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from running import NOTEBOOKS, ROOT, checkout, name

pytestmark = [pytest.mark.classroom, pytest.mark.skipif(sys.platform != "linux", reason="Linux only")]
LIMIT = 2 * 10**9
KEPT = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV", "COLORLIB_"))}
INDEX = {"pytorch-cpu": "torch", "matplotlib-base": "matplotlib"}           # conda-forge's names: the package index's


@pytest.fixture
def limited():
    """A function that runs a command under the limit, in a control group of its own. Needs a Linux and its root."""
    for top, setting in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        group = Path(top, f"colorlib-{os.getpid()}")
        try:
            group.mkdir()
            (group / setting).write_text(str(LIMIT))
            break
        except OSError:
            if group.is_dir():
                group.rmdir()
    else:
        pytest.skip("no control group with a memory limit can be made here")

    def run(*command, cwd=ROOT, **environment):
        enter = f'echo $$ > {group}/cgroup.procs && exec "$@"'
        return subprocess.run(["sh", "-c", enter, "sh", *command], cwd=cwd, env=KEPT | environment,
                              capture_output=True, text=True)

    yield run
    group.rmdir()


def test_the_limit_kills(limited):
    done = limited(sys.executable, "-c", "x = bytearray(2_500_000_000)\nfor i in range(0, len(x), 4096): x[i] = 1")
    assert done.returncode == -9
    assert limited(sys.executable, "-c", "x = bytearray(500_000_000)").returncode == 0


@pytest.fixture
def binder(tmp_path):
    """The Python that Binder's steps give, and the course's folder there. No setting of this Python enters it.

    The packages are those of binder/environment.yml, in a clean environment: from the package index in the locked
    versions, since conda-forge may be out of reach, so that torch is the build with CUDA, which takes more memory.
    """
    course, home = checkout(tmp_path / "course"), tmp_path / "machine"
    asked = yaml.safe_load((course / "binder" / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    packages = [line.replace(there, INDEX.get(there, there)) for line in asked for there in [Requirement(line).name]
                if there not in ("python", "pip")]
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    clean = {"PATH": f"{home / 'bin'}:{os.environ['PATH']}", "HOME": str(tmp_path / "home"), "PIP_NO_INPUT": "1"}
    try:
        for command in (["python", "-m", "pip", "install", "-q", "-c", "constraints.txt", *packages],
                        ["bash", "binder/postBuild"]):
            done = subprocess.run(command, cwd=course, env=KEPT | clean, capture_output=True, text=True)
            if re.search(r"NewConnectionError|ConnectTimeout", done.stderr):
                pytest.skip("no package index can be reached from here")
            assert done.returncode == 0, done.stderr[-2000:]
        yield home / "bin" / "python", course
    finally:
        shutil.rmtree(home)                                                 # gigabytes


@pytest.mark.timeout(1500)
def test_binders_steps_make_a_machine_on_which_quick_runs_in_its_memory(limited, binder, tmp_path):
    python, course = binder
    done = limited(python, "-c", "import colorlib, sys; print(colorlib.__file__, sys.prefix)", cwd=course / "notebooks")
    assert done.stdout.split() == [str(course / "colorlib" / "__init__.py"), str(python.parents[1])]
    full = 'from colorlib.notebook.lesson import Lesson; Lesson("03", profile="full")'
    done = limited(python, "-c", full, cwd=course)
    assert "Warning: this profile needs about" in done.stdout and 'Set PROFILE = "quick"' in done.stdout
    sets = {"COLORLIB_DATA": str(tmp_path / "sets")}                        # fetched in that memory, too
    done = limited(python, "-m", "colorlib", "data", "cifar10", cwd=course, **sets)
    if done.returncode and "is not available" in done.stderr:
        pytest.skip(f"CIFAR-10 cannot be had here: {done.stderr[-500:]}")
    done = limited(python, "-m", "tools", "run", "--profile", "quick", "--device", "cpu", "--data", "cifar10",
                   *map(name, NOTEBOOKS), cwd=course, MPLBACKEND="agg", **sets)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert len(list((course / "build").rglob("0?_*.ipynb"))) == len(NOTEBOOKS)
