"""The colorization Turing test on one page, for people who have a browser and nothing else.

    on_test = turing_test.Pairs(colorizer, test.take(20), "PatchGAN + L1")
    on_train = turing_test.Pairs(colorizer, train.take(20), "PatchGAN + L1")
    turing_page.write("turing.html", [on_test, on_train])
    turing_test.fooling_rate("answers-ada.csv", model="PatchGAN + L1", split="test")

The page asks all pairs in one mixed order, says nothing about right and wrong, and saves a file of
answers that `turing_test` reads. It works offline. Its source contains the answers.
"""

import base64
import io
import json
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from colorlib.notebook.turing_test import COLUMNS, SIDES, Pairs, answer_row
from colorlib.paths import write_text_atomic

PAGE = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Which picture shows the true colors?</title>
<style>
  body {{ font: 18px sans-serif; text-align: center; margin: 1em auto; max-width: 46em }}
  img {{ width: 320px; max-width: 45%; image-rendering: pixelated; margin: 4px }}
  button {{ font: inherit; padding: .5em 1.5em; margin: .3em }}
</style>
<h1>Which picture shows the true colors?</h1>
<p>One of the two pictures is a photograph. A program has colored the other one. Choose with a
button or with an arrow key. There are {count} pairs.</p>
<p id="at" aria-live="polite"></p>
<p><img id="left" alt="left picture"><img id="right" alt="right picture"></p>
<p><button id="choose-left">left is true</button>
<button id="choose-right">right is true</button></p>
<p><label>Your name, for the file: <input id="name" value="me"></label>
<button id="save">save my answers</button></p>
<script>
const columns = {columns}, pairs = {pairs}, lines = [];
const element = id => document.getElementById(id);
function show() {{
  const at = lines.length, done = at === pairs.length;
  element("at").textContent = done
    ? "Thank you! Please save your answers and hand the file in."
    : "Pair " + (at + 1) + " of " + pairs.length;
  for (const side of ["left", "right"]) {{
    element("choose-" + side).disabled = done;
    if (!done) element(side).src = "data:image/png;base64," + pairs[at][side];
  }}
}}
function choose(side) {{
  if (lines.length === pairs.length) return;
  lines.push(pairs[lines.length].rows[side]);
  show();
}}
function save() {{
  const text = [columns, ...lines].join("\\n") + "\\n", link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], {{type: "text/csv"}}));
  link.download = "answers-" + element("name").value.replace(/[^\\w-]/g, "") + ".csv";
  link.click();
}}
for (const side of ["left", "right"]) element("choose-" + side).onclick = () => choose(side);
element("save").onclick = save;
document.onkeydown = event => {{
  if (event.target.id === "name") return;
  if (event.key === "ArrowLeft") choose("left");
  if (event.key === "ArrowRight") choose("right");
}};
show();
</script></html>
"""


def write(path: str | Path, tests: Sequence[Pairs], seed: int = 0) -> Path:
    """Write a page that asks all pairs of several tests, in an order that the seed mixes.

    ValueError if there is no test, or if two of them would share their answers: the same name,
    seed, number of pairs and split.
    """
    keys = [(pairs.name, pairs.seed, len(pairs), pairs.split) for pairs in tests]
    if not tests or len(set(keys)) < len(keys):
        raise ValueError(f"expected tests of different models, seeds or splits, got {keys}")
    asked = [_entry(pairs, i) for pairs in tests for i in range(len(pairs))]
    # Mixed, so that nobody learns one model's manner, or tires of it, before the next one's turn.
    order = torch.randperm(len(asked), generator=torch.Generator().manual_seed(seed)).tolist()
    text = PAGE.format(count=len(asked), columns=json.dumps(",".join(COLUMNS)),
                       pairs=_script([asked[i] for i in order]))
    write_text_atomic(Path(path), text)
    return Path(path)


def _entry(pairs: Pairs, pair: int) -> dict:
    """One pair for the page: both pictures, and the line of the file for either answer."""
    pictures = {side: _png(p) for side, p in zip(SIDES, pairs[pair], strict=True)}
    return pictures | {"rows": {side: _line(answer_row(pairs, pair, side)) for side in SIDES}}


def _line(row: list) -> str:
    """A line of CSV; quotes only where a name needs them."""
    def quoted(value) -> str:
        text = str(value)
        return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n') else text
    return ",".join(map(quoted, row))


def _png(rgb: Tensor) -> str:
    """uint8 (3, H, W) as PNG, base64."""
    buffer = io.BytesIO()
    Image.fromarray(rgb.permute(1, 2, 0).contiguous().numpy()).save(buffer, "png")
    return base64.b64encode(buffer.getvalue()).decode()


def _script(value) -> str:
    """JSON that may stand in a script: a name that contains "</script>" must not end it."""
    return json.dumps(value).replace("<", "\\u003c")
