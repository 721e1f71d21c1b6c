"""Checkers of notebook 01, *Color spaces*."""

import torch

from colorlib import color
from colorlib.exercises.checking import Result, checking

_LUMA = "this is luma, not lightness: a net trained on one and given the other colors worse, and nothing tells you"
_ONE_SCALE = "losses can only be compared when all divide by the same number: here 50"


def check_01_1(linear_to_srgb) -> Result:
    """The inverse of the curve that the notebook writes out: straight near black, a power above."""
    light = torch.tensor([0.0, 0.0005, 0.002, 0.0031308, 0.01, 0.2140, 0.5, 1.0])
    there = color.rgb_to_linear(light.expand(3, 1, 8))[0, 0]
    right = color.linear_to_rgb(light.expand(3, 1, 8))[0, 0]
    with checking("01.1") as c:
        f = c.watch(linear_to_srgb)
        c.equal(f(torch.tensor([1.0])), torch.tensor([1.0]), "all the light there is must be 1")
        c.equal(f(torch.tensor([0.0])), torch.tensor([0.0]), "no light must be 0")
        c.equal(f(light), right, "it must undo srgb_to_linear")
        got = f(light)
        c.hint_if(got, light ** (1 / 2.2), "a power of 1 / 2.2 comes close, but it is not the curve of sRGB")
        c.hint_if(got, there, "this is the way there; the way back takes light to numbers")
        c.hint_if(
            got, 1.055 * light ** (1 / 2.4) - 0.055, "near black the curve is a straight line: 12.92 times the light"
        )
        c.hint_if(
            got, 12.92 * light, "the straight line ends where the number reaches 0.04045, the light 0.04045 / 12.92"
        )
        c.hint_if(
            got[5:], (light[5:] + 0.055) ** (1 / 2.4) / 1.055, "undo the steps in reverse order: the last one first"
        )
    return c.result


def check_01_2(mean_hue) -> Result:
    """Hues are angles: average where they point, not their numbers. The answer is a hue again, from 0 to 1."""
    cases = {(0.98, 0.02): 0.0, (0.10, 0.30): 0.20, (0.70, 0.90): 0.80, (0.95, 0.99, 0.06): 1.0, (0.5,): 0.5}
    with checking("01.2") as c:
        f = c.watch(mean_hue)

        def turn(hues) -> float:
            return float(f(torch.tensor(hues)))

        for hues, right in cases.items():
            got = turn(hues)
            apart = abs((got - right + 0.5) % 1 - 0.5)  # on the circle 0.999 is next to 0.001
            c.true(apart < 0.005, f"the mean of the hues {', '.join(map(str, hues))} is {right % 1:g}, got {got:.3g}")
        c.true(0 <= turn((0.70, 0.90)) <= 1, f"a hue lies from 0 to 1, got {turn((0.70, 0.90)):.3g}")
        c.hint_if(turn((0.98, 0.02)), 0.5, "these are numbers averaged; make each hue a point on a circle first")
        c.hint_if(turn((0.70, 0.90)), -0.20, "atan2 answers from -½ to ½ turn: take the rest of dividing by 1", 1e-2)
        c.hint_if(turn((0.10, 0.30)), 0.20 * 2 * torch.pi, "this is in radians; divide by 2π", 1e-2)
        c.hint_if(turn((0.10, 0.30)), 0.05, "atan2 takes the sine first, then the cosine", 1e-2)
    return c.result


def check_01_3(to_network) -> Result:
    """Bytes in; lightness from -1 to 1 and ab / 50 out, as the course's nets want them."""
    rgb = torch.randint(0, 256, (4, 3, 5, 6), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    rgb[0], rgb[1] = 0, 255
    lab = color.rgb_to_lab(rgb)
    with checking("01.3") as c:
        f = c.watch(to_network)
        x, y = f(rgb)
        c.equal(list(x.shape), [4, 1, 5, 6], "the lightness keeps its channel: N 1 H W")
        c.equal(list(y.shape), [4, 2, 5, 6], "the color has two channels: N 2 H W")
        c.equal(x[0].mean(), -1.0, "black must be -1")
        c.equal(x[1].mean(), 1.0, "white must be 1")
        c.equal(x, lab[:, :1] / 50 - 1, "the gray image is L / 50 - 1")
        c.equal(y, lab[:, 1:] / 50, "the color is ab / 50")
        c.hint_if(x, lab[:, :1] / 100, "this runs from 0 to 1; the nets want it centered, from -1 to 1")
        c.hint_if(x, 2 * color.luma(rgb) - 1, _LUMA)
        for scale in (100, 110, 127, 128):
            c.hint_if(y, lab[:, 1:] / scale, f"ab / {scale} is as good a choice, but {_ONE_SCALE}")
    return c.result


def check_01_4(on_screen) -> Result:
    """True where red, green and blue, not clipped, all lie from 0 to 1."""
    lab = torch.tensor([[50.0, 0, 0], [50, 90, 90], [32.2, 79, -107], [60, 79, -107], [87, -85, 82], [10, 0, 60]])
    lab = lab[:, :, None, None]  # 6 3 1 1
    rgb = color.lab_to_rgb(lab, clip=False)
    right = ((rgb >= 0) & (rgb <= 1)).all(1).flatten()
    with checking("01.4") as c:
        f = c.watch(on_screen)

        def answers(x):
            return torch.as_tensor(f(x)).flatten()

        got = answers(lab)
        c.equal(got.numel(), 6, "one answer a pixel: all three channels decide it together")
        c.equal(bool(got[0]), True, "a middle gray is on every screen")
        c.equal(bool(got[1]), False, "L = 50, a = b = 90 is on no screen")
        c.equal(got, right, "red, green and blue must all lie from 0 to 1")
        c.hint_if(got, torch.ones(6), "lab_to_rgb clips by itself, and then everything is on the screen: clip=False")
        c.hint_if(got, ((rgb >= 0) & (rgb <= 1)).any(1).flatten(), "one channel in range is not enough: all three")
        c.hint_if(got, (rgb <= 1).all(1).flatten(), "a screen cannot show less than no light either")
        c.hint_if(got, (rgb >= 0).all(1).flatten(), "a screen cannot show more than all its light either")
    return c.result
