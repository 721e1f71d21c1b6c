"""The package as others get it: built, installed into an environment of its own, used far from any checkout."""

import os
import shutil
import site
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
PICTURES, BROKEN = 20, ("03.jpg", "14.png")

pytestmark = pytest.mark.slow

BUILD_SDIST = "import sys; from setuptools import build_meta; print(build_meta.build_sdist(sys.argv[1]))"


def done(*command, **keywords):
    """Run a command that must succeed; returns what it prints."""
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300, **keywords)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel made from the source distribution of a copy of the checkout: both have to be complete."""
    pytest.importorskip("setuptools", "77")
    pytest.importorskip("pip")
    work = tmp_path_factory.mktemp("build")
    copy = work / "copy"
    shutil.copytree(ROOT / "colorlib", copy / "colorlib", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, copy)
    done(sys.executable, "-c", BUILD_SDIST, work, cwd=copy)
    with tarfile.open(next(work.glob("colorlib-*.tar.gz"))) as archive:
        archive.extractall(work / "source", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    done(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--disable-pip-version-check",
         "--no-index", "-w", work, next((work / "source").iterdir()))
    return next(work.glob("colorlib-*.whl"))


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    """An environment with the wheel; all other packages are those of this one. Returns its folder of programs."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    python = programs / ("python.exe" if os.name == "nt" else "python")
    own = Path(done(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    # A path in a .pth file comes after the environment's own packages, and the .pth files that lie
    # there, such as that of an editable colorlib, have no effect.
    (own / "others.pth").write_text("".join(f"{path}\n" for path in site.getsitepackages()), encoding="utf-8")
    done(sys.executable, "-m", "pip", f"--python={python}", "install", "--no-deps", "--no-index", "--quiet",
         "--disable-pip-version-check", "--force-reinstall", "--ignore-installed", wheel)
    return programs


@pytest.fixture
def away(tmp_path, monkeypatch):
    """A working folder outside of the checkout, and no variable that leads back to it."""
    for name in [name for name in os.environ if name.startswith(("COLORLIB_", "PYTHON"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (tmp_path / "away").mkdir()
    monkeypatch.chdir(tmp_path / "away")
    return tmp_path / "away"


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300)


def test_the_wheel_holds_the_code_its_texts_and_the_checkpoints_alone(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    package = ROOT / "colorlib"
    expected = {path.relative_to(ROOT).as_posix() for pattern in (
        "*.py", "*.md", "checkpoints/*.safetensors", "data/fruit_photos.zip", "data/fruit_photos.LICENSE.txt")
                for path in package.rglob(pattern) if "__pycache__" not in path.parts}
    assert {name for name in names if ".dist-info/" not in name} == expected
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_installed_package_is_the_one_that_is_tested(environment, away):
    code = "import colorlib, colorlib.paths as p; print(colorlib.__file__); print(p.find_project_root())"
    file, checkout = done(environment / "python", "-c", code).split()
    assert ROOT not in Path(file).resolve().parents and environment.parent in Path(file).parents
    assert checkout == "None"


def test_a_folder_of_twenty_pictures_is_colored_but_for_two_broken_ones(environment, away):
    (away / "holiday/beach").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for i in range(PICTURES):
        path = away / "holiday" / ("beach" if i % 3 == 0 else "") / f"{i:02}.{'jpg' if i % 2 else 'png'}"
        if path.name in BROKEN:
            path.write_bytes(b"no picture")
        else:
            Image.fromarray(rng.integers(0, 256, (40 + i, 48, 3), dtype=np.uint8)).save(path)
    broken = sorted(path for path in (away / "holiday").rglob("*") if path.name in BROKEN)
    assert len(broken) == 2
    result = run(environment / "colorlib", "colorize", "holiday", "-o", "out/", "--device", "cpu")
    assert result.returncode == 1, result.stderr
    written = sorted((away / "out").rglob("*.*"))
    assert len(written) == PICTURES - 2 and all(path.suffix == ".png" for path in written)
    for path in written:
        photo = next((away / "holiday").joinpath(*path.relative_to(away / "out").parts[:-1]).glob(f"{path.stem}.*"))
        with Image.open(path) as colored, Image.open(photo) as original:
            assert colored.size == original.size
            assert np.ptp(np.asarray(colored).astype(int), axis=-1).max() > 0, "it has color"
    assert result.stdout == "18 of 20 pictures colored, in out\n"
    lines = sorted(result.stderr.splitlines())
    assert len(lines) == 2
    assert all(f"{path.relative_to(away)}: not a JPEG" in line for path, line in zip(broken, lines, strict=True))


def test_one_photograph_and_the_other_commands_from_any_folder(environment, away):
    Image.new("RGB", (30, 20), (90, 120, 60)).save(away / "photo.jpg")
    result = run(environment / "python", "-m", "colorlib", "colorize", "photo.jpg")
    assert (result.returncode, result.stdout) == (0, "photo-colorized.png (30 x 20 pixels)\n"), result.stderr
    assert run(environment / "colorlib", "--version").stdout.startswith("colorlib ")
    assert "koo-baseline" in run(environment / "colorlib", "train").stdout
    for words in (["bench"], ["results"], ["train", "koo-baseline"]):
        result = run(environment / "colorlib", *words)
        assert result.returncode == 2 and "needs a checkout" in result.stderr and result.stderr.count("\n") == 1
    assert sorted(path.name for path in away.iterdir()) == ["photo-colorized.png", "photo.jpg"]
