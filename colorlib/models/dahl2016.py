"""Colorizers on top of VGG16: Dahl 2016's hypercolumns and residual encoder, and the classifier of
Dorscheidt et al. 2016.

    net = Hypercolumns()  # ImageNet weights, frozen
    uv = net(2 * gray - 1)  # N 1 H W -> N 2 H W, in 0...1
    net = ResidualEncoder(weights="none", tuned=True)  # trained from random weights

VGG16's tensors differ in scale by orders of magnitude, so all three normalize them first, which the
sources do not mention. Batch norm and ReLU follow each convolution except the last. Notebook 07.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorlib.models.blocks import check_gray, conv_bn_relu, double_conv, glorot_init, he_init
from colorlib.models.pretrained import keep_statistics, load_into, state_of

CUTS = (3, 8, 15, 22, 29)  # indices in vgg16().features of the ReLUs before the five max-pools
WIDTHS = (64, 128, 256, 512, 512)  # channels there
LARGE_ENOUGH = 64  # pixels per side from which an image is not enlarged for VGG16


class StageNorm(nn.BatchNorm2d):
    """Batch norm of a tensor of VGG16; also in a float16 network it keeps float32 for itself.

    The variances of these tensors exceed the largest number of float16, 65,504.
    """

    def _apply(self, fn, recurse=True):
        def convert(tensor: Tensor) -> Tensor:
            made = fn(tensor)
            return tensor.to(made.device) if made.dtype == torch.float16 else made
        return super()._apply(convert, recurse)


class Vgg16(nn.Module):
    """VGG16 as an encoder of gray images: the tensors before each of its first four max-pools.

    pools    5: also the tensor before the last one, as Dahl 2016 proposes in his conclusion
    weights  "imagenet": torchvision's IMAGENET1K_FEATURES, the original ones; "none": random (He)
    tuned    False: the weights are frozen

    The gray value enters as three equal channels (Dahl 2016), normalized as the weights expect.
    """

    def __init__(self, weights: str = "imagenet", tuned: bool = False, pools: int = 4):
        from torchvision.models import VGG16_Weights, vgg16  # slow to import, and rarely needed

        super().__init__()
        if pools not in (4, 5):
            raise ValueError(f"pools must be 4 or 5, got {pools}")
        self.tuned, self.cuts, self.multiple = tuned, CUTS[:pools], 2 ** (pools - 1)
        entry = VGG16_Weights.IMAGENET1K_FEATURES
        keep_statistics(self, weights, entry)
        with torch.device("meta"):  # neither memory nor random numbers for the layers not used
            self.features = vgg16(weights=None).features[:self.cuts[-1] + 1]
        he_init(self.features.to_empty(device="cpu")).requires_grad_(tuned)
        if weights == "imagenet":
            state = {k.removeprefix("features."): t for k, t in state_of(entry, "VGG16").items()}
            used = self.features.state_dict()
            load_into(self.features, {k: t for k, t in state.items() if k in used}, "VGG16")

    def forward(self, x: Tensor) -> list[Tensor]:
        """Gray (N, 1, H, W), -1...1 -> the normalized input and the tensors, see the comments."""
        check_gray(x, self.multiple)
        with torch.set_grad_enabled(self.tuned and torch.is_grad_enabled()):
            x = ((x + 1) / 2 - self.mean) / self.std  # N 3 H W
            stages = [x]
            for i, layer in enumerate(self.features):
                x = layer(x)  # N c h w
                # N 64 H W, N 128 H/2 W/2, N 256 H/4 W/4, N 512 H/8 W/8, N 512 H/16 W/16
                if i in self.cuts:
                    stages.append(x)
        return stages


class _OnVgg16(nn.Module):
    """Base class of networks on top of VGG16."""

    def __init__(self, model: str, weights: str, tuned: bool, enlarge: int, pools: int = 4,
                 **settings):
        super().__init__()
        if enlarge not in (1, 2):
            raise ValueError(f"enlarge must be 1 or 2, got {enlarge}")
        self.config = dict(model=model, weights=weights, tuned=tuned, enlarge=enlarge, **settings)
        if pools != 4:  # older checkpoints do not name it
            self.config["pools"] = pools
        self.encoder, self.enlarge = Vgg16(weights, tuned, pools), enlarge
        self.multiple = self.encoder.multiple
        # Checkpoints need no frozen ImageNet weights, since torchvision provides them.
        self.not_saved = ("encoder.",) if weights == "imagenet" and not tuned else ()

    def _encode(self, x: Tensor, always: bool = False) -> list[Tensor]:
        """VGG16's tensors of an image, which is first enlarged if it is small, or always."""
        check_gray(x, self.multiple)
        if self.enlarge > 1 and (always or min(x.shape[-2:]) < LARGE_ENOUGH):
            x = F.interpolate(x, scale_factor=self.enlarge, mode="bilinear")  # N 1 2H 2W
        return self.encoder(x)

    def _finish(self, y: Tensor, x: Tensor) -> Tensor:
        """Bring the output y to the size of the input x, and apply the sigmoid of `squash`."""
        y = y if y.shape[-2:] == x.shape[-2:] else F.avg_pool2d(y, self.enlarge)  # N outputs H W
        return y.sigmoid() if self.config["squash"] else y


