"""Train the two classifiers that the results need: one that measures, and one to start from.

`records.measured` uses the first for Fréchet distances; the second is the encoder of notebook 07.
"""
from __future__ import annotations

from pathlib import Path

from colorlib.data import datasets
from colorlib.experiments import records
from colorlib.hardware import select_device
from colorlib.image_classifier import ImageClassifier


def train_classifier(data: str = "auto", device: str = "auto",
                     epochs: int = 6) -> tuple[Path, float]:
    """Train the classifier that measures Fréchet distances; return its file and test accuracy.

    ValueError if there is one already: distances measured by two classifiers cannot be compared.
    """
    where = select_device(device)
    train, test = (datasets.load(data, split).to(where) for split in ("train", "test"))
    if (path := records.classifier_path(train.name)) is not None:
        raise ValueError(f"{path.name} is there already, and records were measured with it: remove "
                         "both to begin again")
    path = records.checkpoint_folder() / f"classifier-{train.name}.safetensors"
    ImageClassifier.train_on(train, epochs).save(path, data=train.name, epochs=epochs)
    # the accuracy of what is stored, with weights as float16
    return path, ImageClassifier.load(path, where).accuracy(test.pixels, test.labels)


def train_encoder(data: str = "auto", device: str = "auto", epochs: int = 6) -> tuple[Path, float]:
    """Train a classifier of gray images, as an encoder to start from (notebook 07).

    Returns its file and its accuracy on a tenth of the training images, which are held out: no
    label of a test image is used. ValueError if there is one already.
    """
    train = datasets.load(data, "train").to(select_device(device))
    if (path := records.classifier_path(train.name, "encoder")) is not None:
        raise ValueError(f"{path.name} is there already, and trained colorizers may have started "
                         "from it: remove them all to begin again")
    used, left_out = train.split(0.9, seed=0)
    path = records.checkpoint_folder() / f"encoder-{train.name}.safetensors"
    ImageClassifier.train_on(used, epochs, gray=True).save(path, data=train.name, epochs=epochs)
    classifier = ImageClassifier.load(path, train.device)
    return path, classifier.accuracy(left_out.pixels, left_out.labels)
