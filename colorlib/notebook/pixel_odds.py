"""The distribution that a classifier predicts for one pixel, on the ab plane, at any temperature.

    log_p = pixel_odds.log_probabilities(classifier, rgb)           # N Q h w
    pixel_odds.draw(rgb, log_p, bins, [(8, 16), (30, 4)])           # a figure, one pixel a picture
    pixel_odds.show(rgb, log_p, bins)      # a page: click on a pixel, move T; needs no kernel
"""

import base64
import html
from collections.abc import Sequence
from string import Template

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from colorlib import color
from colorlib.color_bins import AbBins
from colorlib.colorizer import Colorizer
from colorlib.notebook.ab_plane import ab_plane
from colorlib.notebook.color_brush import NARROW, convert_script
from colorlib.notebook.pictures import image
from colorlib.notebook.style import PALETTE, in_course_style, new

LIMIT = 80  # of the plane that is shown, in Lab units
LOWEST = -16.0  # smaller log probabilities are kept as this one
MARKS = {"mean": ("X", "black"), "mode": ("s", PALETTE[0]), "sample": ("^", PALETTE[1]),
         "truth": ("*", PALETTE[2])}

PAGE = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Ask a pixel for its odds</title>
<style>
  body { font: 15px sans-serif; margin: 4px; background: white; color: black }
  figure { display: inline-block; margin: 0 12px 8px 0; vertical-align: top }
  canvas { display: block; cursor: crosshair; image-rendering: pixelated }
  button { margin-right: 1em } input { vertical-align: middle; width: 200px }
  $narrow</style>
<div id="pictures"></div>
<figure><canvas id="gray" style="width: 256px"></canvas>
<figcaption>Click on a pixel</figcaption></figure>
<figure><canvas id="plane" width="256" height="256"></canvas>
<figcaption>&#10005; annealed mean, &#9633; mode, &#9651; a sample</figcaption></figure>
<figure><canvas id="painting" style="width: 256px"></canvas>
<figcaption>Painted with the annealed mean</figcaption></figure>
<div><label>temperature T <input id="T" type="range" min="-1.3" max="0.3" step="0.02" value="0">
</label> <output id="value"></output> <button id="again">another sample</button></div>
<script>$convert
const centers = $centers, N = $number, size = $size, side = $side, Q = centers.length;
const element = id => document.getElementById(id), limit = $limit;
const decode = text => Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer;
const kept = new Uint16Array(decode("$logs")), light = new Uint8Array(decode("$lightness"));
let n = 0, row = $row, column = $column, u = Math.random();  // of the cell that was clicked

