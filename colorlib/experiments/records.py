"""Records of trainings, and the table made from them.

    record = records.run("koo-baseline", data="cifar10", profile="lesson", seed=0)
    records.missing("lesson")                       # what the table still lacks
    records.write_table()                           # results/README.md

A record is one JSON file, results/runs/<recipe>.<data>.<profile>.s<seed>.json: how the run was made and what was
measured on the test images. Prose and tables take their numbers from records, never from a keyboard.
"""
from __future__ import annotations

import dataclasses
import json
import os
import shutil
import statistics
import subprocess
from collections import Counter, defaultdict
from pathlib import Path

import torch

from colorlib import color, metrics, models
from colorlib.checkpoint import read_tensors
from colorlib.colorizer import Colorizer
from colorlib.data import datasets
from colorlib.data.streamed_set import StreamedSet
from colorlib.experiments import recipes
from colorlib.gan_diagnostics import diagnose
from colorlib.hardware import best_precision, hardware, select_device, versions
from colorlib.image_classifier import ImageClassifier, classify_colorized
from colorlib.paths import CHECKPOINTS, project_root, write_whole
from colorlib.train import classification_step
from colorlib.train_gan import Adversary

BASELINES = {"baseline-gray": "gray", "baseline-mean": "mean", "baseline-random": "random"}
PUBLISHED = "-as-published"
SEEDS = (0, 1, 2)
FIELDS = ("code", "recipe", "data", "profile", "seed", "n", "metrics", "epochs", "minutes", "parameters", "device",
          "precision", "versions", "commit")
# images to train on, to measure on
SIZES = {"smoke": (512, 128), "quick": (5000, 1000), "ablation": (20_000, 2_000), "lesson": (None, None),
         "full": (None, None), "same-time": (None, 2_000),
         "same-pictures": (recipes.SAME_TIME["dahl-hypercolumn"], 2_000),
         **{f"transfer-{n}": (n, 2_000) for n in recipes.TRANSFER_IMAGES}}


def root() -> Path:
    """The folder of the results: $COLORLIB_RESULTS, else results/ of the checkout."""
    return Path(os.environ.get("COLORLIB_RESULTS") or project_root() / "results")


def checkpoint_folder() -> Path:
    """Where checkpoints are kept: colorlib/checkpoints, or beside $COLORLIB_RESULTS where that is set."""
    return root().parent / "checkpoints" if os.environ.get("COLORLIB_RESULTS") else CHECKPOINTS


def path_of(recipe: str, data: str, profile: str, seed: int, folder: Path | None = None) -> Path:
    """The file of a record, in results/runs or in another folder."""
    return (folder or root() / "runs") / f"{recipe}.{data}.{profile}.s{seed}.json"


def pending_folder() -> Path:
    """Where a notebook's trainings leave records and checkpoints until `adopt`: a learner's run changes no result."""
    return root().parent / "build" / "trained"


def collect_pending() -> list[Path]:
    """Move what `waiting()` holds to results/runs and colorlib/checkpoints; returns the new paths.

    A checkpoint trained for fewer epochs than the one in colorlib/checkpoints is left where it is, with its record.
    """
    moved, shorter = [], set()
    checkpoints = checkpoint_folder()
    for path in sorted(pending_folder().glob("[!.]*.safetensors")):                # not the temporary names of writers
        target = checkpoints / path.name
        if target.exists() and _epochs_of(target) > _epochs_of(path):
            print(f"{path.name}: the one in colorlib/checkpoints was trained for longer and stays")
            shorter.add(path.stem)
    for path in sorted(pending_folder().glob("[!.]*.*")):
        folder = root() / "runs" if path.suffix == ".json" else checkpoints
        target = folder / path.name
        if path.name.split(".")[0] in shorter:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        moved.append(Path(shutil.move(path, target)))
    return moved


def _epochs_of(checkpoint: Path) -> int:
    return int(read_tensors(checkpoint)[1].get("notes", {}).get("epochs", 0))


