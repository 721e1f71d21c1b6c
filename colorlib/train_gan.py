"""GAN training: the loop for two networks, `fit_gan`, and the step that they take.

    adversary = Adversary(PatchDiscriminator(n_layers=2), GanConfig(l1=100, real=0.9), config)
    fit_gan(colorizer, images, adversary, config)       # config: of the generator

The generator is the network of a `Colorizer`. The discriminator gets the lightness and a color,
true or generated, in the target's own numbers. Built step by step in notebook 05, repaired in 06;
`gan_diagnostics.py` measures how a training has ended.

The running statistics of the discriminator's batch norm take in true and generated colors alike,
also in steps that the margin leaves out.
"""

import contextlib
import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from colorlib import losses
from colorlib.colorizer import Colorizer
from colorlib.data.image_set import ImageSet
from colorlib.distributed import unwrap
from colorlib.train import ColorizerBatches, TrainingConfig, describe
from colorlib.training_run import TrainingHistory, TrainingRun, epoch_seed, only_if

LOSSES = ("non-saturating", "saturating", "as-printed")
Labels = float | tuple[float, float]


@dataclasses.dataclass(frozen=True)
class GanConfig:
    """The losses of the two networks, and when they are updated. ValueError on senseless values.

    loss         of the generator. "non-saturating": -log D (Nazeri 2018, equation 6). "saturating":
                 log(1 - D) (Koo 2016, equation 4), whatever the labels. "as-printed": log(1 + D),
                 for both networks (Koo 2016, Algorithm 2)
    from_logits  False: a sigmoid, then a logarithm, as in the sources' figures
    l1           weight of the mean absolute error beside it, in the target's numbers (Nazeri: 100)
    real, fake   the discriminator's labels: a number, or an interval from which each is drawn.
                 Nazeri 2018: 0.9 and 0. Pérez 2020: (0, 0.49) and (0.5, 0.99), noisy and swapped
    wanted       the label that the generator wants for its colors (non-saturating); None: `real` if
                 that is an interval, else 1
    margin       the discriminator is updated only if its errors exceed it (Koo: 0.5); None: always
    margin_of    which errors: "both", each by itself (Koo, Algorithm 2), or their "sum" (Koo,
                 section 3.2.2: "the discriminator's cross-entropy loss", with his equation 4)
    pause_g      the generator is not updated while one of those errors exceeds 1 - margin; where
                 neither network would be, both are. From public copies of the code of Larsen and
                 Sønderby, whom Koo cites for the margin
    together     true and generated colors in one batch of the discriminator (Pérez), else one after
                 the other; batch norm tells the difference
    head_start   steps at the start in which only the discriminator is updated
    redraw       the generator runs anew for its own update, with new noise (Koo, Algorithm 2)
    """

    loss: str = "non-saturating"
    from_logits: bool = True
    l1: float = 0.0
    real: Labels = 1.0
    fake: Labels = 0.0
    wanted: Labels | None = None
    margin: float | None = None
    margin_of: str = "both"
    pause_g: bool = False
    together: bool = False
    head_start: int = 0
    redraw: bool = False

    def __post_init__(self):
        if self.loss not in LOSSES:
            raise ValueError(f"unknown loss {self.loss!r}: expected one of {', '.join(LOSSES)}")
        for name in ("l1", "margin", "head_start"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < math.inf:
                raise ValueError(f"{name} must be at least 0, got {value}")
        for name in ("real", "fake", "wanted"):
            value = getattr(self, name)
            ends = value if isinstance(value, tuple) else (value,)
            if value is not None and not all(0 <= end <= 1 for end in ends):
                raise ValueError(f"{name} must lie in 0...1, got {value}")
        if _middle(self.real) == _middle(self.fake):
            raise ValueError(f"real and fake have the same label, {self.real}: nothing to learn")
        if self.margin_of not in ("both", "sum"):
            raise ValueError(f"unknown margin_of {self.margin_of!r}: expected both or sum")
        if self.pause_g and (self.margin is None or self.margin > 1):
            raise ValueError(f"pause_g needs a margin of at most 1, got {self.margin}")

    @property
    def generator_label(self) -> Labels:
        """The label that the generator wants for its colors."""
        if self.wanted is not None:
            return self.wanted
        return self.real if isinstance(self.real, tuple) else 1.0

    @property
    def swapped(self) -> bool:
        """Whether the discriminator's output is low for true colors (Pérez)."""
        return _middle(self.real) < _middle(self.fake)

    def networks_to_update(self, on_real: Tensor, on_fake: Tensor
                           ) -> tuple[bool | Tensor, bool | Tensor]:
        """Whether discriminator and generator are updated, by the discriminator's errors (scalars).

        True where no rule applies, else a bool tensor on the errors' device.
        """
        if self.margin is None:
            return True, True
        # Both errors exceed the margin if the smaller one does.
        error = on_real + on_fake if self.margin_of == "sum" else torch.minimum(on_real, on_fake)
        update_d = error > self.margin
        if not self.pause_g:
            return update_d, True
        update_g = torch.maximum(on_real, on_fake) <= 1 - self.margin
        neither = ~(update_d | update_g)  # such a training would stand still for good
        return update_d | neither, update_g | neither

    def classified_real(self, logits: Tensor) -> Tensor:
        """Whether each image's mean probability is on the side of real: logits (N, ...) -> (N,)."""
        probability = logits.float().sigmoid().flatten(1).mean(1)  # N
        border = (_middle(self.real) + _middle(self.fake)) / 2
        return probability < border if self.swapped else probability > border


class Adversary:
    """A discriminator, lightness (N, 1, H, W) and color (N, C, H, W) -> logits, and its training.

    training   its optimizer, rate and schedule; batches, epochs and mirroring are the generator's
    """

    def __init__(self, net: nn.Module, config: GanConfig, training: TrainingConfig):
        self.net, self.config, self.training = net, config, training

    def __repr__(self) -> str:  # checkpoints compare it
        net = getattr(self.net, "config", type(self.net).__name__)
        return f"Adversary({net}, {self.config}, {self.training})"


def discriminator_loss(discriminator: nn.Module, inputs: Tensor, real: Tensor, fake: Tensor,
                       config: GanConfig) -> tuple[Tensor, Tensor]:
    """The errors on true and on generated colors: two scalars, nats.

    inputs (N, 1, H, W); real, fake (N, C, H, W)
    """
    if config.together:  # batch norm then mixes the statistics of both
        both = discriminator(torch.cat([inputs, inputs]), torch.cat([real, fake]))
        logits_real, logits_fake = both.chunk(2)
    else:
        logits_real, logits_fake = discriminator(inputs, real), discriminator(inputs, fake)
    cross_entropy = losses.binary_cross_entropy
    on_real = cross_entropy(logits_real, _labels(config.real, logits_real), config.from_logits)
    if config.loss == "as-printed":
        return on_real, -losses.koo_printed_loss(logits_fake)
    on_fake = cross_entropy(logits_fake, _labels(config.fake, logits_fake), config.from_logits)
    return on_real, on_fake


def generator_loss(logits: Tensor, config: GanConfig) -> Tensor:
    """The adversarial term, from the discriminator's logits on generated colors: a scalar, nats."""
    if config.loss == "as-printed":
        return losses.koo_printed_loss(logits)
    if config.loss == "saturating":  # the discriminator's error on fakes, to be made larger
        return -losses.binary_cross_entropy(logits, float(config.swapped), config.from_logits)
    label = _labels(config.generator_label, logits)
    return losses.binary_cross_entropy(logits, label, config.from_logits)


def gan_step(generator: nn.Module, discriminator: nn.Module, g_optimizer: torch.optim.Optimizer,
             d_optimizer: torch.optim.Optimizer, inputs: Tensor, targets: Tensor,
             config: GanConfig, update_generator: bool = True,
             run: TrainingRun | None = None) -> dict[str, Tensor]:
    """Update the discriminator, then the generator, on one batch. (Koo draws three batches.)

    inputs, targets    what the generator gets (N, 1, H, W) and should predict (N, C, H, W)
    update_generator   False: only the discriminator is updated
    run                mixed precision and several processes; None: float32, even inside autocast
    returns            scalars: loss (the generator's), on_real, on_fake (the discriminator's
                       errors), adversarial, l1, d_steps and g_steps (1, or 0 if not updated)
    """
    run = run or TrainingRun(None, device=inputs.device, precision="no")
    with run.autocast():
        fake = generator(inputs)  # N C H W
        on_real, on_fake = discriminator_loss(discriminator, inputs, targets, fake.detach(), config)
    # The mean over the processes, so that all of them update the same networks.
    errors = run.processes.mean(torch.stack([on_real, on_fake]).detach())
    update_d, update_g = config.networks_to_update(*errors)
    d_optimizer.zero_grad()
    _update(d_optimizer, on_real + on_fake, update_d, run.scaler)

    # The generator's loss goes through the discriminator, whose own gradients are not needed here.
    inner = unwrap(discriminator)
    flags = [p.requires_grad for p in inner.parameters()]
    inner.requires_grad_(False)
    try:
        with run.autocast():  # a new one: it keeps copies of weights, which the update has changed
            fake = generator(inputs) if config.redraw else fake
            adversarial = generator_loss(inner(inputs, fake), config)
            l1 = (fake - targets).abs().mean()
            loss = adversarial + config.l1 * l1
        g_optimizer.zero_grad()
        update_g = update_g & update_generator
        _update(g_optimizer, loss, update_g, run.scaler)
    finally:  # an interrupt, too, leaves the discriminator as it was
        for p, flag in zip(inner.parameters(), flags, strict=True):
            p.requires_grad_(flag)
    metrics = {"loss": loss, "on_real": on_real, "on_fake": on_fake, "adversarial": adversarial,
               "l1": l1, "d_steps": update_d, "g_steps": update_g}
    # full_like, because a GPU would have to be waited for to copy a number to it.
    return {name: value.detach().float() if isinstance(value, Tensor)
            else torch.full_like(loss, float(value)) for name, value in metrics.items()}


def _update(optimizer, loss: Tensor, update: bool | Tensor, scaler: torch.amp.GradScaler) -> None:
    """Backward pass and optimizer step, if `update`."""
    on_device = isinstance(update, Tensor) and _decides_itself(update.device)
    if not on_device and not bool(update):
        return
    scaler.scale(loss).backward()
    with only_if(update, optimizer) if on_device else contextlib.nullcontext():
        scaler.step(optimizer)


def _decides_itself(device: torch.device) -> bool:
    """Whether a device is to decide: a GPU lags behind Python, which would have to wait for it."""
    return device.type == "cuda"


def fit_gan(colorizer: Colorizer, images: ImageSet, adversary: Adversary, config: TrainingConfig, *,
            seed: int = 0, checkpoint: str | Path | None = None,
            device: str | torch.device = "auto", precision: str = "auto", progress: bool = True,
            watch: Callable[[], dict] | None = None, every: int = 100,
            stop: Callable[[int, int], bool] | None = None) -> TrainingHistory:
    """Train a colorizer's network, the generator, against a discriminator; both change in place.

    config   of the generator; the other arguments are those of `train.fit`. A GAN has no validation
             loss that falls as it gets better: use watch, or `gan_diagnostics.diagnose`
    """
    if not isinstance(adversary, Adversary) or not isinstance(images, ImageSet):
        kinds = f"{type(images).__name__} and {type(adversary).__name__}"
        raise TypeError(f"expected an ImageSet and an Adversary, got {kinds}")
    run = TrainingRun(config, seed, device, precision, checkpoint, progress, watch, every, stop)
    run.cleanup.callback(colorizer.eval)
    batches = ColorizerBatches(images, colorizer, config, run.processes)
    theirs, steps = adversary.training.replace(epochs=config.epochs), batches.steps
    generator = run.add_network("", colorizer.net, config, steps, broadcast_buffers=False)
    discriminator = run.add_network("discriminator.", adversary.net, theirs, steps,
                                    broadcast_buffers=False)
    run.resume(describe(colorizer, images, config) | {"adversary": repr(adversary)}, images)

    with run:
        for epoch in run.epochs():
            for inputs, targets in batches.epoch(epoch_seed(seed, epoch)):
                metrics = gan_step(
                    generator.net, discriminator.net, generator.optimizer, discriminator.optimizer,
                    inputs, targets, adversary.config,
                    update_generator=run.step >= adversary.config.head_start, run=run)
                run.scaler.update()  # once, because both networks share it
                generator.schedule.step()
                discriminator.schedule.step()
                run.log(**metrics)
    return run.history


def _middle(label: Labels) -> float:
    return sum(label) / 2 if isinstance(label, tuple) else label


def _labels(label: Labels, logits: Tensor) -> float | Tensor:
    """The label itself, or one drawn from its interval for each logit."""
    if not isinstance(label, tuple):
        return label
    low, high = label
    return low + (high - low) * torch.rand(logits.shape, device=logits.device)
