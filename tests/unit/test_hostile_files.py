"""Files that others made: refused with a sentence that names them, before anything is allocated or believed."""

import io
import json
import os
import struct
import zlib

import nbformat
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from colorlib import colorizer as colorizer_module
from colorlib import models
from colorlib.colorizer import Colorizer
from colorlib.data import folder as folders
from colorlib.data import image_files
from colorlib.data.datasets import left_out, load_folder
from colorlib.data.image_files import Unreadable, UnreadableNow, decode
from colorlib.data.streamed_set import StreamedSet
from colorlib.experiments import records, results_page
from colorlib.image_classifier import ImageClassifier
from colorlib.notebook import data_check, turing_test
from colorlib.targets import LabTarget

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8))


def png(width, height, depth, kind, rows, *chunks):
    """The bytes of a PNG file: IHDR, further chunks, the compressed rows."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)), *chunks,
             (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


# pictures

def test_sixteen_bit_pictures_with_a_transparent_color_are_white_there():
    """Cases: gray16-trns.png; its neighbor is the same with three channels."""
    gray = np.full((4, 6), 1000, ">u2")
    gray[:, :3] = 65535 // 2
    rows = b"".join(b"\0" + row.tobytes() for row in gray)
    pixels = decode(io.BytesIO(png(6, 4, 16, 0, rows, (b"tRNS", struct.pack(">H", 1000)))))
    assert (pixels[:, 3:] == 255).all() and (pixels[:, :3] == 127).all()
    color = np.zeros((4, 6, 3), ">u2")
    color[:, :3] = 40_000, 20_000, 10_000
    rows = b"".join(b"\0" + row.tobytes() for row in color)
    pixels = decode(io.BytesIO(png(6, 4, 16, 2, rows, (b"tRNS", struct.pack(">HHH", 40_000, 20_000, 10_000)))))
    assert (pixels[:, :3] == 255).all() and (pixels[:, 3:] == 0).all()


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_that_is_too_short_for_its_size_is_refused(progressive):
    """Case: dims8192-short.jpg. libjpeg fills what is missing with gray, without an error."""
    file = io.BytesIO()
    PICTURE.save(file, "JPEG", progressive=progressive)
    data = bytearray(file.getvalue())
    place = data.find(b"\xff\xc2" if progressive else b"\xff\xc0")
    data[place + 5:place + 9] = struct.pack(">HH", 8192, 8192)
    with pytest.raises(Unreadable, match="too short for 8192×8192"):
        decode(io.BytesIO(bytes(data)))


@pytest.mark.parametrize("keywords", [{}, {"progressive": True}, {"optimize": True, "quality": 1}])
def test_the_shortest_jpeg_of_one_color_is_read(keywords):
    file = io.BytesIO()
    Image.new("RGB", (2048, 2048), (0, 130, 60)).save(file, "JPEG", **keywords)
    assert decode(io.BytesIO(file.getvalue())).shape == (2048, 2048, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_single_row_is_turned_and_can_be_a_tensor(orientation):
    """The fuzz test found it: NumPy calls a flipped single row contiguous, and torch refuses it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    for size in ((5, 1), (1, 5), (1, 1)):
        file = io.BytesIO()
        Image.new("RGB", size, "red").save(file, "PNG", exif=exif)
        assert torch.from_numpy(decode(io.BytesIO(file.getvalue()))).shape[2] == 3


def test_a_format_whose_decoder_needs_much_memory_has_a_limit_of_its_own(monkeypatch):
    monkeypatch.setattr(image_files, "MAX_PIXELS_OF", {"WEBP": 500})
    for name, fits in (("WEBP", False), ("PNG", True)):
        file = io.BytesIO()
        PICTURE.save(file, name)
        if fits:
            decode(io.BytesIO(file.getvalue()))
        else:
            with pytest.raises(Unreadable, match="32×24 pixels"):
                decode(io.BytesIO(file.getvalue()))


