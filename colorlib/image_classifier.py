"""A classifier trained on true pictures, as a measuring instrument: how far colorized pictures are from true ones.
The same, trained on gray images, is an encoder that a colorizer can start from (notebook 07).

    judge = Judge.trained(train, epochs=6)                      # an ImageSet with labels
    judge.accuracy(test.rgb(), test.labels)
    frechet_distance(judge.features(colorized), judge.features(true))
    Judge.trained(train, gray=True).save("encoder-cifar10.safetensors")

The Fréchet distance in *its* features is no "FID", which is that of an Inception network: compare it only with others
by the same judge. Used in notebooks 05 and 06.
"""
from __future__ import annotations

import copy
import os
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlib import color, models
from colorlib.checkpoint import read_tensors, write_tensors
from colorlib.data.image_set import mirror, plan
from colorlib.training_run import epoch_seed

FORMAT = "colorlib-judge-1"


class ImageClassifier:
    """A small residual classifier of pictures, which sees RGB or lightness, and the names of its classes."""

    def __init__(self, net: models.SmallResNet, classes: tuple[str, ...] = ()):
        self.net, self.classes = net.eval(), tuple(classes)

    @classmethod
    def trained(cls, images, epochs: int = 6, seed: int = 0, width: int = 24, batch_size: int = 128,
                gray: bool = False, start: ImageClassifier | None = None) -> ImageClassifier:
        """A judge trained on an ImageSet that has labels, on its device: AdamW, one-cycle rate, mirrored images.

        gray   True: it sees L/50 - 1, as a colorizer with LabHead does
        start  a judge to go on from, with the same classes, of color or gray pictures (A6: tuned on gray ones first);
               width is then its own, and the rate a tenth of the usual one, so that it keeps what it knows
        ValueError without labels or epochs. The caller's random numbers are left alone.
        """
        if epochs < 1:
            raise ValueError(f"epochs must be at least 1, got {epochs}")
        if images.labels is None:
            raise ValueError(f"{images.name} has no labels: a judge learns from a set that has, such as cifar10")
        devices = [images.device] if images.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            classes = images.classes or tuple(str(i) for i in range(int(images.labels.max()) + 1))
            if start is None:
                net = models.SmallResNet(1 if gray else 3, len(classes), width)
            elif start.classes != tuple(classes) or start.net.config["inputs"] < 3 and not gray:
                raise ValueError(f"this judge of {', '.join(start.classes)} cannot go on with {images.name}"
                                 + ("" if gray else ", in color"))
            else:
                net = start.net.for_gray() if gray else copy.deepcopy(start.net)
            net = net.train().to(images.device, memory_format=torch.channels_last)
            lr = 4e-3 if start is None else 4e-4
            optimizer = torch.optim.AdamW(net.parameters(), lr, weight_decay=0.05)
            steps = epochs * -(-len(images) // batch_size)
            schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps + 1, pct_start=0.25)
            for epoch in range(epochs):
                order = plan(len(images), batch_size, epoch_seed(seed, epoch), flip=True, device=images.device)
                for rows, mirrored in order:
                    x = _seen(mirror(images.pixels[rows], mirrored), net)   # B 3 H W, or B 1 H W
                    loss = F.cross_entropy(net(x), images.labels[rows], label_smoothing=0.1)
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                    schedule.step()
        return cls(net, classes)

    @torch.no_grad()
    def features(self, rgb: Tensor, batch_size: int = 100) -> Tensor:
        """What the last layer sees of pictures (N, 3, H, W), uint8 or float in [0, 1]: (N, F), on the CPU."""
        device = next(self.net.parameters()).device
        return torch.cat([self.net.features(_seen(part.to(device), self.net)).cpu() for part in rgb.split(batch_size)])

    @torch.no_grad()
    def named(self, rgb: Tensor) -> Tensor:
        """What it takes pictures for, as numbers of `classes`: (N,), on the CPU."""
        return F.linear(self.features(rgb), self.net.last.weight.cpu(), self.net.last.bias.cpu()).argmax(1)

    def accuracy(self, rgb: Tensor, labels: Tensor) -> float:
        """The share of pictures that are named rightly."""
        return float((self.named(rgb) == labels.cpu()).float().mean())

    def save(self, path: str | os.PathLike, **notes) -> Path:
        """Write the judge to a safetensors file, weights of convolutions as float16."""
        tensors = {name: (t.half() if t.ndim == 4 else t).cpu().clone(memory_format=torch.contiguous_format)
                   for name, t in self.net.state_dict().items()}
        return write_tensors(path, tensors, {"format": FORMAT, "net": self.net.config, "classes": self.classes,
                                             "notes": notes})

    @classmethod
    def load(cls, path: str | os.PathLike, device: str | torch.device = "cpu") -> ImageClassifier:
        """A judge from a file that `save` wrote; FileNotFoundError, or ValueError if it is no such file."""
        tensors, about = read_tensors(path)
        if about.get("format") != FORMAT:
            raise ValueError(f"{Path(path).name} is no judge (format {about.get('format')!r}, expected {FORMAT!r})")
        with torch.random.fork_rng(devices=[]):
            net = models.build(about["net"])
        net.load_state_dict(tensors)
        return cls(net.to(device), about["classes"])


