"""VGG16 in front of a colorizer: Dahl 2016's hypercolumns (A1) and residual encoder (A2), and D's classifier (D5).

    net = Hypercolumns()                            # A1, with ImageNet's weights; frozen
    uv = net(2 * gray - 1)                          # N 1 H W -> N 2 H W, in 0...1
    net = ResidualEncoder(weights="none", tuned=True)           # A2 from a random start

Explained in notebook 07.
"""
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlib.models.blocks import check_gray, conv_bn_relu, he_init
from colorlib.models.pretrained import check_start, keep_statistics, load_into, state_of

CUTS = (3, 8, 15, 22)                               # the ReLUs before the first four max-pools, in vgg16().features
WIDTHS = (64, 128, 256, 512)
LARGE_ENOUGH = 64                                   # pixels a side that VGG16 sees without enlarging


class Vgg16(nn.Module):
    """What VGG16 sees of a gray image: the tensors before each of its first four max-pools (A).

    (N, 1, H, W), a gray value as -1...1 -> [the input as VGG16 takes it (N, 3, H, W), (N, 64, H, W),
    (N, 128, H/2, W/2), (N, 256, H/4, W/4), (N, 512, H/8, W/8)]; H and W multiples of 8
    weights  "imagenet": torchvision's IMAGENET1K_FEATURES, the original ones; "none": random (He)
    tuned    False: the weights stay as they are, and no gradient is kept for them

    The gray value enters as three equal channels (A), normalized as those weights expect. It is what the head gives:
    luma with `YuvHead`, L/100 with the others. VGG16 has no batch norm: training and evaluation are alike.
    """

    multiple = 8

    def __init__(self, weights: str = "imagenet", tuned: bool = False):
        from torchvision.models import VGG16_Weights, vgg16  # large, and rarely needed

        super().__init__()
        check_start(weights)
        with torch.device("meta"):
            self.features = vgg16(weights=None).features[:CUTS[-1] + 1]
        self.features.to_empty(device="cpu")
        he_init(self.features)
        known = VGG16_Weights.IMAGENET1K_FEATURES
        if weights == "imagenet":
            state = {name.removeprefix("features."): t for name, t in state_of(known, "VGG16").items()}
            own = self.features.state_dict()
            load_into(self.features, {name: t for name, t in state.items() if name in own}, "VGG16")
        keep_statistics(self, known)
        self.tuned = tuned
        self.features.requires_grad_(tuned)

    def forward(self, x: Tensor) -> list[Tensor]:
        check_gray(x, self.multiple)
        with torch.set_grad_enabled(self.tuned and torch.is_grad_enabled()):
            x = ((x + 1) / 2 - self.mean) / self.std                        # N 3 H W
            seen = [x]
            for i, layer in enumerate(self.features):
                x = layer(x)
                if i in CUTS:
                    seen.append(x)
        return seen


class _OnVgg16(nn.Module):
    """A network on VGG16; frozen ImageNet weights are not written to checkpoints: they are torchvision's."""

    def __init__(self, model: str, weights: str, tuned: bool, enlarge: int, **settings):
        super().__init__()
        if enlarge not in (1, 2):
            raise ValueError(f"enlarge must be 1 or 2, got {enlarge}")
        self.config = {"model": model, "weights": weights, "tuned": tuned, "enlarge": enlarge, **settings}
        self.encoder, self.enlarge = Vgg16(weights, tuned), enlarge
        self.multiple = self.encoder.multiple
        self.elsewhere = ("encoder.",) if weights == "imagenet" and not tuned else ()

    def _seen(self, x: Tensor, always: bool = False) -> list[Tensor]:
        """VGG16's tensors, of an image that is enlarged first if it is small, or always."""
        check_gray(x, self.multiple)
        large = min(x.shape[-2:]) >= LARGE_ENOUGH and not always
        return self.encoder(x if self.enlarge == 1 or large else
                            F.interpolate(x, scale_factor=self.enlarge, mode="bilinear"))

    def _answer(self, y: Tensor, x: Tensor) -> Tensor:
        """An answer in x's size: the mean of what an enlarged image gives; with `squash` its sigmoid."""
        y = y if y.shape[-2:] == x.shape[-2:] else F.avg_pool2d(y, self.enlarge)
        return y.sigmoid() if self.config["squash"] else y


