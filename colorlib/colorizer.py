"""Colorizer: gray in, ab out, whatever space the network was trained in.

    colorizer = Colorizer(UNet(width=16), LabHead())
    ab = colorizer.predict(L)                       # N 1 H W in 0...100  ->  N 2 H W, Lab units
    picture = colorizer.colorize(rgb)               # uint8 in, uint8 out, any size, lightness kept
    colorizer.save("mine.safetensors"); Colorizer.load("mine.safetensors")

A colorizer is a network and a head (`heads`), which knows what the network sees and what its answer means as a color.
So a network trained in YUV and one trained in Lab are compared in Lab.
"""
from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlib import color, models
from colorlib.checkpoint import read_tensors, write_tensors
from colorlib.data.download import DataUnavailable, no_downloads
from colorlib.targets import TARGETS, ColorBinsTarget, ColorSpaceTarget, LabTarget, YuvTarget

FORMAT = "colorlib-2"
OLD_FORMAT = "colorlib-1"  # first edition: the target is called "head"


class Colorizer(nn.Module):
    """A network and its head. Called on L it answers ab, with gradients; `predict` is the same for use.

    ValueError if one of colorlib's networks does not answer what the head wants.
    """

    def __init__(self, net: nn.Module, target: LabTarget | YuvTarget | ColorBinsTarget | ColorSpaceTarget | None = None):
        super().__init__()
        self.net = net
        self.target = target or LabTarget()
        config = getattr(net, "config", {})
        for name, wants in (("outputs", self.target.outputs), ("cell", getattr(self.target, "cell", 1))):
            if config.get(name, wants) != wants:
                raise ValueError(f"the network has {name} {config[name]}, but {self.target!r:.80} wants {wants}")
        if config.get("squash") and not getattr(self.target, "unit", False):
            raise ValueError(f"the network ends in a sigmoid (squash), whose answers lie in 0...1, but "
                             f"{self.target!r:.80} wants others: use YuvTarget.unit_range(), or squash=False")

    @property
    def device(self) -> torch.device:
        """Where the network's weights are."""
        return next(self.net.parameters()).device

    def encode(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Colored images -> input and target of the network; see the head's `encode`."""
        return self.target.encode(rgb)

    def forward(self, L: Tensor) -> Tensor:
        """L (N, 1, H, W) in 0...100 -> ab (N, 2, H, W) in Lab units. Any H and W: padded, run, cut back (A7)."""
        x = self.target.gray(L)
        H, W = x.shape[-2:]
        x = pad(x, getattr(self.net, "multiple", 1))            # N 1 H' W'
        y = self.net(x)                                         # N C H'/cell W'/cell
        cell = x.shape[-1] // y.shape[-1]
        return self.target.ab(y[..., :-(-H // cell), :-(-W // cell)], L)

    @torch.no_grad()
    def predict(self, L: Tensor, batch_size: int = 50) -> Tensor:
        """As `forward`, in evaluation mode, without gradients, a batch at a time, on the network's device.

        L           (N, 1, H, W), 0...100; ValueError if it is something else
        batch_size  images at a time, at most; of a network with `at_once` as many as have that number of pixels
        returns     (N, 2, H, W), Lab units, on L's device
        """
        check_lightness(L)
        if hasattr(self.net, "at_once"):
            batch_size = min(batch_size, max(1, self.net.at_once // L.shape[-2:].numel()))
        was_training = self.net.training
        self.net.eval()
        try:
            parts = [self(part.to(self.device, torch.float32)).to(L.device) for part in L.split(batch_size)]
            return torch.cat(parts)
        finally:
            self.net.train(was_training)

    @torch.no_grad()
    def colorize(self, image: Tensor, max_side: int | None = None) -> Tensor:
        """Color a picture and keep its lightness.

        image     uint8 (3, H, W) or (N, 3, H, W), whose own color is not looked at, or gray (1, H, W), (N, 1, H, W)
        max_side  if the longer side has more pixels, the color is found on a smaller copy, proportions kept, and
                  enlarged; lightness stays at full size
        returns   uint8 RGB of the same H and W
        """
        single = image.ndim == 3
        batch = image[None] if single else image
        if batch.ndim != 4 or batch.shape[1] not in (1, 3) or batch.dtype != torch.uint8:
            raise ValueError("expected a uint8 image (3, H, W), (1, H, W), or a batch of them, "
                             f"got {image.dtype} {tuple(image.shape)}")
        L = color.lightness(batch.expand(-1, 3, -1, -1))        # N 1 H W
        small, scale = L, (max_side / max(L.shape[-2:]) if max_side else 1.0)
        if scale < 1:
            size = [max(1, round(side * scale)) for side in L.shape[-2:]]
            small = F.interpolate(L, size=size, mode="bilinear", antialias=True).clamp(0, 100)
        ab = self.predict(small, batch_size=1 if small[0].numel() > 2 ** 16 else 50)
        if scale < 1:
            ab = F.interpolate(ab, size=L.shape[-2:], mode="bilinear")
        rgb = color.to_uint8(color.lab_to_rgb(torch.cat([L, ab], dim=1)))
        return rgb[0] if single else rgb

    def save(self, path: str | os.PathLike, half: bool = False, **notes) -> Path:
        """Write weights, network, head and `notes` (JSON values) into one safetensors file, whole or not at all.

        half: convolution weights as float16, so that the file is half as large; batch norm stays float32.
        Frozen weights of ImageNet are left out: `load` takes them from torch's cache, and sees that they are the same.
        ValueError if `load` would not know the network or the head.
        """
        target = next((name for name, kind in TARGETS.items() if type(self.target) is kind), None)
        if target is None or not hasattr(self.net, "config"):
            raise ValueError("only colorlib's own networks and targets can be saved, "
                             f"not {type(self.net).__name__} with {type(self.target).__name__}")
        about = {"format": FORMAT, "net": self.net.config, "target": {"target": target, **dataclasses.asdict(self.target)},
                 "notes": notes}
        left_out = _left_out(self.net)
        if left_out:
            about["left_out"] = _digest(left_out)
        tensors = {name: tensor.detach().cpu().contiguous().clone(memory_format=torch.contiguous_format)
                   for name, tensor in self.net.state_dict().items() if name not in left_out}
        if half:
            tensors = {name: t.half() if t.ndim == 4 else t for name, t in tensors.items()}
        return write_tensors(path, tensors, about)

    @classmethod
    def load(cls, path: str | os.PathLike, device: str | torch.device = "cpu", fetch: bool = True) -> Colorizer:
        """A colorizer from a file that `save` wrote, in evaluation mode.

        fetch   ImageNet's weights that the file leaves out are downloaded if they are not here. False: only what is
                here counts, else DataUnavailable
        FileNotFoundError if there is none; ValueError if it is no such file, is cut off, or holds other shapes.
        """
        tensors, about = read_tensors(path)
        if about.get("format") not in (FORMAT, OLD_FORMAT):
            raise ValueError(f"{Path(path).name} is a safetensors file but no checkpoint of colorlib "
                             f"(format {about.get('format')!r}, expected {FORMAT!r})")
        try:
            held = contextlib.nullcontext() if fetch else no_downloads()
            with held, torch.random.fork_rng(devices=[]):       # first weights are drawn: the caller's draws stay his
                config = about["net"]               # an encoder in the file needs none of ImageNet's
                whole = "weights" in config and any(name.startswith("encoder.") for name in tensors)
                net = models.build(config | {"weights": "none"} if whole else config)
                net.config = config
            kept = _left_out(net)
            net.load_state_dict(kept | tensors)                 # float16 is widened
            key = "target" if "target" in about else "head"
            keywords = {k: tuple(v) if isinstance(v, list) else v for k, v in about[key].items()}
            target = TARGETS[keywords.pop(key)](**keywords)
        except DataUnavailable:                                 # ImageNet's weights, which are not in the file
            raise
        except (RuntimeError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"{Path(path).name} does not hold the network or the head that it names ({error}); "
                             "it may come from another version of colorlib") from None
        if kept and about.get("left_out") != _digest(kept):
            cache = Path(torch.hub.get_dir(), "checkpoints")
            raise ValueError(f"{Path(path).name} was trained on an encoder with other weights than those that are "
                             f"here: delete the encoder's file (in {cache}, or in weights/ of the data folder), and it "
                             "is fetched anew")
        colorizer = cls(net, target).to(device).eval()
        colorizer.notes = about.get("notes", {})
        return colorizer


def colorizers(folder: Path) -> list[str]:
    """The names of the checkpoints in a folder that are colorizers (and no classifiers)."""
    return sorted(p.stem for p in folder.glob("*.safetensors") if not p.stem.startswith(("classifier-", "encoder-")))


def _left_out(net: nn.Module) -> dict[str, Tensor]:
    """The weights that `save` leaves out: a network says in `elsewhere` how their names begin."""
    return {name: t for name, t in net.state_dict().items() if name.startswith(getattr(net, "elsewhere", ()))}


def _digest(tensors: dict[str, Tensor]) -> str:
    """SHA-256 of tensors and their names."""
    digest = hashlib.sha256()
    for name, t in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(t.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def pad(x: Tensor, multiple: int) -> Tensor:
    """Repeat the last row and column until both sides are multiples of `multiple`. (N, C, H, W) -> (N, C, H', W')"""
    H, W = x.shape[-2:]
    down, right = -H % multiple, -W % multiple
    return F.pad(x, (0, right, 0, down), mode="replicate") if down or right else x


def check_lightness(L: Tensor) -> None:
    """ValueError unless L is a float tensor (N, 1, H, W) within 0...100."""
    if not torch.is_tensor(L) or L.ndim != 4 or L.shape[1] != 1 or not L.is_floating_point():
        came = f"{L.dtype} {tuple(L.shape)}" if torch.is_tensor(L) else type(L).__name__
        raise ValueError(f"expected lightness as float (N, 1, H, W), 0...100, got {came}")
    if L.numel() == 0:
        raise ValueError(f"expected at least one pixel, got {tuple(L.shape)}")
    low, high = (float(v) for v in torch.aminmax(L))
    if not (-1e-3 <= low and high <= 100.001):                  # False for NaN too
        raise ValueError(f"expected lightness within 0...100, got {low:g}...{high:g}")
