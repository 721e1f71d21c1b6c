"""Image files of any common format, read as 8-bit sRGB and written as PNG.

    pixels = decode(Path("photo.jpg"))              # uint8, (H, W, 3), upright
"""

import contextlib
import functools
import io
import stat
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError, features

from colorlib.paths import atomic_write

MAX_PIXELS = 90_000_000  # larger images are refused; this many are 270 MB when decoded
# Two decoders need 17 and 20 bytes for each pixel: these limits keep both below 1.5 GB.
MAX_PIXELS_OF = {"WEBP": 80_000_000, "JPEG2000": 70_000_000}
LARGE = 16_000_000  # pixels; of larger images one is decoded at a time
STRIP = 4_000_000  # pixels whose colors are converted at a time
COLOR_SIDE = 256  # pixels a side at which color is predicted: networks learn from small images

# Our name of a format, Pillow's, and the part of Pillow that decodes it where that is optional.
_FORMATS = (("JPEG", "JPEG", "jpg"), ("PNG", "PNG", "zlib"), ("WebP", "WEBP", "webp"),
    ("TIFF", "TIFF", ""), ("GIF", "GIF", ""), ("BMP", "BMP", ""),
    ("JPEG 2000", "JPEG2000", "jpg_2000"), ("AVIF", "AVIF", "avif"))

# By EXIF orientation: (H, W, 3) as stored -> upright, without a copy. 1 is upright already.
_TO_UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda x: x[:, ::-1], 3: lambda x: x[::-1, ::-1], 4: lambda x: x[::-1],
    5: lambda x: x.swapaxes(0, 1), 6: lambda x: np.rot90(x, -1),
    7: lambda x: x[::-1, ::-1].swapaxes(0, 1), 8: np.rot90}

# How a profile's header names its color space -> the modes of images that it can describe.
_PROFILED_MODES = {"RGB": ("RGB", "L", "P"), "GRAY": ("L",), "CMYK": ("CMYK",)}


_one_large_image = threading.Lock()


class Unreadable(ValueError):
    """The file holds no image, or one that cannot be decoded safely; the message tells why."""


class UnreadableNow(Unreadable):
    """The system did not give us the file, or no memory for it: later it may be readable."""


@functools.cache
def readable_formats() -> dict[str, str]:
    """The formats that the installed Pillow can read: our name of each -> Pillow's name."""
    Image.init()
    # A Pillow too old to know a part by name may still have the format from a plugin.
    optional = {**features.modules, **features.codecs}
    return {name: pillow_name for name, pillow_name, part in _FORMATS
            if pillow_name in Image.OPEN and (part not in optional or features.check(part))}


def format_names() -> str:
    """The readable formats as text: "JPEG, PNG, WebP, TIFF, GIF, BMP, JPEG 2000 or AVIF"."""
    *names, last = readable_formats()
    return f"{', '.join(names)} or {last}"


def image_extensions() -> set[str]:
    """The endings of files in a readable format, in lower case: ".jpg", ".jpeg", ".png", ..."""
    known = set(readable_formats().values())
    return {ending for ending, name in Image.registered_extensions().items() if name in known}


def decode(file: Path | io.BytesIO, size: tuple[int, int] | None = None) -> np.ndarray:
    """Read one image file, a path or the bytes of one, as sRGB: uint8, (H, W, 3).

    size   (H, W): cut the largest part of that shape from the middle, resize it with antialiasing.
           None: the image as it is

    The image is turned upright by its EXIF orientation, and its color profile is converted to sRGB;
    broken EXIF data and broken profiles are ignored. Transparent parts become white, 16-bit grays
    are scaled to 8 bits, and of several frames the first is read.

    Unreadable if the file cannot be decoded, or has more pixels than MAX_PIXELS or MAX_PIXELS_OF
    its format; UnreadableNow if that may be otherwise another time.
    """
    with explained():
        pixels = _read(file)
        if size is not None:
            image = Image.fromarray(pixels)
            pixels = np.asarray(
                ImageOps.fit(image, (size[1], size[0]), Image.Resampling.LANCZOS))
        return pixels


@contextmanager
def explained() -> Iterator[None]:
    """Raise Unreadable with a reason, or UnreadableNow, for all that decoders raise in a block."""
    try:
        yield
    except Unreadable:
        raise
    except UnidentifiedImageError:
        raise Unreadable(f"not a {format_names()}") from None
    except MemoryError:
        raise UnreadableNow("too large for the memory") from None
    except Image.DecompressionBombError:
        raise Unreadable("a decompression bomb") from None
    except Exception as error:  # decoders raise almost any type on damaged data
        # Errors of the system have a number, those of Pillow's decoders have none.
        if isinstance(error, OSError) and error.errno is not None:
            raise UnreadableNow(f"cannot be opened: {error.strerror}") from None
        raise Unreadable(f"damaged: {error}") from None


