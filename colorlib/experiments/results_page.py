"""The page of results, results/README.md, and results/all.csv: written from the records alone.

    write(records.read())

`results_table.py` makes the tables; `python -m tools results` draws the page's pictures.
"""
from html import escape
from pathlib import Path

import pandas

from colorlib.data.cued_fruit import KINDS, SECOND_WITH_LEAF, SECOND_WITHOUT
from colorlib.experiments import (
    fingerprint,
    known_truth_table,
    questions,
    results_table,
    transfer_table,
)
from colorlib.experiments.records import root
from colorlib.paths import write_text_atomic

PAGE, ALL_RUNS = "README.md", "all.csv"
SHEET, PLOT = "cifar10.png", "perception_distortion.png"  # in results/
SHEET_TEXT = """![Eight test images, colored by each system, in the order of the table]({sheet})

*The first eight test images of the set, none chosen, in the order of the table. Look for a row that
is both colorful and right.*

"""
FRUIT_TEXT = """## Painted fruit: where the right answer is known

Our program draws {kind} in gray and then picks the color of each at random, so we know the odds:
{second} with probability {with_leaf} for fruit with a leaf, and {without} without one. A colorizer
sees the gray picture only. Does most of a fruit get neither color, does it get one clear color
(nine tenths of it), do both colors meet in it (at least a tenth each), and does the leaf matter?
The rest have mostly one color, on less than nine tenths. The shares of {second} count the fruits
that have one of the two colors on most of their pixels; some trainings have no such fruit. L1 is
the absolute error, with a weight of 10 where none is given.

{answer}{table}
{sheet}"""
FRUIT_SHEET_TEXT = """![Six painted {kind}, one network in each row]({sheet})

*The first six test pictures of the first seed, none chosen. Which rows choose a color for each
fruit, and in which do all fruits look alike?*

"""
FRUIT_PHOTOS_TEXT = """![Six photographs in gray, in true colors, and by two networks]({sheet})

*The first six test photographs, none chosen; seed 0. None of these specimens was trained on.*

"""
TRANSFER_TEXT = """## When does pretraining pay?

An encoder that had learned to name 45,000 gray images stands before a decoder that sees few colored
ones. Each training stops at its best epoch, chosen on 1,000 other images; the table has the color
explained of 2,000 test images.

{answer}{table}
"""
PLOT_TEXT = """## Error or looks?

![The systems in the plane of error and Fréchet distance]({plot})

*Further left is less error: at 0.8, 20 % of the color is explained. Further down looks more like
photographs. The best corner is the lower left, and a system that gains on one axis often loses on
the other. Where no network is named, it is the U-Net; "past its best" means that its error on other
images had risen again.{missing}*

"""


def texts(records: list[dict], folder: Path | None = None) -> dict[str, str]:
    """Return the page and the list of all runs, by file name.

    folder   results/, where the page looks for its pictures; those that are missing are left out
    """
    folder = folder or root()
    data = results_table.frame(records)
    asked = ""
    for question in questions.QUESTIONS:
        if table := questions.question_table(data, question):
            if answer := questions.question_answer(data, question):
                table = f"{answer}\n\n{table}"
            asked += f"## {question.text}\n\n{table}\n"
            if question.sheet and (folder / question.sheet).exists():
                asked += FRUIT_PHOTOS_TEXT.format(sheet=question.sheet)
    if table := transfer_table.table(data):
        asked += TRANSFER_TEXT.format(answer=transfer_table.answer(data), table=table)
    fruit = ""
    for kind in KINDS:
        if table := known_truth_table.table(data, kind):
            sheet = (FRUIT_SHEET_TEXT.format(kind=kind, sheet=f"{kind}.png")
                     if (folder / f"{kind}.png").exists() else "")
            fruit += FRUIT_TEXT.format(kind=kind, second=KINDS[kind][1].names[1], table=table,
                                       with_leaf=SECOND_WITH_LEAF, without=SECOND_WITHOUT,
                                       answer=known_truth_table.answer(data, kind), sheet=sheet)
    # Results of different versions may differ: the page names every combination that was used.
    # Escaped, because others may have written the records.
    versions = sorted({escape(", ".join(f"{k} {v}" for k, v in r["versions"].items()), quote=False)
                       for r in records})
    template = Path(__file__).with_suffix(".md").read_text(encoding="utf-8")
    data["stale"] = ["; ".join(fingerprint.stale(record)) for record in records]
    page = template.format(
        stale=_stale(data), main=results_table.main_table(data), fruit=fruit,
        in_short=results_table.in_short(data),
        questions=asked,
        sheet=SHEET_TEXT.format(sheet=SHEET) if (folder / SHEET).exists() else "",
        plot=(PLOT_TEXT.format(plot=PLOT, missing=_missing_in_plot(data))
              if (folder / PLOT).exists() else ""),
        versions="; ".join(versions))
    lines = data.drop(columns="curve").sort_values(["data", "profile", "recipe", "seed"])
    csv = lines.to_csv(
        index=False, lineterminator="\n", float_format="%.10g")
    return {PAGE: page, ALL_RUNS: csv}


def _missing_in_plot(data: pandas.DataFrame) -> str:
    """A sentence on systems of the table that have no Fréchet distance."""
    drawn = {name for group in results_table.perception_distortion(data).values() for name in group}
    missing = [label for recipe, label in results_table.MAIN_ROWS.items()
               if results_table.plane_label(label) not in drawn
               and not results_table.longest(data, recipe).empty]
    return f" Not drawn, since it has no distance: {', '.join(missing)}." if missing else ""


def _stale(data: pandas.DataFrame) -> str:
    """A sentence on the runs whose code has changed since."""
    first_edition = data.stale == "first edition"
    changed = ((data.stale != "") & ~first_edition).sum()
    return (f"The column `stale` names what has changed in the code since a run: {changed} runs "
            f"are stale, and {first_edition.sum()} were made before such changes were recorded.")


def write(records: list[dict]) -> list[Path]:
    """Write the page and the list of all runs; return their paths."""
    paths = []
    for name, text in texts(records).items():
        paths.append(root() / name)
        write_text_atomic(paths[-1], text)
    return paths


def outdated(records: list[dict]) -> list[str]:
    """Return the names of the files that do not agree with the records."""
    return [name for name, text in texts(records).items()
            if not (root() / name).exists() or (root() / name).read_text(encoding="utf-8") != text]
