"""Diagnosis of a trained GAN: discriminator decisions, gradients, diversity and failure modes.

    diagnosis = diagnose(colorizer, adversary, test)
    failure_modes(diagnosis)                # "discriminator won", "collapse", ...; "" if none
    failure_modes(metrics, controls={"gray": of_gray, "without discriminator": of_generator})

Images are generated in evaluation mode. Notebook 05 explains the numbers.
"""

import dataclasses
import math

import torch
from torch import Tensor

from colorlib import color
from colorlib.color_variety import area_colors, variety
from colorlib.colorizer import Colorizer
from colorlib.metrics import ColorSums
from colorlib.train_gan import Adversary, generator_loss
from colorlib.training_run import preserve_state


def gradient_norms(colorizer: Colorizer, adversary: Adversary, rgb: Tensor) -> tuple[float, float]:
    """Norms of two gradients in the generator's weights; rgb uint8 (N, 3, H, W).

    The adversarial term's, and that of the other term of the loss: the weighted mean absolute
    error or, without one, the mean squared error, in the target's numbers.
    """
    generator, discriminator, config = colorizer.net, adversary.net, adversary.config
    with preserve_state(generator, discriminator):
        generator.train()  # batch statistics and dropout as in training
        discriminator.train()
        inputs, targets = colorizer.encode(rgb)
        fake = generator(inputs)
        adversarial = generator_loss(discriminator(inputs, fake), config)
        errors = fake - targets
        other = config.l1 * errors.abs().mean() if config.l1 else errors.square().mean()
        weights = [p for p in generator.parameters() if p.requires_grad]
        norms = []
        for loss in (adversarial, other):
            gradients = torch.autograd.grad(loss, weights, allow_unused=True, retain_graph=True)
            squares = [g.float().square().sum() for g in gradients if g is not None]
            norms.append(float(torch.stack(squares).sum().sqrt()))
        return norms[0], norms[1]


def gradient_norm(colorizer: Colorizer, adversary: Adversary, rgb: Tensor) -> float:
    """Norm of the adversarial term's gradient in the generator; rgb uint8 (N, 3, H, W)."""
    return gradient_norms(colorizer, adversary, rgb)[0]


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

    # The limits below count with controls. They were set on planted failures and on checkpoints of
    # the first edition: its U-Net has 0.57 of the true hues, its failed GAN of Koo 2016 has 0.19.
    # First, the adversarial gradient over that of the loss's other term, for `gradient_norm`.
    gradient_ratio: float = 0.01
    worse_than_gray: float = 1.1  # the Fréchet distance is this many times that of gray pictures
    worse_than_alone: float = 1.25  # or that of the same generator without a discriminator
    # Mean colors correlate with the true ones at most this much, or no more than by chance.
    correlation: float = 0.1
    hue_diversity: float = 0.25  # so few hues, relative to the true pictures
    fewer_hues: float = 0.8  # and relative to the same generator without a discriminator


def failure_modes(diagnosis: dict, limits: FailureCriteria = FailureCriteria(),  # noqa: B008
                  controls: dict[str, dict] | None = None) -> str:
    """The ways in which a training failed, joined by ", "; "" if it did not fail.

    diagnosis   what `diagnose` returns, or the metrics of a stored record, whatever was trained
    controls    metrics of "gray" and of the same generator "without discriminator"; {} if there are
                none. None asks the questions of notebooks 05 and 06 only, with absolute limits
    `not_asked` names the questions for which a number is missing.
    """
    found = _answers(diagnosis, limits, controls)
    return ", ".join(name for name, occurred in found.items() if occurred)


def not_asked(diagnosis: dict, controls: dict[str, dict] | None = None) -> list[str]:
    """The failure modes that `failure_modes` cannot tell from these numbers, in words."""
    found = _answers(diagnosis, FailureCriteria(), controls)
    return [name for name, occurred in found.items() if occurred is None]


