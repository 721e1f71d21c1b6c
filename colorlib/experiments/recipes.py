"""Every system of the course by its source's code: its network, its source's settings and the course's.
And rows: of notebook 06's ablation, P2 with one part changed, K3 with what K proposes, each adding to the last; of
notebook 07, two networks from different starts.

    recipe = RECIPES["koo-baseline"]
    colorizer = recipe.build(seed=0)
    fit(colorizer, images, recipe.step_for(seed=0), recipe.course)

`source` is what the document says, `course` what the course trains with instead, on two cores; `says` and `instead`
tell the difference and why. `python -m colorlib train NAME` trains the course's version, with `--as-published` the
source's.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

import torch

from colorlib import models
from colorlib.colorizer import Colorizer
from colorlib.image_classifier import ImageClassifier
from colorlib.paths import CHECKPOINTS
from colorlib.targets import ColorBinsTarget, ColorSpaceTarget, LabTarget, YuvTarget
from colorlib.train import (
    Step,
    TrainingConfig,
    absolute_error_step,
    blurred_error_step,
    classification_step,
    fit,
    regression_step,
)
from colorlib.train_gan import Adversary, GanConfig, fit_gan


@dataclasses.dataclass(frozen=True)
class GanSetup:
    """The discriminator of a GAN: how to build it, the losses, and how it is trained."""

    net: dict
    config: GanConfig
    training: TrainingConfig


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A system that a source describes.

    net, source_net     how to build the network: the course's size, the source's; the head says how many outputs
    head, source_head   functions from training images (an ImageSet) to a head
    epochs              of the course's version, by profile
    step                what training does with a batch; a GAN has duel and source_duel instead
    start               a checkpoint of colorlib/checkpoints whose weights the generator starts from ("encoder-...",
                        "classifier-...": the classifier that its encoder starts from), or ""
    sourced             False: no source describes it, so that it cannot be trained as published
    """

    name: str
    code: str
    title: str
    net: dict
    target: Callable
    course: TrainingConfig
    source_net: dict
    source_target: Callable
    source: TrainingConfig
    epochs: dict[str, int]
    description: str
    changes: str
    step: Step = regression_step
    gan: GanSetup | None = None
    source_gan: GanSetup | None = None
    start: str = ""
    sourced: bool = True

    def build(self, seed: int = 0, images=None, as_published: bool = False) -> Colorizer:
        """An untrained colorizer; the same weights for the same seed.

        images   what a head takes its statistics from; of those below dahl2016.LARGE_ENOUGH pixels VGG16 sees twice the size
        """
        config = self.source_net if as_published else self.net
        if "enlarge" in config and images is not None and min(images.size) >= models.dahl2016.LARGE_ENOUGH:
            config = config | {"enlarge": 1}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            target = (self.source_target if as_published else self.target)(images)
            net = models.build({"outputs": target.outputs} | config)
        if self.start:
            path = CHECKPOINTS / f"{self.start}.safetensors"
        if self.start.startswith(("encoder-", "classifier-")):
            net.encoder.load_state_dict(ImageClassifier.load(path).net.for_gray().state_dict())
        elif self.start:
            lacks, odd = getattr(net, "body", net).load_state_dict(Colorizer.load(path).net.state_dict(), strict=False)
            if odd or not all(name.startswith("perturb.") for name in lacks):   # where the noise comes in is new
                raise ValueError(f"{path.name} does not fit {self.name}: {', '.join([*odd, *lacks])}")
        return Colorizer(net, target)

    def make_step(self, seed: int = 0, as_published: bool = False, size: int = 32) -> Step | Adversary:
        """What `fit` takes: the step, or of a GAN an adversary with an untrained discriminator, the same for a seed.

        size   side of the images in pixels, which a discriminator of whole images is made for
        """
        gan = self.source_gan if as_published else self.gan
        if gan is None:
            return self.step
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + 1)
            whole = {} if gan.net["model"] == "patch" else {"size": size}
            return Adversary(models.build(gan.net | whole), gan.config, gan.training)

    def training_config(self, profile: str, as_published: bool = False, epochs: int | None = None) -> TrainingConfig:
        """The course's settings with the epochs of a profile; or the source's, whose epochs only "full" has.

        epochs   instead of the profile's, which then need not be one of the recipe's
        """
        if profile not in self.epochs and epochs is None:
            raise ValueError(f"unknown profile {profile!r} of {self.name}: expected one of {', '.join(self.epochs)}, "
                             "or a number of epochs")
        if as_published and not self.sourced:
            raise ValueError(f"{self.name} is of no source, so there is nothing published to train as")
        if as_published and profile == "full" and epochs is None:
            return self.source
        return (self.source if as_published else self.course).replace(
            epochs=self.epochs[profile] if epochs is None else epochs)


