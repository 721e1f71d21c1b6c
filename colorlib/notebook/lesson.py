"""One run of a notebook: its settings, device and data, the claims it checks, the record it leaves.

    lesson = Lesson("03", profile=PROFILE, seed=SEED, device=DEVICE, data=DATA)
    lesson.claim("the U-Net beats the plain stack", unet < koo, unet=unet, koo=koo)
    lesson.finish()

Environment variables override the notebook's parameters, for tools that cannot edit a cell:
COLORLIB_PROFILE, COLORLIB_DEVICE, COLORLIB_DATASET. COLORLIB_RESULTS: folder of the records.
"""

import json
import os
import time
import warnings
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from colorlib.data import datasets
from colorlib.data.folder import files_of_split, list_files
from colorlib.data.image_set import ImageSet, check_seed
from colorlib.hardware import free_memory, hardware, held_memory, select_device, versions
from colorlib.notebook import cell_order, report
from colorlib.notebook.claims import ClaimError, Claims
from colorlib.notebook.files import find_notebook, source_hash
from colorlib.notebook.profiles import PROFILE_NAMES, PROFILES, check_known
from colorlib.paths import CHECKPOINTS, expand, find_project_root, write_text_atomic
from colorlib.profiling import peak_bytes

__all__ = ["PROFILES", "PROFILE_NAMES", "ClaimError", "Lesson"]

PACKAGES = ("colorlib", "torch", "torchvision")  # whose versions go into the record


