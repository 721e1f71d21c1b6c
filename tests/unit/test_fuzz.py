"""Hostile files: mutations of good pictures, checkpoints, records and answers, by hypothesis.

COLORLIB_FUZZ=100 tries a hundred times as many, and --hypothesis-show-statistics counts those that were read.
Whatever is in a file, it is read, or refused with a sentence: no other error, and no other result.
"""

import io
import json
import math
import os
import struct
import zlib

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from PIL import Image

from colorlib import metrics, models
from colorlib.colorizer import Colorizer
from colorlib.data import image_files
from colorlib.data.image_files import Unreadable, decode
from colorlib.experiments import record_check, results_page
from colorlib.notebook import turing_test

TIMES = int(os.environ.get("COLORLIB_FUZZ", "1"))


def fuzz(examples):
    return settings(max_examples=examples * TIMES, deadline=None, database=None,
                    suppress_health_check=list(HealthCheck))


# Mutations of bytes

def edits(data):
    """Strategy: the bytes with some changed, cut out, repeated or put in."""
    place = st.integers(0, max(len(data) - 1, 0))
    edit = st.one_of(
        st.tuples(st.just("set"), place, st.binary(min_size=1, max_size=8)),
        st.tuples(st.just("cut"), place, st.integers(1, 64)),
        st.tuples(st.just("end"), place, st.none()),
        st.tuples(st.just("put"), place, st.binary(max_size=64)),
        st.tuples(st.just("repeat"), place, st.integers(1, 200)))

    def apply(steps):
        out = bytearray(data)
        for kind, at, value in steps:
            at = min(at, len(out))
            if kind == "set":
                out[at:at + len(value)] = value
            elif kind == "cut":
                del out[at:at + value]
            elif kind == "end":
                del out[at:]
            elif kind == "put":
                out[at:at] = value
            else:
                out[at:at] = out[at:at + value]
        return bytes(out)
    return st.lists(edit, max_size=4).map(apply)


# pictures

def good_pictures():
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 255, (13, 17, 3), np.uint8))
    gray16 = Image.fromarray(rng.integers(0, 65535, (13, 17), np.uint16))
    exif = Image.Exif()
    exif[0x0112] = 6
    made = []
    for name in image_files.readable_formats().values():
        variants = [(image, {}), (image.convert("L"), {})]
        if name in ("PNG", "TIFF", "WEBP"):
            variants += [(image.convert("RGBA"), {"exif": exif})]
        if name in ("PNG", "GIF"):
            variants += [(image.quantize(16), {"transparency": 3})]
        if name in ("PNG", "TIFF"):
            variants += [(gray16, {}), (image.convert("1"), {})]
        if name == "JPEG":
            variants += [(image.convert("CMYK"), {}), (image, {"progressive": True, "exif": exif})]
        for picture, keywords in variants:
            file = io.BytesIO()
            try:
                picture.save(file, name, **keywords)
            except (OSError, ValueError):  # this format has no such pictures
                continue
            made.append(file.getvalue())
    return made


def png_chunks(data):
    """The chunks of a PNG file: pairs of a name and its bytes."""
    place, chunks = 8, []
    while place < len(data):
        (length,) = struct.unpack(">I", data[place:place + 4])
        chunks.append((data[place + 4:place + 8], data[place + 8:place + 8 + length]))
        place += 12 + length
    return chunks


def png_of(chunks):
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks)


GOOD = good_pictures()
PNGS = [png_chunks(data) for data in GOOD if data.startswith(b"\x89PNG")]


@st.composite
def odd_pngs(draw):
    """PNG files with right checksums whose chunks are changed, moved, doubled or new."""
    chunks = list(draw(st.sampled_from(PNGS)))
    header = list(struct.unpack(">IIBBBBB", chunks[0][1]))
    if draw(st.booleans()):
        sizes = st.sampled_from([0, 1, 2, 16, 17, 300, 9400, 40_000, 2**31 - 1, 2**32 - 1])
        header[draw(st.integers(0, 1))] = draw(sizes)
    if draw(st.booleans()):
        header[draw(st.integers(2, 6))] = draw(st.sampled_from([0, 1, 2, 3, 4, 6, 8, 16, 255]))
    chunks[0] = b"IHDR", struct.pack(">IIBBBBB", *header)
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from([b"tRNS", b"eXIf", b"iCCP", b"PLTE", b"acTL", b"fcTL", b"iTXt", b"gAMA", b"IDAT"]))
        chunks.insert(draw(st.integers(1, len(chunks))), (name, draw(st.binary(max_size=40))))
    return png_of(chunks)


PICTURES = st.one_of(st.sampled_from(GOOD).flatmap(edits), odd_pngs(), st.binary(max_size=200))


