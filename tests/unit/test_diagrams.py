"""Diagrams of networks: what they say of tensors is what the networks compute; the stored files are theirs."""

import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

from colorlib.experiments.recipes import RECIPES
from colorlib.models import PatchDiscriminator, build
from colorlib.notebook.display import png
from colorlib.paths import project_root
from tools import diagrams

FOLDER = project_root() / "notebooks" / "figures"


def shapes(net, modules, *inputs):
    """(channels, size) of the outputs of some modules in a forward pass."""
    found = []
    for module in modules:
        module.register_forward_hook(lambda _, __, out: found.append((out.shape[1], out.shape[2])))
    with torch.no_grad():
        net(*inputs)
    return found


def drawn(name):
    """(channels, size) of each box in a stored diagram, from its texts, left to right."""
    text = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    texts = re.findall(r">([^<>]+)</(?:text|tspan)>", text)
    channels = [int(t[:-2]) for t in texts if re.fullmatch(r"\d+ ×", t)]
    return list(zip(channels, [int(t.split("×")[0]) for t in texts if re.fullmatch(r"\d+×\d+", t)], strict=True))


def test_the_unet_is_that_of_its_recipe():
    net = build(RECIPES["nazeri-unet"].net)
    found = shapes(net.eval(), [*net.down, *net.merge, net.last], torch.zeros(1, 1, 32, 32))
    assert drawn("unet") == [(1, 32), *found]


def test_koos_cnn_is_that_of_its_recipe():
    net = build(RECIPES["koo-baseline"].net)
    found = shapes(net.eval(), [m for m in net.modules() if isinstance(m, torch.nn.Conv2d)], torch.zeros(1, 1, 32, 32))
    assert drawn("koo-cnn") == [(1, 32), *found]


def test_the_patch_discriminator_is_the_librarys():
    net, pair = PatchDiscriminator(n_layers=2), (torch.zeros(1, 1, 32, 32), torch.zeros(1, 2, 32, 32))
    found = shapes(net.eval(), [m for m in net.modules() if isinstance(m, torch.nn.Conv2d)], *pair)
    assert drawn("patch-discriminator") == [(3, 32), *found]


@pytest.mark.parametrize("name", diagrams.DIAGRAMS)
def test_a_diagram_is_stored_as_png_and_svg_of_today(name, tmp_path):
    diagrams.write(tmp_path)

    def texts(folder):
        return re.findall(r">([^<>\s][^<>]*)</(?:text|tspan)>", (folder / f"{name}.svg").read_text(encoding="utf-8"))

    assert texts(FOLDER) == texts(tmp_path) and texts(FOLDER)
    assert (FOLDER / f"{name}.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert {p.stem for p in FOLDER.iterdir()} == {*diagrams.DIAGRAMS, *diagrams.PICTURES}


@pytest.mark.parametrize("name", diagrams.PICTURES)
def test_a_stored_picture_is_that_of_today(name):
    today = np.asarray(Image.open(io.BytesIO(png(diagrams.PICTURES[name]()))), float)
    stored = np.asarray(Image.open(FOLDER / f"{name}.png"), float)
    assert stored.shape == today.shape and abs(stored - today).mean() < 1  # levels of 255
