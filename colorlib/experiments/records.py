"""Records of trainings: how each run was made, and what was measured on the test images.

    record = records.run("koo-baseline", data="cifar10", profile="lesson", seed=0)
    records.missing("lesson")                       # the runs that the results table still lacks

A record is one JSON file, results/runs/<recipe>.<data>.<profile>.s<seed>.json. Texts and tables
take their numbers from records, never from a keyboard; `results_table.py` makes results/README.md.
"""
import dataclasses
import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import torch

from colorlib import hints, known_truth, models
from colorlib.checkpoint import read_tensors
from colorlib.color_variety import color_variety
from colorlib.colorizer import Colorizer
from colorlib.data import cued_fruit, datasets
from colorlib.data.storage import make_writable, notify
from colorlib.data.streamed_set import StreamedSet
from colorlib.evaluate import (
    baseline,
    boosted,
    classify_colorized,
    evaluate,
    nazeri_accuracy,
    perceptual_distances,
)
from colorlib.experiments import budgets, fingerprint, recipes, record_check
from colorlib.experiments.curves import Curve
from colorlib.experiments.fingerprint import COMMIT
from colorlib.experiments.measuring import CachedPredictions, gan_metrics
from colorlib.hardware import best_precision, hardware, select_device, versions
from colorlib.image_classifier import ImageClassifier
from colorlib.paths import CHECKPOINTS, expand, find_project_root, real, write_text_atomic
from colorlib.train import absolute_error_step, regression_step
from colorlib.train_gan import Adversary

BASELINES = {"baseline-gray": "gray", "baseline-mean": "mean", "baseline-random": "random"}
PUBLISHED = fingerprint.PUBLISHED
SEEDS = budgets.SEEDS
IDENTITY = ("recipe", "data", "profile", "seed")  # which training it was; the file's name
FIELDS = ("code", *IDENTITY, "n", "metrics", "epochs", "minutes", "parameters", "device",
          "precision", "versions", "commit")
# By profile: how many images to train on, and to measure on. None: all there are.
SIZES = {"smoke": (512, 128), "quick": (5000, 1000), "ablation": (20_000, 2_000),
         "lesson": (None, None), "full": (None, None), "same-time": (None, 2_000),
         "same-pictures": (recipes.SAME_TIME["dahl-hypercolumn"], 2_000),
         **{f"transfer-{n}": (n, 2_000) for n in recipes.TRANSFER_IMAGES},
         **{name: (budget.train, budget.test) for name, budget in budgets.BUDGETS.items()}}
ROLLED = 900  # the seed of the fruit that samplers paint several times
CHECKPOINT_BYTES = 20e6  # all files in colorlib/checkpoints together


# Folders and files


def root() -> Path:
    """Return $COLORLIB_RESULTS, or results/ of the checkout or, without one, of this folder."""
    checkout = find_project_root() or Path.cwd()
    return expand(os.environ.get("COLORLIB_RESULTS") or checkout / "results")


def checkpoint_folder() -> Path:
    """Return colorlib/checkpoints or, where $COLORLIB_RESULTS is set, the folder next to it."""
    return root().parent / "checkpoints" if os.environ.get("COLORLIB_RESULTS") else CHECKPOINTS


def path_of(recipe: str, data: str, profile: str, seed: int, folder: Path | None = None) -> Path:
    """Return the file of a record, in results/runs or in another folder."""
    return (folder or root() / "runs") / f"{recipe}.{data}.{profile}.s{seed}.json"


def unfinished_path(recipe: str, data: str, profile: str, seed: int, gpu: bool = False) -> Path:
    """Return the checkpoint of a training that has not ended; gpu: with `Recipe.gpu_training`."""
    name = f"{recipe}.{data}.{profile}.s{seed}{'.gpu' if gpu else ''}.safetensors"
    return root().parent / "build" / "runs" / name


def pending_folder() -> Path:
    """Return build/trained: a learner's records and checkpoints, until `collect_pending`."""
    return root().parent / "build" / "trained"


