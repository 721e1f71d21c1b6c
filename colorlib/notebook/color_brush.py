"""A page on which a reader paints a gray photograph with a brush of two numbers, a and b.

    color_brush.show(photo)                  # in a notebook; works without a kernel, too
    html = color_brush.page(photo)           # the page by itself

The lightness of every pixel stays. A brush of a = b = 0 takes the color away again.
"""

import base64
import html
from string import Template

import torch
from torch import Tensor

from colorlib import color

# Lab to sRGB, from 0 to 255, not clipped: the same sums as colorlib.color.lab_to_rgb.
CONVERT = """
const MATRIX = $matrix, BEND = 6 / 29;
function labToRgb(L, a, b) {
  const f = (L + 16) / 116;
  const light = [f + a / 500, f, f - b / 200].map(
    t => t > BEND ? t ** 3 : 3 * BEND ** 2 * (t - 4 / 29));
  return MATRIX.map(row => {
    const v = row[0] * light[0] + row[1] * light[1] + row[2] * light[2];
    return 255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055);
  });
}
"""

# Three pictures stand side by side, or on a phone two, so that the controls below are in sight.
NARROW = """figure, canvas { max-width: 30vw } canvas { height: auto }
  @media (max-width: 560px) { figure, canvas { max-width: 44vw } figure { margin-right: 4px } }
"""

# The plane on which a brush of two numbers is chosen. It needs the page's `plane`, the context of a
# canvas of 221 pixels, `number`, `element` and a field "brush".
BRUSH = """const map = new ImageData(221, 221);  // a to the right, b upwards, one unit a pixel
for (let i = 0; i < 221 * 221; i++) {
  const rgb = labToRgb(65, i % 221 - 110, 110 - Math.floor(i / 221));
  const shown = Math.min(...rgb) >= 0 && Math.max(...rgb) <= 255;
  map.data.set(shown ? [...rgb, 255] : [235, 235, 235, 255], 4 * i);
}
function drawBrush() {
  const a = number("a"), b = number("b");
  plane.putImageData(map, 0, 0);
  plane.beginPath();
  plane.arc(a + 110, 110 - b, 6, 0, 7);
  plane.stroke();
  element("brush").textContent = "a = " + a + ", b = " + b;
}
function onDrag(id, act) {
  const canvas = element(id), at = event => { if (event.buttons) {
    const box = canvas.getBoundingClientRect(), scale = canvas.width / box.width;
    act(scale * (event.clientX - box.left), scale * (event.clientY - box.top));
  } };
  canvas.onpointerdown = canvas.onpointermove = at;
}
"""

PAGE = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Paint with two numbers</title>
<style>
  body { font: 15px sans-serif; margin: 4px; background: white; color: black }
  figure { display: inline-block; margin: 0 12px 8px 0; vertical-align: top }
  canvas { display: block; touch-action: none; cursor: crosshair }
  label { margin-right: 1em; white-space: nowrap } input { vertical-align: middle }
  $narrow</style>
<figure><canvas id="plane" width="221" height="221"></canvas>
<figcaption>Brush: <output id="brush"></output></figcaption></figure>
<figure><canvas id="painting"></canvas><figcaption>Your painting</figcaption></figure>
<figure><canvas id="alone"></canvas><figcaption>Your a and b alone, at L = 65</figcaption></figure>
<div><label>a <input id="a" type="range" min="-110" max="110" value="45"></label>
<label>b <input id="b" type="range" min="-110" max="110" value="50"></label>
<label>width <input id="width" type="range" min="3" max="60" value="24"></label>
<button id="clear">all gray again</button></div>
<script>$convert
const size = $size, bytes = atob("$lightness"), element = id => document.getElementById(id);
const ab = [new Float32Array(size * size), new Float32Array(size * size)];
const plane = element("plane").getContext("2d"), number = id => +element(id).value;
const pictures = ["painting", "alone"].map(id => {
  element(id).width = element(id).height = size;
  return {context: element(id).getContext("2d"), image: new ImageData(size, size)};
});

function draw(left, right, top, bottom) {  // both pictures, in this box only: strokes are fast
  for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) {
    const i = y * size + x, levels = [bytes.charCodeAt(i) / 2.55, 65];
    for (const k of [0, 1])
      pictures[k].image.data.set([...labToRgb(levels[k], ab[0][i], ab[1][i]), 255], 4 * i);
  }
  for (const {context, image} of pictures) context.putImageData(image, 0, 0);
}
${brush}function stroke(x0, y0) {
  const radius = number("width"), brush = [number("a"), number("b")];
  const from = v => Math.max(0, Math.ceil(v - radius));
  const to = v => Math.min(size, Math.ceil(v + radius));
  for (let y = from(y0); y < to(y0); y++) for (let x = from(x0); x < to(x0); x++) {
    const distance = ((x - x0) ** 2 + (y - y0) ** 2) / radius ** 2, i = y * size + x;
    const share = Math.max(0, Math.min(1, 2 - 2 * distance));  // a soft edge
    for (const k of [0, 1]) ab[k][i] += share * (brush[k] - ab[k][i]);
  }
  draw(from(x0), to(x0), from(y0), to(y0));
}
onDrag("plane", (x, y) => {
  element("a").value = Math.round(x - 110);
  element("b").value = Math.round(110 - y);
  drawBrush();
});
for (const id of ["painting", "alone"]) onDrag(id, stroke);
for (const id of ["a", "b"]) element(id).oninput = drawBrush;
element("clear").onclick = () => { ab.forEach(one => one.fill(0)); draw(0, size, 0, size); };
drawBrush();
draw(0, size, 0, size);
</script></html>
"""


def convert_script() -> str:
    """Return the page's conversion from Lab to RGB, as JavaScript."""
    from_relative = torch.linalg.inv(color.RGB_TO_XYZ / color.WHITE[:, None])  # XYZ over white's
    return Template(CONVERT).substitute(matrix=from_relative.tolist())


def page(rgb: Tensor) -> str:
    """Return the page for one square photograph, as HTML.

    rgb   (3, S, S), uint8 or floats in [0, 1]; the page gets its lightness only. ValueError if it
          is not square.
    """
    if rgb.ndim != 3 or rgb.shape[1] != rgb.shape[2]:
        raise ValueError(f"expected one square picture (3, S, S), got shape {tuple(rgb.shape)}")
    levels = color.lightness(rgb).mul(2.55).round().byte().cpu()  # 1 S S, one byte a pixel
    lightness = base64.b64encode(levels.numpy().tobytes()).decode()
    return Template(PAGE).substitute(convert=convert_script(), brush=BRUSH, narrow=NARROW,
                                     size=rgb.shape[1], lightness=lightness)


def show(rgb: Tensor) -> None:
    """Show the page in the notebook; readers without scripts see a line of text instead."""
    from IPython.display import display

    # In a frame of its own, the page's names and styles stay apart from the notebook's.
    frame = (f'<iframe srcdoc="{html.escape(page(rgb))}" width="100%" height="360" '
             'style="border: 0; min-width: 300px" title="Paint a gray photograph"></iframe>')
    words = "A page on which you paint a gray photograph. It needs a browser that runs scripts."
    display({"text/html": frame, "text/plain": words}, raw=True)