def _lab(images) -> LabTarget:
    return LabTarget()


def _unit_yuv(images) -> YuvTarget:
    return YuvTarget.unit_range()


def _lab_of_three(images) -> LabTarget:
    return LabTarget(channels=3)


def _koo_head(images) -> YuvTarget:
    if images is None:
        raise ValueError("K normalizes U and V by their mean and deviation over the training images: give images")
    return YuvTarget.fitted(images.pixels)


def _space(space: str, cell: int = 2, blur: float = 0.0) -> Callable:
    def target(images) -> ColorSpaceTarget:
        if images is None:
            raise ValueError("the channels are normalized by their mean and deviation over the training images: "
                             "give images")
        return ColorSpaceTarget.fitted(images.pixels, space, cell=cell, blur=blur)
    return target


def _bins(lam: float = 1.0, cell: int = 2) -> Callable:
    def target(images) -> ColorBinsTarget:
        if images is None and lam != 1:
            raise ValueError("rebalancing needs to know how often each color occurs: give images")
        return ColorBinsTarget.fitted(images, lam, cell=cell)
    return target


def fit_recipe(colorizer: Colorizer, images, step: Step | Adversary, config: TrainingConfig, **keywords):
    """`train_gan.fit_gan` if a recipe's step is an `Adversary`, else `train.fit`; returns the history."""
    loop = fit_gan if isinstance(step, Adversary) else fit
    return loop(colorizer, images, step, config, **keywords)


def get(name: str) -> Recipe:
    """The recipe of that name; ValueError names those there are."""
    known = RECIPES | ABLATIONS | TRANSFER
    if name not in known:
        raise ValueError(f"unknown recipe {name!r}: expected one of {', '.join(known)}")
    return known[name]


ADADELTA = TrainingConfig(epochs=30, batch_size=20, optimizer="adadelta", lr=1.0, momentum=0.9, weight_decay=0.0,
                    schedule="constant")
DORSCHEIDT_EPOCHS = {"smoke": 1, "quick": 1, "lesson": 2, "full": 30}
DORSCHEIDT_CHANGES = ("Width 16 (D's is lost), one answer for 2 by 2 pixels, and AdamW with a one-cycle rate and batch 32 for a "
             "few epochs; D's own optimizer and batch are in its settings.")


def _compact(name: str, code: str, title: str, description: str, epochs: int, target: Callable, step: Step = classification_step,
             changes: str = DORSCHEIDT_CHANGES, **net) -> Recipe:
    """One of D's networks: all have the same width, budget and settings, so that only the named property differs.

    head   of a cell: what makes the head
    """
    net = {"model": "compact", "width": 16} | net
    return Recipe(name=name, code=code, title=title, net=net | {"cell": 2}, target=target(cell=2), step=step,
                  source_net=net | {"cell": 1}, source_target=target(cell=1),
                  course=TrainingConfig(epochs=2, batch_size=32, lr=4e-3, flip=True), source=ADADELTA.replace(epochs=epochs),
                  epochs=DORSCHEIDT_EPOCHS | {"full": epochs}, description=description, changes=changes)


KOO_RMSPROP = TrainingConfig(epochs=125, batch_size=128, optimizer="rmsprop", lr=1e-3, momentum=0.0, weight_decay=0.0,
                 schedule="koo")
NAZERI_ADAM = TrainingConfig(epochs=500, batch_size=128, optimizer="adam", lr=5e-4, momentum=0.5, weight_decay=0.0,
                  schedule="drops")
PEREZ_ADAM = TrainingConfig(epochs=47, batch_size=16, optimizer="adam", lr=2e-4, momentum=0.5, weight_decay=0.0,
                  schedule="constant")
GENERATOR = {"model": "unet", "width": 16, "depth": 3, "strided": True, "leak": 0.2}
IMAGE_DISCRIMINATOR = {"model": "image", "width": 16, "late_dropout": True}
KOO_GAN_CONFIG = GanConfig(loss="saturating", from_logits=False, margin=0.5, redraw=True)
PEREZ_GAN_CONFIG = GanConfig(from_logits=False, real=(0.0, 0.49), fake=(0.5, 0.99), together=True)
PATCH_GAN = GanSetup({"model": "patch", "n_layers": 2, "width": 16}, GanConfig(l1=100), PEREZ_ADAM)           # the course's
PEREZ_PATCH_GAN = GanSetup({"model": "patch", "n_layers": 3}, PEREZ_GAN_CONFIG, PEREZ_ADAM)

