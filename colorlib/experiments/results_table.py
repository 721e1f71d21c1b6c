"""The table of results: results/README.md, and the systems in a plane of two metrics.

    write_table()                                   # results/README.md from the records
    plots.points(plane(records.read()))
"""
import statistics
from collections import Counter, defaultdict
from html import escape
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


def plane(records: list[dict], x: str = "chroma_ratio", y: str = "unexplained") -> dict[str, dict]:
    """Return (x, y) by label, in groups by what the systems are trained for, for `plots.points`.

    records   of one data set and profile; x and y are means of two metrics over the seeds
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
            # A code is short and the name is long, and several systems may share a code.
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
    titles = ["code", "recipe", "data", "profile", "images", "seeds",
              *(title for _, title, _ in COLUMNS), "epochs", "minutes", "parameters", "trained on"]
    rows = [titles, ["---"] * len(titles)]
    order = sorted(groups, key=lambda group: (*group[:2], -_mean(groups[group], "unexplained")))
    for data, profile, recipe in order:
        runs = groups[data, profile, recipe]
        first = runs[0]
        values = [_with_range([r["metrics"].get(key) for r in runs], form)
                  for key, _, form in COLUMNS]
        # More than one number where a seed was trained again with other settings.
        epochs = "-".join(map(str, sorted({r["epochs"] for r in runs})))
        minutes = f"{statistics.mean(r['minutes'] for r in runs):.1f}"
        trained_on = "; ".join(dict.fromkeys(map(_trained_on, runs)))  # distinct, in order
        names = map(_cell, (first["code"], recipe, data, profile))
        rows.append([*names, f"{first['n']:,}", str(len(runs)), *values, epochs, minutes,
                     f"{first['parameters']:,}", _cell(trained_on)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def page(records: list[dict]) -> str:
    """Return the text of results/README.md."""
    # Results of different versions may differ: the page names every combination that was used.
    versions = sorted({_cell(", ".join(f"{k} {v}" for k, v in r["versions"].items()))
                       for r in records})
    template = (Path(__file__).parent / "results_page.md").read_text(encoding="utf-8")
    return template.format(table=table(records), versions="; ".join(versions))


def write_table() -> Path:
    """Write results/README.md from results/runs; return its path."""
    path = root() / "README.md"
    write_text_atomic(path, page(read()))
    return path


def _cell(text: str) -> str:
    """A text from a record in a Markdown table: others may have written it, as HTML perhaps."""
    return escape(" ".join(text.split()), quote=False).replace("|", "\\|")


def _trained_on(record: dict) -> str:
    # The batch size is named where it differs from the recipe's on a CPU.
    batch = f", batch {record['training']['batch_size']}" if "training" in record else ""
    return f"{record['device']}, {record['precision']}{batch}"


def _mean(runs: list[dict], key: str) -> float:
    return statistics.mean(r["metrics"][key] for r in runs)


def _with_range(values: list[float | None], form: str) -> str:
    if None in values:  # a mean over fewer seeds could not be compared with the other columns
        return "-"
    mean = form.format(statistics.mean(values))
    if len(values) == 1:
        return mean
    return f"{mean} ({form.format(min(values))}...{form.format(max(values))})"
