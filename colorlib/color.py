"""Color spaces: RGB, linear light, XYZ, Lab, YUV, YCbCr and HSV, on tensors on any device.

    lab = color.rgb_to_lab(images)      # (N, 3, 32, 32) uint8 -> float32
    rgb = color.lab_to_rgb(lab)         # and back, in [0, 1]

Every function takes (..., 3, H, W): channels third from last, any leading dimensions; H and W may
be 1. RGB is uint8, or float32 or float64 in [0, 1]; floats keep their type, uint8 becomes float32.
All functions are differentiable, with finite gradients everywhere, even at black and gray.

Wrong channels or types always raise an error; wrong values (a 255 among floats, a NaN) do unless
`check=False`: looking at values makes the CPU wait for the GPU. Grays are exactly neutral: a = b =
0 and U = V = 0, without rounding errors. Built step by step in notebook 01.
"""

import math
from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from colorlib import _lab_cpu

# Linear sRGB to XYZ, with Lindbloom's seven digits; rows X Y Z, columns R G B.
RGB_TO_XYZ = torch.tensor([[0.4124564, 0.3575761, 0.1804375],
                           [0.2126729, 0.7151522, 0.0721750],
                           [0.0193339, 0.1191920, 0.9503041]], dtype=torch.float64)
# XYZ of (1, 1, 1): D65, 2 degrees. Computed with the same matrix, so that grays are neutral.
WHITE = RGB_TO_XYZ.sum(1)
# Lab's curve (CIE 15): below EPSILON a line replaces the cube root, with its value and slope there.
EPSILON = 216 / 24389
KAPPA = 24389 / 27  # the slope of that line, times 116

_GAMMA_START = 0.04045  # sRGB values below are v / 12.92 in linear light
_LINEAR_START = _GAMMA_START / 12.92
# Linear RGB to XYZ / WHITE, and its inverse: all rows sum to 1, as `_apply` requires.
_TO_RELATIVE = (RGB_TO_XYZ / WHITE[:, None]).tolist()
_FROM_RELATIVE = torch.linalg.inv(RGB_TO_XYZ / WHITE[:, None]).tolist()
_LUMA = [0.299, 0.587, 0.114]  # Rec. 601
_YUV = (0.492, 0.877)  # U = 0.492 (B - Y), V = 0.877 (R - Y)
_YCBCR = (0.5 / (1 - 0.114), 0.5 / (1 - 0.299))  # Cb and Cr each span one unit


def _require(x: Tensor, name: str, integers: bool = False, channels: int = 3) -> Tensor:
    if not isinstance(x, Tensor):
        raise TypeError(f"{name}: expected a torch tensor (..., {channels}, H, W), "
                        f"got {type(x).__name__}")
    if x.ndim < 3 or x.shape[-3] != channels:
        last = x.ndim >= 3 and x.shape[-1] == channels
        hint = "; channels come third from last: x.movedim(-1, -3)" if last else ""
        raise ValueError(f"{name}: expected shape (..., {channels}, H, W), "
                         f"got {tuple(x.shape)}{hint}")
    if x.dtype not in (torch.float32, torch.float64) and not (integers and x.dtype == torch.uint8):
        expected = "uint8, float32 or float64" if integers else "float32 or float64"
        raise ValueError(f"{name}: expected {expected}, got {str(x.dtype).removeprefix('torch.')}")
    return x


def _check_range(x: Tensor, name: str, low: float, high: float, hint: str = "") -> None:
    """Raise ValueError unless all values lie in [low, high]."""
    if x.numel() == 0:
        return
    least, most = (v.item() for v in torch.aminmax(x.detach()))
    if not low <= least <= most <= high:  # also if there is a NaN, which makes both ends NaN
        got = "NaN" if math.isnan(least) else f"{least:.6g} to {most:.6g}{hint}"
        raise ValueError(f"{name}: expected values from {low:g} to {high:g}, got {got}")