DAHL_SGD = TrainingConfig(epochs=1, batch_size=6, optimizer="sgd", lr=0.1, momentum=0.0, weight_decay=0.0, schedule="constant")
# Pictures that A1 and A2 see in about the same time: with A1 each took eight times as long (one core, batch 32, bf16;
# ten times in float32). Profile "same-pictures": A2 with as many as A1. The others with as many as A2.
SAME_TIME = {"dahl-hypercolumn": 1_500, "dahl-residual-encoder": 10_000, "dahl-residual-encoder-plain": 10_000,
             "delft-vgg16-classifier": 10_000}
ON_VGG = TrainingConfig(epochs=1, batch_size=32, lr=1e-3, flip=True)
VGG_EPOCHS = {"smoke": 1, "quick": 1, "full": 10}                   # 50,000 images want a GPU: no "lesson"
DAHL_CHANGES = ("VGG16 sees images below 64 pixels at twice their size; AdamW with a one-cycle rate of at most 1e-3, "
             "batch 32. Batch norm before VGG16's tensors are joined, whose scales differ by orders of magnitude. The "
             "last convolution starts at zero, that is at gray, as published, too.")

SMALL = Recipe(
    name="small-resnet-patchgan", code="P3*", title="small encoder that knows gray images, PatchGAN",
    net={"model": "small-resnet-colorizer"}, target=_lab, start="encoder-cifar10",
    course=PEREZ_ADAM.replace(epochs=1, batch_size=32, flip=True),
    gan=PATCH_GAN,
    source_net={"model": "small-resnet-colorizer"}, source_target=_lab, source=PEREZ_ADAM,
    epochs={"smoke": 1, "quick": 1, "lesson": 1, "full": 47}, sourced=False,
    description="None of the five sources has it: P3's scheme without a download.",
    changes="As P2 of the course; the encoder is a small classifier of CIFAR-10's gray training images, tuned.",
)

RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in [
    Recipe(
        name="koo-baseline", code="K1", title="baseline CNN, squared error",
        net={"model": "koo"}, target=_lab,
        course=TrainingConfig(epochs=5, batch_size=64, lr=1e-2, flip=True),
        source_net={"model": "koo"}, source_target=_koo_head,
        source=TrainingConfig(epochs=60, batch_size=128, optimizer="sgd", lr=1.0, momentum=0.9, weight_decay=0.0,
                        schedule="koo"),
        epochs={"smoke": 1, "quick": 1, "lesson": 5, "full": 60},
        description="K2: YUV, Y normalized locally, U and V to unit variance; SGD with rate 1, momentum 0.9, decay 1e-7, "
             "halved every 25 epochs, 60 epochs, batch 128.",
        changes="Lab, so that all systems answer in one space; AdamW with a one-cycle rate and batch 64: two cores "
                "have time for a few epochs. With the loss as K prints it a rate of 1 blows up; with the loss averaged "
                "over channels and once more over the batch it trains (notebook 03).",
    ),
    Recipe(
        name="nazeri-unet", code="N1", title="U-Net, squared error",
        net={"model": "unet", "width": 16, "depth": 3}, target=_lab,
        course=TrainingConfig(epochs=12, batch_size=32, lr=4e-3, flip=True),
        source_net={"model": "unet", "width": 64, "depth": 4}, source_target=_lab_of_three,
        source=TrainingConfig(epochs=500, batch_size=128, optimizer="adam", lr=5e-4, momentum=0.5, weight_decay=0.0,
                        schedule="constant"),
        epochs={"smoke": 1, "quick": 1, "lesson": 12, "full": 60},
        description="N: U-Net, three Lab channels, squared error; Adam with rate 5e-4 and beta1 0.5, the rate divided by ten "
             "by hand when the loss stops falling (here: constant), batch 128, 500 epochs. The width and the settings "
             "of the squared-error run are not given: those of the cGAN are taken.",
        changes="Two channels, since L is given; a narrower net (width 16) with three pools for four, which two cores "
                "train in minutes; AdamW with a one-cycle rate and batch 32, since few epochs want many steps.",
    ),
    Recipe(
        name="unet-classifier", code="D7", title="U-Net, classes of color",
        net={"model": "unet", "width": 16, "depth": 3, "cell": 2}, target=_bins(), step=classification_step,
        course=TrainingConfig(epochs=5, batch_size=32, lr=4e-3, flip=True),
        source_net={"model": "unet", "width": 16, "depth": 3}, source_target=_bins(cell=1),
        source=ADADELTA,
        epochs={"smoke": 1, "quick": 1, "lesson": 5, "full": 30},
        description="D: the ab plane in bins, soft targets (k = 10, sigma 5), cross-entropy, annealed mean; here on N's "
             "U-Net, so that only the question differs from N1.",
        changes="Ten-unit bins that hold a color (261), one answer for 2 by 2 pixels, AdamW with a one-cycle rate.",
    ),
    Recipe(
        name="unet-classifier-rebalanced", code="D10", title="U-Net, classes of color, rebalanced",
        net={"model": "unet", "width": 16, "depth": 3, "cell": 2}, target=_bins(0.5), step=classification_step,
        course=TrainingConfig(epochs=5, batch_size=32, lr=4e-3, flip=True),
        source_net={"model": "unet", "width": 16, "depth": 3}, source_target=_bins(0.5, cell=1),
        source=ADADELTA,
        epochs={"smoke": 1, "quick": 1, "lesson": 5, "full": 30},
        description="D: as the classifier, each pixel's loss times a weight that grows with the rarity of its color; D gives "
             "no lambda and prints equation 5 with lambda in place of lambda / Q.",
        changes="Zhang's formula with lambda 1/2, weights with mean one under the colors of the training images.",
    ),
    _compact("delft-compact", "D1", "compact, squared error",
             "D: convolutions, max-pools, upscaling with concatenation, two output maps, squared error; Lab or YCbCr; "
             "ADADELTA with Nesterov momentum, batch 20, 50 epochs.", 50, partial(_space, "lab"), regression_step),
    _compact("delft-compact-ycbcr", "D6", "compact in YCbCr",
             "D: the compact network in YCbCr; results were never published.", 50, partial(_space, "ycbcr"),
             regression_step),
    _compact("delft-compact-hsv", "D6", "compact in HSV",
             "D: the compact network in HSV did not perform as well as in YCbCr or Lab; no figure is given.", 50,
             partial(_space, "hsv"), regression_step),
    _compact("delft-compact-rgb", "D6", "compact in RGB",
             "D: in RGB lightness is not separated, so that the network has to answer it too; not trained by D.", 50,
             partial(_space, "rgb"), regression_step),
    _compact("delft-compact-blur", "D8", "compact, target blurred",
             "D: the target's color channels are blurred by a Gaussian, since lightness carries the detail; its width "
             "is not given (here one pixel).", 50, partial(_space, "lab", blur=1.0), regression_step),
    _compact("delft-classifier", "D2", "compact classifier",
             "D: the compact network with a softmax over bins; k = 10, sigma 5; 28 epochs.", 28, _bins),
    _compact("delft-classifier-rebalanced", "D10", "compact classifier, rebalanced",
             "D: the loss of each pixel weighted by the rarity of its color, lambda 0.5; annealed mean.", 28,
             partial(_bins, 0.5)),
    _compact("delft-dilated", "D3", "compact classifier, dilated",
             "D: strides instead of max-pools, two blocks of three dilated convolutions instead of concatenation; "
             "30 epochs.", 30, _bins, dilated=True, concat=False),
    _compact("delft-dilated-concat", "D4", "compact classifier, dilated and concatenated",
             "D: the dilated network with concatenation of the encoder's layers; 30 epochs.", 30, _bins,
             dilated=True),
    Recipe(
        name="koo-baseline-yuv", code="K2", title="baseline CNN in K's own numbers",
        net={"model": "koo"}, target=_koo_head,
        course=TrainingConfig(epochs=3, batch_size=64, lr=1e-2, flip=True),
        source_net={"model": "koo"}, source_target=_koo_head,
        source=TrainingConfig(epochs=60, batch_size=128, optimizer="sgd", lr=1.0, momentum=0.9, weight_decay=0.0,
                        schedule="koo"),
        epochs={"smoke": 1, "quick": 1, "lesson": 3, "full": 60},
        description="K2: YUV, Y normalized locally, U and V to unit variance; K3's generator starts from this network.",
        changes="AdamW with a one-cycle rate and batch 64, for three epochs, which two cores have time for.",
    ),
    Recipe(
        name="koo-gan", code="K3", title="cGAN of K, margin rule",
        net={"model": "koo-generator", "spread": 0.1}, target=_koo_head, start="koo-baseline-yuv",
        course=KOO_RMSPROP.replace(lr=1e-2, epochs=1), gan=GanSetup({"model": "koo-discriminator"}, KOO_GAN_CONFIG, KOO_RMSPROP),
        source_net={"model": "koo-generator", "spread": 0.1}, source_target=_koo_head, source=KOO_RMSPROP.replace(lr=1e-2),
        source_gan=GanSetup({"model": "koo-discriminator"}, KOO_GAN_CONFIG, KOO_RMSPROP),
        epochs={"smoke": 1, "quick": 1, "lesson": 1, "full": 125},
        description="K3: the baseline with noise added to its gray image, started from the trained baseline; a discriminator "
             "with dropout 0.8; RMSProp, 1e-2 for G and 1e-3 for D; D's step left out unless both its errors exceed "
             "0.5; 125 epochs. K: D is right after 3 to 5 updates, G's gradient vanishes, the picture is meaningless.",
        changes="The same for fewer epochs, always from the same baseline of three epochs, trained on CIFAR-10. K's "
                "Algorithm 2 prints log(1 + D); the game it means, log(1 - D), is played, and one batch serves for "
                "true colors, false ones and G's step. Size of the noise (here 0.1 at the start, the gray image has "
                "unit variance) and widths of D are not given.",
    ),
    Recipe(
        name="nazeri-gan", code="N2", title="U-Net cGAN of N",
        net=GENERATOR, target=_lab, course=NAZERI_ADAM.replace(epochs=1, batch_size=32, flip=True),
        gan=GanSetup(IMAGE_DISCRIMINATOR, GanConfig(l1=100, real=0.9), NAZERI_ADAM),
        source_net=GENERATOR | {"width": 64, "depth": 4}, source_target=_lab_of_three, source=NAZERI_ADAM,
        source_gan=GanSetup({"model": "image", "width": 64, "inputs": 4}, GanConfig(l1=100, real=0.9, from_logits=False),
                         NAZERI_ADAM),
        epochs={"smoke": 1, "quick": 1, "lesson": 1, "full": 500},
        description="N2: a U-Net generator; a discriminator of convolutions with max-pools; -log D plus 100 times the mean "
             "absolute error, real labels 0.9; Adam with rate 5e-4 and beta1 0.5, divided by ten by hand; batch 128, "
             "500 epochs. N: mean absolute error 1.2, accuracy 43.7 percent, vivid pictures.",
        changes="Two channels, width 16 of both networks, three levels, dropout behind the pool, batch 32, one "
                "epoch, the loss from logits; the rate falls to a tenth after 60 percent of the steps and to a "
                "hundredth after 85.",
    ),
    Recipe(
        name="perez-sigmoid-gan", code="P1", title="U-Net cGAN of P, one answer an image",
        net=GENERATOR, target=_lab, course=PEREZ_ADAM.replace(epochs=1, batch_size=32, flip=True),
        gan=GanSetup(IMAGE_DISCRIMINATOR, PEREZ_GAN_CONFIG, PEREZ_ADAM),
        source_net=GENERATOR | {"width": 64, "depth": 4}, source_target=_lab, source=PEREZ_ADAM,
        source_gan=GanSetup({"model": "image", "width": 64}, PEREZ_GAN_CONFIG, PEREZ_ADAM),
        epochs={"smoke": 1, "quick": 1, "lesson": 1, "full": 47},
        description="P1: a U-Net generator and a common discriminator with a sigmoid; batches of 32, half real, half fake; "
             "labels drawn from 0 to 0.49 for real and from 0.5 to 0.99 for fake. P: after 40 epochs the same output "
             "whatever the input.",
        changes="32x32 pixels, width 16, three levels, N2's discriminator, 32 real and 32 fake, one epoch. P names no "
                "optimizer: Adam, rate 2e-4, beta1 0.5 (DCGAN's).",
    ),
    Recipe(
        name="perez-patchgan", code="P2", title="U-Net PatchGAN of P",
        net=GENERATOR, target=_lab, course=PEREZ_ADAM.replace(epochs=1, batch_size=32, flip=True),
        gan=PATCH_GAN,
        source_net=GENERATOR | {"width": 64, "depth": 4}, source_target=_lab, source=PEREZ_ADAM,
        source_gan=PEREZ_PATCH_GAN,
        epochs={"smoke": 1, "quick": 1, "lesson": 1, "full": 47},
        description="P2: P1 with a PatchGAN discriminator. P: it trains without diverging, with red and blue patches.",
        changes="Patches of 34 pixels, D of width 16, real and fake one after the other, plain labels, the loss from "
                "logits, and 100 times the mean absolute error beside it (pix2pix, N).",
    ),
    Recipe(
        name="dahl-hypercolumn", code="A1", title="VGG16's hypercolumns",
        net={"model": "hypercolumns", "enlarge": 2}, target=_unit_yuv, step=blurred_error_step, course=ON_VGG,
        source_net={"model": "hypercolumns"}, source_target=_unit_yuv, source=DAHL_SGD.replace(batch_size=1),
        epochs=VGG_EPOCHS | {"same-time": 1},
        description="A1: VGG16's tensors before its first four max-pools, enlarged to the image's size; two hidden layers, "
             "128 and 64; UV through a sigmoid; A3's loss; SGD with rate 0.1, no decay; 1 image a batch. How long is "
             "not said.",
        changes=DAHL_CHANGES,
    ),
    Recipe(
        name="dahl-residual-encoder", code="A2", title="residual encoder on VGG16",
        net={"model": "residual-encoder", "enlarge": 2}, target=_unit_yuv, step=blurred_error_step, course=ON_VGG,
        source_net={"model": "residual-encoder"}, source_target=_unit_yuv, source=DAHL_SGD.replace(epochs=19),
        epochs=VGG_EPOCHS | {"same-time": 1, "same-pictures": 1},
        description="A2: from VGG16's highest tensor down, each level added to the next; UV through a sigmoid; A3's loss; SGD "
             "with rate 0.1, no decay; 156,000 steps of 6 images.",
        changes=DAHL_CHANGES,
    ),
    Recipe(
        name="dahl-residual-encoder-plain", code="A2*", title="residual encoder on VGG16, plain distance",
        net={"model": "residual-encoder", "enlarge": 2}, target=_unit_yuv, step=regression_step, course=ON_VGG,
        source_net={"model": "residual-encoder"}, source_target=_unit_yuv, source=DAHL_SGD.replace(epochs=19),
        epochs=VGG_EPOCHS | {"same-time": 1}, sourced=False,
        description="None of the five sources has it: it stands beside A2, to tell what A3's two blurred distances do.",
        changes="A2 in all but the loss: the squared distance in UV, without the blurred ones.",
    ),
    Recipe(
        name="delft-vgg16-classifier", code="D5", title="compact classifier on VGG16",
        net={"model": "vgg-classifier", "width": 16, "cell": 2, "enlarge": 2}, target=_bins(), step=classification_step,
        course=ON_VGG, source_net={"model": "vgg-classifier", "width": 16, "cell": 1}, source_target=_bins(cell=1),
        source=ADADELTA.replace(epochs=25), epochs=VGG_EPOCHS | {"full": 25, "same-time": 1},
        description="D5: the compact classifier with VGG16's convolutions in front, not trained; ADADELTA, batch 20, 25 "
             "epochs.",
        changes="VGG16 sees images below 64 pixels at twice their size; width 16, one answer for 2 by 2 pixels; AdamW "
                "with a one-cycle rate and batch 32 for a few epochs.",
    ),
    Recipe(
        name="perez-resnet50-patchgan", code="P3", title="ResNet-50 encoder, PatchGAN",
        net={"model": "resnet", "depth": 50, "small": True}, target=_lab,
        course=PEREZ_ADAM.replace(epochs=1, batch_size=32, flip=True),
        gan=PATCH_GAN,
        source_net={"model": "resnet", "depth": 50, "width": 64}, source_target=_lab, source=PEREZ_ADAM,
        source_gan=PEREZ_PATCH_GAN,
        epochs={"smoke": 1, "quick": 1, "full": 47},
        description="P3: ResNet-50 with ImageNet's weights, a plain decoder of convolutions and upsampling, a PatchGAN; L "
             "stacked three times, 224x224; 47 epochs. P: pictures \"pretty realistic\", overfitted.",
        changes="As P2 of the course; the stem of the ResNet without its stride and pool, for 32 pixels; the encoder "
                "frozen.",
    ),
    Recipe(
        name="resnet18-patchgan", code="P3", title="ResNet-18 encoder, PatchGAN",
        net={"model": "resnet", "depth": 18, "small": True, "skip": True}, target=_lab,
        course=PEREZ_ADAM.replace(epochs=1, batch_size=32, flip=True),
        gan=PATCH_GAN,
        source_net={"model": "resnet", "depth": 18, "width": 64}, source_target=_lab, source=PEREZ_ADAM,
        source_gan=PEREZ_PATCH_GAN,
        epochs={"smoke": 1, "quick": 1, "full": 47},
        description="P3 with the smaller ResNet that P proposes against overfitting.",
        changes="As perez-resnet50-patchgan, with skip connections, so that 32 pixels keep their detail.",
    ),
    SMALL,
    dataclasses.replace(
        SMALL, name="small-random-patchgan", title="the same from random weights, PatchGAN", start="",
        description="None of the five sources has it: it stands beside small-resnet-patchgan, to tell what its start did.",
        changes="As small-resnet-patchgan in all but the start: its encoder begins with random weights."),
    dataclasses.replace(
        SMALL, name="small-plain-patchgan", title="small frozen encoder, decoder without skips, PatchGAN",
        net=SMALL.net | {"skip": False, "train": "none"}, source_net=SMALL.net | {"skip": False, "train": "none"},
        description="None of the five sources has it: P3's scheme without a download, with the decoder that P has.",
        changes="As small-resnet-patchgan, with the encoder frozen and a decoder that takes in its last tensor only."),
    Recipe(
        name="generator-l1", code="-", title="the generator of N2, P1 and P2, absolute error alone",
        net=GENERATOR, target=_lab, step=absolute_error_step, course=PEREZ_ADAM.replace(epochs=1, batch_size=32, flip=True),
        source_net=GENERATOR | {"width": 64, "depth": 4}, source_target=_lab, source=PEREZ_ADAM,
        epochs={"smoke": 1, "quick": 1, "lesson": 1, "full": 47}, sourced=False,
        description="None of the five sources has it: it stands beside a GAN, to tell what the discriminator did. pix2pix has "
             "such a row.",
        changes="P2 without its discriminator: the same generator, images, rate and number of steps.",
    ),
]}


