"""Figures on the notebook page: as PNG, with an alt text, or redrawn while something runs."""

import base64
import io
import math
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


def png(figure: Figure | Axes | Any) -> bytes:
    """Return a figure, the figure of an axis, or a picture as PNG: RGB in full color, no alpha."""
    figure = figure.figure if isinstance(figure, Axes) else figure
    if isinstance(figure, Figure):
        drawn = io.BytesIO()
        with rc_context(STYLE):
            figure.savefig(drawn, format="png", dpi=DPI, facecolor="white")
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


def show(figure: Figure | Axes | Any, alt: str) -> None:
    """Show a figure, the figure of an axis, or a picture in the notebook, and close it.

    alt   describes the figure for a reader who cannot see it, in 15 characters or more, else
          ValueError
    """
    text = " ".join(str(alt).split())
    if len(text) < SHORTEST_ALT:
        raise ValueError("the alt text must describe the figure in at least "
                         f"{SHORTEST_ALT} characters; got {alt!r}")
    figure = figure.figure if isinstance(figure, Axes) else figure
    encoded = png(figure)
    # The notebook shows open figures of pyplot by itself, so this one would appear twice.
    if isinstance(figure, Figure) and "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:  # a plain script has no page to show a picture on
        print(f"[figure] {text}")
        return
    # nbconvert and JupyterLab look for an alt text in the metadata, screen readers in the text.
    data = {"image/png": base64.b64encode(encoded).decode(), "text/plain": text}
    display(data, raw=True, metadata={"image/png": {"alt": text}})
