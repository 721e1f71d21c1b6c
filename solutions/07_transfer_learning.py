"""Solutions of notebook 07. A teacher may delete this folder."""
import torch
import torch.nn.functional as F


def hypercolumns(features):
    """07.1. The small tensors grow; the first has the picture's size."""
    size = features[0].shape[-2:]
    large = [t if t.shape[-2:] == size else F.interpolate(t, size=size, mode="bilinear") for t in features]
    return torch.cat(large, dim=1)


def summed(weight, std):
    """07.2. Three channels with the same value: their weights may be added."""
    return (weight / std.view(1, 3, 1, 1)).sum(dim=1, keepdim=True)          # C 1 k k


def same_kind(features, labels, k):
    """07.3. By the angle between descriptions; a picture is not its own neighbor."""
    unit = F.normalize(features, dim=1)                                     # N F
    near = (unit @ unit.T).fill_diagonal_(-2).topk(k).indices                # N k
    return (labels[near] == labels[:, None]).float().mean()


def freeze(net):
    """07.4. Weights and statistics."""
    return net.requires_grad_(False).eval()
