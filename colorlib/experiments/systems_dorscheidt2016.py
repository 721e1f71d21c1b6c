"""The systems of Dorscheidt et al. 2016: a compact network with one property changed at a time."""
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from colorlib.experiments.recipe import Recipe, color_bins_target, color_space_target
from colorlib.experiments.systems_dahl2016 import ON_VGG, ON_VGG_GPU, VGG_EPOCHS
from colorlib.targets import LabTarget
from colorlib.train import (
    TrainingConfig,
    classification_step,
    gray_penalty_step,
    regression_step,
)

ADADELTA = TrainingConfig(epochs=30, batch_size=20, optimizer="adadelta", lr=1.0, momentum=0.9,
                          weight_decay=0.0, schedule="constant")
# The same for all compact networks, so that two of them differ in the named property alone.
COURSE = TrainingConfig(epochs=2, batch_size=32, lr=4e-3, flip=True)
GPU = {"batch_size": 256, "lr": 1.1e-2}  # still to be measured: see systems_koo2016.py
COMPACT = {"model": "compact", "width": 16}
DILATED = COMPACT | {"dilated": True, "padding": "symmetric"}
VGG = {"model": "vgg-classifier", "width": 16}


def _system(name: str, code: str, title: str, published_epochs: int, target: Callable,
            description: str, network: dict = COMPACT, **fields) -> Recipe:
    """Make a system: a classifier on the compact network, unless `fields` differ.

    target   function of the training images and of `cell`
    """
    # The source predicts every pixel. With cells of 2 x 2, the softmax has a quarter of the work.
    defaults = {
        "net": network | {"cell": 2}, "step": classification_step, "training": COURSE,
        "epochs": {"smoke": 1, "quick": 1, "lesson": 2, "full": published_epochs},
        "gpu_training": GPU,
        "changes": "Width 16, because the original width is lost, and one prediction for 2 x 2 "
            "pixels. AdamW and few epochs instead of ADADELTA, since two cores have minutes."}
    return Recipe(
        name=name, code=code, title=title, target=partial(target, cell=2),
        published_target=partial(target, cell=1), published_net=network | {"cell": 1},
        description=f"Dorscheidt 2016: {description}",
        published_training=ADADELTA.replace(epochs=published_epochs), **defaults | fields)


def _regression(name: str, code: str, title: str, space: str, description: str,
                blur: float = 0.0, **fields) -> Recipe:
    """Make a compact network that predicts two channels of a color space, by squared error."""
    target = partial(color_space_target, space=space, blur=blur)
    return _system(name, code, title, 50, target, description, step=regression_step, **fields)


def _full(name: str, title: str, description: str, blur: float = 0.0,
          code: str = "D8") -> Recipe:
    """A compact network that predicts every pixel, as in the source."""
    recipe = _regression(
        name, code, title, "lab", description, blur, net=COMPACT | {"cell": 1},
        changes="Width 16, because the original width is lost. AdamW and few epochs instead of "
            "ADADELTA, since two cores have minutes.")
    return replace(recipe, target=recipe.published_target)


_rebalanced = partial(color_bins_target, lam=0.5)  # 0.5 is Zhang's lambda; 1 would not rebalance
# The U-Net is Nazeri's, so that a comparison with it shows the effect of target and loss alone.
_on_unet = partial(_system, network={"model": "unet", "width": 16, "depth": 3},
                   training=COURSE.replace(epochs=5),
                   epochs={"smoke": 1, "quick": 1, "lesson": 5, "full": 30})

SYSTEMS = [
    _on_unet("unet-classifier", "D7", "U-Net, color classes", 30, color_bins_target,
        "bins of the ab plane, soft targets (k = 10, sigma 5), cross-entropy, annealed mean. Here "
        "on Nazeri's U-Net, so that only target and loss differ from that with squared error.",
        changes="The 261 bins of ten units that contain a color, one prediction for 2 x 2 pixels. "
            "AdamW instead of ADADELTA."),
    _on_unet("unet-classifier-rebalanced", "D10", "U-Net, color classes, rebalanced", 30,
        _rebalanced,
        "a classifier in which the loss of each pixel has a weight that grows with the rarity of "
        "its color. The value of lambda is not given, and equation 5 is printed with lambda in "
        "place of lambda / Q.",
        changes="Zhang's formula with lambda 1/2; the mean weight over the colors of the training "
            "images is one. AdamW instead of ADADELTA."),
    _regression("delft-compact", "D1", "compact, squared error", "lab",
        "convolutions, max pooling, then upscaling with concatenation; two output maps, squared "
        "error, in Lab or YCbCr. ADADELTA with Nesterov momentum."),
    _regression("delft-compact-ycbcr", "D6", "compact in YCbCr", "ycbcr",
        "the compact network in YCbCr. Results were never published."),
    _regression("delft-compact-hsv", "D6", "compact in HSV", "hsv",
        "the compact network was worse in HSV than in YCbCr or Lab. No numbers are given."),
    _regression("delft-compact-rgb", "D6", "compact in RGB", "rgb",
        "RGB does not separate lightness from color, so the network has to predict both. They did "
        "not train this version."),
    _regression("delft-compact-blur", "D8", "compact, target blurred", "lab",
        "a Gaussian blurs the color channels of the target, because lightness carries the detail. "
        "The width of the Gaussian is not given; here it is one pixel.", blur=1.0),
    _full("delft-compact-full", "compact, full resolution",
        "the compact network with one prediction for each pixel, its target as it is."),
    _full("delft-compact-full-blur", "compact, full resolution, target blurred",
        "the same, and a Gaussian of one pixel blurs the color channels of the target.", blur=1.0),
    replace(_full(
        "delft-compact-full-gray-penalty", "compact, full resolution, gray penalty",
        "color rebalancing that increases the loss exponentially toward gray; it did not give the "
        "desired results and was dropped. The formula is not given: here a pixel weighs one, plus "
        "the exponential of its chroma over minus ten Lab units.", code="D10"),
        target=LabTarget(), published_target=LabTarget(), step=gray_penalty_step),
    _system("delft-classifier", "D2", "compact classifier", 28, color_bins_target,
        "the compact network with a softmax over color bins; k = 10, sigma 5, 28 epochs."),
    _system("delft-classifier-rebalanced", "D10", "compact classifier, rebalanced", 28, _rebalanced,
        "the loss of each pixel is weighted by its color's rarity; lambda is not given, here 0.5; "
        "annealed mean."),
    _system("delft-dilated", "D3", "compact classifier, dilated", 30, color_bins_target,
        "strides instead of max pooling, and two blocks of three dilated convolutions instead of "
        "concatenation; 30 epochs.", DILATED | {"concat": False}),
    _system("delft-dilated-concat", "D4", "compact classifier, dilated and concatenated", 30,
        color_bins_target,
        "the dilated network that also concatenates the layers of the encoder; 30 epochs.",
        DILATED),
    _system("delft-vgg16-classifier", "D5", "compact classifier on VGG16", 25, color_bins_target,
        "the compact classifier after the convolutions of VGG16, which are not trained.", VGG,
        net=VGG | {"cell": 2, "enlarge": 2}, training=ON_VGG,
        gpu_training=ON_VGG_GPU, epochs=VGG_EPOCHS | {"full": 25, "same-time": 1},
        changes="VGG16 gets images below 64 pixels at twice their size. Width 16, one prediction "
            "for 2 x 2 pixels. AdamW instead of ADADELTA."),
]
