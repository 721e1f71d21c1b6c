"""Colorizer: a network with its target, from lightness to color.

    colorizer = Colorizer(UNet(width=16), LabTarget())
    ab = colorizer.predict(L)                       # N 1 H W, 0...100  ->  N 2 H W, Lab units
    rgb = colorizer.colorize(image)                 # uint8 in and out, any size, lightness kept
    colorizer.save("mine.safetensors"); Colorizer.load("mine.safetensors")

The target (`targets.py`) decodes the outputs of any network to ab, so that all can be compared.
"""

import contextlib
import dataclasses
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlib import color, models
from colorlib.checkpoint import check_fits, names_in, read_notes, read_tensors, write_tensors
from colorlib.data.storage import DataUnavailable, no_downloads
from colorlib.distributed import unwrap
from colorlib.targets import TARGETS, ColorBinsTarget, ColorSpaceTarget, LabTarget, YuvTarget

STRIP = 2**20  # pixels whose colors are converted at a time
FORMAT = "colorlib-2"
# Files of the first edition name the target "head", and so does the network `Hypercolumns`.
OLD_FORMAT = "colorlib-1"

Target = LabTarget | YuvTarget | ColorBinsTarget | ColorSpaceTarget


class Colorizer(nn.Module):
    """A network and its target, by default `LabTarget()`; ValueError if they do not fit.

    net   maps the target's inputs (N, 1, H, W) to its outputs (N, C, H, W)
    """

    def __init__(self, net: nn.Module, target: Target | None = None):
        super().__init__()
        self.net = net
        self.target = target or LabTarget()
        config = getattr(net, "config", {})  # a network of one's own need not have one
        needed = {"outputs": self.target.outputs, "cell": getattr(self.target, "cell", 1)}
        for name, value in needed.items():
            if config.get(name, value) != value:
                raise ValueError(f"the network has {name} {config[name]}, "
                                 f"but {self.target!r:.80} needs {value}")
        if config.get("squash") and not getattr(self.target, "unit", False):
            raise ValueError("the network ends in a sigmoid (squash), so its outputs lie in 0...1, "
                             f"but {self.target!r:.80} needs others: use YuvTarget.unit_range(), "
                             "or squash=False")

    @property
    def device(self) -> torch.device:
        """The device of the network's weights."""
        return next(self.net.parameters()).device

    @property
    def multiple(self) -> int:
        """The height and width of the network's input must be multiples of this number."""
        return getattr(self.net, "multiple", 1)

    def encode(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Colored images (N, 3, H, W), padded -> inputs and targets of the network."""
        return self.target.encode(pad(rgb, self.multiple))

    def forward(self, L: Tensor) -> Tensor:
        """Lightness (N, 1, H, W), 0...100, of any size -> ab (N, 2, H, W), Lab units."""
        H, W = L.shape[-2:]
        # Most networks halve the image several times, and so need sides of a certain multiple.
        x = pad(self.target.inputs(L), self.multiple)  # N 1 H' W'
        weights = next(self.net.parameters(), x)  # perhaps of half or double precision
        y = self.net(x.to(weights.dtype)).to(L.dtype)  # N C H'/cell W'/cell
        cell = x.shape[-1] // y.shape[-1]
        y = y[..., :-(-H // cell), :-(-W // cell)]  # N C H/cell W/cell, rounded up
        return self.target.decode(y, L)

    @torch.no_grad()
    def predict(self, L: Tensor, batch_size: int = 50) -> Tensor:
        """Predict ab in evaluation mode, without gradients, batch by batch.

        L            (N, 1, H, W), 0...100, on any device; else ValueError
        batch_size   images at a time; fewer where a network's `max_pixels` limits its batches
        returns      (N, 2, H, W), Lab units, on the device of L
        """
        _check_lightness(L)
        if hasattr(self.net, "max_pixels"):  # of a batch, for networks that need much memory
            batch_size = min(batch_size, max(1, self.net.max_pixels // L.shape[-2:].numel()))
        was_training = self.net.training
        self.net.eval()
        try:
            return torch.cat([self(part.to(self.device, torch.float32)).to(L.device)
                              for part in L.split(batch_size)])
        finally:
            self.net.train(was_training)

    @torch.no_grad()
    def colorize(self, image: Tensor, max_side: int | None = None,
                 predict: Callable[[Tensor, int], Tensor] | None = None) -> Tensor:
        """Color an image and keep its lightness; returns uint8 RGB of the same H and W.

        image     uint8, (3, H, W), (1, H, W) or a batch of them; its own color is ignored
        max_side  pixels: if the longer side is longer, the color is predicted for a smaller copy
        predict   what to call instead of `self.predict`, as films do
        """
        batch = image[None] if image.ndim == 3 else image
        if batch.ndim != 4 or batch.shape[1] not in (1, 3) or batch.dtype != torch.uint8:
            raise ValueError("expected a uint8 image (3, H, W), (1, H, W), or a batch of them, "
                             f"got {image.dtype} {tuple(image.shape)}")
        count, _, H, W = batch.shape
        # Strip by strip, as conversions need many bytes for each pixel of a photograph.
        rows = max(1, STRIP // max(1, count * W))
        strips = [slice(top, min(top + rows, H)) for top in range(0, H, rows)]
        L = torch.empty(count, 1, H, W, dtype=torch.float32, device=batch.device)
        for part in strips:
            L[..., part, :] = color.lightness(batch[..., part, :].expand(-1, 3, -1, -1))
        small, scale = L, max_side / max(H, W) if max_side else 1.0
        if scale < 1:
            smaller = [max(1, round(side * scale)) for side in (H, W)]
            small = F.interpolate(L, size=smaller, mode="bilinear", antialias=True).clamp(0, 100)
        # Large images one at a time, because many networks need a kilobyte or more for each pixel.
        ab = (predict or self.predict)(small, 1 if small[0].numel() > 2 ** 16 else 50)
        if scale < 1:
            ab = F.interpolate(ab, size=(ab.shape[2], W), mode="bilinear")  # N 2 h W
        rgb = torch.empty(count, 3, H, W, dtype=torch.uint8, device=batch.device)
        for part in strips:
            rgb[..., part, :] = picture(L[..., part, :], _enlarged_rows(ab, part, H))
        return rgb[0] if image.ndim == 3 else rgb

    def save(self, path: str | os.PathLike, half: bool = False, **notes) -> Path:
        """Write weights, network, target and `notes` (JSON values) to one safetensors file.

        half     store weights of convolutions and linear layers as float16, which halves the file
        raises   ValueError if `load` would not know the network or the target
        """
        name = {kind: name for name, kind in TARGETS.items()}.get(type(self.target))
        if name is None or not hasattr(self.net, "config"):
            raise ValueError("only colorlib's own networks and targets can be saved, "
                             f"not {type(self.net).__name__} with {type(self.target).__name__}")
        target = {"target": name, **dataclasses.asdict(self.target)}
        net = unwrap(self.net)  # else the names of a compiled network's weights have a prefix
        about = {"format": FORMAT, "net": net.config, "target": target, "notes": notes}
        # Frozen ImageNet weights: `load` gets them from torchvision and checks that they are these.
        left_out = _left_out(net)
        if left_out:
            about["left_out"] = _digest(left_out)
        tensors = {name: t.half() if half and t.ndim > 1 and name.endswith("weight") else t
                   for name, t in net.state_dict().items() if name not in left_out}
        return write_tensors(path, tensors, about)

    @classmethod
    def load(cls, path: str | os.PathLike, device: str | torch.device = "cpu",
             fetch: bool = True) -> "Colorizer":
        """Load a colorizer that `save` wrote, in evaluation mode.

        fetch    download ImageNet weights that the file leaves out; False: raise DataUnavailable
        raises   FileNotFoundError; ValueError if it is no such file, is damaged, or does not fit
        """
        name = Path(path).name
        about = read_notes(path)
        if about.get("format") not in (FORMAT, OLD_FORMAT):
            raise ValueError(f"{name} is a safetensors file but no checkpoint of colorlib "
                             f"(format {about.get('format')!r}, expected {FORMAT!r})")
        try:
            if about["format"] == OLD_FORMAT:
                about = _from_first_edition(about)
            # Before anything is allocated: the sizes in a file may be senseless.
            check_fits(path, _shapes(about["net"], path), _present_name)
            tensors = {_present_name(key): t for key, t in read_tensors(path)[0].items()}
            net, left_out = _build(about["net"], tensors, fetch)
            fields = {k: tuple(v) if isinstance(v, list) else v for k, v in about["target"].items()}
            colorizer = cls(net, TARGETS[fields.pop("target")](**fields))
        except DataUnavailable:
            raise
        except (RuntimeError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"{name} does not hold the network or the target that it names "
                             f"({error}); it may come from another version of colorlib") from None
        if left_out and about.get("left_out") != _digest(left_out):
            cache = Path(torch.hub.get_dir(), "checkpoints")
            raise ValueError(f"{name} was trained on an encoder with other weights than those on "
                             f"this machine: delete the encoder's file (in {cache}, or in weights/ "
                             "of the data folder), and it is downloaded again")
        colorizer = colorizer.to(device).eval()
        colorizer.notes = about.get("notes", {})
        return colorizer


def colorizers(folder: Path) -> list[str]:
    """Names of the checkpoints in a folder that are colorizers, not classifiers."""
    others = ("classifier-", "encoder-")
    return sorted(p.stem for p in folder.glob("*.safetensors") if not p.stem.startswith(others))


def picture(L: Tensor, ab: Tensor | None = None) -> Tensor:
    """uint8 RGB (N, 3, H, W) of lightness and ab; None: a gray image.

    Colors that no screen can show lose chroma (`color.into_gamut`), so that the lightness stays.
    """
    ab = torch.zeros_like(L).expand(-1, 2, -1, -1) if ab is None else ab
    return color.to_uint8(color.lab_to_rgb(color.into_gamut(torch.cat([L, ab], dim=1))))


def pad(x: Tensor, multiple: int) -> Tensor:
    """Repeat the last row and column of (N, C, H, W) until both sides are multiples."""
    H, W = x.shape[-2:]
    down, right = -H % multiple, -W % multiple
    if not down and not right:
        return x
    if x.dtype == torch.uint8:  # which torch's `pad` does not repeat
        rows, columns = (torch.arange(side + more, device=x.device).clamp(max=side - 1)
                         for side, more in ((H, down), (W, right)))
        return x[..., rows, :][..., columns]
    return F.pad(x, (0, right, 0, down), mode="replicate")


def _enlarged_rows(ab: Tensor, part: slice, height: int) -> Tensor:
    """Some rows of ab (N, 2, h, W), enlarged to `height` rows as by bilinear interpolation."""
    h = ab.shape[2]
    if h == height:
        return ab[..., part, :]
    y = torch.arange(part.start, part.stop, dtype=torch.float32, device=ab.device)
    y = ((y + 0.5) * (h / height) - 0.5).clamp(0, h - 1)
    above = y.floor().long()
    share = (y - above)[:, None]
    below = (above + 1).clamp(max=h - 1)
    return torch.lerp(ab[..., above, :], ab[..., below, :], share)


def _check_lightness(L: Tensor) -> None:
    if not torch.is_tensor(L) or L.ndim != 4 or L.shape[1] != 1 or not L.is_floating_point():
        given = f"{L.dtype} {tuple(L.shape)}" if torch.is_tensor(L) else type(L).__name__
        raise ValueError(f"expected lightness as float (N, 1, H, W), 0...100, got {given}")
    if L.numel() == 0:
        raise ValueError(f"expected at least one pixel, got {tuple(L.shape)}")
    low, high = (float(v) for v in torch.aminmax(L))
    if not (-1e-3 <= low and high <= 100.001):  # False for NaN, too
        raise ValueError(f"expected lightness within 0...100, got {low:g}...{high:g}")


def _present_name(name: str) -> str:
    """Today's name of a weight: files of the first edition, and of compiled networks, differ."""
    return re.sub("^head[.]", "layers.", name.removeprefix("_orig_mod."))


def _shapes(config: dict, path: str | os.PathLike) -> dict[str, Tensor]:
    """The weights that a colorizer's file must hold, on torch's meta device: without memory."""
    net = models.outline(config)
    if "outputs" not in net.config:
        raise ValueError(f"{config['model']!r} is no network that colors images")
    if "weights" in net.config and "weights" not in config:
        raise ValueError("it does not say which weights its encoder starts from")
    encoder = any(_present_name(name).startswith("encoder.") for name in names_in(path))
    left_out = config.get("weights") == "imagenet" and not encoder  # frozen weights of torchvision
    return {name: t for name, t in net.state_dict().items()
            if not left_out or not name.startswith("encoder.")}


def _build(config: dict, tensors: dict[str, Tensor], fetch: bool):
    """A network with these tensors, and the weights that they leave out."""
    # A network whose encoder is in the file needs no ImageNet weights to start from.
    whole = "weights" in config and any(name.startswith("encoder.") for name in tensors)
    downloads = contextlib.nullcontext() if fetch else no_downloads()
    with downloads, torch.random.fork_rng(devices=[]):  # initialization draws random numbers
        net = models.build(config | {"weights": "none"} if whole else config)
    net.config = config
    left_out = _left_out(net)
    net.load_state_dict(left_out | tensors)  # float16 becomes float32
    return net, left_out


def _from_first_edition(about: dict) -> dict:
    """The description of a "colorlib-1" file under today's names."""
    target = {"target" if key == "head" else key: v for key, v in about["head"].items()}
    return about | {"target": target}


def _left_out(net: nn.Module) -> dict[str, Tensor]:
    """The weights that `save` leaves out: those whose names begin as in `net.not_saved`."""
    prefixes = getattr(net, "not_saved", ())
    return {name: t for name, t in net.state_dict().items() if name.startswith(prefixes)}


def _digest(tensors: dict[str, Tensor]) -> str:
    """SHA-256 of tensors and their names."""
    digest = hashlib.sha256()
    for name, t in sorted(tensors.items()):  # in an order that does not depend on the network
        digest.update(name.encode())
        digest.update(t.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
