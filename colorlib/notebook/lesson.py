"""The frame of a notebook: profile, device, data, claims, record.

    lesson = Lesson("03", profile=PROFILE, seed=SEED, device=DEVICE, data=DATA)
    lesson.claim("the U-Net beats the plain stack", unet < koo, unet=unet, koo=koo)
    lesson.finish()

A claim that does not hold stops the notebook; what was claimed, with its numbers, goes to a record under results/.
The environment variables COLORLIB_PROFILE, COLORLIB_DEVICE and COLORLIB_DATASET override what the cell says,
for tools that cannot set a notebook's parameters; COLORLIB_RESULTS names another folder than results/.
"""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from colorlib.hardware import free_memory, hardware, held_memory, versions
from colorlib.notebook import cell_order, report
from colorlib.paths import CHECKPOINTS, notebook_file, project_root, source_hash, write_whole
from colorlib.profiling import peak_bytes

if TYPE_CHECKING:
    from colorlib.data.image_set import ImageSet

__all__ = ["PROFILES", "ClaimError", "Lesson"]

NAMES = ("smoke", "quick", "lesson", "full")
PACKAGES = ("colorlib", "torch", "torchvision")

# What the profiles differ in: numbers only. minutes: expected on two cores (full: on a GPU); memory_mb: peak.
# smoke: CI, generated images · quick: a class · lesson: trains everything · full: 60 epochs.
# fmt: off
PROFILES: dict[str, dict[str, dict[str, float]]] = {
    "01": {
        "smoke": dict(train_images=500, test_images=100, grid=33, jpegs=50, minutes=1, memory_mb=900),
        "quick": dict(train_images=500, test_images=1_000, grid=65, jpegs=300, minutes=1, memory_mb=1200),
        "lesson": dict(train_images=500, test_images=10_000, grid=65, jpegs=2_000, minutes=1, memory_mb=2300),
        "full": dict(train_images=500, test_images=10_000, grid=129, jpegs=10_000, minutes=3, memory_mb=3000),
    },
    "02": {  # colors: samples of a law; apples: generated; patches: known ones; pictures: painted with their mean color
        "smoke": dict(train_images=300, test_images=100, size=32, colors=10_000, apples=500, patches=20_000, pictures=8,
                      minutes=0.5, memory_mb=1050),
        "quick": dict(train_images=2_000, test_images=1_000, size=32, colors=15_000, apples=2_000, patches=60_000,
                      pictures=16, minutes=1, memory_mb=1250),
        "lesson": dict(train_images=20_000, test_images=10_000, size=32, colors=100_000, apples=4_000, patches=400_000,
                       pictures=32, minutes=6, memory_mb=2500),
        "full": dict(train_images=50_000, test_images=10_000, size=32, colors=100_000, apples=10_000, patches=2_000_000,
                     pictures=64, minutes=3, memory_mb=4000),
    },
    "03": {  # probe: trials of K's learning rate; epochs of K1, unet_epochs of N1; curve: images of their loss curves
        "smoke": dict(train_images=256, test_images=100, size=32, epochs=1, unet_epochs=1, curve_images=100,
                      probe_images=128, probe_batch=32, minutes=1, memory_mb=1000),
        "quick": dict(train_images=2_000, test_images=1_000, size=32, epochs=2, unet_epochs=2, curve_images=1_000,
                      probe_images=1_000, probe_batch=64, minutes=4, memory_mb=1400),
        "lesson": dict(train_images=50_000, test_images=10_000, size=32, epochs=5, unet_epochs=12, curve_images=2_000,
                       probe_images=3_200, probe_batch=64, minutes=35, memory_mb=2000),
        "full": dict(train_images=50_000, test_images=10_000, size=32, epochs=60, unet_epochs=60, curve_images=10_000,
                     probe_images=50_000, probe_batch=128, minutes=60, memory_mb=6000),
    },
    "04": {  # epochs of each classifier; fruits, fruit_test, fruit_epochs: of the examination on known colors;
        # step_images: of the step whose memory is measured; trial_images: of the trial of optimizers
        "smoke": dict(train_images=256, test_images=100, size=32, epochs=1, fruits=256, fruit_test=60, fruit_epochs=1,
                      step_images=8, trial_images=64, minutes=1, memory_mb=1500),
        "quick": dict(train_images=2_000, test_images=200, size=32, epochs=1, fruits=2_000, fruit_test=200,
                      fruit_epochs=2, step_images=8, trial_images=1_000, minutes=5, memory_mb=1500),
        "lesson": dict(train_images=50_000, test_images=10_000, size=32, epochs=2, fruits=30_000, fruit_test=1_000,
                       fruit_epochs=9, step_images=128, trial_images=10_000, minutes=35, memory_mb=2700),
        "full": dict(train_images=50_000, test_images=10_000, size=32, epochs=30, fruits=100_000, fruit_test=2_000,
                     fruit_epochs=20, step_images=128, trial_images=50_000, minutes=60, memory_mb=6000),
    },
    "05": {  # epochs of both games; batch: of K (P: 32); watched: test images of the diagnostics, every so many steps
        # (P1: 8 times as many); trial_images: of a short game for each reading of K, watched every trial_every steps
        "smoke": dict(train_images=256, test_images=100, size=32, epochs=1, batch=32, watched=24, every=2,
                      trial_images=64, trial_every=1, minutes=1, memory_mb=1500),
        "quick": dict(train_images=1_000, test_images=500, size=32, epochs=1, batch=32, watched=48, every=5,
                      trial_images=320, trial_every=5, minutes=3, memory_mb=1500),
        "lesson": dict(train_images=50_000, test_images=10_000, size=32, epochs=1, batch=128, watched=250, every=25,
                       trial_images=5_120, trial_every=10, minutes=25, memory_mb=2500),
        "full": dict(train_images=50_000, test_images=10_000, size=32, epochs=47, batch=128, watched=1_000, every=1_000,
                     trial_images=50_000, trial_every=50, minutes=90, memory_mb=6000),
    },
    "06": {  # epochs of the three trainings; watched: test images of the diagnostics, every so many steps
        "smoke": dict(train_images=192, test_images=100, size=32, epochs=1, watched=24, every=3, minutes=1,
                      memory_mb=1500),
        "quick": dict(train_images=2_000, test_images=500, size=32, epochs=1, watched=64, every=20, minutes=3,
                      memory_mb=1450),
        "lesson": dict(train_images=50_000, test_images=10_000, size=32, epochs=1, watched=250, every=300, minutes=20,
                       memory_mb=2500),
        "full": dict(train_images=50_000, test_images=10_000, size=32, epochs=47, watched=1_000, every=3_000,
                     minutes=120, memory_mb=6000),
    },
    "07": {  # neighbors: gray pictures that are compared; tuning: those a classifier is tuned on; a6_...: of the
        # colorizers behind it; a_batch, a_side: of the step whose cost is measured; judged: test images among which the
        # worst are looked for
        "smoke": dict(train_images=192, test_images=100, size=32, epochs=1, neighbors=60, tuning=64,
                      a6_images=64, a6_epochs=1, a6_seeds=1, a_batch=1, a_side=32, judged=60,
                      minutes=1, memory_mb=1500),
        "quick": dict(train_images=1_500, test_images=400, size=32, epochs=1, neighbors=400, tuning=320,
                      a6_images=320, a6_epochs=1, a6_seeds=1, a_batch=1, a_side=48, judged=200,
                      minutes=3, memory_mb=1450),
        "lesson": dict(train_images=50_000, test_images=10_000, size=32, epochs=1, neighbors=2_000, tuning=10_000,
                      a6_images=2_000, a6_epochs=5, a6_seeds=3, a_batch=16, a_side=128, judged=2_000,
                      minutes=25, memory_mb=7000),
        "full": dict(train_images=50_000, test_images=10_000, size=32, epochs=47, neighbors=5_000, tuning=45_000,
                      a6_images=10_000, a6_epochs=5, a6_seeds=3, a_batch=16, a_side=224, judged=10_000,
                      minutes=120, memory_mb=14_000),
    },
}
# fmt: on


