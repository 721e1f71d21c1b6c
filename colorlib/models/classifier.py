"""A small residual classifier (after He et al. 2016): the judge of pictures in notebooks 05 and 06.

    net = SmallResNet(inputs=3, classes=10)
    net.features(x)                                 # N 3 H W -> N 4*width
"""
import torch
from torch import Tensor, nn

from .layers import he_init


class SmallResNet(nn.Module):
    """A 3x3 convolution, three residual blocks (the second and third halve the sides), the mean over all places.

    (N, inputs, H, W) -> (N, classes) logits, any H and W
    width   channels of the first block; the next have 2 and 4 times as many
    """

    def __init__(self, inputs: int = 3, classes: int = 10, width: int = 24):
        super().__init__()
        if inputs < 1 or classes < 2 or width < 1:
            raise ValueError(f"expected at least 1 input, 2 classes and a width of 1, got {inputs}, {classes}, {width}")
        self.config = {"model": "small-resnet", "inputs": inputs, "classes": classes, "width": width}
        self.stem = nn.Sequential(nn.Conv2d(inputs, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        self.blocks = nn.Sequential(_Block(width, width, 1), _Block(width, 2 * width, 2),
                                    _Block(2 * width, 4 * width, 2))
        self.last = nn.Linear(4 * width, classes)
        he_init(self)

    def features(self, x: Tensor) -> Tensor:
        """What the last layer sees: (N, inputs, H, W) -> (N, 4 width)."""
        return self.blocks(self.stem(x)).mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.features(x))


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs))
        # a 1x1 convolution of stride 2 would do, but torch 2.14 writes beyond its memory there (few channels, CPU)
        self.skip = nn.Identity() if inputs == outputs and stride == 1 else nn.Sequential(
            nn.AvgPool2d(stride, ceil_mode=True), nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.skip(x))
