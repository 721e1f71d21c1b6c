"""The manners of the project that a program can check: who imports whom, one address, American spelling, no machine."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Imports point down only: a module may import those of the rows above its own, and those of its own row.
LEVELS = [
    ["paths", "color", "_lab_cpu", "distributed"],
    ["hardware", "checkpoint"],
    ["profiling", "color_bins", "data"],
    ["color_regions", "scribbles", "example_transfer"],
    ["models", "losses", "optimizers"],
    ["targets"],
    ["colorizer"],
    ["training_run", "colorize_files", "hints", "film", "film_files"],
    ["train"],
    ["train_gan"],
    ["color_variety", "evaluate", "known_truth", "gan_diagnostics", "image_classifier", "intervals", "metrics"],
    ["experiments"],
    ["exercises", "notebook"],
    ["assignment"],
    ["grading"],
    ["colorize_command"],
    ["__main__"],
]
LEVEL = {name: level for level, names in enumerate(LEVELS) for name in names}

# Spellings that are not American, as stems.
BRITISH = re.compile(
    r"\b\w*(?:colour|grey(?!hound)|neighbour|behaviour|centre(?:d|s)?\b|licence|normalis|initialis|optimis|visualis"
    r"|generalis|regularis|summaris|recognis|organis|analys(?:e|ed|es|ing)\b|favour|metre\b|catalogue)\w*",
    re.I,
)
# Titles of publications stay as they are.
ALLOWED = re.compile(r"Measuring Colourfulness|colorization of greyscale images|Color to Greyscale Images", re.I)


def tracked(*patterns):
    """Files that git tracks, or would."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "--", *patterns]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / line for line in done.stdout.splitlines() if (ROOT / line).is_file()]


def text_of(path):
    return path.read_text(encoding="utf-8", errors="ignore")


