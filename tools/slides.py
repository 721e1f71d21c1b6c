"""A slide deck of each notebook's figures, as a PowerPoint file that a teacher can edit.

Each slide has the section's heading, a figure with its alt text, and the caption.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from PIL import Image
from pptx import Presentation
from pptx.util import Inches, Pt

from tools.files import Picture, figure, read, stored_pictures, title

EXERCISE = re.compile(r"\(\d\d\.\d\)$")  # ends its heading
WIDTH, HEIGHT = Inches(13.333), Inches(7.5)  # 16:9
MARGIN = Inches(0.6)
TITLE_ONLY, TITLE_SLIDE = 5, 0  # layouts of python-pptx's default template


def write(notebook: Path, path: Path) -> Path:
    """Write the deck of a notebook: a title slide, and a slide for each figure and diagram."""
    nb = read(notebook)
    deck = Presentation()
    deck.slide_width, deck.slide_height = WIDTH, HEIGHT
    first = deck.slides.add_slide(deck.slide_layouts[TITLE_SLIDE])
    _place(first.shapes.title, MARGIN, Inches(2.5), WIDTH - 2 * MARGIN, Inches(1.6))
    first.shapes.title.text = title(nb)
    first.placeholders[1].element.getparent().remove(first.placeholders[1].element)  # no subtitle
    heading = title(nb)
    for cell in nb.cells:
        shown = list(filter(None, map(figure, cell.get("outputs", []))))
        if cell.cell_type == "markdown":
            found = re.findall(r"^#{2,3} (.+)$", cell.source, re.M)
            sections = [one for one in found if not EXERCISE.search(one)]  # these have no figures
            heading = (sections or [heading])[-1]
            shown = stored_pictures(cell, notebook.parent)
        for one in shown:
            _add(deck, heading, one)
    path.parent.mkdir(parents=True, exist_ok=True)
    deck.save(path)
    return path


def _add(deck: Any, heading: str, shown: Picture) -> None:
    """Add the slide of a figure: as large as fits between the heading and the caption."""
    slide = deck.slides.add_slide(deck.slide_layouts[TITLE_ONLY])
    _place(slide.shapes.title, MARGIN, Inches(0.2), WIDTH - 2 * MARGIN, Inches(0.9))
    slide.shapes.title.text = heading
    slide.shapes.title.text_frame.paragraphs[0].font.size = Pt(32)
    top, room = Inches(1.2), HEIGHT - Inches(1.2) - Inches(1.3)
    width, height = Image.open(io.BytesIO(shown.png)).size
    scale = min((WIDTH - 2 * MARGIN) / width, room / height)
    size = round(width * scale), round(height * scale)
    place = (WIDTH - size[0]) // 2, top + (room - size[1]) // 2
    picture = slide.shapes.add_picture(io.BytesIO(shown.png), *place, *size)
    picture.name = shown.name or picture.name
    picture._element.nvPicPr.cNvPr.set("descr", shown.alt)  # python-pptx has no call for alt texts
    box = slide.shapes.add_textbox(MARGIN, HEIGHT - Inches(1.2), WIDTH - 2 * MARGIN, Inches(1))
    box.text_frame.word_wrap = True
    box.text_frame.text = re.sub(r"[*`$]", "", shown.caption)  # Markdown's marks
    box.text_frame.paragraphs[0].font.size = Pt(18)
    slide.notes_slide.notes_text_frame.text = shown.alt


def _place(shape: Any, left: int, top: int, width: int, height: int) -> None:
    shape.left, shape.top, shape.width, shape.height = left, top, width, height