class Lesson(Claims):
    """One run of one notebook.

    number    of the notebook, "01" … "09"
    profile   "smoke", "quick", "lesson" or "full": how much to compute; the numbers of PROFILES
              are attributes of `lesson.n`, for example lesson.n.epochs
    seed      seeds torch's and NumPy's global generators, and everything the lesson loads
    device    "auto", "cpu", "cuda" (or "cuda:1") or "mps"; `lesson.device` is a torch.device
    data      "auto", "cifar10", "fruit-photos", "fruits", "photos" or "folder:PATH"; `lesson.data`
              is the one in use
    ValueError for an unknown notebook, profile, device or data set, with the possible values.
    """

    def __init__(self, number: str, profile: str = "quick", seed: int = 0, device: str = "auto",
                 data: str = "auto"):
        self.number = number
        self.profile = os.environ.get("COLORLIB_PROFILE") or profile
        check_known("notebook", number, PROFILES)
        check_known("profile", self.profile, PROFILE_NAMES)
        self.n = SimpleNamespace(**PROFILES[number][self.profile])
        self.seed = check_seed(int(seed) if isinstance(seed, str) else seed)  # papermill gives text
        self.device = select_device(os.environ.get("COLORLIB_DEVICE") or device)
        self._requested_data = self._check_data(os.environ.get("COLORLIB_DATASET") or data)
        self.claims: list[dict[str, Any]] = []
        self._started = time.perf_counter()
        torch.manual_seed(self.seed)
        np.random.seed(self.seed)
        cell_order.watch(number)
        self._print_greeting()

    def _check_data(self, name: str) -> str:
        if not str(name).startswith("folder:") or name == "folder:":
            check_known("data set", name, ("auto", "cifar10", "fruit-photos", "fruits", "photos",
                                            "folder:PATH"))
        # Generated images need no download, so that automatic tests run anywhere.
        return "fruits" if name == "auto" and self.profile == "smoke" else name

    @cached_property
    def train(self) -> ImageSet:
        """The training images of this profile, uint8, on the lesson's device."""
        return self._load("train", self.n.train_images)

    @cached_property
    def test(self) -> ImageSet:
        """The test images of this profile, uint8, on the lesson's device."""
        return self._load("test", self.n.test_images)

    @property
    def data(self) -> str:
        """The kind of data in use, such as "cifar10" or "folder", never "auto"."""
        if self._requested_data == "auto":
            return self.test.name
        return self._requested_data.split(":")[0]  # a folder's path stays out of the output

    def _load(self, split: str, n: int) -> ImageSet:
        name = self._requested_data
        if name == "auto" and split == "train":
            name = self.test.name  # "auto" must not choose another data set for this split
        return datasets.load(name, split, n=n, seed=self.seed).to(self.device)

    def checkpoint(self, name: str) -> Path:
        """Return the file of a trained network that the course provides, such as "koo-baseline".

        FileNotFoundError if it is missing, with the command that trains it.
        """
        path = CHECKPOINTS / f"{name}.safetensors"
        if not path.exists():
            from colorlib.colorizer import colorizers

            known = ", ".join(colorizers(path.parent)) or "none"
            kind = name.split("-")[0]
            # The training of classifiers and encoders keeps its weights without being asked.
            if kind not in ("classifier", "encoder"):
                kind = f"{name} --keep colorlib/checkpoints/{name}.safetensors"
            raise FileNotFoundError(
                f"there is no checkpoint {name!r} in colorlib/checkpoints (available: {known}). "
                f"Train it with: python -m colorlib train {kind}")
        return path

    def record(self) -> dict[str, Any]:
        """Return the run's record, ready for JSON; a claim that was not checked holds None."""
        path = find_notebook(self.number)
        return {
            "notebook": self.number, "profile": self.profile, "data": self.data, "seed": self.seed,
            "device": str(self.device), "hardware": hardware(self.device),
            "minutes": round((time.perf_counter() - self._started) / 60, 2),
            "peak_memory_mb": round(peak_bytes() / 1e6),  # MB of 10⁶ bytes
            "source_hash": source_hash(path) if path else None,
            "claims": self.claims, "versions": versions(*PACKAGES),
        }

    def finish(self) -> None:
        """Write the record and show a summary: the claims, what was not checked, time and memory.

        The record goes to build/results/notebooks/, or to notebooks/ in $COLORLIB_RESULTS if set.
        A folder that cannot be written to causes a warning, not an error.
        """
        record = self.record()
        text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
        try:
            write_text_atomic(_record_folder() / f"{self.number}.{self.profile}.json", text)
        except OSError as error:  # without the path, since outputs may be published
            warnings.warn(f"the record of this run was not written: {error.strerror}. Nothing else "
                          "is lost. To write it elsewhere, set COLORLIB_RESULTS to another folder.",
                          stacklevel=2)
        report.show_markdown(report.recap(record))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Show a table: numbers with three digits, None (not measured) as a dash."""
        report.show_markdown(report.table(columns, rows))

    def _print_greeting(self) -> None:
        expected_on = "a GPU" if self.profile == "full" else "two CPU cores"
        packages = ", ".join(f"{name} {number}" for name, number in versions(*PACKAGES).items())
        print(f"Notebook {self.number}, profile {self.profile}: about "
              f"{report.count(self.n.minutes, 'minute')} on {expected_on}.")
        print(f"Device: {self.device} ({hardware(self.device)}). Data: {self.data}. "
              f"Seed: {self.seed}.")
        print(f"Versions: {packages}")
        self._warn_of_few_pictures()
        # What this kernel already holds counts as available: its expected peak includes it.
        needed, available = self.n.memory_mb, free_memory() + held_memory()
        if needed > available:
            print(f"Warning: this profile needs about {needed:.0f} MB of memory, and only "
                  f"{available:.0f} MB are available. {self._memory_advice(available)}")

    def _warn_of_few_pictures(self) -> None:
        """Print how many pictures a folder lacks, before minutes are spent on decoding it."""
        if not self._requested_data.startswith("folder:"):
            return
        files = list_files(expand(self._requested_data.removeprefix("folder:")))
        wanted = {"train": self.n.train_images, "test": self.n.test_images}
        there = {split: len(files_of_split(files, split)) for split in wanted}
        if any(there[split] < wanted[split] for split in wanted):
            print(f"Warning: this profile works with {wanted['train']:,} pictures for training and "
                  f"{wanted['test']:,} for the test, and the folder has {there['train']:,} and "
                  f"{there['test']:,}. Cells that need more stop; claims may not hold.")

    def _memory_advice(self, available: float) -> str:
        # A larger profile may need less memory, but it takes longer.
        smaller = PROFILE_NAMES[: PROFILE_NAMES.index(self.profile)]
        fitting = [p for p in smaller if PROFILES[self.number][p]["memory_mb"] <= available]
        if not fitting:
            return "Close other programs before you continue."
        return (f'Set PROFILE = "{fitting[-1]}", which needs less, and restart the notebook; '
                "or close other programs.")


def _record_folder() -> Path:
    if os.environ.get("COLORLIB_NOTEBOOK_RECORDS"):  # set by tools
        return expand(os.environ["COLORLIB_NOTEBOOK_RECORDS"])
    if os.environ.get("COLORLIB_RESULTS"):
        return expand(os.environ["COLORLIB_RESULTS"]) / "notebooks"
    # Not results/: only `python -m tools store` writes there, after it has checked the run.
    return (find_project_root() or Path.cwd()) / "build" / "results" / "notebooks"
