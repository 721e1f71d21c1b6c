"""The systems of S. Koo, "Automatic Colorization with Deep Convolutional Generative Adversarial
Networks", 2016."""
from colorlib.experiments.recipe import GanSetup, Recipe, koo_target
from colorlib.targets import LabTarget
from colorlib.train import TrainingConfig, averaged_error_step
from colorlib.train_gan import GanConfig

SGD = TrainingConfig(epochs=60, batch_size=128, optimizer="sgd", lr=1.0, momentum=0.9,
                     weight_decay=0.0, schedule="koo")
RMSPROP = TrainingConfig(epochs=125, batch_size=128, optimizer="rmsprop", lr=1e-3, momentum=0.0,
                         weight_decay=0.0, schedule="koo")
DISCRIMINATOR = GanSetup({"model": "koo-discriminator"}, GanConfig(
    loss="saturating", from_logits=False, margin=0.5, redraw=True), RMSPROP)
# Measured in float32 on a CPU with the first images of CIFAR-10.
DIVERGES = ("Koo 2016, section 5.1: learning rate 1 with momentum 0.9, and section 3.1, equations "
    "1 and 2: squared error summed over the channels. With these settings the loss was no number "
    "any more at step 6, with each of three seeds. koo-baseline-averaged has the reading that "
    "trains")
COURSE = TrainingConfig(epochs=5, batch_size=64, lr=1e-2, flip=True)
# Batches for a large GPU, as in the other tables of systems. AdamW's rate grows with the square
# root of the batch size, and no further than 0.02. Still to be measured: whether such a training
# explains as much of the color variance after as many pictures.
GPU = {"batch_size": 256, "lr": 2e-2}

GAN = Recipe(
    name="koo-gan", code="K3", title="Koo's cGAN with the margin rule",
    net={"model": "koo-generator", "spread": 0.1}, target=koo_target, start="koo-baseline-yuv",
    training=RMSPROP.replace(lr=1e-2, epochs=1), gan=DISCRIMINATOR,
    published_training=RMSPROP.replace(lr=1e-2), published_gan=DISCRIMINATOR,
    epochs={"smoke": 1, "quick": 1, "lesson": 1, "full": 125},
    description="Koo 2016: the trained baseline becomes the generator, with noise added to its "
        "gray image; the discriminator has dropout 0.8 and is updated only if both of its errors "
        "exceed 0.5. RMSProp, rate 1e-2 for the generator and 1e-3 for the discriminator. Koo "
        "reports that the discriminator is right after 3 to 5 updates, that the generator's "
        "gradient then vanishes, and that the images make no sense.",
    changes="Fewer epochs, from a baseline that was trained on CIFAR-10 for three epochs. Koo's "
        "Algorithm 2 prints log(1 + D); we use the loss that is meant, log(1 - D). One batch "
        "serves for the true colors, the generated ones and the generator's update. Koo gives "
        "neither the size of the noise (here 0.1 at the start, for a gray image of unit variance) "
        "nor the widths of the discriminator.")

# Trained only by the budgets of budgets.py
AVERAGED = Recipe(
    name="koo-baseline-averaged", code="K2", title="baseline CNN with Koo's rate, loss averaged",
    net={"model": "koo"}, target=koo_target, step=averaged_error_step, training=SGD,
    published_training=SGD, epochs={},
    description="Koo 2016: YUV, with Y normalized locally and U and V scaled to unit variance. "
        "SGD with learning rate 1, momentum 0.9 and decay 1e-7; the rate is halved every 25 "
        "epochs. 60 epochs, batch size 128. Loss 0.0118 at first, then 0.0071 in training and "
        "0.0073 in validation.",
    changes="None but the loss, which Koo prints as a sum over the channels: here it is averaged "
        "over them and once more over the batch. So read, a rate of 1 trains (notebook 03).")

SYSTEMS = [
    Recipe(
        name="koo-baseline", code="K1", title="baseline CNN, squared error",
        net={"model": "koo"}, target=LabTarget(), training=COURSE, gpu_training=GPU,
        published_target=koo_target, published_training=SGD, diverges=DIVERGES,
        epochs={"smoke": 1, "quick": 1, "lesson": 5, "full": 60},
        description="Koo 2016: YUV, with Y normalized locally and U and V scaled to unit variance. "
            "SGD with learning rate 1, momentum 0.9 and decay 1e-7; the rate is halved every 25 "
            "epochs. 60 epochs, batch size 128.",
        changes="Lab, so that all systems predict the same two channels. AdamW with a one-cycle "
            "schedule and batch size 64, because two cores have time for a few epochs only. With "
            "the loss as Koo prints it, training with rate 1 diverges; it works if the loss is "
            "averaged over the channels and once more over the batch (notebook 03)."),
    Recipe(
        name="koo-baseline-yuv", code="K2", title="baseline CNN in Koo's YUV",
        net={"model": "koo"}, target=koo_target, training=COURSE.replace(epochs=3),
        gpu_training=GPU, published_training=SGD, diverges=DIVERGES,
        epochs={"smoke": 1, "quick": 1, "lesson": 3, "full": 60},
        description="Koo 2016: YUV, with Y normalized locally and U and V scaled to unit variance. "
            "The generator of Koo's cGAN starts from this network.",
        changes="AdamW with a one-cycle schedule, batch size 64, and as few epochs as two cores "
            "have time for: three."),
    GAN,
]
