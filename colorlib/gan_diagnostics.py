"""Diagnosis of a trained GAN: discriminator decisions, gradients, diversity and failure modes.

    diagnosis = diagnose(colorizer, adversary, test)
    failure_modes(diagnosis)                # "discriminator won", "collapse", ...; "" if none

Images are generated in evaluation mode. Notebook 05 explains the numbers.
"""

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
    """Norm of the adversarial term's gradient in the generator; rgb uint8 (N, 3, H, W)."""
    generator, discriminator = colorizer.net, adversary.net
    with preserve_state(generator, discriminator):
        generator.train()  # batch statistics and dropout as in training
        discriminator.train()
        inputs, _ = colorizer.encode(rgb)
        loss = generator_loss(discriminator(inputs, generator(inputs)), adversary.config)
        weights = [p for p in generator.parameters() if p.requires_grad]
        gradients = torch.autograd.grad(loss, weights, allow_unused=True)
        squares = [g.float().square().sum() for g in gradients if g is not None]
        return float(torch.stack(squares).sum().sqrt())


@dataclasses.dataclass(frozen=True)
class FailureCriteria:
    """When the training of a GAN counts as failed; set before the runs that are counted.

    With a non-saturating loss from logits, the generator's gradient does not vanish when the
    discriminator is sure, so "discriminator won" can hardly occur: look at its accuracy, too.
    """

    # The generator's gradient is at most `gradient_norm`, and the discriminator is right for this
    # fraction of held-out pairs (it has won, as in Koo 2016) or calls this fraction of generated
    # colors real (it is fooled, and teaches nothing).
    accuracy: float = 0.85
    gradient_norm: float = 1e-3
    chroma: float = 2.0  # the mean chroma is this many times the true one
    # The mean colors of images differ this little, relative to the true ones (Pérez García 2020).
    collapse: float = 0.1
    # The colors of another image would be as good: they are two variances away, on average.
    unexplained: float = 2.0


def failure_modes(diagnosis: dict,
                  limits: FailureCriteria = FailureCriteria()) -> str:  # noqa: B008  it is frozen
    """The ways in which a training failed, joined by ", "; "" if it did not fail."""
    # A diagnosis is what `diagnose` returns, or the metrics of a stored record.
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
                            batch_size: int = 100) -> dict:
    """How the discriminator classifies held-out images (an ImageSet) and their colorizations.

    returns   accuracy; confusion: counts [[fake called fake, fake called real], [real called fake,
              real called real]]; fooled: the fraction of generated colors that are called real;
              median_fake: the median over images of the discriminator's mean probability that
              generated colors are real
    """
    generator, discriminator = colorizer.net, adversary.net
    fakes, reals, probabilities = [], [], []
    with preserve_state(generator, discriminator):
        generator.eval()  # with running statistics, the rest of the batch has no influence
        discriminator.eval()
        for rgb in images.batches(batch_size):
            inputs, targets = colorizer.encode(rgb.to(colorizer.device))
            logits = discriminator(inputs, generator(inputs))
            fakes.append(adversary.config.classified_real(logits))
            reals.append(adversary.config.classified_real(discriminator(inputs, targets)))
            p = logits.float().sigmoid().flatten(1).mean(1)  # N: over the patches of an image
            probabilities.append(1 - p if adversary.config.swapped else p)
    fake, real, p = map(torch.cat, (fakes, reals, probabilities))  # N each
    confusion = [[int((~called).sum()), int(called.sum())] for called in (fake, real)]
    accuracy = (confusion[0][0] + confusion[1][1]) / (2 * len(fake))
    return {"accuracy": accuracy, "confusion": confusion, "fooled": confusion[0][1] / len(fake),
            "median_fake": float(p.median())}


@torch.no_grad()
def output_diversity(colorizer: Colorizer, images, draws: int = 8,
                     batch_size: int = 100) -> dict[str, float]:
    """How much predictions differ over the noise and over the images of an ImageSet.

    draws     samples of the noise per image
    returns   over_noise: root mean square distance of a pixel's color from its mean over the noise,
              Lab units (0 without noise). over_inputs: that of an image's mean color from the mean
              over all images. collapse: over_inputs divided by the same of the true colors.
              chroma_ratio and unexplained: as in `metrics`, the latter about the mean color of
              these images
    """
    noise_variance, predicted_means, true_means = 0.0, [], []
    sums = ColorSums(images.ab_mean())
    with preserve_state(colorizer.net):
        colorizer.net.eval()
        for rgb in images.batches(batch_size):
            lab = color.rgb_to_lab(rgb.to(colorizer.device))  # N 3 H W
            L, true = lab[:, :1], lab[:, 1:]
            ab = colorizer.predict(L)  # N 2 H W
            sums.add(ab, true)
            predicted_means.append(ab.mean((2, 3)))  # N 2
            true_means.append(true.mean((2, 3)))
            if getattr(colorizer.net, "noise", 0):
                noise_variance += _noise_variance(colorizer, L, draws)
    over_inputs, over_images = _spread(predicted_means), _spread(true_means)
    return {"over_noise": math.sqrt(noise_variance / len(images)), "over_inputs": over_inputs,
            "collapse": over_inputs / over_images if over_images else math.nan,
            **{name: sums.values()[name] for name in ("chroma_ratio", "unexplained")}}


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


def diagnose(colorizer: Colorizer, adversary: Adversary, images) -> dict:
    """All of `discriminator_decisions` and `output_diversity` of an ImageSet, and gradient_norm."""
    adversary.net.to(colorizer.device)
    # Noise and dropout get numbers of their own: a diagnosis must not change a training.
    devices = [colorizer.device] if colorizer.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(0)
        batch = images.pixels[:128].to(colorizer.device)
        return (discriminator_decisions(colorizer, adversary, images)
                | output_diversity(colorizer, images)
                | {"gradient_norm": gradient_norm(colorizer, adversary, batch)})