def _require_finite(x: Tensor, name: str, check: bool) -> Tensor:
    _require(x, name)
    # A sum keeps NaN and infinity, so one pass over the values is enough.
    if check and x.numel() and not torch.isfinite(x.detach().sum()):
        raise ValueError(f"{name}: expected finite values, got NaN or infinity")
    return x


def _require_rgb(rgb: Tensor, check: bool) -> Tensor:
    _require(rgb, "RGB", integers=True)
    if check and rgb.dtype != torch.uint8:
        _check_range(rgb, "RGB as floats", 0, 1, "; divide by 255, or give uint8")
    return rgb


def _stack(*planes: Tensor) -> Tensor:
    return torch.stack(planes, dim=-3)


def to_float(rgb: Tensor, check: bool = True) -> Tensor:
    """RGB in [0, 1]: uint8 divided by 255, as float32; floats unchanged."""
    _require_rgb(rgb, check)
    return rgb / 255 if rgb.dtype == torch.uint8 else rgb


def to_uint8(rgb: Tensor, check: bool = True) -> Tensor:
    """RGB in [0, 1] rounded to uint8; uint8 unchanged. check=False clips values outside [0, 1]."""
    _require_rgb(rgb, check)
    if rgb.dtype == torch.uint8:
        return rgb
    return rgb.detach().mul(255).round_().clamp_(0, 255).to(torch.uint8)


def _decode(v: Tensor) -> Tensor:
    # Clamped, because a NaN in the branch that `where` drops would still spoil the gradient.
    power = ((v.clamp(min=_GAMMA_START) + 0.055) / 1.055) ** 2.4
    return torch.where(v <= _GAMMA_START, v / 12.92, power)


def _encode(v: Tensor) -> Tensor:
    power = 1.055 * v.clamp(min=_LINEAR_START) ** (1 / 2.4) - 0.055
    return torch.where(v <= _LINEAR_START, 12.92 * v, power)


@cache
def _table(device: torch.device) -> Tensor:
    """Linear light of each of the 256 bytes: (256,) float32."""
    return _decode(torch.arange(256, dtype=torch.float64) / 255).float().to(device)


def _look_up(plane: Tensor) -> Tensor:
    return torch.index_select(_table(plane.device), 0, plane.reshape(-1).long()).view(plane.shape)


def _linear(rgb: Tensor) -> list[Tensor]:
    """Red, green and blue in linear light, as new tensors."""
    # Each plane on its own: a processor rounds the last few values of a tensor differently, so
    # within one tensor equal red, green and blue might come out unequal.
    return [(_look_up if rgb.dtype == torch.uint8 else _decode)(v) for v in rgb.unbind(-3)]


def rgb_to_linear(rgb: Tensor, check: bool = True) -> Tensor:
    """Linear light in [0, 1] of sRGB values, by the exact curve (IEC 61966-2-1)."""
    return _stack(*_linear(_require_rgb(rgb, check)))


def linear_to_rgb(linear: Tensor, check: bool = True) -> Tensor:
    """sRGB values of linear light; light that no screen can show stays outside [0, 1]."""
    return _stack(*map(_encode, _require_finite(linear, "linear RGB", check).unbind(-3)))


def _apply(matrix: list[list[float]], first: Tensor, middle: Tensor, last: Tensor) -> list[Tensor]:
    """matrix @ (first, middle, last), for rows that sum to 1: equal values stay exactly equal."""
    one, three = first - middle, last - middle
    return [middle + row[0] * one + row[2] * three for row in matrix]


def linear_to_xyz(linear: Tensor, check: bool = True) -> Tensor:
    """XYZ of linear sRGB; Y of white is 1.0000001, the sum of the published digits."""
    relative = _apply(_TO_RELATIVE, *_require_finite(linear, "linear RGB", check).unbind(-3))
    return _stack(*(w * v for w, v in zip(WHITE.tolist(), relative, strict=True)))


