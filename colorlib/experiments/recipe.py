"""A recipe: one system of the course, with the settings of its source and those of the course.

    recipe = get("koo-baseline")                                # see recipes.py
    colorizer = recipe.build(seed=0)
    fit_recipe(colorizer, images, recipe.make_step(seed=0), recipe.training_config("lesson"))

The recipes themselves are in one file for each source: systems_koo2016.py and its neighbors.
"""
import dataclasses
from collections.abc import Callable

import torch

from colorlib import models
from colorlib.colorizer import Colorizer
from colorlib.experiments import budgets
from colorlib.image_classifier import ImageClassifier
from colorlib.paths import CHECKPOINTS
from colorlib.targets import ColorBinsTarget, ColorSpaceTarget, LabTarget, YuvTarget
from colorlib.train import Step, TrainingConfig, fit, regression_step
from colorlib.train_gan import Adversary, GanConfig, fit_gan

Target = LabTarget | YuvTarget | ColorBinsTarget | ColorSpaceTarget
# Profiles that train on all 50,000 images. The others have so few that a large batch would leave
# only a handful of optimizer steps.
LARGE_BATCH_PROFILES = ("lesson", "full")
MIN_IMAGES = 8  # in four batches of two: batch norm needs more than one image


@dataclasses.dataclass(frozen=True)
class GanSetup:
    """The discriminator of a GAN: how to build it, the losses, and how it is trained."""

    net: dict
    config: GanConfig
    training: TrainingConfig


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A system of the course. Fields that begin with `published` hold what its source used.

    Where `published_net` or `published_target` is None, it is that of the course; where
    `published_gan` is None, there is no discriminator. Where `published_training` is None, no
    source describes the system, and methods raise ValueError for `as_published`.
    """

    name: str
    code: str  # short name in the tables: a letter for the source, and a number
    title: str
    net: dict  # arguments of `models.build`; the target adds the number of outputs
    target: Target | Callable[..., Target]  # a function makes it from the training images
    training: TrainingConfig
    epochs: dict[str, int]  # number of epochs in the course's version, by profile
    description: str  # in words: what the source did
    changes: str  # in words: what the course does differently
    published_net: dict | None = None
    published_target: Target | Callable[..., Target] | None = None
    published_training: TrainingConfig | None = None
    step: Step = regression_step  # the training step; a GAN uses `gan` instead
    gan: GanSetup | None = None
    published_gan: GanSetup | None = None
    # Name of a file in colorlib/checkpoints that the generator starts from, or "". A name
    # "encoder-..." or "classifier-..." gives the encoder's weights alone.
    start: str = ""
    # Where the source's settings diverge: its section, and what we measured. "" where they do not.
    diverges: str = ""
    # Changes to `training` on a CUDA GPU: a larger batch, a higher rate.
    gpu_training: dict = dataclasses.field(default_factory=dict)

    @property
    def has_source(self) -> bool:
        return self.published_training is not None

    @property
    def profiles(self) -> dict[str, int]:
        """The numbers of epochs by profile: its own, and those of budgets.py, such as "long"."""
        return self.epochs | budgets.epochs_of(self.name)

    def _check_published(self, as_published: bool) -> None:
        """ValueError if the source's settings are asked for and no source describes the system."""
        if as_published and not self.has_source:
            raise ValueError(f"no source describes {self.name}, so it has no published settings")

    def build(self, seed: int = 0, images=None, as_published: bool = False) -> Colorizer:
        """Build an untrained colorizer, with the same weights for the same seed.

        images   the training images, from which some targets take their statistics
        ValueError if the target needs images and none are given.
        """
        self._check_published(as_published)
        config, target = self.net, self.target
        if as_published:
            config = self.published_net or config
            target = self.published_target or target
        # VGG16 learned from large pictures: only those below 64 pixels are shown to it enlarged.
        if "enlarge" in config and images is not None and (
                min(images.size) >= models.dahl2016.LARGE_ENOUGH):
            config = config | {"enlarge": 1}
        with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay as they were
            torch.manual_seed(seed)
            target = target(images) if callable(target) else target
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
        # The layers that add the noise are new: the network that we start from has none.
        if unexpected or not all(name.startswith("perturb.") for name in missing):
            names = ", ".join([*unexpected, *missing])
            raise ValueError(f"{path.name} does not fit {self.name}: {names}")

    def make_step(self, seed: int = 0, as_published: bool = False,
                  size: int = 32) -> Step | Adversary:
        """Return the training step or, for a GAN, an `Adversary` with an untrained discriminator.

        seed   the discriminator has the same weights for the same seed
        size   side of the images in pixels, for a discriminator that looks at whole images; as the
               generator gets them, padded. ValueError if the discriminator takes no such images
        """
        self._check_published(as_published)
        gan = self.published_gan if as_published else self.gan
        if gan is None:
            return self.step
        image_size = {}
        if not gan.net["model"].startswith("patch"):
            config = self.published_net if as_published and self.published_net else self.net
            multiple = models.outline({"outputs": 2} | config).multiple
            image_size = {"size": self._size_that_fits(gan.net, size, multiple)}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + 1)  # else its weights would repeat the generator's
            return Adversary(models.build(gan.net | image_size), gan.config, gan.training)

    def _size_that_fits(self, net: dict, size: int, multiple: int) -> int:
        """The size of padded images; ValueError if the discriminator `net` does not take them."""
        def padded(side: int) -> int:
            return -(-side // multiple) * multiple

        def fits(side: int) -> bool:
            try:
                return bool(models.outline(net | {"size": padded(side)}))
            except ValueError:
                return False

        if not fits(size):
            larger = next(filter(fits, range(size, size + 256)), "none")
            raise ValueError(f"the discriminator of {self.name} takes no images of {size} pixels; "
                             f"the next larger size that it takes is {larger}")
        return padded(size)

    def training_config(self, profile: str, as_published: bool = False, epochs: int | None = None,
                        device: str | torch.device = "cpu") -> TrainingConfig:
        """Return the settings for a profile: the course's, or those of the source.

        epochs   replaces the profile's number; any profile is then accepted
        device   on "cuda", `gpu_training` applies to the course's profiles with all training images
        ValueError for an unknown profile.
        """
        if profile not in self.profiles and epochs is None:
            raise ValueError(f"unknown profile {profile!r} of {self.name}: expected one of "
                             f"{', '.join(self.profiles)}, or a number of epochs")
        self._check_published(as_published)
        if as_published:
            config = self.published_training
            if profile == "full" and epochs is None:
                return config  # the only profile that trains for as long as the source did
        else:
            config = self.training
            if torch.device(device).type == "cuda" and profile in LARGE_BATCH_PROFILES:
                config = config.replace(**self.gpu_training)
        config = config.replace(**budgets.changes_of(self.name, profile))
        return config.replace(epochs=self.profiles[profile] if epochs is None else epochs)


def fit_batch(config: TrainingConfig, images: int,
              batch_size: int | None = None) -> TrainingConfig:
    """The settings with a batch size of one's own or, for few images, a quarter of them.

    ValueError if there are too few images to train on, or to fill a batch of one's own.
    """
    if images < MIN_IMAGES:
        raise ValueError(f"{images} images are too few to train on: give at least {MIN_IMAGES}, "
                         "and in a folder one more in ten for the test")
    if batch_size is not None:
        if not 1 <= batch_size <= images:
            raise ValueError(f"a batch can have 1 to {images} images here, got {batch_size}")
        return config.replace(batch_size=batch_size)
    return config if images >= config.batch_size else config.replace(batch_size=images // 4)


def fit_recipe(colorizer: Colorizer, images, step: Step | Adversary, config: TrainingConfig,
               **keywords):
    """Train by `fit_gan` if the step is an `Adversary`, else by `fit`; return the history."""
    loop = fit_gan if isinstance(step, Adversary) else fit
    return loop(colorizer, images, step, config, **keywords)


# Targets that depend on the training images.


def koo_target(images) -> YuvTarget:
    return YuvTarget.from_images(_pixels(images))


def color_space_target(images, space: str, cell: int = 2, blur: float = 0.0) -> ColorSpaceTarget:
    """Two normalized color channels of a space; one prediction for cell x cell pixels."""
    return ColorSpaceTarget.from_images(_pixels(images), space, cell=cell, blur=blur)


def _pixels(images) -> torch.Tensor:
    if images is None:
        raise ValueError("the channels are normalized by their mean and standard deviation over "
                         "the training images: give images")
    return images.pixels


def color_bins_target(images, lam: float = 1.0, cell: int = 2) -> ColorBinsTarget:
    """Bins of the ab plane; lam below 1 gives pixels of rare colors a larger weight."""
    if images is None and lam != 1:
        raise ValueError("rebalancing needs to know how often each color occurs: give images")
    return ColorBinsTarget.from_images(images, lam, cell=cell)
