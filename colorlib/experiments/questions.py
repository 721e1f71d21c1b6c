"""The small tables of the results page: each answers one question, in words only while they hold.

    data = results_table.frame(records.read())
    question_table(data, QUESTIONS[0])              # Markdown; "" without runs
    question_answer(data, QUESTIONS[0])             # a sentence; "" if the records say otherwise
"""
from collections.abc import Callable
from dataclasses import dataclass

import pandas

from colorlib.experiments.results_table import (
    COLUMNS,
    TRAINING_IMAGES,
    budget,
    cells,
    column,
    markdown,
    past_its_best,
    spread,
)

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
    whole, patches, alone, diverged = (f"{name}@long" for name in (
        "perez-sigmoid-gan-l1", "perez-patchgan", "perez-patchgan-no-l1", "perez-sigmoid-gan"))
    return (all(_below(runs, key, whole, patches) for key in ("unexplained", "frechet"))
            and _below(runs, "hue_diversity", patches, whole)
            and all(_below(runs, "unexplained", row, alone)
                    for row in runs if row not in (alone, diverged))
            and (runs[diverged].unexplained > 200).all()
            and (runs[diverged].chroma_ratio >= 2).all()
            and sorted(len(own) for own in runs.values()) == [1, 1, 1, 2, 2]
            and len(runs[whole]) == len(runs[patches]) == 2)


def _fruit_holds(runs: Runs) -> bool:
    plain, others = "fruit-l1", [row for row in runs if row != "fruit-l1"]
    return (bool(others) and all(len(own) == 1 for own in runs.values())
            and all(_below(runs, "unexplained", plain, row)
                    and _apart(runs, "hue_diversity", plain, row) < 0.05 for row in others))


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
        answer="All three are paler than the photographs. Squared error explains most, but it has "
               "also seen the most pictures, and networks and optimizers differ.",
        holds=_loss_holds),
    Question(
        "What does the discriminator do?", {
            "generator-l1@lesson": "none (absolute error alone)",
            "nazeri-gan@lesson": "Nazeri's: one answer per image, with L1",
            "perez-patchgan@lesson": "patches of 34 pixels, with L1"},
        answer="After one pass over the pictures, both discriminators add color and explain less, "
               "in all five trainings. As a collection, the pictures are more like photographs in "
               "all five trainings with patches, and in four of five with one answer. That one "
               "also has the learning rate and the smoothed labels of Nazeri's report.",
        holds=_discriminator_holds),
    Question(
        "And with Pérez's number of pictures?", {
            "generator-l1@long": "no discriminator, L1",
            "perez-sigmoid-gan-l1@long": "one answer per image, with L1",
            "perez-patchgan@long": "patches of 34 pixels, with L1",
            "perez-patchgan-no-l1@long": "patches, without L1",
            "perez-sigmoid-gan@long": "her first game: one answer, no L1, other labels"},
        answer="With L1, the discriminator with one answer per image does better than the one "
               "with patches in error, Fréchet distance and variety of hues, in both trainings. "
               "That says little about patches: on images of 32 pixels, a patch of 34 sees nearly "
               "everything, and the other discriminator has other layers and twice as many "
               "parameters. Without L1, patches have a larger error. In our variant of her first "
               "game, the squared error ends hundreds of times as large as the color variance: the "
               "generator diverged, as she says. The other rows have one seed.",
        holds=_square_holds),
    Question(
        "And on photographs of fruit?", FRUIT_PHOTOS, "fruit-photos", "fruit-photos.png",
        answer="On specimens that no network has seen, the discriminator raises the error and "
               "adds almost no hues. With one seed each, this may be luck.",
        holds=_fruit_holds),
    Question(
        "What does pretraining do?", {
            "small-random-patchgan": "encoder from random weights",
            "small-resnet-patchgan": "encoder that had learned to name gray images",
            "small-plain-patchgan": "the same, frozen, without skips"},
        answer="Pretraining lowers the error, and the pictures are more like photographs as a "
               "collection, with each of three seeds. Its own training, on 45,000 gray images "
               "with names, is not counted here. The last row changes two things: the encoder is "
               "frozen, and skip connections are removed.",
        holds=_pretraining_holds),
    Question(
        "Does longer training help?", {
            "nazeri-unet@lesson": "U-Net, squared error",
            "nazeri-unet@long": "the same, trained longer, in larger batches"},
        answer="The error does not fall: on images that were held out, it has risen again when "
               "the longer training ends. But the pictures are more like photographs as a "
               "collection. The longer training has one seed and a higher learning rate.",
        holds=lambda runs: (_below(runs, "unexplained", "nazeri-unet@lesson", "nazeri-unet@long")
                            and _below(runs, "frechet", "nazeri-unet@long", "nazeri-unet@lesson")
                            and len(runs["nazeri-unet@long"]) == 1
                            and runs["nazeri-unet@long"].curve.map(past_its_best).all())),
    Question(
        "Which color space?", {
            "delft-compact": "Lab", "delft-compact-ycbcr": "YCbCr", "delft-compact-rgb": "RGB",
            "delft-compact-hsv": "HSV"},
        answer="Lab, YCbCr and RGB are nearly equal. HSV, whose hue is an angle, is worse "
               "than the mean color. All train Dorscheidt's compact network.",
        holds=lambda runs: (all(_apart(runs, "unexplained", "delft-compact", row) < 0.03
                                for row in ("delft-compact-ycbcr", "delft-compact-rgb"))
                            and runs["delft-compact-hsv"].unexplained.min() > 1)),
    Question(
        "Does a blurred target help?", {
            "delft-compact": "sharp", "delft-compact-blur": "blurred, half resolution",
            "delft-compact-full": "sharp, full resolution",
            "delft-compact-full-blur": "blurred, full resolution"},
        answer="Hardly: at half the resolution, it changes next to nothing.",
        holds=lambda runs: _apart(runs, "unexplained", "delft-compact",
                                  "delft-compact-blur") < 0.02),
]


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
    rows = [[question.rows[row], *cells(own), spread(column(own, "hue_diversity"), "{:.2f}"),
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
