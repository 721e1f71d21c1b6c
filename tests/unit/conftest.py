"""For the unit tests: one thread, where tiny tensors would spend their time waiting for the other; a results folder."""

import pytest
import torch

LARGE = {"test_color", "test_color_bins", "test_painted_fruit"}


@pytest.fixture(scope="module", autouse=True)
def one_thread(request):
    """Torch computes on one thread while the tests of a module run, unless they are of large tensors."""
    before = torch.get_num_threads()
    torch.set_num_threads(before if request.module.__name__ in LARGE else 1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A results folder of its own."""
    monkeypatch.setenv("COLORLIB_RESULTS", str(tmp_path / "results"))
    return tmp_path / "results"
