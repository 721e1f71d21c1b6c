"""The adversarial networks: sizes, patches, noise, and what they refuse."""

import pytest
import torch
from torch import nn

from colorlib import models
from colorlib.models import (
    ImageColorDiscriminator,
    ImageDiscriminator,
    KooCNN,
    KooDiscriminator,
    KooGenerator,
    PatchColorDiscriminator,
    PatchDiscriminator,
    UNet,
)


def pair(n=2, size=32, channels=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 1, size, size, generator=generator), torch.randn(n, channels, size, size, generator=generator)


# patches

@pytest.mark.parametrize(("n", "field", "count", "side"),
                         [(1, 16, 136_513, 14), (2, 34, 663_361, 6), (3, 70, 2_765_633, 2)])
def test_a_patch_discriminator_has_the_patches_and_parameters_of_pix2pix(n, field, count, side):
    net = PatchDiscriminator(n)
    assert (net.receptive_field, models.parameters(net), net.output_size(32)) == (field, count, side)
    assert net(*pair()).shape == (2, 1, side, side)
    weights = torch.cat([c.weight.flatten() for c in net.modules() if isinstance(c, nn.Conv2d)])
    assert weights.std().item() == pytest.approx(0.02, rel=0.02) and abs(weights.mean()) < 3e-4
    with pytest.raises(ValueError, match="n_layers=4 leaves no patch"):
        PatchDiscriminator(4, width=2)(*pair())


@pytest.mark.parametrize("n", [1, 2])
def test_an_answer_depends_on_the_pixels_of_its_patch_and_no_others(n):
    net = PatchDiscriminator(n, width=4).double().eval()        # in training, batch norm joins all patches
    size = 64
    seen = torch.zeros(size, dtype=torch.bool)
    for seed in range(3):
        gray, color = (t.double().requires_grad_() for t in pair(1, size, seed=seed))
        logits = net(gray, color)
        middle = logits.shape[-1] // 2
        logits[0, 0, middle, middle].backward()
        seen |= (color.grad[0].abs().sum(0) > 0).any(0)
    columns = seen.nonzero().flatten()
    assert len(columns) == int(columns[-1] - columns[0]) + 1 == net.receptive_field


@pytest.mark.parametrize("norm", ["batch", "instance", "spectral", "none"])
def test_layers_are_normed_as_asked(norm):
    net = PatchDiscriminator(2, width=4, norm=norm)
    kinds = {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d}
    found = [layer for layer in net.layers if isinstance(layer, tuple(kinds.values()))]
    assert [type(layer) for layer in found] == [kinds[norm]] * 2 if norm in kinds else not found
    assert net(*pair()).shape == (2, 1, 6, 6)
    if norm == "spectral":
        net.eval()
        for layer in net.layers:
            if isinstance(layer, nn.Conv2d):
                assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2) < 1.5


# whole images

@pytest.mark.parametrize("make", [ImageDiscriminator, KooDiscriminator])
def test_one_answer_an_image_and_every_pixel_counts(make):
    net = make().double().eval()
    gray, color = (t.double().requires_grad_() for t in pair(3))
    logits = net(gray, color)
    assert logits.shape == (3, 1)
    logits[0].sum().backward()
    assert (color.grad[0].abs().sum(0) > 0).float().mean() > 0.9 and not color.grad[1:].any()   # max-pools pass some by


@pytest.mark.parametrize("make", [ImageDiscriminator, KooDiscriminator, PatchDiscriminator])
def test_a_discriminator_refuses_what_is_no_pair_and_one_of_images_another_size(make):
    gray, color = pair()
    for wrong, words in (((color, gray), "gray"), ((gray, color[:1]), "and its color")):
        with pytest.raises(ValueError, match=words):
            make()(*wrong)
    if make is not PatchDiscriminator:
        with pytest.raises(ValueError, match="32x32"):
            make()(*pair(size=40))


def test_nazeris_discriminator_has_norm_leak_dropout_and_pool_behind_each_convolution_but_the_last():
    kinds = [type(layer).__name__ for layer in ImageDiscriminator(levels=3).layers]
    assert kinds == ["Conv2d", "BatchNorm2d", "LeakyReLU", "Dropout", "MaxPool2d"] * 3 + ["Conv2d", "Flatten"]
    late = [type(layer).__name__ for layer in ImageDiscriminator(levels=3, late_dropout=True).layers]
    assert late == ["Conv2d", "BatchNorm2d", "LeakyReLU", "MaxPool2d", "Dropout"] * 3 + ["Conv2d", "Flatten"]
    assert [layer.p for layer in ImageDiscriminator(levels=2).layers if isinstance(layer, nn.Dropout)] == [0.2, 0.2]


def test_koos_discriminator_is_as_he_describes_it():
    kinds = [type(layer).__name__ for layer in [*KooDiscriminator().layers, *KooDiscriminator().decide]]
    assert kinds == ["Conv2d", "ReLU", "Dropout", "MaxPool2d"] * 3 + ["Flatten", "Linear", "ReLU", "Dropout", "Linear"]
    assert [layer.p for layer in KooDiscriminator().modules() if isinstance(layer, nn.Dropout)] == [0.8] * 3 + [0.5]
    proposed = [type(layer).__name__ for layer in KooDiscriminator(width=4, norm=True, leak=0.2, strided=True).layers]
    assert proposed == ["Conv2d", "LeakyReLU", "Dropout"] + 2 * ["Conv2d", "BatchNorm2d", "LeakyReLU", "Dropout"]


