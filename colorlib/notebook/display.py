"""Figures on the notebook page: as PNG, with an alt text, or redrawn while something runs."""

from __future__ import annotations

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


def png(figure: Figure | Axes | Any, dpi: int = DPI) -> bytes:
    """Return a figure, the figure of an axis, or a picture as PNG: RGB in full color, no alpha."""
    if isinstance(figure, Axes):
        figure = figure.figure
    if isinstance(figure, Figure):
        drawn = io.BytesIO()
        # Without "Software", the same figure gives the same bytes in every matplotlib version.
        about = {"Software": None}
        with rc_context(STYLE):
            figure.savefig(drawn, format="png", dpi=dpi, facecolor="white", metadata=about)
        picture = Image.open(drawn).convert("RGB")
    else:
        picture = Image.fromarray(to_rgb(figure))
    encoded = io.BytesIO()
    picture.save(encoded, "PNG", optimize=True)
    return encoded.getvalue()


class Live:
    """A picture that is redrawn while something runs; show its `view`, an image widget.

    seconds   the shortest time between two drawings, because drawing takes time too
    """

    def __init__(self, seconds: float = 3.0):
        from ipywidgets import Image as ImageWidget

        self.view, self.seconds, self._last_drawn = ImageWidget(format="png"), seconds, -math.inf

    def draw(self, make_figure: Callable[[], Figure | Axes]) -> None:
        """Show what `make_figure()` returns, unless the last drawing is too recent."""
        if time.monotonic() - self._last_drawn >= self.seconds:
            self.view.value = png(make_figure())
            self._last_drawn = time.monotonic()


def show(figure: Figure | Axes | Any, alt: str, dpi: int = DPI) -> None:
    """Show a figure, the figure of an axis, or a picture in the notebook, and close it.

    alt   describes the figure for a reader who cannot see it. It is stored with the output, as
          its text and in its metadata, where nbconvert and JupyterLab look for an alt text.
          ValueError if it has fewer than 15 characters.
    """
    text = " ".join(str(alt).split())
    if len(text) < SHORTEST_ALT:
        raise ValueError("the alt text must describe the figure in at least "
                         f"{SHORTEST_ALT} characters; got {alt!r}")
    encoded = png(figure, dpi)
    _close(figure)
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:  # a plain script has no page to show a picture on
        print(f"[figure] {text}")
        return
    data = {"image/png": base64.b64encode(encoded).decode(), "text/plain": text}
    display(data, raw=True, metadata={"image/png": {"alt": text}})


def _close(figure: Any) -> None:
    """Close a figure made with pyplot, or the notebook would show it a second time."""
    if isinstance(figure, Axes):
        figure = figure.figure
    if isinstance(figure, Figure) and "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)
