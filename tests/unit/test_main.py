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
from colorlib import color
from colorlib.colorizer import Colorizer
from colorlib.data import datasets, image_files
from colorlib.data.storage import DataUnavailable
from colorlib.experiments import missing_runs, records
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


@pytest.mark.parametrize("words", [("paint",), ("colorize",), ("train", "--seed", "one")])
def test_words_that_are_no_command_are_answered_with_the_usage(words, capsys):
    with pytest.raises(SystemExit) as stop:
        run(*words)
    assert stop.value.code == 2 and capsys.readouterr().err.startswith("usage: colorlib")


def test_without_a_command_the_help_is_printed(capsys):
    assert run() == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("usage: colorlib") and printed.err == ""


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as stop:
        run("--version")
    assert stop.value.code == 0 and capsys.readouterr().out == f"colorlib {colorlib.__version__}\n"


def examples():
    """The example of each command, as its words."""
    parser = command._parser()
    commands = next(action.choices for action in parser._actions if action.dest == "command")
    return {name: sub.epilog.removeprefix("example: python -m colorlib ").split() for name, sub in commands.items()}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_in_the_help_are_true(name):
    options = command._parser().parse_args(examples()[name])
    assert options.command == name
    for model in [getattr(options, "model", None), *getattr(options, "models", [])]:
        assert model is None or "." in model or command._checkpoint_file(model).exists()
    assert getattr(options, "recipe", None) in (None, *RECIPES)
    for bench in getattr(options, "only", []):
        assert (command.project_root() / "benchmarks" / f"bench_{bench}.py").exists()


@pytest.mark.parametrize("words", [("bench",), ("bench", "color"), ("results",), ("results", "--check"),
                                   ("train", "koo-baseline"), ("train", "--missing")])
def test_outside_of_a_checkout_what_needs_one_does_no_work(words, monkeypatch, capsys):
    def unexpected(*_, **__):
        pytest.fail("it began to work")

    monkeypatch.setattr("colorlib.paths.find_project_root", lambda: None)
    monkeypatch.delenv("COLORLIB_RESULTS", raising=False)
    for name in ("_bench", "_results", "_train"):
        monkeypatch.setattr(command, name, unexpected)
    assert run(*words) == 2
    error = capsys.readouterr().err
    assert "needs a checkout of the course" in error and error.count("\n") == 1


def test_outside_of_a_checkout_recipes_are_listed_and_records_go_where_one_says(results, monkeypatch, capsys):
    monkeypatch.setattr("colorlib.paths.find_project_root", lambda: None)
    assert run("results") == 0 and (results / "README.md").exists()
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
    (["empty"], f"no picture ({image_files.format_names()}) in the folder empty"),
    (["photo.png", "none.jpg"], "no picture or folder at none.jpg"),
    ([".", "-o", "."], ". cannot be the folder to write to as well"),
    ([".", "photo.png", "-o", "all.png"], "several pictures go to a folder: all.png after -o is a file"),
    ([".", "-o", "text.jpg"], "several pictures go to a folder: text.jpg after -o is a file"),
    (["photo.png", "empty/", "-o", "out"], "in the folder empty"),
    (["photo.png", "text.jpg", "-o", "."], "photo.png would replace a photograph"),
    (["text.jpg"], f"text.jpg: not a {image_files.format_names()}"),
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
    assert printed.out == f"3 of 4 pictures colored, in {out}\n"
    broken = tmp_path / "holiday/broken.jpg"
    assert printed.err == f"not colored: {broken}: not a {image_files.format_names()}\n"     # and no progress bar
    broken.unlink()
    assert run("colorize", one, tmp_path / "holiday", "-o", out, "--model", model) == 0
    assert capsys.readouterr().out == f"3 of 3 pictures colored, in {out}\n"


@pytest.mark.parametrize("output", ["new/", "there"])
def test_one_file_may_go_to_a_folder_as_well(tmp_path, monkeypatch, model, capsys, output):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    photograph(tmp_path)
    assert run("colorize", "photo.png", "-o", output, "--model", model) == 0
    assert capsys.readouterr().out == f"1 of 1 pictures colored, in {output.rstrip('/')}\n"
    assert (tmp_path / output / "photo.png").exists()


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch, model):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(model.parent))
    photograph(model.parent, "mine.png")
    assert run("colorize", "~/mine.png", "-o", "~/new.png", "--model", f"~/{model.name}") == 0
    assert (model.parent / "new.png").exists()


def test_a_broken_exif_block_neither_stops_nor_warns(tmp_path, model, capsys):
    photograph(tmp_path, "photo.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\x05\0" + b"\xff" * 9)
    assert run("colorize", tmp_path / "photo.jpg", "--model", model) == 0
    assert capsys.readouterr().err == ""


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
    assert "classifier-cifar10.safetensors: accuracy" in capsys.readouterr().out
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


def test_missing_with_a_time_limit_trains_reports_and_packs(results, monkeypatch, capsys):
    calls = []
    report = missing_runs.Report(done=["koo-baseline, lesson, seed 1: fine"], left=["nazeri-unet, lesson, seed 2"])
    monkeypatch.setattr(missing_runs, "train_missing", lambda *given: calls.append(given) or report)
    folder = records.pending_folder()
    folder.mkdir(parents=True)
    (folder / "a.json").write_text("{}")
    assert run("train", "--missing", "--minutes", 0.5, "--device", "cpu", "--pack") == 0
    assert calls == [(0.5, None, "cpu")]
    text = capsys.readouterr().out
    assert "done: 1" in text and "next: nazeri-unet, lesson, seed 2" in text and "packed: trained-1.zip" in text
    assert (folder.parent / "trained-1.zip").exists()
    assert run("train", "--missing", "--minutes", 2, "--profile", "ablation") == 0
    assert calls[1] == (2.0, "ablation", "auto") and "packed" not in capsys.readouterr().out


@pytest.mark.parametrize("words", [["koo-baseline", "--minutes", 3], ["--pack"], ["--missing", "--pack"],
                                   ["--missing", "--minutes", 3, "--keep", "x"]])
def test_a_time_limit_and_packing_go_with_missing_only(results, capsys, words):
    assert run("train", *words) == 2 and "--missing" in (error := capsys.readouterr().err) + str(words)
    assert error.count("\n") == 1


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
    assert capsys.readouterr().out.endswith("results/README.md does not agree with the records\n")


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
