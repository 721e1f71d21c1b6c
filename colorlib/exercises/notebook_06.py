"""Checkers for notebook 06, *What a discriminator adds*."""

import torch
import torch.nn.functional as F

from colorlib.models import PatchDiscriminator
from colorlib.notebook.turing_test import wilson_interval


def _patchgan(n: int) -> list[tuple[int, int]]:
    """List the layers of pix2pix's PatchGAN with n_layers = n, each as (kernel, stride)."""
    return [(4, 2)] * n + [(4, 1)] * 2


def check_06_1(c, f):
    """receptive_field: (side - 1) * stride + kernel, from the last layer to the first."""
    c.equal(f([(3, 1)]), 3, "one 3×3 layer sees 3 pixels")
    c.equal(f([(4, 2), (4, 1)]), 10, "after a stride of 2, neighboring pixels are two apart")
    for n in (1, 2, 3):
        side = PatchDiscriminator(n, width=1).receptive_field
        c.equal(f(_patchgan(n)), side, f"n_layers = {n}")
    got = f(_patchgan(2))
    c.hint_if(got, 1 + 3 * 4, "strides count: after a stride of 2, a pixel stands for two")
    forward = 1
    for kernel, stride in _patchgan(2):  # the rule is right, the direction is not
        forward = (forward - 1) * stride + kernel
    c.hint_if(got, forward, "start from the output and go back to the image: last layer first")


def check_06_2(c, f):
    """answers, the side of the output: floor((size + 2 - kernel) / stride) + 1, layer by layer."""
    for n, side in ((1, 14), (2, 6), (3, 2)):
        c.equal(f(32, _patchgan(n)), side, f"32 pixels, n_layers = {n}")
    c.equal(f(256, _patchgan(3)), 30, "256 pixels, n_layers = 3: the 30×30 outputs of pix2pix")
    c.equal(f(33, [(4, 2)]), 16, "an odd side: pixels that do not fill a step are left out")
    got = f(32, _patchgan(2))
    c.hint_if(got, 8, "the side loses a pixel in a 4×4 layer with stride 1 and padding 1")
    c.hint_if(got, 3, "padding 1 adds a pixel on both sides")
    c.hint_if(got, 0, "a padding of 1 adds two pixels to the side before each layer")


def check_06_3(c, f):
    """interval: Wilson's 95 % interval of a share, k of n."""
    for k, n in ((0, 10), (10, 10), (6, 10), (60, 100), (459, 1000)):
        c.equal(f(k, n), wilson_interval(k, n), f"{k} of {n}", 1e-3)
    got, p, n, z = f(6, 10), 0.6, 10, 1.96  # z: two-sided, 95 %
    half = z * (p * (1 - p) / n) ** 0.5
    c.hint_if(got, (p - half, p + half), "this is the normal interval, which has no width for 0 of "
              "n; Wilson's middle is (p + z² / 2n) / (1 + z² / n)")
    middle = p + z * z / (2 * n)
    half = z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    c.hint_if(got, (middle - half, middle + half), "divide both by 1 + z² / n")
    middle = (p + z * z / 2 * n) / (1 + z * z / n)
    half = z * (p * (1 - p) / n + z * z / 4 * n**2) ** 0.5 / (1 + z * z / n)
    c.hint_if(got, (middle - half, middle + half), "z² is divided by 2n and by 4n²: in Python, "
              "z**2 / 2 * n multiplies by n")


def check_06_4(c, f):
    """accuracy, Nazeri's share of right pixels: rounded, |Δa| and |Δb| are at most 2.2 t."""
    draw = torch.Generator().manual_seed(0)
    true = 20 * torch.randn(2, 2, 9, 9, generator=draw)
    predicted = true + 5 * torch.randn(2, 2, 9, 9, generator=draw)
    error = (predicted.round() - true.round()).abs()

    def share(condition: torch.Tensor) -> float:
        return float(condition.float().mean())

    c.equal(f(true, true, 0), 1.0, "the true colors are right")
    got = f(predicted, true, 2)
    # The larger of |Δa| and |Δb| decides about a pixel.
    c.equal(got, share(error.amax(1) <= 4.4), "t = 2, Nazeri's default", 1e-3)
    c.equal(f(predicted, true, 5), share(error.amax(1) <= 11), "t = 5", 1e-3)
    c.hint_if(got, share(error <= 4.4), "a pixel is right if both of its channels are")
    c.hint_if(got, share(error.amax(1) <= 2), "a and b may be off by 2.2 t")
    c.hint_if(got, share((predicted - true).abs().amax(1) <= 4.4), "round both colors first")
    c.hint_if(got, share(error.norm(dim=1) <= 4.4),
              "compare each channel by itself, not the distance")


def check_06_5(c, f):
    """repaired_loss: D's loss, with true and painted colors in the same units, both with gray."""
    draw = torch.Generator().manual_seed(0)
    discriminator = PatchDiscriminator(1, width=2, norm="none")
    for weight in discriminator.parameters():
        torch.nn.init.normal_(weight, std=0.3, generator=draw)
    lightness = 2 * torch.rand(3, 1, 16, 16, generator=draw) - 1
    ab = 40 * torch.randn(3, 2, 16, 16, generator=draw)
    painted = torch.randn(3, 2, 16, 16, generator=draw).requires_grad_()

    def loss(real: torch.Tensor, fake: torch.Tensor, gray: torch.Tensor = lightness,
             labels: tuple[float, float] = (1.0, 0.0)) -> torch.Tensor:
        logits = discriminator(lightness, real), discriminator(gray, fake)
        return sum(F.binary_cross_entropy_with_logits(z, torch.full_like(z, label))
                   for z, label in zip(logits, labels, strict=True))

    same = f(discriminator, lightness, ab.clone(), ab / 50)
    c.equal(same, loss(ab / 50, ab / 50),
            "if the painted colors are the true ones, D gets the same input twice, in units of 50")
    got = f(discriminator, lightness, ab.clone(), painted)
    c.equal(got, loss(ab / 50, painted), "1 for true colors and 0 for painted ones")
    gray = torch.zeros_like(lightness)
    c.hint_if(got, loss(ab, painted, gray),
              "nothing is repaired yet: compare what D gets in its two calls, number by number")
    c.hint_if(got, loss(ab, painted),
              "the true colors are fifty times as large as the painted ones")
    c.hint_if(got, loss(ab / 50, painted, gray), "painted colors come without their gray picture")
    c.hint_if(got, loss(ab, 50 * painted), "right, but D expects units of 50, as the generator "
              "returns them: divide the true colors instead")
    c.hint_if(got, loss(ab / 50, painted, labels=(0.0, 1.0)), "the labels are swapped")
    learns = isinstance(got, torch.Tensor) and got.requires_grad
    c.true(learns, "D cannot learn from this loss: keep its gradient")
    if learns:
        reached = torch.autograd.grad(got, painted, allow_unused=True)[0]
        c.true(reached is None, "the gradient of D's loss reaches the generator: keep `detach`")
