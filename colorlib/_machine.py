"""What computes here, in words and versions: the same in a training's record, a notebook's and the results table."""
from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

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


def versions(*packages: str) -> dict[str, str]:
    """Python's version and those of packages, by their own word or their installation's; one not here is left out."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = str(getattr(sys.modules.get(name), "__version__", None) or version(name))
        except PackageNotFoundError:
            pass
    return found
