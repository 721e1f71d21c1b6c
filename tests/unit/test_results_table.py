"""The tables of the results page, made of made-up records: order, budget, seeds, and what may be compared."""

import io

import pandas
import pytest
from test_records import record

from colorlib.data.fruit_photos import load_fruit_photos
from colorlib.experiments import questions, recipes, records, results_page, results_table
from colorlib.experiments.questions import Question


def rows(text):
    lines = [line.strip("| ").split(" | ") for line in text.splitlines()]
    return lines[2:]


def main(*made):
    return rows(results_table.main_table(results_table.frame(list(made))))


def test_a_row_is_the_mean_over_the_seeds_with_lowest_highest_and_budget():
    made = [record("nazeri-unet", seed, unexplained=u, minutes=m, epochs=12)
            for seed, (u, m) in enumerate([(0.70, 3.0), (0.76, 5.0), (0.79, 4.0)])]
    _, row = main(*made)
    assert row[:2] == ["U-Net, squared error", "25 % (21 to 30)"]
    assert row[-1] == "600,000 pictures, 4 minutes, 3 seeds"
    _, row = main(made[0])
    assert row[1] == "30 %" and row[-1].endswith("1 seed")


def test_the_least_error_comes_first_below_the_photographs_and_controls_take_their_place():
    made = [record("koo-baseline", unexplained=0.9), record("nazeri-unet", unexplained=0.7),
            record("perez-patchgan", unexplained=1.2), record("baseline-mean", unexplained=1.0, epochs=0)]
    labels = [row[0] for row in main(*made)]
    assert labels == ["*the photographs themselves*", "U-Net, squared error", "Koo's CNN, squared error",
                      "*mean color everywhere*", "U-Net, PatchGAN + L1"]
    assert main(*made)[-1][1] == "−20 %" and main(*made)[3][-1] == "no training"


def test_the_longest_training_counts_and_seeds_of_another_budget_are_not_mixed_in():
    made = [record("nazeri-unet", 0, unexplained=0.8), record("nazeri-unet", 1, unexplained=0.8),
            record("nazeri-unet", 0, unexplained=0.7, profile="full", epochs=60),
            record("nazeri-unet", 0, unexplained=0.1, profile="quick", n=1000, epochs=90)]
    _, row = main(*made)
    assert row[1] == "30 %" and row[-1].startswith("3,000,000 pictures")


def test_a_training_past_its_best_point_has_no_row_of_its_own_but_answers_what_longer_training_does():
    curve = [{"epoch": e, "validation_loss": loss} for e, loss in enumerate([0.9, 0.5, 0.53])]
    short = record("nazeri-unet", unexplained=0.7)
    long = record("nazeri-unet", unexplained=0.9, profile="long", epochs=60) | {"curve": curve}
    assert main(short, long)[1][1] == "30 %" and main(long)[1][1] == "10 %"
    long["curve"] = curve[:2] + [{"epoch": 2, "validation_loss": 0.51}]     # still close to its best
    assert main(short, long)[1][1] == "10 %"
    question = Question("?", {"nazeri-unet@lesson": "short", "nazeri-unet@long": "long"})
    found = rows(questions.question_table(results_table.frame([short, long]), question))
    assert [row[:2] for row in found] == [["short", "30 %"], ["long", "10 %"]]
    assert questions.question_table(results_table.frame([short]), question) == ""


def test_the_boosted_control_is_the_unet_with_the_numbers_that_were_measured_for_it():
    made = record("nazeri-unet", unexplained=0.7)
    made["metrics"] |= {"boosted_unexplained": 0.85, "boosted_chroma_ratio": 1.02, "boosted_frechet": 0.3}
    found = {row[0]: row for row in main(made)}
    assert found["*U-Net, squared error × constant*"][1:4] == ["15 %", "0.30", "1.02"]
    assert found["U-Net, squared error"][1] == "30 %"
    assert "*U-Net, squared error × constant*" not in {row[0] for row in main(record("nazeri-unet"))}


def test_a_question_compares_rows_of_one_profile_only():
    question = Question("?", {"koo-baseline": "small", "nazeri-unet": "large", "generator-l1": "other"})
    made = [record("koo-baseline", unexplained=0.9), record("nazeri-unet", unexplained=0.8),
            record("koo-baseline", unexplained=0.1, profile="full"), record("generator-l1", profile="quick", epochs=99)]
    found = rows(questions.question_table(results_table.frame(made), question))
    assert [row[:2] for row in found] == [["small", "10 %"], ["large", "20 %"]]
    assert questions.question_table(results_table.frame(made[2:3]), question) == ""


