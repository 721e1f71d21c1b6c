"""Training: one plain loop, `fit`, and the steps it can take.

    history = fit(colorizer, images, regression_step, Settings(epochs=8), checkpoint="runs/k1.safetensors")

The loop takes a batch of uint8 images, asks the colorizer's head what the network sees and must answer, asks the step
for a loss, and descends. An `adversarial.Adversary` in place of the step brings a second network: then two of them
take turns. Device, precision and processes are Accelerate's: `accelerate launch -m colorlib train RECIPE`
trains on several machines. Built step by step in notebook 03.
"""
from __future__ import annotations

import ctypes
import dataclasses
import json
import math
import platform
import time
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.state import AcceleratorState, PartialState
from torch import Tensor, nn
from tqdm import tqdm

from colorlib import losses
from colorlib.color_bins import SoftTarget
from colorlib.colorizer import Colorizer, read_tensors, write_tensors

Step = Callable[[nn.Module, Tensor, Any], Tensor]
SCHEDULES = ("onecycle", "constant", "koo", "drops")
CHECK_EVERY = 50                                    # steps between two looks at the loss (each costs a device sync)


@dataclasses.dataclass(frozen=True)
class Settings:
    """How to train. ValueError on a value that makes no sense.

    schedule: "onecycle" (up to lr over a quarter of the steps, then down to nearly 0, the momentum the other way from
    0.95 to 0.85 and back, whatever `momentum` says; Smith 2018), "constant", "koo" (K, section 5.1:
    lr / (1 + 1e-7 step), halved every 25 epochs), or "drops" (a tenth from 60 percent of the steps on, a hundredth from
    85: where N divides by hand). flip: mirror half of the images. momentum: for Adam its beta1.
    """

    epochs: int
    batch_size: int = 128
    optimizer: str = "adamw"
    lr: float = 4e-3
    momentum: float = 0.9
    weight_decay: float = 0.01
    schedule: str = "onecycle"
    flip: bool = False

    def __post_init__(self):
        if self.epochs < 1 or self.batch_size < 1:
            raise ValueError(f"epochs and batch_size must be at least 1, got {self.epochs} and {self.batch_size}")
        if not self.lr > 0 or not math.isfinite(self.lr):
            raise ValueError(f"lr must be positive, got {self.lr}")
        if not 0 <= self.momentum < 1 or not 0 <= self.weight_decay < math.inf:
            raise ValueError("momentum must lie in 0...1 and weight_decay be at least 0, "
                             f"got {self.momentum} and {self.weight_decay}")
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"unknown optimizer {self.optimizer!r}: expected one of {', '.join(OPTIMIZERS)}")
        if self.schedule not in SCHEDULES:
            raise ValueError(f"unknown schedule {self.schedule!r}: expected one of {', '.join(SCHEDULES)}")

    def but(self, **changes) -> Settings:
        """The same settings with some changed."""
        return dataclasses.replace(self, **changes)


class AdadeltaNesterov(torch.optim.Adadelta):
    """ADADELTA (Zeiler 2012) whose steps go through Nesterov momentum: v = m v + step, then w = w + m v + step.

    Source D's table II says "ADADELTA with momentum", its text adds Nesterov's, and no more. ADADELTA sets its own step
    lengths, so that momentum is no part of it; libraries of that time could lay it over the steps of any optimizer,
    which is done here.
    lr = 1 is Zeiler's rule. With momentum m a steady step becomes 1 / (1 - m) times as long.
    """

    def __init__(self, params, lr: float = 1.0, rho: float = 0.95, eps: float = 1e-6, weight_decay: float = 0.0,
                 momentum: float = 0.9):
        super().__init__(params, lr=lr, rho=rho, eps=eps, weight_decay=weight_decay)
        self.defaults["momentum"] = momentum
        for group in self.param_groups:
            group["momentum"] = momentum

    @torch.no_grad()
    def step(self, closure=None):
        """One step of all weights that have a gradient."""
        if closure is not None:
            raise ValueError("a closure is not supported")
        moved = [(group, p, p.clone()) for group in self.param_groups for p in group["params"] if p.grad is not None]
        super().step()
        for group, p, before in moved:
            step, momentum = p - before, group["momentum"]
            velocity = self.state[p].setdefault("velocity", torch.zeros_like(p))
            velocity.mul_(momentum).add_(step)
            p.copy_(before + momentum * velocity + step)


