"""How a GAN's training has ended: the discriminator's decisions, gradients, diversity, and failure.

    diagnosis = diagnose(colorizer, adversary, test)
    failure_modes(diagnosis)                        # "D won", "collapse", ...; "" if it did not fail

Pictures are made in evaluation mode, with running batch-norm statistics, so that one does not depend on the
rest of its batch; early in a training those lag behind. Explained in notebook 05.
"""
from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor

from colorlib import color
from colorlib.colorizer import Colorizer
from colorlib.train_gan import Adversary, generator_loss
from colorlib.training_run import preserve_state


def gradient_norm(colorizer: Colorizer, adversary: Adversary, rgb: Tensor) -> float:
    """Norm of the gradient that the adversarial term alone sends to all of G's weights, for a batch of images.

    rgb   uint8 (N, 3, H, W). Both networks as in training (batch statistics, dropout, precision); nothing is changed
    """
    generator, discriminator = colorizer.net, adversary.net
    with preserve_state(generator, discriminator):
        generator.train(), discriminator.train()
        x, _ = colorizer.encode(rgb)
        loss = generator_loss(discriminator(x, generator(x)), adversary.config)
        weights = [p for p in generator.parameters() if p.requires_grad]
        slopes = torch.autograd.grad(loss, weights, allow_unused=True)
        return float(torch.stack([g.float().square().sum() for g in slopes if g is not None]).sum().sqrt())


@dataclasses.dataclass(frozen=True)
class FailureCriteria:
    """When a GAN has failed (notebook 05; set after short trials of K3 and P1, before the runs that are counted).

    gradient_norm  G's gradient from the adversarial term at most this, and
    accuracy       D right for at least this share of held-out pairs: D has won (K's account of his runs); or D calls
                   at least this share of G's colors real: D is fooled, and no longer teaches
    chroma         mean chroma at least so many times the true one: G ran off
    collapse       images' mean colors differ at most this much of how the true ones do: one output for all (P's)
    unexplained    squared error at least so many times the variance: no better than another image's colors, which
                   are two variances away on average

    With -log D from logits, G's gradient does not die where D is sure of itself: such a game can hardly end with "D
    won" as these limits have it. Look at D's accuracy beside the ending.
    """

    accuracy: float = 0.85
    gradient_norm: float = 1e-3
    chroma: float = 2.0
    collapse: float = 0.1
    unexplained: float = 2.0


def failure_modes(told: dict, limits: FailureCriteria = FailureCriteria()) -> str:          # noqa: B008  frozen
    """How a game ended, from what `diagnose` told: joined by ", ", or "" if it did not fail.

    "D won", "D fooled", "G ran off", "collapse", "lost": see `Limits`. told: also the metrics of a GAN's record.
    """
    silent = told["gradient_norm"] <= limits.gradient_norm
    endings = {
        "D won": silent and told["accuracy"] >= limits.accuracy,
        "D fooled": silent and told["fooled"] >= limits.accuracy,
        "G ran off": told["chroma_ratio"] >= limits.chroma,
        "collapse": told["collapse"] <= limits.collapse,
        "lost": told["unexplained"] >= limits.unexplained,
    }
    return ", ".join(name for name, came in endings.items() if came)


