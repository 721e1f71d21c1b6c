"""Ablations of notebook 06: the course's PatchGAN with one part changed, and repairs of Koo's cGAN.

Each row trains for one epoch on 20,000 images and is measured on 2,000.
"""
from dataclasses import replace

from colorlib.experiments.recipe import Recipe
from colorlib.experiments.systems_koo2016 import GAN as KOO_GAN
from colorlib.experiments.systems_nazeri2018 import IMAGE_DISCRIMINATOR, STRIDED_GENERATOR
from colorlib.experiments.systems_perez2020 import PATCH, PEREZ_GAN, SIGMOID
from colorlib.targets import LabTarget
from colorlib.train import absolute_error_step


def _row(name: str, title: str, base: Recipe = PATCH, gan_config: dict | None = None,
         discriminator: dict | None = None, lr_factor: float = 1.0, **changes) -> Recipe:
    """Make a row: `base` with one part changed.

    gan_config      changes to the losses and labels
    discriminator   changes to the discriminator's network
    lr_factor       factor of the discriminator's learning rate
    changes         changes to other fields of the recipe
    """
    gan = replace(base.gan, net=base.gan.net | (discriminator or {}),
                  config=replace(base.gan.config, **gan_config or {}),
                  training=base.gan.training.replace(lr=lr_factor * base.gan.training.lr))
    fields = {"gan": gan, "epochs": {"ablation": 1}, "published_training": None,
              "changes": f"{base.name} in the ablation: {title}. 20,000 images, one epoch."}
    return replace(base, name=name, code=f"{base.code}*", title=title, **fields | changes)


# The labels of Pérez's cGANs alone, and all that their losses have of their own.
PEREZ_LABELS = {"real": PEREZ_GAN.real, "fake": PEREZ_GAN.fake}
PEREZ_RULES = PEREZ_LABELS | {"from_logits": False, "together": True, "l1": PEREZ_GAN.l1}
# What Koo proposes in section 6; each row adds to the one above it. The loss from logits and no
# margin are proposals of the course. Not tried: regularizing the discriminator more strongly as it
# becomes more accurate; rotated images and changed colors; Dahl's VGG16 as the generator.
NON_SATURATING = {"loss": "non-saturating"}
FROM_LOGITS = NON_SATURATING | {"from_logits": True}
NO_MARGIN = FROM_LOGITS | {"margin": None}
BETTER_DISCRIMINATOR = {"norm": True, "leak": 0.2, "strided": True}
DEEP_GENERATOR = {"net": {"model": "unet", "width": 16, "depth": 3, "noise": 100},
                  "target": LabTarget(), "start": "nazeri-unet"}

ABLATIONS: dict[str, Recipe] = {recipe.name: recipe for recipe in [
    _row("patch", "the course's PatchGAN"),
    _row("patch-l1-alone", "no discriminator", step=absolute_error_step, gan=None),
    _row("patch-no-l1", "no absolute error", gan_config={"l1": 0.0}),
    _row("patch-l1-10", "a tenth of the absolute error", gan_config={"l1": 10.0}),
    _row("patch-16", "patches of 16 pixels", discriminator={"n_layers": 1}),
    _row("patch-70", "patches of 70 pixels: the whole image", discriminator={"n_layers": 3}),
    _row("patch-one-answer", "discriminator with one output per image",
         gan=replace(PATCH.gan, net=IMAGE_DISCRIMINATOR)),
    _row("patch-smooth", "one-sided label smoothing, 0.9", gan_config={"real": 0.9}),
    _row("patch-noisy", "noisy labels",
         gan_config={"real": PEREZ_GAN.fake, "fake": PEREZ_GAN.real}),
    _row("patch-swapped", "noisy, swapped labels", gan_config=PEREZ_LABELS),
    _row("patch-together", "real and generated images in one batch", gan_config={"together": True}),
    _row("patch-p", "Pérez's losses and labels", gan_config=PEREZ_RULES),
    _row("patch-p-l1", "Pérez's losses and labels, and the absolute error",
         gan_config=PEREZ_RULES | {"l1": 100.0}),
    _row("patch-p1", "Pérez's cGAN with one output per image", SIGMOID),
    _row("patch-p1-l1", "Pérez's cGAN with one output, and the absolute error", SIGMOID,
         {"l1": 100.0}),
    _row("patch-saturating", "the saturating loss", gan_config={"loss": "saturating"}),
    _row("patch-sigmoid", "a sigmoid before the logarithm", gan_config={"from_logits": False}),
    _row("patch-instance", "discriminator with instance norm", discriminator={"norm": "instance"}),
    _row("patch-spectral", "discriminator with spectral norm", discriminator={"norm": "spectral"}),
    _row("patch-no-norm", "discriminator without norm", discriminator={"norm": "none"}),
    _row("patch-noise", "noise as an input of the generator",
         net=STRIDED_GENERATOR | {"noise": 32}),
    _row("patch-wide", "discriminator twice as wide", discriminator={"width": 32}),
    _row("patch-slow", "a tenth of the discriminator's learning rate", lr_factor=0.1),
    _row("koo", "Koo's cGAN", KOO_GAN),
    _row("koo-log-d", "the loss -log D", KOO_GAN, NON_SATURATING),
    _row("koo-logits", "and from logits", KOO_GAN, FROM_LOGITS),
    _row("koo-no-margin", "and no margin", KOO_GAN, NO_MARGIN),
    _row("koo-d", "and batch norm, LeakyReLU and strides in the discriminator", KOO_GAN, NO_MARGIN,
         BETTER_DISCRIMINATOR),
    _row("koo-deep", "and a pretrained U-Net with noise at its bottom, in Lab", KOO_GAN, NO_MARGIN,
         BETTER_DISCRIMINATOR, **DEEP_GENERATOR),
    _row("koo-deep-l1", "and the absolute error (not proposed by Koo)", KOO_GAN,
         NO_MARGIN | {"l1": 100.0}, BETTER_DISCRIMINATOR, **DEEP_GENERATOR),
]}
