"""Variety of colors over a set of pictures: how many hues, and whether they fit the pictures.

    color_variety(colorizer, test)      # {"hue_diversity": 0.56, "color_correlation": 0.60, ...}

Both numbers stay the same if all colors are multiplied by a constant: more saturation is no more
variety. Another image's colors are as diverse as the truth; only the correlation gives them away.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from colorlib.evaluate import Predictor, predictions

AREAS = 4  # a picture is divided into 4 x 4 areas
HUES = 24  # bins of 15 degrees


@torch.no_grad()
def color_variety(colorizer: Predictor, images, batch_size: int = 500) -> dict[str, float]:
    """`variety` of a colorizer, or a function from L to ab, on an ImageSet or RGB (N, 3, H, W)."""
    batches = [(area_colors(ab), area_colors(true))
               for _, _, true, ab in predictions(colorizer, images, batch_size)]
    return variety(*(torch.cat(part) for part in zip(*batches, strict=True)))


def area_colors(ab: Tensor) -> Tensor:
    """Mean color of each area: (N, 2, H, W) -> (N, 2, 4, 4), Lab units, on the CPU."""
    return F.adaptive_avg_pool2d(ab, AREAS).cpu().double()


def variety(predicted: Tensor, true: Tensor, draws: int = 500) -> dict[str, float]:
    """Compare the `area_colors` of predictions with the true ones, (N, 2, 4, 4) twice.

    hues                effective number of hues (`effective_hues`), of at most 24
    hue_diversity       hues over those of the true pictures; 1 is right, NaN if these are gray
    color_correlation   correlation of predicted and true mean colors over pictures, 1 if they agree
                        up to a constant factor, 0 if they have nothing to do with each other, also
                        if all pictures get the same color
    chance_correlation  a random pairing of the pictures stays below it in 97.5 % of `draws`
    """
    hues, true_hues = effective_hues(predicted), effective_hues(true)
    p, t = (x.mean((2, 3)) - x.mean((0, 2, 3)) for x in (predicted, true))  # N 2 each
    norm = math.sqrt(float(p.square().sum() * t.square().sum()))
    # Where all pictures get one color, rounding errors are left, which must not be divided.
    varies = norm > 1e-4 * float(t.square().sum())
    generator = torch.Generator().manual_seed(0)
    shuffled = torch.stack([(p[torch.randperm(len(p), generator=generator)] * t).sum()
                            for _ in range(draws)])
    correlation, chance = float((p * t).sum()), float(shuffled.quantile(0.975))
    return {"hues": hues, "hue_diversity": hues / true_hues if true_hues else math.nan,
            "color_correlation": correlation / norm if varies else 0.0,
            "chance_correlation": chance / norm if varies else 0.0}


def effective_hues(colors: Tensor) -> float:
    """How many hues there are: (N, 2, H, W) in ab -> 1 to 24, 0 if all is gray.

    exp(entropy) of the histogram of hues, each weighted by its chroma (Jost 2006: k hues of equal
    weight count as k). Given the means of areas, fine noise does not count, unless there is nothing
    else: pure noise has all hues. Whether a hue is where it belongs makes no difference, either.
    """
    chroma = colors.norm(dim=1).flatten().double()
    angle = torch.atan2(colors[:, 1], colors[:, 0]).flatten() / (2 * math.pi)  # in turns
    weights = torch.zeros(HUES).double()
    weights.index_add_(0, (angle * HUES).floor().long() % HUES, chroma)
    total = weights.sum()
    if not total:
        return 0.0
    shares = weights / total
    return float(torch.special.entr(shares).sum().exp())
