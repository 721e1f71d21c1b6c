"""Checkers for notebook 05, *Training against a critic*."""

import math

import torch
import torch.nn.functional as F


def generator_step(generator, discriminator, optimizer):
    """G's step on points, for the notebook where exercise 05.5 is not solved."""
    logits = discriminator(generator(torch.randn(128, 2)))
    loss = F.softplus(-logits).mean()  # -log D
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def check_05_1(c, f):
    """discriminator_loss, from logits: cross-entropy, label `smooth` for real plus 0 for fake."""
    real, fake = 3 * torch.randn(2, 6, 1, generator=torch.Generator().manual_seed(0))

    def cross_entropy(logits: torch.Tensor, label: float) -> torch.Tensor:
        return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))

    def right(real: torch.Tensor, fake: torch.Tensor, smooth: float) -> torch.Tensor:
        return cross_entropy(real, smooth) + cross_entropy(fake, 0.0)

    zero, large = torch.zeros(4, 1), torch.full((4, 1), 200.0)  # large: its sigmoid is exactly 1
    c.equal(f(zero, zero, 1.0), 2 * math.log(2),
            "a discriminator that knows nothing pays log 2 twice")
    c.equal(f(real, fake, 1.0), right(real, fake, 1.0), "-log D on real plus -log(1 - D) on fake")
    got = f(real, fake, 0.9)
    c.equal(got, right(real, fake, 0.9), "`smooth` is the label of real only")
    c.equal(f(large, -large, 1.0), 0.0, "being sure and right costs nothing")
    c.equal(f(-large, large, 1.0), 400.0,
            "being sure and wrong costs as much as the logits, not infinity")
    c.hint_if(got, right(fake, real, 0.9), "real and fake are swapped")
    c.hint_if(got, cross_entropy(real, 0.9) + cross_entropy(fake, 0.1),
              "smooth the label of real only: fake stays 0")
    c.hint_if(got, right(real, fake, 0.9) / 2, "add the two means, do not average them")
    # nn.BCELoss limits each logarithm to -100, others return infinity.
    for rounded in (200.0, torch.inf):
        c.hint_if(f(-large, large, 1.0), rounded, "the sigmoid is rounded to exactly 0 or 1 before "
                  "the logarithm: compute the loss from logits")


def check_05_2(c, f):
    """slope: the derivative of the generator's loss by the logit z, for both losses."""
    z, zero = torch.linspace(-12, 12, 25).double(), torch.zeros(1).double()
    p = z.sigmoid()
    by_probability = "this is the derivative by D; by its logit, multiply by D (1 - D)"
    c.equal(f(zero, "saturating"), [-0.5], "at z = 0, log(1 - D) has the slope -1/2")
    c.equal(f(zero, "non-saturating"), [-0.5], "at z = 0, -log D has the slope -1/2")
    saturating, non_saturating = f(z, "saturating"), f(z, "non-saturating")
    c.equal(saturating, -p, "the slope of log(1 - D)")
    c.equal(non_saturating, p - 1, "the slope of -log D")
    c.hint_if(saturating, p - 1, "the two are swapped")
    c.hint_if(saturating, p, "log(1 - D) falls as z grows: its slope is negative")
    c.hint_if(saturating, -1 / (1 - p), by_probability)
    c.hint_if(non_saturating, -1 / p, by_probability)


