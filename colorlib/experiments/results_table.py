"""Tables and a plot of the records: which system errs least, which looks most real, at what cost.

    data = frame(records.read())                    # pandas: one line per run
    main_table(data)                                # Markdown, the best system first
    plots.points(perception_distortion(data))

`results_page.py` puts them on results/README.md. `MAIN_ROWS` chooses what the page shows, and
`QUESTIONS` the small tables; everything else is in results/all.csv.
"""
import re
import statistics
from collections.abc import Callable
from dataclasses import dataclass

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
    "nazeri-gan": "U-Net, Nazeri's discriminator + L1",
    "perez-sigmoid-gan-l1": "U-Net, image discriminator + L1",
    "perez-patchgan": "U-Net, PatchGAN + L1",
    "small-resnet-patchgan": "pretrained encoder, PatchGAN + L1",
    "sampler": "sampler of whole pictures, one sample",
}
BOOSTED = "boosted"  # the U-Net's control, measured with it: its colors times a constant
BOOSTED_SYSTEM = "nazeri-unet"
CONTROLS = {
    BOOSTED: "*U-Net, saturation boosted*",
    "baseline-mean": "*mean color everywhere*",
    "baseline-gray": "*gray*",
    "baseline-random": "*another image's colors*",
}


Runs = dict[str, pandas.DataFrame]  # of a question, by row: the runs of all seeds


@dataclass(frozen=True)
class Question:
    """A small table that answers one question.

    rows     recipe: label, all of one profile; or "recipe@profile", each of its own budget
    answer   shown only as long as `holds` of the runs of each row
    """

    text: str
    rows: dict[str, str]
    data: str = "cifar10"
    sheet: str = ""  # in results/: a picture with the rows
    answer: str = ""
    holds: Callable[[Runs], bool] = lambda runs: False


FRUIT_PHOTOS = {"fruit-l1": "absolute error", "fruit-patch16": "PatchGAN of 16 pixels + L1",
                "fruit-patch34": "PatchGAN of 34 pixels + L1",
                "fruit-patch70": "PatchGAN of 70 pixels + L1"}


def _below(runs: Runs, key: str, row: str, other: str) -> bool:
    """Whether a metric is smaller in one row than in the other, with each seed."""
    return bool(runs[row][key].max() < runs[other][key].min())


def _apart(runs: Runs, key: str, row: str, other: str) -> float:
    return abs(runs[row][key].mean() - runs[other][key].mean())


def _loss_holds(runs: Runs) -> bool:
    squared = "nazeri-unet@lesson"
    others = [row for row in runs if row != squared]
    return (len(others) == 2 and all(own.chroma_ratio.max() < 0.9 for own in runs.values())
            and all(_below(runs, "unexplained", squared, row)
                    and _below(runs, "pictures_seen", row, squared) for row in others))


def _discriminator_holds(runs: Runs) -> bool:
    none, whole, patches = (f"{name}@lesson" for name in
                            ("generator-l1", "nazeri-gan", "perez-patchgan"))
    nearer = runs[whole].frechet < runs[none].frechet.min()
    return (all(_below(runs, key, none, row) for row in (whole, patches)
                for key in ("chroma_ratio", "unexplained"))
            and _below(runs, "frechet", patches, none) and nearer.sum() == 4
            and len(runs[patches]) == len(runs[whole]) == 5
            and all((own.pictures_seen == TRAINING_IMAGES["cifar10"]).all()
                    for own in runs.values()))


def _square_holds(runs: Runs) -> bool:
    whole, patches, alone = (f"{name}@long" for name in (
        "perez-sigmoid-gan-l1", "perez-patchgan", "perez-patchgan-no-l1"))
    return (all(_below(runs, key, whole, patches) for key in ("unexplained", "frechet"))
            and _below(runs, "hue_diversity", patches, whole)
            and all(_below(runs, "unexplained", row, alone) for row in runs if row != alone)
            and len(runs) == 4 and sum(len(own) == 1 for own in runs.values()) > 2)


def _fruit_holds(runs: Runs) -> bool:
    plain, others = "fruit-l1", [row for row in runs if row != "fruit-l1"]
    return bool(others) and all(_below(runs, "unexplained", plain, row)
                                and _apart(runs, "hue_diversity", plain, row) < 0.05
                                for row in others)


