"""The live page's scripts compute what colorlib computes; without onnxruntime-web the site does without the page."""

import hashlib
import json
import shutil
import subprocess
import tarfile

import pytest
import torch
import torch.nn.functional as F

from colorlib import color, scribbles
from colorlib.color_bins import AbBins
from colorlib.colorizer import Colorizer, picture
from colorlib.data.storage import DataUnavailable
from colorlib.paths import CHECKPOINTS
from tools import live
from tools.files import ASSETS

needs_node = pytest.mark.skipif(not shutil.which("node"), reason="needs node to run the page's scripts")


def run(expression, **given):
    """The value of an expression in the page's scripts; `given` are constants."""
    scripts = [(ASSETS / "live" / name).read_text(encoding="utf-8") for name in ("colorize.js", "hints.js")]
    constants = {"COURSE": live.constants()} | given
    lines = [f"const {name} = {json.dumps(value)};" for name, value in constants.items()]
    told = "JSON.stringify(value, (_, v) => ArrayBuffer.isView(v) ? Array.from(v) : v)"
    code = "\n".join([*lines, *scripts, f"const value = {expression};", f"console.log({told});"])
    done = subprocess.run(["node", "-"], input=code, capture_output=True, text=True)
    assert not done.returncode, done.stderr[-1000:]
    return json.loads(done.stdout)


@needs_node
def test_lightness_and_colors_are_those_of_the_library():
    generator = torch.Generator().manual_seed(0)
    rgb = torch.randint(256, (1, 3, 30, 40), generator=generator, dtype=torch.uint8)
    rgba = torch.cat([rgb, torch.full_like(rgb[:, :1], 255)], 1)[0].permute(1, 2, 0).flatten().tolist()
    L = color.lightness(rgb)
    assert torch.allclose(torch.tensor(run("lightnessOf(rgba)", rgba=rgba)), L.flatten(), atol=1e-4)
    few = rgb[0].flatten(1).T[:20].tolist()
    assert torch.allclose(torch.tensor(run("rgb.map(abOf)", rgb=few)), color.rgb_to_lab(rgb)[0, 1:].flatten(1).T[:20],
                          atol=1e-3)
    L.view(-1)[:3] = torch.tensor([0, 0.005, 100.0])
    ab = 60 * torch.randn(1, 2, 30, 40, generator=generator)                    # most of it outside the gamut
    made = torch.tensor(run("picture(L, ab)", L=L.flatten().tolist(), ab=ab[0].flatten(1).tolist())).view(30, 40, 4)
    assert (made[..., 3] == 255).all()
    assert (made[..., :3] - picture(L, ab)[0].permute(1, 2, 0).int()).abs().max() <= 1


@needs_node
@pytest.mark.parametrize("size, new", [((37, 53), (20, 29)), ((8, 300), (7, 256)), ((5, 4), (5, 4))])
def test_a_plane_shrinks_and_grows_as_torch_does_it(size, new):
    plane = torch.rand(1, 1, *size, dtype=torch.double, generator=torch.Generator().manual_seed(0))
    small = torch.tensor(run("shrink(plane, size, to)", plane=plane.flatten().tolist(), size=size, to=new),
                         dtype=torch.double)
    expected = F.interpolate(plane, size=new, mode="bilinear", antialias=True)
    assert torch.allclose(small, expected.flatten(), atol=1e-9)
    large = run("enlarge(plane, size, to)", plane=small.tolist(), size=new, to=size)
    assert torch.allclose(torch.tensor(large, dtype=torch.double),
                          F.interpolate(expected, size=size, mode="bilinear").flatten(), atol=1e-9)


