"""The table of results: results/README.md, and the systems in a plane of two metrics.

    write_table()                                   # results/README.md from the records
    plots.points(plane(records.read()))
"""
from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from pathlib import Path

from colorlib.experiments import recipes
from colorlib.experiments.records import BASELINES, PUBLISHED, read, root
from colorlib.paths import write_text_atomic
from colorlib.train import classification_step

# metric, title of its column, number format
COLUMNS = [("unexplained", "unexplained", "{:.3f}"), ("chroma_ratio", "chroma ratio", "{:.2f}"),
           ("ab_error", "ab error", "{:.2f}"), ("psnr", "PSNR", "{:.2f}"), ("auc", "AuC", "{:.4f}"),
           ("auc_balanced", "AuC, balanced", "{:.3f}"),
           ("ab_error_balanced", "ab error, balanced", "{:.2f}"),
           ("histogram_distance", "histogram distance", "{:.2f}"),
           ("frechet", "Fréchet", "{:.1f}"), ("colorfulness", "colorfulness", "{:.1f}")]

PAGE = """# Results

This page is written by `python -m colorlib results` from the records in `runs/`: do not edit it.
Each row is a system. A number is the mean over the seeds; where there is more than one seed, the
lowest and highest value follow in brackets. A dash means that the metric was not measured for every
seed.

All metrics compare the predicted ab with the true ab, in Lab, with the given L and before clipping
to the gamut, on test images that were not used for training. PSNR and colorfulness are computed
from the clipped RGB image.

- *unexplained*: the share of the color variance that the system does not explain. Lower is better;
  painting everything in the mean color gives 1.
- *ab error*: mean distance in Lab units. Lower is better.
- *PSNR* and *AuC*: higher is better.
- *chroma ratio*: best at 1; below 1 the colors are too pale, above 1 too strong.
- *histogram distance*: compares how often colors are used, wherever they are. Best at 0.
- *Fréchet*: distance between the features of colorized and true images, best at 0. The features are
  those of our own classifier (`colorlib/image_classifier.py`), so this is not the "FID".

`colorlib/metrics.py` defines each metric.

{table}
The code refers to the source that describes the system. A: Dahl 2016, K: Koo 2016, N: Nazeri and Ng
2018, D: Dorscheidt et al. 2016, P: Pérez García 2020; a dash: none of them. A star marks a system
with parts changed. Three codes have no row: A3 is the loss of Dahl's networks; N3 (Nazeri's
accuracy) and P4 (Pérez's Turing test) are measurements, in notebook 06. Pérez's ResNet-50 (P3)
needs weights that were not available, so the small encoder (P3*) stands for it. The name of a
system that was trained with the settings of its source ends in `-as-published`.

Profiles of notebook 06 (`python -m colorlib train --missing --profile ablation`):

- `ablation`: one epoch on 20,000 images, measured on 2,000.

Profiles of notebook 07, measured on 2,000 images and trained in the same way:

- `transfer-500` and its like: different starts, with that many training images.
- `same-time`: Dahl's hypercolumns and residual encoder, each with as many images as it can train on
  in the same minutes. The other systems on VGG16 get as many images as the residual encoder.
- `same-pictures`: the residual encoder with as many images as the hypercolumns.

Versions: {versions}.
"""


def plane(records: list[dict], x: str = "chroma_ratio",
          y: str = "unexplained") -> dict[str, dict[str, tuple]]:
    """Return where systems lie in a plane of two metrics, for `plots.points`.

    records   of one data set and profile; the mean over seeds is taken
    returns   (x, y) by label, in groups by what the systems are trained for. The label is the
              code of a system, or its name if other systems share the code
    """
    runs, groups = defaultdict(list), defaultdict(dict)
    codes = Counter(recipe.code for recipe in recipes.RECIPES.values())
    for record in records:
        runs[record["recipe"]].append(record)
    for name, seeds in runs.items():
        group, label = "nothing", name.removeprefix("baseline-")
        if name not in BASELINES:
            recipe = recipes.get(name.removesuffix(PUBLISHED))
            group = ("a discriminator" if recipe.gan
                     else "classes" if recipe.step is classification_step else "the error")
            unique = codes[recipe.code] == 1 and recipe.has_source and not name.endswith(PUBLISHED)
            label = recipe.code if unique else name
            if recipe.code == "D6":  # the compact network in another color space
                label = name.rsplit("-", 1)[1].upper()
        groups[group][label] = _mean(seeds, x), _mean(seeds, y)
    return dict(groups)


def table(records: list[dict]) -> str:
    """Return a Markdown table with a row for each data set, profile and recipe, the worst first."""
    groups: dict[tuple, list[dict]] = defaultdict(list)
    for record in records:
        groups[record["data"], record["profile"], record["recipe"]].append(record)
    titles = ["code", "recipe", "data", "profile", "images", "seeds"]
    titles += [title for _, title, _ in COLUMNS]
    titles += ["epochs", "minutes", "parameters", "trained on"]
    rows = [titles, ["---"] * len(titles)]
    for (data, profile, recipe), runs in sorted(groups.items(), key=lambda item: (
            *item[0][:2], -_mean(item[1], "unexplained"))):
        first = runs[0]
        values = [_with_range([r["metrics"].get(key) for r in runs], form)
                  for key, _, form in COLUMNS]
        epochs = "-".join(sorted({str(r["epochs"]) for r in runs}, key=int))
        minutes = f"{statistics.mean(r['minutes'] for r in runs):.1f}"
        trained_on = "; ".join(dict.fromkeys(map(_trained_on, runs)))  # distinct, in order
        rows.append([first["code"], recipe, data, profile, f"{first['n']:,}", str(len(runs)),
                     *values, epochs, minutes, f"{first['parameters']:,}", trained_on])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def page(records: list[dict]) -> str:
    """Return the text of results/README.md."""
    versions = sorted({", ".join(f"{k} {v}" for k, v in r["versions"].items()) for r in records})
    return PAGE.format(table=table(records), versions="; ".join(versions))


def write_table() -> Path:
    """Write results/README.md from results/runs; return its path."""
    path = root() / "README.md"
    write_text_atomic(path, page(read()))
    return path


def _trained_on(record: dict) -> str:
    """Device and precision, and the batch size if it is not the recipe's on a CPU."""
    batch = f", batch {record['training']['batch_size']}" if "training" in record else ""
    return f"{record['device']}, {record['precision']}{batch}"


def _mean(runs: list[dict], key: str) -> float:
    return statistics.mean(r["metrics"][key] for r in runs)


def _with_range(values: list[float | None], form: str) -> str:
    if None in values:
        return "-"
    mean = form.format(statistics.mean(values))
    if len(values) == 1:
        return mean
    return f"{mean} ({form.format(min(values))}...{form.format(max(values))})"
