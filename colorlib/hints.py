"""Colors from a network that takes hints: predicted, and measured by the number of hints.

    ab = hints.predict(colorizer, L, hinted, mask)              # N 2 H W, Lab units
    hints.error_by_count(colorizer, images, (0, 1, 10, 100))    # {0: 10.2, 1: 9.5, ...}

The network is a `models.hint_unet.HintUNet`, trained by `train.hint_step`. `scribbles.fill` and
`nearest` take the same hints without any training.
"""

from collections.abc import Callable, Iterable

import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from colorlib import color
from colorlib.colorizer import Colorizer, pad
from colorlib.models.hint_unet import HintUNet
from colorlib.targets import LabTarget

COUNTS = (0, 1, 2, 5, 10, 20, 50, 100)


def takes_hints(colorizer) -> bool:
    """Whether hints can be given to a colorizer."""
    return (isinstance(getattr(colorizer, "net", None), HintUNet)
            and isinstance(colorizer.target, LabTarget))


@torch.no_grad()
def predict(colorizer: Colorizer, L: Tensor, hinted: Tensor, mask: Tensor) -> Tensor:
    """Predict ab with hints, in evaluation mode.

    L        (N, 1, H, W), 0...100
    hinted   (N, 2, H, W), ab in Lab units; used where the mask is True
    mask     (N, 1, H, W), bool
    returns  (N, 2, H, W), Lab units, on the device of L
    ValueError for a colorizer that takes no hints, or shapes that do not fit.
    """
    if not takes_hints(colorizer):
        raise ValueError("expected a colorizer with a HintUNet and a LabTarget, got "
                         f"{type(getattr(colorizer, 'net', colorizer)).__name__}")
    if L.ndim != 4 or L.shape[1] != 1:
        raise ValueError(f"expected lightness (N, 1, H, W), got {tuple(L.shape)}")
    size = (len(L), *L.shape[-2:])
    if (hinted.shape != (size[0], 2, *size[1:]) or mask.shape != L.shape
            or mask.dtype != torch.bool):
        raise ValueError(f"expected hints (N, 2, H, W) and a mask (N, 1, H, W) of bool for L "
                         f"{tuple(L.shape)}, got {tuple(hinted.shape)} and {tuple(mask.shape)}, "
                         f"{mask.dtype}")
    shown = torch.cat([torch.where(mask, hinted / colorizer.target.scale, 0.0), mask.to(L.dtype)],
                      dim=1).to(colorizer.device)  # N 3 H W
    net, multiple, was_training = colorizer.net, colorizer.multiple, colorizer.net.training
    H, W = L.shape[-2:]
    padded = pad(colorizer.target.inputs(L).to(colorizer.device), multiple)
    # A hint in the last row must not be repeated below it: outside of the picture, there are none.
    room = padded.new_zeros(len(L), 3, *padded.shape[-2:])
    room[..., :H, :W] = shown
    net.eval()
    try:
        outputs = net(padded, room)[..., :H, :W].to(L.device)
    finally:
        net.train(was_training)
    ab = colorizer.target.decode(outputs, L)
    return torch.where(mask, hinted, ab)  # as in `scribbles.fill`, a hint is kept as it is


def nearest(L: Tensor, hinted: Tensor, mask: Tensor) -> Tensor:
    """Give every pixel the color of the hint that is nearest in the picture: a baseline.

    Shapes as in `predict`; L is not used. ValueError for a picture without a hint.
    """
    if not mask.flatten(1).any(1).all():
        raise ValueError("expected at least one hint in each picture")
    colors = []
    for ab, given in zip(hinted, mask[:, 0].cpu(), strict=True):
        where = distance_transform_edt(~given.numpy(), return_distances=False, return_indices=True)
        row, column = torch.from_numpy(where).long().to(ab.device)  # H W each
        colors.append(ab[:, row, column])
    return torch.stack(colors)


def points(count: int, images: int, size: tuple[int, int], seed: int = 0) -> Tensor:
    """A mask (images, 1, H, W) with `count` random pixels of each image.

    A larger count has the same pixels and more. ValueError for more pixels than an image has.
    """
    pixels = size[0] * size[1]
    if not 0 <= count <= pixels:
        raise ValueError(f"expected 0 to {pixels} hints, got {count}")
    generator = torch.Generator().manual_seed(seed)
    place = torch.rand(images, pixels, generator=generator).argsort(1).argsort(1)
    return (place < count).view(images, 1, *size)


def error_by_count(fill: Colorizer | Callable[[Tensor, Tensor, Tensor], Tensor], images,
                   counts: Iterable[int] = COUNTS, seed: int = 0,
                   batch_size: int = 500) -> dict[int, float]:
    """The mean ab error, Lab units, of colors from so many hints; they are true colors.

    fill      a colorizer that takes hints; or a function from L (N, 1, H, W), true ab (N, 2, H, W)
              and a mask (N, 1, H, W) to ab
    images    an ImageSet; the same pixels of each image are revealed to every method
    """
    def with_network(L: Tensor, ab: Tensor, mask: Tensor) -> Tensor:
        return predict(fill, L, ab, mask)

    colors = with_network if takes_hints(fill) else fill
    errors = {}
    for count in counts:
        mask, total, start = points(count, len(images), images.size, seed), 0.0, 0
        for rgb in images.batches(batch_size):
            lab = color.rgb_to_lab(rgb)  # N 3 H W
            here = mask[start:start + len(rgb)].to(lab.device)
            found = colors(lab[:, :1], lab[:, 1:], here)
            total += float((found - lab[:, 1:]).norm(dim=1).mean((1, 2)).sum())
            start += len(rgb)
        errors[count] = total / len(images)
    return errors
