"""The live page: colorizers that run in the reader's browser, and send nothing anywhere.

    live.make(folder)      # folder/index.html, for a web server or to be opened from the folder

Networks are exported to ONNX; onnxruntime-web, from npm, runs them as WebAssembly. A page that is
opened from a folder may read scripts only, so everything large is a script: gzip in base64.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.client
import importlib.util
import io
import json
import shutil
import tarfile
import urllib.request
import warnings
from pathlib import Path

import torch
from PIL import Image

from colorlib import color, hints
from colorlib.colorizer import Colorizer
from colorlib.data import fruit_photos, image_files
from colorlib.data.cifar10_download import npm_address
from colorlib.data.storage import DataUnavailable, data_folder, make_writable, offline
from colorlib.experiments import records
from colorlib.experiments.results_table import BOOSTED_SYSTEM
from colorlib.paths import CHECKPOINTS, atomic_write
from colorlib.targets import ColorBinsTarget
from tools.files import ASSETS

# Name of the checkpoint -> what the page calls it, and what it says about it.
COLORIZERS = {
    "nazeri-unet": ("U-Net", "Trained with squared error: one color a pixel, often a pale mean "
                    "(notebook 03)."),
    "delft-classifier-rebalanced": ("Rebalanced classifier", "Predicts a distribution of colors "
                                    "for each cell of 2×2 pixels; rare colors count more "
                                    "(notebook 04)."),
    "perez-patchgan": ("PatchGAN + L1", "A U-Net that was trained against a discriminator of "
                       "patches (notebook 06)."),
}
# The network that takes hints, and the longer side of the picture at which it colors: it was
# trained at 32 pixels. With ten true colors each, it colored the page's four large photographs
# worse at 128 and 256 pixels than at 64, and at 32 edges are coarser.
HINTED, HINTED_SIDE = "hint-unet", 64
RUNTIME = "onnxruntime-web-1.30.0.tgz"
# The same as "integrity" in the registry, in hexadecimal digits.
RUNTIME_SHA512 = ("ab4cbe26baedba45d2cec05610c71c55fa97db92d19a8b171c5f8269126683ca"
                  "590a5cdc57bb2f35ce2b298de32f4d956fb42644c0ecd528a0a91e025c07ca61")
RUNTIME_FILES = ("ort.wasm.min.js", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
SHOWN = 512  # pixels: the longer side of a photograph on the page
# Photographs that nobody needs to be named for, from scikit-image (data/README.md): what the page
# calls each, and the corner and side of the square that the Turing test shows of it.
PHOTOS = {"chelsea.png": ("A cat", (190, 20, 200)),
          "coffee.png": ("A cup of coffee", (10, 10, 240)),
          "rocket.jpg": ("A rocket", (260, 180, 220)),
          "astronaut.png": ("An astronaut", (90, 0, 300))}
FRUIT = {"apple": "An apple", "lemon": "A lemon"}
TEST_FRUIT = 6  # further photographs of the Turing test


def make(folder: Path) -> Path:
    """Write the page and what it loads to a folder; returns its index.html.

    DataUnavailable if onnxruntime-web is neither in the data folder nor can be downloaded.
    """
    files = runtime()
    shutil.copytree(ASSETS / "live", folder)
    for name, content in files.items():
        if name == RUNTIME_FILES[0]:  # a script already
            (folder / "runtime.js").write_bytes(content)
        else:
            _write_script(folder, Path(name).suffix[1:], content)
    about = constants() | {"models": [], "boost": boost()}
    for name, (title, words) in COLORIZERS.items():
        about["models"].append(
            {"name": name, "title": title, "about": words} | _write_network(folder, name))
    about["hinted"] = {"name": HINTED, "side": HINTED_SIDE} | _write_network(folder, HINTED)
    shown, compared = photos(), pairs()
    about["photos"] = [{"name": f"photo-{n}", "title": title} for n, title in enumerate(shown)]
    for kind, pictures in (("photo", shown.values()), ("pair", compared)):
        for n, picture in enumerate(pictures):
            _write_script(folder, f"{kind}-{n}", _png(picture))
    about["pairs"] = len(compared)
    script = f"const COURSE = {json.dumps(about, ensure_ascii=False)};\n"
    (folder / "course.js").write_text(script, encoding="utf-8")
    return folder / "index.html"


def constants() -> dict:
    """What the scripts of the page take from colorlib, whatever the networks are."""
    from_relative = torch.linalg.inv(color.RGB_TO_XYZ / color.WHITE[:, None])  # XYZ over white's
    return {"shown": SHOWN, "side": image_files.COLOR_SIDE, "fromRelative": from_relative.tolist(),
            "toRelative": (color.RGB_TO_XYZ / color.WHITE[:, None]).tolist()}


def decoding(colorizer: Colorizer) -> dict:
    """How the page makes ab of a network's outputs; sides are multiples of `multiple`."""
    target = colorizer.target
    found = {"multiple": colorizer.multiple}
    if isinstance(target, ColorBinsTarget):
        return found | {"cell": target.cell, "T": target.T, "bins": target.bins.centers.tolist()}
    return found | {"scale": target.scale}


