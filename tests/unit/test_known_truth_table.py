"""The table of painted fruit: its shares are those of the records, and a share that nobody measured is a dash."""

import pandas
import pytest

from colorlib.experiments import budgets, known_truth_table, recipes, results_table


def run(recipe, seed=0, data="apples", profile="known-truth", **shares):
    return {"recipe": recipe, "data": data, "profile": profile, "seed": seed, "n": 500, "epochs": 8, "minutes": 4,
            "metrics": {f"truth_{name}": value for name, value in shares.items()}}


def cells(runs, kind="apples"):
    lines = known_truth_table.table(results_table.frame(runs), kind).splitlines()[2:]
    return {line.split(" | ")[0].strip("| "): [cell.strip(" |") for cell in line.split(" | ")[1:]] for line in lines}


def test_a_row_holds_the_mean_share_and_its_range_over_seeds():
    shares = (0.7, 0.8, 0.9)
    runs = [run("painted-patch16", seed, pure=share, mixed=0.0, second_with_leaf=share, second_without=0.3)
            for seed, share in enumerate(shares)]
    found = cells([*runs, run("painted-squared-error", pure=0.0, mixed=0.0)])
    assert found["PatchGAN of 16 pixels + L1"][1:5] == ["80 % (70 to 90)", "0 % (0 to 0)", "80 % (70 to 90)",
                                                       "30 % (30 to 30)"]
    assert "the probabilities of its classes" not in found
    classes = cells([run("painted-classes", pure=0.2, odds_with_leaf=0.75, odds_without=0.31)])
    assert classes["the probabilities of its classes"] == ["", "", "", "75 %", "31 %", ""]
    assert found["squared error"][:5] == ["–", "0 %", "0 %", "–", "–"]         # no fruit has a clear color
    assert found["squared error"][5] == "24,000 pictures, 4 minutes, 1 seed"  # 8 epochs of 3,200 less 200 held out
    two = cells([run("painted-patch16", seed, pure=pure) for seed, pure in enumerate((0.5, float("nan"), 0.7))])
    assert two["PatchGAN of 16 pixels + L1"][1] == "60 % (50 to 70) in 2 of 3 seeds"
    assert found["*the true colors*"][:5] == ["0 %", "100 %", "0 %", "80 %", "30 %"]


def five(squared=0.9, absolute=0.01, patches=0.2, last=0.0, classes=0.0, odds=0.32, leaf=0.95):
    """Five trainings of each of the four losses; last: what the fifth of the patches is."""
    decoded = {"undecided": 0.0, "pure": 0.3, "second_without": classes, "second_with_leaf": leaf,
               "odds_with_leaf": 0.8, "odds_without": odds}
    runs = [run("painted-classes", seed, **decoded) for seed in range(5)]
    for recipe, undecided, green in (("painted-squared-error", squared, 0.0), ("painted-absolute-error", 0.0, absolute),
                                     ("painted-patch16", 0.0, patches)):
        shares = [green] * 4 + [last if recipe == "painted-patch16" else green]
        runs += [run(recipe, seed, undecided=undecided, pure=0.5, second_without=share)
                 for seed, share in enumerate(shares)]
    return runs


def test_the_answer_is_given_only_while_five_trainings_of_each_loss_bear_it_out():
    def answer(runs):
        return known_truth_table.answer(results_table.frame(runs), "apples")

    assert "in four of five" in answer(five()) and "know the odds" in answer(five())
    for wrong in (five(squared=0.5), five(absolute=0.2), five(absolute=0.7), five(patches=0.05), five(last=0.2)):
        assert "squared error" not in answer(wrong) and "know the odds" in answer(wrong)
    for wrong in (five(classes=0.2), five(odds=0.45), five(leaf=0.8)):
        assert "know the odds" not in answer(wrong) and "squared error" in answer(wrong)
    assert answer(five()[:-1]) == answer(five()[1:]) == ""


@pytest.mark.parametrize("other", [{"data": "plums"}, {"profile": "quick"}])
def test_runs_of_other_fruit_and_budgets_do_not_count(other):
    runs = [run("painted-patch16", pure=1.0, mixed=0.0, **other)]
    assert known_truth_table.table(results_table.frame(runs), "apples") == ""
    assert "yellow" in known_truth_table.table(results_table.frame([run("painted-patch16", data="plums")]), "plums")


def test_every_system_of_the_budget_has_a_row():
    systems = {*budgets.PAINTED, "painted-sampler", "painted-sampler-first-try", "painted-sampler-64"}
    assert set(known_truth_table.ROWS) == systems <= set(recipes.ALL)
    assert known_truth_table.share(pandas.Series([float("nan")])) == "–"
