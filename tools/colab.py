"""Makes the course importable on a machine that has torch already; the bootstrap cells run it on Colab.

What colorlib needs and the machine lacks is installed; whatever is there, torch above all, stays at its version.
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
    """The requirements of pyproject.toml that are not installed, in whatever version."""
    import tomllib

    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    return [line for line in wanted if not _installed(re.match(r"[\w.-]+", line)[0])]


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def install(requirements: list[str]) -> None:
    """With pip, holding every installed package at its version."""
    held = {d.metadata["Name"]: d.version for d in metadata.distributions() if d.metadata["Name"]}
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text("".join(f"{name}=={version}\n" for name, version in sorted(held.items())))
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--constraint", str(constraints), *requirements], check=True)


if needed := missing():
    print("installing", ", ".join(needed))
    install(needed)
sys.path.insert(0, str(ROOT))
importlib.invalidate_caches()
