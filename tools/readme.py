"""Write what is measured or drawn in README.md and docs/teaching.md, and results/strip.png.

    <!-- map -->       the table of notebooks in the README: exercises, claims, minutes and memory
    <!-- minutes -->   the table of minutes for teachers in docs/teaching.md

Both come from the notebooks and from the records in results/notebooks/. Each ends with its closing
mark, such as `<!-- /map -->`. The strip shows the first test picture of each class of CIFAR-10,
colored by three of the reference checkpoints.
"""

from __future__ import annotations

import io
import re
import runpy
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from colorlib import color, exercises
from colorlib.colorizer import Colorizer
from colorlib.data import datasets
from colorlib.notebook import pictures
from colorlib.paths import CHECKPOINTS, project_root, write_text_atomic
from tools.files import read
from tools.links import project, stored_record

MARKED = re.compile(r"<!-- (map|minutes) -->.*?<!-- /\1 -->", re.S)
DOCUMENTS = ("README.md", "docs/teaching.md")
PROFILES = ("quick", "lesson")
STRIP = {  # checkpoint: label of its row
    "nazeri-unet": "U-Net", "perez-patchgan.long": "PatchGAN + L1", "sampler": "sampler"}

# One line on each notebook, shown after its title in the README and on the site.
ABOUT = {
    "01": "why one number per pixel draws and two paint, and which two a network should predict",
    "02": "the cheapest guess as a game, what each loss asks for, pale colors without a network",
    "03": "a small CNN and a U-Net on photographs, and what a reported loss is worth",
    "04": "a distribution of colors for each pixel, how to pick a color from it, and four networks "
          "whose results were never published",
    "05": "a GAN of points to break on purpose, a critic that turns brown apples red or green, and "
          "two reports of failure",
    "06": "what a discriminator adds that a constant cannot, on apples and photographs, what it "
          "costs, and a Turing test",
    "07": "what a network that has only learned names knows about color, when borrowing it pays, "
          "your own photograph, and where the field went",
    "08": "scribbles that spread by a linear system, colors from another picture, and a network "
          "that takes a click for an answer",
    "09": "a sampler that has another coloring each time you ask, whether its dice are fair, and "
          "what one answer costs",
}


def table(root: Path) -> str:
    """The table of notebooks as Markdown, with what their runs took."""
    lines = ["| notebook | exercises | claims | `quick` | `lesson` | open |",
        "| --- | --- | --- | --- | --- | --- |"]
    hardware: set[str] = set()
    for path in _notebooks(root):
        number = path.name[:2]
        heading = re.search(r"^# (?:\d\d\W+)?(.+)$", read(path).cells[0].source, flags=re.M)
        title = heading[1] if heading else path.stem
        checkers = sum(name.startswith(f"check_{number}_") for name in vars(exercises))
        records = [stored_record(root, number, profile) for profile in PROFILES]
        hardware |= {record["hardware"] for record in records if record}
        claims = max((len(record["claims"]) for record in records if record), default=0)
        badges = f"<!-- links {number} -->{project(root).badges(path.name)}<!-- /links -->"
        about = f": {ABOUT[number]}" if number in ABOUT else ""
        row = [f"[{number} {title}](notebooks/{path.name}){about}", str(checkers),
            str(claims or "-"), *map(_minutes_and_memory, records), badges]
        lines.append(f"| {' | '.join(row)} |")
    text = "\n".join(lines)
    if hardware:
        text += f"\n\nMinutes and peak memory as measured on {in_words(hardware)}."
    return text


def in_words(hardware: set[str]) -> str:
    """Machines in words: "a cloud machine without a GPU (two cores of AMD EPYC)".

    hardware   as records name it: "AMD EPYC, 2 threads, AVX512", or a GPU
    """
    found = {re.fullmatch(r"(.+?)(?: Processor)?, (\d+) threads.*", name) for name in hardware}
    if None in found or len({match[2] for match in found}) > 1:
        return "; ".join(sorted(hardware))
    count = next(iter(found))[2]
    cores = {"1": "one core", "2": "two cores", "4": "four cores"}.get(count, f"{count} cores")
    processors = sorted({re.sub(r"\(R\)", "", match[1]).strip() for match in found})
    return f"a cloud machine without a GPU ({cores} of {' or '.join(processors)})"


