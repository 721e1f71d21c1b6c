"""Write the tables "What was run" of docs/sources.md from the recipes and the records.

    <!-- runs K -->    the systems of Koo 2016, up to <!-- /runs K -->

`missing_references` looks for the code and the tests that the page names.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pandas

from colorlib.experiments import fingerprint, recipes, records, results_table
from colorlib.experiments.recipe import Recipe
from colorlib.paths import project_root, write_text_atomic

PAGE = "docs/sources.md"
MARKED = re.compile(r"<!-- runs (\w) -->.*?<!-- /runs \1 -->", re.S)
REFERENCE = re.compile(r"\[`(\w+)`\]\(\.\./([\w/]+\.py)\)")
# Training images of each source, of Nazeri's two sets those of CIFAR-10. Dahl counts steps instead.
IMAGES = {"K": 50_000, "N": 50_000, "D": 6_000, "P": 10_000}
# Systems that a source proposes, drops or has without a length of its own
NOT_TRAINED_THERE = {"nazeri-gan", "unet-classifier", "unet-classifier-rebalanced",
                     "delft-compact-rgb", "delft-compact-hsv", "delft-compact-full-gray-penalty",
                     "resnet18-patchgan", "perez-sigmoid-gan"}
DAHL = {"dahl-hypercolumn": "not given", "dahl-residual-encoder": f"{156_000 * 6:,}"}


def systems(letter: str) -> list[Recipe]:
    """Return the recipes of a source, variants of the course included."""
    found = [*recipes.RECIPES.values(), *recipes.BUDGETED.values()]
    return [recipe for recipe in found if recipe.code.startswith(letter)]


def table(letter: str, data: pandas.DataFrame) -> str:
    """Return what was run of a source's systems, as Markdown; data: of `results_table.frame`."""
    rows = [row for recipe in systems(letter) for row in _rows(recipe, data)]
    titles = ["recipe", "pictures in the source", "longest run", "pictures here", "seeds",
              "changed since", "what the course changes"]
    return results_table.markdown(titles, rows)


def _rows(recipe: Recipe, data: pandas.DataFrame) -> list[list[str]]:
    published, images = recipe.published_training, IMAGES.get(recipe.code[0])
    theirs = f"{published.epochs * images:,}" if published and images else "–"
    theirs = DAHL.get(recipe.name, "–" if recipe.name in NOT_TRAINED_THERE else theirs)
    own, rows, notes = data[data.recipe == recipe.name], [], []
    for name in sorted(set(own.data)):
        runs = results_table.longest(data, recipe.name, name)
        seen = runs.pictures_seen.max()
        rows.append([f"{name}, {runs.profile.iloc[0]}",
                     "not recorded" if pandas.isna(seen) else f"{seen:,.0f}", str(len(runs)),
                     "; ".join(sorted(set(runs.stale) - {""})) or "no"])
        as_long = theirs != "–" and runs.epochs.max() == published.epochs
        notes.append("as above" + (", but as many epochs as the source" if as_long else ""))
    rows = rows or [["not run yet", "–", "–", "–"]]
    return [[f"`{recipe.name}`", theirs, *row, note]
            for row, note in zip(rows, [recipe.changes, *notes[1:]], strict=True)]


def document(text: str, data: pandas.DataFrame) -> str:
    """Return the page with its marked parts brought up to date."""
    return MARKED.sub(lambda found: f"<!-- runs {found[1]} -->\n{table(found[1], data)}"
                      f"<!-- /runs {found[1]} -->", text)


def write(check: bool = False) -> list[str]:
    """Bring the page up to date; returns its name if it changed, or would change with `check`."""
    path, found = project_root() / PAGE, records.read()
    data = results_table.frame(found)
    data["stale"] = ["; ".join(fingerprint.stale(record)) for record in found]
    before = path.read_text(encoding="utf-8")
    after = document(before, data)
    if not check and before != after:
        write_text_atomic(path, after)
    return [path.name] if before != after else []


def missing_references(text: str, root: Path) -> list[str]:
    """Return the code and tests that a page names and that are not there, as "path: name"."""
    missing = []
    for name, path in REFERENCE.findall(text):
        file = root / path
        tree = ast.parse(file.read_text(encoding="utf-8")) if file.exists() else ast.Module([], [])
        if name not in set(_definitions(tree)):
            missing.append(f"{path}: {name}")
    return missing


def _definitions(tree: ast.Module):
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))
