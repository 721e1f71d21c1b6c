"""The systems of Dorscheidt et al. 2016: a compact network with one property changed at a time."""
from __future__ import annotations

from functools import partial

from colorlib.experiments.recipe import Recipe, color_bins_target, color_space_target
from colorlib.experiments.systems_dahl2016 import ON_VGG, ON_VGG_GPU, VGG_EPOCHS
from colorlib.train import Step, TrainingConfig, classification_step, regression_step

ADADELTA = TrainingConfig(epochs=30, batch_size=20, optimizer="adadelta", lr=1.0, momentum=0.9,
                          weight_decay=0.0, schedule="constant")
COURSE = TrainingConfig(epochs=2, batch_size=32, lr=4e-3, flip=True)
GPU = {"batch_size": 256, "lr": 1.1e-2}  # still to be measured: see systems_koo2016.py
CHANGES = (
    "Width 16, because the original width is lost, and one prediction for 2 x 2 pixels. AdamW with "
    "a one-cycle schedule and batch size 32 for a few epochs; the original optimizer and batch "
    "size are among the published settings.")


def _compact(name: str, code: str, title: str, epochs: int, target, description: str,
             step: Step = classification_step, **net) -> Recipe:
    """Make one of the compact networks, which share width and settings.

    target   function of `cell` that returns the recipe's target function
    net      how this network differs from the plain one
    """
    net = {"model": "compact", "width": 16} | net
    return Recipe(
        name=name, code=code, title=title, step=step, net=net | {"cell": 2}, target=target(cell=2),
        published_net=net | {"cell": 1}, published_target=target(cell=1),
        training=COURSE, gpu_training=GPU, published_training=ADADELTA.replace(epochs=epochs),
        epochs={"smoke": 1, "quick": 1, "lesson": 2, "full": epochs},
        description=f"Dorscheidt 2016: {description}", changes=CHANGES)


def _unet(name: str, code: str, title: str, lam: float, description: str, changes: str) -> Recipe:
    """Make a classifier on Nazeri's U-Net; lam as in `color_bins_target`."""
    net = {"model": "unet", "width": 16, "depth": 3}
    return Recipe(
        name=name, code=code, title=title, step=classification_step, net=net | {"cell": 2},
        target=color_bins_target(lam), published_net=net,
        published_target=color_bins_target(lam, cell=1), training=COURSE.replace(epochs=5),
        gpu_training=GPU, published_training=ADADELTA,
        epochs={"smoke": 1, "quick": 1, "lesson": 5, "full": 30},
        description=f"Dorscheidt 2016: {description}", changes=changes)


SYSTEMS = [
    _unet("unet-classifier", "D7", "U-Net, color classes", 1.0,
        "the ab plane is divided into bins; soft targets (k = 10, sigma 5), cross-entropy, "
        "annealed mean. Here on Nazeri's U-Net, so that only target and loss differ from the U-Net "
        "with squared error.",
        "The 261 bins of ten units that contain a color, one prediction for 2 x 2 pixels, AdamW "
        "with a one-cycle schedule."),
    _unet("unet-classifier-rebalanced", "D10", "U-Net, color classes, rebalanced", 0.5,
        "a classifier in which the loss of each pixel has a weight that grows with the rarity of "
        "its color. The value of lambda is not given, and equation 5 is printed with lambda in "
        "place of lambda / Q.",
        "Zhang's formula with lambda 1/2; the mean weight over the colors of the training images "
        "is one."),
    _compact("delft-compact", "D1", "compact, squared error", 50,
        partial(color_space_target, "lab"),
        "convolutions, max pooling, then upscaling with concatenation; two output maps, squared "
        "error, in Lab or YCbCr. ADADELTA with Nesterov momentum, batch size 20, 50 epochs.",
        regression_step),
    _compact("delft-compact-ycbcr", "D6", "compact in YCbCr", 50,
        partial(color_space_target, "ycbcr"),
        "the compact network in YCbCr. Results were never published.", regression_step),
    _compact("delft-compact-hsv", "D6", "compact in HSV", 50, partial(color_space_target, "hsv"),
        "the compact network in HSV did not perform as well as in YCbCr or Lab. No numbers are "
        "given.", regression_step),
    _compact("delft-compact-rgb", "D6", "compact in RGB", 50, partial(color_space_target, "rgb"),
        "RGB does not separate lightness from color, so the network has to predict both. They did "
        "not train this version.", regression_step),
    _compact("delft-compact-blur", "D8", "compact, target blurred", 50,
        partial(color_space_target, "lab", blur=1.0),
        "a Gaussian blurs the color channels of the target, because lightness carries the detail. "
        "The width of the Gaussian is not given; here it is one pixel.", regression_step),
    _compact("delft-classifier", "D2", "compact classifier", 28, color_bins_target,
        "the compact network with a softmax over color bins; k = 10, sigma 5, 28 epochs."),
    _compact("delft-classifier-rebalanced", "D10", "compact classifier, rebalanced", 28,
        partial(color_bins_target, 0.5),
        "the loss of each pixel is weighted by the rarity of its color, lambda 0.5; annealed "
        "mean."),
    _compact("delft-dilated", "D3", "compact classifier, dilated", 30, color_bins_target,
        "strides instead of max pooling, and two blocks of three dilated convolutions instead of "
        "concatenation; 30 epochs.", dilated=True, concat=False),
    _compact("delft-dilated-concat", "D4", "compact classifier, dilated and concatenated", 30,
        color_bins_target,
        "the dilated network that also concatenates the layers of the encoder; 30 epochs.",
        dilated=True),
    Recipe(
        name="delft-vgg16-classifier", code="D5", title="compact classifier on VGG16",
        net={"model": "vgg-classifier", "width": 16, "cell": 2, "enlarge": 2},
        target=color_bins_target(), step=classification_step, training=ON_VGG,
        gpu_training=ON_VGG_GPU,
        published_net={"model": "vgg-classifier", "width": 16, "cell": 1},
        published_target=color_bins_target(cell=1), published_training=ADADELTA.replace(epochs=25),
        epochs=VGG_EPOCHS | {"full": 25, "same-time": 1},
        description="Dorscheidt 2016: the compact classifier after the convolutions of VGG16, "
            "which are not trained. ADADELTA, batch size 20, 25 epochs.",
        changes="VGG16 gets images below 64 pixels at twice their size. Width 16, one prediction "
            "for 2 x 2 pixels, and AdamW with a one-cycle schedule and batch size 32 for a few "
            "epochs.",
    ),
]
