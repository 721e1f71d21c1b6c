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

import colorlib
from colorlib import __main__ as command
from colorlib import colorize_command
from colorlib.colorizer import Colorizer
from colorlib.data import datasets, image_files
from colorlib.data.storage import DataUnavailable
from colorlib.experiments import missing_runs, records
from colorlib.experiments.recipes import RECIPES
from colorlib.models import UNet
from colorlib.notebook import plots


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A colorizer's file."""
    torch.manual_seed(0)
    return Colorizer(UNet(2, 2)).save(tmp_path_factory.mktemp("model") / "small.safetensors")


_real_images = plots.images


def run(*words):
    return command.main([str(word) for word in words])


def photograph(folder, name="photo.png", mode="RGB", size=(23, 17), **keywords):
    """A picture file; size is (width, height)."""
    image = Image.fromarray(smooth(1, size=32).pixels[0].permute(1, 2, 0).numpy()).resize(size).convert(mode)
    image.save(folder / name, **keywords)
    return folder / name


# help

def parsers():
    """The parser of each command, by its name."""
    return next(action.choices for action in command._parser()._actions if action.dest == "command")


@pytest.mark.parametrize("name", parsers())
def test_every_command_has_help_with_an_example_that_is_true(name, capsys):
    with pytest.raises(SystemExit) as stop:
        run(name, "--help")
    assert stop.value.code == 0 and f"example: python -m colorlib {name}" in " ".join(capsys.readouterr().out.split())
    options = command._parser().parse_args(parsers()[name].epilog.split("python -m colorlib ")[1].split())
    assert options.command == name
    for model in [getattr(options, "model", None), *getattr(options, "models", [])]:
        assert model is None or "." in model or colorize_command.checkpoint_file(model).exists()
    assert getattr(options, "recipe", None) in (None, *RECIPES)
    for bench in getattr(options, "only", []):
        assert (command.project_root() / "benchmarks" / f"bench_{bench}.py").exists()


def test_words_that_are_no_command_are_answered_with_the_usage_and_none_with_the_help(capsys):
    for words in (("paint",), ("colorize",), ("train", "--seed", "one")):
        with pytest.raises(SystemExit) as stop:
            run(*words)
        assert stop.value.code == 2 and capsys.readouterr().err.startswith("usage: colorlib")
    assert run() == 0 and capsys.readouterr().out.startswith("usage: colorlib")
    with pytest.raises(SystemExit):
        run("--version")
    assert capsys.readouterr().out == f"colorlib {colorlib.__version__}\n"


@pytest.mark.parametrize("words", [("bench", "color"), ("results", "--check"), ("train", "koo-baseline"),
                                   ("train", "--missing")])
