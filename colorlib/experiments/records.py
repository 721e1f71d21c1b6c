"""Records of trainings: how each run was made, and what was measured on the test images.

    record = records.run("koo-baseline", data="cifar10", profile="lesson", seed=0)
    records.missing("lesson")                       # the runs that the results table still lacks

A record is one JSON file, results/runs/<recipe>.<data>.<profile>.s<seed>.json. Texts and tables
take their numbers from records, never from a keyboard; `results_table.py` makes results/README.md.
"""
from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
from pathlib import Path

import torch

from colorlib import color, metrics, models
from colorlib.checkpoint import read_tensors
from colorlib.colorizer import Colorizer
from colorlib.data import datasets
from colorlib.data.streamed_set import StreamedSet
from colorlib.evaluate import baseline, classify_colorized, evaluate, nazeri_accuracy
from colorlib.experiments import recipes
from colorlib.gan_diagnostics import diagnose
from colorlib.hardware import best_precision, hardware, select_device, versions
from colorlib.image_classifier import ImageClassifier
from colorlib.paths import CHECKPOINTS, find_project_root, write_text_atomic
from colorlib.train_gan import Adversary

BASELINES = {"baseline-gray": "gray", "baseline-mean": "mean", "baseline-random": "random"}
PUBLISHED = "-as-published"
SEEDS = (0, 1, 2)
FIELDS = ("code", "recipe", "data", "profile", "seed", "n", "metrics", "epochs", "minutes",
          "parameters", "device", "precision", "versions", "commit")
# By profile: how many images to train on, and to measure on. None: all there are.
SIZES = {"smoke": (512, 128), "quick": (5000, 1000), "ablation": (20_000, 2_000),
         "lesson": (None, None), "full": (None, None), "same-time": (None, 2_000),
         "same-pictures": (recipes.SAME_TIME["dahl-hypercolumn"], 2_000),
         **{f"transfer-{n}": (n, 2_000) for n in recipes.TRANSFER_IMAGES}}


# Folders and files


def root() -> Path:
    """Return the folder of the results: $COLORLIB_RESULTS, else results/ of the checkout.

    Without a checkout, it is results/ of the working folder.
    """
    checkout = find_project_root() or Path.cwd()
    return Path(os.environ.get("COLORLIB_RESULTS") or checkout / "results")


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
    """Return build/trained, where a learner's runs leave records and checkpoints.

    They become results only by `collect_pending`.
    """
    return root().parent / "build" / "trained"


def collect_pending() -> list[Path]:
    """Move pending records to results/runs and checkpoints to colorlib/checkpoints.

    Returns the new paths. A checkpoint that was trained for fewer epochs than the one in
    colorlib/checkpoints stays where it is, and so do the recipe's records. A checkpoint with the
    name of a record, of a second seed say, stays too: colorlib/checkpoints has one per recipe.
    """
    moved, shorter = [], set()
    checkpoints = checkpoint_folder()
    pending = [path for path in sorted(pending_folder().glob("[!.]*.*"))  # no temporary files
               if path.suffix == ".json" or path.suffix == ".safetensors" and "." not in path.stem]
    for path in pending:
        target = checkpoints / path.name
        if path.suffix == ".safetensors" and target.exists() and _epochs(target) > _epochs(path):
            print(f"{path.name}: the checkpoint in colorlib/checkpoints was trained for longer and "
                  "stays")
            shorter.add(path.stem)
    for path in pending:
        if path.name.split(".")[0] not in shorter:
            folder = root() / "runs" if path.suffix == ".json" else checkpoints
            folder.mkdir(parents=True, exist_ok=True)
            moved.append(Path(shutil.move(path, folder / path.name)))
    return moved


def _epochs(checkpoint: Path) -> int:
    return int(read_tensors(checkpoint)[1].get("notes", {}).get("epochs", 0))


# Training


def image_counts(profile: str, name: str) -> tuple[int | None, int | None]:
    """Return how many images a recipe trains on and is measured on; None for all."""
    if profile not in SIZES:
        raise ValueError(f"unknown profile {profile!r}: expected one of {', '.join(SIZES)}")
    if profile == "same-time":
        if name not in recipes.SAME_TIME:
            known = ", ".join(recipes.SAME_TIME)
            raise ValueError(f"profile same-time is for {known}, not for {name}")
        return recipes.SAME_TIME[name], SIZES[profile][1]
    return SIZES[profile]


