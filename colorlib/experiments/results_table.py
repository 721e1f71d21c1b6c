"""Tables and a plot of the records: which system errs least, which looks most real, at what cost.

    data = frame(records.read())                    # pandas: one line per run
    main_table(data)                                # Markdown, the best system first
    plots.points(perception_distortion(data))

`results_page.py` puts them on results/README.md. `MAIN_ROWS` chooses what the page shows, and
`questions.py` the small tables; everything else is in results/all.csv.
"""
import re
import statistics

import pandas

from colorlib import metrics
from colorlib.experiments import budgets, recipes
from colorlib.experiments.records import SIZES

# What may be trained on: of photographs of fruit, those held out have a split of their own.
TRAINING_IMAGES = {"cifar10": 50_000, "fruit-photos": 1_235}

# The systems of the main table: recipe, and its name for a reader who knows no recipe. A star marks
# what is not trained but stands beside the systems for comparison.
MAIN_ROWS = {
    "koo-baseline": "Koo's CNN, squared error",
    "nazeri-unet": "U-Net, squared error",
    "unet-classifier": "U-Net, color classes",
    "unet-classifier-rebalanced": "U-Net, rebalanced color classes",
    "generator-l1": "U-Net, absolute error",
    "nazeri-gan": "U-Net, Nazeri's GAN (one answer + L1)",
    "perez-sigmoid-gan-l1": "U-Net, one answer per image + L1",
    "perez-patchgan": "U-Net, PatchGAN + L1",
    "small-resnet-patchgan": "pretrained encoder, PatchGAN + L1",
    "sampler": "sampler of whole pictures, one sample",
}
BOOSTED = "boosted"  # the U-Net's control, measured with it: its colors times a constant
BOOSTED_SYSTEM = "nazeri-unet"
PAST_ITS_BEST = "U-Net, squared error, past its best"
CONTROLS = {
    BOOSTED: "*U-Net, squared error × constant*",
    "baseline-mean": "*mean color everywhere*",
    "baseline-gray": "*gray*",
    "baseline-random": "*another image's colors*",
}


def frame(records: list[dict]) -> pandas.DataFrame:
    """Return one line per run: the record's fields, its metrics, and the pictures it has seen."""
    fields = ["recipe", "data", "profile", "seed", "n", "epochs", "pictures_seen", "minutes",
              "parameters", "device", "precision", "commit", "curve", *metrics.NAMES]
    rows = [{"curve": None} | record | {"pictures_seen": pictures_seen(record)} | record["metrics"]
            for record in records]
    measured = [name for row in rows for name in row["metrics"] if name not in fields]
    return pandas.DataFrame(rows, columns=[*fields, *dict.fromkeys(measured)])


def pictures_seen(record: dict) -> int | None:
    """Return how many training pictures a run was shown, repeats included; None if unknown."""
    if "pictures_seen" in record:
        return record["pictures_seen"]
    whole = TRAINING_IMAGES.get(record["data"])
    budget = budgets.BUDGETS.get(record["profile"])
    if budget and (images := budget.train or whole):
        held_out = 0 if record["data"] == "fruit-photos" else budget.held_out
        return record["epochs"] * (images - held_out)
    # A profile such as "lesson-12-epochs" has the images of "lesson".
    profile = re.sub(r"-\d+-epochs$", "", record["profile"])
    if not record["epochs"] or record["data"] != "cifar10" or profile not in SIZES:
        return None if record["epochs"] else 0
    images = SIZES[profile][0]
    if profile == "same-time":
        images = recipes.SAME_TIME[record["recipe"]]
    return record["epochs"] * (images or whole)


def control(data: pandas.DataFrame, recipe: str) -> pandas.DataFrame:
    """Return the runs of a recipe with the metrics of its colors times a constant."""
    measured = [name for name in data.columns if name.startswith("boosted_")]
    runs = data[data.recipe == recipe].dropna(subset=measured[:1]) if measured else data[:0]
    names = {name: name.removeprefix("boosted_") for name in measured}
    return runs.drop(columns=list(names.values()), errors="ignore").rename(columns=names)


def longest(data: pandas.DataFrame, recipe: str, name: str = "cifar10") -> pandas.DataFrame:
    """Return the runs of a recipe with most pictures seen, all seeds; empty if there are none.

    Runs that were measured on fewer test images than others of the recipe do not count, and runs
    past their best point only if there are no others.
    """
    if recipe == BOOSTED:
        recipe, data = BOOSTED_SYSTEM, control(data, BOOSTED_SYSTEM)
    runs = data[(data.recipe == recipe) & (data.data == name)]
    if runs.empty:
        return runs
    runs = runs[runs.n == runs.n.max()]
    if not (past := runs.curve.map(past_its_best)).all():
        runs = runs[~past]
    seen = runs.groupby("profile").pictures_seen.max()
    return runs[runs.profile == seen.fillna(0).idxmax()]


def overfitted(data: pandas.DataFrame, recipe: str = BOOSTED_SYSTEM) -> pandas.DataFrame:
    """Return the longest runs of a recipe on CIFAR-10 that `longest` leaves out: past their best.

    Empty if there are none, or no others.
    """
    runs = data[(data.recipe == recipe) & (data.data == "cifar10")]
    runs = runs[runs.n == runs.n.max()]
    past = runs.curve.map(past_its_best).astype(bool)
    if past.all() or not past.any():
        return runs[:0]
    runs = runs[past]
    return runs[runs.profile == runs.groupby("profile").pictures_seen.max().fillna(0).idxmax()]


