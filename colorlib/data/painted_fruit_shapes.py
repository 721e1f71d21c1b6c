"""How each kind of fruit is drawn: lightness and regions, without color.

Every function works on a batch of pictures. A fruit has its own coordinates: u to the right, v
down, its radius about one unit. `painted_fruit.generate` adds the colors later, so nothing painted
here can depend on a color.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

WALL, TABLE, FRUIT, LEAF = 0, 1, 2, 3
GEOMETRY_NUMBERS = 48  # random numbers that a picture is made of, besides its noise
NOISE_SIDES = (5, 9, 17)  # side lengths of the three noise grids
LEAF_NUMBER, LEAF_BELOW = 25, 0.65  # an apple or a plum has a leaf if this number is below
AWAY = -9.0  # v of a leaf that is to lie outside of the picture


@dataclass
class Scene:
    """A batch of N unfinished pictures of S×S pixels."""

    lightness: Tensor  # (N, S, S), L
    region: Tensor  # (N, S, S), uint8: WALL, TABLE, FRUIT or LEAF
    u: Tensor  # (N, S, S), the fruit's own coordinates
    v: Tensor
    light: Tensor  # (3, N, 1, 1), unit vector to the light, in the fruit's coordinates
    pixel: Tensor  # (N, 1, 1), side of a pixel in the fruit's units
    r: Tensor  # (GEOMETRY_NUMBERS, N, 1, 1), uniform random numbers in 0...1
    noise: list[Tensor]  # three of (N, S, S), coarse to fine, in -1...1

    def paint(self, inside: Tensor, lightness: Tensor, region: int) -> None:
        """Cover the pixels where `inside`, the distance to the shape's edge, is positive."""
        # The edge is soft in L, to which the eye is sensitive, and hard in the region, since a
        # pixel has only one color distribution.
        alpha = (inside / self.pixel + 0.5).clamp(0, 1)
        self.lightness = torch.lerp(self.lightness, lightness, alpha)
        self.region = torch.where(alpha >= 0.5, region, self.region)

    def shade(self, nx: Tensor, ny: Tensor, nz: Tensor, dark: float, bright: float,
              gloss: float, sharp: float) -> Tensor:
        """Diffuse L, `dark` to `bright`, plus up to `gloss` for a highlight (Blinn 1977)."""
        lx, ly, lz = self.light
        diffuse = (nx * lx + ny * ly + nz * lz).clamp(min=0)
        value = dark + (bright - dark) * (0.15 + 0.85 * diffuse) - 6 * (1 - nz).clamp(0, 1) ** 2
        # A highlight is brightest where the normal halves the angle between the lamp and the eye;
        # a larger `sharp` makes it smaller.
        half = torch.stack([lx, ly, lz + 1])
        half = half / half.norm(dim=0)
        mirror = (nx * half[0] + ny * half[1] + nz * half[2]).clamp(min=0)
        return value + gloss * mirror**sharp


