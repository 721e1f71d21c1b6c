"""Colorizers: their targets, any image size, lightness kept, files that hold what was saved."""

import json
import os
import pickle
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from pictures import smooth
from safetensors.torch import save_file
from scipy import ndimage
from torch import nn

from colorlib import checkpoint, color
from colorlib import colorizer as module
from colorlib.colorizer import Colorizer, pad, picture
from colorlib.experiments.recipes import RECIPES
from colorlib.models import KooCNN, UNet
from colorlib.targets import ColorBinsTarget, ColorSpaceTarget, LabTarget, YuvTarget


def trained(net, target=None, seed=0):
    """A colorizer as after a training: batch norm statistics that differ from the first ones, outputs not near zero."""
    generator = torch.Generator().manual_seed(seed)
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.copy_(torch.rand(layer.num_features, generator=generator) - 0.5)
            layer.running_var.copy_(torch.rand(layer.num_features, generator=generator) + 0.5)
    if isinstance(net, UNet):
        nn.init.kaiming_normal_(net.last.weight)
    return Colorizer(net, target).eval()


def koo(target=None):
    torch.manual_seed(0)
    return trained(KooCNN(), target)


def unet(**settings):
    torch.manual_seed(0)
    return trained(UNet(4, 2, **settings), LabTarget(channels=settings.get("outputs", 2)))


def lightness(*shape, seed=0):
    return 100 * torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


class FixedOutput(nn.Module):
    """A network whose output is fixed."""

    def __init__(self, output):
        super().__init__()
        self.output = nn.Parameter(output)

    def forward(self, x):
        return self.output.expand(len(x), -1, *x.shape[-2:]) if self.output.shape[-1] == 1 else self.output


# targets

@pytest.mark.parametrize("target", [LabTarget(), LabTarget(scale=110.0), LabTarget(channels=3)])
def test_the_right_answer_of_the_lab_target_means_the_true_color(target):
    rgb = smooth(4).pixels
    x, y = target.encode(rgb)
    lab = color.rgb_to_lab(rgb)
    assert x.shape == (4, 1, 16, 16) and y.shape == (4, target.channels, 16, 16)
    torch.testing.assert_close(target.decode(y, lab[:, :1]), lab[:, 1:], rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(x, target.inputs(color.lightness(rgb)), rtol=0, atol=1e-5)    # the same when it is used
    if target.channels == 3:
        assert torch.equal(y[:, :1], x) and torch.equal(y[:, 1:], LabTarget().encode(rgb)[1])


def test_the_lab_target_gives_the_net_numbers_from_minus_one_to_one_and_ab_over_its_scale():
    white_and_red = color.swatch([(1, 1, 1), (0, 0, 0), (1, 0, 0)])
    x, y = LabTarget(scale=50).encode(white_and_red)
    np.testing.assert_allclose(x[0, 0, 0], [1, -1, 53.24 / 50 - 1], atol=1e-4)
    np.testing.assert_allclose(y[0, :, 0, 2], [80.09 / 50, 67.20 / 50], atol=2e-4)       # red: 53.24, 80.09, 67.20


@pytest.mark.parametrize("target", [YuvTarget(), YuvTarget((0.01, -0.02), (0.05, 0.08)), YuvTarget(contrast=True)])
def test_the_right_answer_of_the_yuv_target_means_the_true_color_where_luma_is_known(target):
    rgb = smooth(4).pixels
    luma = color.luma(rgb)
    L_of_luma = color.lightness(luma.expand(-1, 3, -1, -1))
    ab = target.decode(target.encode(rgb)[1], L_of_luma)
    torch.testing.assert_close(ab, color.rgb_to_lab(rgb)[:, 1:], rtol=0, atol=2e-3)


def test_given_lightness_instead_of_luma_the_yuv_target_errs_by_what_that_difference_explains():
    """The given L names another gray than luma; what comes out is the true U and V beside that gray, nothing else."""
    target = YuvTarget((0.01, -0.02), (0.05, 0.08))
    rgb = smooth(4).pixels
    yuv, L = color.rgb_to_yuv(rgb), color.lightness(rgb)
    got = target.decode(target.encode(rgb)[1], L)
    shifted = color.to_float(rgb) + (color.gray_from_lightness(L) - yuv[:, :1])         # UV stay when RGB shift as one
    torch.testing.assert_close(got, color.rgb_to_lab(shifted, check=False)[:, 1:], rtol=0, atol=2e-3)
    assert (got - color.rgb_to_lab(rgb)[:, 1:]).norm(dim=1).mean() < 2                  # Lab units, in these pictures


def test_gray_pictures_stay_gray_through_the_yuv_target():
    gray = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).expand(-1, 3, -1, -1)
    x, y = YuvTarget().encode(gray)
    L = color.lightness(gray)
    assert YuvTarget().decode(y, L).abs().max() < 1e-3
    torch.testing.assert_close(YuvTarget().inputs(L), x, rtol=0, atol=1e-4)


