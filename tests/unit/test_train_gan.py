"""The adversarial game: its losses, its step, what it leaves alone, and how its end is measured."""

import math

import pytest
import torch
import torch.nn.functional as F
from pictures import smooth
from torch import nn

from colorlib import color, gan_diagnostics, losses, train, train_gan
from colorlib.colorizer import Colorizer
from colorlib.gan_diagnostics import diagnose, gradient_norm, gradient_norms
from colorlib.models import ImageDiscriminator, KooGenerator, PatchDiscriminator, UNet
from colorlib.train import TrainingConfig, TrainingDiverged
from colorlib.train_gan import Adversary, GanConfig, fit_gan, gan_step, generator_loss

IMAGES = smooth(32, size=16)
G_SETTINGS = TrainingConfig(epochs=3, batch_size=8, optimizer="adam", lr=1e-3, momentum=0.5, schedule="drops",
                            flip=True)


def unet(seed=0):
    torch.manual_seed(seed)
    return Colorizer(UNet(4, 2, strided=True, leak=0.2))


def adversary(seed=1, rules=None, **settings):
    torch.manual_seed(seed)
    rules = rules or GanConfig(l1=10, real=0.9)
    return Adversary(ImageDiscriminator(4, 2, size=16), rules, G_SETTINGS.replace(**settings))


def fit(colorizer, step, settings=G_SETTINGS, **keywords):
    loop = fit_gan if isinstance(step, Adversary) else train.fit
    return loop(colorizer, IMAGES, step, settings, **{"device": "cpu", "precision": "no", "progress": False} | keywords)


def weights(*nets):
    return torch.cat([t.flatten().float() for net in nets for t in net.state_dict().values()])


# losses

@pytest.mark.parametrize("label", [1.0, 0.0, 0.9, 0.245])
def test_what_an_answer_costs_is_the_binary_cross_entropy_and_its_slope(label):
    logits = torch.linspace(-6, 6, 25)
    D = logits.double().sigmoid()
    expected = -(label * D.log() + (1 - label) * (1 - D).log()).mean()
    for from_logits in (True, False):
        assert losses.binary_cross_entropy(logits, label, from_logits) == pytest.approx(float(expected), rel=1e-5)
    logits = torch.linspace(-40, 40, 17, requires_grad=True)
    (losses.binary_cross_entropy(logits, label) * 17).backward()
    torch.testing.assert_close(logits.grad, logits.detach().sigmoid() - label)


@pytest.mark.parametrize("loss", ["saturating", "non-saturating"])
def test_where_the_sigmoid_is_rounded_to_one_nobody_learns_unless_from_logits(loss):
    """Where float32 rounds it, G's colors are called real, and BCELoss gives neither D nor G a gradient."""
    def slope(cost):
        logits = torch.full((4, 1), 20.0, requires_grad=True)
        return torch.autograd.grad(cost(logits), logits)[0]

    for from_logits in (False, True):
        on_fake = slope(lambda z, flag=from_logits: losses.binary_cross_entropy(z, 0.0, flag))
        assert (on_fake.sum() > 0.99) if from_logits else not on_fake.any()
        of_g = slope(lambda z, flag=from_logits: generator_loss(z, GanConfig(loss=loss, from_logits=flag)))
        if loss == "saturating" and from_logits:
            assert of_g.sum() < -0.99                                       # who has won already is pulled on
        else:
            assert of_g.abs().max() < 1e-6


def test_the_saturating_loss_pulls_toward_real_whatever_the_labels():
    for rules, sign in ((GanConfig(loss="saturating", fake=0.1), -1),
                        (GanConfig(loss="saturating", real=(0.0, 0.49), fake=(0.5, 0.99)), 1)):
        for z in (-3.0, 0.0, 3.0):
            logits = torch.full((4, 1), z, requires_grad=True)
            generator_loss(logits, rules).backward()
            assert (logits.grad * sign > 0).all()


