"""Budgets, the curves of held-out images, and fingerprints of the code that made a record."""

import ast
import copy
import dataclasses
import functools
import json

import pytest
import torch
from pictures import smooth

from colorlib import color, known_truth
from colorlib.__main__ import main
from colorlib.checkpoint import write_tensors
from colorlib.colorizer import Colorizer
from colorlib.data import cued_fruit, datasets
from colorlib.data.fruit_photos import load_fruit_photos
from colorlib.data.image_set import ImageSet
from colorlib.experiments import budgets, fingerprint, missing_runs, records
from colorlib.experiments.curves import Curve
from colorlib.experiments.missing_runs import WantedRun, wanted_runs
from colorlib.experiments.recipes import ALL, get
from colorlib.metrics import unexplained

TRAIN, TEST = smooth(60, size=32, seed=1), smooth(20, size=32, seed=2)


@pytest.fixture
def tiny(folder, monkeypatch):
    """Sets a profile "long" of few recipes and epochs, on 60 images, of which six are held out."""
    def sets(epochs, **changes):
        budget = dataclasses.replace(budgets.BUDGETS["long"], epochs=epochs, seeds=(0,), **changes)
        monkeypatch.setitem(budgets.BUDGETS, "long", budget)
    TRAIN.name = TEST.name = "cifar10"
    monkeypatch.setattr(records.datasets, "load", lambda name, split, **_: TRAIN if split == "train" else TEST)
    monkeypatch.setattr(records, "classifier_path", lambda *_: None)
    monkeypatch.setattr(missing_runs, "PRIORITY", ())
    return sets


def test_the_gans_of_the_long_budget_see_as_many_images_as_perez_shows_hers():
    budget = budgets.BUDGETS["long"]
    for name in budgets.PEREZ:
        config = get(name).training_config("long")
        assert (50_000 - budget.held_out) * config.epochs == 470_000 and config.batch_size == 16


@pytest.mark.parametrize("profile", budgets.BUDGETS)
def test_every_recipe_of_a_budget_exists_and_has_settings_for_it(profile, monkeypatch):
    monkeypatch.setattr(WantedRun, "exists", lambda run, data: False)       # whatever has been trained
    for name in budgets.BUDGETS[profile].epochs:
        assert get(name).training_config(profile).epochs == budgets.BUDGETS[profile].epochs[name]
    wanted = {(run.recipe, run.seed) for run in wanted_runs(profile, budgets.BUDGETS[profile].data[0])}
    assert len(wanted) == len(budgets.BUDGETS[profile].epochs) * len(budgets.BUDGETS[profile].seeds)


def test_held_out_images_are_never_trained_on_and_the_same_for_each_call():
    kept, held_out = budgets.hold_out(TRAIN, "long")
    assert len(kept) == 54 and len(held_out) == 6
    together = torch.cat([kept.pixels, held_out.pixels]).flatten(1).unique(dim=0)
    assert len(together) == len(TRAIN.pixels.flatten(1).unique(dim=0))
    assert torch.equal(budgets.hold_out(TRAIN, "long")[1].pixels, held_out.pixels)
    assert budgets.hold_out(TRAIN, "lesson") == (TRAIN, None)


def test_a_budget_of_few_images_holds_out_as_many_as_it_says():
    budget = budgets.BUDGETS["best-500"]
    for count, left, out in ((budget.train, 500, 1000), (budget.train - 3, 499, 998), (30, 10, 20)):
        images = ImageSet(torch.zeros(count, 3, 4, 4, dtype=torch.uint8))
        kept, held_out = budgets.hold_out(images, "best-500")
        assert (len(kept), len(held_out)) == (left, out)


def test_specimens_of_fruit_that_are_held_out_are_of_no_training_image():
    images = load_fruit_photos("train", n=300, size=32)
    kept, held_out = budgets.hold_out(images, "fruit-photos")
    assert kept is images and len(held_out) == budgets.BUDGETS["fruit-photos"].held_out
    distances = torch.cdist(held_out.pixels.flatten(1).float(), kept.pixels.flatten(1).float())
    assert distances.min() > 100                                            # none of them is the same picture


