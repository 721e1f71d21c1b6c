"""Checkers for notebook 04, *Classification and the annealed mean*."""

import torch

from colorlib.color_bins import AbBins


def check_04_1(c, f):
    """soft_target: a Gaussian of the distance to the k nearest centers, normalized, else zero."""
    bins, color = AbBins(20.0), torch.tensor([17.0, 24.0])
    distance = (bins.centers - color).norm(dim=1)

    def right(k: int, sigma: float) -> torch.Tensor:
        near, index = distance.topk(k, largest=False)
        weight = torch.exp(-(near**2) / (2 * sigma**2))
        return torch.zeros(len(bins)).index_add_(0, index, weight / weight.sum())

    got = f(color, bins.centers, 5, 10.0)
    c.equal(got.sum(), 1.0, "the shares sum to one")
    c.equal((got > 0).sum(), 5, "only the k nearest bins have a share")
    c.equal(got, right(5, 10.0), "a share falls with the squared distance, exp(-d² / 2σ²)")
    c.equal(f(color, bins.centers, 1, 10.0), right(1, 10.0), "k = 1 gives a one-hot target")
    near = right(5, 10.0) > 0
    gaussian = torch.exp(-(distance**2) / 200)  # 2σ² = 200
    c.hint_if(got, gaussian / gaussian.sum(), "leave out all bins except the k nearest")
    c.hint_if(got, torch.where(near, gaussian, 0), "divide by the sum of the remaining shares")
    no_square = torch.where(near, torch.exp(-distance / 20), 0)
    c.hint_if(got, no_square / no_square.sum(), "square the distance")
    c.hint_if((got > 0.001).sum(), 1, "nearly all goes to the nearest bin: share it among the k "
              "nearest, by exp(-d² / 2σ²)")
    for wrong, hint in ((10, "sigma is squared as well: divide by 2σ²"),
                        (20, "sigma is squared as well: divide by 2σ²"),
                        (100, "divide by 2σ², not by σ²")):
        weight = torch.where(near, torch.exp(-(distance**2) / wrong), 0)
        c.hint_if(got, weight / weight.sum(), hint)


def check_04_2(c, f):
    """annealed_mean: T = 1 gives the mean, T -> 0 the mode; logits count by differences only."""
    bins, draw = AbBins(20.0), torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(2, len(bins), 3, 4, generator=draw)

    def mean(p: torch.Tensor) -> torch.Tensor:
        return torch.einsum("nqhw,qc->nchw", p, bins.centers)

    # Without a clear winner, the answer at a low T would still be a mixture.
    best = logits.argmax(1, keepdim=True)  # (N, 1, H, W)
    one_ahead = logits.scatter_add(1, best, torch.full((2, 1, 3, 4), 6.0))
    mode = bins.centers[best[:, 0]].permute(0, 3, 1, 2)
    got = f(logits, bins.centers, 0.38)
    c.equal(f(logits, bins.centers, 1.0), mean(logits.softmax(1)), "T = 1 gives the mean", 1e-3)
    c.equal(f(one_ahead, bins.centers, 0.2), mode, "a low T gives the mode", 1e-2)
    c.equal(f(logits + 40, bins.centers, 0.5), f(logits, bins.centers, 0.5),
            "a constant added to all logits changes nothing", 1e-2)
    c.equal(got, bins.annealed_mean(logits, 0.38), "T = 0.38 lies between the two", 1e-3)
    p = logits.softmax(1)
    c.hint_if(got, mean((p / 0.38).softmax(1)), "this is a softmax of probabilities: divide the "
              "logits by T")
    c.hint_if(got, mean((logits * 0.38).softmax(1)), "divide by T: a low T sharpens")
    c.hint_if(got, mean(p) / 0.38, "T changes the probabilities, not the color")


def check_04_3(c, f):
    """rebalance: weights 1 / ((1 - λ) p + λ / Q), scaled so that their mean under p is one."""
    prior = torch.tensor([0.6, 0.25, 0.1, 0.04, 0.01], dtype=torch.double)

    def right(lam: float) -> torch.Tensor:
        w = 1 / ((1 - lam) * prior + lam / len(prior))
        return w / (prior * w).sum()

    got, half = f(prior, 0.5), right(0.5)
    c.equal(f(prior, 1.0), [1] * 5, "λ = 1 weighs all colors equally")
    c.equal((prior * got).sum(), 1.0, "the mean weight of a pixel is one")
    c.equal(got, half, "one over a mixture of the prior and a uniform distribution")
    c.equal(f(prior, 0.0), right(0.0), "with λ = 0 all bins count equally in the loss")
    # As printed in Dorscheidt 2016; without the division by the mean weight.
    as_printed, not_scaled = 1 / (0.5 * prior + 0.5), 1 / (0.5 * prior + 0.5 / 5)
    c.hint_if(got, as_printed,
              "the uniform part is λ / Q, not λ; and the mean weight must be one")
    c.hint_if(got, as_printed / (prior * as_printed).sum(), "the uniform part is λ / Q, not λ")
    c.hint_if(got, not_scaled, "scale the weights so that they have mean one under the prior")
    c.hint_if(got, half / half.mean(), "the mean is over pixels: weigh each bin by its prior")


