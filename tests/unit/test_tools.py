"""tools on a small notebook: run, page, store, text, links."""

import json
import sys

import nbformat
import psutil
import pytest
import synthetic
import torch

from colorlib.colorizer import Colorizer
from colorlib.models import UNet

pytest.importorskip("papermill")

from tools import files, links, run, run_page, store, text, turing  # noqa: E402
from tools.__main__ import main  # noqa: E402

PARAMETERS = {"PROFILE": "smoke", "SEED": 0, "DEVICE": "cpu", "DATA": "fruits"}


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A checkout with one notebook, as the working folder; gives the notebook's path."""
    path = synthetic.checkout(tmp_path)
    monkeypatch.chdir(tmp_path)
    return path


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """That checkout after one run: folder, exit code."""
    folder = tmp_path_factory.mktemp("done")
    path = synthetic.checkout(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("COLORLIB_PROFILE", "no-such-profile")  # the runner's parameters win
        code = run.run([path], folder / "build/course/smoke", PARAMETERS)
    return folder, code


# run

def test_a_run_executes_every_cell_and_leaves_a_record(done):
    folder, code = done
    assert code == 0
    record = json.loads((folder / "build/course/smoke/records/01.smoke.json").read_text())
    assert [c["holds"] for c in record["claims"]] == [True, None]
    assert record["claims"][0]["values"] == {"one": 1, "two": 2}
    assert record["data"] == "fruits" and record["profile"] == "smoke" and record["device"] == "cpu"
    nb = files.read(folder / "build/course/smoke" / synthetic.NAME)
    assert files.executed(nb) == 9  # eight of its own and the injected parameters
    bar = next(c for c in nb.cells if c.id == "bar")
    assert f"kernel: {sys.executable}" in "".join(o.get("text", "") for o in bar.outputs)
    assert 100 < record["peak_memory_mb"] < 4000  # a Python with torch in it


def test_pages_show_claims_and_figures_and_need_no_network(done):
    html = (done[0] / "build/course/smoke/index.html").read_text()
    assert "one is less than two" in html and "data:image/png;base64," in html
    assert 'src="http' not in html and "<script" not in html  # self-contained
    assert f'href="{synthetic.NAME.removesuffix(".ipynb")}.html"' in html
    for page in (html, (done[0] / "build/course/smoke/01_color_spaces.html").read_text()):
        assert "Two bars, the first twice as long &amp; &lt;blue&gt;." in page


def test_an_unknown_parameter_fails_before_anything_runs(course, tmp_path):
    assert files.find(["01"]) == files.find(["01_color_spaces"]) == files.find([str(course)]) == [course]
    with pytest.raises(files.CourseError, match="01_color_spaces"):
        files.find(["09"])
    with pytest.raises(files.CourseError, match="no parameter SPEED"):
        run.run([course], tmp_path / "out", PARAMETERS | {"SPEED": 3})
    assert not (tmp_path / "out").exists()
    assert main(["run", "--profile", "smoke", "-p", "SPEED", "3"]) == 2


def test_a_false_claim_fails_the_run(tmp_path, monkeypatch):
    path = synthetic.checkout(tmp_path, claim=synthetic.CLAIM.replace("1 < 2", "1 > 2"))
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--profile", "smoke", "--data", "fruits", "--device", "cpu"]) == 1
    html = (tmp_path / "build/course/smoke/index.html").read_text()
    assert "ClaimError" in html and "0 of 1 notebooks" in html
    with pytest.raises(files.CourseError, match="no finished run"):
        store.store(path, tmp_path / "build/course/smoke", any_data=True)


# store

def test_a_stored_notebook_is_clean_and_whole(done, monkeypatch):
    folder, _ = done
    monkeypatch.chdir(folder)
    path = folder / "notebooks" / synthetic.NAME
    before = files.read(path)
    assert "stored" in store.store(path, folder / "build/course/smoke", any_data=True)
    nb = files.read(path)
    code = [c for c in nb.cells if c.cell_type == "code"]
    assert [c.execution_count for c in code] == list(range(1, 9))
    assert [c.id for c in nb.cells] == [c.id for c in before.cells]
    assert set(nb.metadata) == {"kernelspec", "language_info"} and files.WIDGETS not in path.read_text()
    bar = next(c for c in code if c.id == "bar")
    assert "\r" not in bar.outputs[0].text and "100%" in bar.outputs[0].text and "  0%" not in bar.outputs[0].text
    assert [p.alt for p in files.pictures(nb)] == ["Two bars, the first twice as long & <blue>."]
    assert json.loads((folder / "results/notebooks/01.smoke.json").read_text())["notebook"] == "01"


def test_storing_refuses_generated_data_and_changed_code(done, monkeypatch):
    folder, _ = done
    monkeypatch.chdir(folder)
    path = folder / "notebooks" / synthetic.NAME
    kept = folder / "results/notebooks/01.smoke.json"
    kept.unlink(missing_ok=True)
    before = path.read_bytes()
    store.store(path, folder / "build/course/smoke", any_data=True, record_only=True)
    assert path.read_bytes() == before and kept.exists()
    with pytest.raises(files.CourseError, match="used fruits"):
        store.store(path, folder / "build/course/smoke")
    other = folder / "build/course/smoke/records/01.full.json"
    other.write_text("{}")
    with pytest.raises(files.CourseError, match="several profiles"):
        store.store(path, folder / "build/course/smoke", any_data=True)
    other.unlink()
    original = path.read_text()
    path.write_text(original.replace("1 < 2", "1 <= 2"))
    try:
        with pytest.raises(files.CourseError, match="code changed"):
            store.store(path, folder / "build/course/smoke", any_data=True)
    finally:
        path.write_text(original)


# text

def test_text_and_back_keeps_ids_tags_sources_and_outputs(course):
    nb = files.read(course)
    nb.cells[4].outputs = [nbformat.v4.new_output("stream", text="kept\n")]
    files.write(nb, course)
    assert main(["links"]) == 0
    first = course.read_text()
    assert main(["text", "01"]) == 0 and main(["notebook", "01"]) == 0
    assert course.read_text() == first


def test_a_changed_cell_keeps_its_id_and_loses_its_outputs(course):
    nb = files.read(course)
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("stream", text="old\n")]
    back = text.loads(text.dumps(nb).replace("1 < 2, one", "1 < 3, one"), nb)
    assert [c.id for c in back.cells] == [c.id for c in nb.cells]
    assert {c.id: len(c.outputs) for c in back.cells if c.cell_type == "code"}["claim"] == 0
    assert sum(len(c.outputs) for c in back.cells if c.cell_type == "code") == 7