def test_saturating_and_not_pull_the_same_way_and_not_as_hard():
    """At a discriminator that is sure that G's colors are fake, D = exp(-8): K's loss sends G next to nothing."""
    def pull(loss):
        logits = torch.full((1, 1), -8.0, requires_grad=True)
        generator_loss(logits, GanConfig(loss=loss)).backward()
        return float(logits.grad)

    assert pull("non-saturating") == pytest.approx(-1 / (1 + math.exp(-8)), rel=1e-5)
    assert pull("saturating") == pytest.approx(-1 / (1 + math.exp(8)), rel=1e-4)
    assert pull("as-printed") > 0                                           # the other way


def test_algorithm_2_as_printed_pulls_both_players_the_wrong_way():
    torch.manual_seed(0)
    D, x, real, fake = ImageDiscriminator(4, 2, size=16), *(torch.randn(8, c, 16, 16) for c in (1, 2, 2))
    for loss, better in (("saturating", True), ("as-printed", False)):
        logits = D(x, fake)
        on_fake = train_gan.discriminator_loss(D, x, real, fake, GanConfig(loss=loss))[1]
        slope = torch.autograd.grad(on_fake, list(D.parameters()), allow_unused=True)
        says_slope = torch.autograd.grad(logits.sum(), list(D.parameters()), allow_unused=True)
        along = sum(float((a * b).sum()) for a, b in zip(slope, says_slope, strict=True) if a is not None)
        assert (along > 0) is better                                        # a step down the error lowers D on fakes


# rules

@pytest.mark.parametrize(("change", "why"),
                         [({"loss": "hinge"}, "unknown loss"), ({"l1": -1}, "l1"), ({"real": 1.2}, "real must lie"),
                          ({"fake": (0.5, 2.0)}, "fake must lie"), ({"margin_of": "mean"}, "unknown margin_of"),
                          ({"real": 0.0}, "the same label"), ({"head_start": -1}, "head_start")])
def test_rules_that_make_no_sense_are_refused(change, why):
    with pytest.raises(ValueError, match=why):
        GanConfig(**change)


def test_who_is_called_real_follows_the_labels():
    logits = torch.tensor([[-3.0], [-0.2], [0.2], [3.0]])
    assert GanConfig().classified_real(logits).tolist() == [False, False, True, True]
    swapped = GanConfig(real=(0.0, 0.49), fake=(0.5, 0.99))                     # the border is 0.495
    assert swapped.classified_real(logits).tolist() == [True, True, False, False]
    assert swapped.generator_label == (0.0, 0.49) and GanConfig(real=0.9).generator_label == 1.0
    drawn = train_gan._labels((0.5, 0.99), torch.zeros(4000, 1))                # labels come from their interval
    assert 0.5 <= drawn.min() < 0.51 and 0.98 < drawn.max() <= 0.99
    assert train_gan._labels(0.9, torch.zeros(4)) == 0.9


# the step

def step(G, D, rules, x=None, y=None, **keywords):
    torch.manual_seed(3)
    x, y = (torch.randn(8, 1, 16, 16), torch.randn(8, 2, 16, 16)) if x is None else (x, y)
    optimizers = torch.optim.SGD(G.parameters(), 0.1), torch.optim.SGD(D.parameters(), 0.1)
    return gan_step(G, D, *optimizers, x, y, rules, **keywords)


def test_a_step_is_the_one_that_the_notebook_writes():
    """D on the true color and on G's, then G on D's new answer plus the absolute error."""
    told, nets = [], []
    for own in (True, False):
        G, D = unet().net, adversary().net
        D.eval()                                                            # without dropout
        torch.manual_seed(3)
        x, y = torch.randn(8, 1, 16, 16), torch.randn(8, 2, 16, 16)
        if own:
            g, d = torch.optim.SGD(G.parameters(), 0.1), torch.optim.SGD(D.parameters(), 0.1)
            bce = F.binary_cross_entropy_with_logits
            fake = G(x)
            says_real, says_fake = D(x, y), D(x, fake.detach())
            loss = bce(says_real, torch.full_like(says_real, 0.9)) + bce(says_fake, torch.zeros_like(says_fake))
            d.zero_grad()
            loss.backward()
            d.step()
            logits = D(x, fake)
            g_loss = bce(logits, torch.ones_like(logits)) + 10 * (fake - y).abs().mean()
            g.zero_grad()
            g_loss.backward()
            g.step()
            told.append(g_loss.item())
        else:
            told.append(step(G, D, GanConfig(l1=10, real=0.9), x, y)["loss"].item())
        nets.append(weights(G, D))
    assert told[0] == pytest.approx(told[1], rel=1e-6)
    torch.testing.assert_close(nets[0], nets[1], rtol=0, atol=1e-6)


