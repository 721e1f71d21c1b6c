"""Training within a time limit: the order, what is started, and clean stops that resume."""

import json

import pytest
import torch
from pictures import smooth

from colorlib import losses, metrics
from colorlib.checkpoint import read_tensors
from colorlib.colorizer import Colorizer
from colorlib.data import datasets
from colorlib.data.storage import DataUnavailable
from colorlib.experiments import missing_runs, records
from colorlib.experiments.missing_runs import PRIORITY, Cost, TimeLimit, WantedRun, wanted_runs
from colorlib.experiments.recipes import ALL

TRAIN, TEST = (datasets.load_painted_fruit(split, n=n, size=16) for split, n in (("train", 160), ("test", 20)))


@pytest.fixture
def clock(folder, monkeypatch):
    """A clock that passes half a minute with each step of Koo's baseline, so that an epoch of two takes one."""
    monkeypatch.setattr(records.datasets, "load", lambda name, split, **_: TRAIN if split == "train" else TEST)
    now, loss = [0.0], losses.squared_error

    def slow(*given):
        now[0] += 30
        return loss(*given)

    monkeypatch.setattr(losses, "squared_error", slow)
    return lambda: now[0]


def put(folder, name, profile="lesson", seed=0, minutes=6.0, epochs=6, device="2 cores", data="cifar10"):
    """Write a made-up record."""
    made = dict.fromkeys(records.FIELDS, "") | {
        "recipe": name, "data": data, "profile": profile, "seed": seed, "n": 10, "epochs": epochs,
        "metrics": dict.fromkeys(metrics.NAMES, 0.5), "minutes": minutes, "device": device, "parameters": 1,
        "versions": {}}
    folder.mkdir(parents=True, exist_ok=True)
    records.path_of(name, data, profile, seed, folder).write_text(json.dumps(made))


def train(minutes, clock, estimates=1.0, **keywords):
    """Train with Koo's baseline as the only wanted run, unless `wanted` names others."""
    estimate = estimates if callable(estimates) else lambda *_: estimates
    return missing_runs.train_missing(minutes, device="cpu", data=TRAIN.name, clock=clock, estimate=estimate,
                                      progress=False, **keywords)


@pytest.fixture
def wanted(monkeypatch):
    """Sets what is wanted."""
    def sets(*runs):
        monkeypatch.setattr(missing_runs, "wanted_runs", lambda *_: [run for run in runs if not run.exists(TRAIN.name)])
    return sets


KOO = WantedRun("koo-baseline", "lesson", 0)                                # five epochs


# the order

def test_baselines_come_first_then_headline_systems_then_seeds_then_ablations(folder):
    runs = wanted_runs()
    place = {run: i for i, run in enumerate(runs)}
    assert len(place) == len(runs)                                          # none twice
    order = [WantedRun("baseline-random", "lesson", 0), WantedRun("koo-baseline", "lesson", 0),
             WantedRun("perez-patchgan", "lesson", 0), WantedRun("delft-compact", "lesson", 0),
             WantedRun("koo-baseline", "lesson", 1), WantedRun("delft-compact", "lesson", 1),
             WantedRun("small-gray", "transfer-500", 0), WantedRun("patch-l1-10", "ablation", 0),
             WantedRun("patch", "ablation", 1), WantedRun("resnet18-patchgan", "full", 0)]
    assert [place[run] for run in order] == sorted(place[run] for run in order)
    for profile in ("lesson", "ablation", "same-time", "same-pictures", "transfer-2000"):
        assert {(r.recipe, r.seed) for r in runs if r.profile == profile} == set(records.missing(profile))
    assert {name for _, names, _ in PRIORITY for name in names} <= {*ALL, *records.BASELINES}
    for profile in ("full", "quick"):                                       # asked for alone
        assert {(r.recipe, r.seed) for r in wanted_runs(profile)} == set(records.missing(profile))
    with pytest.raises(ValueError, match="fast"):
        wanted_runs("fast")
    put(folder / "runs", "koo-baseline")                                    # recorded, or waiting to be
    put(records.pending_folder(), "koo-baseline", seed=1)
    assert [run.seed for run in wanted_runs("lesson") if run.recipe == "koo-baseline"] == [2]


# what a run costs

