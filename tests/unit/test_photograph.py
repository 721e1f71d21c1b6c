"""Anybody's photograph beside what colorizers make of it, and the panel that takes it."""

import io
from datetime import datetime, timezone

import numpy as np
import pytest
import torch
from PIL import Image

from colorlib import color
from colorlib.colorizer import Colorizer
from colorlib.models import KooCNN, UNet
from colorlib.notebook import photograph

pytestmark = pytest.mark.usefixtures("one_thread")
NOW = datetime.now(timezone.utc)


@pytest.fixture(scope="module")
def colorizers():
    torch.manual_seed(0)
    return {"K1": Colorizer(KooCNN()), "N1": Colorizer(UNet(4, 2))}


def png(width, height):
    ramp = np.linspace(0, 255, width * height * 3).reshape(height, width, 3).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(ramp).save(file, format="PNG")
    return file.getvalue()


def test_a_large_picture_is_shown_small_and_keeps_its_shape_and_lightness(colorizers, tmp_path):
    (tmp_path / "wide.png").write_bytes(png(1200, 301))
    pictures = photograph.colored(tmp_path / "wide.png", colorizers)
    assert list(pictures) == ["yours", "gray", "K1", "N1"]
    assert {tuple(p.shape) for p in pictures.values()} == {(3, 128, 512)}
    assert all(p.dtype == torch.uint8 for p in pictures.values())
    gray, yours = (color.lightness(pictures[name][None]) for name in ("gray", "yours"))
    assert (gray - yours).abs().max() < 1
    assert (pictures["gray"][0] == pictures["gray"][2]).all()


def test_a_small_one_keeps_its_size_and_bytes_are_taken_too(colorizers):
    assert photograph.colored(png(33, 21), colorizers)["N1"].shape == (3, 21, 33)
    assert photograph.colored(torch.zeros(3, 9, 7, dtype=torch.uint8), colorizers)["K1"].shape == (3, 9, 7)


@pytest.mark.parametrize(("made", "words"), [("text", "not a JPEG"), ("missing", "No such file")])
def test_what_is_no_picture_is_refused_by_name(made, words, tmp_path, colorizers):
    if made == "text":
        (tmp_path / "picture.png").write_text("no")
    with pytest.raises(ValueError, match=f"picture.png cannot be shown: .*{words}"):
        photograph.colored(tmp_path / "picture.png", colorizers)


def test_the_panel_shows_and_saves_and_refuses(colorizers, tmp_path):
    panel = photograph.panel(colorizers, tmp_path / "out.png")
    upload, told, shown = panel.children
    upload.value = ({"name": "a.png", "type": "image/png", "size": 9, "content": memoryview(png(40, 20)),
                     "last_modified": NOW},)
    assert [box.children[0].value for box in shown.children] == ["yours", "gray", "K1", "N1"]
    assert Image.open(tmp_path / "out.png").size == (40, 80) and "out.png" in told.value
    upload.value = ({"name": "b.png", "type": "image/png", "size": 2, "content": memoryview(b"no"),
                     "last_modified": NOW},)
    assert "not a JPEG" in told.value and not shown.children


def test_a_place_that_cannot_be_written_is_told_and_the_pictures_are_shown(colorizers, tmp_path):
    upload, told, shown = photograph.panel(colorizers, tmp_path / "no folder" / "out.png").children
    upload.value = ({"name": "a.png", "type": "image/png", "size": 9, "content": memoryview(png(40, 20)),
                     "last_modified": NOW},)
    assert len(shown.children) == 4 and "Not saved" in told.value and "no folder" in told.value
