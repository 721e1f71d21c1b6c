"""Solutions of notebook 08. A teacher may delete this folder."""
import torch


def recolored(influence, colors, number, ab):
    """08.1. The same maps, another color."""
    changed = colors.clone()
    changed[number] = ab
    return torch.einsum("khw,kc->chw", influence, changed)


def nearest(described, candidates):
    """08.2. All distances, then the smallest of each row."""
    return torch.cdist(described, candidates).argmin(dim=1)


def next_click(mask):
    """08.3. The distance of each pixel to its nearest hint, and the largest of these."""
    places = torch.cartesian_prod(torch.arange(mask.shape[0]), torch.arange(mask.shape[1]))
    nearest = torch.cdist(places.float(), mask.nonzero().float()).amin(dim=1)
    return places[nearest.argmax()]