@needs_node
def test_the_annealed_mean_of_cells_is_that_of_the_library():
    bins = AbBins(40.0, k=1)
    logits = 3 * torch.randn(1, len(bins), 3, 4, generator=torch.Generator().manual_seed(0))
    model = {"bins": bins.centers.tolist(), "cell": 2}
    made = run("decoded(model, {planes, size: [3, 4]}, [5, 7], 0.38)", model=model,
               planes=logits[0].flatten(1).tolist())
    small = bins.annealed_mean(logits, 0.38)
    expected = F.interpolate(small, scale_factor=2, mode="bilinear")[..., :5, :7]
    assert torch.allclose(torch.tensor(made), expected[0].flatten(1), atol=1e-3)
    p = run("distribution(planes, 6, 0.38)", planes=logits[0].flatten(1).tolist())
    assert torch.allclose(torch.tensor(p), (logits[0, :, 1, 2] / 0.38).softmax(0), atol=1e-5)


@needs_node
def test_the_outputs_are_cropped_and_the_input_is_padded():
    made = run("networkInput(L, [2, 3], 4)", L=[0, 50, 100, 25, 75, 10])
    padded = F.pad(torch.tensor([[[[0, 50, 100], [25, 75, 10.0]]]]), (0, 1, 0, 2), mode="replicate") / 50 - 1
    assert (made["height"], made["width"]) == (4, 4) and made["data"] == pytest.approx(padded.flatten().tolist())
    made = run("cropped(Float32Array.from(data), [1, 2, 2, 2], [2, 3], 2)", data=list(range(8)))
    assert made == {"size": [1, 2], "planes": [[0, 1], [4, 5]]}


@needs_node
@pytest.mark.parametrize("height, width", [(256, 256), (300, 301), (512, 384), (1, 700), (257, 3)])
def test_the_size_of_a_prediction_is_that_of_the_library(height, width):
    scale = min(1, 256 / max(height, width))
    expected = [max(1, round(side * scale)) for side in (height, width)]
    assert run("predictedSize(height, width, 256)", height=height, width=width) == expected


@needs_node
def test_scribbles_spread_as_in_the_library():
    rows, columns = torch.meshgrid(torch.arange(24), torch.arange(24), indexing="ij")
    L = 50 + 30 * torch.sin(rows / 5) * torch.cos(columns / 4)
    lines = [(45, 50, 1.5, [(4, 4), (12, 6)]), (-30, 20, 2.0, [(18, 20)]), (0, -40, 1.0, [(5, 5), (5, 18)])]
    hints, mask = scribbles.draw(lines, 24)
    given = [{"color": [a, b], "radius": radius, "places": places} for a, b, radius, places in lines]
    code = """(() => {
        const known = covered(scribbles, [24, 24]), near = listening(L, [24, 24]);
        const ab = [0, 1].map(k => Float64Array.from(known, n => n ? scribbles[n - 1].color[k] : 0));
        for (const plane of ab) for (const left of spreading(plane, known, near)) if (left < 1e-5) break;
        return [...ab, known]; })()"""
    *ab, known = run(code, L=L.flatten().tolist(), scribbles=given)
    assert [bool(n) for n in known] == mask.flatten().tolist()
    assert (torch.tensor(ab).view(2, 24, 24) - scribbles.fill(L, hints, mask)).abs().max() < 0.3


@needs_node
def test_hints_for_a_network_are_those_of_the_library():
    given = """(() => {
        const small = {size: [2, 3], L: [0, 50, 100, 25, 75, 10], ab: [[9, 9, 9, 9, 9, 60], [9, 9, 9, 9, 9, -25]]};
        return hintedInputs(small, {multiple: 4, scale: 50}, [0, 0, 0, 0, 0, 1]); })()"""
    made = run(given)
    expected = torch.zeros(3, 4, 4)                                             # nothing is repeated beyond the picture
    expected[:, 1, 2] = torch.tensor([60 / 50, -25 / 50, 1])
    assert made["hints"] == pytest.approx(expected.flatten().tolist())
    assert (made["gray"]["height"], made["gray"]["width"]) == (4, 4)


@needs_node
def test_a_pixel_alone_among_scribbles_takes_their_color():
    code = """(() => {
        const known = Int32Array.from({length: 81}, (_, i) => Number(i !== 40)), near = listening(L, [9, 9]);
        const plane = Float64Array.from(known, n => 30 * n);
        for (const left of spreading(plane, known, near)) if (left < 1e-5) break;
        return plane[40]; })()"""
    assert run(code, L=[50.0] * 81) == pytest.approx(30, abs=0.1)


