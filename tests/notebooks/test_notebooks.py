"""Every notebook: it runs, by nbval and by papermill; what is stored is whole; every claim can fail."""

import ast
import json
import re

import pytest
import running
import synthetic

from colorlib.notebook.files import cell_tags, source_hash
from tools import files, links, run, store

SHORTEST_ALT = 15
LONGEST_CELL = 12  # lines
PARAMETERS = {"PROFILE": "quick", "SEED": 0, "DEVICE": "auto", "DATA": "auto"}
PATH = re.compile(r"""(?:^|[\s"'(=:])(?:file:/)?/[\w.-]+/[\w.-]+|\b[A-Z]:\\\w""", re.M)

every_notebook = pytest.mark.parametrize("path", running.NOTEBOOKS, ids=running.name)


def code_cells(nb):
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def lines(cell):
    return [line for line in cell.source.splitlines() if line.strip()]


def tagged(nb, tag):
    (cell,) = [c for c in nb.cells if tag in cell_tags(c)]
    return cell


def outputs(nb):
    return [output for cell in code_cells(nb) for output in cell.outputs]


def calls(nb, name):
    """Every call of .name(…) in a notebook's code, with its cell."""
    for cell in code_cells(nb):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == name:
                yield cell, node


def condition(call):
    """What a claim says holds."""
    named = [keyword.value for keyword in call.keywords if keyword.arg == "holds"]
    return call.args[1] if len(call.args) > 1 else named[0]


def record_of(path):
    return json.loads((running.ROOT / "results/notebooks" / f"{path.stem[:2]}.lesson.json").read_text(encoding="utf-8"))


# runs

@pytest.mark.slow
@every_notebook
def test_it_runs_by_nbval_in_smoke_and_prints_the_stored_claims(path, tmp_path):
    done = running.nbval(path, tmp_path, COLORLIB_PROFILE="smoke", COLORLIB_DEVICE="cpu")
    assert done.returncode == 0, done.stdout[-4000:]
    assert f"{len(code_cells(files.read(path)))} passed" in done.stdout
    record = json.loads((tmp_path / f"{path.stem[:2]}.smoke.json").read_text(encoding="utf-8"))
    assert record["data"] == "fruits" and record["source_hash"] == source_hash(path)
    assert len(record["claims"]) >= 8 and all(c["holds"] is not False for c in record["claims"])


@pytest.mark.slow
@every_notebook
def test_it_runs_by_papermill_on_cifar10_where_it_can_be_had(path, tmp_path, request):
    try:
        request.getfixturevalue("cifar")
        data = "cifar10"
    except pytest.skip.Exception:  # without CIFAR-10, papermill too runs it on fruits
        data = "fruits"
    one = run.run_one(path, tmp_path, PARAMETERS | {"PROFILE": "smoke", "DEVICE": "cpu", "DATA": data})
    assert not one.error and one.record["data"] == data and one.record["source_hash"] == source_hash(path)
    assert len(one.record["claims"]) >= 8
    assert one.cells == len(code_cells(files.read(path))) + 1  # the injected parameters
    assert all(len(p.alt) >= SHORTEST_ALT for p in files.pictures(one.notebook))


# what is stored

@every_notebook
def test_the_outputs_are_those_of_one_run_in_order(path):
    nb = files.read(path)
    assert [cell.execution_count for cell in code_cells(nb)] == list(range(1, len(code_cells(nb)) + 1))
    assert all(cell.source.strip() for cell in nb.cells)
    assert not [o for o in outputs(nb) if o.output_type == "error"]
    assert len(files.pictures(nb)) >= 3


@every_notebook
def test_the_record_is_of_this_code_and_holds_every_claim(path):
    record = record_of(path)
    assert source_hash(path) == record["source_hash"]
    assert (record["profile"], record["data"]) == ("lesson", "cifar10")
    stated = [call.args[0].value for _, call in calls(files.read(path), "claim")]
    assert sorted(claim["text"] for claim in record["claims"]) == sorted(stated)
    left = [c["text"] for c in record["claims"] if not c["holds"] and "lesson" in (c["profiles"] or ["lesson"])]
    assert not left, f"not held in the lesson run: {left}"


@every_notebook
def test_the_file_is_small_and_holds_no_widget_and_no_path(path):
    nb = files.read(path)
    assert path.stat().st_size <= store.LIMIT
    assert "widgets" not in nb.metadata and files.WIDGETS not in path.read_text(encoding="utf-8")
    for output in outputs(nb):
        data = output.get("data", {})
        texts = [output.get("text", ""), *(text for kind, text in data.items() if not kind.startswith("image/"))]
        found = [PATH.search(str(text)) for text in texts]
        assert not any(found), next(f[0] for f in found if f)


