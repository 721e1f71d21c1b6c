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


DOM = """
const elements = {}, values = {a: 45, b: 50, width: 4};
class ImageData { constructor(w, h) { this.data = new Uint8ClampedArray(4 * w * h); } }
const document = {getElementById: id => elements[id] ??= {
  value: values[id], getBoundingClientRect: () => ({left: 0, top: 0, width: 6}),
  getContext() { return {beginPath() {}, arc() {}, stroke() {}, putImageData: image => this.image = image}; },
}};
"""
DRAG = """  // the pictures of 12 pixels are shown at half their size
const seen = id => [...elements[id].image.data], steps = [seen("painting")];
elements.painting.onpointermove({buttons: 0, clientX: 2.5, clientY: 2.5});
steps.push(seen("painting"));
elements.painting.onpointermove({buttons: 1, clientX: 2.5, clientY: 2.5});
steps.push(seen("painting"), seen("alone"));
elements.clear.onclick();
console.log(JSON.stringify([...steps, seen("painting")]));
"""


@pytest.mark.skipif(not shutil.which("node"), reason="needs node to run the page's script")
def test_a_stroke_paints_its_a_and_b_where_it_goes_keeps_the_lightness_and_can_be_taken_back():
    rgb = torch.rand(3, 12, 12, generator=torch.Generator().manual_seed(0)) / 2 + 0.25
    script = re.search(r"<script>(.*)</script>", color_brush.page(rgb), re.DOTALL).group(1)
    done = subprocess.run(["node", "-e", DOM + script + DRAG], capture_output=True, text=True, check=True)
    pictures = torch.tensor(json.loads(done.stdout)).view(5, 12, 12, 4)[..., :3].permute(0, 3, 1, 2)
    before, hovered, painted, alone, after = pictures
    assert (before - 255 * color.gray_from_lightness(color.lightness(rgb))).abs().max() < 1.5
    assert torch.equal(before, hovered) and torch.equal(before, after)
    lab = torch.cat([color.lightness(rgb), torch.tensor([45.0, 50]).view(2, 1, 1).expand(2, 12, 12)])
    near = (slice(None), slice(4, 7), slice(4, 7))
    assert (painted - 255 * color.lab_to_rgb(lab))[near].abs().max() < 1.5
    lab[0] = 65
    assert (alone - 255 * color.lab_to_rgb(lab))[near].abs().max() < 1.5
    assert torch.equal(painted[:, 9:], before[:, 9:])  # the brush has not been there


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
