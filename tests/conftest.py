"""What all tests share: the option --gpu, CIFAR-10 where it can be had, plots without a window."""

import os
import signal

os.environ.setdefault("MPLBACKEND", "agg")
if workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 0)):   # they share the cores, and so do their kernels
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))
    signal.signal(signal.SIGINT, signal.default_int_handler)         # a worker ignores it, and so would its children

import pytest


def pytest_addoption(parser):
    parser.addoption("--gpu", action="store_true", help="run the tests marked gpu, and only those; fail without a GPU")


def pytest_configure(config):
    if config.getoption("--gpu"):
        import torch

        if not torch.cuda.is_available():
            raise pytest.UsageError(f"--gpu: no NVIDIA GPU that torch {torch.__version__} can use; nothing was tested")


def pytest_collection_modifyitems(config, items):
    """Tests marked gpu run with --gpu, and the others without; those marked classroom with -m classroom only."""
    wanted, browser = config.getoption("--gpu"), "classroom" in config.getoption("-m")

    def is_wanted(item):
        return bool(item.get_closest_marker("gpu")) == wanted and (browser or not item.get_closest_marker("classroom"))

    chosen = [item for item in items if is_wanted(item)]
    dropped = [item for item in items if not is_wanted(item)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = chosen


@pytest.fixture(scope="session")
def _cifar():
    """Both splits of CIFAR-10, or the reason why they cannot be had: tried once a session."""
    from colorlib.data import datasets

    try:
        return datasets.load_cifar10("train"), datasets.load_cifar10("test")
    except datasets.DataUnavailable as error:
        return f"CIFAR-10 cannot be had here: {error}"


@pytest.fixture
def cifar(_cifar):
    """CIFAR-10 as (train, test), two ImageSets.

    Where it cannot be had, the test is skipped, with the reason; with COLORLIB_NEED_CIFAR=1 (in CI) it fails.
    """
    if isinstance(_cifar, str):
        (pytest.fail if os.environ.get("COLORLIB_NEED_CIFAR") == "1" else pytest.skip)(_cifar)
    return _cifar
