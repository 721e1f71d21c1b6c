"""Losses for colorization and for GANs.

    loss = losses.squared_error(net(inputs), targets)
    loss = losses.soft_cross_entropy(net(inputs), index, share)
    loss = losses.binary_cross_entropy(discriminator(gray, color), 1.0)
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable


def squared_error(predicted: Tensor, target: Tensor) -> Tensor:
    """Squared color distance: summed over channels, averaged over pixels and images.

    predicted, target   (N, C, H, W), the same units
    returns             a scalar, those units squared
    raises              ValueError if the shapes differ: broadcasting would hide a mistake

    Koo 2016, equations 1 and 2; written out in notebook 03. `torch.nn.MSELoss` also averages over
    the channels, so it is C times smaller.
    """
    if predicted.shape != target.shape:
        raise ValueError(f"shapes differ: predicted {tuple(predicted.shape)}, "
                         f"target {tuple(target.shape)}")
    return (predicted - target).square().sum(dim=1).mean()


def blurred_squared_error(predicted: Tensor, target: Tensor) -> Tensor:
    """Mean of three squared errors: plain, and with both images blurred with 3 and with 5 pixels.

    predicted, target   (N, C, H, W), the same units
    returns             a scalar, those units squared
    raises              ValueError if the shapes differ

    Dahl 2016, which does not give the widths of the Gaussians. We take torchvision's default for
    such kernels, 0.8 and 1.1 pixels, mirrored at the border.
    """
    from torchvision.transforms.functional import gaussian_blur  # slow to import, rarely needed

    plain = squared_error(predicted, target)
    with torch.autocast(predicted.device.type, enabled=False):  # else the blur rounds to 8 bits
        # Blurring is linear, so it suffices to blur the difference.
        difference = predicted.to(target.dtype) - target
        blurred = [gaussian_blur(difference, size).square().sum(dim=1).mean() for size in (3, 5)]
    return (plain + sum(blurred)) / 3


def soft_cross_entropy(logits: Tensor, index: Tensor, share: Tensor) -> Tensor:
    """Cross-entropy against sparse soft targets: -sum_k share_k log softmax(logits)[index_k].

    logits    (N, Q, H, W)
    index     (N, k, H, W), integers: the bins that a pixel belongs to
    share     (N, k, H, W): how much it belongs to each, as in `color_bins.SoftTarget`; the shares
              of a pixel sum to one or, with class rebalancing, to the weight of the pixel's bin
    returns   a scalar, nats: the mean over pixels, whatever their weights

    The class-rebalanced loss is this one: `color_bins.AbBins.rebalance` computes the weights of the
    bins, and `targets.ColorBinsTarget.encode` multiplies each pixel's shares by its bin's weight.

    Zhang et al. 2016, equations 2 and 3; written out with dense targets in notebook 04. Here only
    the logits and their gradient need Q numbers per pixel, the targets need k.
    """
    if (logits.ndim != 4 or index.shape != share.shape or logits.shape[::2] != index.shape[::2]
            or logits.shape[3] != index.shape[3]):
        raise ValueError("expected logits (N, Q, H, W) and a target (N, k, H, W), got "
                         f"{tuple(logits.shape)}, {tuple(index.shape)} and {tuple(share.shape)}")
    return _SparseCrossEntropy.apply(_rows(logits), _rows(index).long(), _rows(share))


def _rows(t: Tensor) -> Tensor:
    """(N, C, H, W) -> (N * H * W, C); no copy for a tensor in channels_last order."""
    return t.permute(0, 2, 3, 1).reshape(-1, t.shape[1])


def binary_cross_entropy(logits: Tensor, label: float | Tensor,
                         from_logits: bool = True) -> Tensor:
    """Binary cross-entropy of a discriminator: -t log p - (1 - t) log(1 - p), p the sigmoid.

    logits       any shape
    label        t, between 0 and 1: a number, or a tensor of the logits' shape
    from_logits  False: compute the sigmoid first and then its logarithm, as the papers draw it. In
                 float32 the sigmoid is exactly 1 from a logit of 17 on; the logarithm is then cut
                 at -100, and the gradient is 0
    returns      a scalar, nats: the mean

    From logits, the gradient for each of them is p - t everywhere. Compared in notebook 05.
    """
    t = torch.as_tensor(label, dtype=torch.float32, device=logits.device).expand(logits.shape)
    # In half precision the sigmoid would be 1 from a logit of 8 on.
    with torch.autocast(logits.device.type, enabled=False):
        if from_logits:
            return F.binary_cross_entropy_with_logits(logits.float(), t)
        return F.binary_cross_entropy(logits.float().sigmoid(), t)


def koo_printed_loss(logits: Tensor) -> Tensor:
    """Mean of log(1 + p), p the sigmoid of the logits; nats, between 0 and log 2.

    Algorithm 2 of Koo 2016 prints this where the minimax game has log(1 - p). As printed, the
    discriminator maximizes it on generated colors, which teaches it to call them real, and the
    generator minimizes it, which teaches it to be recognized: each works for the other side.
    """
    return logits.float().sigmoid().log1p().mean()


class _SparseCrossEntropy(torch.autograd.Function):
    """Mean over rows of -sum_k share_k log softmax(logits)[index_k].

    Its own backward pass stores one dense tensor, the softmax, where autograd would store several.
    """

    @staticmethod
    def forward(ctx, logits: Tensor, index: Tensor, share: Tensor) -> Tensor:
        half = logits.dtype in (torch.float16, torch.bfloat16)
        log_p = (logits.float() if half else logits).log_softmax(dim=1)  # P Q, P = N * H * W
        share = share.to(log_p.dtype)  # P k
        loss = -(log_p.gather(1, index) * share).sum(1).mean()
        ctx.save_for_backward(log_p.exp_(), index, share)
        ctx.dtype = logits.dtype
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_output: Tensor) -> tuple[Tensor, None, None]:
        p, index, share = ctx.saved_tensors
        gradient = p * share.sum(1, keepdim=True)  # P Q
        gradient.scatter_add_(1, index, -share)
        return gradient.mul_(grad_output / len(p)).to(ctx.dtype), None, None