def scene(r: Tensor, noise: Tensor, size: int) -> Scene:
    """An empty table in front of a wall, with the shadow of the fruit that will be painted.

    r and noise are uniform in 0...1: (N, GEOMETRY_NUMBERS) and (N, sum of squares of NOISE_SIDES).
    """
    n = len(r)
    r = r.t().reshape(GEOMETRY_NUMBERS, n, 1, 1)
    line = (torch.arange(size, dtype=torch.float32) + 0.5) / size * 2 - 1
    x, y = line.reshape(1, 1, size), line.reshape(1, size, 1)
    # Noise is drawn on coarse grids, so that a scene looks the same at every size.
    grids = [part.reshape(n, 1, side, side) * 2 - 1 for side, part in
             zip(NOISE_SIDES, noise.split([side**2 for side in NOISE_SIDES], 1), strict=True)]
    grids = [F.interpolate(grid, size=(size, size), mode="bilinear", align_corners=True)[:, 0]
             for grid in grids]

    scale = 0.60 + 0.12 * r[0]
    cx, cy = (r[1] - 0.5) * 0.36, (r[2] - 0.5) * 0.24
    side_light = torch.where(r[3] < 0.5, -1.0, 1.0)
    lx, ly = side_light * (0.35 + 0.3 * r[4]), -(0.40 + 0.2 * r[5])
    light = torch.stack([lx, ly, (1 - lx**2 - ly**2).sqrt()])

    # The wall is cloudy or striped; the table has planks or checks, or is plain. In one picture of
    # four there is no edge between wall and table.
    stripes = torch.sign(torch.sin((x + r[8]) * (9 + 6 * r[9])))
    wall = 45 + 40 * r[6] + 7 * grids[0] + (r[7] < 0.33) * 7 * stripes + 8 * x * side_light - 4 * y
    grain = 5 * torch.sin(y * 16 + 3 * grids[0] + 6 * r[10]) + 2.5 * grids[2]
    planks = grain - 12 * (((y * 2.2 + r[11]) % 1) < 0.06)
    often = 8 + 5 * r[12]
    across, down = torch.sin((x + 0.4 * y) * often), torch.sin((y * 1.3 - 0.2 * x) * often)
    checks, plain = 11 * torch.sign(across * down), 4 * grids[1] + 2 * grids[2]
    cover = torch.where(r[13] < 0.4, planks, torch.where(r[13] < 0.6, checks, plain))
    table = 42 + 40 * r[14] + cover + 6 * y
    horizon = torch.where(r[15] < 0.25, -2.0, -0.25 + 0.5 * r[16])
    edge = ((y - horizon) * size / 2 + 0.5).clamp(0, 1)
    lightness = torch.lerp(wall.expand(n, size, size), table.expand(n, size, size), edge)

    # The shadow is darkest below the fruit, and longer on the side away from the light.
    sx = (x - cx + side_light * 0.30 * scale) / (1.15 * scale)
    sy = (y - cy - 0.80 * scale) / (0.30 * scale)
    lightness = lightness * (1 - 0.62 * torch.exp(-1.3 * (sx**2 + sy**2) ** 1.3))
    region = (edge >= 0.5).to(torch.uint8).expand(n, size, size)  # WALL is 0, TABLE is 1
    return Scene(lightness, region, (x - cx) / scale, (y - cy) / scale, light,
                 2 / (size * scale), r, grids)


def turn(s: Scene, angle: Tensor) -> None:
    """Turn the fruit by an angle, (N, 1, 1) in radians; the light stays where it is."""
    c, n = angle.cos(), angle.sin()
    s.u, s.v = c * s.u + n * s.v, -n * s.u + c * s.v
    lx, ly, lz = s.light
    s.light = torch.stack([c * lx + n * ly, -n * lx + c * ly, lz])


def ball(s: Scene, u0, v0, radius, dark: float, bright: float, gloss: float, sharp: float) -> None:
    """Paint a sphere with its center at (u0, v0)."""
    p, q = (s.u - u0) / radius, (s.v - v0) / radius
    d2 = p**2 + q**2
    z = (1 - d2).clamp(min=0).sqrt()
    s.paint((1 - d2.sqrt()) * radius, s.shade(p, q, z, dark, bright, gloss, sharp), FRUIT)


def profile(s: Scene, reach) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """A rounded body: `reach` gives its outline's distance at an angle, in radians, 0 upward.

    Returns inside (as for `Scene.paint`), the normal (three tensors), and the distance from the
    center as a share of the outline's.
    """
    radius = (s.u**2 + s.v**2).sqrt().clamp(min=1e-6)
    outline = reach(torch.atan2(s.u, -s.v))
    share = radius / outline
    z = (1 - share**2).clamp(min=0).sqrt()
    return outline - radius, s.u / outline, s.v / outline, z, share


def turned(s: Scene, width2) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """A body of revolution about the v axis: `width2` gives the square of half its width at v.

    Returns inside (as for `Scene.paint`), the normal (three tensors), and half of the width.
    """
    w2, step = width2(s.v), 0.02
    ny = -(width2(s.v + step) - width2(s.v - step)) / (2 * step) / 2  # minus half of the slope
    depth2 = w2 - s.u**2
    z = depth2.clamp(min=0).sqrt()
    length = (s.u**2 + ny**2 + z**2).sqrt().clamp(min=1e-4)
    # To first order, the distance to the edge is depth2 over the length of its gradient.
    inside = depth2 / (2 * (s.u**2 + ny**2).sqrt()).clamp(min=0.15)
    inside = torch.where(s.v.abs() < 1.3, inside, -1.0)
    return inside, s.u / length, ny / length, z / length, w2.clamp(min=1e-4).sqrt()


