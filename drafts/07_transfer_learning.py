# %% [markdown] id="a7000001"
# # 07 · Transfer learning
#
# <!-- links 07 -->
# <!-- /links -->
#
# <!-- measured -->
# <!-- /measured -->
#
# After this notebook you can
#
# - look into a network that names things, and say what each depth of it tells apart;
# - build a pixel's hypercolumn, and say what it costs in memory;
# - say when a start from trained weights pays, and when it does not, by a curve over the number of images;
# - put a trained encoder in front of a colorizer, with the pitfalls: gray input, frozen statistics, normalization;
# - find a colorizer's worst pictures, and say what went wrong in them.
#
# Grass is green and the sky is blue, but the network of notebook 03 has to find out from colors alone what grass is.
# There are networks that know already: they were trained to *name* what is in a picture. Three of the course's sources
# put one in front of their colorizer (A, D and P). What does that bring?

# %% id="00da4df3" tags=["bootstrap"]
# the bootstrap cell of the other notebooks

# %% id="8fc07af7" tags=["parameters"]
PROFILE = "quick"
SEED = 0
DEVICE = "auto"
DATA = "auto"

# %% id="a7000002"
import statistics
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models import VGG16_Weights

# %% id="a7000003"
from colorlib import color, datasets, exercises, figures, measure, metrics, models, photograph, recipes, records
from colorlib.colorizer import Colorizer, colorizers
from colorlib.judge import Judge
from colorlib.lesson import Lesson
from colorlib.models import pretrained
from colorlib.recipes import RECIPES
from colorlib.train import fit

# %% id="a7000004"
lesson = Lesson("07", profile=PROFILE, seed=SEED, device=DEVICE, data=DATA)
train, test = lesson.train, lesson.test
print(train, test, sep="\n")

# %% [markdown] id="a7000005"
# ## Who knows what grass is?
#
# Two networks that name things. **VGG16** (Simonyan and Zisserman 2014) learned from a million photographs of ImageNet;
# A and D start from it. Its weights are 59 MB, and not everyone can fetch them; what needs them here is read from the
# course's records. The other one is **ours**: a small residual network, trained on *gray* CIFAR-10, which lies in
# `data/checkpoints`. It learned from nine tenths of the training images. With generated fruits, one is trained here.
#
# Both were told names, and no colors. That is the point: labels are another source of knowledge.

# %% id="a7000006"
whole = datasets.load("cifar10", "train") if lesson.data == "cifar10" else train
used, left_out = whole.split(0.9, seed=0)                                    # as `colorlib train encoder` splits them
if lesson.data == "cifar10":
    knows = Judge.load(lesson.checkpoint("encoder-cifar10"), lesson.device)
else:
    knows = Judge.trained(used, epochs=3, seed=SEED, width=8, gray=True)
left_out = left_out.take(min(len(left_out), lesson.n.neighbors), SEED).to(lesson.device)     # never seen by it
print(f"{knows.accuracy(left_out.pixels, left_out.labels):.0%} of {len(left_out)} gray pictures named rightly")

# %% [markdown] id="a7000007"
# ## What its depths see
#
# A network of convolutions answers at each place, with many numbers (*channels*). Take a picture, and of each depth the
# channels that answer it most strongly.

# %% id="a7000008"
gray = color.lightness(left_out.pixels)                                      # N 1 H W, 0...100
with torch.no_grad():
    depths = knows.net.seen(gray / 50 - 1)                                   # N C H W, N 2C H/2 W/2, N 4C H/4 W/4

def strongest(answers, i, n=7):
    """Of picture i the n channels with the highest mean answer, as pictures 0...1: n 1 H W."""
    of = answers[i]                                                          # C h w
    best = of[of.mean((1, 2)).topk(n).indices]
    return F.interpolate((best / best.amax((1, 2), keepdim=True).clamp_min(1e-6))[:, None], size=32)

# %% id="a7000009"
rows = {"block 1": strongest(depths[0], 0), "block 2": strongest(depths[1], 0), "block 3": strongest(depths[2], 0)}
figures.show(figures.images({"picture": gray[:1] / 100} | rows), alt="ALT")