def test_the_command_trains_a_budget_to_its_end_with_curves_in_the_records(tiny, capsys):
    tiny({"koo-baseline": 2, "perez-patchgan": 2}, changes={name: {"batch_size": 16}
                                                              for name in ("koo-baseline", "perez-patchgan")})
    assert main(["train", "--missing", "--profile", "long", "--minutes", "5", "--device", "cpu"]) == 0
    assert "done: 2" in capsys.readouterr().out
    plain, gan = (json.loads(records.path_of(name, "cifar10", "long", 0, records.pending_folder()).read_text())
                  for name in ("koo-baseline", "perez-patchgan"))
    assert [row["epoch"] for row in plain["curve"]] == [0, 1, 2] and plain["weights"] == "last"
    assert plain["curve"][2]["step"] == 6 and plain["curve"][2]["validation_loss"] > 0
    assert all(0 <= row["d_accuracy"] <= 1 and "unexplained" in row for row in gan["curve"])
    held_out = budgets.hold_out(TRAIN, "long")[1]                           # the curve ends with the kept weights
    kept = Colorizer.load(records.pending_folder() / "koo-baseline.long.safetensors")
    lab = color.rgb_to_lab(held_out.pixels)
    again = unexplained(kept.predict(lab[:, :1]), lab[:, 1:], held_out.ab_mean())
    assert plain["curve"][2]["unexplained"] == pytest.approx(again, rel=2e-3)   # stored as float16
    assert [fingerprint.stale(record) for record in (plain, gan)] == [[], []]
    assert not list((records.root().parent / "build" / "runs").glob("*.safetensors"))
    moved = {path.name for path in records.collect_pending()}
    assert {"koo-baseline.long.safetensors", "koo-baseline.cifar10.long.s0.json"} <= moved
    assert wanted_runs("long") == []


def test_the_weights_that_explain_most_are_kept_where_the_budget_says_so(tiny, monkeypatch):
    tiny({"koo-baseline": 3}, best=True, changes={"koo-baseline": {"batch_size": 16}})
    values, weights = iter([0.9, 0.5, 0.3, 0.4]), []
    call = Curve.__call__

    class Planted(Curve):
        def __call__(self):
            with monkeypatch.context() as m:
                value = next(values)
                m.setattr("colorlib.metrics.ColorSums.values", lambda _: {"unexplained": value, "chroma_ratio": 1.0})
                weights.append({k: v.clone() for k, v in self.colorizer.net.state_dict().items()})
                return call(self)

    monkeypatch.setattr(records, "Curve", Planted)
    keep = records.root() / "kept.safetensors"
    record = records.run("koo-baseline", "cifar10", "long", keep=keep, device="cpu", progress=False)
    stored = Colorizer.load(keep).net.state_dict()
    assert record["weights"] == "best"
    for name, best in weights[2].items():
        assert torch.allclose(stored[name].float(), best.float(), atol=1e-3, rtol=1e-3), name
    assert any(not torch.allclose(stored[n].float(), w.float(), atol=1e-3, rtol=1e-3) for n, w in weights[3].items())


def test_a_regression_is_measured_with_more_saturation_too_and_a_gan_is_not(tiny):
    """The control of every model that adds color: the same hues, with the training images' chroma."""
    small = {"batch_size": 16}
    tiny({"koo-baseline": 2, "perez-patchgan": 1}, changes={"koo-baseline": small, "perez-patchgan": small})
    plain, gan = (records.run(name, "cifar10", "long", progress=False, images=(TRAIN, TEST))["metrics"]
                  for name in ("koo-baseline", "perez-patchgan"))
    assert plain["boosted_chroma_ratio"] == pytest.approx(plain["boost"] * plain["chroma_ratio"], rel=1e-4)
    assert plain["boosted_hue_diversity"] == pytest.approx(plain["hue_diversity"], rel=1e-4)
    assert not [key for key in gan if key.startswith("boost")]


def test_a_run_on_painted_fruit_is_held_against_the_known_truth_of_its_test_images(folder):
    images = tuple(datasets.load("apples", split, n=40, size=32, seed=3) for split in ("train", "test"))
    made = records.run("painted-squared-error", "apples", "known-truth", seed=3, epochs=1, images=images,
                       progress=False)["metrics"]
    truth = cued_fruit.truth_of("apples", "test", 40, 32, seed=3)
    assert torch.equal(truth.rgb, images[1].pixels)
    assert made["truth_best_unexplained"] == pytest.approx(known_truth.best_unexplained(truth), abs=1e-5)
    assert made["truth_undecided"] > 0.5 and not [key for key, value in made.items() if value != value]
    assert "truth_rolled_without" not in made  # it has one answer