# fused: a step in one pass through memory; not where losses are scaled (fp16), since it then skips steps unseen
OPTIMIZERS = {
    "adamw": lambda p, s, fused=True: torch.optim.AdamW(p, s.lr, weight_decay=s.weight_decay, fused=fused),
    "adam": lambda p, s, fused=True: torch.optim.Adam(p, s.lr, betas=(s.momentum, 0.999)),
    "adadelta": lambda p, s, fused=True: AdadeltaNesterov(p, s.lr, momentum=s.momentum, weight_decay=s.weight_decay),
    "rmsprop": lambda p, s, fused=True: torch.optim.RMSprop(p, s.lr, alpha=0.9, momentum=s.momentum,    # Hinton's 0.9
                                                            weight_decay=s.weight_decay),
    "sgd": lambda p, s, fused=True: torch.optim.SGD(p, s.lr, momentum=s.momentum, weight_decay=s.weight_decay),
}


class TrainingDiverged(FloatingPointError):
    """The loss, or a weight, is no longer a finite number.

    `step` says where (the first is 1), `checkpoint` is the last good one, or None.
    """

    def __init__(self, step: int, what: str, checkpoint: Path | None):
        self.step, self.checkpoint = step, checkpoint
        kept = f"the last good checkpoint is {checkpoint}" if checkpoint else "no checkpoint was kept"
        super().__init__(f"{what} at step {step}; {kept}. A lower learning rate is the usual cure.")


@dataclasses.dataclass
class History:
    """What a training did: one dict an epoch (epoch, loss, lr, seconds, and validation_loss if asked for).

    Of a GAN also what `adversarial.gan_step` tells. watched: what `fit`'s `watch` saw, one dict a look, with its step.
    """

    epochs: list[dict] = dataclasses.field(default_factory=list)
    watched: list[dict] = dataclasses.field(default_factory=list)
    interrupted: bool = False
    partial: bool = False                               # the one epoch in it was interrupted

    def __getitem__(self, name: str) -> list[float]:
        return [epoch[name] for epoch in self.epochs]

    @property
    def minutes(self) -> float:
        """Minutes of training, validation left out."""
        return sum(self["seconds"]) / 60


