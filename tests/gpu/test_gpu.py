"""What an NVIDIA GPU must do as a processor does. `make test-gpu` runs these, and fails where there is no GPU."""

import itertools

import pytest
import running
import torch

from colorlib import color, metrics
from colorlib.data import datasets
from colorlib.experiments.recipes import get
from colorlib.hardware import best_precision, select_device
from colorlib.train import fit, regression_step
from tools.run import run_one

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
    one, other = metrics.evaluate(there, images.to(DEVICE), mean), metrics.evaluate(here, images, mean)
    assert one == pytest.approx(other, rel=5e-3)


@pytest.mark.parametrize("path", running.NOTEBOOKS, ids=running.name)
def test_the_notebook_runs_on_the_gpu_by_nbval(path, tmp_path):
    done = running.nbval(path, tmp_path, COLORLIB_PROFILE="smoke", COLORLIB_DEVICE=DEVICE)
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.parametrize("path", running.NOTEBOOKS, ids=running.name)
def test_the_notebook_runs_on_the_gpu_by_papermill(path, tmp_path):
    one = run_one(path, tmp_path, running.PARAMETERS | {"DEVICE": DEVICE})
    assert not one.error
    assert "cpu" not in one.record["device"].lower()


@pytest.mark.parametrize("name", ["nazeri-gan", "perez-sigmoid-gan", "perez-patchgan"])
def test_a_gan_trains_on_the_gpu(images, name):
    recipe = get(name)
    colorizer, step = recipe.build(seed=0, images=images), recipe.make_step(seed=0)
    history = fit(colorizer, images, step, recipe.training_config("smoke").replace(epochs=2), progress=False)
    assert next(step.net.parameters()).device.type == DEVICE and history["loss"][-1] == history["loss"][-1]
    assert all(p.isfinite().all() for net in (colorizer, step.net) for p in net.parameters())