def stem(s: Scene, u0, v0, u1, v1, thick: float, lightness: float, bend=0.0) -> None:
    """Paint a stalk from (u0, v0) up to (u1, v1), bent by `bend` units to the side."""
    t = ((v0 - s.v) / (v0 - v1)).clamp(0, 1)
    middle = u0 + (u1 - u0) * t + bend * 4 * t * (1 - t)
    slant = ((u1 - u0 + bend * 4 * (1 - 2 * t)) / (v0 - v1)) ** 2
    d = (s.u - middle) / (1 + slant).sqrt()
    inside = torch.minimum(thick - d.abs(), torch.minimum(s.v - v1, v0 - s.v))
    s.paint(inside, lightness + 14 * (d / thick * s.light[0]).clamp(-1, 1), LEAF)


def leaf(s: Scene, u0, v0, angle: Tensor, length, width, lightness: float) -> None:
    """Paint a leaf that grows from (u0, v0) in the direction `angle` (0 = right, clockwise)."""
    c, n = angle.cos(), angle.sin()
    p = ((s.u - u0) * c + (s.v - v0) * n) / length
    q = (-(s.u - u0) * n + (s.v - v0) * c) / width
    half = 2.2 * p.clamp(0, 1) ** 0.8 * (1 - p).clamp(0, 1)
    inside = torch.where((p > 0) & (p < 1), half - q.abs(), -1.0) * width * 0.8
    vein = 14 * torch.exp(-((q / 0.13) ** 2))
    value = lightness + 10 * torch.sign(q) * s.light[0] + vein - 10 * p + 3 * s.noise[2]
    s.paint(inside, value, LEAF)


# The kinds of fruit, each painted by a function with its name.


def apple(s: Scene, r: Tensor) -> None:
    turn(s, (r[20] - 0.5) * 0.5)
    wide, notch = 0.98 + 0.10 * r[21], 0.20 + 0.08 * r[22]

    def reach(phi):
        base = wide * (1 - 0.06 * torch.cos(phi) ** 2 + 0.05 * torch.cos(phi) * phi.sin().abs())
        foot = (phi.abs() - math.pi) / 0.28
        return base - notch * torch.exp(-((phi / 0.38) ** 2)) - 0.07 * torch.exp(-(foot**2))

    inside, nx, ny, z, _ = profile(s, reach)
    value = s.shade(nx, ny, z, 14, 62, 30, 40) + 2.5 * s.noise[1] + 2 * s.noise[2]
    dimple = torch.exp(-((s.u / 0.40) ** 2) - ((s.v + 0.74) / 0.15) ** 2)  # around the stem
    s.paint(inside, value * (1 - 0.62 * dimple), FRUIT)
    lean = (r[23] - 0.5) * 0.3
    stem(s, 0.0, -0.66, lean, -1.12, 0.055, 30)
    bottom = torch.where(r[25] < LEAF_BELOW, -0.93, AWAY)
    side = torch.where(r[24] < 0.5, 0.0, math.pi)
    leaf(s, lean * 0.7, bottom, side + (r[26] - 0.5) * 0.5 - 0.25 * side.cos(), 0.62, 0.24, 50)


def banana(s: Scene, r: Tensor) -> None:
    turn(s, (r[20] - 0.5) * 0.7)
    flip = torch.where(r[21] < 0.5, 1.0, -1.0)
    radius, dv = 1.12, s.v + 0.62  # an arc that hangs below its center
    rho = (s.u**2 + dv**2).sqrt().clamp(min=1e-6)
    along = torch.atan2(s.u * flip, dv) / 1.02  # -1...1 from tip to stalk
    thick = 0.35 * (1 - along.abs().clamp(0, 1) ** 3.2).clamp(min=0) ** 0.62 + 0.02
    # Beyond the flesh, the stalk and the tip go on a little.
    thick = torch.maximum(thick, torch.where(along > 0, 0.09, 0.07) * (along.abs() < 1.12))
    d = (rho - radius) / thick.clamp(min=0.02)
    z = (1 - d**2).clamp(min=0).sqrt()
    value = s.shade(s.u / rho * d, dv / rho * d, z, 40, 88, 8, 12)
    for line, depth in ((0.38, 7), (-0.30, 5)):  # two edges that run along the fruit
        value = value - depth * torch.exp(-(((d - line) / 0.10) ** 2))
        value = value + depth * 0.6 * torch.exp(-(((d - line + 0.2) / 0.12) ** 2))
    spots = ((s.noise[2] - 0.62) * 6).clamp(0, 1) * (r[22] < 0.6)
    value = value - 26 * spots + 2 * s.noise[1]
    tip = ((along.abs() - 0.93) / 0.06).clamp(0, 1) * torch.where(along > 0.9, 0.45, 0.85)
    value = value * (1 - tip) + 22 * tip
    inside = torch.minimum(thick * (1 - d.abs()), (1.12 - along.abs()) * radius)
    s.paint(inside, value, FRUIT)


