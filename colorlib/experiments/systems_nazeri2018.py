"""The systems of K. Nazeri and E. Ng, "Image Colorization with Generative Adversarial Networks",
2018."""
from dataclasses import replace

from colorlib.experiments.recipe import GanSetup, Recipe
from colorlib.targets import LabTarget
from colorlib.train import TrainingConfig
from colorlib.train_gan import GanConfig

ADAM = TrainingConfig(epochs=500, batch_size=128, optimizer="adam", lr=5e-4, momentum=0.5,
                      weight_decay=0.0, schedule="drops")
# Section 3.2: "the architecture of generator G is the same as our baseline", which pools.
GENERATOR = {"model": "unet", "width": 16, "depth": 3, "leak": 0.2}
PUBLISHED_GENERATOR = GENERATOR | {"width": 64, "depth": 4}
# Section 5 proposes strides in place of pools; Pérez's networks of the course use it, too.
STRIDED_GENERATOR = GENERATOR | {"strided": True}
IMAGE_DISCRIMINATOR = {"model": "image", "width": 16, "late_dropout": True}  # the course's

GAN = Recipe(
    name="nazeri-gan-pooled", code="N2", title="Nazeri's U-Net cGAN", net=GENERATOR,
    target=LabTarget(), training=ADAM.replace(epochs=1, batch_size=32, flip=True),
    gan=GanSetup(IMAGE_DISCRIMINATOR, GanConfig(l1=100, real=0.9), ADAM),
    published_net=PUBLISHED_GENERATOR, published_target=LabTarget(channels=3),
    published_training=ADAM,
    # inputs: gray, and the three channels that Nazeri's generator predicts
    published_gan=GanSetup({"model": "image", "width": 64, "inputs": 4},
                           GanConfig(l1=100, real=0.9, from_logits=False), ADAM),
    epochs={"smoke": 1, "quick": 1, "lesson": 1, "full": 500},
    description="Nazeri 2018: the U-Net of the baseline, with pools and a leaky ReLU in its "
        "encoder, is the generator; the discriminator consists of convolutions and max pooling. "
        "The generator's loss is -log D plus 100 times the mean absolute error; real images have "
        "label 0.9. Adam with rate 5e-4, which is divided by ten by hand, and beta1 0.5. Nazeri "
        "reports vivid colors, a mean absolute error of 1.2 and an accuracy of 43.7 percent.",
    changes="Two channels, width 16 for both networks, three levels, dropout after the "
        "pooling, a loss from logits. The rate falls to a tenth after 60 percent of the steps "
        "and to a hundredth after 85 percent.")

SYSTEMS = [
    Recipe(
        name="nazeri-unet", code="N1", title="U-Net, squared error",
        net={"model": "unet", "width": 16, "depth": 3}, target=LabTarget(),
        training=TrainingConfig(epochs=12, batch_size=32, lr=4e-3, flip=True),
        gpu_training={"batch_size": 512, "lr": 1.6e-2},  # to be measured: see systems_koo2016.py
        published_net={"model": "unet", "width": 64, "depth": 4},
        published_target=LabTarget(channels=3),
        # Nazeri lowers this network's rate by hand, at moments that the paper does not give.
        published_training=ADAM.replace(schedule="constant"),
        epochs={"smoke": 1, "quick": 1, "lesson": 12, "full": 60},
        description="Nazeri 2018: a U-Net that predicts all three Lab channels, squared error. "
            "Adam with rate 5e-4 and beta1 0.5, batch size 128, 500 epochs. Nazeri divides the "
            "rate by ten by hand when the loss stops falling; here it is constant. The width and "
            "the settings of this network are not given, so we use those of the cGAN.",
        changes="Two channels, because L is given. Width 16 and three pooling steps instead of "
            "four, which two cores can train in minutes. AdamW with a one-cycle schedule and batch "
            "size 32, because a training of few epochs needs many steps."),
    GAN,
    # The notebooks and their records measured this one, and so it keeps the shorter name.
    replace(
        GAN, name="nazeri-gan", title="Nazeri's U-Net cGAN with strides",
        net=STRIDED_GENERATOR, published_net=PUBLISHED_GENERATOR | {"strided": True},
        description="Nazeri 2018, section 5, proposes strided convolutions in place of the pools. "
            "Public copies of the network have them; there are no results.",
        changes=f"As nazeri-gan-pooled. {GAN.changes}"),
]
