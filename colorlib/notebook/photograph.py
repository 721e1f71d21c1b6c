"""Your own photograph, colored by several Colorizers side by side.

    photograph.colored("cat.jpg", {"K1": koo, "N1": unet})       {"yours": ..., "gray": ..., "K1": ..., "N1": ...}
    photograph.panel({"K1": koo, "N1": unet}, "cat-colored.png") in a notebook: a button that uploads a picture

Any size: the color is found on a copy of at most COLOR_SIDE pixels, and the pictures are at most SHOWN_SIDE pixels
wide and high. `python -m colorlib colorize` writes one at its full size. Used in notebook 07.
"""

from __future__ import annotations

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

SHOWN_SIDE = 512


def colored(picture: str | Path | bytes | Tensor, colorizers: Mapping[str, Colorizer]) -> dict[str, Tensor]:
    """A picture as it was, in gray, and as each Colorizer colors it: name -> uint8 (3, H, W).

    picture   a path, the bytes of a file, or uint8 (3, H, W)
    ValueError if it is no picture, or the file is missing
    """
    if isinstance(picture, Tensor):
        image = picture
    else:
        try:
            source = io.BytesIO(picture) if isinstance(picture, bytes) else Path(picture).expanduser()
            image = torch.from_numpy(decode(source).copy()).permute(2, 0, 1)               # 3 H W
        except Unreadable as error:
            name = "this file" if isinstance(picture, bytes) else Path(picture).name
            raise ValueError(f"{name} cannot be shown: {error}") from None
    scale = SHOWN_SIDE / max(image.shape[-2:])
    if scale < 1:
        size = [max(1, round(side * scale)) for side in image.shape[-2:]]
        image = color.to_uint8(F.interpolate(color.to_float(image[None]), size=size, mode="bilinear",
                                             antialias=True).clamp(0, 1))[0]
    gray = color.gray_from_lightness(color.lightness(image[None])).clamp(0, 1).expand(-1, 3, -1, -1)      # 1 3 H W
    found = {"yours": image, "gray": color.to_uint8(gray)[0]}
    return found | {name: colorizer.colorize(image, COLOR_SIDE).cpu() for name, colorizer in colorizers.items()}


def panel(colorizers: Mapping[str, Colorizer], path: str | Path | None = None, side: int = 200) -> VBox:
    """The widget: a button that uploads a picture, and below it what each Colorizer makes of it.

    path   PNG to which all of them are written, one below the other; None: they are only shown
    side   of a picture on the page, in pixels
    """
    upload = FileUpload(accept="image/*", multiple=False, description="your picture")
    told, shown = HTML("JPEG, PNG, WebP, TIFF or GIF, of any size."), Box(layout=Layout(flex_flow="row wrap"))

    def color_it(change) -> None:
        if not change["new"]:
            return
        file = change["new"][0]
        try:
            pictures = colored(bytes(file["content"]), colorizers)
        except ValueError as error:
            told.value, shown.children = str(error), ()
            return
        shown.children = [VBox([HTML(name), Image(value=plots.png(picture), format="png", width=side)])
                          for name, picture in pictures.items()]
        told.value = "1 colorizer." if len(colorizers) == 1 else f"{len(colorizers)} colorizers."
        if path is not None:
            try:
                Path(path).write_bytes(plots.png(torch.cat(list(pictures.values()), dim=1)))
                told.value += f" Saved in {Path(path).name}."
            except OSError as error:
                told.value += escape(f" Not saved: {Path(path).resolve()} cannot be written ({error.strerror}).")

    upload.observe(color_it, names="value")
    return VBox([upload, told, shown])
