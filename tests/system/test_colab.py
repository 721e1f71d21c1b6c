"""The bootstrap cell of a notebook alone in a folder, torch installed, colorlib not: on Colab, Kaggle and elsewhere.

The machine is an environment that sees torch, torchvision, numpy, matplotlib and ipywidgets of the environment of the
tests, with what these need, and nothing else of it. What else colorlib needs, the bootstrap cell installs.
"""

import json
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import nbformat
import pytest
import running
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import bootstrap, links

ON_COLAB = ("torch", "torchvision", "numpy", "matplotlib", "ipywidgets")
TO_RUN = ("ipykernel", "pip")  # what starts a kernel and installs packages there
WITNESS = """\
import sys, colorlib, torch
print(colorlib.__file__, torch.__file__, torch.__version__, sys.prefix, sep='|')"""


def closure(names):
    """The distributions of those names and all that they need, as installed here."""
    found, todo = {}, list(names)
    while todo:
        name = canonicalize_name(todo.pop())
        if name in found:
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # not needed on this system
            continue
        for line in found[name].requires or []:
            need = Requirement(line)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                todo.append(need.name)
    return found


def expose(distributions, folder):
    """Links to the packages of those distributions, and to their metadata, in a folder of their own."""
    folder.mkdir()
    for name, distribution in distributions.items():
        if distribution.files is None:
            pytest.skip(f"{name} was installed without a list of its files")
        tops = {file.parts[0] for file in distribution.files} - {"..", "__pycache__"}
        for top in tops:
            if not (folder / top).exists():
                (folder / top).symlink_to(Path(distribution.locate_file(top)).resolve())


def git(*words, cwd):
    who = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *words], cwd=cwd, check=True, capture_output=True)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A repository that holds this working tree on the branch or tag that the bootstrap cells name."""
    folder = running.checkout(tmp_path_factory.mktemp("hub") / "course.git")
    git("init", "-q", cwd=folder)
    git("add", "--all", cwd=folder)
    git("commit", "-q", "-m", "release", cwd=folder)
    ref = re.search(r'^ref = "(.+)"', (folder / "pyproject.toml").read_text(), flags=re.M)[1]
    git(*(["branch", "-M", ref] if ref == "main" else ["tag", ref]), cwd=folder)
    return folder


def moved(address):
    """Environment variables with which git finds the course's repository at another address."""
    return {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.{address}.insteadOf",
            "GIT_CONFIG_VALUE_0": links.project(running.ROOT).address}


