"""A page on which a reader scribbles colors on a gray photograph, and sees them flow.

    scribble_page.show(photo, scribbles)     # in a notebook; works without a kernel, too
    html = scribble_page.page(photo)         # the page by itself

The page solves the equations of `colorlib.scribbles` itself, by going over all pixels again and
again, so that one can watch a color spread from neighbor to neighbor.
"""

import base64
import html
import json
from collections.abc import Sequence
from string import Template

from torch import Tensor

from colorlib import color
from colorlib.notebook.color_brush import BRUSH, NARROW, convert_script
from colorlib.scribbles import Scribble

# For the second photograph of `photos.load_photos("train", 256, n=8)`, at 128 pixels. The colors
# are the median true colors below each line, rounded.
CUP: tuple[Scribble, ...] = (
    (25, 59, 1.5, [(76, 28), (98, 31)]),  # the coffee
    (3, 10, 1.5, [(36, 12), (40, 36)]),  # the rim
    (3, 14, 1.5, [(68, 49), (88, 53)]),  # the rim, below
    (44, 37, 1.5, [(56, 72), (78, 84)]),  # the cup
    (38, 31, 1.5, [(58, 92), (62, 99)]),  # the handle
    (47, 42, 1.5, [(10, 62), (26, 92)]),  # the saucer
    (42, 35, 1.5, [(25, 112), (52, 118)]),  # the saucer, below
    (17, 7, 1.5, [(100, 118), (112, 124)]),  # the shadow
    (10, 24, 1.5, [(116, 96), (119, 106)]),  # the spoon
    (34, 40, 1.5, [(4, 4), (14, 6)]),  # the table
    (50, 45, 1.5, [(18, 40), (26, 50)]),  # the saucer, above
    (41, 48, 1.5, [(50, 24), (58, 18)]),  # the wall of the cup, inside
)

PAGE = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Scribble colors</title>
<style>
  body { font: 15px sans-serif; margin: 4px; background: white; color: black }
  figure { display: inline-block; margin: 0 12px 8px 0; vertical-align: top }
  canvas { display: block; touch-action: none }
  #scribbled, #filled { width: $shown; image-rendering: auto }
  #plane, #scribbled { cursor: crosshair }
  label { margin-right: 1em; white-space: nowrap } input { vertical-align: middle }
  $narrow</style>
<figure><canvas id="plane" width="221" height="221"></canvas>
<figcaption>Brush: <output id="brush"></output></figcaption></figure>
<figure><canvas id="scribbled"></canvas><figcaption>Scribble here</figcaption></figure>
<figure><canvas id="filled"></canvas><figcaption><output id="state"></output></figcaption></figure>
<div><label>a <input id="a" type="range" min="-110" max="110" value="45"></label>
<label>b <input id="b" type="range" min="-110" max="110" value="50"></label>
<label>width <input id="width" type="range" min="1" max="8" value="2"></label>
<button id="forget">forget the last scribble</button>
<button id="clear">forget all</button></div>
<script>$convert
const size = $size, bytes = atob("$lightness"), element = id => document.getElementById(id);
const L = Float32Array.from(bytes, c => c.charCodeAt(0) / 2.55), ab = [0, 1].map(
  () => new Float64Array(size * size));
const plane = element("plane").getContext("2d"), number = id => +element(id).value;
const pictures = ["scribbled", "filled"].map(id => {
  element(id).width = element(id).height = size;
  return {context: element(id).getContext("2d"), image: new ImageData(size, size)};
});
let scribbles = $scribbles;  // [a, b, radius, [[x, y], ...]], of which the last wins
let known = new Int16Array(size * size), running = false;  // 0: free, else a scribble's number

// How much each pixel listens to its eight neighbors: colorlib.scribbles.weights.
const neighbors = [], listens = [];
for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) {
  const near = [], all = [L[y * size + x] / 100];
  for (let v = Math.max(0, y - 1); v < Math.min(size, y + 2); v++)
    for (let u = Math.max(0, x - 1); u < Math.min(size, x + 2); u++)
      if (u != x || v != y) { near.push(v * size + u); all.push(L[v * size + u] / 100); }
  const mean = all.reduce((s, v) => s + v) / all.length;
  const squared = near.map(j => (L[j] / 100 - all[0]) ** 2);
  const variance = Math.max(0.6 * all.reduce((s, v) => s + (v - mean) ** 2, 0) / all.length,
                            Math.min(...squared) / -Math.log(0.01), 2e-6);
  const weight = squared.map(d => Math.exp(-d / variance));
  const sum = weight.reduce((s, v) => s + v);
  neighbors.push(near); listens.push(weight.map(w => w / sum));
}

