"""Color image files: one, or many files and folders (`python -m colorlib colorize`).

    jobs = plan([Path("a.jpg"), Path("holiday")], Path("out"))
    failures = run(colorizer, jobs)                 # writes out/a.png, out/beach/b.png, ...

`plan` checks all names before anything is computed; `run` goes on after a file that fails.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image
from tqdm import tqdm

from colorlib.colorizer import Colorizer
from colorlib.data import image_files
from colorlib.paths import real

# Files with these endings are images too. Where Pillow cannot read them they are reported as
# failures: a folder of a telephone's photographs must not be passed over in silence.
MAYBE_READABLE = {".avif", ".heic", ".heif", ".jp2", ".jxl", ".webp"}


class Job(NamedTuple):
    """One image file to color, and the PNG file to write."""

    photo: Path
    output: Path


class Failure(NamedTuple):
    """An image file that was not colored, and why."""

    photo: Path
    reason: str


def plan(inputs: list[Path], output: Path | None = None) -> list[Job]:
    """Choose the name of the PNG file for each image, without writing anything.

    inputs   files, and folders: these with the folders in them, without what is hidden
    output   the folder to write to: files keep their name, those of a given folder also the
             folders between. None: photo.jpg becomes photo-colorized.png beside it, and the files
             of holiday/ go to holiday-colorized/

    Where a.jpg and a.png would both become a.png, they become a.jpg.png and a.png.png.
    FileNotFoundError if an input does not exist or a folder holds no image; ValueError if an input
    would be overwritten, or if two inputs still have the same output.
    """
    if output and not output.is_dir() and (output.exists() or output.suffix.lower() == ".png"):
        raise ValueError(f"several pictures go to a folder: {output} after -o is a file")
    jobs = {}  # by input and output: a file that is given twice is colored once
    for given in inputs:
        for job in _jobs_of(given, output):
            jobs[real(job.photo), _key(job.output)] = job
    jobs = _with_distinct_outputs(list(jobs.values()))
    # Resolved, since an output may be a link to an input.
    photos = {_key(real(job.photo)) for job in jobs}
    for job in jobs:
        if _key(real(job.output)) in photos:
            raise ValueError(
                f"{job.output} would replace a photograph: give another folder with -o")
    return jobs


def plan_one(photo: Path, output: Path | None = None) -> Job:
    """The job of a single file, whose output is a file as well.

    FileNotFoundError if there is no such file, or no folder to write to; ValueError if the output
    is not named as a PNG file or is the photograph itself.
    """
    if not photo.is_file():
        raise FileNotFoundError(f"no picture at {photo}")
    output = output or photo.with_name(f"{photo.stem}-colorized.png")
    image_files.check_png(output)
    if output.exists() and output.samefile(photo):
        raise ValueError(
            f"the output would replace the photograph {output.name}: give another name with -o")
    return Job(photo, output)


def run(colorizer: Colorizer, jobs: list[Job], max_side: int | None = None) -> list[Failure]:
    """Color all files, with a progress bar in a terminal; returns those that failed.

    `max_side` is as in `Colorizer.colorize`. An interrupt raises KeyboardInterrupt with the number
    of files that are done.
    """
    failures, colored = [], 0
    try:
        for job in tqdm(jobs, desc="Coloring", unit="file", disable=None):
            try:
                colorize_file(colorizer, job, max_side)
                colored += 1
            except (ValueError, OSError, MemoryError, RuntimeError) as error:
                # torch reports too little memory as a RuntimeError, of several lines on a GPU.
                reason = " ".join(str(error).split()) or type(error).__name__
                failures.append(Failure(job.photo, reason))
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped: {colored} of {len(jobs)} pictures are colored") from None
    return failures


def colorize_file(colorizer: Colorizer, job: Job, max_side: int | None = None) -> tuple[int, int]:
    """Color one image file and write it as PNG; returns its height and width.

    Unreadable if it cannot be decoded; OSError if the output cannot be written.
    """
    with image_files.quiet_pillow():
        pixels = image_files.decode(job.photo)  # H W 3
    image = torch.from_numpy(pixels).permute(2, 0, 1)  # 3 H W
    colored = colorizer.colorize(image, max_side)  # 3 H W
    del pixels, image  # of a large photograph, 270 MB
    image_files.write_png(Image.fromarray(colored.permute(1, 2, 0).numpy()), job.output)
    return colored.shape[1], colored.shape[2]


def _jobs_of(given: Path, output: Path | None) -> Iterator[Job]:
    """The jobs of one input, under their plain names: a folder has one for each image in it."""
    if given.is_dir():
        # Resolved, since "." has no name.
        target = output or real(given).with_name(f"{real(given).name}-colorized")
        if real(target) == real(given):
            raise ValueError(f"{given} cannot be the folder to write to as well")
        photos = _images_below(given, leave_out=target)
        if not photos:
            raise FileNotFoundError(
                f"no picture ({image_files.format_names()}) in the folder {given}")
        for photo in photos:
            yield Job(photo, target / photo.relative_to(given).with_suffix(".png"))
    elif given.is_file():
        name = f"{given.stem}.png" if output else f"{given.stem}-colorized.png"
        yield Job(given, (output or given.parent) / name)
    else:
        raise FileNotFoundError(f"no picture or folder at {given}")


def _images_below(folder: Path, leave_out: Path) -> list[Path]:
    """The image files of a folder and the folders in it, sorted; nothing of `leave_out`."""
    endings, found = image_files.image_extensions() | MAYBE_READABLE, []
    leave_out = real(leave_out)  # the output may lie inside: not to be colored once more
    # os.walk, since Path.rglob passes over folders that cannot be listed.
    for place, folders, names in os.walk(folder, onerror=_raise):
        here = Path(place)
        folders[:] = [name for name in folders
                      if not name.startswith(".") and real(here / name) != leave_out]
        found += [here / name for name in names
                  if not name.startswith(".") and Path(name).suffix.lower() in endings]
    return sorted(found)


def _raise(error: OSError) -> None:
    raise error


def _with_distinct_outputs(jobs: list[Job]) -> list[Job]:
    """Put the ending of the input into the name of the output where plain names are equal."""
    plain, distinct = Counter(_key(job.output) for job in jobs), {}
    for job in jobs:
        if plain[_key(job.output)] > 1:
            rest = job.output.name[len(job.photo.stem):]  # ".png" or "-colorized.png"
            job = job._replace(output=job.output.with_name(job.photo.name + rest))
        other = distinct.setdefault(_key(job.output), job)
        if other is not job:  # a/x.jpg and b/x.jpg, or a name that ended in .jpg.png already
            raise ValueError(f"{other.photo} and {job.photo} would both be written to {job.output}:"
                             " color them in two calls, with different folders after -o")
    return list(distinct.values())


def _key(path: Path) -> str:
    """What two paths share if some file system takes them for one: case does not count."""
    return os.path.abspath(path).casefold()
