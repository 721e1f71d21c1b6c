"""Training on an NVIDIA GPU: seconds an epoch beside the plain loop, and the share of the card's best rate.

    python -m colorlib bench gpu

Both sides of a ratio run in turn, at least five pairs, medians. Without a GPU there is nothing to measure.
"""

from __future__ import annotations

import statistics

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from colorlib import color, models
from colorlib.data import datasets
from colorlib.experiments.recipes import get
from colorlib.profiling import interleaved, ratio
from colorlib.train import fit

PAIRS = 5
RECIPES = ("koo-baseline", "nazeri-unet")


def run() -> list[dict]:
    """Rows of name, ratio and detail; none without a GPU."""
    if not torch.cuda.is_available():
        return []
    images = datasets.load("auto", "train").to("cuda")
    return [row for name in RECIPES for row in epoch(name, images)]


def epoch(name: str, images) -> list[dict]:
    """The plain loop's seconds an epoch over ours, and ours as a share of the best convolution rate."""
    recipe = get(name)
    config = recipe.training_config("lesson", device="cuda").replace(epochs=1)
    plain_net, loader = recipe.build(0, images).net.cuda(), plain_loader(images, recipe)
    plain_optimizer = torch.optim.AdamW(plain_net.parameters(), 1e-3)
    ours = recipe.build(0, images)

    def plain() -> None:
        for inputs, targets in loader:
            loss = nn.functional.mse_loss(plain_net(inputs.cuda()), targets.cuda())
            plain_optimizer.zero_grad()
            loss.backward()
            plain_optimizer.step()
        torch.cuda.synchronize()

    def fast() -> None:
        fit(ours, images, recipe.step, config, device="cuda", progress=False, compiled=True)

    times = interleaved(plain, fast, PAIRS)
    theirs, mine = map(statistics.median, times)
    work = 3 * models.multiply_adds(ours.net, images.size[0]) * len(images)  # forward, and twice that back
    share = work / mine / best_rate()
    detail = f"{theirs:.2f} s and {mine:.2f} s an epoch of {len(images):,} pictures, batch {config.batch_size}"
    return [
        {"name": f"{name}: plain loop's epoch / ours", "ratio": ratio(*times), "detail": detail},
        {"name": f"{name}: share of the card's best convolution rate", "ratio": share,
         "detail": f"{2e-12 * work / mine:.1f} of {2e-12 * best_rate():.1f} TFLOP/s"},
    ]  # fmt: skip


def plain_loader(images, recipe) -> DataLoader:
    """What one would write: a DataLoader over (L, ab) tensors on the processor, the source's small batches."""
    lab = torch.cat([color.rgb_to_lab(part) for part in images.pixels.cpu().split(1000)])
    dataset = TensorDataset(lab[:, :1] / 50 - 1, lab[:, 1:] / 50)
    return DataLoader(dataset, batch_size=recipe.training_config("lesson").batch_size, shuffle=True)


def best_rate() -> float:
    """Multiply-adds a second of the fastest of some 3x3 convolutions in bf16."""
    best = 0.0
    for channels, side, batch in ((64, 32, 512), (128, 32, 512), (256, 16, 512), (512, 16, 512)):
        layer = nn.Conv2d(channels, channels, 3, padding=1, device="cuda", dtype=torch.bfloat16)
        layer.to(memory_format=torch.channels_last)
        x = torch.randn(batch, channels, side, side, device="cuda", dtype=torch.bfloat16)
        x = x.to(memory_format=torch.channels_last)
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        with torch.no_grad():
            for _ in range(3):
                layer(x)
            start.record()
            for _ in range(10):
                layer(x)
            end.record()
        torch.cuda.synchronize()
        best = max(best, 9 * channels**2 * batch * side**2 * 10 / (start.elapsed_time(end) / 1000))
    return best
