"""Conditional GANs: the step of the two players, and how to see what their game came to.

    adversary = Adversary(models.PatchDiscriminator(n_layers=2), Rules(l1=100, real=0.9), Settings(...))
    fit(colorizer, images, adversary, settings)     # settings: of the generator
    diagnose(colorizer, adversary, test)            # who wins, whether G still learns, whether outputs differ

The generator is the network of a `Colorizer`; the discriminator is asked about what it answers, in the head's own
numbers, and sees the same gray image. Built step by step in notebook 05; what repairs it, in notebook 06.

Batch norm: in training both networks use the statistics of the batch; D's running ones take in true and false colors
alike, also in steps that the margin leaves out. Pictures, `judgments` and `spread` use the running ones (evaluation
mode), so that an answer does not depend on the rest of its batch; early in a training they lag behind.
"""
from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from colorlib import color, losses
from colorlib.colorizer import Colorizer
from colorlib.train import Settings, undisturbed

LOSSES = ("non-saturating", "saturating", "as-printed")
Labels = float | tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Rules:
    """What the two players are asked for. ValueError on a value that makes no sense.

    loss         of G on the answers D gives to its colors. "non-saturating": -log D (N, equation 6). "saturating":
                 log(1 - D) (K, equation 4), whatever the labels of D. "as-printed": log(1 + D), for both players (K,
                 Algorithm 2)
    from_logits  False: a sigmoid, then a logarithm, as the sources draw it (see `losses.binary_cross_entropy`)
    l1           weight of the mean absolute error beside it, in the head's numbers (N: 100)
    real, fake   labels for D: a number, or an interval from which each is drawn. N: 0.9 and 0. P: (0, 0.49) and
                 (0.5, 0.99), noisy and swapped
    wanted       label that G wants for its colors (non-saturating); None: `real` if that is an interval, else 1
    margin       D's step is left out unless its errors exceed it (K: 0.5); None: it never is
    margin_of    which errors: "both", each by itself (K, Algorithm 2), or their "sum" (K, section 3.2.2: "the
                 discriminator's cross-entropy loss", with his equation 4)
    pause_g      G's step is left out as well, while one of D's errors exceeds 1 - margin; where neither would learn,
                 both do. So public copies of the code of Larsen and Sønderby have it, whom K cites for the margin
    together     D sees real and fake in one batch (P), else one after the other; batch norm tells the difference
    head_start   steps at the start in which only D learns
    redraw       G answers anew for its own step, with new noise (K, Algorithm 2, line 10)
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
        if not 0 <= self.l1 < math.inf:
            raise ValueError(f"l1 must be at least 0, got {self.l1}")
        for name in ("real", "fake", "wanted"):
            value = getattr(self, name)
            if value is not None and not all(0 <= v <= 1 for v in _ends(value)):
                raise ValueError(f"{name} must lie in 0...1, got {value}")
        if _middle(self.real) == _middle(self.fake):
            raise ValueError(f"real and fake have the same label, {self.real}: nothing is asked")
        if self.margin_of not in ("both", "sum"):
            raise ValueError(f"unknown margin_of {self.margin_of!r}: expected both or sum")
        if self.margin is not None and not 0 <= self.margin < math.inf:
            raise ValueError(f"margin must be at least 0, got {self.margin}")
        if self.pause_g and not (self.margin is not None and self.margin <= 1):
            raise ValueError(f"pause_g needs a margin of at most 1, got {self.margin}")
        if self.head_start < 0:
            raise ValueError(f"head_start must be at least 0, got {self.head_start}")

    @property
    def target(self) -> Labels:
        """The label that G wants for its colors."""
        return self.wanted if self.wanted is not None else (self.real if isinstance(self.real, tuple) else 1.0)

    @property
    def swapped(self) -> bool:
        """Whether D answers low for true colors (P)."""
        return _middle(self.real) < _middle(self.fake)

    def who_learns(self, on_real: Tensor, on_fake: Tensor) -> tuple[bool, bool]:
        """Whether D and G take their steps, by D's errors and the margin."""
        if self.margin is None:
            return True, True
        d = bool((on_real + on_fake if self.margin_of == "sum" else torch.minimum(on_real, on_fake)) > self.margin)
        g = not self.pause_g or bool(torch.maximum(on_real, on_fake) <= 1 - self.margin)
        return (d, g) if d or g else (True, True)

    def calls_real(self, says: Tensor) -> Tensor:
        """Logits (N, ...) -> bool (N,): is the image's mean probability on the side of the real label?"""
        p = says.float().sigmoid().flatten(1).mean(1)                       # N
        border = (_middle(self.real) + _middle(self.fake)) / 2
        return p < border if self.swapped else p > border


