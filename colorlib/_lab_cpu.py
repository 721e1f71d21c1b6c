"""Conversions to and from Lab on a CPU, in pieces: `color` uses it where no gradient is needed.

Pieces make it fast in two ways: they stay in the processor's cache; and each thread gets pieces of
its own, whereas torch's threads wait for each other after every operation.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

# Pixels of a piece: with fewer, Python's own work takes longest, with more, access to memory.
PIECE = 128 * 1024


def in_pieces(work: Callable[[Tensor, Tensor], object], x: Tensor) -> Tensor:
    """Compute a float32 tensor of x's shape, piece by piece, on as many threads as torch uses.

    work   function: fills its second argument, a piece of the result, from its first, the same
           piece of x; both are images (n, 3, p, 1)
    x      (..., 3, H, W), on the CPU
    """
    # NumPy asks the system for large memory pages and torch does not: 60 ms less for 120 MB.
    out = torch.from_numpy(np.empty(tuple(x.shape), dtype=np.float32))
    if x.numel() == 0:
        return out
    count, pixels = x.shape[:-3].numel(), x.shape[-2:].numel()
    source, target = (t.reshape(count, 3, pixels, 1) for t in (x.detach(), out))
    images, span = max(1, PIECE // pixels), min(pixels, PIECE)
    pieces = [(slice(n, n + images), slice(None), slice(p, p + span))
              for n in range(0, count, images) for p in range(0, pixels, span)]
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
