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
# - build a pixel's hypercolumn, say what it costs in memory, and how a residual encoder needs less;
# - say when a start from trained weights pays, and when it does not, by a curve over the number of images;
# - put a trained encoder in front of a colorizer, with the pitfalls: gray input, normalization, statistics that move;
# - find a colorizer's worst pictures, and say what went wrong in them.
#
# Grass is green and the sky is blue, but the network of notebook 03 has to find out from colors alone what grass is.
# There are networks that know already: they were trained to *name* what is in a picture. Three of the course's sources
# put one in front of their colorizer: A (Dahl's web article), D (the Delft paper) and P (Pérez García's thesis). What
# does that bring?

# %% id="00da4df3" tags=["bootstrap"]
# the bootstrap cell of the other notebooks

# %% id="8fc07af7" tags=["parameters"]
PROFILE = "quick"
SEED = 0
DEVICE = "auto"
DATA = "auto"

# %% id="a7000002"
import copy
import math
import statistics
from dataclasses import replace

import torch
import torch.nn.functional as F
from torchvision.transforms.functional import gaussian_blur

# %% id="a7000003"
from colorlib import color, datasets, exercises, figures, measure, metrics, models, photograph, recipes, records
from colorlib.colorizer import Colorizer, colorizers
from colorlib.judge import Judge
from colorlib.lesson import Lesson
from colorlib.losses import blurred_distances
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
# A and D start from it. Its file takes half a gigabyte, and not everyone can fetch that. So what needs it here is read
# from the course's records: the stored numbers of trainings that are done. The other one is **ours**:
# a small residual network (its blocks add their input to their output). It learned to name *gray* pictures of CIFAR-10,
# nine tenths of the training images; the other tenth is what it is asked about below. Its weights lie in
# `data/checkpoints`. With generated fruits, one is trained here.
#
# Neither was ever asked for a color. VGG16 looked at colored pictures, ours at gray ones. Both were told names.
#
# The part taken from such a classifier is called the **encoder**; what turns its answers into colors, the **decoder**.
# A *frozen* encoder keeps its weights while the decoder learns; a *tuned* one learns with it.

# %% id="a7000006"
on_cifar = lesson.data == "cifar10"
named = train if train.labels is not None else datasets.fruits("train", 500).to(lesson.device)      # a folder has none
whole = datasets.load("cifar10", "train") if on_cifar else named
used, left_out = whole.split(0.9, seed=0)                                    # as `colorlib train encoder` splits them
knows = (Judge.load(lesson.checkpoint("encoder-cifar10"), lesson.device) if on_cifar
         else Judge.trained(used, epochs=3, seed=SEED, gray=True))
learned_from = {"color": len(whole) if on_cifar else len(used), "gray": len(used)}
left_out = left_out.take(min(len(left_out), lesson.n.neighbors), SEED).to(lesson.device)     # never seen by it
tuning = used.take(min(len(used), lesson.n.tuning), SEED).to(lesson.device)  # for later; the rest is not needed again
used = None if on_cifar else used
del whole
print(f"{knows.accuracy(left_out.pixels, left_out.labels):.0%} of {len(left_out)} gray pictures named rightly")

# %% [markdown] id="a7000007"
# ## What its depths see
#
# A network of convolutions answers at each place, with many numbers (*channels*). Take a picture, and of each depth the
# channels that answer it most strongly. Our network has three depths, its *blocks*.

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
figures.show(figures.images({"picture": gray[:1] / 100} | rows),
             alt="A small gray picture of an airplane, and from three depths the seven channels that answer it most: "
                 "in block 1 its edges and stripes, sharp; in block 2 coarse patches; in block 3 a few bright cells "
                 "where the airplane is.")

# %% [markdown] id="a7000010"
# The first block keeps the picture's edges, everywhere. The last one can only be coarse: its answers lie four pixels
# apart.
#
# ## Nearest neighbors
#
# Which other pictures look alike to the network? Take the mean answer of each channel as a description of a picture,
# and subtract the mean of all descriptions. Then compare two by the angle between them: divide each by its length,
# multiply number by number, and add up. This is the *cosine*: 1 where both point the same way, 0 where they have
# nothing in common. The five others with the largest are a picture's nearest.
#
# Four yardsticks stand beside it: the gray pixels themselves; the last block of a network that has learned nothing;
# the name alone, that is five drawn from the same kind; and chance, five drawn from all.

# %% id="a7000011"
torch.manual_seed(SEED)
nobody = Judge(models.SmallResNet(1, len(knows.classes)).to(lesson.device), knows.classes)
views = {"pixels": gray.flatten(1), "block 3, untrained": nobody.features(left_out.pixels).to(lesson.device)}
views |= {f"block {i}": seen.mean((2, 3)) for i, seen in enumerate(depths, 1)}
kind = F.one_hot(left_out.labels).float()
views["the name alone"] = kind + 1e-3 * torch.rand_like(kind)                # the noise picks five of the kind
near = {name: metrics.nearest(described, k=5) for name, described in views.items()}     # N 5: indices

# %% id="a7000012"
tints = color.rgb_to_lab(left_out.rgb())[:, 1:].mean((2, 3))                 # N 2: each picture's mean color

def of_neighbors(near):
    """How many neighbors are of the same kind; how far their mean color is from the picture's, Lab units."""
    same = (left_out.labels[near] == left_out.labels[:, None]).float().mean().item()
    return same, (tints[near].mean(1) - tints).norm(dim=1).mean().item()

told = {name: of_neighbors(indices) for name, indices in near.items()}
told["chance"] = of_neighbors(torch.randint(len(left_out), (len(left_out), 5)))
lesson.table(["the five nearest, by", "of the same kind", "distance of their mean color from its own, Lab units"],
             [[name, *values] for name, values in told.items()])

# %% id="a7000013"
some = torch.arange(6)
figures.show(figures.images({"picture": left_out.pixels[some]} | {
    f"{name}, nearest": left_out.pixels[near[name][some, 0].cpu()] for name in ("pixels", "block 3")}),
             alt="Six pictures, below each its nearest by gray pixels, then by block 3. By pixels an airplane gets a "
                 "frog, three dogs a cat, a frog and a cat, a deer a truck. By block 3 the airplane gets a car, the "
                 "dogs get dogs, the ship a ship, the deer a horse.")

# %% id="a7000014" tags=["nbval-check-output"]
lesson.claim("neighbors by the last block are of the same kind more often than those by pixels",
             told["block 3"][0] > told["pixels"][0], profiles=("quick", "lesson", "full"), data=("cifar10",),
             pixels=told["pixels"][0], last=told["block 3"][0])

# %% [markdown] id="a7000015"
# That pictures of one kind lie together is no surprise: it was trained to name kinds. But are the colors of its
# neighbors nearer, too? That is all a colorizer wants, and the encoder has never seen a color. Things of one kind have
# colors in common; so much a name can tell. Does the last block tell more than the name?

# %% id="a7000056" tags=["nbval-check-output"]
far = {name: distance for name, (_, distance) in told.items()}
lesson.claim("neighbors by each block are nearer in color than those by pixels or by an untrained network; by the last "
             "block nearest, and nearer than five drawn from the same kind",
             far["block 3"] < min(far["block 1"], far["block 2"], far["the name alone"])
             and max(far["block 1"], far["block 2"]) < min(far["pixels"], far["block 3, untrained"]),
             profiles=("lesson", "full"), data=("cifar10",),
             **{name.replace(" ", "_").replace(",", ""): distance for name, distance in far.items()})

# %% id="a7000105" tags=["nbval-check-output"]
lesson.claim("more than half of what the last block gains over the pixels is there in block 1",
             far["pixels"] - far["block 1"] > 0.5 * (far["pixels"] - far["block 3"]), profiles=("lesson", "full"),
             data=("cifar10",), first=far["pixels"] - far["block 1"], last=far["pixels"] - far["block 3"])

