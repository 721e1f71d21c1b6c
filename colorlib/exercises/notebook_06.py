"""Checkers of notebook 06, *The PatchGAN fix*."""
import torch

from colorlib.exercises.checking import Result, checking
from colorlib.models import PatchDiscriminator
from colorlib.notebook.turing_test import interval as wilson


def check_06_1(receptive_field) -> Result:
    """Side of a patch from [(kernel, stride), ...], first layer first: backward, (side - 1) * stride + kernel."""
    pix2pix = {n: [(4, 2)] * n + [(4, 1)] * 2 for n in (1, 2, 3)}
    with checking("06.1") as c:
        f = c.watch(receptive_field)
        c.equal(f([(3, 1)]), 3, "one 3×3 layer sees 3 pixels")
        c.equal(f([(4, 2), (4, 1)]), 10, "behind a stride of 2, a layer's pixels are two apart")
        for n, layers in pix2pix.items():
            c.equal(f(layers), PatchDiscriminator(n, width=1).receptive_field, f"n_layers = {n}")
        got = f(pix2pix[2])
        c.hint_if(got, 1 + 3 * 4, "strides count: a pixel behind a stride of 2 stands for two")
        forward = 1
        for kernel, stride in pix2pix[2]:
            forward = (forward - 1) * stride + kernel
        c.hint_if(got, forward, "start from the answer and go back to the image: last layer first")
    return c.result


def check_06_2(answers) -> Result:
    """Side of the map of answers for images of `size` pixels, padding 1: floor((size + 2 - kernel) / stride) + 1."""
    with checking("06.2") as c:
        f = c.watch(answers)
        for n, side in ((1, 14), (2, 6), (3, 2)):
            c.equal(f(32, [(4, 2)] * n + [(4, 1)] * 2), side, f"32 pixels, n_layers = {n}")
        c.equal(f(256, [(4, 2)] * 3 + [(4, 1)] * 2), 30, "256 pixels, n_layers = 3: pix2pix's 30 by 30")
        c.equal(f(33, [(4, 2)]), 16, "an odd side: what does not fill a step is left out")
        got = f(32, [(4, 2)] * 2 + [(4, 1)] * 2)
        c.hint_if(got, 8, "a 4×4 layer of stride 1 with padding 1 loses a pixel a side")
        c.hint_if(got, 3, "padding 1 adds a pixel on both sides")
    return c.result


def check_06_3(interval) -> Result:
    """Wilson's 95 % interval of a share, k of n."""
    with checking("06.3") as c:
        f = c.watch(interval)
        for k, n in ((0, 10), (10, 10), (6, 10), (60, 100), (459, 1000)):
            c.equal(f(k, n), wilson(k, n), f"{k} of {n}", 1e-3)
        got, p, n, z = f(6, 10), 0.6, 10, 1.96
        half = z * (p * (1 - p) / n) ** 0.5
        c.hint_if(got, (p - half, p + half), "this is the normal interval, which has no width at 0 of n; Wilson's "
                                             "middle is (p + z² / 2n) / (1 + z² / n)", 1e-3)
        half = z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
        c.hint_if(got, (p + z * z / (2 * n) - half, p + z * z / (2 * n) + half), "divide both by 1 + z² / n", 1e-3)
    return c.result


def check_06_4(accuracy) -> Result:
    """Share of pixels right as N's program counts: after rounding, |da| and |db| both at most 2.2 t."""
    generator = torch.Generator().manual_seed(0)
    true = 20 * torch.randn(2, 2, 9, 9, generator=generator)
    said = true + 5 * torch.randn(2, 2, 9, 9, generator=generator)

    def right(t: float) -> float:
        return float(((said.round() - true.round()).abs().amax(1) <= 2.2 * t).float().mean())

    with checking("06.4") as c:
        f = c.watch(accuracy)
        c.equal(f(true, true, 0), 1.0, "the truth is right")
        c.equal(f(said, true, 2), right(2), "t = 2, N's default", 1e-3)
        c.equal(f(said, true, 5), right(5), "t = 5", 1e-3)
        got = f(said, true, 2)
        c.hint_if(got, float(((said.round() - true.round()).abs() <= 4.4).float().mean()),
                  "a pixel is right if both of its channels are", 1e-3)
        c.hint_if(got, float(((said.round() - true.round()).abs().amax(1) <= 2).float().mean()),
                  "a and b may be off by 2.2 t", 1e-3)
        c.hint_if(got, float(((said.round() - true.round()).norm(dim=1) <= 4.4).float().mean()),
                  "each channel by itself, not the distance", 1e-3)
    return c.result
