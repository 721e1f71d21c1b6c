"""Each checker of notebook 01: the solution is right, the stub is not done, the usual mistakes are named."""

import math
from pathlib import Path

import torch
from checkers import *  # noqa: F403
from checkers import test_no_function_of_the_notebook_solves_an_exercise  # noqa: F401
from torch.nn.functional import avg_pool2d

from colorlib import color, exercises

SOLUTIONS = Path(__file__).parents[2] / "solutions" / "01_color_spaces.py"


def hue_that_may_be_negative(hues):
    angle = 2 * math.pi * hues
    return torch.atan2(angle.sin().mean(), angle.cos().mean()) / (2 * math.pi)


def hue_with_sine_and_cosine_swapped(hues):
    angle = 2 * math.pi * hues
    return torch.atan2(angle.cos().mean(), angle.sin().mean()) / (2 * math.pi) % 1


def network_of_another_scale(rgb):
    lab = color.rgb_to_lab(rgb)
    return lab[:, :1] / 50 - 1, lab[:, 1:] / 128


def network_not_centered(rgb):
    lab = color.rgb_to_lab(rgb)
    return lab[:, :1] / 100, lab[:, 1:] / 50


def screen_after_clipping(lab):
    rgb = color.lab_to_rgb(lab)
    return ((rgb >= 0) & (rgb <= 1)).all(dim=1)


def screen_of_any_channel(lab):
    rgb = color.lab_to_rgb(lab, clip=False)
    return ((rgb >= 0) & (rgb <= 1)).any(dim=1)


def swapped_lightness(first, second):
    one, two = color.rgb_to_lab(first), color.rgb_to_lab(second)
    return [color.lab_to_rgb(torch.cat([x[:1], y[1:]])) for x, y in ((two, one), (one, two))]


def swapped_channels_of_rgb(first, second):
    return torch.cat([first[:1], second[1:]]), torch.cat([second[:1], first[1:]])


def half_size_of_bytes(rgb):
    return sum(rgb[:, i::2, j::2] for i in (0, 1) for j in (0, 1)) // 4


def half_size_of_numbers(rgb):
    return avg_pool2d(rgb.float(), 2).round().byte()


def half_size_wrong_way_around(rgb):
    return color.to_uint8(color.rgb_to_linear(avg_pool2d(color.linear_to_rgb(rgb / 255), 2)))


CASES = [
    ("check_01_1", "linear_to_srgb", lambda light: light ** (1 / 2.2), "1 / 2.2"),
    ("check_01_1", "linear_to_srgb", lambda light: 1.055 * light ** (1 / 2.4) - 0.055, "straight line"),
    ("check_01_1", "linear_to_srgb", lambda v: torch.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4),
     "need its inverse"),
    ("check_01_2", "mean_hue", lambda hues: hues.mean(), "point on a circle"),
    ("check_01_2", "mean_hue", hue_that_may_be_negative, "modulo 1"),
    ("check_01_2", "mean_hue", hue_with_sine_and_cosine_swapped, "sine first"),
    ("check_01_3", "to_network", network_of_another_scale, "ab / 128"),
    ("check_01_3", "to_network", lambda rgb: (2 * color.luma(rgb) - 1, color.rgb_to_lab(rgb)[:, 1:] / 50),
     "luma, not lightness"),
    ("check_01_3", "to_network", network_not_centered, "expect -1 to 1"),
    ("check_01_4", "on_screen", screen_after_clipping, "clip=False"),
    ("check_01_4", "on_screen", screen_of_any_channel, "all three"),
    ("check_01_4", "on_screen", lambda lab: (color.lab_to_rgb(lab, clip=False) <= 1).all(dim=1),
     "less than no light"),
    ("check_01_5", "swap_colors", lambda first, second: (second, first), "L must stay"),
    ("check_01_5", "swap_colors", swapped_lightness, "L stays in its place"),
    ("check_01_5", "swap_colors", swapped_channels_of_rgb, "channels of RGB"),
    ("check_01_6", "half_size", half_size_of_bytes, "a byte cannot hold"),
    ("check_01_6", "half_size", half_size_of_numbers, "mean of the numbers"),
    ("check_01_6", "half_size", half_size_wrong_way_around, "wrong way around"),
    ("check_01_6", "half_size", lambda rgb: rgb[:, ::2, ::2], "drops the others"),
]


def test_bytes_turned_into_floats_without_dividing_give_a_reason():
    result = exercises.check_01_3(lambda rgb: color.rgb_to_lab(rgb.float()).split([1, 2], dim=1))
    assert result.status == "wrong"
    assert "divide by 255" in result.message


def test_the_library_s_own_function_is_no_answer_to_on_screen():
    result = exercises.check_01_4(lambda lab: color.in_gamut(lab))
    assert result.status == "wrong" and "without color.in_gamut" in result.message
