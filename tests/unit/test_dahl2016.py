"""Networks on top of VGG16: torchvision's tensors, the right sizes, weights that are found or named as missing."""

import shutil
import socket
from urllib.error import URLError

import cv2
import pytest
import torch
from filelock import FileLock, Timeout
from pictures import smooth
from torch import nn
from torchvision.models import VGG16_Weights, vgg16

from colorlib import losses, models
from colorlib.colorizer import Colorizer
from colorlib.data.storage import DataUnavailable, offline
from colorlib.models import Hypercolumns, ResidualEncoder, Vgg16, VggClassifier, dahl2016, pretrained
from colorlib.targets import ColorBinsTarget, LabTarget, YuvTarget
from colorlib.train import TrainingConfig, blurred_error_step, fit


def randomized(net):
    """The network with a random last layer, which would start at zero, so that its outputs depend on its inputs."""
    last = net.layers[-1] if isinstance(net, Hypercolumns) else net.last
    nn.init.normal_(last.weight)
    return net


NETS = {"hypercolumns": Hypercolumns, "residual": ResidualEncoder, "classifier": VggClassifier}
each = pytest.mark.parametrize("name", NETS)
THERE = pretrained.file_of(VGG16_Weights.IMAGENET1K_FEATURES).exists()


@pytest.fixture
def imagenet(monkeypatch):
    """Made-up weights in the place of ImageNet's, the same each time."""
    torch.manual_seed(7)
    state = {f"features.{name}": 0.1 * torch.randn_like(t) for name, t in Vgg16("none").features.state_dict().items()}
    monkeypatch.setattr(dahl2016, "state_of", lambda weights, name: state)
    return state


def theirs(state):
    """torchvision's own features with a state dict."""
    with torch.device("meta"):
        features = vgg16(weights=None).features
    features.to_empty(device="cpu")
    own = features.state_dict()
    features.load_state_dict(own | {name: t for name, t in state.items() if name in own})
    return features.eval()


def check_against_torchvision(encoder, state, pools=4):
    x = torch.rand(2, 1, 32, 48)
    about = VGG16_Weights.IMAGENET1K_FEATURES.transforms()
    t = x.expand(-1, 3, -1, -1)
    t = (t - torch.tensor(about.mean).view(3, 1, 1)) / torch.tensor(about.std).view(3, 1, 1)
    seen, expected = encoder(2 * x - 1), [t]
    for layer in theirs(state):
        if isinstance(layer, nn.MaxPool2d):
            expected.append(t.clone())                                      # what is before each pool
        t = layer(t)
    for one, other in zip(seen, expected[:1 + pools], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-3)


def test_the_tensors_are_those_before_torchvisions_first_four_pools():
    encoder = Vgg16("none")
    check_against_torchvision(encoder, encoder.features.state_dict())


def test_with_five_pools_the_last_tensor_comes_too_and_the_residual_encoder_starts_there():
    encoder = Vgg16("none", pools=5)
    check_against_torchvision(encoder, encoder.features.state_dict(), pools=5)
    torch.manual_seed(0)
    net = randomized(ResidualEncoder(weights="none", pools=5)).eval()
    x, dark = torch.rand(1, 1, 32, 48), []
    assert net.multiple == 16 and net(x).shape == (1, 2, 32, 48)
    for gain in (0.0, 1.0):                                                 # the deepest tensor changes the answer
        net.narrow[0][1].weight.data.fill_(gain)
        dark.append(net(x))
    assert not torch.allclose(*dark)
    again = models.build(net.config)
    assert again.config == net.config and "pools" not in ResidualEncoder(weights="none").config
    with pytest.raises(ValueError, match="4 or 5"):
        Vgg16("none", pools=6)


@pytest.mark.skipif(not THERE, reason="VGG16's ImageNet weights are not in torch's cache")
def test_with_imagenets_weights_too():
    state = pretrained.state_of(VGG16_Weights.IMAGENET1K_FEATURES, "VGG16")
    assert float(state["features.0.weight"][0, 2, 0, 0]) == pytest.approx(0.42947057, abs=1e-6)
    check_against_torchvision(Vgg16(), {name.removeprefix("features."): t for name, t in state.items()})


def test_a_hypercolumn_has_963_numbers_and_begins_with_the_pixel_itself():
    net, x = Hypercolumns(weights="none"), 2 * torch.rand(2, 1, 16, 24) - 1
    columns = net.columns(x)
    assert columns.shape == (2, 963, 16, 24)
    torch.testing.assert_close(columns[:, :3], net.encoder(x)[0])


