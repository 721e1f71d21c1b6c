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
from colorlib.colorizer import BinsHead, Colorizer, LabHead, SpaceHead, YuvHead
from colorlib.image_classifier import Judge
from colorlib.paths import CHECKPOINTS
from colorlib.train import Settings, Step, absolute_step, blurred_step, classification_step, regression_step
from colorlib.train_gan import Adversary, Rules


@dataclasses.dataclass(frozen=True)
class Duel:
    """The other side of a GAN: how to build the discriminator, the rules of the game, and D's settings."""

    net: dict
    rules: Rules
    settings: Settings


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A system that a source describes.

    net, source_net     how to build the network: the course's size, the source's; the head says how many outputs
    head, source_head   functions from training images (an ImageSet) to a head
    epochs              of the course's version, by profile
    step                what training does with a batch; a GAN has duel and source_duel instead
    start               a checkpoint of colorlib/checkpoints whose weights the generator starts from ("encoder-...",
                        "judge-...": the classifier that its encoder starts from), or ""
    sourced             False: no source describes it, so that it cannot be trained as published
    """

    name: str
    code: str
    title: str
    net: dict
    head: Callable
    course: Settings
    source_net: dict
    source_head: Callable
    source: Settings
    epochs: dict[str, int]
    says: str
    instead: str
    step: Step = regression_step
    duel: Duel | None = None
    source_duel: Duel | None = None
    start: str = ""
    sourced: bool = True

    def build(self, seed: int = 0, images=None, as_published: bool = False) -> Colorizer:
        """An untrained colorizer; the same weights for the same seed.

        images   what a head takes its statistics from; of those below vgg.LARGE_ENOUGH pixels VGG16 sees twice the size
        """
        config = self.source_net if as_published else self.net
        if "enlarge" in config and images is not None and min(images.size) >= models.vgg.LARGE_ENOUGH:
            config = config | {"enlarge": 1}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            head = (self.source_head if as_published else self.head)(images)
            net = models.build({"outputs": head.outputs} | config)
        if self.start:
            path = CHECKPOINTS / f"{self.start}.safetensors"
        if self.start.startswith(("encoder-", "judge-")):
            net.encoder.load_state_dict(Judge.load(path).net.for_gray().state_dict())
        elif self.start:
            lacks, odd = getattr(net, "body", net).load_state_dict(Colorizer.load(path).net.state_dict(), strict=False)
            if odd or not all(name.startswith("perturb.") for name in lacks):   # where the noise comes in is new
                raise ValueError(f"{path.name} does not fit {self.name}: {', '.join([*odd, *lacks])}")
        return Colorizer(net, head)

    def step_for(self, seed: int = 0, as_published: bool = False, size: int = 32) -> Step | Adversary:
        """What `fit` takes: the step, or of a GAN an adversary with an untrained discriminator, the same for a seed.

        size   side of the images in pixels, which a discriminator of whole images is made for
        """
        duel = self.source_duel if as_published else self.duel
        if duel is None:
            return self.step
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + 1)
            whole = {} if duel.net["model"] == "patch" else {"size": size}
            return Adversary(models.build(duel.net | whole), duel.rules, duel.settings)

    def settings(self, profile: str, as_published: bool = False, epochs: int | None = None) -> Settings:
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
        return (self.source if as_published else self.course).but(
            epochs=self.epochs[profile] if epochs is None else epochs)


def _lab(images) -> LabHead:
    return LabHead()


def _unit_yuv(images) -> YuvHead:
    return YuvHead.unit_range()


def _lab_of_three(images) -> LabHead:
    return LabHead(channels=3)


def _koo_head(images) -> YuvHead:
    if images is None:
        raise ValueError("K normalizes U and V by their mean and deviation over the training images: give images")
    return YuvHead.fitted(images.pixels)


def _space(space: str, cell: int = 2, blur: float = 0.0) -> Callable:
    def head(images) -> SpaceHead:
        if images is None:
            raise ValueError("the channels are normalized by their mean and deviation over the training images: "
                             "give images")
        return SpaceHead.fitted(images.pixels, space, cell=cell, blur=blur)
    return head


def _bins(lam: float = 1.0, cell: int = 2) -> Callable:
    def head(images) -> BinsHead:
        if images is None and lam != 1:
            raise ValueError("rebalancing needs to know how often each color occurs: give images")
        return BinsHead.fitted(images, lam, cell=cell)
    return head


def get(name: str) -> Recipe:
    """The recipe of that name; ValueError names those there are."""
    known = RECIPES | ABLATION | TRANSFER
    if name not in known:
        raise ValueError(f"unknown recipe {name!r}: expected one of {', '.join(known)}")
    return known[name]


ADADELTA = Settings(epochs=30, batch_size=20, optimizer="adadelta", lr=1.0, momentum=0.9, weight_decay=0.0,
                    schedule="constant")
D_EPOCHS = {"smoke": 1, "quick": 1, "lesson": 2, "full": 30}
D_INSTEAD = ("Width 16 (D's is lost), one answer for 2 by 2 pixels, and AdamW with a one-cycle rate and batch 32 for a "
             "few epochs; D's own optimizer and batch are in its settings.")


def _compact(name: str, code: str, title: str, says: str, epochs: int, head: Callable, step: Step = classification_step,
             instead: str = D_INSTEAD, **net) -> Recipe:
    """One of D's networks: all have the same width, budget and settings, so that only the named property differs.

    head   of a cell: what makes the head
    """
    net = {"model": "compact", "width": 16} | net
    return Recipe(name=name, code=code, title=title, net=net | {"cell": 2}, head=head(cell=2), step=step,
                  source_net=net | {"cell": 1}, source_head=head(cell=1),
                  course=Settings(epochs=2, batch_size=32, lr=4e-3, flip=True), source=ADADELTA.but(epochs=epochs),
                  epochs=D_EPOCHS | {"full": epochs}, says=says, instead=instead)


KOO_D = Settings(epochs=125, batch_size=128, optimizer="rmsprop", lr=1e-3, momentum=0.0, weight_decay=0.0,
                 schedule="koo")
N_ADAM = Settings(epochs=500, batch_size=128, optimizer="adam", lr=5e-4, momentum=0.5, weight_decay=0.0,
                  schedule="drops")
P_ADAM = Settings(epochs=47, batch_size=16, optimizer="adam", lr=2e-4, momentum=0.5, weight_decay=0.0,
                  schedule="constant")
GENERATOR = {"model": "unet", "width": 16, "depth": 3, "strided": True, "leak": 0.2}
IMAGE_D = {"model": "image", "width": 16, "late_dropout": True}
KOO_RULES = Rules(loss="saturating", from_logits=False, margin=0.5, redraw=True)
P_RULES = Rules(from_logits=False, real=(0.0, 0.49), fake=(0.5, 0.99), together=True)
PATCH_D = Duel({"model": "patch", "n_layers": 2, "width": 16}, Rules(l1=100), P_ADAM)           # the course's
P_PATCH_D = Duel({"model": "patch", "n_layers": 3}, P_RULES, P_ADAM)

A_SGD = Settings(epochs=1, batch_size=6, optimizer="sgd", lr=0.1, momentum=0.0, weight_decay=0.0, schedule="constant")
# Pictures that A1 and A2 see in about the same time: with A1 each took eight times as long (one core, batch 32, bf16;
# ten times in float32). Profile "same-pictures": A2 with as many as A1. The others with as many as A2.
SAME_TIME = {"dahl-hypercolumn": 1_500, "dahl-residual-encoder": 10_000, "dahl-residual-encoder-plain": 10_000,
             "delft-vgg16-classifier": 10_000}
ON_VGG = Settings(epochs=1, batch_size=32, lr=1e-3, flip=True)
VGG_EPOCHS = {"smoke": 1, "quick": 1, "full": 10}                   # 50,000 images want a GPU: no "lesson"
A_INSTEAD = ("VGG16 sees images below 64 pixels at twice their size; AdamW with a one-cycle rate of at most 1e-3, "
             "batch 32. Batch norm before VGG16's tensors are joined, whose scales differ by orders of magnitude. The "
             "last convolution starts at zero, that is at gray, as published, too.")

SMALL = Recipe(
    name="small-resnet-patchgan", code="P3*", title="small encoder that knows gray images, PatchGAN",
    net={"model": "small-resnet-colorizer"}, head=_lab, start="encoder-cifar10",
    course=P_ADAM.but(epochs=1, batch_size=32, flip=True),
    duel=PATCH_D,
    source_net={"model": "small-resnet-colorizer"}, source_head=_lab, source=P_ADAM,
    epochs={"smoke": 1, "quick": 1, "lesson": 1, "full": 47}, sourced=False,
    says="None of the five sources has it: P3's scheme without a download.",
    instead="As P2 of the course; the encoder is a small classifier of CIFAR-10's gray training images, tuned.",
)

RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in [
    Recipe(
        name="koo-baseline", code="K1", title="baseline CNN, squared error",
        net={"model": "koo"}, head=_lab,
        course=Settings(epochs=5, batch_size=64, lr=1e-2, flip=True),
        source_net={"model": "koo"}, source_head=_koo_head,
        source=Settings(epochs=60, batch_size=128, optimizer="sgd", lr=1.0, momentum=0.9, weight_decay=0.0,
                        schedule="koo"),
        epochs={"smoke": 1, "quick": 1, "lesson": 5, "full": 60},
        says="K2: YUV, Y normalized locally, U and V to unit variance; SGD with rate 1, momentum 0.9, decay 1e-7, "
             "halved every 25 epochs, 60 epochs, batch 128.",
        instead="Lab, so that all systems answer in one space; AdamW with a one-cycle rate and batch 64: two cores "
                "have time for a few epochs. With the loss as K prints it a rate of 1 blows up; with the loss averaged "
                "over channels and once more over the batch it trains (notebook 03).",
    ),
    Recipe(
        name="nazeri-unet", code="N1", title="U-Net, squared error",
        net={"model": "unet", "width": 16, "depth": 3}, head=_lab,
        course=Settings(epochs=12, batch_size=32, lr=4e-3, flip=True),
        source_net={"model": "unet", "width": 64, "depth": 4}, source_head=_lab_of_three,
        source=Settings(epochs=500, batch_size=128, optimizer="adam", lr=5e-4, momentum=0.5, weight_decay=0.0,
                        schedule="constant"),
        epochs={"smoke": 1, "quick": 1, "lesson": 12, "full": 60},
        says="N: U-Net, three Lab channels, squared error; Adam with rate 5e-4 and beta1 0.5, the rate divided by ten "
             "by hand when the loss stops falling (here: constant), batch 128, 500 epochs. The width and the settings "
             "of the squared-error run are not given: those of the cGAN are taken.",
        instead="Two channels, since L is given; a narrower net (width 16) with three pools for four, which two cores "
                "train in minutes; AdamW with a one-cycle rate and batch 32, since few epochs want many steps.",
    ),
    Recipe(
        name="unet-classifier", code="D7", title="U-Net, classes of color",
        net={"model": "unet", "width": 16, "depth": 3, "cell": 2}, head=_bins(), step=classification_step,
        course=Settings(epochs=5, batch_size=32, lr=4e-3, flip=True),
        source_net={"model": "unet", "width": 16, "depth": 3}, source_head=_bins(cell=1),
        source=ADADELTA,
        epochs={"smoke": 1, "quick": 1, "lesson": 5, "full": 30},
        says="D: the ab plane in bins, soft targets (k = 10, sigma 5), cross-entropy, annealed mean; here on N's "
             "U-Net, so that only the question differs from N1.",
        instead="Ten-unit bins that hold a color (261), one answer for 2 by 2 pixels, AdamW with a one-cycle rate.",
    ),
    Recipe(
        name="unet-classifier-rebalanced", code="D10", title="U-Net, classes of color, rebalanced",
        net={"model": "unet", "width": 16, "depth": 3, "cell": 2}, head=_bins(0.5), step=classification_step,
        course=Settings(epochs=5, batch_size=32, lr=4e-3, flip=True),
        source_net={"model": "unet", "width": 16, "depth": 3}, source_head=_bins(0.5, cell=1),
        source=ADADELTA,
        epochs={"smoke": 1, "quick": 1, "lesson": 5, "full": 30},
        says="D: as the classifier, each pixel's loss times a weight that grows with the rarity of its color; D gives "
             "no lambda and prints equation 5 with lambda in place of lambda / Q.",
        instead="Zhang's formula with lambda 1/2, weights with mean one under the colors of the training images.",
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
        net={"model": "koo"}, head=_koo_head,
        course=Settings(epochs=3, batch_size=64, lr=1e-2, flip=True),
        source_net={"model": "koo"}, source_head=_koo_head,
        source=Settings(epochs=60, batch_size=128, optimizer="sgd", lr=1.0, momentum=0.9, weight_decay=0.0,
                        schedule="koo"),
        epochs={"smoke": 1, "quick": 1, "lesson": 3, "full": 60},
        says="K2: YUV, Y normalized locally, U and V to unit variance; K3's generator starts from this network.",
        instead="AdamW with a one-cycle rate and batch 64, for three epochs, which two cores have time for.",
    ),
    Recipe(
        name="koo-gan", code="K3", title="cGAN of K, margin rule",
        net={"model": "koo-generator", "spread": 0.1}, head=_koo_head, start="koo-baseline-yuv",
        course=KOO_D.but(lr=1e-2, epochs=1), duel=Duel({"model": "koo-discriminator"}, KOO_RULES, KOO_D),
        source_net={"model": "koo-generator", "spread": 0.1}, source_head=_koo_head, source=KOO_D.but(lr=1e-2),
        source_duel=Duel({"model": "koo-discriminator"}, KOO_RULES, KOO_D),
        epochs={"smoke": 1, "quick": 1, "lesson": 1, "full": 125},
        says="K3: the baseline with noise added to its gray image, started from the trained baseline; a discriminator "
             "with dropout 0.8; RMSProp, 1e-2 for G and 1e-3 for D; D's step left out unless both its errors exceed "
             "0.5; 125 epochs. K: D is right after 3 to 5 updates, G's gradient vanishes, the picture is meaningless.",
        instead="The same for fewer epochs, always from the same baseline of three epochs, trained on CIFAR-10. K's "
                "Algorithm 2 prints log(1 + D); the game it means, log(1 - D), is played, and one batch serves for "
                "true colors, false ones and G's step. Size of the noise (here 0.1 at the start, the gray image has "
                "unit variance) and widths of D are not given.",
    ),
    Recipe(
        name="nazeri-gan", code="N2", title="U-Net cGAN of N",
        net=GENERATOR, head=_lab, course=N_ADAM.but(epochs=1, batch_size=32, flip=True),
        duel=Duel(IMAGE_D, Rules(l1=100, real=0.9), N_ADAM),
        source_net=GENERATOR | {"width": 64, "depth": 4}, source_head=_lab_of_three, source=N_ADAM,
        source_duel=Duel({"model": "image", "width": 64, "inputs": 4}, Rules(l1=100, real=0.9, from_logits=False),
                         N_ADAM),
        epochs={"smoke": 1, "quick": 1, "lesson": 1, "full": 500},
        says="N2: a U-Net generator; a discriminator of convolutions with max-pools; -log D plus 100 times the mean "
             "absolute error, real labels 0.9; Adam with rate 5e-4 and beta1 0.5, divided by ten by hand; batch 128, "
             "500 epochs. N: mean absolute error 1.2, accuracy 43.7 percent, vivid pictures.",
        instead="Two channels, width 16 of both networks, three levels, dropout behind the pool, batch 32, one "
                "epoch, the loss from logits; the rate falls to a tenth after 60 percent of the steps and to a "
                "hundredth after 85.",
    ),
    Recipe(
        name="perez-sigmoid-gan", code="P1", title="U-Net cGAN of P, one answer an image",
        net=GENERATOR, head=_lab, course=P_ADAM.but(epochs=1, batch_size=32, flip=True),
        duel=Duel(IMAGE_D, P_RULES, P_ADAM),
        source_net=GENERATOR | {"width": 64, "depth": 4}, source_head=_lab, source=P_ADAM,
        source_duel=Duel({"model": "image", "width": 64}, P_RULES, P_ADAM),
        epochs={"smoke": 1, "quick": 1, "lesson": 1, "full": 47},
        says="P1: a U-Net generator and a common discriminator with a sigmoid; batches of 32, half real, half fake; "
             "labels drawn from 0 to 0.49 for real and from 0.5 to 0.99 for fake. P: after 40 epochs the same output "
             "whatever the input.",
        instead="32x32 pixels, width 16, three levels, N2's discriminator, 32 real and 32 fake, one epoch. P names no "
                "optimizer: Adam, rate 2e-4, beta1 0.5 (DCGAN's).",
    ),
    Recipe(
        name="perez-patchgan", code="P2", title="U-Net PatchGAN of P",
        net=GENERATOR, head=_lab, course=P_ADAM.but(epochs=1, batch_size=32, flip=True),
        duel=PATCH_D,
        source_net=GENERATOR | {"width": 64, "depth": 4}, source_head=_lab, source=P_ADAM,
        source_duel=P_PATCH_D,
        epochs={"smoke": 1, "quick": 1, "lesson": 1, "full": 47},
        says="P2: P1 with a PatchGAN discriminator. P: it trains without diverging, with red and blue patches.",
        instead="Patches of 34 pixels, D of width 16, real and fake one after the other, plain labels, the loss from "
                "logits, and 100 times the mean absolute error beside it (pix2pix, N).",
    ),
    Recipe(
        name="dahl-hypercolumn", code="A1", title="VGG16's hypercolumns",
        net={"model": "hypercolumns", "enlarge": 2}, head=_unit_yuv, step=blurred_step, course=ON_VGG,
        source_net={"model": "hypercolumns"}, source_head=_unit_yuv, source=A_SGD.but(batch_size=1),
        epochs=VGG_EPOCHS | {"same-time": 1},
        says="A1: VGG16's tensors before its first four max-pools, enlarged to the image's size; two hidden layers, "
             "128 and 64; UV through a sigmoid; A3's loss; SGD with rate 0.1, no decay; 1 image a batch. How long is "
             "not said.",
        instead=A_INSTEAD,
    ),
    Recipe(
        name="dahl-residual-encoder", code="A2", title="residual encoder on VGG16",
        net={"model": "residual-encoder", "enlarge": 2}, head=_unit_yuv, step=blurred_step, course=ON_VGG,
        source_net={"model": "residual-encoder"}, source_head=_unit_yuv, source=A_SGD.but(epochs=19),
        epochs=VGG_EPOCHS | {"same-time": 1, "same-pictures": 1},
        says="A2: from VGG16's highest tensor down, each level added to the next; UV through a sigmoid; A3's loss; SGD "
             "with rate 0.1, no decay; 156,000 steps of 6 images.",
        instead=A_INSTEAD,
    ),
    Recipe(
        name="dahl-residual-encoder-plain", code="A2*", title="residual encoder on VGG16, plain distance",
        net={"model": "residual-encoder", "enlarge": 2}, head=_unit_yuv, step=regression_step, course=ON_VGG,
        source_net={"model": "residual-encoder"}, source_head=_unit_yuv, source=A_SGD.but(epochs=19),
        epochs=VGG_EPOCHS | {"same-time": 1}, sourced=False,
        says="None of the five sources has it: it stands beside A2, to tell what A3's two blurred distances do.",
        instead="A2 in all but the loss: the squared distance in UV, without the blurred ones.",
    ),
    Recipe(
        name="delft-vgg16-classifier", code="D5", title="compact classifier on VGG16",
        net={"model": "vgg-classifier", "width": 16, "cell": 2, "enlarge": 2}, head=_bins(), step=classification_step,
        course=ON_VGG, source_net={"model": "vgg-classifier", "width": 16, "cell": 1}, source_head=_bins(cell=1),
        source=ADADELTA.but(epochs=25), epochs=VGG_EPOCHS | {"full": 25, "same-time": 1},
        says="D5: the compact classifier with VGG16's convolutions in front, not trained; ADADELTA, batch 20, 25 "
             "epochs.",
        instead="VGG16 sees images below 64 pixels at twice their size; width 16, one answer for 2 by 2 pixels; AdamW "
                "with a one-cycle rate and batch 32 for a few epochs.",
    ),
    Recipe(
        name="perez-resnet50-patchgan", code="P3", title="ResNet-50 encoder, PatchGAN",
        net={"model": "resnet", "depth": 50, "small": True}, head=_lab,
        course=P_ADAM.but(epochs=1, batch_size=32, flip=True),
        duel=PATCH_D,
        source_net={"model": "resnet", "depth": 50, "width": 64}, source_head=_lab, source=P_ADAM,
        source_duel=P_PATCH_D,
        epochs={"smoke": 1, "quick": 1, "full": 47},
        says="P3: ResNet-50 with ImageNet's weights, a plain decoder of convolutions and upsampling, a PatchGAN; L "
             "stacked three times, 224x224; 47 epochs. P: pictures \"pretty realistic\", overfitted.",
        instead="As P2 of the course; the stem of the ResNet without its stride and pool, for 32 pixels; the encoder "
                "frozen.",
    ),
    Recipe(
        name="resnet18-patchgan", code="P3", title="ResNet-18 encoder, PatchGAN",
        net={"model": "resnet", "depth": 18, "small": True, "skip": True}, head=_lab,
        course=P_ADAM.but(epochs=1, batch_size=32, flip=True),
        duel=PATCH_D,
        source_net={"model": "resnet", "depth": 18, "width": 64}, source_head=_lab, source=P_ADAM,
        source_duel=P_PATCH_D,
        epochs={"smoke": 1, "quick": 1, "full": 47},
        says="P3 with the smaller ResNet that P proposes against overfitting.",
        instead="As perez-resnet50-patchgan, with skip connections, so that 32 pixels keep their detail.",
    ),
    SMALL,
    dataclasses.replace(
        SMALL, name="small-random-patchgan", title="the same from random weights, PatchGAN", start="",
        says="None of the five sources has it: it stands beside small-resnet-patchgan, to tell what its start did.",
        instead="As small-resnet-patchgan in all but the start: its encoder begins with random weights."),
    dataclasses.replace(
        SMALL, name="small-plain-patchgan", title="small frozen encoder, decoder without skips, PatchGAN",
        net=SMALL.net | {"skip": False, "train": "none"}, source_net=SMALL.net | {"skip": False, "train": "none"},
        says="None of the five sources has it: P3's scheme without a download, with the decoder that P has.",
        instead="As small-resnet-patchgan, with the encoder frozen and a decoder that takes in its last tensor only."),
    Recipe(
        name="generator-l1", code="-", title="the generator of N2, P1 and P2, absolute error alone",
        net=GENERATOR, head=_lab, step=absolute_step, course=P_ADAM.but(epochs=1, batch_size=32, flip=True),
        source_net=GENERATOR | {"width": 64, "depth": 4}, source_head=_lab, source=P_ADAM,
        epochs={"smoke": 1, "quick": 1, "lesson": 1, "full": 47}, sourced=False,
        says="None of the five sources has it: it stands beside a GAN, to tell what the discriminator did. pix2pix has "
             "such a row.",
        instead="P2 without its discriminator: the same generator, images, rate and number of steps.",
    ),
]}


def _row(name: str, title: str, base: str = "perez-patchgan", rules: dict | None = None, rival: dict | None = None,
         rate: float = 1.0, **changes) -> Recipe:
    """A row. rules, rival: what changes of the rules, of D's network; rate: D's, as a factor; others: a Recipe's."""
    recipe = RECIPES[base]
    duel = recipe.duel
    duel = dataclasses.replace(duel, rules=dataclasses.replace(duel.rules, **rules or {}), net=duel.net | (rival or {}),
                               settings=duel.settings.but(lr=rate * duel.settings.lr))
    return dataclasses.replace(recipe, name=name, code=f"{recipe.code}*", title=title, epochs={"ablation": 1},
                               **{"sourced": False, "duel": duel, "instead": f"{base} in the ablation: {title}. 20,000 "
                                  "images, one pass."} | changes)


