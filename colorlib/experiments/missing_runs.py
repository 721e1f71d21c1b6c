"""Train what the results table lacks within a time limit, the most wanted first.

    report = train_missing(minutes=6, device="cuda")
    print(report)                                   # what was done, what is left, what comes next
    pack()                                          # build/trained-1.zip and so on, to carry away

The records and the trained colorizers go to build/trained, as a notebook's do:
`python -m colorlib results --collect` makes them results, on this machine or on another.
"""
from __future__ import annotations

import dataclasses
import textwrap
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from colorlib.checkpoint import read_tensors
from colorlib.data.image_set import ImageSet
from colorlib.data.storage import DataUnavailable
from colorlib.evaluate import baseline
from colorlib.experiments import recipes, records
from colorlib.hardware import hardware, select_device

# Systems that a notebook is about
HEADLINE = ("koo-baseline", "nazeri-unet", "delft-classifier", "delft-classifier-rebalanced",
            "unet-classifier-rebalanced", "koo-gan", "nazeri-gan", "perez-sigmoid-gan",
            "perez-patchgan", "generator-l1", "small-resnet-patchgan")
IN_LESSON = tuple(name for name, recipe in recipes.RECIPES.items() if "lesson" in recipe.epochs)
TOO_LARGE = tuple(name for name in recipes.RECIPES if name not in IN_LESSON)

# What to train first: profile, recipes, seeds. For each seed, the recipes in their order.
PRIORITY = (
    # The baselines need no training, and every other number is compared with them.
    ("lesson", tuple(records.BASELINES), (0,)),
    # Then every system once, those that a notebook is about before their variants.
    ("lesson", HEADLINE, (0,)),
    ("lesson", IN_LESSON, (0,)),
    # More seeds show how far a difference between two systems can be trusted.
    ("lesson", HEADLINE, (1, 2)),
    ("lesson", IN_LESSON, (1, 2)),
    # The comparisons of notebook 07, each incomplete until all of its rows are there.
    *((f"transfer-{n}", tuple(recipes.TRANSFER), records.SEEDS) for n in recipes.TRANSFER_IMAGES),
    ("same-time", tuple(recipes.SAME_TIME), records.SEEDS),
    ("same-pictures", ("dahl-residual-encoder",), records.SEEDS),
    # The ablations of notebook 06 support a point; they are no systems of their own.
    ("ablation", tuple(recipes.ABLATIONS), (0,)),
    ("ablation", tuple(recipes.ABLATIONS), (1, 2)),
    # Hours even on a GPU: systems too large for a lesson, then long trainings of the others.
    ("full", TOO_LARGE, (0,)),
    ("full", HEADLINE, (0,)),
)

WHOLE_SET = (50_000, 10_000)  # training and test images of CIFAR-10
MARGIN = 1.2  # a run may take this much longer than estimated: other programs share the machine
PROBE_IMAGES = 200  # test images from which the time of measuring is estimated
FIRST_STEPS = 20  # steps from which the time of an epoch is estimated if no record tells it
PIECES, PIECE_BYTES = 8, 16_000_000


@dataclasses.dataclass(frozen=True)
class WantedRun:
    """A run that the table lacks."""

    recipe: str
    profile: str
    seed: int

    def __str__(self) -> str:
        return f"{self.recipe}, {self.profile}, seed {self.seed}"

    def exists(self, data: str) -> bool:
        """Return whether its record is among the results or in build/trained."""
        where = self.recipe, data, self.profile, self.seed
        return any(records.path_of(*where, folder).exists()
                   for folder in (None, records.pending_folder()))

    def colorizer_path(self, data: str) -> Path:
        """Return where to keep the colorizer: the lesson's first seed under the recipe's name."""
        first = self.profile == "lesson" and self.seed == 0
        name = self.recipe if first else f"{self.recipe}.{data}.{self.profile}.s{self.seed}"
        return records.pending_folder() / f"{name}.safetensors"