# %% [markdown] id="a7000057"
# Yes, a little: by the last block the five are nearer in color than five drawn from the same kind. But most of the gain
# over the pixels is there in block 1, which tells kinds apart far less. Texture and edges say something of color, too;
# to know the kind adds to it. (What is said below a table speaks of the profile `lesson`. `quick` has too few pictures
# to tell, and may show the opposite.)
#
# ## A hypercolumn
#
# The last block knows *what*, but only coarsely *where*. A (after Hariharan et al. 2015) takes several depths at once:
# the picture itself, and the answers before each of VGG16's first four pools. Enlarge each to the picture's size and
# stack them. The column above a pixel then holds what the network sees there, from the pixel itself to parts of things.
#
# Pick one apart. Mark a pixel in the middle of a picture, and ask at each depth which other pixels have numbers like
# it.

# %% id="a7000058"
def alike(seen, y=16, x=16):
    """How much the numbers above each pixel are like those above (y, x): the cosine, N C h w -> N 1 32 32, 0...1."""
    large = F.interpolate(seen, size=32, mode="bilinear")
    unit = F.normalize(large - large.mean((2, 3), keepdim=True), dim=1)
    return (unit * unit[..., y, x, None, None]).sum(1, keepdim=True).clamp(0, 1)

marked = gray[:8].expand(-1, 3, -1, -1) / 100
marked[..., 15:18, 15:18] = torch.tensor([1.0, 0, 0]).to(gray).view(3, 1, 1)
maps = {f"like it in block {i}": alike(seen[:8]) for i, seen in enumerate(depths, 1)}
figures.show(figures.images({"the pixel": marked} | maps),
             alt="Eight gray pictures, each with a red mark in the middle. Below, bright where a pixel has numbers "
                 "like the marked one: in block 1 specks all over, in block 2 scattered patches, in block 3 one blob "
                 "around the middle, about where the thing is.")

# %% [markdown] id="a7000059"
# Near the surface, what is alike is gray in the same way, edge or plain. Deeper, it is a part of the same thing, or
# lies beside the pixel: what is enlarged from cells of four pixels is like its neighbors in any case. So look in
# *other* pictures. Take the pixel in the middle of each, and find the five middle pixels that are most like it, by the
# gray of 5×5 pixels around it, by each block, by the whole column. Are they of its color?