def collect_pending() -> list[Path]:
    """Move pending records to results/runs and checkpoints to colorlib/checkpoints.

    Returns the new paths. A checkpoint that was trained for fewer epochs than the one in
    colorlib/checkpoints stays where it is, and so do the recipe's records.
    """
    moved, shorter, checkpoints = [], set(), checkpoint_folder()
    # No temporary files, and no checkpoints of a second seed: there is room for one per recipe, and
    # one more with a longer budget, "perez-patchgan.long".
    pending = [path for path in sorted(pending_folder().glob("[!.]*.*"))
               if path.suffix == ".json" or path.suffix == ".safetensors" and _collected(path.stem)]
    for path in pending:
        there = checkpoints / path.name
        if path.suffix == ".safetensors" and there.exists() and (
                _notes(there).get("epochs", 0) > _notes(path).get("epochs", 0)):
            print(f"{path.name}: the one in colorlib/checkpoints was trained for longer and stays")
            shorter.add(path.stem)
    for path in pending:
        # A record goes with its checkpoint: the table must not describe weights of another run.
        name, profile = path.name.split(".")[0], path.stem.split(".")[-2:][0]
        if (f"{name}.{profile}" if profile in budgets.BUDGETS else name) in shorter:
            continue
        folder = root() / "runs" if path.suffix == ".json" else checkpoints
        folder.mkdir(parents=True, exist_ok=True)
        used = sum(file.stat().st_size for file in folder.iterdir() if file.name != path.name)
        if path.suffix == ".safetensors" and used + path.stat().st_size > CHECKPOINT_BYTES:
            print(f"{path.name} stays: the checkpoints would take more than "
                  f"{CHECKPOINT_BYTES / 1e6:.0f} MB")
            continue
        moved.append(Path(shutil.move(path, folder / path.name)))
    return moved


def _collected(stem: str) -> bool:
    """Whether a trained colorizer, by its file's name, belongs into colorlib/checkpoints."""
    parts = stem.split(".")
    if parts[0] in budgets.RECORDS_ONLY:
        return False
    return len(parts) == 1 or len(parts) == 2 and parts[1] in budgets.BUDGETS


def _notes(checkpoint: Path) -> dict:
    return read_tensors(checkpoint)[1].get("notes", {})


# Training


def image_counts(profile: str, name: str | None = None) -> tuple[int | None, int | None]:
    """Return how many images a recipe trains on and is measured on; None for all.

    ValueError for an unknown profile, or if the recipe is not part of it.
    """
    if profile not in SIZES:
        raise ValueError(f"unknown profile {profile!r}: expected one of {', '.join(SIZES)}")
    if profile != "same-time" or name is None:
        return SIZES[profile]
    if name not in recipes.SAME_TIME:
        raise ValueError(f"profile same-time is for {', '.join(recipes.SAME_TIME)}, not for {name}")
    return recipes.SAME_TIME[name], SIZES[profile][1]


def load_images(name: str, data: str, profile: str, seed: int = 0, size: int = 32):
    """Return the training and the test images (ImageSets) of a run; arguments as in `run`."""
    counts = image_counts(profile, name.removesuffix(PUBLISHED))
    size = budgets.image_size(data, profile, size)
    train, test = (datasets.load(data, split, n=n, seed=seed, size=size)
                   for split, n in zip(("train", "test"), counts, strict=True))
    if data.startswith("folder:"):
        # Without the path, so that a folder may move: those of the same name share records.
        last_part = real(data.removeprefix("folder:")).name
        train.name = test.name = f"folder-{last_part}-{size}px"
    return train, test


