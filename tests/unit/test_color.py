"""colorlib.color against published numbers, three other libraries, and itself."""

import colorsys
import threading

import cv2
import kornia
import numpy as np
import pytest
import skimage.color
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from colorlib import _lab_cpu, color

# Lindbloom's color calculator (sRGB, D65, exact CIE constants), four decimals.
LINDBLOOM = {
    (1, 0, 0): (53.2408, 80.0925, 67.2032),
    (0, 1, 0): (87.7347, -86.1827, 83.1793),
    (0, 0, 1): (32.2970, 79.1875, -107.8602),
    (1, 1, 0): (97.1393, -21.5537, 94.4780),
    (0, 1, 1): (91.1132, -48.0875, -14.1312),
    (1, 0, 1): (60.3242, 98.2343, -60.8249),
    (1, 1, 1): (100.0, 0.0, 0.0),
    (0, 0, 0): (0.0, 0.0, 0.0),
}
FORTH = {
    "linear": color.rgb_to_linear,
    "lab": color.rgb_to_lab,
    "yuv": color.rgb_to_yuv,
    "ycbcr": color.rgb_to_ycbcr,
    "hsv": color.rgb_to_hsv,
}
BACK = {
    "linear": color.linear_to_rgb,
    "lab": color.lab_to_rgb,
    "yuv": color.yuv_to_rgb,
    "ycbcr": color.ycbcr_to_rgb,
    "hsv": color.hsv_to_rgb,
}
SPACES = sorted(FORTH)


@pytest.fixture
def random_rgb():
    return torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.fixture
def random_bytes():
    return torch.randint(0, 256, (40, 3, 33, 31), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def pictures(dtype=np.float64):
    values = st.floats(0, 1, width=np.dtype(dtype).itemsize * 8, allow_subnormal=False)
    return arrays(dtype, (3, 2, 3), elements=values).map(torch.from_numpy)


def last(x):  # channels last, as the other libraries want them
    return x.movedim(-3, -1).numpy()


# published numbers

@pytest.mark.parametrize(("rgb", "lab"), LINDBLOOM.items())
def test_lab_has_lindblooms_published_values(rgb, lab):
    got = color.rgb_to_lab(color.swatch([rgb]).double()).flatten()
    torch.testing.assert_close(got, torch.tensor(lab, dtype=torch.float64), atol=1e-4, rtol=0)


def test_constants_are_the_fractions_of_the_standard():
    assert color.EPSILON == 216 / 24389 and color.KAPPA == 24389 / 27
    torch.testing.assert_close(color.WHITE, color.RGB_TO_XYZ.sum(1), rtol=0, atol=0)
    torch.testing.assert_close(color.WHITE.float(), torch.tensor([0.95047, 1.0, 1.08883]), rtol=0, atol=3e-7)


# the neutral axis

@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float64])
@pytest.mark.parametrize("grad", [False, True])
@pytest.mark.parametrize("space", ["lab", "yuv", "ycbcr"])
def test_grays_are_exactly_neutral(space, dtype, grad):
    for count in (256, 1, 7, 19):  # whole vectors of the processor, and what is left over
        ramp = torch.arange(count, dtype=torch.uint8)
        ramp = ramp if dtype == torch.uint8 else torch.linspace(0, 1, count, dtype=dtype)
        gray = ramp.expand(1, 3, 1, count).clone()
        if grad and dtype != torch.uint8:
            gray.requires_grad_()
        neutral = 0.5 if space == "ycbcr" else 0.0
        assert (FORTH[space](gray)[:, 1:] == neutral).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_neutral_lab_gives_exact_gray(dtype):
    lab = torch.zeros(1, 3, 1, 1001, dtype=dtype)
    lab[:, 0] = torch.linspace(0, 100, 1001, dtype=dtype)
    red, green, blue = color.lab_to_rgb(lab, clip=False).unbind(1)
    assert (red == green).all() and (green == blue).all()


# other libraries