def run(name: str, data: str = "auto", profile: str = "lesson", seed: int = 0, device: str = "auto",
        keep: str | Path | None = None, epochs: int | None = None, images=None, progress: bool = True,
        size: int = 32) -> dict:
    """Train a recipe (or take a baseline), measure it on the test images, write its record.

    name    of RECIPES, the same with "-as-published", or "baseline-gray", "baseline-mean", "baseline-random"
    keep    a file for the trained colorizer (weights as float16: what is measured is what is kept)
    epochs  instead of the profile's: another training, whose record is of profile "lesson-12-epochs"
    images  (train, test) ImageSets, instead of those of `data` and `profile`
    size    side of the pictures in pixels (CIFAR-10 has 32). A folder's record is named by its last part and this:
            "folder-pears-96px"; folders of one name share a record
    Resumes from build/runs/ if it was stopped. Returns the record (of several processes the first; the others {}).
    """
    sizes = _sizes(profile, name.removesuffix(PUBLISHED))
    train, test = images or (datasets.load(data, split, n=n, seed=seed, size=size)
                             for split, n in zip(("train", "test"), sizes, strict=True))
    if data.startswith("folder:") and not images:
        train.name = test.name = f"folder-{Path(data.removeprefix('folder:')).resolve().name}-{size}px"
    where = select_device(device)
    if name in BASELINES:
        values = measured(metrics.baseline(BASELINES[name], train, seed), test, train.ab_mean())
        return write(name, "-", train.name, profile, seed, len(test), values, 0, 0.0, 0, str(where), "no")

    published = name.endswith(PUBLISHED)
    recipe = recipes.get(name.removesuffix(PUBLISHED))
    config = recipe.training_config(profile, published, epochs)
    usual = recipe.training_config(profile, published).epochs if profile in recipe.epochs else None
    if epochs not in (None, usual):
        profile = f"{profile}-{epochs}-epochs"
    colorizer = recipe.build(seed, train, published)
    unfinished = root().parent / "build" / "runs" / f"{name}.{train.name}.{profile}.s{seed}.safetensors"
    step = recipe.make_step(seed, published, train.size[0])
    history = recipes.fit_recipe(colorizer, train, step, config, seed=seed, device=where, checkpoint=unfinished,
                                 progress=progress)
    if history.interrupted:
        whole = 0 if history.partial else len(history.epochs)
        raise KeyboardInterrupt(f"stopped after {whole} epochs: the same command goes on from there")
    if int(os.environ.get("RANK", 0)):                      # another process writes
        return {}
    record = finish(colorizer, name, recipe.code, train, test, profile, seed, history, keep, step=step)
    unfinished.unlink(missing_ok=True)                      # else the next run would take it for its own
    return record


def finish(colorizer, name: str, code: str, train, test, profile: str, seed: int, history, keep=None,
           folder: Path | None = None, step=None) -> dict:
    """Measure a trained colorizer on test images and write its record, with the checkpoint if `keep` names a file.

    folder   instead of results/runs
    step     that it was trained with: of a GAN the record also says what the game came to
    A training that was interrupted leaves nothing, and {} is returned.
    """
    if history.interrupted:
        print(f"{name}: interrupted, so no record and no checkpoint")
        return {}
    if keep:
        about = {"recipe": name, "code": code, "data": train.name, "profile": profile, "seed": seed,
                 "epochs": len(history.epochs)}
        colorizer.save(keep, half=True, **about)
        colorizer = type(colorizer).load(keep, colorizer.device)                # what is measured is what is kept
    values = measured(colorizer, test, train.ab_mean()) | {"loss": history["loss"][-1]}
    if isinstance(step, Adversary):
        values |= game(colorizer, step, test, history)
    return write(name, code, train.name, profile, seed, len(test), values, len(history.epochs), history.minutes,
                 models.parameters(colorizer.net), str(colorizer.device), best_precision(colorizer.device), folder)


