"""The training loop: it learns, repeats itself, resumes, stops where it must, and leaves a usable colorizer."""

import dataclasses
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from pictures import smooth
from safetensors import SafetensorError
from torch import nn

from colorlib import checkpoint as checkpoint_module
from colorlib import hardware, losses, train, training_run
from colorlib.checkpoint import read_tensors, write_tensors
from colorlib.colorizer import Colorizer, pad
from colorlib.data.image_set import ImageSet
from colorlib.experiments.recipes import get
from colorlib.models import PatchDiscriminator, UNet
from colorlib.optimizers import OPTIMIZERS, SCHEDULES, AdadeltaNesterov, make_optimizer, make_schedule
from colorlib.targets import ColorBinsTarget, LabTarget
from colorlib.train import TrainingConfig, TrainingDiverged, classification_step, regression_step
from colorlib.train_gan import Adversary, GanConfig, fit_gan
from colorlib.training_run import epoch_seed

IMAGES = smooth(32, size=8)
FOUR = TrainingConfig(epochs=4, batch_size=8, lr=3e-3, flip=True)                 # four batches an epoch


def unet(seed=0):
    torch.manual_seed(seed)
    return Colorizer(UNet(2, 1))


def fit(colorizer, settings=FOUR, images=IMAGES, step=regression_step, **keywords):
    return train.fit(colorizer, images, step, settings,
                     **{"device": "cpu", "precision": "no", "progress": False} | keywords)


def equal(one, other):
    """Whether two colorizers, or networks, have the same weights, to the bit."""
    a, b = (getattr(model, "net", model).state_dict() for model in (one, other))
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


class Stopping:
    """A step that does something of its own at the count-th call in training (the first is 1)."""

    def __init__(self, count, act, step=regression_step):
        self.count, self.act, self.step, self.calls = count, act, step, 0

    def __call__(self, net, x, y):
        self.calls += net.training
        loss = self.step(net, x, y)
        return self.act(net, loss, x) if net.training and self.calls == self.count else loss


def interrupt(net, loss, x):
    raise KeyboardInterrupt


# classification

def classifier(**settings):
    torch.manual_seed(0)
    return Colorizer(UNet(2, 1, outputs=261, cell=settings.get("cell", 1)), ColorBinsTarget(**settings))


@pytest.mark.parametrize("cell", [1, 2])
def test_a_classifier_learns(cell):
    colorizer = classifier(cell=cell)
    history = fit(colorizer, FOUR.replace(epochs=15, lr=3e-2), step=classification_step, validation=IMAGES)
    assert history["loss"][0] < math.log(261) + 0.1                         # it starts with all bins alike
    assert history["validation_loss"][-1] < 0.8 * history["loss"][0]


def test_the_loss_of_a_rebalanced_classifier_weighs_its_pixels():
    plain, weighed = classifier(), classifier(weights=ColorBinsTarget.from_images(IMAGES.pixels).weights)
    for colorizer in (plain, weighed):                                      # all bins alike: log Q a pixel
        x, target = colorizer.encode(IMAGES.pixels)
        weight = target.share.float().sum(1).mean().item()
        assert classification_step(colorizer.net, x, target).item() == pytest.approx(math.log(261) * weight, rel=1e-3)
    assert weight != pytest.approx(1, abs=0.01)


# settings

def test_adadelta_with_nesterov_momentum_is_adadelta_without_it():
    nets = [unet() for _ in range(2)]
    both = [AdadeltaNesterov(nets[0].net.parameters(), momentum=0.0),
            torch.optim.Adadelta(nets[1].net.parameters(), rho=0.95)]
    for net, optimizer in zip(nets, both, strict=True):
        for _ in range(3):
            optimizer.zero_grad()
            regression_step(net.net, *net.encode(IMAGES.pixels)).backward()
            optimizer.step()
    for a, b in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_a_step_of_muon_is_an_orthogonal_matrix_of_the_length_of_its_rate():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.Conv2d(8, 12, 3), nn.Conv2d(12, 2, 3))
    optimizer = make_optimizer(net.parameters(), TrainingConfig(epochs=1, optimizer="muon", lr=0.5, weight_decay=0.0))
    net(torch.randn(4, 1, 12, 12)).square().mean().backward()
    before = net[1].weight.detach().clone()
    optimizer.step()
    step = (before - net[1].weight.detach()).flatten(1) / 0.5                    # 12 72
    lengths = torch.linalg.svdvals(step)
    assert 0.5 < lengths.min() and lengths.max() < 1.4                          # Jordan's coefficients: about 1
    gradient = net[1].weight.grad.flatten(1)
    assert torch.linalg.svdvals(gradient).max() > 5 * torch.linalg.svdvals(gradient).min()
    assert (step * gradient).sum() > 0                                          # downhill


