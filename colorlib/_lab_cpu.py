"""RGB to Lab on a CPU, for tensors that need no gradient: the sums of `color.rgb_to_lab`, done in place.

`color` calls this by itself; nobody else needs to. Three things make it fast, in this order:
memory is touched in pieces that stay in the processor's cache, each piece belongs to one thread (an operation on fewer
than 32,768 values is not split by torch, so nothing waits), and the cube root is two Newton-like steps, not a power.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

PIECE = 31 * 1024  # pixels: thirty-one 32x32 images; just under the size at which torch splits an operation


def in_pieces(work: Callable[[Tensor, Tensor], None], x: Tensor) -> Tensor:
    """A float32 tensor of x's shape, filled by work(piece of x, piece of result), pieces of shape (n, 3, p).

    x  (..., 3, H, W) on the CPU. Pieces are shared among as many threads as torch uses.
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

    def share(start: int, step: int) -> None:
        with torch.inference_mode(inference), torch.no_grad():
            for piece in pieces[start::step]:
                work(source[piece], target[piece])

    threads = min(torch.get_num_threads(), len(pieces))
    if threads == 1:
        share(0, 1)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(share, range(threads), [threads] * threads))
    return out


def cube_root_(c: Tensor, y: Tensor, t: Tensor, i: Tensor) -> None:
    """Replace c (float32, > 0) by its cube root, to 1.2e-7; y, t (float32) and i (int32) are scratch of its size.

    The bits of a float, read as an integer, are nearly its logarithm: a third of them is a guess within 4 %.
    Halley's step takes that to 3e-5, Newton's to rounding.
    """
    y.copy_(c.view(torch.int32))
    torch.add(_TWO_THIRDS_OF_THE_BIAS, y, alpha=1 / 3, out=t)
    i.copy_(t)
    guess = i.view(torch.float32)
    torch.mul(guess, guess, out=t).mul_(guess)  # t = y^3
    torch.add(c, t, alpha=2, out=y)
    guess.mul_(t.add_(c, alpha=2)).div_(y)  # y (y^3 + 2c) / (2y^3 + c)
    torch.mul(guess, guess, out=t)
    torch.div(c, t, out=t)
    torch.add(guess.mul_(2 / 3), t, alpha=1 / 3, out=c)  # (2y + c / y^2) / 3


_TWO_THIRDS_OF_THE_BIAS = torch.tensor(709_921_077.0)  # 2/3 of float32's exponent bias, less what evens out the error


def rgb_to_lab_piece(
    rgb: Tensor, lab: Tensor, linear: Callable[[Tensor, Tensor], None], mix: list[list[float]], eps: float, kappa: float
) -> None:
    """Fill lab (n, 3, p) from rgb (n, 3, p). linear(plane, out) makes one plane linear; mix is `color._MIX`."""
    n, _, p = rgb.shape
    scratch = torch.empty(9, n, p)
    red, green, blue, fx, fy, fz, rest, y, t = scratch
    integers = torch.empty(n, p, dtype=torch.int32)
    for plane, out in enumerate((red, green, blue)):
        linear(rgb[:, plane], out)
    red.sub_(green)
    blue.sub_(green)
    for (from_red, _, from_blue), f in zip(mix, (fx, fy, fz), strict=True):
        torch.add(green, red, alpha=from_red, out=rest).add_(blue, alpha=from_blue)  # X/Xn, Y/Yn or Z/Zn
        torch.clamp_min(rest, eps, out=f)
        rest.sub_(f)  # below eps: how far; else 0
        cube_root_(f, y, t, integers)
        f.add_(rest, alpha=kappa / 116)
    torch.mul(fy, 116, out=lab[:, 0]).sub_(16)
    torch.mul(fx.sub_(fy), 500, out=lab[:, 1])
    torch.mul(fy.sub_(fz), 200, out=lab[:, 2])