def test_each_player_moves_itself_only():
    G, D = unet().net, adversary().net
    before = [p.clone() for p in G.parameters()], [p.clone() for p in D.parameters()]
    step(G, D, GanConfig(), update_generator=False)
    assert all(torch.equal(a, b) for a, b in zip(before[0], G.parameters(), strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(before[1], D.parameters(), strict=True))
    after = [p.clone() for p in G.parameters()]
    D_now = [p.clone() for p in D.parameters()]
    told = step(G, D, GanConfig(margin=100.0))                                  # D's errors are below it: D stays
    assert told["d_steps"] == 0 and all(torch.equal(a, b) for a, b in zip(D_now, D.parameters(), strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(after, G.parameters(), strict=True))
    assert all(p.requires_grad for p in D.parameters())


def test_an_interrupt_in_the_middle_of_a_step_leaves_the_discriminator_able_to_learn():
    G, D = unet().net, adversary().net
    frozen = next(D.parameters()).requires_grad_(False)
    calls = []

    def stop(*_):
        calls.append(1)
        if len(calls) == 2:                                                 # in the generator's half
            raise KeyboardInterrupt

    G.register_forward_hook(stop)
    with pytest.raises(KeyboardInterrupt):                                  # drawn anew, G answers twice
        step(G, D, GanConfig(redraw=True))
    step(G, D, GanConfig())
    assert len(calls) == 3
    assert not frozen.requires_grad and all(p.requires_grad for p in D.parameters() if p is not frozen)


def test_the_margin_needs_both_errors_above_it():
    G, D = unet().net, nn.Module()
    D.forward = lambda gray, ab: torch.full((len(gray), 1), 5.0) + 0 * D.w  # calls all real: on_real small
    D.w = nn.Parameter(torch.zeros(1))
    told = step(G, D, GanConfig(loss="saturating", margin=0.5))
    assert told["on_real"] < 0.5 < told["on_fake"] and told["d_steps"] == 0
    assert step(G, D, GanConfig(margin=None))["d_steps"] == 1
    assert step(G, D, GanConfig(loss="saturating", margin=0.5, margin_of="sum"))["d_steps"] == 1
    assert step(G, D, GanConfig(loss="saturating", margin=50.0, margin_of="sum"))["d_steps"] == 0


@pytest.mark.parametrize("rules", [{"margin": 0.69}, {"margin": 0.5, "pause_g": True}, {"margin": 50.0}])
@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "sgd"])
def test_a_device_that_decides_by_itself_comes_to_the_same_weights(monkeypatch, rules, optimizer):
    """On a GPU a step that the margin leaves out is taken and taken back; here both ways are compared."""
    def trained():
        colorizer, game = unet(), adversary(rules=GanConfig(loss="saturating", **rules), optimizer=optimizer, lr=0.01)
        history = fit(colorizer, game, G_SETTINGS.replace(optimizer=optimizer, lr=0.01))
        return weights(colorizer.net, game.net), history

    asked, one = trained()
    monkeypatch.setattr(train_gan, "_decides_itself", lambda device: True)
    alone, other = trained()
    assert torch.equal(asked, alone) and one["d_steps"] == other["d_steps"] and one["loss"] == other["loss"]


@pytest.mark.parametrize(("on_real", "on_fake", "d", "g"), [
    (0.5, 0.6, True, True), (0.2, 0.6, False, True), (0.5, 0.8, True, False),
    (0.2, 0.8, True, True),                                 # both would pause, so both go on
])
def test_larsen_and_sonderby_pause_g_as_well(on_real, on_fake, d, g):
    errors = torch.tensor([on_real, on_fake])
    assert GanConfig(margin=0.3, pause_g=True).networks_to_update(*errors) == (d, g)
    assert GanConfig(margin=0.3).networks_to_update(*errors) == (min(on_real, on_fake) > 0.3, True)


