"""Checkers for notebook 08, *When you may ask for help*."""

import torch


def check_08_1(c, f):
    """recolored: the influences' weighted sum of colors, one of which is replaced."""
    draw = torch.Generator().manual_seed(0)
    influence = torch.rand(4, 5, 6, generator=draw)
    influence /= influence.sum(0)
    colors, new = 40 * torch.randn(4, 2, generator=draw), torch.tensor([-30.0, 55.0])
    changed = colors.clone()
    changed[2] = new
    before = colors.clone()
    got = f(influence, colors, 2, new)
    c.equal(got, torch.einsum("khw,kc->chw", influence, changed), "four scribbles, the third anew")
    c.true(torch.equal(colors, before), "the caller's colors were changed: work on a copy")
    c.equal(f(influence, colors, 0, colors[0]), torch.einsum("khw,kc->chw", influence, before),
            "the same color as before changes nothing")
    c.hint_if(got, torch.einsum("khw,kc->chw", influence, before), "this is the old picture")
    c.hint_if(got, influence[2] * new[:, None, None],
              "the other scribbles count, too: sum over all of them")
    c.hint_if(got, torch.einsum("khw,kc->hwc", influence, changed),
              "a and b come first: (2, H, W)")


def check_08_2(c, f):
    """nearest: which of (S, 2) is the nearest to each of (P, 2)."""
    draw = torch.Generator().manual_seed(0)
    described, candidates = torch.rand(50, 2, generator=draw), torch.rand(9, 2, generator=draw)
    distances = torch.cdist(described, candidates)  # 50 9
    got = f(described, candidates)
    c.equal(got, distances.argmin(1), "50 pixels and 9 samples")
    c.equal(f(candidates, candidates), torch.arange(9), "each sample is the nearest to itself")
    c.hint_if(got, distances.argmin(0), "one answer for each pixel: the smallest in each row")
    c.hint_if(got, distances.amin(1), "this is the distance: which sample was asked for")
    c.hint_if(got, (described[:, None] - candidates).sum(2).abs().argmin(1),
              "differences of opposite sign must not cancel: square them, or take absolute values")


def check_08_3(c, f):
    """next_click: the pixel (row, column) that is farthest from its nearest hint."""
    def distances(mask):
        places = torch.cartesian_prod(*map(torch.arange, mask.shape))  # H·W 2
        given = mask.nonzero()  # K 2
        return torch.cdist(places.double(), given.double()).view(*mask.shape, -1)  # H W K

    for places in ([(0, 0)], [(2, 3), (9, 1), (5, 11)], [(0, 0), (11, 15), (0, 15)]):
        mask = torch.zeros(12, 16, dtype=torch.bool)
        for place in places:
            mask[place] = True
        got = f(mask.clone())
        if not hasattr(got, "__len__") or getattr(got, "ndim", 1) == 0:
            c.true(False, "expected a row and a column, got one number: `divmod` makes two of it")
            return
        is_place = len(got) == 2 and 0 <= int(got[0]) < 12 and 0 <= int(got[1]) < 16
        c.true(is_place, "expected a row below 12 and a column below 16")
        if not is_place:
            return
        found = distances(mask)[int(got[0]), int(got[1])]  # K
        nearest = distances(mask).amin(2)  # H W
        c.true(bool(found.min() >= nearest.max() - 1e-6),
               f"with hints at {places}, there is a pixel farther from its nearest hint")
        c.hint_if(float(found.min()), 0.0, "you chose a pixel that has a hint already")
        total = distances(mask).sum(2)
        c.hint_if(float(found.sum()), float(total.max()),
                  "not the sum of the distances: a pixel beside one hint can be far from the rest")
        c.hint_if(float(found.max()), float(distances(mask).amax(2).max()),
                  "the distance to the nearest hint counts, not that to the farthest one")
