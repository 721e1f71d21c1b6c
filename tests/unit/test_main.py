"""The command line: help that a person can use, photographs of every kind, mistakes answered in one line."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from pictures import smooth
from PIL import Image

from colorlib import __main__ as command
from colorlib import color
from colorlib.colorizer import Colorizer
from colorlib.data import datasets
from colorlib.data.download import DataUnavailable
from colorlib.experiments import records
from colorlib.experiments.recipes import RECIPES
from colorlib.models import UNet
from colorlib.notebook import plots

pytestmark = pytest.mark.usefixtures("one_thread")

COMMANDS = ["data", "train", "colorize", "compare", "results", "bench"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A colorizer's file."""
    torch.manual_seed(0)
    return Colorizer(UNet(2, 2)).save(tmp_path_factory.mktemp("model") / "small.safetensors")


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setenv("COLORLIB_RESULTS", str(tmp_path / "results"))
    return tmp_path / "results"


_real_images = plots.images


def run(*words):
    return command.main([str(word) for word in words])


def photograph(folder, name="photo.png", mode="RGB", size=(23, 17), **keywords):
    """A picture file; size is (width, height)."""
    image = Image.fromarray(smooth(1, size=32).pixels[0].permute(1, 2, 0).numpy()).resize(size).convert(mode)
    image.save(folder / name, **keywords)
    return folder / name


# help

@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name, capsys):
    with pytest.raises(SystemExit) as stop:
        run(name, "--help")
    text = capsys.readouterr().out
    assert stop.value.code == 0 and f"example: python -m colorlib {name}" in " ".join(text.split())


def test_the_help_names_every_command(capsys):
    with pytest.raises(SystemExit):
        run("--help")
    text = capsys.readouterr().out
    assert all(f"\n    {name} " in text for name in COMMANDS)


@pytest.mark.parametrize("words", [(), ("paint",), ("colorize",), ("train", "--seed", "one")])
def test_words_that_are_no_command_are_answered_with_the_usage(words, capsys):
    with pytest.raises(SystemExit) as stop:
        run(*words)
    assert stop.value.code == 2 and capsys.readouterr().err.startswith("usage: colorlib")


