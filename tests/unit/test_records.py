"""Records say how a run was made and what was measured; the table says what the records say."""

import dataclasses
import json

import pytest
import torch
from pictures import smooth
from PIL import Image

from colorlib import losses, metrics
from colorlib.colorizer import Colorizer
from colorlib.evaluate import baseline, classify_colorized, evaluate, evaluate_baseline, nazeri_accuracy
from colorlib.experiments import classifiers, records
from colorlib.experiments.recipes import ABLATIONS, RECIPES, SAME_TIME, TRANSFER, get
from colorlib.image_classifier import ImageClassifier
from colorlib.train import TrainingHistory, fit, regression_step

IMAGES = smooth(140, size=16, seed=1), smooth(20, size=16, seed=2)


def run(name="koo-baseline", **keywords):
    return records.run(name, **{"profile": "smoke", "device": "cpu", "images": IMAGES, "progress": False} | keywords)


def record(recipe="koo-baseline", seed=0, **changes):
    """A made-up record."""
    made = {"code": "K1", "recipe": recipe, "data": "cifar10", "profile": "lesson", "seed": seed, "n": 10_000,
            "metrics": dict.fromkeys(metrics.NAMES, 0.5), "epochs": 6, "minutes": 3.25, "parameters": 30_530,
            "device": "2 cores", "precision": "float32", "versions": {"torch": "2.6.0"}, "commit": "abc1234"}
    unexplained = changes.pop("unexplained", 0.5)
    return made | {"metrics": made["metrics"] | {"unexplained": unexplained}} | changes


def put(folder, *made):
    """Write records as files."""
    (folder / "runs").mkdir(parents=True, exist_ok=True)
    for one in made:
        path = folder / "runs" / f"{one['recipe']}.{one['data']}.{one['profile']}.s{one['seed']}.json"
        path.write_text(json.dumps(one))


# runs

def test_a_run_writes_its_record_where_it_belongs(folder):
    made = run(seed=3)
    path = folder / "runs" / "koo-baseline.smooth.smoke.s3.json"
    assert json.loads(path.read_text()) == made and sorted(made) == sorted([*records.FIELDS, "fingerprint"])
    assert made["code"] == "K1" and made["n"] == 20 and made["epochs"] == 1 and made["parameters"] == 30_530
    numbers_of_n = {"mae", "exact", "exact_values", "within_2", "within_5"}
    variety = {"hues", "hue_diversity", "color_correlation", "chance_correlation"}
    assert set(made["metrics"]) == {*metrics.NAMES, *metrics.MORE, *numbers_of_n, *variety, "loss"}
    assert set(made["versions"]) >= {"python", "torch", "torchvision", "accelerate", "numpy"}
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert made["commit"] == "unknown" or made["commit"].removesuffix("+").isalnum()


def test_what_is_recorded_is_what_the_kept_file_measures(folder, tmp_path):
    made = run(keep=tmp_path / "kept.safetensors")
    kept = Colorizer.load(tmp_path / "kept.safetensors")
    assert kept.notes == {name: made[name] for name in ("recipe", "code", "data", "profile", "seed", "epochs")}
    again = evaluate(kept, IMAGES[1], IMAGES[0].ab_mean())
    assert {k: round(v, 6) for k, v in again.items()} == {k: made["metrics"][k] for k in again}


def test_a_classifier_is_recorded_with_the_plain_mean_too(folder, tmp_path):
    made = run("delft-classifier", keep=tmp_path / "kept.safetensors")["metrics"]
    kept = Colorizer.load(tmp_path / "kept.safetensors")
    assert kept.target.T == 0.38
    kept.target = dataclasses.replace(kept.target, T=1.0)
    again = evaluate(kept, IMAGES[1], IMAGES[0].ab_mean())
    assert {f"{k}_at_T1": round(v, 6) for k, v in again.items()} == {k: v for k, v in made.items() if k.endswith("_T1")}
    assert made["chroma_ratio_at_T1"] != made["chroma_ratio"]


