"""What computes here, in words and versions: the same in a training's record, a notebook's and the results table."""
from __future__ import annotations

import contextlib
import ctypes
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil
import torch


def select_device(name: str = "auto") -> torch.device:
    """The device that "auto", "cpu", "cuda", "cuda:1" or "mps" stands for; ValueError if it is not there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        known = device.type in ("cpu", "cuda", "mps")
    except RuntimeError:
        known = False
    if not known:
        raise ValueError(f"unknown device {name!r}: expected auto, cpu, cuda or mps")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device {name!r} was asked for, but this machine has no CUDA GPU: use auto or cpu")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ValueError(f"device {name!r} was asked for, but this machine has no MPS: use auto or cpu")
    return device


def best_precision(device: torch.device | str = "cpu") -> str:
    """The precision that trains fastest there without harm.

    "bf16": CPUs with AVX512-BF16 or AMX, GPUs from Ampere on; "fp16": other GPUs, with loss scaling; "no": float32.
    """
    device = torch.device(device)
    if device.type == "cuda":
        return "bf16" if torch.cuda.get_device_capability(device) >= (8, 0) else "fp16"
    if device.type == "cpu":
        asked = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        if any(getattr(torch.cpu, name, bool)() for name in asked):
            return "bf16"
    return "no"


def hardware(device: torch.device | str = "cpu") -> str:
    """A GPU's name, or the processor's with its threads and what torch makes of it: "AMD EPYC, 2 threads, AVX2"."""
    device = torch.device(device)
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    name = platform.processor() or platform.machine()
    if device.type == "mps":
        return f"{name}, GPU (MPS)"
    if sys.platform == "linux":
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    return f"{name}, {torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}"


def free_memory(groups: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> float:
    """MB that are free: of the machine, or of the container (Binder, a hub), whose limit may be far lower.

    groups   where Linux tells of the limits of control groups, of version 2 or 1
    own      where it tells in which groups this process is
    """
    free = psutil.virtual_memory().available
    for group in _memory_groups(groups, own):
        for limit, used in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
            try:
                room = int((group / limit).read_text()) - int((group / used).read_text())
                lines = dict(line.split()[:2] for line in (group / "memory.stat").read_text().splitlines())
            except (OSError, ValueError):                       # no such file; "max": no limit
                continue
            read = lines.get("total_inactive_file") or lines.get("inactive_file", 0)        # of all inside; version 2
            free = min(free, room + int(read))                              # files that were read give way
    return max(free, 0) / 1e6


def held_memory() -> float:
    """MB that this process has already; on Linux without the files that it has mapped, which count as free."""
    memory = psutil.Process().memory_info()
    return (memory.rss - getattr(memory, "shared", 0)) / 1e6


def _memory_groups(groups: Path, own: Path) -> set[Path]:
    """The folders of the control groups that this process is in, from its own up to the root."""
    found = {groups, groups / "memory"}
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:                                          # "0::/user.slice" (version 2), "4:memory:/x" (1)
        _, names, path = line.split(":", 2)
        if names == "" or "memory" in names.split(","):
            top = groups / "memory" if names else groups
            inside = Path(path.lstrip("/"))
            found |= {top / one for one in (inside, *inside.parents)}
    return found


def versions(*packages: str) -> dict[str, str]:
    """Python's version and those of packages, by their own word or their installation's; one not here is left out."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = str(getattr(sys.modules.get(name), "__version__", None) or version(name))
        except PackageNotFoundError:
            pass
    return found


# Parameters of glibc's mallopt, and the values that its own dynamic rule ends at once a program has
# freed a block of 32 MB, as any program that uses torch does.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
USUAL_TRIM_THRESHOLD, USUAL_MMAP_THRESHOLD = 64 << 20, 32 << 20


@contextlib.contextmanager
def keep_freed_memory() -> Iterator[None]:
    """On Linux, keep freed memory in the process while inside, and return it to the system on exit.

    Else the C library returns every step's activations to the system and fetches them back page by
    page.
    """
    libc = _glibc()
    if libc:
        libc.mallopt(M_MMAP_THRESHOLD, 1 << 30)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
    try:
        yield
    finally:
        if libc:
            libc.mallopt(M_MMAP_THRESHOLD, USUAL_MMAP_THRESHOLD)
            libc.mallopt(M_TRIM_THRESHOLD, USUAL_TRIM_THRESHOLD)
        return_freed_memory()


def return_freed_memory() -> None:
    """Give memory that was freed, and that the C library keeps for later, back to the system."""
    if libc := _glibc():
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    """The C library, if it is glibc."""
    glibc = platform.system() == "Linux" and platform.libc_ver()[0] == "glibc"
    return ctypes.CDLL(None) if glibc else None
