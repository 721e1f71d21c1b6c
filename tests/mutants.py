"""How many faults the unit tests catch: random small faults are put into colorlib, one at a time.

    python tests/mutants.py --count 80 --seed 0 --out build/mutants.json

Each mutant changes one place of one module (a comparison, an operator, a number, a condition, a returned value) in a
copy of the checkout, where the unit tests of that module then run until one fails. The same seed and the same code
draw the same mutants, so that two suites can be compared: run it with each. Results are written as they come, and a
run that was stopped goes on. Not a test itself: 80 mutants take about an hour on two cores.
"""

import argparse
import ast
import copy
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
LEFT_OUT = {"colorlib/__init__.py", "colorlib/experiments/ablations.py"}  # nothing but texts and tables
SWAPS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.And: ast.Or, ast.Or: ast.And,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add, ast.Pow: ast.Mult,
}  # fmt: skip


# Modules that tests use through another one.
THROUGH = {
    "distributed": ["tests/unit/test_train.py", "tests/system/test_accelerate.py"],
    "optimizers": ["tests/unit/test_train_gan.py"],
    "training_run": ["tests/unit/test_train_gan.py"],
}


def places(tree):
    """Every place that can be changed: pairs of its number among ast.walk's nodes and what is done there."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef))
        and node.body and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    for number, node in enumerate(ast.walk(tree)):
        if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
            yield number, "compare"
        elif isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)) and type(node.op) in SWAPS:
            yield number, "operator"
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
            yield number, "unary"
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float, bool) and id(node) not in docstrings:
            yield number, "constant"
        elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
            yield number, "condition"
        elif isinstance(node, ast.Return) and node.value is not None:
            yield number, "return"


def mutate(tree, number, what):
    """The tree with one place changed, and that place's line."""
    tree = copy.deepcopy(tree)
    node = list(ast.walk(tree))[number]
    if what == "compare":
        node.ops[0] = SWAPS[type(node.ops[0])]()
    elif what == "operator":
        node.op = SWAPS[type(node.op)]()
    elif what == "unary":
        kind = ast.UAdd if isinstance(node.op, ast.USub) else ast.Not
        node.op = kind()
        if kind is ast.Not:
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
    elif what == "constant":
        node.value = not node.value if isinstance(node.value, bool) else node.value + 1
    elif what == "condition":
        node.test = ast.UnaryOp(ast.Not(), node.test)
    elif what == "return":
        node.value = ast.Constant(None)
    return ast.fix_missing_locations(tree), getattr(node, "lineno", 0)


def draw(count, seed):
    """Mutants as (file, place, what): a module is drawn by its size, then one of its places."""
    found = {}
    for path in sorted((ROOT / "colorlib").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name not in LEFT_OUT:
            found[name] = list(places(ast.parse(path.read_text(encoding="utf-8"))))
    every = [(name, *place) for name, ones in found.items() for place in ones]
    return random.Random(seed).sample(every, count)


def tests_of(name, folder):
    """The unit tests that import a module, or the package that it lies in."""
    stem = Path(name).stem
    package = Path(name).parent.name
    found = []
    for path in sorted((folder / "tests" / "unit").glob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        used = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("colorlib"):
                used |= set(node.module.split(".")) | {alias.name for alias in node.names}
        if stem in used or (package in used and package != "colorlib"):
            found.append(path.relative_to(folder).as_posix())
    if package == "exercises" and stem.startswith("notebook_"):
        found.append(f"tests/notebooks/test_exercises_{stem[-2:]}.py")
    return [*found, *THROUGH.get(stem, [])] or ["tests/unit"]


def survives(name, source, folder, timeout):
    """Whether all tests pass on a mutant; None if they take too long, which counts as caught."""
    target = folder / name
    before = target.read_text(encoding="utf-8")
    target.write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "not slow", "--no-header"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run([*command, *tests_of(name, folder)], cwd=folder, env=environment, capture_output=True,
                              timeout=timeout)  # fmt: skip
        return done.returncode == 0
    except subprocess.TimeoutExpired:
        return None
    finally:
        target.write_text(before, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=80)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "mutants.json")
    parser.add_argument("--timeout", type=int, default=1800, help="seconds for the tests of one mutant")
    parser.add_argument("--part", default="0/1", help="0/2 and 1/2: every second mutant, for two runs at once")
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    rows = json.loads(options.out.read_text(encoding="utf-8")) if options.out.exists() else []
    done = {(row["file"], row["place"], row["what"]) for row in rows}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "course"
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True,
                                text=True, check=True).stdout.splitlines()  # fmt: skip
        for line in listed:
            if (ROOT / line).is_file():
                (folder / line).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / line, folder / line)
        first, parts = map(int, options.part.split("/"))
        for name, place, what in draw(options.count, options.seed)[first::parts]:
            if (name, place, what) in done:
                continue
            tree, line = mutate(ast.parse((folder / name).read_text(encoding="utf-8")), place, what)
            outcome = survives(name, ast.unparse(tree), folder, options.timeout)
            # Too late counts as caught: a mutant may never end. On a busy machine it may mean nothing.
            rows.append({"file": name, "line": line, "place": place, "what": what, "killed": not outcome,
                         "late": outcome is None})
            options.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
            print(f"{'SURVIVED' if outcome else 'killed'}  {name}:{line} {what}", flush=True)
    print(f"{sum(row['killed'] for row in rows)} of {len(rows)} killed")


if __name__ == "__main__":
    main()
