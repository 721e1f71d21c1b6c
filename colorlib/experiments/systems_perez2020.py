"""The systems of Pérez García 2020, and systems of the course that are compared with them.

Her discriminators get ab alone (chapter 3). Those of the course get L, too, as in pix2pix; names
that end in "-ab" have her input, and nothing else differs.
"""
from dataclasses import replace

from colorlib.experiments import systems_nazeri2018 as nazeri
from colorlib.experiments.recipe import GanSetup, Recipe
from colorlib.targets import LabTarget
from colorlib.train import TrainingConfig, absolute_error_step
from colorlib.train_gan import GanConfig

ADAM = TrainingConfig(epochs=47, batch_size=16, optimizer="adam", lr=2e-4, momentum=0.5,
                      weight_decay=0.0, schedule="constant")
COURSE = ADAM.replace(epochs=1, batch_size=32, flip=True)
# Labels are noisy and swapped, low for real images, and a batch holds images of both kinds.
PEREZ_GAN = GanConfig(from_logits=False, real=(0.0, 0.49), fake=(0.5, 0.99), together=True)

PATCH = Recipe(
    name="perez-patchgan", code="P2", title="Pérez's U-Net PatchGAN",
    net=nazeri.STRIDED_GENERATOR, target=LabTarget(), training=COURSE,
    gan=GanSetup({"model": "patch", "n_layers": 2, "width": 16}, GanConfig(l1=100), ADAM),
    published_net=nazeri.PUBLISHED_GENERATOR, published_training=ADAM,
    published_gan=GanSetup({"model": "patch-ab", "n_layers": 3}, PEREZ_GAN, ADAM),
    epochs={"smoke": 1, "quick": 1, "lesson": 1, "full": 47},
    description="Pérez 2020: the U-Net cGAN with a PatchGAN discriminator. Pérez reports that it "
        "trains without diverging and leaves red and blue patches.",
    changes="Strides in place of the U-Net's pools, patches of 34 pixels and a discriminator of "
        "width 16, which sees L besides ab. It gets real and generated images one after the other, "
        "with plain labels, and the loss is computed from logits. The generator's loss includes "
        "100 times the mean absolute error, as in pix2pix and Nazeri.")
SIGMOID = replace(
    PATCH, name="perez-sigmoid-gan", code="P1", title="Pérez's U-Net cGAN, one output per image",
    gan=GanSetup(nazeri.IMAGE_DISCRIMINATOR, PEREZ_GAN, ADAM),
    published_gan=GanSetup({"model": "image-ab", "width": 64}, PEREZ_GAN, ADAM),
    description="Pérez 2020: a U-Net and an ordinary discriminator with a sigmoid. Batches of 32, "
        "half real with labels from 0 to 0.49, half generated with labels from 0.5 to 0.99. Pérez "
        "reports the same output for every input after 40 epochs.",
    changes="32 x 32 pixels, width 16, three levels, strides in place of pools, Nazeri's "
        "discriminator, which sees L besides ab, 32 real and 32 generated images per batch. "
        "Pérez names no optimizer: we use that of DCGAN.")
RESNET50 = replace(
    PATCH, name="perez-resnet50-patchgan", code="P3", title="ResNet-50 encoder, PatchGAN",
    net={"model": "resnet", "depth": 50, "small": True},
    published_net={"model": "resnet", "depth": 50, "width": 64},
    published_training=ADAM.replace(epochs=180),  # the last that figure 3.7 shows
    epochs={"smoke": 1, "quick": 1, "full": 180},  # no lesson: two cores would need hours
    description="Pérez 2020: a ResNet-50 with the weights of ImageNet, a plain decoder, and a "
        "PatchGAN. The gray image is repeated three times, at 224 x 224 pixels. Shown after 47 "
        "and 180 epochs. Pérez calls the images 'pretty realistic' and the network overfitted.",
    changes="As the U-Net PatchGAN of the course. The encoder is frozen, and its first convolution "
        "has no stride and no pooling after it, because our images have 32 pixels.")