def _notebooks(root: Path) -> list[Path]:
    return sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def _minutes_and_memory(record: dict | None) -> str:
    if record is None:
        return "-"
    return f"{record['minutes']:.1f} min, {record['peak_memory_mb'] / 1000:.1f} GB"


def minutes(root: Path) -> str:
    """The table for teachers: measured minutes of runs, and the notes' minutes of exercises."""
    notes = root / "solutions" / "teaching.py"
    teaching = runpy.run_path(str(notes))["TEACHING"] if notes.exists() else {}
    hardware: set[str] = set()
    lines = ["| notebook | a `quick` run | a `lesson` run | its exercises |",
        "| --- | --- | --- | --- |"]
    for path in _notebooks(root):
        number = path.name[:2]
        records = [stored_record(root, number, profile) for profile in PROFILES]
        hardware |= {record["hardware"] for record in records if record}
        cells = [f"{record['minutes']:.1f} min" if record else "-" for record in records]
        practice = sum(note["minutes"] for exercise, note in teaching.items()
                       if exercise.startswith(number))
        cells.append(f"{practice} min" if practice else "-")
        lines.append(f"| [{number}](../notebooks/{path.name}) | {' | '.join(cells)} |")
    text = "\n".join(lines)
    if hardware:
        text += f"\n\nRuns as measured on {in_words(hardware)}."
    return text


def document(text: str, root: Path) -> str:
    """A document with its marked part brought up to date.

    Without solutions/, which a teacher may delete, the minutes of the exercises stay as they are.
    """
    if not (root / "solutions" / "teaching.py").exists() and "<!-- minutes -->" in text:
        return text
    tables = {"map": table, "minutes": minutes}

    def write_table(found: re.Match[str]) -> str:
        return f"<!-- {found[1]} -->\n{tables[found[1]](root)}\n<!-- /{found[1]} -->"

    return MARKED.sub(write_table, text)


def write(check: bool = False) -> list[str]:
    """Bring the documents up to date; returns the names of those that changed.

    check   change nothing; returns the names of those that would change
    """
    root, changed = project_root(), []
    for path in (root / name for name in DOCUMENTS if (root / name).exists()):
        before = path.read_text(encoding="utf-8")
        after = document(before, root)
        if before != after:
            changed.append(path.name)
            if not check:
                write_text_atomic(path, after)
    return changed


def strip_rows() -> dict[str, Tensor]:
    """The rows of the strip from "gray" to "truth", each uint8 (10, 3, 32, 32)."""
    images = datasets.load_cifar10("test")
    first = [int((images.labels == label).nonzero()[0]) for label in range(len(images.classes))]
    truth = images.pixels[torch.tensor(first)]  # (10, 3, 32, 32)
    gray = color.gray_from_lightness(color.lightness(truth)).clamp(0, 1).expand(-1, 3, -1, -1)
    rows = {"gray": color.to_uint8(gray)}
    for name, label in STRIP.items():
        rows[label] = Colorizer.load(CHECKPOINTS / f"{name}.safetensors").colorize(truth)
    return rows | {"truth": truth}


def update_strip() -> str:
    """Draw results/strip.png if data and checkpoints are here; returns a line that says so."""
    path = project_root() / "results" / "strip.png"
    try:
        figure = pictures.images(strip_rows(), width=8.4)
    except (datasets.DataUnavailable, FileNotFoundError) as error:
        return f"results/strip.png stays as it is: {error}"
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(buffer).convert("RGB").save(path, optimize=True)
    return "written: results/strip.png"