def check_05_3(c, f):
    """collapse: root mean square spread of the images' mean colors, predicted over true."""
    draw = torch.Generator().manual_seed(0)

    def random_images(between: float, within: float) -> torch.Tensor:
        return (between * torch.randn(8, 2, 1, 1, generator=draw)
                + within * torch.randn(8, 2, 5, 6, generator=draw))

    def spread(points: torch.Tensor) -> torch.Tensor:
        """Root mean square distance of (P, 2) from their mean."""
        return (points - points.mean(0)).square().sum(1).mean().sqrt()

    # The predicted images vary much within each image and little between images: a collapse.
    true, predicted = random_images(10, 1), random_images(3, 20)
    means, true_means = predicted.mean((2, 3)), true.mean((2, 3))  # (N, 2)
    right = spread(means) / spread(true_means)
    c.equal(f(true, true), 1.0, "the true images are as diverse as themselves")
    c.equal(f(predicted[:1].expand_as(true), true), 0, "the same output for all inputs must give 0")
    c.equal(f(true + 30, true), 1.0, "a color cast shared by all images changes nothing")
    got = f(predicted, true)
    c.equal(got, right, "the spread of the images' mean colors", 1e-3)
    c.hint_if(got, right**2, "a spread is a distance: take the root")
    pixels, true_pixels = (x.transpose(0, 1).flatten(1).T for x in (predicted, true))  # (P, 2)
    c.hint_if(got, spread(pixels) / spread(true_pixels), "first take the mean color of each image; "
              "otherwise patches within an image count as diversity")
    distances = [(m - m.mean(0)).norm(dim=1).mean() for m in (means, true_means)]
    c.hint_if(got, distances[0] / distances[1], "this is the mean distance: square each distance "
              "first, and take the root of the mean")
    c.hint_if(got, means.norm(dim=1).mean() / true_means.norm(dim=1).mean(),
              "this is the distance from gray; subtract the mean over images first")


def check_05_4(c, f):
    """who_wins, from the table [[fake as fake, fake as real], [real as fake, real as real]]."""
    def pair(confusion: list[list[int]]) -> object:
        got = f(confusion)
        return tuple(got) if isinstance(got, list) else got

    koo2016, all_real = pair([[64, 0], [14, 50]]), pair([[0, 64], [0, 64]])
    c.equal(pair([[64, 0], [0, 64]]), (1.0, "D"), "all classified correctly: D has won")
    c.equal(koo2016, (114 / 128, "D"), "figure 6 of Koo 2016: 114 of 128 are correct")
    c.equal(all_real, (0.5, "G"),
            "everything is called real: G has won, whatever its images look like")
    c.equal(pair([[32, 32], [32, 32]]), (0.5, "nobody"), "D guesses: nobody has won")
    c.equal(pair([[40, 24], [24, 40]]), (80 / 128, "nobody"), "an accuracy of 62 % is no victory")
    c.equal(pair([[52, 12], [12, 52]]), (104 / 128, "nobody"), "an accuracy of 81 % is not enough")
    c.equal(pair([[8, 56], [4, 60]]), (68 / 128, "G"), "56 of 64 generated pictures pass")
    c.equal(pair([[11, 53], [4, 60]]), (71 / 128, "nobody"), "53 of 64 are not enough for G")
    c.hint_if(koo2016, (50 / 64, "D"), "fakes count as well: add both numbers of the diagonal")
    c.hint_if(koo2016, (100 * 114 / 128, "D"), "the accuracy is a fraction of 1, not in percent")
    c.hint_if(all_real, (0.5, "nobody"), "look at the fakes: are nearly all of them called real?")


def check_05_5(c, f):
    """repaired_step: one step of G alone, which raises D's logits for G's colors; returns G."""
    torch.manual_seed(0)
    nets = generator, discriminator = [
        torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.ReLU(), torch.nn.Linear(16, outputs))
        for outputs in (2, 1)]
    noise = torch.randn(256, 2)
    before = [[p.detach().clone() for p in net.parameters()] for net in nets]
    mean = discriminator(generator(noise)).mean().item()
    for parameter in generator.parameters():  # of a step before, which must not count
        parameter.grad = torch.full_like(parameter, 1e3)
    optimizer = torch.optim.SGD(generator.parameters(), lr=0.05)
    c.true(f(generator, discriminator, optimizer) is generator, "return G")
    moves = [max(float((p - q).detach().abs().max())
                 for p, q in zip(net.parameters(), old, strict=True))
             for net, old in zip(nets, before, strict=True)]
    rise = discriminator(generator(noise)).mean().item() - mean
    c.true(moves[0] > 0, "G's weights have not moved")
    c.true(moves[0] < 10, "the gradients of the step before are still there when G moves")
    c.true(rise > 0, "D's logits for G's colors must rise")
    c.true(moves[1] == 0, "D's weights must stay as they are in G's step")
    c.hint_if(moves[0], 0.0, "detach() cuts the gradient off before it reaches G")
    c.hint_if(moves[0] < 10, False, "zero_grad() belongs before backward()")
    c.hint_if(rise > 0, False, "G wants D to answer 1 for its colors")