class Colab:
    """A machine with its Python, the folder where notebooks open, and its environment variables."""

    def __init__(self, folder, repository):
        self.content = folder / "content"
        self.content.mkdir()
        home = folder / "machine"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
        self.python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        self.site = Path(self.call("import sysconfig; print(sysconfig.get_path('purelib'))", os.environ))
        expose(closure((*ON_COLAB, *TO_RUN)), folder / "packages")
        (self.site / "colab.pth").write_text(f"{folder / 'packages'}\n")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("COLORLIB_", "PYTHON", "VIRTUAL_ENV"))}
        settings = {"COLAB_RELEASE_TAG": "release-colab", "COLORLIB_PROFILE": "smoke",
                    "COLORLIB_DATA": str(folder / "data"), "PIP_NO_INPUT": "1", "PYTHONNOUSERSITE": "1",
                    "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
        self.environment = kept | moved(repository.as_uri()) | settings

    def call(self, code, environment=None):
        """What a program prints on this machine."""
        done = subprocess.run([self.python, "-c", code], env=environment or self.environment, cwd=self.content,
                              capture_output=True, text=True, check=True)  # fmt: skip
        return done.stdout.strip()

    def can_import(self, name):
        return self.call(f"from importlib.util import find_spec; print(find_spec({name!r}) is not None)") == "True"

    def installed(self):
        """What was installed on top of what Colab brings."""
        return sorted(p.name.split("-")[0].lower() for p in self.site.glob("*.dist-info"))

    def open(self, notebook, **environment):
        """Run a notebook, alone in the folder where Colab opens it; returns it executed."""
        python = str(self.python)

        class Kernel(AsyncKernelManager):
            @property
            def kernel_spec(self):
                argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
                return KernelSpec(argv=argv, display_name="Colab", language="python")

        client = NotebookClient(notebook, kernel_manager_class=Kernel, timeout=300,
                                resources={"metadata": {"path": str(self.content)}})  # fmt: skip
        return client.execute(env=self.environment | environment)


@pytest.fixture(scope="module")
def colab(tmp_path_factory, repository):
    return Colab(tmp_path_factory.mktemp("colab"), repository)


def notebook_01():
    """Notebook 01 with a last cell that says what was imported from where."""
    nb = nbformat.read(running.NOTEBOOKS[0], as_version=4)
    nb.cells.append(new_code_cell(WITNESS))
    return nb


def last_words(nb):
    return "".join(output.get("text", "") for output in nb.cells[-1].outputs).strip().split("|")


def stamps(folder):
    """Of a package's files: size and time of the last change."""
    return {str(p): (p.stat().st_size, p.stat().st_mtime_ns) for p in Path(folder).resolve().rglob("*.py")}


@pytest.mark.slow
def test_the_bootstrap_cell_brings_the_course_to_colab_and_leaves_torch_alone(colab):
    assert not colab.can_import("colorlib") and not colab.can_import("accelerate") and colab.can_import("torch")
    torch = Path(metadata.distribution("torch").locate_file("torch"))
    before = stamps(torch)

    try:
        done = colab.open(notebook_01())
    except Exception as error:
        if re.search(r"No matching distribution|NewConnectionError|ConnectTimeout", str(error)):
            pytest.skip("no package index can be reached from here")
        raise

    where, torch_file, version, prefix = last_words(done)
    assert Path(where).parents[1] == colab.content / "course"
    assert Path(prefix) == colab.python.parents[1]
    assert version.split("+")[0] == metadata.version("torch").split("+")[0]
    assert Path(torch_file).resolve().parent == torch.resolve() and stamps(torch) == before
    assert "accelerate" in colab.installed()
    held = {canonicalize_name(n) for n in closure(ON_COLAB)}
    assert not held & {canonicalize_name(n) for n in colab.installed()}, "what Colab brought was replaced"

    code = [cell for cell in done.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    record = json.loads((colab.content / "course/build/results/notebooks/01.smoke.json").read_text())
    assert len(record["claims"]) >= 8 and all(claim["holds"] in (True, None) for claim in record["claims"])
    assert (colab.content / "course/colorlib/checkpoints").is_dir()


@pytest.mark.classroom
@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", running.NOTEBOOKS, ids=running.name)
def test_every_notebook_runs_on_colab(colab, path):
    nb = nbformat.read(path, as_version=4)
    nb.cells.append(new_code_cell(WITNESS))
    where, _, version, _ = last_words(colab.open(nb))
    assert Path(where).parents[1] == colab.content / "course"
    assert version.split("+")[0] == metadata.version("torch").split("+")[0]
    record = json.loads((colab.content / f"course/build/results/notebooks/{path.stem[:2]}.smoke.json").read_text())
    assert record["claims"] and all(claim["holds"] in (True, None) for claim in record["claims"])


@pytest.mark.slow
def test_after_a_restart_the_bootstrap_cell_finds_the_course_without_a_network(colab):
    if not (colab.content / "course").exists():
        pytest.skip("the test before this one did not bring the course")
    where = last_words(colab.open(first_cell(), **moved("file:///nowhere"), PIP_NO_INDEX="1"))[0]
    assert Path(where).parents[1] == colab.content / "course"


def first_cell():
    """A notebook of the bootstrap cell and the cell that says what was imported."""
    nb = notebook_01()
    nb.cells = [cell for cell in nb.cells if "bootstrap" in cell.metadata.get("tags", [])] + nb.cells[-1:]
    return nb


@pytest.mark.classroom
@pytest.mark.timeout(600)
def test_elsewhere_it_installs_nothing_and_says_in_one_line_what_to_run(tmp_path, repository):
    machine = Colab(tmp_path, repository)
    del machine.environment["COLAB_RELEASE_TAG"]
    said = []
    for _ in range(2):
        with pytest.raises(CellExecutionError) as stopped:
            machine.open(first_cell())
        said.append(re.findall(r"Error: (.*)", re.sub(r"\x1b\[[\d;]*m", "", str(stopped.value)))[-1])
        command = re.search(r"[!%](git clone \S.*? course|pip install [\w. -]+?)(?= Then|$)", said[-1])[1]
        assert machine.installed() == []
        if command.startswith("git"):
            subprocess.run(command.split(), cwd=machine.content, env=machine.environment, check=True)
        else:
            done = subprocess.run([machine.python, "-m", *command.split(), "-q"], env=machine.environment,
                                  cwd=machine.content, capture_output=True, text=True)
            if "No matching distribution" in done.stderr:
                pytest.skip("no package index can be reached from here")
            assert done.returncode == 0, done.stderr
    assert said[0].startswith("First run in a cell: !git clone") and "This Python lacks accelerate" in said[1]
    where = last_words(machine.open(first_cell()))[0]
    assert Path(where).parents[1] == machine.content / "course"


def test_kaggle_is_served_as_colab_is_and_a_failed_clone_says_what_to_run(tmp_path, repository):
    machine = Colab(tmp_path, repository)
    del machine.environment["COLAB_RELEASE_TAG"]
    on_kaggle = {"KAGGLE_KERNEL_RUN_TYPE": "Interactive", "PIP_NO_INDEX": "1"}
    with pytest.raises(CellExecutionError, match="First run in a cell: !git clone"):
        machine.open(first_cell(), **on_kaggle, **moved("file:///nowhere"))
    with pytest.raises(CellExecutionError, match="CalledProcessError"):          # it cloned, and called pip
        machine.open(first_cell(), **on_kaggle)
    assert (machine.content / "course/tools/bootstrap.py").exists()


def test_a_python_that_the_system_manages_is_not_offered_pip(monkeypatch, tmp_path):
    (tmp_path / "EXTERNALLY-MANAGED").touch()
    assert bootstrap.may_install() and "%pip install accelerate Then" in bootstrap.advice(["accelerate>=1.2"])
    monkeypatch.setattr(bootstrap.sys, "base_prefix", bootstrap.sys.prefix)
    monkeypatch.setattr(bootstrap.sysconfig, "get_path", lambda name: str(tmp_path))
    assert not bootstrap.may_install()
    assert bootstrap.advice(["accelerate>=1.2"]).endswith(f'make -C "{running.ROOT}" lab')