def _f(t: Tensor) -> Tensor:
    """Lab's curve: cube root above EPSILON, a line below, which is the tangent at EPSILON."""
    above = t.clamp(min=EPSILON)
    return above ** (1 / 3) + (KAPPA / 116) * (t - above)


def _f_inverse(f: Tensor) -> Tensor:
    above = f.clamp(min=6 / 29)  # 6 / 29 is the cube root of EPSILON
    return above**3 + (116 / KAPPA) * (f - above)


def _uses_cpu_path(x: Tensor) -> bool:
    """Whether `_lab_cpu` may compute it: float32 or uint8, on the CPU, without gradients."""
    needs_gradient = torch.is_grad_enabled() and x.requires_grad
    if torch.compiler.is_compiling():  # or exporting: neither can follow threads
        return False
    return x.device.type == "cpu" and x.dtype != torch.float64 and not needs_gradient


def rgb_to_lab(rgb: Tensor, check: bool = True) -> Tensor:
    """Lab of sRGB: L in 0...100, a from -86.18 to 98.23, b from -107.86 to 94.48.

    check=False also allows values a little outside [0, 1], as networks output them.
    """
    _require_rgb(rgb, check)
    if _uses_cpu_path(rgb):
        return _lab_cpu.in_pieces(_fill_lab, rgb)
    fx, fy, fz = map(_f, _apply(_TO_RELATIVE, *_linear(rgb)))
    return _stack(116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz))


def _fill_lab(rgb: Tensor, lab: Tensor) -> None:
    """Fill lab from rgb, in place: without gradients, on a CPU, this takes a third of the time."""
    red, green, blue = _linear(rgb)
    fx, fy, fz, below = torch.empty(4, *green.shape, dtype=torch.float32)
    red.sub_(green)
    blue.sub_(green)
    for (from_red, _, from_blue), f in zip(_TO_RELATIVE, (fx, fy, fz), strict=True):
        torch.add(green, red, alpha=from_red, out=below).add_(blue, alpha=from_blue)  # X, Y or Z
        torch.clamp_min(below, EPSILON, out=f)
        below.sub_(f)  # how far below EPSILON, where the curve is a line; else 0
        # A cube root by log2 and exp2 takes a third of a power's time.
        f.log2_().mul_(1 / 3).exp2_().add_(below, alpha=KAPPA / 116)
    lightness, a, b = lab.unbind(-3)
    torch.mul(fy, 116, out=lightness).sub_(16)
    torch.mul(fx.sub_(fy), 500, out=a)
    torch.mul(fy.sub_(fz), 200, out=b)


def lab_to_rgb(lab: Tensor, clip: bool = True, check: bool = True) -> Tensor:
    """sRGB of Lab, as floats. clip=True limits colors that no screen can show to [0, 1]."""
    _require_finite(lab, "Lab", check)
    if check:
        _check_range(lab[..., :1, :, :], "L", -0.01, 100.01)  # a rounding error beyond the ends
    if _uses_cpu_path(lab):
        return _lab_cpu.in_pieces(lambda piece, out: out.copy_(_lab_to_rgb(piece, clip)), lab)
    return _lab_to_rgb(lab, clip)


def _lab_to_rgb(lab: Tensor, clip: bool) -> Tensor:
    lightness, a, b = lab.unbind(-3)
    fy = (lightness + 16) / 116
    relative = map(_f_inverse, (fy + a / 500, fy, fy - b / 200))  # X, Y and Z over those of white
    rgb = _stack(*map(_encode, _apply(_FROM_RELATIVE, *relative)))
    return rgb.clamp(0, 1) if clip else rgb


def lightness(rgb: Tensor, check: bool = True) -> Tensor:
    """L of Lab in 0...100: (..., 3, H, W) -> (..., 1, H, W); the input of the course's networks."""
    (y,) = _apply(_TO_RELATIVE[1:2], *_linear(_require_rgb(rgb, check)))
    return (116 * _f(y) - 16).unsqueeze(-3)


