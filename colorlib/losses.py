"""Losses for colorization and for GANs.

    loss = losses.squared_error(net(inputs), targets)
    loss = losses.soft_cross_entropy(net(inputs), index, share)
    loss = losses.binary_cross_entropy(discriminator(gray, color), 1.0)
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable


def squared_error(predicted: Tensor, target: Tensor) -> Tensor:
    """Squared color distance: summed over channels, averaged over pixels and images.

    predicted, target   (N, C, H, W), the same units; ValueError if the shapes differ
    returns             a scalar, those units squared

    Koo 2016, equations 1 and 2 (notebook 03). It is C times `torch.nn.MSELoss`.
    """
    if predicted.shape != target.shape:  # they might broadcast, which would hide a mistake
        raise ValueError(f"shapes differ: predicted {tuple(predicted.shape)}, "
                         f"target {tuple(target.shape)}")
    return (predicted - target).square().sum(dim=1).mean()


def blurred_squared_error(predicted: Tensor, target: Tensor) -> Tensor:
    """Mean of three squared errors: plain, and with both images blurred with 3 and with 5 pixels.

    Arguments as in `squared_error`. Dahl 2016, which does not give the widths of the Gaussians: we
    take torchvision's default for such kernels, 0.8 and 1.1 pixels, mirrored at the border.
    """
    from torchvision.transforms.functional import gaussian_blur  # slow to import, rarely needed

    plain = squared_error(predicted, target)
    with torch.autocast(predicted.device.type, enabled=False):  # else the blur rounds to 8 bits
        # Blurring is linear, so it suffices to blur the difference.
        difference = predicted.to(target.dtype) - target
        blurred = [gaussian_blur(difference, size).square().sum(dim=1).mean() for size in (3, 5)]
    return (plain + sum(blurred)) / 3


def gray_penalty_error(predicted: Tensor, target: Tensor, strength: float = 1.0,
                       scale: float = 0.2) -> Tensor:
    """Squared error, in which a pixel weighs more the grayer its prediction is.

    Arguments as in `squared_error`; gray must be 0, as in `LabTarget`. The weight of a pixel is
    1 + strength exp(-chroma / scale), chroma that of the prediction, in the target's numbers.

    Dorscheidt et al. 2016, section III.B, "exponentially increasing the loss function when
    converging towards desaturated solutions". The formula is not given; this one is ours, and is
    zero where the prediction is right, gray or not. They dropped the idea.
    """
    chroma = predicted.square().sum(dim=1).clamp_min(1e-12).sqrt()  # a root has no slope at 0
    weight = 1 + strength * torch.exp(-chroma / scale)  # N H W
    return (weight * (predicted - target).square().sum(dim=1)).mean()


def soft_cross_entropy(logits: Tensor, index: Tensor, share: Tensor) -> Tensor:
    """Cross-entropy against sparse soft targets: -sum_k share_k log softmax(logits)[index_k].

    logits         (N, Q, H, W)
    index, share   (N, k, H, W), the bins of each pixel and how much it belongs to each: the fields
                   of `color_bins.SoftTarget`. With class rebalancing, the shares of a pixel sum to
                   the weight of its bin, else to one
    returns        a scalar, nats: the mean over pixels, whatever their weights

    Zhang et al. 2016, equations 2 and 3; written out with dense targets in notebook 04.
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
    """Mean binary cross-entropy, nats: -t log p - (1 - t) log(1 - p), p the sigmoid of the logits.

    logits       any shape
    label        t, between 0 and 1: a number, or a tensor of the logits' shape
    from_logits  False: first the sigmoid, then its logarithm, as papers draw it (notebook 05)
    """
    t = torch.as_tensor(label, dtype=torch.float32, device=logits.device).expand(logits.shape)
    # In half precision the sigmoid would be 1 from a logit of 8 on.
    with torch.autocast(logits.device.type, enabled=False):
        if from_logits:  # the gradient is p - t everywhere
            return F.binary_cross_entropy_with_logits(logits.float(), t)
        # From a logit of 17 on, the sigmoid is exactly 1 in float32 too. The logarithm of 0 is then
        # cut at -100, and the gradient is 0.
        return F.binary_cross_entropy(logits.float().sigmoid(), t)


def koo_printed_loss(logits: Tensor) -> Tensor:
    """Mean of log(1 + p), p the sigmoid of the logits; nats, between 0 and log 2.

    Algorithm 2 of Koo 2016 prints this where the minimax game has log(1 - p). As printed, the
    discriminator learns to call generated colors real, and the generator learns to be recognized.
    """
    return logits.float().sigmoid().log1p().mean()


# Written by hand, because autograd would store several dense tensors and this stores one.
class _SparseCrossEntropy(torch.autograd.Function):
    """Mean over rows of -sum_k share_k log softmax(logits)[index_k]."""

    @staticmethod
    def forward(ctx, logits: Tensor, index: Tensor, share: Tensor) -> Tensor:
        half = logits.dtype in (torch.float16, torch.bfloat16)
        log_p = (logits.float() if half else logits).log_softmax(dim=1)  # P Q, P = N * H * W
        share = share.to(log_p.dtype)  # P k
        loss = -(log_p.gather(1, index) * share).sum(1).mean()
        ctx.save_for_backward(log_p.exp_(), index, share)  # in place: log_p is not needed any more
        ctx.dtype = logits.dtype
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_output: Tensor) -> tuple[Tensor, None, None]:
        p, index, share = ctx.saved_tensors
        gradient = p * share.sum(1, keepdim=True)  # P Q
        gradient.scatter_add_(1, index, -share)
        return gradient.mul_(grad_output / len(p)).to(ctx.dtype), None, None