def test_a_step_of_g_that_is_left_out_changes_nothing_of_it():
    G, D = unet().net, PatchDiscriminator(1, 4)
    before = [p.clone() for p in G.parameters()]
    told = step(G, D, GanConfig(margin=0.5, pause_g=True))                      # errors of about log 2 = 0.69 each
    assert (told["d_steps"], told["g_steps"]) == (1, 0)
    assert all(torch.equal(p, q) for p, q in zip(before, G.parameters(), strict=True))
    for wrong in ({"pause_g": True}, {"pause_g": True, "margin": 1.5}, {"margin": -0.1}, {"margin": math.nan}):
        with pytest.raises(ValueError, match="margin"):
            GanConfig(**wrong)


def test_together_or_one_after_the_other_batch_norm_tells_the_difference():
    D, x, real, fake = adversary().net, *(torch.randn(8, c, 16, 16) for c in (1, 2, 2))
    apart, both = (train_gan.discriminator_loss(D.eval(), x, real, fake, GanConfig(together=t)) for t in (False, True))
    torch.testing.assert_close(apart, both)
    for layer in D.modules():
        layer.train(isinstance(layer, nn.BatchNorm2d))
    apart, both = (train_gan.discriminator_loss(D, x, real, fake, GanConfig(together=t)) for t in (False, True))
    assert abs((apart[0] - both[0]).item()) > 1e-4


# training

def test_a_gan_learns_something():
    colorizer, step = unet(), adversary()
    history = fit(colorizer, step, G_SETTINGS.replace(epochs=12, lr=3e-3))
    assert history["l1"][-1] < 0.8 * history["l1"][0]
    assert {"lr", "loss", "on_real", "on_fake", "adversarial", "l1", "d_steps", "g_steps"} < set(history.epochs[0])
    assert not colorizer.training and not step.net.training


def at_step(number, monkeypatch, change):
    """Do something else in the number-th GAN step: `change` gets what the step returns."""
    steps = []

    def step(*arguments, **keywords):
        steps.append(1)
        metrics = gan_step(*arguments, **keywords)
        return change(metrics) if len(steps) == number else metrics

    monkeypatch.setattr(train_gan, "gan_step", step)


def interrupt(metrics):
    raise KeyboardInterrupt


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_an_interrupted_gan_resumes_to_the_same_bits(tmp_path, monkeypatch, optimizer):
    settings = G_SETTINGS.replace(optimizer=optimizer)
    def watch():
        return {"draw": float(torch.rand(()))}                              # which the training does not notice

    whole, step = unet(), adversary(optimizer=optimizer)
    history = fit(whole, step, settings, watch=watch, every=3)
    stopped, other = unet(), adversary(optimizer=optimizer)
    kept = tmp_path / "gan.safetensors"
    at_step(7, monkeypatch, interrupt)
    assert fit(stopped, other, settings, checkpoint=kept, watch=watch, every=3).interrupted
    monkeypatch.undo()
    resumed, last = unet(5), adversary(6, optimizer=optimizer)
    again = fit(resumed, last, settings, checkpoint=kept, watch=watch, every=3)
    assert torch.equal(weights(whole.net, step.net), weights(resumed.net, last.net))
    assert [row["loss"] for row in history.epochs] == [row["loss"] for row in again.epochs]
    assert [row["step"] for row in again.watched] == [row["step"] for row in history.watched] == [0, 3, 6, 9, 12]


def test_a_checkpoint_of_another_game_is_refused(tmp_path):
    kept = tmp_path / "gan.safetensors"
    fit(unet(), adversary(), checkpoint=kept)
    for step in (adversary(rules=GanConfig(l1=1)), train.regression_step):
        with pytest.raises(ValueError, match="another training: its adversary is"):
            fit(unet(), step, checkpoint=kept)


def test_each_loop_refuses_the_step_of_the_other():
    with pytest.raises(TypeError, match="Adversary"):
        fit_gan(unet(), IMAGES, train.regression_step, G_SETTINGS)
    with pytest.raises(TypeError, match="fit_gan"):
        train.fit(unet(), IMAGES, adversary(), G_SETTINGS)


