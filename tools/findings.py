"""Which findings held in several runs of the course: a page of the weekly run.

    python -m tools findings build/weekly/seed-1 build/weekly/seed-2

Each folder is one that `python -m tools run --out` wrote.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from tools.files import CourseError, read

HELD, FAILED, UNCHECKED, UNREACHED = "held", "**failed**", "not checked", "not reached"
PRINTED = re.compile(r"^claim(?: \(([^)]*)\))?: (.+)$", re.M)  # by lesson.claim, if it holds
FALSE = re.compile(r"does not hold: (.+?)(?: \([^()]*\))?$", re.M)


def outcomes(folder: Path, notebook: str) -> dict[str, str]:
    """The outcome of each claim of one run of a notebook, such as "03_baseline_cnn".

    A run that stopped left no record; what held until then stands in its outputs.
    """
    for record in sorted((folder / "records").glob(f"{notebook[:2]}.*.json")):
        claims = json.loads(record.read_text(encoding="utf-8"))["claims"]
        return {claim["text"]: {True: HELD, False: FAILED, None: UNCHECKED}[claim["holds"]]
                for claim in claims}
    found = {}
    for cell in read(folder / f"{notebook}.ipynb").cells:
        for output in cell.get("outputs", []):
            for match in PRINTED.finditer(output.get("text", "")):
                found[match[2]] = UNCHECKED if match[1] else HELD
            if output.output_type == "error" and (match := FALSE.search(output.evalue)):
                found[match[1]] = FAILED
    return found


def table(folders: list[Path]) -> str:
    """Markdown: the packages and machines of the runs, then every claim with its outcomes.

    CourseError if a folder holds no executed notebook.
    """
    for folder in folders:
        if not list(folder.glob("[0-9][0-9]_*.ipynb")):
            raise CourseError(f"{folder} holds no run: expected a folder that "
                              "`python -m tools run --out` wrote")
    lines = [f"{folder.name}: {_machine(folder)}\n" for folder in folders]
    lines += [f"| notebook | finding | {' | '.join(folder.name for folder in folders)} |",
              f"| --- | --- |{' --- |' * len(folders)}"]
    for notebook in sorted({path.stem for one in folders for path in one.glob("[0-9]*_*.ipynb")}):
        by_run = [outcomes(folder, notebook) if (folder / f"{notebook}.ipynb").exists() else {}
                  for folder in folders]
        for text in dict.fromkeys(text for found in by_run for text in found):
            cells = " | ".join(found.get(text, UNREACHED) for found in by_run)
            lines.append(f"| {notebook[:2]} | {text.replace('|', '/')} | {cells} |")
    return "\n".join(lines) + "\n"


def _machine(folder: Path) -> str:
    """Seed, versions and hardware, from the first record of a run."""
    for path in sorted((folder / "records").glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
        return (f"seed {record['seed']}, profile {record['profile']}, data {record['data']}; "
                f"{versions}; {record['hardware']}")
    return "no notebook ran to its end"