def test_a_folder_of_pictures_is_named_in_its_record(folder, tmp_path):
    for split, n in (("train", 40), ("test", 8)):
        (tmp_path / "my pears" / split).mkdir(parents=True)
        for i, pixels in enumerate(smooth(n, size=20).pixels):
            Image.fromarray(pixels.permute(1, 2, 0).numpy()).save(tmp_path / "my pears" / split / f"{i}.png")
    made = run("delft-compact", data=f"folder:{tmp_path / 'my pears'}", images=None, size=16)
    assert (made["data"], made["n"]) == ("folder-my pears-16px", 8)
    assert [p.name for p in (folder / "runs").iterdir()] == ["delft-compact.folder-my pears-16px.smoke.s0.json"]


def test_the_record_of_a_gan_says_what_its_game_came_to(folder):
    made = run("nazeri-gan")["metrics"]
    n = len(IMAGES[1])
    assert made["fake_called_fake"] + made["fake_called_real"] == n
    assert made["real_called_fake"] + made["real_called_real"] == n
    assert made["accuracy"] == pytest.approx((made["fake_called_fake"] + made["real_called_real"]) / (2 * n), abs=1e-6)
    assert made["gradient_norm"] > 0 and made["d_steps"] == 1 and 0 <= made["median_fake"] <= 1
    assert {"collapse", "over_inputs", "over_noise"} <= set(made)


def test_a_colorizer_is_asked_once_for_each_picture(folder):
    asked, test = [], smooth(700, size=16, seed=4)
    test.labels, test.classes = torch.arange(700) % 3, ("a", "b", "c")
    judge = ImageClassifier.train_on(test, epochs=1, width=2)
    judge.save(folder.parent / "checkpoints" / f"classifier-{test.name}.safetensors")

    def predict(L):
        asked.append(len(L))
        return torch.cat([L - 50, 20 - L / 5], dim=1)

    values = records.measured(predict, test, IMAGES[0].ab_mean())
    assert asked == [500, 200]
    expected = evaluate(predict, test, IMAGES[0].ab_mean()) | nazeri_accuracy(predict, test, batch_size=90)
    assert {name: values[name] for name in expected} == pytest.approx(expected, rel=1e-6)
    assert values["frechet"] == pytest.approx(classify_colorized(judge, predict, test)["frechet"], rel=1e-2)
    with pytest.raises(ValueError, match="next batch of 20"):
        records.CachedPredictions(predict, IMAGES[1])(torch.zeros(30, 1, 16, 16))


def test_the_same_time_is_measured_in_pictures_of_each_system(monkeypatch):
    a1, a2, *_ = SAME_TIME
    counts = [records.image_counts("same-time", name) for name in (a1, a2)]
    assert counts == [(SAME_TIME[a1], 2000), (SAME_TIME[a2], 2000)]
    assert records.image_counts("same-pictures", a2) == (SAME_TIME[a1], 2000)
    with pytest.raises(ValueError, match="koo-baseline"):
        records.image_counts("same-time", "koo-baseline")


def test_a_baseline_is_recorded_without_training(folder):
    made = run("baseline-mean")
    expected = evaluate_baseline("mean", IMAGES[1], IMAGES[0])
    expected |= nazeri_accuracy(baseline("mean", IMAGES[0]), IMAGES[1])
    assert {k: made["metrics"][k] for k in expected} == {k: round(v, 6) for k, v in expected.items()}
    assert made["epochs"] == made["parameters"] == 0 and made["code"] == "-"


