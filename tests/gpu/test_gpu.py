"""What an NVIDIA GPU must do as a processor does. `make test-gpu` runs these, and fails where there is no GPU."""

import itertools
import json

import pytest
import running
import torch

from colorlib import color
from colorlib.data import datasets
from colorlib.evaluate import evaluate
from colorlib.experiments.recipes import get
from colorlib.hardware import best_precision, select_device
from colorlib.train import fit, regression_step
from colorlib.train_gan import fit_gan, gan_step
from colorlib.training_run import TrainingRun

pytestmark = pytest.mark.gpu

DEVICE = "cuda"
SPACES = ["rgb_to_lab", "rgb_to_linear", "rgb_to_yuv", "rgb_to_ycbcr", "rgb_to_hsv", "luma", "lightness"]


@pytest.fixture(scope="module")
def images():
    """512 generated fruits, on the processor."""
    return datasets.load_painted_fruit("train", n=512)


def test_auto_means_the_gpu():
    assert select_device("auto").type == DEVICE
    assert best_precision(select_device("auto")) in ("bf16", "fp16")


@pytest.mark.parametrize("name", SPACES)
def test_colors_on_the_gpu_equal_those_on_the_processor(images, name):
    convert = getattr(color, name)
    pixels = images.pixels[:64]
    there = convert(pixels.to(DEVICE))
    assert there.device.type == DEVICE
    torch.testing.assert_close(there.cpu(), convert(pixels), rtol=1e-4, atol=2e-3 if "lab" in name else 2e-4)


def test_every_256th_color_goes_to_lab_and_back_without_a_wrong_byte():
    code = torch.arange(0, 2**24, 256 - 1, device=DEVICE)
    rgb = torch.stack([code >> 16, code >> 8 & 255, code & 255]).to(torch.uint8)[None, :, None]  # 1 3 1 P
    assert torch.equal(color.to_uint8(color.lab_to_rgb(color.rgb_to_lab(rgb))), rgb)


def test_batches_on_the_gpu_are_those_of_the_processor(images):
    here = list(images.batches(100, seed=3, flip=True))
    there = list(images.to(DEVICE).batches(100, seed=3, flip=True))
    assert all(b.device.type == DEVICE for b in there)
    assert all(torch.equal(a, b.cpu()) for a, b in zip(here, there, strict=True))


@pytest.mark.parametrize("name", ["koo-baseline", "nazeri-unet"])
def test_training_on_the_gpu_learns(images, name):
    recipe = get(name)
    colorizer = recipe.build(seed=0, images=images)
    history = fit(colorizer, images, regression_step, recipe.training_config("smoke").replace(epochs=6), progress=False)
    assert colorizer.device.type == DEVICE
    assert history["loss"][-1] < 0.8 * history["loss"][0]
    assert all(p.isfinite().all() for p in colorizer.parameters())