def test_an_answer_sees_as_much_of_the_picture_as_the_textbooks_say():
    layers = Vgg16("none", pools=5).features
    assert [models.receptive_field(layers[:cut + 1]) for cut in dahl2016.CUTS] == [5, 14, 40, 92, 196]
    nested = nn.Sequential(nn.Conv2d(1, 1, 3, dilation=4), nn.Sequential(nn.ReLU(), nn.Conv2d(1, 1, 3, stride=2)))
    assert models.receptive_field(nested) == 11                             # 9 pixels and one more on each side


def test_predicting_takes_as_many_pictures_at_once_as_their_columns_have_room():
    for enlarge in (1, 2):
        colorizer, sizes = Colorizer(Hypercolumns(weights="none", enlarge=enlarge), YuvTarget.unit_range()), []
        assert colorizer.net.max_pixels * enlarge ** 2 == 2 ** 16              # columns
        colorizer.net.max_pixels = 1000                                        # pixels
        colorizer.net.register_forward_pre_hook(lambda net, given, sizes=sizes: sizes.append(len(given[0])))
        for side, expected in ((8, [15, 5]), (40, [1, 1])):
            sizes.clear()
            colorizer.predict(torch.full((sum(expected), 1, side, side), 50.0))
            assert sizes == expected


def test_the_heads_have_the_widths_that_dahl_gives_and_no_biases_but_the_last():
    def targets(net):
        return sum(p.numel() for name, p in net.named_parameters() if not name.startswith("encoder."))
    bn = 2                                                                  # numbers a channel of batch norm, one bias
    assert targets(Hypercolumns(weights="none", hidden=())) == bn * 963 + 963 * 2 + 2
    two = bn * 963 + (963 * 9 + bn) * 128 + (128 * 9 + bn) * 64 + 64 * 9 * 2 + 2
    assert targets(Hypercolumns(weights="none")) == two
    steps = ((512, 256), (256, 128), (128, 64), (64, 3))
    expected = sum((wide + bn) * narrow + (narrow * 9 + bn) * narrow for wide, narrow in steps)
    assert targets(ResidualEncoder(weights="none")) == expected + bn * (3 + 64 + 128 + 256 + 512) + 3 * 9 * 2 + 2


@each
def test_an_answer_has_the_size_of_the_image(name):
    net = randomized(NETS[name](weights="none")).eval()
    y = net(2 * torch.rand(2, 1, 16, 24) - 1)
    assert y.shape == ((2, 261, 8, 12) if name == "classifier" else (2, 2, 16, 24)) and y.std() > 0
    assert name == "classifier" or (0 <= y.min() and y.max() <= 1)                  # a sigmoid (Dahl 2016)
    again = models.build(net.config)
    assert type(again) is type(net) and again.config == net.config
    if name != "classifier":                                                        # untrained, it answers gray
        output = again.eval()(2 * torch.rand(1, 1, 16, 24) - 1)
        uv = YuvTarget.unit_range().decode(output, torch.full((1, 1, 16, 24), 50.0))
        assert torch.equal(output, torch.full_like(output, 0.5)) and uv.abs().max() < 0.01
    with pytest.raises(ValueError, match="multiples of 8"):
        net(torch.zeros(1, 1, 12, 16))


@each
@pytest.mark.parametrize("tuned", [False, True])
def test_frozen_weights_stay_and_tuned_ones_move(name, tuned):
    colorizer = colorizer_of(name, tuned=tuned)
    before = {k: v.clone() for k, v in colorizer.net.state_dict().items()}
    step = blurred_error_step if name != "classifier" else lambda net, x, y: net(x).square().mean()
    config = TrainingConfig(epochs=1, batch_size=4, lr=1e-3, weight_decay=0.0)
    fit(colorizer, smooth(8, size=16), step, config, device="cpu", progress=False)
    moved = {k for k, v in colorizer.net.state_dict().items() if not torch.equal(v, before[k])}
    assert any(k.startswith("encoder.") for k in moved) is tuned and any(not k.startswith("encoder.") for k in moved)
    frozen = [p for p in colorizer.net.encoder.parameters() if not p.requires_grad]
    assert len(frozen) == (0 if tuned else 20)