def load_images(name: str, data: str, profile: str, seed: int = 0, size: int = 32):
    """Return the training and the test images (ImageSets) of a run; arguments as in `run`."""
    counts = image_counts(profile, name.removesuffix(PUBLISHED))
    train, test = (datasets.load(data, split, n=n, seed=seed, size=size)
                   for split, n in zip(("train", "test"), counts, strict=True))
    if data.startswith("folder:"):
        last_part = Path(data.removeprefix("folder:")).resolve().name
        train.name = test.name = f"folder-{last_part}-{size}px"
    return train, test


def run(name: str, data: str = "auto", profile: str = "lesson", seed: int = 0,
        device: str = "auto", keep: str | Path | None = None, epochs: int | None = None,
        images=None, progress: bool = True, size: int = 32, folder: Path | None = None) -> dict:
    """Train a recipe (or take a baseline), measure it on the test images, and write its record.

    name     a recipe, a recipe with "-as-published", or one of `BASELINES`
    keep     a file for the trained colorizer. Its weights are stored as float16, and the record has
             the metrics of what is stored
    epochs   replaces the profile's number; the record is then of profile "lesson-12-epochs"
    images   (train, test) ImageSets, instead of those of `data` and `profile`
    size     side of the images in pixels (CIFAR-10 has 32). The record of a folder is named after
             the folder and this: "folder-pears-96px". Folders of the same name share records
    folder   where to write the record, instead of results/runs
    A training that was stopped resumes from build/runs. With several processes, the first returns
    the record and the others {}.
    """
    image_counts(profile, name.removesuffix(PUBLISHED))  # ValueError for an unknown profile
    train, test = images or load_images(name, data, profile, seed, size)
    where = select_device(device)
    if name in BASELINES:
        colorizer = baseline(BASELINES[name], train, seed)
        values = measured(colorizer, test, train.ab_mean())
        return write(name, "-", train.name, profile, seed, len(test), values, 0, 0.0, 0, str(where),
                     "no", folder)

    published = name.endswith(PUBLISHED)
    recipe = recipes.get(name.removesuffix(PUBLISHED))
    config = recipe.training_config(profile, published, epochs, where)
    on_gpu = config != recipe.training_config(profile, published, epochs)
    if profile in recipe.epochs:
        usual = recipe.training_config(profile, published).epochs
    else:
        usual = None
    if epochs not in (None, usual):
        profile = f"{profile}-{epochs}-epochs"
    colorizer = recipe.build(seed, train, published)
    unfinished = unfinished_path(name, train.name, profile, seed, on_gpu)
    step = recipe.make_step(seed, published, train.size[0])
    history = recipes.fit_recipe(colorizer, train, step, config, seed=seed, device=where,
                                 checkpoint=unfinished, progress=progress)
    if history.interrupted:
        whole = 0 if history.partial else len(history.epochs)
        raise KeyboardInterrupt(f"stopped after {whole} epochs: the same command resumes there")
    if int(os.environ.get("RANK", 0)):  # another process writes the record
        return {}
    training = {"batch_size": config.batch_size, "lr": config.lr} if on_gpu else None
    record = finish(colorizer, name, recipe.code, train, test, profile, seed, history, keep, folder,
                    step, training)
    unfinished.unlink(missing_ok=True)  # else the next run would resume from it
    return record


def finish(colorizer, name: str, code: str, train, test, profile: str, seed: int, history,
           keep=None, folder: Path | None = None, step=None, training: dict | None = None) -> dict:
    """Measure a trained colorizer on test images and write its record; return the record.

    keep       a file for the colorizer
    folder     where to write the record, instead of results/runs
    step       the step that it was trained with; the record of a GAN includes `gan_metrics`
    training   settings that differ from the recipe's on a CPU; they become part of the record
    A training that was interrupted writes nothing, and {} is returned.
    """
    if history.interrupted:
        print(f"{name}: interrupted, so no record and no checkpoint")
        return {}
    epochs = len(history.epochs)
    if keep:
        colorizer.save(keep, half=True, recipe=name, code=code, data=train.name, profile=profile,
                       seed=seed, epochs=epochs)
        colorizer = type(colorizer).load(keep, colorizer.device)  # measure what is stored
    values = measured(colorizer, test, train.ab_mean()) | {"loss": history["loss"][-1]}
    if isinstance(step, Adversary):
        values |= gan_metrics(colorizer, step, test, history)
    device = colorizer.device
    return write(name, code, train.name, profile, seed, len(test), values, epochs, history.minutes,
                 models.parameters(colorizer.net), str(device), best_precision(device), folder,
                 training)