def test_outside_of_a_checkout_what_needs_one_does_no_work(words, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("colorlib.paths.find_project_root", lambda: None)
    monkeypatch.delenv("COLORLIB_RESULTS", raising=False)
    assert run(*words) == 2 and not list(tmp_path.iterdir())
    error = capsys.readouterr().err
    assert "needs a checkout" in error and error.count("\n") == 1


def test_outside_of_a_checkout_recipes_are_listed_and_records_go_where_one_says(folder, monkeypatch, capsys):
    monkeypatch.setattr("colorlib.paths.find_project_root", lambda: None)
    assert run("results") == 0 and (folder / "README.md").exists()
    monkeypatch.delenv("COLORLIB_RESULTS")
    assert run("train") == 0 and "koo-baseline" in capsys.readouterr().out


def test_help_comes_at_once_without_torch():
    code = "import sys; from colorlib.__main__ import _parser; _parser(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_mistake_is_one_line_and_status_2_without_a_traceback(tmp_path):
    done = subprocess.run([sys.executable, "-m", "colorlib", "colorize", str(tmp_path / "none.jpg")],
                          capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("colorlib colorize: no picture at ") and done.stderr.count("\n") == 1


# colorize

@pytest.mark.parametrize("name, mode", [("photo.jpg", "RGB"), ("gray.png", "L"), ("palette.gif", "P"),
                                        ("alpha.png", "RGBA")])
def test_a_photograph_becomes_the_png_that_the_colorizer_answers(tmp_path, model, capsys, name, mode):
    photo = photograph(tmp_path, name, mode)
    assert run("colorize", photo, "--model", model, "--max-side", 12) == 0
    output = tmp_path / (photo.stem + "-colorized.png")
    assert sorted(os.listdir(tmp_path)) == sorted([photo.name, output.name])
    assert capsys.readouterr().out.endswith(f"{output.name} (23 x 17 pixels)\n")
    written = torch.from_numpy(np.array(Image.open(output))).permute(2, 0, 1)
    rgb = torch.tensor(image_files.decode(photo)).permute(2, 0, 1)
    assert torch.equal(written, Colorizer.load(model).colorize(rgb, max_side=12))


def test_one_file_may_go_to_a_folder_and_a_tilde_is_the_home_folder(tmp_path, monkeypatch, model):
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(model.parent))
    (tmp_path / "there").mkdir()
    photograph(model.parent, "mine.png")
    for output in ("new/", "there"):
        assert run("colorize", "~/mine.png", "-o", output, "--model", f"~/{model.name}") == 0
        assert (tmp_path / output / "mine.png").exists()


@pytest.mark.parametrize("words, message", [
    (["none.jpg"], "none.jpg"), (["empty"], "empty"), (["photo.png", "none.jpg"], "none.jpg"),
    ([".", "-o", "."], "cannot be the folder"), ([".", "photo.png", "-o", "all.png"], "all.png after -o is a file"),
    ([".", "-o", "text.jpg"], "text.jpg after -o is a file"), (["photo.png", "empty/", "-o", "out"], "folder empty"),
    (["photo.png", "text.jpg", "-o", "."], "would replace"), (["text.jpg"], "text.jpg: not a"),
    (["cut.png"], "damaged"), (["photo.png", "-o", "photo.jpg"], "photo.jpg"),
    (["photo.png", "-o", "photo.png"], "would replace"), (["photo.png", "-o", "no/folder/x.png"], "to write to"),
    (["photo.png", "--max-side", "-1"], "-1"), (["photo.png", "--device", "abacus"], "abacus"),
    (["photo.png", "--model", "nobody"], "nobody"), (["photo.png", "--model", "text.jpg"], "not a complete"),
    (["photo.png", "--model", "none.safetensors"], "no checkpoint at none.safetensors"),
])
def test_what_cannot_be_colored_is_answered_in_one_line(tmp_path, monkeypatch, model, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    photograph(tmp_path)
    (tmp_path / "text.jpg").write_text("no picture\n" * 50)
    (tmp_path / "cut.png").write_bytes((tmp_path / "photo.png").read_bytes()[:300])
    (tmp_path / "empty").mkdir()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert run("colorize", *words, *([] if "--model" in words else ["--model", model])) == 2
    error = capsys.readouterr().err
    assert message in error and error.startswith("colorlib colorize: ") and error.count("\n") == 1
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, "empty"])


def test_many_files_and_folders_are_colored_around_those_that_are_broken(tmp_path, model, capsys):
    (tmp_path / "holiday/beach").mkdir(parents=True)
    one = photograph(tmp_path, "one.jpg")
    photograph(tmp_path / "holiday", "two.webp")
    photograph(tmp_path / "holiday/beach", "three.png")
    (tmp_path / "holiday/broken.jpg").write_text("no picture")
    out = tmp_path / "out"
    assert run("colorize", one, tmp_path / "holiday", "-o", f"{out}/", "--model", model) == 1
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*")) == [
        "beach", "beach/three.png", "one.png", "two.png"]
    printed = capsys.readouterr()
    assert printed.out.startswith("3 of 4 ")
    broken = tmp_path / "holiday/broken.jpg"
    assert str(broken) in printed.err and printed.err.count("\n") == 1                       # and no progress bar
    broken.unlink()
    assert run("colorize", one, tmp_path / "holiday", "-o", out, "--model", model) == 0
    assert capsys.readouterr().out.startswith("3 of 3 ")