def test_watching_changes_nothing():
    plain, watched = (unet(), adversary()), (unet(), adversary())
    fit(*plain)
    history = fit(*watched, watch=lambda: diagnose(*watched, IMAGES), every=2)
    assert torch.equal(weights(plain[0].net, plain[1].net), weights(watched[0].net, watched[1].net))
    assert len(history.watched) == 7 and history.watched[0]["step"] == 0


def test_a_loss_that_is_no_number_names_the_step_and_the_checkpoint(tmp_path, monkeypatch):
    at_step(6, monkeypatch, lambda metrics: metrics | {"on_fake": metrics["on_fake"] * math.nan})
    kept = tmp_path / "gan.safetensors"
    with pytest.raises(TrainingDiverged, match="on_fake became nan at step 6"):
        fit(unet(), adversary(), checkpoint=kept)


def test_a_head_start_is_the_discriminators_alone():
    colorizer, step = unet(), adversary(rules=GanConfig(head_start=100))
    before = [p.clone() for p in colorizer.net.parameters()]
    fit(colorizer, step)
    assert all(torch.equal(a, b) for a, b in zip(before, colorizer.net.parameters(), strict=True))


# diagnostics

class Fixed(nn.Module):
    """Answers logits that depend on the color alone: its mean b, in Lab units."""

    def forward(self, gray, ab):
        return 50 * ab[:, 1:].mean((1, 2, 3), keepdim=True)


def test_decisions_count_what_is_called_real():
    colorizer = unet()
    step = Adversary(Fixed(), GanConfig(), G_SETTINGS)
    found = gan_diagnostics.discriminator_decisions(colorizer, step, IMAGES)
    b = color.rgb_to_lab(IMAGES.pixels)[:, 2].mean((1, 2))
    assert found["confusion"][1] == [int((b <= 0).sum()), int((b > 0).sum())]
    assert sum(found["confusion"][0]) == len(IMAGES)
    assert found["accuracy"] == pytest.approx((found["confusion"][0][0] + found["confusion"][1][1]) / 64)
    assert found["median_fake"] == pytest.approx(0.5)                       # an untrained U-Net answers gray
    assert found["fooled"] == found["confusion"][0][1] / len(IMAGES)
    swapped = Adversary(Fixed(), GanConfig(real=(0.0, 0.4), fake=(0.5, 1.0)), G_SETTINGS)
    for colorizer, fooled in ((Colorizer(Constant([0.0, 40.0])), 1.0), (Colorizer(Constant([0.0, -40.0])), 0.0)):
        assert gan_diagnostics.discriminator_decisions(colorizer, step, IMAGES)["fooled"] == fooled
        assert gan_diagnostics.discriminator_decisions(colorizer, swapped, IMAGES)["fooled"] == 1 - fooled


class Constant(nn.Module):
    def __init__(self, ab):
        super().__init__()
        self.ab, self.w = ab, nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return torch.tensor(self.ab).view(1, 2, 1, 1).expand(len(x), 2, *x.shape[-2:]) / 50 + 0 * self.w


class Another(nn.Module):
    """Answers the true colors of another image: of the one `by` places on; of the image itself at 0."""

    def __init__(self, by):
        super().__init__()
        self.by, self.w = by, nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return color.rgb_to_lab(IMAGES.pixels)[:, 1:].roll(self.by, 0) / 50 + 0 * self.w


def test_one_output_is_a_collapse_the_truth_is_none_and_another_images_colors_leave_two_variances():
    def diversity(net):
        return gan_diagnostics.output_diversity(Colorizer(net), IMAGES)

    assert diversity(Constant([10.0, 20.0]))["collapse"] == pytest.approx(0, abs=1e-5)
    truth = diversity(Another(0))
    assert truth["collapse"] == pytest.approx(1, rel=1e-4) and truth["over_noise"] == 0
    assert truth["chroma_ratio"] == pytest.approx(1, rel=1e-4) and truth["unexplained"] < 1e-6
    mean = color.rgb_to_lab(IMAGES.pixels)[:, 1:].mean((0, 2, 3)).tolist()
    assert diversity(Constant(mean))["unexplained"] == pytest.approx(1, rel=1e-3)
    others = [diversity(Another(by))["unexplained"] for by in range(1, len(IMAGES))]
    assert sum(others) / len(others) == pytest.approx(2, rel=0.2)           # places in the picture matter a little