# %% [markdown] id="a7000010"
# The first block keeps the picture's edges, everywhere. The last one answers with a few coarse places.
#
# ## Nearest neighbors
#
# Which other pictures look alike to the network? Take the mean answer of each channel as a description of a picture, and
# look for the nearest ones. Beside it, the same with the gray pixels themselves.

# %% id="a7000011"
def nearest(described, k=5):
    """(N, F) -> (N, k): the indices of the k others that point in the most similar direction."""
    unit = F.normalize(described - described.mean(0), dim=1)
    return (unit @ unit.T).fill_diagonal_(-2).topk(k).indices

views = {"pixels": gray.flatten(1)} | {f"block {i}": seen.mean((2, 3)) for i, seen in enumerate(depths, 1)}
near = {name: nearest(described) for name, described in views.items()}

# %% id="a7000012"
tints = color.rgb_to_lab(left_out.rgb())[:, 1:].mean((2, 3))                 # N 2: each picture's mean color

def of_neighbors(near):
    """How many neighbors are of the same kind; how far their mean color is from the picture's, Lab units."""
    same = (left_out.labels[near] == left_out.labels[:, None]).float().mean().item()
    return same, (tints[near].mean(1) - tints).norm(dim=1).mean().item()

told = {name: of_neighbors(indices) for name, indices in near.items()}
chance = of_neighbors(torch.randint(len(left_out), (len(left_out), 5), generator=torch.Generator().manual_seed(0)))
lesson.table(["the five nearest, by", "of the same kind", "mean color apart, Lab units"],
             [[name, *values] for name, values in (told | {"chance": chance}).items()])

# %% id="a7000013"
some = torch.arange(6)
figures.show(figures.images({"picture": left_out.pixels[some]} | {
    f"{name}, nearest": left_out.pixels[near[name][some, 0].cpu()] for name in ("pixels", "block 3")}), alt="ALT")

# %% id="a7000014" tags=["nbval-check-output"]
lesson.claim("pictures that are near to the last block are of the same kind more often than those with similar pixels",
             told["block 3"][0] > told["pixels"][0], pixels=told["pixels"][0], last=told["block 3"][0])

# %% [markdown] id="a7000015"
# And are their colors nearer, which is all that a colorizer wants? Look at the last column of the table. TODO what it
# says, with a claim: the encoder has never seen a color.
#
# ## A hypercolumn
#
# The last block knows *what*, but only coarsely *where*. A (after Hariharan et al. 2015) takes all depths at once:
# enlarge each to the picture's size and stack them. The column above a pixel then holds all that the network sees
# there, from the pixel itself to the object.

# %% id="a7000016"
def hypercolumns(seen):
    """Tensors (N, C, h, w) of several sizes, the first the largest -> (N, sum of C, H, W)."""
    size = seen[0].shape[-2:]
    return torch.cat([seen[0], *(F.interpolate(t, size=size, mode="bilinear") for t in seen[1:])], dim=1)

torch.manual_seed(SEED)
a1 = models.Hypercolumns(weights="none").eval()
x = gray[:2].cpu() / 50 - 1
with torch.no_grad():
    mine, library = hypercolumns(a1.encoder(x)), a1.columns(x)               # N 963 H W

# %% id="a7000017" tags=["nbval-check-output"]
lesson.claim("the hypercolumns written here are the library's, of 963 numbers", mine.shape[1] == 963
             and (mine - library).abs().max() < 1e-5, numbers=mine.shape[1])

# %% [markdown] id="a7000018"
# Where do the 963 come from? And how much of the picture does each depth see? Go backward as in notebook 06.

# %% id="a7000019"
def sees(layers):
    """Pixels a side that one answer of these layers sees."""
    r = 1
    for layer in reversed(layers):
        if isinstance(layer, nn.Conv2d | nn.MaxPool2d):
            k, s = (getattr(layer, name) for name in ("kernel_size", "stride"))
            r = (r - 1) * (s if isinstance(s, int) else s[0]) + (k if isinstance(k, int) else k[0])
    return r

rows = [["the picture", 3, 1]] + [[f"before pool {i}", width, sees(list(a1.encoder.features[:at + 1]))]
        for i, (at, width) in enumerate(zip(models.vgg.CUTS, models.vgg.WIDTHS, strict=True), 1)]
lesson.table(["VGG16", "channels", "one answer sees, pixels a side"], rows)

