"""What the tests on a GPU share: notebooks that run beside them, and a file of results that grows as they end."""

import datetime
import json
import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import running

RESULTS = running.ROOT / "results" / "gpu.json"
WORKERS = max(1, min(4, (os.cpu_count() or 1) // 4))  # more wait for each other's threads and for the card
NBVAL, PAPERMILL = "nbval", "papermill"


class NotebookRuns:
    """Every notebook by nbval and by papermill, on the GPU, a few at a time, each in processes of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = os.environ | {
            # Each worker its share of the cores: threads beyond them only wait.
            "OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // WORKERS)),
            "MPLBACKEND": "agg",
        }
        pool = ThreadPoolExecutor(WORKERS)
        starts = {NBVAL: self._nbval, PAPERMILL: self._papermill}
        self.futures = {
            (path.stem, way): pool.submit(start, path) for path in running.NOTEBOOKS for way, start in starts.items()
        }

    def result(self, path, way):
        """The finished process, and the folder that it wrote to; waits for it."""
        return self.futures[path.stem, way].result()

    def _nbval(self, path):
        records = self.folder / f"{path.stem}-{NBVAL}"
        more = {"COLORLIB_PROFILE": "smoke", "COLORLIB_DEVICE": "cuda"}
        return running.nbval(path, records, **self.environment | more), records

    def _papermill(self, path):
        out = self.folder / f"{path.stem}-{PAPERMILL}"
        command = [sys.executable, "-m", "tools", "run", "--profile", "smoke", "--device", "cuda", "--out", str(out)]
        done = subprocess.run([*command, path.stem[:2]], cwd=running.ROOT, env=self.environment, capture_output=True,
                              text=True, timeout=600)  # fmt: skip
        return done, out


@pytest.fixture(scope="session")
def notebook_runs(tmp_path_factory):
    return NotebookRuns(tmp_path_factory.mktemp("notebooks"))


@pytest.fixture(scope="session", autouse=True)
def started_early(request):
    """The notebooks start with the first test, so that they run while the others do."""
    if request.config.getoption("--gpu"):
        request.getfixturevalue("notebook_runs")


@pytest.fixture
def measured(request):
    """Note numbers of a test for results/gpu.json: measured(seconds_per_epoch=0.4)."""
    return lambda **values: request.node.user_properties.extend(values.items())


def pytest_runtest_logreport(report):
    """Write each result as it comes: a run that is cut off leaves what it has found."""
    if report.when != "call" and report.outcome == "passed":
        return
    import torch

    if not torch.cuda.is_available():
        return
    try:
        kept = json.loads(RESULTS.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        kept = {}
    about = {
        "date": datetime.date.today().isoformat(),
        "device": torch.cuda.get_device_name(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }
    if any(kept.get(key) != value for key, value in about.items()):
        kept = about | {"tests": {}}  # another day, card or version: begin anew
    name = report.nodeid.split("::")[-1]
    row = {"outcome": report.outcome, "seconds": round(report.duration, 1)} | dict(report.user_properties)
    kept["tests"][name] = row
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