function distribution(r, c, T) {  // p to the power of 1 / T, divided by its sum
  const start = (n * side * side + r * side + c) * Q, p = [];
  let total = 0;
  for (let q = 0; q < Q; q++) total += p[q] = Math.exp(-kept[start + q] / 4096 / T);
  return p.map(one => one / total);
}
function mean(p) {
  let a = 0, b = 0;
  p.forEach((one, q) => { a += one * centers[q][0]; b += one * centers[q][1]; });
  return [a, b];
}
function canvas(id, colorOf) {
  const one = element(id), pixels = new ImageData(size, size);
  one.width = one.height = size;
  for (let i = 0; i < size * size; i++) pixels.data.set([...colorOf(i), 255], 4 * i);
  one.getContext("2d").putImageData(pixels, 0, 0);
  return one.getContext("2d");
}
function draw() {
  const T = 10 ** element("T").value, cell = size / side, ab = [];
  for (let r = 0; r < side; r++)
    for (let c = 0; c < side; c++) ab.push(mean(distribution(r, c, T)));
  const L = i => light[n * size * size + i] / 2.55;
  const place = i => Math.floor(Math.floor(i / size) / cell) * side + Math.floor(i % size / cell);
  canvas("painting", i => labToRgb(L(i), ...ab[place(i)]));
  const gray = canvas("gray", i => labToRgb(L(i), 0, 0));
  gray.strokeStyle = "#D55E00";
  gray.strokeRect(column * cell - .5, row * cell - .5, cell + 1, cell + 1);

  const context = element("plane").getContext("2d"), p = distribution(row, column, T);
  const at = ([a, b]) => [128 + a * 128 / limit, 128 - b * 128 / limit], top = Math.max(...p);
  context.fillStyle = "white";
  context.fillRect(0, 0, 256, 256);
  centers.forEach((center, q) => {  // the area of a square is its probability
    const [x, y] = at(center), wide = 15 * Math.sqrt(p[q] / top);
    const rgb = labToRgb(65, ...center).map(v => Math.max(0, Math.min(255, v)));
    context.fillStyle = "rgb(" + rgb + ")";
    context.fillRect(x - wide / 2, y - wide / 2, wide, wide);
  });
  let sum = 0, drawn = p.findIndex(one => (sum += one) > u);
  if (drawn < 0) drawn = Q - 1;
  context.fillStyle = "black";
  context.font = "bold 18px sans-serif";
  context.textAlign = "center";
  const marks = [["✕", ab[row * side + column]], ["□", centers[p.indexOf(top)]],
                 ["△", centers[drawn]]];
  for (const [sign, point] of marks) {
    const [x, y] = at(point);
    context.fillText(sign, x, y + 6);
  }
  element("value").textContent = T.toFixed(2);
}
element("gray").onclick = event => {
  const box = element("gray").getBoundingClientRect();
  const to = v => Math.max(0, Math.min(side - 1, Math.floor(v / box.width * side)));
  [row, column] = [to(event.clientY - box.top), to(event.clientX - box.left)];
  draw();
};
for (let k = 0; k < N; k++) {
  const button = element("pictures").appendChild(document.createElement("button"));
  button.textContent = "picture " + (k + 1);
  button.onclick = () => { n = k; draw(); };
}
element("T").oninput = draw;
element("again").onclick = () => { u = Math.random(); draw(); };
draw();
</script></html>
"""


@torch.no_grad()
def log_probabilities(classifier: Colorizer, rgb: Tensor) -> Tensor:
    """The logarithms of the predicted probabilities: (N, Q, S/cell, S/cell), float32.

    classifier   a Colorizer with a ColorBinsTarget
    rgb          (N, 3, S, S); its lightness alone is used
    """
    inputs = classifier.target.inputs(color.lightness(rgb).to(classifier.device))
    return classifier.net.eval()(inputs).float().log_softmax(1).cpu()


def marks(log_p: Tensor, bins: AbBins, T: float = 1.0, seed: int = 0) -> dict[str, Tensor]:
    """Mean, mode and one sample of the annealed distribution of log_p (Q,): (2,) each."""
    p = (log_p / T).softmax(0)
    draw_one = torch.Generator().manual_seed(seed)
    return {"mean": p @ bins.centers, "mode": bins.centers[p.argmax()],
            "sample": bins.centers[p.multinomial(1, generator=draw_one)[0]]}


@in_course_style
def draw(rgb: Tensor, log_p: Tensor, bins: AbBins, pixels: Sequence[tuple[int, int]],
         titles: Sequence[str] = (), T: float = 1.0) -> Figure:
    """Draw one pixel a picture: the gray picture, its distribution on the ab plane, the truth.

    rgb      (N, 3, S, S); log_p (N, Q, S/cell, S/cell)
    pixels   a row and a column for each picture
    """
    n, size = len(pixels), rgb.shape[-1]
    figure, axes = new(3, n, width=3.2 * n, height=9.4, squeeze=False)
    cell = size // log_p.shape[-1]
    gray = color.lightness(rgb) / 100
    for k, (row, column) in enumerate(pixels):
        for ax, picture in ((axes[0, k], gray[k]), (axes[2, k], rgb[k])):
            image(ax, picture)
            ax.plot(column, row, "s", ms=12, mfc="none", mec=PALETTE[1], mew=2.5)
        axes[0, k].set_title(titles[k] if titles else f"picture {k + 1}")
        one = log_p[k, :, row // cell, column // cell]  # Q
        p, plane = (one / T).softmax(0), ab_plane(axes[1, k], alpha=0.25)
        plane.scatter(*bins.centers.T, s=100 * p / p.max(), marker="s", color="0.25", zorder=2)
        top, left = row // cell * cell, column // cell * cell
        lab = color.rgb_to_lab(rgb[k:k + 1, :, top:top + cell, left:left + cell])  # 1 3 cell cell
        points = marks(one, bins, T) | {"truth": lab[0, 1:].mean((1, 2)).cpu()}
        for name, point in points.items():
            sign, tint = MARKS[name]
            hollow = name == "mode"  # a sample on the same bin can be seen in it
            plane.plot(*point, sign, color=tint, ms={"truth": 15, "mode": 16}.get(name, 11),
                       mfc="none" if hollow else tint, mec=tint if hollow else "white",
                       mew=2.5 if hollow else 1.2, label=name, zorder=5)
        plane.set(xlim=(-LIMIT, LIMIT), ylim=(-LIMIT, LIMIT), xticks=[-50, 0, 50],
                  yticks=[-50, 0, 50], xlabel="a", ylabel="b" if k == 0 else "")
    figure.legend(*axes[1, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def page(rgb: Tensor, log_p: Tensor, bins: AbBins, pixel: tuple[int, int] = (0, 0)) -> str:
    """The page for N square pictures (N, 3, S, S) and log_p (N, Q, S/cell, S/cell), as HTML."""
    light = color.lightness(rgb).mul(2.55).round().byte().cpu()  # one byte a pixel
    by_cell = log_p.permute(0, 2, 3, 1).clamp(min=LOWEST)  # N h w Q
    logs = by_cell.mul(-4096).round().clamp(0, 65535).numpy().astype("<u2")
    code = [base64.b64encode(np.ascontiguousarray(a).tobytes()).decode()
            for a in (logs, light.numpy())]
    side, size = log_p.shape[-1], rgb.shape[-1]
    row, column = (place * side // size for place in pixel)
    return Template(PAGE).substitute(
        convert=convert_script(), centers=bins.centers.int().tolist(), number=len(rgb), size=size,
        side=side, limit=LIMIT, logs=code[0], lightness=code[1], row=row, column=column,
        narrow=NARROW)


def show(rgb: Tensor, log_p: Tensor, bins: AbBins, pixel: tuple[int, int] = (0, 0)) -> None:
    """Show the page in the notebook; readers without scripts see a line of text instead."""
    from IPython.display import display

    # In a frame of its own, the page's names and styles stay apart from the notebook's.
    frame = (f'<iframe srcdoc="{html.escape(page(rgb, log_p, bins, pixel))}" width="100%" '
             'height="400" style="border: 0; min-width: 300px" title="Ask a pixel"></iframe>')
    words = "A page on which you ask a pixel for its odds. It needs a browser that runs scripts."
    display({"text/html": frame, "text/plain": words}, raw=True)
