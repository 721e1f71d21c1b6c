"""The table of transfer: what an encoder that knows pictures explains, by number of colored ones.

    table(results_table.frame(records.read()))      # Markdown; "" without records
"""
import pandas

from colorlib.experiments import results_table
from colorlib.experiments.budgets import BEST_EPOCHS

SLOW = "small-gray-slow"
STARTS = {"small-frozen": "pretrained, frozen", "small-gray": "pretrained, tuned",
          SLOW: "the same, at a tenth of the learning rate",
          "small-gray-fixed-norm": "pretrained, tuned, its batch norm fixed",
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
    """Return what the table says; "" if it says something else."""
    numbers = [n for n in BEST_EPOCHS if not _runs(data, n).empty]
    try:
        frozen, tuned = ([_gap(data, n, start) for n in numbers]
                         for start in ("small-frozen", "small-gray"))
        # Slow tuning need not have been tried with each number of pictures; the others must.
        slow = [_gap(data, n, SLOW) for n in numbers if not _runs(data, n, SLOW).empty]
    except ValueError:  # a seed is missing
        return ""
    if not numbers or min(tuned) <= 0 or min(frozen[:-1], default=1) <= 0:
        return ""
    always = min(slow, default=1) > 0
    slowly = "" if always else " Tuned at a tenth of the rate, it does not always."
    if frozen[-1] > 0:
        which = ("With each number of pictures and with each seed, the pretrained start explains "
                 "more than random weights, frozen or tuned.")
    elif len(numbers) > 1:
        which = (f"With up to {numbers[-2]:,} pictures and with each seed, the pretrained start "
                 f"explains more than random weights, frozen or tuned. With {numbers[-1]:,}, it "
                 "does so only when it is tuned.")
    else:
        return ""
    return f"{which}{slowly}\n\n"


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
