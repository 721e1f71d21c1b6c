"""Unusual surroundings: no home folder, a plain terminal, an interrupt at once, nothing that can be written, export."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from pictures import smooth
from PIL import Image

from colorlib import __main__ as command
from colorlib import color, models, paths
from colorlib.colorizer import Colorizer, colorizers
from colorlib.data import datasets, storage
from colorlib.data.storage import DataUnavailable, NoStorage
from colorlib.experiments import records
from colorlib.hardware import select_device
from colorlib.paths import CHECKPOINTS
from colorlib.train import TrainingConfig, fit, regression_step
from tools import files

IMAGES = smooth(40, size=16, seed=1), smooth(8, size=16, seed=2)


def test_a_tilde_is_the_home_folder_everywhere(tmp_path, monkeypatch):
    """Case: 06_tilde.py: a folder named ~ was made."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    path = Colorizer(models.UNet(2, 1)).save("~/mine.safetensors")
    assert path == tmp_path / "home" / "mine.safetensors" and path.exists()
    assert Colorizer.load("~/mine.safetensors").net.config["width"] == 2
    paths.write_text_atomic("~/a.txt", "text")
    assert (tmp_path / "home" / "a.txt").exists() and not list((tmp_path / "work").iterdir())


def test_an_account_without_a_home_folder(tmp_path, monkeypatch):
    def no_home(_):
        raise RuntimeError("Could not determine home directory.")
    monkeypatch.setattr(Path, "expanduser", no_home)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match="no home folder"):
        Colorizer(models.UNet(2, 1)).save("~/mine.safetensors")
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLORLIB_DATA", raising=False)
    monkeypatch.setattr(storage, "find_project_root", lambda: None)
    monkeypatch.setattr(storage, "user_cache_path", lambda *_, **__: Path("~/.cache/colorlib"))
    assert storage.data_folder().is_absolute() and not list(tmp_path.iterdir())


def test_a_terminal_without_letters_prints_names_in_another_way(tmp_path):
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "größe.txt")
    done = subprocess.run([sys.executable, "-m", "colorlib", "colorize", "größe.txt", "keine.png", "-o", "größe.txt"],
                          cwd=tmp_path, capture_output=True, text=True, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 2 and "Traceback" not in done.stderr and "gr\\xf6\\xdfe.txt" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals differ there")
def test_an_interrupt_in_the_first_moments_leaves_no_traceback(tmp_path):
    for pause in (0.05, 0.15, 0.3, 0.6):
        child = subprocess.Popen([sys.executable, "-S", "-c", CHILD], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
        assert child.stdout.readline() == "started\n"
        time.sleep(pause)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=120)
        assert "Traceback" not in err and child.returncode in (-signal.SIGINT, 130, 0, 2), err


# What `python -m colorlib` does, once Python itself has started.
CHILD = """
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
print("started", flush=True)
import runpy
sys.argv = ["colorlib", "colorize", "none.png"]
runpy.run_module("colorlib", run_name="__main__")
"""


def test_what_cannot_be_written_is_said_before_the_training(folder, monkeypatch):
    monkeypatch.setattr(records.recipes, "fit_recipe", lambda *_, **__: pytest.fail("it was trained"))
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file where the folder should be")
    with pytest.raises(NoStorage, match="COLORLIB_RESULTS"):
        records.run("koo-baseline", profile="smoke", device="cpu", images=IMAGES, progress=False)


def test_forty_pictures_train_by_the_command_and_three_get_a_sentence(folder, tmp_path, monkeypatch, capsys):
    """Case: 01_three_steps_cli.sh."""
    monkeypatch.setenv("COLORLIB_DATA", str(tmp_path / "data"))
    random = np.random.default_rng(0)
    for count in (3, 40):
        (tmp_path / f"{count}").mkdir()
        for i in range(count):
            picture = random.integers(0, 255, (30, 30, 3), np.uint8)
            Image.fromarray(picture).save(tmp_path / f"{count}" / f"{i:02}.png")
    (tmp_path / "40" / "z.png").write_bytes(b"no picture")
    train = ["train", "delft-compact", "--size", "22", "--epochs", "1", "--profile", "smoke", "--device", "cpu"]
    assert command.main([*train, "--data", f"folder:{tmp_path / '3'}"]) == 2
    assert "too few to train on" in capsys.readouterr().err
    assert command.main([*train, "--data", f"folder:{tmp_path / '40'}"]) == 0
    assert "left out: z.png (not a JPEG" in capsys.readouterr().err
    assert command.main([*train, "--data", f"folder:{tmp_path / '40'}", "--batch-size", "99"]) == 2
    assert "a batch can have 1 to" in capsys.readouterr().err


@pytest.mark.parametrize("name", [None, 3, "gpu"])
def test_an_odd_device_is_named(name):
    with pytest.raises(ValueError, match="unknown device"):
        select_device(name)


# A sampler takes its noise from a hash of the picture: rounded, it is another picture, and no graph holds a hash.
ONE_ANSWER = [name for name in colorizers(CHECKPOINTS) if not name.endswith("sampler")]


@pytest.mark.parametrize("name", ONE_ANSWER)
def test_every_checkpoint_can_be_exported(name):
    """By torch.export, on which exports to other formats build; the colors stay the same."""
    try:
        colorizer = Colorizer.load(CHECKPOINTS / f"{name}.safetensors")
    except DataUnavailable as missing:
        pytest.skip(str(missing))
    L = torch.rand(1, 1, 13, 21) * 100
    exported = torch.export.export(colorizer, (L,)).module()
    torch.testing.assert_close(exported(L), colorizer.predict(L), atol=0.01, rtol=0)


@pytest.mark.parametrize("name", ONE_ANSWER)
def test_every_checkpoint_runs_in_half_precision(name):
    """Its colors differ by rounding: by at most one unit, and by a tenth on average."""
    try:
        colorizer = Colorizer.load(CHECKPOINTS / f"{name}.safetensors")
    except DataUnavailable as missing:
        pytest.skip(str(missing))
    L = color.lightness(datasets.load("fruits", "test", n=2, size=32).pixels)
    ab = colorizer.predict(L)
    difference = (colorizer.half().predict(L) - ab).abs()
    assert difference.max() < 1 and difference.mean() < 0.1


def test_a_full_disk_is_a_sentence_and_what_was_there_stays(tmp_path):
    path = tmp_path / "record.json"
    path.write_text("old")
    with pytest.raises(OSError, match="the disk is full: .*record.json was not written"), \
            paths.atomic_write(path) as temporary:
        temporary.write_text("ne")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(NoStorage, match="COLORLIB_DATA"), storage.workspace(tmp_path, "folder"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == [path]


def test_a_notebook_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "01_colors.ipynb"
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Colors")])
    files.write(nb, path)
    before = path.read_text()

    def full(self, text, **_):
        with open(self, "w") as file:
            file.write(text[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    nb.cells[0].source = "# Other colors"
    with pytest.raises(OSError, match="the disk is full: .*01_colors.ipynb was not written"):
        files.write(nb, path)
    assert path.read_text() == before and list(tmp_path.iterdir()) == [path]


def test_weights_of_another_type_are_no_training_but_a_sentence():
    for dtype in (torch.float64, torch.float16):
        with pytest.raises(ValueError, match="must be float32"):
            fit(Colorizer(models.UNet(2, 1).to(dtype)), IMAGES[0], regression_step, TrainingConfig(1, 8), device="cpu")