def _row(name: str, title: str, base: str = "perez-patchgan", rules: dict | None = None, discriminator: dict | None = None,
         rate: float = 1.0, **changes) -> Recipe:
    """A row. rules, rival: what changes of the rules, of D's network; rate: D's, as a factor; others: a Recipe's."""
    recipe = RECIPES[base]
    gan = recipe.gan
    config = dataclasses.replace(gan.config, **rules or {})
    training = gan.training.replace(lr=rate * gan.training.lr)
    gan = GanSetup(gan.net | (discriminator or {}), config, training)
    return dataclasses.replace(recipe, name=name, code=f"{recipe.code}*", title=title, epochs={"ablation": 1},
                               **{"sourced": False, "gan": gan, "changes": f"{base} in the ablation: {title}. 20,000 "
                                  "images, one pass."} | changes)


PEREZ_LABELS = {"real": PEREZ_GAN_CONFIG.real, "fake": PEREZ_GAN_CONFIG.fake}
PEREZ_RULES = {name: getattr(PEREZ_GAN_CONFIG, name) for name in ("from_logits", "real", "fake", "together", "l1")}
# What K proposes (section 6), one after the other. Not tried: D regularized harder as it gets more accurate; images
# rotated, colors perturbed; Dahl's VGG as the generator.
KOO_NON_SATURATING = {"loss": "non-saturating"}
KOO_FROM_LOGITS = KOO_NON_SATURATING | {"from_logits": True}                                       # the course's proposal, as is the next
KOO_NO_MARGIN = KOO_FROM_LOGITS | {"margin": None}
KOO_DISCRIMINATOR_CHANGES = {"norm": True, "leak": 0.2, "strided": True}
KOO_DEEP_GENERATOR = {"net": {"model": "unet", "width": 16, "depth": 3, "noise": 100}, "target": _lab, "start": "nazeri-unet"}