def _write_network(folder: Path, name: str) -> dict:
    """Write a colorizer's network as a script; returns how to decode its outputs."""
    colorizer = Colorizer.load(CHECKPOINTS / f"{name}.safetensors")
    _write_script(folder, name, to_onnx(colorizer))
    return decoding(colorizer)


def to_onnx(colorizer: Colorizer) -> bytes:
    """The network alone: "gray" (1, 1, H, W), -1...1 -> "outputs" (1, C, H/cell, W/cell).

    One that takes hints has a second input: "hints" (1, 3, H, W), as in `HintUNet`.
    """
    file, sides = io.BytesIO(), {2: "height", 3: "width"}
    inputs = {"gray": torch.zeros(1, 1, 64, 64)}
    if hints.takes_hints(colorizer):
        inputs["hints"] = torch.zeros(1, 3, 64, 64)
    with warnings.catch_warnings():
        # torch prefers its other exporter, which needs two more packages for the same graph; and it
        # warns of checks of the shape, which the page makes true by padding.
        warnings.simplefilter("ignore")
        torch.onnx.export(colorizer.net, tuple(inputs.values()), file, dynamo=False,
                          input_names=list(inputs), output_names=["outputs"],
                          dynamic_axes=dict.fromkeys(inputs, sides)
                          | {"outputs": {2: "rows", 3: "columns"}})
    return file.getvalue()


def boost() -> float:
    """The factor that brings the U-Net's chroma to that of photographs, the course's control."""
    path = records.path_of(BOOSTED_SYSTEM, "cifar10", "lesson", 0)
    return round(json.loads(path.read_text(encoding="utf-8"))["metrics"]["boost"], 2)


def photos() -> dict[str, Image.Image]:
    """The photographs to choose from, by what the page calls them: squares of 256 pixels."""
    found = {}
    for file, (title, _) in PHOTOS.items():
        found[title] = Image.fromarray(image_files.decode(_photo(file), size=(256, 256)))
    fruit = fruit_photos.load_fruit_photos("train")
    for kind, title in FRUIT.items():
        first = fruit.labels.tolist().index(fruit.classes.index(kind))
        found[title] = _image(fruit.pixels[first])
    return found


def pairs() -> list[Image.Image]:
    """The photographs of the Turing test, none of which can be chosen above it."""
    found = []
    for file, (_, (left, top, side)) in PHOTOS.items():
        box = (left, top, left + side, top + side)
        photo = Image.fromarray(image_files.decode(_photo(file)))
        found.append(photo.resize((128, 128), Image.Resampling.LANCZOS, box))
    fruit = fruit_photos.load_fruit_photos("test", TEST_FRUIT)
    return found + [_image(rgb) for rgb in fruit.pixels]


def _photo(file: str) -> Path:
    return Path(importlib.util.find_spec("skimage").origin).parent / "data" / file


def _image(rgb: torch.Tensor) -> Image.Image:
    return Image.fromarray(rgb.permute(1, 2, 0).contiguous().numpy())


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "png")
    return file.getvalue()


def runtime() -> dict[str, bytes]:
    """The files of onnxruntime-web that run a network on one thread, by name; none is run here.

    DataUnavailable if it is neither in the data folder nor can be downloaded, or is another file.
    """
    archive = data_folder() / RUNTIME
    there = archive.exists()
    content = archive.read_bytes() if there else _download()
    if hashlib.sha512(content).hexdigest() != RUNTIME_SHA512:
        where = f"delete {archive}" if there else "try again, or use another registry"
        raise DataUnavailable(f"{RUNTIME} is another file than expected: {where}")
    if not there:
        make_writable(archive.parent)
        with atomic_write(archive) as temporary:
            temporary.write_bytes(content)
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:  # nothing is unpacked to the disk
        return {name: tar.extractfile(f"package/dist/{name}").read() for name in RUNTIME_FILES}


def _download() -> bytes:
    if offline():
        raise DataUnavailable(f"{RUNTIME} is not in {data_folder()}, and nothing may be downloaded")
    address = npm_address(f"onnxruntime-web/-/{RUNTIME}")
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            return answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise DataUnavailable(f"{address} cannot be downloaded ({error})") from None


def _write_script(folder: Path, name: str, content: bytes) -> None:
    """Write NAME.js, which hands these bytes to the page."""
    code = base64.b64encode(gzip.compress(content, mtime=0)).decode()
    (folder / f"{name}.js").write_text(f'received("{name}", "{code}");\n', encoding="utf-8")
