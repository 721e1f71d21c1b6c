"""Networks on top of a ResNet: the tensors are torchvision's, both first convolutions agree, frozen parts stay."""

import pytest
import torch
import torchvision.models as zoo
from pictures import smooth

from colorlib import models
from colorlib.colorizer import Colorizer
from colorlib.models import ResNet, ResNetUNet, SmallResNet, SmallResNetColorizer, resnet_unet
from colorlib.train import TrainingConfig, fit, regression_step

PREFIX = {"conv1.": "conv.", "bn1.": "stem.0.", "layer1.": "layers.0.1.", "layer2.": "layers.1.",
          "layer3.": "layers.2.", "layer4.": "layers.3."}


def theirs(depth):
    """torchvision's network and its state dict in the names of ours."""
    torch.manual_seed(depth)
    net = getattr(zoo, f"resnet{depth}")(weights=None).eval()
    for layer in net.modules():                                             # statistics that are not 0 and 1
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 1.5)
    state = {ours + name.removeprefix(old): t for name, t in net.state_dict().items()
             for old, ours in PREFIX.items() if name.startswith(old)}
    return net, state


@pytest.mark.parametrize("depth", [18, 34, 50])
@pytest.mark.parametrize("first", ["stacked", "summed"])
def test_five_depths_of_torchvisions_network_whichever_way_gray_comes_in(depth, first):
    net, state = theirs(depth)
    ours = ResNet(depth, "none", first).eval()
    ours.load_state_dict(state)
    x = torch.rand(2, 1, 64, 32)
    about = zoo.ResNet50_Weights.IMAGENET1K_V1.transforms()
    t = (x.expand(-1, 3, -1, -1) - torch.tensor(about.mean).view(3, 1, 1)) / torch.tensor(about.std).view(3, 1, 1)
    stem = net.relu(net.bn1(net.conv1(t)))
    expected = [stem, net.layer1(net.maxpool(stem))]
    expected += [net.layer2(expected[-1])]
    expected += [net.layer3(expected[-1])]
    expected += [net.layer4(expected[-1])]
    seen = ours(2 * x - 1)
    assert tuple(one.shape[1] for one in seen) == ours.widths
    for one, other in zip(seen, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3 * other.abs().max().item())


@pytest.mark.parametrize("settings", [{}, {"skip": True}, {"small": True}, {"small": True, "skip": True}])
def test_an_answer_has_the_size_of_the_image_and_starts_gray(settings):
    net = ResNetUNet(18, weights="none", width=4, **settings)
    y = net(torch.rand(2, 1, 32, 64))
    assert y.shape == (2, 2, 32, 64) and not y.any()
    widths = [one.shape[-1] for one in net.encoder(torch.zeros(1, 1, 32, 64))]
    assert widths == ([64, 64, 32, 16, 8] if settings.get("small") else [32, 16, 8, 4, 2])   # the stem keeps the size
    with pytest.raises(ValueError, match=f"multiples of {net.multiple}"):
        net(torch.zeros(1, 1, 20, 32))


def test_a_plain_decoder_sees_the_image_through_the_deepest_tensor_alone():
    for skip in (False, True):
        net = ResNetUNet(18, weights="none", width=4, small=True, skip=skip).eval()
        torch.nn.init.normal_(net.decoder.last.weight)
        before = net(torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0)))
        net.encoder.layers[3].register_forward_hook(lambda *args: torch.zeros_like(args[2]))
        x = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
        after, other = net(x), net(1 - x)
        assert not torch.equal(before, after) and torch.equal(after, other) is (not skip)


@pytest.mark.parametrize(("train", "frozen"), [("none", 5), ("deep", 3), ("all", 0)])
def test_what_is_frozen_stays_with_its_statistics_and_the_rest_moves(train, frozen):
    colorizer = Colorizer(ResNetUNet(18, weights="none", train=train, small=True, width=4))
    stages = [torch.nn.ModuleList([colorizer.net.encoder.conv, colorizer.net.encoder.stem]),
              *colorizer.net.encoder.layers]
    before = [{k: v.clone() for k, v in stage.state_dict().items()} for stage in stages]
    fit(colorizer, smooth(16, size=16), regression_step, TrainingConfig(epochs=2, batch_size=8, lr=1e-2), device="cpu",
        progress=False)
    stayed = [all(torch.equal(v, old[k]) for k, v in stage.state_dict().items())
              for stage, old in zip(stages, before, strict=True)]
    assert stayed == [True] * frozen + [False] * (5 - frozen)


