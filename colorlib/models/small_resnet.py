"""A small image classifier with residual blocks (after He et al. 2016), and a colorizer on top.

    logits = SmallResNet(inputs=3, classes=10)(rgb)  # N 3 H W -> N 10
    ab = SmallResNetColorizer(train="none")(gray)  # N 1 H W -> N 2 H W

Notebooks 05 and 06 measure colorizations with the classifier. Notebook 07 trains it on gray images
and reuses its weights in the colorizer's encoder, the scheme of Pérez García 2020 at small size.
"""

import torch
from torch import Tensor, nn

from colorlib.models.blocks import Decoder, check_gray, he_init


class SmallResNet(nn.Module):
    """A 3x3 convolution, three residual blocks, global average pooling and a linear layer.

    inputs   3 for RGB, 1 for gray; H and W may be any
    width    channels of the first block; the next two have 2 and 4 times as many
    """

    def __init__(self, inputs: int = 3, classes: int = 10, width: int = 24):
        super().__init__()
        if inputs < 1 or classes < 2 or width < 1:
            raise ValueError("expected at least 1 input, 2 classes and a width of 1, "
                             f"got {inputs}, {classes}, {width}")
        self.config = dict(model="small-resnet", inputs=inputs, classes=classes, width=width)
        self.stem = nn.Sequential(nn.Conv2d(inputs, width, 3, padding=1, bias=False),
                                  nn.BatchNorm2d(width), nn.ReLU())
        self.blocks = nn.Sequential(_Block(width, width, 1), _Block(width, 2 * width, 2),
                                    _Block(2 * width, 4 * width, 2))
        self.last = nn.Linear(4 * width, classes)
        he_init(self)

    def for_gray(self) -> "SmallResNet":
        """Copy the classifier for one input channel: the same logits as for three equal ones."""
        with torch.random.fork_rng(devices=[]):  # initialization must not use the caller's numbers
            net = SmallResNet(1, self.config["classes"], self.config["width"])
        weight = self.stem[0].weight.detach().sum(1, keepdim=True)
        net.load_state_dict(self.state_dict() | {"stem.0.weight": weight})
        return net.to(weight.device)

    def stages(self, x: Tensor) -> list[Tensor]:
        """Outputs of the three blocks for images (N, inputs, H, W)."""
        stages = [self.stem(x)]  # N width H W
        for block in self.blocks:
            stages.append(block(stages[-1]))  # N width H W, N 2*width H/2 W/2, N 4*width H/4 W/4
        return stages[1:]

    def features(self, x: Tensor) -> Tensor:
        """Input of the last layer: (N, inputs, H, W) -> (N, 4 * width)."""
        return self.stages(x)[-1].mean((2, 3))  # N 4*width H/4 W/4 -> N 4*width

    def forward(self, x: Tensor) -> Tensor:
        """Images (N, inputs, H, W), -1...1 -> logits (N, classes)."""
        return self.last(self.features(x))  # N 4*width -> N classes


class SmallResNetColorizer(nn.Module):
    """A `SmallResNet` of gray images as the encoder, and a decoder.

    outputs          channels of the prediction
    width, classes   of the encoder; a recipe's `start` loads its weights from a classifier
    train            "all"; "none": the encoder is frozen, its batch norm keeps its statistics
    skip, rise       `skip` and `width` of the `Decoder`; Pérez García 2020 uses no skip connections
    """

    multiple = 4

    def __init__(self, outputs: int = 2, width: int = 24, classes: int = 10, train: str = "all",
                 skip: bool = True, rise: int = 16):
        super().__init__()
        if train not in ("none", "all"):
            raise ValueError(f"expected train of none, all, got {train!r}")
        self.config = dict(model="small-resnet-colorizer", outputs=outputs, width=width,
                           classes=classes, train=train, skip=skip, rise=rise)
        self.encoder = SmallResNet(1, classes, width)
        self.decoder = Decoder((width, 2 * width, 4 * width), outputs, rise, skip)
        self.frozen = train == "none"
        self.encoder.requires_grad_(not self.frozen)
        self.encoder.last.requires_grad_(False)  # the classifier's logits are not used here
        self.train()  # puts a frozen encoder into evaluation mode

    def train(self, mode: bool = True) -> "SmallResNetColorizer":
        super().train(mode)
        self.encoder.train(mode and not self.frozen)
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Gray (N, 1, H, W), -1...1 -> (N, outputs, H, W); H and W multiples of 4."""
        check_gray(x, self.multiple)
        stages = self.encoder.stages(x)  # N c H W, N 2c H/2 W/2, N 4c H/4 W/4
        return self.decoder(stages, x.shape[-2:])  # N outputs H W


class _Block(nn.Module):
    """Two 3x3 convolutions, added to their input: (N, inputs, H, W) -> (N, outputs, H', W')."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs))
        # A 1x1 convolution of stride 2 would do, but on a CPU torch 2.14 writes beyond its memory
        # there when there are few channels. So average first.
        self.skip = nn.Identity() if inputs == outputs and stride == 1 else nn.Sequential(
            nn.AvgPool2d(stride, ceil_mode=True),
            nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        residual = self.body(x)  # N outputs H/stride W/stride
        return torch.relu(residual + self.skip(x))  # N outputs H/stride W/stride
