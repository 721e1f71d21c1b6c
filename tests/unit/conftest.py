"""For the unit tests: one thread, where tiny tensors would spend their time waiting for the other."""

import pytest
import torch


@pytest.fixture(scope="module")
def one_thread():
    """Torch computes on one thread while the tests of a module run."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