ABLATIONS: dict[str, Recipe] = {recipe.name: recipe for recipe in [
    _row("patch", "P2"),
    _row("patch-l1-alone", "no discriminator", step=absolute_error_step, gan=None, source_gan=None),
    _row("patch-no-l1", "no absolute error", rules={"l1": 0.0}),
    _row("patch-l1-10", "a tenth of the absolute error", rules={"l1": 10.0}),
    _row("patch-16", "patches of 16 pixels", discriminator={"n_layers": 1}),
    _row("patch-70", "patches of 70 pixels: the whole image", discriminator={"n_layers": 3}),
    _row("patch-one-answer", "P1's discriminator, one answer", gan=dataclasses.replace(
        RECIPES["perez-patchgan"].gan, net=IMAGE_DISCRIMINATOR)),
    _row("patch-smooth", "one-sided label smoothing, 0.9", rules={"real": 0.9}),
    _row("patch-noisy", "noisy labels", rules={"real": PEREZ_GAN_CONFIG.fake, "fake": PEREZ_GAN_CONFIG.real}),
    _row("patch-swapped", "noisy, swapped labels", rules=PEREZ_LABELS),
    _row("patch-together", "true and false in one batch of D", rules={"together": True}),
    _row("patch-p", "all of P1's rules: P changed D alone", rules=PEREZ_RULES),
    _row("patch-p-l1", "all of P1's rules, and the absolute error", rules=PEREZ_RULES | {"l1": 100.0}),
    _row("patch-p1", "P1: its rules and its discriminator", "perez-sigmoid-gan"),
    _row("patch-p1-l1", "P1, and the absolute error", "perez-sigmoid-gan", {"l1": 100.0}),
    _row("patch-saturating", "the saturating loss", rules={"loss": "saturating"}),
    _row("patch-sigmoid", "a sigmoid before the logarithm", rules={"from_logits": False}),
    _row("patch-instance", "instance norm in D", discriminator={"norm": "instance"}),
    _row("patch-spectral", "spectral norm in D", discriminator={"norm": "spectral"}),
    _row("patch-no-norm", "no norm in D", discriminator={"norm": "none"}),
    _row("patch-noise", "noise for the generator", net=GENERATOR | {"noise": 32}),
    _row("patch-wide", "D twice as wide", discriminator={"width": 32}),
    _row("patch-slow", "D's rate a tenth", rate=0.1),
    _row("koo", "K3", "koo-gan"),
    _row("koo-log-d", "-log D", "koo-gan", KOO_NON_SATURATING),
    _row("koo-logits", "and from logits", "koo-gan", KOO_FROM_LOGITS),
    _row("koo-no-margin", "and no margin", "koo-gan", KOO_NO_MARGIN),
    _row("koo-d", "and batch norm, LeakyReLU, strides in D", "koo-gan", KOO_NO_MARGIN, KOO_DISCRIMINATOR_CHANGES),
    _row("koo-deep", "and a pretrained U-Net, noise in its depth, Lab", "koo-gan", KOO_NO_MARGIN, KOO_DISCRIMINATOR_CHANGES, **KOO_DEEP_GENERATOR),
    _row("koo-deep-l1", "and the absolute error (no proposal of K's)", "koo-gan", KOO_NO_MARGIN | {"l1": 100.0}, KOO_DISCRIMINATOR_CHANGES, **KOO_DEEP_GENERATOR),
]}