def test_spread_over_noise_is_that_of_the_outputs():
    torch.manual_seed(0)
    colorizer = Colorizer(KooGenerator(size=16))
    noisy = gan_diagnostics.output_diversity(colorizer, IMAGES, draws=6)["over_noise"]
    nn.init.zeros_(colorizer.net.perturb.weight)
    silent = gan_diagnostics.output_diversity(colorizer, IMAGES, draws=6)["over_noise"]
    assert noisy > 1 and silent == pytest.approx(0, abs=1e-4)


def test_the_gradient_norm_is_that_of_the_adversarial_term_alone_and_changes_nothing():
    colorizer, step = unet(), adversary(rules=GanConfig(l1=100))
    fit(colorizer, step, G_SETTINGS.replace(epochs=1))
    step.net.train()
    before = weights(colorizer.net, step.net)
    torch.manual_seed(0)
    norm = gradient_norm(colorizer, step, IMAGES.pixels[:8])
    assert torch.equal(before, weights(colorizer.net, step.net))
    assert not colorizer.training and step.net.training
    colorizer.train()
    x, _ = colorizer.encode(IMAGES.pixels[:8])
    torch.manual_seed(0)
    F.softplus(-step.net(x, colorizer.net(x))).mean().backward()
    by_hand = sum(float(p.grad.square().sum()) for p in colorizer.net.parameters() if p.grad is not None) ** 0.5
    assert norm == pytest.approx(by_hand, rel=1e-4) and norm > 0


@pytest.mark.parametrize("l1", [0.0, 10.0])
def test_the_other_terms_gradient_is_the_weighted_l1s_or_the_squared_errors(l1):
    colorizer, step = unet(), adversary(rules=GanConfig(l1=l1))
    _, other = gradient_norms(colorizer, step, IMAGES.pixels[:8])
    colorizer.train()
    x, y = colorizer.encode(IMAGES.pixels[:8])
    loss = l1 * F.l1_loss(colorizer.net(x), y) if l1 else F.mse_loss(colorizer.net(x), y)
    loss.backward()
    by_hand = sum(float(p.grad.square().sum()) for p in colorizer.net.parameters() if p.grad is not None) ** 0.5
    assert other == pytest.approx(by_hand, rel=1e-4)
    found = diagnose(colorizer, step, IMAGES[:8])
    assert found["gradient_ratio"] == pytest.approx(found["gradient_norm"] / other, rel=1e-4)


def test_diagnose_returns_all_and_leaves_random_numbers_alone():
    colorizer, step = unet(), Adversary(PatchDiscriminator(1, 4), GanConfig(), G_SETTINGS)
    before = torch.get_rng_state()
    found = diagnose(colorizer, step, IMAGES)
    assert {"accuracy", "fooled", "over_noise", "collapse", "gradient_norm", "unexplained", "gradient_ratio",
            "hue_diversity", "color_correlation", "chance_correlation"} < set(found)
    assert torch.equal(before, torch.get_rng_state())
    assert found == diagnose(colorizer, step, IMAGES)


@pytest.mark.parametrize(("change", "ending"), [
    ({}, ""), ({"accuracy": 0.99}, ""), ({"accuracy": 0.99, "gradient_norm": 1e-5}, "discriminator won"),
    ({"chroma_ratio": 15.0}, "generator diverged"), ({"collapse": 0.01}, "collapse"),
    ({"chroma_ratio": 15.0, "collapse": 0.01}, "generator diverged, collapse"),
    ({"unexplained": 2.5}, "unrelated colors"),
    ({"collapse": 0.15, "unexplained": 1.95, "chroma_ratio": 1.95}, ""),
    ({"accuracy": 0.5, "fooled": 1.0}, ""),
    ({"accuracy": 0.5, "fooled": 1.0, "gradient_norm": 0.0}, "discriminator fooled"),
])
def test_the_failure_modes_are_named(change, ending):
    fair = {"accuracy": 0.7, "gradient_norm": 0.1, "chroma_ratio": 0.9, "collapse": 0.8, "unexplained": 1.1,
            "fooled": 0.4}
    assert gan_diagnostics.failure_modes(fair | change) == ending