# %% id="a7000078"
def middle(seen):
    """The numbers above the middle pixel: N C h w -> N C."""
    return seen[..., seen.shape[2] // 2, seen.shape[3] // 2]

above = {"the gray around it": gray[..., 14:19, 14:19].flatten(1)}
above |= {f"block {i}": middle(seen) for i, seen in enumerate(depths, 1)}
above["the column"] = torch.cat([F.normalize(middle(seen), dim=1) for seen in depths], dim=1)
its = middle(color.rgb_to_lab(left_out.rgb())[:, 1:])                        # N 2: the middle pixel's color
apart = {name: (its[metrics.nearest(numbers, k=5)].mean(1) - its).norm(dim=1).mean().item()
         for name, numbers in above.items()}
apart["chance"] = (its[torch.randint(len(its), (len(its), 5))].mean(1) - its).norm(dim=1).mean().item()
lesson.table(["the five middle pixels most alike, by", "distance of their mean color from its own, Lab units"],
             apart.items())

# %% id="a7000090" tags=["nbval-check-output"]
ours = [apart["block 3"], apart["the column"]]
lesson.claim("middle pixels alike by the last block, or by the column, are nearer in color than those alike by the "
             "gray around them, but not a tenth nearer than chance",
             0.9 * apart["chance"] < min(ours) and max(ours) < apart["the gray around it"],
             profiles=("lesson", "full"), data=("cifar10",), last=apart["block 3"], gray=apart["the gray around it"],
             column=apart["the column"], chance=apart["chance"])

# %% [markdown] id="a7000079"
# So by itself a column says little of one pixel's color. But A's network *learns* which of its numbers to use, and
# where: the thing for the color, the edge for where the color ends.
#
# A's encoder is VGG16. How long are its columns, where do their numbers come from, and how much of the picture does
# each depth see?

# %% id="a7000019"
a1 = models.Hypercolumns(weights="none").eval()
with torch.no_grad():
    column = a1.columns(gray[:1].cpu() / 50 - 1)[0, :, 16, 16]               # the numbers above one pixel
rows = [["the picture", 3, 1]] + [[f"before pool {i}", width, models.receptive_field(a1.encoder.features[:at + 1])]
        for i, (at, width) in enumerate(zip(models.vgg.CUTS, models.vgg.WIDTHS, strict=True), 1)]
lesson.table(["VGG16", "channels", "one answer sees, pixels a side"], rows)

# %% id="a7000060" tags=["nbval-check-output"]
weights = sum(p.numel() for p in a1.encoder.parameters())
lesson.claim("a hypercolumn of VGG16 has 963 numbers, as A says; its deepest see 92 pixels a side; what A takes of "
             "VGG16 has 7.6 million weights",
             len(column) == 963 and rows[-1][2] == 92 and round(weights / 1e6, 1) == 7.6,
             numbers=len(column), pixels=rows[-1][2], weights=weights)

# %% [markdown] id="a7000020"
# A's pictures have 224 pixels a side: the deepest tensor sees parts, not the whole.
#
# ## A way up that costs less
#
# To find the gradients, what was computed on the way forward must be kept for the way back. For A's network on
# hypercolumns, call it A1, that is 963 numbers at *every* pixel, and what is made of them. With 224 pixels a side and
# four bytes a number, the columns of one picture alone take 193 MB. A could train with only one picture at a time on a
# card of 2 GB. It takes time, too: A1's first convolution, 3×3, works on all 963 at full size.
#
# So A built the **residual encoder**, A2. Start with the deepest tensor. With a 1×1 convolution reduce its channels to
# as many as the next higher tensor has; enlarge it to that one's size; *add* that one; 3×3 convolution. Then on to the
# next, up to the picture. (D, describing A, says that the tensors are concatenated. A adds.) Channels are reduced
# before the size grows, so at full size no tensor has more than 64. Written out:

# %% id="a7000106"
a2 = models.ResidualEncoder(weights="none").eval()
a2.encoder = a1.encoder                                                      # both on one VGG16: random here, frozen
torch.nn.init.normal_(a2.last.weight, std=0.1)                               # it starts at zero: all gray

def way_up(net, x):
    """A2 by its parts: N 1 H W -> N 2 H W."""
    *higher, x = [norm(t) for norm, t in zip(net.norm, net.encoder(x), strict=True)]       # x: N 512 H/8 W/8
    for narrow, join, below in zip(net.narrow, net.join, reversed(higher), strict=True):
        x = F.interpolate(narrow(x), size=below.shape[-2:], mode="bilinear")
        x = join(x + below)
    return net.last(x).sigmoid()                                             # U and V, as 0...1

# %% id="a7000107" tags=["nbval-check-output"]
with torch.no_grad():
    written, called = way_up(a2, gray[:2].cpu() / 50 - 1), a2(gray[:2].cpu() / 50 - 1)
differ = ((written - called).norm() / called.norm()).item()
lesson.claim("A2 by its parts gives what the library's network gives", differ < 1e-5 and called.std() > 0,
             differ=differ)

# %% [markdown] id="a7000108"
# (The batch norm on each of VGG16's tensors is the course's: they differ in scale by orders of magnitude.)
#
# A reports six pictures on the card where it had been one. Measure both at equal pictures, on the processor: what is
# *kept* for the way back, and the seconds of a step. In `lesson` also the *peak* of all that a process with one step
# holds. (A dash: not measured in this profile.)

# %% id="a7000021"
SETUP = """
import torch
from colorlib import models
torch.manual_seed(0)
net = models.{name}(weights="none").train()
x = 2 * torch.rand({batch}, 1, {side}, {side}) - 1
"""

def peak(name):
    """MB of one forward and one backward pass, in a process of its own."""
    return measure.peak_memory(SETUP.format(name=name, batch=lesson.n.a_batch, side=lesson.n.a_side),
                               "net(x).square().mean().backward()")

# %% id="a7000022"
both = {"A1": "Hypercolumns", "A2": "ResidualEncoder"}
megabytes = {code: peak(name) for code, name in both.items()} if lesson.profile in ("lesson", "full") else {}
nets = {"A1": a1.train(), "A2": a2.train()}
x = 2 * torch.rand(lesson.n.a_batch, 1, lesson.n.a_side, lesson.n.a_side) - 1
kept = {code: measure.kept(net, x[:1]) for code, net in nets.items()}
seconds = measure.interleaved(*(lambda net=net: net(x).square().mean().backward() for net in nets.values()), pairs=5)
lesson.table([f"{len(x)} pictures of {lesson.n.a_side} pixels", "kept of each, MB", "peak, MB", "seconds a step"],
             [[code, kept[code], megabytes.get(code), statistics.median(times)]
              for code, times in zip(both, seconds, strict=True)])
del nets, a1, a2                                                             # no longer needed

# %% id="a7000023" tags=["nbval-check-output"]
lesson.claim("with as many pictures, A2's peak memory is at most half of A1's",
             bool(megabytes) and megabytes["A2"] <= 0.5 * megabytes["A1"], profiles=("lesson", "full"), **megabytes)

# %% id="a7000104" tags=["nbval-check-output"]
lesson.claim("of a picture A2 keeps at most half as much for the way back as A1",
             kept["A2"] <= 0.5 * kept["A1"], **kept)

# %% id="a7000080" tags=["nbval-check-output"]
lesson.claim("with as many pictures, a step of A1 takes at least three times as long as one of A2",
             measure.ratio(*seconds) >= 3, profiles=("lesson", "full"), ratio=measure.ratio(*seconds))

# %% [markdown] id="a7000024"
# And what does one learn in the same time? Both learn by A's loss (A3): the mean of three squared distances of U and V,
# one plain and two after a blur over 3 and over 5 pixels. A found that models converge faster with the blurred ones.
# Written out:

# %% id="a7000109"
def loss_of_a(answer, target):
    """A3: N 2 H W twice -> a number."""
    off = answer - target                            # to blur both and subtract is to subtract and blur
    return sum(t.square().sum(1).mean() for t in (off, gaussian_blur(off, 3), gaussian_blur(off, 5))) / 3

# %% id="a7000110" tags=["nbval-check-output"]
one, other = torch.rand(2, 8, 2, 32, 32)
ours, theirs = loss_of_a(one, other).item(), blurred_distances(one, other).item()
lesson.claim("A3 written out is the library's", math.isclose(ours, theirs, rel_tol=1e-5), ours=ours, library=theirs)

# %% [markdown] id="a7000111"
# A1 and A2 are trained for about the same minutes, on VGG16 with ImageNet's weights, frozen, and see every picture once
# (CIFAR-10, enlarged to 64×64). In that time A2 can see several times as many. Two more rows: A2 on as many pictures as
# A1, and A2 by the plain distance. (The numbers are those of notebook 03. *Unexplained*: the squared error over that of
# one color for all, so that 1 is no better than that. *Chroma ratio*: at 1, as colorful as the truth. *ab error*: the
# mean distance to the true color. *AuC*, further below: how many pixels are near, for all meanings of near; high is
# good; *balanced*, so that rare colors count as much as gray.) From the records, one seed each:

# %% id="a7000061"
def of(profile, data="cifar10"):
    """The course's records of a profile: name -> those of its seeds, in their order."""
    found = {}
    for r in records.read():
        if (r["profile"], r["data"]) == (profile, data):
            found.setdefault(r["recipe"], []).append(r)
    return found

def mean(runs, key="unexplained"):
    return statistics.mean(r["metrics"][key] for r in runs)

# %% id="a7000062"
A1, A2, PLAIN, D5 = recipes.SAME_TIME                                        # the names, with the pictures they see
at = of("same-time")
same = {"A1": at[A1], "A2, the same time": at[A2], "A2, the same pictures": of("same-pictures")[A2],
        "A2, the same time, plain distance": at[PLAIN]}
seen = dict(zip(same, (recipes.SAME_TIME[name] for name in (A1, A2, A1, PLAIN)), strict=True))
keys = {"unexplained": "unexplained", "chroma ratio": "chroma_ratio", "ab error": "ab_error"}
lesson.table(["", "pictures seen", "minutes", *keys], [
    [name, seen[name], statistics.mean(r["minutes"] for r in runs), *(mean(runs, k) for k in keys.values())]
    for name, runs in same.items()])

# %% id="a7000063" tags=["nbval-check-output"]
minutes = {name: statistics.mean(r["minutes"] for r in runs) for name, runs in same.items()}
lesson.claim("trained for the same time, within a third, A2 leaves less unexplained than A1, with one seed",
             0.75 < minutes["A1"] / minutes["A2, the same time"] < 1.33
             and mean(same["A1"]) > mean(same["A2, the same time"]), A1=mean(same["A1"]),
             A2=mean(same["A2, the same time"]), minutes=minutes["A1"] / minutes["A2, the same time"])

# %% id="a7000095" tags=["nbval-check-output"]
error = [mean(same[name], "ab_error") for name in ("A1", "A2, the same pictures", "A2, the same time")]
lesson.claim("on as many pictures A1 leaves less unexplained than A2; A2's ab error is smaller, on as many pictures "
             "and in as much time (one seed)",
             mean(same["A2, the same pictures"]) > mean(same["A1"]) and error[0] == max(error),
             A1=mean(same["A1"]), A2=mean(same["A2, the same pictures"]), ab_error_A1=error[0],
             ab_error_A2_same_pictures=error[1], ab_error_A2_same_time=error[2])

# %% id="a7000122" tags=["nbval-check-output"]
plain = same["A2, the same time, plain distance"]
lesson.claim("by the plain distance A2 gets as far in as many pictures as by A3, within a hundredth (one seed)",
             abs(mean(plain) / mean(same["A2, the same time"]) - 1) < 0.01, plain=mean(plain),
             A3=mean(same["A2, the same time"]))

# %% [markdown] id="a7000064"
# So A2 learns more in a minute. Which of the two learns more from a picture depends on the number that one reads: in
# squared error A1, by the mean distance A2. And the blurred distances, which helped A, bring nothing here, in one pass
# over small pictures.
#
# ## Gray in a network that expects color
#
# VGG16 and ResNet were trained on RGB. A and P give them the gray value three times. One can as well sum the first
# convolution's weights over the colors, once, and give the gray value once: it then answers the same, with a third of
# the weights.
#
# There are two traps. Each color enters as (g - m) / s, with its own mean m and standard deviation s. Behind a weight w
# that is (w/s) g - (w/s) m. So, first, divide each color's weights by its s before you sum them. Second, what is
# subtracted: inside the picture it is one number for each channel; at the border it is not. The convolution pads with
# zeros *after* the normalization, so for pixels outside nothing must be subtracted. Who subtracts the same number
# everywhere gets what a picture in a black frame (g = 0) would give. The library heeds both. The last lines put a
# picture into such a frame, to see what the second mistake would change.

# %% id="a7000025"
stacked, summed = (models.ResNet(18, "none", first).eval() for first in ("stacked", "summed"))
summed.load_state_dict(stacked.state_dict())
x = gray[:2].cpu() / 50 - 1                                                  # 2 1 32 32
with torch.no_grad():
    pairs = list(zip(stacked(x), summed(x), strict=True))
    mean_gray = stacked.conv(((x + 1) / 2 - stacked.mean) / stacked.std)     # 2 64 16 16
    framed = (F.pad((x + 1) / 2, (3, 3, 3, 3)) - stacked.mean) / stacked.std            # black around it
    black = F.conv2d(framed, stacked.conv.weight, stride=2)                  # 2 64 16 16
differ = max(((one - other).abs().max() / one.abs().max()).item() for one, other in pairs)
by_frame = (black - mean_gray).abs().amax((0, 1))                            # 16 16
inside = by_frame[2:-2, 2:-2].max().item()

# %% id="a7000026" tags=["nbval-check-output"]
lesson.claim("gray stacked three times, and once through summed weights, give the same features; a black frame changes "
             "the border, and only that", differ < 1e-3 and inside < 1e-4 < 0.1 < by_frame.max(), differ=differ,
             frame_at_the_border=by_frame.max(), inside=inside)

# %% [markdown] id="a7000081"
# A third trap: weights are not all that a network keeps. In training mode batch norm uses mean and deviation of the
# batch before it, and updates those that it remembers; in evaluation mode it uses the remembered ones. And `train()` of
# a whole colorizer puts its encoder into training mode, too. An encoder whose weights are fixed, but that is left
# there, is not frozen: what it says of a picture depends on the pictures beside it. By how much of its length does a
# picture's description move? (VGG16 has no batch norm. ResNet and our network have.)

# %% id="a7000082"
careless = copy.deepcopy(knows.net).requires_grad_(False).train()

def moved(net):
    """How far the first picture's features move when other pictures stand beside it, as a share of their length."""
    x = gray[:32] / 50 - 1
    with torch.no_grad():
        alone, beside = net.features(x[:4])[0], net.features(x)[0]
    return ((alone - beside).norm() / beside.norm()).item()

# %% id="a7000083" tags=["nbval-check-output"]
lesson.claim("with its weights fixed but in training mode, an encoder's answer moves by more than a tenth of its "
             "length when the other pictures of the batch change", moved(careless) > 0.1 and moved(knows.net) < 1e-3,
             training_mode=moved(careless), frozen=moved(knows.net))

# %% [markdown] id="a7000027"
# ## When does it pay?
#
# First with our small encoder in front of a small decoder. The table below has four rows, three seeds each:
#
# - the gray classifier's weights, frozen;
# - the same, tuned;
# - the weights of a classifier of *color* pictures, its first weights summed, tuned;
# - random weights, tuned.
#
# Compare within a column: network, loss (the squared error), pictures, their order, learning rate and steps are equal
# there; only the start differs, and whether the encoder is frozen. The rate was chosen without trying any of these
# starts. Compare columns with care: with 500, 2,000 and 10,000 pictures a training sees 10,000 in all, so each of the
# 500 twenty times; with 50,000 it sees each once. And both classifiers learned from 45,000 pictures or more of the same
# ten kinds, with names. So "500 pictures" means 500 *in color*. (They are read from the records. Some of these
# trainings ran in float32, some in numbers of 16 bits, as the machine could.)

# %% id="a7000028"
starts = {n: of(f"transfer-{n}") for n in recipes.TRANSFER_IMAGES}           # pictures -> recipe -> records

def curve(name):
    """Unexplained by the number of pictures; not a number where nothing was trained."""
    return [mean(runs[name]) if name in runs else math.nan for runs in starts.values()]

# %% id="a7000077"
rows = {row.title: name for name, row in recipes.TRANSFER.items() if name.startswith("small")}
lesson.table(["unexplained, mean of three seeds", *(f"{n:,} pictures" for n in starts)],
             [[title, *("-" if math.isnan(value) else value for value in curve(name))] for title, name in rows.items()])

# %% id="a7000029"
axis = figures.lines({title: curve(name) for title, name in rows.items()}, x=starts, xlabel="pictures to train on",
                     ylabel="unexplained")
axis.set_xscale("log")
axis.set_xticks(list(starts), [f"{n:,}" for n in starts], minor=False)
figures.show(axis, alt="Unexplained variance against the number of pictures, 500 to 50,000. With 500 the frozen start "
                       "is lowest and the tuned ones are no better than random weights. From 2,000 on the trained "
                       "starts lie close together, clearly below the random one; at 50,000 all are lower.")

# %% id="a7000065"
def less(one, other, n, key="unexplained"):
    """Whether one start leaves less than another, with each of three seeds (of pictures, too); and how much less."""
    a, b = ([r["metrics"][key] for r in starts[n].get(name, [])[:3]] for name in (one, other))
    assert len(a) == len(b) == 3, (one, other, n)
    return all(x < y for x, y in zip(a, b, strict=True)), statistics.mean(b) - statistics.mean(a)

# %% id="a7000066" tags=["nbval-check-output"]
pays = {n: less("small-frozen", "small-random", n) for n in starts}
lesson.claim("the gray classifier's weights, frozen, leave less unexplained than random ones, tuned, at each number of "
             "pictures, with every seed", all(every for every, _ in pays.values()),
             **{f"gap_at_{n}": gap for n, (_, gap) in pays.items()})

# %% id="a7000091" tags=["nbval-check-output"]
tuned_pays = {n: less("small-gray", "small-random", n) for n in starts}
lesson.claim("the gray classifier's weights, tuned, leave less unexplained than random ones with every seed from 2,000 "
             "pictures on; with 500, seen twenty times each, not with every seed",
             not tuned_pays[500][0] and all(every for n, (every, _) in tuned_pays.items() if n > 500),
             **{f"gap_at_{n}": gap for n, (_, gap) in tuned_pays.items()})

# %% id="a7000101" tags=["nbval-check-output"]
fit_500 = {name: [r["metrics"]["loss"] for r in runs] for name, runs in starts[500].items() if "small" in name}
lesson.claim("with 500 pictures both tuned trained starts fit these pictures better than the frozen and the random "
             "start, and leave more unexplained of new ones than the frozen one, with every seed",
             all(max(fit_500["small-gray"][i], fit_500["small-color"][i])
                 < min(fit_500["small-frozen"][i], fit_500["small-random"][i]) for i in range(3))
             and all(less("small-frozen", name, 500)[0] for name in ("small-gray", "small-color")),
             **{name.replace("-", "_"): statistics.mean(loss) for name, loss in fit_500.items()})

# %% id="a7000112" tags=["nbval-check-output"]
tuning_pays = {n: less("small-gray", "small-frozen", n) for n in starts}
lesson.claim("the gray classifier's weights leave less unexplained frozen than tuned with 500 pictures, and tuned than "
             "frozen with 10,000 and 50,000, with every seed; with 2,000 it depends on the seed",
             less("small-frozen", "small-gray", 500)[0] and [every for every, _ in tuning_pays.values()][1:]
             == [False, True, True] and not less("small-frozen", "small-gray", 2_000)[0],
             **{f"tuned_is_ahead_at_{n}_by": gap for n, (_, gap) in tuning_pays.items()})

# %% id="a7000100" tags=["nbval-check-output"]
lesson.claim("the gap between the frozen start and the random one is smaller with 50,000 pictures than with 10,000",
             0 < pays[50_000][1] < pays[10_000][1], with_10000=pays[10_000][1], with_50000=pays[50_000][1])

# %% [markdown] id="a7000067"
# Frozen, the trained start pays at each number. Tuned, it does not with 500. Why? In twenty passes the trained starts,
# tuned, fit these 500 pictures best, and leave more unexplained of new ones than the frozen start: they learn them by
# heart. With 2,000 it depends on the seed whether to tune is better than to freeze; with 10,000 and more it is better,
# by a little. The gain is not largest with the fewest pictures: the gap between the frozen start and the random one is
# about half as large with 500 and with 50,000 as between. At 50,000 each training sees five times as many pictures, so
# all rows are lower. (The color classifier was not tried there.)
#
# Now A's network with A's weights: VGG16 on a million photographs of ImageNet, the picture enlarged to 64×64. One
# training takes several times as long, so it was done for one number of pictures: 2,000, each seen five times.

# %% id="a7000068"
lesson.table(["A2 on 2,000 pictures", *(f"unexplained, seed {i}" for i in range(3)), "chroma ratio, mean"], [
    [recipes.TRANSFER[name].title, *(r["metrics"]["unexplained"] for r in starts[2_000][name]),
     mean(starts[2_000][name], "chroma_ratio")] for name in ("vgg-imagenet", "vgg-tuned", "vgg-random")])

# %% id="a7000030" tags=["nbval-check-output"]
pairs = {f"{start}_{key}": less(start, "vgg-random", 2000, key)
         for start in ("vgg-tuned", "vgg-imagenet") for key in ("unexplained", "ab_error")}
lesson.claim("at 2,000 pictures A2 leaves less unexplained, and has a smaller ab error, from ImageNet's weights than "
             "from random ones, tuned as these are, or frozen, with every seed",
             all(every for every, _ in pairs.values()),
             **{name.replace("-", "_"): gap for name, (_, gap) in pairs.items()})

# %% [markdown] id="a7000031"
# CIFAR-10's pictures have 32 pixels a side, and VGG16 never saw such. So once more on photographs: of each the square
# in its middle, at 128 pixels a side; 200 to train on and 100 to judge (of the Berkeley segmentation set, BSDS500),
# twelve passes, one seed. The pictures may be used for teaching but do not lie in the repository; the records do.

# %% id="a7000092"
photos = of("lesson-12-epochs", "folder-photos-128px")
keys = {"unexplained": "unexplained", "chroma ratio": "chroma_ratio", "ab error": "ab_error",
        "AuC, balanced": "auc_balanced"}
lesson.table(["A2 on photographs", *keys], [
    [recipes.TRANSFER[name].title, *(mean(photos[name], key) for key in keys.values())]
    for name in ("vgg-imagenet", "vgg-random")])

# %% id="a7000093" tags=["nbval-check-output"]
far = {name: mean(runs, "ab_error") for name, runs in photos.items()}
lesson.claim("on photographs, too, A2 leaves less unexplained from ImageNet's weights than from random ones, but the "
             "ab errors differ by less than a hundredth (one seed)",
             mean(photos["vgg-imagenet"]) < mean(photos["vgg-random"])
             and abs(far["vgg-imagenet"] / far["vgg-random"] - 1) < 0.01,
             **{name.replace("-", "_"): mean(runs) for name, runs in photos.items()},
             **{f"ab_error_{name}".replace("-", "_"): distance for name, distance in far.items()})

# %% [markdown] id="a7000094"
# By the ab error the two are nearly equal. And they differ in two things, the start and what is tuned, and there is one
# seed. So these 200 photographs say little of what the start brings.
#
# ## Tuned on gray pictures first
#
# A proposes one more step (A6): the classifier learned from color pictures, so let it learn a little more, from gray
# ones, before it becomes an encoder. Notebook 06's judge is a classifier of color pictures. Sum its first weights, and
# see how well it names gray pictures; then tune it. Beside it, tuned on the same pictures in color: is it the gray that
# helps, or the longer training?

# %% id="a7000043"
in_color = (Judge.load(lesson.checkpoint("judge-cifar10"), lesson.device) if on_cifar
            else Judge.trained(used, epochs=3, seed=SEED))
longer, tuned = (Judge.trained(tuning, epochs=1, seed=SEED, batch_size=32, gray=gray_ones, start=in_color)
                 for gray_ones in (False, True))
classifiers = {f"color, {learned_from['color']:,} pictures": Judge(in_color.net.for_gray(), in_color.classes),
               f"the same, then {len(tuning):,} in color": Judge(longer.net.for_gray(), longer.classes),
               f"the same, then {len(tuning):,} in gray": tuned, f"gray, {learned_from['gray']:,} pictures": knows}
exam = test if test.labels is not None and test.classes == knows.classes else left_out       # learned from by none
rightly = {name: judge.accuracy(exam.pixels, exam.labels) for name, judge in classifiers.items()}
lesson.table(["learned from", "gray test pictures named rightly"],
             [[name, f"{share:.1%}"] for name, share in rightly.items()])

# %% [markdown] id="a7000044"
# That is naming. Does it help color? Put each of the four in front of the same decoder, frozen, and train on the same
# few colored pictures.

# %% id="a7000084"
def colored_by(classifier, seed):
    """Unexplained after a short training on few pictures, with a classifier as the encoder."""
    row, few = recipes.TRANSFER["small-frozen"], train.take(min(len(train), lesson.n.a6_images), seed)
    colorizer = replace(row, start="", net=row.net | {"classes": len(classifier.classes)}).build(seed, few)
    colorizer.net.encoder.load_state_dict(classifier.net.state_dict())
    fit(colorizer, few, row.step, row.course.but(epochs=lesson.n.a6_epochs), seed=seed, device=lesson.device,
        progress=False)
    return metrics.evaluate(colorizer, test[:2_000].to(lesson.device), train.ab_mean())["unexplained"]

helps = {name: [colored_by(judge, SEED + i) for i in range(lesson.n.a6_seeds)] for name, judge in classifiers.items()}
lesson.table([f"{lesson.n.a6_images:,} pictures; the encoder learned from",
              *(f"unexplained, seed {SEED + i}" for i in range(lesson.n.a6_seeds))],
             [[name, *values] for name, values in helps.items()])

# %% id="a7000097" tags=["nbval-check-output"]
color_first, in_color_on, then_gray, gray_only = helps.values()              # of each seed
lesson.claim("tuned on gray pictures, in front of the decoder it leaves less unexplained than before, and than tuned "
             "on the same pictures in color, with every seed; what learned from gray only leaves least",
             all(min(a, b) > c > d for a, b, c, d in zip(color_first, in_color_on, then_gray, gray_only, strict=True)),
             profiles=("lesson", "full"), data=("cifar10",), color=statistics.mean(color_first),
             color_longer=statistics.mean(in_color_on), tuned=statistics.mean(then_gray),
             gray=statistics.mean(gray_only))

# %% id="a7000113" tags=["nbval-check-output"]
names = list(rightly.values())                                               # one classifier of each
lesson.claim("tuned on gray pictures it names more gray pictures rightly than before, and than tuned on the same "
             "pictures in color; what learned from gray only names most", max(names[:2]) < names[2] < names[3],
             profiles=("lesson", "full"), data=("cifar10",), color=names[0], color_longer=names[1], tuned=names[2],
             gray=names[3])

# %% [markdown] id="a7000085"
# So A's step helps, a little, and by the gray in it: more names, and a little less left unexplained. To learn from gray
# pictures from the start helps more. (With photographs of ImageNet that start is not to be had; A proposes to tune what
# there is.)
#
# ## D's fifth network
#
# D's fifth network is its classifier with VGG16 in front, frozen (D5). On photographs of fruit, beside D's other four
# (notebook 04), one seed each. D5 has a quarter of the others' learning rate; its 7.6 million frozen weights, and the
# million photographs that they come from, are not counted.

# %% id="a7000069"
delft = {"D1": "delft-compact", "D2": "delft-classifier", "D3": "delft-dilated", "D4": "delft-dilated-concat",
         "D5": "delft-vgg16-classifier"}
fruit = of("lesson-3-epochs", "folder-fruit-96px")
keys = {"unexplained": "unexplained", "chroma ratio": "chroma_ratio", "ab error": "ab_error"}
lesson.table(["photographs of fruit", *keys, "parameters trained"], [
    [f"{code}: {RECIPES[name].title}", *(mean(fruit[name], key) for key in keys.values()), fruit[name][0]["parameters"]]
    for code, name in delft.items()])

# %% id="a7000096" tags=["nbval-check-output"]
chroma = {code: mean(fruit[name], "chroma_ratio") for code, name in delft.items()}
lesson.claim("on photographs of fruit D5 leaves less unexplained than each of D's other four networks, with less color "
             "than D1, D2 and D4 (one seed each)",
             mean(fruit[delft["D5"]]) < min(mean(fruit[name]) for code, name in delft.items() if code != "D5")
             and chroma["D5"] < min(chroma["D1"], chroma["D2"], chroma["D4"]),
             **{code: mean(fruit[name]) for code, name in delft.items()})

# %% [markdown] id="a7000070"
# (D's report ends before its results.)
#
# ## P's last system, in small
#
# P's third system (P3): a trained encoder, a decoder, a PatchGAN. P's ResNet-50 is too large for two cores, and its
# weights too large for this repository; `perez-resnet50-patchgan` and `resnet18-patchgan` train it where there is a GPU
# and internet. Here is the scheme with our small encoder, by the rules of notebook 06's games. The text calls it *P3 in
# small*, the next figure and table "P3, small", and the last table and plot P3*.
#
# Much of it is not P's: the encoder and what it learned, 32 pixels a side, plain labels, and a smaller discriminator.
# Beside the discriminator's word stands the absolute error; P's text names none. The encoder is tuned (P does not say),
# and the decoder takes in the encoder's tensors of the same size, as a U-Net does. P's decoder has no such *skips*. So
# the other form, frozen and without skips, stands in the table below, too.

# %% id="a7000032"
own = RECIPES["small-resnet-patchgan"]
from_knows = own if on_cifar else replace(own, start="", net=own.net | {"classes": len(knows.classes)})
colorizer, step = from_knows.build(SEED, train), own.step_for(SEED)
if not on_cifar:                                                             # an encoder of CIFAR-10 knows no fruit
    colorizer.net.encoder.load_state_dict(knows.net.state_dict())
history = fit(colorizer, train, step, own.course.but(epochs=lesson.n.epochs), seed=SEED, device=lesson.device,
              progress=False)
trained_here = on_cifar and lesson.profile == "lesson"                       # as the course's checkpoints
if trained_here:
    records.finish(colorizer, own.name, own.code, train, test, lesson.profile, SEED, history, step=step,
                   keep=records.waiting() / f"{own.name}.safetensors", folder=records.waiting())

# %% [markdown] id="a7000033"
# What does the encoder bring to the game? Notebook 06's P2 has the same discriminator, the same rules, the same images
# and as many steps; but its generator is another network. (P compared two networks as well: a U-Net from scratch with a
# decoder on a trained ResNet.) The fair neighbor is the same network from random weights; it is in the table. The
# figure shows P2 and P3 in small: in `lesson` the one just trained; elsewhere the course's checkpoint, and what was
# trained here in a row of its own.

# %% id="a7000071"
games = {"P2": "perez-patchgan", "P3, small": own.name}

def final(name):
    """A system of the course: trained here, or its checkpoint."""
    return colorizer if name == own.name and trained_here else Colorizer.load(lesson.checkpoint(name), lesson.device)

def painted(colorizer, rgb):
    """Pictures, N 3 H W, in the colors that a colorizer gives them."""
    L = color.lightness(rgb)
    return color.lab_to_rgb(torch.cat([L, colorizer.predict(L)], dim=1))

# %% id="a7000086"
first = test[:8].to(lesson.device).pixels                                    # N 3 H W
shown = {} if trained_here else {"P3, small, trained just now": painted(colorizer, first)}
shown = {label: painted(final(name), first) for label, name in games.items()} | shown | {"truth": first}
figures.show(figures.images(shown),
             alt="Eight test pictures in the colors of P2, of P3 in small, and in their true ones. Both give sky and "
                 "water some blue and paint animals and ground in browns; what is truly red or bright green is mostly "
                 "not.")

# %% [markdown] id="a7000087"
# In numbers, from the records. (*Judge right*: how often a classifier of true pictures names the colored ones rightly.
# *Fréchet*: how far, in what it sees, they are from true ones as a crowd. Mind that it learned the same ten names as
# our encoder. *Parameters*: those that are trained; a frozen encoder's are not counted.)

# %% id="a7000072"
systems = of("lesson")
for r in records.read(records.waiting()):                                    # what was trained here counts, too
    if (r["data"], r["profile"]) == ("cifar10", "lesson"):
        others = [old for old in systems.get(r["recipe"], []) if old["seed"] != r["seed"]]
        systems[r["recipe"]] = sorted([*others, r], key=lambda r: r["seed"])
keys = {"unexplained": "unexplained", "chroma ratio": "chroma_ratio", "ab error": "ab_error",
        "judge right": "judge_accuracy", "Fréchet": "frechet"}
compared = games | {"the same, random start": "small-random-patchgan",
                    "frozen, without skips": "small-plain-patchgan", "gray": "baseline-gray"}

# %% id="a7000114"
true_ones = systems["baseline-gray"][0]["metrics"]["judge_accuracy_true"]
lesson.table(["mean of the seeds", "seeds", *keys, "parameters"], [
    [label, len(runs := systems[name]), *(mean(runs, key) for key in keys.values()), runs[0]["parameters"]]
    for label, name in compared.items()] + [["truth", None, 0.0, 1.0, 0.0, true_ones, 0.0, None]])

# %% id="a7000099" tags=["nbval-check-output"]
p2, p3, start, as_p = games["P2"], own.name, "small-random-patchgan", "small-plain-patchgan"

def each(name, key):
    """A number of each seed that the course trained: P2 with five, the others with three."""
    return [r["metrics"][key] for r in systems[name] if r["seed"] < (5 if name == p2 else 3)]

better = [a < b for key in ("unexplained", "frechet") for a, b in zip(each(p3, key), each(start, key), strict=True)]
better += [a > b for a, b in zip(each(p3, "judge_accuracy"), each(start, "judge_accuracy"), strict=True)]
lesson.claim("started from the gray classifier, the same network leaves less unexplained than from random weights, "
             "more of its pictures are named rightly, and they are nearer to true ones as a crowd, with each of "
             "three seeds", len(better) == 9 and all(better),
             **{f"{key}_{name.split('-')[1]}": mean(systems[name], key) for name in (p3, start)
                for key in ("unexplained", "judge_accuracy", "frechet")})

# %% id="a7000118" tags=["nbval-check-output"]
nearer = [a < b for key in ("unexplained", "frechet") for a, b in zip(each(p3, key), each(as_p, key), strict=True)]
lesson.claim("tuned and with skips it leaves less unexplained than frozen and without, and is nearer to true pictures "
             "as a crowd, with each of three seeds", len(nearer) == 6 and all(nearer), unexplained=mean(systems[p3]),
             plain=mean(systems[as_p]), frechet=mean(systems[p3], "frechet"),
             frechet_plain=mean(systems[as_p], "frechet"))

# %% id="a7000103" tags=["nbval-check-output"]
named_as = {name: each(name, "judge_accuracy") for name in (p2, p3, start, "baseline-gray")}
(of_gray,) = named_as["baseline-gray"]
lesson.claim("P3 in small paints pictures that are named rightly more often than gray ones, with each seed; P2 and the "
             "random start with none", min(named_as[p3]) > of_gray > max(named_as[p2] + named_as[start]),
             gray=of_gray, P3=min(named_as[p3]), P2=max(named_as[p2]), random=max(named_as[start]))

# %% id="a7000119" tags=["nbval-check-output"]
lesson.claim("each seed of P3 in small is nearer to true pictures as a crowd than each of P2; in error they overlap",
             max(each(p3, "frechet")) < min(each(p2, "frechet"))
             and max(each(p3, "unexplained")) > min(each(p2, "unexplained")),
             frechet=max(each(p3, "frechet")), frechet_P2=min(each(p2, "frechet")),
             unexplained=max(each(p3, "unexplained")), unexplained_P2=min(each(p2, "unexplained")))

# %% id="a7000121" tags=["nbval-check-output"]
lesson.claim("each of these games leaves more unexplained than one color for all, and the random start paints more "
             "color than the trained one (means)", min(mean(systems[name]) for name in (p2, p3, start)) > 1
             and mean(systems[start], "chroma_ratio") > mean(systems[p3], "chroma_ratio"),
             trained=mean(systems[p3], "chroma_ratio"), random=mean(systems[start], "chroma_ratio"))

# %% [markdown] id="a7000073"
# So the start pays here, too, with all 50,000 pictures: in error, in names and in the crowd. Frozen and without skips,
# the error is larger and the crowd farther away, with each seed. Two things differ there, and the table does not say
# which of them matters. P2 is another network: each seed of P3 in small is nearer to the crowd than each of P2, and in
# error they overlap.
#
# Two cautions. All of these games leave more unexplained than one color for all would. And color by itself costs error,
# so not all of the gap to the more colorful random start need be knowledge.
#
# ## The worst of it
#
# P shows failures in pictures with much in them: colors that bleed over edges, things that were not recognized,
# pictures left gray. P blames in part the small data set. What are the worst test pictures of P3 in small? Three
# numbers look for them; things that were not recognized come after these:
#
# - *far off*: the mean distance to the true color;
# - *left gray*: the chroma that is missing;
# - *bleeding*: the chroma of the answer at places where lightness and true color have an edge (more than ten Lab units
#   to the next pixels) and the answer's color has none (less than five); elsewhere nothing; the mean over the picture.

# %% id="a7000034"
judged = test[:lesson.n.judged].to(lesson.device)
truth = color.rgb_to_lab(judged.rgb())                                       # N 3 H W
L, true = truth[:, :1], truth[:, 1:]
said = final(own.name).predict(L)                                            # N 2 H W

def slope(t):
    """The distance to the right and the downward neighbor: N C H W -> N H-1 W-1."""
    right, down = t[..., :-1, 1:] - t[..., :-1, :-1], t[..., 1:, :-1] - t[..., :-1, :-1]
    return (right.square() + down.square()).sum(1).sqrt()

across = (slope(L) > 10) & (slope(true) > 10) & (slope(said) < 5)            # N H-1 W-1

# %% id="a7000035"
worst = {"far off": metrics.ab_distance(said, true).mean((1, 2)),
         "left gray": true.norm(dim=1).mean((1, 2)) - said.norm(dim=1).mean((1, 2)),
         "bleeding": (across * said.norm(dim=1)[:, :-1, :-1]).mean((1, 2))}  # of N pictures each
ALT = {"far off": "Eight test pictures as colored, above the true ones, which have vivid grounds: orange, bright "
                  "green, deep blue. The answers are bluish, violet or gray there.",
       "left gray": "Eight test pictures as colored, pale, above the true ones, which are strongly colored all over.",
       "bleeding": "Eight pictures with much in them, above the true ones. Brown and ocher lie over things and ground "
                   "alike, where the truth has leaves, flowers and fur of their own colors."}
pictures = color.lab_to_rgb(torch.cat([L, said], dim=1))
for name, score in worst.items():
    which = score.topk(min(8, len(score))).indices.cpu()
    figures.show(figures.images({name: pictures[which], "truth": judged.rgb()[which]}), alt=ALT[name])

# %% [markdown] id="a7000074"
# In these pictures what is far off is mostly the ground: a sunset, a wall. What is left gray is much the same; vivid
# ones had to come first, since what is missing is counted. What bleeds has much in it, as P says; but that is in our
# number, too, which adds up over edges.
#
# And things that were not recognized? What the encoder recognizes is asked of the classifier that the game started
# from. The pictures in which it is least sure of the true name:

# %% id="a7000115"
same_kinds = judged.labels is not None and judged.classes == knows.classes
if same_kinds:
    with torch.no_grad():
        sure = knows.net(L / 50 - 1).log_softmax(1).gather(1, judged.labels[:, None].to(L.device))[:, 0]       # N
    which, told_as = (-sure).topk(min(8, len(sure))).indices.cpu(), knows.named(judged.pixels).cpu()
    figures.show(figures.images({"not recognized": pictures[which], "truth": judged.rgb()[which]}),
                 alt="Eight test pictures that are named wrongly, as colored, above the true ones: a dog that stands "
                     "like a horse, a red boat upright on stones, an owl's face. What was vivid, the boat, a "
                     "turquoise wing, yellow eyes, is not; some grounds are too colorful.")
    print(*(f"{judged.classes[judged.labels[i]]} taken for {judged.classes[told_as[i]]}" for i in which), sep=", ")

# %% [markdown] id="a7000116"
# Are they colored worse? A kind may be vivid and hard to name as well. So hold the error against what there was to
# explain: the squared distance of the true colors from one color for all. And beside it P2, which was never told a
# name: only where recognizing helps should P3 in small be further ahead of it.

# %% id="a7000075"
groups, rival = {}, final(games["P2"]).predict(L)
one_color = true.mean((0, 2, 3), keepdim=True)                               # 1 2 1 1

def left(answer, which):
    """The share that an answer leaves unexplained in some of the pictures."""
    return ((answer - true)[which].square().sum() / (true - one_color)[which].square().sum()).item()

if same_kinds:
    known = (told_as == judged.labels.cpu()).to(true.device)                 # N
    for label, which in (("recognized", known), ("not", ~known)):
        there = (true - one_color)[which].square().sum(1).mean().item()
        groups[label] = [int(which.sum()), worst["far off"][which].mean().item(), there, left(said, which),
                         left(rival, which)]

# %% id="a7000117"
lesson.table(["by the encoder", "pictures", "ab error, Lab units", "to explain, its square", "unexplained", "by P2"],
             [[label, *values] for label, values in groups.items()])

# %% id="a7000098" tags=["nbval-check-output"]
known, unknown = (groups.get(label, [0] * 5) for label in ("recognized", "not"))
lesson.claim("what the encoder does not recognize is colored farther from the truth; but there was more to explain, "
             "and held against that it is colored no worse; the lead over P2 is larger there, not smaller (one seed)",
             unknown[1] > known[1] and unknown[2] > known[2] and unknown[3] <= known[3]
             and unknown[4] - unknown[3] > known[4] - known[3], profiles=("lesson", "full"), data=("cifar10",),
             recognized=known[3], unrecognized=unknown[3], recognized_by_P2=known[4], unrecognized_by_P2=unknown[4])

# %% [markdown] id="a7000036"
# So in `lesson`, with enough pictures to tell and one seed of each system, P3 in small is ahead of P2 even where the
# kind of thing is not recognized. Held against what there was to explain, these pictures are the harder ones for P2;
# for P3 in small they are not. (What its encoder, tuned, still recognizes was not asked.)
#
# ## All systems of the course
#
# In one table and one plot, on CIFAR-10, mean over the seeds. (The plot leaves out D6 and D8, variants of D1, and A2 by
# the plain distance.) A star at a code: the system with parts changed; three have the code P3*, and their names tell
# them apart. Most were trained on all 50,000 pictures and measured on 10,000. What needs VGG16 stands at the end of the
# table, trained on fewer, since two cores have no more time for it, and measured on 2,000: do not rank it with the
# others. P3 with ResNet-50 waits for a GPU and internet; A3 is the loss of A1 and A2; P4 is no system but a test, in
# notebook 06. [results/README.md](../results/README.md) has every number.

# %% id="a7000076"
def span(runs, key, form):
    """Mean over the seeds, and the lowest and highest of several."""
    values = [r["metrics"][key] for r in runs]
    several = f" ({min(values):{form}}...{max(values):{form}})" if len(values) > 1 else ""
    return f"{statistics.mean(values):{form}}{several}"

shown_as = {"unexplained": ".3f", "chroma_ratio": ".2f", "ab_error": ".1f", "auc_balanced": ".3f"}

# %% id="a7000102"
table = {name: (runs, 50_000) for name, runs in sorted(systems.items(), key=lambda kv: mean(kv[1]))}
table |= {name: (at[name], n) for name, n in recipes.SAME_TIME.items()}
lesson.table(["code", "system", "trained on", "seeds", *(key.replace("_", " ") for key in shown_as), "minutes"], [
    [runs[0]["code"], name, n if runs[0]["epochs"] else "-", len(runs),
     *(span(runs, key, form) for key, form in shown_as.items()),
     statistics.mean(r["minutes"] for r in runs)] for name, (runs, n) in table.items()])

# %% id="a7000037"
called = {"delft-classifier-rebalanced": "D10", "generator-l1": "L1", "small-resnet-patchgan": "P3*",
          "small-random-patchgan": "P3*, random", "small-plain-patchgan": "P3*, frozen"}
few = {RECIPES[name].code: f" ({n:,})" for name, n in recipes.SAME_TIME.items()}       # pictures, where not all
plotted = [r for runs, _ in table.values() for r in runs                     # without variants of D1 and A2
           if r["code"] not in ("D6", "D8") and r["recipe"] != PLAIN]
plane = {group: {called.get(name, name) + few.get(name, ""): point for name, point in named.items()}
         for group, named in records.plane(plotted).items()}

# %% id="a7000123"
_, axis = figures.new(height=6.5)
axis.set_yscale("log")
figures.points(plane, xlabel="chroma ratio", ylabel="unexplained", ax=axis)
axis.set_yticks(ticks := (0.75, 1.0, 1.5, 2.0, 2.5), ticks)
axis.minorticks_off()
figures.show(axis, alt="The systems, without D6, D8 and A2 by the plain distance, by chroma ratio and unexplained "
                       "variance, the latter on a logarithmic scale. What is trained for the error or for classes lies "
                       "below 1, with a third to two thirds of the color; only D10 lies above 1, with more color than "
                       "the truth. The games lie above 1 and mostly further right, P1 far above; K3 has about as much "
                       "color as N1. The corner of much color and little error is empty.")

# %% id="a7000088" tags=["nbval-check-output"]
learned = [name for name in systems if name not in records.BASELINES]        # on all 50,000 pictures
least = min(learned, key=lambda name: mean(systems[name]))
truest = min(learned, key=lambda name: abs(1 - mean(systems[name], "chroma_ratio")))
lesson.claim("what leaves least unexplained paints less than three quarters of the color; what paints the truest "
             "amount leaves more than one color for all would",
             mean(systems[least], "chroma_ratio") < 0.75 and mean(systems[truest]) > 1,
             least=mean(systems[least]), its_chroma=mean(systems[least], "chroma_ratio"),
             truest=mean(systems[truest], "chroma_ratio"), leaves=mean(systems[truest]))

# %% [markdown] id="a7000038"
# Read the table by one column and one system wins; read it by another, and another does. Squared error finds the least
# squared error, and pale pictures (N1). Classes say what might be, and rebalanced they paint it (D10). A discriminator
# brings color back, at the price of error, as long as an absolute error holds it (P2, N2; P1 has none). A trained start
# makes the same network better; on very few pictures freeze it. None of them is at once colorful and right.
#
# ## Your own photograph
#
# Any size: the picture is padded to what a network needs and cut back; on large ones the color is found on a small
# copy, and lightness stays as it is. First six parts of photographs that come with scikit-image and scikit-learn, by
# ten colorizers of the course.

# %% id="a7000039"
def at_hand(name):
    """A checkpoint of the course; None where it needs weights of ImageNet that are not here: half a gigabyte."""
    try:
        return Colorizer.load(lesson.checkpoint(name), lesson.device, fetch=False)
    except datasets.DataUnavailable as error:
        print(f"{name}: {error}")

names = colorizers(lesson.checkpoint("koo-baseline").parent)
everyone = {name: found for name in names if (found := at_hand(name))}
if trained_here:
    everyone[own.name] = colorizer

# %% id="a7000053"
FEW = ("koo-baseline", "nazeri-unet", "delft-classifier", "delft-classifier-rebalanced", "koo-gan", "nazeri-gan",
       "perez-sigmoid-gan", "perez-patchgan", "small-resnet-patchgan", "dahl-residual-encoder")
some = datasets.photos("test", size=160, n=6, seed=SEED).pixels
few = {f"{RECIPES[name].code}: {name}": everyone[name] for name in FEW if name in everyone}
rows = [photograph.colored(picture, few) | {"yours": picture} for picture in some]
shown = {name: torch.stack([row[name] for row in rows]) for name in rows[0]}
figures.show(figures.images({"truth": shown.pop("yours")} | shown),
             alt="Six parts of photographs, a cat, a tower, a flower, in twelve rows: true, gray, and by ten systems, "
                 "the last of them P3 in small and A2. K1, N1, D2 and A2 are pale, D10 is vivid, K3 and P1 are nearly "
                 "gray. N2 and P2 paint neon green, violet and deep blue, P3 in small specks of them.")

# %% [markdown] id="a7000054"
# All of them learned on 32 pixels a side (the games for one pass), and these pictures have 160. N2 and P2 paint on them
# what nobody would believe; what is trained for the error stays pale, but not wild. (A2 has its row where VGG16's
# weights are at hand.)
#
# Now yours: by its path, or with the button below. What comes out of the button is kept in `yours.png`, and `python -m
# colorlib colorize my.jpg --model nazeri-unet` writes one at its full size.

# %% id="a7000089"
PICTURE = ""                                                                 # a path, such as "../cat.jpg"
if PICTURE:
    figures.show(figures.images(photograph.colored(PICTURE, everyone)),
                 alt="Your photograph as it was, in gray, and as each colorizer of the course colors it.")

# %% id="a7000055"
photograph.panel(everyone, "yours.png")

# %% [markdown] id="a7000040"
# ## Exercises
#
# Each has a checker that says what is right so far. The solutions are in `solutions/07_transfer_learning.py`.
#
# ### 07.1
#
# Write the hypercolumns of a few tensors: enlarge all to the size of the first, as `alike` does above, and stack their
# channels. *Hint: what does `F.interpolate` take, a factor or a size?*

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
# Write the share of the k nearest others that are of the same kind, by the angle between descriptions. (Here no mean is
# subtracted.) *Hint: who is always the nearest?*

# %% id="a7000049"
def same_kind(described, labels, k):                # (N, F), (N,), a number -> a share
    ...

exercises.check_07_3(same_kind)

# %% [markdown] id="a7000050"
# ### 07.4
#
# Freeze a network, whole. *Hint: one call stops the gradients, another what batch norm does.*

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
# **What the sources said.** A: the residual encoder takes far less memory than hypercolumns. So it does, and in the
# same time it gets further; on as many pictures A1 leaves less unexplained, but A2 has the smaller ab error. A: tune
# the classifier on gray pictures first; that helps a little. D on A: the tensors are concatenated; A adds them. D5, for
# which D gives no result, leaves least unexplained of D's five on our photographs of fruit. P's failures are bleeding,
# gray pictures and things that were not recognized; P blames in part a small data set. Here, held against what there
# was to explain, recognized things are colored no better than others (one seed).
#
# **Can you answer?** The text does; where, is in brackets.
#
# 1. What do the neighbors by the last block share more often than those by pixels, and why is that of use for color
#    though the network has never seen any? (*Nearest neighbors*)
# 2. Why does A2 need so much less memory and time for a step than A1, and how far does each get in the same time? (*A
#    way up that costs less*)
# 3. When does a start from trained weights pay, and what must be the same on both sides before one may say so? (*When
#    does it pay?*)
#
# **Next.** This was the last notebook. `CONTRIBUTING.md` says how to go on: a data set, a system, an exercise of your
# own.
#
# **References.** K. Simonyan, A. Zisserman, *Very deep convolutional networks*, 2014. B. Hariharan et al.,
# *Hypercolumns*, 2015. R. Dahl, *Automatic colorization*, 2016 (A). K. He et al., *Deep residual learning*, 2016. M.
# Pérez García, 2020 (P3). D: Dorscheidt et al. 2016 (D5).