@pytest.mark.parametrize("name", [*live.COLORIZERS, live.HINTED])
def test_a_network_becomes_a_graph_for_any_size(name):
    onnx = pytest.importorskip("onnx")
    colorizer = Colorizer.load(CHECKPOINTS / f"{name}.safetensors")
    graph = onnx.load_model_from_string(live.to_onnx(colorizer))
    onnx.checker.check_model(graph)
    (gray, *hinted), (outputs,) = graph.graph.input, graph.graph.output
    assert (gray.name, outputs.name) == ("gray", "outputs")
    assert [one.name for one in hinted] == ["hints"] * (name == live.HINTED)
    assert [d.dim_param for d in gray.type.tensor_type.shape.dim[2:]] == ["height", "width"]
    evaluator = pytest.importorskip("onnx.reference").ReferenceEvaluator(graph)
    L = 100 * torch.rand(1, 1, 16, 24, generator=torch.Generator().manual_seed(0))
    inputs = [L / 50 - 1, *(torch.randn(1, 3, 16, 24, generator=torch.Generator().manual_seed(1)) for _ in hinted)]
    (found,) = evaluator.run(None, {one.name: x.numpy() for one, x in zip([gray, *hinted], inputs, strict=True)})
    with torch.no_grad():
        assert (torch.from_numpy(found) - colorizer.net(*inputs)).abs().max() < 1e-4


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A data folder without onnxruntime-web, and a registry that has it: a function of its content."""
    monkeypatch.setenv("COLORLIB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("npm_config_registry", (tmp_path / "registry").as_uri())
    monkeypatch.delenv("COLORLIB_OFFLINE", raising=False)
    file = tmp_path / "registry" / "onnxruntime-web" / "-" / live.RUNTIME
    file.parent.mkdir(parents=True)

    def registry(content):
        (tmp_path / "content").write_bytes(content)
        with tarfile.open(file, "w:gz") as tar:
            for one in live.RUNTIME_FILES:
                tar.add(tmp_path / "content", f"package/dist/{one}")
        monkeypatch.setattr(live, "RUNTIME_SHA512", hashlib.sha512(file.read_bytes()).hexdigest())
        return file

    return registry


def test_the_runtime_is_fetched_once(data, tmp_path, monkeypatch):
    file = data(b"code")
    assert live.runtime() == dict.fromkeys(live.RUNTIME_FILES, b"code")
    file.unlink()
    monkeypatch.setenv("COLORLIB_OFFLINE", "1")
    assert live.runtime() == dict.fromkeys(live.RUNTIME_FILES, b"code")
    (tmp_path / "data" / live.RUNTIME).write_bytes(b"damaged")
    with pytest.raises(DataUnavailable, match="another file than expected: delete .*tgz"):
        live.runtime()


def test_another_file_and_no_network_are_said_and_nothing_is_kept(data, tmp_path, monkeypatch):
    with pytest.raises(DataUnavailable, match="cannot be downloaded"):
        live.runtime()
    data(b"code")
    monkeypatch.setattr(live, "RUNTIME_SHA512", "0" * 128)
    with pytest.raises(DataUnavailable, match="is another file than expected"):
        live.make(tmp_path / "live")
    monkeypatch.setenv("COLORLIB_OFFLINE", "1")
    with pytest.raises(DataUnavailable, match="nothing may be downloaded"):
        live.make(tmp_path / "live")
    assert not (tmp_path / "data").exists() and not (tmp_path / "live").exists()


def test_the_pages_do_without_the_live_page(tmp_path, monkeypatch, capsys):
    from tools import site

    monkeypatch.setenv("COLORLIB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLORLIB_OFFLINE", "1")
    monkeypatch.setattr(site.slides, "write", lambda *_: None)
    site.write_source(tmp_path / "source")
    assert "live/" not in (tmp_path / "source" / "index.md").read_text(encoding="utf-8")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("the live page is left out: ")
