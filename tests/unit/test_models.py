"""The networks: their size, what an output pixel depends on, their initialization, the inputs they refuse."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import nn

from colorlib import models
from colorlib.colorizer import pad
from colorlib.models import DorscheidtNet, KooCNN, UNet
from colorlib.models.dorscheidt2016 import symmetric_indices
from colorlib.models.koo2016 import contrast_normalize, gaussian_window


def seen_by(function, size=41):
    """(size, size) bool: the input pixels that the middle of the output depends on, by gradient, over random images."""
    seen = torch.zeros(size, size, dtype=torch.bool)
    for seed in range(3):
        x = torch.rand(1, 1, size, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        x.requires_grad_()
        function(x)[0, :, size // 2, size // 2].abs().sum().backward()
        seen |= x.grad[0, 0] != 0
    return seen


def square(side, size=41):
    """(size, size) bool: true in a square of that odd side around the middle."""
    near = (torch.arange(size) - size // 2).abs() <= side // 2
    return near[:, None] & near[None]


def koo(seed=0):
    torch.manual_seed(seed)
    return KooCNN().double().eval()


# Koo 2016

def test_koo_has_30530_parameters_and_batch_norm_and_relu_after_each_convolution_but_the_last():
    net = KooCNN()
    assert models.parameters(net) == 30_530
    kinds = [type(layer) for layer in net.modules() if not list(layer.children())]
    assert kinds == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU] * 4 + [nn.Conv2d]


def test_koo_starts_with_the_normal_distribution_of_he():
    normal = []                                             # standard normal numbers, if He is right
    for seed in range(5):
        torch.manual_seed(seed)
        for layer in KooCNN().modules():
            if isinstance(layer, nn.Conv2d):
                assert not layer.bias.any()
                fan_in = layer.in_channels * layer.kernel_size[0] * layer.kernel_size[1]
                normal.append(layer.weight.detach().double().flatten() * math.sqrt(fan_in / 2))
    for w in [*normal[1:4], torch.cat(normal)]:             # the first layer's and the last's alone are few
        assert abs(w.mean()) < 4 / math.sqrt(len(w))
        assert abs(w.var() - 1) < 4 * math.sqrt(2 / len(w))
        assert abs((w ** 4).mean() - 3) < 4 * math.sqrt(96 / len(w))        # a uniform distribution has 1.8


# the preprocessing of Koo 2016

def numpy_contrast_normalize(y, size=7):
    """By scipy: minus the Gaussian mean, over the larger one of the Gaussian deviation and that deviation's mean."""
    line = np.exp(-0.5 * ((np.arange(size) - size // 2) / (size / 4)) ** 2)
    window = np.outer(line, line) / line.sum() ** 2
    inside = ndimage.correlate(np.ones_like(y), window, mode="constant")

    def mean(t):
        return ndimage.correlate(t, window, mode="constant") / inside

    centered = y - mean(y)
    deviation = np.sqrt(mean(centered ** 2))
    return centered / np.maximum(deviation, deviation.mean())


@pytest.mark.parametrize("shape", [(32, 32), (9, 21), (7, 7)])
def test_contrast_normalization_is_that_of_scipy(shape):
    y = np.random.default_rng(0).random((3, *shape))
    y[0] = ndimage.gaussian_filter(y[0], 3)
    got = contrast_normalize(torch.from_numpy(y)[:, None])[:, 0].numpy()
    np.testing.assert_allclose(got, np.stack([numpy_contrast_normalize(image) for image in y]), rtol=1e-5, atol=1e-6)
    brighter = contrast_normalize(torch.from_numpy(0.3 * y + 0.5)[:, None])[:, 0].numpy()
    np.testing.assert_allclose(brighter, got, atol=1e-5)                    # neither brightness nor contrast counts


def test_contrast_normalization_of_a_flat_image_is_zero_and_has_finite_gradients():
    y = torch.full((1, 1, 16, 16), 0.5, requires_grad=True)
    normalized = contrast_normalize(y)
    normalized.square().sum().backward()
    assert normalized.abs().max() < 1e-2 and y.grad.isfinite().all()


def with_detail_in_the_middle(x):
    """The same image with four times the contrast near its middle: there the floor is far below the deviation."""
    return x * (1 + 3 * square(25, x.shape[-1]))


def test_koo_sees_seven_by_seven_pixels_and_with_normalization_nineteen_besides_the_image_wide_floor():
    assert torch.equal(seen_by(koo()), square(7))
    assert seen_by(lambda x: contrast_normalize(x * (1 - 0.95 * square(25)))).all()     # where the floor holds
    assert torch.equal(seen_by(lambda x: contrast_normalize(with_detail_in_the_middle(x))), square(13))
    net = koo()
    assert torch.equal(seen_by(lambda x: net(contrast_normalize(with_detail_in_the_middle(x)))), square(19))


def test_the_window_is_a_gaussian_that_sums_to_one():
    window = gaussian_window(7, sigma=1.5)[0, 0].numpy()
    impulse = np.zeros((7, 7))
    impulse[3, 3] = 1
    np.testing.assert_allclose(window, ndimage.gaussian_filter(impulse, 1.5, radius=3), atol=1e-6)
    for size in (0, 2, 8, -7):
        with pytest.raises(ValueError, match="odd"):
            gaussian_window(size)


# the U-Net

def unet_parameters(width, depth, outputs):
    """By hand. A unit from i to o channels: two 3x3 convolutions with biases, and two numbers a normed channel."""
    def unit(i, o):
        return (9 * i * o + o + 2 * o) + (9 * o * o + o + 2 * o)

    channels = [width * 2 ** level for level in range(depth + 1)]
    down = sum(unit(i, o) for i, o in zip([1, *channels[:-1]], channels, strict=True))
    up = sum(4 * c * (c // 2) + c // 2 + unit(c, c // 2) for c in channels[1:])
    return down + up + width * outputs + outputs


@pytest.mark.parametrize("width, depth, outputs", [(12, 4, 2), (16, 3, 2), (1, 1, 3), (64, 4, 3)])
def test_unet_has_the_parameters_of_a_hand_count(width, depth, outputs):
    assert models.parameters(UNet(width, depth, outputs)) == unet_parameters(width, depth, outputs)


def test_nazeris_unet_has_five_encoding_units_that_double_the_channels_and_three_answers():
    with torch.device("meta"):                              # 31 million numbers need not be made
        net = UNet(width=64, depth=4, outputs=3)
        output = net(torch.empty(1, 1, 32, 32))
    assert [unit[0][0].out_channels for unit in net.down] == [64, 128, 256, 512, 1024]
    assert [up.out_channels for up in net.up] == [512, 256, 128, 64]
    assert output.shape == (1, 3, 32, 32)
    assert isinstance(net.last, nn.Conv2d) and net.last.kernel_size == (1, 1)


def test_unet_joins_each_level_to_its_mirror():
    """Without what comes up from below (its convolutions set to zero) detail still reaches the output."""
    torch.manual_seed(0)
    net = UNet(4, 2).eval()
    nn.init.ones_(net.last.weight)
    for up in net.up:
        nn.init.zeros_(up.weight)
    x = torch.rand(1, 1, 8, 8)
    assert (net(x) - net(x.flip(-1))).abs().max() > 1e-3


def test_the_way_up_starts_so_that_the_signal_keeps_its_size():
    torch.manual_seed(0)
    up = UNet(32, 2).up[0]
    x = torch.randn(8, 128, 8, 8).relu()
    with torch.no_grad():
        assert 0.9 < up(x).square().mean() / x.square().mean() < 1.1


def test_unet_starts_with_a_gray_answer_and_learns_from_it():
    torch.manual_seed(0)
    net = UNet(4, 2)
    x = torch.rand(4, 1, 16, 16)
    assert net(x).abs().max() == 0
    others = [p.std() for name, p in net.named_parameters() if p.ndim == 4 and not name.startswith("last")]
    assert min(others) > 0
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    for _ in range(2):
        optimizer.zero_grad()
        (net(x) - x).square().mean().backward()
        optimizer.step()
    assert net.down[0][0][0].weight.grad.abs().max() > 0 and net(x).abs().max() > 0


def test_unet_answers_once_for_each_cell():
    for cell in (1, 2, 4, 8):
        net = UNet(4, 3, outputs=7, cell=cell).eval()
        assert net(torch.zeros(2, 1, 16, 24)).shape == (2, 7, 16 // cell, 24 // cell)
        assert models.build(net.config).config == net.config


# compact

COMPACT = {"regression": {}, "classification": {"outputs": 261},
           "dilated": {"outputs": 261, "dilated": True, "concat": False},
           "dilated, concatenated": {"outputs": 261, "dilated": True}}


@pytest.mark.parametrize("cell", [1, 2])
@pytest.mark.parametrize("name", COMPACT)
@pytest.mark.parametrize("side", [32, 48])
def test_compact_networks_answer_in_the_size_asked(name, cell, side):
    net = DorscheidtNet(4, cell=cell, **COMPACT[name]).eval()
    outputs = COMPACT[name].get("outputs", 2)
    assert net(torch.rand(2, 1, side, 32)).shape == (2, outputs, side // cell, 32 // cell)


def test_only_the_named_property_differs():
    """Table II of Dorscheidt et al. 2016: pools or strides and dilation, concatenation in all but one."""
    nets = {name: DorscheidtNet(8, **settings) for name, settings in COMPACT.items()}
    convs = {name: [m for m in net.modules() if isinstance(m, nn.Conv2d)] for name, net in nets.items()}
    assert {name: max(c.stride[0] for c in layers) for name, layers in convs.items()} == \
        {"regression": 1, "classification": 1, "dilated": 2, "dilated, concatenated": 2}
    assert {name: [c.dilation[0] for c in layers if c.dilation[0] > 1] for name, layers in convs.items()} == \
        {"regression": [], "classification": [], "dilated": [2, 4, 2, 4], "dilated, concatenated": [2, 4, 2, 4]}
    assert [net.multiple for net in nets.values()] == [8, 8, 4, 4]
    body = {name: {k: v.shape for k, v in net.state_dict().items() if not k.startswith("last")}
            for name, net in nets.items()}
    assert body["regression"] == body["classification"]
    encoders = {str({k: v for k, v in shapes.items() if k.startswith("down")}) for shapes in body.values()}
    assert len(encoders) == 1
    sizes = [models.parameters(net) - models.parameters(net.last) for net in nets.values()]
    assert max(sizes) / min(sizes) < 1.25


@pytest.mark.parametrize("name, joined", [
    ("classification", True), ("dilated", False), ("dilated, concatenated", True)])
def test_detail_reaches_the_answer_past_the_bottom_only_by_concatenation(name, joined):
    torch.manual_seed(0)
    net = DorscheidtNet(4, **COMPACT[name]).eval()
    for layer in net.bottom.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.zeros_(layer.weight)
    x = torch.rand(1, 1, 32, 32)
    apart = (net(x) - net(x.flip(-1))).abs().max()
    assert (apart > 1e-3) == joined


@pytest.mark.parametrize("side, pad", [(8, 1), (8, 4), (8, 8), (3, 4), (1, 4)])
def test_symmetric_padding_is_that_of_numpy(side, pad):
    x = np.arange(side) + 10.0
    padded = x[symmetric_indices(side, pad).numpy()]
    assert np.array_equal(padded, np.pad(x, pad, mode="symmetric"))


@pytest.mark.parametrize("padding, mode", [("symmetric", "symmetric"), ("reflect", "reflect")])
def test_a_dilated_layer_pads_its_border_as_its_option_says(padding, mode):
    """And what an older checkpoint, which names no padding, computes is unchanged."""
    torch.manual_seed(0)
    settings = {} if padding == "reflect" else {"padding": padding}
    net = models.build({"model": "compact", "width": 2, "outputs": 2, "dilated": True} | settings)
    assert net.config.get("padding", "reflect") == padding
    conv, x = net.bottom[2][0], torch.rand(1, 8, 9, 11)
    d = conv.dilation[0]
    padded = torch.from_numpy(np.pad(x.numpy(), [(0, 0), (0, 0), (d, d), (d, d)], mode=mode))
    expected = nn.functional.conv2d(padded, conv.weight, conv.bias, dilation=d)
    assert d == 4 and torch.equal(conv(x), expected)
    with pytest.raises(ValueError, match="unknown padding"):
        models.build(net.config | {"padding": "zeros"})


def test_a_block_of_three_dilated_convolutions_sees_15_pixels():
    """Dorscheidt et al. 2016, figure 3."""
    torch.manual_seed(0)
    block = DorscheidtNet(1, dilated=True).bottom[:3].double().eval()
    entry = nn.Conv2d(1, 4, 1, bias=False).double()
    assert seen_by(lambda x: block(entry(x))).sum() == 15 * 15


def test_compact_networks_start_as_glorot_says():
    torch.manual_seed(0)
    for layer in DorscheidtNet(32, dilated=True).modules():
        if isinstance(layer, nn.Conv2d):
            fan_in, fan_out = layer.weight[0].numel(), layer.weight[:, 0].numel()
            bound = (6 / (fan_in + fan_out)) ** 0.5
            assert layer.weight.abs().max() <= bound and not layer.bias.any()
            if layer.weight.numel() > 5000:
                assert layer.weight.std().item() == pytest.approx(bound / 3 ** 0.5, rel=0.05)


# all

@pytest.mark.parametrize("net", [KooCNN(outputs=5), UNet(2, 1, 3), DorscheidtNet(2, 9, True, False, 2)],
                         ids=["koo", "unet", "compact"])
def test_a_network_wants_gray_of_any_size_that_a_colorizer_pads_to_and_is_built_again_from_its_config(net):
    for shape in ((1, 3, 8, 8), (1, 8, 8), (8, 8)):
        with pytest.raises(ValueError, match=r"\(N, 1, H, W\)"):
            net(torch.zeros(shape))
    net.eval()
    for height, width in ((1, 1), (1, 9), (5, 3), (16, 13)):
        assert net(pad(torch.zeros(2, 1, height, width), net.multiple)).shape[:2] == (2, net.config["outputs"])
    config = dict(net.config)
    again = models.build(config)
    assert type(again) is type(net) and config == net.config
    assert {k: v.shape for k, v in again.state_dict().items()} == {k: v.shape for k, v in net.state_dict().items()}


@pytest.mark.parametrize("make, words", [
    (partial(UNet, width=0), "at least 1"), (partial(UNet, depth=0), "at least 1"),
    (partial(UNet, 4, 3, cell=3), "got 3"), (partial(UNet, 4, 3, cell=16), "got 16"),
    (partial(UNet(4, 3), torch.zeros(1, 1, 12, 16)), "multiples of 8"),
    (partial(UNet(4, 3), torch.zeros(1, 1, 16, 1)), "multiples of 8"), (partial(DorscheidtNet, width=0), "at least 1"),
    (partial(DorscheidtNet, cell=4), "cell"), (partial(DorscheidtNet(4), torch.zeros(1, 1, 30, 32)), "multiples of 8"),
    (partial(DorscheidtNet(4, dilated=True), torch.zeros(1, 1, 30, 32)), "multiples of 4"),
    (partial(models.build, {"model": "nobody"}), "nobody"), (partial(models.build, {}), "None"),
    (partial(models.build, {"model": "koo", "width": 3}), "does not take"),
])
def test_settings_and_sizes_that_make_no_sense_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_multiply_adds_of_each_kind_of_layer_by_hand():
    net = nn.Sequential(nn.Conv2d(1, 5, 3, padding=1), nn.ConvTranspose2d(5, 2, 2, stride=2))
    assert models.multiply_adds(net, size=8) == 8 * 8 * 9 * 1 * 5 + 8 * 8 * 5 * 4 * 2
    assert models.multiply_adds(nn.Sequential(nn.Flatten(), nn.Linear(64, 3)), size=8) == 64 * 3
    unet = UNet(4, 2).train()                                               # is left as it was
    unet.down[0].eval()
    before = {name: t.clone() for name, t in unet.state_dict().items()}
    assert models.multiply_adds(unet) > 0 and unet.training and not unet.down[0].training
    assert all(bool((t == before[name]).all()) for name, t in unet.state_dict().items())
    stacked, summed = (models.ResNet(18, "none", first) for first in ("stacked", "summed"))
    assert models.multiply_adds(stacked) - models.multiply_adds(summed) == 16 * 16 * 64 * 49 * -1   # and that of black


def test_a_network_in_pieces_sees_its_own_piece_only_and_computes_the_same_there():
    torch.manual_seed(0)
    net = UNet(width=16, depth=2).double().eval()
    torch.nn.init.normal_(net.last.weight)  # a new U-Net starts from gray and sees nothing
    pieces = models.InPieces(net, side=8)
    x = torch.rand(2, 1, 16, 24, dtype=torch.float64, requires_grad=True)
    y = pieces(x)
    assert y.shape == (2, 2, 16, 24)
    torch.testing.assert_close(y[:, :, 8:, 16:], net(x[:, :, 8:, 16:]), rtol=0, atol=1e-12)
    y[1, :, :8, 8:16].sum().backward()
    assert x.grad[1, 0, :8, 8:16].count_nonzero() > 8  # it sees more than one pixel of its piece
    x.grad[1, 0, :8, 8:16] = 0
    assert not x.grad.any()
    with pytest.raises(ValueError, match="multiples of 8"):
        pieces(torch.rand(1, 1, 12, 16, dtype=torch.float64))
