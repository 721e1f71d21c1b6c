"""A data check by hand, as source D did in a small web application (D9): page through a folder, mark bad pictures.

    datacheck.show("pictures")                      # in a notebook: arrow keys page, Tab and Space mark
    datasets.load_folder("pictures")                     # leaves out what was marked

The marks are lines of `marked-bad.txt` in the folder, which any editor can change.
"""
from __future__ import annotations

import io
from pathlib import Path

from ipywidgets import Checkbox, HBox, Image, IntSlider, Label, Layout, VBox
from PIL import Image as Pillow

from colorlib.data import folder as _folder
from colorlib.data import image_files
from colorlib.paths import write_whole

SIDE = 384                                          # pixels of the longer side, on the page


def mark(folder: str | Path, name: str, bad: bool) -> None:
    """Put a picture's name into marked-bad.txt, or take it out, at once; comments ("# ...") stay.

    FileNotFoundError without such a folder or, to mark it, such a file; OSError where the marks cannot be written.
    """
    root = Path(folder).expanduser()
    if not root.is_dir() or (bad and not (root / name).is_file()):
        raise FileNotFoundError(f"no file {name} in the folder {folder}")
    place = root / _folder.MARKS
    lines = place.read_text(encoding="utf-8-sig").splitlines() if place.exists() else []
    comments = [line for line in lines if line.startswith("# ")]
    names = sorted(_folder.marked(root) - {name} | ({name} if bad else set()))
    write_whole(place, "".join(f"{line}\n" for line in comments + names))


def show(folder: str | Path) -> VBox:
    """The widget. FileNotFoundError without such a folder, ValueError if nothing in it can be read as a picture."""
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise FileNotFoundError(f"no folder of pictures at {folder}")
    names = [name for name in _folder.listing(root) if _readable(root / name)]
    if not names:
        raise ValueError(f"no picture in {folder}")
    slider = IntSlider(0, min=0, max=len(names) - 1, description="picture", continuous_update=True)
    box, title = Checkbox(description="bad", indent=False), Label()
    picture = Image(format="png", layout=Layout(align_self="flex-start"))   # at its own size, not as wide as the page

    def turn(_=None) -> None:
        name = names[slider.value]
        picture.value = _png(root / name)
        bad = _folder.marked(root)
        box.unobserve(save, names="value")
        box.value = name in bad
        box.observe(save, names="value")
        title.value = f"{name}, {slider.value + 1} of {len(names)}, {len(bad & set(names))} marked"

    def save(change) -> None:
        mark(root, names[slider.value], change["new"])
        turn()

    slider.observe(turn, names="value")
    turn()
    return VBox([HBox([slider, box]), title, picture])


def _readable(path: Path) -> bool:
    try:
        with Pillow.open(path) as picture:
            return bool(picture.size)
    except (OSError, ValueError, Pillow.DecompressionBombError):
        return False


def _png(path: Path) -> bytes:
    """A picture as PNG, its longer side SIDE pixels; a gray field if its end is missing."""
    try:
        picture = Pillow.fromarray(image_files.decode(path))
    except image_files.Unreadable:
        picture = Pillow.new("RGB", (SIDE, SIDE), "gray")
    scale = SIDE / max(picture.size)
    size = [max(1, round(side * scale)) for side in picture.size]
    picture = picture.resize(size, Pillow.NEAREST if scale > 1 else Pillow.LANCZOS)
    file = io.BytesIO()
    picture.save(file, format="png")
    return file.getvalue()
