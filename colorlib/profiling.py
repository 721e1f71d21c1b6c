"""Measure time and memory: two functions timed in turn, and peak memory in a process of its own.

    other, own = interleaved(their_function, our_function, pairs=5)   # seconds of each call
    print(ratio(other, own))                                          # above 1: ours is faster
    peak_memory("import torch", "torch.zeros(1000, 1000)")            # MB
    activation_memory(net, x)                                         # MB, for the backward pass
"""

import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from colorlib.hardware import return_freed_memory


def timed(function: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def interleaved(one: Callable[[], object], other: Callable[[], object],
                pairs: int) -> tuple[list[float], list[float]]:
    """Time two functions in turn, so that other load on the machine slows both.

    returns   seconds of each call of `one` and of `other`, without a first call of both
    """
    timed(one)
    timed(other)
    times = [(timed(one), timed(other)) for _ in range(pairs)]
    return [t for t, _ in times], [t for _, t in times]


def ratio(one: list[float], other: list[float]) -> float:
    """Median over pairs of the time of `one` divided by that of `other`."""
    return statistics.median(a / b for a, b in zip(one, other, strict=True))


def peak_memory(setup: str, work: str) -> float:
    """Increase in the peak memory of a process, in MB, while it runs `work` after `setup`.

    setup, work   Python code, run in a new process that finds the same modules
    raises        RuntimeError with the end of the process's error message, if it fails

    Host memory, not that of a GPU. torch is loaded before the measurement; its own memory does not
    count. Where the peak cannot be reset, which is everywhere except on Linux, a higher peak during
    `setup` counts, too.
    """
    return_freed_memory()  # this process and the new one are in memory at the same time
    code = (f"{setup}\nfrom colorlib import profiling as _profiling\n"
            f"_before = _profiling.reset_peak()\n{work}\n"
            "print((_profiling.peak_bytes() - _before) / 1e6)")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"the process that was to be measured failed:\n{done.stderr[-2000:]}")
    return float(done.stdout.split()[-1])  # after whatever setup and work have printed


def activation_memory(net: nn.Module, x: Tensor) -> float:
    """MB of tensors, without weights, that net(x) keeps in memory for the backward pass."""
    weights = {p.untyped_storage().data_ptr() for p in net.parameters()}
    saved = {}

    def note(t: Tensor) -> Tensor:
        memory = t.untyped_storage()  # by its address: what several tensors share counts once
        if memory.data_ptr() not in weights:
            saved[memory.data_ptr()] = memory.nbytes()
        return t

    with saved_tensors_hooks(note, lambda t: t):
        output = net(x)  # kept until the end: otherwise two tensors could have the same address
    del output
    return sum(saved.values()) / 1e6


def reset_peak() -> int:
    """Resident memory of this process, in bytes; on Linux also resets its peak to this value."""
    with contextlib.suppress(OSError):  # another system, or no permission
        Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM
    return psutil.Process().memory_info().rss


def peak_bytes() -> int:
    """Peak resident memory of this process, in bytes."""
    if sys.platform == "linux":  # not ru_maxrss, which a process inherits from its parent
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource  # which Windows does not have

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # bytes on a Mac, else kB