def wanted_runs(profile: str | None = None, data: str = "cifar10") -> list[WantedRun]:
    """Return the runs that the table lacks, the most wanted first; profile: only those of it."""
    if profile is not None and profile not in records.SIZES:
        known = ", ".join(records.SIZES)
        raise ValueError(f"unknown profile {profile!r}: expected one of {known}")
    runs = [WantedRun(name, row_profile, seed) for row_profile, names, seeds in PRIORITY
            for seed in seeds for name in names if profile in (None, row_profile)]
    if profile is not None:  # also the runs of this profile that no row of PRIORITY names
        runs += [WantedRun(name, profile, seed) for name, seed in records.missing(profile, data)]
    return [run for run in dict.fromkeys(runs) if not run.exists(data)]


# Time


class Deadline:
    """The time left, in minutes, by a clock that counts seconds."""

    def __init__(self, minutes: float, clock: Callable[[], float] = time.monotonic):
        self.clock = clock
        self._end = clock() + 60 * minutes

    def left(self) -> float:
        return (self._end - self.clock()) / 60


@dataclasses.dataclass
class Cost:
    """What a run still takes, in minutes.

    epoch        one epoch; None if unknown
    measuring    the metrics on the test images, once the network has colored them
    test_share   coloring the test images, as a multiple of an epoch
    epochs       how many epochs there are; epochs_left: how many of them are left
    """

    epoch: float | None
    measuring: float
    test_share: float
    epochs: int
    epochs_left: int

    def next_part(self, epoch: float | None = None) -> float:
        """Minutes of the next epoch and, after the last one, of measuring, with a margin.

        epoch   instead of the known length; 0 if both are unknown
        """
        epoch = (self.epoch or 0.0) if epoch is None else epoch
        minutes = epoch if self.epochs_left else 0.0
        if self.epochs_left <= 1:
            minutes += self.measuring + self.test_share * (self.epoch or epoch)
        return MARGIN * minutes


def time_measuring(device: torch.device, data: str, clock: Callable[[], float]) -> float:
    """Return the minutes that the metrics take for one test image, by a baseline on a few."""
    test = records.load_images("baseline-gray", data, "lesson")[1]
    few = test[:min(len(test), PROBE_IMAGES)].to(device)
    gray = baseline("gray", few)
    for _ in range(2):  # the first time includes what a GPU needs to get ready
        started = clock()
        records.measured(gray, few, few.ab_mean())
    return (clock() - started) / 60 / len(few)


def estimate_epoch(run: WantedRun, device: torch.device, data: str) -> float | None:
    """Return the minutes of one epoch, by the slowest record of the recipe on such a device.

    Records of other profiles count too, by their minutes per image. None without any record.
    """
    known = records.read() + records.read(records.pending_folder())
    kind = _kind(hardware(device))
    per_image = [
        r["minutes"] / r["epochs"] / _counts(r["profile"], run.recipe)[0] for r in known
        if (r["recipe"], r["data"]) == (run.recipe, data) and r["profile"] in records.SIZES
        and r["epochs"] and _kind(r["device"]) == kind]
    return max(per_image) * _counts(run.profile, run.recipe)[0] if per_image else None


def _kind(device: str) -> str:
    """A GPU's name, or "cpu" for every processor: their names say little about their speed."""
    return "cpu" if "threads" in device or "cores" in device else device


def _counts(profile: str, recipe: str) -> tuple[int, int]:
    """The numbers of training and test images."""
    found = records.image_counts(profile, recipe)
    return tuple(n or whole for n, whole in zip(found, WHOLE_SET, strict=True))


def cost_of(run: WantedRun, device: torch.device, data: str, estimate: Callable,
            per_test_image: float = 0.0) -> Cost:
    """Return what a run costs from where it stands: a checkpoint in build/runs shows how far it is.

    estimate         as `estimate_epoch`
    per_test_image   as `time_measuring` returns it
    """
    n_train, n_test = _counts(run.profile, run.recipe)
    measuring = per_test_image * n_test
    if run.recipe in records.BASELINES:
        return Cost(0.0, measuring, 0.0, 0, 0)
    recipe = recipes.get(run.recipe)
    config = recipe.training_config(run.profile, device=device)
    path = records.unfinished_path(run.recipe, data, run.profile, run.seed,
                                   config != recipe.training_config(run.profile))
    done = read_tensors(path)[1].get("epochs", []) if path.exists() else []
    epoch = done[-1]["seconds"] / 60 if done else estimate(run, device, data)
    return Cost(epoch, measuring, n_test / n_train, config.epochs, config.epochs - len(done))