@pytest.mark.filterwarnings("ignore")
@fuzz(1000)
@given(PICTURES, st.sampled_from([None, (8, 8)]))
def test_every_file_is_a_picture_or_is_refused(data, size):
    try:
        pixels = decode(io.BytesIO(data), size)
    except Unreadable as error:
        assert str(error)
        event("refused")
        return
    event("read")
    assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.size > 0
    assert size is None or pixels.shape[:2] == size
    if pixels.size < 10_000:
        colored = COLORIZER.colorize(torch.tensor(pixels).permute(2, 0, 1), 16)
        assert colored.shape[1:] == pixels.shape[:2]


# checkpoints

COLORIZER = Colorizer(models.UNet(width=2, depth=1))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.integers(-10**30, 10**30), st.floats(),
              st.text(max_size=6),
              st.sampled_from([*models.MODELS, "lab", "yuv", "bins", "space", "imagenet", "none", "F32", "I64"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=4)


@st.composite
def odd_json(draw, good):
    """A JSON object with some of its values, at any depth, replaced, removed or added."""
    def walk(value):
        if draw(st.integers(0, 29)) == 0:
            return draw(VALUES)
        if isinstance(value, dict):
            kept = {k: walk(v) for k, v in value.items() if draw(st.integers(0, 59))}
            return kept | ({draw(st.sampled_from([*value, "depth", "cell", "weights"])): draw(VALUES)}
                           if draw(st.integers(0, 9)) == 0 else {})
        return value
    return walk(good)


def safetensors_parts(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8:8 + length]), data[8 + length:]


@pytest.fixture(scope="module")
def good_checkpoint(tmp_path_factory):
    path = COLORIZER.save(tmp_path_factory.mktemp("good") / "good.safetensors")
    return path, *safetensors_parts(path)


@fuzz(250)
@given(st.data())
def test_every_checkpoint_is_loaded_or_refused_by_name(good_checkpoint, data):
    good, header, body = good_checkpoint
    about = json.loads(header["__metadata__"]["colorlib"])
    path = good.with_name("odd.safetensors")
    kind = data.draw(st.sampled_from(["bytes", "about", "header"]))
    if kind == "bytes":
        path.write_bytes(data.draw(edits(good.read_bytes())))
    else:
        changed = dict(header)
        if kind == "header":
            changed = data.draw(odd_json(header))
        else:
            changed["__metadata__"] = {"colorlib": json.dumps(data.draw(odd_json(about)))}
        text = json.dumps(changed).encode()
        path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    try:
        colorizer = Colorizer.load(path, fetch=False)
    except ValueError as error:
        assert "odd.safetensors" in str(error)
        event("refused")
        return
    event("read")
    assert sum(t.numel() for t in colorizer.state_dict().values()) * 4 <= 8 * path.stat().st_size


# records and answers

RECORD = {"code": "K1", "recipe": "koo", "data": "cifar10", "profile": "lesson", "seed": 0, "n": 10,
          "metrics": dict.fromkeys(metrics.NAMES, 0.5), "epochs": 6, "minutes": 3.25, "parameters": 30,
          "device": "2 cores", "precision": "float32", "versions": {"torch": "2.6.0"}, "commit": "abc"}


@fuzz(400)
@given(st.data())
def test_every_record_is_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "koo.cifar10.lesson.s0.json"
    text = json.dumps(RECORD).encode()
    changed = data.draw(st.one_of(edits(text), odd_json(RECORD).map(lambda r: json.dumps(r).encode())))
    path.write_bytes(changed)
    try:
        record = record_check.load(path)
    except ValueError:
        event("refused")
        return
    event("read")
    assert all(math.isfinite(v) for v in record["metrics"].values())
    assert "<script" not in results_page.texts([record], path.parent)["README.md"]


ROWS = st.lists(st.one_of(
    st.tuples(st.just("u"), st.integers(0, 2), st.just(5), st.integers(-1, 6),
              *[st.sampled_from(["left", "right", "x"])] * 2, st.integers(0, 2),
              ).map(lambda row: ",".join(map(str, row))),
    st.text(max_size=20)), max_size=12)


@fuzz(400)
@given(ROWS, st.data())
def test_every_file_of_answers_is_counted_or_refused(tmp_path_factory, rows, data):
    path = tmp_path_factory.getbasetemp() / "answers.csv"
    header, end = data.draw(st.sampled_from([(turing_test.COLUMNS, ",test"), (turing_test.OLD_COLUMNS, "")]))
    text = "\n".join([",".join(header), *(row + end for row in rows), ""]).encode("utf-8", "surrogatepass")
    path.write_bytes(data.draw(st.one_of(st.just(text), edits(text))))
    try:
        answers = turing_test.read_answers(path)
    except ValueError as error:
        assert "answers.csv" in str(error)
        event("refused")
        return
    event("read")
    pairs = [(row["model"], int(row["seed"]), int(row["pairs"]), int(row["pair"]), row.get("split")) for row in answers]
    assert len(set(pairs)) == len(pairs) and all(0 <= pair < count for _, _, count, pair, _ in pairs)
    assert all((row["answer"] != row["true_side"]) == (row["fooled"] == "1") for row in answers)