def gray_from_lightness(L: Tensor, check: bool = True) -> Tensor:
    """sRGB values in [0, 1] of grays: lightness (..., 1, H, W) in 0...100 -> (..., 1, H, W)."""
    _require(L, "L", channels=1)
    if check:
        _check_range(L, "L", -0.01, 100.01)
    return _encode(_f_inverse((L + 16) / 116)).clamp(0, 1)


def luma(rgb: Tensor, check: bool = True) -> Tensor:
    """Y = 0.299 R + 0.587 G + 0.114 B of the sRGB values, in [0, 1] (Rec. 601).

    (..., 3, H, W) -> (..., 1, H, W): the gray of YUV, of YCbCr and of Pillow's mode "L".
    """
    (y,) = _apply([_LUMA], *to_float(rgb, check).unbind(-3))
    return y.unsqueeze(-3)


def in_gamut(lab: Tensor, eps: float = 1e-4, check: bool = True) -> Tensor:
    """Which Lab colors an sRGB screen can show, to eps in sRGB values: bool (..., 1, H, W)."""
    with torch.no_grad():
        rgb = lab_to_rgb(lab, clip=False, check=check)
    return ((rgb >= -eps) & (rgb <= 1 + eps)).all(dim=-3, keepdim=True)


@torch.no_grad()
def into_gamut(lab: Tensor, check: bool = True) -> Tensor:
    """Lab colors that an sRGB screen can show: too colorful ones lose chroma, nothing else.

    (..., 3, H, W) -> the same shape and type. Lightness and hue stay, and so do all colors that
    `in_gamut` accepts; the others end on the gamut's border. Without gradients.
    """
    outside = ~in_gamut(lab, check=check).squeeze(-3)  # ... H W
    if not outside.any():
        return lab
    result = lab.clone()
    # Black and white have no chroma at all: photographs often have wide borders of them.
    ends = outside & ((lab[..., 0, :, :] < 0.01) | (lab[..., 0, :, :] > 99.995))
    for plane in result.unbind(-3)[1:]:
        plane[ends] = 0
    outside &= ~ends
    L, a, b = (plane[outside][None, :, None] for plane in lab.unbind(-3))  # 1 P 1 each
    # Bisection of the share of the chroma that is kept. No color on a screen has a chroma of 140.
    low, high = torch.zeros_like(L), (140 / torch.hypot(a, b)).clamp(max=1)
    for _ in range(12):  # at last to 140 / 2^12 = 0.03 units of chroma
        share = (low + high) / 2
        fits = in_gamut(torch.cat([L, share * a, share * b]), check=False)
        low, high = torch.where(fits, share, low), torch.where(fits, high, share)
    for plane, values in zip(result.unbind(-3)[1:], (low * a, low * b), strict=True):
        plane[outside] = values.flatten()
    return result


def distance_ab(lab1: Tensor, lab2: Tensor) -> Tensor:
    """Distance in the ab plane, Lab units: Lab (three channels) or ab (two) -> (..., 1, H, W)."""
    for x in (lab1, lab2):
        is_ab = isinstance(x, Tensor) and x.ndim >= 3 and x.shape[-3] == 2
        _require(x, "Lab or ab", channels=2 if is_ab else 3)
    difference = lab1[..., -2:, :, :] - lab2[..., -2:, :, :]
    return torch.linalg.vector_norm(difference, dim=-3, keepdim=True)


def swatch(colors: Sequence[Sequence[float]]) -> Tensor:
    """A row of colors as an image: N triples of RGB in [0, 1] -> (1, 3, 1, N) float32."""
    rows = torch.tensor([list(map(float, c)) for c in colors], dtype=torch.float32)
    if rows.ndim != 2 or rows.shape[1] != 3:
        raise ValueError(f"expected triples (r, g, b), got {colors!r}")
    return _require_rgb(rows.T[None, :, None, :].contiguous(), check=True)