def test_muon_takes_adams_steps_for_what_is_no_inner_matrix():
    torch.manual_seed(0)
    nets = [nn.Sequential(nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Conv2d(4, 2, 1)) for _ in range(2)]
    nets[1].load_state_dict(nets[0].state_dict())
    config = TrainingConfig(epochs=1, optimizer="muon", lr=0.1, momentum=0.9)
    optimizers = [make_optimizer(nets[0].parameters(), config),
                  torch.optim.Adam(nets[1].parameters(), 0.008, betas=(0.9, 0.99))]
    for net, optimizer in zip(nets, optimizers, strict=True):
        for i in range(3):
            optimizer.zero_grad()
            (net(torch.arange(25.0).view(1, 1, 5, 5) / 25 + i) - 1).square().mean().backward()
            optimizer.step()
    for a, b in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_the_linear_schedule_rises_for_15_percent_and_falls_to_zero():
    config = TrainingConfig(epochs=20, batch_size=16, optimizer="muon", lr=0.1, schedule="linear")
    rates = fit(unet(), config)["lr"]                                           # at the start of each epoch
    assert max(rates) == pytest.approx(0.1, rel=0.05) and rates.index(max(rates)) == 3
    assert rates[0] < 0.03 and rates[-1] < 0.01


def test_the_fused_adamw_takes_the_steps_of_the_plain_one(monkeypatch):
    """The fused one goes through memory in a row: weights, gradients and moments must lie in the same order."""
    def trained(**kind):
        monkeypatch.setattr(training_run, "make_optimizer", lambda p, c: torch.optim.AdamW(p, c.lr, **kind))
        colorizer = unet()
        fit(colorizer, FOUR.replace(epochs=2))
        return torch.cat([p.flatten() for p in colorizer.net.parameters()])

    shipped, plain = trained(fused=True), trained(foreach=False)
    torch.testing.assert_close(shipped, plain, rtol=0, atol=1e-4)
    assert (plain - torch.cat([p.flatten() for p in unet().net.parameters()])).abs().max() > 0.01
    monkeypatch.undo()
    assert make_optimizer(unet().parameters(), FOUR).defaults["fused"]


def test_nesterov_momentum_is_that_of_sgd_where_the_steps_are_sgds(monkeypatch):
    """Its rule over plain steps -lr g gives torch's SGD with nesterov=True, seen from the point it looks ahead to."""
    def plain_step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p.sub_(0.1 * p.grad)

    monkeypatch.setattr(torch.optim.Adadelta, "step", plain_step)
    ours, theirs = (nn.Parameter(torch.tensor([3.0, -2.0])) for _ in range(2))
    first, second = AdadeltaNesterov([ours], momentum=0.9), torch.optim.SGD([theirs], 0.1, 0.9, nesterov=True)
    for _ in range(5):
        for w, optimizer in ((ours, first), (theirs, second)):
            optimizer.zero_grad()
            (w ** 4).sum().mul(0.1).backward()
            optimizer.step()
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_takes_a_closure_as_torchs_do(name):
    weights = [nn.Parameter(torch.ones(4, 4, 3, 3)) for _ in range(3)]
    optimizer = make_optimizer(weights, TrainingConfig(1, optimizer=name))

    def closure():
        loss = sum(w.square().sum() for w in weights)
        loss.backward()
        return loss

    with torch.no_grad():
        assert float(optimizer.step(closure)) == 3 * 4 * 4 * 9
    assert all((w != 1).any() for w in weights) and optimizer.step() is None


@pytest.mark.parametrize("wrong",
                         [{"epochs": 0}, {"batch_size": 0}, {"lr": 0}, {"lr": math.nan}, {"lr": math.inf},
                          {"momentum": 1.0}, {"weight_decay": -0.1}, {"optimizer": "adamax"}, {"schedule": "cosine"}])
def test_settings_that_make_no_sense_are_refused_and_none_changes_once_made(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=f"{name}.*{value}"):
        TrainingConfig(**{"epochs": 1} | wrong)
    with pytest.raises(ValueError, match=f"{name}.*{value}"):
        FOUR.replace(**wrong)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(FOUR, name, value)


# learning

def test_fit_does_what_a_plain_loop_does():
    fitted, plain = unet(), unet()
    settings = FOUR.replace(epochs=2, optimizer="sgd", lr=0.05, schedule="constant")
    net, history = fitted.net, fit(fitted, settings, seed=7)
    optimizer = torch.optim.SGD(plain.parameters(), 0.05, momentum=0.9, weight_decay=0.01)
    for epoch in range(2):
        seen = []
        for rgb in IMAGES.batches(8, seed=epoch_seed(7, epoch), flip=True):
            x, y = LabTarget().encode(rgb)
            loss = ((plain.net(x) - y) ** 2).sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            seen.append(loss.item())
        assert history["loss"][epoch] == pytest.approx(sum(seen) / 4, rel=1e-4)
    for one, other in zip(fitted.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)
    assert fitted.net is net and not fitted.training and all(p.grad is None for p in fitted.parameters())
    assert fitted.predict(torch.full((1, 1, 5, 7), 50.0)).shape == (1, 2, 5, 7)