def _start(name: str, title: str, base: str, **changes) -> Recipe:
    """A row. changes: of the network; `start`: of the recipe."""
    recipe, start = RECIPES[base], {"start": changes.pop("start")} if "start" in changes else {}
    step = regression_step if recipe.gan else recipe.step
    course = ON_VGG.replace(lr=4e-3) if recipe.gan else ON_VGG                 # the small encoder bears a higher rate
    return dataclasses.replace(recipe, name=name, code=f"{recipe.code.rstrip('*')}*", title=title,
                               net=recipe.net | changes, step=step, course=course, gan=None, source_gan=None,
                               sourced=False,
                               epochs={f"transfer-{n}": max(1, 10_000 // n) for n in TRANSFER_IMAGES},
                               changes=f"The network of {base}, {title}: 10,000 pictures are seen, of a small set "
                                       "several times each; of 50,000 each once.", **start)


TRANSFER_IMAGES = (500, 2_000, 10_000, 50_000)
TRANSFER: dict[str, Recipe] = {recipe.name: recipe for recipe in [
    _start("vgg-imagenet", "ImageNet's weights, frozen", "dahl-residual-encoder"),
    _start("vgg-tuned", "ImageNet's weights, tuned", "dahl-residual-encoder", tuned=True),
    _start("vgg-random", "random weights, tuned", "dahl-residual-encoder", weights="none", tuned=True),
    _start("small-frozen", "weights of the gray classifier, frozen", "small-resnet-patchgan", train="none"),
    _start("small-gray", "weights of the gray classifier, tuned", "small-resnet-patchgan"),
    _start("small-color", "weights of the color classifier, tuned", "small-resnet-patchgan", start="classifier-cifar10"),
    _start("small-random", "random weights, tuned", "small-resnet-patchgan", start=""),
]}