def test_a_run_with_the_settings_of_a_gpu_has_them_in_its_record_and_a_checkpoint_of_its_own(folder, monkeypatch):
    """On a CPU that stands for a GPU: `Recipe.training_config` gives the GPU's settings."""
    recipe, seen = RECIPES["koo-baseline"], []
    real = type(recipe).training_config
    monkeypatch.setattr(type(recipe), "training_config", lambda self, profile, published=False, epochs=None,
                        device=None: real(self, profile, published, epochs, "cpu" if device is None else "cuda"))
    monkeypatch.setitem(recipe.gpu_training, "batch_size", 70)
    fit_recipe = records.recipes.fit_recipe
    monkeypatch.setattr(records.recipes, "fit_recipe", lambda *given, **named: seen.append(
        (given[3], named["checkpoint"])) or fit_recipe(*given, **named))
    made = run(profile="lesson", epochs=1)
    (config, checkpoint), = seen
    assert (config.batch_size, config.lr) == (70, 2e-2) and checkpoint.name.endswith(".s0.gpu.safetensors")
    assert made["training"] == {"batch_size": 70, "lr": 2e-2} and records.read() == [made]


@pytest.mark.parametrize("call, whole_epochs", [(2, 0), (4, 1)])              # of two batches an epoch
def test_a_run_that_was_stopped_goes_on_and_ends_as_one_that_was_not(folder, monkeypatch, call, whole_epochs):
    whole = run(epochs=3, seed=5)["metrics"]
    (folder / "runs" / "koo-baseline.smooth.smoke-3-epochs.s5.json").unlink()
    loss, calls = losses.squared_error, []

    def stop(*given):
        calls.append(1)
        if len(calls) == call:
            raise KeyboardInterrupt
        return loss(*given)

    monkeypatch.setattr(losses, "squared_error", stop)
    with pytest.raises(KeyboardInterrupt, match=f"after {whole_epochs} epochs"):
        run(epochs=3, seed=5)
    assert not list((folder / "runs").iterdir())
    calls.clear()
    monkeypatch.setattr(losses, "squared_error", lambda *given: calls.append(1) or loss(*given))
    assert run(epochs=3, seed=5)["metrics"] == whole and len(calls) == 2 * (3 - whole_epochs)       # what was left


def test_what_a_notebook_trained_waits_until_it_is_adopted(folder):
    colorizer = get("koo-baseline").build(0)
    history = fit(colorizer, IMAGES[0], regression_step, get("koo-baseline").training_config("smoke"), device="cpu",
                  precision="no", progress=False)
    made = records.finish(colorizer, "koo-baseline", "K1", *IMAGES, "smoke", 0, history,
                          keep=records.pending_folder() / "koo-baseline.safetensors", folder=records.pending_folder())
    (records.pending_folder() / ".koo-baseline.safetensors.x1").write_text("half")
    assert records.read() == [] and not folder.exists()
    moved = records.collect_pending()
    assert [path.relative_to(folder.parent).as_posix() for path in moved] == [
        "checkpoints/koo-baseline.safetensors", "results/runs/koo-baseline.smooth.smoke.s0.json"]
    assert records.read() == [made] and Colorizer.load(moved[0]).notes["recipe"] == "koo-baseline"
    assert records.collect_pending() == []


def test_a_checkpoint_trained_for_longer_is_not_replaced(folder, capsys):
    colorizer = get("koo-baseline").build(0)
    there = folder.parent / "checkpoints" / "koo-baseline.safetensors"
    pending_folder = records.pending_folder() / "koo-baseline.safetensors"
    colorizer.save(there, epochs=20)
    colorizer.save(pending_folder, epochs=5)
    (records.pending_folder() / "koo-baseline.cifar10.lesson.s0.json").write_text(json.dumps(record()))
    assert records.collect_pending() == [] and Colorizer.load(there).notes["epochs"] == 20 and pending_folder.exists()
    assert records.read() == []                                             # nor is its record taken over
    for path in records.pending_folder().glob("*.json"):
        path.unlink()
    assert "trained for longer and stays" in capsys.readouterr().out
    colorizer.save(pending_folder, epochs=21)
    assert records.collect_pending() == [there] and Colorizer.load(there).notes["epochs"] == 21


