"""The frame around a training loop: device and precision, logging, interrupts, checkpoints.

`train.fit` and `train_gan.fit_gan` read as plain loops because a `TrainingRun` does the rest:

    run = TrainingRun(config, seed=0, device="auto", checkpoint="koo.safetensors")
    learner = run.add_network("", net, config, steps)
    run.resume(description)
    with run:                                  # an interrupt keeps what was learned
        for epoch in run.epochs():             # seeds each epoch, writes a checkpoint after it
            ...
            run.log(loss=loss)                 # finds a loss that is not finite
"""

import contextlib
import dataclasses
import importlib.util
import json
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from colorlib import checkpoint as checkpoints
from colorlib.data.image_set import check_seed
from colorlib.distributed import Processes
from colorlib.hardware import best_precision, keep_freed_memory, select_device
from colorlib.optimizers import make_optimizer, make_schedule
from colorlib.paths import expand

CHECK_EVERY = 50  # steps between two looks at the loss on a CPU; a GPU is asked once an epoch
WORTH_COMPILING = 1000  # steps of a training; a guess, until it is measured on a GPU
PRECISIONS = {"no": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class TrainingDiverged(FloatingPointError):
    """The loss, or a weight, is no longer a finite number.

    `step` says where (the first is 1), `checkpoint` is the last good one, or None.
    """

    def __init__(self, step: int, what: str, checkpoint: Path | None):
        self.step, self.checkpoint = step, checkpoint
        good = f"the last good checkpoint is {checkpoint}"
        kept = good if checkpoint else "no checkpoint was kept"
        super().__init__(f"{what} at step {step}; {kept}. A lower learning rate is the usual cure.")


@dataclasses.dataclass
class TrainingHistory:
    """What a training did; history["loss"] is the loss of each epoch.

    epochs        one dict an epoch: epoch, loss, lr, seconds, and validation_loss if asked for; of
                  a GAN also what `train_gan.gan_step` returns
    watched       what `watch` returned, one dict a call, with its step
    interrupted   whether it was stopped; partial: whether the one epoch in it is not whole
    """

    epochs: list[dict] = dataclasses.field(default_factory=list)
    watched: list[dict] = dataclasses.field(default_factory=list)
    interrupted: bool = False
    partial: bool = False

    def __getitem__(self, name: str) -> list[float]:
        return [epoch[name] for epoch in self.epochs]

    @property
    def minutes(self) -> float:
        """Minutes of training, validation left out."""
        return sum(self["seconds"]) / 60


@dataclasses.dataclass
class Learner:
    """A network as the loop calls it, with its optimizer and learning rates."""

    net: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler


class TrainingRun:
    """One training. The arguments are those of `train.fit`; see the module's docstring."""

    def __init__(self, config, seed: int = 0, device: str | torch.device = "auto",
                 precision: str = "auto", checkpoint: str | Path | None = None,
                 progress: bool = True, watch: Callable[[], dict] | None = None, every: int = 100,
                 stop: Callable[[int, int], bool] | None = None):
        self.processes = Processes(select_device(device) if isinstance(device, str) else device)
        self.device = self.processes.device
        self.precision = best_precision(self.device) if precision == "auto" else precision
        if self.precision not in PRECISIONS:
            known = "auto, no (float32), bf16 or fp16"
            raise ValueError(f"unknown precision {precision!r}: expected {known}")
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=self.precision == "fp16")
        self.config, self.seed = config, check_seed(seed)
        self.watch, self.every, self.stop = watch, every, stop
        self.file = expand(checkpoint) if checkpoint else None
        self.progress = progress and self.processes.rank == 0
        self.history = TrainingHistory()
        self.learners: dict[str, Learner] = {}
        self.row: dict = {}  # of the epoch that runs, for the history
        self.step = 0  # how many steps were taken, earlier epochs included
        self.cleanup = contextlib.ExitStack()  # what is undone when the loop ends, however it ends
        # Of the epoch that runs: what each step logged, how many of these were checked, and the
        # seconds that were no training.
        self._logged: list[Tensor] = []
        self._checked, self._not_counted = 0, 0.0

    def add_network(self, prefix: str, net: nn.Module, config, steps: int,
                    broadcast_buffers: bool = True) -> Learner:
        """Put a network on the device and give it an optimizer and a schedule of `steps` an epoch.

        prefix   for its names in the checkpoint: "" for the network of interest
        """
        self.steps_per_epoch = steps
        # channels_last: convolutions are faster with an image's channels side by side in memory.
        net.to(self.device, memory_format=torch.channels_last)
        net = self.processes.wrap(net, broadcast_buffers)
        optimizer = make_optimizer(net.parameters(), config)
        learner = Learner(net, optimizer, make_schedule(optimizer, config, steps))
        self.learners[prefix] = learner
        return learner

    def resume(self, description: dict, data=None) -> None:
        """Go on from the checkpoint, if there is one; ValueError if its description is another.

        data   what is trained on; an ImageSet is known by the digest of its pixels
        """
        if self.file and hasattr(data, "digest"):
            description = description | {"digest": data.digest()}
        self.description = description | {
            "world": self.processes.count, "precision": self.precision, "seed": self.seed}
        if self.file and self.file.exists():
            checkpoints.resume(self.file, self)

    def compile(self, net: nn.Module, compiled: bool | str) -> nn.Module:
        """The network as the loop calls it: compiled, or as it is. See `train.fit`."""
        if compiled == "auto":
            # Triton, which writes the kernels, needs CUDA and compute capability 7.
            compiled = (self.steps_per_epoch * self.config.epochs >= WORTH_COMPILING
                        and self.device.type == "cuda" and bool(importlib.util.find_spec("triton"))
                        and torch.cuda.get_device_capability(self.device) >= (7, 0))
        if not compiled or self.processes.count > 1:
            return net
        # reduce-overhead: CUDA graphs, so that Python does not wait between two kernels
        mode = "reduce-overhead" if self.device.type == "cuda" else "default"
        return torch.compile(net, mode=mode, dynamic=False)

    def autocast(self) -> torch.autocast:
        """Mixed precision: convolutions in bf16 or fp16, sums in float32 (or all in float32)."""
        dtype = PRECISIONS[self.precision]
        return torch.autocast(self.device.type, dtype=dtype, enabled=dtype != torch.float32)

    def epochs(self) -> Iterator[int]:
        """The epochs that are left, counted from 0."""
        self.step = len(self.history.epochs) * self.steps_per_epoch
        self._call_watch()
        first = next(iter(self.learners.values()))
        for epoch in range(len(self.history.epochs), self.config.epochs):
            self._ask_stop()
            torch.manual_seed(epoch_seed(self.seed, epoch) + self.processes.rank)
            self.row = {"epoch": epoch + 1, "lr": first.optimizer.param_groups[0]["lr"]}
            self._logged, self._checked, self._not_counted = [], 0, 0.0
            self._kept = self.file if self.file and self.file.exists() else None
            for learner in self.learners.values():
                learner.net.train()
            title = f"epoch {epoch + 1}/{self.config.epochs}"
            self._bar = tqdm(total=self.steps_per_epoch, desc=title, disable=not self.progress,
                             leave=False, mininterval=1.0)
            self.cleanup.callback(self._bar.close)
            self._started = time.perf_counter()
            yield epoch
            self._end_epoch()

    def log(self, **values: Tensor) -> None:
        """Keep what a step measured; call it once after each step. The first value is the loss."""
        self._names = list(values)  # before what they name: an interrupt may come in between
        # stack copies, and has to: the next step overwrites a loss of a compiled network
        self._logged.append(torch.stack([value.detach().float() for value in values.values()]))
        self._bar.update(1)
        self.step += 1
        if self.device.type == "cpu" and len(self._logged) - self._checked >= CHECK_EVERY:
            self._check()
        self._call_watch()
        # After an epoch's last step it is for `epochs` to ask, when the checkpoint is written.
        if self.step % self.steps_per_epoch:
            self._ask_stop()

    @contextlib.contextmanager
    def not_counted(self) -> Iterator[None]:
        """What happens inside is no training time, and comes only if the loss is finite."""
        self._check()  # waits for the steps that a GPU still has to take: they are training time
        started = time.perf_counter()
        try:
            yield
        finally:
            self._not_counted += time.perf_counter() - started

    def __enter__(self) -> "TrainingRun":
        self.cleanup.enter_context(keep_freed_memory())
        self.cleanup.enter_context(self._fork_rng())
        self.cleanup.enter_context(warnings.catch_warnings())
        # In a GAN's first step an update may be left out, and the schedule still goes on.
        warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step")
        return self

    def __exit__(self, kind, error, trace) -> bool:
        """Leave the networks in evaluation mode. An interrupt ends the training quietly."""
        for learner in self.learners.values():
            learner.net.eval()
            learner.optimizer.zero_grad()  # frees the gradients
        self.cleanup.close()
        if kind is None or not issubclass(kind, KeyboardInterrupt):
            return False  # an error goes on to the caller
        self.history.interrupted = True
        if self._logged and not self.history.epochs:  # the first epoch: as far as it came
            self.history.partial = True
            self._finish_row(torch.stack(self._logged).mean(0))  # other processes may be elsewhere
        print("interrupted: what was learned so far is kept")
        return True

    def _fork_rng(self):
        """Give the caller's random numbers back in the end."""
        return torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else [])

    def _end_epoch(self) -> None:
        self._check()
        self._bar.close()
        for learner in self.learners.values():
            if not torch.stack([p.isfinite().all() for p in learner.net.parameters()]).all():
                raise TrainingDiverged(self.step, "a weight is no finite number", self._kept)
        self._finish_row(self.processes.mean(torch.stack(self._logged).mean(0)))
        if self.progress:
            validation = self.row.get("validation_loss")
            more = "" if validation is None else f"  validation {validation:.5f}"
            loss, seconds = self.row["loss"], self.row["seconds"]
            print(f"{self._bar.desc}  loss {loss:.5f}{more}  {seconds:.0f} s", flush=True)
        if self.file and self.processes.rank == 0:
            checkpoints.save_training(self.file, self)
        self.processes.wait()  # nobody resumes from a file that is not there yet

    def _finish_row(self, means: Tensor) -> None:
        """Append this epoch's means and seconds to the history."""
        self.row |= dict(zip(self._names, means.tolist(), strict=True))
        self.row["seconds"] = time.perf_counter() - self._started - self._not_counted
        self.history.epochs.append(self.row)

    def _check(self) -> None:
        """TrainingDiverged if a value logged since the last check is not finite."""
        fresh = self._logged[self._checked :]
        if not fresh:
            return
        values = torch.stack(fresh).cpu()  # steps, names; here a GPU is waited for
        bad = (~values.isfinite()).nonzero()
        if len(bad):
            first, which = bad[0].tolist()
            what = f"the {self._names[which]} became {float(values[first, which])}"
            raise TrainingDiverged(self.step - len(fresh) + first + 1, what, self._kept)
        self._bar.set_postfix(loss=f"{float(values[:, 0].mean()):.4f}")
        self._checked = len(self._logged)

    def _ask_stop(self) -> None:
        if self.stop and self.stop(self.step, self.steps_per_epoch):
            raise KeyboardInterrupt  # so that it ends as if the user had stopped it

    def _call_watch(self) -> None:
        """Let `watch` look at the networks, without the training noticing."""
        watched = self.history.watched
        seen_before = watched and watched[-1]["step"] >= self.step  # by the run that was resumed
        if not self.watch or self.step % self.every or seen_before:
            return
        networks = [learner.net for learner in self.learners.values()]
        with self.not_counted(), preserve_state(*networks), self._fork_rng():
            seen = {"step": self.step} | self.watch()
            watched.append(json.loads(json.dumps(seen)))  # a checkpoint must be able to hold it


