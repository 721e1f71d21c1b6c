"""Transfer learning in notebook 07: two networks that start from different weights.

Every row is trained on 10,000 pictures in total: a small set is seen several times. The largest
set, of 50,000 images, is seen once.
"""
import dataclasses

from colorlib.experiments.recipe import Recipe
from colorlib.experiments.systems_dahl2016 import ON_VGG, RESIDUAL_ENCODER
from colorlib.experiments.systems_perez2020 import SMALL
from colorlib.train import Step, fixed_norm_step, regression_step

TRANSFER_IMAGES = (500, 2_000, 10_000, 50_000)


def _row(name: str, title: str, base: Recipe, start: str | None = None, lr: float | None = None,
         step: Step | None = None, **net) -> Recipe:
    """Make a row: `base` without its discriminator, from another start.

    start   name of a checkpoint, "" for random weights; None: that of `base`
    lr      learning rate; None: that of the network's other rows
    step    the training step; None: that of `base`, without a discriminator
    net     changes to the network
    """
    # The small encoder tolerates a higher learning rate than the decoder on VGG16.
    training = ON_VGG.replace(lr=lr or (4e-3 if base is SMALL else ON_VGG.lr))
    step = step or (regression_step if base.gan else base.step)
    return dataclasses.replace(
        base, name=name, code=f"{base.code.rstrip('*')}*", title=title, net=base.net | net,
        start=base.start if start is None else start, training=training,
        gpu_training={},  # rows are compared with each other, whatever machine trained them
        step=step, gan=None, published_training=None,
        epochs={f"transfer-{n}": max(1, 10_000 // n) for n in TRANSFER_IMAGES},
        changes=f"The network of {base.name}, {title}. It is trained on 10,000 pictures in total, "
            "so the images of a small set appear several times; a set of 50,000 appears once.")


TRANSFER: dict[str, Recipe] = {recipe.name: recipe for recipe in [
    _row("vgg-imagenet", "ImageNet's weights, frozen", RESIDUAL_ENCODER),
    _row("vgg-tuned", "ImageNet's weights, tuned", RESIDUAL_ENCODER, tuned=True),
    _row("vgg-random", "random weights, tuned", RESIDUAL_ENCODER, weights="none", tuned=True),
    _row("small-frozen", "weights of the gray classifier, frozen", SMALL, train="none"),
    _row("small-gray", "weights of the gray classifier, tuned", SMALL),
    # Weights that know something are usually tuned at a lower rate than new ones are trained.
    _row("small-gray-slow", "weights of the gray classifier, tuned at a tenth of the rate", SMALL,
         lr=4e-4),
    # Is a frozen encoder better for its weights, or for the statistics of its batch norm?
    _row("small-gray-fixed-norm", "weights of the gray classifier, tuned, batch norm fixed", SMALL,
         step=fixed_norm_step),
    _row("small-color", "weights of the color classifier, tuned", SMALL, "classifier-cifar10"),
    _row("small-random", "random weights, tuned", SMALL, ""),
]}
