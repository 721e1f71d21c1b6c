"""Checkers of notebook 05, *A conditional GAN that fails*."""
import torch
import torch.nn.functional as F

from colorlib.exercises.checking import Result, checking


def check_05_1(discriminator_loss) -> Result:
    """Cross-entropy from logits: real toward `smooth`, fake toward 0, means added; finite at any logit."""
    generator = torch.Generator().manual_seed(0)
    real, fake = 3 * torch.randn(2, 6, 1, generator=generator)

    def right(real: torch.Tensor, fake: torch.Tensor, smooth: float) -> torch.Tensor:
        return F.binary_cross_entropy_with_logits(real, torch.full_like(real, smooth)) + F.softplus(fake).mean()

    with checking("05.1") as c:
        f = c.watch(discriminator_loss)
        zero = torch.zeros(4, 1)
        c.equal(f(zero, zero, 1.0), 2 * torch.tensor(2.0).log(), "a discriminator that knows nothing pays log 2 twice")
        c.equal(f(real, fake, 1.0), right(real, fake, 1.0), "-log D on real plus -log(1 - D) on fake")
        c.equal(f(real, fake, 0.9), right(real, fake, 0.9), "smooth is the label of real, and of real only")
        c.equal(f(zero + 200, zero - 200, 1.0), 0.0, "sure and right costs nothing")
        c.equal(f(zero - 200, zero + 200, 1.0), 400.0, "sure and wrong costs as much as its logits, not infinity")
        got = f(real, fake, 0.9)
        c.hint_if(got, right(fake, real, 0.9), "real and fake are swapped")
        both = F.binary_cross_entropy_with_logits(fake, torch.full_like(fake, 0.1))
        c.hint_if(got, right(real, fake, 0.9) - F.softplus(fake).mean() + both, "smooth one side only: fake stays 0")
        c.hint_if(got, right(real, fake, 0.9) / 2, "add the two means; do not average them")
        for rounded in (200.0, torch.inf):
            c.hint_if(f(zero - 200, zero + 200, 1.0), rounded, "a sigmoid first, then the logarithm: its result is "
                                                               "rounded to 0 or 1. Take the loss from logits")
    return c.result


def check_05_2(slope) -> Result:
    """The derivative of G's loss by D's logit z, in closed form, for "saturating" and "non-saturating"."""
    z = torch.linspace(-12, 12, 25).double()

    with checking("05.2") as c:
        f = c.watch(slope)
        p = z.sigmoid()
        c.equal(f(torch.zeros(1).double(), "saturating"), [-0.5], "log(1 - D) falls by a half at z = 0")
        c.equal(f(torch.zeros(1).double(), "non-saturating"), [-0.5], "-log D falls by a half at z = 0")
        c.equal(f(z, "saturating"), -p, "the slope of log(1 - D)")
        c.equal(f(z, "non-saturating"), p - 1, "the slope of -log D")
        c.hint_if(f(z, "saturating"), p - 1, "the two are swapped")
        c.hint_if(f(z, "saturating"), p, "G *lowers* log(1 - D): its slope is negative")
        c.hint_if(f(z, "saturating"), -1 / (1 - p), "this is the slope by D; by its logit, times D (1 - D)")
        c.hint_if(f(z, "non-saturating"), -1 / p, "this is the slope by D; by its logit, times D (1 - D)")
    return c.result


def check_05_3(collapse) -> Result:
    """Spread of images' mean colors over inputs, over the same of the truth: root mean square about the mean."""
    generator = torch.Generator().manual_seed(0)
    true = 10 * torch.randn(8, 2, 1, 1, generator=generator) + torch.randn(8, 2, 5, 6, generator=generator)
    answered = 3 * torch.randn(8, 2, 1, 1, generator=generator) + 20 * torch.randn(8, 2, 5, 6, generator=generator)

    def over(ab: torch.Tensor) -> torch.Tensor:
        mean = ab.mean((2, 3))                                              # N 2
        return (mean - mean.mean(0)).square().sum(1).mean().sqrt()

    with checking("05.3") as c:
        f = c.watch(collapse)
        c.equal(f(true, true), 1.0, "the truth is as spread as the truth")
        c.equal(f(answered[:1].expand(8, -1, -1, -1), true), 0.0, "one output for all inputs: 0")
        c.equal(f(true + 30, true), 1.0, "a cast that all images share changes nothing")
        c.equal(f(answered, true), over(answered) / over(true), "the spread of the images' mean colors", 1e-3)
        got = f(answered, true)
        c.hint_if(got, (over(answered) / over(true)) ** 2, "a spread is a distance: take the root", 1e-3)
        every = (answered - answered.mean((0, 2, 3), keepdim=True)).square().sum(1).mean().sqrt()
        true_every = (true - true.mean((0, 2, 3), keepdim=True)).square().sum(1).mean().sqrt()
        c.hint_if(got, every / true_every, "first the mean color of each image: else patches count as variety", 1e-3)
        c.hint_if(got, answered.mean((2, 3)).norm(dim=1).mean() / true.mean((2, 3)).norm(dim=1).mean(),
                  "this is how far from gray, not how far from each other: subtract the mean over images", 1e-3)
    return c.result


def check_05_4(who_wins) -> Result:
    """From K's confusion matrix [[fake called fake, fake called real], [real called fake, real called real]]."""
    with checking("05.4") as c:
        f = c.watch(who_wins)
        c.equal(f([[64, 0], [0, 64]]), (1.0, "D"), "all judged right: D has won")
        c.equal(f([[64, 0], [14, 50]]), (114 / 128, "D"), "K's figure 6: 114 of 128 are right")
        c.equal(f([[0, 64], [0, 64]]), (0.5, "G"), "everything is called real: G has won, whatever its pictures show")
        c.equal(f([[32, 32], [32, 32]]), (0.5, "nobody"), "D guesses: the game is open")
        c.equal(f([[40, 24], [24, 40]]), (80 / 128, "nobody"), "right for 62 percent of the pairs is no victory")
        c.hint_if(f([[64, 0], [14, 50]]), (50 / 64, "D"), "right on fakes counts too: both numbers of the diagonal")
        c.hint_if(f([[0, 64], [0, 64]]), (0.5, "nobody"), "look at the fakes: are nearly all called real?")
    return c.result