class Hypercolumns(_OnVgg16):
    """A1: all that VGG16 sees above a pixel, in one column of 963 numbers, and a small head on it.

    (N, 1, H, W), -1...1 -> (N, outputs, H, W); H and W multiples of 8
    enlarge  2: VGG16 and the head see an image with less than 64 pixels a side at twice its size
    hidden   channels of the head's 3x3 convolutions. A: 128 and 64; (): "the simplest thing", one 1x1 convolution
    squash   True: a sigmoid at the end (A: UV as 0...1)

    Batch norm behind each convolution in place of a bias, ReLU (A); the last convolution has its bias. And one on the
    column, since VGG16's tensors differ in scale by orders of magnitude, which A does not mention. The last convolution
    starts at zero, that is at gray: most colors lie near it.
    """

    def __init__(self, outputs: int = 2, weights: str = "imagenet", tuned: bool = False,
                 hidden: tuple[int, ...] = (128, 64), squash: bool = True, enlarge: int = 1):
        super().__init__("hypercolumns", weights, tuned, enlarge, outputs=outputs, hidden=list(hidden), squash=squash)
        self.at_once = 2 ** 16 // enlarge ** 2          # pixels that `Colorizer.predict` asks for, 963 numbers each
        channels = 3 + sum(WIDTHS)
        layers: list[nn.Module] = [nn.BatchNorm2d(channels)]
        for width in hidden:
            layers.append(conv_bn_relu(channels, width, bias=False))
            channels = width
        layers.append(nn.Conv2d(channels, outputs, 3 if hidden else 1, padding=1 if hidden else 0))
        self.target = he_init(nn.Sequential(*layers))
        nn.init.zeros_(self.target[-1].weight)

    def columns(self, x: Tensor) -> Tensor:
        """The hypercolumns of gray images: (N, 1, H, W) -> (N, 963, H, W), of enlarged ones twice as large."""
        seen = self._seen(x)
        size = seen[0].shape[-2:]
        seen = [t if t.shape[-2:] == size else F.interpolate(t, size=size, mode="bilinear") for t in seen]
        return torch.cat([t.to(seen[-1].dtype) for t in seen], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        return self._answer(self.target(self.columns(x)), x)                  # N outputs H W


class ResidualEncoder(_OnVgg16):
    """A2: from VGG16's highest tensor down. 1x1 to the width of the next, twice the size, *add*, 3x3; at the end 3x3.

    (N, 1, H, W), -1...1 -> (N, outputs, H, W); H and W multiples of 8
    squash   True: a sigmoid at the end (A: UV as 0...1)
    enlarge  as in `Hypercolumns`

    Batch norm behind each convolution in place of a bias, ReLU; and before each addition, since VGG16's tensors differ
    in scale by orders of magnitude (A's drawing is lost). A adds; D, describing A, says concatenate. The last
    convolution starts at zero, as in `Hypercolumns`.
    """

    def __init__(self, outputs: int = 2, weights: str = "imagenet", tuned: bool = False, squash: bool = True,
                 enlarge: int = 1):
        super().__init__("residual-encoder", weights, tuned, enlarge, outputs=outputs, squash=squash)
        widths = (3, *WIDTHS)
        self.norm = nn.ModuleList(nn.BatchNorm2d(w) for w in widths)
        steps = list(zip(widths[:0:-1], widths[-2::-1], strict=True))       # (512, 256) ... (64, 3)
        self.narrow = nn.ModuleList(conv_bn_relu(wide, narrow, kernel=1, bias=False) for wide, narrow in steps)
        self.join = nn.ModuleList(conv_bn_relu(narrow, narrow, bias=False) for _, narrow in steps)
        self.last = nn.Conv2d(3, outputs, 3, padding=1)
        for part in (self.narrow, self.join):
            he_init(part)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, x: Tensor) -> Tensor:
        seen, norms = self._seen(x), self.norm[::-1]
        y = norms[0](seen.pop())                                            # N 512 H/8 W/8
        for narrow, join, norm in zip(self.narrow, self.join, norms[1:], strict=True):
            y, below = narrow(y), norm(seen.pop())                          # N c h w
            if y.shape[-2:] != below.shape[-2:]:
                y = F.interpolate(y, size=below.shape[-2:], mode="bilinear")
            y = join(y + below)
        return self._answer(self.last(y), x)                                # N outputs H W


class VggClassifier(_OnVgg16):
    """D5: D2's way up on VGG16's tensors, for as many outputs as there are bins.

    (N, 1, H, W), -1...1 -> (N, outputs, H / cell, W / cell); H and W multiples of 8, with enlarge = 2 of 4
    width    channels of the highest level of the way up, twice and four times as many below, as in `Compact`
    cell     1 or 2: one answer for cell x cell pixels; at 2 the way up ends a level earlier
    enlarge  2: VGG16 sees every image at twice its size; the way up ends a level earlier

    VGG16 is cut before its fourth pool (D does not say where); its tensors go through a batch norm each, since they
    differ in scale by orders of magnitude. Glorot's uniform initialization, as D has it.
    """

    def __init__(self, outputs: int = 261, weights: str = "imagenet", tuned: bool = False, width: int = 16,
                 cell: int = 2, enlarge: int = 1):
        super().__init__("vgg-classifier", weights, tuned, enlarge, outputs=outputs, width=width, cell=cell)
        self.multiple = self.encoder.multiple // enlarge
        if width < 1 or cell not in (1, 2):
            raise ValueError(f"width must be at least 1 and cell 1 or 2, got {width} and {cell}")
        self.rising = [level for level in (2, 1, 0) if 2 ** level >= cell * enlarge]
        self.norm = nn.ModuleList(nn.BatchNorm2d(WIDTHS[level]) for level in (3, *self.rising))
        channels, self.up = WIDTHS[3], nn.ModuleList()
        for level in self.rising:
            out = width * 2 ** level
            self.up.append(nn.Sequential(conv_bn_relu(channels + WIDTHS[level], out), conv_bn_relu(out, out)))
            channels = out
        self.last = nn.Conv2d(channels, outputs, 1)
        for layer in (*self.up.modules(), self.last):
            if isinstance(layer, nn.Conv2d):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        seen = self._seen(x, always=True)[1:]
        x = self.norm[0](seen[3])                                           # N 512 H/8 W/8
        for level, norm, unit in zip(self.rising, self.norm[1:], self.up, strict=True):
            x = F.interpolate(x, scale_factor=2, mode="bilinear")           # N c 2h 2w
            x = unit(torch.cat([norm(seen[level]), x], dim=1))
        return self.last(x)                                                 # N outputs H/cell W/cell
