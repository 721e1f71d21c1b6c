"""A ResNet in front of a colorizer: P3's encoder and decoder, on ResNet-50 (P) or on smaller ones.

    net = ResNetColorizer(50)                       # P3: ImageNet's weights, frozen, no skip connections
    net = ResNetColorizer(18, skip=True, small=True, train="all")           # for CIFAR-10

Explained in notebook 07.
"""
import torch.nn.functional as F
from torch import Tensor, nn

from colorlib.models.blocks import Decoder, check_gray
from colorlib.models.pretrained import check_start, keep_statistics, load_into, state_of

DEPTHS = {18: ("resnet18", "ResNet18_Weights"), 34: ("resnet34", "ResNet34_Weights"),
          50: ("resnet50", "ResNet50_Weights")}
TRAIN = ("none", "deep", "all")
FIRST = ("stacked", "summed")


class ResNet(nn.Module):
    """What a ResNet sees of a gray image, at five depths.

    (N, 1, H, W), a gray value as -1...1 -> [stem, layer1, layer2, layer3, layer4]; sides H/2, H/4, H/8, H/16, H/32, or
    with `small` H, H, H/2, H/4, H/8
    depth    18, 34 or 50
    weights  "imagenet": torchvision's IMAGENET1K_V1; "none": random, as torchvision draws them
    first    "stacked": the gray value enters as three equal channels (P). "summed": through a first convolution summed
             over its colors, which answers the same from a third of the numbers
    train    "none": frozen; "deep": layer3 and layer4 are trained; "all"
    small    True: the stem's stride is 1 and its pool is left out, for images of 32 pixels. The weights fit as they are

    Batch norm of what is frozen keeps ImageNet's statistics, in training too; that of what is trained uses the batch's.
    Gray values are normalized as the weights expect.
    """

    def __init__(self, depth: int = 50, weights: str = "imagenet", first: str = "stacked", train: str = "none",
                 small: bool = False):
        import torchvision.models as zoo  # large, and rarely needed

        super().__init__()
        check_start(weights)
        if depth not in DEPTHS:
            raise ValueError(f"unknown depth {depth}: expected one of {', '.join(map(str, DEPTHS))}")
        if first not in FIRST or train not in TRAIN:
            raise ValueError(f"expected first of {', '.join(FIRST)} and train of {', '.join(TRAIN)}, got {first!r} and "
                             f"{train!r}")
        name, entry = DEPTHS[depth]
        known = getattr(zoo, entry).IMAGENET1K_V1
        net = getattr(zoo, name)(weights=None)
        if weights == "imagenet":
            load_into(net, state_of(known, f"ResNet-{depth}"), f"ResNet-{depth}")
        if small:
            net.conv1.stride = (1, 1)
        pool = nn.Identity() if small else net.maxpool
        self.conv, self.stem = net.conv1, nn.Sequential(net.bn1, net.relu)
        self.layers = nn.ModuleList([nn.Sequential(pool, net.layer1), net.layer2, net.layer3, net.layer4])
        self.widths = (64, *(64 * 2 ** i * (4 if depth == 50 else 1) for i in range(4)))
        self.first, self.multiple = first, 8 if small else 32
        keep_statistics(self, known)
        parts = [self.conv, self.stem, *self.layers]
        self.frozen = parts[:{"none": len(parts), "deep": 4, "all": 0}[train]]
        for part in self.frozen:
            part.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> "ResNet":
        """As `nn.Module.train`; what is frozen stays in evaluation mode."""
        super().train(mode)
        for part in self.frozen:
            part.eval()
        return self

    def _first(self, x: Tensor) -> Tensor:
        gray, weight = (x + 1) / 2, self.conv.weight                        # N 1 H W; 64 3 7 7
        if self.first == "stacked":
            return self.conv((gray - self.mean) / self.std)
        stride, padding = self.conv.stride, self.conv.padding
        slope = F.conv2d(gray, (weight / self.std).sum(1, keepdim=True), None, stride, padding)
        black = (-self.mean / self.std).to(gray).expand(1, 3, *gray.shape[-2:])     # the border is padded with zeros
        return slope + F.conv2d(black, weight, None, stride, padding)

    def forward(self, x: Tensor) -> list[Tensor]:
        check_gray(x, self.multiple)
        seen = [self.stem(self._first(x))]
        for layer in self.layers:
            seen.append(layer(seen[-1]))
        return seen


class ResNetUNet(nn.Module):
    """P3: a ResNet, then convolutions and upsampling back to full size.

    (N, 1, H, W), -1...1 -> (N, outputs, H, W); H and W multiples of 32, with `small` of 8
    depth, weights, first, train, small     of the encoder; see `ResNet`
    skip     False: a plain decoder (P). True: each level takes in the encoder's tensor of its size, as in a U-Net
    width    channels of the decoder's last level, doubled with each level below up to sixteen times; P gives none

    No sigmoid or tanh at the end: the head says what an answer means.
    """

    def __init__(self, depth: int = 50, outputs: int = 2, weights: str = "imagenet", first: str = "stacked",
                 train: str = "none", small: bool = False, skip: bool = False, width: int = 16):
        super().__init__()
        self.config = {"model": "resnet", "depth": depth, "outputs": outputs, "weights": weights, "first": first,
                       "train": train, "small": small, "skip": skip, "width": width}
        self.encoder = ResNet(depth, weights, first, train, small)
        self.elsewhere = ("encoder.",) if weights == "imagenet" and train == "none" else ()
        self.multiple = self.encoder.multiple
        self.decoder = Decoder(self.encoder.widths, outputs, width, skip)

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x), x.shape[-2:])                  # N outputs H W
