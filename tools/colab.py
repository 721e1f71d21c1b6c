"""Make the course importable where torch is installed; the first cell runs this on Colab.

Requirements of colorlib that are missing are installed. Installed packages, above all torch, keep
their versions.
"""

import importlib
import re
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def missing() -> list[str]:
    """The requirements in pyproject.toml of which no version is installed."""
    import tomllib

    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    requirements = tomllib.loads(text)["project"]["dependencies"]
    return [line for line in requirements if not _installed(re.match(r"[\w.-]+", line)[0])]


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def install(requirements: list[str]) -> None:
    """Install packages by pip, with every package that is there pinned to its version."""
    installed = metadata.distributions()
    pins = {d.metadata["Name"]: d.version for d in installed if d.metadata["Name"]}
    lines = [f"{name}=={version}\n" for name, version in sorted(pins.items())]
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text("".join(lines))
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--constraint", str(constraints), *requirements], check=True)


if needed := missing():
    print("installing", ", ".join(needed))
    install(needed)
sys.path.insert(0, str(ROOT))
importlib.invalidate_caches()
