"""The page that fills scribbles: its numbers are the library's, and what it draws can be taken back."""
import json
import re
import shutil
import subprocess

import pytest
import torch

from colorlib import color, scribbles
from colorlib.notebook import scribble_page

needs_node = pytest.mark.skipif(not shutil.which("node"), reason="needs node to run the page's script")
RGB = torch.rand(3, 14, 14, generator=torch.Generator().manual_seed(0)) / 2 + 0.25
GIVEN = [(50, 20, 1.5, [(2, 2), (6, 2)]), (-30, 40, 1, [(11, 11)])]
DOM = """
const elements = {}, values = {a: 45, b: 50, width: 1}, waiting = [];
class ImageData { constructor(w, h) { this.data = new Uint8ClampedArray(4 * w * h); } }
const requestAnimationFrame = then => waiting.push(then);
const settle = () => { while (waiting.length) waiting.shift()(); };
const document = {getElementById: id => elements[id] ??= {
  value: values[id], getBoundingClientRect: () => ({left: 0, top: 0, width: 28}),
  getContext() { return {beginPath() {}, arc() {}, stroke() {}, putImageData: image => this.image = image}; },
}};
"""


def run(actions, given=GIVEN):
    script = re.search(r"<script>(.*)</script>", scribble_page.page(RGB, given), re.DOTALL).group(1)
    done = subprocess.run(["node", "-e", f"{DOM}{script};settle();{actions}"], capture_output=True, text=True,
                          check=True)
    return json.loads(done.stdout)


@needs_node
def test_the_page_ends_where_the_library_does():
    ab, known = run("console.log(JSON.stringify([ab.map(x => [...x]), [...known]]))")
    ab, mask = torch.tensor(ab).view(2, 14, 14), torch.tensor(known).view(1, 14, 14) > 0
    hints, there = scribbles.draw(GIVEN, 14)
    assert torch.equal(mask, there)
    levels = color.lightness(RGB).mul(2.55).round() / 2.55  # the page gets a byte a pixel
    assert mask.sum() > 10
    assert (ab - scribbles.fill(levels, hints, mask)).abs().max() < 0.3


@needs_node
def test_a_stroke_colors_the_picture_and_forgetting_it_takes_its_color_away():
    seen = run("""
        const picture = () => [...elements.filled.image.data];
        const steps = [picture()];
        elements.scribbled.onpointerdown({buttons: 1, clientX: 20, clientY: 4});
        elements.scribbled.onpointermove({buttons: 1, clientX: 24, clientY: 4});
        elements.scribbled.onpointermove({buttons: 0, clientX: 0, clientY: 24});
        elements.scribbled.onpointermove({buttons: 1, clientX: 2, clientY: 24});  // dragged in from outside
        settle(); steps.push(picture(), scribbles[2]);
        elements.forget.onclick(); settle(); steps.push(picture());
        elements.clear.onclick(); settle(); steps.push(picture());
        console.log(JSON.stringify(steps))""")
    before, after, stroke, forgotten, cleared = seen
    assert stroke == [45, 50, 1, [[10, 2], [12, 2]]]  # the picture is shown at twice its size
    before, after, forgotten, cleared = (torch.tensor(x).view(14, 14, 4)[..., :3].float()
                                         for x in (before, after, forgotten, cleared))
    assert (after - before).abs().max() > 20 and (forgotten - before).abs().max() <= 2
    gray = 255 * color.gray_from_lightness(color.lightness(RGB))[0]
    assert (cleared - gray[..., None]).abs().max() < 2


@pytest.mark.parametrize("size", [(3, 8, 9), (3, 300, 300)])
def test_a_picture_that_the_page_cannot_take_is_refused(size):
    with pytest.raises(ValueError, match="square picture"):
        scribble_page.page(torch.zeros(size))
