"""Training: an epoch of Koo's CNN against the usual tutorial's pipeline, and the share of the best convolution rate.

    python -m colorlib bench train

Both sides of a ratio run in turn, at least five pairs, medians.
"""
from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import torch
from skimage.color import rgb2lab
from torch import nn
from torch.utils.data import DataLoader, Dataset

from colorlib import models
from colorlib.data import datasets
from colorlib.data.image_set import ImageSet
from colorlib.experiments.recipes import RECIPES
from colorlib.hardware import best_precision, keep_freed_memory
from colorlib.profiling import interleaved, ratio, timed
from colorlib.train import fit, regression_step

PAIRS = 5
STEPS, CONVOLUTIONS = 5, 25                         # in a row, as a training takes them; a call of each side
IMAGES = 2560                                       # of an "epoch" here: 20 batches of 128, 40 of 64


class TutorialDataset(Dataset):
    """What one finds: scikit-image on every image, every time it is asked for."""

    def __init__(self, images: np.ndarray):
        self.images = images                        # N H W 3, uint8

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int):
        lab = rgb2lab(self.images[index]).astype("float32").transpose(2, 0, 1)
        return torch.from_numpy(lab[:1] / 50 - 1), torch.from_numpy(lab[1:] / 50)


def run() -> list[dict]:
    """Rows of name, ratio and detail."""
    images = datasets.load("auto", "train", n=IMAGES)
    precisions = dict.fromkeys((best_precision("cpu"), "no"))                 # bf16 where the processor has it; float32
    return [*(epoch_of_koos_cnn(images, one) for one in precisions), *convolution_share(images)]


def epoch_of_koos_cnn(images: ImageSet, precision: str) -> dict:
    """Seconds of the tutorial's epoch over seconds of ours: same network, same images, batch 128 both.

    The tutorial runs in a process of its own, so that neither side inherits what the other left in memory.
    """
    settings = RECIPES["koo-baseline"].training.replace(epochs=1, batch_size=128, flip=False)
    ours = RECIPES["koo-baseline"].build()
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, __file__], stdin=pipe, stdout=pipe, text=True) as other:
        def tutorial() -> None:
            other.stdin.write("one epoch\n")
            other.stdin.flush()
            if not other.stdout.readline():
                raise RuntimeError("the tutorial's process ended: see its message above")

        def colorlib() -> None:
            fit(ours, images, regression_step, settings, device="cpu", precision=precision, progress=False)

        times = interleaved(tutorial, colorlib, PAIRS)
        other.stdin.close()
    theirs, mine = map(statistics.median, times)
    return {"name": f"epoch of Koo's CNN: tutorial's time / colorlib's, {called(precision)}", "ratio": ratio(*times),
            "detail": f"{theirs / IMAGES * 1e6:.0f} and {mine / IMAGES * 1e6:.0f} microseconds an image, "
                      f"batch 128, median of {PAIRS} pairs"}


def tutorial_process() -> None:
    """Trains one epoch as a tutorial does for every line that comes in, and answers with a line."""
    images = datasets.load("auto", "train", n=IMAGES)
    net = models.KooCNN()
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3)
    dataset = TutorialDataset(images.pixels.permute(0, 2, 3, 1).contiguous().numpy())
    loader = DataLoader(dataset, batch_size=128, shuffle=True, num_workers=2, persistent_workers=True)
    for _ in sys.stdin:
        for x, y in loader:
            optimizer.zero_grad()
            nn.functional.mse_loss(net(x), y).backward()
            optimizer.step()
        print("done", flush=True)


def convolution_share(images: ImageSet) -> list[dict]:
    """Multiply-adds a second of a training step over those of the best 3x3 convolution measured here, forward only."""
    rows = []
    for name in ("koo-baseline", "nazeri-unet"):
        recipe = RECIPES[name]
        colorizer = recipe.build().to(memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(colorizer.net.parameters(), 1e-3, fused=True)
        batch = images.pixels[: recipe.training.batch_size]
        autocast = torch.autocast("cpu", torch.bfloat16, enabled=best_precision("cpu") == "bf16")

        def train(colorizer=colorizer, optimizer=optimizer, batch=batch, autocast=autocast) -> None:
            for _ in range(STEPS):
                x, y = colorizer.encode(batch)
                optimizer.zero_grad()
                with autocast:
                    loss = regression_step(colorizer.net, x.contiguous(memory_format=torch.channels_last), y)
                loss.backward()
                optimizer.step()

        forward = models.multiply_adds(colorizer.net, batch.shape[-1]) * len(batch)
        work = STEPS * (3 * forward - first_layer(colorizer.net, batch))
        once, each = best_convolution()

        def convolve(once=once) -> None:
            for _ in range(CONVOLUTIONS):
                once()

        with keep_freed_memory():                   # as a training does
            seconds, alone = map(statistics.median, interleaved(train, convolve, 7))
        best = CONVOLUTIONS * each / alone
        rows.append({"name": f"{name} training: share of the best convolution rate",
                     "ratio": work / seconds / best,
                     "detail": f"{2e-9 * work / seconds:.0f} of {2e-9 * best:.0f} GFLOP/s, "
                               f"{called(best_precision('cpu'))}, batch {len(batch)}, median of 7 pairs"})
    return rows


def best_convolution() -> tuple[Callable[[], None], float]:
    """The fastest of some 3x3 convolutions, as a function to run, and its multiply-adds."""
    dtype = torch.bfloat16 if best_precision("cpu") == "bf16" else torch.float32
    best = None
    for channels, side, batch in ((64, 32, 32), (64, 32, 128), (128, 16, 64), (256, 16, 32)):
        layer = nn.Conv2d(channels, channels, 3, padding=1, dtype=dtype).to(memory_format=torch.channels_last)
        x = torch.randn(batch, channels, side, side, dtype=dtype).to(memory_format=torch.channels_last)
        work = 9 * channels ** 2 * batch * side ** 2

        @torch.no_grad()
        def once(layer=layer, x=x) -> None:
            layer(x)

        rate = work / min(timed(once) for _ in range(8))
        if best is None or rate > best[0]:
            best = rate, once, work
    return best[1], best[2]


def first_layer(net: nn.Module, batch: torch.Tensor) -> int:
    """Of the first convolution, whose input needs no gradient: one of the three passes falls away."""
    layer = next(m for m in net.modules() if isinstance(m, nn.Conv2d))
    return layer.weight.numel() * len(batch) * batch.shape[-2] * batch.shape[-1]


def called(precision: str) -> str:
    return "float32" if precision == "no" else precision


if __name__ == "__main__":
    tutorial_process()
