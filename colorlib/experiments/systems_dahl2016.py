"""The systems of R. Dahl, "Automatic Colorization", 2016: a decoder on the frozen VGG16."""
from dataclasses import replace

from colorlib.experiments.recipe import Recipe
from colorlib.targets import YuvTarget
from colorlib.train import TrainingConfig, blurred_error_step, regression_step

SGD = TrainingConfig(epochs=1, batch_size=6, optimizer="sgd", lr=0.1, momentum=0.0,
                     weight_decay=0.0, schedule="constant")
# Profile "same-time" gives each system as many images as it can train on in about the same time:
# an image takes the hypercolumns eight times as long as the residual encoder (one core, batch 32,
# bf16; ten times in float32). In profile "same-pictures" the residual encoder gets as few images
# as the hypercolumns.
SAME_TIME = {"dahl-hypercolumn": 1_500, "dahl-residual-encoder": 10_000,
             "dahl-residual-encoder-plain": 10_000, "delft-vgg16-classifier": 10_000}
ON_VGG = TrainingConfig(epochs=1, batch_size=32, lr=1e-3, flip=True)
ON_VGG_GPU = {"batch_size": 256, "lr": 2.8e-3}  # still to be measured: see systems_koo2016.py
VGG_EPOCHS = {"smoke": 1, "quick": 1, "full": 10}  # 50,000 images need a GPU: no "lesson"

HYPERCOLUMN = Recipe(
    name="dahl-hypercolumn", code="A1", title="hypercolumns of VGG16",
    net={"model": "hypercolumns", "enlarge": 2}, target=YuvTarget.unit_range(),
    step=blurred_error_step, training=ON_VGG, gpu_training=ON_VGG_GPU,
    published_net={"model": "hypercolumns"}, published_training=SGD.replace(batch_size=1),
    epochs=VGG_EPOCHS | {"same-time": 1},
    description="Dahl 2016: the tensors before the first four max-pools of VGG16, enlarged to the "
        "size of the image, then two hidden layers of 128 and 64 channels. U and V come from a "
        "sigmoid; the loss compares them as they are and blurred twice. The length of the training "
        "is not given.",
    changes="VGG16 gets images below 64 pixels at twice their size. Batch norm before the tensors "
        "of VGG16 are joined, because their scales differ by orders of magnitude. The last "
        "convolution starts at zero, so the first prediction is gray, also as published. AdamW "
        "with a one-cycle schedule, batch size 32.")
RESIDUAL_ENCODER = replace(
    HYPERCOLUMN, name="dahl-residual-encoder", code="A2", title="residual encoder on VGG16",
    net={"model": "residual-encoder", "enlarge": 2}, published_net={"model": "residual-encoder"},
    published_training=SGD.replace(epochs=19),
    epochs=VGG_EPOCHS | {"same-time": 1, "same-pictures": 1},
    description="Dahl 2016: starting from the last feature map of VGG16, each level is added to "
        "the next larger one. U and V come from a sigmoid; the loss compares them as they are and "
        "blurred twice. 156,000 steps of 6 images.")

SYSTEMS = [
    HYPERCOLUMN,
    replace(
        HYPERCOLUMN, name="dahl-linear", title="hypercolumns of VGG16, one 1x1 convolution",
        net=HYPERCOLUMN.net | {"hidden": ()}, published_net={"model": "hypercolumns", "hidden": ()},
        epochs=VGG_EPOCHS,
        description="Dahl 2016: the simplest thing, a 1x1 convolution from the 963 channels of the "
            "hypercolumn to two, and a sigmoid. Dahl found that it converges to pale images.",
        changes=f"As dahl-hypercolumn. {HYPERCOLUMN.changes}"),
    RESIDUAL_ENCODER,
    replace(
        RESIDUAL_ENCODER, name="dahl-residual-encoder-five", title="residual encoder, five pools",
        net=RESIDUAL_ENCODER.net | {"pools": 5}, epochs=VGG_EPOCHS,
        published_net={"model": "residual-encoder", "pools": 5},
        description="Dahl 2016, conclusion: the residual encoder could use all five pools of "
            "VGG16. It was not tried for want of memory.",
        changes=f"As dahl-residual-encoder. {RESIDUAL_ENCODER.changes}"),
    replace(
        RESIDUAL_ENCODER, name="dahl-residual-encoder-plain", code="A2*",
        title="residual encoder on VGG16, plain distance", step=regression_step,
        epochs=VGG_EPOCHS | {"same-time": 1}, published_training=None,
        description="None of the five sources has this system. It shows what the two blurred "
            "distances in the loss of Dahl's residual encoder contribute.",
        changes="Dahl's residual encoder with the squared distance in U and V alone as its loss."),
]