class TimedImages(ImageSet):
    """Training images that end a training when its next epoch does not fit into the time left.

    A training loop asks for new batches at the start of each epoch, right after it has written the
    checkpoint of the epoch before. Stopping there loses nothing, and the loop, which knows no time
    limit, takes it for an interrupt. An epoch of unknown length is timed in its first steps and
    stopped at once if it is too long.
    """

    def __init__(self, images: ImageSet, deadline: Deadline, cost: Cost):
        super().__init__(images.pixels, images.labels, images.classes, images.name,
                         images.split_name, images.skipped)
        self.deadline, self.cost = deadline, cost
        self.stopped_for: float | None = None  # the minutes that the next part would have taken

    def to(self, device) -> TimedImages:
        """Move the pixels in place, so that one object knows whether it has stopped."""
        self.pixels = self.pixels.to(device)
        return self

    def batches(self, size: int, seed: int | None = None, *others, **keywords) -> Iterator:
        """As `ImageSet.batches`; shuffled batches, which a training asks for, are timed."""
        plain = super().batches(size, seed, *others, **keywords)
        return plain if seed is None else self._timed(plain, len(self) // size)

    def _timed(self, batches: Iterator, steps: int) -> Iterator:
        cost = self.cost
        if cost.epoch is not None:
            self._stop_unless_it_fits(cost.next_part())
        started = probe_started = self.deadline.left()
        probe_end = min(FIRST_STEPS, steps // 2)
        warm_up = min(5, probe_end // 2)  # the first steps are slower, above all on a GPU
        for step, rgb in enumerate(batches):
            if cost.epoch is None and step in (warm_up, probe_end) and probe_end:
                self._wait_for_gpu()
                if step == warm_up:
                    probe_started = self.deadline.left()
                if step == probe_end:
                    seconds = probe_started - self.deadline.left()
                    rest = seconds / (probe_end - warm_up) * (steps - probe_end)
                    self._stop_unless_it_fits(cost.next_part(rest))
            yield rgb
        self._wait_for_gpu()
        cost.epoch = started - self.deadline.left()
        cost.epochs_left -= 1

    def _stop_unless_it_fits(self, minutes: float) -> None:
        if minutes > self.deadline.left():
            self.stopped_for = minutes
            raise KeyboardInterrupt

    def _wait_for_gpu(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


# Training


@dataclasses.dataclass
class Report:
    """What became of the wanted runs: a line for each, by outcome.

    unavailable   recipes whose weights or data cannot be had here
    """

    done: list[str] = dataclasses.field(default_factory=list)
    stopped: list[str] = dataclasses.field(default_factory=list)
    failed: list[str] = dataclasses.field(default_factory=list)
    left: list[str] = dataclasses.field(default_factory=list)
    unavailable: set[str] = dataclasses.field(default_factory=set)

    def __str__(self) -> str:
        lines = []
        for title, runs in (("done", self.done), ("stopped, to be resumed", self.stopped),
                            ("failed", self.failed), ("left for another time", self.left)):
            lines.append(f"{title}: {len(runs)}")
            lines += [f"  {run}" for run in runs[:20]]
            lines += [f"  and {len(runs) - 20} more"] if len(runs) > 20 else []
        following = [*self.stopped, *self.left]
        lines.append(f"next: {following[0]}" if following else "next: nothing, all is trained")
        return "\n".join(lines)


def train_missing(minutes: float, profile: str | None = None, device: str = "auto",
                  data: str = "cifar10", clock: Callable[[], float] = time.monotonic,
                  estimate: Callable = estimate_epoch, progress: bool = True) -> Report:
    """Train missing runs for so many minutes; the same call resumes what was stopped.

    profile    only runs of this profile; None: of all that `PRIORITY` names
    data       name of the data set
    clock      returns seconds
    estimate   minutes of one epoch of a run, or None: see `estimate_epoch`
    A run that can neither end nor complete an epoch in the time left is not started. A run that
    fails, for want of a download or by diverging, does not keep the others from being trained.
    """
    deadline, report = Deadline(minutes, clock), Report()
    where = select_device(device)
    runs = wanted_runs(profile, data)
    per_test_image = time_measuring(where, data, clock) if runs and minutes > 0 else 0.0
    for run in runs:
        cost = cost_of(run, where, data, estimate, per_test_image)
        if run.recipe in report.unavailable:  # another seed needs the same files
            report.failed.append(f"{run}: needs the same files")
        elif deadline.left() <= 0:
            report.left.append(str(run))
        elif cost.next_part() > deadline.left():
            report.left.append(f"{run}: its next part takes about {cost.next_part():.1f} minutes")
        else:
            print(f"== {run}", flush=True)
            _train(run, cost, deadline, report, device, data, progress)
    return report


def _train(run: WantedRun, cost: Cost, deadline: Deadline, report: Report, device: str, data: str,
           progress: bool) -> None:
    """Train one run and write into the report what became of it."""
    started, images = deadline.left(), None
    try:
        train, test = records.load_images(run.recipe, data, run.profile, run.seed)
        images = TimedImages(train, deadline, cost)
        record = records.run(
            run.recipe, data, run.profile, run.seed, device, run.colorizer_path(data),
            images=(images, test), progress=progress, folder=records.pending_folder())
    except KeyboardInterrupt:
        if images is None or images.stopped_for is None:  # the user's own
            raise
        if cost.epochs_left < cost.epochs:
            report.stopped.append(f"{run}: {cost.epochs_left} of {cost.epochs} epochs left")
        else:
            report.left.append(f"{run}: an epoch takes {images.stopped_for:.1f} more minutes")
    except (DataUnavailable, FileNotFoundError, FloatingPointError, ValueError,
            torch.OutOfMemoryError) as error:
        report.failed.append(f"{run}: {textwrap.shorten(str(error), 200, placeholder='...')}")
        if isinstance(error, (DataUnavailable, FileNotFoundError)):
            report.unavailable.add(run.recipe)
    else:
        explained = 1 - record["metrics"]["unexplained"]
        report.done.append(f"{run}: explains {explained:.1%} of the color variance, "
                           f"{started - deadline.left():.1f} minutes")


# Packing


def pack(pieces: int = PIECES, piece_bytes: int = PIECE_BYTES) -> tuple[list[Path], list[Path]]:
    """Pack build/trained and unfinished trainings into build/trained-1.zip, -2.zip and so on.

    Returns the archives, and the files for which there was no room. Unpacked in the folder of a
    checkout, every file is where it belongs. Records come first, then checkpoints named after a
    recipe, then the other checkpoints, and last the unfinished trainings.
    """
    base = records.root().parent
    build = base / "build"
    for old in build.glob("trained-*.zip"):
        old.unlink()
    trained = sorted(records.pending_folder().glob("[!.]*.*"))
    trained.sort(key=lambda path: (path.suffix != ".json", "." in path.stem))
    contents: list[list[Path]] = []
    sizes: list[int] = []
    left_out = []
    for path in [*trained, *sorted((build / "runs").glob("[!.]*.safetensors"))]:
        # an archive stores a name twice, with 76 bytes around it; 22 bytes end the archive
        size = path.stat().st_size + 2 * len(str(path.relative_to(base)).encode()) + 76
        fitting = [i for i, used in enumerate(sizes) if used + size <= piece_bytes]
        if fitting:
            contents[fitting[0]].append(path)
            sizes[fitting[0]] += size
        elif len(sizes) < pieces and 22 + size <= piece_bytes:
            contents.append([path])
            sizes.append(22 + size)
        else:
            left_out.append(path)
    archives = [build / f"trained-{i}.zip" for i in range(1, len(contents) + 1)]
    for archive, paths in zip(archives, contents, strict=True):
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:  # weights hardly compress
            for path in paths:
                file.write(path, path.relative_to(base).as_posix())
    return archives, left_out
