"""Files of weights, written whole or not at all, and checkpoints from which a training resumes.

    write_tensors("net.safetensors", net.state_dict(), {"epochs": 8})
    tensors, notes = read_tensors("net.safetensors")

A training writes one file after each epoch: weights, optimizer and schedule of each network, and
the history.
"""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from colorlib.distributed import unwrap
from colorlib.paths import atomic_write, expand

TRAINING_FORMAT = "colorlib-training-2"


def write_tensors(path: str | os.PathLike, tensors: dict[str, Tensor], notes: dict) -> Path:
    """Write a safetensors file with notes (JSON values), in one step: no reader sees half of it.

    OSError if it cannot be written; a file that was there before is then as it was.
    """
    # safetensors writes neither channels_last nor memory that two tensors share.
    plain = {name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
             for name, tensor in tensors.items()}
    path = expand(path)
    try:
        with atomic_write(path, sync=True) as temporary:
            save_file(plain, temporary, metadata={"colorlib": json.dumps(notes)})
    except (OSError, SafetensorError) as error:  # safetensors has a type of its own for a full disk
        reason = getattr(error, "strerror", None) or error
        raise OSError(f"{path} was not written ({reason}): free space on the disk, or choose "
                      "another folder. A file that was there before is still good") from error
    return path


def read_tensors(path: str | os.PathLike) -> tuple[dict[str, Tensor], dict]:
    """The tensors and notes of a file of `write_tensors`.

    FileNotFoundError, or ValueError if it is no such file.
    """
    with _opened(path) as file:
        # Cloned: what safetensors gives lies in the file, which the next checkpoint replaces.
        tensors = {name: file.get_tensor(name).clone() for name in file.keys()}
        return tensors, _notes(file)


def read_notes(path: str | os.PathLike) -> dict:
    """The notes alone; errors as in `read_tensors`."""
    with _opened(path) as file:
        return _notes(file)


def names_in(path: str | os.PathLike) -> list[str]:
    """The names of the tensors in a file, without reading them; errors as in `read_tensors`."""
    with _opened(path) as file:
        return list(file.keys())


def check_fits(path: str | os.PathLike, expected: dict[str, Tensor],
               present_name: Callable[[str], str] = str) -> None:
    """ValueError unless a file holds tensors of these names, shapes and kinds; none are read.

    expected       tensors by name, on any device, "meta" too; of their types only counts whether
                   they have a fraction
    present_name   function from a name in the file to the one in `expected`
    """
    with _opened(path) as file:
        slices = {present_name(name): file.get_slice(name) for name in file.keys()}
        found = {name: (tuple(one.get_shape()), "F" in one.get_dtype())
                 for name, one in slices.items()}
    wanted = {name: (tuple(t.shape), t.is_floating_point()) for name, t in expected.items()}
    for name in [*wanted, *found]:
        if wanted.get(name) != found.get(name):
            here, there = (f"{one[0]}" if one else "nothing"
                           for one in (wanted.get(name), found.get(name)))
            raise ValueError(f"{name}: the network has {here} and the file has {there}")


@contextlib.contextmanager
def _opened(path: str | os.PathLike) -> Iterator:
    path = expand(path)
    if not path.is_file():
        kind = path.stem.split("-")[0]
        how = f"train {kind}" if kind in ("classifier", "encoder") else "train RECIPE --keep FILE"
        raise FileNotFoundError(f"no checkpoint at {path}: make one by `python -m colorlib {how}`, "
                                "or look into colorlib/checkpoints")
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, json.JSONDecodeError, RecursionError, OSError, RuntimeError) as error:
        raise ValueError(f"{path.name} is not a complete safetensors file ({error}); a pickle or a "
                         "cut-off download is never loaded: fetch or train it again") from None


def _notes(file) -> dict:
    notes = json.loads((file.metadata() or {}).get("colorlib", "{}"))
    return notes if isinstance(notes, dict) else {}


def save_training(path: Path, run) -> None:
    """Write what `resume` needs of a `TrainingRun`: weights, optimizers, schedules and history."""
    notes = run.description | {"format": TRAINING_FORMAT, "epochs": run.history.epochs,
                               "watched": run.history.watched, "scaler": run.scaler.state_dict()}
    tensors: dict[str, Tensor] = {}
    for prefix, learner in run.learners.items():
        weights, state = unwrap(learner.net).state_dict(), learner.optimizer.state_dict()
        tensors |= {f"{prefix}net.{name}": tensor for name, tensor in weights.items()}
        tensors |= {f"{prefix}optimizer.{index}.{name}": value
                    for index, values in state["state"].items()
                    for name, value in values.items() if torch.is_tensor(value)}
        notes[f"{prefix}groups"] = state["param_groups"]
        # A scheduler's state also has functions, which JSON cannot hold and `resume` has anyway.
        notes[f"{prefix}schedule"] = {
            name: value for name, value in learner.schedule.state_dict().items()
            if isinstance(value, int | float | list)}
    write_tensors(path, tensors, notes)


def resume(path: Path, run) -> None:
    """Put a `TrainingRun` where another stopped. ValueError if the file is of another training."""
    tensors, notes = read_tensors(path)
    if notes.get("format") != TRAINING_FORMAT:
        what = f"{path.name} is no checkpoint of a training"
        raise ValueError(f"{what}: give another file, or remove it")
    # Through JSON, like the notes, where a tuple becomes a list.
    for name, value in json.loads(json.dumps(run.description)).items():
        if name == "digest" and name not in notes:  # files of older versions have none
            continue
        if notes.get(name) != value:
            raise ValueError(
                f"{path.name} belongs to another training: its {name} is {notes.get(name)}, here "
                f"it is {value}; give another file, or remove it to start anew")
    try:
        for prefix, learner in run.learners.items():
            unwrap(learner.net).load_state_dict(_below(f"{prefix}net.", tensors))
            state = _optimizer_state(_below(f"{prefix}optimizer.", tensors), learner.optimizer)
            groups, schedule = notes[f"{prefix}groups"], notes[f"{prefix}schedule"]
            learner.optimizer.load_state_dict({"state": state, "param_groups": groups})
            learner.schedule.load_state_dict(learner.schedule.state_dict() | schedule)
        run.scaler.load_state_dict(notes["scaler"])
        run.history.epochs.extend(dict(epoch) for epoch in notes["epochs"])
        run.history.watched.extend(dict(seen) for seen in notes["watched"])
    except (RuntimeError, KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path.name} belongs to another network: {error}") from None


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with a prefix, by the rest of their names."""
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _optimizer_state(tensors: dict[str, Tensor], optimizer) -> dict[int, dict[str, Tensor]]:
    """State by the index of its weight, as `load_state_dict` takes it."""
    weights = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, key = name.split(".", 1)
        like = weights[int(index)]
        if tensor.shape == like.shape:
            # In the weight's order in memory, which a fused optimizer takes for granted.
            tensor = torch.empty_like(like, dtype=tensor.dtype).copy_(tensor)
        state.setdefault(int(index), {})[key] = tensor
    return state
