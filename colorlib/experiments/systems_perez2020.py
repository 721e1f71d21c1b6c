"""The systems of Pérez García 2020, and systems of the course that are compared with them."""
from __future__ import annotations

import dataclasses

from colorlib.experiments import systems_nazeri2018 as nazeri
from colorlib.experiments.recipe import GanSetup, Recipe, lab_target
from colorlib.train import TrainingConfig, absolute_error_step
from colorlib.train_gan import GanConfig

PEREZ_ADAM = TrainingConfig(epochs=47, batch_size=16, optimizer="adam", lr=2e-4, momentum=0.5,
                            weight_decay=0.0, schedule="constant")
COURSE = PEREZ_ADAM.replace(epochs=1, batch_size=32, flip=True)
PEREZ_GAN = GanConfig(from_logits=False, real=(0.0, 0.49), fake=(0.5, 0.99), together=True)
PUBLISHED_PATCH_GAN = GanSetup({"model": "patch", "n_layers": 3}, PEREZ_GAN, PEREZ_ADAM)
COURSE_PATCH_GAN = GanSetup({"model": "patch", "n_layers": 2, "width": 16}, GanConfig(l1=100),
                            PEREZ_ADAM)
EPOCHS = {"smoke": 1, "quick": 1, "lesson": 1, "full": 47}
RESNET_EPOCHS = {"smoke": 1, "quick": 1, "full": 47}

PATCH = Recipe(
    name="perez-patchgan", code="P2", title="Pérez's U-Net PatchGAN",
    net=nazeri.GENERATOR, target=lab_target, training=COURSE, gan=COURSE_PATCH_GAN,
    published_net=nazeri.PUBLISHED_GENERATOR, published_target=lab_target,
    published_training=PEREZ_ADAM, published_gan=PUBLISHED_PATCH_GAN, epochs=EPOCHS,
    description="Pérez 2020: the U-Net cGAN with a PatchGAN discriminator. Pérez reports that it "
        "trains without diverging and leaves red and blue patches.",
    changes="Patches of 34 pixels and a discriminator of width 16. It gets real and generated "
        "images one after the other, with plain labels, and the loss is computed from logits. The "
        "generator's loss includes 100 times the mean absolute error, as in pix2pix and Nazeri.",
)
RESNET50 = Recipe(
    name="perez-resnet50-patchgan", code="P3", title="ResNet-50 encoder, PatchGAN",
    net={"model": "resnet", "depth": 50, "small": True}, target=lab_target, training=COURSE,
    gan=COURSE_PATCH_GAN, published_net={"model": "resnet", "depth": 50, "width": 64},
    published_target=lab_target, published_training=PEREZ_ADAM, published_gan=PUBLISHED_PATCH_GAN,
    epochs=RESNET_EPOCHS,
    description="Pérez 2020: a ResNet-50 with the weights of ImageNet, a plain decoder of "
        "convolutions and upsampling, and a PatchGAN. The gray image is repeated three times, at "
        "224 x 224 pixels; 47 epochs. Pérez calls the images \"pretty realistic\" and the network "
        "overfitted.",
    changes="As the U-Net PatchGAN of the course. The encoder is frozen, and its first convolution "
        "has no stride and no pooling after it, because our images have 32 pixels.",
)
SMALL = Recipe(
    name="small-resnet-patchgan", code="P3*", title="small pretrained gray encoder, PatchGAN",
    net={"model": "small-resnet-colorizer"}, target=lab_target, start="encoder-cifar10",
    training=COURSE, gan=COURSE_PATCH_GAN, published_net={"model": "small-resnet-colorizer"},
    published_target=lab_target, published_training=PEREZ_ADAM, epochs=EPOCHS, has_source=False,
    description="None of the five sources has this system. It follows Pérez's ResNet PatchGAN "
        "without a download.",
    changes="As the U-Net PatchGAN of the course. The encoder is a small classifier that was "
        "trained on the gray training images of CIFAR-10; here it is trained further.",
)

SYSTEMS = [
    Recipe(
        name="perez-sigmoid-gan", code="P1", title="Pérez's U-Net cGAN, one output per image",
        net=nazeri.GENERATOR, target=lab_target, training=COURSE,
        gan=GanSetup(nazeri.IMAGE_DISCRIMINATOR, PEREZ_GAN, PEREZ_ADAM),
        published_net=nazeri.PUBLISHED_GENERATOR, published_target=lab_target,
        published_training=PEREZ_ADAM,
        published_gan=GanSetup({"model": "image", "width": 64}, PEREZ_GAN, PEREZ_ADAM),
        epochs=EPOCHS,
        description="Pérez 2020: a U-Net generator and an ordinary discriminator with a sigmoid. "
            "Batches of 32, half real and half generated. Labels are drawn from 0 to 0.49 for real "
            "images and from 0.5 to 0.99 for generated ones. Pérez reports the same output for "
            "every input after 40 epochs.",
        changes="32 x 32 pixels, width 16, three levels, Nazeri's discriminator, 32 real and 32 "
            "generated images per batch, one epoch. Pérez names no optimizer: we use Adam with "
            "rate 2e-4 and beta1 0.5, as DCGAN does.",
    ),
    PATCH,
    RESNET50,
    dataclasses.replace(
        RESNET50, name="resnet18-patchgan", title="ResNet-18 encoder, PatchGAN",
        net={"model": "resnet", "depth": 18, "small": True, "skip": True},
        published_net={"model": "resnet", "depth": 18, "width": 64},
        description="Pérez 2020: the smaller ResNet that Pérez proposes against overfitting, with "
            "the same PatchGAN.",
        changes="As the ResNet-50 PatchGAN, with skip connections, so that images of 32 pixels "
            "keep their detail."),
    SMALL,
    dataclasses.replace(
        SMALL, name="small-random-patchgan", title="the same from random weights, PatchGAN",
        start="",
        description="None of the five sources has this system. Compared with "
            "small-resnet-patchgan, it shows what the pretrained encoder contributes.",
        changes="As small-resnet-patchgan in everything but the start: the encoder begins with "
            "random weights."),
    dataclasses.replace(
        SMALL, name="small-plain-patchgan",
        title="small frozen encoder, decoder without skips, PatchGAN",
        net=SMALL.net | {"skip": False, "train": "none"},
        published_net=SMALL.net | {"skip": False, "train": "none"},
        description="None of the five sources has this system. It follows Pérez's ResNet PatchGAN "
            "without a download, with the same kind of decoder.",
        changes="As small-resnet-patchgan, with a frozen encoder and a decoder that uses nothing "
            "but its last tensor."),
    # No `gpu_training`: with a larger batch it could no longer be compared with the GANs.
    dataclasses.replace(
        PATCH, name="generator-l1", code="-",
        title="generator of the U-Net GANs, absolute error alone",
        step=absolute_error_step, gan=None, published_gan=None, has_source=False,
        description="None of the five sources has this system, and pix2pix has one like it. "
            "Compared with a GAN, it shows what the discriminator contributes.",
        changes="The U-Net PatchGAN of the course without its discriminator: the same generator, "
            "images, learning rate and number of steps."),
]