def test_the_loss_is_summed_over_channels_and_meant_over_pixels():
    predicted, target = torch.randn(3, 2, 4, 5), torch.randn(3, 2, 4, 5)
    torch.testing.assert_close(losses.squared_error(predicted, target), 2 * nn.MSELoss()(predicted, target))
    with pytest.raises(ValueError, match=r"predicted \(1, 2, 4, 5\), target \(3, 2, 4, 5\)"):
        losses.squared_error(predicted[:1], target)


def test_the_gray_penalty_weighs_gray_predictions_by_an_exponential_and_is_zero_where_right():
    rng = np.random.default_rng(0)
    p, t = rng.normal(0, 0.3, (2, 3, 2, 4, 5))
    chroma = np.hypot(p[:, 0], p[:, 1])
    expected = ((1 + np.exp(-chroma / 0.2)) * ((p - t) ** 2).sum(1)).mean()
    assert losses.gray_penalty_error(torch.tensor(p), torch.tensor(t)).item() == pytest.approx(expected)
    gray = torch.zeros(1, 2, 2, 2, requires_grad=True)
    loss = losses.gray_penalty_error(gray, torch.zeros(1, 2, 2, 2))
    loss.backward()
    assert loss.item() == 0 and torch.isfinite(gray.grad).all()


def test_training_leaves_the_callers_random_numbers_alone_and_does_not_take_from_them():
    results = []
    for seed in (3, 4):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        colorizer = unet()
        torch.set_rng_state(before)
        fit(colorizer, FOUR.replace(epochs=1))
        assert torch.equal(torch.get_rng_state(), before)
        results.append(colorizer)
    assert equal(*results)


def test_a_step_of_ones_own_is_given_the_net_and_what_the_head_encodes():
    seen = []

    def absolute(net, x, y):
        seen.append((net.training, x.shape, y.shape))
        return (net(x) - y).abs().mean()

    fit(unet().eval(), FOUR.replace(epochs=1), step=absolute)                   # as one that was loaded
    assert seen == [(True, (8, 1, 8, 8), (8, 2, 8, 8))] * 4


def test_only_full_batches_are_trained_on_one_in_all_is_enough_and_pays_for_no_compiling(capsys, monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda *_, **__: pytest.fail("compiled"))
    counted = Stopping(0, None)
    fit(unet(), FOUR.replace(epochs=1, batch_size=7), step=counted)
    assert counted.calls == 4 and capsys.readouterr().out == ""
    assert len(fit(unet(), TrainingConfig(epochs=1, batch_size=32), progress=True, validation=IMAGES).epochs) == 1
    assert len(capsys.readouterr().out.splitlines()) == 1                       # a line an epoch


# learning rates