def frechet_distance(one: Tensor, other: Tensor) -> float:
    """Squared Fréchet distance of two sets of features, each taken for a Gaussian: (N, F), (M, F) -> a number.

    |m1 - m2|² + tr(C1 + C2 - 2 (C1 C2)^½) (Dowson and Landau 1982; Heusel et al. 2017). 0: the same mean and
    covariance. It is larger for fewer images: compare equal numbers. ValueError with fewer than two.
    """
    if one.ndim != 2 or other.ndim != 2 or one.shape[1] != other.shape[1] or min(len(one), len(other)) < 2:
        raise ValueError(f"expected features (N, F) twice, N at least 2, got {tuple(one.shape)}, {tuple(other.shape)}")
    one, other = one.double(), other.double()
    c1, c2 = torch.cov(one.T), torch.cov(other.T)                           # F F
    values, vectors = torch.linalg.eigh(c1)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.T                 # C1 ** 1/2
    cross = torch.linalg.eigvalsh(root @ c2 @ root).clamp_min(0).sqrt().sum()           # tr (C1 C2) ** 1/2
    gap = (one.mean(0) - other.mean(0)).square().sum()
    return max(float(gap + c1.trace() + c2.trace() - 2 * cross), 0.0)


@torch.no_grad()
def classify_colorized(judge: ImageClassifier, colorizer, images, batch_size: int = 100) -> dict[str, float]:
    """What a judge says of an ImageSet, colorized, beside gray and true.

    colorizer   a Colorizer, or any function from L (N, 1, H, W) to ab (N, 2, H, W)
    returns   frechet (colorized to true pictures), frechet_gray (gray to true); and, if there are labels, the judge's
              accuracy, accuracy_gray and accuracy_true
    Colored pictures are clipped to the gamut and rounded to eight bits, as the true ones are.
    """
    predict = getattr(colorizer, "predict", colorizer)
    shown, gray = [], []
    for rgb in images.batches(batch_size):
        L = color.lightness(rgb)                                            # N 1 H W
        ab = predict(L)
        shown.append(color.to_uint8(color.lab_to_rgb(torch.cat([L, ab], dim=1))))
        gray.append(color.to_uint8(color.lab_to_rgb(torch.cat([L, torch.zeros_like(ab)], dim=1))))
    pictures = {"": torch.cat(shown), "_gray": torch.cat(gray), "_true": images.pixels}
    true = judge.features(images.pixels)
    told = {f"frechet{name}": frechet_distance(judge.features(pictures[name]), true) for name in ("", "_gray")}
    if images.labels is not None:
        told |= {f"accuracy{name}": judge.accuracy(rgb, images.labels) for name, rgb in pictures.items()}
    return told


def _seen(rgb: Tensor, net: models.SmallResNet) -> Tensor:
    """Pictures as the network sees them, RGB or lightness: -1...1."""
    x = color.lightness(rgb) / 50 - 1 if net.config["inputs"] == 1 else 2 * color.to_float(rgb) - 1
    return x.contiguous(memory_format=torch.channels_last)