def test_a_cell_without_id_gets_that_of_its_twin_or_a_new_one(course):
    nb = files.read(course)
    bare = text.dumps(nb).replace(' id="figure"', "") + '\n# %%\nprint("new")\n\n# %%\nprint("new")\n'
    back = text.loads(bare, nb)
    assert "figure" in [c.id for c in back.cells]
    new = [c.id for c in back.cells[-2:]]
    assert len(set(new)) == 2 and new == [c.id for c in text.loads(bare, nb).cells[-2:]]


# links

def test_links_come_from_the_one_address(course, tmp_path, monkeypatch):
    (tmp_path / "README.md").write_text("| 01 | <!-- links 01 --><!-- /links --> |\n\n<!-- clone -->\n```sh\n"
                                        "git clone https://old.example/x\ncd x\nmake lab\n```\n<!-- /clone -->\n")
    (tmp_path / "CITATION.cff").write_text("title: course\nrepository-code: https://old.example/x\n")
    assert main(["links", "--check"]) == 1
    assert main(["links"]) == 0
    assert main(["links", "--check"]) == 0
    readme = (tmp_path / "README.md").read_text()
    assert "colab.research.google.com/github/school/course/blob/main/notebooks/01_color_spaces.ipynb" in readme
    assert "mybinder.org/v2/gh/school/course/main?labpath=notebooks%2F01_color_spaces.ipynb" in readme
    assert "git clone https://github.com/school/course\ncd course\nmake lab" in readme
    assert 'repository-code: "https://github.com/school/course"' in (tmp_path / "CITATION.cff").read_text()
    nb = files.read(course)
    assert nb.cells[0].source.startswith("# A small lesson\n\n<!-- links 01 -->\n[![Open in Colab]")
    assert nb.cells[0].source.endswith("<!-- /links -->\n\nWhat it teaches.")
    del nb.cells[1]                                              # a missing bootstrap cell is put in
    links.apply(nb, course.name)
    assert nb.cells[1].id == "bootstrap" and "https://github.com/school/course" in nb.cells[1].source
    monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)       # which does nothing where colorlib is installed
    before = list(sys.path)
    exec(compile(nb.cells[1].source, "bootstrap", "exec"), {})
    assert sys.path == before
    assert '<img alt="Open in Colab"' in (html := run_page.notebook_page(nb, "x")) and "[![" not in html
    elsewhere = links.Project("https://gitlab.com/school/course", "2.0", "v2.0").badges(synthetic.NAME)
    assert "Colab" not in elsewhere and "mybinder.org/v2/git/https%3A%2F%2Fgitlab.com%2F" in elsewhere
    (tmp_path / "README.md").write_text("<!-- links 08 --><!-- /links -->")      # of no notebook
    assert main(["links"]) == 2