# compare

def test_compare_draws_a_row_for_each_model_between_gray_and_truth(tmp_path, model, monkeypatch, capsys):
    seen = {}
    monkeypatch.setattr(datasets, "load", lambda *a, **k: smooth(6, size=16))
    monkeypatch.setattr("colorlib.notebook.plots.images", lambda rows: seen.update(rows) or _real_images(rows))
    assert run("compare", model, f"again={model}", "-n", 3, "-o", tmp_path / "c.png", "--device", "cpu") == 0
    assert list(seen) == ["gray", "small", "again", "truth"] and all(len(row) == 3 for row in seen.values())
    torch.testing.assert_close(seen["small"], Colorizer.load(model).colorize(seen["truth"]))
    assert Image.open(tmp_path / "c.png").mode == "RGB" and os.listdir(tmp_path) == ["c.png"]
    for words in (["-o", "d.jpg"], ["-n", "9", "-o", "d.png"], ["no-such", "-o", "d.png"]):
        monkeypatch.chdir(tmp_path)
        assert run("compare", model, *words) == 2 and capsys.readouterr().err.count("\n") == 1
    assert os.listdir(tmp_path) == ["c.png"]


# data

def test_data_are_described_and_an_unknown_set_is_answered_in_one_line(capsys):
    assert run("data", "fruits") == 0 and len(capsys.readouterr().out.splitlines()) == 2
    for name in ("mnist", "folder:nowhere"):
        assert run("data", name) == 2 and capsys.readouterr().err.count("\n") == 1


# train

def test_a_judge_is_trained_by_its_name_and_old_records_are_measured_with_it(folder, monkeypatch, capsys):
    def labeled(name, split, **_):
        one = smooth(140 if split == "train" else 20)
        return type(one)(one.pixels, torch.arange(len(one)) % 2, ("a", "b"), "cifar10")

    monkeypatch.setattr(datasets, "load", labeled)
    monkeypatch.setattr(records, "CHECKPOINTS", folder.parent / "none")    # where there is no judge yet
    assert run("train", "classifier", "--device", "cpu", "--epochs", 1) == 0
    assert "classifier-cifar10.safetensors: accuracy" in capsys.readouterr().out
    assert run("train", "classifier", "--device", "cpu", "--epochs", 1) == 2 and "is there" in capsys.readouterr().err
    assert run("train", "classifier", "--seed", 1) == 2 and "only --data" in capsys.readouterr().err
    (folder.parent / "checkpoints" / "classifier-cifar10.safetensors").rename(folder.parent / "away")
    assert run("train", "baseline-mean", "--device", "cpu") == 0
    (folder.parent / "away").rename(folder.parent / "checkpoints" / "classifier-cifar10.safetensors")
    capsys.readouterr()
    assert run("results", "--measure") == 0 and "baseline-mean" in capsys.readouterr().out.splitlines()
    assert "frechet" in records.read()[0]["metrics"]


def test_train_writes_a_record_and_says_which(folder, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(datasets, "load", lambda name, split, n, seed, size: smooth(140 if split == "train" else 20))
    kept = tmp_path / "kept.safetensors"
    assert run("train", "koo-baseline", "--profile", "smoke", "--device", "cpu", "--seed", 2, "--keep", kept) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2] == "koo-baseline.smooth.smoke.s2.json" and "unexplained " in lines[-1]
    assert (folder / "runs" / lines[-2]).exists() and kept.exists()


@pytest.mark.parametrize("words", [["vgg"], ["koo-baseline", "--profile", "fast"],
                                   ["koo-baseline", "--profile", "smoke", "--epochs", "0"],
                                   ["koo-baseline", "--minutes", 3], ["--missing", "--minutes", 3, "--keep", "x"]])
def test_a_training_that_cannot_be_is_answered_in_one_line(folder, monkeypatch, capsys, words):
    monkeypatch.setattr(datasets, "load", lambda name, split, n, seed, size: smooth(140))
    assert run("train", *words, "--device", "cpu") == 2
    assert capsys.readouterr().err.count("\n") == 1 and not folder.exists()