class Adversary:
    """A discriminator with its rules and settings: the step that `fit` takes to train a GAN.

    net       gray (N, 1, H, W) and color (N, C, H, W) -> logits
    settings  D's optimizer, rate and schedule; batches, epochs and mirroring are those of the generator's settings
    """

    def __init__(self, net: nn.Module, rules: Rules, settings: Settings):
        self.net, self.rules, self.settings = net, rules, settings

    def __repr__(self) -> str:
        return f"Adversary({getattr(self.net, 'config', type(self.net).__name__)}, {self.rules}, {self.settings})"

    def update(self, G: nn.Module, D: nn.Module, optimizers: tuple, x: Tensor, y: Tensor, done: int,
               **how: Callable) -> dict[str, Tensor]:
        """`gan_step` with these rules; done: steps that were taken before."""
        return gan_step(G, D, *optimizers, x, y, self.rules, g_learns=done >= self.rules.head_start, **how)


def discriminator_loss(D: nn.Module, x: Tensor, real: Tensor, fake: Tensor, rules: Rules) -> tuple[Tensor, Tensor]:
    """D's errors on true colors and on G's: two scalars, nats. x (N, 1, H, W); real, fake (N, C, H, W)."""
    if rules.together:
        says_real, says_fake = D(torch.cat([x, x]), torch.cat([real, fake])).chunk(2)
    else:
        says_real, says_fake = D(x, real), D(x, fake)
    on_real = losses.binary_cross_entropy(says_real, _labels(rules.real, says_real), rules.from_logits)
    if rules.loss == "as-printed":
        return on_real, -losses.as_printed(says_fake)
    return on_real, losses.binary_cross_entropy(says_fake, _labels(rules.fake, says_fake), rules.from_logits)


def generator_loss(says: Tensor, rules: Rules) -> Tensor:
    """What D's answers to G's colors cost G, without the L1 term: logits -> a scalar, nats."""
    if rules.loss == "as-printed":
        return losses.as_printed(says)
    if rules.loss == "saturating":
        return -losses.binary_cross_entropy(says, float(rules.swapped), rules.from_logits)
    return losses.binary_cross_entropy(says, _labels(rules.target, says), rules.from_logits)


def gan_step(G: nn.Module, D: nn.Module, g_optimizer, d_optimizer, x: Tensor, y: Tensor, rules: Rules,
             g_learns: bool = True, backward: Callable = Tensor.backward,
             mean: Callable[[Tensor], Tensor] = lambda t: t) -> dict[str, Tensor]:
    """One step of D, then one of G, on the same batch (K draws three: for true, for false colors, for G's step).

    x, y      what the generator sees (N, 1, H, W) and what it should answer (N, C, H, W), in the head's numbers
    g_learns  False: only D takes its step
    backward  how gradients are taken, and
    mean      how D's two errors are averaged over processes, for the margin; `fit` gives Accelerate's
    returns   scalars: loss (G's), on_real, on_fake (D's errors), adversarial, l1, d_steps and g_steps (1, or 0 where
              the rules left the step out)
    """
    fake = G(x)                                                             # N C H W
    on_real, on_fake = discriminator_loss(D, x, y, fake.detach(), rules)
    d_learns, g_may = True, True
    if rules.margin is not None:
        d_learns, g_may = rules.who_learns(*mean(torch.stack([on_real, on_fake]).detach()))
    g_learns = g_learns and g_may
    d_optimizer.zero_grad()
    if d_learns:
        backward(on_real + on_fake)
        d_optimizer.step()

    judge = getattr(D, "module", D)                                         # of several processes: nothing to share
    flags = [p.requires_grad for p in judge.parameters()]
    judge.requires_grad_(False)
    try:
        fake = G(x) if rules.redraw else fake
        adversarial, l1 = generator_loss(judge(x, fake), rules), (fake - y).abs().mean()
        loss = adversarial + rules.l1 * l1
        g_optimizer.zero_grad()
        if g_learns:
            backward(loss)
            g_optimizer.step()
    finally:                                                                # an interrupt too leaves D as it was
        for p, flag in zip(judge.parameters(), flags, strict=True):
            p.requires_grad_(flag)
    told = {"loss": loss, "on_real": on_real, "on_fake": on_fake, "adversarial": adversarial, "l1": l1,
            "d_steps": torch.full_like(loss, float(d_learns)), "g_steps": torch.full_like(loss, float(g_learns))}
    return {name: value.detach() for name, value in told.items()}


