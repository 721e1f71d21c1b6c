"""A hub behind a proxy, rehearsed: eight accounts at once on one installation that is not theirs, and a kit with no
network."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from colorlib.data import storage
from colorlib.paths import project_root
from tools.files import find

pytestmark = [pytest.mark.classroom, pytest.mark.skipif(sys.platform != "linux", reason="Linux only")]
ROOT = project_root()
ACCOUNTS = range(20_001, 20_009)


def works(*command):
    """Whether a command succeeds here."""
    return shutil.which(command[0]) is not None and subprocess.run(command, capture_output=True).returncode == 0


def account(number):
    """The start of a command that runs as an account which owns nothing here: it may read all, and write its own."""
    return ["setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups", "--inh-caps=-all,+dac_read_search",
            "--ambient-caps=-all,+dac_read_search", "--bounding-set=-all,+dac_read_search"]


def of_accounts(*tops):
    """Every file and folder below some that belongs to one of the accounts."""
    for top in tops:
        for folder, inside, files in os.walk(top):
            for name in (*inside, *files):
                path = Path(folder, name)
                try:
                    if path.lstat().st_uid in ACCOUNTS:
                        yield path
                except FileNotFoundError:                                   # gone meanwhile
                    pass


@pytest.fixture
def place():
    """A folder that other accounts can enter (pytest's own cannot be)."""
    made = Path(tempfile.mkdtemp(prefix="colorlib-hub-"))
    made.chmod(0o755)
    yield made
    for folder in made.glob("data"):
        folder.chmod(0o755)
    shutil.rmtree(made)


@pytest.mark.timeout(900)
def test_eight_users_at_once_on_one_installation(place):
    """Each home holds notebooks, checkpoints and results, as nbgitpuller brings them; all else is not theirs."""
    if not works(*account(ACCOUNTS[0]), sys.executable, "-c", "import colorlib"):
        pytest.skip("other accounts cannot be taken on here: that needs root, and setpriv")
    data, real = place / "data", sorted(storage.data_folder().glob("cifar10-*.npy"))
    data.mkdir()
    for file in real:
        shutil.copy2(file, data / file.name)
    data.chmod(0o555)
    assert not works(*account(ACCOUNTS[0]), "touch", str(data / "x"))       # the rehearsal would notice
    assert not works(*account(ACCOUNTS[0]), "touch", str(ROOT / "colorlib" / "x"))
    name, users = find(["03"])[0].name, []
    for i in ACCOUNTS:
        home = place / f"user{i}"
        course = home / "course"
        (home / "tmp").mkdir(parents=True)
        for part in ("notebooks", "data", "results"):
            shutil.copytree(ROOT / part, course / part)
        shutil.copy2(ROOT / "pyproject.toml", course)
        for path in (home, *home.rglob("*")):
            os.chown(path, i, i)
        environment = {"HOME": str(home), "TMPDIR": str(home / "tmp"), "PATH": os.environ["PATH"], "MPLBACKEND": "agg",
                       "COLORLIB_DATA": str(data), "COLORLIB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "papermill", "--no-progress-bar", "-p", "PROFILE", "smoke", "-p", "DATA",
                   "cifar10" if real else "fruits", name, "out.ipynb"]
        users.append(subprocess.Popen([*account(i), *command], cwd=course / "notebooks", env=environment, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
    try:
        told = [user.communicate()[0] for user in users]
    finally:
        for user in users:
            user.kill()
    assert [user.returncode for user in users] == [0] * len(users), "\n".join(text[-2000:] for text in told)
    for i in ACCOUNTS:
        assert (place / f"user{i}" / "course" / "notebooks" / "out.ipynb").exists()
        assert (place / f"user{i}" / "course" / "build" / "results" / "notebooks" / "03.smoke.json").exists()
    elsewhere = [path for path in of_accounts(ROOT, "/tmp", "/var/tmp", "/dev/shm", Path.home())
                 if not any(parent.name == f"user{i}" for i in ACCOUNTS for parent in (path, *path.parents))]
    assert not elsewhere


@pytest.mark.timeout(1500)
def test_a_kit_installs_and_runs_with_the_network_off(tmp_path):
    alone = ["unshare", *(["-n"] if os.geteuid() == 0 else ["-rn"])]
    alone += ["sh", "-c", 'ip link set lo up && exec "$@"', "sh"]           # a kernel speaks over the loopback
    if not works(*alone, "true"):
        pytest.skip("no namespace without a network can be had here (unshare, ip)")
    code = f"from tools import kit; kit.make(kit.Path({str(tmp_path / 'kit')!r}))"
    made = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    kit = (tmp_path / "kit").rename(tmp_path / "elsewhere")
    real = (kit / "data" / "sets" / "cifar10-test.npy").exists()
    keep = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "MPLBACKEND": "agg"}
    python = f"PYTHON={getattr(sys, '_base_executable', sys.executable)}"
    for command in (["make", "setup", python],
                    ["sh", "-c", "cd notebooks && ../.venv/bin/python -c 'import colorlib'"],
                    [".venv/bin/python", "-m", "tools", "run", "--profile", "smoke", "--data",
                     "cifar10" if real else "fruits", "01"]):
        done = subprocess.run([*alone, *command], cwd=kit, env=keep, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
    shutil.rmtree(kit)                                                      # gigabytes