P_LABELS = {"real": P_RULES.real, "fake": P_RULES.fake}
P_GAME = {name: getattr(P_RULES, name) for name in ("from_logits", "real", "fake", "together", "l1")}
# What K proposes (section 6), one after the other. Not tried: D regularized harder as it gets more accurate; images
# rotated, colors perturbed; Dahl's VGG as the generator.
K_1 = {"loss": "non-saturating"}
K_2 = K_1 | {"from_logits": True}                                       # the course's proposal, as is the next
K_3 = K_2 | {"margin": None}
K_D = {"norm": True, "leak": 0.2, "strided": True}
K_DEEP = {"net": {"model": "unet", "width": 16, "depth": 3, "noise": 100}, "head": _lab, "start": "nazeri-unet"}

ABLATION: dict[str, Recipe] = {recipe.name: recipe for recipe in [
    _row("patch", "P2"),
    _row("patch-l1-alone", "no discriminator", step=absolute_step, duel=None, source_duel=None),
    _row("patch-no-l1", "no absolute error", rules={"l1": 0.0}),
    _row("patch-l1-10", "a tenth of the absolute error", rules={"l1": 10.0}),
    _row("patch-16", "patches of 16 pixels", rival={"n_layers": 1}),
    _row("patch-70", "patches of 70 pixels: the whole image", rival={"n_layers": 3}),
    _row("patch-one-answer", "P1's discriminator, one answer", duel=dataclasses.replace(
        RECIPES["perez-patchgan"].duel, net=IMAGE_D)),
    _row("patch-smooth", "one-sided label smoothing, 0.9", rules={"real": 0.9}),
    _row("patch-noisy", "noisy labels", rules={"real": P_RULES.fake, "fake": P_RULES.real}),
    _row("patch-swapped", "noisy, swapped labels", rules=P_LABELS),
    _row("patch-together", "true and false in one batch of D", rules={"together": True}),
    _row("patch-p", "all of P1's rules: P changed D alone", rules=P_GAME),
    _row("patch-p-l1", "all of P1's rules, and the absolute error", rules=P_GAME | {"l1": 100.0}),
    _row("patch-p1", "P1: its rules and its discriminator", "perez-sigmoid-gan"),
    _row("patch-p1-l1", "P1, and the absolute error", "perez-sigmoid-gan", {"l1": 100.0}),
    _row("patch-saturating", "the saturating loss", rules={"loss": "saturating"}),
    _row("patch-sigmoid", "a sigmoid before the logarithm", rules={"from_logits": False}),
    _row("patch-instance", "instance norm in D", rival={"norm": "instance"}),
    _row("patch-spectral", "spectral norm in D", rival={"norm": "spectral"}),
    _row("patch-no-norm", "no norm in D", rival={"norm": "none"}),
    _row("patch-noise", "noise for the generator", net=GENERATOR | {"noise": 32}),
    _row("patch-wide", "D twice as wide", rival={"width": 32}),
    _row("patch-slow", "D's rate a tenth", rate=0.1),
    _row("koo", "K3", "koo-gan"),
    _row("koo-log-d", "-log D", "koo-gan", K_1),
    _row("koo-logits", "and from logits", "koo-gan", K_2),
    _row("koo-no-margin", "and no margin", "koo-gan", K_3),
    _row("koo-d", "and batch norm, LeakyReLU, strides in D", "koo-gan", K_3, K_D),
    _row("koo-deep", "and a pretrained U-Net, noise in its depth, Lab", "koo-gan", K_3, K_D, **K_DEEP),
    _row("koo-deep-l1", "and the absolute error (no proposal of K's)", "koo-gan", K_3 | {"l1": 100.0}, K_D, **K_DEEP),
]}