def test_lab_agrees_with_scikit_image_within_its_own_constants(random_rgb):
    """scikit-image: six-digit matrix, white rounded to five digits, threshold 0.008856.

    Its white has (a, b) = (-0.0025, 0.0047); 0.006 is a little more than that.
    """
    theirs = skimage.color.rgb2lab(last(random_rgb))
    assert np.abs(last(color.rgb_to_lab(random_rgb)) - theirs).max() < 0.006
    white = skimage.color.rgb2lab(np.ones((1, 1, 3)))[0, 0]
    assert np.hypot(*white[1:]) > 0.005  # so the deviation is theirs


def test_lab_agrees_with_opencv_within_its_interpolation(random_rgb):
    theirs = cv2.cvtColor(last(random_rgb.float()).reshape(-1, 16, 3), cv2.COLOR_RGB2Lab).reshape(4, 16, 16, 3)
    assert np.abs(last(color.rgb_to_lab(random_rgb)) - theirs).max() < 0.3


@pytest.mark.parametrize(
    ("ours", "theirs", "tolerance"),
    [
        (color.rgb_to_lab, kornia.color.rgb_to_lab, 0.006),  # the same six digits as scikit-image's
        (color.rgb_to_linear, kornia.color.rgb_to_linear_rgb, 1e-6),
        (color.linear_to_xyz, kornia.color.rgb_to_xyz, 1e-4),
        (color.rgb_to_ycbcr, kornia.color.rgb_to_ycbcr, 1e-3),
        (color.rgb_to_yuv, kornia.color.rgb_to_yuv, 1e-3),
    ],
)
def test_spaces_agree_with_kornia_within_its_own_constants(random_rgb, ours, theirs, tolerance):
    assert (ours(random_rgb) - theirs(random_rgb)).abs().max() < tolerance


def test_hsv_is_that_of_colorsys_and_scikit_image(random_rgb):
    ours = last(color.rgb_to_hsv(random_rgb))
    np.testing.assert_allclose(ours, skimage.color.rgb2hsv(last(random_rgb)), atol=1e-12)
    for rgb in [(0, 0, 0), (1, 1, 1), (0.2, 0.2, 0.2), (1, 1, 0), (1, 0, 1), (0, 1, 1), (1, 0, 0), (0.3, 0.7, 0.7)]:
        assert color.rgb_to_hsv(color.swatch([rgb]).double()).flatten().tolist() == pytest.approx(
            colorsys.rgb_to_hsv(*color.swatch([rgb]).double().flatten().tolist())
        )


def test_ycbcr_and_luma_are_pillows_to_its_rounding(random_bytes):
    picture = random_bytes[0]
    pillow = Image.fromarray(last(picture))
    ycbcr = np.asarray(pillow.convert("YCbCr"), dtype=np.float64)
    # JPEG centers Cb and Cr on byte 128; we center on 0.5, which is 127.5
    ours = last(color.rgb_to_ycbcr(picture)) * 255 + [0, 0.5, 0.5]
    assert np.abs(ours.clip(0, 255) - ycbcr).max() <= 1.01
    gray = np.asarray(pillow.convert("L"), dtype=np.float64)
    assert np.abs(last(color.luma(picture))[..., 0] * 255 - gray).max() <= 0.51


# there and back

def test_all_colors_survive_lab_without_one_wrong_byte():
    """All 16,777,216 of them, with their range in ab; a quarter of them is checked to be in the gamut."""
    low, high, seen = torch.full((2,), 200.0), torch.full((2,), -200.0), 0
    green, blue = torch.meshgrid(torch.arange(256), torch.arange(256), indexing="ij")
    for start in range(0, 256, 16):
        red = torch.arange(start, start + 16)[:, None, None].expand(16, 256, 256)
        rgb = torch.stack([red, green.expand_as(red), blue.expand_as(red)], dim=1).to(torch.uint8)
        lab = color.rgb_to_lab(rgb)
        assert torch.equal(color.to_uint8(color.lab_to_rgb(lab)), rgb)
        low = torch.minimum(low, lab[:, 1:].amin((0, 2, 3)))
        high = torch.maximum(high, lab[:, 1:].amax((0, 2, 3)))
        if start % 64 == 0:
            assert color.in_gamut(lab).all()
        seen += rgb.numel() // 3
    assert seen == 256**3
    torch.testing.assert_close(low, torch.tensor([-86.18, -107.86]), atol=0.005, rtol=0)
    torch.testing.assert_close(high, torch.tensor([98.23, 94.48]), atol=0.005, rtol=0)