def test_of_a_variant_the_record_is_collected_and_the_weights_are_not(folder):
    weights = records.pending_folder() / "delft-compact-rgb.safetensors"
    get("koo-baseline").build(0).save(weights, epochs=2)
    (records.pending_folder() / "delft-compact-rgb.cifar10.lesson.s0.json").write_text(json.dumps(record()))
    assert [path.suffix for path in records.collect_pending()] == [".json"] and weights.exists()


@pytest.fixture
def labeled():
    """IMAGES with labels, and a data set by that name."""
    return [type(one)(one.pixels, torch.arange(len(one)) % 2, ("a", "b"), "smooth") for one in IMAGES]


@pytest.mark.parametrize("same", [True, False])
def test_what_was_not_measured_yet_is_measured_from_the_checkpoint(folder, monkeypatch, labeled, same):
    monkeypatch.setattr(records.datasets, "load", lambda name, split: labeled[split == "test"])
    colorizer = get("koo-baseline").build(0)
    true = records.measured(colorizer, labeled[1], IMAGES[0].ab_mean())
    assert "frechet" not in true
    old = {name: true[name] for name in metrics.NAMES} | {"loss": 0.25}
    flat = evaluate_baseline("mean", labeled[1], IMAGES[0])
    put(folder, record(data="smooth", metrics=old if same else old | {"unexplained": 0.1}),
        record("baseline-mean", data="smooth", metrics=flat), record(data="smooth", seed=1))    # no checkpoint of that
    colorizer.save(folder.parent / "checkpoints" / "koo-baseline.safetensors",
                   recipe="koo-baseline", data="smooth", profile="lesson", seed=0)
    classifiers.train("classifier", "smooth", "cpu", epochs=1)
    if not same:
        with pytest.raises(ValueError, match="different trainings"):
            records.measure_again("smooth", "cpu")
        return
    assert records.measure_again("smooth", "cpu") == ["baseline-mean", "koo-baseline"]
    mean, first, second = records.read()
    assert first["metrics"].keys() > true.keys() | {"loss", "frechet", "judge_accuracy"}
    assert first["metrics"]["loss"] == 0.25 and first["metrics"]["mae"] == pytest.approx(true["mae"], abs=1e-5)
    assert "mae" in mean["metrics"] and "mae" not in second["metrics"]
    assert records.measure_again("smooth", "cpu") == []


