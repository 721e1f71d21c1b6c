"""The command `python -m colorlib colorize`: photographs, folders of them, and films.

`add_options` gives it its options, `run` colors, and `load` opens a checkpoint by name or file.
"""
import os
import sys
from collections.abc import Callable
from pathlib import Path

from colorlib.data.image_files import COLOR_SIDE, format_names
from colorlib.paths import CHECKPOINTS, printable


def add_options(option: Callable) -> None:
    """Add the options of the command; option is `ArgumentParser.add_argument`."""
    option("photos", type=Path, nargs="+", metavar="PHOTO",
        help=f"a file ({format_names()}, gray or colored), or a folder of such files. Or one film: "
            "an animated GIF, WebP or PNG file, or what the program ffmpeg reads, as MP4")
    option("-o", "--output", metavar="FILE_OR_FOLDER",
        help="for one photo the PNG file to write (default: PHOTO-colorized.png), for a film an "
            "animated one, or MP4, MOV or MKV. For several, or with a / at its end, a folder, made "
            "if need be: each PHOTO becomes PHOTO.png there, and the folders within a folder are "
            "kept (default: beside each photo, and FOLDER-colorized for a folder)")
    option("--model", default="nazeri-unet",
        help="a checkpoint of colorlib/checkpoints, or a safetensors file (default: nazeri-unet)")
    option("--max-side", type=int, default=COLOR_SIDE, metavar="PIXELS",
        help="predict the color on a copy with at most this many pixels a side "
            f"(default: {COLOR_SIDE}; 0: at full size); the lightness stays sharp")
    option("--film", action="store_true",
        help="the pictures of a folder are the frames of a film, in the order of their numbers")
    option("--steady", type=float, default=0.8, metavar="SHARE",
        help="of a film: the share of the last frame's colors that is kept, where a thing moves to "
            "(default: 0.8; 0: each frame by itself, which flickers)")


def run(options) -> int:
    """Color what the options name; returns the exit status. ValueError: what is wrong with them."""
    from colorlib import colorize_files as files
    from colorlib import film_files
    from colorlib.data.image_files import Unreadable

    if options.max_side < 0:
        raise ValueError("--max-side must be a number of pixels, or 0 for full size, "
            f"got {options.max_side}")
    max_side = options.max_side or None
    photos = [photo.expanduser() for photo in options.photos]
    output = Path(options.output).expanduser() if options.output else None
    # Path drops a slash at the end, by which one names a folder that does not exist yet.
    to_folder = output and (output.is_dir() or options.output.endswith(("/", os.sep)))
    if options.film or any(film_files.is_film(photo) for photo in photos):
        return _colorize_film(options, photos, output, to_folder, max_side)
    if len(photos) == 1 and not photos[0].is_dir() and not to_folder:
        job = files.plan_one(photos[0], output)
        colorizer = load(options.model, options.device)
        try:
            height, width = files.colorize_file(colorizer, job, max_side)
        except Unreadable as error:
            raise ValueError(f"{job.photo.name}: {error}") from None
        print(f"{printable(job.output)} ({width} x {height} pixels)")
        return 0
    jobs = files.plan(photos, output)  # mistakes in the names show before the model is loaded
    films = _films_among(photos, [job.photo for job in jobs])
    jobs = [job for job in jobs if job.photo not in films]
    return _colorize_all(load(options.model, options.device), jobs, max_side, output, films)


def _films_among(photos: list[Path], planned: list[Path]) -> list[Path]:
    """The films among the files of folders, which are colored one by one."""
    from colorlib import film_files

    videos = [path for photo in photos if photo.is_dir() for path in sorted(photo.rglob("*"))
        if film_files.is_video(path)]
    return [path for path in planned if film_files.is_film(path)] + videos


def _colorize_all(colorizer, jobs, max_side: int | None, output: Path | None,
                  films: list[Path] = ()) -> int:
    from colorlib import colorize_files as files

    failures = files.run(colorizer, jobs, max_side)
    place = f", in {output}" if output else ""
    print(f"{len(jobs) - len(failures)} of {len(jobs)} pictures colored{place}")
    failures += [(film, "a film: color it by itself") for film in films]
    for photo, reason in failures:
        print(f"not colored: {printable(photo)}: {printable(reason)}", file=sys.stderr)
    return 1 if failures else 0


def _colorize_film(options, photos: list[Path], output, to_folder, max_side) -> int:
    from colorlib import film_files
    from colorlib.film import FilmColorizer

    if len(photos) > 1 or options.film and not photos[0].is_dir():
        raise ValueError("films are colored one by one: give one file, or --film with one folder")
    if options.film and output and film_files.has_ending(output):
        raise ValueError(f"the frames of a folder are colored as pictures, so -o names a folder, "
            f"and {output.name} is the name of a film")
    planned = (film_files.plan_frames(photos[0], output) if options.film
        else film_files.plan(photos[0], output, to_folder))
    colorizer = FilmColorizer(load(options.model, options.device), options.steady)
    if options.film:
        return _colorize_all(colorizer, planned, max_side, output)
    count, height, width = film_files.color_film(colorizer, photos[0], planned, max_side)
    print(f"{printable(planned)} ({count} frames of {width} x {height} pixels)")
    return 0


def load(model: str, device: str):
    """The Colorizer of a checkpoint's name or of a safetensors file, on a device."""
    from colorlib.colorizer import Colorizer
    from colorlib.hardware import select_device

    return Colorizer.load(checkpoint_file(model), select_device(device))


def checkpoint_file(model: str) -> Path:
    """The file of a checkpoint; ValueError with the names there are if the name is unknown."""
    if Path(model).suffix:  # a file's name; those of checkpoints have no dot
        return Path(model).expanduser()
    path = CHECKPOINTS / f"{model}.safetensors"
    if not path.exists():
        from colorlib.colorizer import colorizers

        there = ", ".join(colorizers(path.parent)) or "none"
        raise ValueError(f"no checkpoint {model!r} in colorlib/checkpoints (there: {there}); "
            "give one of these or a safetensors file")
    return path
