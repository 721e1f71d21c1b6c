"""Binder's two gigabytes, rehearsed: every notebook in `quick` under a limit that kills."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from running import NOTEBOOKS, ROOT, name

from colorlib.datasets import DataUnavailable, cifar10

pytestmark = pytest.mark.classroom
LIMIT = 2 * 10**9


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

    def run(*command, **environment):
        enter = f'echo $$ > {group}/cgroup.procs && exec "$@"'
        return subprocess.run(["sh", "-c", enter, "sh", *command], cwd=ROOT, env=os.environ | environment,
                              capture_output=True, text=True)

    yield run
    group.rmdir()


def test_the_limit_kills(limited):
    told = limited(sys.executable, "-c", "x = bytearray(2_500_000_000)\nfor i in range(0, len(x), 4096): x[i] = 1")
    assert told.returncode == -9
    assert limited(sys.executable, "-c", "x = bytearray(500_000_000)").returncode == 0


@pytest.mark.timeout(1200)
def test_quick_runs_within_binders_memory(limited, tmp_path):
    try:
        cifar10("test")
    except DataUnavailable as error:
        pytest.skip(f"CIFAR-10 cannot be had here: {error}")
    told = limited(sys.executable, "-m", "colorlib.course", "run", "--profile", "quick", "--device", "cpu", "--data",
                   "cifar10", "--out", str(tmp_path), *map(name, NOTEBOOKS), MPLBACKEND="agg")
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-2000:]