def test_a_sampler_paints_other_fruit_several_times_for_its_record(folder):
    images = tuple(datasets.load("apples", split, n=64, size=32) for split in ("train", "test"))
    made = records.run("painted-sampler", "apples", "sampler-apples", epochs=1, images=images,
                       device="cpu", progress=False)["metrics"]
    assert 0 <= made["truth_rolled_with_leaf"] <= 1 and 0 <= made["truth_rolled_without"] <= 1


def test_two_processes_never_train_the_same_run(tiny):
    tiny({"koo-baseline": 1}, changes={"koo-baseline": {"batch_size": 16}})
    with missing_runs._alone(WantedRun("koo-baseline", "long", 0), "cifar10"):
        report = missing_runs.train_missing(5, "long", "cpu", progress=False)
    assert report.done == [] and "another process" in report.left[0]
    assert len(missing_runs.train_missing(5, "long", "cpu", progress=False).done) == 1


def test_checkpoints_that_would_take_more_than_the_limit_stay(folder, monkeypatch):
    write_tensors(records.pending_folder() / "koo-baseline.long.safetensors", {"w": torch.zeros(1000)}, {})
    monkeypatch.setattr(records, "CHECKPOINT_BYTES", 1000)
    assert records.collect_pending() == []
    monkeypatch.setattr(records, "CHECKPOINT_BYTES", 9000)
    assert len(records.collect_pending()) == 1


def test_the_checkpoints_of_the_package_are_within_the_limit():
    files = list(records.CHECKPOINTS.glob("*.safetensors"))
    assert files and sum(file.stat().st_size for file in files) <= records.CHECKPOINT_BYTES


CODE = 'def f(x):\n    """Doubles."""\n    return 2 * x\n'


def test_a_fingerprint_sees_what_is_computed_and_not_what_is_said_about_it():
    same = fingerprint.of_source('# new\ndef f(x):\n    """Twice."""\n    return (2 * x)  # why\n')
    assert fingerprint.of_source(CODE) == same != fingerprint.of_source(CODE.replace("2 * x", "3 * x"))
    assert fingerprint.of_source(CODE) != fingerprint.of_source(CODE.replace("return 2 * x", "return x"))


def test_a_record_is_stale_if_its_code_or_its_settings_changed(monkeypatch):
    record = {"recipe": "perez-patchgan", "profile": "long", "fingerprint": fingerprint.of("perez-patchgan", "long")}
    assert fingerprint.stale(record) == []
    assert fingerprint.stale({"recipe": "koo-baseline", "profile": "lesson"}) == ["first edition"]
    assert fingerprint.stale({"recipe": "baseline-gray", "profile": "lesson"}) == []
    assert {"models/discriminators", "models/unet", "train_gan", "losses", "targets", "color"} <= set(
        record["fingerprint"]) and "color_bins" not in record["fingerprint"]
    real = fingerprint._contents

    def planted(name):
        """The sources, with a statement added to one definition in each module that has it."""
        @functools.cache
        def contents(module):
            definitions, imported = copy.deepcopy(real(module))
            if name in definitions:
                definitions[name].body.append(ast.Pass())
            return definitions, imported
        return contents

    for name, parts in (("PatchDiscriminator", ["models/discriminators"]), ("gan_step", ["train_gan"]),
                        ("binary_cross_entropy", ["losses"]), ("ImageDiscriminator", []), ("YuvTarget", []),
                        ("regression_step", [])):
        with monkeypatch.context() as m:
            m.setattr(fingerprint, "_contents", planted(name))
            assert fingerprint.stale(record) == parts, name
    recipe = ALL["perez-patchgan"]
    monkeypatch.setitem(ALL, recipe.name, dataclasses.replace(recipe, training=recipe.training.replace(lr=1e-4)))
    assert fingerprint.stale(record) == ["settings"]
    monkeypatch.delitem(ALL, recipe.name)
    assert fingerprint.stale(record) == ["recipe"]
