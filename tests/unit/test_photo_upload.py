"""A reader's own photograph beside the colorizers' results, and the widget that uploads it."""

import io
from datetime import datetime, timezone

import numpy as np
import pytest
import torch
from PIL import Image

from colorlib import color
from colorlib.colorizer import Colorizer
from colorlib.models import KooCNN, UNet
from colorlib.notebook import photo_upload

NOW = datetime.now(timezone.utc)


@pytest.fixture(scope="module")
def colorizers():
    torch.manual_seed(0)
    return {"Koo's CNN": Colorizer(KooCNN()), "U-Net": Colorizer(UNet(4, 2))}


def png(width, height):
    ramp = np.linspace(0, 255, width * height * 3).reshape(height, width, 3).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(ramp).save(file, format="PNG")
    return file.getvalue()


def test_a_large_picture_is_shown_small_and_keeps_its_shape_and_lightness(colorizers, tmp_path):
    (tmp_path / "wide.png").write_bytes(png(1200, 301))
    pictures = photo_upload.side_by_side(tmp_path / "wide.png", colorizers)
    assert list(pictures) == ["yours", "gray", "Koo's CNN", "U-Net"]
    assert {tuple(p.shape) for p in pictures.values()} == {(3, 128, 512)}
    assert all(p.dtype == torch.uint8 for p in pictures.values())
    gray, yours = (color.lightness(pictures[name][None]) for name in ("gray", "yours"))
    assert (gray - yours).abs().max() < 1
    assert (pictures["gray"][0] == pictures["gray"][2]).all()


def test_a_small_one_keeps_its_size_bytes_are_taken_too_and_what_is_no_picture_is_refused(colorizers, tmp_path):
    assert photo_upload.side_by_side(png(33, 21), colorizers)["U-Net"].shape == (3, 21, 33)
    black = torch.zeros(3, 9, 7, dtype=torch.uint8)
    assert photo_upload.side_by_side(black, colorizers)["Koo's CNN"].shape == (3, 9, 7)
    (tmp_path / "text.png").write_text("no")
    for name in ("text.png", "missing.png"):
        with pytest.raises(ValueError, match=f"{name} cannot be read"):
            photo_upload.side_by_side(tmp_path / name, colorizers)


def test_the_color_is_predicted_at_the_side_that_is_asked_for(tmp_path):
    class Listener:
        def colorize(self, image, max_side):
            sides.append(max_side)
            return image

    sides, picture = [], png(40, 20)
    photo_upload.side_by_side(picture, {"x": Listener()}, side=16)
    upload, *_ = photo_upload.upload_panel({"x": Listener()}, side=24).children
    upload.value = ({"name": "a.png", "type": "image/png", "size": 9, "content": memoryview(picture),
                     "last_modified": NOW},)
    assert sides == [16, 24]


def test_the_panel_shows_and_saves_and_refuses(colorizers, tmp_path):
    panel = photo_upload.upload_panel(colorizers, tmp_path / "out.png")
    upload, message, shown = panel.children
    upload.value = ({"name": "a.png", "type": "image/png", "size": 9, "content": memoryview(png(40, 20)),
                     "last_modified": NOW},)
    assert [box.children[0].value for box in shown.children] == ["yours", "gray", "Koo's CNN", "U-Net"]
    assert Image.open(tmp_path / "out.png").size == (40, 80) and "out.png" in message.value
    upload.value = ({"name": "b.png", "type": "image/png", "size": 2, "content": memoryview(b"no"),
                     "last_modified": NOW},)
    assert "not a JPEG" in message.value and not shown.children
    upload, message, shown = photo_upload.upload_panel(colorizers, tmp_path / "no folder" / "out.png").children
    upload.value = ({"name": "a.png", "type": "image/png", "size": 9, "content": memoryview(png(40, 20)),
                     "last_modified": NOW},)
    assert len(shown.children) == 4 and "no folder" in message.value        # not saved, and shown