# Measuring


def measured(colorizer, test, mean) -> dict[str, float]:
    """Return the metrics of a colorizer, or of a function from L to ab, on test images.

    mean   (2,), the mean ab of the training images
    These are `evaluate` (for a classifier also with temperature 1, the plain mean),
    `nazeri_accuracy` and, if there is a classifier of this data set, `classify_colorized`.
    """
    if hasattr(colorizer, "device"):
        test = test.to(colorizer.device)
    # The predictions for a streamed set may not fit into memory: there they are computed anew.
    predict = colorizer if isinstance(test, StreamedSet) else CachedPredictions(colorizer, test)
    values = evaluate(predict, test, mean)
    if getattr(getattr(colorizer, "target", None), "T", 1.0) != 1.0:
        plain = type(colorizer)(colorizer.net, dataclasses.replace(colorizer.target, T=1.0))
        at_one = evaluate(plain, test, mean)
        values |= {f"{name}_at_T1": value for name, value in at_one.items()}
    values |= nazeri_accuracy(predict, test)
    if (path := classifier_path(test.name)) is not None:
        classifier = ImageClassifier.load(path, test.device)
        for name, value in classify_colorized(classifier, predict, test).items():
            values[name if name.startswith("frechet") else f"judge_{name}"] = value
    return values


class CachedPredictions:
    """A colorizer's predictions for all images of an ImageSet, as a function from L to ab.

    Several metrics need them, and computing them once saves most of the time. The function must get
    the batches in the order of the set; after the last image it starts again with the first.
    """

    def __init__(self, colorizer, images):
        predict = getattr(colorizer, "predict", colorizer)
        batches = (color.rgb_to_lab(rgb)[:, :1] for rgb in images.batches(500))
        self._ab = torch.cat([predict(L).cpu() for L in batches])  # N 2 H W
        self._next = 0

    def __call__(self, L: torch.Tensor) -> torch.Tensor:
        ab = self._ab[self._next:self._next + len(L)]
        if ab[:, :1].shape != L.shape:
            raise ValueError(f"expected the next batch of {len(self._ab)} pictures, "
                             f"got {tuple(L.shape)}")
        self._next = (self._next + len(L)) % len(self._ab)
        return ab.to(L.device)


def gan_metrics(colorizer, adversary: Adversary, test, history) -> dict[str, float]:
    """Return what the record of a GAN adds: `diagnose` on the test images, and shares of updates.

    The confusion matrix becomes four counts, fake_called_fake to real_called_real; d_steps and
    g_steps are the shares of steps of the last epoch in which each network was updated.
    """
    values = diagnose(colorizer, adversary, test.to(colorizer.device))
    # `measured` has these two, relative to the mean color of the training images
    del values["chroma_ratio"], values["unexplained"]
    counts = [count for row in values.pop("confusion") for count in row]
    names = [f"{true}_called_{called}" for true in ("fake", "real") for called in ("fake", "real")]
    updates = {key: history[key][-1] for key in ("d_steps", "g_steps")}
    return values | dict(zip(names, counts, strict=True)) | updates


def measure_again(data: str = "cifar10", device: str = "auto") -> list[str]:
    """Add metrics to records that were made before these metrics existed; return the recipes.

    This needs the trained network, so it covers the records of profile "lesson" whose checkpoint is
    in colorlib/checkpoints (one seed of a recipe), and the baselines. ValueError if a checkpoint
    does not reproduce its record.
    """
    train, test = (datasets.load(data, split) for split in ("train", "test"))
    done = []
    for record in read():
        name, old = record["recipe"], record["metrics"]
        if (record["data"], record["profile"]) != (train.name, "lesson"):
            continue
        checkpoint = checkpoint_folder() / f"{name}.safetensors"
        if name in BASELINES:
            colorizer = baseline(BASELINES[name], train, record["seed"])
        elif checkpoint.exists() and _belongs_to(checkpoint, record):
            colorizer = Colorizer.load(checkpoint, select_device(device))
        else:
            continue
        if "exact_values" in old and ("frechet" in old or classifier_path(test.name) is None):
            continue  # it has every metric already
        values = measured(colorizer, test, train.ab_mean())
        if abs(values["unexplained"] - old["unexplained"]) > 1e-3:
            raise ValueError(f"the checkpoint of {name} leaves {values['unexplained']:.4f} of the "
                             f"color variance unexplained and its record has "
                             f"{old['unexplained']:.4f}: they are of different trainings")
        record["metrics"] = old | {k: round(float(v), 6) for k, v in values.items() if k not in old}
        _save(record, path_of(name, train.name, "lesson", record["seed"]))
        done.append(name)
    return done