def _read(file: Path | io.BytesIO) -> np.ndarray:
    """Decode an image and turn it upright: sRGB, uint8, (H, W, 3)."""
    with open_image(file) as image:
        pixels = image.width * image.height
        if image.format == "JPEG" and _length(file) < pixels // 512:
            # Of 8×8 pixels the shortest code is one bit. libjpeg would fill the rest with gray.
            raise Unreadable(f"damaged: too short for {image.width}×{image.height} pixels")
        # Threads that decode several large images at once would need several times the memory.
        with _one_large_image if pixels > LARGE else contextlib.nullcontext():
            image.load()
            orientation = _orientation(image)  # of a PNG file it may come after the pixels
            rgb = np.empty((image.height, image.width, 3), np.uint8)
            # Strip by strip, because a conversion needs many bytes for each pixel.
            rows = max(1, STRIP // image.width)
            for top in range(0, image.height, rows):
                bottom = min(top + rows, image.height)
                rgb[top:bottom] = to_srgb(image.crop((0, top, image.width, bottom)))
    upright = _TO_UPRIGHT.get(orientation)
    # A copy even of a view that NumPy calls contiguous: torch takes no negative strides.
    return upright(rgb).copy() if upright else rgb


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Silence the warnings of Pillow that `decode` makes needless; one block for all threads."""
    with warnings.catch_warnings():
        # decode() refuses decompression bombs itself, and Pillow also warns of broken EXIF data in
        # pictures that it decodes well.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
        yield


def check_png(path: Path) -> None:
    """ValueError unless the name is that of a PNG file, FileNotFoundError if it has no folder."""
    if path.suffix.lower() != ".png":
        raise ValueError(f"the output is a PNG: expected a name ending in .png, got {path.name}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"no folder {path.parent} to write to")


def write_png(image: Image.Image, path: Path) -> None:
    """Write a PNG file in one step: it is complete, or it is not there."""
    small = image.width * image.height <= LARGE  # else a minute, for a few percent of the file
    with atomic_write(path) as temporary:
        image.save(temporary, format="PNG", optimize=small)


def open_image(file: Path | io.BytesIO) -> Image.Image:
    """Open an image in one of the readable formats; its pixels are not decoded yet.

    Unreadable if it is no ordinary file, or too large; what else Pillow raises is not `explained`.
    """
    if isinstance(file, Path) and not stat.S_ISREG(file.stat().st_mode):
        raise Unreadable("no ordinary file")  # a pipe, say, would be waited for
    image = _open(file)
    # A file begins with its size: nothing has been decoded yet that could fill the memory.
    if image.width * image.height > MAX_PIXELS_OF.get(image.format, MAX_PIXELS):
        image.close()
        raise Unreadable(f"{image.width}×{image.height} pixels: a decompression bomb, or too large")
    return image


def _open(file: Path | io.BytesIO) -> Image.Image:
    formats = list(readable_formats().values())
    try:
        return Image.open(file, formats=formats)
    except ValueError as error:
        if "Exif" not in str(error):
            raise
    # libavif refuses an image whose EXIF block is broken. Under another type it skips the block.
    data = file.read_bytes() if isinstance(file, Path) else file.getvalue()
    return Image.open(io.BytesIO(data.replace(b"Exif", b"none")), formats=formats)


def _length(file: Path | io.BytesIO) -> int:
    return file.stat().st_size if isinstance(file, Path) else len(file.getbuffer())


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8 if it makes sense; 1 without readable EXIF data."""
    # ImageOps.exif_transpose is not used: it fails on broken tags that we do not need.
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # whatever a parser raises on broken data
        return 1


def to_srgb(image: Image.Image) -> Image.Image:
    """An image of any mode -> mode "RGB", in sRGB, transparent parts on white."""
    profile = image.info.get("icc_profile")
    if image.mode == "F":
        raise Unreadable("floating-point values, whose scale is unknown")
    if image.mode.startswith("I"):  # 16-bit gray; older Pillow opens it as 32-bit "I"
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise Unreadable("32-bit values, whose scale is unknown")
        gray = ((values + 128) // 257).astype(np.uint8)  # 65535 -> 255
        if "transparency" in image.info:  # the one value that is transparent, in 16 bits
            gray[values == image.info["transparency"]] = 255
        image = Image.fromarray(gray)
    transparent = image.info.get("transparency")
    if image.mode == "RGB" and isinstance(transparent, tuple) and max(transparent) > 255:
        # Pillow reads the pixels of a 16-bit PNG file as 8 bits, and this color as 16.
        image.info["transparency"] = tuple(value >> 8 for value in transparent)
    if image.mode not in ("RGBA", "LA", "PA", "RGBa", "La") and "transparency" not in image.info:
        return _apply_profile(image, profile)

    # Colors are converted before they are blended with white, as browsers do. Grays stay gray,
    # since their profile describes one channel.
    with_alpha = image.convert("RGBA")
    opaque = with_alpha.convert("L" if image.mode in ("L", "LA", "La", "1") else "RGB")
    colors = _apply_profile(opaque, profile)
    colors.putalpha(with_alpha.getchannel("A"))
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, colors).convert("RGB")


def _apply_profile(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert an opaque image from its ICC profile to sRGB, mode "RGB"."""
    if not profile:  # or one that is broken or made for another kind of image: the values stay
        return image.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        if image.mode not in _PROFILED_MODES.get(space, ()):
            return image.convert("RGB")
        if space == "RGB":
            image = image.convert("RGB")
        # Relative colorimetric: white stays white, and the darkest ink of a print becomes black.
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION)
    except (ImageCms.PyCMSError, ImportError, OSError, ValueError, TypeError):
        return image.convert("RGB")
