"""Train what the results table lacks within a time limit, the most wanted first.

    report = train_missing(minutes=6, device="cuda")
    print(report)                                   # what was done, what is left, what comes next

The records and the trained colorizers go to build/trained, as a notebook's do:
`python -m colorlib results --collect` makes them results, on this machine or, packed by
`python -m tools pack`, on another.
"""
import dataclasses
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from colorlib.checkpoint import read_tensors
from colorlib.data.storage import DataUnavailable
from colorlib.evaluate import baseline
from colorlib.experiments import budgets, recipes, records
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
    # What the course concludes from. Painted fruit, where the right answer is known, comes first.
    ("known-truth", budgets.PAINTED, budgets.BUDGETS["known-truth"].seeds),
    ("sampler-apples", tuple(budgets.BUDGETS["sampler-apples"].epochs),
     budgets.BUDGETS["sampler-apples"].seeds),
    ("sampler", ("sampler",), records.SEEDS),
    ("sampler-apples-64", ("painted-sampler-64",), records.SEEDS),
    ("hints", ("hint-unet",), records.SEEDS),
    ("long", ("nazeri-unet", "unet-classifier", "unet-classifier-rebalanced"), (0,)),
    ("long", ("generator-l1", "perez-sigmoid-gan-l1", "perez-patchgan"), records.SEEDS),
    ("fruit-photos", ("fruit-l1", "fruit-patch34"), records.SEEDS),
    ("fruit-photos", ("fruit-patch16", "fruit-patch70"), records.SEEDS),
    ("long", ("koo-baseline-averaged", "koo-baseline"), (0,)),
    ("fruit-photos", tuple(budgets.DORSCHEIDT), (0,)),
    *((f"best-{n}", budgets.ENCODERS, records.SEEDS) for n in budgets.BEST_EPOCHS),
    ("long", ("generator-squared-error", "perez-patchgan-no-l1", "perez-sigmoid-gan"), (0,)),
    # Then every system once, those that a notebook is about before their variants.
    ("lesson", HEADLINE + IN_LESSON, (0,)),
    # More seeds show how far a difference between two systems can be trusted.
    ("lesson", HEADLINE, (1, 2)),
    ("lesson", IN_LESSON, (1, 2)),
    # The comparisons of notebook 07, each incomplete until all of its rows are there.
    *((f"transfer-{n}", tuple(recipes.TRANSFER), records.SEEDS) for n in recipes.TRANSFER_IMAGES),
    ("same-time", tuple(recipes.SAME_TIME), records.SEEDS),
    ("same-pictures", ("dahl-residual-encoder",), records.SEEDS),
    # The ablations of notebook 06 support a point; they are no systems of their own.
    ("ablation", tuple(recipes.ABLATIONS), records.SEEDS),
    # Hours even on a GPU: systems too large for a lesson, then long trainings of the others.
    ("full", TOO_LARGE + HEADLINE, (0,)),
)

WHOLE_SET = (50_000, 10_000)  # training and test images of CIFAR-10
MARGIN = 1.2  # a run may take this much longer than estimated: other programs share the machine
PROBE_IMAGES = 200  # test images from which the time of measuring is estimated
FIRST_TIMED, LAST_TIMED = 5, 20  # steps between which an epoch is timed; a GPU starts slowly


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
        """Return where to keep the colorizer."""
        # These two go to colorlib/checkpoints: the lesson's first seed, by the recipe's name alone,
        # and beside it that of a longer budget.
        name = f"{self.recipe}.{data}.{self.profile}.s{self.seed}"
        budget = budgets.BUDGETS.get(self.profile)
        if self.profile == "lesson" and self.seed == 0:
            name = self.recipe
        elif budget and budget.collected and self.seed == 0 and data == budget.data[0]:
            name = f"{self.recipe}.{self.profile}"
        return records.pending_folder() / f"{name}.safetensors"

    def image_counts(self) -> tuple[int, int]:
        """Return the numbers of training and test images."""
        counts = records.image_counts(self.profile, self.recipe)
        return tuple(n or whole for n, whole in zip(counts, WHOLE_SET, strict=True))


def wanted_runs(profile: str | None = None, data: str = "cifar10") -> list[WantedRun]:
    """Return the runs that the table lacks, the most wanted first; profile: only those of it."""
    if profile is not None:
        records.image_counts(profile)  # ValueError for an unknown profile
    runs = [WantedRun(name, row_profile, seed) for row_profile, names, seeds in PRIORITY
            for seed in seeds for name in names if profile in (None, row_profile)]
    if profile is None:  # a budget is for certain data sets
        runs = [run for run in runs if run.profile not in budgets.BUDGETS
                or data in budgets.BUDGETS[run.profile].data]
    if profile is not None:  # also the runs of this profile that no row of PRIORITY names
        runs += [WantedRun(name, profile, seed) for name, seed in records.missing(profile, data)]
    return [run for run in dict.fromkeys(runs) if not run.exists(data)]


