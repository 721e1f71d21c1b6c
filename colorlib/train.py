"""Supervised training: one plain loop, `fit`, and the steps it can take.

    fit(colorizer, images, regression_step, TrainingConfig(epochs=8), checkpoint="koo.safetensors")
    fit(net, DataLoader(dataset, 32, shuffle=True), my_step, TrainingConfig(epochs=8))

A colorizer's target makes inputs and targets of the images. A network of one's own brings its
batches. `train_gan.py` has the loop for two networks, `training_run.py` the frame around both
loops. Built step by step in notebook 03.
"""

import contextlib
import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DistributedSampler

from colorlib import losses
from colorlib.color_bins import SoftTarget
from colorlib.colorizer import Colorizer
from colorlib.data.image_set import ImageSet
from colorlib.models.hint_unet import draw_hints
from colorlib.optimizers import OPTIMIZERS, SCHEDULES
from colorlib.training_run import TrainingDiverged, TrainingHistory, TrainingRun, epoch_seed

__all__ = ["Step", "TrainingConfig", "TrainingDiverged", "TrainingHistory", "epoch_seed", "fit"]

Step = Callable[..., Tensor]  # step(net, *batch) -> loss, a scalar


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """How to train. ValueError on a value that makes no sense.

    optimizer   "adamw", "adam", "adadelta", "rmsprop", "sgd" or "muon"
    schedule    how the learning rate changes from step to step. "onecycle": up to lr over a quarter
                of the steps, then down to nearly 0; the momentum moves the other way, from 0.95 to
                0.85 and back, and `momentum` is ignored (Smith 2018). "linear": up to lr over 15
                percent of the steps, then straight down to 0. "constant". "koo": lr / (1 + 1e-7
                step), halved every 25 epochs (Koo 2016, 5.1). "drops": a tenth of lr from 60
                percent of the steps on, a hundredth from 85 percent on, where Nazeri 2018 divides
                it by hand
    momentum    of SGD, RMSProp, ADADELTA and Muon; for Adam its beta1
    flip        mirror half of the images, left to right
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
            raise ValueError("epochs and batch_size must be at least 1, "
                             f"got {self.epochs} and {self.batch_size}")
        if not 0 < self.lr < math.inf:
            raise ValueError(f"lr must be positive, got {self.lr}")
        if not 0 <= self.momentum < 1 or not 0 <= self.weight_decay < math.inf:
            raise ValueError("momentum must lie in 0...1 and weight_decay be at least 0, "
                             f"got {self.momentum} and {self.weight_decay}")
        for name, known in (("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)):
            value = getattr(self, name)
            if value not in known:
                raise ValueError(f"unknown {name} {value!r}: expected one of {', '.join(known)}")

    def replace(self, **changes) -> "TrainingConfig":
        """The same settings with some changed."""
        return dataclasses.replace(self, **changes)


def regression_step(net: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Squared error: inputs (N, 1, H, W), targets (N, C, H, W) in the target's units -> scalar."""
    return losses.squared_error(net(inputs), targets)