def _to_luma_chroma(rgb: Tensor, scales: tuple[float, float], center: float = 0.0) -> Tensor:
    """Y, and B - Y and R - Y, each times its scale."""
    red, green, blue = rgb.unbind(-3)
    (y,) = _apply([_LUMA], red, green, blue)
    return _stack(y, scales[0] * (blue - y) + center, scales[1] * (red - y) + center)


def _from_luma_chroma(x: Tensor, scales: tuple[float, float], clip: bool,
                      center: float = 0.0) -> Tensor:
    y, u, v = x.unbind(-3)
    blue, red = (u - center) / scales[0], (v - center) / scales[1]  # both minus Y
    # The luma of the three differences is zero, which gives green.
    green = -(0.299 * red + 0.114 * blue) / 0.587
    rgb = _stack(y + red, y + green, y + blue)
    return rgb.clamp(0, 1) if clip else rgb


def rgb_to_yuv(rgb: Tensor, check: bool = True) -> Tensor:
    """Y = luma, U = 0.492 (B - Y), V = 0.877 (R - Y), as in Koo 2016 and Dahl 2016."""
    return _to_luma_chroma(to_float(rgb, check), _YUV)


def yuv_to_rgb(yuv: Tensor, clip: bool = True, check: bool = True) -> Tensor:
    """The exact inverse of `rgb_to_yuv`; clip=True limits it to [0, 1]."""
    return _from_luma_chroma(_require_finite(yuv, "YUV", check), _YUV, clip)


def rgb_to_ycbcr(rgb: Tensor, check: bool = True) -> Tensor:
    """JPEG's YCbCr (ITU-T T.871), all in [0, 1], Cb and Cr centered on 0.5 (Dorscheidt 2016)."""
    return _to_luma_chroma(to_float(rgb, check), _YCBCR, center=0.5)


def ycbcr_to_rgb(ycbcr: Tensor, clip: bool = True, check: bool = True) -> Tensor:
    """The exact inverse of `rgb_to_ycbcr`; clip=True limits it to [0, 1]."""
    return _from_luma_chroma(_require_finite(ycbcr, "YCbCr", check), _YCBCR, clip, center=0.5)


def rgb_to_hsv(rgb: Tensor, check: bool = True) -> Tensor:
    """Hue in [0, 1), a full turn that starts at red; saturation and value in [0, 1].

    Gray has hue 0, black also saturation 0.
    """
    red, green, blue = to_float(rgb, check).unbind(-3)
    value = torch.maximum(torch.maximum(red, green), blue)
    chroma = value - torch.minimum(torch.minimum(red, green), blue)
    gray, black = chroma == 0, value == 0
    span = torch.where(gray, 1, chroma)  # never 0, so that no gradient is NaN
    sixth = torch.where(value == green, (blue - red) / span + 2, (red - green) / span + 4)
    sixth = torch.where(value == red, (green - blue) / span, sixth)
    hue = torch.where(gray, 0, sixth / 6)
    hue = torch.where(hue < 0, hue + 1, hue)
    hue = torch.where(hue >= 1, 0, hue)  # just below red, rounding gives a full turn
    return _stack(hue, chroma / torch.where(black, 1, value), value)


def hsv_to_rgb(hsv: Tensor, check: bool = True) -> Tensor:
    """RGB in [0, 1] of hue (any number of turns), saturation and value in [0, 1]."""
    hue, saturation, value = _require_finite(hsv, "HSV", check).unbind(-3)
    if check:
        _check_range(hsv[..., 1:, :, :], "saturation and value", 0, 1)

    def channel(shift: int) -> Tensor:
        k = torch.remainder(shift + 6 * hue, 6)
        return value - value * saturation * torch.minimum(k, 4 - k).clamp(0, 1)

    return _stack(channel(5), channel(3), channel(1))