class ClaimError(AssertionError):
    """A claim of a notebook does not hold."""


class Lesson:
    """One run of one notebook.

    number    "01" … "07"
    profile   "smoke", "quick", "lesson" or "full": sizes and epochs, as in PROFILES; .n.epochs, .settings["epochs"]
    seed      of everything random; torch's and NumPy's global generators are seeded with it
    device    "auto", "cpu", "cuda" (or "cuda:1"), "mps"; .device is a torch.device
    data      "auto", "cifar10", "fruits", "photos" or "folder:PATH"; .data says which it became
    An unknown profile, device or data set is a ValueError that names the choices.
    """

    def __init__(self, number: str, profile: str = "quick", seed: int = 0, device: str = "auto", data: str = "auto"):
        from colorlib.hardware import select_device  # here, so that reading PROFILES does not load every model

        self.number = number
        self.profile = os.environ.get("COLORLIB_PROFILE") or profile
        self.settings = dict(_row(number, self.profile))
        self.n = SimpleNamespace(**self.settings)
        self.seed = int(seed)
        self.device = select_device(os.environ.get("COLORLIB_DEVICE") or device)
        self._asked = _data(os.environ.get("COLORLIB_DATASET") or data, self.profile)
        self.claims: list[dict[str, Any]] = []
        self._began = time.perf_counter()
        torch.manual_seed(self.seed)
        np.random.seed(self.seed)
        cell_order.watch(number)
        self._greet()

    # ------------------------------------------------------------------------------------------------- data

    @cached_property
    def train(self) -> ImageSet:
        """The training images of this profile, uint8, on the lesson's device."""
        return self._load("train", int(self.settings["train_images"]))

    @cached_property
    def test(self) -> ImageSet:
        """The test images of this profile, uint8, on the lesson's device."""
        return self._load("test", int(self.settings["test_images"]))

    @property
    def data(self) -> str:
        """The kind of data in use, "cifar10", "fruits", "photos" or "folder": also what "auto" became."""
        return self.test.name if self._asked == "auto" else self._asked.split(":")[0]

    def _load(self, split: str, n: int) -> ImageSet:
        from colorlib.data import datasets

        name = self.test.name if self._asked == "auto" and split == "train" else self._asked  # both of one kind
        return datasets.load(name, split, n=n, seed=self.seed).to(self.device)

    def checkpoint(self, name: str) -> Path:
        """The file of a reference checkpoint, "koo-baseline"; FileNotFoundError says how to make a missing one."""
        path = CHECKPOINTS / f"{name}.safetensors"
        if not path.exists():
            from colorlib.colorizer import colorizers

            have = colorizers(path.parent)
            raise FileNotFoundError(
                f"no checkpoint {name!r} in colorlib/checkpoints (there: {', '.join(have) or 'none'}); "
                f"make it with: python -m colorlib train "
                + (kind if (kind := name.split("-")[0]) in ("classifier", "encoder") else
                   f"{name} --keep colorlib/checkpoints/{name}.safetensors")
            )
        return path

    # ----------------------------------------------------------------------------------------------- claims

    def claim(
        self,
        text: str,
        holds: bool | np.bool_ | Tensor,
        profiles: Sequence[str] | None = None,
        data: Sequence[str] | None = None,
        **values: Any,
    ) -> None:
        """State a finding; ClaimError when it is false.

        text       the same on every machine and in every profile, and so is the line printed; no numbers that vary
        holds      bool, or a tensor or array of one bool; anything else is a TypeError
        profiles   where it can be checked, say ("lesson", "full"); elsewhere it is recorded as not checked
        data       on which data sets it can be checked, say ("cifar10",); None: all
        values     the numbers behind it, for the record
        """
        for name in profiles or ():
            if name not in NAMES:
                raise ValueError(f"unknown profile {name!r} in a claim: {', '.join(NAMES)}")
        truth = _truth(holds)
        checked = (profiles is None or self.profile in profiles) and (data is None or self.data in data)
        entry = {
            "text": text,
            "holds": truth if checked else None,
            "values": {name: report.plain(value) for name, value in values.items()},
            "profiles": None if profiles is None else list(profiles),
            "data": None if data is None else list(data),
        }
        self.claims = [c for c in self.claims if c["text"] != text] + [entry]  # a cell run twice counts once
        if checked and not truth:
            told = ", ".join(f"{k} = {v}" for k, v in entry["values"].items())
            raise ClaimError(f"does not hold: {text}" + (f" ({told})" if told else ""))
        where = "; ".join(", ".join(names) for names in (profiles, data) if names)
        print(f"claim ({where}): {text}" if where else f"claim: {text}")

    # ----------------------------------------------------------------------------------------------- record

    def minutes(self) -> float:
        """Since the lesson was made."""
        return (time.perf_counter() - self._began) / 60

    def peak_memory_mb(self) -> float:
        """The most memory this process has held, in MB (10⁶ bytes)."""
        return peak_bytes() / 1e6

    def record(self) -> dict[str, Any]:
        """What a run leaves: see the field names; claims hold text, holds (None: not checked), values, profiles."""
        path = notebook_file(self.number)
        return {
            "notebook": self.number,
            "profile": self.profile,
            "data": self.data,
            "seed": self.seed,
            "device": str(self.device),
            "hardware": hardware(self.device),
            "minutes": round(self.minutes(), 2),
            "peak_memory_mb": round(self.peak_memory_mb()),
            "source_hash": source_hash(path) if path else None,
            "claims": self.claims,
            "versions": versions(*PACKAGES),
        }

    def finish(self) -> None:
        """Write the record and show the recap made from it: claims, numbers, what was not checked, cost.

        The record goes to build/results/notebooks/, or to notebooks/ under $COLORLIB_RESULTS when that is set. A folder
        that cannot be written is a warning.
        """
        record = self.record()
        _write(record, _record_folder() / f"{self.number}.{self.profile}.json")
        report.show(report.recap(record))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Show a table; numbers are printed with three digits, None (not measured) as a dash."""
        report.show(report.table(columns, rows))

    def _greet(self) -> None:
        found = ", ".join(f"{name} {number}" for name, number in versions(*PACKAGES).items())
        print(f"Notebook {self.number}, profile {self.profile}, seed {self.seed}: about {self.n.minutes:g} min")
        print(f"Device: {self.device} ({hardware(self.device)}). Data: {self.data}.")
        print(f"Versions: {found}")
        need, free = self.settings.get("memory_mb", 0), free_memory() + held_memory()
        if need > free:
            smaller = NAMES[:NAMES.index(self.profile)]
            fitting = [p for p in smaller if PROFILES[self.number].get(p, {}).get("memory_mb", need) <= free]
            advice = f'PROFILE = "{fitting[-1]}" would fit' if fitting else "close other programs first"
            print(f"Careful: this profile needs about {need:.0f} MB and this kernel can have {free:.0f} MB; {advice}.")


# ---------------------------------------------------------------------------------------------------- details


def _row(number: str, profile: str) -> dict[str, float]:
    if number not in PROFILES:
        raise ValueError(f"unknown notebook {number!r}: {', '.join(PROFILES)}")
    if profile not in PROFILES[number]:
        raise ValueError(f"unknown profile {profile!r}: {', '.join(PROFILES[number])}")
    return PROFILES[number][profile]


def _data(name: str, profile: str) -> str:
    """The data set asked for; the smoke profile makes its images unless one is named."""
    known = name in ("auto", "cifar10", "fruits", "photos") or (str(name).startswith("folder:") and name != "folder:")
    if not known:
        raise ValueError(f"unknown data set {name!r}: auto, cifar10, fruits, photos, folder:PATH")
    return "fruits" if name == "auto" and profile == "smoke" else name


def _truth(holds: Any) -> bool:
    if isinstance(holds, (bool, np.bool_)):
        return bool(holds)
    one_bool = isinstance(holds, (Tensor, np.ndarray)) and tuple(holds.shape) == ()
    if one_bool and holds.dtype in (torch.bool, np.dtype(bool)):
        return bool(holds)
    raise TypeError(f"a claim is True or False (a bool, or a tensor of one bool); got {type(holds).__name__}")


def _record_folder() -> Path:
    if os.environ.get("COLORLIB_NOTEBOOK_RECORDS"):  # set by tools
        return Path(os.environ["COLORLIB_NOTEBOOK_RECORDS"])
    if os.environ.get("COLORLIB_RESULTS"):
        return Path(os.environ["COLORLIB_RESULTS"]) / "notebooks"
    return project_root() / "build" / "results" / "notebooks"  # `course store` alone writes among the results


def _write(record: dict[str, Any], path: Path) -> None:
    try:
        write_whole(path, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        warnings.warn(f"the record was not written: {error.strerror}. Nothing else is lost. COLORLIB_RESULTS can "
                      "name a folder that you can write to.", stacklevel=3)
