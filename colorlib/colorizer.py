"""Colorizer: gray in, ab out, whatever space the network was trained in.

    colorizer = Colorizer(UNet(width=16), LabHead())
    ab = colorizer.predict(L)                       # N 1 H W in 0...100  ->  N 2 H W, Lab units
    picture = colorizer.colorize(rgb)               # uint8 in, uint8 out, any size, lightness kept
    colorizer.save("mine.safetensors"); Colorizer.load("mine.safetensors")

A colorizer is a network and a head. The head knows what the network sees (`gray`), what it must answer (`encode`) and
what its answer means as a color (`ab`). So a network trained in YUV and one trained in Lab are compared in Lab.
"""
from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from . import color, models
from .models.koo import contrast_normalize

FORMAT = "colorlib-1"


@dataclasses.dataclass(frozen=True)
class LabHead:
    """Regression in Lab: the network sees L/50 - 1 and answers ab/scale.

    channels = 3 is N's variant: the network also answers L/50 - 1, which `ab` then drops, since L is given.
    """

    scale: float = 50.0
    channels: int = 2

    def __post_init__(self):
        if self.channels not in (2, 3):
            raise ValueError(f"channels must be 2 (ab) or 3 (L, a and b), got {self.channels}")
        if not self.scale > 0:
            raise ValueError(f"scale must be positive, got {self.scale}")

    def gray(self, L: Tensor) -> Tensor:
        """What the network sees: (N, 1, H, W) in 0...100 -> (N, 1, H, W) in -1...1."""
        return L / 50 - 1

    def encode(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Colored images (N, 3, H, W) -> what the network sees (N, 1, H, W), and what it must answer (N, C, H, W)."""
        lab = color.rgb_to_lab(rgb, check=False)                # N 3 H W
        x, ab = self.gray(lab[:, :1]), lab[:, 1:] / self.scale
        return x, (ab if self.channels == 2 else torch.cat([x, ab], dim=1))

    def ab(self, y: Tensor, L: Tensor) -> Tensor:
        """The color an answer means: (N, C, H, W) -> (N, 2, H, W), Lab units, not clipped to the gamut."""
        return y[:, -2:] * self.scale


@dataclasses.dataclass(frozen=True)
class YuvHead:
    """Regression in YUV (K): the network sees Y and answers U and V, each less its mean and over its deviation.

    mean, std          of U and V over the training images, RGB in [0, 1]; (0, 0) and (1, 1) leave plain units
    contrast           True: Y goes through K's local contrast normalization, else it is scaled to -1...1

    Trained, the network sees the Y of the colored image (luma). Asked for a color it is given L, and Y is then the gray
    value that has this lightness: equal for neutral pixels, up to a few percent off for saturated ones (notebook 01).
    """

    mean: tuple[float, float] = (0.0, 0.0)
    std: tuple[float, float] = (1.0, 1.0)
    contrast: bool = False

    def __post_init__(self):
        if len(self.mean) != 2 or len(self.std) != 2 or not min(self.std) > 0:
            raise ValueError(f"expected two means and two deviations above 0, got mean={self.mean}, std={self.std}")

    def _see(self, luma: Tensor) -> Tensor:
        return contrast_normalize(luma) if self.contrast else 2 * luma - 1

    def _vector(self, values: tuple[float, float], like: Tensor) -> Tensor:
        return torch.tensor(values, dtype=like.dtype, device=like.device).view(1, 2, 1, 1)

    def gray(self, L: Tensor) -> Tensor:
        """What the network sees: (N, 1, H, W) in 0...100 -> (N, 1, H, W)."""
        return self._see(color.gray_from_lightness(L))

    def encode(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Colored images (N, 3, H, W) -> what the network sees (N, 1, H, W), and normalized U, V (N, 2, H, W)."""
        yuv = color.rgb_to_yuv(rgb, check=False)                # N 3 H W
        uv = yuv[:, 1:]
        return self._see(yuv[:, :1]), (uv - self._vector(self.mean, uv)) / self._vector(self.std, uv)

    def ab(self, y: Tensor, L: Tensor) -> Tensor:
        """The color an answer means beside the given L: (N, 2, H, W) -> (N, 2, H, W), Lab units, not clipped."""
        uv = y * self._vector(self.std, y) + self._vector(self.mean, y)
        yuv = torch.cat([color.gray_from_lightness(L), uv], dim=1)
        rgb = color.yuv_to_rgb(yuv, clip=False)                 # N 3 H W, may leave [0, 1]
        return color.rgb_to_lab(rgb, check=False)[:, 1:]

    @classmethod
    def fitted(cls, rgb: Tensor, contrast: bool = True) -> YuvHead:
        """The head with the mean and deviation of U and V over images (N, 3, H, W): K, section 4.1, step 3.

        ValueError if U or V is the same everywhere, as in gray images.
        """
        sums = torch.zeros(2, 2, dtype=torch.double)                        # of U, V; of their squares
        for part in rgb.split(1000):
            uv = color.rgb_to_yuv(part, check=False)[:, 1:].cpu().double()  # n 2 H W; MPS has no float64
            sums += torch.stack([uv.sum((0, 2, 3)), uv.square().sum((0, 2, 3))])
        mean, square = sums / (rgb.numel() // 3)
        return cls(tuple(mean.tolist()), tuple((square - mean.square()).clamp_min(0).sqrt().tolist()), contrast)


HEADS = {"lab": LabHead, "yuv": YuvHead}


class Colorizer(nn.Module):
    """A network and its head. Called on L it answers ab, with gradients; `predict` is the same for use."""

    def __init__(self, net: nn.Module, head: LabHead | YuvHead | None = None):
        super().__init__()
        self.net = net
        self.head = head or LabHead()

    @property
    def device(self) -> torch.device:
        """Where the network's weights are."""
        return next(self.net.parameters()).device

    def encode(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Colored images -> input and target of the network; see the head's `encode`."""
        return self.head.encode(rgb)

    def forward(self, L: Tensor) -> Tensor:
        """L (N, 1, H, W) in 0...100 -> ab (N, 2, H, W) in Lab units. Any H and W: padded, run, cut back (A7)."""
        x = self.head.gray(L)
        H, W = x.shape[-2:]
        y = self.net(pad(x, getattr(self.net, "multiple", 1)))[..., :H, :W]
        return self.head.ab(y, L)

    @torch.no_grad()
    def predict(self, L: Tensor, batch_size: int = 100) -> Tensor:
        """As `forward`, in evaluation mode, without gradients, a batch at a time, on the network's device.

        L        (N, 1, H, W), 0...100; ValueError if it is something else
        returns  (N, 2, H, W), Lab units, on L's device
        """
        check_lightness(L)
        was_training = self.training
        self.eval()
        try:
            parts = [self(part.to(self.device, torch.float32)).to(L.device) for part in L.split(batch_size)]
            return torch.cat(parts)
        finally:
            self.train(was_training)

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
        ab = self.predict(small, batch_size=1 if small[0].numel() > 2 ** 16 else 256)
        if scale < 1:
            ab = F.interpolate(ab, size=L.shape[-2:], mode="bilinear")
        rgb = color.to_uint8(color.lab_to_rgb(torch.cat([L, ab], dim=1)))
        return rgb[0] if single else rgb

    def save(self, path: str | os.PathLike, half: bool = False, **notes) -> Path:
        """Write weights, network, head and `notes` (JSON values) into one safetensors file, whole or not at all.

        half: convolution weights as float16, so that the file is half as large; batch norm stays float32.
        ValueError if `load` would not know the network or the head.
        """
        head = next((name for name, kind in HEADS.items() if type(self.head) is kind), None)
        if head is None or not hasattr(self.net, "config"):
            raise ValueError("only colorlib's own networks and heads can be saved, "
                             f"not {type(self.net).__name__} with {type(self.head).__name__}")
        about = {"format": FORMAT, "net": self.net.config, "head": {"head": head, **dataclasses.asdict(self.head)},
                 "notes": notes}
        tensors = {name: tensor.detach().cpu().contiguous().clone(memory_format=torch.contiguous_format)
                   for name, tensor in self.net.state_dict().items()}
        if half:
            tensors = {name: t.half() if t.ndim == 4 else t for name, t in tensors.items()}
        return write_tensors(path, tensors, about)

    @classmethod
    def load(cls, path: str | os.PathLike, device: str | torch.device = "cpu") -> Colorizer:
        """A colorizer from a file that `save` wrote, in evaluation mode.

        FileNotFoundError if there is none; ValueError if it is no such file, is cut off, or holds other shapes.
        """
        tensors, about = read_tensors(path)
        if about.get("format") != FORMAT:
            raise ValueError(f"{Path(path).name} is a safetensors file but no checkpoint of colorlib "
                             f"(format {about.get('format')!r}, expected {FORMAT!r})")
        try:
            with torch.random.fork_rng(devices=[]):             # first weights are drawn: the caller's draws stay his
                net = models.build(about["net"])
            net.load_state_dict(tensors)                        # float16 is widened
            keywords = {k: tuple(v) if isinstance(v, list) else v for k, v in about["head"].items()}
            head = HEADS[keywords.pop("head")](**keywords)
        except (RuntimeError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"{Path(path).name} does not hold the network or the head that it names ({error}); "
                             "it may come from another version of colorlib") from None
        colorizer = cls(net, head).to(device).eval()
        colorizer.notes = about.get("notes", {})
        return colorizer


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


def write_tensors(path: str | os.PathLike, tensors: dict[str, Tensor], about: dict) -> Path:
    """Write a safetensors file with JSON notes: to a temporary name, then moved, so that no reader sees half of it."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        save_file(tensors, temporary, metadata={"colorlib": json.dumps(about)})
        with open(temporary, "r+b") as file:                    # Windows syncs no file that is open for reading only
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return path


def read_tensors(path: str | os.PathLike) -> tuple[dict[str, Tensor], dict]:
    """The tensors and notes of a file of `write_tensors`. FileNotFoundError, or ValueError if it is no such file."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint at {path}: train one by `python -m colorlib train RECIPE --keep FILE`, "
                                "or look into data/checkpoints")
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {}).get("colorlib", "{}"))
            # copied: what safetensors gives lies in the file, which the next checkpoint replaces
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}
            return tensors, about if isinstance(about, dict) else {}
    except (SafetensorError, json.JSONDecodeError, OSError, RuntimeError) as error:
        raise ValueError(f"{path.name} is not a complete safetensors file ({error}); a pickle or a cut-off download "
                         "is never loaded: fetch or train it again") from None
