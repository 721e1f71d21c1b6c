"""Color film files: animated pictures by Pillow, other films by the program ffmpeg.

    output = plan(Path("film.gif"))                 # film-colorized.gif; mistakes show here
    color_film(FilmColorizer(colorizer), Path("film.gif"), output, max_side=256)

An animated picture (GIF, WebP or PNG) keeps its size, durations and number of plays, and can be
written as any of the three. In a GIF file a duration is rounded to a hundredth of a second, and a
frame has at most 256 colors: written that way, frames flicker by a Lab unit, and WebP and PNG do
not. Pillow writes it at the end, so its colored frames are in memory: at most MOST_PIXELS.

Other films go through ffmpeg frame by frame, and may have any length. Size and frame rate are
kept, and the sound is copied; subtitles are left out. A row or column is repeated where a side is
odd, as players want even ones.
"""

import contextlib
import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from colorlib import colorize_files
from colorlib.colorize_files import Job
from colorlib.colorizer import pad
from colorlib.data import image_files
from colorlib.data.image_files import MAX_PIXELS, Unreadable
from colorlib.film import FilmColorizer
from colorlib.paths import atomic_write

# Of all frames together, by the format that is written: Pillow needs 3, 5 and 9 bytes for each.
MOST_PIXELS = {"GIF": 400_000_000, "WEBP": 200_000_000, "PNG": 100_000_000}
ANIMATIONS = {".gif": "GIF", ".webp": "WEBP", ".png": "PNG", ".apng": "PNG"}
# Endings that are written, and ffmpeg's names of their formats; any kind of sound fits into .mkv.
VIDEOS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
READ_ONLY = {".3gp", ".avi", ".flv", ".m2ts", ".mpeg", ".mpg", ".mts", ".ogv", ".webm", ".wmv"}


def has_ending(file: Path) -> bool:
    """Whether its name ends as that of a film, or of an animated picture, that can be written."""
    return file.suffix.lower() in {*VIDEOS, *ANIMATIONS}


def is_video(file: Path) -> bool:
    """Whether its name ends as that of a film that ffmpeg reads."""
    return file.suffix.lower() in {*VIDEOS, *READ_ONLY}


def is_film(file: Path) -> bool:
    """Whether it has the ending of a film, or is an animated picture: not pages of a TIFF file."""
    if is_video(file):
        return True
    with contextlib.suppress(Unreadable), image_files.quiet_pillow(), image_files.explained():
        with image_files.open_image(file) as image:
            if image.format in ANIMATIONS.values():
                try:
                    return image.n_frames > 1
                except Exception:  # a later frame is damaged: to be refused, not to be left out
                    return True
    return False


def plan(film: Path, output: Path | None = None, to_folder: bool = False) -> Path:
    """The file to write, without writing anything.

    output      None: film.gif becomes film-colorized.gif beside it; where ffmpeg is not known to
                write the same kind of file, it ends in .mkv
    to_folder   `output` is a folder, made if need be, and the film keeps its name there

    FileNotFoundError if there is no film, no folder or no ffmpeg; ValueError if the output's ending
    does not fit, or it is the film itself.
    """
    if not film.is_file():
        raise FileNotFoundError(f"no film at {film}")
    if is_video(film):
        endings, other = VIDEOS, ".mkv"
        _program()
    else:
        endings, other = ANIMATIONS, ".gif"
    ending = film.suffix if film.suffix.lower() in endings else other
    if output is None:
        output = film.with_name(f"{film.stem}-colorized{ending}")
    elif to_folder:
        output = output / f"{film.stem}{ending}"
    if output.suffix.lower() not in endings:
        raise ValueError(f"expected a film's name ending in {' or '.join(endings)}, "
                         f"got {output.name}")
    if not (to_folder or output.parent.is_dir()):
        raise FileNotFoundError(f"no folder {output.parent} to write to")
    if output.exists() and output.samefile(film):
        raise ValueError(
            f"the output would replace the film {output.name}: give another name with -o")
    return output


def plan_frames(folder: Path, output: Path | None = None) -> list[Job]:
    """The jobs of `colorize_files.plan` for the frames of a film, in the order of their numbers."""
    def natural(job: Job) -> list:  # frame9.png comes before frame10.png
        # Split at numbers, so that each odd place of the list is one.
        return [int(part) if part.isdecimal() else part.casefold()
                for part in re.split(r"(\d+)", str(job.photo))]

    return sorted(colorize_files.plan([folder], output), key=natural)