def test_koos_schedule_is_his_formula():
    """K, section 5.1: rate 1, a decay of 1e-7 for every iteration, halved every 25 epochs."""
    # 2 batches
    history = fit(unet(), TrainingConfig(epochs=60, batch_size=16, optimizer="sgd", lr=0.01, schedule="koo"))
    expected = [0.01 * 0.5 ** (epoch // 25) / (1 + 1e-7 * 2 * epoch) for epoch in range(60)]
    assert history["lr"] == pytest.approx(expected, rel=1e-12)
    assert history["lr"][24] / history["lr"][25] == pytest.approx(2, rel=1e-6)
    assert 0 < 1 - history["lr"][24] / 0.01 < 1e-5                          # the decay an iteration is there, and tiny


def test_one_cycle_rises_over_a_quarter_and_ends_near_zero():
    rates = fit(unet(), TrainingConfig(epochs=20, batch_size=16, lr=0.01))["lr"]
    assert max(rates) == rates[5] == pytest.approx(0.01, rel=0.05)
    assert rates[0] == pytest.approx(0.01 / 25) and rates[-1] < 0.0005
    assert rates[:6] == sorted(rates[:6]) and rates[5:] == sorted(rates[5:], reverse=True)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("steps", range(1, 7))
def test_a_training_may_be_of_any_number_of_steps(schedule, steps):
    rates = fit(unet(), TrainingConfig(epochs=steps, batch_size=32, lr=0.01, schedule=schedule))["lr"]
    assert len(rates) == steps and all(0 < rate <= 0.01 for rate in rates)


# validation

def by_hand(colorizer, images):
    """The mean squared error over pixels, all images at once."""
    x, y = colorizer.encode(images.pixels)
    with torch.no_grad():
        return float(((colorizer.net.eval()(x) - y) ** 2).sum(1).mean())


def test_validation_is_the_loss_over_all_images_in_evaluation_mode():
    colorizer, other = unet(), smooth(23, size=8, seed=9)
    history = fit(colorizer, FOUR.replace(epochs=2), validation=other)
    assert history["validation_loss"][-1] == pytest.approx(by_hand(colorizer, other), rel=1e-5)
    for training in (True, False):                                          # and the mode stays as it was
        assert train.validation_loss(colorizer.train(training), other, regression_step, batch_size=10) == pytest.approx(
            history["validation_loss"][-1], rel=1e-5) and colorizer.training == training


def test_validation_changes_nothing_in_the_training():
    with_it, without = unet(), unet()
    fit(with_it, FOUR.replace(epochs=2), validation=IMAGES)
    fit(without, FOUR.replace(epochs=2))
    assert equal(with_it, without)


# interrupts and resuming

def test_an_interrupt_keeps_what_was_learnt(capsys):
    colorizer, before = unet(), unet()
    history = fit(colorizer, step=Stopping(7, interrupt))
    assert history.interrupted and len(history.epochs) == 1
    assert "what was learned so far is kept" in capsys.readouterr().out
    assert not equal(colorizer, before) and not colorizer.training
    six = unet()                                                            # six steps, counted otherwise
    fit(six, step=Stopping(7, interrupt), validation=IMAGES)
    assert equal(colorizer, six)


def test_interrupted_in_its_first_epoch_a_history_holds_what_there_is_of_it():
    losses_of = []

    def noting(net, x, y):
        losses_of.append(float((loss := regression_step(net, x, y)).detach()))
        return loss

    history = fit(unet(), step=Stopping(3, interrupt, noting), validation=IMAGES)
    (epoch,) = history.epochs
    whole = fit(unet())
    assert history.interrupted and history.partial and not whole.partial
    assert set(epoch) == set(whole.epochs[0]) | {"validation_loss"} and epoch["lr"] == whole["lr"][0]
    assert epoch["loss"] == pytest.approx(sum(losses_of[:2]) / 2) and len(losses_of) == 3   # the third was stopped
    assert math.isnan(epoch["validation_loss"]) and 0 < epoch["seconds"]
    assert fit(unet(), step=Stopping(1, interrupt)).epochs == []                # not one step was taken
    assert not fit(unet(), step=Stopping(7, interrupt)).partial                 # in its second


def test_an_interrupted_validation_is_no_training_time_either():
    run = training_run.TrainingRun(TrainingConfig(1), device="cpu")
    with pytest.raises(KeyboardInterrupt), run.not_counted():
        raise KeyboardInterrupt
    assert run._not_counted > 0


def dropout_step(net, x, y):
    return losses.squared_error(net(F.dropout(x, 0.2)), y)


@pytest.mark.parametrize("settings, step", [
    (FOUR, regression_step),
    (FOUR.replace(optimizer="sgd", schedule="koo", lr=0.05), regression_step),
    (FOUR.replace(optimizer="adam", schedule="constant"), dropout_step),
    (FOUR.replace(optimizer="adadelta", schedule="constant", lr=1.0), regression_step),
], ids=["adamw-onecycle", "sgd-koo", "adam-constant-dropout", "adadelta-constant"])
@pytest.mark.parametrize("call", [9, 11])                                   # first and third step of the third epoch
def test_two_epochs_and_two_more_end_at_the_bits_of_four(settings, step, call, tmp_path):
    whole = unet()
    straight = fit(whole, settings, step=step, validation=IMAGES)
    path = tmp_path / "run.safetensors"
    first = fit(unet(), settings, step=Stopping(call, interrupt, step), checkpoint=path, validation=IMAGES)
    assert first.interrupted and len(first.epochs) == 2
    resumed = unet(seed=99)                                                 # its own weights do not matter
    second = fit(resumed, settings, step=step, checkpoint=path, validation=IMAGES)
    assert equal(resumed, whole)
    for name in ("epoch", "loss", "lr", "validation_loss"):
        assert second[name] == straight[name]
    third, counted = unet(seed=5), Stopping(0, None)                        # what is finished is not trained again
    assert fit(third, settings, step=counted, checkpoint=path, validation=IMAGES).epochs == second.epochs
    assert counted.calls == 0 and equal(third, whole)


@pytest.mark.parametrize("gan", [False, True])
@pytest.mark.parametrize("at", [0, 2, 4, 6, None])                          # of 8, four an epoch
def test_a_training_that_is_asked_to_stop_does_and_resumes_to_the_same_bits(gan, at, tmp_path):
    path, asked, settings = tmp_path / "run.safetensors", [], FOUR.replace(epochs=2)

    def trained(**keywords):
        colorizer = unet()
        if not gan:
            return colorizer, fit(colorizer, settings, **keywords)
        rules = Adversary(PatchDiscriminator(1, 4), GanConfig(l1=1), settings)
        return colorizer, fit_gan(colorizer, IMAGES, rules, settings, device="cpu", precision="no", progress=False,
                                  **keywords)

    def stop(step, steps_per_epoch):
        asked.append((step, steps_per_epoch))
        return step == at

    stopped, history = trained(checkpoint=path, stop=stop)
    assert asked == [(step, 4) for step in range(8 if at is None else at + 1)]     # not after the last one
    assert history.interrupted == (at is not None) and history.partial == (at == 2) and not stopped.training
    assert len(history.epochs) == {0: 0, None: 2}.get(at, 1) and path.exists() == (at not in (0, 2))
    resumed, history = trained(checkpoint=path)
    assert len(history.epochs) == 2 and equal(resumed, trained()[0])


@pytest.mark.parametrize("changes, words",
                         [({"settings": FOUR.replace(lr=1e-3)}, "config.lr is 0.003"),
                          ({"settings": FOUR.replace(epochs=5)}, "config.epochs is 4"), ({"seed": 1}, "seed is 0"),
                          ({"images": smooth(40, size=8)}, "40 of smooth"),
                          ({"images": smooth(32, size=8, name="other")}, "32 of other"),
                          ({"images": smooth(32, size=16)}, "16x16"),
                          ({"colorizer": Colorizer(UNet(2, 1), LabTarget(scale=110))}, "target is .*50"),
                          ({"colorizer": Colorizer(UNet(3, 1))}, "net is .*width")])
def test_a_checkpoint_of_another_training_is_refused(changes, words, tmp_path):
    path = tmp_path / "run.safetensors"
    fit(unet(), step=Stopping(6, interrupt), checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="run.safetensors belongs to another training.*" + words):
        fit(**{"colorizer": unet()} | changes, checkpoint=path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_checkpoint_of_a_training_is_refused_and_kept(tmp_path):
    path = unet().save(tmp_path / "colorizer.safetensors")
    before = path.read_bytes()
    with pytest.raises(ValueError, match="colorizer.safetensors is no checkpoint of a training"):
        fit(unet(), checkpoint=path)
    path.write_bytes(before[:200])
    with pytest.raises(ValueError, match="not a complete safetensors file"):
        fit(unet(), checkpoint=path)
    assert path.read_bytes() == before[:200]
    fit(unet(), FOUR.replace(epochs=1), checkpoint=tmp_path / "run.safetensors")
    with pytest.raises(ValueError, match="no checkpoint of colorlib"):          # nor is the one the other
        Colorizer.load(tmp_path / "run.safetensors")


# divergence

def test_a_loss_that_is_not_finite_stops_and_names_step_and_checkpoint(tmp_path):
    path, colorizer = tmp_path / "run.safetensors", unet()
    with pytest.raises(TrainingDiverged, match="loss became nan at step 7; the last good checkpoint is .*run") as stop:
        fit(colorizer, step=Stopping(7, lambda net, loss, x: loss * math.nan), checkpoint=path)
    assert stop.value.step == 7 and stop.value.checkpoint == path and not colorizer.training
    resumed, whole = unet(seed=3), unet()
    history = fit(resumed, checkpoint=path)                                 # good: from its one epoch to the end
    fit(whole)
    assert len(history.epochs) == 4 and equal(resumed, whole)
    with pytest.raises(TrainingDiverged, match="became inf at step 2; no checkpoint") as stop:
        fit(unet(), step=Stopping(2, lambda net, loss, x: loss + math.inf))
    assert stop.value.checkpoint is None and isinstance(stop.value, FloatingPointError)


def test_in_a_long_epoch_divergence_is_found_every_few_steps_with_its_exact_step(monkeypatch):
    monkeypatch.setattr(training_run, "CHECK_EVERY", 3)
    step = Stopping(8, lambda net, loss, x: loss * math.nan)
    with pytest.raises(TrainingDiverged, match="step 8;"):
        fit(unet(), TrainingConfig(epochs=1, batch_size=2), step=step)
    assert step.calls == 9


def test_a_last_step_that_breaks_the_weights_is_noticed_before_they_are_kept(tmp_path):
    """The gradient of sqrt(0) is infinite: the loss stays finite, the weights do not."""
    path = tmp_path / "run.safetensors"
    step = Stopping(8, lambda net, loss, x: loss + (0 * net(x)).square().sum().sqrt())
    with pytest.raises(TrainingDiverged, match="a weight is no finite number at step 8"):
        fit(unet(), step=step, checkpoint=path)
    tensors, about = read_tensors(path)
    assert len(about["epochs"]) == 1 and all(tensor.isfinite().all() for tensor in tensors.values())


# devices and precision

def test_auto_means_a_gpu_where_there_is_one_and_what_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert hardware.select_device("auto").type == "cuda" and hardware.select_device("cuda:1").index == 1
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert hardware.select_device("auto") == hardware.select_device("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for name in ("cuda", "mps", "abacus", "meta", "cuda:first", ""):
        with pytest.raises(ValueError, match="no CUDA GPU|no MPS|unknown device"):
            hardware.select_device(name)
    with pytest.raises(ValueError, match="'float8'"):
        fit(unet(), precision="float8")


def test_the_best_precision_is_what_the_hardware_has_instructions_for(monkeypatch):
    for avx512, amx, expected in ((False, False, "no"), (True, False, "bf16"), (False, True, "bf16")):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda avx512=avx512: avx512)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda amx=amx: amx)
        assert hardware.best_precision("cpu") == expected
    for capability, expected in (((7, 5), "fp16"), ((8, 0), "bf16"), ((9, 0), "bf16")):
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device, found=capability: found)
        assert hardware.best_precision(torch.device("cuda")) == expected


def test_bf16_computes_in_bf16_and_leaves_a_colorizer_that_answers_in_float32():
    computed = set()
    colorizer, plain = unet(), unet()
    hook = colorizer.net.down[0][0][0].register_forward_hook(lambda layer, given, out: computed.add(out.dtype))
    history = fit(colorizer, precision="bf16", validation=IMAGES)
    hook.remove()
    assert computed == {torch.bfloat16}
    assert all(p.dtype == torch.float32 for p in colorizer.parameters())
    assert history["loss"] == pytest.approx(fit(plain, validation=IMAGES)["loss"], rel=0.05)
    L = torch.full((1, 1, 8, 8), 50.0)
    unwrapped = Colorizer(UNet(2, 1)).eval().to(memory_format=torch.channels_last)
    unwrapped.net.load_state_dict(colorizer.net.state_dict())
    assert torch.equal(colorizer.predict(L), unwrapped.predict(L))          # no trace of bf16, in either way


def test_what_is_trained_a_second_time_is_again_trained_in_bf16():
    computed, colorizer = [], unet()
    colorizer.net.down[0][0][0].register_forward_hook(lambda layer, given, out: computed.append(out.dtype))
    for precision, expected in (("bf16", torch.bfloat16), ("bf16", torch.bfloat16), ("no", torch.float32)):
        computed.clear()
        fit(colorizer, FOUR.replace(epochs=1), precision=precision)
        assert set(computed) == {expected}


def test_the_first_step_of_rmsprop_has_hintons_length_whatever_the_slope():
    """A mean of squares that starts at zero and forgets a tenth a step: slope / sqrt(slope² / 10)."""
    weights = [torch.nn.Parameter(torch.zeros(2)) for _ in range(2)]
    config = TrainingConfig(epochs=1, optimizer="rmsprop", lr=1e-3, momentum=0.0, weight_decay=0.0)
    optimizer = make_optimizer(weights, config)
    for weight, slope in zip(weights, (5.0, 1e-3), strict=True):
        weight.grad = torch.full((2,), slope)
    optimizer.step()
    expected = torch.full((2, 2), -(10 ** 0.5) * 1e-3)
    torch.testing.assert_close(torch.stack(weights).detach(), expected, rtol=1e-3, atol=0)


# one's own network, step and data

def own_data(n=48):
    """Two numbers from one, a linear rule with a little noise."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, 1, 4, 4, generator=generator)
    return torch.utils.data.TensorDataset(x, torch.cat([2 * x, -x], dim=1))


def own_network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 8, 1), nn.Dropout(0.1), nn.Conv2d(8, 2, 1))


def own_step(net, inputs, targets):
    return F.mse_loss(net(inputs), targets)


OWN = TrainingConfig(epochs=4, lr=0.03)


def fit_own(net, **keywords):
    loader = torch.utils.data.DataLoader(own_data(), batch_size=8, shuffle=True)
    return train.fit(net, loader, keywords.pop("step", own_step), OWN, progress=False,
                     **{"device": "cpu", "precision": "no"} | keywords)


def test_a_network_a_step_and_data_of_ones_own_are_trained_without_a_colorizer():
    net = own_network()
    history = fit_own(net, validation=torch.utils.data.DataLoader(own_data(), batch_size=16))
    assert history["validation_loss"][-1] < 0.05 < history["loss"][0] and not net.training
    assert len(history.epochs) == 4
    first, again, other = own_network(), own_network(), own_network()       # a seed shuffles the loader's data
    assert fit_own(first, seed=1)["loss"] == fit_own(again, seed=1)["loss"] != fit_own(other, seed=2)["loss"]
    assert equal(first, again)


def test_a_training_of_ones_own_resumes_to_the_same_bits(tmp_path):
    whole, stopped, resumed = own_network(), own_network(), own_network(5)
    fit_own(whole)
    kept = tmp_path / "own.safetensors"
    assert fit_own(stopped, step=Stopping(15, interrupt, own_step), checkpoint=kept).interrupted
    fit_own(resumed, checkpoint=kept)
    assert equal(whole, resumed)


def test_a_network_that_calls_a_layer_module_is_kept_whole(tmp_path):
    """Only a wrapper of several processes is taken off before weights are written."""
    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.module, self.scale = nn.Conv2d(1, 2, 1), nn.Parameter(torch.ones(()))

        def forward(self, x):
            return self.scale * self.module(x)

    kept = tmp_path / "outer.safetensors"
    first, again = Outer(), Outer()
    fit_own(first, checkpoint=kept)
    fit_own(again, checkpoint=kept)
    assert equal(first, again) and first.scale != 1
    net = own_network()
    net.config = object()                                                       # no config of colorlib's
    assert len(fit_own(net, checkpoint=tmp_path / "own.safetensors").epochs) == 4


@pytest.mark.parametrize(("model", "data", "error", "words"), [
    (own_network(), IMAGES, TypeError, "give a Colorizer"), (own_network(), 5, TypeError, "yields batches"),
    (own_network(), iter([]), TypeError, "yields batches"), (own_network(), [], ValueError, "at least one batch"),
    (unet(), IMAGES[:7], ValueError, "do not fill one batch"),
])
def test_a_model_and_data_that_do_not_fit_together_are_refused(model, data, error, words):
    with pytest.raises(error, match=words):
        train.fit(model, data, own_step, OWN.replace(batch_size=8), device="cpu")
    for wrong in (IMAGES, []):                                              # nor are they for validation
        with pytest.raises((TypeError, ValueError), match="give a Colorizer|validation data are empty"):
            fit_own(own_network(), validation=wrong, step=lambda *_: pytest.fail("trained"))


def test_batches_may_have_any_number_of_parts():
    seen = []

    def step(net, inputs, targets=None, weight=None):
        seen.append((inputs.shape[0], weight))
        return net(inputs).square().mean()

    for batch in (torch.ones(3, 1, 2, 2), (torch.ones(2, 1, 2, 2), torch.ones(2, 2, 2, 2), torch.tensor(0.5))):
        train.fit(own_network(), [batch] * 4, step, OWN.replace(epochs=1), device="cpu", precision="no",
                  progress=False, validation=[batch])
    assert seen == [(3, None)] * 5 + [(2, 0.5)] * 5


def test_onecycle_keeps_the_ratio_of_muons_two_rates():
    net = own_network()
    optimizer = make_optimizer(net.parameters(), OWN.replace(optimizer="muon", lr=0.1))
    schedule = make_schedule(optimizer, OWN.replace(optimizer="muon", lr=0.1), 10)
    assert {round(group["lr"] / optimizer.param_groups[0]["lr"], 6) for group in optimizer.param_groups} <= {1.0, 0.08}
    optimizer.step()
    schedule.step()
    assert optimizer.param_groups[-1]["max_lr"] == pytest.approx(0.008)


# compiled

@pytest.mark.slow
@pytest.mark.parametrize("name", ["koo-baseline", "unet-classifier"])
def test_compiled_a_recipe_comes_to_the_same_losses_but_for_rounding(name):
    """The code path of a GPU, as far as a processor has it."""
    recipe, images = get(name), smooth(32, size=16)
    config = recipe.training_config("smoke").replace(batch_size=8, epochs=2)

    def trained(compiled):
        colorizer = recipe.build(0, images)
        history = train.fit(colorizer, images, recipe.step, config, device="cpu", precision="no", progress=False,
                            compiled=compiled)
        return colorizer, history["loss"]

    (plain, losses_of_plain), (fast, losses_of_fast) = trained(False), trained(True)
    assert losses_of_fast == pytest.approx(losses_of_plain, rel=1e-3)
    assert type(fast.net) is type(plain.net) and fast.net.state_dict().keys() == plain.net.state_dict().keys()


# memory

@pytest.mark.skipif(sys.platform != "linux", reason="the setting is of glibc")
def test_memory_that_a_training_kept_is_returned_and_the_setting_undone():
    """In a process of its own: 200 MB in pieces of 20 MB go back to the system after a training, not within it."""
    code = """
import ctypes, psutil
from colorlib.hardware import keep_freed_memory
libc = ctypes.CDLL(None); libc.malloc.restype = ctypes.c_void_p; libc.free.argtypes = [ctypes.c_void_p]
def held():
    return psutil.Process().memory_info().rss / 1e6
def use():
    pieces = [libc.malloc(20_000_000) for _ in range(10)]
    for piece in pieces: ctypes.memset(piece, 1, 20_000_000)
    for piece in pieces: libc.free(ctypes.c_void_p(piece))
use(); before = held()
with keep_freed_memory():
    use(); within = held()
after = held(); use(); again = held()
print(within - before > 150, after - before < 40, again - before < 100)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["True"] * 3, (done.stdout, done.stderr)


# little and odd data

@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_takes_any_number_of_steps(schedule):
    """Case: 01_three_steps.py: a one-cycle training of exactly three steps divided by zero."""
    for steps in (*range(1, 26), 101):
        config = TrainingConfig(epochs=1, schedule=schedule, optimizer="sgd", lr=0.5)
        optimizer = make_optimizer([nn.Parameter(torch.zeros(1))], config)
        made, rates = make_schedule(optimizer, config, steps), []
        for _ in range(steps):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            made.step()
        assert all(0 < rate <= 0.5 + 1e-9 for rate in rates), (steps, rates)
        if schedule == "onecycle" and steps > 1:
            assert rates[0] < 0.1 and max(rates) > 0.3, (steps, rates)              # it rises first


@pytest.mark.parametrize(("height", "width"), [(5, 7), (9, 8), (1, 1)])
def test_pictures_of_any_size_are_padded_as_they_are_for_coloring(height, width):
    """Case: 03_size_not_multiple.sh."""
    images = ImageSet(smooth(8, size=12).pixels[..., :height, :width])
    for cell, step in ((1, regression_step), (2, classification_step)):
        colorizer = classifier(cell=2) if cell == 2 else unet()
        history = fit(colorizer, FOUR.replace(epochs=1, batch_size=4), images, step, validation=images)
        assert math.isfinite(history["loss"][0]) and math.isfinite(history["validation_loss"][0])
        assert colorizer.colorize(images.pixels).shape == images.pixels.shape


def test_padding_repeats_the_border_of_bytes_as_of_floats():
    rgb = smooth(2, size=12).pixels[..., :5, :7]
    assert torch.equal(pad(rgb, 4).float(), pad(rgb.float(), 4)) and pad(rgb, 4).shape[2:] == (8, 8)


def test_a_stopped_training_goes_on_with_the_same_pictures_only(tmp_path):
    """Two folders of one name, size and count once passed for each other."""
    path = tmp_path / "c.safetensors"
    stop = {"stop": lambda taken, _: taken >= 4, "checkpoint": path}
    assert fit(unet(), **stop).interrupted
    other = smooth(32, size=8, seed=9)
    with pytest.raises(ValueError, match="belongs to another training: its digest is"):
        fit(unet(), images=other, checkpoint=path)
    tensors, notes = read_tensors(path)
    del notes["digest"]                                                     # a file of an older version
    write_tensors(path, tensors, notes)
    assert len(fit(unet(), checkpoint=path).epochs) == 4


@pytest.mark.parametrize("seed", [-1, 1.9, None, "0", 2**40])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(ValueError, match="a seed is a whole number"):
        fit(unet(), seed=seed)


def test_numpys_numbers_are_seeds():
    one, other = unet(), unet()
    fit(one, seed=np.int64(3))
    fit(other, seed=3)
    assert equal(one, other)


def test_a_checkpoint_with_senseless_notes_is_refused_by_name(tmp_path):
    path = tmp_path / "c.safetensors"
    fit(unet(), FOUR.replace(epochs=1), checkpoint=path)
    tensors, notes = read_tensors(path)
    for change in ({"groups": None}, {"schedule": 3}, {"epochs": [1]}):
        write_tensors(path, tensors, notes | change)
        with pytest.raises(ValueError, match="c.safetensors"):
            fit(unet(), FOUR.replace(epochs=1), checkpoint=path)
    write_tensors(path, tensors | {"optimizer.99.step": torch.zeros(1)}, notes)
    with pytest.raises(ValueError, match="c.safetensors"):
        fit(unet(), FOUR.replace(epochs=1), checkpoint=path)


def test_a_full_disk_leaves_the_last_checkpoint_and_a_sentence(tmp_path, monkeypatch):
    path = tmp_path / "c.safetensors"
    fit(unet(), FOUR.replace(epochs=1), checkpoint=path)
    before = path.read_bytes()

    def full(tensors, file, metadata):
        file.write_bytes(b"half")
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")
    monkeypatch.setattr(checkpoint_module, "save_file", full)
    with pytest.raises(OSError, match="c.safetensors was not written .*No space left.*free space"):
        unet().save(path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