def past_its_best(curve: list[dict] | None) -> bool:
    """Return whether a training went on until it had forgotten what it knew of other images.

    curve   of a record: the loss on held-out images after each epoch. True if it ends more than 5 %
            above its lowest value. False if nothing was held out
    """
    losses = [point["validation_loss"] for point in curve or [] if "validation_loss" in point]
    return bool(losses) and losses[-1] > 1.05 * min(losses)


def budget(runs: pandas.DataFrame) -> str:
    """Return what a system cost, in words: "600,000 pictures, 24 minutes, 3 seeds"."""
    if not runs.epochs.max():
        return "no training"
    seen = runs.pictures_seen.max()
    pictures = f"{seen:,.0f} pictures, " if pandas.notna(seen) else f"{runs.epochs.max()} epochs, "
    seeds = f"{len(runs)} seed{'s' if len(runs) > 1 else ''}"
    return f"{pictures}{runs.minutes.mean():.0f} minutes, {seeds}"


def cells(runs: pandas.DataFrame) -> list[str]:
    """Return the measured cells of a row: color explained, Fréchet distance, amount of color."""
    explained = [100 * (1 - value) for value in runs.unexplained]
    return [spread(explained, "{:,.0f} %"), spread(column(runs, "frechet"), "{:.2f}"),
            spread(list(runs.chroma_ratio), "{:.2f}")]


def column(runs: pandas.DataFrame, key: str) -> list[float]:
    """Return a metric of all seeds, without those where nobody measured it."""
    # Gray's distance is measured with every run, and its own record is older than the metric.
    return list(runs[key].dropna()) if key in runs else []


def spread(values: list[float], form: str) -> str:
    """Return the mean, and the lowest and highest of several runs: "26 % (26 to 27)"."""
    if not values:
        return "–"
    mean = form.format(statistics.mean(values)).replace("-", "−")
    if len(values) == 1:
        return mean
    low, high = (form.format(v).removesuffix(" %").replace("-", "−")
                 for v in (min(values), max(values)))
    return f"{mean} ({low} to {high})"


COLUMNS = ["color explained", "Fréchet distance", "amount of color"]


def main_table(data: pandas.DataFrame) -> str:
    """Return the Markdown table of `MAIN_ROWS` and `CONTROLS` on CIFAR-10, least error first."""
    rows = [(-1.0, ["*the photographs themselves*", "100 %", "0", "1", ""])]
    for recipe, label in (MAIN_ROWS | CONTROLS).items():
        runs = longest(data, recipe)
        if not runs.empty:
            rows.append((runs.unexplained.mean(), [label, *cells(runs), budget(runs)]))
    ordered = [row for _, row in sorted(rows, key=lambda entry: entry[0])]
    return markdown(["system", *COLUMNS, "training"], ordered)


def in_short(data: pandas.DataFrame) -> str:
    """Return what the main table says, in a paragraph; "" without the systems that it compares."""
    found = {name: own for name in (*MAIN_ROWS, BOOSTED) if not (own := longest(data, name)).empty}
    distance = {name: statistics.mean(values) for name, own in found.items()
                if (values := column(own, "frechet"))}
    pair = "perez-patchgan", BOOSTED
    if not {*pair} <= {*distance}:
        return ""
    error = {name: own.unexplained.mean() for name, own in found.items()}
    least = min(MAIN_ROWS.keys() & error.keys(), key=error.get)
    nearest, *others = sorted(MAIN_ROWS.keys() & distance.keys(), key=distance.get)
    following = "".join(f" Next comes {MAIN_ROWS[name]} ({distance[name]:.2f}; "
                        f"{budget(found[name])})." for name in others[:1])
    explained, distances = ([cells(found[name])[n].split(" (")[0] for name in pair] for n in (0, 1))
    return (f"**In short**\n\n"
            f"- **Smallest error:** {MAIN_ROWS[least]} ({budget(found[least])}).\n"
            f"- **Most like photographs**, by the Fréchet distance: {MAIN_ROWS[nearest]} "
            f"({distance[nearest]:.2f}; {budget(found[nearest])}).{following}\n"
            f"- **A PatchGAN against a constant:** beside the U-Net's colors times a constant, the "
            f"PatchGAN has a Fréchet distance of {' against '.join(distances)} and explains "
            f"{' against '.join(explained)} of the color "
            f"({'; '.join(budget(found[name]) for name in pair)}).\n"
            f"{_longer_regression(data)}\n")


def _longer_regression(data: pandas.DataFrame) -> str:
    """Return what the U-Net alone reaches past its best point; "" without such a run."""
    past = overfitted(data)
    if past.empty or not column(past, "frechet"):
        return ""
    explained, distance, _ = cells(past)
    return (f"- **And the U-Net alone, trained past its best point**, explains {explained} of "
            f"the color, at a Fréchet distance of {distance} ({budget(past)}).\n")


def markdown(titles: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def plane_label(label: str) -> str:
    """Return the short name of a row in the plane, where most networks are the U-Net."""
    return label.strip("*").removeprefix("U-Net, ")


def perception_distortion(data: pandas.DataFrame) -> dict[str, dict]:
    """Return (error, Fréchet distance) by label, in groups, for `plots.points`: both best low.

    Labels are those of `plane_label`. Beside the controls stands the U-Net that was trained past
    its best point, if it was.
    """
    found = {label: (recipe in MAIN_ROWS, longest(data, recipe))
             for recipe, label in (MAIN_ROWS | CONTROLS).items()}
    found[PAST_ITS_BEST] = False, overfitted(data)
    groups: dict[str, dict] = {"systems": {}, "for comparison": {}}
    for label, (is_system, runs) in found.items():
        if not runs.empty and (distances := column(runs, "frechet")):
            point = runs.unexplained.mean(), statistics.mean(distances)
            groups["systems" if is_system else "for comparison"][plane_label(label)] = point
    return {name: points for name, points in groups.items() if points}