def test_settings_that_diverge_are_announced_and_train_on_request(folder, monkeypatch, capsys):
    """Koo's settings as published: nothing starts without the word, and with it the loss is soon no number."""
    started, images = [], smooth(8 * 128, size=8)
    run = records.run

    def spy(name, *arguments, **keywords):
        started.append(name)
        return run(name, *arguments, **keywords, images=(images, images[:8]), progress=False)

    monkeypatch.setattr(records, "run", spy)
    words = ["train", "koo-baseline", "--as-published", "--profile", "smoke", "--device", "cpu"]
    assert command.main(words) == 2 and not started
    message = capsys.readouterr().err
    assert "section 5.1" in message and "step 6" in message and "--although-it-diverges" in message
    assert command.main([*words, "--although-it-diverges"]) == 2 and started == ["koo-baseline-as-published"]
    assert re.search(r"as published, koo-baseline diverges.*\n.*became (nan|inf) at step \d", capsys.readouterr().err)
    assert not list(folder.rglob("*.json"))
    for other in (["train", "koo-baseline"], ["train", "nazeri-unet", "--as-published"]):
        assert command.main([*other, "--although-it-diverges"]) == 2 and len(started) == 1


def test_missing_trains_what_the_table_lacks_and_goes_on_after_what_cannot_be_had(folder, monkeypatch, capsys):
    done = []

    def trained(name, data, profile, seed, device):
        if name.startswith("dahl"):
            raise DataUnavailable("ImageNet's weights are not here")
        done.append((name, profile, seed))

    monkeypatch.setattr(records, "missing", lambda profile: [("dahl-hypercolumn", 0), ("koo-baseline", 1)])
    monkeypatch.setattr(records, "run", trained)
    assert run("train", "--missing", "--profile", "quick") == 1 and done == [("koo-baseline", "quick", 1)]
    assert "dahl-hypercolumn" in capsys.readouterr().err


def test_missing_with_a_time_limit_trains_and_reports(folder, monkeypatch, capsys):
    calls = []
    report = missing_runs.Report(done=["koo-baseline, lesson, seed 1: fine"], left=["nazeri-unet, lesson, seed 2"])
    monkeypatch.setattr(missing_runs, "train_missing", lambda *given: calls.append(given) or report)
    assert run("train", "--missing", "--minutes", 0.5, "--device", "cpu") == 0
    minutes, *others = calls[0]                     # a moment of them has passed already
    assert 0 < minutes <= 0.5 and others == [None, "cpu", "cifar10"]
    assert "nazeri-unet, lesson, seed 2" in capsys.readouterr().out
    assert run("train", "--missing", "--minutes", 2, "--profile", "ablation") == 0
    assert calls[1][1:] == ("ablation", "auto", "cifar10")


@pytest.mark.parametrize("stop, message", [(KeyboardInterrupt(), "stopped"), (KeyboardInterrupt("after 2"), "after 2")])
def test_an_interrupt_is_status_130_and_a_word(monkeypatch, capsys, stop, message):
    def interrupted(*_, **__):
        raise stop

    monkeypatch.setattr(records, "run", interrupted)
    assert run("train", "koo-baseline") == 130
    assert capsys.readouterr().err == f"{message}\n"


# results, bench

def test_results_writes_the_table_and_checks_it(folder, capsys):
    assert run("results", "--check") == 1 and not folder.exists()
    assert run("results") == 0 and run("results", "--check") == 0
    (folder / "README.md").write_text("typed by hand")
    assert run("results", "--check") == 1
    (folder / "runs").mkdir(parents=True)
    (folder / "runs" / "odd.json").write_text("{")
    capsys.readouterr()
    assert run("results") == 0 and "odd.json is no record of a run" in capsys.readouterr().err


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
    assert run("bench", "train", "gpu") == 2 and "gpu" in capsys.readouterr().err