def stack_columns(tensors: Sequence[Tensor]) -> Tensor:
    """Stack tensors of several depths above each pixel (Hariharan et al. 2015).

    tensors   (N, C, h, w) each; those that are smaller than the first are enlarged to its size
    Returns (N, sum of all C, H, W), of the type of the last tensor.
    """
    size = tensors[0].shape[-2:]
    large = [t if t.shape[-2:] == size else F.interpolate(t, size=size, mode="bilinear")
             for t in tensors]
    # With mixed precision, an input is still float32, and the last tensor is not.
    return torch.cat([t.to(large[-1].dtype) for t in large], dim=1)


class Hypercolumns(_OnVgg16):
    """Dahl 2016: stack all of VGG16's tensors at each pixel (963 channels), then convolve.

    outputs  channels of the prediction
    hidden   channels of the 3x3 convolutions after the stack; (): only one convolution, of 1x1
    squash   True: a sigmoid at the end (the source predicts U and V scaled to 0...1)
    enlarge  2: process images with a side below 64 pixels at twice their size
    """

    def __init__(self, outputs: int = 2, weights: str = "imagenet", tuned: bool = False,
                 hidden: tuple[int, ...] = (128, 64), squash: bool = True, enlarge: int = 1):
        super().__init__("hypercolumns", weights, tuned, enlarge, outputs=outputs,
                         hidden=list(hidden), squash=squash)
        self.max_pixels = 2 ** 16 // enlarge ** 2  # per batch of `Colorizer.predict`: memory
        channels = 3 + sum(WIDTHS[:4])
        layers: list[nn.Module] = [StageNorm(channels)]
        for width in hidden:
            layers.append(conv_bn_relu(channels, width, bias=False))
            channels = width
        kernel = 3 if hidden else 1
        layers.append(nn.Conv2d(channels, outputs, kernel, padding=kernel // 2))
        self.layers = he_init(nn.Sequential(*layers))
        nn.init.zeros_(self.layers[-1].weight)  # the first prediction is gray

    def columns(self, x: Tensor) -> Tensor:
        """Gray (N, 1, H, W) -> hypercolumns (N, 963, H, W); twice the size if it was enlarged."""
        return stack_columns(self._encode(x))  # N 963 H W

    def forward(self, x: Tensor) -> Tensor:
        """Gray (N, 1, H, W), -1...1 -> (N, outputs, H, W); H and W multiples of 8."""
        return self._finish(self.layers(self.columns(x)), x)  # N 963 H W -> N outputs H W


class ResidualEncoder(_OnVgg16):
    """Dahl 2016: decode VGG16's tensors from the deepest up, adding the next one at each level.

    outputs, squash, enlarge   as in `Hypercolumns`
    pools                      4, or 5: begin one tensor deeper

    Each level: a 1x1 convolution to the width of the next tensor, bilinear upsampling, addition, a
    3x3 convolution. Dorscheidt et al. 2016 write that this network concatenates; Dahl adds.
    """

    def __init__(self, outputs: int = 2, weights: str = "imagenet", tuned: bool = False,
                 squash: bool = True, enlarge: int = 1, pools: int = 4):
        super().__init__("residual-encoder", weights, tuned, enlarge, pools,
                         outputs=outputs, squash=squash)
        widths = (3, *WIDTHS[:pools])
        self.norm = nn.ModuleList(StageNorm(w) for w in widths)
        steps = list(zip(widths[:0:-1], widths[-2::-1], strict=True))  # (512, 256) ... (64, 3)
        self.narrow = nn.ModuleList(conv_bn_relu(c, d, kernel=1, bias=False) for c, d in steps)
        self.join = nn.ModuleList(conv_bn_relu(d, d, bias=False) for _, d in steps)
        self.last = nn.Conv2d(3, outputs, 3, padding=1)
        he_init(self.narrow)
        he_init(self.join)
        nn.init.zeros_(self.last.weight)  # the first prediction is gray
        nn.init.zeros_(self.last.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Gray (N, 1, H, W), -1...1 -> (N, outputs, H, W); see `multiple`."""
        stages, norms = self._encode(x), self.norm[::-1]
        y = norms[0](stages.pop())  # N 512 H/8 W/8 (five pools: H/16 W/16)
        for narrow, join, norm in zip(self.narrow, self.join, norms[1:], strict=True):
            y = narrow(y)  # N c h w: 256, 128, 64, 3 channels
            encoded = norm(stages.pop())  # N c 2h 2w, the last one N c h w
            if y.shape[-2:] != encoded.shape[-2:]:
                y = F.interpolate(y, size=encoded.shape[-2:], mode="bilinear")  # N c 2h 2w
            y = join(y + encoded)  # N c 2h 2w
        return self._finish(self.last(y), x)  # N outputs H W


class VggClassifier(_OnVgg16):
    """Dorscheidt et al. 2016: the decoder of their compact classifier on top of VGG16.

    outputs, width, cell   as in `DorscheidtNet`
    enlarge                2: VGG16 gets every image at twice its size

    The paper does not say where VGG16 ends. Here it ends before its fourth pool.
    """

    def __init__(self, outputs: int = 261, weights: str = "imagenet", tuned: bool = False,
                 width: int = 16, cell: int = 2, enlarge: int = 1):
        super().__init__("vgg-classifier", weights, tuned, enlarge, outputs=outputs, width=width,
                         cell=cell)
        self.multiple = self.encoder.multiple // enlarge
        if width < 1 or cell not in (1, 2):
            raise ValueError(f"width must be at least 1 and cell 1 or 2, got {width} and {cell}")
        # A cell of 2x2 pixels and an enlarged image each end the decoder a level earlier.
        self.decoded_levels = [level for level in (2, 1, 0) if 2 ** level >= cell * enlarge]
        self.norm = nn.ModuleList(StageNorm(WIDTHS[i]) for i in (3, *self.decoded_levels))
        channels, self.up = WIDTHS[3], nn.ModuleList()
        for level in self.decoded_levels:
            self.up.append(double_conv(channels + WIDTHS[level], width * 2 ** level))
            channels = width * 2 ** level
        self.last = nn.Conv2d(channels, outputs, 1)
        glorot_init(self.up)
        glorot_init(self.last)

    def forward(self, x: Tensor) -> Tensor:
        """Gray (N, 1, H, W), -1...1 -> (N, outputs, H / cell, W / cell)."""
        _, *stages = self._encode(x, always=True)
        x = self.norm[0](stages[3])  # N 512 h w, 1/8 of VGG16's input
        for level, norm, unit in zip(self.decoded_levels, self.norm[1:], self.up, strict=True):
            x = F.interpolate(x, scale_factor=2, mode="bilinear")  # N c 2h 2w
            encoded = norm(stages[level])  # N e 2h 2w: 256, 128, 64 channels
            x = unit(torch.cat([encoded, x], dim=1))  # N c' 2h 2w
        return self.last(x)  # N outputs H/cell W/cell
