"""The parts of README.md and docs/teaching.md that are measured or drawn: what runs take, and the strip of pictures.

    python -m tools.readme              write them
    python -m tools.readme --check      change nothing; status 1 when one is out of date

The map stands between `<!-- map -->` and `<!-- /map -->`, the minutes for teachers between `<!-- minutes -->` and
`<!-- /minutes -->`; both come from the notebooks and the records in results/notebooks/. The strip is
results/strip.png: the reference checkpoints on the first test picture of each class.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import runpy
import sys
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from colorlib import color, exercises
from colorlib.colorizer import Colorizer
from colorlib.data import datasets
from colorlib.notebook import plots
from colorlib.paths import CHECKPOINTS, project_root
from colorlib.paths import source as source_of
from tools.links import project

MADE = re.compile(r"<!-- (map|minutes) -->.*?<!-- /\1 -->", re.S)
DOCUMENTS = ("README.md", "docs/teaching.md")
PROFILES = ("quick", "lesson")
SHOWN = {"koo-baseline": "K1", "nazeri-unet": "N1"}  # checkpoints in the strip, and what they are called there

# What the map says of a notebook, after its title.
ABOUT = {
    "01": "what each color space separates, and where detail lives",
    "02": "why the best single answer is a gray one",
    "03": "a small CNN and a U-Net on photographs, and what their loss is worth",
    "04": "a distribution for each pixel, the color taken from it, and four networks that never got their results",
    "05": "two GANs that fail, who wins in them, and how one measures it",
    "06": "a discriminator for patches, taken apart row by row, and a Turing test",
    "07": "what a network that names things brings to color, when it pays, and your own photograph",
}


def table(root: Path) -> str:
    """The map, as Markdown: a row for each notebook, with what its runs took."""
    lines = [
        "| notebook | exercises | claims | `quick` | `lesson` | open |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    hardware = set()
    for path in sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        number = path.name[:2]
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        title = re.search(r"^# (?:\d\d\W+)?(.+)$", source_of(cells[0]), flags=re.M)[1]
        tasks = sum(name.startswith(f"check_{number}_") for name in vars(exercises))
        records = {p: _record(root, number, p) for p in PROFILES}
        hardware |= {r["hardware"] for r in records.values() if r}
        claims = max((len(r["claims"]) for r in records.values() if r), default=0)
        took = [_took(records[p]) for p in PROFILES]
        badges = f"<!-- links {number} -->{project(root).badges(path.name)}<!-- /links -->"
        about = f": {ABOUT[number]}" if number in ABOUT else ""
        first = f"[{number} {title}](notebooks/{path.name}){about}"
        lines.append("| " + " | ".join([first, str(tasks), str(claims or "-"), *took, badges]) + " |")
    note = f"\n\nMinutes and peak memory as measured on {'; '.join(sorted(hardware))}." if hardware else ""
    return "\n".join(lines) + note


def _record(root: Path, number: str, profile: str) -> dict | None:
    path = root / "results" / "notebooks" / f"{number}.{profile}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _took(record: dict | None) -> str:
    return f"{record['minutes']:.1f} min, {record['peak_memory_mb'] / 1000:.1f} GB" if record else "-"


def minutes(root: Path) -> str:
    """What a teacher plans with, as Markdown: minutes of runs as measured, of exercises as the solutions' notes say."""
    notes = root / "solutions" / "teaching.py"
    teaching = runpy.run_path(str(notes))["TEACHING"] if notes.exists() else {}
    hardware: set[str] = set()
    lines = ["| notebook | a `quick` run | a `lesson` run | its exercises |", "| --- | --- | --- | --- |"]
    for path in sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        records = [_record(root, path.name[:2], profile) for profile in PROFILES]
        takes = sum(note["minutes"] for exercise, note in teaching.items() if exercise.startswith(path.name[:2]))
        cells = [f"{r['minutes']:.1f} min" if r else "-" for r in records] + [f"{takes} min" if takes else "-"]
        hardware |= {r["hardware"] for r in records if r}
        lines.append(f"| [{path.stem[:2]}](../notebooks/{path.name}) | " + " | ".join(cells) + " |")
    return "\n".join(lines) + (f"\n\nRuns as measured on {'; '.join(sorted(hardware))}." if hardware else "")


def document(text: str, root: Path) -> str:
    """A document with its made part brought up to date; where solutions/ was removed, a teacher's minutes stay."""
    made = {"map": table, "minutes": minutes}
    if not (root / "solutions" / "teaching.py").exists() and "<!-- minutes -->" in text:
        return text
    return MADE.sub(lambda found: f"<!-- {found[1]} -->\n{made[found[1]](root)}\n<!-- /{found[1]} -->", text)


def write(check: bool = False) -> list[str]:
    """Bring the documents up to date (check: only look); those that were not."""
    root, changed = project_root(), []
    for path in (root / name for name in DOCUMENTS):
        before = path.read_text(encoding="utf-8")
        after = document(before, root)
        if before != after:
            changed.append(path.name)
            if not check:
                path.write_text(after, encoding="utf-8")
    return changed


def strip_rows() -> dict[str, Tensor]:
    """{"gray": pictures, "K1": …, "truth": …}, each uint8 (10, 3, 32, 32): the first test picture of each class."""
    images = datasets.load_cifar10("test")
    first = [int((images.labels == c).nonzero()[0]) for c in range(len(images.classes))]
    truth = images.pixels[torch.tensor(first)]  # 10 3 32 32
    gray = color.gray_from_lightness(color.lightness(truth)).clamp(0, 1).expand(-1, 3, -1, -1)
    rows = {"gray": color.to_uint8(gray)}
    for name, label in SHOWN.items():
        colorizer = Colorizer.load(CHECKPOINTS / f"{name}.safetensors")
        rows[label] = colorizer.colorize(truth)
    return rows | {"truth": truth}


def write_strip(path: Path) -> None:
    """Draw the strip and write it as PNG."""
    figure = plots.images(strip_rows(), width=8.4)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(buffer).convert("RGB").save(path, optimize=True)


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.readme", description="Write what is made in documents.")
    parser.add_argument("--check", action="store_true", help="change nothing; status 1 when one is out of date")
    changed = write(check := parser.parse_args(arguments).check)
    if check:
        print(f"out of date: {', '.join(changed)}" if changed else "up to date")
        return int(bool(changed))
    print("written: " + (", ".join(changed) or "nothing, all is up to date"))
    try:
        write_strip(project_root() / "results" / "strip.png")
    except (datasets.DataUnavailable, FileNotFoundError) as error:
        print(f"the picture strip stays as it is: {error}")
    else:
        print("results/strip.png: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
