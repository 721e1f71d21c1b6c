"""Color a film from the colors of its first frame: each frame gets those of the last one as hints.

    ab = film.colorize(colorizer, L, first)         # T 1 H W and 2 H W -> T 2 H W
    film.flicker(ab, shifts)                        # how much the same point of the scene changes

Dahl 2016 proposes it, to keep the colors of neighboring frames alike. The colorizer takes hints:
see `colorlib.hints`. Between two frames the camera, or the whole scene, may move by whole pixels.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from colorlib import hints
from colorlib.colorizer import Colorizer

ALIKE = 4.0  # of lightness: where a moved pixel differs by more, it is no hint


def colorize(colorizer: Colorizer, L: Tensor, first: Tensor, count: int = 20,
             seed: int = 0) -> Tensor:
    """Color every frame after the first one with hints from the frame before it.

    L         (T, 1, H, W), the frames' lightness, 0...100
    first     (2, H, W), the colors of the first frame, Lab units
    count     hints for each frame, at random pixels that are alike in both frames
    returns   (T, 2, H, W), Lab units; the first ones are `first`

    ValueError for shapes that do not fit, or a colorizer that takes no hints.
    """
    if L.ndim != 4 or L.shape[1] != 1 or first.shape != (2, *L.shape[2:]) or count < 1:
        raise ValueError("expected frames (T, 1, H, W), first colors (2, H, W) and at least one "
                         f"hint, got {tuple(L.shape)}, {tuple(first.shape)} and {count=}")
    generator, colored = torch.Generator().manual_seed(seed), [first.to(L.device)]
    for before, now in zip(L, L[1:]):
        down, right = motion(before, now)
        moved, there = (_moved(x, down, right) for x in (colored[-1], torch.ones_like(before)))
        alike = there.bool() & ((_moved(before, down, right) - now).abs() < ALIKE)  # 1 H W
        places = alike.flatten().nonzero()[:, 0].cpu()
        chosen = places[torch.randperm(len(places), generator=generator)[:count]]
        mask = torch.zeros(now.numel(), dtype=torch.bool)
        mask[chosen] = True
        mask = mask.view(1, *now.shape).to(now.device)
        colored.append(hints.predict(colorizer, now[None], moved[None], mask)[0])
    return torch.stack(colored)


def motion(before: Tensor, now: Tensor) -> tuple[int, int]:
    """By how many pixels the whole picture (1, H, W) has moved, downwards and to the right."""
    from skimage.registration import phase_cross_correlation  # slow to import, rarely needed

    shift, _, _ = phase_cross_correlation(now[0].cpu().numpy(), before[0].cpu().numpy())
    return round(float(shift[0])), round(float(shift[1]))


def flicker(ab: Tensor, shifts: Sequence[tuple[int, int]]) -> float:
    """The mean change of color, Lab units, at the same point of the scene between two frames.

    ab       (T, 2, H, W), at least two frames
    shifts   of each frame: by how many pixels, downwards and to the right, the scene stands away
             from where it was first; else ValueError. Points that leave the picture do not count
    """
    if len(ab) != len(shifts) or len(ab) < 2:
        raise ValueError(f"expected a shift for each of at least two frames, got {len(shifts)} "
                         f"for {len(ab)}")
    changes = []
    for number in range(1, len(ab)):
        down, right = (after - before for after, before in zip(shifts[number], shifts[number - 1]))
        there = _moved(torch.ones_like(ab[0, :1]), down, right).bool()[0]  # H W
        if not there.any():
            raise ValueError(f"frame {number} shows no point of the frame before it")
        change = (ab[number] - _moved(ab[number - 1], down, right)).norm(dim=0)
        changes.append(change[there].mean())
    return float(torch.stack(changes).mean())


def _moved(x: Tensor, down: int, right: int) -> Tensor:
    """A picture (C, H, W) moved by whole pixels; 0 where nothing is known."""
    height, width = x.shape[1:]
    moved, down = torch.zeros_like(x), max(-height, min(height, down))
    right = max(-width, min(width, right))
    target = [slice(max(0, n), size + min(0, n)) for n, size in ((down, height), (right, width))]
    source = [slice(max(0, -n), size + min(0, -n)) for n, size in ((down, height), (right, width))]
    moved[(slice(None), *target)] = x[(slice(None), *source)]
    return moved
