"""Recipes hold the settings of their sources, build the networks they name, and train."""

import dataclasses

import pytest
import torch
import torchvision.models as zoo
from pictures import smooth

from colorlib import models
from colorlib.colorizer import Colorizer
from colorlib.experiments import recipes
from colorlib.experiments.recipes import ABLATIONS, RECIPES, SAME_TIME, TRANSFER, TRANSFER_IMAGES, fit_batch, get
from colorlib.image_classifier import ImageClassifier
from colorlib.models import dahl2016, resnet_unet
from colorlib.paths import CHECKPOINTS
from colorlib.targets import LabTarget, YuvTarget
from colorlib.train import absolute_error_step, blurred_error_step, gray_penalty_step
from colorlib.train_gan import gan_step

IMAGES = smooth(150, size=16)


@pytest.fixture(scope="module")
def made_up():
    """State dicts in the place of ImageNet's."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return {"VGG16": {f"features.{k}": t for k, t in models.Vgg16("none", pools=5).features.state_dict().items()},
                "ResNet-18": zoo.resnet18(weights=None).state_dict(),
                "ResNet-50": zoo.resnet50(weights=None).state_dict()}


@pytest.fixture(autouse=True)
def no_download(monkeypatch, made_up):
    for family in (dahl2016, resnet_unet):
        monkeypatch.setattr(family, "state_of", lambda weights, name: made_up[name])


EACH = pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))


def test_what_stands_beside_a_system_differs_from_it_in_the_named_part_alone():
    def parts(recipe):
        fields = ("net", "target", "step", "training", "gan", "start", "gpu_training")
        return {name: getattr(recipe, name) for name in fields}

    for name, base, changed in (("small-random-patchgan", "small-resnet-patchgan", {"start"}),
                                ("small-plain-patchgan", "small-resnet-patchgan", {"net"}),
                                ("dahl-residual-encoder-plain", "dahl-residual-encoder", {"step"})):
        one, other = parts(get(name)), parts(get(base))
        assert {part for part in one if one[part] != other[part]} == changed, name
    assert get("small-plain-patchgan").net == {"model": "small-resnet-colorizer", "skip": False, "train": "none"}


def test_koos_settings_are_those_of_his_section_5():
    recipe = get("koo-baseline")
    source = recipe.training_config("full", as_published=True)
    assert (source.epochs, source.batch_size, source.optimizer, source.lr, source.momentum, source.weight_decay,
            source.schedule) == (60, 128, "sgd", 1.0, 0.9, 0.0, "koo")
    published = recipe.build(0, IMAGES, as_published=True)
    assert isinstance(published.target, YuvTarget) and published.target.contrast
    _, y = published.encode(IMAGES.pixels)
    torch.testing.assert_close(y.std((0, 2, 3)), torch.ones(2), rtol=1e-3, atol=0)
    assert models.parameters(published.net) == 30_530
    history = recipes.fit_recipe(published, IMAGES, recipe.step, recipe.training_config("smoke", True), device="cpu",
                                 precision="no", progress=False)
    assert 0.5 < history["loss"][0] < 50                    # two channels of unit variance: about 2 for the mean


def test_koos_rate_trains_in_the_reading_that_averages_twice_and_not_as_printed():
    """Section 5.1 with equations 1 and 2; the first has no finite loss left after eight steps, the second falls."""
    images = smooth(8 * 128, size=8)
    averaged, printed = get("koo-baseline-averaged"), get("koo-baseline")
    config = averaged.training_config("long", epochs=1)
    assert averaged.training_config("long") == printed.training_config("full", as_published=True)
    assert printed.diverges and not averaged.diverges

    def train(recipe):
        return recipes.fit_recipe(recipe.build(0, images, True), images, recipe.make_step(0, True), config.replace(
            epochs=3 if recipe is averaged else 1), device="cpu", precision="no", progress=False)

    losses = train(averaged)["loss"]
    assert losses[-1] < losses[0] / 2
    with pytest.raises(FloatingPointError):
        train(printed)
    x, y = averaged.build(0, images).encode(images.pixels[:5])
    net = averaged.build(0, images).net
    torch.testing.assert_close(averaged.step(net, x, y), torch.nn.functional.mse_loss(net(x), y) / 5)


def test_nazeris_settings_are_those_of_the_paper():
    recipe = get("nazeri-unet")
    source = recipe.training_config("full", as_published=True)
    assert (source.epochs, source.batch_size) == (500, 128)
    assert (source.optimizer, source.lr, source.momentum, source.weight_decay) == ("adam", 5e-4, 0.5, 0.0)
    with torch.device("meta"):
        net = recipe.build(as_published=True).net
    assert len(net.down) == 5 and net.last.out_channels == 3
    assert recipe.published_target == LabTarget(channels=3)


@pytest.mark.parametrize("name", [name for name in RECIPES if name.startswith("delft") and "vgg" not in name])
def test_delfts_networks_have_the_settings_of_table_ii(name):
    recipe = get(name)
    source = recipe.published_training
    assert (source.batch_size, source.optimizer, source.lr, source.momentum) == (20, "adadelta", 1.0, 0.9)
    epochs = {"D1": 50, "D6": 50, "D8": 50, "D2": 28, "D10": 28, "D3": 30, "D4": 30}[recipe.code]
    # Table II names no penalty; it was tried on the regression.
    assert source.epochs == (50 if "gray-penalty" in name else epochs)
    target = recipe.build(0, IMAGES).target
    if name == "delft-compact-full-gray-penalty":
        assert target == LabTarget() and recipe.step is gray_penalty_step
    elif recipe.code in ("D1", "D6", "D8"):
        assert target.space == {"": "lab", "blur": "lab"}.get(
            variant := name.removeprefix("delft-compact").removeprefix("-full").removeprefix("-"), variant)
        assert target.blur == name.endswith("-blur") and target.cell == (1 if "-full" in name else 2)
    else:
        assert (target.k, target.sigma, len(target.bins)) == (10, 5.0, 261)
        assert len(target.weights) == (261 if recipe.code == "D10" else 0)


def test_delfts_networks_differ_only_in_the_named_property():
    nets = {name: recipe.net for name, recipe in RECIPES.items() if name.startswith("delft") and "vgg" not in name}
    plain = nets["delft-compact"]
    for name in nets:                                                       # as published: an answer for each pixel
        source = RECIPES[name].build(0, IMAGES, as_published=True)
        assert RECIPES[name].published_net == nets[name] | {"cell": 1}
        assert source.target == LabTarget() or source.target.cell == 1
    assert all(nets[name] == plain | {"cell": 1 if "-full" in name else 2} for name in nets if "dilated" not in name)
    dilated = {"dilated": True, "padding": "symmetric"}                     # section III.B, of dilated convolutions
    assert nets["delft-dilated"] == plain | dilated | {"concat": False}
    assert nets["delft-dilated-concat"] == plain | dilated
    assert len({str(RECIPES[name].training) for name in nets}) == 1


@pytest.mark.parametrize("published", [False, True])
def test_the_blurred_target_is_all_that_tells_the_two_regressions_at_full_resolution_apart(published):
    sharp, blurred = (get(f"delft-compact-full{end}").build(0, IMAGES, published) for end in ("", "-blur"))
    assert sharp.net.config == blurred.net.config and sharp.net.config["cell"] == 1
    assert dataclasses.replace(blurred.target, blur=0.0) == sharp.target
    (_, one), (_, other) = (colorizer.encode(IMAGES.pixels) for colorizer in (sharp, blurred))
    assert one.shape == other.shape == (150, 2, 16, 16) and other.var() < one.var()


@pytest.mark.parametrize("name", ["unet-classifier", "delft-classifier"])
def test_rebalancing_is_all_that_tells_the_two_classifiers_apart(name):
    plain, weighed = (get(one).build(0, IMAGES) for one in (name, f"{name}-rebalanced"))
    assert not plain.target.weights and len(weighed.target.weights) == 261
    assert dataclasses.replace(weighed.target, weights=()) == plain.target
    assert get(name).training == get(f"{name}-rebalanced").training


def test_koos_gan_has_the_settings_of_his_section_5_2():
    recipe = get("koo-gan")
    source, gan = recipe.published_training, recipe.published_gan
    assert (source.batch_size, source.optimizer, source.lr, source.schedule) == (128, "rmsprop", 1e-2, "koo")
    assert gan.training == source.replace(lr=1e-3) and source.epochs == 125
    assert (gan.config.margin, gan.config.loss, gan.config.l1) == (0.5, "saturating", 0)
    assert recipe.training.replace(epochs=125) == source and recipe.gan == gan


def test_nazeris_gan_has_the_settings_of_section_3_3():
    source, gan = get("nazeri-gan").published_training, get("nazeri-gan").published_gan
    assert (source.batch_size, source.epochs, source.optimizer, source.lr, source.momentum) == (128, 500, "adam", 5e-4,
                                                                                              0.5)
    assert (gan.config.loss, gan.config.l1, gan.config.real, gan.config.fake) == ("non-saturating", 100, 0.9, 0.0)


@pytest.mark.parametrize("published", [False, True])
def test_nazeris_generator_is_the_baseline_but_for_the_leak_of_its_encoder(published):
    """Section 3.2: the same architecture, with pools; strides are the proposal of section 5."""
    with torch.device("meta"):
        baseline, generator, strided = (get(name).build(0, as_published=published).net
                                        for name in ("nazeri-unet", "nazeri-gan-pooled", "nazeri-gan"))

    def shapes(net):
        return {name: t.shape for name, t in net.state_dict().items()}

    def slopes(part):
        return {m.negative_slope for m in part.modules() if isinstance(m, torch.nn.LeakyReLU)}

    assert shapes(generator) == shapes(baseline) != shapes(strided)
    assert isinstance(generator.pool, torch.nn.MaxPool2d) and not isinstance(strided.pool, torch.nn.MaxPool2d)
    assert slopes(generator.down) == {0.2} and not slopes(generator.merge) and not slopes(baseline)
    assert get("nazeri-gan").published_gan == get("nazeri-gan-pooled").published_gan


def test_the_two_stored_gans_that_are_compared_have_the_same_generator_and_losses():
    names = "perez-sigmoid-gan-l1", "perez-patchgan"
    whole, patches = (Colorizer.load(CHECKPOINTS / f"{name}.long.safetensors") for name in names)
    assert whole.net.config == patches.net.config == get("nazeri-gan").build(0).net.config
    assert get(names[0]).make_step(0).config == get(names[1]).make_step(0).config
    assert get(names[0]).training == get(names[1]).training


def test_perezs_gans_differ_in_the_discriminator_only_as_published():
    one, two = get("perez-sigmoid-gan"), get("perez-patchgan")
    assert one.published_training == two.published_training and one.published_net == two.published_net
    rules = one.published_gan.config
    assert (rules.real, rules.fake) == ((0.0, 0.49), (0.5, 0.99)) and rules.together
    assert one.published_training.batch_size == 16                                      # of 32 images G colors one half
    assert two.published_gan.config == rules and two.published_gan.training == one.published_gan.training
    assert (one.published_gan.net["model"], two.published_gan.net["model"]) == (
        "image-ab", "patch-ab")


def test_perezs_square_has_four_corners_each_with_and_without_lightness():
    """One answer or patches, with or without L1; "-ab" differs in what the discriminator gets alone."""
    for one in ("sigmoid-gan", "sigmoid-gan-l1", "patchgan", "patchgan-no-l1"):
        plain, alone = get(f"perez-{one}"), get(f"perez-{one}-ab")
        assert (alone.net, alone.training, alone.target) == (plain.net, plain.training, plain.target)
        assert (alone.gan.config, alone.gan.training) == (plain.gan.config, plain.gan.training)
        x, ab = torch.randn(2, 1, 32, 32), torch.randn(2, 2, 32, 32)
        with_gray, without = (recipe.make_step(0).net.eval() for recipe in (plain, alone))
        assert torch.equal(without(x, ab), without(-x, ab)) and not torch.equal(with_gray(x, ab), with_gray(-x, ab))
        assert {"l1": 100.0}.items() <= vars(plain.gan.config).items() or one in ("sigmoid-gan", "patchgan-no-l1")
        assert alone.training_config("long").batch_size == 16


def test_perez_shows_her_transfer_model_after_180_epochs_and_the_others_after_47():
    assert {name: get(name).training_config("full", True).epochs
            for name in ("perez-sigmoid-gan", "perez-patchgan", "perez-resnet50-patchgan")} == {
        "perez-sigmoid-gan": 47, "perez-patchgan": 47, "perez-resnet50-patchgan": 180}


@pytest.mark.parametrize("name", ["dahl-hypercolumn", "dahl-residual-encoder"])
def test_dahls_settings_are_those_of_his_article(name):
    recipe = get(name)
    source = recipe.published_training
    assert (source.optimizer, source.lr, source.momentum, source.weight_decay, source.schedule) == (
        "sgd", 0.1, 0.0, 0.0, "constant")
    assert source.batch_size == {"A1": 1, "A2": 6}[recipe.code] and recipe.step is blurred_error_step
    if recipe.code == "A2":
        assert 156_000 * 6 / 50_000 <= source.epochs < 156_000 * 6 / 50_000 + 1
    for published in (False, True):
        colorizer = recipe.build(0, as_published=published)
        assert colorizer.target == YuvTarget.unit_range() and colorizer.net.config["squash"]
        assert colorizer.net.config["weights"] == "imagenet" and not colorizer.net.config["tuned"]


def test_dahls_variants_change_the_named_part_alone():
    linear, five = get("dahl-linear"), get("dahl-residual-encoder-five")
    norm, last = linear.build(0).net.layers
    assert isinstance(norm, torch.nn.BatchNorm2d) and last.kernel_size == (1, 1) and last.in_channels == 963
    for variant, base, change in ((linear, get("dahl-hypercolumn"), {"hidden": ()}),
                                  (five, get("dahl-residual-encoder"), {"pools": 5})):
        assert variant.net == base.net | change and variant.published_net == base.published_net | change
        assert (variant.training, variant.published_training, variant.step) == (
            base.training, base.published_training, base.step)


def test_perezs_last_system_is_a_frozen_resnet_50_and_a_plain_decoder():
    recipe = get("perez-resnet50-patchgan")
    net = recipe.build(as_published=True).net
    assert net.config | {"depth": 50, "first": "stacked", "skip": False, "train": "none", "small": False} == net.config
    assert recipe.published_gan == get("perez-patchgan").published_gan
    pairs = zip((2048, 256, 128, 64), (256, 128, 64, 32))   # two convolutions with biases, two batch norms each
    expected = sum(9 * wide * width + 9 * width * width + 6 * width for wide, width in pairs)
    assert models.parameters(recipe.build(0, IMAGES).net) == expected + 9 * 32 * 16 + 3 * 16 + 16 * 2 + 2


def test_the_absolute_error_is_the_l1_of_a_gan():
    recipe = get("perez-patchgan")
    colorizer, step = recipe.build(0), recipe.make_step(0)
    x, y = colorizer.encode(smooth(4, size=32).pixels)
    alone = absolute_error_step(colorizer.train().net, x, y)
    none = [torch.optim.SGD(net.parameters(), 0.0) for net in (colorizer.net, step.net)]
    assert gan_step(colorizer.net, step.net, *none, x, y, step.config)["l1"].item() == pytest.approx(alone.item())


def test_the_small_encoder_starts_as_the_classifier_of_gray_images():
    recipe = get("small-resnet-patchgan")
    known = ImageClassifier.load(CHECKPOINTS / "encoder-cifar10.safetensors").net
    encoder = recipe.build(0).net.encoder
    assert all(torch.equal(t, known.state_dict()[name]) for name, t in encoder.state_dict().items())
    assert known.config["inputs"] == 1


@pytest.mark.parametrize("name", ["koo-gan", "nazeri-gan", "perez-sigmoid-gan", "perez-patchgan"])
def test_an_adversary_is_the_same_for_a_seed_and_new_each_time(name):
    one, again, other = (get(name).make_step(seed) for seed in (4, 4, 5))
    weights = [torch.cat([p.flatten() for p in step.net.parameters()]) for step in (one, again, other)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])
    assert one.net is not again.net


@pytest.mark.parametrize("name", ["dahl-hypercolumn", "dahl-residual-encoder", "delft-vgg16-classifier"])
def test_vgg16_sees_small_pictures_enlarged_and_large_ones_as_they_are(name, monkeypatch):
    row = get(name)
    monkeypatch.setitem(row.net, "weights", "none")
    enlarged = [row.build(0, smooth(2, size=side)).net.config["enlarge"] for side in (32, 64, 96)]
    assert enlarged == [2, 1, 1]


def test_a_number_of_epochs_stands_in_for_a_profile_that_a_recipe_has_not():
    row = get("delft-vgg16-classifier")
    assert "lesson" not in row.epochs and row.training_config("lesson", epochs=3) == row.training.replace(epochs=3)
    assert row.training_config("full", True, 3) == row.published_training.replace(epochs=3)
    assert row.training_config("full", True) == row.published_training
    with pytest.raises(ValueError, match="unknown profile 'lesson'"):
        row.training_config("lesson")
    with pytest.raises(ValueError, match="epochs"):
        row.training_config("lesson", epochs=0)


def test_rows_of_the_ablation_differ_from_their_base_in_the_game_or_the_networks_alone():
    for base in ("patch", "koo"):
        for name, row in ABLATIONS.items():
            if name.startswith(base) and row.gan:
                assert (row.training, row.epochs) == (ABLATIONS[base].training, ABLATIONS[base].epochs), name
    for row, base in (("patch", "perez-patchgan"), ("koo", "koo-gan")):
        one, other = ABLATIONS[row], RECIPES[base]
        assert (one.net, one.target, one.training, one.gan) == (other.net, other.target, other.training, other.gan)


def test_starts_differ_in_the_start_alone():
    others = ("small-gray-slow", "small-gray-fixed-norm")
    small = [row for name, row in TRANSFER.items() if name.startswith("small") and name not in others]
    vgg16 = [row for name, row in TRANSFER.items() if name.startswith("vgg")]
    for rows in (small, vgg16):
        assert len(rows) > 2 and len({str((row.start, row.net)) for row in rows}) == len(rows)
        assert len({str(row.training) + str(row.step) + str(row.target) + str(row.epochs) for row in rows}) == 1
        assert len({str({k: v for k, v in row.net.items() if k not in ("train", "weights", "tuned")})
                    for row in rows}) == 1
    assert [n * small[0].epochs[f"transfer-{n}"] for n in TRANSFER_IMAGES] == [10_000, 10_000, 10_000, 50_000]
    tuned, slow = TRANSFER["small-gray"], TRANSFER["small-gray-slow"]
    assert slow.training == tuned.training.replace(lr=tuned.training.lr / 10)
    assert (slow.start, slow.net, slow.step, slow.epochs) == (tuned.start, tuned.net, tuned.step, tuned.epochs)
    fixed = TRANSFER["small-gray-fixed-norm"]
    same = {field: getattr(tuned, field) for field in ("name", "title", "step", "changes")}
    assert dataclasses.replace(fixed, **same) == tuned


def test_batch_norm_can_be_fixed_while_the_weights_of_an_encoder_are_tuned():
    images = smooth(4, size=32)
    for name, moves in (("small-gray", True), ("small-gray-fixed-norm", False)):
        row = TRANSFER[name]
        colorizer = row.build(0, images)
        encoder = colorizer.net.train().encoder
        before = {key: value.clone() for key, value in encoder.state_dict().items()}
        row.make_step(0)(colorizer.net, *colorizer.encode(images.pixels)).backward()
        statistics = [key for key in before if key.endswith(("running_mean", "running_var"))]
        assert statistics
        assert any((encoder.state_dict()[key] != before[key]).any() for key in statistics) == moves
        assert all(weight.grad is not None for weight in encoder.stem.parameters())


@pytest.mark.parametrize("row", [*TRANSFER.values(), *ABLATIONS.values()], ids=[*TRANSFER, *ABLATIONS])
def test_a_row_that_is_compared_trains_a_step_with_the_same_settings_on_every_device(row):
    images, profile = smooth(4, size=32), min(row.epochs)
    config = row.training_config(profile).replace(batch_size=4, epochs=1)
    history = recipes.fit_recipe(row.build(0, images), images, row.make_step(0), config, device="cpu", progress=False)
    assert torch.isfinite(torch.tensor(history["loss"])).all() and get(row.name) is row
    assert all(row.training_config(one, device="cuda") == row.training_config(one) for one in row.epochs)
    for wrong, as_published in (("lesson", False), (profile, True)):
        with pytest.raises(ValueError, match="unknown profile|no source describes"):
            row.training_config(wrong, as_published)
    for make in (row.build, row.make_step):
        with pytest.raises(ValueError, match="no source describes"):
            make(as_published=True)


@EACH
def test_a_seed_is_the_same_weights_and_leaves_the_callers_random_numbers_alone(recipe):
    before = torch.get_rng_state()
    one, again, other = (recipe.build(seed, IMAGES).net.state_dict() for seed in (4, 4, 5))
    assert all(torch.equal(one[name], again[name]) for name in one)
    # One convolution that starts at zero, after frozen weights: there is nothing to draw.
    assert any(not torch.equal(one[name], other[name]) for name in one) or recipe.name == "dahl-linear"
    assert torch.equal(torch.get_rng_state(), before)


@EACH
def test_profiles_differ_in_epochs_only_and_full_is_the_sources_length(recipe):
    assert recipe.epochs.keys() - {"same-time", "same-pictures"} | {"lesson"} == {"smoke", "quick", "lesson", "full"}
    assert ("same-time" in recipe.epochs) == (recipe.name in SAME_TIME)
    for profile in recipe.epochs:
        assert recipe.training_config(profile) == recipe.training.replace(epochs=recipe.epochs[profile])
    if recipe.has_source:
        assert recipe.training_config("full", as_published=True) == recipe.published_training
        short = recipe.published_training.replace(epochs=recipe.epochs["smoke"])
        assert recipe.training_config("smoke", as_published=True) == short
    with pytest.raises(ValueError, match="fast"):
        recipe.training_config("fast")


@EACH
def test_on_a_cpu_batches_are_powers_of_two_and_rates_are_those_that_the_optimizer_bears(recipe):
    config = recipe.training
    assert config.batch_size in (32, 64, 128) and 0 < config.lr <= (0.1 if config.optimizer == "muon" else 0.01)
    for profile in recipe.epochs:
        for device in ("cpu", torch.device("cpu"), "mps"):
            assert recipe.training_config(profile, device=device) == config.replace(epochs=recipe.epochs[profile])


WITHOUT_LARGE_BATCH = ("generator-l1", "fast-unet")        # compared step for step with a GAN; fast as it is
@EACH
def test_on_a_large_gpu_the_batch_is_larger_and_the_rate_grows_with_its_square_root(recipe):
    assert bool(recipe.gpu_training) == (recipe.gan is None and recipe.name not in WITHOUT_LARGE_BATCH)
    for profile in recipe.epochs:
        on_cpu, on_gpu = (recipe.training_config(profile, device=device) for device in ("cpu", torch.device("cuda:0")))
        if recipe.gan or recipe.name in WITHOUT_LARGE_BATCH or profile not in ("lesson", "full"):
            assert on_gpu == on_cpu
            continue
        assert on_gpu == on_cpu.replace(**recipe.gpu_training)
        ratio = on_gpu.batch_size / on_cpu.batch_size
        assert on_cpu.optimizer == "adamw" and on_cpu.schedule == "onecycle" and ratio >= 4
        assert on_gpu.lr == pytest.approx(min(0.02, on_cpu.lr * ratio**0.5), rel=0.05)
        assert on_gpu.epochs * 50_000 // on_gpu.batch_size >= 300           # enough steps to learn anything
    if recipe.has_source:
        assert recipe.training_config("full", True, device="cuda") == recipe.published_training


@EACH
def test_a_recipe_trains_saves_and_colors(recipe, tmp_path):
    colorizer = recipe.build(0, IMAGES)
    recipes.fit_recipe(colorizer, IMAGES, recipe.make_step(0, size=16), recipe.training_config("smoke"), device="cpu",
                       precision="no", progress=False)
    loaded = Colorizer.load(colorizer.save(tmp_path / "one.safetensors"))
    assert loaded.colorize(IMAGES.pixels[0, :, :13, :15]).shape == (3, 13, 15)


@pytest.mark.parametrize("name, published", [
    ("koo-baseline", True), ("unet-classifier-rebalanced", False), ("delft-compact-hsv", False)])
def test_targets_that_are_fitted_need_images(name, published):
    with pytest.raises(ValueError, match="give images"):
        get(name).build(0, as_published=published)


def test_an_unknown_recipe_is_named():
    with pytest.raises(ValueError, match="vgg"):
        recipes.get("vgg")


def test_few_pictures_train_in_smaller_batches_and_too_few_are_refused():
    config = get("nazeri-unet").training_config("quick")
    assert fit_batch(config, 5000) is config
    assert fit_batch(config, 20).batch_size == 5 and fit_batch(config, 36, 36).batch_size == 36
    for images, batch_size in ((2, None), (36, 37), (36, 0)):
        with pytest.raises(ValueError, match="too few to train on|a batch can have 1 to 36"):
            fit_batch(config, images, batch_size)


def test_a_discriminator_takes_pictures_as_the_generator_gets_them_or_refuses_their_size():
    assert get("nazeri-gan").make_step(size=60).net.size == 64
    for name, larger in (("nazeri-gan", 57), ("koo-gan", 56)):
        with pytest.raises(ValueError, match=f"no images of 50 pixels; the next larger size that it takes is {larger}"):
            get(name).make_step(size=50)


def test_the_networks_that_trainings_start_from_are_in_the_package():
    starts = {recipe.start for recipe in recipes.ALL.values() if recipe.start}
    assert starts and all((CHECKPOINTS / f"{name}.safetensors").exists() for name in starts)
