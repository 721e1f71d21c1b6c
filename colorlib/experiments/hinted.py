"""A network that takes hints (notebook 08). It is trained by the budget "hints" alone."""
from colorlib.experiments.recipe import Recipe
from colorlib.targets import LabTarget
from colorlib.train import TrainingConfig, hint_step

SYSTEMS = [
    Recipe(
        name="hint-unet", code="-", title="U-Net with hints, squared error",
        net={"model": "hint-unet"}, target=LabTarget(), step=hint_step, epochs={},
        training=TrainingConfig(epochs=8, batch_size=128, optimizer="muon", lr=0.1,
                                schedule="linear", flip=True),
        description="None of the five sources has it. Zhang et al. 2017 train on ImageNet, with a "
            "network of ten blocks, hints of up to 9x9 pixels and a histogram of colors.",
        changes="A small U-Net; hints are single pixels, from none to about a hundred, and the "
            "loss is the squared error."),
]