@torch.no_grad()
def discriminator_decisions(colorizer: Colorizer, adversary: Adversary, images, batch_size: int = 100,
              training: bool = False) -> dict[str, float | list]:
    """How D judges held-out pairs.

    images    an ImageSet
    training  both networks as in training (batch statistics, dropout), as K's figure 6 may have been made; running
              statistics are not moved. Else in evaluation mode
    returns   accuracy, confusion [[fake called fake, fake called real], [real called fake, real called real]] as
              counts (K's figure 6), fooled: the share of G's colors that are called real, median_fake: the median
              over images of D's mean probability that G's colors are true
    """
    generator, discriminator = colorizer.net, adversary.net
    fakes, reals, told = [], [], []
    with preserve_state(generator, discriminator):
        generator.train(training), discriminator.train(training)
        for rgb in images.batches(batch_size):
            x, y = colorizer.encode(rgb.to(colorizer.device))
            logits = discriminator(x, generator(x))
            fakes.append(adversary.config.classified_real(logits))
            reals.append(adversary.config.classified_real(discriminator(x, y)))
            p = logits.float().sigmoid().flatten(1).mean(1)                   # N
            told.append(1 - p if adversary.config.swapped else p)
    fake, real, p = torch.cat(fakes), torch.cat(reals), torch.cat(told)     # N each
    confusion = [[int((~fake).sum()), int(fake.sum())], [int((~real).sum()), int(real.sum())]]
    return {"accuracy": (confusion[0][0] + confusion[1][1]) / (2 * len(fake)), "confusion": confusion,
            "fooled": confusion[0][1] / len(fake), "median_fake": float(p.median())}


@torch.no_grad()
def output_diversity(colorizer: Colorizer, images, draws: int = 8, batch_size: int = 100) -> dict[str, float]:
    """How much outputs differ: over the noise, over inputs, and as much as the truth does.

    images    an ImageSet
    returns   over_noise: root mean square distance of a pixel's color from its mean over `draws` of noise, Lab units
              (0 for a generator without noise). over_inputs: that of an image's mean color from the mean over images.
              collapse: over_inputs over the same of the true colors; 0: one output whatever the input. chroma_ratio:
              mean predicted over mean true chroma. unexplained: squared ab error over the variance about the mean
              color of these images
    """
    net = colorizer.net
    noise, means, truths, count, chroma, true_chroma = 0.0, [], [], 0, 0.0, 0.0
    error, square = 0.0, 0.0
    with preserve_state(net):
        net.eval()
        for rgb in images.batches(batch_size):
            lab = color.rgb_to_lab(rgb.to(colorizer.device))                # N 3 H W
            L, true = lab[:, :1], lab[:, 1:]
            ab = colorizer.predict(L)                                       # N 2 H W
            means.append(ab.mean((2, 3)))                                   # N 2
            truths.append(true.mean((2, 3)))
            error, square = error + float((ab - true).square().sum()), square + float(true.square().sum())
            chroma, true_chroma = chroma + float(ab.norm(dim=1).sum()), true_chroma + float(true.norm(dim=1).sum())
            if getattr(net, "noise", 0):
                x = colorizer.target.gray(L)
                drawn = torch.stack([colorizer.target.ab(net(x, net.draw(len(x))), L) for _ in range(draws)])  # d N 2 H W
                noise += float(drawn.var(0, unbiased=True).sum(1).mean((1, 2)).sum())
            count += len(rgb)

    def over(means: list[Tensor]) -> float:
        m = torch.cat(means)                                                # N 2
        return float((m - m.mean(0)).square().sum(1).mean().sqrt())
    over_inputs, true = over(means), over(truths)
    variance = square - count * math.prod(images.size) * float(torch.cat(truths).mean(0).square().sum())
    return {"over_noise": math.sqrt(noise / count), "over_inputs": over_inputs,
            "collapse": over_inputs / true if true else math.nan,
            "chroma_ratio": chroma / true_chroma if true_chroma else math.nan,
            "unexplained": error / variance if variance > 0 else math.nan}


def diagnose(colorizer: Colorizer, adversary: Adversary, images, gradient_images: int = 128) -> dict[str, float | list]:
    """What a GAN's game has come to, on held-out images (an ImageSet): see `discriminator_decisions`, `output_diversity`, `gradient_norm`.

    Draws of noise do not touch the caller's generator.
    """
    adversary.net.to(colorizer.device)
    devices = [colorizer.device] if colorizer.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(0)
        batch = images.pixels[:gradient_images].to(colorizer.device)
        told = discriminator_decisions(colorizer, adversary, images) | output_diversity(colorizer, images)
        told["gradient_norm"] = gradient_norm(colorizer, adversary, batch)
    return told