def blueberries(s: Scene, r: Tensor) -> None:
    for i, (u0, v0, radius) in enumerate(
            ((-0.46, -0.30, 0.52), (0.50, -0.22, 0.50), (0.02, 0.42, 0.55))):
        u0, v0 = u0 + 0.12 * (r[20 + i] - 0.5), v0 + 0.12 * (r[23 + i] - 0.5)
        ball(s, u0, v0, radius, 8, 46, 12, 6)
        # The crown is a star with five points, dark inside.
        cu, cv = u0 + 0.26 * (r[26 + i] - 0.5), v0 - 0.16 + 0.14 * (r[29 + i] - 0.5)
        p, q = s.u - cu, (s.v - cv) / 0.75
        d, phi = (p**2 + q**2).sqrt(), torch.atan2(p, q)
        star = 0.17 + 0.055 * torch.cos(5 * phi + 6 * r[32 + i])
        within = ((s.u - u0) ** 2 + (s.v - v0) ** 2) < (radius - 0.02) ** 2
        ring = torch.where(d < 0.10, 7.0, 40.0 - 60 * (d - 0.10))
        s.paint(torch.where(within, star - d, -1.0), ring, FRUIT)
    s.lightness = torch.where(s.region == FRUIT, s.lightness + 2.5 * s.noise[1], s.lightness)


def cherries(s: Scene, r: Tensor) -> None:
    turn(s, (r[20] - 0.5) * 0.4)
    ju, jv = (r[21] - 0.5) * 0.5, -1.02
    for u0, v0, bend in ((-0.50 + 0.08 * r[22], 0.34 + 0.12 * r[23], -0.10),
                         (0.46 - 0.08 * r[24], 0.50 - 0.16 * r[25], 0.12)):
        ball(s, u0, v0, 0.47, 8, 48, 40, 50)
        dimple = torch.exp(-(((s.u - u0) / 0.2) ** 2) - ((s.v - v0 + 0.33) / 0.09) ** 2)
        s.lightness = torch.where(s.region == FRUIT, s.lightness * (1 - 0.6 * dimple), s.lightness)
        stem(s, u0, v0 - 0.32, ju, jv, 0.04, 46, bend)
    side = torch.where(r[26] < 0.5, 0.0, math.pi)
    leaf(s, ju, jv + 0.03, side + 0.30 * side.cos(), 0.80, 0.30, 50)


def grapes(s: Scene, r: Tensor) -> None:
    turn(s, (r[20] - 0.5) * 0.5)
    stem(s, 0.0, -0.55, (r[21] - 0.5) * 0.3, -1.15, 0.06, 36)
    places = [(row, i, count) for row, count in enumerate((3, 4, 3, 2, 1)) for i in range(count)]
    for k, (row, i, count) in enumerate(places):
        jitter = 0.06 * (r[22 + k] - 0.5)
        u0 = (i - (count - 1) / 2) * 0.43 + jitter
        ball(s, u0, -0.60 + 0.37 * row + 0.08 * (i % 2) - jitter, 0.27, 14, 58, 30, 25)
    side = torch.where(r[42] < 0.5, 0.0, math.pi)
    leaf(s, 0.0, -0.88, side - 0.10 * side.cos(), 0.80, 0.36, 48)


