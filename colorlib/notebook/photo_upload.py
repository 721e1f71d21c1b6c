"""Your own photograph, colored by several colorizers side by side.

    photo_upload.side_by_side("cat.jpg", {"Koo's CNN": koo, "U-Net": unet})
    photo_upload.upload_panel({"U-Net": unet}, "cat-colored.png")     # a widget

Photographs of any size work: the color is predicted for a smaller copy (COLOR_SIDE, or what `side`
says), and shown at SHOWN_SIDE at most. For the full size, use `python -m colorlib colorize`.
"""

import io
from collections.abc import Mapping
from html import escape
from pathlib import Path

import torch
import torch.nn.functional as F
from ipywidgets import HTML, Box, FileUpload, Image, Layout, VBox
from torch import Tensor

from colorlib import color
from colorlib.colorizer import Colorizer
from colorlib.data.image_files import COLOR_SIDE, Unreadable, decode
from colorlib.notebook import plots
from colorlib.notebook.report import count
from colorlib.paths import expand

SHOWN_SIDE = 512


def side_by_side(photo: str | Path | bytes | Tensor, colorizers: Mapping[str, Colorizer],
                 side: int = COLOR_SIDE) -> dict[str, Tensor]:
    """Return a photograph, its gray version and each colorizer's result, by name.

    photo   a path, the bytes of a file, or a tensor (3, H, W), uint8
    side    the color is predicted for a copy of at most so many pixels a side
    Returns {"yours": photo, "gray": gray, name: colorized, ...}, each (3, H, W), uint8, scaled down
    to at most SHOWN_SIDE. ValueError if the file does not exist or is not a picture.
    """
    image = photo if isinstance(photo, Tensor) else _read(photo)
    scale = SHOWN_SIDE / max(image.shape[-2:])
    if scale < 1:
        size = [max(1, round(side * scale)) for side in image.shape[-2:]]
        # As bytes: a large photograph takes a gigabyte as floats.
        image = F.interpolate(image[None].cpu(), size=size, mode="bilinear", antialias=True)[0]
    gray = color.gray_from_lightness(color.lightness(image[None]))  # (1, 1, H, W)
    gray = color.to_uint8(gray.clamp(0, 1).expand(-1, 3, -1, -1))[0]
    results = {name: one.colorize(image, side).cpu() for name, one in colorizers.items()}
    return {"yours": image, "gray": gray} | results


def _read(photo: str | Path | bytes) -> Tensor:
    """Read an image file or its bytes as (3, H, W), uint8."""
    try:
        source = io.BytesIO(photo) if isinstance(photo, bytes) else Path(photo).expanduser()
        return torch.tensor(decode(source)).permute(2, 0, 1)  # copied: it is read-only
    except Unreadable as error:
        name = "this file" if isinstance(photo, bytes) else Path(photo).name
        raise ValueError(f"{name} cannot be read as a picture: {error}") from None


def upload_panel(colorizers: Mapping[str, Colorizer], path: str | Path | None = None,
                 side: int = COLOR_SIDE) -> VBox:
    """Return a widget: a button to upload a photograph, and each colorizer's result below it.

    path   a PNG file to which all results are saved, one below the other; None: they are not saved
    side   as in `side_by_side`
    """
    return UploadPanel(colorizers, path, side).view


class UploadPanel:
    """The widget's state; `view` is what a notebook shows."""

    def __init__(self, colorizers: Mapping[str, Colorizer], path: str | Path | None, side: int):
        self.colorizers, self.path, self.side = colorizers, path, side
        self.upload = FileUpload(accept="image/*", multiple=False, description="your picture")
        self.message = HTML("Upload a JPEG, PNG, WebP, TIFF or GIF file of any size.")
        self.pictures = Box(layout=Layout(flex_flow="row wrap"))
        self.view = VBox([self.upload, self.message, self.pictures])
        self.upload.observe(self.color_upload, names="value")

    def color_upload(self, change) -> None:
        """Color the uploaded file, show the results and save them."""
        if not change["new"]:
            return
        # A page does not show the exceptions of a widget, so they become messages.
        try:
            pictures = side_by_side(bytes(change["new"][0]["content"]), self.colorizers,
                                    self.side)
        except ValueError as error:
            self.message.value, self.pictures.children = escape(str(error)), ()
            return
        self.pictures.children = [
            VBox([HTML(escape(name, quote=False)),
                  Image(value=plots.png(picture), format="png", width=200)])
            for name, picture in pictures.items()]
        self.message.value = f"Colored by {count(len(self.colorizers), 'network')}."
        if self.path is not None:
            self.message.value += self._save(torch.cat(list(pictures.values()), dim=1))

    def _save(self, picture: Tensor) -> str:
        """Save a picture as PNG; return a sentence about it."""
        path = Path(self.path)
        try:
            path = expand(path)
            path.write_bytes(plots.png(picture))
            return escape(f" Saved in {path.name}.")
        except OSError as error:
            return escape(f" The result was not saved: {path.resolve()} cannot be written "
                          f"({error.strerror}).")
