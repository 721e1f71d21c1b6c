"""What computes here, in words and versions: the same in a training's record, a notebook's and the results table."""
from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil
import torch


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
