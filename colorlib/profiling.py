"""Time and memory: two ways to do a thing, timed in turn, so that what else the machine does slows both; and peaks.

    theirs, ours = interleaved(one, other, pairs=5)             # seconds of each run, in order
    print(ratio(theirs, ours))                                  # above 1: ours is faster
    peak_memory("import torch", "torch.zeros(1000, 1000)")      # MB
    kept(net, x)                                                # MB that net(x) holds for the way back
"""
from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from torch import Tensor, nn


def timed(function: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def interleaved(one: Callable[[], object], other: Callable[[], object], pairs: int) -> tuple[list[float], list[float]]:
    """Seconds of each call of both, in turn; a first round of both is not counted."""
    timed(one), timed(other)
    times = [(timed(one), timed(other)) for _ in range(pairs)]
    return [t for t, _ in times], [t for _, t in times]


def ratio(theirs: list[float], ours: list[float]) -> float:
    """The median of the pairs' ratios."""
    return statistics.median(a / b for a, b in zip(theirs, ours, strict=True))


def peak_memory(setup: str, work: str) -> float:
    """MB by which the peak of a process rises while it runs `work`, above what it holds after `setup`.

    Both are Python, run in a process of its own, which finds the same modules. Memory of the host, not of a GPU. A peak
    of `setup` itself counts if it was higher, except on Linux, where it is forgotten. RuntimeError with the process's
    last words if it fails.
    """
    from colorlib.hardware import return_freed_memory  # here: a process that is measured may need no torch

    return_freed_memory()                              # two processes stand side by side
    code = f"{setup}\nfrom colorlib import profiling as _profiling\n_held = _profiling.forget_peak()\n{work}\n" \
           "print((_profiling.peak_bytes() - _held) / 1e6)"
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env=os.environ | {"PYTHONPATH": path})
    if done.returncode:
        raise RuntimeError(f"the process that was to be measured failed:\n{done.stderr[-2000:]}")
    return float(done.stdout.split()[-1])


def kept(net: nn.Module, x: Tensor) -> float:
    """MB of tensors, other than its weights, that net(x) holds until its gradients are computed; in this process."""
    from torch.autograd.graph import saved_tensors_hooks  # here: a process that is measured may need no torch

    weights = {p.untyped_storage().data_ptr() for p in net.parameters()}
    held = {}

    def note(t: Tensor) -> Tensor:
        memory = t.untyped_storage()
        if memory.data_ptr() not in weights:
            held[memory.data_ptr()] = memory.nbytes()
        return t

    with saved_tensors_hooks(note, lambda t: t):
        out = net(x)                # not dropped: while it lives, no memory is given out twice
    del out
    return sum(held.values()) / 1e6


def forget_peak() -> int:
    """Resident bytes of this process now; on Linux its peak starts anew from them."""
    try:
        Path("/proc/self/clear_refs").write_text("5")           # resets VmHWM
    except OSError:                                             # another system, or not allowed
        pass
    return psutil.Process().memory_info().rss


def peak_bytes() -> int:
    """Peak resident memory of this process."""
    if sys.platform == "linux":                     # not ru_maxrss: a child starts with its parent's
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
