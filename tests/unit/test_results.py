"""The committed results: the table agrees with the records, and the records with the course's claims."""
import json
import re

import pytest

from colorlib.colorizer import Colorizer
from colorlib.evaluate import evaluate
from colorlib.experiments import records, results_page, results_table
from colorlib.notebook.lesson import PROFILES

RECORDS = [r for r in records.read() if (r["data"], r["profile"]) == ("cifar10", "lesson")]


def of(recipe: str) -> list[dict]:
    found = [r for r in RECORDS if r["recipe"] == recipe]
    assert found, f"no lesson record of {recipe} on CIFAR-10"
    return found


def values(recipe: str, key: str) -> list[float]:
    return [r["metrics"][key] for r in of(recipe)]


def test_the_page_and_the_list_of_all_runs_are_made_of_the_records():
    assert results_page.outdated(records.read()) == []


def test_a_stranger_finds_the_smallest_error_the_best_looks_and_the_cost():
    """The first trained system has the smallest error of all."""
    data = results_table.frame(records.read())
    lines = results_table.main_table(data).splitlines()
    shown = {name: results_table.longest(data, name) for name in results_table.MAIN_ROWS}
    best = min((name for name, runs in shown.items() if len(runs)), key=lambda name: shown[name].unexplained.mean())
    assert results_table.MAIN_ROWS[best] in lines[3] and "minutes" in lines[3]
    assert 8 <= len(lines) - 3 <= 13 and all(line.count("|") == 6 for line in lines)


def test_every_picture_of_the_page_is_there():
    page = (records.root() / "README.md").read_text(encoding="utf-8")
    files = re.findall(r"!\[[^]]*\]\(([^)]+)\)", page)
    assert len(files) >= 3
    for file in files:
        assert (records.root() / file).stat().st_size > 10_000


@pytest.mark.parametrize("recipe, limit", [("koo-baseline", 0.88), ("nazeri-unet", 0.74)])
def test_what_is_left_unexplained_is_within_the_aim(recipe, limit):
    assert max(values(recipe, "unexplained")) <= limit and max(values(recipe, "chroma_ratio")) < 0.75
    assert max(values("nazeri-unet", "unexplained")) < min(values("koo-baseline", "unexplained"))
    assert max(values("koo-baseline", "unexplained")) < min(values("baseline-mean", "unexplained"))
    assert {r["n"] for r in RECORDS} == {10_000}


@pytest.mark.parametrize("path", sorted((records.root() / "notebooks").glob("*.json")), ids=lambda path: path.stem)
def test_no_notebook_took_more_than_its_profile_announces(path):
    record = json.loads(path.read_text(encoding="utf-8"))
    announced = PROFILES[record["notebook"]][record["profile"]]
    assert record["peak_memory_mb"] <= announced["memory_mb"]
    assert record["minutes"] <= announced["minutes"]


@pytest.mark.cifar
@pytest.mark.parametrize("name", ["koo-baseline", "nazeri-unet"])
def test_a_reference_checkpoint_measures_what_its_record_says(name, cifar):
    """Measured on 2,000 of the 10,000 test images, which differ from the whole by a few percent: held to six."""
    path = records.checkpoint_folder() / f"{name}.safetensors"
    colorizer = Colorizer.load(path)
    record = next(r for r in of(name) if r["seed"] == colorizer.notes["seed"])
    train, test = cifar
    measured = evaluate(colorizer, test.take(2000), train.ab_mean())
    for key in ("unexplained", "chroma_ratio", "ab_error"):
        assert measured[key] == pytest.approx(record["metrics"][key], rel=0.06), key