@pytest.mark.parametrize("cell", [1, 2, 4])
def test_the_right_answer_of_the_bins_target_means_the_true_color_up_to_the_bins(cell):
    target = ColorBinsTarget(cell=cell, T=1.0)
    rgb = smooth(4).pixels
    lab = color.rgb_to_lab(rgb)
    x, soft = target.encode(rgb)
    assert torch.equal(x, LabTarget().encode(rgb)[0]) and soft.index.shape == (4, 10, 16 // cell, 16 // cell)
    output = soft.dense(261).clamp_min(1e-9).log()
    ab = target.decode(output, lab[:, :1])
    assert ab.shape == (4, 2, 16, 16)
    coarse = F.interpolate(F.avg_pool2d(lab[:, 1:], cell), scale_factor=cell, mode="bilinear")
    assert (ab - coarse).norm(dim=1).mean() < 3                            # Lab units; a bin is ten wide


def test_a_bins_target_with_weights_asks_more_of_rare_colors():
    rgb = smooth(4).pixels
    plain, weighed = ColorBinsTarget(), ColorBinsTarget.from_images(rgb, lam=0.5)
    assert ColorBinsTarget.from_images(rgb, lam=1) == plain and len(weighed.weights) == 261
    shares, heavier = plain.encode(rgb)[1], weighed.encode(rgb)[1]
    assert torch.equal(shares.index, heavier.index)
    of_pixel = torch.tensor(weighed.weights)[shares.index[:, 0].long()]
    torch.testing.assert_close(heavier.share.float().sum(1), of_pixel, rtol=5e-3, atol=1e-3)
    assert 0.7 < heavier.share.float().sum(1).mean() < 1.3                 # one under the prior, which is smoothed


@pytest.mark.parametrize("cell", [1, 2])
@pytest.mark.parametrize("height, width", [(1, 1), (7, 9), (16, 13)])
def test_a_classifier_colors_pictures_of_any_size(cell, height, width):
    torch.manual_seed(0)
    colorizer = trained(UNet(4, 2, outputs=261, cell=cell), ColorBinsTarget(cell=cell))
    L = lightness(2, 1, height, width)
    ab = colorizer.predict(L)
    assert ab.shape == (2, 2, height, width) and ab.isfinite().all()
    whole, h, w = colorizer.predict(pad(L, 4)), max(height - cell, 0), max(width - cell, 0)
    torch.testing.assert_close(whole[..., :h, :w], ab[..., :h, :w], rtol=1e-4, atol=1e-3)


def test_k_normalizes_by_the_deviation_and_mean_of_numpy():
    images = smooth(30)
    target = YuvTarget.from_images(images.pixels)
    uv = color.rgb_to_yuv(images.pixels.double() / 255)[:, 1:].numpy()
    np.testing.assert_allclose(target.mean, uv.mean((0, 2, 3)), atol=1e-7)
    np.testing.assert_allclose(target.std, uv.std((0, 2, 3)), rtol=1e-5)
    y = target.encode(images.pixels)[1]
    np.testing.assert_allclose(y.mean((0, 2, 3)), 0, atol=1e-4)
    np.testing.assert_allclose(y.std((0, 2, 3)), 1, rtol=1e-3)
    many = smooth(1203, size=2).pixels                                                  # summed in several parts
    assert YuvTarget.from_images(many).std == pytest.approx(YuvTarget.from_images(many.flip(0)).std, rel=1e-9)


@pytest.mark.parametrize("make", [
    partial(LabTarget, channels=1), partial(LabTarget, scale=0), partial(LabTarget, scale=float("nan")),
    partial(YuvTarget, std=(1.0, 0.0)), partial(YuvTarget, mean=(0.0,)), partial(YuvTarget, std=(float("nan"), 1.0)),
    partial(YuvTarget.from_images, torch.full((3, 3, 8, 8), 77, dtype=torch.uint8)),
    partial(ColorBinsTarget, T=0), partial(ColorBinsTarget, cell=0), partial(ColorBinsTarget, weights=(1.0, 2.0)),
    partial(ColorBinsTarget, rule="x"), partial(ColorBinsTarget(cell=2).encode, torch.zeros(1, 3, 5, 4).byte()),
    partial(ColorSpaceTarget, space="cmyk"), partial(ColorSpaceTarget, space="rgb"),
    partial(ColorSpaceTarget, std=(1.0, 0.0)), partial(ColorSpaceTarget, blur=-1.0),
    partial(ColorSpaceTarget.from_images, smooth(1).pixels, "cmyk"),
])
def test_targets_refuse_senseless_settings_and_images(make):
    with pytest.raises(ValueError, match="must be|expected|deviations|unknown|multiples|at least 0"):
        make()


# any size

@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 3), (31, 33)])
@pytest.mark.parametrize("target", [LabTarget(), YuvTarget(contrast=True)], ids=["lab", "yuv"])
def test_koo_answers_any_size_without_padding(size, target):
    colorizer, L = koo(target), lightness(2, 1, *size)
    with torch.no_grad():
        direct = target.decode(colorizer.net(target.inputs(L)), L)
    torch.testing.assert_close(colorizer.predict(L), direct, rtol=0, atol=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (8, 9), (17, 30)])