# %% [markdown] id="a7000020"
# ## What it costs
#
# 963 numbers at *every* pixel, and a gradient for what is made of them. A could train with one picture of 224×224 at a
# time on a card of 2 GB. So A built the **residual encoder**: from the deepest tensor upward, narrow it to the width of
# the next one, enlarge it twice, *add* the next one, and go on. No tensor is wider than VGG16's own. A: six pictures on
# the same card. Measure both, in memory and in time.

# %% id="a7000021"
SETUP = """
import torch
from colorlib import models
torch.manual_seed(0)
net = models.{name}(weights="none").train()
x = 2 * torch.rand({batch}, 1, {side}, {side}) - 1
"""

def peak(name):
    """MB that one step of training takes, in a process of its own."""
    return measure.peak_memory(SETUP.format(name=name, batch=lesson.n.a_batch, side=lesson.n.a_side),
                               "net(x).square().mean().backward()")

megabytes = {name: peak(name) for name in ("Hypercolumns", "ResidualEncoder")}

# %% id="a7000022"
def a_step(name):
    """A function that takes one step of training; the weights are random, VGG16 is frozen."""
    net = getattr(models, name)(weights="none").train()
    x = 2 * torch.rand(lesson.n.a_batch, 1, lesson.n.a_side, lesson.n.a_side) - 1
    return lambda: net(x).square().mean().backward()

seconds = measure.interleaved(a_step("Hypercolumns"), a_step("ResidualEncoder"), pairs=5)
lesson.table([f"{lesson.n.a_batch} pictures of {lesson.n.a_side} pixels", "peak memory, MB", "seconds a step"],
             [[name, megabytes[name], statistics.median(times)]
              for name, times in zip(("Hypercolumns", "ResidualEncoder"), seconds, strict=True)])

# %% id="a7000023" tags=["nbval-check-output"]
lesson.claim("A2's peak memory is at most half of A1's", megabytes["ResidualEncoder"] <= 0.5 * megabytes["Hypercolumns"],
             profiles=("lesson", "full"), A1_mb=megabytes["Hypercolumns"], A2_mb=megabytes["ResidualEncoder"])

# %% [markdown] id="a7000024"
# (D, describing A, says that the tensors are concatenated. A adds.)
#
# TODO A1 and A2 trained for the same time: records.
#
# ## Gray in a network that expects color
#
# VGG16 and ResNet were trained on RGB. A, D and P give them the gray value three times. One can as well sum the first
# convolution's weights over the colors, once, and give the gray value once: the same features, from a third of the
# numbers. Careful with the normalization, which differs from color to color, and with the border, which is padded with
# zeros *after* it.

# %% id="a7000025"
stacked, summed = (models.ResNet(18, "none", first).eval() for first in ("stacked", "summed"))
summed.load_state_dict(stacked.state_dict())
with torch.no_grad():
    pairs = list(zip(stacked(F.pad(x, (0, 0, 0, 0))), summed(x), strict=True))
apart = max(((one - other).abs().max() / one.abs().max()).item() for one, other in pairs)

# %% id="a7000026" tags=["nbval-check-output"]
lesson.claim("gray stacked three times, and once through summed weights, give the same features", apart < 1e-3,
             apart=apart)

# %% [markdown] id="a7000027"
# ## When does it pay?
#
# The same network, the same pictures, the same number of steps; only the weights at the start differ. Once for A2 on
# VGG16 (the picture enlarged to 64×64, as VGG16 wants larger ones), once for our small encoder. Three seeds each, read
# from the records. (`python -m colorlib train --missing --profile transfer-2000` trains those of 2,000 pictures.)

# %% id="a7000028"
left = defaultdict(lambda: defaultdict(list))
for r in records.read():
    if r["profile"].startswith("transfer-") and r["data"] == "cifar10":
        left[r["recipe"]][int(r["profile"].split("-")[1])].append(r["metrics"]["unexplained"])

def curve(name):
    """Mean over seeds at each number of pictures; not a number where nothing was trained."""
    return [statistics.mean(left[name][n]) if left[name][n] else float("nan") for n in recipes.TRANSFER_IMAGES]

lesson.table(["unexplained", *(f"{n:,} pictures" for n in recipes.TRANSFER_IMAGES)],
             [[f"{row.code}: {row.title}", *curve(name)] for name, row in recipes.TRANSFER.items()])

