"""The ab plane of Lab, with the colors that a screen can show, and points on it."""

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from colorlib import color
from colorlib.notebook.pictures import to_array, to_patches
from colorlib.notebook.style import in_course_style, new

AB_LIMIT = 110  # the sRGB gamut lies within ±110 in a and b


@lru_cache(maxsize=8)
def gamut_colors(lightness: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the colors of the ab plane and how far each lies inside the sRGB gamut.

    lightness   L in 0…100 for one slice of the gamut. None: the whole solid seen from above; each
                ab is drawn at the middle of the lightnesses at which a screen can show it.
    Returns rgb (S, S, 3), in [0, 1], rows from small b to large; and the margin (S, S): the least
    distance of an RGB channel from 0 or 1, negative outside the gamut.
    """
    whole = lightness is None
    levels = torch.arange(2, 99, 3.0) if whole else torch.tensor([float(lightness)])
    axis = torch.arange(-AB_LIMIT, AB_LIMIT + 1, 4.0 if whole else 1.0)
    L, b, a = torch.meshgrid(levels, axis, axis, indexing="ij")  # (levels, S, S)
    rgb = color.lab_to_rgb(torch.stack([L, a, b], dim=1), clip=False)  # (levels, 3, S, S)
    margin = torch.minimum(rgb.amin(1), 1 - rgb.amax(1))  # (levels, S, S)
    inside = (margin >= 0).float()
    # Where no lightness is inside, clipping distorts the color least at the largest margin.
    nearest = levels[margin.argmax(0)]  # (S, S)
    count = inside.sum(0)
    middle = torch.where(count > 0, (inside * L).sum(0) / count.clamp(min=1), nearest)
    shown = color.lab_to_rgb(torch.stack([middle, a[0], b[0]])).permute(1, 2, 0)
    return shown.numpy(), margin.amax(0).numpy()


@lru_cache(maxsize=1)
def gamut_outline() -> np.ndarray:
    """Return the outline of the sRGB gamut on the ab plane as points (P, 2)."""
    # Seen from above, it runs along six edges of the RGB cube, from red by yellow back to red.
    corners = torch.tensor([[1.0, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1],
                            [1, 0, 0]])
    steps = torch.linspace(0, 1, 33)[:-1, None, None]
    loop = (corners[:-1] + steps * (corners[1:] - corners[:-1])).transpose(0, 1).reshape(-1, 3)
    return color.rgb_to_lab(loop.T[:, None])[1:, 0].T.numpy()  # (P, 2)


@in_course_style
def ab_plane(ax: Axes | None = None, gamut: bool = True, lightness: float | None = None,
             alpha: float = 0.55) -> Axes:
    """Draw the ab plane, with the colors that a screen can show and the sRGB gamut's outline.

    ax          None: a new figure (`plots.show` takes its axis)
    gamut       whether to draw the colors, or only the outline
    lightness   L in 0…100: this slice of the gamut. None: the whole solid seen from above
    alpha       opacity of the colors
    """
    if ax is None:
        _, ax = new(width=5.4, height=5.0)
    rgb, margin = gamut_colors(lightness)
    extent = (-AB_LIMIT, AB_LIMIT, -AB_LIMIT, AB_LIMIT)
    if lightness is None:
        edge = Path(gamut_outline(), closed=True)
        ax.add_patch(PathPatch(edge, fill=False, edgecolor="0.35", linewidth=1.2, zorder=1))
    else:
        contour = ax.contour(margin, levels=[0.0], origin="lower", extent=extent, colors="0.35",
                             linewidths=1.2, zorder=1)
        edge = contour.get_paths()[0]
    if gamut:
        plane = ax.imshow(rgb, origin="lower", extent=extent, alpha=alpha,
                          interpolation="bilinear", zorder=0)
        plane.set_clip_path(edge, transform=ax.transData)  # outside, colors would be clipped ones
    ax.axhline(0, color="0.6", lw=0.8, zorder=1)
    ax.axvline(0, color="0.6", lw=0.8, zorder=1)
    ticks = range(-100, 101, 50)
    ax.set(xlim=(-AB_LIMIT, AB_LIMIT), ylim=(-AB_LIMIT, AB_LIMIT), aspect="equal", xticks=ticks,
           yticks=ticks, xlabel="a: green to red", ylabel="b: blue to yellow")
    return ax


def scatter_ab(ax: Axes, ab: Any, colors: Any = None, label: str | None = None, size: float = 14,
               **keywords: Any) -> Axes:
    """Draw points on an ab plane.

    ab         (P, 2), (2, H, W) or (N, 2, H, W), in Lab units
    colors     one color for all points, or (P, 3) RGB, one for each
    keywords   passed on to Axes.scatter
    """
    points = to_array(ab)
    if points.ndim >= 3 and points.shape[-3] == 2:
        points = np.moveaxis(points, -3, -1)  # (…, H, W, 2)
    points = points.reshape(-1, 2)
    if colors is not None and not isinstance(colors, str):
        colors = to_patches(colors) / 255
    style = {"linewidths": 0, "zorder": 3} | keywords
    ax.scatter(points[:, 0], points[:, 1], s=size, c=colors, label=label, **style)
    return ax
