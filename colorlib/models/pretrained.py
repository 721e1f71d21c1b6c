"""Weights of classifiers that torchvision keeps: found in torch's cache, or brought, or one clear message.

    state = pretrained.state_of(VGG16_Weights.IMAGENET1K_FEATURES, "VGG16")
"""
from __future__ import annotations

import contextlib
import pickle
import socket
import sys
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError

import torch
from torch import nn

from colorlib.data import download
from colorlib.data.download import DataUnavailable, NoPlace

START = ("imagenet", "none")
SILENCE = 30                                        # seconds without a byte after which a download is given up


def file_of(weights) -> Path:
    """Where the file of one of torchvision's weight entries is: in weights/ of the data folder, or in torch's cache."""
    name = weights.url.rsplit("/", 1)[1]
    for place in (download.folder(), download.brought()):
        if (place / "weights" / name).exists():
            return place / "weights" / name
    return Path(torch.hub.get_dir(), "checkpoints", name)


def state_of(weights, name: str) -> dict[str, torch.Tensor]:
    """The state dict of one of torchvision's weight entries. DataUnavailable if it is not here and cannot be had.

    ValueError if its file in torch's cache is damaged. Only tensors are read from the file: nothing in it is run.
    With COLORLIB_OFFLINE nothing is fetched. Of several processes one fetches, the others wait for it.
    """
    file = file_of(weights)
    def lacking(why: str) -> DataUnavailable:
        return DataUnavailable(
            f"ImageNet's weights of {name} are not here, and {why}. Either run this once where there is a network; or "
            f"bring {weights.url} to {file} (TORCH_HOME moves this folder) or to weights/ in $COLORLIB_DATA; or, to "
            'train from a random start, weights="none"')
    try:
        with contextlib.nullcontext() if file.exists() else _fetching(file, name), \
                contextlib.redirect_stdout(sys.stderr):         # torch prints a path
            return weights.get_state_dict(model_dir=str(file.parent), progress=True, check_hash=True,
                                          map_location="cpu", weights_only=True)
    except NoPlace as error:
        raise lacking(str(error).rstrip(".")) from None
    except (URLError, HTTPException, OSError) as error:
        raise lacking(f"their host cannot be reached ({error})") from None
    except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
        if not file.exists():                                   # torch drops what has not the right hash
            raise lacking("what was downloaded is not that file: a cut connection, or a proxy's page") from None
        raise ValueError(f"{file} is damaged or no file of weights ({error}): delete it, and it is fetched "
                         "anew") from None


@contextlib.contextmanager
def _fetching(file: Path, name: str) -> Iterator[None]:
    """While inside, no other process fetches this file, and a silent host is given up. NoPlace, or if offline too."""
    if download.offline():
        raise NoPlace("no download was tried" if download.held_back() else
                      "COLORLIB_OFFLINE is set: no download was tried")
    download.make_writable(file.parent, "folder of torch's weights", "TORCH_HOME")
    patience = socket.getdefaulttimeout()
    with download.only_one(file.parent, file.stem, f"fetching ImageNet's weights of {name}"):
        socket.setdefaulttimeout(SILENCE)                       # torch's own call names none
        try:
            yield
        finally:
            socket.setdefaulttimeout(patience)


def load_into(net: nn.Module, state: dict[str, torch.Tensor], name: str) -> None:
    """Load a state dict. ValueError if its shapes are not the network's."""
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f"these are no weights of {name}: {error}") from None


def keep_statistics(net: nn.Module, weights) -> None:
    """Give a network the mean and deviation, (1, 3, 1, 1), with which one of torchvision's entries wants its input."""
    about = weights.transforms()
    for name in ("mean", "std"):
        net.register_buffer(name, torch.tensor(getattr(about, name)).view(1, 3, 1, 1), persistent=False)


def check_start(weights: str) -> None:
    """ValueError unless weights is "imagenet" or "none"."""
    if weights not in START:
        raise ValueError(f"unknown weights {weights!r}: expected one of {', '.join(START)}")
