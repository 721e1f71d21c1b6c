"""The sampler of whole pictures: its walk, its noise, and what it learns where the answer is known."""
import nbformat
import pytest
import torch

from colorlib.colorizer import Colorizer
from colorlib.experiments import budgets, recipes
from colorlib.models import DenoisingUNet
from colorlib.models.denoising_unet import embed_time, step_times
from colorlib.paths import project_root
from colorlib.targets import LabTarget
from colorlib.train import denoising_step, early_denoising_step


@pytest.fixture
def net():
    torch.manual_seed(0)
    net = DenoisingUNet((8, 16), steps=4)
    torch.nn.init.normal_(net.last.weight, std=0.1)  # else it paints gray until it is trained
    return net.eval()


@pytest.fixture
def gray():
    return 2 * torch.rand(3, 1, 16, 24, generator=torch.Generator().manual_seed(1)) - 1


def test_the_walk_ends_at_the_last_mean_and_one_step_is_the_mean_at_time_0(net, gray):
    noise = torch.randn(3, 2, 16, 24)
    first = net(gray, noise, torch.zeros(3))
    assert torch.allclose(net.sample(gray, noise, steps=1), first, atol=1e-6)
    here = noise
    for now, then in ((0.0, 0.25), (0.25, 1.0)):  # squares of 0, 1/2 and 1
        velocity = (net(gray, here, torch.full((3,), now)) - here) / (1 - now)
        here = here + (then - now) * velocity
    assert torch.allclose(net.sample(gray, noise, steps=2), here, atol=1e-5)


def test_times_begin_at_0_end_at_1_and_their_steps_grow():
    times = torch.tensor(step_times(20))
    assert times[0] == 0 and times[-1] == 1 and len(times) == 21
    assert (times.diff().diff() > 0).all()


def test_a_picture_has_noise_of_its_own_whatever_else_is_in_the_batch(net, gray):
    with torch.no_grad():
        together, alone = net(gray), torch.cat([net(one[None]) for one in gray])
        assert torch.allclose(together, alone, atol=1e-5)
        assert not torch.allclose(together[0], net(gray.flip(0))[0], atol=1e-2)
        net.train()
        assert not torch.allclose(net(gray), net(gray), atol=1e-2)  # in training, drawn anew


def test_it_works_as_any_other_network_of_a_colorizer(net, tmp_path):
    colorizer = Colorizer(net, LabTarget())
    L = 100 * torch.rand(2, 1, 17, 21)  # padded to multiples of 4
    ab = colorizer.predict(L)
    assert ab.shape == (2, 2, 17, 21) and ab.std() > 1
    loaded = Colorizer.load(colorizer.save(tmp_path / "sampler.safetensors"))
    assert torch.allclose(loaded.predict(L), ab, atol=1e-3)


@pytest.mark.parametrize("bad", [{"widths": ()}, {"widths": (12,)}, {"steps": 0}, {"widths": (8,) * 9}])
def test_senseless_settings_are_refused(bad):
    with pytest.raises(ValueError, match="widths"):
        DenoisingUNet(**bad)


def test_times_are_told_apart():
    embedded = embed_time(torch.linspace(0, 1, 50))
    assert embedded.shape == (50, 32) and torch.cdist(embedded, embedded).add(torch.eye(50)).min() > 0.05


@pytest.mark.parametrize(("step", "median", "decisive"), [
    (denoising_step, 0.25, 0.16 ** 0.5 - 0.02 ** 0.5), (early_denoising_step, 0.0911, 0.549)])
def test_the_times_of_a_training(step, median, decisive):
    """Squares of even numbers; and logit-normal ones, more than half where an apple's color is decided."""
    seen = []

    def net(gray, noisy, time):
        seen.append(time)
        return noisy

    torch.manual_seed(0)
    step(net, torch.zeros(400_000, 1, 2, 2), torch.zeros(400_000, 2, 2, 2))
    times = seen[0]
    assert times.shape == (400_000,) and 0 <= times.min() and times.max() <= 1
    assert abs(float(times.median()) - median) < 0.002
    assert abs(float(((times > 0.02) & (times < 0.16)).float().mean()) - decisive) < 0.005


@pytest.mark.parametrize("step", [denoising_step, early_denoising_step])
def test_a_step_mixes_noise_and_colors_by_the_time_and_takes_the_distance_to_the_colors(step):
    seen = {}

    def net(gray, noisy, time):
        seen.update(noisy=noisy, time=time)
        return torch.full_like(noisy, 7.0)

    torch.manual_seed(0)
    error = step(net, torch.zeros(50, 1, 32, 32), torch.full((50, 2, 32, 32), 10.0))
    assert float(error) == pytest.approx(2 * 3 ** 2)  # two channels
    assert torch.allclose(seen["noisy"].mean((1, 2, 3)), 10 * seen["time"], atol=0.12)
    assert torch.allclose(seen["noisy"].std((1, 2, 3)), 1 - seen["time"], atol=0.08)


def test_the_step_that_notebook_09_writes_out_is_the_library_s():
    cells = nbformat.read(project_root() / "notebooks" / "09_many_colorings.ipynb", as_version=4).cells
    names = {"torch": torch}
    exec(next(cell.source for cell in cells if cell.source.startswith("def denoising_step")), names)  # noqa: S102
    gray, clean = torch.rand(6, 1, 8, 8), torch.randn(6, 2, 8, 8)
    errors = []
    for step in (names["denoising_step"], early_denoising_step, denoising_step):
        torch.manual_seed(3)
        errors.append(float(step(lambda gray, noisy, time: noisy * time[:, None, None, None], gray, clean)))
    assert errors[0] == pytest.approx(errors[1]) and errors[0] != pytest.approx(errors[2], rel=1e-3)


def test_the_sampler_of_apples_and_its_first_try_differ_in_times_steps_and_epochs():
    final, first = (recipes.get(f"painted-sampler{which}") for which in ("", "-first-try"))
    assert final.step is early_denoising_step and first.step is denoising_step
    assert (final.build().net.steps, first.build().net.steps) == (40, 20)
    assert final.training == first.training
    epochs = budgets.BUDGETS["sampler-apples"].epochs
    assert (epochs["painted-sampler"], epochs["painted-sampler-first-try"]) == (24, 16)


def test_trained_on_two_colors_it_draws_both_and_one_step_draws_their_mean():
    """Pictures of one color each: 1 with probability 3/4, else -1. The gray picture says nothing."""
    torch.manual_seed(0)
    net = DenoisingUNet((8, 16), steps=10)
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, 300)
    gray = torch.zeros(64, 1, 8, 8)
    for _ in range(300):
        sign = torch.where(torch.rand(64, 1, 1, 1) < 0.75, 1.0, -1.0)
        loss = denoising_step(net, gray, sign.expand(64, 2, 8, 8))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    noise = torch.randn(400, 2, 8, 8)
    with torch.no_grad():
        net.eval()
        drawn, mean = (net.sample(torch.zeros(400, 1, 8, 8), noise, steps).mean((1, 2, 3)) for steps in (10, 1))
    assert (drawn.abs() - 1).abs().lt(0.5).float().mean() > 0.95
    assert abs(float((drawn > 0).float().mean()) - 0.75) < 0.08
    assert abs(float(mean.mean()) - 0.5) < 0.1 and mean.std() < 0.2
