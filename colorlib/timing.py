"""Two ways to do a thing, timed in turn, so that what else the machine does slows both.

    theirs, ours = interleaved(one, other, pairs=5)             # seconds of each run, in order
    print(ratio(theirs, ours))                                  # above 1: ours is faster
"""
import statistics
import time
from collections.abc import Callable


def timed(function: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def interleaved(one: Callable[[], object], other: Callable[[], object], pairs: int) -> tuple[list[float], list[float]]:
    """Seconds of each call of both, in turn; a first round of both is not counted."""
    timed(one), timed(other)
    times = [(timed(one), timed(other)) for _ in range(pairs)]
    return [t for t, _ in times], [t for _, t in times]


def ratio(theirs: list[float], ours: list[float]) -> float:
    """The median of the pairs' ratios."""
    return statistics.median(a / b for a, b in zip(theirs, ours, strict=True))