def test_an_encoder_learns_from_nine_tenths_of_the_training_images_alone(folder, monkeypatch, labeled):
    asked, seen = [], []
    monkeypatch.setattr(records.datasets, "load", lambda name, split: asked.append(split) or labeled[split == "test"])
    trained = ImageClassifier.train_on
    monkeypatch.setattr(records.ImageClassifier, "train_on", lambda images, *a, **k: seen.append(len(images))
                        or trained(images, *a, **k))
    path, accuracy = classifiers.train("encoder", "smooth", "cpu", epochs=1)
    assert asked == ["train"] and seen == [len(labeled[0]) * 9 // 10] and 0 <= accuracy <= 1
    assert path == folder.parent / "checkpoints" / "encoder-smooth.safetensors"
    assert ImageClassifier.load(path).net.config["inputs"] == 1
    with pytest.raises(ValueError, match="is there"):
        classifiers.train("encoder", "smooth", "cpu", epochs=1)


def test_a_judge_is_trained_once_and_not_replaced(folder, monkeypatch, labeled):
    assert records.classifier_path("cifar10") == records.CHECKPOINTS / "classifier-cifar10.safetensors"
    monkeypatch.setattr(records.datasets, "load", lambda name, split: labeled[split == "test"])
    path, accuracy = classifiers.train("classifier", "smooth", "cpu", epochs=1)
    assert path == records.classifier_path("smooth") == folder.parent / "checkpoints" / "classifier-smooth.safetensors"
    assert accuracy == ImageClassifier.load(path).accuracy(labeled[1].pixels, labeled[1].labels)
    with pytest.raises(ValueError, match="is there"):
        classifiers.train("classifier", "smooth", "cpu", epochs=1)
    with pytest.raises(ValueError, match="epochs must be at least 1"):
        ImageClassifier.train_on(labeled[0], epochs=0)


def test_other_epochs_than_the_profiles_leave_a_record_of_their_own(folder):
    usual = run()
    other = run(epochs=2)
    assert usual["profile"] == "smoke" and other["profile"] == "smoke-2-epochs" and other["epochs"] == 2
    assert len(records.read()) == 2
    again = run(epochs=1)                                                   # as many as the profile has: trained anew
    assert again["profile"] == "smoke" and again["metrics"] == usual["metrics"] != run(seed=1)["metrics"]
    assert run("koo-baseline" + records.PUBLISHED)["recipe"] == "koo-baseline-as-published"
    assert (folder / "runs" / "koo-baseline-as-published.smooth.smoke.s0.json").exists()


def test_of_several_processes_only_the_first_writes(folder, monkeypatch):
    history = TrainingHistory([{"epoch": 1, "loss": 1.0, "seconds": 1.0}])
    monkeypatch.setattr(records.recipes, "fit_recipe", lambda *_, **__: history)
    monkeypatch.setenv("RANK", "1")
    assert run() == {} and not (folder / "runs").exists()


# reading

@pytest.mark.parametrize("wrong, words", [
    ({"name": "vgg"}, "vgg"), ({"profile": "fast"}, "fast"), ({"profile": "fast", "images": None}, "fast"),
    ({"device": "abacus"}, "abacus"), ({"epochs": 0}, "epochs"),
])
def test_a_run_of_something_unknown_is_refused_before_it_starts(folder, wrong, words):
    with pytest.raises(ValueError, match=words):
        run(**wrong)
    assert not folder.exists()


@pytest.mark.parametrize("content", [
    "{", "", "[]", "null", "{}", b"\xff\xfe{}", json.dumps({k: v for k, v in record().items() if k != "device"}),
    json.dumps(record() | {"metrics": {"unexplained": 0.5}}), json.dumps(record() | {"metrics": None}),
    json.dumps(record() | {"versions": None}), json.dumps(record() | {"seed": "0"}), "[" * 100_000,
    json.dumps(record() | {"training": []}), json.dumps(record() | {"minutes": float("nan")}),
    json.dumps(record() | {"metrics": record()["metrics"] | {"psnr": float("nan")}}),
    json.dumps(record()),                                                       # a copy under another name
])
def test_a_broken_record_is_named_and_hides_no_good_one(folder, content, capsys):
    assert records.read() == []
    put(folder, record())
    path = folder / "runs" / "odd.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert records.read() == [record()]
    assert "odd.json is no record of a run" in capsys.readouterr().err


def test_missing_names_the_runs_that_the_table_lacks_and_no_other(folder):
    everything = records.missing()
    assert len(everything) == 3 + 3 * sum("lesson" in recipe.epochs for recipe in RECIPES.values())
    assert ("baseline-gray", 0) in everything and ("nazeri-unet", 2) in everything
    put(folder, record(seed=1), record(profile="quick"))
    assert set(everything) - set(records.missing()) == {("koo-baseline", 1)}
    assert ("koo-baseline", 0) not in records.missing("quick")
    assert len(records.missing(data="fruits")) == len(everything)
    assert len(records.missing("ablation")) == 3 * len(ABLATIONS)
    assert len(records.missing("transfer-500")) == 3 * len(TRANSFER)
    assert {name for name, _ in records.missing("same-time")} == set(SAME_TIME)
    assert records.missing("same-pictures") == [("dahl-residual-encoder", seed) for seed in (0, 1, 2)]
    put(folder, record(recipe="patch", profile="ablation"))
    assert ("patch", 0) not in records.missing("ablation") and ("patch", 1) in records.missing("ablation")