def measured(colorizer, test, mean) -> dict[str, float]:
    """What a record says of a colorizer, or of a function from L to ab, on test images.

    `metrics.evaluate`, for a classifier also with the plain mean (T = 1); `metrics.nazeri`; and, where
    colorlib/checkpoints has a judge of this data, `judge.judged_pictures`. The colorizer is asked once, a classifier once more at T = 1.
    """
    if hasattr(colorizer, "device"):
        test = test.to(colorizer.device)
    answers = colorizer if isinstance(test, StreamedSet) else _Answers(colorizer, test)     # whose answers may not fit
    values = metrics.evaluate(answers, test, mean)
    if getattr(getattr(colorizer, "target", None), "T", 1.0) != 1.0:
        plain = type(colorizer)(colorizer.net, dataclasses.replace(colorizer.target, T=1.0))
        values |= {f"{name}_at_T1": value for name, value in metrics.evaluate(plain, test, mean).items()}
    values |= metrics.nazeri_accuracy(answers, test)
    if (path := classifier_path(test.name)) is not None:
        told = classify_colorized(ImageClassifier.load(path, test.device), answers, test)
        values |= {name if name.startswith("frechet") else f"judge_{name}": value for name, value in told.items()}
    return values


class _Answers:
    """What a colorizer answers to all pictures of an ImageSet, asked once: a function from L to ab.

    It gives the answers to one batch after the other, in the order of the set, and begins anew after the last.
    """

    def __init__(self, colorizer, images):
        ask = getattr(colorizer, "predict", colorizer)
        self._ab = torch.cat([ask(color.rgb_to_lab(rgb)[:, :1]).cpu() for rgb in images.batches(500)])    # N 2 H W
        self._at = 0

    def __call__(self, L: torch.Tensor) -> torch.Tensor:
        ab = self._ab[self._at:self._at + len(L)]
        if ab[:, :1].shape != L.shape:
            raise ValueError(f"expected the next batch of {len(self._ab)} pictures, got {tuple(L.shape)}")
        self._at = (self._at + len(L)) % len(self._ab)
        return ab.to(L.device)


def measure_again(data: str = "cifar10", device: str = "auto") -> list[str]:
    """Add to records what was not measured yet when they were made; returns the recipes' names.

    Records of profile "lesson" of a data set whose own checkpoint is in colorlib/checkpoints (by its notes: one seed a
    recipe), and the baselines. ValueError if a checkpoint does not give the numbers that its record has.
    """
    train, test = (datasets.load(data, split) for split in ("train", "test"))
    done = []
    for record in read():
        name, there = record["recipe"], record["metrics"]
        if (record["data"], record["profile"]) != (train.name, "lesson"):
            continue
        checkpoint = checkpoint_folder() / f"{name}.safetensors"
        if name in BASELINES:
            colorizer = metrics.baseline(BASELINES[name], train, record["seed"])
        elif checkpoint.exists() and _of(checkpoint, record):
            colorizer = Colorizer.load(checkpoint, select_device(device))
        else:
            continue
        if "exact_values" in there and ("frechet" in there or classifier_path(test.name) is None):
            continue                                        # nothing that would be new
        values = measured(colorizer, test, train.ab_mean())
        if abs(values["unexplained"] - there["unexplained"]) > 1e-3:
            raise ValueError(f"{name} leaves {values['unexplained']:.4f} unexplained, its record says "
                             f"{there['unexplained']:.4f}: its checkpoint is another training's")
        record["metrics"] = there | {k: round(float(v), 6) for k, v in values.items() if k not in there}
        write_whole(path_of(name, train.name, "lesson", record["seed"]), json.dumps(record, indent=1) + "\n")
        done.append(name)
    return done


def _of(checkpoint: Path, record: dict) -> bool:
    """Whether a checkpoint is that of a record's run."""
    notes = read_tensors(checkpoint)[1].get("notes", {})
    return all(notes.get(key) == record[key] for key in ("recipe", "data", "profile", "seed"))


