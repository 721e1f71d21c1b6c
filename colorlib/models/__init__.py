"""The networks, each a plain `nn.Module`, and `build`, which makes one from a dictionary.

    net = models.build({"model": "unet", "width": 16, "depth": 3})

`koo2016`         small CNN, generator and discriminator of Koo 2016; contrast normalization
`unet`            U-Net and generator after Nazeri and Ng 2018
`fast_unet`       U-Net that learns in minutes on two CPU cores
`denoising_unet`  U-Net that moves noise to one possible coloring (flow matching)
`hint_unet`       U-Net that also gets a few true colors as hints (Zhang et al. 2017)
`discriminators`  PatchGAN (Isola et al. 2017) and one with one output per image; with or without L
`dorscheidt2016`  four compact networks, for regression and for classification
`dahl2016`        colorizers on top of VGG16: hypercolumns, residual encoder, classifier
`resnet_unet`     colorizer on top of an ImageNet ResNet, after Pérez
`small_resnet`    small image classifier, and a colorizer that reuses its weights
`blocks`          layers that several networks share
`pretrained`      ImageNet weights of torchvision

A colorization network maps gray images (N, 1, H, W) to (N, C, H, W); the target decides what the C
channels mean. A discriminator maps gray and color to logits. `net.config` holds what `build` needs
to make the network again, and a checkpoint stores it. The height and width of the input must be
multiples of `net.multiple`; `Colorizer` pads to that.

Comments in the networks give the shape of the tensor after each line: N images, then channels,
height and width, H and W of the input; in a loop, c, h and w of the tensor at the start of a pass.
"""

import inspect

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from colorlib.models.blocks import InPieces, receptive_field
from colorlib.models.dahl2016 import (
    Hypercolumns,
    ResidualEncoder,
    Vgg16,
    VggClassifier,
    stack_columns,
)
from colorlib.models.denoising_unet import DenoisingUNet
from colorlib.models.discriminators import (
    ImageColorDiscriminator,
    ImageDiscriminator,
    PatchColorDiscriminator,
    PatchDiscriminator,
)
from colorlib.models.dorscheidt2016 import DorscheidtNet
from colorlib.models.fast_unet import FastUNet
from colorlib.models.hint_unet import HintUNet
from colorlib.models.koo2016 import KooCNN, KooDiscriminator, KooGenerator
from colorlib.models.resnet_unet import ResNet, ResNetUNet
from colorlib.models.small_resnet import SmallResNet, SmallResNetColorizer
from colorlib.models.unet import UNet

__all__ = ["MODELS", "DenoisingUNet", "DorscheidtNet", "FastUNet", "HintUNet", "Hypercolumns",
           "ImageColorDiscriminator", "ImageDiscriminator", "InPieces", "KooCNN",
           "KooDiscriminator", "KooGenerator", "PatchColorDiscriminator", "PatchDiscriminator",
           "ResNet", "ResNetUNet", "ResidualEncoder", "SmallResNet", "SmallResNetColorizer",
           "UNet", "Vgg16", "VggClassifier", "build", "multiply_adds", "outline", "parameters",
           "receptive_field", "stack_columns"]

# The names are stored in checkpoints, so they must not change.
MODELS: dict[str, type[nn.Module]] = {
    "koo": KooCNN, "unet": UNet, "fast-unet": FastUNet, "compact": DorscheidtNet,
    "koo-generator": KooGenerator, "koo-discriminator": KooDiscriminator,
    "patch": PatchDiscriminator, "image": ImageDiscriminator, "small-resnet": SmallResNet,
    "small-resnet-colorizer": SmallResNetColorizer, "hypercolumns": Hypercolumns,
    "residual-encoder": ResidualEncoder, "vgg-classifier": VggClassifier, "resnet": ResNetUNet,
    "patch-ab": PatchColorDiscriminator, "image-ab": ImageColorDiscriminator,
    "denoising-unet": DenoisingUNet, "hint-unet": HintUNet,
}


def build(config: dict) -> nn.Module:
    """Build a network from its config, such as {"model": "unet", "width": 16}.

    Raises ValueError if the model or one of its settings is unknown.
    """
    settings = dict(config)
    name = settings.pop("model", None)
    if name not in MODELS:
        raise ValueError(f"unknown model {name!r}: expected one of {', '.join(MODELS)}")
    try:
        return MODELS[name](**settings)
    except TypeError as error:  # an unknown argument, or a value of the wrong type
        raise ValueError(f"model {name!r} does not take {settings} ({error})") from None


def outline(config: dict) -> nn.Module:
    """The network of a config on torch's meta device: its weights have shapes, and no memory.

    For a config from a file. ValueError where one of its numbers is beyond any network of ours.
    """
    values = [value if isinstance(value, list) else [value] for value in config.values()]
    numbers = [n for group in values for n in group if isinstance(n, int | float)]
    if len(numbers) > 64 or not all(abs(n) <= 2**14 for n in numbers):  # False for NaN
        raise ValueError(f"senseless settings {str(config):.200}")
    # Without ImageNet's weights, which would be loaded, or even downloaded.
    model = MODELS.get(config.get("model"), nn.Identity)
    pretrained = "weights" in inspect.signature(model).parameters
    with torch.device("meta"):
        return build(config | ({"weights": "none"} if pretrained else {}))


def parameters(net: nn.Module) -> int:
    """Count the trainable parameters of a network."""
    return sum(p.numel() for p in net.parameters() if p.requires_grad)


@torch.no_grad()
def multiply_adds(net: nn.Module, size: int = 32) -> int:
    """Count the multiply-adds of one forward pass on a gray image of size x size pixels."""
    modes, weight = [(m, m.training) for m in net.modules()], next(net.parameters())
    try:
        with FlopCounterMode(display=False) as counter:
            net.eval()(torch.zeros(1, 1, size, size, device=weight.device, dtype=weight.dtype))
    finally:
        for module, mode in modes:  # a frozen part may be in another mode than the whole
            module.training = mode
    return counter.get_total_flops() // 2  # torch counts a multiply-add as two operations