def test_a_training_stopped_on_the_gpu_goes_on_from_its_checkpoint(images, tmp_path):
    recipe, kept = get("koo-baseline"), tmp_path / "k1.safetensors"
    settings, count = recipe.training_config("smoke").replace(epochs=3), itertools.count()

    def stop_in_the_third_epoch(net, x, y):
        if next(count) >= 2 * (len(images) // settings.batch_size):
            raise KeyboardInterrupt
        return regression_step(net, x, y)

    first = fit(recipe.build(0), images, stop_in_the_third_epoch, settings, checkpoint=kept, progress=False)
    assert first.interrupted and len(first.epochs) == 2
    colorizer = recipe.build(1)
    whole = fit(colorizer, images, regression_step, settings, checkpoint=kept, progress=False)
    assert whole.epochs[:2] == first.epochs and len(whole.epochs) == 3


def test_a_colorizer_answers_the_same_on_both(images, tmp_path):
    colorizer = get("nazeri-unet").build(seed=0)
    fit(colorizer, images, regression_step, get("nazeri-unet").training_config("smoke"), progress=False)
    path = colorizer.save(tmp_path / "unet.safetensors")
    there, here = (type(colorizer).load(path, device) for device in (DEVICE, "cpu"))
    L = color.lightness(images.pixels[:32])
    torch.testing.assert_close(there.predict(L.to(DEVICE)).cpu(), here.predict(L), rtol=1e-2, atol=0.1)
    mean = images.ab_mean()
    one, other = evaluate(there, images.to(DEVICE), mean), evaluate(here, images, mean)
    assert one == pytest.approx(other, rel=5e-3)


@pytest.mark.parametrize("path", running.NOTEBOOKS, ids=running.name)
def test_the_notebook_runs_on_the_gpu_by_nbval(path, notebook_runs):
    done, _ = notebook_runs.result(path, "nbval")
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.parametrize("path", running.NOTEBOOKS, ids=running.name)
def test_the_notebook_runs_on_the_gpu_by_papermill(path, notebook_runs):
    done, out = notebook_runs.result(path, "papermill")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    record = json.loads((out / "records" / f"{path.stem[:2]}.smoke.json").read_text(encoding="utf-8"))
    assert "cuda" in record["device"]


@pytest.mark.parametrize("name", ["nazeri-gan", "perez-sigmoid-gan", "perez-patchgan"])
def test_a_gan_trains_on_the_gpu(images, name):
    recipe = get(name)
    colorizer, step = recipe.build(seed=0, images=images), recipe.make_step(seed=0)
    history = fit_gan(colorizer, images, step, recipe.training_config("smoke").replace(epochs=2), progress=False)
    assert next(step.net.parameters()).device.type == DEVICE and history["loss"][-1] == history["loss"][-1]
    assert all(p.isfinite().all() for net in (colorizer, step.net) for p in net.parameters())


@pytest.mark.parametrize("name", ["koo-baseline", "unet-classifier"])
def test_compiled_a_recipe_comes_to_the_losses_that_it_comes_to_without(images, name):
    recipe = get(name)
    config = recipe.training_config("smoke").replace(epochs=3)

    def losses(compiled):
        return fit(recipe.build(0, images), images, recipe.step, config, compiled=compiled, progress=False)["loss"]

    assert losses(True) == pytest.approx(losses(False), rel=2e-2)


def test_a_margin_rule_is_decided_without_waiting_for_the_gpu(images):
    """torch counts every wait for the device as an error here; the epoch's end is one."""
    recipe = get("koo-gan")
    colorizer, adversary = recipe.build(0, images), recipe.make_step(0)
    with TrainingRun(recipe.training_config("smoke"), progress=False) as run:
        generator = run.add_network("", colorizer.net, adversary.training, 4)
        discriminator = run.add_network("discriminator.", adversary.net, adversary.training, 4)
        x, y = colorizer.encode(images.pixels[:32].to(DEVICE))
        torch.cuda.set_sync_debug_mode("error")
        try:
            metrics = gan_step(generator.net, discriminator.net, generator.optimizer, discriminator.optimizer, x, y,
                               adversary.config, run=run)
        finally:
            torch.cuda.set_sync_debug_mode("default")
    assert all(value.isfinite() for value in metrics.values())


@pytest.mark.parametrize(("name", "limit"), [("koo-baseline", 0.5), ("nazeri-unet", 1.5)])
def test_seconds_of_an_epoch_of_cifar10(name, limit, cifar, measured):
    """On an H100 or better; elsewhere the number is only noted."""
    recipe, train = get(name), cifar[0].to(DEVICE)
    config = recipe.training_config("lesson", device=DEVICE).replace(epochs=6)
    history = fit(recipe.build(0, train), train, recipe.step, config, progress=False)
    seconds = min(history["seconds"][1:])  # the first epoch compiles
    measured(seconds_per_epoch=round(seconds, 3), batch_size=config.batch_size)
    if torch.cuda.get_device_capability() >= (9, 0):
        assert seconds <= limit