@pytest.mark.parametrize("space", SPACES)
@settings(max_examples=60, deadline=None)
@given(rgb=pictures())
def test_every_space_can_be_undone(space, rgb):
    torch.testing.assert_close(BACK[space](FORTH[space](rgb)), rgb, atol=1e-7, rtol=0)


@pytest.mark.parametrize("space", SPACES)
@settings(max_examples=40, deadline=None)
@given(rgb=pictures(np.float32))
def test_float32_is_float64_to_its_rounding(space, rgb):
    if space == "hsv":  # hue jumps at gray: compare the colors it stands for
        torch.testing.assert_close(color.hsv_to_rgb(color.rgb_to_hsv(rgb)), rgb, atol=1e-6, rtol=0)
    else:
        scale = 2e-4 if "lab" in space else 2e-6
        torch.testing.assert_close(FORTH[space](rgb).double(), FORTH[space](rgb.double()), atol=scale, rtol=0)


@pytest.mark.parametrize("space", SPACES)
@settings(max_examples=30, deadline=None)
@given(rgb=pictures())
def test_a_pixel_does_not_depend_on_its_neighbors(space, rgb):
    alone = torch.stack([FORTH[space](p[:, None, None]) for p in rgb.flatten(1).T], -1).reshape(rgb.shape)
    torch.testing.assert_close(FORTH[space](rgb), alone, atol=1e-12, rtol=0)


@settings(max_examples=60, deadline=None)
@given(rgb=pictures(), steps=st.floats(0, 0.2))
def test_lightness_rises_with_every_channel(rgb, steps):
    brighter = (rgb + steps).clamp(max=1)
    assert (color.lightness(brighter) >= color.lightness(rgb) - 1e-9).all()


@settings(max_examples=60, deadline=None)
@given(rgb=pictures(), turns=st.integers(-3, 3))
def test_hue_counts_turns(rgb, turns):
    hsv = color.rgb_to_hsv(rgb)
    assert ((hsv >= 0) & (hsv <= 1)).all() and (hsv[0] < 1).all()
    turned = hsv + torch.tensor([turns, 0, 0])[:, None, None]
    torch.testing.assert_close(color.hsv_to_rgb(turned), rgb, atol=1e-9, rtol=0)


# fast path

def test_fast_path_gives_what_the_differentiable_one_gives(random_bytes):
    floats = color.to_float(random_bytes)
    pure = color.rgb_to_lab(floats.clone().requires_grad_()).detach()
    for rgb in (random_bytes, floats):
        torch.testing.assert_close(color.rgb_to_lab(rgb), pure, atol=2e-4, rtol=0)
    exact = color.rgb_to_lab(floats.double())
    torch.testing.assert_close(color.rgb_to_lab(random_bytes).double(), exact, atol=2e-4, rtol=0)


@pytest.mark.parametrize("shape",
                         [(3, 1, 1), (3, 300, 251), (70, 3, 32, 32), (2, 3, 3, 200, 170), (0, 3, 4, 4), (3, 0, 5)])
@pytest.mark.parametrize("threads", [1, 2])
def test_pieces_cover_every_shape(shape, threads, monkeypatch):
    monkeypatch.setattr(_lab_cpu, "PIECE", 20_000)  # so that some shapes take several images, some several pieces
    rgb = torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        lab = color.rgb_to_lab(rgb)
        back = color.lab_to_rgb(lab)
    finally:
        torch.set_num_threads(before)
    assert lab.shape == rgb.shape and lab.dtype == torch.float32
    exact = color.rgb_to_lab(color.to_float(rgb).double())
    torch.testing.assert_close(lab.double(), exact, atol=2e-4, rtol=0)
    assert torch.equal(color.to_uint8(back), rgb)


def test_torchs_number_of_threads_stays(random_bytes, monkeypatch):
    monkeypatch.setattr(_lab_cpu, "PIECE", 1024)
    before, seen = torch.get_num_threads(), []
    color.rgb_to_lab(random_bytes)
    thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert torch.get_num_threads() == before and seen == [before]


