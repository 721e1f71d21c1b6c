"""Losses: what a wrong color costs.

    loss = losses.squared_error(net(x), y)
    loss = losses.soft_cross_entropy(net(x), index, share)
    loss = losses.binary_cross_entropy(D(gray, color), 1.0)     # what an answer costs that should be 1
"""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable


def squared_error(predicted: Tensor, target: Tensor) -> Tensor:
    """Squared distance of the colors: summed over channels, mean over pixels and images (K, equations 1 and 2).

    both     (N, C, H, W), the same units; ValueError if the shapes differ (broadcasting would hide a mistake)
    returns  a scalar, those units squared

    Written out in notebook 03. `torch.nn.MSELoss` is this over C: it also averages the channels.
    """
    if predicted.shape != target.shape:
        raise ValueError(f"shapes differ: predicted {tuple(predicted.shape)}, target {tuple(target.shape)}")
    return (predicted - target).square().sum(dim=1).mean()


def blurred_distances(predicted: Tensor, target: Tensor) -> Tensor:
    """A3: mean of three squared distances, plain and with both blurred by Gaussians of 3 and of 5 pixels.

    both     (N, C, H, W), the same units; ValueError if the shapes differ
    returns  a scalar, those units squared

    Each distance is `squared_error`. A does not give the Gaussians' widths: 0.8 and 1.1 pixels, torchvision's choice
    for such kernels, mirrored at the border.
    """
    from torchvision.transforms.functional import gaussian_blur  # large, and rarely needed

    plain = squared_error(predicted, target)
    difference = predicted - target                             # blur is linear
    blurred = [gaussian_blur(difference, size).square().sum(dim=1).mean() for size in (3, 5)]
    return (plain + sum(blurred)) / 3


def soft_cross_entropy(logits: Tensor, index: Tensor, share: Tensor) -> Tensor:
    """Cross-entropy against soft targets that stay sparse: -sum_k share_k log softmax(logits)[index_k].

    logits    (N, Q, H, W), any scale
    index     (N, k, H, W) integers, the bins that a pixel belongs to; and
    share     (N, k, H, W), how much to each: a `bins.SoftTarget`. Shares sum to one over k or, rebalanced, to the
              weight of the pixel (D10; Zhang et al. 2016, eq. 2 and 3)
    returns   a scalar: mean over pixels, nats

    The mean is over pixels, not over their weights. Written out, dense, in notebook 04. Here neither the targets nor
    their gradient are ever Q numbers a pixel; the logits and theirs are.
    """
    if logits.ndim != 4 or index.shape != share.shape or logits.shape[::2] != index.shape[::2] \
            or logits.shape[3] != index.shape[3]:
        raise ValueError(f"expected logits (N, Q, H, W) and a target (N, k, H, W), got {tuple(logits.shape)}, "
                         f"{tuple(index.shape)} and {tuple(share.shape)}")
    def rows(t: Tensor) -> Tensor:                                          # N C H W -> P C, a view of channels_last
        return t.permute(0, 2, 3, 1).reshape(-1, t.shape[1])
    z, index, share = rows(logits), rows(index).long(), rows(share)         # P Q, P k, P k
    return _SparseCrossEntropy.apply(z, index, share)


def binary_cross_entropy(logits: Tensor, label: float | Tensor, from_logits: bool = True) -> Tensor:
    """Binary cross-entropy of a discriminator's logits against a label: -t log D - (1 - t) log(1 - D), D their sigmoid.

    says         logits, any shape
    label        t, between 0 and 1: a number, or a tensor of the logits' shape
    from_logits  False: a sigmoid first, then the logarithm of its rounded result, as the sources draw it. In float32
                 the sigmoid is exactly 1 from a logit of 17 on: the logarithm is cut at -100, and the gradient is 0
    returns      a scalar: the mean, nats

    From logits the gradient of each is D - t, whatever the logit. Shown side by side in notebook 05.
    """
    t = torch.as_tensor(label, dtype=torch.float32, device=logits.device).expand(logits.shape)
    with torch.autocast(logits.device.type, enabled=False):                   # a sigmoid in half precision is 1 from 8 on
        if from_logits:
            return F.binary_cross_entropy_with_logits(logits.float(), t)
        return F.binary_cross_entropy(logits.float().sigmoid(), t)


def koo_printed_loss(logits: Tensor) -> Tensor:
    """Mean of log(1 + D), which K's Algorithm 2 prints where the game has log(1 - D); nats, between 0 and log 2.

    K's D *ascends* it on colorizations, which drives D toward calling them true; his G *descends* it, toward being
    recognized. Each works for the other side.
    """
    return logits.float().sigmoid().log1p().mean()


class _SparseCrossEntropy(torch.autograd.Function):
    """Mean over rows of -sum_k share_k log softmax(z)[index_k]: keeps one dense tensor, the softmax."""

    @staticmethod
    def forward(ctx, z: Tensor, index: Tensor, share: Tensor) -> Tensor:
        z32 = z.float() if z.dtype in (torch.float16, torch.bfloat16) else z
        log_p, share = z32.log_softmax(dim=1), share.to(z32.dtype)          # P Q, P k
        loss = -(log_p.gather(1, index) * share).sum(1).mean()
        ctx.save_for_backward(log_p.exp_(), index, share)
        ctx.dtype = z.dtype
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx, above: Tensor) -> tuple[Tensor, None, None]:
        p, index, share = ctx.saved_tensors
        gradient = p * share.sum(1, keepdim=True)                           # P Q
        gradient.scatter_add_(1, index, -share)
        return gradient.mul_(above / len(p)).to(ctx.dtype), None, None