def colorizer_of(name, **settings):
    target = ColorBinsTarget(cell=2) if name == "classifier" else YuvTarget.unit_range()
    return Colorizer(randomized(NETS[name](weights=settings.pop("weights", "none"), **settings)), target)


@each
@pytest.mark.parametrize("tuned", [False, True])
def test_a_checkpoint_leaves_out_frozen_weights_of_imagenet_and_nothing_else(name, tuned, imagenet, tmp_path):
    for weights in ("imagenet", "none"):
        colorizer = colorizer_of(name, tuned=tuned, weights=weights)
        path = colorizer.save(tmp_path / f"{weights}.safetensors")
        assert (path.stat().st_size < 8e6) is (weights == "imagenet" and not tuned)
        again, L = Colorizer.load(path), 100 * torch.rand(1, 1, 16, 16)
        assert torch.equal(again.predict(L), colorizer.predict(L))
        assert again.net.config == colorizer.net.config


def unreachable(*_, **__):
    raise URLError("no network")


@each
@pytest.mark.parametrize("tuned", [False, True])
def test_a_checkpoint_asks_for_imagenets_weights_only_if_it_lacks_them(name, tuned, cache, monkeypatch, tmp_path):
    with monkeypatch.context() as there:
        state = {f"features.{key}": t for key, t in Vgg16("none").features.state_dict().items()}
        there.setattr(dahl2016, "state_of", lambda weights, name: state)
        path = colorizer_of(name, tuned=tuned, weights="imagenet").save(tmp_path / "one.safetensors")
    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    if tuned:
        assert Colorizer.load(path).net.config["weights"] == "imagenet"
    else:
        with pytest.raises(DataUnavailable, match="are not here"):
            Colorizer.load(path)
        monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *_, **__: pytest.fail("tried"))
        with pytest.raises(DataUnavailable, match=r"are not here, and no download was tried\. Either"):
            Colorizer.load(path, fetch=False)
        assert not offline()                                                # only meanwhile


@each
def test_an_image_may_be_enlarged_for_vgg16_and_the_answer_keeps_its_size(name):
    net, x = NETS[name](weights="none", enlarge=2).eval(), 2 * torch.rand(2, 1, 16, 24) - 1
    assert net(x).shape == ((2, 261, 8, 12) if name == "classifier" else (2, 2, 16, 24))
    assert net.multiple == (4 if name == "classifier" else 8)
    seen = []
    net.encoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    net(x)
    torch.testing.assert_close(seen[0], nn.functional.interpolate(x, scale_factor=2, mode="bilinear"))
    large = torch.zeros(1, 1, 64, 72)
    net(large)
    assert seen[1].shape[-2:] == ((128, 144) if name == "classifier" else (64, 72))
    with pytest.raises(ValueError, match=f"multiples of {net.multiple}"):
        net(torch.zeros(1, 1, 10, 16))
    with pytest.raises(ValueError, match="enlarge must be 1 or 2, got 3"):
        NETS[name](weights="none", enlarge=3)


def test_a_sigmoid_answers_in_the_range_that_its_head_wants():
    target = YuvTarget.unit_range()
    corners = torch.cartesian_prod(*3 * [torch.tensor([0.0, 1.0])]).T.view(1, 3, 2, 4)
    _, y = target.encode(corners)
    assert target.unit and y.amin((0, 2, 3)).abs().max() < 2e-3 and (1 - y.amax((0, 2, 3))).abs().max() < 2e-3
    for other in (LabTarget(), YuvTarget(), ColorBinsTarget(cell=1)):
        with pytest.raises(ValueError, match="ends in a sigmoid|needs"):
            Colorizer(Hypercolumns(outputs=other.outputs, weights="none"), other)
    Colorizer(Hypercolumns(weights="none", squash=False), LabTarget())


@pytest.mark.parametrize("make", [lambda: Vgg16("places"), lambda: VggClassifier(weights="none", cell=4),
                                  lambda: VggClassifier(weights="none", width=0)])
def test_settings_that_make_no_sense_are_refused(make):
    with pytest.raises(ValueError, match="places|cell 1 or 2"):
        make()


# weights

@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of torch's; the file that torchvision looks for."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setenv("COLORLIB_DATA", str(tmp_path / "data"))
    file = pretrained.file_of(VGG16_Weights.IMAGENET1K_FEATURES)
    assert tmp_path in file.parents
    file.parent.mkdir(parents=True)
    return file


def wrong_file(url, dst, *_, **__):
    raise RuntimeError("invalid hash value")                                # torch's words; nothing is left


