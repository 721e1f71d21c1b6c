"""Figures on the notebook page: as PNG, with an alt text, or redrawn while something runs."""

import base64
import io
import math
import re
import sys
import time
from collections.abc import Callable
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from colorlib.notebook.pictures import to_rgb
from colorlib.notebook.style import DPI, STYLE

SHORTEST_ALT = 15  # characters
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def png(figure: Figure | Axes | Any, dpi: int = DPI) -> bytes:
    """Return a figure, the figure of an axis, or a picture as PNG: RGB in full color, no alpha."""
    figure = figure.figure if isinstance(figure, Axes) else figure
    if isinstance(figure, Figure):
        drawn = io.BytesIO()
        with rc_context(STYLE):
            figure.savefig(drawn, format="png", dpi=dpi, facecolor="white")
        picture = Image.open(drawn).convert("RGB")
    else:
        picture = Image.fromarray(to_rgb(figure))
    # Pillow writes the picture anew, without matplotlib's version, and much smaller.
    encoded = io.BytesIO()
    picture.save(encoded, "PNG", optimize=True)
    return encoded.getvalue()


class Live:
    """A picture that is redrawn while something runs; show its `view`, an image widget.

    seconds   the shortest time between two drawings, because drawing takes time too
    """

    def __init__(self, seconds: float = 3.0):
        from ipywidgets import Image as ImageWidget  # slow to import, and rarely needed

        self.view, self.seconds, self._last_drawn = ImageWidget(format="png"), seconds, -math.inf

    def draw(self, make_figure: Callable[[], Figure | Axes]) -> None:
        """Show what `make_figure()` returns, unless the last drawing is too recent."""
        if time.monotonic() - self._last_drawn >= self.seconds:
            self.view.value = png(make_figure())
            self._last_drawn = time.monotonic()


def show(figure: Figure | Axes | Any, alt: str, caption: str = "", name: str = "") -> None:
    """Show a figure, the figure of an axis, or a picture in the notebook, and close it.

    alt       describes the figure for a reader who cannot see it, in 15 characters or more
    caption   shown below the figure: what to look at. One paragraph of Markdown.
    name      for links to the figure on the pages: lower-case letters, digits and hyphens

    All three are stored with the output. ValueError if one of them is not as described.
    """
    text, caption = " ".join(str(alt).split()), caption.strip()
    if len(text) < SHORTEST_ALT:
        raise ValueError("the alt text must describe the figure in at least "
                         f"{SHORTEST_ALT} characters; got {alt!r}")
    if "\n\n" in caption:
        raise ValueError(f"the caption must be one paragraph; got {caption!r}")
    if name and not NAME.fullmatch(name):
        raise ValueError(f"expected a name of lower-case letters, digits and hyphens; got {name!r}")
    figure = figure.figure if isinstance(figure, Axes) else figure
    encoded = png(figure)
    # The notebook shows open figures of pyplot by itself, so this one would appear twice.
    if isinstance(figure, Figure) and "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:  # a plain script has no page to show a picture on
        print(f"[figure] {text}", *([caption] if caption else []), sep="\n")
        return
    # nbconvert and JupyterLab look for an alt text in the metadata, screen readers in the text.
    data = {"image/png": base64.b64encode(encoded).decode(), "text/plain": text}
    words = {"alt": text, "caption": caption, "name": name}
    about = {key: value for key, value in words.items() if value}
    display(data, raw=True, metadata={"image/png": about})
    if caption:
        # An output of its own, because no notebook page shows a caption from the metadata.
        shown = {"text/markdown": f"<small>{caption}</small>", "text/plain": caption}
        display(shown, raw=True, metadata={"caption": True})