def _belongs_to(checkpoint: Path, record: dict) -> bool:
    notes = read_tensors(checkpoint)[1].get("notes", {})
    return all(notes.get(key) == record[key] for key in ("recipe", "data", "profile", "seed"))


def classifier_path(data: str, kind: str = "classifier") -> Path | None:
    """Return the file of a data set's classifier ("encoder": of gray images), or None."""
    name = f"{kind}-{data}.safetensors"
    found = [folder / name for folder in (checkpoint_folder(), CHECKPOINTS)]
    return next((path for path in found if path.exists()), None)


# Reading and writing


def write(recipe: str, code: str, data: str, profile: str, seed: int, n: int, values: dict,
          epochs: int, minutes: float, parameters: int, device: str, precision: str,
          folder: Path | None = None, training: dict | None = None) -> dict:
    """Write one record in one step, so that no half of it is ever read; return it."""
    record = {
        "code": code, "recipe": recipe, "data": data, "profile": profile, "seed": seed, "n": n,
        "metrics": {k: round(float(v), 6) for k, v in values.items()},
        "epochs": epochs, "minutes": round(minutes, 2), "parameters": parameters,
        "device": hardware(device), "precision": "float32" if precision == "no" else precision,
        "versions": versions("torch", "torchvision", "accelerate", "numpy"), "commit": COMMIT,
    } | ({"training": training} if training else {})
    _save(record, path_of(recipe, data, profile, seed, folder))
    return record


def _save(record: dict, path: Path) -> None:
    write_text_atomic(path, json.dumps(record, indent=1) + "\n")


def read(folder: Path | None = None) -> list[dict]:
    """Return all records, sorted by file name. ValueError names a file that is no record."""
    records = []
    for path in sorted((folder or root() / "runs").glob("*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            lacking = (sorted(set(FIELDS) - set(record))
                       or sorted(set(metrics.NAMES) - set(record["metrics"])))
            if lacking:
                raise ValueError(f"it lacks {', '.join(lacking)}")
        except (ValueError, KeyError, TypeError) as error:  # so are JSON's errors
            raise ValueError(f"{path.name} is no record of a run ({error}): remove it or train "
                             "again") from None
        records.append(record)
    return records


def missing(profile: str = "lesson", data: str = "cifar10") -> list[tuple[str, int]]:
    """Return (recipe, seed) of the runs of a profile that the table lacks.

    Every recipe of the profile has three seeds; in the profiles of the systems, the baselines have
    one. The profiles of notebooks 06 and 07 have no baselines.
    """
    if profile == "same-pictures":
        names = ["dahl-residual-encoder"]
    elif profile in ("ablation", "same-time"):
        names = list(recipes.ABLATIONS if profile == "ablation" else recipes.SAME_TIME)
    elif profile.startswith("transfer-"):
        names = list(recipes.TRANSFER)
    else:
        names = [name for name, recipe in recipes.RECIPES.items() if profile in recipe.epochs]
    has_baselines = profile in ("smoke", "quick", "lesson", "full")
    wanted = [(name, 0) for name in BASELINES if has_baselines]
    wanted += [(name, seed) for seed in SEEDS for name in names]
    return [run for run in wanted if not path_of(run[0], data, profile, run[1]).exists()]


def commit() -> str:
    """Return the checkout's short commit, with a + if files differ from it; else "unknown"."""
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=Path(__file__).parent, capture_output=True,
                              text=True, check=True).stdout.strip()
    try:
        changed = git("status", "--porcelain", "--", ".")
        return git("rev-parse", "--short", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


COMMIT = commit()  # read once, at import: a later commit is not the code that runs here