def test_memory_layout_does_not_matter(random_bytes):
    expected = color.rgb_to_lab(random_bytes)
    torch.testing.assert_close(color.rgb_to_lab(random_bytes.to(memory_format=torch.channels_last)), expected)
    every_other = random_bytes[::2, :, ::3, 1:].flip(-1)
    torch.testing.assert_close(color.rgb_to_lab(every_other), color.rgb_to_lab(every_other.contiguous()))


def test_fast_path_works_in_inference_mode_and_beside_gradients(random_bytes):
    many = random_bytes.repeat(3, 1, 1, 1)
    with torch.inference_mode():
        inside = color.lab_to_rgb(color.rgb_to_lab(many))
    torch.testing.assert_close(inside, color.to_float(many), atol=1e-5, rtol=0)
    weight = torch.ones(1, requires_grad=True)
    (weight * color.rgb_to_lab(random_bytes)).sum().backward()  # a plain tensor comes out, ready for training
    assert weight.grad.isfinite().all()


def test_a_little_outside_the_range_stays_finite():
    rgb = torch.tensor([-0.2, -1e-3, 1.001, 1.3]).reshape(1, 1, 1, 4).expand(2, 3, 1, 4).clone()
    rgb[1, 0] = 0.4
    fast, exact = color.rgb_to_lab(rgb, check=False), color.rgb_to_lab(rgb.double(), check=False)
    assert fast.isfinite().all()
    torch.testing.assert_close(fast.double(), exact, atol=2e-4, rtol=0)


# ----------------------------------------------------------------------------------------------------------- gradients

EVERYDAY = [(0.2, 0.5, 0.7), (0.9, 0.1, 0.3), (0.6, 0.6, 0.1), (0.02, 0.3, 0.01)]
CORNERS = [(0, 0, 0), (1, 1, 1), (0.5, 0.5, 0.5), (1, 0, 0), (0, 0, 1), (0, 1, 1)]
GAMMA = 0.04045
AT_GAMMA = [(GAMMA, GAMMA, GAMMA), (GAMMA, 0.5, 0), (0.9, GAMMA, GAMMA)]


def at_epsilon():
    """Grays whose X, Y and Z stand exactly at EPSILON, and colors where Y alone does."""
    gray = color.linear_to_rgb(torch.full((1, 3, 1, 1), color.EPSILON, dtype=torch.float64)).flatten().tolist()
    return [tuple(gray)]


@pytest.mark.parametrize("points", [EVERYDAY, CORNERS, AT_GAMMA, at_epsilon()],
                         ids=["", "corners", "0.04045", "epsilon"])
@pytest.mark.parametrize("space", [s for s in SPACES if s != "hsv"])
def test_gradients_are_right_everywhere(space, points):
    """sRGB's two branches differ in slope by 1.7 % at 0.04045: hence the tolerance there, and only there."""
    rgb = color.swatch(points).double()
    rgb.requires_grad_()
    tolerance = {"rtol": 0.02, "atol": 2e-3} if points is AT_GAMMA else {"rtol": 1e-3, "atol": 1e-4}
    eps = 1e-4 if points is AT_GAMMA else 1e-6  # far enough for the jump of 2e-9 not to count
    assert torch.autograd.gradcheck(lambda x: FORTH[space](x, check=False), rgb, eps=eps, **tolerance)


@pytest.mark.parametrize("points", [EVERYDAY, CORNERS, at_epsilon()], ids=["", "corners", "epsilon"])
def test_gradients_of_lab_to_rgb_are_right_everywhere(points):
    lab = color.rgb_to_lab(color.swatch(points).double()).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: color.lab_to_rgb(x, clip=False, check=False), lab, rtol=1e-3, atol=1e-4)
    lab = color.rgb_to_lab(torch.full((1, 3, 1, 1), GAMMA, dtype=torch.float64)).requires_grad_()
    assert torch.autograd.gradcheck(  # at the threshold: between its sides
        lambda x: color.lab_to_rgb(x, clip=False, check=False), lab, eps=1e-2, rtol=0.02, atol=2e-4)


