"""Color a film so that the same point of the scene keeps its color from frame to frame.

    steady = film.FilmColorizer(colorizer)          # any colorizer; whatever moves in the film
    for frame in frames:                            # uint8, 3 H W
        rgb = steady.colorize(frame)

    ab = film.colorize(colorizer, L, first)         # T 1 H W and 2 H W -> T 2 H W
    film.flicker(ab, shifts)                        # how much the same point of the scene changes

Dahl 2016 proposes to give each frame the colors of the last one. `colorize` gives them as hints,
to a colorizer that takes hints (`colorlib.hints`), where the whole picture moves by whole pixels.
`FilmColorizer` mixes them in, moved by optical flow.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor

from colorlib import hints
from colorlib.colorizer import Colorizer

ALIKE = 4.0  # of lightness: where a moved pixel differs by more, it is no hint
# Mean trust between two frames, measured on the course's photographs: above 0.80 within a scene
# that moves by up to nine pixels in heavy grain; below 0.40 from one photograph to another, and
# below 0.75 from one fruit to another on the same white.
SAME_SCENE = 0.7
FLOW_SIDE = 128  # pixels: the flow of larger frames is found on smaller copies, for its time


class FilmColorizer:
    """Color the frames of a film one after another; the last frame's colors move along.

    colorizer   any `Colorizer`
    keep        the share of the last frame's color, 0...1, where it can be trusted; with 0 each
                frame is colored by itself. ValueError for another number

    Optical flow between the two lightnesses moves the colors. They are trusted where the moved
    lightness is that of the frame, and nowhere after a cut, or a change of the frame's size.

    On pans over nine pictures, each with and without grain, the U-Net of the course flickers 0.18
    to 0.32 times as much as frame by frame, and its error is 0.94 to 1.01 times as large. The
    colors are not given as hints: both networks that were measured flicker more that way, and their
    colors drift.
    """

    def __init__(self, colorizer: Colorizer, keep: float = 0.8):
        if not 0 <= keep <= 1:
            raise ValueError(f"the share to keep of the last frame's colors must lie in 0...1, "
                             f"got {keep}")
        self.colorizer, self.keep = colorizer, keep
        self.last: tuple[Tensor, Tensor] | None = None  # lightness and ab, 1 H W and 2 H W

    def colorize(self, image: Tensor, max_side: int | None = None) -> Tensor:
        """The next frame, or a batch of frames in their order; see `Colorizer.colorize`."""
        return self.colorizer.colorize(image, max_side, self.predict)

    def predict(self, L: Tensor, batch_size: int = 50) -> Tensor:
        """ab of the next frames, (T, 1, H, W) -> (T, 2, H, W); see `Colorizer.predict`."""
        ab = self.colorizer.predict(L, batch_size)
        for now, colors in zip(L, ab):
            if self.keep and self.last and self.last[0].shape == now.shape:
                moved, trust = follow(*self.last, now)
                colors.lerp_(moved, self.keep * trust)
            self.last = now, colors
        return ab


def follow(before: Tensor, ab: Tensor, now: Tensor) -> tuple[Tensor, Tensor]:
    """Move the last frame's colors to where the scene is now.

    before, now   (1, H, W), lightness of the last frame and of this one, 0...100
    ab            (2, H, W), the last frame's colors
    returns       the moved colors, (2, H, W), and how far each can be trusted, (1, H, W), 0...1;
                  0 everywhere after a cut
    """
    flow = _flow(before, now)
    places = np.indices(flow.shape[1:]) + flow  # 2 H W: where each pixel of this frame was
    moved = torch.from_numpy(np.stack([
        ndimage.map_coordinates(channel, places, order=1, mode="nearest")
        for channel in torch.cat([before, ab]).cpu().numpy()])).to(ab)  # 3 H W
    limits = np.reshape(flow.shape[1:], (2, 1, 1)) - 1
    inside = torch.from_numpy(((places >= 0) & (places <= limits)).all(0)).to(ab.device)
    # The mean over 5x5 pixels, in which grain cancels out.
    difference = F.avg_pool2d(moved[:1] - now, 5, 1, 2, count_include_pad=False)
    trust = inside * torch.exp(-(difference / ALIKE) ** 2)
    return moved[1:], trust if trust.mean() > SAME_SCENE else torch.zeros_like(trust)


def _flow(before: Tensor, now: Tensor) -> np.ndarray:
    """By how many pixels each pixel was below and to the right in the last frame: (2, H, W)."""
    from skimage.registration import optical_flow_ilk  # slow to import, rarely needed

    size = now.shape[1:]
    small = [max(1, round(side * min(1.0, FLOW_SIDE / max(size)))) for side in size]
    if min(small) < 2:  # too few for a gradient
        return np.zeros((2, *size))
    images = F.interpolate(torch.stack([now, before]), size=small, mode="bilinear", antialias=True)
    flow = torch.from_numpy(optical_flow_ilk(*images[:, 0].cpu().numpy(), prefilter=True))
    flow = F.interpolate(flow[None], size=size, mode="bilinear")[0].numpy()
    return flow * np.divide(size, small).reshape(2, 1, 1)


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