# %% id="a7000029"
for start, alt in (("small", "ALT"), ("vgg", "ALT")):
    axis = figures.lines({row.title: curve(name) for name, row in recipes.TRANSFER.items() if name.startswith(start)},
                         x=recipes.TRANSFER_IMAGES, xlabel="pictures", ylabel="unexplained")
    axis.set_xscale("log")
    figures.show(axis, alt=alt)

# %% id="a7000030" tags=["nbval-check-output"]
lesson.claim("at 2,000 pictures A2 leaves less from ImageNet's weights than from random ones, with every seed",
             all(a < b for a, b in zip(left["vgg-imagenet"][2000], left["vgg-random"][2000], strict=True)),
             imagenet=max(left["vgg-imagenet"][2000]), random=min(left["vgg-random"][2000]))

# %% [markdown] id="a7000031"
# TODO frozen against tuned; the gap with more pictures.
#
# ## Tuned on gray pictures first
#
# A proposes one more step (A6): the classifier learned from color pictures, so let it learn a little more, from gray
# ones, before it becomes an encoder. The judge of notebooks 05 and 06 is such a classifier. Sum its first weights, and
# see how well it names gray pictures; then tune it.

# %% id="a7000043"
if lesson.data == "cifar10":
    in_color = Judge.load(lesson.checkpoint("judge-cifar10"), lesson.device)
else:
    in_color = Judge.trained(used, epochs=3, seed=SEED, width=8)
tuning = used.take(min(len(used), lesson.n.tuning), SEED).to(lesson.device)
tuned = Judge.trained(tuning, epochs=1, seed=SEED, gray=True, start=in_color)
before = Judge(in_color.net.for_gray(), in_color.classes)
named = {"before": before, "tuned": tuned, "gray from the start": knows}
named = {name: judge.accuracy(left_out.pixels, left_out.labels) for name, judge in named.items()}
lesson.table(["gray pictures named rightly by", "share"], [[name, f"{share:.0%}"] for name, share in named.items()])

# %% [markdown] id="a7000044"
# (The color classifier has learned from all training images, these included; the comparison with the last row is not
# fair to the last row.) TODO: claim; and what it changes for the colorizer: rows small-color and small-gray.
#
# ## P's last system, in small
#
# P's third system: a trained encoder, a decoder, a PatchGAN. ResNet-50 is too large for two cores, and its weights too
# large for this repository; `perez-resnet50-patchgan` and `resnet18-patchgan` train it where there is a GPU and a network.
# Here is the scheme with our small encoder, one pass, as the games of notebook 06.

# %% id="a7000032"
recipe = RECIPES["small-resnet-patchgan"]
if lesson.data == "cifar10":
    colorizer, step = recipe.build(SEED, train), recipe.step_for(SEED)
else:
    colorizer, step = replace(recipe, start="").build(SEED, train), recipe.step_for(SEED)
history = fit(colorizer, train, step, recipe.course.but(epochs=lesson.n.epochs), seed=SEED, device=lesson.device,
              progress=False)

# %% [markdown] id="a7000033"
# TODO: the game's end beside notebook 06's P2, from records; pictures.
#
# ## The worst of it
#
# P shows failures: colors that bleed over edges, things that were not recognized, pictures left gray. Find them, by
# numbers, among the test pictures.

# %% id="a7000034"
short = lesson.profile in ("smoke", "quick")
best = Colorizer.load(lesson.checkpoint("small-resnet-patchgan"), lesson.device) if short else colorizer
some = test[:lesson.n.judged].to(lesson.device)
lab = color.rgb_to_lab(some.rgb())                                           # N 3 H W
L, true = lab[:, :1], lab[:, 1:]
said = best.predict(L)                                                       # N 2 H W

def slope(t):
    """The absolute differences to the right and downward neighbor: N C H W -> N H-1 W-1."""
    right, down = t[..., :-1, 1:] - t[..., :-1, :-1], t[..., 1:, :-1] - t[..., :-1, :-1]
    return (right.square() + down.square()).sum(1).sqrt()

