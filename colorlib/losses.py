"""Losses: what a wrong color costs.

    loss = losses.squared_error(net(x), y)
"""
from torch import Tensor


def squared_error(predicted: Tensor, target: Tensor) -> Tensor:
    """Squared distance of the colors: summed over channels, mean over pixels and images (K, equations 1 and 2).

    both     (N, C, H, W), the same units; ValueError if the shapes differ (broadcasting would hide a mistake)
    returns  a scalar, those units squared

    Written out in notebook 03. `torch.nn.MSELoss` is this over C: it also averages the channels.
    """
    if predicted.shape != target.shape:
        raise ValueError(f"shapes differ: predicted {tuple(predicted.shape)}, target {tuple(target.shape)}")
    return (predicted - target).square().sum(dim=1).mean()
