"""Checkers of notebook 04, *Classification and the annealed mean*."""
import torch

from colorlib.color_bins import AbBins
from colorlib.exercises.checking import Result, checking


def check_04_1(soft_target) -> Result:
    """Gaussian of the distance over the k nearest centers, normalized; nothing elsewhere."""
    bins = AbBins(20.0)
    color = torch.tensor([17.0, 24.0])

    def right(k: int, sigma: float) -> torch.Tensor:
        distance = (bins.centers - color).norm(dim=1)
        near, index = distance.topk(k, largest=False)
        weight = torch.exp(-near ** 2 / (2 * sigma ** 2))
        return torch.zeros(len(bins)).index_add_(0, index, weight / weight.sum())

    with checking("04.1") as c:
        f = c.watch(soft_target)
        got = f(color, bins.centers, 5, 10.0)
        c.equal(got.sum(), 1.0, "the shares sum to one")
        c.equal((got > 0).sum(), 5, "only the k nearest bins have a share")
        c.equal(got, right(5, 10.0), "a share falls with the square of the distance, exp(-d² / 2σ²)")
        c.equal(f(color, bins.centers, 1, 10.0), right(1, 10.0), "with k = 1 it is one-hot")
        distance = (bins.centers - color).norm(dim=1)
        full = torch.exp(-distance ** 2 / 200)
        c.hint_if(got, full / full.sum(), "leave out all but the k nearest")
        c.hint_if(got, torch.where(right(5, 10.0) > 0, full, 0), "divide by the sum of the shares that are left")
        near = torch.where(right(5, 10.0) > 0, torch.exp(-distance / 20), 0)
        c.hint_if(got, near / near.sum(), "square the distance")
        near = torch.where(right(5, 10.0) > 0, torch.exp(-distance ** 2 / 10), 0)
        c.hint_if(got, near / near.sum(), "sigma is squared too: divide by 2σ²")
    return c.result


def check_04_2(annealed_mean) -> Result:
    """T = 1 is the mean, T -> 0 the mode; a constant added to the logits changes nothing."""
    bins = AbBins(20.0)
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(2, len(bins), 3, 4, generator=generator)

    def mean(p: torch.Tensor) -> torch.Tensor:
        return torch.einsum("nqhw,qc->nchw", p, bins.centers)

    ahead = torch.full((2, 1, 3, 4), 6.0)
    clear = logits.scatter_add(1, logits.argmax(1, keepdim=True), ahead)     # one bin far ahead of the others
    mode = bins.centers[logits.argmax(1)].permute(0, 3, 1, 2)
    with checking("04.2") as c:
        f = c.watch(annealed_mean)
        c.equal(f(logits, bins.centers, 1.0), mean(logits.softmax(1)), "T = 1 gives the mean", 1e-3)
        c.equal(f(clear, bins.centers, 0.2), mode, "a low T gives the mode", 1e-2)
        c.equal(f(logits + 40, bins.centers, 0.5), f(logits, bins.centers, 0.5),
                "a constant added to all logits changes nothing", 1e-2)
        c.equal(f(logits, bins.centers, 0.38), bins.annealed_mean(logits, 0.38), "T = 0.38 lies between", 1e-3)
        got = f(logits, bins.centers, 0.38)
        c.hint_if(got, mean((logits.softmax(1) / 0.38).softmax(1)), "a softmax of probabilities: source D's equation 3 "
                                                                    "makes this mistake; divide the logits", 1e-3)
        c.hint_if(got, mean((logits * 0.38).softmax(1)), "divide by T: a low T sharpens", 1e-3)
        c.hint_if(got, mean(logits.softmax(1)) / 0.38, "T changes the probabilities, not the color", 1e-3)
    return c.result


def check_04_3(rebalance) -> Result:
    """1 / ((1 - lam) p + lam / Q), with mean one under p."""
    prior = torch.tensor([0.6, 0.25, 0.1, 0.04, 0.01], dtype=torch.double)

    def right(lam: float) -> torch.Tensor:
        w = 1 / ((1 - lam) * prior + lam / len(prior))
        return w / (prior * w).sum()

    with checking("04.3") as c:
        f = c.watch(rebalance)
        c.equal(f(prior, 1.0), torch.ones(5), "λ = 1 weighs all colors alike")
        c.equal((prior * f(prior, 0.5)).sum(), 1.0, "the mean weight of a pixel is one")
        c.equal(f(prior, 0.5), right(0.5), "one over the mixture of the prior and an even distribution")
        c.equal(f(prior, 0.0), right(0.0), "λ = 0 makes all bins count alike")
        got = f(prior, 0.5)
        c.hint_if(got, 1 / (0.5 * prior + 0.5), "source D's equation 5 makes this mistake: the even part is λ / Q")
        printed = 1 / (0.5 * prior + 0.5)
        c.hint_if(got, printed / (prior * printed).sum(), "the even part is λ / Q, not λ")
        c.hint_if(got, 1 / (0.5 * prior + 0.5 / 5), "scale it so that the weights have mean one under the prior")
        c.hint_if(got, right(0.5) / right(0.5).mean(), "the mean is over pixels: weigh each bin by its prior")
    return c.result


def check_04_4(auc) -> Result:
    """1 - E[min(d, limit)] / limit, which is the integral of the share within d."""
    distances = 60 * torch.rand(2000, generator=torch.Generator().manual_seed(0)).double() ** 2
    with checking("04.4") as c:
        f = c.watch(auc)
        c.equal(f(torch.zeros(5).double()), 1.0, "no error at all: area 1")
        c.equal(f(torch.tensor([300.0, 150.0]).double()), 0.0, "nobody within the limit: area 0")
        c.equal(f(torch.tensor([75.0]).double()), 0.5, "one pixel half way: half the area")
        line = torch.linspace(0, 150, 15001).double()
        within = torch.searchsorted(distances.sort().values, line, right=True) / len(distances)
        c.equal(f(distances), torch.trapezoid(within, line) / 150, "the area under the curve", 2e-3)
        mixed = torch.cat([distances, torch.tensor([400.0]).double().expand(500)])
        c.equal(f(mixed), 1 - mixed.clamp(max=150).mean() / 150, "distances beyond the limit count as the limit")
        c.hint_if(f(mixed), 1 - mixed.mean() / 150, "a distance beyond the limit adds nothing to the area, and takes "
                                                    "nothing away")
        c.hint_if(f(distances), distances.mean() / 150, "this is the area above the curve")
    return c.result
