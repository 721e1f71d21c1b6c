"""The networks: plain `nn.Module`s, gray in (N, 1, H, W), color numbers out (N, C, H, W), C as the head wants it.
Discriminators take gray and color, and answer logits; the classifier takes RGB.

    net = models.build({"model": "unet", "width": 16, "depth": 3})

A network says in `net.config` how to build it again (a checkpoint stores that), and in `net.multiple` the number that
its input's sides must be multiples of. `Colorizer` pads to it.
"""
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from colorlib.models.blocks import receptive_field
from colorlib.models.dahl2016 import Hypercolumns, ResidualEncoder, Vgg16, VggClassifier
from colorlib.models.discriminators import ImageDiscriminator, PatchDiscriminator
from colorlib.models.dorscheidt2016 import DorscheidtNet
from colorlib.models.koo2016 import KooCNN, KooDiscriminator, KooGenerator
from colorlib.models.resnet_unet import ResNet, ResNetUNet
from colorlib.models.small_resnet import SmallResNet, SmallResNetColorizer
from colorlib.models.unet import UNet

MODELS: dict[str, type[nn.Module]] = {
    "koo": KooCNN, "unet": UNet, "compact": DorscheidtNet, "koo-generator": KooGenerator,
    "koo-discriminator": KooDiscriminator, "patch": PatchDiscriminator, "image": ImageDiscriminator,
    "small-resnet": SmallResNet, "small-resnet-colorizer": SmallResNetColorizer, "hypercolumns": Hypercolumns,
    "residual-encoder": ResidualEncoder, "vgg-classifier": VggClassifier, "resnet": ResNetUNet,
}


def build(config: dict) -> nn.Module:
    """The network of a `config` such as {"model": "unet", "width": 16}; ValueError on an unknown name or keyword."""
    keywords = dict(config)
    name = keywords.pop("model", None)
    if name not in MODELS:
        raise ValueError(f"unknown model {name!r}: expected one of {', '.join(MODELS)}")
    try:
        return MODELS[name](**keywords)
    except TypeError as error:
        raise ValueError(f"model {name!r} does not take these settings: {keywords} ({error})") from None


def parameters(net: nn.Module) -> int:
    """How many numbers a network learns."""
    return sum(p.numel() for p in net.parameters() if p.requires_grad)


@torch.no_grad()
def multiply_adds(net: nn.Module, size: int = 32) -> int:
    """Multiply-adds of convolutions and linear layers for one gray image of size x size pixels, forward only."""
    modes, weight = [(m, m.training) for m in net.modules()], next(net.parameters())
    try:
        with FlopCounterMode(display=False) as counter:         # of torch: it counts each multiply-add as two
            net.eval()(torch.zeros(1, 1, size, size, device=weight.device, dtype=weight.dtype))
    finally:
        for module, mode in modes:
            module.training = mode
    return counter.get_total_flops() // 2


__all__ = ["MODELS", "Compact", "Hypercolumns", "ImageDiscriminator", "KooBaseline", "KooDiscriminator", "KooGenerator",
           "PatchDiscriminator", "ResNet", "ResNetColorizer", "ResidualEncoder", "SmallResNet",
           "SmallResNetColorizer", "UNet", "Vgg16", "VggClassifier", "build", "multiply_adds", "parameters",
           "receptive_field"]
