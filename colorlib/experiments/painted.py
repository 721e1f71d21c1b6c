"""Trainings on painted fruit, where the distribution of the colors is known.

Networks, batches and rates are equal, so that two rows differ in the loss alone. The weights of
the absolute error are those of ab / 50, its mean taken over pixels and channels.
"""
from functools import partial

from colorlib.experiments.recipe import GanSetup, Recipe, color_bins_target
from colorlib.targets import LabTarget
from colorlib.train import (
    TrainingConfig,
    absolute_error_step,
    classification_step,
    regression_step,
)
from colorlib.train_gan import GanConfig

TRAINING = TrainingConfig(epochs=8, batch_size=16, optimizer="adam", lr=2e-4, momentum=0.5,
                          weight_decay=0.0, schedule="constant", flip=True)
NET = {"model": "unet", "width": 16, "depth": 4}


def _row(name: str, title: str, discriminator: dict | None = None, l1: float = 10.0,
         data: str = "painted", **fields) -> Recipe:
    gan = None
    if discriminator:
        gan = GanSetup({"width": 16} | discriminator, GanConfig(l1=l1), TRAINING)
    defaults = {"net": NET, "target": LabTarget(), "step": regression_step}
    return Recipe(
        name=f"{data}-{name}", code="-", title=title, training=TRAINING, epochs={}, gan=gan,
        description="None of the five sources has this system.",
        changes="A U-Net of width 16 and depth 4, batches of 16, Adam with rate 2e-4 and beta1 "
            "0.5, at a constant rate.", **defaults | fields)


def _patch(size: int, title: str = "", suffix: str = "", **keywords) -> Recipe:
    """A PatchGAN; size: side of its patches in pixels."""
    n_layers = {16: 1, 34: 2, 70: 3}[size]
    return _row(f"patch{size}{suffix}", title or f"PatchGAN of {size} pixels + L1",
                {"model": "patch", "n_layers": n_layers}, **keywords)


SYSTEMS = [
    _row("squared-error", "squared error"),
    _row("absolute-error", "absolute error", step=absolute_error_step),
    _row("classes", "color classes, annealed mean", net=NET | {"cell": 2}, step=classification_step,
         target=partial(color_bins_target, cell=2)),
    _row("image-gan", "image-level discriminator + L1", {"model": "image", "late_dropout": True}),
    _patch(16),
    _patch(34),
    _patch(70),
    _patch(16, "PatchGAN of 16 pixels, no L1", "-no-l1", l1=0.0),
    _patch(16, "PatchGAN of 16 pixels + L1, weight 1", "-l1-1", l1=1.0),
    _patch(16, "PatchGAN of 16 pixels + L1, weight 100", "-l1-100", l1=100.0),
    # The same four on photographs of fruit
    _row("l1", "absolute error, fruit photographs", data="fruit", step=absolute_error_step),
    *(_patch(size, data="fruit") for size in (16, 34, 70)),
]