def run(name: str, data: str = "auto", profile: str = "lesson", seed: int = 0,
        device: str = "auto", keep: str | Path | None = None, epochs: int | None = None,
        images=None, progress: bool = True, size: int = 32, folder: Path | None = None,
        stop: Callable[[int, int], bool] | None = None, batch_size: int | None = None) -> dict:
    """Train a recipe (or take a baseline), measure it on the test images, and write its record.

    name     a recipe, a recipe with "-as-published", or one of `BASELINES`
    keep     a file for the trained colorizer, with weights as float16
    epochs   replaces the profile's number; the record is then of profile "lesson-12-epochs"
    images   (train, test) ImageSets, instead of those of `data` and `profile`
    size     side of the images in pixels (CIFAR-10 has 32)
    folder   where to write the record, instead of results/runs
    stop     as in `train.fit`
    batch_size   replaces the recipe's; without it, fewer images than a batch make smaller batches
    A training that is stopped raises KeyboardInterrupt; the same call resumes it from build/runs.
    With several processes, the first returns the record and the others {}.
    """
    image_counts(profile, name.removesuffix(PUBLISHED))  # ValueError before anything is loaded
    published = name.endswith(PUBLISHED)
    recipe = None if name in BASELINES else recipes.get(name.removesuffix(PUBLISHED))
    # Before anything is decoded: some discriminators take images of certain sizes only.
    side = images[0].size[0] if images else budgets.image_size(data, profile, size)
    step = recipe and recipe.make_step(seed, published, side)
    train, test = images or load_images(name, data, profile, seed, size)
    where = select_device(device)
    if recipe is None:
        values = measured(baseline(BASELINES[name], train, seed), test, train.ab_mean())
        about = {"recipe": name, "code": "-", "data": train.name, "profile": profile, "seed": seed}
        return _write(about | {"n": len(test)}, values, where, folder)

    config = recipe.training_config(profile, published, epochs, where)
    # The settings of a GPU are another training: a checkpoint of its own, and a note in the record.
    usual = recipe.training_config(profile, published, epochs)
    on_gpu = config != usual
    if epochs is not None and (profile not in recipe.profiles
                               or epochs != recipe.training_config(profile, published).epochs):
        profile = f"{profile}-{epochs}-epochs"
    colorizer = recipe.build(seed, train, published)
    unfinished = unfinished_path(name, train.name, profile, seed, on_gpu)
    # Found out now, not after the training.
    first = not int(os.environ.get("RANK", 0))  # of several processes, the one that writes
    for place in (folder or root() / "runs", unfinished.parent) if first else ():
        make_writable(place, "folder of results", "COLORLIB_RESULTS")
    train, held_out = budgets.hold_out(train, profile)
    config = recipes.fit_batch(config, len(train), batch_size)
    more = {"fingerprint": fingerprint.of(name, profile)}  # now: the files may change meanwhile
    curve, watched, best = None, {}, False
    if held_out is not None:  # measured before the training and after each epoch
        best = budgets.BUDGETS[profile].best
        curve = Curve(colorizer, step, held_out, unfinished.with_suffix(".best") if best else None)
        watched = {"watch": curve, "every": len(train) // config.batch_size}
    history = recipes.fit_recipe(colorizer, train, step, config, seed=seed, device=where,
                                 checkpoint=unfinished, progress=progress, stop=stop, **watched)
    if history.interrupted:
        whole = 0 if history.partial else len(history.epochs)
        raise KeyboardInterrupt(f"stopped after {whole} epochs: the same command resumes there")
    if not first:
        return {}
    if config != usual:
        more["training"] = {"batch_size": config.batch_size, "lr": config.lr}
    if curve:
        more |= {"curve": curve.rows(history), "weights": "best" if best else "last"}
    if best:
        curve.load_best()
    record = finish(colorizer, name, recipe.code, train, test, profile, seed, history, keep, folder,
                    step, more)
    for file in (unfinished, unfinished.with_suffix(".best")):  # else the next run would go on
        file.unlink(missing_ok=True)
    return record


def finish(colorizer, name: str, code: str, train, test, profile: str, seed: int, history,
           keep=None, folder: Path | None = None, step=None, more: dict | None = None) -> dict:
    """Measure a trained colorizer on test images and write its record; return the record.

    keep, folder   as in `run`
    step           the step that it was trained with; the record of a GAN includes `gan_metrics`
    more           further fields of the record: "fingerprint" of the code, "training" settings
                   that differ from the recipe's on a CPU, the "curve" of `curves.Curve` on images
                   that were held out, and "weights", which of them were kept: "best" or "last"
    A training that was interrupted writes nothing, and {} is returned.
    """
    if history.interrupted:
        print(f"{name}: interrupted, so no record and no checkpoint")
        return {}
    epochs = len(history.epochs)
    about = {"recipe": name, "code": code, "data": train.name, "profile": profile, "seed": seed}
    if keep:
        colorizer.save(keep, half=True, **about, epochs=epochs)
        colorizer = type(colorizer).load(keep, colorizer.device)  # measure what is stored
    values = measured(colorizer, test, train.ab_mean()) | {"loss": history["loss"][-1]}
    if isinstance(step, Adversary):
        values |= gan_metrics(colorizer, step, test, history)
    if test.name in cued_fruit.KINDS and test.split_name == "test":
        # Painted once more, with all that is known about the same pictures.
        truth = cued_fruit.truth_of(test.name, "test", len(test), test.size[0], seed)
        found = known_truth.measure(colorizer, truth)
        if isinstance(colorizer.net, models.DenoisingUNet):
            others = cued_fruit.truth_of(test.name, "test", len(test), test.size[0], ROLLED)
            found |= known_truth.measure_rolls(colorizer, others)
        values |= {f"truth_{key}": value for key, value in found.items()
                   if not math.isnan(value)}  # without shares of no fruit
    if hints.takes_hints(colorizer):
        values |= {f"hint_error_{count}": value for count, value in
                   hints.error_by_count(colorizer, test.to(colorizer.device)).items()}
    if profile in budgets.BUDGETS and step in (regression_step, absolute_error_step):
        # The control beside every model that adds color: these colors, times a constant.
        more_color, factor = boosted(colorizer, train.to(colorizer.device))
        values |= {f"boosted_{key}": value
                   for key, value in measured(more_color, test, train.ab_mean()).items()}
        values["boost"] = factor
    return _write(about | {"n": len(test)}, values, colorizer.device, folder, epochs,
                  history.minutes, models.parameters(colorizer.net),
                  best_precision(colorizer.device), more)


# Measuring


def measured(colorizer, test, mean) -> dict[str, float]:
    """Return the metrics of a colorizer, or of a function from L to ab, on test images.

    mean   (2,), the mean ab of the training images
    Returns those of `evaluate` (for an annealed mean also at T = 1), `nazeri_accuracy`,
    `color_variety` and, where the data set has a classifier, `classify_colorized` and kid.
    """
    if hasattr(colorizer, "device"):
        test = test.to(colorizer.device)
    # Several metrics need the predictions, and computing them once saves most of the time. Those
    # for a streamed set may not fit into memory: there they are computed anew.
    predict = colorizer if isinstance(test, StreamedSet) else CachedPredictions(colorizer, test)
    values = evaluate(predict, test, mean)
    # An annealed mean is compared with the plain mean, at temperature 1.
    if getattr(getattr(colorizer, "target", None), "T", 1.0) != 1.0:
        plain = type(colorizer)(colorizer.net, dataclasses.replace(colorizer.target, T=1.0))
        values |= {f"{name}_at_T1": v for name, v in evaluate(plain, test, mean).items()}
    values |= nazeri_accuracy(predict, test) | color_variety(predict, test)
    if (path := classifier_path(test.name)) is not None:
        classifier = ImageClassifier.load(path, test.device)
        for name, value in classify_colorized(classifier, predict, test).items():
            # Published records have this prefix, from the first edition of the course.
            values[name if name.startswith("frechet") else f"judge_{name}"] = value
        values["kid"] = perceptual_distances(classifier, predict, test)["kid"]
    return values


def measure_again(data: str = "cifar10", device: str = "auto") -> list[str]:
    """Add metrics to records that were made before these metrics existed; return the recipes.

    It covers the baselines of profile "lesson", and the seeds that are in colorlib/checkpoints.
    ValueError if a checkpoint does not reproduce its record.
    """
    train, test = (datasets.load(data, split) for split in ("train", "test"))
    done = []
    for record in read():
        name, old = record["recipe"], record["metrics"]
        complete = "exact_values" in old and ("frechet" in old or not classifier_path(test.name))
        if complete or (record["data"], record["profile"]) != (train.name, "lesson"):
            continue
        checkpoint = checkpoint_folder() / f"{name}.safetensors"
        if name in BASELINES:
            colorizer = baseline(BASELINES[name], train, record["seed"])
        elif checkpoint.exists() and all(
                _notes(checkpoint).get(key) == record[key] for key in IDENTITY):
            colorizer = Colorizer.load(checkpoint, select_device(device))
        else:
            continue  # its weights were not kept, or they are those of another seed
        values = measured(colorizer, test, train.ab_mean())
        if abs(values["unexplained"] - old["unexplained"]) > 1e-3:
            raise ValueError(f"the checkpoint of {name} leaves {values['unexplained']:.4f} of the "
                             f"color variance unexplained and its record has "
                             f"{old['unexplained']:.4f}: they are of different trainings")
        # Numbers that were published stay as they are.
        record["metrics"] = old | {k: v for k, v in _rounded(values).items() if k not in old}
        _save(record)
        done.append(name)
    return done


def classifier_path(data: str, kind: str = "classifier") -> Path | None:
    """Return the file of a data set's classifier ("encoder": of gray images), or None."""
    found = (folder / f"{kind}-{data}.safetensors" for folder in (checkpoint_folder(), CHECKPOINTS))
    return next(filter(Path.exists, found), None)


# Reading and writing


def _write(about: dict, values: dict, device: torch.device, folder: Path | None, epochs: int = 0,
           minutes: float = 0.0, parameters: int = 0, precision: str = "no",
           more: dict | None = None) -> dict:
    """Write one record; return it. The defaults are those of a baseline, which is not trained."""
    record = {key: about[key] for key in ("code", *IDENTITY, "n")} | {
        "metrics": _rounded(values), "epochs": epochs, "minutes": round(minutes, 2),
        "parameters": parameters, "device": hardware(device),
        "precision": "float32" if precision == "no" else precision,
        "versions": versions("torch", "torchvision", "accelerate", "numpy"), "commit": COMMIT,
    } | (more or {})
    _save(record, folder)
    return record


def _rounded(values: dict) -> dict[str, float]:
    return {name: round(float(value), 6) for name, value in values.items()}


def _save(record: dict, folder: Path | None = None) -> None:
    path = path_of(*(record[key] for key in IDENTITY), folder)
    record_check.require_finite(record["metrics"], f"{path.name} is not written: ")
    write_text_atomic(path, json.dumps(record, indent=1) + "\n")


def read(folder: Path | None = None) -> list[dict]:
    """Return all records, sorted by file name; a file that is none is left out, with a message."""
    records = []
    for path in sorted((folder or root() / "runs").glob("*.json")):
        try:
            records.append(record_check.load(path))
        except (ValueError, OSError) as error:  # so are JSON's errors
            notify(f"{path.name} is no record of a run ({error}) and is left out: remove it or "
                   "train again")
    return records


def missing(profile: str = "lesson", data: str = "cifar10") -> list[tuple[str, int]]:
    """Return (recipe, seed) of the runs of a profile that the table lacks; SEEDS, or a budget's."""
    # The profiles of notebooks 06 and 07 have no baselines. Where there are, one seed says it all.
    has_baselines = profile in ("smoke", "quick", "lesson", "full")
    wanted = [(name, 0) for name in BASELINES if has_baselines]
    seeds = budgets.BUDGETS[profile].seeds if profile in budgets.BUDGETS else SEEDS
    wanted += [(name, seed) for seed in seeds for name, recipe in recipes.ALL.items()
               if profile in recipe.profiles]
    return [(name, seed) for name, seed in wanted
            if not path_of(name, data, profile, seed).exists()]