def _start(name: str, title: str, base: str, **changes) -> Recipe:
    """A row. changes: of the network; `start`: of the recipe."""
    recipe, start = RECIPES[base], {"start": changes.pop("start")} if "start" in changes else {}
    step = regression_step if recipe.duel else recipe.step
    course = ON_VGG.but(lr=4e-3) if recipe.duel else ON_VGG                 # the small encoder bears a higher rate
    return dataclasses.replace(recipe, name=name, code=f"{recipe.code.rstrip('*')}*", title=title,
                               net=recipe.net | changes, step=step, course=course, duel=None, source_duel=None,
                               sourced=False,
                               epochs={f"transfer-{n}": max(1, 10_000 // n) for n in TRANSFER_IMAGES},
                               instead=f"The network of {base}, {title}: 10,000 pictures are seen, of a small set "
                                       "several times each; of 50,000 each once.", **start)


TRANSFER_IMAGES = (500, 2_000, 10_000, 50_000)
TRANSFER: dict[str, Recipe] = {recipe.name: recipe for recipe in [
    _start("vgg-imagenet", "ImageNet's weights, frozen", "dahl-residual-encoder"),
    _start("vgg-tuned", "ImageNet's weights, tuned", "dahl-residual-encoder", tuned=True),
    _start("vgg-random", "random weights, tuned", "dahl-residual-encoder", weights="none", tuned=True),
    _start("small-frozen", "weights of the gray classifier, frozen", "small-resnet-patchgan", train="none"),
    _start("small-gray", "weights of the gray classifier, tuned", "small-resnet-patchgan"),
    _start("small-color", "weights of the color classifier, tuned", "small-resnet-patchgan", start="judge-cifar10"),
    _start("small-random", "random weights, tuned", "small-resnet-patchgan", start=""),
]}