def classifier_path(data: str, kind: str = "classifier") -> Path | None:
    """The file of the judge (or "encoder") of a data set, of these results or else of the checkout; None if none is."""
    name = f"{kind}-{data}.safetensors"
    found = [folder / name for folder in (checkpoint_folder(), CHECKPOINTS)]
    return next((path for path in found if path.exists()), None)


def train_classifier(data: str = "auto", device: str = "auto", epochs: int = 6) -> tuple[Path, float]:
    """Train the judge of a data set that has labels and keep it; returns its file and its accuracy on test images.

    ValueError if there is one: distances by two judges cannot be compared, and records hold those of the first.
    """
    where = select_device(device)
    train, test = (datasets.load(data, split).to(where) for split in ("train", "test"))
    if (there := classifier_path(train.name)) is not None:
        raise ValueError(f"{there.name} is there, and records were measured with it: remove both to begin again")
    judge = ImageClassifier.trained(train, epochs)
    path = judge.save(checkpoint_folder() / f"classifier-{train.name}.safetensors", data=train.name,
                      epochs=epochs)
    return path, ImageClassifier.load(path, where).accuracy(test.pixels, test.labels)     # of what is kept: float16


def train_encoder(data: str = "auto", device: str = "auto", epochs: int = 6) -> tuple[Path, float]:
    """Train a classifier of a data set's gray training images and keep it as an encoder to start from (notebook 07).

    Returns its file and its accuracy on a tenth of the training images (`split(0.9, seed=0)`), left out: no label of a
    test image is used. ValueError if there is one: records may be of colorizers that started from it.
    """
    train = datasets.load(data, "train").to(select_device(device))
    if (there := classifier_path(train.name, "encoder")) is not None:
        raise ValueError(f"{there.name} is there, and records may start from it: remove both to begin again")
    used, left_out = train.split(0.9, seed=0)
    path = ImageClassifier.trained(used, epochs, gray=True).save(
        checkpoint_folder() / f"encoder-{train.name}.safetensors", data=train.name, epochs=epochs)
    return path, ImageClassifier.load(path, train.device).accuracy(left_out.pixels, left_out.labels)


def game(colorizer, adversary: Adversary, test, history) -> dict[str, float]:
    """What a GAN's record adds: `adversarial.diagnose` on the test images; the last epoch's shares of steps taken.

    The confusion matrix as four counts: fake_called_fake, fake_called_real, real_called_fake, real_called_real.
    """
    told = diagnose(colorizer, adversary, test.to(colorizer.device))
    del told["chroma_ratio"], told["unexplained"]           # `measured` has them, about the training images' mean
    counts = [count for row in told.pop("confusion") for count in row]
    names = [f"{true}_called_{said}" for true in ("fake", "real") for said in ("fake", "real")]
    return told | dict(zip(names, counts, strict=True)) | {key: history[key][-1] for key in ("d_steps", "g_steps")}


def write(recipe: str, code: str, data: str, profile: str, seed: int, n: int, values: dict, epochs: int, minutes: float,
          parameters: int, device: str, precision: str, folder: Path | None = None) -> dict:
    """Write one record, whole or not at all; returns it."""
    record = {
        "code": code, "recipe": recipe, "data": data, "profile": profile, "seed": seed, "n": n,
        "metrics": {k: round(float(v), 6) for k, v in values.items()},
        "epochs": epochs, "minutes": round(minutes, 2), "parameters": parameters,
        "device": hardware(device), "precision": "float32" if precision == "no" else precision,
        "versions": versions("torch", "torchvision", "accelerate", "numpy"), "commit": COMMIT,
    }
    path = path_of(recipe, data, profile, seed, folder)
    write_whole(path, json.dumps(record, indent=1) + "\n")
    return record


