"""A colorizer on top of an ImageNet ResNet (He et al. 2016), after Pérez García 2020.

    net = ResNetUNet(50)  # as in the source: frozen ImageNet weights, no skip connections
    net = ResNetUNet(18, skip=True, small=True, train="all")  # for CIFAR-10, notebook 07
"""

import torch.nn.functional as F
from torch import Tensor, nn

from colorlib.models.blocks import Decoder, check_gray
from colorlib.models.pretrained import keep_statistics, load_into, state_of

FIRST = ("stacked", "summed")
# How many of the six parts (first convolution, stem, layer1 to layer4) keep their weights.
FROZEN = {"none": 6, "deep": 4, "all": 0}


class ResNet(nn.Module):
    """A ResNet as an encoder of gray images: its tensors at five depths.

    depth    18, 34 or 50
    weights  "imagenet": torchvision's IMAGENET1K_V1; "none": random, as torchvision draws them
    first    "stacked": the gray value enters as three equal channels (the source). "summed": the
             first convolution's weights are summed over its three inputs; the output is the same
    train    "none": all weights are frozen; "deep": layer3 and layer4 are trained; "all"
    small    True: no stride and no pool in the stem, for images of 32 pixels. The weights still fit
    """

    def __init__(self, depth: int = 50, weights: str = "imagenet", first: str = "stacked",
                 train: str = "none", small: bool = False):
        import torchvision.models as zoo  # slow to import, and rarely needed

        super().__init__()
        if depth not in (18, 34, 50):
            raise ValueError(f"unknown depth {depth}: expected one of 18, 34, 50")
        if first not in FIRST or train not in FROZEN:
            raise ValueError(f"expected first of {', '.join(FIRST)} and train of "
                             f"{', '.join(FROZEN)}, got {first!r} and {train!r}")
        entry = zoo.get_model_weights(f"resnet{depth}").IMAGENET1K_V1
        keep_statistics(self, weights, entry)
        net = zoo.get_model(f"resnet{depth}", weights=None)
        if weights == "imagenet":
            load_into(net, state_of(entry, f"ResNet-{depth}"), f"ResNet-{depth}")
        if small:
            net.conv1.stride = (1, 1)
        pool = nn.Identity() if small else net.maxpool
        self.conv, self.stem = net.conv1, nn.Sequential(net.bn1, net.relu)
        self.layers = nn.ModuleList(
            [nn.Sequential(pool, net.layer1), net.layer2, net.layer3, net.layer4])
        # The blocks of ResNet-50 end in a 1x1 convolution to four times as many channels.
        self.widths = (64, *(64 * 2 ** i * (4 if depth == 50 else 1) for i in range(4)))
        self.first, self.multiple = first, 8 if small else 32
        self.frozen = [self.conv, self.stem, *self.layers][:FROZEN[train]]
        for part in self.frozen:
            part.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> "ResNet":
        super().train(mode)
        for part in self.frozen:
            part.eval()  # batch norm keeps ImageNet's statistics
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
        stages = [self.stem(self._first_convolution(x))]  # N 64 H/2 W/2
        for layer in self.layers:
            stages.append(layer(stages[-1]))  # N c h/2 w/2; layer1 of small: N c h w
        return stages


class ResNetUNet(nn.Module):
    """A ResNet encoder, then convolutions and upsampling back to full size.

    depth, weights, first, train, small   of the encoder, see `ResNet`
    outputs, width, skip                  of the decoder, see `Decoder`

    The source has no skip connections, and does not give the widths.
    """

    def __init__(self, depth: int = 50, outputs: int = 2, weights: str = "imagenet",
                 first: str = "stacked", train: str = "none", small: bool = False,
                 skip: bool = False, width: int = 16):
        super().__init__()
        self.config = dict(model="resnet", depth=depth, outputs=outputs, weights=weights,
                           first=first, train=train, small=small, skip=skip, width=width)
        self.encoder = ResNet(depth, weights, first, train, small)
        self.not_saved = ("encoder.",) if weights == "imagenet" and train == "none" else ()
        self.multiple = self.encoder.multiple
        self.decoder = Decoder(self.encoder.widths, outputs, width, skip)

    def forward(self, x: Tensor) -> Tensor:
        """Gray (N, 1, H, W), -1...1 -> (N, outputs, H, W)."""
        return self.decoder(self.encoder(x), x.shape[-2:])  # N outputs H W, no sigmoid or tanh