def test_what_the_stored_run_cost_comes_from_its_record(course, tmp_path):
    nb = files.read(course)
    nb.cells[5].source = "prose"
    links.apply(nb, course.name)
    record = {"profile": "lesson", "data": "cifar10", "minutes": 3.21, "peak_memory_mb": 1234, "hardware": "a laptop",
              "claims": []}
    (tmp_path / "results/notebooks").mkdir(parents=True)
    (tmp_path / "results/notebooks/01.lesson.json").write_text(json.dumps(record))
    links.apply(nb, course.name)
    assert "3.2 minutes and 1.2 GB (a laptop)" in nb.cells[0].source
    assert nb.cells[0].source.count("measured") == 2


class Process:
    """A made-up process; numbers in bytes."""

    def __init__(self, rss, uss, error=None):
        self.rss, self.uss, self.error = rss, uss, error

    def memory_info(self):
        if self.error is psutil.NoSuchProcess:
            raise self.error(1)
        return self

    def memory_full_info(self):
        if self.error:
            raise self.error(1)
        return self


@pytest.mark.parametrize("processes, held", [
    ([Process(900, 500)], 900),
    ([Process(900, 500), Process(700, 300)], 500 + 300 + 400),              # the 400 that both may share, once
    ([Process(900, 500), Process(700, 300, psutil.AccessDenied)], 500 + 700 + 400),
    ([Process(900, 500), Process(700, 300, psutil.NoSuchProcess)], 500 + 400),
    ([], 0),
])
def test_memory_that_processes_share_counts_once(processes, held):
    assert run._resident_bytes(processes) == held


def test_without_the_packages_of_the_pages_it_says_which_are_missing(monkeypatch, capsys):
    monkeypatch.setattr("tools.__main__.find_spec", lambda name: None if name == "pptx" else "here")
    assert main(["site"]) == 2
    assert "the pages need pptx: make site" in capsys.readouterr().err


# the Turing test

def test_the_turing_page_takes_both_splits_of_each_system_and_says_what_is_missing(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLORLIB_RESULTS", str(tmp_path / "results"))
    torch.manual_seed(0)
    for name in ("one", "two"):
        Colorizer(UNet(2, 1)).save(tmp_path / "checkpoints" / f"{name}.safetensors")
    assert turing.make(tmp_path / "t" / "index.html", ["one", "two"], "fruits", pairs=2).exists()
    page = (tmp_path / "t" / "index.html").read_text()
    assert [page.count(f"{name},0,2,{pair},") for name in ("one", "two") for pair in (0, 1)] == [4] * 4  # 2 x 2 sides
    with pytest.raises(files.CourseError, match="no checkpoint of three"):
        turing.make(tmp_path / "t" / "index.html", ["three"], "fruits", pairs=2)