def test_resnet_50_counts_its_parameters_and_takes_a_step():
    net = ResNetUNet(50, weights="none", train="all", small=True)
    encoder = models.parameters(zoo.resnet50(weights=None)) - 2048 * 1000 - 1000        # without the classifier
    assert models.parameters(net.encoder) == encoder == 23_508_032
    fit(Colorizer(net), smooth(2, size=16), regression_step, TrainingConfig(epochs=1, batch_size=2, lr=1e-3),
        device="cpu", progress=False)


@pytest.mark.parametrize("train", ["none", "deep"])
def test_a_checkpoint_leaves_out_what_is_imagenets_and_frozen_as_a_whole(train, monkeypatch, tmp_path):
    state = zoo.resnet18(weights=None).state_dict()
    monkeypatch.setattr(resnet_unet, "state_of", lambda weights, name: state)
    colorizer = Colorizer(ResNetUNet(18, train=train, small=True, width=4, first="summed", skip=train == "deep"))
    torch.nn.init.normal_(colorizer.net.decoder.last.weight)
    path = colorizer.save(tmp_path / "one.safetensors")
    assert (path.stat().st_size < 5e6) is (train == "none")
    L, again = 100 * torch.rand(1, 1, 16, 16), Colorizer.load(path)
    assert again.net.config == colorizer.net.config and torch.equal(again.predict(L), colorizer.predict(L))


@pytest.mark.parametrize(("wrong", "words"),
                         [({"depth": 101}, "101"), ({"weights": "places"}, "places"), ({"first": "red"}, "red"),
                          ({"train": "some"}, "some"), ({"width": 0}, "width")])
def test_settings_that_make_no_sense_are_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        ResNetUNet(**{"depth": 18, "weights": "none"} | wrong)


# the small one

@pytest.mark.parametrize("train", ["none", "all"])
def test_the_small_resnet_keeps_what_is_frozen(train):
    net = SmallResNetColorizer(width=4, train=train, rise=4)
    assert not net(torch.rand(2, 1, 12, 20)).any() and net.decoder.last.out_channels == 2
    before = {k: v.clone() for k, v in net.state_dict().items()}
    fit(Colorizer(net), smooth(16, size=16), regression_step, TrainingConfig(epochs=2, batch_size=8, lr=1e-2),
        device="cpu", progress=False)
    moved = {k for k, v in net.state_dict().items() if not torch.equal(v, before[k])}
    assert any(k.startswith("encoder.") for k in moved) is (train == "all")
    assert any(k.startswith("decoder.") for k in moved) and not any(k.startswith("encoder.last") for k in moved)


def test_the_small_resnet_is_built_again_and_saved(tmp_path):
    colorizer = Colorizer(SmallResNetColorizer(width=4, rise=4, skip=False, train="none"))
    torch.nn.init.normal_(colorizer.net.decoder.last.weight)
    L = 100 * torch.rand(1, 1, 16, 12)
    again = Colorizer.load(colorizer.save(tmp_path / "one.safetensors"))
    assert again.net.config == colorizer.net.config and torch.equal(again.predict(L), colorizer.predict(L))
    with pytest.raises(ValueError, match="expected train of none, all, got 'some'"):
        SmallResNetColorizer(train="some")
    with pytest.raises(ValueError, match="multiples of 4"):
        colorizer.net(torch.zeros(1, 1, 10, 12))


def test_three_blocks_answer_at_three_sizes_and_the_classifier_is_on_the_last():
    net = SmallResNet(1, 5, 4).eval()
    x = torch.rand(2, 1, 16, 24)
    seen = net.stages(x)
    assert [tuple(t.shape[1:]) for t in seen] == [(4, 16, 24), (8, 8, 12), (16, 4, 6)]
    torch.testing.assert_close(net(x), net.last(seen[-1].mean((2, 3))))
