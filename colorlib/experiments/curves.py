"""The curve of a training: what the network achieves on held-out images, epoch by epoch.

    curve = Curve(colorizer, step, held_out, best_file)
    history = fit(colorizer, images, step, config, watch=curve, every=steps_per_epoch)
    curve.rows(history)             # for the record
"""
import functools
import math
from pathlib import Path

import torch

from colorlib import color
from colorlib.checkpoint import read_tensors, write_tensors
from colorlib.colorizer import Colorizer
from colorlib.data.image_set import ImageSet
from colorlib.metrics import ColorSums
from colorlib.train import Step, validation_loss
from colorlib.train_gan import Adversary
from colorlib.training_run import TrainingHistory


class Curve:
    """Measures a colorizer on held-out images; called without arguments, as `watch` of a training.

    best_file   where to keep the weights that explained most so far; None: they are not kept
    """

    def __init__(self, colorizer: Colorizer, step: Step | Adversary, held_out: ImageSet,
                 best_file: Path | None = None):
        self.colorizer, self.step, self.best_file = colorizer, step, best_file
        self.held_out, self.mean = held_out, held_out.ab_mean()

    @torch.no_grad()
    def __call__(self) -> dict[str, float]:
        """Return unexplained, chroma_ratio and, of a GAN, d_accuracy, else validation_loss."""
        net = self.colorizer.net
        net.eval()  # the training restores the mode
        sums, right, answers = ColorSums(self.mean), 0, 0
        for rgb in self.held_out.to(self.colorizer.device).batches(100):
            lab = color.rgb_to_lab(rgb)
            sums.add(self.colorizer.predict(lab[:, :1]), lab[:, 1:])
            if isinstance(self.step, Adversary):
                right += self._right_answers(rgb)
                answers += 2 * len(rgb)
        values = {name: sums.values()[name] for name in ("unexplained", "chroma_ratio")}
        if answers:
            values["d_accuracy"] = right / answers
        else:
            values["validation_loss"] = validation_loss(self.colorizer, self.held_out, self.step)
        if self.best_file and values["unexplained"] < self.best:
            write_tensors(self.best_file, net.state_dict(), {"unexplained": values["unexplained"]})
            self.__dict__.pop("best", None)  # read it again
        return values

    def _right_answers(self, rgb: torch.Tensor) -> int:
        """Count the true and generated images that the discriminator classifies correctly."""
        inputs, targets = self.colorizer.encode(rgb)
        discriminator, config = self.step.net.eval(), self.step.config
        real = config.classified_real(discriminator(inputs, targets))
        fake = config.classified_real(discriminator(inputs, self.colorizer.net(inputs)))
        return int(real.sum() + (~fake).sum())

    @functools.cached_property
    def best(self) -> float:
        """The smallest unexplained fraction so far, also of a training that was resumed."""
        if not (self.best_file and self.best_file.exists()):
            return math.inf
        return read_tensors(self.best_file)[1]["unexplained"]

    def load_best(self) -> None:
        """Give the network the weights that explained most of the held-out images."""
        self.colorizer.net.load_state_dict(read_tensors(self.best_file)[0])
        self.colorizer.net.eval()

    def rows(self, history: TrainingHistory) -> list[dict]:
        """Return a dict for each epoch: what the training logged, and what was measured after it.

        Row 0 is the untrained network.
        """
        epochs = [{"epoch": 0}, *history.epochs]
        rows = [row | seen for row, seen in zip(epochs, history.watched, strict=True)]
        return [{name: value if isinstance(value, int) else float(f"{value:.5g}")
                 for name, value in row.items()} for row in rows]
