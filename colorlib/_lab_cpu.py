"""RGB to Lab on a CPU, for tensors that need no gradient: what `color.rgb_to_lab` computes, faster.

Three things make it fast: it works on pieces that stay in the processor's cache; it computes a
cube root by log2 and exp2, in a third of a power's time; and it gives each thread pieces of its
own, whereas torch's threads wait for each other after every operation.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

# Pixels of a piece: with fewer, Python's own work takes longest, with more, access to memory.
PIECE = 128 * 1024


def in_pieces(work: Callable[[Tensor, Tensor], None], x: Tensor) -> Tensor:
    """Compute a float32 tensor of x's shape, piece by piece, on as many threads as torch uses.

    work   function: fills its second argument, a piece of the result, from its first, the same
           piece of x; both have the shape (n, 3, p)
    x      (..., 3, H, W), on the CPU
    """
    # NumPy asks the system for large memory pages and torch does not: 60 ms less for 120 MB.
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
    inference = torch.is_inference_mode_enabled()  # a setting of each thread, to be handed on

    def compute(pieces: list) -> None:
        with torch.inference_mode(inference), torch.no_grad():
            for piece in pieces:
                work(source[piece], target[piece])

    threads = torch.get_num_threads()
    if threads == 1 or len(pieces) == 1:
        compute(pieces)
        return out
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            list(pool.map(compute, [pieces[i::threads] for i in range(threads)]))
    finally:
        # The pool's threads also changed the number that threads to come start with.
        torch.set_num_threads(threads)
    return out


def rgb_to_lab_piece(
    rgb: Tensor, lab: Tensor, linearize: Callable[[Tensor, Tensor], None],
    matrix: list[list[float]], epsilon: float, kappa: float,
) -> None:
    """Fill lab, (n, 3, p), from rgb, (n, 3, p).

    linearize        function: fills its second argument with the linear light of one plane
    matrix           linear RGB to XYZ / white, with rows that sum to 1
    epsilon, kappa   of Lab's curve, as in `color`
    """
    n, _, p = rgb.shape
    red, green, blue, fx, fy, fz, rest = torch.empty(7, n, p)
    for plane, out in enumerate((red, green, blue)):
        linearize(rgb[:, plane], out)
    red.sub_(green)
    blue.sub_(green)
    for (from_red, _, from_blue), f in zip(matrix, (fx, fy, fz), strict=True):
        torch.add(green, red, alpha=from_red, out=rest).add_(blue, alpha=from_blue)  # X, Y or Z
        torch.clamp_min(rest, epsilon, out=f)
        rest.sub_(f)  # how far below epsilon, where the curve is a line; else 0
        f.log2_().mul_(1 / 3).exp2_().add_(rest, alpha=kappa / 116)
    torch.mul(fy, 116, out=lab[:, 0]).sub_(16)
    torch.mul(fx.sub_(fy), 500, out=lab[:, 1])
    torch.mul(fy.sub_(fz), 200, out=lab[:, 2])