def read(folder: Path | None = None) -> list[dict]:
    """All records, in the order of their names. ValueError names a file that is none."""
    records = []
    for path in sorted((folder or root() / "runs").glob("*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            lacks = sorted(set(FIELDS) - set(record)) or sorted(set(metrics.NAMES) - set(record["metrics"]))
            if lacks:
                raise ValueError(f"it lacks {', '.join(lacks)}")
        except (ValueError, KeyError, TypeError) as error:  # a JSON or Unicode error is a ValueError
            raise ValueError(f"{path.name} is no record of a run ({error}): remove it or train again") from None
        records.append(record)
    return records


def plane(records: list[dict], x: str = "chroma_ratio", y: str = "unexplained") -> dict[str, dict[str, tuple]]:
    """Where systems lie by two of their metrics, mean over seeds, by what they are trained for; for `figures.points`.

    records   of one data set and profile; a system is called by its code, or by its name where that is not its alone
    """
    runs, groups = defaultdict(list), defaultdict(dict)
    shared = Counter(recipe.code for recipe in recipes.RECIPES.values())
    for record in records:
        runs[record["recipe"]].append(record)
    for name, seeds in runs.items():
        group, label = "nothing", name.removeprefix("baseline-")
        if name not in BASELINES:
            recipe = recipes.get(name.removesuffix(PUBLISHED))
            group = ("a discriminator" if recipe.gan else "classes" if recipe.step is classification_step
                     else "the error")
            alone = shared[recipe.code] == 1 and recipe.sourced and not name.endswith(PUBLISHED)
            label = recipe.code if alone else name.rsplit("-", 1)[1].upper() if recipe.code == "D6" else name
        groups[group][label] = _mean(seeds, x), _mean(seeds, y)
    return dict(groups)


def missing(profile: str = "lesson", data: str = "cifar10") -> list[tuple[str, int]]:
    """(recipe, seed) of the runs that the table lacks: the baselines once, each recipe of the profile with three seeds.

    Of the profile "ablation" the rows of `recipes.ABLATION`, of "transfer-2000" (500, 10000, 50000) those of
    `recipes.TRANSFER`, of "same-time" those of `recipes.SAME_TIME`, of "same-pictures" A2, and no baselines.
    """
    of_profile = {"ablation": recipes.ABLATIONS, "same-time": recipes.SAME_TIME,
                  "same-pictures": ["dahl-residual-encoder"]}
    rows = recipes.TRANSFER if profile.startswith("transfer-") else of_profile.get(profile)
    if rows is not None:
        wanted = [(name, seed) for seed in SEEDS for name in rows]
        return [(name, seed) for name, seed in wanted if not path_of(name, data, profile, seed).exists()]
    wanted = [(name, 0) for name in BASELINES] + [(name, seed) for seed in SEEDS for name, recipe in
                                                  recipes.RECIPES.items() if profile in recipe.epochs]
    return [(name, seed) for name, seed in wanted if not path_of(name, data, profile, seed).exists()]


COLUMNS = [("unexplained", "unexplained", "{:.3f}"), ("chroma_ratio", "chroma ratio", "{:.2f}"),
           ("ab_error", "ab error", "{:.2f}"), ("psnr", "PSNR", "{:.2f}"), ("auc", "AuC", "{:.4f}"),
           ("auc_balanced", "AuC, balanced", "{:.3f}"), ("ab_error_balanced", "ab error, balanced", "{:.2f}"),
           ("histogram_distance", "histogram distance", "{:.2f}"), ("frechet", "Fréchet", "{:.1f}"),
           ("colorfulness", "colorfulness", "{:.1f}")]


def table(records: list[dict]) -> str:
    """Markdown: a row for each recipe, data set and profile; mean over the seeds, and the range of several."""
    groups: dict[tuple, list[dict]] = defaultdict(list)
    for record in records:
        groups[record["data"], record["profile"], record["recipe"]].append(record)
    target = ["code", "recipe", "data", "profile", "images", "seeds", *(title for _, title, _ in COLUMNS), "epochs",
            "minutes", "parameters", "trained on"]
    rows = [target, ["---"] * len(target)]
    worst_first = sorted(groups.items(), key=lambda kv: (*kv[0][:2], -_mean(kv[1], "unexplained")))
    for (data, profile, recipe), runs in worst_first:
        first = runs[0]
        values = [_with_range([r["metrics"].get(key) for r in runs], form) for key, _, form in COLUMNS]
        minutes = f"{statistics.mean(r['minutes'] for r in runs):.1f}"
        epochs = "-".join(sorted({str(r["epochs"]) for r in runs}, key=int))
        rows.append([first["code"], recipe, data, profile, f"{first['n']:,}", str(len(runs)), *values, epochs, minutes,
                     f"{first['parameters']:,}", f"{first['device']}, {first['precision']}"])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def write_table() -> Path:
    """Write results/README.md from results/runs; returns its path."""
    path = root() / "README.md"
    write_whole(path, page(read()))
    return path


def page(records: list[dict]) -> str:
    """The text of results/README.md."""
    used = sorted({", ".join(f"{k} {v}" for k, v in r["versions"].items()) for r in records})
    return (
        "# Results\n\n"
        "Made by `python -m colorlib results` from the records in `runs/`; do not edit. One row a system: the mean "
        "over its seeds, with the lowest and highest in brackets where there is more than one. Measured on test images "
        "that no training saw, in Lab, on the predicted ab with the given L, before clipping to the gamut (PSNR and "
        "colorfulness: of the clipped picture). Lower is better for *unexplained* and *ab error*, higher for PSNR and "
        "AuC; *chroma ratio* is best at 1; *histogram distance* compares the colors used, wherever they are, and is "
        "best at 0, and so is *Fréchet*, the distance in the features of a classifier trained here "
        "(`colorlib/image_classifier.py`: not \"FID\"). `colorlib/metrics.py` defines each; a dash: not measured on "
        "all seeds.\n\n"
        f"{table(records)}\n"
        "Code: of the source that describes the system (A: Dahl 2016, K: Koo 2016, N: Nazeri and Ng 2018, D: "
        "Dorscheidt et al. 2016, P: Pérez García 2020; a dash: none of them). A star: the system with parts changed. "
        "(A3 is the loss of A1 and A2; N3, N's accuracy, and P4, P's Turing test, are measurements, in notebook 06; "
        "P3 on ResNet-50 needs weights that were not at hand: P3* stands for it.) A "
        "system ending in `-as-published` has its source's own settings. Profile `ablation`: 20,000 images, one pass, "
        "measured on 2,000 (notebook 06; `python -m colorlib train --missing --profile ablation`). Of notebook 07, "
        "measured on 2,000, trained in the same way: `transfer-500` and its like: from different starts, on that many "
        "images; `same-time`: A1 and A2, each with as many images as it sees in the same minutes, and with as many as "
        "A2 what else stands on VGG16; `same-pictures`: A2 with as many as A1.\n\n"
        f"Versions: {'; '.join(used)}.\n"
    )


def _mean(runs: list[dict], key: str) -> float:
    return statistics.mean(r["metrics"][key] for r in runs)


def _with_range(values: list[float | None], form: str) -> str:
    if None in values:
        return "-"
    middle = form.format(statistics.mean(values))
    return middle if len(values) == 1 else f"{middle} ({form.format(min(values))}...{form.format(max(values))})"


def _sizes(profile: str, name: str) -> tuple[int | None, int | None]:
    if profile not in SIZES:
        raise ValueError(f"unknown profile {profile!r}: expected one of {', '.join(SIZES)}")
    if profile == "same-time":
        if name not in recipes.SAME_TIME:
            raise ValueError(f"profile same-time is of {', '.join(recipes.SAME_TIME)}, not of {name}")
        return recipes.SAME_TIME[name], SIZES[profile][1]
    return SIZES[profile]


def commit() -> str:
    """The checkout's commit, short, with a + if files differ from it; "unknown" outside a checkout."""
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=Path(__file__).parent, capture_output=True, text=True,
                              check=True).stdout.strip()
    try:
        return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


COMMIT = commit()                                       # when the code was loaded: what comes later trained nothing