# %% id="a7000035"
worst = {
    "far off": metrics.ab_distance(said, true).mean((1, 2)),
    "left gray": true.norm(dim=1).mean((1, 2)) - said.norm(dim=1).mean((1, 2)),
    "bleeding": (slope(true) * (slope(L) > 10) - slope(said) * (slope(L) > 10)).mean((1, 2))}
for name, score in worst.items():
    which = score.topk(8).indices.cpu()
    pictures = {"painted": color.lab_to_rgb(torch.cat([L, said], dim=1))[which], "truth": some.rgb()[which]}
    figures.show(figures.images(pictures), alt="ALT")

# %% [markdown] id="a7000036"
# TODO what is seen.
#
# ## All systems of the course

# %% id="a7000037"
known = [r for r in records.read() if (r["data"], r["profile"]) == ("cifar10", "lesson")]
figures.show(figures.points(records.plane(known), xlabel="chroma ratio", ylabel="unexplained"), alt="ALT")

# %% [markdown] id="a7000038"
# ## Your own photograph
#
# Any size: the picture is padded to what a network needs and cut back; on large ones the color is found small, and
# lightness stays as it is. First photographs that scikit-image and scikit-learn bring, by every colorizer of the course
# whose weights are here.

# %% id="a7000039"
def at_hand(name):
    """A checkpoint of the course; None where it needs weights of ImageNet that are not here."""
    try:
        return Colorizer.load(lesson.checkpoint(name), lesson.device)
    except datasets.DataUnavailable as error:
        print(f"{name}: {error}")

everyone = {name: found for name in colorizers(lesson.checkpoint("koo-baseline").parent) if (found := at_hand(name))}

# %% id="a7000053"
some = datasets.photos("test", size=160, n=4, seed=SEED).pixels
rows = [photograph.colored(picture, everyone) for picture in some]
figures.show(figures.images({name: torch.stack([row[name] for row in rows]) for name in rows[0]}), alt="ALT")

# %% [markdown] id="a7000054"
# Now yours. The button takes a file; who prefers a path writes `photograph.colored("my.jpg", everyone)`. What comes out is
# kept in `yours.png`, and `python -m colorlib colorize my.jpg --model nazeri-unet` writes one at its full size.

# %% id="a7000055"
photograph.panel(everyone, "yours.png")

# %% [markdown] id="a7000040"
# ## Exercises
#
# Each has a checker that says what is right so far. The solutions are in `solutions/07_transfer_learning.py`.
#
# ### 07.1
#
# Write the hypercolumns of a few tensors. *Hint: which of them has the size of the picture?*

# %% id="a7000045"
def columns_of(seen):                               # [(N, C, h, w), ...], the first the largest -> (N, sum of C, H, W)
    ...

exercises.check_07_1(columns_of)

# %% [markdown] id="a7000046"
# ### 07.2
#
# Write the weights of a first convolution for one gray channel, which answers as the three-channel one does for three
# equal channels, each divided by its own deviation. *Hint: a convolution is a sum over its channels.*

# %% id="a7000047"
def summed_weights(weight, std):                    # (C, 3, k, k), (3,) -> (C, 1, k, k)
    ...

exercises.check_07_2(summed_weights)

# %% [markdown] id="a7000048"
# ### 07.3
#
# Write the share of the k nearest others that are of the same kind, by the angle between descriptions. *Hint: who is
# always the nearest?*

# %% id="a7000049"
def same_kind(described, labels, k):                # (N, F), (N,), a number -> a share
    ...

exercises.check_07_3(same_kind)

# %% [markdown] id="a7000050"
# ### 07.4
#
# Freeze a network, whole. *Hint: weights are not all that a network keeps.*

# %% id="a7000051"
def freeze(net):                                    # an nn.Module; it is changed in place
    ...

exercises.check_07_4(freeze)

# %% [markdown] id="a7000052"
# ## What we saw
#
# The table is made from this run.

# %% id="a7000041"
lesson.finish()

# %% [markdown] id="a7000042"
# **What the sources said.** TODO
#
# **References.** K. Simonyan, A. Zisserman, *Very deep convolutional networks*, 2014. B. Hariharan et al.,
# *Hypercolumns*, 2015. R. Dahl, *Automatic colorization*, 2016 (A). K. He et al., *Deep residual learning*, 2016.
# M. Pérez García, 2020 (P3). D: Dorscheidt et al. 2016 (D5).