function sweep(forward) {  // each free pixel takes the mean of its neighbors, and a bit more
  let most = 0;
  for (let n = 0; n < size * size; n++) {
    const i = forward ? n : size * size - 1 - n, near = neighbors[i], weight = listens[i];
    if (known[i]) continue;
    for (const k of [0, 1]) {
      let mean = 0;
      for (let j = 0; j < near.length; j++) mean += weight[j] * ab[k][near[j]];
      const change = 1.6 * (mean - ab[k][i]);
      ab[k][i] += change;
      most = Math.max(most, Math.abs(change));
    }
  }
  return most;
}
function mark() {  // which pixels a scribble covers
  known.fill(0);
  scribbles.forEach(([a, b, radius, places], number) => places.forEach(([x1, y1], n) => {
    const [x0, y0] = places[Math.max(0, n - 1)];
    const steps = 1 + Math.ceil(2 * Math.hypot(x1 - x0, y1 - y0));
    for (let s = 0; s <= steps; s++) {
      const cx = x0 + (x1 - x0) * s / steps, cy = y0 + (y1 - y0) * s / steps;
      for (let y = Math.max(0, Math.ceil(cy - radius)); y <= Math.min(size - 1, cy + radius); y++)
        for (let x = Math.max(0, Math.ceil(cx - radius)); x <= Math.min(size - 1, cx + radius); x++)
          if ((x - cx) ** 2 + (y - cy) ** 2 <= radius ** 2) {
            known[y * size + x] = number + 1;
            ab[0][y * size + x] = a; ab[1][y * size + x] = b;
          }
    }
  }));
}
function draw() {
  for (let i = 0; i < size * size; i++) {
    const [a, b] = known[i] ? [ab[0][i], ab[1][i]] : [0, 0], light = known[i] ? 65 : L[i];
    pictures[0].image.data.set([...labToRgb(light, a, b), 255], 4 * i);
    pictures[1].image.data.set([...labToRgb(L[i], ab[0][i], ab[1][i]), 255], 4 * i);
  }
  for (const {context, image} of pictures) context.putImageData(image, 0, 0);
}
function flow() {  // some sweeps, a picture, and so on until nothing moves
  let most = 0;
  for (let n = 0; n < 8; n++) most = sweep(n % 2 == 0);
  draw();
  running = most > 0.005;
  element("state").textContent = running ? "The colors flow ..." : "Nothing moves any more";
  if (running) requestAnimationFrame(flow);
}
function start() {
  mark();
  if (!scribbles.length) ab.forEach(one => one.fill(0));
  if (!running) { running = true; requestAnimationFrame(flow); }
}
$brush
onDrag("scribbled", (x, y) => { scribbles[scribbles.length - 1][3].push([x, y]); start(); });
const drag = element("scribbled").onpointermove;
let drawing = false;  // not by a drag that began elsewhere on the page
element("scribbled").onpointerdown = event => {
  scribbles.push([number("a"), number("b"), number("width"), []]);
  drawing = true;
  drag(event);
};
element("scribbled").onpointermove = event => {
  drawing &&= event.buttons > 0;
  if (drawing) drag(event);
};
for (const id of ["a", "b"]) element(id).oninput = drawBrush;
element("forget").onclick = () => { scribbles.pop(); start(); };
element("clear").onclick = () => { scribbles = []; start(); };
drawBrush();
start();
</script></html>
"""


def page(rgb: Tensor, scribbles: Sequence[Scribble] = (), shown: int = 256) -> str:
    """Return the page for one square photograph, as HTML.

    rgb         (3, S, S), uint8 or floats in [0, 1]; the page gets its lightness only. At most 256
                pixels a side, or a browser needs long. ValueError otherwise, or if it is not square
    scribbles   with which the page begins: (a, b, radius, [(x, y), ...]), in pixels of the picture
    shown       side of each picture on the page, in its pixels
    """
    if rgb.ndim != 3 or rgb.shape[1] != rgb.shape[2] or rgb.shape[1] > 256:
        raise ValueError("expected one square picture (3, S, S) of at most 256 pixels, got shape "
                         f"{tuple(rgb.shape)}")
    levels = color.lightness(rgb).mul(2.55).round().byte().cpu()  # 1 S S, one byte a pixel
    lightness = base64.b64encode(levels.numpy().tobytes()).decode()
    return Template(PAGE).substitute(
        convert=convert_script(), brush=BRUSH, size=rgb.shape[1], lightness=lightness,
        shown=f"{shown}px", narrow=NARROW, scribbles=json.dumps([list(one) for one in scribbles]))


def show(rgb: Tensor, scribbles: Sequence[Scribble] = (), shown: int = 256) -> None:
    """Show the page in the notebook; readers without scripts see a line of text instead."""
    from IPython.display import display

    # In a frame of its own, the page's names and styles stay apart from the notebook's.
    frame = (f'<iframe srcdoc="{html.escape(page(rgb, scribbles, shown))}" width="100%" '
             f'height="{shown + 90}" style="border: 0; min-width: 300px" '
             'title="Scribble colors on a gray photograph"></iframe>')
    words = ("A page on which you scribble colors on a gray photograph. It needs a browser that "
             "runs scripts.")
    display({"text/html": frame, "text/plain": words}, raw=True)
