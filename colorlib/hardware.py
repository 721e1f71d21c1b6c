"""The machine: device, precision, memory and versions, as records and notebooks name them."""

import contextlib
import ctypes
import itertools
import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil
import torch

GLIBC = ctypes.CDLL(None) if sys.platform == "linux" and "glibc" in platform.libc_ver() else None
# Parameters of glibc's mallopt, and the values that its dynamic rule reaches in any program that
# uses torch: they grow with the blocks that are freed, up to 32 MB.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
USUAL_TRIM_THRESHOLD, USUAL_MMAP_THRESHOLD = 64 << 20, 32 << 20


def select_device(name: str = "auto") -> torch.device:
    """The torch device for "auto", "cpu", "cuda", "cuda:1" or "mps".

    "auto" is a CUDA GPU if there is one, else the CPU. Raises ValueError if there is none such.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if not isinstance(name, str) or not re.fullmatch(r"(cpu|cuda|mps)(:\d{1,2})?", name):
        raise ValueError(f"unknown device {name!r}: expected auto, cpu, cuda or mps")
    device = torch.device(name)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"this machine has no CUDA GPU: use auto or cpu, not {name!r}")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ValueError(f"this machine has no MPS: use auto or cpu, not {name!r}")
    return device


def best_precision(device: torch.device | str = "cpu") -> str:
    """The fastest precision that trains as well as float32 on a device.

    "bf16": CPUs with AVX512-BF16 or AMX, and GPUs since Ampere. "fp16", with loss scaling: other
    GPUs. "no", which means float32: everything else.
    """
    device = torch.device(device)
    if device.type == "cuda":
        return "bf16" if torch.cuda.get_device_capability(device) >= (8, 0) else "fp16"
    if device.type == "cpu":
        # Private functions of torch. Where a version lacks one, `bool` returns False in its place.
        checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        if any(getattr(torch.cpu, name, bool)() for name in checks):
            return "bf16"
    return "no"


def hardware(device: torch.device | str = "cpu") -> str:
    """Name of the GPU, or of the CPU: "AMD EPYC, 2 threads, AVX2" (torch's threads)."""
    device = torch.device(device)
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    name = platform.processor() or platform.machine()
    if device.type == "mps":
        return f"{name}, GPU (MPS)"
    if sys.platform == "linux":  # where `platform` knows no more than "x86_64"
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        models = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
        name = next(models, name)
    return f"{name}, {torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}"


def free_memory(groups=Path("/sys/fs/cgroup"), own=Path("/proc/self/cgroup")) -> float:
    """Free memory in MB: of the machine, or of the container, whose limit may be far lower.

    groups   where Linux lists the limits of control groups; own: which of them this process is in
    """
    free = psutil.virtual_memory().available
    files = (("memory.max", "memory.current"),  # version 2
             ("memory.limit_in_bytes", "memory.usage_in_bytes"))  # version 1
    for group, (limit, used) in itertools.product(_memory_groups(groups, own), files):
        try:
            room = int((group / limit).read_text()) - int((group / used).read_text())
            lines = (group / "memory.stat").read_text().splitlines()
        except (OSError, ValueError):  # no such file, or "max": no limit
            continue
        # The usage counts cached files, too, which the system drops when memory is needed.
        stat = dict(line.split()[:2] for line in lines)
        cached = stat.get("total_inactive_file") or stat.get("inactive_file", 0)
        free = min(free, room + int(cached))
    return max(free, 0) / 1e6


def _memory_groups(groups: Path, own: Path) -> set[Path]:
    """Folders of the control groups of this process, from its own up to the root."""
    found = {groups, groups / "memory"}  # all that a process in a container may see
    lines = own.read_text(encoding="utf-8").splitlines() if own.exists() else []
    for line in lines:  # "0::/user.slice" (version 2), "4:memory:/x" (version 1)
        _, names, path = line.split(":", 2)
        if not names or "memory" in names.split(","):
            inside = (groups / "memory" if names else groups) / path.lstrip("/")
            found |= {inside, *inside.parents}
    return found


def held_memory() -> float:
    """Memory of this process in MB; on Linux without mapped files, which count as free."""
    memory = psutil.Process().memory_info()
    return (memory.rss - getattr(memory, "shared", 0)) / 1e6


def versions(*packages: str) -> dict[str, str]:
    """Versions of Python and of packages; a package that is not installed is left out."""
    found = {"python": platform.python_version()}
    for name in packages:
        with contextlib.suppress(PackageNotFoundError):
            own = getattr(sys.modules.get(name), "__version__", None)
            found[name] = str(own or version(name))
    return found


@contextlib.contextmanager
def keep_freed_memory() -> Iterator[None]:
    """On Linux, keep freed memory in the process while inside, and return it to the system on exit.

    Otherwise the C library returns the activations of each training step to the system, and gets
    them back page by page in the next one.
    """
    if not GLIBC:
        yield
        return
    # Older versions refuse so large a threshold; they are given their usual one.
    if not GLIBC.mallopt(M_MMAP_THRESHOLD, 1 << 30):
        GLIBC.mallopt(M_MMAP_THRESHOLD, USUAL_MMAP_THRESHOLD)
    GLIBC.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
    try:
        yield
    finally:
        GLIBC.mallopt(M_MMAP_THRESHOLD, USUAL_MMAP_THRESHOLD)
        GLIBC.mallopt(M_TRIM_THRESHOLD, USUAL_TRIM_THRESHOLD)
        return_freed_memory()


def return_freed_memory() -> None:
    """Return memory to the system that was freed, but that the C library keeps for later."""
    if GLIBC:
        GLIBC.malloc_trim(0)
