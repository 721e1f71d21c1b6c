"""Diagnosis of a trained GAN: discriminator decisions, gradients, diversity and failure modes.

    diagnosis = diagnose(colorizer, adversary, test)
    failure_modes(diagnosis)                # "discriminator won", "collapse", ...; "" if none

Images are generated in evaluation mode, with running batch-norm statistics, so that a prediction
does not depend on the rest of its batch. Early in a training, these statistics lag behind.
Notebook 05 explains the numbers.
"""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor

from colorlib import color
from colorlib.colorizer import Colorizer
from colorlib.metrics import ColorSums
from colorlib.train_gan import Adversary, generator_loss
from colorlib.training_run import preserve_state


def gradient_norm(colorizer: Colorizer, adversary: Adversary, rgb: Tensor) -> float:
    """Norm of the gradient of the adversarial term alone, over all of the generator's weights.

    rgb   one batch of images, uint8 (N, 3, H, W)

    Both networks run as in training (batch statistics, dropout); neither is changed.
    """
    generator, discriminator = colorizer.net, adversary.net
    with preserve_state(generator, discriminator):
        generator.train()
        discriminator.train()
        inputs, _ = colorizer.encode(rgb)
        loss = generator_loss(discriminator(inputs, generator(inputs)), adversary.config)
        weights = [p for p in generator.parameters() if p.requires_grad]
        gradients = torch.autograd.grad(loss, weights, allow_unused=True)
        squares = [g.float().square().sum() for g in gradients if g is not None]
        return float(torch.stack(squares).sum().sqrt())


@dataclasses.dataclass(frozen=True)
class FailureCriteria:
    """When the training of a GAN counts as failed.

    gradient_norm  the generator's gradient from the adversarial term is at most this, and
    accuracy       either the discriminator is right for at least this fraction of held-out pairs:
                   it has won (Koo 2016 reports this of his runs); or it calls at least this
                   fraction of generated colors real: it is fooled, and teaches nothing any more
    chroma         the mean chroma is at least this many times the true one: the generator diverged
    collapse       the mean colors of images differ at most this much, relative to the true ones:
                   one output whatever the input (Pérez García 2020 reports it)
    unexplained    the squared error is at least this many times the variance: no better than the
                   colors of another image, which are two variances away on average

    The limits were set after short trials, before the runs that are counted. With a non-saturating
    loss from logits, the generator's gradient does not vanish when the discriminator is sure, so
    "discriminator won" can hardly occur; look at the discriminator's accuracy, too.
    """

    accuracy: float = 0.85
    gradient_norm: float = 1e-3
    chroma: float = 2.0
    collapse: float = 0.1
    unexplained: float = 2.0


def failure_modes(diagnosis: dict,
                  limits: FailureCriteria = FailureCriteria()) -> str:  # noqa: B008  it is frozen
    """Name the ways in which a training failed, joined by ", "; "" if it did not fail.

    diagnosis   from `diagnose`, or the metrics of a GAN's record

    The names: "discriminator won", "discriminator fooled", "generator diverged", "collapse",
    "unrelated colors"; see `FailureCriteria`.
    """
    vanished = diagnosis["gradient_norm"] <= limits.gradient_norm
    modes = {
        "discriminator won": vanished and diagnosis["accuracy"] >= limits.accuracy,
        "discriminator fooled": vanished and diagnosis["fooled"] >= limits.accuracy,
        "generator diverged": diagnosis["chroma_ratio"] >= limits.chroma,
        "collapse": diagnosis["collapse"] <= limits.collapse,
        "unrelated colors": diagnosis["unexplained"] >= limits.unexplained,
    }
    return ", ".join(name for name, occurred in modes.items() if occurred)