@pytest.mark.parametrize("profile, epochs, seen", [
    ("lesson", 5, 250_000), ("lesson-12-epochs", 12, 600_000), ("ablation", 1, 20_000), ("lesson", 0, 0),
    ("long", 10, 470_000), ("known-truth", 8, 24_000), ("best-500", 40, 20_000), ("hints", 8, 400_000)])
def test_pictures_seen_are_counted_with_repetitions(profile, epochs, seen):
    assert results_table.pictures_seen(record(profile=profile, epochs=epochs)) == seen


def test_of_photographs_of_fruit_those_held_out_have_a_split_of_their_own():
    run = record(data="fruit-photos", profile="fruit-photos", epochs=30)
    assert results_table.pictures_seen(run) == 30 * len(load_fruit_photos("train", size=8))


def test_pictures_seen_of_an_unknown_number_are_not_guessed():
    assert results_table.pictures_seen(record(data="folder-pears-64px")) is None
    assert results_table.pictures_seen(record() | {"pictures_seen": 7}) == 7


def test_the_list_of_all_runs_gives_back_each_metric(tmp_path):
    made = [record(seed=1, unexplained=0.123456), record("baseline-gray", epochs=0)]
    made[0]["metrics"]["frechet"] = 0.25
    found = pandas.read_csv(io.StringIO(results_page.texts(made, tmp_path)[results_page.ALL_RUNS]))
    assert len(found) == 2
    one = found[found.recipe == "koo-baseline"].iloc[0]
    assert (one.seed, one.unexplained, one.frechet) == (1, 0.123456, 0.25)


def test_the_page_shows_the_pictures_that_are_there_and_no_other(tmp_path):
    (tmp_path / results_page.SHEET).write_bytes(b"png")
    page = results_page.texts([record("nazeri-unet"), record()], tmp_path)[results_page.PAGE]
    assert f"]({results_page.SHEET})" in page and results_page.PLOT not in page


def test_the_plot_names_the_systems_that_have_no_distance(tmp_path):
    (tmp_path / results_page.PLOT).write_bytes(b"png")
    made = [record("nazeri-unet"), record("unet-classifier")]
    made[0]["metrics"]["frechet"] = 0.3
    page = results_page.texts(made, tmp_path)[results_page.PAGE]
    assert "Not drawn, since it has no distance: U-Net, color classes." in page
    made[1]["metrics"]["frechet"] = 0.4
    assert "Not drawn" not in results_page.texts(made, tmp_path)[results_page.PAGE]


BROKEN = {  # by question: row, metric, factor; after each of these changes the answer is false
    "What does the loss do?": [
        ("generator-l1", "chroma_ratio", 2), ("unet-classifier", "unexplained", 0.5),
        ("generator-l1", "pictures_seen", 2)],
    "What does the discriminator do?": [
        ("perez-patchgan", "frechet", 2), ("nazeri-gan", "frechet", 0.5), ("nazeri-gan", "frechet", 3),
        ("nazeri-gan", "chroma_ratio", 0.5), ("generator-l1", "unexplained", 2), ("generator-l1", "pictures_seen", 2)],
    "And with Pérez's number of pictures?": [
        ("perez-sigmoid-gan-l1", "frechet", 3), ("perez-patchgan", "unexplained", 0.5),
        ("perez-sigmoid-gan-l1", "hue_diversity", 0.5), ("perez-patchgan-no-l1", "unexplained", 0.5)],
    "And on photographs of fruit?": [("fruit-patch16", "unexplained", 0.5), ("fruit-patch16", "hue_diversity", 1.2)],
    "What does pretraining do?": [
        ("small-resnet-patchgan", "unexplained", 1.3), ("small-random-patchgan", "frechet", 0.7)],
    "Does longer training help?": [("nazeri-unet", "unexplained", -1), ("nazeri-unet", "frechet", -1)],
    "Which color space?": [("delft-compact-rgb", "unexplained", 1.1), ("delft-compact-hsv", "unexplained", 0.5)],
    "Does a blurred target help?": [("delft-compact-blur", "unexplained", 0.9)]}


