"""Budgets of the runs that the results rest on: data, epochs, seeds, and which weights are kept.

Each budget is a profile of `python -m colorlib train --missing --profile NAME`. The profiles of
the notebooks have their epochs in the recipes themselves.
"""
import dataclasses

from colorlib.data.fruit_photos import load_fruit_photos
from colorlib.data.image_set import ImageSet

SEEDS = (0, 1, 2)


@dataclasses.dataclass(frozen=True)
class Budget:
    """What the runs of a profile have in common.

    epochs     by recipe; a recipe that is not named here is not part of the profile
    data       the data sets that it is for, the most wanted first
    size       side of the images in pixels
    train      number of training images, those held out included; None: all
    test       number of test images; None: all
    held_out   so many training images are kept from training and measured after each epoch
    changes    changes to the training of some recipes, of the discriminator's, too
    best       keep the weights that explained most of the held-out images, instead of the last ones
    seeds      the seeds that the table wants
    collected  whether the trained colorizers of seed 0 belong into colorlib/checkpoints
    """

    epochs: dict[str, int]
    data: tuple[str, ...] = ("cifar10",)
    size: int = 32
    train: int | None = None
    test: int | None = None
    held_out: int = 0
    changes: dict[str, dict] = dataclasses.field(default_factory=dict)
    best: bool = False
    seeds: tuple[int, ...] = SEEDS
    collected: bool = False


# Pérez García 2020 shows her networks 47 times 10,000 images, in batches of 16. Here they see as
# many images of a larger set: 3,000 of the 50,000 are held out, and 10 times 47,000 is 470,000.
PEREZ = ("generator-l1", "generator-squared-error", "perez-sigmoid-gan-l1", "perez-patchgan",
         "perez-patchgan-no-l1", "perez-sigmoid-gan", "perez-sigmoid-gan-ab",
         "perez-sigmoid-gan-l1-ab", "perez-patchgan-ab", "perez-patchgan-no-l1-ab")
LONG_TRAINED = ("nazeri-unet", "unet-classifier", "unet-classifier-rebalanced", "koo-baseline")
PAINTED = ("painted-squared-error", "painted-absolute-error", "painted-classes",
           "painted-image-gan", "painted-patch16", "painted-patch34", "painted-patch70",
           "painted-patch16-no-l1", "painted-patch16-l1-1", "painted-patch16-l1-100")
# In 60 epochs there are steps enough for a batch in which a processor, too, loses little time.
LARGE_BATCH = {"batch_size": 256, "lr": 1.1e-2}
FRUIT_GAN = ("fruit-l1", "fruit-patch16", "fruit-patch34", "fruit-patch70")
# Dorscheidt et al. 2016 trained regression for 50 epochs, and classifiers for 28, 30, 30 and 25.
DORSCHEIDT = {"delft-compact": 50, "delft-classifier": 28, "delft-dilated": 30,
              "delft-dilated-concat": 30, "delft-vgg16-classifier": 25}
ENCODERS = ("small-frozen", "small-gray", "small-gray-slow", "small-gray-fixed-norm",
            "small-random")
# Variants whose numbers are wanted and whose weights are not: the checkpoints have a limit.
RECORDS_ONLY = ("delft-compact-ycbcr", "delft-compact-rgb", "delft-compact-blur")
# Long enough that the curve of the held-out images passes its best point. With 50,000 it still
# falls a little at the end, although 6 epochs of 47,000 images are more steps than 20 of 10,000.
BEST_EPOCHS = {500: 40, 2_000: 20, 10_000: 20, 50_000: 6}

BUDGETS: dict[str, Budget] = {
    # After 8 epochs the loss of the classes still fell by 3 % an epoch.
    "known-truth": Budget(dict.fromkeys(PAINTED, 8) | {"painted-classes": 24}, ("apples", "plums"),
                          64, 3_200, 500, 200, seeds=(0, 1, 2, 3, 4)),
    "long": Budget(dict.fromkeys((*LONG_TRAINED, "koo-baseline-averaged"), 60)
                   | dict.fromkeys(PEREZ, 10), held_out=3_000,
                   changes=dict.fromkeys(PEREZ, {"batch_size": 16})
                   | dict.fromkeys(LONG_TRAINED, LARGE_BATCH), collected=True),
    "sampler-apples": Budget({"painted-sampler": 24, "painted-sampler-first-try": 16},
                             ("apples", "plums"), 32, 20_000, 2_000, seeds=(0, 1, 2, 3, 4)),
    "sampler-apples-64": Budget({"painted-sampler-64": 16}, ("apples",), 64, 20_000, 2_000),
    "sampler": Budget({"sampler": 10}, train=47_000),  # 470,000 pictures, as Pérez's networks saw
    "hints": Budget({"hint-unet": 8}),
    "fruit-photos": Budget(dict.fromkeys(FRUIT_GAN, 30) | DORSCHEIDT
                           | {"vgg-imagenet": 50, "vgg-random": 50}, ("fruit-photos",), 96,
                           held_out=95),  # the five specimens of the validation split
    **{f"best-{n}": Budget(dict.fromkeys(ENCODERS, epochs), train=n + 1_000, test=2_000,
                           held_out=1_000, best=True)
       for n, epochs in BEST_EPOCHS.items() if n < 50_000},
    "best-50000": Budget(dict.fromkeys(ENCODERS, BEST_EPOCHS[50_000]), test=2_000, held_out=3_000,
                         best=True),
}


def image_size(data: str, profile: str, size: int = 32) -> int:
    """The side of a run's images: a budget has its own, for the data that it is for."""
    budget = BUDGETS.get(profile)
    return budget.size if budget and data in budget.data else size


def epochs_of(name: str) -> dict[str, int]:
    """Return the numbers of epochs of a recipe, by the profiles of this module."""
    return {profile: budget.epochs[name] for profile, budget in BUDGETS.items()
            if name in budget.epochs}


def changes_of(name: str, profile: str) -> dict:
    """Return what a profile changes in a recipe's `TrainingConfig`, besides the epochs."""
    budget = BUDGETS.get(profile)
    return budget.changes.get(name, {}) if budget else {}


def settings(name: str, profile: str) -> list:
    """Return what shapes a run besides the recipe: images held out, changes, weights kept."""
    budget = BUDGETS.get(profile, Budget({}))
    return [budget.size, budget.train, budget.test, budget.held_out, budget.best,
            changes_of(name, profile)]


def hold_out(images: ImageSet, profile: str) -> tuple[ImageSet, ImageSet | None]:
    """Return the images to train on, and those that are held out (None if the profile has none).

    The same images are held out for every seed. Fewer images than a budget names are shared out in
    the same proportion; of a data set that is used whole, at most a tenth is held out. Photographs
    of fruit have specimens of their own for this: another frame of one that was trained on would
    flatter the network.
    """
    budget = BUDGETS.get(profile)
    if budget is None or not budget.held_out:
        return images, None
    if images.name == "fruit-photos":
        return images, load_fruit_photos("validation", size=images.size[0]).to(images.device)
    share = budget.held_out / budget.train if budget.train else 0.1
    count = min(budget.held_out, max(1, round(share * len(images))))
    kept, held_out = images.split(1 - count / len(images))
    kept.name = held_out.name = images.name
    return kept, held_out
