"""pyproject.toml says what the project needs; every other file that names a dependency says the same."""

import ast
import json
import re
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]

# What conda-forge calls a package of the package index; on Binder torch is the build without CUDA.
CONDA = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
BINDER = CONDA | {"torch": "pytorch-cpu"}

# What a package is imported as, where that is not its name.
IMPORTS = {"scikit-image": "skimage", "scikit-learn": "sklearn", "pillow": "PIL", "opencv-python-headless": "cv2"}
IMPORTS |= {"beautifulsoup4": "bs4", "pyyaml": "yaml", "pytest-timeout": "pytest_timeout", "pytest-xdist": "xdist",
            "websocket-client": "websocket", "python-pptx": "pptx"}


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def requirements(lines):
    """{"torch": SpecifierSet(">=2.6")} of requirement lines; the project itself ("colorlib[course]") left out."""
    found = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): r.specifier for r in found if canonicalize_name(r.name) != PROJECT["name"]}


NEEDED = requirements(PROJECT["dependencies"])
COURSE = requirements(EXTRAS["course"])
PAGES = requirements(EXTRAS["pages"])
DEV = requirements(EXTRAS["dev"])


def locked():
    """The lines of constraints.txt."""
    lines = [line for line in read("constraints.txt").splitlines() if line and not line.startswith("#")]
    return [Requirement(line) for line in lines]


def environment(python, platform):
    """The variables of a marker, for a 64-bit machine."""
    system = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}[platform]
    return {"python_version": python, "python_full_version": f"{python}.9", "sys_platform": platform,
            "platform_system": system, "platform_machine": "arm64" if platform == "darwin" else "x86_64",
            "implementation_name": "cpython", "os_name": "nt" if platform == "win32" else "posix", "extra": ""}


def pins(python, platform):
    """{"torch": Version("2.14.1")} of constraints.txt on one Python and one system."""
    found = [r for r in locked() if r.marker is None or r.marker.evaluate(environment(python, platform))]
    names = [canonicalize_name(r.name) for r in found]
    assert len(names) == len(set(names)), f"pinned twice for Python {python} on {platform}"
    cuda = [name for name in names if name.startswith(("nvidia", "cuda")) or name == "triton"]
    assert platform == "linux" or not cuda
    return {canonicalize_name(r.name): Version(str(r.specifier).removeprefix("==")) for r in found}


def conda(path):
    """The channels and packages of a conda environment file."""
    content = yaml.safe_load(read(path))
    return content["channels"], requirements(i for i in content["dependencies"] if isinstance(i, str))


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_constraints_pin_every_dependency_once_within_its_bound(python, platform):
    pinned = pins(python, platform)
    declared = PROJECT["dependencies"] + EXTRAS["course"] + EXTRAS["pages"] + EXTRAS["dev"]
    wanted = [Requirement(line) for line in declared]
    asked = [str(r).split(";")[0] for r in wanted if not r.marker or r.marker.evaluate(environment(python, platform))]
    for name, bound in requirements(asked).items():
        assert name in pinned, f"{name} is not in constraints.txt for Python {python} on {platform}"
        assert pinned[name] in bound, f"{name}: {pinned[name]} is outside {bound}"


def test_constraints_hold_torchvision_of_that_torch():
    """torchvision 0.N belongs to torch 2.(N - 15)."""
    for python in ("3.10", "3.13"):
        pinned = pins(python, "linux")
        assert pinned["torchvision"].minor == pinned["torch"].minor + 15
    oldest = {name: Version(next(iter(NEEDED[name])).version) for name in ("torch", "torchvision")}
    assert oldest["torchvision"].minor == oldest["torch"].minor + 15


@pytest.mark.parametrize("path, names", [("environment.yml", CONDA), ("binder/environment.yml", BINDER)])
def test_conda_environments_ask_for_what_pyproject_asks_for(path, names):
    channels, found = conda(path)
    assert channels == ["conda-forge"]
    assert found.pop("python") == SpecifierSet(PROJECT["requires-python"])
    assert found.pop("pip") == SpecifierSet()
    assert found == {names.get(name, name): bound for name, bound in (NEEDED | COURSE).items()}


def test_dev_contains_the_other_extras():
    assert f"{PROJECT['name']}[course,pages]" in EXTRAS["dev"]


def imported(path):
    """The top packages that a Python file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]


def modules(needed):
    return {IMPORTS.get(name, name).replace("-", "_") for name in needed}


# Packages that ipykernel, jupyterlab and others install.
BROUGHT = {"IPython"}


def test_what_the_library_imports_is_declared():
    """colorlib uses the dependencies only; tools the extra `course`, too, and what builds the pages `pages`."""
    own = set(sys.stdlib_module_names) | {"colorlib", "tomllib"} | BROUGHT  # tomllib: of Python 3.11 on
    for path in (*sorted((ROOT / "colorlib").rglob("*.py")), *sorted((ROOT / "tools").rglob("*.py"))):
        allowed = own | modules(NEEDED)
        if path.is_relative_to(ROOT / "tools"):
            allowed |= modules(COURSE) | {"tools"}
        if path.name in ("site.py", "slides.py"):
            allowed |= modules(PAGES)
        undeclared = set(imported(path)) - allowed
        assert not undeclared, f"{path.relative_to(ROOT)} imports {sorted(undeclared)}"


def test_every_dependency_is_used():
    files = [p for folder in ("colorlib", "tools", "tests", "benchmarks") for p in (ROOT / folder).rglob("*.py")]
    used = {name for path in files for name in imported(path)}
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        cells = [c for c in json.loads(path.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == "code"]
        code = "\n".join("".join(c["source"]) for c in cells)
        used |= set(re.findall(r"^\s*(?:import|from) (\w+)", code, flags=re.M))
    commands = {"jupyterlab", "ruff", "pytest-timeout", "pytest-xdist", "ipykernel", "nbval",  # called, never imported
                "sphinx-mathjax-offline", "jupyter-book", "onnx"}
    unused = {n for n in NEEDED | COURSE | PAGES | DEV if IMPORTS.get(n, n).replace("-", "_") not in used} - commands
    assert not unused, f"declared, and imported nowhere: {sorted(unused)}"