def test_the_unet_answers_any_size_as_for_the_picture_with_its_last_row_and_column_repeated(size):
    colorizer, L = unet(), lightness(2, 1, *size)
    H, W = (-(-side // 4) * 4 for side in size)
    rows, columns = torch.arange(H).clamp(max=size[0] - 1), torch.arange(W).clamp(max=size[1] - 1)
    whole = colorizer.predict(L[:, :, rows][:, :, :, columns])
    torch.testing.assert_close(colorizer.predict(L), whole[..., :size[0], :size[1]], rtol=1e-4, atol=1e-2)


def test_padding_does_not_touch_the_picture_and_adds_no_more_than_it_must():
    x = torch.rand(1, 1, 5, 8)
    padded = pad(x, 4)
    assert padded.shape == (1, 1, 8, 8) and torch.equal(padded[..., :5, :], x)
    assert torch.equal(padded[..., 5:, :], x[..., 4:, :].expand(-1, -1, 3, -1))
    assert pad(x, 1) is x


def test_pictures_go_through_the_network_fifty_at_a_time_and_more_or_fewer_change_nothing():
    colorizer, sizes, L = unet(), [], lightness(60, 1, 4, 5)
    colorizer.net.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    first = colorizer.predict(L)
    assert sizes == [50, 10]
    torch.testing.assert_close(colorizer.predict(L.double(), batch_size=7), first, rtol=1e-4, atol=1e-2)


def test_predict_needs_no_gradient_and_leaves_the_mode_as_it_was():
    colorizer, L = koo(), lightness(2, 1, 8, 8)
    first = colorizer.predict(L)
    colorizer.train()
    kept = {k: v.clone() for k, v in colorizer.state_dict().items()}
    again = colorizer.predict(L)
    assert torch.equal(first, again) and not again.requires_grad and colorizer.training
    assert all(torch.equal(v, kept[k]) for k, v in colorizer.state_dict().items())      # batch norm saw nothing
    colorizer(L).sum().backward()                                                       # forward has gradients
    assert all(p.grad is not None for p in colorizer.parameters())


@pytest.mark.parametrize("L, words", [
    (torch.zeros(1, 3, 8, 8), r"\(1, 3, 8, 8\)"), (torch.zeros(8, 8), r"\(8, 8\)"), ("gray.png", "str"),
    (torch.zeros(1, 1, 8, 8).byte(), "uint8"), (torch.zeros(0, 1, 8, 8), "one pixel"),
    (torch.full((1, 1, 8, 8), 255.0), "got 255"), (torch.full((1, 1, 8, 8), -3.0), "got -3"),
    (torch.tensor([[[[50.0, float("nan")]]]]), "got nan"),
])
def test_predict_says_what_lightness_it_expected_and_what_came(L, words):
    with pytest.raises(ValueError, match=words):
        koo().predict(L)
    for image in (torch.zeros(3, 8, 8), torch.zeros(8, 8).byte(), torch.zeros(4, 8, 8).byte(),
                  torch.zeros(1, 1, 3, 8, 8).byte()):
        with pytest.raises(ValueError, match="expected a uint8 image"):
            koo().colorize(image)


# pictures

def test_colorize_keeps_the_lightness_wherever_the_color_is_on_the_screen():
    """Rounding RGB to bytes moves L by half a level at most, and no level of gray is larger than 0.51 L."""
    colorizer = Colorizer(FixedOutput(torch.tensor([0.3, -0.2]).view(1, 2, 1, 1)))
    rgb = smooth(4, size=32).pixels
    L = color.lightness(rgb)
    lab = torch.cat([L, colorizer.predict(L)], dim=1)
    inside = color.in_gamut(lab)
    assert inside.float().mean() > 0.9
    colored = color.rgb_to_lab(colorizer.colorize(rgb))
    assert (colored[:, :1] - L)[inside].abs().max() < 0.3
    assert (colored[:, 1:] - lab[:, 1:]).norm(dim=1, keepdim=True)[inside].max() < 3


@pytest.mark.parametrize("shape", [(1, 5, 7), (3, 5, 7), (2, 1, 5, 7), (2, 3, 5, 7), (3, 1, 1)])
def test_colorize_takes_gray_and_color_one_or_many_and_keeps_the_size(shape):
    image = torch.randint(256, shape, dtype=torch.uint8)
    colored = unet().colorize(image)
    assert colored.shape == (*shape[:-3], 3, *shape[-2:]) and colored.dtype == torch.uint8
    if shape[-3] == 1:                                                                  # only lightness is looked at
        assert torch.equal(colored, unet().colorize(image.expand(*shape[:-3], 3, -1, -1)))


def test_with_max_side_the_net_sees_a_small_copy_of_the_same_proportions_and_lightness_stays_sharp():
    seen = []

    class Watch(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))

        def forward(self, x):
            seen.append(tuple(x.shape))
            return 0.1 * torch.cat([x, -x], dim=1)

    board = (torch.arange(60)[:, None] + torch.arange(40)) % 2 * 120 + 60
    gray = board.to(torch.uint8)[None]                                                  # 1 60 40
    colored = Colorizer(Watch()).colorize(gray, max_side=20)
    assert seen == [(1, 1, 20, 13)]
    before, after = color.lightness(gray.expand(3, -1, -1)), color.lightness(colored)
    assert (before - after).abs().max() < 0.3
    assert Colorizer(Watch()).colorize(gray, max_side=60).shape == (3, 60, 40) and seen[-1] == (1, 1, 60, 40)


def test_with_max_side_a_smooth_color_comes_out_as_without():
    colorizer = Colorizer(FixedOutput(torch.tensor([0.2, 0.3]).view(1, 2, 1, 1)))
    image = smooth(1, size=48).pixels[0]
    assert (colorizer.colorize(image).int() - colorizer.colorize(image, max_side=10).int()).abs().max() <= 1
    assert colorizer.colorize(torch.zeros(1, 1, 300, dtype=torch.uint8), max_side=10).shape == (3, 1, 300)


# files

@pytest.mark.parametrize("colorizer", [
    koo(), koo(YuvTarget((0.01, 0.02), (0.1, 0.2), contrast=True)), unet(outputs=3),
    trained(UNet(4, 2, outputs=261, cell=2), ColorBinsTarget.from_images(smooth(4).pixels, lam=0.5, T=0.5, cell=2)),
    trained(UNet(4, 2, outputs=3), ColorSpaceTarget.from_images(smooth(4).pixels, "rgb", blur=1.0)),
], ids=["koo-lab", "koo-yuv", "unet-3", "bins", "rgb"])
def test_a_loaded_colorizer_answers_to_the_bit_what_the_saved_one_answers(colorizer, tmp_path):
    L = lightness(2, 1, 12, 12)
    path = colorizer.save(tmp_path / "new" / "folder" / "one.safetensors", recipe="mine", epochs=3)
    before = torch.get_rng_state()
    loaded = Colorizer.load(path)
    assert torch.equal(torch.get_rng_state(), before) and torch.equal(loaded.predict(L), colorizer.predict(L))
    assert loaded.target == colorizer.target and loaded.net.config == colorizer.net.config
    assert loaded.notes == {"recipe": "mine", "epochs": 3} and not loaded.training
    again = Colorizer.load(loaded.to(memory_format=torch.channels_last).save(path))     # weights in their order
    torch.testing.assert_close(again.predict(L), colorizer.predict(L), rtol=1e-4, atol=1e-2)


def test_half_files_are_about_half_as_large_and_answer_nearly_the_same(tmp_path):
    colorizer, L = unet(), lightness(4, 1, 16, 16)
    whole, half = colorizer.save(tmp_path / "a.safetensors"), colorizer.save(tmp_path / "b.safetensors", half=True)
    assert half.stat().st_size < 0.7 * whole.stat().st_size
    loaded = Colorizer.load(half)
    assert all(p.dtype == torch.float32 for p in loaded.parameters())
    expected = colorizer.predict(L)
    assert (loaded.predict(L) - expected).abs().max() < 0.01 * expected.abs().max()
    for name, tensor in loaded.net.state_dict().items():
        if tensor.ndim == 1:
            assert torch.equal(tensor, colorizer.net.state_dict()[name])


def test_a_half_file_stores_the_weights_of_linear_layers_as_float16_too(tmp_path):
    colorizer = RECIPES["koo-gan"].build(0, smooth(4))
    stored, _ = checkpoint.read_tensors(colorizer.save(tmp_path / "a.safetensors", half=True))
    assert stored["perturb.weight"].dtype == torch.float16 and stored["perturb.bias"].dtype == torch.float32


def test_a_picture_without_color_is_gray_and_with_the_true_one_the_true_one():
    rgb = smooth(3).pixels
    lab = color.rgb_to_lab(rgb)
    assert torch.equal(picture(lab[:, :1], lab[:, 1:]), rgb)
    gray = picture(lab[:, :1])
    assert gray.dtype == torch.uint8 and torch.equal(gray[:, 0], gray[:, 1]) and torch.equal(gray[:, 0], gray[:, 2])
    assert (color.lightness(gray) - lab[:, :1]).abs().max() < 0.5


def test_what_was_read_does_not_change_with_its_file(tmp_path):
    colorizer = koo()
    path = colorizer.save(tmp_path / "one.safetensors")
    tensors, _ = checkpoint.read_tensors(path)
    with open(path, "r+b") as file:
        file.write(b"\0" * path.stat().st_size)
    assert all(torch.equal(tensor, colorizer.net.state_dict()[name]) for name, tensor in tensors.items())


@pytest.mark.parametrize("keep", [0, 4, 100, 0.5, -1])
def test_a_missing_or_cut_off_file_is_refused_and_a_network_of_ones_own_is_not_saved(tmp_path, keep):
    for missing in ("nowhere.safetensors", "."):
        with pytest.raises(FileNotFoundError, match="no checkpoint"):
            Colorizer.load(tmp_path / missing)
    with pytest.raises(ValueError, match="not FixedOutput with LabTarget"):
        Colorizer(FixedOutput(torch.zeros(1, 2, 1, 1))).save(tmp_path / "own.safetensors")
    path = koo().save(tmp_path / "one.safetensors")
    data = path.read_bytes()
    path.write_bytes(data[:int(keep * len(data)) if isinstance(keep, float) else keep])
    with pytest.raises(ValueError, match="one.safetensors is not a complete safetensors file"):
        Colorizer.load(path)


def test_a_pickle_is_refused_and_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    path = tmp_path / "trap.safetensors"
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match="pickle"):
        Colorizer.load(path)
    torch.save({"weights": Trap()}, path)
    with pytest.raises(ValueError, match="pickle"):
        Colorizer.load(path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("notes", [None, {"colorlib": "[1, 2]"}, {"colorlib": '{"format": "other"}'}, {"format": "pt"}])
def test_a_safetensors_file_of_somebody_else_is_refused(tmp_path, notes):
    save_file({"weight": torch.zeros(3)}, tmp_path / "other.safetensors", metadata=notes)
    with pytest.raises(ValueError, match="no checkpoint of colorlib"):
        Colorizer.load(tmp_path / "other.safetensors")


def about(**changes):
    return {"format": module.FORMAT, "net": {"model": "koo"}, "target": {"target": "lab"}, "notes": {}} | changes


@pytest.mark.parametrize("changes", [
    {"net": {"model": "koo", "outputs": 3}}, {"net": {"model": "unet"}},                # other shapes, other names
    {"net": {"model": "transformer"}}, {"net": {"model": "koo", "width": 1}}, {"net": None},
    {"target": {"target": "hsv"}}, {"target": {"target": "lab", "gamma": 2}},
    {"target": {"target": "lab", "channels": 7}}, {"target": {}}, {"target": "lab"},
])
def test_a_file_whose_tensors_or_target_are_others_than_it_says_is_refused(tmp_path, changes):
    weights = {k: v.contiguous() for k, v in KooCNN().state_dict().items()}
    save_file(weights, tmp_path / "odd.safetensors", metadata={"colorlib": json.dumps(about(**changes))})
    with pytest.raises(ValueError, match="odd.safetensors does not hold the network or the target"):
        Colorizer.load(tmp_path / "odd.safetensors")


@pytest.mark.parametrize("step", ["save_file", "fsync", "replace"])
def test_a_save_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, step):
    path = koo().save(tmp_path / "one.safetensors")
    old = path.read_bytes()

    def full(*_, **__):
        raise OSError("no space left on device")

    monkeypatch.setattr(checkpoint if step == "save_file" else checkpoint.os, step, full)
    with pytest.raises(OSError, match="no space"):
        unet().save(path)
    with pytest.raises(TypeError):                                                      # notes that are no JSON
        unet().save(path, notes_of=object())
    assert path.read_bytes() == old and os.listdir(tmp_path) == ["one.safetensors"]


