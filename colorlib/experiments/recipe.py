"""A recipe: one system of the course, with the settings of its source and those of the course.

    recipe = get("koo-baseline")                                # see recipes.py
    colorizer = recipe.build(seed=0)
    fit_recipe(colorizer, images, recipe.make_step(seed=0), recipe.training_config("lesson"))

The recipes themselves are in one file for each source: systems_koo2016.py and its neighbors.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Callable

import torch

from colorlib import models
from colorlib.colorizer import Colorizer
from colorlib.image_classifier import ImageClassifier
from colorlib.paths import CHECKPOINTS
from colorlib.targets import ColorBinsTarget, ColorSpaceTarget, LabTarget, YuvTarget
from colorlib.train import Step, TrainingConfig, fit, regression_step
from colorlib.train_gan import Adversary, GanConfig, fit_gan

# Profiles that train on all 50,000 images. The others have so few that a large batch would leave
# only a handful of optimizer steps.
LARGE_BATCH_PROFILES = ("lesson", "full")


@dataclasses.dataclass(frozen=True)
class GanSetup:
    """The discriminator of a GAN: how to build it, the losses, and how it is trained."""

    net: dict
    config: GanConfig
    training: TrainingConfig


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A system of the course. Fields that begin with `published` hold what its source used.

    code                  short name in the tables: a letter for the source, and a number
    net, published_net    arguments of `models.build`; the target adds the number of outputs
    target, published_target   functions from training images (an ImageSet) to a target
    training, published_training   optimizer, learning rate, batch size and so on
    gpu_training          changes to `training` on a CUDA GPU: a larger batch, a higher rate
    epochs                number of epochs in the course's version, by profile
    step                  the training step; a GAN uses `gan` and `published_gan` instead
    start                 name of a file in colorlib/checkpoints that the generator starts from, or
                          "". A name "encoder-..." or "classifier-..." gives the encoder's weights
    has_source            False for a system that no source describes
    description, changes  in words: what the source did, and what the course does differently
    """

    name: str
    code: str
    title: str
    net: dict
    target: Callable
    training: TrainingConfig
    published_net: dict
    published_target: Callable
    published_training: TrainingConfig
    epochs: dict[str, int]
    description: str
    changes: str
    step: Step = regression_step
    gan: GanSetup | None = None
    published_gan: GanSetup | None = None
    start: str = ""
    has_source: bool = True
    gpu_training: dict = dataclasses.field(default_factory=dict)

    def build(self, seed: int = 0, images=None, as_published: bool = False) -> Colorizer:
        """Build an untrained colorizer, with the same weights for the same seed.

        images   the training images, from which some targets take their statistics. VGG16 gets
                 images below `dahl2016.LARGE_ENOUGH` pixels at twice their size
        ValueError if the target needs images and none are given.
        """
        config = self.published_net if as_published else self.net
        large = images is not None and min(images.size) >= models.dahl2016.LARGE_ENOUGH
        if "enlarge" in config and large:
            config = config | {"enlarge": 1}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            target = (self.published_target if as_published else self.target)(images)
            net = models.build({"outputs": target.outputs} | config)
        if self.start:
            self._load_start(net)
        return Colorizer(net, target)

    def _load_start(self, net: torch.nn.Module) -> None:
        """Load the weights that the training starts from. ValueError if they do not fit."""
        path = CHECKPOINTS / f"{self.start}.safetensors"
        if self.start.startswith(("encoder-", "classifier-")):
            net.encoder.load_state_dict(ImageClassifier.load(path).net.for_gray().state_dict())
            return
        weights = Colorizer.load(path).net.state_dict()
        missing, unexpected = getattr(net, "body", net).load_state_dict(weights, strict=False)
        # the layers that add the noise are new: the network that we start from has none
        if unexpected or not all(name.startswith("perturb.") for name in missing):
            names = ", ".join([*unexpected, *missing])
            raise ValueError(f"{path.name} does not fit {self.name}: {names}")

    def make_step(self, seed: int = 0, as_published: bool = False,
                  size: int = 32) -> Step | Adversary:
        """Return the training step or, for a GAN, an `Adversary` with an untrained discriminator.

        seed   the discriminator has the same weights for the same seed
        size   side of the images in pixels, for a discriminator that looks at whole images
        """
        gan = self.published_gan if as_published else self.gan
        if gan is None:
            return self.step
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + 1)  # else its weights would repeat the generator's
            image_size = {} if gan.net["model"] == "patch" else {"size": size}
            return Adversary(models.build(gan.net | image_size), gan.config, gan.training)

    def training_config(self, profile: str, as_published: bool = False, epochs: int | None = None,
                        device: str | torch.device = "cpu") -> TrainingConfig:
        """Return the settings for a profile: the course's, or those of the source.

        epochs   replaces the profile's number of epochs; any profile is then accepted. The number
                 of epochs of the source is used for profile "full" only
        device   on "cuda", `gpu_training` applies to profiles with all training images. GANs and
                 published settings are the same on every device
        ValueError for an unknown profile, or if no source describes the system.
        """
        if profile not in self.epochs and epochs is None:
            raise ValueError(f"unknown profile {profile!r} of {self.name}: expected one of "
                             f"{', '.join(self.epochs)}, or a number of epochs")
        if as_published and not self.has_source:
            raise ValueError(f"no source describes {self.name}, so it has no published settings")
        if as_published and profile == "full" and epochs is None:
            return self.published_training
        config = self.published_training if as_published else self.training
        on_gpu = torch.device(device).type == "cuda" and profile in LARGE_BATCH_PROFILES
        if on_gpu and not as_published:
            config = config.replace(**self.gpu_training)
        return config.replace(epochs=self.epochs[profile] if epochs is None else epochs)


def fit_recipe(colorizer: Colorizer, images, step: Step | Adversary, config: TrainingConfig,
               **keywords):
    """Train by `fit_gan` if the step is an `Adversary`, else by `fit`; return the history."""
    loop = fit_gan if isinstance(step, Adversary) else fit
    return loop(colorizer, images, step, config, **keywords)


# Targets: functions from the training images, or None, to a target.


def lab_target(images) -> LabTarget:
    return LabTarget()


def lab_target_with_lightness(images) -> LabTarget:
    return LabTarget(channels=3)


def unit_yuv_target(images) -> YuvTarget:
    return YuvTarget.unit_range()


def koo_target(images) -> YuvTarget:
    if images is None:
        raise ValueError("Koo normalizes U and V by their mean and standard deviation over the "
                         "training images: give images")
    return YuvTarget.from_images(images.pixels)


def color_space_target(space: str, cell: int = 2, blur: float = 0.0) -> Callable:
    """Two normalized color channels of a space; one prediction for cell x cell pixels."""
    def target(images) -> ColorSpaceTarget:
        if images is None:
            raise ValueError("the channels are normalized by their mean and standard deviation "
                             "over the training images: give images")
        return ColorSpaceTarget.from_images(images.pixels, space, cell=cell, blur=blur)
    return target


def color_bins_target(lam: float = 1.0, cell: int = 2) -> Callable:
    """Bins of the ab plane; lam below 1 gives pixels of rare colors a larger weight."""
    def target(images) -> ColorBinsTarget:
        if images is None and lam != 1:
            raise ValueError("rebalancing needs to know how often each color occurs: give images")
        return ColorBinsTarget.from_images(images, lam, cell=cell)
    return target
