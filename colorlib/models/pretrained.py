"""ImageNet weights that torchvision distributes: found on disk, or downloaded.

    state = pretrained.state_of(VGG16_Weights.IMAGENET1K_FEATURES, "VGG16")
"""

import contextlib
import pickle
import socket
import sys
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

import torch
from torch import nn

from colorlib.data import storage
from colorlib.data.storage import DataUnavailable, NoStorage

TIMEOUT = 30  # seconds without a byte after which a download is given up


def file_of(weights) -> Path:
    """Where a torchvision weights file is: weights/ of the data folder, or else torch's cache."""
    name = weights.url.rsplit("/", 1)[1]
    for place in (storage.data_folder(), storage.kit_folder()):
        if (place / "weights" / name).exists():
            return place / "weights" / name
    return Path(torch.hub.get_dir(), "checkpoints", name)


def state_of(weights, name: str) -> dict[str, torch.Tensor]:
    """Load the state dict of a torchvision weights entry, downloading its file if necessary.

    weights  an entry such as VGG16_Weights.IMAGENET1K_FEATURES
    name     of the network, for messages
    raises   DataUnavailable if the file is not here and cannot be downloaded, or COLORLIB_OFFLINE
             is set; ValueError if the file is damaged
    """
    file = file_of(weights)
    downloading = contextlib.nullcontext() if file.exists() else _downloading(file, name)
    try:
        with downloading, contextlib.redirect_stdout(sys.stderr):  # torch prints a path
            # With weights_only, torch reads nothing but tensors: no code in the file is run.
            return weights.get_state_dict(model_dir=str(file.parent), progress=True,
                                          check_hash=True, map_location="cpu", weights_only=True)
    except NoStorage as error:
        reason = str(error).rstrip(".")
    except (HTTPException, OSError) as error:
        reason = f"their host cannot be reached ({error})"
    except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
        if file.exists():  # torch deletes a download with the wrong hash
            raise ValueError(f"{file} is damaged or no file of weights ({error}): delete it, and "
                             "it is downloaded again") from None
        reason = "what was downloaded is not that file: a cut connection, or a proxy's page"
    raise DataUnavailable(
        f"ImageNet's weights of {name} are not here, and {reason}. Either run this once with a "
        f"network connection; or copy {weights.url} to {file} (TORCH_HOME moves this folder) or to "
        'weights/ in $COLORLIB_DATA; or, to train from random weights, use weights="none"')


@contextlib.contextmanager
def _downloading(file: Path, name: str) -> Iterator[None]:
    """Let one process at a time download a file. NoStorage if there is no room, or if offline."""
    if storage.offline():
        raise NoStorage("no download was tried" if storage.downloads_disabled() else
                        "COLORLIB_OFFLINE is set: no download was tried")
    storage.make_writable(file.parent, "folder of torch's weights", "TORCH_HOME")
    timeout = socket.getdefaulttimeout()
    with storage.exclusive(file.parent, file.stem, f"fetching ImageNet's weights of {name}"):
        socket.setdefaulttimeout(TIMEOUT)  # torch would wait for a silent host forever
        try:
            yield
        finally:
            socket.setdefaulttimeout(timeout)


def load_into(net: nn.Module, state: dict[str, torch.Tensor], name: str) -> None:
    """Load a state dict into a network. Raises ValueError if the shapes do not fit."""
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f"these are no weights of {name}: {error}") from None


def keep_statistics(net: nn.Module, weights: str, entry) -> None:
    """Store the mean and std, (1, 3, 1, 1), with which a weights entry normalizes its input.

    Raises ValueError unless weights is "imagenet" or "none".
    """
    if weights not in ("imagenet", "none"):
        raise ValueError(f"unknown weights {weights!r}: expected one of imagenet, none")
    for name in ("mean", "std"):
        values = torch.tensor(getattr(entry.transforms(), name)).view(1, 3, 1, 1)
        net.register_buffer(name, values, persistent=False)  # not part of checkpoints
