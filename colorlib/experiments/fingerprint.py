"""Fingerprints of the code that made a record, so that records of changed code can be found.

    fingerprint.stale(record)       # ["losses"]: this module has changed since; []: nothing has

Only what a computer executes counts: comments, docstrings and the layout of the code do not.
"""
import ast
import dataclasses
import functools
import hashlib
import subprocess
from functools import partial
from pathlib import Path

from colorlib import models
from colorlib.experiments import budgets, recipes

PUBLISHED = "-as-published"
PACKAGE = Path(models.__file__).parents[1]
# Modules that shape the result of a training. How it is measured is not among them: a new metric is
# added to records by `records.measure_again`.
MODULES = ("color", "color_bins", "targets", "losses", "train", "train_gan", "training_run",
           "optimizers", "experiments/recipe")
ROOTS = {True: ("fit_gan", "Adversary"), False: ("fit",)}  # where a training starts


def of(name: str, profile: str) -> dict[str, str]:
    """Return hashes by part: the modules that shape a recipe's result, and its settings."""
    recipe = recipes.get(name.removesuffix(PUBLISHED))
    published = name.endswith(PUBLISHED)
    gan = recipe.published_gan if published else recipe.gan
    net = recipe.published_net or recipe.net if published else recipe.net
    target = recipe.published_target or recipe.target if published else recipe.target
    roots = [_place(models.MODELS[net["model"]]), _place(target),
             _place(models.MODELS[gan.net["model"]] if gan else recipe.step)]
    roots += [("train_gan" if gan else "train", root) for root in ROOTS[bool(gan)]]
    settings = [_plain(value) for value in (
        net, target,
        recipe.published_training if published else recipe.training,
        None if gan else recipe.step, gan, recipe.start,
        None if published else recipe.profiles.get(profile), budgets.settings(name, profile))]
    return _of_definitions(roots) | {"settings": _digest(settings)}


def stale(record: dict) -> list[str]:
    """Return what has changed since a record was made; [] if nothing has.

    Records of the first edition have no fingerprint: ["first edition"]. A recipe that is no longer
    there: ["recipe"]. Baselines are not trained: [].
    """
    if record["recipe"].startswith("baseline-"):
        return []
    if "fingerprint" not in record:
        return ["first edition"]
    if record["recipe"].removesuffix(PUBLISHED) not in recipes.ALL:
        return ["recipe"]
    now, then = of(record["recipe"], record["profile"]), record["fingerprint"]
    return sorted(part for part in now.keys() | then.keys() if now.get(part) != then.get(part))


def of_source(source: str) -> str:
    """Return the hash of a module's code without comments and docstrings."""
    return _digest(_shape(ast.parse(source)))


def _place(value) -> tuple[str, str]:
    """The module and the name of a function, a class, or the class of a target."""
    while isinstance(value, partial):
        value = value.func
    value = value if callable(value) and hasattr(value, "__qualname__") else type(value)
    module = value.__module__.removeprefix("colorlib.").replace(".", "/")
    return module, value.__qualname__.split(".")[0]


def _of_definitions(roots: list[tuple[str, str]]) -> dict[str, str]:
    """Hashes, by module, of the definitions that the roots use, directly or through others.

    Definitions that they do not use may change, and new ones may be added.
    """
    found, to_visit = {}, list(roots)
    while to_visit:
        module, name = to_visit.pop()
        if (module, name) in found or not (module in MODULES or module.startswith("models/")):
            continue
        definitions, imported = _contents(module)
        found[module, name] = node = definitions.get(name)
        for part in ast.walk(node) if node else ():
            if isinstance(part, ast.Name):
                to_visit.append(imported.get(part.id, (module, part.id)))
            elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
                owner = "/".join(imported.get(part.value.id, ())).removeprefix("/")
                to_visit.append((owner, part.attr))
    shapes: dict[str, list] = {}
    for (module, name), node in sorted(found.items(), key=lambda item: item[0]):
        if node:
            shapes.setdefault(module, []).append([name, _shape(node)])
    return {module: _digest(shape) for module, shape in shapes.items()}


@functools.cache
def _contents(module: str) -> tuple[dict[str, ast.AST], dict[str, tuple[str, str]]]:
    """A module's own definitions by name, and where the names that it imports are defined."""
    definitions, imported = {}, {}
    for node in ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("colorlib"):
            place = node.module.removeprefix("colorlib").removeprefix(".").replace(".", "/")
            imported |= {alias.asname or alias.name: (place, alias.name) for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            definitions[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    definitions[part.id] = node
    return definitions, imported


def _shape(node):
    """A syntax tree as nested lists, the same in all versions of Python, without docstrings."""
    if isinstance(node, list):
        return [_shape(child) for child in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = {name: value for name, value in ast.iter_fields(node) if value not in (None, [])}
    body = fields.get("body")
    is_scope = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    if is_scope and body and ast.get_docstring(node, clean=False) is not None:
        fields["body"] = body[1:]
    return [type(node).__name__, *([name, _shape(value)] for name, value in fields.items())]


def _plain(value):
    """Settings as nested lists of plain values: a function by its name, not by its address."""
    if isinstance(value, partial):
        return [_plain(value.func), _plain(value.args), _plain(value.keywords)]
    if dataclasses.is_dataclass(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return [type(value).__name__, _plain(fields)]
    if callable(value):
        return value.__qualname__
    if isinstance(value, dict):
        return [[str(key), _plain(value[key])] for key in sorted(value, key=str)]
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return repr(value)


def _digest(value) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:12]


def commit() -> str:
    """Return the checkout's short commit, with a + if files differ from it; else "unknown"."""
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=Path(__file__).parent, capture_output=True,
                              text=True, check=True).stdout.strip()
    try:
        changed = git("status", "--porcelain", "--", ".")
        return git("rev-parse", "--short", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


COMMIT = commit()  # read once, at import: a later commit is not the code that runs here
