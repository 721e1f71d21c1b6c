"""A release: version, links and notes; and the page of findings of the weekly run."""

import json

import pytest
import synthetic

pytest.importorskip("nbformat")

from nbformat.v4 import new_code_cell, new_notebook, new_output  # noqa: E402

from tools import findings, release  # noqa: E402
from tools.__main__ import main  # noqa: E402
from tools.files import CourseError, write  # noqa: E402

CHANGES = "# Changes\n\n## 1.2.0\n\n- One thing.\n\n## 1.2.0rc1\n\nNo.\n\n## 1.1.0\n"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A small course in the working folder, with a changelog."""
    path = synthetic.checkout(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "CHANGELOG.md").write_text(CHANGES)
    (tmp_path / "CITATION.cff").write_text('version: "0.1.0"\nrepository-code: "x"\n')
    (tmp_path / "colorlib").mkdir(exist_ok=True)
    (tmp_path / "colorlib/__init__.py").write_text('__version__ = "0.1.0"\n')
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "colorlib"\nversion = "0.1.0"\n[project.urls]\nRepository = "https://github.com/school/course"\n'
        '[tool.course]\nref = "main"\n')
    return path


def test_a_release_writes_its_version_everywhere_and_links_to_its_tag(course, tmp_path, capsys):
    assert main(["release", "1.2.0"]) == 0
    notes = tmp_path / "build" / "release-notes.md"
    assert capsys.readouterr().out.strip() == str(notes) and notes.read_text() == "- One thing.\n"
    assert '__version__ = "1.2.0"' in (tmp_path / "colorlib/__init__.py").read_text()
    assert 'version: "1.2.0"' in (tmp_path / "CITATION.cff").read_text()
    assert 'ref = "v1.2.0"' in (tmp_path / "pyproject.toml").read_text()
    assert "github/school/course/blob/v1.2.0/notebooks" in (text := course.read_text()) and "-b v1.2.0 " in text


@pytest.mark.parametrize("version, said", [
    ("1.2", "three numbers"), ("v1.2.0", "three numbers"), ("1.2.0; rm", "three numbers"),
    ("1.1.0", "has no section for 1.1.0"), ("9.0.0", "has no section for 9.0.0")])
def test_what_is_no_release_is_refused_before_anything_changes(course, tmp_path, version, said):
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(CourseError, match=said):
        release.prepare(version)
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_a_file_without_its_line_is_said_before_anything_changes(course, tmp_path):
    (tmp_path / "colorlib/__init__.py").write_text("version = 1\n")
    before = (tmp_path / "pyproject.toml").read_text()
    with pytest.raises(CourseError, match="__init__.py has no line"):
        release.prepare("1.2.0")
    assert (tmp_path / "pyproject.toml").read_text() == before


def run_of(folder, outputs, record=None):
    (folder / "records").mkdir(parents=True)
    write(new_notebook(cells=[new_code_cell("x", outputs=outputs)]), folder / "01_small.ipynb")
    if record is not None:
        claims = [{"text": text, "holds": holds} for text, holds in record.items()]
        (folder / "records/01.smoke.json").write_text(json.dumps(
            {"claims": claims, "seed": 2, "profile": "smoke", "data": "fruits", "hardware": "a laptop",
             "versions": {"torch": "9.9"}}))


def test_the_page_says_which_finding_held_with_which_seed_and_versions(tmp_path):
    printed = new_output("stream", name="stdout", text="claim: one\nclaim (lesson): long | thing\n")
    false = new_output("error", ename="ClaimError", evalue="does not hold: two (x = 3, y = [1])", traceback=[])
    run_of(tmp_path / "seed-1", [printed, false])                           # stopped: no record
    run_of(tmp_path / "seed-2", [], {"one": True, "long | thing": None, "two": True, "three": True})
    rows = [line.split(" | ") for line in findings.table([tmp_path / "seed-1", tmp_path / "seed-2"]).splitlines()]
    rows = {row[1]: [row[2], row[3].removesuffix(" |")] for row in rows if row[0] == "| 01"}
    assert rows == {"one": ["held", "held"], "long / thing": ["not checked", "not checked"],
                    "two": ["**failed**", "held"], "three": ["not reached", "held"]}
    text = findings.table([tmp_path / "seed-1", tmp_path / "seed-2"])
    assert "seed-1: no notebook ran to its end" in text
    assert "seed-2: seed 2, profile smoke, data fruits; torch 9.9; a laptop" in text
    with pytest.raises(CourseError, match="holds no run"):
        findings.table([tmp_path])
