"""Train the two classifiers that the results need: one that measures, and one to start from.

`records.measured` uses the first for Fréchet distances; the second is the encoder of notebook 07.
"""
from pathlib import Path

from colorlib.data import datasets
from colorlib.experiments import records
from colorlib.hardware import select_device
from colorlib.image_classifier import ImageClassifier

# Why a file that is there already is not replaced.
IN_USE = {"classifier": "records were measured with it",
          "encoder": "trained colorizers may have started from it"}


def train(kind: str, data: str = "auto", device: str = "auto",
          epochs: int = 6) -> tuple[Path, float]:
    """Train one of the two classifiers; return its file, and its accuracy on images it never saw.

    kind   "classifier": measures Fréchet distances. Its accuracy is that on the test images.
           "encoder": of gray images. Its accuracy is that on a tenth of the training images, held
           out for this: colorizers that start from it are measured on the test images
    ValueError if its file is there already.
    """
    images = datasets.load(data, "train").to(select_device(device))
    if (path := records.classifier_path(images.name, kind)) is not None:
        raise ValueError(f"{path.name} is there already, and {IN_USE[kind]}: remove them all to "
                         "begin again")
    if kind == "encoder":
        images, unseen = images.split(0.9, seed=0)
    else:
        unseen = datasets.load(data, "test").to(images.device)
    path = records.checkpoint_folder() / f"{kind}-{images.name}.safetensors"
    classifier = ImageClassifier.train_on(images, epochs, gray=kind == "encoder")
    classifier.save(path, data=images.name, epochs=epochs)
    # Loaded again: what counts is the accuracy of the stored weights, rounded to float16.
    stored = ImageClassifier.load(path, unseen.device)
    return path, stored.accuracy(unseen.pixels, unseen.labels)