def test_gradients_of_hsv_are_right_where_hue_is_smooth_and_finite_where_not():
    smooth = color.swatch(EVERYDAY[:2] + EVERYDAY[3:]).double().requires_grad_()
    assert torch.autograd.gradcheck(color.rgb_to_hsv, smooth)
    assert torch.autograd.gradcheck(color.hsv_to_rgb, color.rgb_to_hsv(smooth.detach()).requires_grad_())
    everywhere = color.swatch(CORNERS + AT_GAMMA).requires_grad_()
    color.hsv_to_rgb(color.rgb_to_hsv(everywhere)).sum().backward()
    assert everywhere.grad.isfinite().all()


@pytest.mark.parametrize("function", [color.lightness, color.luma, lambda x: color.distance_ab(x, x), color.rgb_to_hsv])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_are_finite_at_black_gray_and_thresholds(function, dtype):
    rgb = color.swatch(CORNERS + AT_GAMMA + at_epsilon()).to(dtype).requires_grad_()
    function(rgb).sum().backward()
    assert rgb.grad.isfinite().all()


def test_a_hue_just_below_red_is_red_and_not_a_full_turn():
    """1 - 2e-9 is 1 in float32, and the hue 1 would be outside of [0, 1)."""
    assert color.rgb_to_hsv(torch.tensor([1.0, 0.0, 1e-8]).view(3, 1, 1))[0] == 0


# lightness, gamut, small things

def test_lightness_is_the_l_of_lab_and_gray_from_lightness_has_it(random_bytes):
    torch.testing.assert_close(color.lightness(random_bytes), color.rgb_to_lab(random_bytes)[:, :1], atol=2e-5, rtol=0)
    L = torch.linspace(0, 100, 500, dtype=torch.float64).reshape(1, 1, 20, 25)
    gray = color.gray_from_lightness(L)
    assert gray.shape == L.shape and gray.min() >= 0 and gray.max() <= 1
    torch.testing.assert_close(color.lightness(gray.expand(1, 3, 20, 25)), L, atol=1e-5, rtol=0)


def test_in_gamut_knows_the_corners_and_what_lies_beyond():
    red = color.rgb_to_lab(color.swatch([(1, 0, 0)]))
    assert color.in_gamut(red).shape == (1, 1, 1, 1)
    assert color.in_gamut(red).all()
    beyond = red * torch.tensor([1, 1.05, 1.05])[:, None, None]
    assert not color.in_gamut(beyond).any()
    assert color.in_gamut(beyond, eps=1.0).all()
    assert color.lab_to_rgb(beyond).min() >= 0 and color.lab_to_rgb(beyond).max() <= 1
    assert color.lab_to_rgb(beyond, clip=False).max() > 1


def test_distance_ab_takes_lab_and_ab():
    lab = torch.tensor([50.0, 3, 4]).reshape(3, 1, 1)
    assert color.distance_ab(lab, torch.zeros(3, 1, 1)).item() == 5
    assert color.distance_ab(lab[1:], torch.zeros(2, 1, 1)).item() == 5
    assert color.distance_ab(lab, torch.zeros(7, 2, 4, 4)).shape == (7, 1, 4, 4)


def test_bytes_and_floats_are_turned_into_each_other():
    every = torch.arange(256, dtype=torch.uint8).expand(3, 1, 256)
    assert torch.equal(color.to_uint8(color.to_float(every)), every)
    assert color.to_float(every).dtype == torch.float32
    assert color.to_uint8(torch.full((3, 1, 1), 1.7), check=False).tolist() == [[[255]]] * 3


def test_swatch_is_a_picture_one_pixel_high():
    picture = color.swatch([(1, 0, 0), (0, 0.5, 1)])
    assert picture.shape == (1, 3, 1, 2) and picture[0, :, 0, 1].tolist() == [0, 0.5, 1]
    with pytest.raises(ValueError, match="triples"):
        color.swatch([(1, 0)])
    with pytest.raises(ValueError, match="divide by 255"):
        color.swatch([(255, 0, 0)])


# -------------------------------------------------------------------------------------------------------------- errors

TAKES_RGB = [color.rgb_to_linear, color.rgb_to_lab, color.rgb_to_yuv, color.rgb_to_ycbcr, color.rgb_to_hsv,
             color.lightness, color.luma, color.to_float, color.to_uint8]
TAKES_FLOATS = [color.linear_to_rgb, color.linear_to_xyz, color.lab_to_rgb, color.yuv_to_rgb, color.ycbcr_to_rgb,
                color.hsv_to_rgb, color.in_gamut]


