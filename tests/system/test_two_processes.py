"""Two processes at a time on one record, one checkpoint, one folder's cache, one output folder and one export."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorlib.colorizer import Colorizer

ROOT = Path(__file__).parents[2]


@pytest.fixture
def pictures(tmp_path):
    random = np.random.default_rng(0)
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(24):
        Image.fromarray(random.integers(0, 255, (40, 40, 3), np.uint8)).save(folder / f"{i:02}.png")
    return folder


def both(tmp_path, *command):
    """Run the same command twice at the same time; what each printed to both streams."""
    environment = os.environ | {"COLORLIB_DATA": str(tmp_path / "data"), "COLORLIB_RESULTS": str(tmp_path / "results"),
                                "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    started = [subprocess.Popen([sys.executable, *map(str, command)], env=environment, text=True, cwd=tmp_path,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(2)]
    printed = [process.communicate(timeout=200)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0], printed
    return printed


def test_one_record(tmp_path, pictures):
    """Both train the same run: the last record counts, it is whole, and no other file stays."""
    both(tmp_path, "-m", "colorlib", "train", "koo-baseline", "--profile", "smoke", "--data", f"folder:{pictures}",
         "--device", "cpu", "--keep", tmp_path / "net.safetensors")
    (path,) = (tmp_path / "results" / "runs").iterdir()
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["recipe"] == "koo-baseline" and 0 < record["metrics"]["unexplained"] < 10
    assert Colorizer.load(tmp_path / "net.safetensors").net.config["model"] == "koo"
    assert [p.name for p in tmp_path.rglob("*.safetensors")] == ["net.safetensors"]
    assert not [p for p in tmp_path.rglob(".*") if p.is_file() and p.suffix != ".lock"]


def test_one_checkpoint(tmp_path):
    """Each writes its own weights fifty times; a reader always sees one of the two whole."""
    script = ("import sys, torch\nfrom colorlib import models\nfrom colorlib.colorizer import Colorizer\n"
              "net = models.UNet(4, 2)\nvalue = float(sys.argv.pop())\n"
              "[torch.nn.init.constant_(p, value) for p in net.parameters()]\n"
              "for _ in range(50):\n    Colorizer(net).save('net.safetensors')\n"
              "    state = Colorizer.load('net.safetensors').net.state_dict()\n"
              "    seen = {float(t.mean()) for name, t in state.items() if name.endswith(('weight', 'bias'))}\n"
              "    assert len(seen) == 1 and seen <= {1.0, 2.0}, seen\n")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    started = [subprocess.Popen([sys.executable, "-c", script, value], env=environment, cwd=tmp_path,
                                stderr=subprocess.PIPE, text=True) for value in ("1", "2")]
    printed = [process.communicate(timeout=200)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0], printed
    assert [p.name for p in tmp_path.iterdir()] == ["net.safetensors"]


def test_one_folder_s_cache(tmp_path, pictures):
    """Both decode the same folder: one waits for the other or finds its work, and both print the same."""
    one, other = both(tmp_path, "-m", "colorlib", "data", f"folder:{pictures}")
    kept = [line for line in one.splitlines() if "waiting" not in line]
    assert sum(int(count) for count in re.findall(r"(?:train|test): (\d+) of 32", one)) == 24, one
    assert kept == [line for line in other.splitlines() if "waiting" not in line]
    assert not list((tmp_path / "data").glob("*.partial"))


def test_one_output_folder(tmp_path, pictures):
    """Both color the same pictures into the same folder: every file is whole, and there is no other."""
    both(tmp_path, "-m", "colorlib", "colorize", pictures, "-o", f"{tmp_path / 'out'}/", "--device", "cpu")
    colored = sorted((tmp_path / "out").iterdir())
    assert [p.name for p in colored] == [f"{i:02}.png" for i in range(24)]
    for path in colored:
        with Image.open(path) as image:
            assert np.asarray(image).shape == (40, 40, 3)


def test_one_table_of_results(tmp_path):
    """Both write results/README.md from the same records."""
    runs = tmp_path / "results" / "runs"
    runs.mkdir(parents=True)
    for path in sorted((ROOT / "results" / "runs").glob("*.s0.json"))[:6]:
        (runs / path.name).write_bytes(path.read_bytes())
    before = {p.name: p.read_bytes() for p in runs.iterdir()}
    both(tmp_path, "-m", "colorlib", "results")
    assert before == {p.name: p.read_bytes() for p in runs.iterdir()}
    page = (tmp_path / "results" / "README.md").read_text(encoding="utf-8")
    assert page.startswith("#") and page.endswith("\n")
    assert not [p for p in (tmp_path / "results").rglob(".*")]


def test_one_export(tmp_path):
    """Both write the student's and the teacher's course into one folder: the zips are whole."""
    both(tmp_path, "-c", "import sys; from pathlib import Path; from tools import editions; "
         "editions.make(Path(sys.argv[1]), outputs=False)", tmp_path / "out")
    for edition in ("student", "teacher"):
        with zipfile.ZipFile(tmp_path / "out" / f"{edition}.zip") as packed:
            assert packed.testzip() is None
            names = [name for name in packed.namelist() if not name.endswith("/")]
        folder = tmp_path / "out" / edition
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert sorted(names) == sorted(path.relative_to(folder.parent).as_posix() for path in files)
        assert all(f"{edition}/notebooks/{p.name}" in names for p in sorted((ROOT / "notebooks").glob("0*.ipynb")))