# the four color spaces of Dorscheidt et al. 2016

@pytest.mark.parametrize("space", ["lab", "ycbcr", "hsv", "rgb"])
def test_the_right_answer_in_any_space_means_the_true_color(space):
    rgb = smooth(4).pixels
    target = ColorSpaceTarget.from_images(rgb, space)
    lab = color.rgb_to_lab(rgb)
    x, y = target.encode(rgb)
    assert y.shape == (4, target.outputs, 16, 16)
    torch.testing.assert_close(x, LabTarget().encode(rgb)[0], rtol=0, atol=1e-5)
    torch.testing.assert_close(y.mean((0, 2, 3)), torch.zeros(target.outputs), rtol=0, atol=1e-4)
    torch.testing.assert_close(y.std((0, 2, 3)), torch.ones(target.outputs), rtol=1e-3, atol=0)
    far = (target.decode(y, lab[:, :1]) - lab[:, 1:]).norm(dim=1)
    assert far.max() < (1e-3 if space in ("lab", "rgb") else 0.1)           # the others find a channel by bisection


@pytest.mark.parametrize("space", ["lab", "ycbcr", "hsv", "rgb"])
def test_an_answer_for_several_pixels_means_their_mean_color(space):
    """Also where hue wraps: reds on both sides of it have a red between them, not a cyan."""
    rgb = torch.tensor([[255, 0, 10], [255, 10, 0]], dtype=torch.uint8).T.view(1, 3, 1, 2).repeat(1, 1, 8, 4)
    channels = 3 if space == "rgb" else 2
    target = ColorSpaceTarget(space, mean=(0.0,) * channels, std=(1.0,) * channels, cell=2)
    y = target.encode(rgb)[1]
    assert y.shape[-2:] == (4, 4)
    lab = color.rgb_to_lab(rgb)
    assert (target.decode(y, lab[:, :1]) - lab[:, 1:]).norm(dim=1).max() < 5