def test_an_estimate_is_the_slowest_record_of_the_recipe_on_such_a_device(folder, monkeypatch):
    put(folder / "runs", "koo-baseline", seed=1, minutes=10.0, epochs=5, device="A, 2 threads, AVX2")
    put(records.pending_folder(), "koo-baseline", seed=2, minutes=15.0, epochs=5, device="B, 1 threads, AVX2")
    put(folder / "runs", "koo-baseline", "lesson-3-epochs", minutes=900.0)
    put(folder / "runs", "koo-baseline", seed=3, minutes=1.0, epochs=5, device="Card")
    put(folder / "runs", "patch", "ablation", minutes=2.0, epochs=1)
    cpu = torch.device("cpu")
    assert missing_runs.estimate_epoch(KOO, cpu, "cifar10") == pytest.approx(3.0)
    short = WantedRun("koo-baseline", "quick", 0)                           # a tenth of the images
    assert missing_runs.estimate_epoch(short, cpu, "cifar10") == pytest.approx(0.3)
    assert missing_runs.estimate_epoch(WantedRun("nazeri-unet", "lesson", 0), cpu, "cifar10") is None
    assert missing_runs.estimate_epoch(KOO, cpu, "fruits") is None
    monkeypatch.setattr(missing_runs, "hardware", lambda device: "Card")
    assert missing_runs.estimate_epoch(KOO, torch.device("cuda"), "cifar10") == pytest.approx(0.2)
    assert missing_runs.estimate_epoch(WantedRun("patch", "ablation", 1), torch.device("cuda"), "cifar10") is None


def test_the_last_epoch_includes_the_measuring():
    parts = {3: 2.0, 1: 2.0 + 0.3 + 1.0, 0: 0.3 + 1.0}                      # 0.3 minutes, half an epoch
    for epochs_left, expected in parts.items():
        assert Cost(2.0, 0.3, 0.5, 5, epochs_left).next_part() == pytest.approx(expected * missing_runs.MARGIN)
    assert Cost(None, 0.3, 0.5, 5, 3).next_part() == 0.0                    # unknown: only what is sure
    assert Cost(None, 0.3, 0.5, 1, 1).next_part() == pytest.approx(0.3 * missing_runs.MARGIN)
    assert Cost(None, 0.3, 0.5, 1, 1).next_part(2.0) == pytest.approx(3.3 * missing_runs.MARGIN)
    assert Cost(0.0, 0.3, 0.0, 0, 0).next_part() == pytest.approx(0.3 * missing_runs.MARGIN)


def test_the_time_of_measuring_is_taken_from_a_few_test_images(folder, clock, monkeypatch):
    seconds, now = iter([100.0, 6.0]), [0.0]

    def measured(colorizer, test, mean):
        assert len(test) == 20
        now[0] += next(seconds)                                             # the second time counts

    monkeypatch.setattr(records, "measured", measured)
    assert missing_runs.time_measuring(torch.device("cpu"), TRAIN.name, lambda: now[0]) == pytest.approx(0.005)
    run = WantedRun("koo-baseline", "quick", 0)
    assert missing_runs.cost_of(run, torch.device("cpu"), TRAIN.name, lambda *_: 1.0, 0.005).measuring == 5.0


def test_a_baseline_that_cannot_be_measured_in_time_is_not_started(folder, clock, wanted, monkeypatch):
    wanted(WantedRun("baseline-mean", "lesson", 0))
    monkeypatch.setattr(missing_runs, "time_measuring", lambda *_: 1e-3)
    assert len(train(11.0, clock).left) == 1 and len(train(13.0, clock).done) == 1


# training

def test_what_does_not_fit_is_not_started_and_the_next_that_fits_is(folder, clock, wanted):
    other = WantedRun("koo-baseline", "smoke", 1)                           # one epoch
    wanted(KOO, other)
    report = train(4.0, clock, lambda run, *_: 9.0 if run is KOO else 1.0)
    assert clock() <= 4 * 60 and report.stopped == []
    assert report.left == ["koo-baseline, lesson, seed 0: its next part takes about 10.8 minutes"]
    assert len(report.done) == 1 and report.done[0].startswith("koo-baseline, smoke, seed 1: explains ")


