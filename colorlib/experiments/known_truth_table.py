"""The table of painted apples or plums: what each loss makes of odds that we know exactly.

    table(results_table.frame(records.read()), "apples")      # Markdown; "" without records
"""
import pandas

from colorlib.data.cued_fruit import KINDS, SECOND_WITH_LEAF, SECOND_WITHOUT
from colorlib.experiments import results_table

ROWS = {
    "painted-squared-error": "squared error",
    "painted-absolute-error": "absolute error",
    "painted-classes": "color classes, annealed mean",
    "painted-image-gan": "discriminator of whole pictures + L1",
    "painted-patch16": "PatchGAN of 16 pixels + L1",
    "painted-patch34": "PatchGAN of 34 pixels + L1",
    "painted-patch70": "PatchGAN of 70 pixels + L1",
    "painted-patch16-no-l1": "PatchGAN of 16 pixels, no L1",
    "painted-patch16-l1-1": "PatchGAN of 16 pixels, L1 × 1",
    "painted-patch16-l1-100": "PatchGAN of 16 pixels, L1 × 100",
    "painted-sampler-64": "sampler of whole pictures, one sample each",
    "painted-sampler-first-try": "the same, on pictures of 32 instead of 64 pixels",
    "painted-sampler": "the same, trained most when the color is decided, in 40 steps",
}
PROFILES = ("known-truth", "sampler-apples-64", "sampler-apples")


def table(data: pandas.DataFrame, kind: str) -> str:
    """Return a line for each loss, with ranges over seeds; "" if nothing was trained.

    kind   "apples" or "plums"
    """
    second = KINDS[kind][1].names[1]  # "green" or "yellow"
    titles = ["trained with", "neither color", "one clear color", "both colors in one fruit",
              f"{second}, with a leaf", f"{second}, without", "training"]
    rows = [["*the true colors*", "0 %", "100 %", "0 %", f"{100 * SECOND_WITH_LEAF:.0f} %",
             f"{100 * SECOND_WITHOUT:.0f} %", ""]]
    for recipe, label in ROWS.items():
        runs = data[(data.recipe == recipe) & (data.data == kind) & data.profile.isin(PROFILES)]
        if not runs.empty:
            keys = ("undecided", "pure", "mixed", "second_with_leaf", "second_without")
            rows.append([label, *(share(runs.get(f"truth_{key}")) for key in keys),
                         results_table.budget(runs)])
            odds = [share(runs.get(f"truth_odds_{which}")) for which in ("with_leaf", "without")]
            if set(odds) != {"–"}:
                rows.append(["the probabilities of its classes", "", "", "", *odds, ""])
    return results_table.markdown(titles, rows) if len(rows) > 1 else ""


def answer(data: pandas.DataFrame, kind: str) -> str:
    """Return what five trainings of each loss say of apples; no sentence that is not so."""
    losses = ("painted-squared-error", "painted-absolute-error", "painted-patch16",
              "painted-classes")
    own = data[(data.data == kind) & (data.profile == "known-truth")]
    runs = [own[own.recipe == recipe] for recipe in losses]
    if kind != "apples" or any(len(one) != 5 for one in runs):
        return ""
    squared, absolute, patches, classes = runs
    sentences = []
    if (squared.truth_undecided.min() > 0.7 and patches.truth_second_without.between(
            0.1, 0.5).sum() == 4 and not absolute.truth_second_without.between(0.05, 0.95).any()):
        sentences.append(
            "With squared error, most fruits have neither color, in all five trainings. Absolute "
            "error alone has one answer for nearly all fruits without a leaf, in all five. With "
            "patches of 16 pixels beside it, a tenth to a half of these are green in four of five.")
    known = all((classes[f"truth_odds_{which}"] - odds).abs().max() < 0.1 for which, odds in (
        ("with_leaf", SECOND_WITH_LEAF), ("without", SECOND_WITHOUT)))
    if known and (classes.truth_second_without.max() < 0.05
                  and classes.truth_second_with_leaf.min() > 0.9):
        sentences.append("Color classes know the odds to a tenth, and their annealed mean mostly "
                         "paints the likelier color all the same.")
    return " ".join(sentences) + "\n\n" if sentences else ""


def share(values: pandas.Series | None) -> str:
    """Return the mean of shares over seeds, in percent, with the lowest and the highest.

    Where no fruit has a clear color, there is no share of green: a dash if so with every seed, and
    else the number of seeds that have one.
    """
    known = [] if values is None else [100 * value for value in values.dropna()]
    if not known:
        return "–"
    text = f"{sum(known) / len(known):.0f} %"
    if len(known) > 1:
        text += f" ({min(known):.0f} to {max(known):.0f})"
    return text if len(known) == len(values) else f"{text} in {len(known)} of {len(values)} seeds"