@contextlib.contextmanager
def preserve_state(*networks: nn.Module) -> Iterator[None]:
    """Restore train/eval mode and batch-norm buffers on exit."""
    modes = [net.training for net in networks]
    buffers = [(buffer, buffer.clone()) for net in networks for buffer in net.buffers()]
    try:
        yield
    finally:
        for net, mode in zip(networks, modes, strict=True):
            net.train(mode)
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)


@contextlib.contextmanager
def only_if(update: Tensor, optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Take back what happens inside to weights and optimizer state, unless `update` is True.

    update   bool, 0-dimensional, on the weights' device: nobody waits for the device to say
    """

    def tensors(p: nn.Parameter) -> dict[str, Tensor]:
        # The only state elsewhere is a step counter, which is never read.
        return {"weight": p.detach()} | {
            name: value for name, value in optimizer.state.get(p, {}).items()
            if torch.is_tensor(value) and value.device == update.device}

    weights = [p for group in optimizer.param_groups for p in group["params"]]
    before = [{name: value.clone() for name, value in tensors(p).items()} for p in weights]
    yield
    for p, old in zip(weights, before, strict=True):
        for name, value in tensors(p).items():
            was = old.get(name, torch.zeros_like(value))  # the optimizer's new state began at zero
            value.copy_(torch.where(update, value, was))


def epoch_seed(seed: int, epoch: int) -> int:
    """A seed for each epoch, so that an epoch does not depend on how many ran before it."""
    return (check_seed(seed) * 1_000_003 + epoch * 7919 + 1) % 2**31
