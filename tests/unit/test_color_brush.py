"""The page with a brush of two numbers: its colors are the library's, and it holds the picture's lightness."""

import base64
import json
import re
import shutil
import subprocess

import pytest
import torch

from colorlib import color
from colorlib.notebook import color_brush


@pytest.mark.skipif(not shutil.which("node"), reason="needs node to run the page's script")
def test_the_page_converts_lab_as_the_library_does():
    lab = torch.tensor([[0.0, 0, 0], [5, 3, -4], [50, 0, 0], [65, 45, 50], [87, -80, 80], [30, 60, -90], [100, 0, 0]])
    script = f"{color_brush.convert_script()};console.log(JSON.stringify({lab.tolist()}.map(x => labToRgb(...x))))"
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
    expected = 255 * color.lab_to_rgb(lab.double().T[None, :, None], clip=False)[0, :, 0].T
    assert torch.allclose(torch.tensor(json.loads(done.stdout)).double(), expected, atol=0.05)


def test_the_page_holds_the_lightness_of_each_pixel_and_no_color():
    rgb = torch.rand(3, 9, 9, generator=torch.Generator().manual_seed(0))
    held = base64.b64decode(re.search(r'atob\("([^"]+)"\)', color_brush.page(rgb)).group(1))
    assert len(held) == 81
    assert (torch.tensor(list(held)) / 2.55 - color.lightness(rgb).flatten()).abs().max() < 0.21
    gray = color.gray_from_lightness(color.lightness(rgb)).expand(3, -1, -1)
    assert color_brush.page(gray) == color_brush.page(rgb)


def test_a_picture_that_is_not_square_is_refused():
    with pytest.raises(ValueError, match="square"):
        color_brush.page(torch.rand(3, 9, 8))