@pytest.mark.parametrize("function", TAKES_RGB + TAKES_FLOATS)
def test_wrong_shapes_types_and_values_are_refused(function):
    for x, words in ((torch.rand(1, 4, 2, 2), r"\(1, 4, 2, 2\)"), (torch.rand(2, 32, 32, 3), "movedim"),
                     (torch.rand(3), r"\(3,\)"), (torch.zeros(3, 2, 2).long(), "int64"),
                     (torch.zeros(3, 2, 2).half(), "float16")):
        with pytest.raises(ValueError, match=words):
            function(x)
    with pytest.raises(TypeError, match="ndarray"):
        function(np.zeros((3, 2, 2), np.float32))
    if function in TAKES_FLOATS:
        with pytest.raises(ValueError, match="uint8"):
            function(torch.zeros(3, 2, 2).byte())
    x = torch.full((1, 3, 2, 2), 0.5)
    for wrong in (float("nan"), *((-0.1, 255.0) if function in TAKES_RGB else ())):
        x[0, 2, 1, 1] = wrong
        with pytest.raises(ValueError, match="NaN|expected values from 0 to 1"):
            function(x)
    x[0, 2, 1, 1] = float("nan")
    function(x, check=False)


def test_lightness_out_of_range_is_refused():
    lab = torch.tensor([101.0, 0, 0]).view(1, 3, 1, 1).expand(1, 3, 2, 2)
    for function, x in ((color.lab_to_rgb, lab), (color.gray_from_lightness, lab[:, :1]),
                        (color.gray_from_lightness, lab), (color.hsv_to_rgb, torch.full((3, 1, 1), 2.0))):
        with pytest.raises(ValueError, match="L: expected|1, H, W|saturation"):
            function(x)


def test_colors_that_no_screen_shows_lose_chroma_and_nothing_else():
    generator = torch.Generator().manual_seed(0)
    lab = torch.rand(1, 3, 60, 50, generator=generator) * torch.tensor([100.0, 240, 240]).view(3, 1, 1)
    lab[:, 1:] -= 120
    shown = color.into_gamut(lab)
    assert color.in_gamut(shown).all() and shown.dtype == lab.dtype
    assert torch.equal(shown[:, 0], lab[:, 0])
    moved = (shown != lab).any(1, keepdim=True)
    assert torch.equal(moved, ~color.in_gamut(lab)) and 0.2 < moved.float().mean() < 0.95
    a, b = shown[:, 1:].unbind(1)
    cross = a * lab[:, 2] - b * lab[:, 1]  # 0 if the hue is the same
    assert cross.abs().max() < 0.1 and (a * lab[:, 1] + b * lab[:, 2] >= 0).all()
    # On the border: a little more chroma is outside, where the color had more.
    more = torch.cat([shown[:, :1], shown[:, 1:] * 1.01 + 0.1 * lab[:, 1:] / lab[:, 1:].norm(dim=1, keepdim=True)], 1)
    assert not color.in_gamut(more, eps=2e-4)[moved].any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_black_and_white_stay_whatever_color_is_predicted_for_them(dtype):
    turn = torch.linspace(0, 2 * torch.pi, 721, dtype=dtype)
    for chroma in (0.5, 20, 200, 1e4):
        ab = chroma * torch.stack([turn.cos(), turn.sin()])[:, None]  # 2 1 721
        for gray in (0, 255):
            L = color.lightness(torch.full((3, 1, 1), gray, dtype=torch.uint8)).to(dtype).expand(1, 1, 721)
            rgb = color.to_uint8(color.lab_to_rgb(color.into_gamut(torch.cat([L, ab]))))
            assert (rgb == gray).all(), (chroma, gray)


def test_a_gamut_mapping_refuses_nan_and_leaves_bytes_as_they_are():
    with pytest.raises(ValueError, match="NaN"):
        color.into_gamut(torch.full((3, 1, 1), float("nan")))
    rgb = torch.randint(256, (2, 3, 40, 40), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    lab = color.rgb_to_lab(rgb)
    assert torch.equal(color.to_uint8(color.lab_to_rgb(color.into_gamut(lab))), rgb)