@pytest.mark.parametrize("question", questions.QUESTIONS, ids=lambda question: question.text)
def test_an_answer_is_shown_only_while_the_records_bear_it_out(question):
    """On the records of today: each answer is shown, and not after any single change that makes it false."""
    data = results_table.frame(records.read())
    assert questions.question_answer(data, question) == question.answer != ""
    for recipe, metric, factor in BROKEN[question.text]:
        changed, here = data.copy(), (data.recipe == recipe) & (data.data == question.data)
        changed.loc[here, metric] = factor * data.loc[here, metric]
        assert questions.question_answer(changed, question) == "", f"{recipe}: {metric} times {factor}"
    last = list(questions.question_runs(data, question))[-1].split("@")[0]
    assert questions.question_answer(data[data.recipe != last], question) == ""


def test_in_short_names_the_best_by_error_and_by_looks_and_the_control():
    made = [record("nazeri-unet", unexplained=0.7), record("sampler", unexplained=1.3),
            record("perez-patchgan", unexplained=1.2)]
    for one, distance in zip(made, (0.3, 0.1, 0.2)):
        one["metrics"]["frechet"] = distance
    assert results_table.in_short(results_table.frame(made)) == ""          # the control is missing
    made[0]["metrics"] |= {"boosted_unexplained": 0.85, "boosted_chroma_ratio": 1.02, "boosted_frechet": 0.35}
    text = results_table.in_short(results_table.frame(made))
    assert "Smallest error:** U-Net, squared error (300,000 pictures" in text
    assert "Fréchet distance: sampler of whole pictures, one sample (0.10; 300,000 pictures" in text
    assert "Next comes U-Net, PatchGAN + L1 (0.20; " in text
    assert "Fréchet distance of 0.20 against 0.35 and explains −20 % against 15 % of the color (" in text
    assert text.count("1 seed") == 5
    made[0]["metrics"]["boosted_frechet"] = 0.01                            # the control is no system
    assert "distance: sampler" in results_table.in_short(results_table.frame(made))


def test_longer_training_past_its_best_stands_in_the_plane_and_in_short_but_not_in_the_table():
    made = [record("nazeri-unet", unexplained=0.7), record("perez-patchgan", unexplained=1.2),
            record("nazeri-unet", unexplained=0.84, profile="long", epochs=60)]
    for one, distance in zip(made, (0.3, 0.2, 0.17)):
        one["metrics"]["frechet"] = distance
    made[0]["metrics"] |= {"boosted_unexplained": 0.85, "boosted_chroma_ratio": 1.02, "boosted_frechet": 0.35}
    without = results_table.frame(made)
    made[2]["curve"] = [{"epoch": e, "validation_loss": loss} for e, loss in enumerate([0.5, 0.6])]
    data = results_table.frame(made)
    planes = results_table.perception_distortion(data)
    assert planes["systems"] == {"squared error": (0.7, 0.3), "PatchGAN + L1": (1.2, 0.2)}
    assert planes["for comparison"]["squared error, past its best"] == (0.84, 0.17)
    line = "past its best point**, explains 16 % of the color, at a Fréchet distance of 0.17 ("
    assert line in results_table.in_short(data)
    assert "past its best" not in results_table.main_table(data) + results_table.in_short(without)
    assert "squared error, past its best" not in results_table.perception_distortion(without)["for comparison"]
    shorter = record("nazeri-unet", unexplained=0.8, profile="full", epochs=40) | {"curve": made[2]["curve"]}
    assert list(results_table.overfitted(results_table.frame([*made, shorter])).unexplained) == [0.84]
    assert results_table.overfitted(results_table.frame(made[1:])).empty      # there is no other: `longest` has it


def test_a_column_that_nobody_has_measured_is_left_out():
    question = Question("?", {"koo-baseline": "small", "nazeri-unet": "large"})
    made = [record("koo-baseline"), record("nazeri-unet")]
    table = questions.question_table(results_table.frame(made), question)
    assert "variety of hues" not in table and "amount of color" in table
    made[0]["metrics"]["hue_diversity"] = 0.5
    assert "variety of hues" in questions.question_table(results_table.frame(made), question)


def test_every_row_of_the_page_is_a_system_of_the_course():
    known = {*recipes.ALL, *records.BASELINES, results_table.BOOSTED}
    asked = {row.split("@")[0] for question in questions.QUESTIONS for row in question.rows}
    named = {*results_table.MAIN_ROWS, *results_table.CONTROLS, *asked}
    assert not named - known
