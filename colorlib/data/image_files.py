"""Image files of any common format, read as 8-bit sRGB and written as PNG.

    pixels = decode(Path("photo.jpg"))              # uint8, (H, W, 3), upright
"""

import functools
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError, features

from colorlib.paths import atomic_write

MAX_PIXELS = 90_000_000  # larger images are refused; this many are 270 MB when decoded
COLOR_SIDE = 256  # pixels a side at which color is predicted: networks learn from small images

# Our name of a format, Pillow's, and the part of Pillow that decodes it where that is optional.
_FORMATS = (("JPEG", "JPEG", "jpg"), ("PNG", "PNG", "zlib"), ("WebP", "WEBP", "webp"),
    ("TIFF", "TIFF", ""), ("GIF", "GIF", ""), ("BMP", "BMP", ""),
    ("JPEG 2000", "JPEG2000", "jpg_2000"), ("AVIF", "AVIF", "avif"))

_TO_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_90}

# How a profile's header names its color space -> the modes of images that it can describe.
_PROFILED_MODES = {"RGB": ("RGB", "L", "P"), "GRAY": ("L",), "CMYK": ("CMYK",)}


class Unreadable(ValueError):
    """The file holds no image, or one that cannot be decoded safely; the message tells why."""


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

    Unreadable if the file cannot be decoded, or has more than MAX_PIXELS pixels.
    """
    try:
        with _open(file) as image:
            # A file begins with its size: nothing has been decoded yet that could fill the memory.
            if image.width * image.height > MAX_PIXELS:
                raise Unreadable(
                    f"{image.width}×{image.height} pixels: a decompression bomb, or too large")
            image.load()
            image = _to_srgb(_upright(image))
            if size is not None:
                image = ImageOps.fit(image, (size[1], size[0]), Image.Resampling.LANCZOS)
            return np.asarray(image)
    except Unreadable:
        raise
    except UnidentifiedImageError:
        raise Unreadable(f"not a {format_names()}") from None
    except (FileNotFoundError, PermissionError) as error:
        raise Unreadable(f"cannot be opened: {error.strerror}") from None
    except (MemoryError, Image.DecompressionBombError):
        raise Unreadable("too large for the memory, or a decompression bomb") from None
    except Exception as error:  # decoders raise almost any type on damaged data
        raise Unreadable(f"damaged: {error}") from None


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
    with atomic_write(path) as temporary:
        image.save(temporary, format="PNG", optimize=True)


def _open(file: Path | io.BytesIO) -> Image.Image:
    """Open an image in one of the readable formats; its pixels are not decoded yet."""
    formats = list(readable_formats().values())
    try:
        return Image.open(file, formats=formats)
    except ValueError as error:
        if "Exif" not in str(error):
            raise
    # libavif refuses an image whose EXIF block is broken. Under another type it skips the block.
    data = file.read_bytes() if isinstance(file, Path) else file.getvalue()
    return Image.open(io.BytesIO(data.replace(b"Exif", b"none")), formats=formats)


def _upright(image: Image.Image) -> Image.Image:
    """Undo the rotation or mirroring that the EXIF data name; without readable ones, do nothing."""
    # ImageOps.exif_transpose is not used: it fails on broken tags that we do not need.
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # whatever a parser raises on broken data
        return image
    return image.transpose(_TO_UPRIGHT[orientation]) if orientation in _TO_UPRIGHT else image


def _to_srgb(image: Image.Image) -> Image.Image:
    """An image of any mode -> mode "RGB", in sRGB, transparent parts on white."""
    profile = image.info.get("icc_profile")
    if image.mode == "F":
        raise Unreadable("floating-point values, whose scale is unknown")
    if image.mode.startswith("I"):  # 16-bit gray; older Pillow opens it as 32-bit "I"
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise Unreadable("32-bit values, whose scale is unknown")
        image = Image.fromarray(((values + 128) // 257).astype(np.uint8))  # 65535 -> 255
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
