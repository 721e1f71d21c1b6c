"""A small residual classifier (after He et al. 2016): the judge of pictures in notebooks 05 and 06; trained on gray
images, an encoder in front of a colorizer (notebook 07).

    net = SmallResNet(inputs=3, classes=10)
    net.features(x)                                 # N 3 H W -> N 4*width
    net = SmallResNetColorizer(train="none")        # N 1 H W -> N 2 H W
"""
import torch
from torch import Tensor, nn

from colorlib.models.blocks import Decoder, check_gray, he_init


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

    def for_gray(self) -> "SmallResNet":
        """The same classifier for one channel: it answers a gray image as this one answers three equal channels."""
        with torch.random.fork_rng(devices=[]):             # first weights are drawn: the caller's draws stay his
            net = SmallResNet(**{k: v for k, v in self.config.items() if k != "model"} | {"inputs": 1})
        state = {name: t.clone() for name, t in self.state_dict().items()}
        state["stem.0.weight"] = state["stem.0.weight"].sum(1, keepdim=True)
        net.load_state_dict(state)
        return net.to(state["stem.0.weight"].device)

    def seen(self, x: Tensor) -> list[Tensor]:
        """The answers of the three blocks: (N, inputs, H, W) -> (N, w, H, W), (N, 2w, H/2, W/2), (N, 4w, H/4, W/4)."""
        first = self.blocks[0](self.stem(x))
        second = self.blocks[1](first)
        return [first, second, self.blocks[2](second)]

    def features(self, x: Tensor) -> Tensor:
        """What the last layer sees: (N, inputs, H, W) -> (N, 4 width)."""
        return self.seen(x)[-1].mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.features(x))


class SmallResNetColorizer(nn.Module):
    """P3's scheme in small: a `SmallResNet` of gray images, and a decoder with the encoder's tensors beside it.

    (N, 1, H, W), -1...1 -> (N, outputs, H, W); H and W multiples of 4
    width    of the encoder; classes: of the classifier that its weights come from
    train    "all"; or "none": the encoder is frozen, its batch norm keeps its statistics
    skip     False: a plain decoder (P)
    rise     channels of the decoder's last level

    The encoder starts at random; a recipe's `start` gives it the weights of a classifier.
    """

    multiple = 4

    def __init__(self, outputs: int = 2, width: int = 24, classes: int = 10, train: str = "all", skip: bool = True,
                 rise: int = 16):
        super().__init__()
        if train not in ("none", "all"):
            raise ValueError(f"expected train of none, all, got {train!r}")
        self.config = {"model": "small-resnet-colorizer", "outputs": outputs, "width": width, "classes": classes,
                       "train": train, "skip": skip, "rise": rise}
        self.encoder = SmallResNet(1, classes, width)
        self.decoder = Decoder((width, 2 * width, 4 * width), outputs, rise, skip)
        self.frozen = train == "none"
        self.encoder.requires_grad_(not self.frozen)
        self.encoder.last.requires_grad_(False)                             # names classes: not needed here
        self.train()

    def train(self, mode: bool = True) -> "SmallResNetColorizer":
        """As `nn.Module.train`; what is frozen stays in evaluation mode."""
        super().train(mode)
        self.encoder.train(mode and not self.frozen)
        return self

    def forward(self, x: Tensor) -> Tensor:
        check_gray(x, self.multiple)
        return self.decoder(self.encoder.seen(x), x.shape[-2:])


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
