"""RGB to Lab on a CPU, for tensors that need no gradient: the sums of `color.rgb_to_lab`, done in place.

`color` calls this by itself; nobody else needs to. What makes it fast: memory is touched in pieces that stay in the
processor's cache; a cube root by log2 and exp2 costs a third of a power; and each thread has pieces of its own, so that
none waits for another after every operation, which is what torch's own threads do.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

PIECE = 128 * 1024  # pixels; smaller pieces wait for Python, larger ones for memory


def in_pieces(work: Callable[[Tensor, Tensor], None], x: Tensor) -> Tensor:
    """A float32 tensor of x's shape, filled by work(piece of x, piece of result), pieces of shape (n, 3, p).

    x  (..., 3, H, W) on the CPU. Several pieces are shared among as many threads as torch uses.
    """
    # numpy asks the system for large pages, torch does not: 60 ms less on 120 MB
    out = torch.from_numpy(np.empty(tuple(x.shape), dtype=np.float32))
    count, pixels = x.shape[:-3].numel(), x.shape[-2] * x.shape[-1]
    if x.numel() == 0:
        return out
    source, target = x.detach().reshape(count, 3, pixels), out.view(count, 3, pixels)
    images, span = max(1, PIECE // pixels), min(pixels, PIECE)
    pieces = [
        (slice(n, n + images), slice(None), slice(p, p + span))
        for n in range(0, count, images)
        for p in range(0, pixels, span)
    ]
    inference = torch.is_inference_mode_enabled()  # grad and inference mode belong to a thread: hand them on

    def share(pieces: list) -> None:
        with torch.inference_mode(inference), torch.no_grad():
            for piece in pieces:
                work(source[piece], target[piece])

    threads = torch.get_num_threads()
    if threads == 1 or len(pieces) == 1:
        share(pieces)
        return out
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            list(pool.map(share, [pieces[i::threads] for i in range(threads)]))
    finally:
        torch.set_num_threads(threads)  # what new threads start with; this one's number never changed
    return out


def rgb_to_lab_piece(
    rgb: Tensor, lab: Tensor, linear: Callable[[Tensor, Tensor], None], mix: list[list[float]], eps: float, kappa: float
) -> None:
    """Fill lab (n, 3, p) from rgb (n, 3, p). linear(plane, out) makes one plane linear; mix is `color._MIX`."""
    n, _, p = rgb.shape
    red, green, blue, fx, fy, fz, rest = torch.empty(7, n, p)
    for plane, out in enumerate((red, green, blue)):
        linear(rgb[:, plane], out)
    red.sub_(green)
    blue.sub_(green)
    for (from_red, _, from_blue), f in zip(mix, (fx, fy, fz), strict=True):
        torch.add(green, red, alpha=from_red, out=rest).add_(blue, alpha=from_blue)  # X/Xn, Y/Yn or Z/Zn
        torch.clamp_min(rest, eps, out=f)
        rest.sub_(f)  # below eps: how far; else 0
        f.log2_().mul_(1 / 3).exp2_().add_(rest, alpha=kappa / 116)
    torch.mul(fy, 116, out=lab[:, 0]).sub_(16)
    torch.mul(fx.sub_(fy), 500, out=lab[:, 1])
    torch.mul(fy.sub_(fz), 200, out=lab[:, 2])
