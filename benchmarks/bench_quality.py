"""Minutes to quality: from scratch to 0.75 unexplained variance on CIFAR-10's test images, beside a plain loop.

    python -m colorlib bench quality            # about forty minutes on two cores

Ours is the recipe `fast-unet` (877,144 parameters). The plain loop is what one would write: the ordinary U-Net of the
recipe `nazeri-unet` (483,170), a DataLoader over (L, ab) tensors, float32, AdamW with a one-cycle rate, mirrored
batches, nothing compiled. Every training is measured on the whole test set; its number stands beside its minutes.
"""

from __future__ import annotations

import statistics
import time

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from colorlib import color, models
from colorlib.colorizer import Colorizer
from colorlib.data import datasets
from colorlib.evaluate import evaluate
from colorlib.experiments.recipes import fit_recipe, get

QUALITY = 0.75
SEEDS = (0, 1, 2)
PLAIN_EPOCHS = 8  # on two cores, seed 0, six epochs reached 0.7551 and eight 0.7466


def run() -> list[dict]:
    """One row: the plain loop's minutes over ours."""
    train, test = datasets.load("cifar10", "train"), datasets.load("cifar10", "test")
    ours = [measured("fast-unet", seed, fast(train, seed), train, test) for seed in SEEDS]
    plain = measured("plain loop", 0, plain_loop(train, 0), train, test)
    minutes = statistics.median(minutes for minutes, _ in ours)
    worst = max(reached for _, reached in ours)
    return [{
        "name": f"minutes to {QUALITY} unexplained: plain loop's / ours",
        "ratio": plain[0] / minutes,
        "detail": f"{plain[0]:.1f} and {minutes:.1f} minutes (median of {len(ours)} seeds), reached "
                  f"{plain[1]:.4f} and at most {worst:.4f}",
    }]  # fmt: skip


def measured(name: str, seed: int, trained: tuple[Colorizer, float], train, test) -> tuple[float, float]:
    """Minutes and unexplained variance of a training, printed as well."""
    colorizer, minutes = trained
    reached = evaluate(colorizer, test, train.ab_mean())["unexplained"]
    size = models.parameters(colorizer.net)
    print(f"  {name}, seed {seed}: {minutes:.2f} min, {reached:.4f} unexplained, {size:,} parameters", flush=True)
    return minutes, reached


def fast(train, seed: int) -> tuple[Colorizer, float]:
    recipe = get("fast-unet")
    colorizer = recipe.build(seed)
    started = time.perf_counter()
    config = recipe.training_config("lesson")
    fit_recipe(colorizer, train, recipe.make_step(seed), config, seed=seed, device="cpu", progress=False)
    return colorizer, (time.perf_counter() - started) / 60


def plain_loop(train, seed: int, epochs: int = PLAIN_EPOCHS) -> tuple[Colorizer, float]:
    colorizer = get("nazeri-unet").build(seed)
    net = colorizer.net
    torch.manual_seed(seed)
    started = time.perf_counter()
    lab = torch.cat([color.rgb_to_lab(part) for part in train.pixels.split(1000)])
    loader = DataLoader(TensorDataset(lab[:, :1] / 50 - 1, lab[:, 1:] / 50), batch_size=32, shuffle=True)
    optimizer = torch.optim.AdamW(net.parameters(), 4e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=epochs * len(loader))
    for _ in range(epochs):
        for inputs, targets in loader:
            if torch.rand(()) < 0.5:
                inputs, targets = inputs.flip(-1), targets.flip(-1)
            loss = nn.functional.mse_loss(net(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return colorizer.eval(), (time.perf_counter() - started) / 60
