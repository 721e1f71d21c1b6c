"""Color spaces: RGB, linear light, XYZ, Lab, YUV, YCbCr, HSV; tensors in, tensors out, on any device.

    lab = color.rgb_to_lab(images)                 # (N, 3, 32, 32) uint8 -> float32
    rgb = color.lab_to_rgb(lab)                    # and back, in [0, 1]

Every function takes (..., 3, H, W): channels third from last, any leading dimensions, H and W may be 1.
RGB is uint8, or float32 or float64 in [0, 1]; floats keep their type, uint8 becomes float32.
Everything can be differentiated, with finite gradients everywhere, black and gray included.
Wrong channels or types are refused always; wrong values (a 255 among floats, a NaN) unless `check=False`, because
looking at values makes a GPU wait. Grays are exactly neutral: a = b = 0, U = V = 0, not merely nearly.
Built step by step in notebook 01.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial

import torch
from torch import Tensor

from colorlib import _lab_cpu

RGB_TO_XYZ = torch.tensor(  # linear sRGB to XYZ, Lindbloom's seven digits; rows X Y Z, columns R G B
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]],
    dtype=torch.float64,
)
WHITE = RGB_TO_XYZ.sum(1)  # D65, 2 degrees: XYZ of (1, 1, 1) by this very matrix, so that grays are neutral
EPSILON = 216 / 24389  # CIE: where the cube root gives way to a line, which there has its value and its slope
KAPPA = 24389 / 27  # CIE: the slope of that line, times 116

_GAMMA_FROM = 0.04045  # sRGB: below, v / 12.92
_LINEAR_FROM = _GAMMA_FROM / 12.92
_MIX = (RGB_TO_XYZ / WHITE[:, None]).tolist()  # linear RGB to XYZ / white: rows sum to 1
_UNMIX = torch.linalg.inv(RGB_TO_XYZ / WHITE[:, None]).tolist()  # and back: so do these
_YUV = (0.492, 0.877)  # U = 0.492 (B - Y), V = 0.877 (R - Y)
_YCBCR = (0.5 / (1 - 0.114), 0.5 / (1 - 0.299))  # so that Cb and Cr span one unit


# ---------------------------------------------------------------------------------------------------- what comes in


def _require(x: Tensor, name: str, integers: bool = False, channels: int = 3) -> Tensor:
    if not isinstance(x, Tensor):
        raise TypeError(f"{name}: expected a torch tensor (..., {channels}, H, W), got {type(x).__name__}")
    if x.ndim < 3 or x.shape[-3] != channels:
        last = x.ndim >= 3 and x.shape[-1] == channels
        hint = "; channels come third from last: x.movedim(-1, -3)" if last else ""
        raise ValueError(f"{name}: expected shape (..., {channels}, H, W), got {tuple(x.shape)}{hint}")
    if x.dtype not in (torch.float32, torch.float64) and not (integers and x.dtype == torch.uint8):
        expected = "uint8, float32 or float64" if integers else "float32 or float64"
        raise ValueError(f"{name}: expected {expected}, got {str(x.dtype).removeprefix('torch.')}")
    return x


def _check_range(x: Tensor, name: str, low: float, high: float, hint: str = "") -> None:
    """Values in [low, high] and none of them NaN; waits for the device."""
    if x.numel() == 0:
        return
    least, most = (v.item() for v in torch.aminmax(x.detach()))
    if least != least or most != most:
        raise ValueError(f"{name}: expected values from {low:g} to {high:g}, got NaN")
    if least < low or most > high:
        raise ValueError(f"{name}: expected values from {low:g} to {high:g}, got {least:.6g} to {most:.6g}{hint}")


def _check_finite(x: Tensor, name: str) -> None:
    if x.numel() and not torch.isfinite(x.detach().sum()):  # one pass; a sum keeps NaN and infinity
        raise ValueError(f"{name}: expected finite values, got NaN or infinity")


def _require_rgb(rgb: Tensor, check: bool) -> Tensor:
    _require(rgb, "RGB", integers=True)
    if check and rgb.dtype != torch.uint8:
        _check_range(rgb, "RGB as floats", 0, 1, "; divide by 255, or give uint8")
    return rgb


def _require_lab(lab: Tensor, check: bool) -> Tensor:
    _require(lab, "Lab")
    if check and lab.numel():
        _check_range(lab[..., :1, :, :], "L", -0.01, 100.01)
        _check_finite(lab, "Lab")
    return lab


def _require_finite(x: Tensor, name: str, check: bool) -> Tensor:
    _require(x, name)
    if check:
        _check_finite(x, name)
    return x


def _planes(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return x[..., 0, :, :], x[..., 1, :, :], x[..., 2, :, :]  # (..., H, W) each


def _stack(*planes: Tensor) -> Tensor:
    return torch.stack(planes, dim=-3)


def _wants_gradient(x: Tensor) -> bool:
    return torch.is_grad_enabled() and x.requires_grad


def _goes_in_pieces(x: Tensor) -> bool:
    return x.device.type == "cpu" and x.dtype != torch.float64 and not _wants_gradient(x)


# ------------------------------------------------------------------------------------------------ uint8, float, light


def to_float(rgb: Tensor, check: bool = True) -> Tensor:
    """RGB in [0, 1]: uint8 / 255 as float32; floats as they are."""
    _require_rgb(rgb, check)
    return rgb / 255 if rgb.dtype == torch.uint8 else rgb


def to_uint8(rgb: Tensor, check: bool = True) -> Tensor:
    """The nearest uint8 of RGB in [0, 1]; uint8 as it is. With check=False what lies outside is clipped."""
    _require_rgb(rgb, check)
    if rgb.dtype == torch.uint8:
        return rgb
    return rgb.detach().mul(255).round_().clamp_(0, 255).to(torch.uint8)


@cache
def _table(device: torch.device) -> Tensor:
    """(256,) float32: linear light of each byte."""
    return _decode(torch.arange(256, dtype=torch.float64) / 255).float().to(device)


def _decode(v: Tensor) -> Tensor:
    power = ((v.clamp(min=_GAMMA_FROM) + 0.055) / 1.055) ** 2.4  # clamped, so that its gradient below is 0, not NaN
    return torch.where(v <= _GAMMA_FROM, v / 12.92, power)


def _encode(v: Tensor) -> Tensor:
    power = 1.055 * v.clamp(min=_LINEAR_FROM) ** (1 / 2.4) - 0.055
    return torch.where(v <= _LINEAR_FROM, 12.92 * v, power)


def _look_up(plane: Tensor) -> Tensor:
    return torch.index_select(_table(plane.device), 0, plane.reshape(-1).long()).view(plane.shape)


def _linear(rgb: Tensor) -> list[Tensor]:
    """Red, green and blue light. Plane by plane: a processor rounds the last few values of a tensor differently."""
    return [(_look_up if rgb.dtype == torch.uint8 else _decode)(plane) for plane in _planes(rgb)]


def rgb_to_linear(rgb: Tensor, check: bool = True) -> Tensor:
    """Linear light in [0, 1] of sRGB values: the exact curve (IEC 61966-2-1), straight up to 0.04045."""
    return _stack(*_linear(_require_rgb(rgb, check)))


def linear_to_rgb(linear: Tensor, check: bool = True) -> Tensor:
    """sRGB values of linear light; light below 0 or above 1 (no screen has it) stays outside [0, 1]."""
    return _stack(*map(_encode, _planes(_require_finite(linear, "linear RGB", check))))


# ---------------------------------------------------------------------------------------------------------- XYZ, Lab


def _apply(matrix: list[list[float]], first: Tensor, middle: Tensor, last: Tensor) -> list[Tensor]:
    """matrix @ (first, middle, last), for rows that sum to 1: three equal values come out equal, to the bit."""
    one, three = first - middle, last - middle
    return [middle + row[0] * one + row[2] * three for row in matrix]


def linear_to_xyz(linear: Tensor, check: bool = True) -> Tensor:
    """XYZ (Y of white = 1.0000001, the matrix's own sum) of linear sRGB."""
    red, green, blue = _planes(_require_finite(linear, "linear RGB", check))
    relative = _apply(_MIX, red, green, blue)
    return _stack(*(w * v for w, v in zip(WHITE.tolist(), relative, strict=True)))


def xyz_to_linear(xyz: Tensor, check: bool = True) -> Tensor:
    """Linear sRGB of XYZ; outside [0, 1] where no screen shows it."""
    _require_finite(xyz, "XYZ", check)
    x, y, z = (v / w for v, w in zip(_planes(xyz), WHITE.tolist(), strict=True))
    return _stack(*_apply(_UNMIX, x, y, z))


def _f(t: Tensor) -> Tensor:
    """Lab's curve: cube root above EPSILON, a line below. One expression, since there the line is the tangent."""
    above = t.clamp(min=EPSILON)
    return above ** (1 / 3) + (KAPPA / 116) * (t - above)


def _f_inverse(f: Tensor) -> Tensor:
    above = f.clamp(min=6 / 29)  # 6 / 29 is the cube root of EPSILON
    return above**3 + (116 / KAPPA) * (f - above)


def _relative_to_lab(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    fx, fy, fz = _f(x), _f(y), _f(z)
    return _stack(116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz))


def _lab_to_relative(lab: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    lightness, a, b = _planes(lab)
    fy = (lightness + 16) / 116
    return _f_inverse(fy + a / 500), _f_inverse(fy), _f_inverse(fy - b / 200)


def xyz_to_lab(xyz: Tensor, check: bool = True) -> Tensor:
    """Lab (L in 0...100, a and b in Lab units) of XYZ, relative to WHITE. CIE 15: EPSILON and KAPPA as fractions."""
    _require_finite(xyz, "XYZ", check)
    return _relative_to_lab(*(v / w for v, w in zip(_planes(xyz), WHITE.tolist(), strict=True)))


def lab_to_xyz(lab: Tensor, check: bool = True) -> Tensor:
    """XYZ of Lab, relative to WHITE."""
    relative = _lab_to_relative(_require_lab(lab, check))
    return _stack(*(w * v for w, v in zip(WHITE.tolist(), relative, strict=True)))


def rgb_to_lab(rgb: Tensor, check: bool = True) -> Tensor:
    """Lab of sRGB: L in 0...100, a from -86.18 to 98.23, b from -107.86 to 94.48.

    uint8 goes through a table. On the CPU, what needs no gradient is computed in place, piece by piece (`_lab_cpu`).
    check=False also takes values a little outside [0, 1], as a net may give them.
    """
    _require_rgb(rgb, check)
    if _goes_in_pieces(rgb):
        linear = _look_up_to if rgb.dtype == torch.uint8 else _decode_to
        work = partial(_lab_cpu.rgb_to_lab_piece, linear=linear, mix=_MIX, eps=EPSILON, kappa=KAPPA)
        return _lab_cpu.in_pieces(work, rgb)
    red, green, blue = _linear(rgb)
    return _relative_to_lab(*_apply(_MIX, red, green, blue))


def _look_up_to(plane: Tensor, out: Tensor) -> None:
    torch.index_select(_table(plane.device), 0, plane.reshape(-1).long(), out=out.view(-1))


def _decode_to(plane: Tensor, out: Tensor) -> None:
    out.copy_(_decode(plane))


def lab_to_rgb(lab: Tensor, clip: bool = True, check: bool = True) -> Tensor:
    """sRGB of Lab, as floats; clip=True forces into [0, 1] the colors that no screen shows (`in_gamut`)."""
    _require_lab(lab, check)
    if _goes_in_pieces(lab):
        return _lab_cpu.in_pieces(lambda piece, out: out.copy_(_lab_to_rgb(piece[..., None], clip)[..., 0]), lab)
    return _lab_to_rgb(lab, clip)


def _lab_to_rgb(lab: Tensor, clip: bool) -> Tensor:
    x, y, z = _lab_to_relative(lab)
    rgb = _stack(*map(_encode, _apply(_UNMIX, x, y, z)))
    return rgb.clamp(0, 1) if clip else rgb


# ---------------------------------------------------------------------------------------- lightness, gamut, distance


def lightness(rgb: Tensor, check: bool = True) -> Tensor:
    """L of Lab alone, 0...100: (..., 3, H, W) -> (..., 1, H, W). What the course's nets are given."""
    red, green, blue = _linear(_require_rgb(rgb, check))
    (y,) = _apply(_MIX[1:2], red, green, blue)
    return (116 * _f(y) - 16).unsqueeze(-3)


def gray_from_lightness(L: Tensor, check: bool = True) -> Tensor:
    """sRGB value in [0, 1] of the gray with lightness L: (..., 1, H, W) in 0...100 -> (..., 1, H, W)."""
    _require(L, "L", channels=1)
    if check:
        _check_range(L, "L", -0.01, 100.01)
    return _encode(_f_inverse((L + 16) / 116)).clamp(0, 1)


def luma(rgb: Tensor, check: bool = True) -> Tensor:
    """Y = 0.299 R + 0.587 G + 0.114 B of the sRGB values (Rec. 601), in [0, 1]: (..., 3, H, W) -> (..., 1, H, W).

    The gray of YUV, YCbCr and of pillow's mode "L": a cheap stand-in for lightness, and not equal to it.
    """
    red, green, blue = _planes(to_float(rgb, check))
    return _luma(red, green, blue).unsqueeze(-3)


def _luma(red: Tensor, green: Tensor, blue: Tensor) -> Tensor:
    return green + 0.299 * (red - green) + 0.114 * (blue - green)


def in_gamut(lab: Tensor, eps: float = 1e-4, check: bool = True) -> Tensor:
    """Which Lab colors an sRGB screen shows: bool (..., 1, H, W); eps is the slack on the sRGB values."""
    with torch.no_grad():
        rgb = lab_to_rgb(lab, clip=False, check=check)
    return ((rgb >= -eps) & (rgb <= 1 + eps)).all(dim=-3, keepdim=True)


def distance_ab(lab1: Tensor, lab2: Tensor) -> Tensor:
    """Euclidean distance in the ab plane, Lab units: (..., 1, H, W). Takes Lab (three channels) or ab (two)."""
    ab1, ab2 = (_require(x, "Lab or ab", channels=2 if _has_two(x) else 3)[..., -2:, :, :] for x in (lab1, lab2))
    return torch.linalg.vector_norm(ab1 - ab2, dim=-3, keepdim=True)


def _has_two(x: Tensor) -> bool:
    return isinstance(x, Tensor) and x.ndim >= 3 and x.shape[-3] == 2


def swatch(colors: Sequence[Sequence[float]]) -> Tensor:
    """A row of colors as a small picture, to try things on: N triples of RGB in [0, 1] -> (1, 3, 1, N) float32."""
    rows = torch.tensor([list(map(float, c)) for c in colors], dtype=torch.float32)
    if rows.ndim != 2 or rows.shape[1] != 3:
        raise ValueError(f"expected triples (r, g, b), got {colors!r}")
    picture = rows.T[None, :, None, :].contiguous()  # 1 3 1 N
    return _require_rgb(picture, check=True)


# -------------------------------------------------------------------------------------------------- YUV, YCbCr, HSV


def _to_difference(rgb: Tensor, blue_scale: float, red_scale: float) -> tuple[Tensor, Tensor, Tensor]:
    red, green, blue = _planes(rgb)
    y = _luma(red, green, blue)
    return y, blue_scale * (blue - y), red_scale * (red - y)


def _from_difference(y: Tensor, u: Tensor, v: Tensor, blue_scale: float, red_scale: float, clip: bool) -> Tensor:
    blue, red = u / blue_scale, v / red_scale  # less Y, each
    green = -(0.299 * red + 0.114 * blue) / 0.587
    rgb = _stack(y + red, y + green, y + blue)
    return rgb.clamp(0, 1) if clip else rgb


def rgb_to_yuv(rgb: Tensor, check: bool = True) -> Tensor:
    """Y = luma, U = 0.492 (B - Y), V = 0.877 (R - Y), of RGB in [0, 1]. The space of K and A."""
    return _stack(*_to_difference(to_float(rgb, check), *_YUV))


def yuv_to_rgb(yuv: Tensor, clip: bool = True, check: bool = True) -> Tensor:
    """The exact inverse of `rgb_to_yuv`; clip=True forces it into [0, 1]."""
    return _from_difference(*_planes(_require_finite(yuv, "YUV", check)), *_YUV, clip)


def rgb_to_ycbcr(rgb: Tensor, check: bool = True) -> Tensor:
    """JPEG's full-range YCbCr, all three in [0, 1], Cb and Cr centered on 0.5 (ITU-T T.871). The space of D1."""
    y, cb, cr = _to_difference(to_float(rgb, check), *_YCBCR)
    return _stack(y, cb + 0.5, cr + 0.5)


def ycbcr_to_rgb(ycbcr: Tensor, clip: bool = True, check: bool = True) -> Tensor:
    """The exact inverse of `rgb_to_ycbcr`; clip=True forces it into [0, 1]."""
    y, cb, cr = _planes(_require_finite(ycbcr, "YCbCr", check))
    return _from_difference(y, cb - 0.5, cr - 0.5, *_YCBCR, clip)


def rgb_to_hsv(rgb: Tensor, check: bool = True) -> Tensor:
    """Hue in [0, 1) (a turn; 0 is red), saturation and value in [0, 1]. Gray has hue 0, black also saturation 0."""
    red, green, blue = _planes(to_float(rgb, check))
    value = torch.maximum(torch.maximum(red, green), blue)
    chroma = value - torch.minimum(torch.minimum(red, green), blue)
    gray, black = chroma == 0, value == 0
    span = torch.where(gray, 1, chroma)  # never divides by zero, so no gradient does
    sixth = torch.where(value == green, (blue - red) / span + 2, (red - green) / span + 4)
    sixth = torch.where(value == red, (green - blue) / span, sixth)
    hue = torch.where(gray, 0, sixth / 6)
    hue = torch.where(hue < 0, hue + 1, hue)
    hue = torch.where(hue >= 1, 0, hue)  # a hair below red rounds up to a whole turn
    return _stack(hue, chroma / torch.where(black, 1, value), value)


def hsv_to_rgb(hsv: Tensor, check: bool = True) -> Tensor:
    """RGB in [0, 1] of hue (any number: it counts turns), saturation and value in [0, 1]."""
    _require(hsv, "HSV")
    if check:
        _check_finite(hsv, "HSV")
        _check_range(hsv[..., 1:, :, :], "saturation and value", 0, 1)
    hue, saturation, value = _planes(hsv)

    def channel(shift: int) -> Tensor:
        k = torch.remainder(shift + 6 * hue, 6)
        return value - value * saturation * torch.minimum(k, 4 - k).clamp(0, 1)

    return _stack(channel(5), channel(3), channel(1))
