"""Fingerprints of the code that made a record, so that records of changed code can be found.

    fingerprint.stale(record)       # ["losses"]: this module has changed since; []: nothing has

Only what a computer executes counts: comments, docstrings and the layout of the code do not.
"""
import ast
import dataclasses
import functools
import hashlib
import inspect
import subprocess
from functools import partial
from pathlib import Path

from colorlib import models
from colorlib.experiments import budgets, recipes

PUBLISHED = "-as-published"
PACKAGE = Path(models.__file__).parents[1]
# Modules that shape the result of every training. How it is measured is not among them: a new
# metric is added to records by `records.measure_again`.
MODULES = ("color", "targets", "losses", "train", "training_run", "optimizers", "models/blocks")


def of(name: str, profile: str) -> dict[str, str]:
    """Return hashes by part: the modules that shape a recipe's result, and its settings."""
    recipe = recipes.get(name.removesuffix(PUBLISHED))
    published = name.endswith(PUBLISHED)
    gan = recipe.published_gan if published else recipe.gan
    net = recipe.published_net or recipe.net if published else recipe.net
    modules = [*MODULES, _module_of(net["model"])]
    if gan:
        modules += ["train_gan", _module_of(gan.net["model"])]
    if "bins" in str(_plain(recipe.target)):
        modules.append("color_bins")
    settings = [_plain(value) for value in (
        net, recipe.published_target or recipe.target if published else recipe.target,
        recipe.published_training if published else recipe.training,
        None if gan else recipe.step, gan, recipe.start,
        None if published else recipe.profiles.get(profile), budgets.settings(name, profile))]
    return {module: _of_module(module) for module in dict.fromkeys(modules)} | {
        "settings": _digest(settings)}


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


def _module_of(model: str) -> str:
    """The module in which a network is defined: "models/unet"."""
    path = Path(inspect.getfile(models.MODELS[model]))
    return path.relative_to(PACKAGE).with_suffix("").as_posix()


@functools.cache
def _of_module(module: str) -> str:
    return of_source((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))


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
