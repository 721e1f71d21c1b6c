"""Systems of the course's own, which no source describes."""
from colorlib.experiments.recipe import Recipe
from colorlib.targets import LabTarget
from colorlib.train import TrainingConfig

SYSTEMS = [
    Recipe(
        name="fast-unet", code="-", title="fast U-Net, squared error",
        net={"model": "fast-unet"}, target=LabTarget(),
        # Muon orthogonalizes its updates, so its rate cannot be compared with AdamW's.
        training=TrainingConfig(epochs=3, batch_size=128, optimizer="muon", lr=0.1,
                                schedule="linear", flip=True),
        epochs={"smoke": 1, "quick": 1, "lesson": 3, "full": 30},
        description="None of the five sources has it: a U-Net made to learn as much as possible in "
            "a few minutes on two CPU cores.",
        changes="Almost no layer at full resolution, features added instead of concatenated, and "
            "the optimizer Muon instead of AdamW. In short trials with one seed it was ahead after "
            "two epochs, but we had also tuned it more."),
]