def _pretraining_holds(runs: Runs) -> bool:
    random, pretrained, _ = runs  # with the row that the answer speaks of
    return (all(_below(runs, key, pretrained, random) for key in ("unexplained", "frechet"))
            and len(runs[pretrained]) == len(runs[random]) == 3)


QUESTIONS = [
    Question(
        "What does the loss do?", {
            "nazeri-unet@lesson": "squared error", "generator-l1@long": "absolute error",
            "unet-classifier@lesson": "color classes",
            "unet-classifier-rebalanced@lesson": "color classes, rebalanced"},
        answer="All three are paler than the photographs. Squared error explains most; it has also "
               "seen the most pictures, and networks and optimizers differ, too.",
        holds=_loss_holds),
    Question(
        "What does the discriminator do?", {
            "generator-l1@lesson": "none (absolute error alone)",
            "nazeri-gan@lesson": "one answer per image, with L1",
            "perez-patchgan@lesson": "patches of 34 pixels, with L1"},
        answer="After one pass over the pictures, both bring more color and explain less, with "
               "each of five seeds. The pictures are more like photographs as a collection with "
               "each seed of the patches, and with four of the single answer, which also has the "
               "learning rate and the smoothed labels of its source.",
        holds=_discriminator_holds),
    Question(
        "And with Pérez's number of pictures?", {
            "generator-l1@long": "no discriminator, L1",
            "perez-sigmoid-gan-l1@long": "one answer per image, with L1",
            "perez-patchgan@long": "patches of 34 pixels, with L1",
            "perez-patchgan-no-l1@long": "patches, without L1"},
        answer="With L1, one answer per image does better than patches in error, Fréchet distance "
               "and variety of hues: patches are not what helps on images of 32 pixels. Its "
               "discriminator has twice as many parameters, and most rows have one seed. Without "
               "L1, the error is the largest.",
        holds=_square_holds),
    Question(
        "And on photographs of fruit?", FRUIT_PHOTOS, "fruit-photos", "fruit-photos.png",
        answer="On specimens that no network has seen, the discriminator costs error and adds "
               "hardly a hue. With so few seeds, this may be luck.",
        holds=_fruit_holds),
    Question(
        "What does pretraining do?", {
            "small-random-patchgan": "encoder from random weights",
            "small-resnet-patchgan": "encoder that had learned to name gray images",
            "small-plain-patchgan": "the same, frozen, without skips"},
        answer="It takes away error, and the pictures are more like photographs as a collection, "
               "with each of three seeds. The last row differs from the second in two things.",
        holds=_pretraining_holds),
    Question(
        "Does longer training help?", {
            "nazeri-unet@lesson": "U-Net, squared error",
            "nazeri-unet@long": "the same, trained longer, in larger batches"},
        answer="Not against the error: on images that were held out, the longer training is past "
               "its best point. Its pictures are more like photographs as a collection. The longer "
               "training has one seed and a higher learning rate.",
        holds=lambda runs: (_below(runs, "unexplained", "nazeri-unet@lesson", "nazeri-unet@long")
                            and _below(runs, "frechet", "nazeri-unet@long", "nazeri-unet@lesson")
                            and len(runs["nazeri-unet@long"]) == 1
                            and runs["nazeri-unet@long"].curve.map(past_its_best).all())),
    Question(
        "Which color space?", {
            "delft-compact": "Lab", "delft-compact-ycbcr": "YCbCr", "delft-compact-rgb": "RGB",
            "delft-compact-hsv": "HSV"},
        answer="Lab, YCbCr and RGB are nearly equal. HSV, whose hue is an angle, explains less "
               "than nothing.",
        holds=lambda runs: (all(_apart(runs, "unexplained", "delft-compact", row) < 0.03
                                for row in ("delft-compact-ycbcr", "delft-compact-rgb"))
                            and runs["delft-compact-hsv"].unexplained.min() > 1)),
    Question(
        "Does a blurred target help?", {
            "delft-compact": "sharp", "delft-compact-blur": "blurred, half resolution",
            "delft-compact-full": "sharp, full resolution",
            "delft-compact-full-blur": "blurred, full resolution"},
        answer="At half the resolution, it changes next to nothing.",
        holds=lambda runs: _apart(runs, "unexplained", "delft-compact",
                                  "delft-compact-blur") < 0.02),
]


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
    return [_spread(explained, "{:.0f} %"), _spread(_column(runs, "frechet"), "{:.2f}"),
            _spread(list(runs.chroma_ratio), "{:.2f}")]