def test_help_comes_at_once_without_torch():
    code = "import sys; from colorlib.__main__ import _parser; _parser(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_mistake_is_one_line_and_status_2_without_a_traceback(tmp_path):
    done = subprocess.run([sys.executable, "-m", "colorlib", "colorize", str(tmp_path / "none.jpg")],
                          capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("colorlib colorize: no picture at ") and done.stderr.count("\n") == 1


# colorize

@pytest.mark.parametrize("name, mode, keywords", [
    ("photo.png", "RGB", {}), ("photo.jpg", "RGB", {}), ("photo.webp", "RGB", {}), ("photo.tiff", "RGB", {}),
    ("gray.png", "L", {}), ("gray.jpg", "L", {}), ("palette.png", "P", {}), ("palette.gif", "P", {}),
    ("alpha.png", "RGBA", {}), ("two.png", "1", {}), ("print.jpg", "CMYK", {}),
])
def test_photographs_of_every_kind_and_odd_size_are_colored(tmp_path, model, capsys, name, mode, keywords):
    photo = photograph(tmp_path, name, mode, **keywords)
    assert run("colorize", photo, "--model", model) == 0
    output = tmp_path / (photo.stem + "-colorized.png")
    with Image.open(output) as image:
        assert image.size == (23, 17) and image.mode == "RGB" and image.format == "PNG"
    assert capsys.readouterr().out.endswith(f"{output.name} (23 x 17 pixels)\n")
    assert sorted(os.listdir(tmp_path)) == sorted([photo.name, output.name])


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_sixteen_bits_are_scaled_not_cut(tmp_path, model, suffix):
    values = np.linspace(0, 65535, 12 * 9).reshape(9, 12)
    Image.fromarray(values.astype(np.uint16)).save(tmp_path / f"deep.{suffix}")
    Image.fromarray((values / 257).round().astype(np.uint8)).save(tmp_path / f"gray.{suffix}")
    for name in ("deep", "gray"):
        assert run("colorize", tmp_path / f"{name}.{suffix}", "--model", model) == 0
    deep, gray = (np.asarray(Image.open(tmp_path / f"{name}-colorized.png")).astype(int) for name in ("deep", "gray"))
    assert np.abs(deep - gray).max() <= 2 and np.ptp(deep) > 200


def test_a_photograph_is_put_upright(tmp_path, model):
    exif = Image.Exif()
    exif[0x0112] = 6                                                        # orientation: turn by a quarter
    photograph(tmp_path, "turned.jpg", exif=exif)
    assert run("colorize", tmp_path / "turned.jpg", "--model", model) == 0
    assert Image.open(tmp_path / "turned-colorized.png").size == (17, 23)


def test_the_lightness_of_the_photograph_stays(tmp_path, model):
    photo = photograph(tmp_path, size=(40, 31))
    run("colorize", photo, "--model", model, "-o", tmp_path / "new.png", "--max-side", 20)
    before, after = (color.lightness(torch.from_numpy(np.array(Image.open(path))).permute(2, 0, 1))
                     for path in (photo, tmp_path / "new.png"))
    assert (before - after).abs().median() < 0.3                            # more only where a color was clipped


def test_what_is_written_is_what_the_colorizer_answers(tmp_path, model):
    photo = photograph(tmp_path)
    run("colorize", photo, "--model", model, "-o", tmp_path / "new.PNG")
    rgb = torch.from_numpy(np.array(Image.open(photo))).permute(2, 0, 1)
    written = torch.from_numpy(np.array(Image.open(tmp_path / "new.PNG"))).permute(2, 0, 1)
    assert torch.equal(written, Colorizer.load(model).colorize(rgb))


@pytest.mark.parametrize("words, message", [
    (["none.jpg"], "no picture at none.jpg"),
    (["."], "no picture at ."),
    (["text.jpg"], "text.jpg: not a JPEG, PNG, WebP, TIFF or GIF"),
    (["cut.png"], "cut.png: damaged"),
    (["photo.png", "-o", "photo.jpg"], "expected a name ending in .png, got photo.jpg"),
    (["photo.png", "-o", "photo.png"], "would replace the photograph photo.png"),
    (["photo.png", "-o", "no/folder/x.png"], "to write to"),
    (["photo.png", "--max-side", "-1"], "--max-side must be a number of pixels, or 0 for full size, got -1"),
    (["photo.png", "--device", "abacus"], "unknown device 'abacus'"),
    (["photo.png", "--model", "nobody"], "no checkpoint 'nobody' in colorlib/checkpoints"),
    (["photo.png", "--model", "none.safetensors"], "no checkpoint at none.safetensors"),
    (["photo.png", "--model", "text.jpg"], "text.jpg is not a complete safetensors file"),
])
def test_what_cannot_be_colored_is_answered_in_one_line(tmp_path, monkeypatch, model, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    photograph(tmp_path)
    (tmp_path / "text.jpg").write_text("no picture\n" * 50)
    (tmp_path / "cut.png").write_bytes((tmp_path / "photo.png").read_bytes()[:300])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert run("colorize", *words, *([] if "--model" in words else ["--model", model])) == 2
    error = capsys.readouterr().err
    assert message in error and error.startswith("colorlib colorize: ") and error.count("\n") == 1
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


# compare

def test_compare_draws_a_row_for_each_model_between_gray_and_truth(tmp_path, model, monkeypatch, capsys):
    seen = {}
    monkeypatch.setattr(datasets, "load", lambda *a, **k: smooth(6, size=16))
    monkeypatch.setattr("colorlib.notebook.plots.images", lambda rows: seen.update(rows) or _real_images(rows))
    assert run("compare", model, f"again={model}", "-n", 3, "-o", tmp_path / "c.png", "--device", "cpu") == 0
    assert list(seen) == ["gray", "small", "again", "truth"] and all(len(row) == 3 for row in seen.values())
    torch.testing.assert_close(seen["small"], Colorizer.load(model).colorize(seen["truth"]))
    assert Image.open(tmp_path / "c.png").mode == "RGB" and os.listdir(tmp_path) == ["c.png"]


@pytest.mark.parametrize(("words", "message"), [
    (["-o", "c.jpg"], "expected a name ending in .png"), (["-n", "9", "-o", "c.png"], "between 1 and the 6 pictures"),
    (["no-such", "-o", "c.png"], "no checkpoint 'no-such' in colorlib/checkpoints"),
])
def test_what_cannot_be_compared_is_answered_in_one_line(tmp_path, monkeypatch, model, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets, "load", lambda *a, **k: smooth(6, size=16))
    assert run("compare", model, *words) == 2
    assert message in capsys.readouterr().err and not os.listdir(tmp_path)



# data

def test_data_says_what_is_there(monkeypatch, capsys):
    monkeypatch.setattr(datasets, "load", lambda name, split: f"{name} {split}")
    assert run("data", "fruits") == 0
    assert capsys.readouterr().out == "fruits train\nfruits test\n"


def test_data_that_cannot_be_had_is_answered_in_words(monkeypatch, capsys):
    def nowhere(name, split):
        raise datasets.DataUnavailable('neither host answered; use DATA="fruits"')

    monkeypatch.setattr(datasets, "load", nowhere)
    assert run("data", "cifar10") == 2
    assert capsys.readouterr().err == 'colorlib data: neither host answered; use DATA="fruits"\n'


@pytest.mark.parametrize("name", ["mnist", "folder:nowhere"])
def test_an_unknown_data_set_is_named(name, capsys):
    assert run("data", name) == 2
    assert capsys.readouterr().err.count("\n") == 1


# train

def test_train_without_a_name_lists_the_recipes(capsys):
    assert run("train") == 0
    text = capsys.readouterr().out
    assert re.search(r"^koo-baseline +K1: baseline CNN", text, re.M)
    assert text.count("  source: ") == text.count("  course: ") == len(RECIPES)


def test_a_judge_is_trained_by_its_name_and_old_records_are_measured_with_it(results, monkeypatch, capsys):
    def labeled(name, split, **_):
        one = smooth(140 if split == "train" else 20)
        return type(one)(one.pixels, torch.arange(len(one)) % 2, ("a", "b"), "cifar10")

    monkeypatch.setattr(datasets, "load", labeled)
    monkeypatch.setattr(records, "CHECKPOINTS", results.parent / "none")    # where there is no judge yet
    assert run("train", "classifier", "--device", "cpu", "--epochs", 1) == 0
    assert "classifier-cifar10.safetensors: names" in capsys.readouterr().out
    assert run("train", "classifier", "--device", "cpu", "--epochs", 1) == 2 and "is there" in capsys.readouterr().err
    assert run("train", "classifier", "--seed", 1) == 2 and "only --data" in capsys.readouterr().err
    (results.parent / "checkpoints" / "classifier-cifar10.safetensors").rename(results.parent / "away")
    assert run("train", "baseline-mean", "--device", "cpu") == 0
    (results.parent / "away").rename(results.parent / "checkpoints" / "classifier-cifar10.safetensors")
    capsys.readouterr()
    assert run("results", "--measure") == 0 and "baseline-mean" in capsys.readouterr().out.splitlines()
    assert "frechet" in records.read()[0]["metrics"]


def test_train_writes_a_record_and_says_which(results, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(datasets, "load", lambda name, split, n, seed, size: smooth(140 if split == "train" else 20))
    kept = tmp_path / "kept.safetensors"
    assert run("train", "koo-baseline", "--profile", "smoke", "--device", "cpu", "--seed", 2, "--keep", kept) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2] == "koo-baseline.smooth.smoke.s2.json" and "unexplained " in lines[-1]
    assert (results / "runs" / lines[-2]).exists() and kept.exists()


@pytest.mark.parametrize("words, message", [
    (["vgg"], "unknown recipe 'vgg': expected one of koo-baseline"),
    (["koo-baseline", "--profile", "fast"], "unknown profile 'fast'"),
    (["koo-baseline", "--profile", "smoke", "--epochs", "0"], "must be at least 1"),
])
def test_a_training_that_cannot_be_is_answered_in_one_line(results, monkeypatch, capsys, words, message):
    monkeypatch.setattr(datasets, "load", lambda name, split, n, seed, size: smooth(140))
    assert run("train", *words, "--device", "cpu") == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_missing_goes_on_after_what_cannot_be_had(results, monkeypatch, capsys):
    done = []
    def trained(name, *_):
        if name.startswith("dahl"):
            raise DataUnavailable("ImageNet's weights are not here")
        done.append(name)
    monkeypatch.setattr(records, "missing", lambda profile: [("dahl-hypercolumn", 0), ("koo-baseline", 1)])
    monkeypatch.setattr(records, "run", trained)
    assert run("train", "--missing") == 1 and done == ["koo-baseline"]
    assert "dahl-hypercolumn, seed 0, is left out: ImageNet's weights" in capsys.readouterr().err


def test_missing_trains_what_the_table_lacks(results, monkeypatch, capsys):
    trained = []
    monkeypatch.setattr(records, "missing", lambda profile: [("baseline-gray", 0), ("koo-baseline", 1)])
    monkeypatch.setattr(records, "run", lambda name, data, profile, seed, device: trained.append((name, profile, seed)))
    assert run("train", "--missing", "--profile", "quick") == 0
    assert trained == [("baseline-gray", "quick", 0), ("koo-baseline", "quick", 1)]
    assert "== koo-baseline, seed 1" in capsys.readouterr().out


@pytest.mark.parametrize("stop, message", [(KeyboardInterrupt(), "stopped"), (KeyboardInterrupt("after 2"), "after 2")])
def test_an_interrupt_is_status_130_and_a_word(monkeypatch, capsys, stop, message):
    def interrupted(*_, **__):
        raise stop

    monkeypatch.setattr(records, "run", interrupted)
    assert run("train", "koo-baseline") == 130
    assert capsys.readouterr().err == f"{message}\n"


# results, bench

def test_results_writes_the_table_and_checks_it(results, capsys):
    assert run("results", "--check") == 1 and not results.exists()
    assert run("results") == 0 and run("results", "--check") == 0
    (results / "README.md").write_text("typed by hand")
    assert run("results", "--check") == 1
    assert capsys.readouterr().out.endswith("results/README.md is not what the records say\n")


def test_a_broken_record_is_answered_in_one_line(results, capsys):
    (results / "runs").mkdir(parents=True)
    (results / "runs" / "odd.json").write_text("{")
    assert run("results") == 2
    assert capsys.readouterr().err.startswith("colorlib results: odd.json is no record of a run")


@pytest.fixture
def benches(tmp_path, monkeypatch):
    """Two benchmarks that take no time."""
    monkeypatch.setattr(command, "project_root", lambda: tmp_path)
    (tmp_path / "benchmarks").mkdir()
    for name in ("color", "train"):
        code = f"def run():\n    return [dict(name='{name} against nothing', ratio=4.5, detail='5 pairs')]\n"
        (tmp_path / "benchmarks" / f"bench_{name}.py").write_text(code)


def test_bench_prints_the_ratios_of_all_or_of_one(benches, capsys):
    assert run("bench") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["color", "train"]
    assert run("bench", "train") == 0
    assert capsys.readouterr().out.split() == ["train", "train", "against", "nothing", "4.50", "5", "pairs"]


def test_an_unknown_bench_is_named(benches, capsys):
    assert run("bench", "train", "gpu") == 2
    assert capsys.readouterr().err == "colorlib bench: no benchmark gpu: there are color, train\n"
