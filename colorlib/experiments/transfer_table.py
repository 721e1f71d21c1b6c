"""The table of transfer: what an encoder that knows pictures explains, by number of colored ones.

    table(results_table.frame(records.read()))      # Markdown; "" without records
"""
import pandas

from colorlib.experiments import results_table
from colorlib.experiments.budgets import BEST_EPOCHS

SLOW = "small-gray-slow"
STARTS = {"small-frozen": "pretrained, frozen", "small-gray": "pretrained, tuned",
          SLOW: "the same, at a tenth of the learning rate",
          "small-gray-fixed-norm": "the same, its batch norm fixed",
          "small-random": "random weights"}


def table(data: pandas.DataFrame) -> str:
    """Return a line for each start of the encoder, a column for each number of pictures.

    Mean of the color explained, with the range over seeds; "" without any training.
    """
    numbers = [n for n in BEST_EPOCHS if not _runs(data, n).empty]
    if not numbers:
        return ""
    rows = []
    for start, label in _present(data).items():
        explained = [_runs(data, n, start).unexplained.rsub(1).mul(100).tolist() for n in numbers]
        rows.append([label, *(results_table.spread(values, "{:.1f} %") for values in explained)])
    titles = ["", *(f"{n:,} pictures" for n in numbers)]
    return results_table.markdown(titles, [*rows, ["seeds", *(_seeds(data, n) for n in numbers)]])


def answer(data: pandas.DataFrame) -> str:
    """Return what the table says; "" as soon as it is not so."""
    numbers = [n for n in BEST_EPOCHS if not _runs(data, n).empty]
    starts = ["small-frozen", "small-gray", *(name for name in (SLOW,) if name in _present(data))]
    try:
        gaps = {start: min((_gap(data, n, start) for n in numbers), default=0) for start in starts}
    except ValueError:  # a seed is missing
        return ""
    if min(gaps["small-frozen"], gaps["small-gray"]) <= 0:
        return ""
    slowly = " Tuned at a tenth of the rate, it does not always." if gaps.get(SLOW, 1) <= 0 else ""
    return ("With each number of pictures and with each seed, the pretrained start explains more "
            f"than random weights, frozen or tuned.{slowly}\n\n")


def _present(data: pandas.DataFrame) -> dict[str, str]:
    """Return the starts that have any training, with their labels."""
    return {start: label for start, label in STARTS.items()
            if any(not _runs(data, n, start).empty for n in BEST_EPOCHS)}


def _runs(data: pandas.DataFrame, n: int, start: str | None = None) -> pandas.DataFrame:
    """Return the trainings with n pictures, of one start or of all, by seed."""
    starts = [start] if start else list(STARTS)
    chosen = data[(data.data == "cifar10") & (data.profile == f"best-{n}")]
    return chosen[chosen.recipe.isin(starts)].sort_values("seed")


def _seeds(data: pandas.DataFrame, n: int) -> str:
    counts = [len(_runs(data, n, start)) for start in _present(data)]
    return f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"


def _gap(data: pandas.DataFrame, n: int, start: str) -> float:
    """Return by how much a start explains more than random weights, least over seeds."""
    own, random = _runs(data, n, start), _runs(data, n, "small-random")
    if own.seed.tolist() != random.seed.tolist() or own.empty:
        raise ValueError(f"{start} and random weights need the same seeds, with {n} pictures")
    return min(b - a for a, b in zip(own.unexplained, random.unexplained, strict=True))