def _answers(diagnosis: dict, limits: FailureCriteria,
             controls: dict[str, dict] | None) -> dict[str, bool | None]:
    """Whether each failure occurred; None where a number is missing or NaN."""
    def at_least(name: str, limit: float | None) -> bool | None:
        value = diagnosis.get(name)
        if value is None or limit is None or math.isnan(value) or math.isnan(limit):
            return None
        return value >= limit

    def at_most(name: str, limit: float | None) -> bool | None:
        beyond = at_least(name, limit)
        return None if beyond is None else diagnosis[name] <= limit

    def times(factor: float, control: str, name: str) -> float | None:
        value = (controls or {}).get(control, {}).get(name)
        return None if value is None else factor * value

    gradient = "gradient_norm" if controls is None else "gradient_ratio"
    vanished = at_most(gradient, getattr(limits, gradient))
    unrelated = at_least("unexplained", limits.unexplained)
    answers = {
        "discriminator won": _both(vanished, at_least("accuracy", limits.accuracy)),
        "discriminator fooled": _both(vanished, at_least("fooled", limits.accuracy)),
        "generator diverged": at_least("chroma_ratio", limits.chroma),
        "collapse": at_most("collapse", limits.collapse),
        "unrelated colors": unrelated,
    }
    if controls is None:
        return answers
    # With few pictures, chance alone reaches more than the limit.
    least = max(limits.correlation, diagnosis.get("chance_correlation", 0.0))
    answers["unrelated colors"] = _either(unrelated, at_most("color_correlation", least))
    return answers | {
        "worse than gray": at_least("frechet", times(limits.worse_than_gray, "gray", "frechet")),
        "worse than without discriminator": at_least(
            "frechet", times(limits.worse_than_alone, "without discriminator", "frechet")),
        "few hues": at_most("hue_diversity", limits.hue_diversity),
        "fewer hues than without discriminator": at_most(
            "hue_diversity", times(limits.fewer_hues, "without discriminator", "hue_diversity")),
    }


def _both(one: bool | None, other: bool | None) -> bool | None:
    """Logical and; None if that depends on an answer that is missing."""
    return False if False in (one, other) else None if None in (one, other) else True


def _either(one: bool | None, other: bool | None) -> bool | None:
    """Logical or; None if that depends on an answer that is missing."""
    return True if True in (one, other) else None if None in (one, other) else False


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
              these images; and what `color_variety.variety` returns
    """
    noise_variance, predicted_areas, true_areas = 0.0, [], []
    sums = ColorSums(images.ab_mean())
    with preserve_state(colorizer.net):
        colorizer.net.eval()
        for rgb in images.batches(batch_size):
            lab = color.rgb_to_lab(rgb.to(colorizer.device))  # N 3 H W
            L, true = lab[:, :1], lab[:, 1:]
            ab = colorizer.predict(L)  # N 2 H W
            sums.add(ab, true)
            predicted_areas.append(area_colors(ab))  # N 2 4 4
            true_areas.append(area_colors(true))
            if getattr(colorizer.net, "noise", 0):
                noise_variance += _noise_variance(colorizer, L, draws)
    predicted, true = torch.cat(predicted_areas), torch.cat(true_areas)
    over_inputs, over_images = color_spread(predicted), color_spread(true)
    return {"over_noise": math.sqrt(noise_variance / len(images)), "over_inputs": over_inputs,
            "collapse": over_inputs / over_images if over_images else math.nan,
            **{name: sums.values()[name] for name in ("chroma_ratio", "unexplained")},
            **variety(predicted, true)}


def _noise_variance(colorizer: Colorizer, L: Tensor, draws: int) -> float:
    """Variance of ab over draws of the noise, averaged over pixels, summed over images."""
    inputs, net = colorizer.target.inputs(L), colorizer.net
    samples = [colorizer.target.decode(net(inputs, net.draw(len(L))), L) for _ in range(draws)]
    variance = torch.stack(samples).var(0, unbiased=True)  # N 2 H W
    return float(variance.sum(1).mean((1, 2)).sum())


def color_spread(colors: Tensor) -> float:
    """Root mean square distance of pictures' mean colors from their mean; ab (N, 2, H, W)."""
    m = colors.mean((2, 3))  # N 2
    return float((m - m.mean(0)).square().sum(1).mean().sqrt())


def diagnose(colorizer: Colorizer, adversary: Adversary, images) -> dict:
    """All of `discriminator_decisions` and `output_diversity` of an ImageSet, and gradients.

    gradient_norm: of the adversarial term; gradient_ratio: that over the norm of the other term's
    gradient (`gradient_norms`).
    """
    adversary.net.to(colorizer.device)
    # Noise and dropout get numbers of their own: a diagnosis must not change a training.
    devices = [colorizer.device] if colorizer.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(0)
        batch = images.pixels[:128].to(colorizer.device)
        adversarial, other = gradient_norms(colorizer, adversary, batch)
        return (discriminator_decisions(colorizer, adversary, images)
                | output_diversity(colorizer, images)
                | {"gradient_norm": adversarial,
                   "gradient_ratio": adversarial / other if other else math.inf})
