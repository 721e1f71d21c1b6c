"""The table of transfer: a column for each number of pictures, and words only while every seed bears them out."""

import pytest

from colorlib.experiments import results_table, transfer_table


def run(recipe, n, seed, explained, data="cifar10"):
    return {"recipe": recipe, "data": data, "profile": f"best-{n}", "seed": seed, "n": 2_000, "epochs": 20,
            "minutes": 4, "metrics": {"unexplained": 1 - explained}}


def runs(frozen=(0.12, 0.13), tuned=(0.10, 0.11), random=(0.08, 0.09), n=500, slow=()):
    return [run(recipe, n, seed, value) for recipe, values in (
        ("small-frozen", frozen), ("small-gray", tuned), ("small-gray-slow", slow), ("small-random", random))
        for seed, value in enumerate(values)]


def test_the_table_has_a_column_for_each_number_of_pictures_and_counts_its_seeds():
    some = [*runs(), *runs((0.2,), (0.19,), (0.18,), 2_000), run("vgg-random", 10_000, 0, 0.5),
            run("small-frozen", 500, 2, 0.9, data="folder-x")]
    lines = transfer_table.table(results_table.frame(some)).splitlines()
    assert lines[0] == "|  | 500 pictures | 2,000 pictures |"
    assert lines[2:] == ["| pretrained, frozen | 12.5 % (12.0 to 13.0) | 20.0 % |",
                         "| pretrained, tuned | 10.5 % (10.0 to 11.0) | 19.0 % |",
                         "| random weights | 8.5 % (8.0 to 9.0) | 18.0 % |", "| seeds | 2 | 1 |"]
    assert "| seeds | 1 to 2 |" in transfer_table.table(results_table.frame(runs(tuned=(0.1,))))
    assert transfer_table.table(results_table.frame([run("vgg-random", 500, 0, 0.5)])) == ""
    assert "| the same, at a tenth of the learning rate | 11.5 % (11.0 to 12.0) |" in transfer_table.table(
        results_table.frame(runs(slow=(0.11, 0.12))))


@pytest.mark.parametrize("wrong", [{"frozen": (0.12, 0.08)}, {"tuned": (0.07, 0.11)}, {"random": (0.08,)},
                                   {"random": ()}, {"slow": (0.11,)}])
def test_the_answer_needs_every_seed(wrong):
    assert "explains more" in transfer_table.answer(results_table.frame(runs()))
    assert transfer_table.answer(results_table.frame(runs(**wrong))) == ""


def test_the_answer_says_when_tuning_at_a_lower_rate_does_not_pay():
    say = "Tuned at a tenth of the rate, it does not always."
    assert say in transfer_table.answer(results_table.frame(runs(slow=(0.11, 0.08))))
    for better in ((), (0.11, 0.12)):
        assert say not in transfer_table.answer(results_table.frame(runs(slow=better)))


def test_the_answer_says_when_many_pictures_are_better_for_random_weights_than_for_a_frozen_encoder():
    many = {"frozen": (0.2,), "tuned": (0.3,), "random": (0.25,), "n": 50_000}
    say = "With up to 500 pictures and with each seed, the pretrained start explains more"
    text = transfer_table.answer(results_table.frame([*runs(), *runs(**many)]))
    assert say in text and "With 50,000, it does so only when it is tuned." in text
    for wrong in ([*runs(), *runs(**many | {"tuned": (0.24,)})], runs(**many),
                  [*runs(**many | {"n": 500}), *runs(n=50_000)]):
        assert transfer_table.answer(results_table.frame(wrong)) == ""


def test_slow_tuning_need_not_be_tried_with_each_number_of_pictures():
    some = [*runs(slow=(0.11, 0.12)), *runs(n=50_000)]
    assert "explains more" in transfer_table.answer(results_table.frame(some))
    slow = next(line for line in transfer_table.table(results_table.frame(some)).splitlines() if "tenth" in line)
    assert slow.endswith("| 11.5 % (11.0 to 12.0) | – |")
    assert transfer_table.answer(results_table.frame([*some, run("small-frozen", 10_000, 0, 0.2)])) == ""


def test_without_trainings_there_is_no_answer():
    assert transfer_table.answer(results_table.frame([run("vgg-random", 500, 0, 0.5)])) == ""