# Time, in minutes


@dataclasses.dataclass
class Cost:
    """What a run still takes, in minutes."""

    epoch: float | None  # one epoch; None if unknown
    measuring: float  # the metrics on the test images, once the network has colored them
    test_share: float  # coloring the test images, as a multiple of an epoch
    epochs: int
    epochs_left: int

    def next_part(self, epoch: float | None = None) -> float:
        """Minutes of the next epoch and, after the last one, of measuring, with a margin.

        epoch   the rest of an epoch that has begun
        """
        if epoch is None:
            epoch = self.epoch or 0.0  # of unknown length: what is certain is the measuring
        minutes = epoch if self.epochs_left else 0.0
        if self.epochs_left <= 1:
            minutes += self.measuring + self.test_share * (self.epoch or epoch)
        return MARGIN * minutes


class TimeLimit:
    """Ends a training when its next part does not fit into the time left: `stop` of `train.fit`.

    It asks between two epochs, where nothing is lost. An epoch of unknown length is timed in its
    first steps, and stopped at once if it is too long.
    """

    def __init__(self, left: Callable[[], float], cost: Cost, device: torch.device):
        self.left, self.cost, self.device = left, cost, device
        self.epoch_began: float | None = None  # by the minutes that were left then
        self.too_long: float | None = None  # minutes of the part that did not fit

    def __call__(self, step: int, steps_per_epoch: int) -> bool:
        position = step % steps_per_epoch
        last = min(LAST_TIMED, steps_per_epoch // 2)
        first = min(FIRST_TIMED, last // 2)
        if position and (self.cost.epoch is not None or position not in (first, last)):
            return False
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)  # else the clock is read before the steps are taken
        left = self.left()
        if position == 0:
            if self.epoch_began is not None:  # now it is known how long an epoch takes
                self.cost.epoch = self.epoch_began - left
                self.cost.epochs_left -= 1
            self.epoch_began = self.timing_began = left
            needed = self.cost.next_part()
        elif position == first:
            self.timing_began = left
            return False
        else:
            per_step = (self.timing_began - left) / (last - first)
            needed = self.cost.next_part(per_step * (steps_per_epoch - last))
        if needed > left:
            self.too_long = needed
        return needed > left


def time_measuring(device: torch.device, data: str, clock: Callable[[], float],
                   profile: str | None = None) -> float:
    """Return the minutes that the metrics take for one test image, timed on a few."""
    profile = profile if profile in budgets.BUDGETS else "lesson"
    test = records.load_images("baseline-gray", data, profile)[1]
    few = test[:min(len(test), PROBE_IMAGES)].to(device)
    gray = baseline("gray", few)
    for _ in range(2):  # the first time includes what a GPU needs to get ready
        started = clock()
        records.measured(gray, few, few.ab_mean())
    return (clock() - started) / 60 / len(few)


def estimate_epoch(run: WantedRun, device: torch.device, data: str) -> float | None:
    """Return the minutes of one epoch, by the slowest record of the recipe on such a device.

    None without any record; those of other profiles count by their minutes per image.
    """
    wanted = run.recipe, data, _kind(hardware(device))
    per_image = []
    for record in records.read() + records.read(records.pending_folder()):
        # Profiles such as "lesson-3-epochs" are left out: they are not in the table of sizes.
        known = record["epochs"] and record["profile"] in records.SIZES
        if known and (record["recipe"], record["data"], _kind(record["device"])) == wanted:
            n_train, _ = WantedRun(run.recipe, record["profile"], 0).image_counts()
            per_image.append(record["minutes"] / record["epochs"] / n_train)
    return max(per_image) * run.image_counts()[0] if per_image else None


def _kind(device: str) -> str:
    """A GPU's name, or "cpu" for every processor: their names say little about their speed."""
    return "cpu" if "threads" in device or "cores" in device else device


def cost_of(run: WantedRun, device: torch.device, data: str, estimate: Callable,
            per_test_image: float = 0.0) -> Cost:
    """Return what is left of a run; per_test_image: as `time_measuring` returns it."""
    n_train, n_test = run.image_counts()
    measuring = per_test_image * n_test
    if run.recipe in records.BASELINES:
        return Cost(0.0, measuring, 0.0, 0, 0)
    recipe = recipes.get(run.recipe)
    config = recipe.training_config(run.profile, device=device)
    on_gpu = config != recipe.training_config(run.profile)
    path = records.unfinished_path(run.recipe, data, run.profile, run.seed, on_gpu)
    # A checkpoint in build/runs shows how far an earlier call came, and how fast.
    done = read_tensors(path)[1].get("epochs", []) if path.exists() else []
    epoch = done[-1]["seconds"] / 60 if done else estimate(run, device, data)
    return Cost(epoch, measuring, n_test / n_train, config.epochs, config.epochs - len(done))


# Training


@dataclasses.dataclass
class Report:
    """What became of the wanted runs: a line for each, by outcome."""

    done: list[str] = dataclasses.field(default_factory=list)
    stopped: list[str] = dataclasses.field(default_factory=list)
    failed: list[str] = dataclasses.field(default_factory=list)
    left: list[str] = dataclasses.field(default_factory=list)

    def __str__(self) -> str:
        lines = []
        for title, runs in (("done", self.done), ("stopped, to be resumed", self.stopped),
                            ("failed", self.failed), ("left for another time", self.left)):
            lines += [f"{title}: {len(runs)}", *(f"  {run}" for run in runs[:20])]
            if len(runs) > 20:
                lines.append(f"  and {len(runs) - 20} more")
        following = [*self.stopped, *self.left, "nothing, all is trained"]
        return "\n".join([*lines, f"next: {following[0]}"])


def train_missing(minutes: float, profile: str | None = None, device: str = "auto",
                  data: str = "cifar10", clock: Callable[[], float] = time.monotonic,
                  estimate: Callable = estimate_epoch, progress: bool = True) -> Report:
    """Train missing runs for so many minutes; the same call resumes what was stopped.

    profile           only runs of this profile; None: of all that `PRIORITY` names
    data              the data set, whose results are searched for missing runs
    clock             returns seconds
    estimate          returns the minutes of an epoch of a run, or None: see `estimate_epoch`
    A run that can neither end nor complete an epoch in the time left is not started. A run that
    fails, for want of a download or by diverging, does not keep the others from being trained.
    """
    end = clock() + 60 * minutes

    def left() -> float:
        return (end - clock()) / 60

    report, unavailable = Report(), set()
    where = select_device(device)
    runs = wanted_runs(profile, data)
    per_test_image = 0.0
    if runs and minutes > 0:
        per_test_image = time_measuring(where, data, clock, profile)
    for run in runs:
        cost = cost_of(run, where, data, estimate, per_test_image)
        if run.recipe in unavailable:  # another seed needs the same files
            report.failed.append(f"{run}: needs the same files")
        elif left() <= 0:
            report.left.append(str(run))
        elif cost.next_part() > left():
            report.left.append(f"{run}: its next part takes about {cost.next_part():.1f} minutes")
        else:
            try:
                with _alone(run, data):
                    if run.exists(data):  # by now: another process has trained it
                        continue
                    print(f"== {run}", flush=True)
                    _train(run, TimeLimit(left, cost, where), report, device, data, progress)
            except Timeout:
                report.left.append(f"{run}: another process is training it")
            except (DataUnavailable, FileNotFoundError, FloatingPointError, ValueError,
                    torch.OutOfMemoryError) as error:
                reason = textwrap.shorten(str(error), 200, placeholder="...")
                report.failed.append(f"{run}: {reason}")
                if isinstance(error, (DataUnavailable, FileNotFoundError)):
                    unavailable.add(run.recipe)
    return report


def _alone(run: WantedRun, data: str) -> FileLock:
    """Return the lock that a process holds while it trains a run; Timeout if another has it."""
    path = records.unfinished_path(run.recipe, data, run.profile, run.seed).with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path, timeout=0)  # the system frees it when the process ends, however it ends


def _train(run: WantedRun, limit: TimeLimit, report: Report, device: str, data: str,
           progress: bool) -> None:
    """Train one run; write into the report what became of it, unless it fails."""
    before, cost = limit.left(), limit.cost
    try:
        record = records.run(run.recipe, data, run.profile, run.seed, device,
                             run.colorizer_path(data), progress=progress,
                             folder=records.pending_folder(), stop=limit)
    except KeyboardInterrupt:
        if limit.too_long is None:  # the user's own interrupt, which ends everything
            raise
        if cost.epochs_left < cost.epochs:
            report.stopped.append(f"{run}: {cost.epochs_left} of {cost.epochs} epochs left")
        else:
            report.left.append(f"{run}: an epoch takes {limit.too_long:.1f} more minutes")
    else:
        explained = 1 - record["metrics"]["unexplained"]
        report.done.append(f"{run}: explains {explained:.1%} of the color variance, "
                           f"{before - limit.left():.1f} minutes")