def regression_step(net: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Squared error of a network's answer: x (N, 1, H, W), y (N, C, H, W) in the head's units -> scalar loss."""
    return losses.squared_error(net(x), y)


def absolute_step(net: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Mean absolute error of a network's answer, as the L1 term of a GAN: x (N, 1, H, W), y (N, C, H, W) -> scalar."""
    return (net(x) - y).abs().mean()


def blurred_step(net: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """A3's loss of a network's answer: x (N, 1, H, W), y (N, C, H, W) in the head's units -> scalar loss."""
    return losses.blurred_distances(net(x), y)


def classification_step(net: nn.Module, x: Tensor, y: SoftTarget) -> Tensor:
    """Cross-entropy against soft targets: x (N, 1, H, W), y of a `BinsHead`, rebalanced or not -> scalar loss, nats."""
    return losses.soft_cross_entropy(net(x), *y)


def device_of(name: str = "auto") -> torch.device:
    """The device that "auto", "cpu", "cuda", "cuda:1" or "mps" stands for; ValueError if it is not there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        known = device.type in ("cpu", "cuda", "mps")
    except RuntimeError:
        known = False
    if not known:
        raise ValueError(f"unknown device {name!r}: expected auto, cpu, cuda or mps")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device {name!r} was asked for, but this machine has no CUDA GPU: use auto or cpu")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ValueError(f"device {name!r} was asked for, but this machine has no MPS: use auto or cpu")
    return device


def precision_of(device: torch.device | str = "cpu") -> str:
    """The precision that trains fastest there without harm.

    "bf16": CPUs with AVX512-BF16 or AMX, GPUs from Ampere on; "fp16": other GPUs, with loss scaling; "no": float32.
    """
    device = torch.device(device)
    if device.type == "cuda":
        return "bf16" if torch.cuda.get_device_capability(device) >= (8, 0) else "fp16"
    if device.type == "cpu":
        asked = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        if any(getattr(torch.cpu, name, bool)() for name in asked):
            return "bf16"
    return "no"


def fit(colorizer: Colorizer, images, step: Step, settings: Settings, *, seed: int = 0, validation=None,
        checkpoint: str | Path | None = None, device: str | torch.device = "auto", precision: str = "auto",
        progress: bool = True, watch: Callable[[], dict] | None = None, every: int = 100) -> History:
    """Train a colorizer on an ImageSet; it is changed in place and left on the device, in evaluation mode.

    step         (net, x, y) -> scalar loss; `regression_step`, or one you wrote. Or an `adversarial.Adversary`, whose
                 network is trained beside the colorizer's
    seed         order and mirroring of the images, and dropout; the same run twice on a CPU
    validation   an ImageSet whose loss is taken after each epoch
    checkpoint   a file written after each epoch. If it is there, training goes on from it, on a CPU to the same bits as
                 if it had never stopped; ValueError if it belongs to another training (one plain step is not told from
                 another)
    precision    "auto" (see `precision_of`), "no" (float32), "bf16" or "fp16"
    watch        called before the first step and after each `every` steps; what it returns, plain numbers by name, goes
                 to history.watched. It may use both networks in any mode, and random numbers: the training does not
                 notice, and its time is not counted

    An interrupt (the stop button) ends the training and keeps what was learnt; in the first epoch, the history holds
    that epoch as far as it came. A loss that is not finite raises `TrainingDiverged`. With several processes each takes
    its part of a batch that is as many times larger. On GPUs batch norm then sees the whole batch, on CPUs each
    process's part. `accelerate launch --multi_gpu --num_processes 2` starts two on CPUs too; with `--cpu` it would
    start one.
    """
    device = device_of(device) if isinstance(device, str) else device
    accelerator = _accelerator(device, precision_of(device) if precision == "auto" else precision,
                               broadcast=not hasattr(step, "update"))
    world, rank = accelerator.num_processes, accelerator.process_index
    images = images.to(accelerator.device)
    per_epoch = len(images) // (settings.batch_size * world)
    if not per_epoch:
        raise ValueError(f"{len(images)} images do not fill one batch of {settings.batch_size * world}")
    _keep_freed_memory()

    rival = step.net if hasattr(step, "update") else None       # an adversary brings a network and settings of its own
    if rival is not None and validation is not None:
        raise ValueError("a GAN has no loss that falls as it gets better: validation=None, and watch, or diagnose")
    several = world > 1 and accelerator.device.type == "cuda"
    colorizer.to(accelerator.device, memory_format=torch.channels_last)
    if several:
        colorizer.net = nn.SyncBatchNorm.convert_sync_batchnorm(colorizer.net)
    fused = accelerator.mixed_precision != "fp16"
    players = {"": _Player.of(colorizer.net, settings, per_epoch, fused)}
    if rival is not None:
        rival.to(accelerator.device, memory_format=torch.channels_last)
        step.net = rival = nn.SyncBatchNorm.convert_sync_batchnorm(rival) if several else rival
        players["rival."] = _Player.of(rival, step.settings.but(epochs=settings.epochs), per_epoch, fused)
    history, watching = History(), [0.0]                # seconds of this epoch that went into looking
    about = {f"settings.{k}": v for k, v in dataclasses.asdict(settings).items()}
    size = "x".join(map(str, images.size))
    about |= {"seed": seed, "images": f"{len(images)} of {images.name}, {size}", "world": world,
              "head": repr(colorizer.head),
              "net": getattr(colorizer.net, "config", type(colorizer.net).__name__),
              "precision": accelerator.mixed_precision}
    about["step"] = None if rival is None else repr(step)
    checkpoint = Path(checkpoint) if checkpoint else None
    if checkpoint and checkpoint.exists():
        _resume(checkpoint, about, players, history)
    for player in players.values():
        player.net, player.optimizer = accelerator.prepare(player.net, player.optimizer)
    show = progress and accelerator.is_main_process
    row, seen, started = {}, [], time.perf_counter()    # of the epoch that runs: what is known, what its steps told
    devices = [accelerator.device] if accelerator.device.type == "cuda" else []

    def look(done: int) -> None:
        """What `watch` sees after so many steps."""
        if watch and done % every == 0 and not (history.watched and history.watched[-1]["step"] >= done):
            started = time.perf_counter()
            with undisturbed(*(player.net for player in players.values())), torch.random.fork_rng(devices=devices):
                history.watched.append(json.loads(json.dumps({"step": done} | watch())))    # a checkpoint must hold it
            watching[0] += time.perf_counter() - started

    def update(x: Tensor, y: Any, done: int) -> dict[str, Tensor]:
        """One step of the one network, or of the two; what it costs."""
        main = players[""]
        if rival is not None:
            other = players["rival."]
            told = step.update(main.net, other.net, (main.optimizer, other.optimizer), x, y, done,
                               backward=accelerator.backward, mean=lambda t: accelerator.reduce(t, reduction="mean"))
        else:
            main.optimizer.zero_grad()
            loss = step(main.net, x, y)
            accelerator.backward(loss)
            main.optimizer.step()
            told = {"loss": loss.detach()}
        for player in players.values():
            player.advance()
        look(done + 1)
        return told

    try:
        with torch.random.fork_rng(devices=devices):
            look(len(history.epochs) * per_epoch)
            for epoch in range(len(history.epochs), settings.epochs):
                torch.manual_seed(epoch_seed(seed, epoch) + rank)
                kept = checkpoint if checkpoint and checkpoint.exists() else None
                row, seen = {"epoch": epoch + 1, "lr": players[""].optimizer.param_groups[0]["lr"]}, []
                started = time.perf_counter()
                batches = images.batches(settings.batch_size, seed=epoch_seed(seed, epoch), flip=settings.flip,
                                         drop_last=True, rank=rank, world=world)
                for player in players.values():
                    player.net.train()
                watching[0] = 0.0
                title = f"epoch {epoch + 1}/{settings.epochs}"
                row |= _epoch(accelerator, colorizer, update, batches, seen, per_epoch, title, show, kept,
                              epoch * per_epoch)
                row["seconds"] = time.perf_counter() - started - watching[0]
                if not all(bool(p.isfinite().all()) for player in players.values() for p in player.net.parameters()):
                    raise TrainingDiverged((epoch + 1) * per_epoch, "a weight is no finite number", kept)
                if validation is not None:
                    row["validation_loss"] = validation_loss(colorizer, validation, step)
                history.epochs.append(row)
                if show:
                    more = f"  validation {row['validation_loss']:.5f}" if validation is not None else ""
                    print(f"{title}  loss {row['loss']:.5f}{more}  {row['seconds']:.0f} s",
                          flush=True)
                if checkpoint and accelerator.is_main_process:
                    _write_checkpoint(checkpoint, about, players, history)
    except KeyboardInterrupt:
        history.interrupted = True
        if seen and not history.epochs:                 # the first epoch: as far as it came
            history.partial = True
            row |= dict(zip(seen[0], _table(seen).mean(0).tolist(), strict=True))
            row.setdefault("seconds", time.perf_counter() - started - watching[0])
            history.epochs.append(row | ({"validation_loss": math.nan} if validation is not None else {}))
        print("interrupted: what was learnt so far is kept")
    finally:
        for player in players.values():
            player.net = accelerator.unwrap_model(player.net, keep_fp32_wrapper=False)
            for trace in ("_is_accelerate_prepared", "forward"):        # else a second `fit` gets no mixed precision
                vars(player.net).pop(trace, None)
            player.net.eval().zero_grad()               # gradients are freed
        colorizer.net = players[""].net
        colorizer.eval()
        if rival is not None:
            step.net = players["rival."].net
    accelerator.wait_for_everyone()
    give_memory_back()
    return history


@contextmanager
def undisturbed(*nets: nn.Module):
    """Whatever is done with networks inside, behind it their modes and running means are as they were."""
    modes = [net.training for net in nets]
    kept = [(buffer, buffer.clone()) for net in nets for buffer in net.buffers()]
    try:
        yield
    finally:
        for net, mode in zip(nets, modes, strict=True):
            net.train(mode)
        with torch.no_grad():
            for buffer, before in kept:
                buffer.copy_(before)


@dataclasses.dataclass
class _Player:
    """A network that is trained, with what moves it."""

    net: nn.Module
    optimizer: Any
    schedule: Any

    @classmethod
    def of(cls, net: nn.Module, settings: Settings, per_epoch: int, fused: bool) -> _Player:
        optimizer = OPTIMIZERS[settings.optimizer](net.parameters(), settings, fused)
        return cls(net, optimizer, _schedule(optimizer, settings, per_epoch))

    def advance(self) -> None:
        """The rate of the next step; not behind one that fp16 skipped because it overflowed."""
        if not self.optimizer.step_was_skipped:
            with warnings.catch_warnings():                     # a discriminator may have to wait for its first step
                warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step")
                self.schedule.step()


def _epoch(accelerator, colorizer, update, batches, seen, total, title, show, kept, done) -> dict[str, float]:
    """One pass over the batches; the mean of what each step told, which goes to `seen`. Looks for what is not finite
    every CHECK_EVERY steps.
    """
    checked = 0
    with tqdm(total=total, desc=title, disable=not show, leave=False, mininterval=1.0) as bar:
        for rgb in batches:
            x, y = colorizer.encode(rgb)                                    # N 1 H W, N C H W
            seen.append(update(x.contiguous(memory_format=torch.channels_last), y, done + len(seen)))
            if len(seen) - checked >= CHECK_EVERY or len(seen) == total:
                values = _table(seen[checked:]).cpu()                       # steps, names
                bad = (~values.isfinite()).nonzero()
                if len(bad):
                    first, which = bad[0].tolist()
                    raise TrainingDiverged(done + checked + first + 1,
                                           f"the {list(seen[0])[which]} became {float(values[first, which])}", kept)
                bar.update(len(values))
                bar.set_postfix(loss=f"{float(values[:, 0].mean()):.4f}")
                checked = len(seen)
    means = accelerator.reduce(_table(seen).mean(0), reduction="mean")
    return dict(zip(seen[0], means.tolist(), strict=True))


def _table(seen: list[dict[str, Tensor]]) -> Tensor:
    """What steps told, (steps, names)."""
    return torch.stack([torch.stack([value.float() for value in told.values()]) for told in seen])


@torch.no_grad()
def validation_loss(colorizer: Colorizer, images, step: Step, batch_size: int = 100) -> float:
    """The mean loss of a step over an ImageSet, in evaluation mode, in the precision of the training that asks."""
    was_training = colorizer.training
    colorizer.eval()
    total = count = 0
    for rgb in images.batches(batch_size):
        x, y = colorizer.encode(rgb.to(colorizer.device))
        total += float(step(colorizer.net, x, y)) * len(rgb)
        count += len(rgb)
    colorizer.train(was_training)
    return total / count


def _schedule(optimizer, settings: Settings, per_epoch: int):
    """A learning rate for each step, from torch's own schedulers."""
    steps = settings.epochs * per_epoch
    if settings.schedule == "onecycle" and steps > 1:
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.lr, total_steps=steps + 1, pct_start=0.25)

    def factor(step: int) -> float:
        if settings.schedule == "koo":
            return 0.5 ** (step // (25 * per_epoch)) / (1 + 1e-7 * step)
        if settings.schedule == "drops":
            return 1.0 if step < 0.6 * steps else 0.1 if step < 0.85 * steps else 0.01
        return 1.0
    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def epoch_seed(seed: int, epoch: int) -> int:
    """A seed for each epoch, so that an epoch does not depend on how many ran before it in this process."""
    return (seed * 1_000_003 + epoch * 7919 + 1) % 2 ** 31


def _accelerator(device: torch.device, precision: str, broadcast: bool = True) -> Accelerator:
    """An Accelerator for the device and precision; Accelerate keeps one a process, so a change needs a reset.

    broadcast   before each forward pass the first process hands its running means to the others. With two passes before
                one backward, as a discriminator has, older versions of torch take that for a mistake
    """
    if precision not in ("no", "bf16", "fp16"):
        raise ValueError(f"unknown precision {precision!r}: expected auto, no (float32), bf16 or fp16")
    cpu = device.type == "cpu"
    if device.type == "cuda" and device.index is not None:
        torch.cuda.set_device(device)                   # Accelerate takes the current one
    if AcceleratorState._shared_state:
        old = AcceleratorState()
        if old.num_processes == 1 and (old._mixed_precision != precision or old.device.type != device.type):
            AcceleratorState._reset_state(reset_partial_state=True)
    elif PartialState._shared_state and PartialState().device.type != device.type:
        PartialState._reset_state()
    return Accelerator(mixed_precision=precision, cpu=cpu,
                       kwargs_handlers=[DistributedDataParallelKwargs(broadcast_buffers=broadcast)])


def _keep_freed_memory() -> None:
    """On Linux, let the C library keep freed memory: it else gives every activation back and faults it in anew."""
    if platform.system() == "Linux" and platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        if not libc.mallopt(-3, 1 << 30):           # M_MMAP_THRESHOLD: no mapping of its own for up to 1 GB
            libc.mallopt(-4, 0)                     # M_MMAP_MAX: none at all, where glibc is too old for that
        libc.mallopt(-1, 2 ** 31 - 1)               # M_TRIM_THRESHOLD: never shrink the heap


def give_memory_back() -> None:
    """What `_keep_freed_memory` kept: behind a training other cells of a notebook may need it more."""
    if platform.system() == "Linux" and platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)


def _write_checkpoint(path: Path, about: dict, players: dict[str, _Player], history: History) -> None:
    """Weights, optimizer and schedule of each player, and the history, in one file, moved into place when it is whole.
    """
    tensors: dict[str, Tensor] = {}
    about = about | {"format": "colorlib-training-1", "epochs": history.epochs, "watched": history.watched}
    for who, player in players.items():
        plain = player.optimizer.state_dict()
        tensors |= {f"{who}net.{k}": v for k, v in _unwrapped(player.net).state_dict().items()}
        for index, state in plain["state"].items():
            tensors |= {f"{who}optimizer.{index}.{k}": v for k, v in state.items() if torch.is_tensor(v)}
        about |= {f"{who}groups": plain["param_groups"],
                  f"{who}schedule": {k: v for k, v in player.schedule.state_dict().items()
                                     if isinstance(v, int | float | list)}}
    tensors = {k: v.detach().cpu().clone(memory_format=torch.contiguous_format) for k, v in tensors.items()}
    write_tensors(path, tensors, about)


def _resume(path: Path, about: dict, players: dict[str, _Player], history: History) -> None:
    tensors, kept = read_tensors(path)
    if kept.get("format") != "colorlib-training-1":
        raise ValueError(f"{path.name} is no checkpoint of a training: give another file, or remove it")
    for name, value in json.loads(json.dumps(about)).items():
        if kept.get(name) != value:
            raise ValueError(f"{path.name} belongs to another training: its {name} is {kept.get(name)}, here it is "
                             f"{value}; give another file, or remove it to start anew")
    for who, player in players.items():
        net, optimizer = f"{who}net.", f"{who}optimizer."
        try:
            player.net.load_state_dict({k.removeprefix(net): v for k, v in tensors.items() if k.startswith(net)})
        except RuntimeError as error:
            raise ValueError(f"{path.name} belongs to another network: {error}") from None
        weights = [p for group in player.optimizer.param_groups for p in group["params"]]
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            if name.startswith(optimizer):
                index, key = name.removeprefix(optimizer).split(".", 1)
                like = weights[int(index)]
                if tensor.shape == like.shape:                  # in its order in memory, which a fused optimizer takes
                    tensor = torch.empty_like(like, dtype=tensor.dtype).copy_(tensor)       # for granted
                state.setdefault(int(index), {})[key] = tensor
        player.optimizer.load_state_dict({"state": state, "param_groups": kept[f"{who}groups"]})
        player.schedule.load_state_dict(player.schedule.state_dict() | kept[f"{who}schedule"])
    history.epochs.extend(kept["epochs"])
    history.watched.extend(kept.get("watched", []))


def _unwrapped(net: nn.Module) -> nn.Module:
    return net.module if hasattr(net, "module") else net