def color_film(colorizer: FilmColorizer, film: Path, output: Path,
               max_side: int | None = None) -> tuple[int, int, int]:
    """Color a film file, with a progress bar in a terminal; returns frames, height and width.

    The arguments are as in `plan` and `Colorizer.colorize`. Unreadable if the film is damaged or
    too large; OSError if the output cannot be written. The output is complete, or as it was.
    """
    color_kind = _color_video if is_video(film) else _color_animation
    try:
        with image_files.quiet_pillow(), atomic_write(output) as temporary:
            return color_kind(colorizer, film, output, temporary, max_side)
    except Unreadable as error:
        raise Unreadable(f"{film.name}: {error}") from None


# ------------------------------------------------------------------------------- animated pictures


def _color_animation(colorizer, film: Path, output: Path, temporary: Path, max_side) -> tuple:
    kind = ANIMATIONS[output.suffix.lower()]
    with image_files.explained():
        image = image_files.open_image(film)
    colored, durations = [], []
    with image:
        with image_files.explained():
            count = image.n_frames
        if (pixels := count * image.width * image.height) > MOST_PIXELS[kind]:
            raise Unreadable(f"too large: {count} frames have {pixels:,} pixels, of at most "
                             f"{MOST_PIXELS[kind]:,} in a {kind} file. A film has no limit: make "
                             f"one by ffmpeg -i {film.name} film.mp4")
        # A PNG file may begin with a picture for programs that show no animations.
        first = int(bool(image.info.get("default_image")))
        for number in tqdm(range(first, count), desc="Coloring", unit="frame", disable=None):
            with image_files.explained():
                image.seek(number)
                frame = torch.from_numpy(np.array(image_files.to_srgb(image.copy())))  # H W 3
                durations.append(image.info.get("duration", 0))  # milliseconds
            rgb = colorizer.colorize(frame.permute(2, 0, 1), max_side)  # 3 H W
            picture = Image.fromarray(rgb.permute(1, 2, 0).numpy())
            if kind == "GIF":  # Pillow's k-means has a tenth less error, in up to 15 times the time
                picture = picture.quantize(256, Image.Quantize.MEDIANCUT)
            colored.append(picture)
        plays, height, width = _plays(image), image.height, image.width
    if kind == "GIF":
        durations = _in_hundredths(durations)
    settings = {"loop": plays, "duration": durations}
    if kind == "WEBP":
        settings |= {"quality": 90, "method": 4}
    if kind == "GIF" and settings.pop("loop") != 1:
        settings["loop"] = max(0, plays - 1)
    try:
        colored[0].save(temporary, kind, save_all=True, append_images=colored[1:], **settings)
    except (struct.error, OverflowError):  # a number that has no room in the format
        raise ValueError(f"a frame's duration does not fit into a {kind} file") from None
    return len(colored), height, width


def _in_hundredths(durations: list[int]) -> list[int]:
    """Milliseconds as a GIF file has them, in hundredths of a second; the sum is kept."""
    ends = [10 * round(end / 10) for end in accumulate(durations)]
    return [end - start for start, end in pairwise([0, *ends])]


def _plays(image: Image.Image) -> int:
    """How often an animation is played; 0: without end."""
    loop = image.info.get("loop")
    if image.format == "GIF":  # a GIF file counts repetitions, and the others count plays
        return 1 if loop is None else loop and loop + 1
    return loop or 0


# -------------------------------------------------------------------------- films by way of ffmpeg


def _color_video(colorizer, film: Path, output: Path, temporary: Path, max_side) -> tuple:
    width, height, rate, aspect = _properties(film)
    even, count = (width + width % 2, height + height % 2), 0
    with _ffmpeg(*_input(film), "-map", "0:V:0", "-vf", f"fps=fps={rate}:start_time=0",
                 "-f", "rawvideo", "-pix_fmt", "rgb24", "-", damage=True) as decoder, \
            _ffmpeg("-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", "{}x{}".format(*even),
                    "-framerate", rate, "-i", "-", *_input(film), "-map", "0:v", "-map", "1:a?",
                    "-map_metadata", "1", "-c:a", "copy", "-vf",
                    f"scale=out_color_matrix=bt709,setsar={aspect}", "-pix_fmt", "yuv420p",
                    "-colorspace", "bt709", "-f", VIDEOS[output.suffix.lower()],
                    f"file:{temporary}") as encoder:
        for frame in tqdm(_frames(decoder.stdout, height, width), desc="Coloring", unit="frame",
                          disable=None):
            rgb = pad(colorizer.colorize(frame, max_side)[None], 2)[0]  # 3 H W, even
            encoder.stdin.write(rgb.permute(1, 2, 0).contiguous().numpy().data)
            count += 1
    if not count:
        raise Unreadable("damaged, or no film: it holds no frame")
    return count, *reversed(even)