@every_notebook
def test_no_line_of_text_is_lost_on_the_pages(path):
    """MyST takes a line that begins with a percent sign for a comment."""
    texts = [cell.source for cell in files.read(path).cells if cell.cell_type == "markdown"]
    assert not [line for text in texts for line in text.split("\n") if line.startswith("%")]


def test_no_two_figures_of_the_site_have_one_name():
    drawn, shown = [], []
    for path in running.NOTEBOOKS:
        nb = files.read(path)
        drawn += [name for cell in nb.cells if cell.cell_type == "markdown"
                  for name in re.findall(r'\]\(figures/\S+ "([^"]+)"\)', cell.source)]
        shown += [keyword.value.value for _, call in calls(nb, "show") for keyword in call.keywords
                  if keyword.arg == "name"]
    assert len(drawn) > 10 and len(shown) > 40 and len({*drawn, *shown}) == len(drawn + shown)


@every_notebook
def test_every_figure_has_an_alt_text(path):
    nb = files.read(path)
    assert all(len(picture.alt) >= SHORTEST_ALT for picture in files.pictures(nb))
    assert not [o for o in outputs(nb) if {"image/jpeg", "image/svg+xml"} & set(o.get("data", {}))]
    assert not [o for o in outputs(nb) if "<img" in str(o.get("data", {}).get("text/html", ""))]
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            assert "![](" not in cell.source and not re.search(r"<img(?![^>]*\balt=)", cell.source)


# its form

@every_notebook
def test_it_has_four_parameters_one_bootstrap_cell_short_cells_claims_and_exercises_enough(path):
    nb = files.read(path)
    body = ast.parse(tagged(nb, "parameters").source).body
    assert {node.targets[0].id: ast.literal_eval(node.value) for node in body} == PARAMETERS and len(body) == 4
    boot = tagged(nb, "bootstrap")
    assert boot.source == links.project(running.ROOT).bootstrap()
    assert [c.id for c in code_cells(nb) if len(lines(c)) > LONGEST_CELL] == []
    assert len(list(calls(nb, "claim"))) >= 8
    checked = {call.func.attr for _, call in exercise_calls(nb)}
    assert 3 <= len(checked) <= 6 and all(name.startswith(f"check_{path.stem[:2]}_") for name in checked)
    assert ast.parse(code_cells(nb)[-1].source).body[-1].value.func.attr == "finish"


def exercise_calls(nb):
    for cell in code_cells(nb):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "").startswith("check_"):
                yield cell, node


def assigned(tree):
    """The names that a cell's own lines bind: by assignment, def or class."""
    names = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    return names | {node.id for line in tree.body for node in ast.walk(line)
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


@every_notebook
def test_a_widget_answers_with_its_own_picture(path):
    """A callback looks its names up when it is called: a later cell must not have given them to something else."""
    trees = [ast.parse(cell.source) for cell in files.read(path).cells if cell.cell_type == "code"]
    for number, tree in enumerate(trees):
        watched = [node for node in ast.walk(tree) if isinstance(node, ast.Call)
                   and isinstance(node.func, ast.Attribute) and node.func.attr == "observe"]
        used = {node.id for call in watched for node in ast.walk(call) if isinstance(node, ast.Name)}
        for later in trees[number + 1:]:
            assert not used & assigned(later), f"{used & assigned(later)} is assigned again after its widget"


# every claim can fail

@every_notebook
def test_no_claim_is_constant_and_nbval_compares_its_line(path):
    """A condition must hang on something that the notebook computed."""
    for cell, call in calls(files.read(path), "claim"):
        kinds = (ast.Name, ast.Call, ast.Attribute)
        assert [n for n in ast.walk(condition(call)) if isinstance(n, kinds)], ast.unparse(call)
        assert isinstance(call.args[0], ast.Constant), "a claim's text is the same everywhere: a literal"
        assert "nbval-check-output" in cell_tags(cell), call.args[0].value


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """A small notebook with its outputs stored."""
    path = synthetic.checkout(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert not run.run_one(path, tmp_path / "out", PARAMETERS | {"PROFILE": "smoke", "DEVICE": "cpu"}).error
    store.store(path, tmp_path / "out", any_data=True)
    return path


@pytest.mark.slow
def test_a_false_claim_fails_nbval_and_so_does_a_changed_line(stored, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "ROOT", tmp_path)

    def outcome(old, new):
        text = stored.read_text()
        assert old in text
        stored.write_text(text.replace(old, new))
        done = running.nbval(stored, tmp_path / "records", COLORLIB_PROFILE="smoke", COLORLIB_DEVICE="cpu")
        stored.write_text(text)
        return done.returncode, done.stdout

    assert outcome("one=1", "one=1")[0] == 0
    code, said = outcome("1 < 2, one", "1 > 2, one")
    assert code == 1 and "does not hold: one is less than two" in said
    code, said = outcome('"claim: one is less than two\\n"', '"claim: one is more than two\\n"')
    assert code == 1 and "one is more than two" in said
