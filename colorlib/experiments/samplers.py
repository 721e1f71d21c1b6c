"""Samplers of whole pictures: many colorings of one gray picture (notebook 09).

They are trained by the budgets of budgets.py alone: "sampler-apples", "sampler-apples-64" and
"sampler".
"""
from colorlib.experiments.recipe import Recipe
from colorlib.targets import LabTarget
from colorlib.train import TrainingConfig, denoising_step, early_denoising_step

# In one trial each on apples, Muon at 0.05 learned in 6 epochs what AdamW at 0.002 had not in 10;
# at 0.1 it diverged.
TRAINING = TrainingConfig(epochs=16, batch_size=64, optimizer="muon", lr=0.03, schedule="linear",
                          flip=True)


def _row(name: str, title: str, training: TrainingConfig, step=denoising_step,
         **net: list[int] | int) -> Recipe:
    return Recipe(
        name=name, code="-", title=title, net={"model": "denoising-unet"} | net,
        target=LabTarget(), training=training, epochs={}, step=step,
        description="None of the five sources has it: conditional flow matching (Lipman et al. "
            "2023) in ab, with a network that predicts clean colors.",
        changes="A small U-Net at half the resolution and less, Muon with "
            f"batches of 64, {net.get('steps', 20)} Euler steps.")


SYSTEMS = [
    _row("painted-sampler", "sampler of whole pictures, on painted fruit",
         TRAINING.replace(lr=0.05), early_denoising_step, widths=[32, 64, 96], steps=40),
    # The first try: with two of five seeds, it was wrong about the odds by more than 0.04.
    _row("painted-sampler-first-try", "sampler of whole pictures, the first try",
         TRAINING.replace(lr=0.05), widths=[32, 64, 96]),
    # One level more: the lowest one has 4x4 pixels, as that of the images of 32 pixels has.
    _row("painted-sampler-64", "sampler of whole pictures, on painted fruit of 64 pixels",
         TRAINING.replace(lr=0.05), widths=[32, 64, 96, 128]),
    _row("sampler", "sampler of whole pictures", TRAINING),
]