def test_a_training_stops_after_an_epoch_and_resumes_to_the_same_bits(folder, clock, wanted, monkeypatch):
    where = dict(data=TRAIN.name, device="cpu", progress=False, folder=folder / "whole")
    whole = records.run("koo-baseline", keep=folder / "whole.safetensors", **where)
    wanted(KOO, WantedRun("nazeri-unet", "lesson", 0))
    began = clock()
    report = train(2.5, clock)
    assert clock() - began == 2 * 60                                        # two epochs; a third would not fit
    assert report.stopped == ["koo-baseline, lesson, seed 0: 3 of 5 epochs left"] and report.done == []
    assert not records.pending_folder().exists() or not list(records.pending_folder().iterdir())
    kept = records.unfinished_path("koo-baseline", TRAIN.name, "lesson", 0)
    assert len(read_tensors(kept)[1]["epochs"]) == 2
    report = train(60.0, clock)
    assert [line.split(":")[0] for line in report.done][:1] == [str(KOO)] and report.stopped == []
    assert clock() - began >= 5 * 60 and not kept.exists()
    (found,) = [r for r in records.read(records.pending_folder()) if r["recipe"] == "koo-baseline"]
    assert found["metrics"] == whole["metrics"] and found["epochs"] == 5
    one, other = (Colorizer.load(path).net.state_dict() for path in (
        folder / "whole.safetensors", records.pending_folder() / "koo-baseline.safetensors"))
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert records.read() == [] and KOO.colorizer_path(TRAIN.name).exists()  # no result before it is collected
    other = WantedRun("koo-baseline", "lesson", 1).colorizer_path("cifar10")
    assert other.name == "koo-baseline.cifar10.lesson.s1.safetensors"
    moved = records.collect_pending()
    assert f"koo-baseline.{TRAIN.name}.lesson.s0.json" in [path.name for path in moved] and len(records.read()) == 2


def test_an_epoch_of_unknown_length_is_timed_in_its_first_steps(folder, clock, wanted, monkeypatch):
    many = smooth(64 * 20, size=16)
    monkeypatch.setattr(records.datasets, "load", lambda name, split, **_: many if split == "train" else TEST)
    wanted(KOO)
    report = train(6.0, clock, None)                                        # 20 steps of half a minute
    assert clock() == 10 * 30 and report.stopped == []
    assert report.left == ["koo-baseline, lesson, seed 0: an epoch takes 6.0 more minutes"]
    assert train(0.0, clock, None).left == [str(KOO)] and clock() == 10 * 30      # without time nothing is started
    monkeypatch.setattr(records.datasets, "load", lambda name, split, **_: TRAIN if split == "train" else TEST)
    began = clock()                                                         # one that fits is trained, then known
    assert train(3.5, clock, None).stopped == ["koo-baseline, lesson, seed 0: 2 of 5 epochs left"]
    assert clock() - began == 3 * 60


def test_an_epoch_that_began_in_time_is_not_stopped_in_the_middle():
    now = [9.0]                                                             # minutes that are left
    limit = TimeLimit(lambda: now[0], Cost(2.0, 0.0, 0.1, 3, 3), torch.device("cpu"))
    assert not limit(0, 10)
    now[0] = -1.0
    assert not any(limit(step, 10) for step in range(1, 10))
    assert limit(10, 10) and limit.cost.epoch == 10.0 and limit.cost.epochs_left == 2
    assert limit.too_long == pytest.approx(10.0 * missing_runs.MARGIN)


def test_a_run_that_fails_does_not_keep_others_from_being_trained(folder, clock, wanted, monkeypatch):
    wanted(*(WantedRun("koo-baseline", "smoke", seed) for seed in range(4)),
           *(WantedRun("generator-l1", "smoke", seed) for seed in (4, 5)))
    errors = [FloatingPointError("diverged"), ValueError("of another training"), torch.OutOfMemoryError("too large"),
              None, DataUnavailable("no weights"), None]
    real = records.run

    def run(name, data, profile, seed, *others, **keywords):
        if errors[seed]:
            raise errors[seed]
        return real(name, data, profile, seed, *others, **keywords)

    monkeypatch.setattr(records, "run", run)
    report = train(60.0, clock)
    assert [line.split(": ")[1] for line in report.failed] == ["diverged", "of another training", "too large",
                                                               "no weights", "needs the same files"]
    assert len(report.done) == 1 and "failed: 5" in str(report)
    errors[:] = [KeyboardInterrupt()] * 6                                   # the user's own ends everything
    wanted(WantedRun("koo-baseline", "smoke", 0))
    with pytest.raises(KeyboardInterrupt):
        train(60.0, clock)
