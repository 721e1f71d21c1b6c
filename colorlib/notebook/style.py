"""The look of every figure in the course: colors, font sizes, resolution."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from matplotlib import rc_context
from matplotlib.figure import Figure

Arguments, Returned = ParamSpec("Arguments"), TypeVar("Returned")

# Okabe and Ito 2008: color-blind readers can tell these apart. Yellow is last, faint on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
DPI = 100
LETTER_WIDTH = 10.5  # pixels of a label's letter, on average
# Type is large enough to be read on a page 400 pixels wide.
STYLE = {
    "font.size": 13, "axes.titlesize": 14, "axes.labelsize": 13, "xtick.labelsize": 12,
    "ytick.labelsize": 12, "legend.fontsize": 12, "legend.frameon": False, "lines.linewidth": 2.2,
    "axes.spines.top": False, "axes.spines.right": False, "figure.dpi": DPI, "savefig.dpi": DPI,
    "figure.facecolor": "white"}


def new(rows: int = 1, columns: int = 1, width: float = 7.0, height: float = 4.0,
        **keywords: Any) -> tuple[Figure, Any]:
    """Return a figure and its axes in the course's style, like plt.subplots.

    Width and height are in inches; keywords, such as squeeze=False, go to Figure.subplots.
    """
    # A plain Figure, not one from pyplot: pyplot would keep it alive and show it a second time.
    with rc_context(STYLE):
        figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
        return figure, figure.subplots(rows, columns, **keywords)


def in_course_style(draw: Callable[Arguments, Returned]) -> Callable[Arguments, Returned]:
    """Decorate a drawing function: it uses STYLE, whatever style the notebook has set."""

    @wraps(draw)
    def styled(*args: Arguments.args, **keywords: Arguments.kwargs) -> Returned:
        with rc_context(STYLE):
            return draw(*args, **keywords)

    return styled