def _column(runs: pandas.DataFrame, key: str) -> list[float]:
    # Gray's distance is measured with every run, and its own record is older than the metric.
    return list(runs[key].dropna()) if key in runs else []


def _spread(values: list[float], form: str) -> str:
    """The mean, and the lowest and highest of several runs."""
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


def question_runs(data: pandas.DataFrame, question: Question) -> Runs:
    """Return the runs of each row of a question; empty with fewer than two, which answer nothing.

    All have one profile, the longest that two rows share, so that they can be compared, unless
    the question names the profile of each row.
    """
    runs = data[data.data == question.data]
    if any("@" in row for row in question.rows):
        runs = runs.assign(recipe=runs.recipe + "@" + runs.profile, profile="")
    runs = runs[runs.recipe.isin(question.rows)]
    shared = runs.groupby("profile").agg(
        systems=("recipe", "nunique"), seen=("pictures_seen", "max"))
    shared = shared[shared.systems > 1].sort_values(["systems", "seen"])
    if shared.empty:
        return {}
    runs = runs[runs.profile == shared.index[-1]]
    return {row: own for row in question.rows if not (own := runs[runs.recipe == row]).empty}


def question_table(data: pandas.DataFrame, question: Question) -> str:
    """Return a question's table, without columns that nobody has measured; "" without runs."""
    rows = [[question.rows[row], *cells(own), _spread(_column(own, "hue_diversity"), "{:.2f}"),
             budget(own)] for row, own in question_runs(data, question).items()]
    if not rows:
        return ""
    titles = ["", *COLUMNS, "variety of hues", "training"]
    measured = [n for n in range(len(titles)) if {row[n] for row in rows} != {"–"}]
    return markdown([titles[n] for n in measured], [[row[n] for n in measured] for row in rows])


def question_answer(data: pandas.DataFrame, question: Question) -> str:
    """Return a question's answer in words; "" if the records do not bear it out."""
    try:
        return question.answer if question.holds(question_runs(data, question)) else ""
    except (KeyError, ValueError):  # a row is missing
        return ""


def in_short(data: pandas.DataFrame) -> str:
    """Return what the main table says, in a paragraph; "" without the systems that it compares."""
    found = {name: own for name in (*MAIN_ROWS, BOOSTED) if not (own := longest(data, name)).empty}
    distance = {name: statistics.mean(values) for name, own in found.items()
                if (values := _column(own, "frechet"))}
    pair = "perez-patchgan", BOOSTED
    if not {*pair} <= {*distance}:
        return ""
    error = {name: own.unexplained.mean() for name, own in found.items()}
    least, nearest = (min(MAIN_ROWS.keys() & of.keys(), key=of.get) for of in (error, distance))
    explained, distances = ([cells(found[name])[n].split(" (")[0] for name in pair] for n in (0, 1))
    return (f"**In short.** The smallest error has: {MAIN_ROWS[least]}. Most like photographs by "
            f"the Fréchet distance is: {MAIN_ROWS[nearest]}. A PatchGAN against a regression whose "
            f"saturation is boosted: Fréchet distance {' against '.join(distances)}, color "
            f"explained {' against '.join(explained)} "
            f"({'; '.join(budget(found[name]) for name in pair)}).\n\n")


def markdown(titles: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def perception_distortion(data: pandas.DataFrame) -> dict[str, dict]:
    """Return (error, Fréchet distance) by label, in groups, for `plots.points`: both best low."""
    groups: dict[str, dict] = {"systems": {}, "for comparison": {}}
    for recipe, label in (MAIN_ROWS | CONTROLS).items():
        runs = longest(data, recipe)
        if not runs.empty and (distances := _column(runs, "frechet")):
            group = "systems" if recipe in MAIN_ROWS else "for comparison"
            point = runs.unexplained.mean(), statistics.mean(distances)
            groups[group][label.strip("*")] = point
    return {name: points for name, points in groups.items() if points}