# generators

def test_koos_generator_without_noise_is_the_baseline():
    torch.manual_seed(0)
    net, x = KooGenerator(spread=0.0).eval(), pair()[0]
    torch.testing.assert_close(net(x), net.body(x))
    assert models.parameters(net) == models.parameters(KooCNN()) + 100 * 1024 + 1024
    for side in (16, 40):
        assert net(torch.zeros(1, 1, side, side)).shape == (1, 2, side, side)
    noisy = KooGenerator(spread=0.3)
    assert noisy.perturb(noisy.draw(500)).std().item() == pytest.approx(0.3, rel=0.02)


def test_noise_is_drawn_in_training_and_repeated_in_evaluation():
    torch.manual_seed(0)
    net, x = KooGenerator(), torch.zeros(2, 1, 32, 32)
    assert not torch.equal(net(x), net(x))
    net.eval()
    before = torch.get_rng_state()
    assert torch.equal(net(x), net(x)) and torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(net(x)[0], net(x)[1])
    torch.testing.assert_close(net.draw(1, seed=0), net.draw(5, seed=0)[:1])            # the place in the batch counts
    z = net.draw(2, seed=5)
    assert torch.equal(net(x, z), net(x, z)) and not torch.equal(net(x, z), net(x))
    with pytest.raises(ValueError, match=r"expected noise of shape \(2, 100\)"):
        net(x, z[:1])


@pytest.mark.parametrize("net", [PatchColorDiscriminator(1, 4), ImageColorDiscriminator(4, 2)],
                         ids=lambda net: type(net).__name__)
def test_a_discriminator_of_color_alone_sees_the_color_and_not_the_gray_image(net):
    """It computes what its layers do with ab, whatever the picture; that with L answers to both."""
    torch.manual_seed(0)
    gray, ab = torch.randn(3, 1, 32, 32), torch.randn(3, 2, 32, 32)
    answer = net.eval()(gray, ab)
    assert torch.equal(answer, net.layers(ab)) and torch.equal(answer, net(gray.flip(0), ab))
    assert not torch.allclose(answer, net(gray, ab.flip(0)))
    with_gray = models.build(net.config | {"model": net.config["model"].removesuffix("-ab"), "inputs": 3}).eval()
    assert not torch.allclose(with_gray(gray, ab), with_gray(gray.flip(0), ab))
    with pytest.raises(ValueError, match="expected gray"):
        net(gray, ab[:2])


def test_the_strided_unet_has_no_pools_and_leaks_in_the_encoder_only():
    net = UNet(4, 2, strided=True, leak=0.2)
    assert not [layer for layer in net.modules() if isinstance(layer, nn.MaxPool2d)]
    assert [layer.stride for layer in net.down.modules() if isinstance(layer, nn.Conv2d)] == [(1, 1), (1, 1), (2, 2),
                                                                                              (1, 1), (2, 2), (1, 1)]
    assert {layer.negative_slope for layer in net.down.modules() if isinstance(layer, nn.LeakyReLU)} == {0.2}
    assert not [layer for layer in net.merge.modules() if isinstance(layer, nn.LeakyReLU)]
    assert net(torch.zeros(2, 1, 16, 16)).shape == (2, 2, 16, 16)


@pytest.mark.parametrize(("make", "why"), [
    (lambda: PatchDiscriminator(0), "at least 1"), (lambda: PatchDiscriminator(2, norm="layer"), "unknown norm"),
    (lambda: ImageDiscriminator(levels=6), "multiple of 2"), (lambda: KooDiscriminator(size=20), "multiple of 8"),
    (lambda: KooGenerator(spread=-1), "spread"), (lambda: UNet(4, 2, noise=-1), "noise"),
])
def test_settings_that_make_no_sense_are_refused(make, why):
    with pytest.raises(ValueError, match=why):
        make()


@pytest.mark.parametrize("net", [PatchColorDiscriminator(2, 4), ImageColorDiscriminator(4, 2),
                                 PatchDiscriminator(2, 4), ImageDiscriminator(4, 2), KooDiscriminator(width=4),
                                 KooDiscriminator(width=4, norm=True, leak=0.2, strided=True),
                                 ImageDiscriminator(4, 2, late_dropout=True), KooGenerator(),
                                 UNet(4, 2, strided=True, leak=0.2), UNet(4, 2, noise=8)],
                         ids=lambda n: type(n).__name__)
def test_a_network_is_built_again_from_its_config(net):
    again = models.build(net.config)
    assert type(again) is type(net) and again.config == net.config
    again.load_state_dict(net.state_dict())


def test_noise_in_the_depth_of_a_unet_is_drawn_in_training_and_fixed_in_evaluation():
    torch.manual_seed(0)
    net, x = UNet(4, 2, noise=8), torch.randn(3, 1, 16, 16)
    nn.init.normal_(net.last.weight)
    assert "noise" not in UNet(4, 2).config and not net.perturb.bias.any()
    assert not torch.equal(net(x), net(x))
    net.eval()
    assert torch.equal(net(x), net(x)) and torch.equal(net(x), net(x, net.draw(3, seed=0)))
    assert not torch.equal(net(x), net(x, net.draw(3, seed=1)))
    for wrong in (lambda: net(x, net.draw(1)), lambda: UNet(4, 2)(x, net.draw(3)), lambda: UNet(4, 2).draw(3)):
        with pytest.raises(ValueError, match="noise"):
            wrong()