def fixed_norm_step(net: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """`regression_step`, but the batch norm of `net.encoder` keeps its statistics -> scalar."""
    net.encoder.eval()
    return regression_step(net, inputs, targets)


def averaged_error_step(net: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Squared error, averaged over the channels and once more over the batch -> scalar.

    The reading of Koo 2016, equation 2, with which a learning rate of 1 trains (notebook 03).
    """
    return losses.squared_error(net(inputs), targets) / (targets.shape[1] * len(targets))


def gray_penalty_step(net: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Squared error with the gray penalty: (N, 1, H, W), (N, C, H, W), gray is 0 -> scalar."""
    return losses.gray_penalty_error(net(inputs), targets)


def absolute_error_step(net: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Mean absolute error, as the L1 term of a GAN: (N, 1, H, W), (N, C, H, W) -> scalar."""
    return (net(inputs) - targets).abs().mean()


def blurred_error_step(net: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Dahl's loss (2016): (N, 1, H, W), (N, C, H, W) in the target's units -> scalar."""
    return losses.blurred_squared_error(net(inputs), targets)


def classification_step(net: nn.Module, inputs: Tensor, targets: SoftTarget) -> Tensor:
    """Cross-entropy against the soft targets of a `ColorBinsTarget`, rebalanced or not; nats."""
    return losses.soft_cross_entropy(net(inputs), *targets)


def denoising_step(net: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Squared error of colors predicted from noisy ones: (N, 1, H, W), (N, 2, H, W) -> scalar.

    Conditional flow matching with straight paths (Lipman et al. 2023; Liu et al. 2023), for a
    `models.denoising_unet.DenoisingUNet`. The times are squares of even ones, many of them early.
    """
    time = torch.rand(len(targets), device=targets.device).square()
    share = time[:, None, None, None]
    noisy = (1 - share) * torch.randn_like(targets) + share * targets
    return losses.squared_error(net(inputs, noisy, time), targets)


def early_denoising_step(net: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """`denoising_step` with times around 0.09, when a painted fruit of 32 pixels gets its color.

    The times are logit-normal (Esser et al. 2024, "Scaling Rectified Flow Transformers for
    High-Resolution Image Synthesis"): 55 % of them lie between 0.02 and 0.16, of squared ones 26 %.
    Narrower around the same place (1.2 and -2.5), the colors came out inexact. (N, 1, H, W),
    (N, 2, H, W) -> scalar. Built in notebook 09.
    """
    time = (1.4 * torch.randn(len(targets), device=targets.device) - 2.3).sigmoid()
    share = time[:, None, None, None]
    noisy = (1 - share) * torch.randn_like(targets) + share * targets
    return losses.squared_error(net(inputs, noisy, time), targets)


def hint_step(net: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Squared error of a network that sees some true colors: `models.hint_unet.HintUNet`.

    (N, 1, H, W), (N, 2, H, W) in the target's units -> scalar. Zhang et al. 2017; notebook 08.
    """
    return losses.squared_error(net(inputs, draw_hints(targets)), targets)


def fit(model: Colorizer | nn.Module, data: ImageSet | Iterable, step: Step,
        config: TrainingConfig, *, seed: int = 0, validation: ImageSet | Iterable | None = None,
        checkpoint: str | Path | None = None, device: str | torch.device = "auto",
        precision: str = "auto", progress: bool = True, watch: Callable[[], dict] | None = None,
        every: int = 100, stop: Callable[[int, int], bool] | None = None,
        compiled: bool | str = "auto") -> TrainingHistory:
    """Train a network; it is changed in place and left on the device, in evaluation mode.

    model        a Colorizer, or any network
    data         for a Colorizer an ImageSet; for a network of one's own a DataLoader, or a list,
                 whose batches are tuples of tensors
    step         the loss of one training step: step(net, *batch) -> scalar
    seed         of the images' order and mirroring, and of dropout. A CPU repeats all to the bit
    validation   data whose loss is taken after each epoch
    checkpoint   a file written after each epoch. If it is there, training goes on from it, on a CPU
                 to the same bits. ValueError if it belongs to another training; another step alone
                 is not noticed
    device       "auto" (a CUDA GPU if there is one), "cpu", "cuda", "mps", or a torch.device
    precision    "auto" (`hardware.best_precision`), "no" (float32), "bf16" or "fp16"
    progress     whether to show a progress bar and a line per epoch
    watch        called before the first step and after each `every` steps. It returns plain numbers
                 by name, for history.watched. It may use the network in any mode, and random
                 numbers: the training does not notice, and its time is not counted
    stop         stop(steps taken, steps per epoch) is asked before each epoch, when the one before
                 it is in the checkpoint, and between two steps. True ends the training as an
                 interrupt does. Several processes must get the same answer
    compiled     whether to use torch.compile; "auto": on a GPU, if the training is long enough

    An interrupt (the stop button) ends the training and keeps what was learned; if it comes in the
    first epoch, the history holds that epoch as far as it came. A loss that is not finite raises
    `TrainingDiverged`, on a GPU at the epoch's end. With n processes (`distributed.py`) each takes
    config.batch_size images, so that a batch is n times larger.
    """
    _check_arguments(model, data, step, validation)
    run = TrainingRun(config, seed, device, precision, checkpoint, progress, watch, every, stop)
    run.cleanup.callback(model.eval)  # when the loop ends, in whatever way
    if isinstance(data, ImageSet):
        batches = ColorizerBatches(data, model, config, run.processes)
    else:
        batches = LoaderBatches(data, run.processes)
    # A network with its optimizer and schedule. "": in the checkpoint its names have no prefix.
    learner = run.add_network("", network_of(model), config, batches.steps)
    run.resume(describe(model, data, config), data)
    net = run.compile(learner.net, compiled)

    with run:
        for epoch in run.epochs():
            if validation is not None:
                run.row["validation_loss"] = math.nan  # what an interrupted epoch will show
            for batch in batches.epoch(epoch_seed(seed, epoch)):
                with run.autocast():  # mixed precision, if the device has it
                    loss = step(net, *batch)
                learner.optimizer.zero_grad()
                # In fp16 the scaler keeps small gradients from becoming 0; else it does nothing.
                run.scaler.scale(loss).backward()
                run.scaler.step(learner.optimizer)
                run.scaler.update()
                learner.schedule.step()  # the learning rate changes with every step
                run.log(loss=loss)
            if validation is not None:
                with run.not_counted():  # the history's seconds are those of training alone
                    loss = validation_loss(model, validation, step, run.autocast)
                run.row["validation_loss"] = loss
    return run.history


def _check_arguments(model, data, step, validation) -> None:
    """TypeError or ValueError if model, data and step do not fit together."""
    if not callable(step):
        kind = type(step).__name__
        raise TypeError(f"expected a step, got {kind}: an Adversary goes to `fit_gan`")
    for images in (data, validation):
        if isinstance(images, ImageSet) and not isinstance(model, Colorizer):
            raise TypeError(f"{type(model).__name__} does not say what it predicts of an ImageSet: "
                            "give a Colorizer, or a DataLoader that yields (inputs, targets)")
    if not (isinstance(data, ImageSet) or hasattr(data, "__iter__") and hasattr(data, "__len__")):
        raise TypeError("expected an ImageSet, or what yields batches and has a length, such as a "
                        f"DataLoader; got {type(data).__name__}")
    if validation is not None and not len(validation):
        raise ValueError("the validation data are empty: give at least one image, or None")


class ColorizerBatches:
    """Batches of an ImageSet as a colorizer's network gets them, encoded on the device."""

    def __init__(self, images: ImageSet, colorizer: Colorizer, config: TrainingConfig, processes):
        self.images, self.colorizer = images.to(processes.device), colorizer
        self.options = {"size": config.batch_size, "flip": config.flip, "drop_last": True,
                        "rank": processes.rank, "world": processes.count}
        weights = next(colorizer.net.parameters(), None)
        if weights is not None and weights.dtype != torch.float32:
            raise ValueError(f"the network's weights are {weights.dtype} and must be float32: call "
                             "its float(). The argument `precision` chooses mixed precision")
        together = config.batch_size * processes.count
        if len(images) < together:
            raise ValueError(f"{len(images)} images do not fill one batch of {together}: give more "
                             "images or a smaller batch_size")
        self.steps = len(images) // together  # of an epoch

    def epoch(self, seed: int) -> Iterator[tuple[Tensor, Any]]:
        """One pass, in an order drawn by the seed: inputs (N, 1, H, W), and what to predict."""
        for rgb in self.images.batches(seed=seed, **self.options):
            inputs, targets = self.colorizer.encode(rgb)  # padded, if the network needs it
            # channels_last, as the network is: else each convolution would copy its inputs.
            yield inputs.contiguous(memory_format=torch.channels_last), targets


class LoaderBatches:
    """Batches of one's own: what a DataLoader, or any iterable with a length, yields."""

    def __init__(self, loader: Iterable, processes):
        self.loader, self.device, self.steps = loader, processes.device, len(loader)
        if not self.steps:
            raise ValueError("the data are empty: expected at least one batch")
        self.sampler = getattr(loader, "sampler", None)
        self.shared = isinstance(self.sampler, DistributedSampler)
        if processes.count > 1 and not self.shared:
            raise ValueError(f"{processes.count} processes would all see the same batches: give a "
                             "DataLoader with a torch.utils.data.DistributedSampler")

    def epoch(self, seed: int) -> Iterator[tuple[Tensor, ...]]:
        """One pass. A DataLoader shuffles by torch's random numbers, which the run has seeded."""
        if self.shared:  # such a sampler shuffles by a seed of its own
            self.sampler.set_epoch(seed)
        for batch in self.loader:
            yield _parts(batch, self.device)


def _parts(batch: Tensor | tuple[Tensor, ...], device: torch.device) -> tuple[Tensor, ...]:
    """The tensors of a batch, on the device; pinned memory is copied in the background."""
    parts = batch if isinstance(batch, (tuple, list)) else (batch,)
    return tuple(part.to(device, non_blocking=True) for part in parts)


def network_of(model: Colorizer | nn.Module) -> nn.Module:
    """The network that is trained."""
    return model.net if isinstance(model, Colorizer) else model


def describe(model, data, config: TrainingConfig) -> dict:
    """What must agree for a checkpoint to be resumed: plain values by name."""
    about = {f"config.{name}": value for name, value in dataclasses.asdict(config).items()}
    about["images"] = f"{len(data)} batches of {type(data).__name__}"
    if isinstance(data, ImageSet):
        about["images"] = f"{len(data)} of {data.name}, {'x'.join(map(str, data.size))}"
    about["target"] = repr(model.target) if isinstance(model, Colorizer) else ""
    net = network_of(model)
    net_config = getattr(net, "config", None)  # of a network of one's own it may be anything
    about["net"] = net_config if isinstance(net_config, dict) else type(net).__name__
    return about | {"adversary": ""}  # `fit_gan` puts its own there


@torch.no_grad()
def validation_loss(model, data, step: Step, autocast=contextlib.nullcontext,
                    batch_size: int = 100) -> float:
    """The mean loss of a step over data, in evaluation mode; autocast: see `TrainingRun`."""
    net = network_of(model)
    was_training, device = net.training, next(net.parameters()).device
    net.eval()
    total = count = 0
    if isinstance(data, ImageSet):
        batches = (model.encode(rgb.to(device)) for rgb in data.batches(batch_size))
    else:
        batches = (_parts(batch, device) for batch in data)
    for batch in batches:
        with autocast():
            loss = step(net, *batch)
        total += float(loss) * len(batch[0])  # the last batch may be smaller
        count += len(batch[0])
    net.train(was_training)
    return total / count