# Stands for the ResNet-50 in lessons: it needs no download and trains on two cores.
SMALL = replace(
    PATCH, name="small-resnet-patchgan", code="P3*",
    title="small pretrained gray encoder, PatchGAN", net={"model": "small-resnet-colorizer"},
    start="encoder-cifar10", published_training=None,
    description="None of the five sources has this system. It follows Pérez's ResNet PatchGAN "
        "without a download.",
    changes="As the U-Net PatchGAN of the course. The encoder is a small classifier that was "
        "trained on the gray training images of CIFAR-10; here it is trained further.")

SYSTEMS = [
    SIGMOID,
    PATCH,
    RESNET50,
    replace(
        RESNET50, name="resnet18-patchgan", title="ResNet-18 encoder, PatchGAN",
        net={"model": "resnet", "depth": 18, "small": True, "skip": True},
        published_net={"model": "resnet", "depth": 18, "width": 64},
        description="Pérez 2020: the smaller ResNet that Pérez proposes against overfitting.",
        changes="As the ResNet-50 PatchGAN, with skip connections that keep the images' detail."),
    SMALL,
    replace(
        SMALL, name="small-random-patchgan", start="",
        title="the same from random weights, PatchGAN",
        description="None of the five sources has this system. It shows what the pretrained "
            "encoder of small-resnet-patchgan contributes.",
        changes="As small-resnet-patchgan, with random weights at the start of the encoder."),
    replace(
        SMALL, name="small-plain-patchgan",
        title="small frozen encoder, decoder without skips, PatchGAN",
        net=SMALL.net | {"skip": False, "train": "none"},
        description=f"{SMALL.description[:-1]}, with the same kind of decoder.",
        changes="As small-resnet-patchgan, with a frozen encoder and a decoder that uses nothing "
            "but its last tensor."),
    # No `gpu_training`: with a larger batch it could no longer be compared with the GANs.
    replace(
        PATCH, name="generator-l1", code="-", gan=None, published_training=None,
        title="generator of the U-Net GANs, absolute error alone", step=absolute_error_step,
        description="None of the five sources has this system, and pix2pix has one like it. It "
            "shows what the discriminator of a GAN contributes.",
        changes="The U-Net PatchGAN of the course without its discriminator: the same generator, "
            "images, learning rate and number of steps."),
]


def _on_color_alone(recipe: Recipe) -> Recipe:
    """The same system with a discriminator that does not see L, as Pérez describes it."""
    net = recipe.gan.net | {"model": f"{recipe.gan.net['model']}-ab"}
    return replace(
        recipe, name=f"{recipe.name}-ab", title=f"{recipe.title}, on ab alone",
        gan=replace(recipe.gan, net=net), published_training=None, epochs={},
        description="Pérez 2020 gives the discriminator the ab vectors alone.",
        changes=f"As {recipe.name}, with a discriminator that gets ab without L.")


# The rest of Pérez's square: one answer or patches, with or without the absolute error. And the
# regression that the GANs are compared with.
SQUARE = [
    replace(
        SIGMOID, name="perez-sigmoid-gan-l1", title="U-Net GAN, one output per image, L1",
        gan=replace(PATCH.gan, net=nazeri.IMAGE_DISCRIMINATOR), published_training=None, epochs={},
        description="None of the five sources has this system.",
        changes="The U-Net PatchGAN of the course with Nazeri's discriminator, which has one "
                "output for the whole image."),
    replace(
        PATCH, name="perez-patchgan-no-l1", title="U-Net PatchGAN without absolute error",
        gan=replace(PATCH.gan, config=GanConfig()), published_training=None, epochs={},
        description="Pérez 2020 trains without an absolute error, with other labels.",
        changes="The U-Net PatchGAN of the course without its absolute error."),
    replace(
        PATCH, name="generator-squared-error", code="-", gan=None, epochs={},
        published_training=None,
        title="generator of the U-Net GANs, squared error alone",
        description="None of the five sources has this system. It is the regression that the GANs "
            "are compared with: the same generator and budget.",
        changes="The U-Net PatchGAN of the course without its discriminator, squared error."),
]
SQUARE += [_on_color_alone(recipe) for recipe in (SIGMOID, PATCH, *SQUARE) if recipe.gan]
