"""Train the two classifiers that the results need: one that measures, and one to start from.

`records.measured` uses the first for Fréchet distances; the second is the encoder of notebook 07.
"""
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
    train, test = (datasets.load(data, split).to(select_device(device))
                   for split in ("train", "test"))
    return _train("classifier", train, train, test, epochs, "records were measured with it")


def train_encoder(data: str = "auto", device: str = "auto", epochs: int = 6) -> tuple[Path, float]:
    """Train a classifier of gray images, as an encoder to start from (notebook 07).

    Returns its file, and its accuracy on a tenth of the training images, which are held out.
    ValueError if there is one already.
    """
    train = datasets.load(data, "train").to(select_device(device))
    # The test images stay unseen: colorizers that start from it are measured on them.
    return _train("encoder", train, *train.split(0.9, seed=0), epochs,
                  "trained colorizers may have started from it")


def _train(kind: str, images, train, test, epochs: int, why_kept: str) -> tuple[Path, float]:
    if (path := records.classifier_path(images.name, kind)) is not None:
        raise ValueError(f"{path.name} is there already, and {why_kept}: remove them all to begin "
                         "again")
    path = records.checkpoint_folder() / f"{kind}-{images.name}.safetensors"
    classifier = ImageClassifier.train_on(train, epochs, gray=kind == "encoder")
    classifier.save(path, data=images.name, epochs=epochs)
    # Loaded again: what counts is the accuracy of the stored weights, rounded to float16.
    stored = ImageClassifier.load(path, test.device)
    return path, stored.accuracy(test.pixels, test.labels)