def test_weights_that_cannot_be_had_are_one_message_with_every_way(cache, monkeypatch):
    for fetch in (unreachable, wrong_file):
        monkeypatch.setattr(torch.hub, "download_url_to_file", fetch)
        with pytest.raises(DataUnavailable, match="cannot be reached|a cut connection") as found:
            Vgg16()
        assert all(way in str(found.value) for way in (str(cache), 'weights="none"'))
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *_, **__: pytest.fail("tried"))
    with monkeypatch.context() as offline:
        offline.setenv("COLORLIB_OFFLINE", "1")
        with pytest.raises(DataUnavailable, match="COLORLIB_OFFLINE"):
            Vgg16()
    shutil.rmtree(cache.parent)
    cache.parent.write_text("a file in the way")
    with pytest.raises(DataUnavailable, match="cannot write to .*TORCH_HOME"):
        Vgg16()


class Trap:
    def __reduce__(self):
        return pytest.fail, ("the trap went off",)


@pytest.mark.parametrize("content", [b"", b"no weights at all", b"PK\x03\x04 cut off", {"features.0.weight": Trap()},
                                     {f"features.{name}": t[:, :1] if t.ndim == 4 else t
                                      for name, t in Vgg16("none").features.state_dict().items()}],
                         ids=["empty", "text", "cut", "trap", "other shapes"])
def test_a_file_that_holds_no_weights_is_named_and_not_run(cache, content):
    cache.write_bytes(content) if isinstance(content, bytes) else torch.save(content, cache)
    with pytest.raises(ValueError, match="damaged or no file of weights|these are no weights of VGG16") as found:
        Vgg16()
    assert str(cache) in str(found.value) or "VGG16" in str(found.value)


def test_one_process_fetches_with_patience_that_ends(cache, monkeypatch):
    """While it fetches, the lock is held and a silent host has half a minute; afterwards all is as it was."""
    found = {}
    def fetch(url, dst, *_, **__):
        found["patience"] = socket.getdefaulttimeout()
        with pytest.raises(Timeout):
            FileLock(cache.parent / f"{cache.stem}.lock").acquire(timeout=0.01)
        torch.save({f"features.{name}": t for name, t in Vgg16("none").features.state_dict().items()}, dst)
    monkeypatch.setattr(torch.hub, "download_url_to_file", fetch)
    Vgg16()
    assert found["patience"] == pretrained.TIMEOUT and socket.getdefaulttimeout() is None
    FileLock(cache.parent / f"{cache.stem}.lock").acquire(timeout=0.01).lock.release()


def test_other_weights_in_the_cache_than_those_it_was_trained_with_are_noticed(imagenet, tmp_path):
    path = colorizer_of("hypercolumns", weights="imagenet").save(tmp_path / "one.safetensors")
    Colorizer.load(path)
    imagenet["features.5.bias"] += 1
    with pytest.raises(ValueError, match="other weights"):
        Colorizer.load(path)


# the loss

def test_dahls_loss_is_the_mean_of_three_distances_two_of_them_blurred():
    torch.manual_seed(0)
    one, other = torch.rand(3, 2, 12, 14), torch.rand(3, 2, 12, 14)
    difference = (one - other).permute(0, 2, 3, 1).numpy()
    blurred = [torch.from_numpy(cv2.GaussianBlur(d, (size, size), sigma, borderType=cv2.BORDER_REFLECT_101))
               for size, sigma in ((3, 0.8), (5, 1.1)) for d in difference]
    expected = [(one - other).square().sum(1).mean()] + [
        torch.stack(part).square().sum(-1).mean() for part in (blurred[:3], blurred[3:])]
    assert float(losses.blurred_squared_error(one, other)) == pytest.approx(float(sum(expected) / 3), rel=1e-3)
    with pytest.raises(ValueError, match="shapes differ"):
        losses.blurred_squared_error(one, other[:1])


def test_a_norm_of_vgg_keeps_variances_that_exceed_float16():
    """Up to 65,504 fit into float16; VGG16's tensors have more, and an infinite variance would make them zero."""
    norm = dahl2016.StageNorm(2).eval()
    norm.running_var.fill_(1e6)
    x = 3000 * torch.randn(1, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    expected = norm(x)
    half = norm.half()(x.half())
    assert half.dtype == torch.float16 and norm.running_var.dtype == torch.float32
    torch.testing.assert_close(half.float(), expected, atol=0.01, rtol=0.01)
