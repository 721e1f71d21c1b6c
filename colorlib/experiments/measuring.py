"""What `records` needs to measure a trained system: predictions kept, and the metrics of a GAN."""
import torch

from colorlib import color
from colorlib.gan_diagnostics import diagnose
from colorlib.train_gan import Adversary


class CachedPredictions:
    """A colorizer's predictions for all images of an ImageSet, as a function from L to ab.

    The function must get the batches in the order of the set; after the last image it starts again.
    """

    def __init__(self, colorizer, images):
        predict = getattr(colorizer, "predict", colorizer)
        batches = (color.rgb_to_lab(rgb)[:, :1] for rgb in images.batches(500))
        self._ab = torch.cat([predict(L).cpu() for L in batches])  # N 2 H W
        self._next = 0

    def __call__(self, L: torch.Tensor) -> torch.Tensor:
        ab = self._ab[self._next:self._next + len(L)]
        if ab[:, :1].shape != L.shape:
            raise ValueError(f"expected the next batch of {len(self._ab)} pictures, "
                             f"got {tuple(L.shape)}")
        self._next = (self._next + len(L)) % len(self._ab)
        return ab.to(L.device)


def gan_metrics(colorizer, adversary: Adversary, test, history) -> dict[str, float]:
    """Return what the record of a GAN adds: `diagnose` on the test images, and shares of updates.

    d_steps and g_steps are the shares of the last epoch's steps that updated each network.
    """
    values = diagnose(colorizer, adversary, test.to(colorizer.device))
    # `measured` has these two, relative to the mean color of the training images.
    del values["chroma_ratio"], values["unexplained"]
    for true, row in zip(("fake", "real"), values.pop("confusion"), strict=True):
        values |= {f"{true}_called_fake": row[0], f"{true}_called_real": row[1]}
    return values | {key: history[key][-1] for key in ("d_steps", "g_steps")}