def lemon(s: Scene, r: Tensor) -> None:
    turn(s, (r[20] - 0.5) * 1.0 + math.pi / 2)
    plump = 0.68 + 0.06 * r[21]

    def reach(phi):
        oval = plump / (1 - (1 - plump**2 / 0.86) * phi.cos() ** 2).sqrt()
        far = phi.abs() - math.pi
        knob, foot = torch.exp(-((phi / 0.17) ** 2)), torch.exp(-((far / 0.13) ** 2))
        return oval + 0.17 * knob + 0.11 * foot

    inside, nx, ny, z, share = profile(s, reach)
    pores = peel(s, 13, 3.2) * (1 - share).clamp(0, 1) ** 0.5
    value = s.shade(nx, ny, z, 42, 90, 6, 14) + 2.2 * s.noise[2] + pores
    knob = torch.exp(-((s.v + 0.98) ** 2 + s.u**2) / 0.012)
    s.paint(inside, value - 26 * knob, FRUIT)


def peel(s: Scene, frequency: float, depth: float) -> Tensor:
    """The pores of a citrus peel: dots, faded out where pixels are too large to show them."""
    visible = (1.4 - s.pixel * frequency).clamp(0, 1)
    across = torch.sin(frequency * s.u * 2 + 2 * s.noise[1])
    down = torch.sin(frequency * s.v * 2 + 2 * s.noise[0])
    return -depth * visible * (across * down).clamp(min=0)


def orange(s: Scene, r: Tensor) -> None:
    turn(s, (r[20] - 0.5) * 0.9)
    inside, nx, ny, z, share = profile(s, lambda phi: 0.97 - 0.03 * phi.cos() ** 2)
    pores = peel(s, 14, 6) * (1 - share).clamp(0, 1) ** 0.4
    s.paint(inside, s.shade(nx, ny, z, 26, 74, 10, 10) + 1.5 * s.noise[2] + pores, FRUIT)
    cu, cv = (r[21] - 0.5) * 0.5, -0.60 + 0.15 * r[22]  # where it hung: a green star in a dimple
    p, q = s.u - cu, (s.v - cv) / 0.6
    d, phi = (p**2 + q**2).sqrt(), torch.atan2(p, q)
    s.lightness = s.lightness - 14 * torch.exp(-((d / 0.24) ** 2)) * (s.region == FRUIT)
    s.paint(0.11 + 0.05 * torch.cos(5 * phi) - d, 40.0 - 18 * d + 0 * s.u, LEAF)
    bottom, side = torch.where(r[23] < 0.5, cv, AWAY), torch.where(r[25] < 0.5, -0.4, math.pi + 0.4)
    leaf(s, cu, bottom, side + (r[24] - 0.5) * 0.6, 0.75, 0.30, 44)


def pear(s: Scene, r: Tensor) -> None:
    turn(s, (r[20] - 0.5) * 0.6)
    belly, neck = 0.78 + 0.06 * r[21], 0.40 + 0.05 * r[22]

    def width2(v):
        waist = torch.sigmoid((v + 0.06) * 6.5)
        return (neck + (belly - neck) * waist) ** 2 * (1 - v.abs() ** 2.6)

    inside, nx, ny, z, w = turned(s, width2)
    value = s.shade(nx, ny, z, 30, 76, 12, 14) + 2 * s.noise[1]
    visible = (1.3 - s.pixel * 12).clamp(0, 1)  # fades the dots out where pixels are too large
    around = torch.sin(19 * s.u / w.clamp(min=0.2) + 3 * s.noise[1])
    dots = around * torch.sin(21 * s.v + 3 * s.noise[0])
    s.paint(inside, value - 40 * visible * (dots - 0.72).clamp(min=0), FRUIT)
    stem(s, 0.0, -0.90, (r[23] - 0.5) * 0.5, -1.34, 0.05, 30)
    angle = torch.where(r[25] < 0.5, -0.2, math.pi + 0.2)
    leaf(s, 0.0, torch.where(r[24] < 0.4, -1.05, AWAY), angle, 0.6, 0.24, 48)


