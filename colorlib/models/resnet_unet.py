"""A colorizer on top of an ImageNet ResNet (He et al. 2016), after Pérez García 2020.

    net = ResNetUNet(50)  # as in the source: frozen ImageNet weights, no skip connections
    net = ResNetUNet(18, skip=True, small=True, train="all")  # for CIFAR-10

Notebook 07 explains it.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from colorlib.models.blocks import Decoder, check_gray
from colorlib.models.pretrained import check_weights, keep_statistics, load_into, state_of

DEPTHS = {18: ("resnet18", "ResNet18_Weights"), 34: ("resnet34", "ResNet34_Weights"),
          50: ("resnet50", "ResNet50_Weights")}
TRAIN = ("none", "deep", "all")
FIRST = ("stacked", "summed")


class ResNet(nn.Module):
    """A ResNet as an encoder of gray images: its tensors at five depths.

    depth    18, 34 or 50
    weights  "imagenet": torchvision's IMAGENET1K_V1; "none": random, as torchvision draws them
    first    "stacked": the gray value enters as three equal channels (the source). "summed": the
             first convolution's weights are summed over its three inputs, which gives the same
             output from a third of the weights
    train    "none": all weights are frozen; "deep": layer3 and layer4 are trained; "all"
    small    True: no stride and no pool in the stem, for images of 32 pixels; the ImageNet weights
             still fit

    Batch norm in frozen parts keeps ImageNet's statistics, in training too; elsewhere it uses the
    batch's. Gray values are normalized as the weights expect.
    """

    def __init__(self, depth: int = 50, weights: str = "imagenet", first: str = "stacked",
                 train: str = "none", small: bool = False):
        import torchvision.models as zoo  # slow to import, and rarely needed

        super().__init__()
        check_weights(weights)
        if depth not in DEPTHS:
            depths = ", ".join(map(str, DEPTHS))
            raise ValueError(f"unknown depth {depth}: expected one of {depths}")
        if first not in FIRST or train not in TRAIN:
            raise ValueError(f"expected first of {', '.join(FIRST)} and train of "
                             f"{', '.join(TRAIN)}, got {first!r} and {train!r}")
        name, enum = DEPTHS[depth]
        entry = getattr(zoo, enum).IMAGENET1K_V1
        net = getattr(zoo, name)(weights=None)
        if weights == "imagenet":
            load_into(net, state_of(entry, f"ResNet-{depth}"), f"ResNet-{depth}")
        if small:
            net.conv1.stride = (1, 1)
        pool = nn.Identity() if small else net.maxpool
        self.conv, self.stem = net.conv1, nn.Sequential(net.bn1, net.relu)
        self.layers = nn.ModuleList(
            [nn.Sequential(pool, net.layer1), net.layer2, net.layer3, net.layer4])
        self.widths = (64, *(64 * 2 ** i * (4 if depth == 50 else 1) for i in range(4)))
        self.first, self.multiple = first, 8 if small else 32
        keep_statistics(self, entry)
        parts = [self.conv, self.stem, *self.layers]
        self.frozen = parts[:{"none": len(parts), "deep": 4, "all": 0}[train]]
        for part in self.frozen:
            part.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> "ResNet":
        """Set the mode as `nn.Module.train` does; frozen parts stay in evaluation mode."""
        super().train(mode)
        for part in self.frozen:
            part.eval()
        return self

    def _first_convolution(self, x: Tensor) -> Tensor:
        """Gray (N, 1, H, W), -1...1 -> (N, 64, H/2, W/2), with `small` (N, 64, H, W)."""
        gray, weight = (x + 1) / 2, self.conv.weight  # N 1 H W; 64 3 7 7
        if self.first == "stacked":
            return self.conv((gray - self.mean) / self.std)  # N 64 H/2 W/2
        stride, padding = self.conv.stride, self.conv.padding
        summed = (weight / self.std).sum(1, keepdim=True)  # 64 1 7 7
        linear = F.conv2d(gray, summed, None, stride, padding)  # N 64 H/2 W/2
        # Subtracting the mean adds a constant, except at the border, which is padded with zeros:
        # so convolve a black image once.
        black = (-self.mean / self.std).to(gray).expand(1, 3, *gray.shape[-2:])  # 1 3 H W
        return linear + F.conv2d(black, weight, None, stride, padding)  # N 64 H/2 W/2

    def forward(self, x: Tensor) -> list[Tensor]:
        """Gray (N, 1, H, W), -1...1 -> stem, layer1, layer2, layer3, layer4.

        Their sides are H/2, H/4, H/8, H/16, H/32; with `small` H, H, H/2, H/4, H/8.
        """
        check_gray(x, self.multiple)
        x = self._first_convolution(x)  # N 64 H/2 W/2
        stages = [self.stem(x)]  # N 64 H/2 W/2
        for layer in self.layers:
            stages.append(layer(stages[-1]))  # N c h/2 w/2; layer1 of small: N c h w
        return stages


class ResNetUNet(nn.Module):
    """A ResNet encoder, then convolutions and upsampling back to full size.

    depth, weights, first, train, small     of the encoder; see `ResNet`
    outputs  channels of the prediction
    skip     False: a plain decoder (the source). True: each level of the decoder also gets the
             encoder's tensor of its size, as in a U-Net
    width    channels of the decoder's last level, doubled with each deeper one up to sixteen
             times; not given in the source

    There is no sigmoid or tanh at the end.
    """

    def __init__(self, depth: int = 50, outputs: int = 2, weights: str = "imagenet",
                 first: str = "stacked", train: str = "none", small: bool = False,
                 skip: bool = False, width: int = 16):
        super().__init__()
        self.config = {"model": "resnet", "depth": depth, "outputs": outputs, "weights": weights,
                       "first": first, "train": train, "small": small, "skip": skip,
                       "width": width}
        self.encoder = ResNet(depth, weights, first, train, small)
        self.not_saved = ("encoder.",) if weights == "imagenet" and train == "none" else ()
        self.multiple = self.encoder.multiple
        self.decoder = Decoder(self.encoder.widths, outputs, width, skip)

    def forward(self, x: Tensor) -> Tensor:
        """Gray (N, 1, H, W), -1...1 -> (N, outputs, H, W); sides multiples of `multiple`."""
        stages = self.encoder(x)  # five tensors, see `ResNet.forward`
        return self.decoder(stages, x.shape[-2:])  # N outputs H W