def _properties(film: Path) -> tuple[int, int, str, str]:
    """Width, height, frame rate and the shape of a pixel, both as fractions: "24000/1001"."""
    # The header of this format tells them all, so that ffprobe is not needed.
    with _ffmpeg(*_input(film), "-map", "0:V:0", "-frames:v", "1", "-f", "yuv4mpegpipe",
                 "-pix_fmt", "gray", "-strict", "-1", "-", damage=True) as decoder:
        header = decoder.stdout.readline(1000).decode("ascii", "replace")
        decoder.stdout.read()
    found = re.match(r"YUV4MPEG2 W(\d+) H(\d+) F(\d+):(\d+).* A(\d+):(\d+)", header)
    if not found or found[3] == "0" or found[4] == "0":
        raise Unreadable("damaged, or no film: it has no frame rate")
    width, height, *numbers = map(int, found.groups())
    aspect = Fraction(*numbers[2:]) if all(numbers[2:]) else 1
    return width, height, str(Fraction(*numbers[:2])), str(aspect)


def _frames(stream, height: int, width: int) -> Iterator[Tensor]:
    """The frames, uint8 (3, H, W), of a stream of pixels."""
    size = height * width * 3
    while len(pixels := stream.read(size)) == size:
        frame = torch.frombuffer(bytearray(pixels), dtype=torch.uint8)
        yield frame.view(height, width, 3).permute(2, 0, 1)


def _input(film: Path) -> list[str]:
    """What ffmpeg reads: this file, no other that it may name, and no frame that is too large."""
    return ["-protocol_whitelist", "file", "-max_pixels", str(MAX_PIXELS),
            "-i", f"file:{film.absolute()}"]


@contextlib.contextmanager
def _ffmpeg(*arguments: str, damage: bool = False) -> Iterator[subprocess.Popen]:
    """Run ffmpeg during a block; ValueError with its own words if it fails.

    damage   it only reads: Unreadable if it reports any error, as of a film that is cut short
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [_program(), "-v", "error", "-nostdin", "-y", *arguments], stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL if damage else subprocess.PIPE, stderr=errors)
        try:
            with contextlib.suppress(BrokenPipeError):  # it ended early, and tells why
                yield process
                if process.stdin:
                    process.stdin.close()
            process.wait()
        finally:
            process.kill()
            process.wait()
            for pipe in filter(None, (process.stdin, process.stdout)):
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        errors.seek(0)
        text = errors.read().decode("utf-8", "replace").strip()
    # A line begins with who reports it, and where: "[mov @ 0x1a2b] partial file".
    lines = [line.rstrip(".") for line in re.sub(r"^\[.*?\] ", "", text, flags=re.M).splitlines()]
    if damage and (lines or process.returncode):
        raise Unreadable(f"damaged, or no film: {(lines or ['no reason is given'])[0]}. What is "
                         "left of it can be colored after: ffmpeg -i FILM mended.mkv")
    if process.returncode:
        reason = (lines or ["no reason is given"])[-1]
        advice = ("" if "space" in reason.lower() else
                  ". Any sound fits into a file that ends in .mkv: name one with -o")
        raise ValueError(f"ffmpeg cannot write this film: {reason}{advice}")


def _program() -> str:
    """The path of ffmpeg; FileNotFoundError, with what to do, where there is none."""
    if found := shutil.which("ffmpeg"):
        return found
    raise FileNotFoundError(
        "films other than animated GIF, WebP and PNG files need the program ffmpeg, which is not "
        "in the PATH: install it (apt install ffmpeg, brew install ffmpeg, winget install ffmpeg, "
        "or conda install ffmpeg) and try again")
