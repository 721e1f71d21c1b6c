"""docs/sources.md: it agrees with recipes and records, no system is left out, and what it names exists."""

import json
import re
from pathlib import Path

import pytest

from colorlib.experiments import recipes, records, results_table
from tools import sources

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / sources.PAGE).read_text(encoding="utf-8")
# How many systems each source describes: Koo, Nazeri, Dorscheidt, Dahl (A, his article), Pérez.
SYSTEMS = {"K": 4, "N": 3, "D": 10, "A": 8, "P": 4}


def test_the_page_agrees_with_the_recipes_and_records():
    assert sources.write(check=True) == [], "python -m tools sources"


def test_every_system_of_the_sources_has_one_row():
    rows = re.findall(r"^\| ([A-Z]\d+) \|", TEXT, flags=re.M)
    assert rows == [f"{letter}{i}" for letter, count in SYSTEMS.items() for i in range(1, count + 1)]


def test_every_recipe_of_a_source_is_among_what_was_run():
    known = {recipe.name for letter in SYSTEMS for recipe in sources.systems(letter)}
    listed = re.findall(r"^\| `([\w-]+)` \|", TEXT, flags=re.M)
    assert known == set(listed)
    assert {name for name, recipe in recipes.ALL.items() if recipe.has_source} <= known


def test_what_a_source_did_not_train_has_a_dash_and_a_run_of_its_length_says_so():
    assert sources.NOT_TRAINED_THERE <= set(recipes.ALL)
    lines = [line.strip("| ").split(" | ") for line in TEXT.splitlines() if line.startswith("| `")]
    assert {line[1] for line in lines if line[0].strip("`") in sources.NOT_TRAINED_THERE} == {"–"}
    notes = {line[2].split(",")[0]: line[-1] for line in lines if line[0] == "`delft-compact`"}
    assert notes["fruit-photos"] == "as above, but as many epochs as the source"
    assert notes["folder-fruit-96px"] == "as above"


def test_the_code_and_the_tests_that_the_page_names_exist():
    assert len(sources.REFERENCE.findall(TEXT)) > 50
    assert sources.missing_references(TEXT, ROOT) == []


@pytest.mark.parametrize("wrong", ["[`KooCNNs`](../colorlib/models/koo2016.py)", "[`f`](../colorlib/gone.py)"])
def test_a_name_that_is_not_there_is_found(wrong):
    assert len(sources.missing_references(f"{TEXT}\n{wrong}", ROOT)) == 1


def test_a_new_run_appears_with_its_pictures():
    found = records.read()
    record = next(r for r in found if r["recipe"] == "delft-compact" and r["data"] == "cifar10")
    more = json.loads(json.dumps(record)) | {"profile": "full", "epochs": 50, "seed": 0}
    data = results_table.frame([*found, more])
    data["stale"] = ""
    (line,) = [line for line in sources.table("D", data).splitlines()
               if line.startswith("| `delft-compact` | 300,000 | cifar10")]
    assert "cifar10, full | 2,500,000 | 1 | no" in line
