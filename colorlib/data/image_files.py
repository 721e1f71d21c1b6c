"""Anyone's picture files as 8-bit sRGB: upright, without palette, transparency or a 16-bit scale.

Pillow decodes; what is decided here is what each kind of file means.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ["JPEG", "PNG", "WEBP", "TIFF", "GIF"]
MAX_PIXELS = 90_000_000                                        # of one picture: 270 MB decoded. More is refused
COLOR_SIDE = 256            # pixels a side on which color is found: the course's networks learned from small pictures


class Unreadable(ValueError):
    """A file that is no picture, or one that cannot or must not be decoded; the message says why."""


def decode(path: Path, size: tuple[int, int] | None = None) -> np.ndarray:
    """One file as uint8, H×W×3, sRGB. Unreadable if it cannot be.

    size   (H, W): the largest part of that shape, from the middle, resized with antialiasing. None: as it is

    Rotated as its EXIF orientation says; transparent parts are put on white; 16-bit grays are scaled, not cut; of an
    animation or a multi-page file the first frame. An embedded color profile is not applied.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise Unreadable(f"{image.width}×{image.height} pixels: a decompression bomb, or too large")
            image = _rgb(ImageOps.exif_transpose(image))
            if size is not None:
                image = ImageOps.fit(image, (size[1], size[0]), Image.Resampling.LANCZOS)
            return np.asarray(image)
    except Unreadable:
        raise
    except UnidentifiedImageError:
        raise Unreadable("not a JPEG, PNG, WebP, TIFF or GIF") from None
    except Image.DecompressionBombError as error:
        raise Unreadable(f"a decompression bomb: {error}") from None
    except MemoryError:
        raise Unreadable("too large for the memory") from None
    except Exception as error:                                 # a damaged file may raise anything out of a decoder
        raise Unreadable(f"damaged: {error}") from None


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise Unreadable("floating-point values, whose scale is unknown")
    if image.mode.startswith("I"):                             # 16-bit gray; older Pillow opens it as 32-bit "I"
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise Unreadable("32-bit values, whose scale is unknown")
        return Image.fromarray(((values + 128) // 257).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")