@torch.no_grad()
def discriminator_decisions(colorizer: Colorizer, adversary: Adversary, images,
                            batch_size: int = 100, training: bool = False) -> dict:
    """How the discriminator classifies held-out images (an ImageSet) and their colorizations.

    training   True: both networks as in training (batch statistics, dropout), as figure 6 of Koo
               2016 may have been made; running statistics do not change
    returns    accuracy; confusion: counts [[fake called fake, fake called real], [real called
               fake, real called real]]; fooled: the fraction of generated colors that are called
               real; median_fake: the median over images of the discriminator's mean probability
               that generated colors are real
    """
    generator, discriminator = colorizer.net, adversary.net
    fakes, reals, probabilities = [], [], []
    with preserve_state(generator, discriminator):
        generator.train(training)
        discriminator.train(training)
        for rgb in images.batches(batch_size):
            inputs, targets = colorizer.encode(rgb.to(colorizer.device))
            logits = discriminator(inputs, generator(inputs))
            fakes.append(adversary.config.classified_real(logits))
            reals.append(adversary.config.classified_real(discriminator(inputs, targets)))
            p = logits.float().sigmoid().flatten(1).mean(1)  # N: over the patches of an image
            probabilities.append(1 - p if adversary.config.swapped else p)
    fake, real, p = torch.cat(fakes), torch.cat(reals), torch.cat(probabilities)  # N each
    confusion = [[int((~called).sum()), int(called.sum())] for called in (fake, real)]
    correct = confusion[0][0] + confusion[1][1]
    return {"accuracy": correct / (2 * len(fake)), "confusion": confusion,
            "fooled": confusion[0][1] / len(fake), "median_fake": float(p.median())}


@torch.no_grad()
def output_diversity(colorizer: Colorizer, images, draws: int = 8,
                     batch_size: int = 100) -> dict[str, float]:
    """How much predictions differ over the noise and over the images of an ImageSet.

    draws     samples of the noise per image
    returns   over_noise: root mean square distance of a pixel's color from its mean over the noise,
              Lab units (0 for a generator without noise). over_inputs: that of an image's mean
              color from the mean over all images. collapse: over_inputs divided by the same of the
              true colors; 0 means one output whatever the input. chroma_ratio and unexplained: as
              in `metrics`, the latter about the mean color of these images
    """
    net = colorizer.net
    noise_variance, count, predicted_means, true_means = 0.0, 0, [], []
    sums = ColorSums(images.ab_mean())
    with preserve_state(net):
        net.eval()
        for rgb in images.batches(batch_size):
            lab = color.rgb_to_lab(rgb.to(colorizer.device))  # N 3 H W
            L, true = lab[:, :1], lab[:, 1:]
            ab = colorizer.predict(L)  # N 2 H W
            sums.add(ab, true)
            predicted_means.append(ab.mean((2, 3)))  # N 2
            true_means.append(true.mean((2, 3)))
            if getattr(net, "noise", 0):
                noise_variance += _noise_variance(colorizer, L, draws)
            count += len(rgb)
    over_inputs, over_images = _spread(predicted_means), _spread(true_means)
    return {"over_noise": math.sqrt(noise_variance / count), "over_inputs": over_inputs,
            "collapse": over_inputs / over_images if over_images else math.nan,
            "chroma_ratio": sums.chroma_ratio, "unexplained": sums.unexplained}


def _noise_variance(colorizer: Colorizer, L: Tensor, draws: int) -> float:
    """Variance of ab over draws of the noise, averaged over pixels, summed over images."""
    inputs, net = colorizer.target.inputs(L), colorizer.net
    samples = [colorizer.target.decode(net(inputs, net.draw(len(L))), L) for _ in range(draws)]
    variance = torch.stack(samples).var(0, unbiased=True)  # N 2 H W
    return float(variance.sum(1).mean((1, 2)).sum())


def _spread(means: list[Tensor]) -> float:
    """Root mean square distance of colors (N, 2), given in batches, from their mean."""
    m = torch.cat(means)
    return float((m - m.mean(0)).square().sum(1).mean().sqrt())


def diagnose(colorizer: Colorizer, adversary: Adversary, images,
             gradient_images: int = 128) -> dict:
    """Diagnose a GAN on held-out images (an ImageSet).

    gradient_images   number of images for `gradient_norm`
    returns           all of `discriminator_decisions` and `output_diversity`, and gradient_norm

    The caller's random numbers are not used.
    """
    adversary.net.to(colorizer.device)
    devices = [colorizer.device] if colorizer.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(0)
        batch = images.pixels[:gradient_images].to(colorizer.device)
        return (discriminator_decisions(colorizer, adversary, images)
                | output_diversity(colorizer, images)
                | {"gradient_norm": gradient_norm(colorizer, adversary, batch)})