def test_a_network_that_does_not_answer_what_the_target_wants_is_refused():
    with pytest.raises(ValueError, match="has cell 1, but .* needs 2"):
        Colorizer(UNet(4, 2), ColorSpaceTarget("lab", cell=2))
    with pytest.raises(ValueError, match="has outputs 2, but .* needs 261"):
        Colorizer(UNet(4, 2), ColorBinsTarget())


def test_weights_too_large_for_half_precision_are_kept_in_single():
    rgb = torch.full((1100, 3, 32, 32), 90, dtype=torch.uint8)
    rgb[0, :, 0, 0] = torch.tensor([255, 0, 0], dtype=torch.uint8)
    target = ColorBinsTarget.from_images(rgb, lam=0).encode(rgb[:1])[1]
    assert target.share.isfinite().all() and target.share[0, :, 0, 0].sum() > 1e4


def test_hue_is_a_number_to_the_target_and_red_lies_at_both_its_ends():
    reds = color.swatch([(1, 0, 0.02), (1, 0.02, 0)])
    hue = ColorSpaceTarget("hsv").encode(reds)[1][0, 0, 0]
    assert hue[0] - hue[1] > 0.9


def test_target_blur_takes_detail_from_the_color_and_not_from_what_the_net_sees():
    rgb = smooth(4).pixels
    plain, blurred = ColorSpaceTarget("lab"), ColorSpaceTarget("lab", blur=1.5)
    (x, y), (x_blurred, y_blurred) = plain.encode(rgb), blurred.encode(rgb)
    assert torch.equal(x, x_blurred)
    for a, b in zip(y.numpy().reshape(-1, 16, 16), y_blurred.numpy().reshape(-1, 16, 16), strict=True):
        np.testing.assert_allclose(b, ndimage.gaussian_filter(a, 1.5, mode="mirror", truncate=10 / 3), atol=2e-2)


def test_a_picture_keeps_its_lightness_whatever_the_network_predicts():
    """Colors beyond the gamut were once clipped channel by channel: up to 15 L, and black borders turned colored."""
    L = color.lightness(torch.arange(256, dtype=torch.uint8).expand(3, 64, 256)[None])  # 1 1 64 256
    turn = torch.linspace(0, 6.28, 64).view(1, 1, 64, 1).expand_as(L)
    for chroma in (15, 60, 300):
        shown = picture(L, chroma * torch.cat([turn.cos(), turn.sin()], dim=1))
        assert (color.lightness(shown) - L).abs().max() < 0.7  # two bytes of green in the dark: rounding alone
        assert (shown[..., 0] == 0).all() and (shown[..., 255] == 255).all()