def test_large_pictures_are_converted_in_strips_with_the_same_pixels(monkeypatch):
    rgba = PICTURE.convert("RGBA")
    rgba.putalpha(Image.fromarray(np.random.default_rng(1).integers(0, 255, (24, 32), np.uint8)))
    for image in (PICTURE, rgba, PICTURE.convert("P"), PICTURE.convert("CMYK"), PICTURE.convert("1")):
        file = io.BytesIO()
        image.save(file, "TIFF")
        whole = decode(io.BytesIO(file.getvalue()))
        monkeypatch.setattr(image_files, "STRIP", 100)
        assert (decode(io.BytesIO(file.getvalue())) == whole).all()
        monkeypatch.undo()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_a_pipe_is_no_picture(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(Unreadable, match="no ordinary file"):
        decode(tmp_path / "pipe.png")
    with pytest.raises(Unreadable):
        decode(tmp_path)


def test_what_cannot_be_read_for_a_moment_is_not_remembered(tmp_path, monkeypatch):
    """Once such a file was called damaged, for good."""
    monkeypatch.setenv("COLORLIB_DATA", str(tmp_path / "data"))
    (tmp_path / "p").mkdir()
    for name in ("a", "b", "c"):
        PICTURE.save(tmp_path / "p" / f"{name}.png")
    (tmp_path / "p" / "d.png").write_bytes(b"no picture")
    whole = image_files.decode

    def too_many_files(file, size=None):
        if file.name == "b.png":
            raise UnreadableNow("cannot be opened: Too many open files")
        return whole(file, size)
    monkeypatch.setattr(image_files, "decode", too_many_files)
    images = load_folder(tmp_path / "p")
    assert len(images) == 2 and left_out(images).startswith("all: 2 left out: b.png (cannot be opened: Too many")
    monkeypatch.setattr(image_files, "decode", whole)
    images = load_folder(tmp_path / "p")
    assert len(images) == 3 and [name for name, _ in images.skipped] == ["d.png"]
    monkeypatch.setattr(image_files, "decode", None)  # what is final is remembered
    assert len(load_folder(tmp_path / "p")) == 3


def test_errors_of_the_system_are_not_called_damage(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    PICTURE.save(path)
    for error in (OSError(24, "Too many open files"), PermissionError(13, "Permission denied"), MemoryError()):
        def fails(*_, error=error, **__):
            raise error
        monkeypatch.setattr(Image, "open", fails)
        with pytest.raises(UnreadableNow):
            decode(path)
    monkeypatch.undo()
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(Unreadable, match="damaged") as caught:
        decode(path)
    assert not isinstance(caught.value, UnreadableNow)


# folders and their files

NAMES = ["# hash.png", " lead.png", "trail.png ", "two\nlines.png", '"quoted".png', "caf\udce9.png", "plain ö.png",
         "a\u2028b.png", "#hash.png"]


@pytest.mark.parametrize("name", NAMES)
def test_a_mark_names_the_file_that_was_marked(name, tmp_path):
    """Once success was reported, and nothing or another file was marked."""
    try:
        PICTURE.save(tmp_path / "x.png")
        (tmp_path / "x.png").rename(tmp_path / name)
    except (OSError, UnicodeError):
        pytest.skip("this file system has no such names")
    PICTURE.save(tmp_path / "other.png")
    (tmp_path / folders.MARKS_FILE).write_text("# a note\nother.png\n", encoding="utf-8")
    data_check.mark(tmp_path, name, True)
    assert folders.marked_files(tmp_path) == {name, "other.png"}
    data_check.mark(tmp_path, name, False)
    assert folders.marked_files(tmp_path) == {"other.png"}
    assert (tmp_path / folders.MARKS_FILE).read_text(encoding="utf-8").startswith("# a note\n")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_marks_in_another_encoding_are_named(encoding, tmp_path):
    """Case: marked-bad-latin1.txt."""
    PICTURE.save(tmp_path / "a.png")
    (tmp_path / folders.MARKS_FILE).write_bytes("é.png\n".encode(encoding))
    for read in (load_folder, lambda folder: data_check.mark(folder, "a.png", True)):
        with pytest.raises(ValueError, match="marked-bad.txt is no text in UTF-8"):
            read(tmp_path)


def test_a_streamed_set_keeps_the_pictures_that_it_was_made_of(tmp_path):
    def write(value):
        (tmp_path / "new").write_bytes(np.full((6, 3, 4, 4), value, np.uint8).tobytes())
        os.replace(tmp_path / "new", tmp_path / "set.rgb")
    write(7)
    images = StreamedSet(tmp_path / "set.rgb", (6, 3, 4, 4), None, limit=50)
    part = images[torch.tensor([0, 2, 4])]
    state = images.__getstate__()
    write(9)
    assert (images[0] == 7).all() and (part[0] == 7).all() and (images[:1].pixels == 7).all()
    assert images.digest() != StreamedSet(tmp_path / "set.rgb", (6, 3, 4, 4), None, limit=50).digest()
    with pytest.raises(RuntimeError, match="now holds other pictures"):
        StreamedSet.__new__(StreamedSet).__setstate__(state)


# checkpoints

def checkpoint(path, tensors, **about):
    about = {"format": "colorlib-2", "target": {"target": "lab"}} | about
    save_file(tensors, path, metadata={"colorlib": json.dumps(about)})
    return path


@pytest.mark.parametrize("net", [
    {"model": "unet", "width": 1, "depth": 60}, {"model": "unet", "width": 8192, "depth": 12},
    {"model": "unet", "width": 10**12}, {"model": "unet", "width": 1e300}, {"model": "unet", "depth": "deep"},
    {"model": "fast-unet", "encoder": [10**4, 10**4, 10**4]}, {"model": "fast-unet", "widths": []},
    {"model": "koo-generator", "noise": 10**4, "size": 10**4}, {"model": "patch"}, {"model": "none"},
    {"model": "resnet", "depth": 50}, {"model": "hypercolumns", "hidden": [1] * 1000}, {"model": ["unet"]}, [], None,
    {"model": "unet", "width": float("nan")}, {},
])
def test_sizes_in_a_checkpoint_are_compared_before_anything_is_allocated(net, tmp_path, monkeypatch):
    """Case: deep-unet.safetensors, 228 bytes that asked for 6.7 GB."""
    path = checkpoint(tmp_path / "hostile.safetensors", {"x": torch.zeros(1)}, net=net)
    monkeypatch.setattr(colorizer_module, "_build", lambda *_: pytest.fail("memory was allocated"))
    with pytest.raises(ValueError, match="hostile.safetensors"):
        Colorizer.load(path)


@pytest.mark.parametrize("change", [
    lambda t: t | {"last.bias": torch.zeros(3)}, lambda t: t | {"more": torch.zeros(1)},
    lambda t: {k: v for k, v in t.items() if k != "last.bias"}, lambda t: t | {"last.bias": torch.zeros(2).int()},
    lambda t: {},
])
def test_a_checkpoint_of_other_tensors_is_refused_with_the_first_that_differs(change, tmp_path):
    net = models.UNet(width=2, depth=1)
    path = checkpoint(tmp_path / "odd.safetensors", change(net.state_dict()), net=net.config)
    with pytest.raises(ValueError, match="odd.safetensors .*: the network has .* and the file has"):
        Colorizer.load(path)
    with pytest.raises(ValueError, match="odd.safetensors is no image classifier"):
        ImageClassifier.load(path)


@pytest.mark.parametrize("target", [
    None, {}, {"target": "none"}, {"target": "lab", "scale": "x"}, {"target": "lab", "scale": 0}, {"target": []},
    {"target": "bins", "step": 0.001}, {"target": "space", "cell": 10**6}, {"target": "yuv", "mean": [1]},
])
def test_a_target_in_a_checkpoint_is_checked(target, tmp_path):
    net = models.KooCNN()
    path = checkpoint(tmp_path / "odd.safetensors", net.state_dict(), net=net.config, target=target)
    with pytest.raises(ValueError, match="odd.safetensors"):
        Colorizer.load(path)


@pytest.mark.parametrize("notes", ["[" * 100_000, "[]", "null", "{", '{"format": 3}'])
def test_odd_notes_are_no_checkpoint(notes, tmp_path):
    save_file({"x": torch.zeros(1)}, tmp_path / "odd.safetensors", metadata={"colorlib": notes})
    with pytest.raises(ValueError, match="odd.safetensors"):
        Colorizer.load(tmp_path / "odd.safetensors")


def test_a_compiled_network_is_saved_under_its_plain_names(tmp_path):
    """Cases: 05_compiled_net_saved_unloadable.py; its neighbor is a file that was saved so."""
    net = models.UNet(width=2, depth=1)
    compiled = Colorizer(torch.compile(net, backend="eager"))
    loaded = Colorizer.load(compiled.save(tmp_path / "a.safetensors"))
    old = checkpoint(tmp_path / "b.safetensors", {f"_orig_mod.{k}": v for k, v in net.state_dict().items()},
                     net=net.config)
    for one in (loaded, Colorizer.load(old)):
        assert all(torch.equal(v, net.state_dict()[k]) for k, v in one.net.state_dict().items())


# answers, records, notebooks

HEADER = ",".join(turing_test.OLD_COLUMNS) + "\n"  # of the first edition; today's have one more


def test_answers_count_once_and_a_byte_order_mark_is_allowed(tmp_path):
    """Cases: answers-dup.csv, answers-bom.csv."""
    path = tmp_path / "a.csv"
    path.write_text("\ufeff" + HEADER + "P2,0,5,0,left,right,1\n" * 50 + "P2,0,5,1,left,left,0\n", encoding="utf-8")
    assert turing_test.fooling_rate(path) == turing_test.FoolingRate(1, 2)
    assert turing_test.fooling_rate(path, str(path), tmp_path / "." / "a.csv") == turing_test.FoolingRate(1, 2)


@pytest.mark.parametrize("row", [
    "P2,0,5,0,left,left,1", "P2,0,5,1,purple,green,0", "P2,0,5,abc,left,left,0", "P2,0,5,5,left,left,0",
    "P2,0,5,-1,left,left,0", "P2,x,5,1,left,left,0", "P2,0,5,1,left,right,2", "P2,0,5,1,left,right,1,more",
    f"P2,0,{'9' * 5000},1,left,right,1", "P2,0,5,\u0661,left,right,1",
])
def test_an_answer_that_cannot_be_is_named_with_its_line_and_hides_no_other_file(row, tmp_path):
    """Cases: answers-incons.csv, answers-pairstr.csv."""
    bad, good = tmp_path / "bad.csv", tmp_path / "good.csv"
    bad.write_text(HEADER + "P2,0,5,0,left,right,1\n" + row + "\n", encoding="utf-8")
    good.write_text(HEADER + "P2,0,5,0,left,right,1\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"bad.csv, .*line 3"):
        turing_test.fooling_rate(bad)
    with pytest.warns(UserWarning, match="left out: bad.csv"):
        assert turing_test.fooling_rate(bad, good) == turing_test.FoolingRate(1, 1)


@pytest.mark.parametrize("content", [
    b"\xff\xfe" + HEADER.encode("utf-16-le"), HEADER.encode() + b"\xe9,0,5,0,left,right,1\n",
    HEADER.encode() + b'"' + b"x" * 200_000, b"\0" * 100])
def test_other_files_are_no_answers(content, tmp_path):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(ValueError, match="a.csv"):
        turing_test.read_answers(tmp_path / "a.csv")


def test_names_in_records_are_no_markup():
    from test_records import record

    text = results_page.texts([record(versions={"torch": "<img src=x onerror=alert(1)>"})])["README.md"]
    assert "<img src=x" not in text and "&lt;img" in text


def test_a_record_is_not_written_with_what_is_no_number(tmp_path):
    made = {"recipe": "r", "data": "d", "profile": "p", "seed": 0, "metrics": {"psnr": float("nan")}}
    with pytest.raises(ValueError, match=r"r\.d\.p\.s0\.json is not written: .*psnr"):
        records._save(made, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [
    b"", b"{", b"[]", b"null", b'{"nbformat": 4}', b'{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[]}',
    b'{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[{}]}', b'{"nbformat":99,"cells":[1]}', b"\xff\xfe\x00",
    b'{"nbformat":4,"nbformat_minor":5,"metadata":[],"cells":3}', b"[" * 100_000,
])
def test_a_broken_notebook_is_named_in_one_line(content, tmp_path):
    """Case: notebook-no-cells.ipynb."""
    files = pytest.importorskip("tools.files")
    (tmp_path / "01_odd.ipynb").write_bytes(content)
    with pytest.raises(files.CourseError, match="^01_odd.ipynb [^\n]*$"):
        files.read(tmp_path / "01_odd.ipynb")
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Title")]), tmp_path / "02.ipynb")
    assert files.title(files.read(tmp_path / "02.ipynb")) == "Title"


# environments

@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_weights_of_another_precision_color_as_usual(dtype):
    colorizer, L = Colorizer(models.UNet(width=4, depth=1), LabTarget()), torch.rand(1, 1, 9, 7) * 100
    torch.nn.init.normal_(colorizer.net.last.weight, std=0.1)
    expected = colorizer.predict(L)
    got = colorizer.to(dtype).predict(L)
    assert got.dtype == torch.float32 and (got - expected).abs().max() < 0.3


def test_another_default_type_changes_no_picture(tmp_path):
    path = Colorizer(models.UNet(width=4, depth=1)).save(tmp_path / "a.safetensors")
    image = torch.randint(256, (3, 20, 30), dtype=torch.uint8)
    expected = Colorizer.load(path).colorize(image, 16)
    torch.set_default_dtype(torch.float64)
    try:
        got = Colorizer.load(path).colorize(image, 16)
    finally:
        torch.set_default_dtype(torch.float32)
    assert (got.int() - expected.int()).abs().max() <= 1


@pytest.mark.parametrize("html", [
    "<h2>T <img src=x onerror=alert(1)></h2>", "<script>alert(1)</script>", "<a href=' java\nscript:alert(1)'>x</a>",
    "<iframe src='javascript:alert(1)' srcdoc='<p>alert</p>'></iframe>",
    "<details ONTOGGLE=alert(1) open><p>x</p></details>", "<script type='text/jscript '>alert(1)</script>",
    "<script src='https://x/alert.js'>kernelName = 'a'</script>",
    "<svg><a><animate attributeName=href values='javascript:alert(1)' /></a></svg>",
    "<svg><a xlink:href='javascript:alert(1)'>x</a></svg>", "<script>kernelName = 'a'; alert(1)</script>",
])
def test_pages_run_nothing_that_a_notebook_brought(html):
    defuse = pytest.importorskip("tools.safe_html").defuse
    page = "<body onload=own()><article><p>Words.</p>{}</article><script>own()</script></body>"
    safe = defuse(page.format(html), "article")
    assert "alert" not in safe.lower() and "<p>Words.</p>" in safe and safe.count("own()") == 2
    harmless = page.format("<p class='one'>&lt;img onerror=alert(1)&gt;</p><script>kernelName = 'python3'</script>")
    assert defuse(harmless, "article") == harmless


@pytest.mark.parametrize("attributes", ["", "sandbox='allow-scripts allow-same-origin' onload='evil()' allow='camera'"])
def test_a_page_within_the_page_is_shut_in(attributes):
    """Its scripts run in a sandbox of another origin and reach no host."""
    defuse = pytest.importorskip("tools.safe_html").defuse
    page = ("<article><iframe srcdoc='&lt;!DOCTYPE html&gt;&lt;script&gt;paint()&lt;/script&gt;' title='x' "
            f"{attributes}></iframe></article>")
    safe = defuse(page, "article")
    frame = pytest.importorskip("bs4").BeautifulSoup(safe, "html.parser").iframe
    assert frame["sandbox"] == ["allow-scripts"] and set(frame.attrs) == {"srcdoc", "sandbox", "title"}
    policy = "<!DOCTYPE html><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';"
    assert frame["srcdoc"].startswith(policy) and frame["srcdoc"].endswith("<script>paint()</script>")
    assert defuse(safe, "article") == safe


def test_the_page_of_a_run_runs_nothing_that_the_notebook_brought():
    run_page = pytest.importorskip("tools.run_page")
    evil = "<img src=x onerror=alert(1)>"
    output = nbformat.v4.new_output("display_data", {"text/markdown": f"## {evil}", "text/plain": "x"})
    cells = [nbformat.v4.new_markdown_cell(f"## A heading {evil}"), nbformat.v4.new_code_cell("1", outputs=[output])]
    html = run_page.notebook_page(nbformat.v4.new_notebook(cells=cells), "Title")
    assert "A heading" in html and "onerror" not in html
