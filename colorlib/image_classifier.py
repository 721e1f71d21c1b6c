"""An image classifier: it measures colorizations, or gives a colorizer its encoder.

    classifier = ImageClassifier.train_on(train, epochs=6)      # an ImageSet with labels
    classifier.accuracy(test.pixels, test.labels)
    classifier.features(rgb)                                    # N 3 H W -> N F
    ImageClassifier.train_on(train, gray=True).save("encoder-cifar10.safetensors")

Notebooks 05 and 06 classify colorized images and compare their features with those of true ones.
Notebook 07 starts a colorizer from a classifier of gray images.
"""

import copy
import os
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlib import color, models
from colorlib.checkpoint import check_fits, read_notes, read_tensors, write_tensors
from colorlib.data.image_set import mirror, plan_batches
from colorlib.optimizers import one_cycle
from colorlib.training_run import epoch_seed

FORMAT = "colorlib-classifier-2"
OLD_FORMAT = "colorlib-judge-1"  # first edition: the same contents


class ImageClassifier:
    """A `SmallResNet` of RGB images or of lightness, and the names of its classes."""

    def __init__(self, net: models.SmallResNet, classes: tuple[str, ...] = ()):
        self.net, self.classes = net.eval(), tuple(classes)

    @classmethod
    def train_on(cls, images, epochs: int = 6, seed: int = 0, width: int = 24,
                 batch_size: int = 128, gray: bool = False,
                 start: "ImageClassifier | None" = None) -> "ImageClassifier":
        """Train a classifier on an ImageSet that has labels, on its device.

        width    channels of the network's first block
        gray     True: the network gets L/50 - 1, as in a colorizer with `LabTarget`
        start    a classifier with the same classes to continue from; the width is then its own
        raises   ValueError without labels or epochs, or if `start` does not fit

        AdamW with a one-cycle schedule. The caller's random numbers are not used.
        """
        if epochs < 1:
            raise ValueError(f"epochs must be at least 1, got {epochs}")
        if images.labels is None:
            raise ValueError(f"{images.name} has no labels: train a classifier on a data set that "
                             "has, such as cifar10")
        classes = tuple(images.classes or map(str, range(int(images.labels.max()) + 1)))
        # A network of gray images cannot go on with color: it lacks the inputs.
        if start and (start.classes != classes or start.net.config["inputs"] < 3 and not gray):
            raise ValueError(f"a classifier of {', '.join(start.classes)} cannot go on with "
                             f"{images.name}" + ("" if gray else ", in color"))
        devices = [images.device] if images.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            if start is None:
                net = models.SmallResNet(1 if gray else 3, len(classes), width)
            else:
                net = start.net.for_gray() if gray else copy.deepcopy(start.net)
            # The lower rate preserves what the first training has learned.
            _train(net, images, 4e-4 if start else 4e-3, epochs, seed, batch_size)
        return cls(net, classes)

    @torch.no_grad()
    def features(self, rgb: Tensor, batch_size: int = 100) -> Tensor:
        """Input of the last layer: RGB, uint8 or in [0, 1], (N, 3, H, W) -> (N, F) on the CPU."""
        device = next(self.net.parameters()).device
        return torch.cat([self.net.features(_inputs(part.to(device), self.net)).cpu()
                          for part in rgb.split(batch_size)])

    @torch.no_grad()
    def predict(self, rgb: Tensor) -> Tensor:
        """Predicted classes, as indices of `classes`: (N, 3, H, W) -> (N,) on the CPU."""
        last = self.net.last
        return F.linear(self.features(rgb), last.weight.cpu(), last.bias.cpu()).argmax(1)

    def accuracy(self, rgb: Tensor, labels: Tensor) -> float:
        """Fraction of images (N, 3, H, W) whose predicted class is their label (N,)."""
        return float((self.predict(rgb) == labels.cpu()).float().mean())

    def save(self, path: str | os.PathLike, **notes) -> Path:
        """Write the classifier to a safetensors file, convolution weights as float16."""
        tensors = {k: t.half() if t.ndim == 4 else t for k, t in self.net.state_dict().items()}
        about = {"format": FORMAT, "net": self.net.config, "classes": self.classes, "notes": notes}
        return write_tensors(path, tensors, about)

    @classmethod
    def load(cls, path: str | os.PathLike, device: str | torch.device = "cpu") -> "ImageClassifier":
        """Load a classifier that `save` wrote. Raises FileNotFoundError or ValueError."""
        about, name = read_notes(path), Path(path).name
        if about.get("format") not in (FORMAT, OLD_FORMAT):
            raise ValueError(f"{name} is no image classifier "
                             f"(format {about.get('format')!r}, expected {FORMAT!r})")
        try:
            if about["net"]["model"] != "small-resnet":
                raise ValueError(f"expected a small-resnet, got {about['net']['model']!r}")
            # Before anything is allocated: the sizes in a file may be senseless.
            check_fits(path, models.outline(about["net"]).state_dict())
            with torch.random.fork_rng(devices=[]):  # initialization draws random numbers
                net = models.build(about["net"])
            net.load_state_dict(read_tensors(path)[0])
            return cls(net.to(device), tuple(map(str, about["classes"])))
        except (RuntimeError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"{name} does not hold the classifier that it names ({error})"
                             ) from None


def _train(net: models.SmallResNet, images, lr: float, epochs: int, seed: int, batch_size: int):
    net.train().to(images.device, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), lr, weight_decay=0.05)
    steps = epochs * -(-len(images) // batch_size)  # rounded up: a last, smaller batch counts
    schedule = one_cycle(optimizer, steps)
    for epoch in range(epochs):
        for rows, mirrored in plan_batches(len(images), batch_size, epoch_seed(seed, epoch),
                                           flip=True, device=images.device):
            x = _inputs(mirror(images.pixels[rows], mirrored), net)  # B 3 H W, or B 1 H W
            loss = F.cross_entropy(net(x), images.labels[rows], label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


def _inputs(rgb: Tensor, net: models.SmallResNet) -> Tensor:
    """RGB (N, 3, H, W) as the network gets it: RGB, or lightness (N, 1, H, W), both -1...1."""
    gray = net.config["inputs"] == 1
    x = color.lightness(rgb) / 50 - 1 if gray else 2 * color.to_float(rgb) - 1
    return x.contiguous(memory_format=torch.channels_last)