# ------------------------------------------------------------------------------------------------- diagnostics


def gradient_norm(colorizer: Colorizer, adversary: Adversary, rgb: Tensor) -> float:
    """Norm of the gradient that the adversarial term alone sends to all of G's weights, for a batch of images.

    rgb   uint8 (N, 3, H, W). Both networks as in training (batch statistics, dropout, precision); nothing is changed
    """
    G, D = colorizer.net, adversary.net
    with undisturbed(G, D):
        G.train(), D.train()
        x, _ = colorizer.encode(rgb)
        loss = generator_loss(D(x, G(x)), adversary.rules)
        weights = [p for p in G.parameters() if p.requires_grad]
        slopes = torch.autograd.grad(loss, weights, allow_unused=True)
        return float(torch.stack([g.float().square().sum() for g in slopes if g is not None]).sum().sqrt())


@dataclasses.dataclass(frozen=True)
class Limits:
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


def verdict(told: dict, limits: Limits = Limits()) -> str:          # noqa: B008  frozen
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
def judgments(colorizer: Colorizer, adversary: Adversary, images, batch_size: int = 100,
              training: bool = False) -> dict[str, float | list]:
    """How D judges held-out pairs.

    images    an ImageSet
    training  both networks as in training (batch statistics, dropout), as K's figure 6 may have been made; running
              statistics are not moved. Else in evaluation mode
    returns   accuracy, confusion [[fake called fake, fake called real], [real called fake, real called real]] as
              counts (K's figure 6), fooled: the share of G's colors that are called real, median_fake: the median
              over images of D's mean probability that G's colors are true
    """
    G, D = colorizer.net, adversary.net
    fakes, reals, told = [], [], []
    with undisturbed(G, D):
        G.train(training), D.train(training)
        for rgb in images.batches(batch_size):
            x, y = colorizer.encode(rgb.to(colorizer.device))
            says = D(x, G(x))
            fakes.append(adversary.rules.calls_real(says))
            reals.append(adversary.rules.calls_real(D(x, y)))
            p = says.float().sigmoid().flatten(1).mean(1)                   # N
            told.append(1 - p if adversary.rules.swapped else p)
    fake, real, p = torch.cat(fakes), torch.cat(reals), torch.cat(told)     # N each
    confusion = [[int((~fake).sum()), int(fake.sum())], [int((~real).sum()), int(real.sum())]]
    return {"accuracy": (confusion[0][0] + confusion[1][1]) / (2 * len(fake)), "confusion": confusion,
            "fooled": confusion[0][1] / len(fake), "median_fake": float(p.median())}


@torch.no_grad()
def spread(colorizer: Colorizer, images, draws: int = 8, batch_size: int = 100) -> dict[str, float]:
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
    with undisturbed(net):
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
                x = colorizer.head.gray(L)
                drawn = torch.stack([colorizer.head.ab(net(x, net.draw(len(x))), L) for _ in range(draws)])  # d N 2 H W
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
    """What a GAN's game has come to, on held-out images (an ImageSet): see `judgments`, `spread`, `gradient_norm`.

    Draws of noise do not touch the caller's generator.
    """
    adversary.net.to(colorizer.device)
    devices = [colorizer.device] if colorizer.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(0)
        batch = images.pixels[:gradient_images].to(colorizer.device)
        told = judgments(colorizer, adversary, images) | spread(colorizer, images)
        told["gradient_norm"] = gradient_norm(colorizer, adversary, batch)
    return told


def _ends(label: Labels) -> tuple[float, float]:
    return label if isinstance(label, tuple) else (label, label)


def _middle(label: Labels) -> float:
    return sum(_ends(label)) / 2


def _labels(label: Labels, says: Tensor) -> float | Tensor:
    """The label itself, or as many draws from its interval as there are answers."""
    if not isinstance(label, tuple):
        return label
    low, high = label
    return low + (high - low) * torch.rand(says.shape, device=says.device)