def check_04_4(c, f):
    """auc, the area under the share of pixels within d: 1 - E[min(d, limit)] / limit."""
    distances = 60 * torch.rand(2000, generator=torch.Generator().manual_seed(0)).double() ** 2
    beyond = torch.tensor([300.0, 150.0]).double()
    c.equal(f(torch.zeros(5).double()), 1.0, "without any error the area is 1")
    c.equal(f(beyond), 0.0, "if no error is below the limit, the area is 0")
    c.equal(f(torch.tensor([75.0]).double()), 0.5, "one error at half the limit: half the area")
    # The area by its definition: the curve, then the trapezoids under it.
    line = torch.linspace(0, 150, 15001).double()
    within = torch.searchsorted(distances.sort().values, line, right=True) / len(distances)
    c.equal(f(distances), torch.trapezoid(within, line) / 150, "the area under the curve", 2e-3)
    mixed = torch.cat([distances, torch.tensor([400.0]).double().expand(500)])
    c.equal(f(mixed), 1 - mixed.clamp(max=150).mean() / 150,
            "distances beyond the limit count as the limit")
    c.hint_if(f(mixed), 1 - mixed.mean() / 150,
              "a distance beyond the limit adds nothing to the area, and removes nothing")
    c.hint_if(f(distances), distances.mean() / 150, "this is the area above the curve")


def check_04_5(c, f):
    """repaired_loss: minus the sum of share times log probability, averaged over the pixels."""
    draw = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(2, 40, 3, 4, generator=draw)  # N Q H W
    index = torch.randn(2, 40, 3, 4, generator=draw).topk(10, dim=1).indices.short()
    share = torch.rand(2, 10, 3, 4, generator=draw)
    share = share / share.sum(1, keepdim=True)

    def loss(p: torch.Tensor) -> torch.Tensor:
        dense = torch.zeros_like(p).scatter(1, index.long(), share)
        return -(dense * p.log()).sum(1).mean()

    p, got = logits.softmax(1), f(logits, index, share)
    c.equal(f(torch.zeros(1, 40, 1, 1), index[:1, :, :1, :1], share[:1, :, :1, :1]), 3.6889,
            "if 40 bins are equally likely, the loss is the logarithm of 40", 1e-3)
    c.equal(got, loss(p), "the cross-entropy of the soft target", 1e-4)
    c.hint_if(got, loss(p.softmax(1)), "a softmax of probabilities: apply log_softmax to the "
              "logits, once")
    c.hint_if(got, loss(p) / 10, "sum over the bins of a target, and take the mean over pixels")
    c.hint_if(got, loss(p.softmax(1)) / 10, "this is the function of the text, with both mistakes")
    c.hint_if(got, -loss(p), "a loss is low if the target is likely: the sign is missing")
    c.hint_if(got, loss(p) * 24, "take the mean over the pixels, not their sum")


def check_04_6(c, f):
    """width_seen: 1, and for each layer dilation * (kernel - 1) times the strides before it."""
    dilated = [(3, 1, d) for d in (1, 2, 4, 1, 2, 4)]
    strided = [(3, 1, 1), (3, 2, 1), (3, 1, 1), (3, 2, 1), (5, 1, 2)]
    c.equal(f([]), 1, "no layer: one pixel sees itself")
    c.equal(f([(3, 1, 1)] * 3), 7, "three 3×3 layers see 7 pixels")
    got = [f(dilated), f(strided)]
    c.equal(got[0], 29, "the dilated block sees 29 pixels")
    c.equal(got[1], 45, "a stride widens the steps of all later layers")

    def width(dilations: bool, strides: bool, own: bool = False) -> int:
        seen, step = 1, 1
        for kernel, stride, dilation in strided:
            step *= stride if strides and own else 1
            seen += (kernel - 1) * step * (dilation if dilations else 1)
            step *= stride if strides and not own else 1
        return seen

    c.hint_if(got[0], 13, "with dilation d, a 3×3 kernel spans 2d + 1 pixels")
    c.hint_if(got[1], width(True, False), "after a stride of 2, one step is two input pixels")
    c.hint_if(got[1], width(True, True, own=True), "a stride changes the later layers only")