def imports(path):
    """The modules that a file imports, as dotted names, in functions too: "colorlib.data.cifar10"."""
    here = path.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(ast.parse(text_of(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*here[: len(here) - node.level]] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{module}.{alias.name}"
                place = ROOT / inner.replace(".", "/")
                yield inner if place.with_suffix(".py").exists() or place.is_dir() else module


def library():
    return sorted((ROOT / "colorlib").rglob("*.py"))


def test_imports_point_down_one_way_only():
    wrong = []
    for path in library():
        part = path.relative_to(ROOT / "colorlib").parts[0].removesuffix(".py")
        for name in imports(path):
            top, *rest = name.split(".")
            assert top != "tools", f"{path.name} imports what builds the course: {name}"
            if top == "colorlib" and rest and LEVEL[rest[0]] > LEVEL.get(part, 99):
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong, wrong


def test_no_modules_import_each_other_in_a_circle():
    def name(path):
        return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")

    graph = {name(path): {n for n in imports(path) if n.startswith("colorlib")} for path in library()}
    done = set()

    def visit(module, above):
        assert module not in above, " -> ".join([*above[above.index(module):], module])
        if module not in done:
            for one in graph.get(module, ()):
                if one != module:
                    visit(one, [*above, module])
            done.add(module)

    for module in graph:
        visit(module, [])


# Words that only this project used, and letters that stood for the authors of the sources.
PRIVATE = {"head", "heads", "duel", "rival", "told", "says", "judge", "but", "waiting", "adopt", "law", "laws"}
LETTER = re.compile(r"_?(?:[KNAP]|D)_?\d*|(?:K|N|D|A|P)\d?_\w+|[knadp]\d_\w+")


def identifiers(path):
    tree = ast.parse(text_of(path))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg


def test_names_are_the_fields_own():
    wrong = []
    for path in library():
        for one in sorted(set(identifiers(path))):
            if (set(one.lower().split("_")) & PRIVATE and one != "head_start") or LETTER.fullmatch(one):
                wrong.append(f"{path.relative_to(ROOT)}: {one}")
    assert not wrong, "\n".join(wrong)


def test_files_and_functions_are_short():
    wrong = []
    for path in library():
        lines = text_of(path).splitlines()
        if len(lines) > 400:
            wrong.append(f"{path.relative_to(ROOT)} has {len(lines)} lines")
        for node in ast.walk(ast.parse(text_of(path))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                length = node.end_lineno - node.lineno + 1
                if length > 80:
                    wrong.append(f"{path.relative_to(ROOT)}: {node.name} has {length} lines")
        wrong += [f"{path.relative_to(ROOT)}:{i} is long" for i, line in enumerate(lines, 1) if len(line) > 100]
    assert not wrong, "\n".join(wrong)


def test_nothing_imports_a_notebook_and_the_library_opens_no_window():
    for path in (ROOT / "colorlib").rglob("*.py"):
        text = text_of(path)
        assert "notebooks." not in re.findall(r"^\s*(?:from|import)\s+(\S+)", text, flags=re.M)
        assert not re.search(r"\bplt\.show\(|pyplot\.show\(", text), path.name


def test_the_training_loop_does_not_draw():
    for name in ("train", "train_gan", "training_run", "losses", "colorizer"):
        assert "matplotlib" not in text_of(ROOT / "colorlib" / f"{name}.py")


def test_the_address_of_the_repository_stands_in_one_place():
    """It is typed in pyproject.toml; elsewhere only where `python -m tools links` writes it."""
    links = pytest.importorskip("tools.links")
    where = links.project(ROOT)
    generated = {"README.md", "CONTRIBUTING.md", "CITATION.cff", "pyproject.toml"}
    short = where.address.removeprefix("https://")
    name = "/".join(short.split("/")[1:])
    for path in tracked():
        if path.suffix in {".png", ".safetensors"} or path.name in generated or path.suffix == ".ipynb":
            continue
        assert name not in text_of(path), f"{path.relative_to(ROOT)} names the repository"


def test_the_command_that_writes_the_address_changes_nothing():
    links = pytest.importorskip("tools.links")
    assert links.write(check=True) == []


def test_links_point_to_main_or_to_a_tag_that_exists():
    links = pytest.importorskip("tools.links")
    ref = links.project(ROOT).ref
    tags = subprocess.run(["git", "tag", "--list", ref], cwd=ROOT, capture_output=True, text=True).stdout.split()
    assert ref == "main" or ref in tags, f"badges and bootstrap cells point to {ref}, which is no tag here"


def test_the_citation_names_the_address_of_pyproject():
    links = pytest.importorskip("tools.links")
    assert f'repository-code: "{links.project(ROOT).address}"' in text_of(ROOT / "CITATION.cff")
    version = links.project(ROOT).version
    assert f'version: "{version}"' in text_of(ROOT / "CITATION.cff")
    assert f'__version__ = "{version}"' in text_of(ROOT / "colorlib" / "__init__.py")


def prose(path):
    """The words of a file; of a notebook its sources, not its pictures."""
    if path.suffix != ".ipynb":
        return text_of(path)
    import json

    return "\n".join("".join(cell["source"]) for cell in json.loads(text_of(path))["cells"])


def test_spelling_is_american():
    wrong = []
    for path in tracked("*.py", "*.md", "*.ipynb", "*.toml", "*.yml", "*.cff", "Makefile"):
        if path.name == Path(__file__).name:
            continue
        for number, line in enumerate(prose(path).splitlines(), 1):
            found = BRITISH.search(line)
            if found and not ALLOWED.search(line):
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {found[0]}")
    assert not wrong, "\n".join(wrong)


def test_no_file_names_a_folder_of_somebodys_machine():
    for path in tracked("*.py", "*.md", "*.ipynb", "*.toml", "*.yml", "*.txt", "*.json", "Makefile", ".ci/run"):
        if path.name != Path(__file__).name:
            found = re.search(r"(?<![\w.<{])/(?:home|Users|root|work)/(?!ada\b)[\w.]+", text_of(path))  # ada: made up
            assert not found, f"{path.relative_to(ROOT)} names {found[0]}"


def test_no_file_is_large():
    """Small files; what is large is data, and that is fetched, except for the photographs of fruit (8 MB at most)."""
    for path in tracked():
        limit = {".safetensors": 60, ".ipynb": 5}.get(path.suffix, 0.5)
        limit = 8 if path.name == "fruit_photos.zip" else limit
        size = path.stat().st_size / 1e6
        assert size <= limit, f"{path.relative_to(ROOT)}: {size:.1f} MB"
