"""Checkers for notebook 01, *Color spaces*."""

from unittest.mock import patch

import torch
from torch.nn.functional import avg_pool2d

from colorlib import color


def check_01_1(c, f):
    """linear_to_srgb, the inverse of the sRGB curve: a straight line near black, a power above."""
    # 0.0031308 is where the line meets the power.
    light = torch.tensor([0.0, 0.0005, 0.002, 0.0031308, 0.01, 0.2140, 0.5, 1.0])
    as_rgb = light.expand(3, 1, 8)  # the library's functions take pictures (3, H, W)
    forward, right = color.rgb_to_linear(as_rgb)[0, 0], color.linear_to_rgb(as_rgb)[0, 0]
    c.equal(f(torch.tensor([1.0])), [1.0], "full light must give 1")
    c.equal(f(torch.tensor([0.0])), [0.0], "no light must give 0")
    c.equal(f(light), right, "it must undo srgb_to_linear")
    got, bright = f(light), light[5:]  # bright: the power alone applies
    c.hint_if(got, light ** (1 / 2.2), "the power 1 / 2.2 is close, but it is not sRGB's curve")
    c.hint_if(got, forward, "this is srgb_to_linear itself; you need its inverse")
    c.hint_if(got, 1.055 * light ** (1 / 2.4) - 0.055,
              "near black the curve is a straight line: 12.92 times the light")
    early = torch.where(light <= 0.04045, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    c.hint_if(got, early, "0.04045 is a number in the file: the pieces meet where the light is "
              "0.04045 / 12.92")
    c.hint_if(got, 12.92 * light, "the straight line ends where the number reaches 0.04045, which "
              "is where the light reaches 0.04045 / 12.92")
    c.hint_if(got[5:], (bright + 0.055) ** (1 / 2.4) / 1.055,
              "undo the steps in reverse order, the last one first")


def check_01_2(c, f):
    """mean_hue: hues are angles, so average directions, not numbers; the mean is in 0…1 too."""
    # The first and the fourth mean lie at red, where 1 meets 0.
    cases = {(0.98, 0.02): 0.0, (0.10, 0.30): 0.20, (0.70, 0.90): 0.80, (0.95, 0.99, 0.06): 1.0,
             (0.5,): 0.5}

    def mean(*hues) -> float:
        return float(f(torch.tensor(hues)))

    for hues, right in cases.items():
        got = mean(*hues)
        distance = abs((got - right + 0.5) % 1 - 0.5)  # on the circle 0.999 is next to 0.001
        c.true(distance < 0.005,
               f"the mean of the hues {', '.join(map(str, hues))} is {right % 1:g}, got {got:.3g}")
    got = mean(0.70, 0.90)
    c.true(0 <= got <= 1, f"a hue lies between 0 and 1, got {got:.3g}")
    c.hint_if(mean(0.98, 0.02), 0.5,
              "this averages the numbers; first turn each hue into a point on a circle")
    c.hint_if(got, -0.20, "atan2 returns angles from -½ to ½ turn; take them modulo 1", 1e-2)
    got = mean(0.10, 0.30)
    c.hint_if(got, 0.20 * 2 * torch.pi, "this is in radians; divide by 2π", 1e-2)
    c.hint_if(got, 0.05, "atan2 takes the sine first, then the cosine", 1e-2)


def check_01_3(c, f):
    """to_network: bytes in; lightness from -1 to 1 and ab / 50 out, as the networks use them."""
    draw = torch.Generator().manual_seed(0)
    rgb = torch.randint(0, 256, (4, 3, 5, 6), generator=draw, dtype=torch.uint8)
    rgb[0], rgb[1] = 0, 255  # the ends of the range
    lab = color.rgb_to_lab(rgb)
    x, y = f(rgb)
    c.equal(list(x.shape), [4, 1, 5, 6], "the lightness keeps its channel: N 1 H W")
    c.equal(list(y.shape), [4, 2, 5, 6], "the color has two channels: N 2 H W")
    c.equal(x[0].mean(), -1.0, "black must become -1")
    c.equal(x[1].mean(), 1.0, "white must become 1")
    c.equal(x, lab[:, :1] / 50 - 1, "the gray image is L / 50 - 1")
    c.equal(y, lab[:, 1:] / 50, "the color is ab / 50")
    c.hint_if(x, lab[:, :1] / 100, "this runs from 0 to 1; the networks expect -1 to 1")
    c.hint_if(x, 2 * color.luma(rgb) - 1, "this is luma, not lightness: a network trained on one "
              "colors worse with the other, and no error message warns you")
    for scale in (100, 110, 127, 128):  # common choices in other programs
        c.hint_if(y, lab[:, 1:] / scale, f"ab / {scale} would work too, but losses can only be "
                  f"compared if all systems divide by the same number: here 50")


def check_01_4(c, f):
    """on_screen: True where red, green and blue, before clipping, all lie between 0 and 1."""
    lab = torch.tensor([[50.0, 0, 0], [50, 90, 90], [32.2, 79, -107], [60, 79, -107],
                        [87, -85, 82], [10, 0, 60]])[:, :, None, None]  # (6, 3, 1, 1)
    rgb = color.lab_to_rgb(lab, clip=False)
    in_range = (rgb >= 0) & (rgb <= 1)
    with patch.object(color, "in_gamut", wraps=color.in_gamut) as library:
        got = torch.as_tensor(f(lab)).flatten()
    c.true(not library.called, "the library has this function; write it without color.in_gamut")
    c.equal(got.numel(), 6, "one truth value for each pixel, from its three channels together")
    c.equal(bool(got[0]), True, "every screen can show a middle gray")
    c.equal(bool(got[1]), False, "no screen can show L = 50, a = b = 90")
    c.equal(got, in_range.all(1).flatten(), "red, green and blue must all lie between 0 and 1")
    c.hint_if(got, [1] * 6, "lab_to_rgb clips by default, so that every color fits: use clip=False")
    c.hint_if(got, in_range.any(1).flatten(), "one channel in range is not enough: check all three")
    c.hint_if(got, (rgb <= 1).all(1).flatten(), "a screen cannot show less than no light")
    c.hint_if(got, (rgb >= 0).all(1).flatten(), "a screen cannot show more than its full light")


def check_01_5(c, f):
    """swap_colors: each picture keeps its L and gets the other's a and b; the order stays."""
    draw = torch.Generator().manual_seed(0)
    first, second = 0.3 + 0.4 * torch.rand(2, 3, 6, 5, generator=draw)  # all mixtures are in gamut
    labs = [color.rgb_to_lab(first), color.rgb_to_lab(second)]
    expected = [color.lab_to_rgb(torch.cat([mine[:1], other[1:]]))
                for mine, other in (labs, labs[::-1])]
    got = f(first, second)
    c.equal(len(got), 2, "two pictures come out")
    got = list(got)
    c.equal(list(got[0].shape), [3, 6, 5], "a picture has the shape 3 H W")
    c.equal(got[0], expected[0], "the first picture has the first's L and the second's a and b")
    c.equal(got[1], expected[1], "the second picture has the second's L and the first's a and b")
    c.hint_if(got[0], expected[1], "this is the other picture: L stays in its place, a and b move")
    c.hint_if(got[0], torch.cat([labs[0][:1], labs[1][1:]]), "this is Lab; a picture needs RGB")
    rows = color.lab_to_rgb(torch.cat([labs[0][:, :1], labs[1][:, 1:]], dim=1))
    c.hint_if(got[0], rows, "this swaps rows: the channels of a single picture are dimension 0")
    c.hint_if(got[0], second, "everything was swapped; L must stay")
    c.hint_if(got[0], torch.cat([first[:1], second[1:]]),
              "these are channels of RGB; swap those of Lab")


def check_01_6(c, f):
    """half_size: the mean of 2×2 pixels as light, not as numbers in a file; bytes in and out."""
    checks = torch.tensor([[0, 255], [255, 0]], dtype=torch.uint8).repeat(3, 2, 3)  # 3 4 6
    draw = torch.Generator().manual_seed(0)
    rgb = torch.randint(0, 256, (3, 4, 6), generator=draw, dtype=torch.uint8)
    light = color.rgb_to_linear(rgb)
    expected = color.to_uint8(color.linear_to_rgb(avg_pool2d(light, 2)), check=False)
    plain = torch.full((3, 2, 2), 100, dtype=torch.uint8)
    c.equal(list(f(rgb).shape), [3, 2, 3], "half the height and half the width")
    c.equal(f(plain), plain[:, :1, :1], "a plain picture keeps its color", tolerance=0.01)
    got = f(checks)
    c.equal(got.float().mean(), 188.0, "a fine checkerboard of black and white sends out half of "
            "white's light, and the number of that light is 188", tolerance=0.01)
    c.equal(f(rgb), expected, "the mean of the light of four pixels", tolerance=0.02)
    c.hint_if(got.float().mean(), 127.5, "this is the mean of the numbers; first turn them into "
              "light, and the mean back into a number", tolerance=0.01)
    c.hint_if(f(rgb), rgb[:, ::2, ::2], "this keeps one pixel of four and drops the others")
    c.hint_if(got.float().mean(), 55.0, "light and number are the wrong way around: from number to "
              "light, average, back to the number", tolerance=0.01)
    c.hint_if(got.float().mean(), 63.0, "a byte cannot hold a sum above 255: it starts again at 0",
              tolerance=0.01)