def plum(s: Scene, r: Tensor) -> None:
    turn(s, (r[20] - 0.5) * 0.8)
    wide = 0.86 + 0.08 * r[21]
    inside, nx, ny, z, share = profile(s, lambda phi: wide + 0.10 * phi.cos() ** 2)
    value = s.shade(nx, ny, z, 18, 60, 22, 20) + 2 * s.noise[1] + 1.5 * s.noise[2]
    groove = s.u - (0.28 + 0.1 * r[22]) * (1 - s.v**2).clamp(min=0)
    depth = 0.35 * torch.exp(-((groove / 0.05) ** 2)) * (1 - share).clamp(0, 1) ** 0.3
    value = value * (1 - depth)
    s.paint(inside, value, FRUIT)
    lean = (r[23] - 0.5) * 0.3
    stem(s, 0.0, -0.88, lean, -1.2, 0.05, 30)
    bottom = torch.where(r[25] < LEAF_BELOW, -1.0, AWAY)
    side = torch.where(r[24] < 0.5, 0.0, math.pi)
    leaf(s, lean * 0.7, bottom, side + (r[26] - 0.5) * 0.5 - 0.25 * side.cos(), 0.66, 0.26, 50)


def strawberry(s: Scene, r: Tensor) -> None:
    turn(s, (r[20] - 0.5) * 0.9)
    broad = 0.86 + 0.10 * r[21]

    def width2(v):
        t = ((v + 0.78) / 1.80).clamp(-0.2, 1.2)  # 0 at the leaves, 1 at the tip
        return broad**2 * 4.2 * (t * (1 - t)) * (1 - 0.78 * t) * (0.42 + 0.45 * (1 - t))

    inside, nx, ny, z, w = turned(s, width2)
    value = s.shade(nx, ny, z, 16, 56, 22, 18)
    around = torch.asin((s.u / w).clamp(-1, 1)) * 3.4
    row = s.v * 4.6 + 0.25 * (s.u / w) ** 2
    odd = (row.floor() % 2) * 0.5  # every other row of seeds is shifted, as on a brick wall
    p, q = (around + odd) % 1 - 0.5, row % 1 - 0.5
    visible = (1.5 - s.pixel * 8).clamp(0.35, 1)
    seed = torch.exp(-((p / 0.12) ** 2) - (q / 0.20) ** 2)
    pit = torch.exp(-((p / 0.24) ** 2) - ((q + 0.08) / 0.34) ** 2)
    s.paint(inside, value + visible * (36 * seed - 14 * pit), FRUIT)
    stem(s, 0.0, -0.66, (r[22] - 0.5) * 0.4, -1.12, 0.055, 48)
    calyx = ((2.75, 0.62), (0.39, 0.62), (2.1, 0.55), (1.04, 0.55), (1.57, 0.58), (3.6, 0.45),
             (-0.46, 0.45))
    for i, (angle, length) in enumerate(calyx):
        leaf(s, 0.0, -0.78, angle + 0.3 * (r[23 + i] - 0.5), length, 0.20, 50)


def watermelon(s: Scene, r: Tensor) -> None:
    turn(s, (r[20] - 0.5) * 0.7 + math.pi / 2)
    s.u, s.v = s.u * 1.22, s.v * 0.92
    inside, nx, ny, z, w = turned(s, lambda v: 1 - v**2)
    around = torch.asin((s.u / w).clamp(-1, 1)) + 0.5 * (r[21] - 0.5)  # longitude, in radians
    wiggle = 0.9 * s.noise[1] + 0.5 * s.noise[2]
    stripe = torch.tanh(2.2 * torch.sin(around * 7.0 + wiggle) + 0.2)
    darker = 1 - 0.52 * (stripe + 1) / 2
    value = s.shade(nx, ny, z, 12, 62, 14, 16) * darker + 4 * (1 - stripe) / 2 + 2 * s.noise[2]
    s.paint(inside, value, FRUIT)
    stem(s, 0.0, -0.95, 0.10 * (r[22] - 0.5), -1.16, 0.06, 34)


KINDS = {paint.__name__: paint for paint in (apple, banana, blueberries, cherries, grapes, lemon,
                                             orange, pear, strawberry, watermelon)}
CUED = {"apple": apple, "plum": plum}  # for `cued_fruit`: the leaf of these can be asked for


def draw(kind: str, r: Tensor, noise: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Draw one kind, see `scene`: lightness, which may leave 0...100, and region, (N, S, S)."""
    s = scene(r, noise, size)
    (KINDS | CUED)[kind](s, s.r)  # r is s.r, passed for short formulas
    return s.lightness, s.region
