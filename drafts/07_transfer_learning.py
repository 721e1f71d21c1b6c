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

# %% id="a7000003"
from colorlib import color, datasets, exercises, figures, measure, metrics, models, photograph, recipes, records
from colorlib.colorizer import Colorizer, colorizers
from colorlib.judge import Judge
from colorlib.lesson import Lesson
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
# A and D start from it. Its convolutions are 59 MB, in a file of 528 MB, and not everyone can fetch that. So what needs
# them here is read from the course's records: the stored numbers of trainings that are done. The other one is **ours**:
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
# Which other pictures look alike to the network? Take the mean answer of each channel as a description of a picture.
# Subtract the mean of all descriptions, then compare them by their angle, and take the five nearest. Beside it, in
# their place: the gray pixels themselves; the last block of a network that has learned nothing; and the name alone, any
# five pictures of the same kind.

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
lesson.table(["the five nearest, by", "of the same kind", "their mean color from the picture's, Lab units"],
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
lesson.claim("neighbors by each block are nearer in color than those by pixels, by the last one nearest, and nearer "
             "than any of the same name", told["block 3"][1] < min(told["block 1"][1], told["block 2"][1],
                                                              told["the name alone"][1])
             and max(told["block 1"][1], told["block 2"][1]) < told["pixels"][1], profiles=("lesson", "full"),
             data=("cifar10",), **{name.replace(" ", "_"): distance for name, (_, distance) in told.items()
                                   if name in ("pixels", "block 1", "block 2", "block 3", "the name alone", "chance")})

# %% [markdown] id="a7000057"
# A little more. And most of the gain comes early: block 1, which hardly tells kinds apart, is already nearer in color
# than the pixels are. Texture and edges say something of color, too; to know the kind adds to it.
#
# ## A hypercolumn
#
# The last block knows *what*, but only coarsely *where*. A (after Hariharan et al. 2015) takes all depths at once:
# enlarge each to the picture's size and stack them. The column above a pixel then holds all that the network sees
# there, from the pixel itself to the object.
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
lesson.table(["the five middle pixels most alike, by", "their mean color from its color, Lab units"], apart.items())

# %% id="a7000090" tags=["nbval-check-output"]
lesson.claim("middle pixels alike by the last block are nearer in color than those alike by the gray around them, but "
             "not a tenth nearer than chance", 0.9 * apart["chance"] < apart["block 3"] < apart["the gray around it"],
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
lesson.claim("a hypercolumn of VGG16 has 963 numbers, as A says", len(column) == 963, numbers=len(column))

# %% [markdown] id="a7000020"
# The deepest tensor that A takes sees 92 of 224 pixels: parts, not the whole picture.
#
# ## What it costs
#
# 963 numbers at *every* pixel have to be kept for the way back, and so does what is made of them. A could train with
# one picture of 224×224 at a time on a card of 2 GB. So A built the **residual encoder**: from the deepest tensor
# upward, narrow it to the width of the next one, enlarge it to twice its size, *add* the next one, and go on. (D,
# describing A, says that the tensors are concatenated. A adds.) Call the network on hypercolumns A1, this one A2. A2
# narrows before it enlarges, so at full size it holds at most 64 numbers a pixel where A1 holds 963. A reports six
# pictures where it had been one. Measure both at equal pictures, on the processor: what is kept for the way back, and
# the seconds of a step. In `lesson` also the peak of a whole step's memory, in a process of its own.

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

both = {"A1": "Hypercolumns", "A2": "ResidualEncoder"}
megabytes = {code: peak(name) for code, name in both.items()} if lesson.profile in ("lesson", "full") else {}

# %% id="a7000022"
nets = {"A1": a1.train(), "A2": models.ResidualEncoder(weights="none").train()}
nets["A2"].encoder = a1.encoder                                              # both on one VGG16: random here, frozen
x = 2 * torch.rand(lesson.n.a_batch, 1, lesson.n.a_side, lesson.n.a_side) - 1
kept = {code: measure.kept(net, x) for code, net in nets.items()}
seconds = measure.interleaved(*(lambda net=net: net(x).square().mean().backward() for net in nets.values()), pairs=5)
lesson.table([f"{len(x)} pictures of {lesson.n.a_side} pixels", "kept, MB", "peak memory, MB", "seconds a step"],
             [[code, kept[code], megabytes.get(code), statistics.median(times)]
              for code, times in zip(both, seconds, strict=True)])
del nets, a1                                                                 # no longer needed

# %% id="a7000023" tags=["nbval-check-output"]
lesson.claim("with as many pictures, A2's peak memory is at most half of A1's",
             bool(megabytes) and megabytes["A2"] <= 0.5 * megabytes["A1"], profiles=("lesson", "full"), **megabytes)

# %% id="a7000104" tags=["nbval-check-output"]
lesson.claim("with as many pictures, A2 keeps at most half as much for the way back as A1",
             kept["A2"] <= 0.5 * kept["A1"], **kept)

# %% id="a7000080" tags=["nbval-check-output"]
lesson.claim("with as many pictures, a step of A1 takes at least three times as long as one of A2",
             measure.ratio(*seconds) >= 3, profiles=("lesson", "full"), ratio=measure.ratio(*seconds))

# %% [markdown] id="a7000024"
# So what does one learn in the same time? Each gets about the same minutes, on VGG16 with ImageNet's weights, frozen:
# in one pass over pictures of CIFAR-10, enlarged to 64×64, as many as it can see in them. And A2 once more, on as many
# pictures as A1. (*Unexplained*, of notebook 03: the squared error over that of one color for all, so that 1 is no
# better than that. *Chroma ratio*: at 1, as colorful as the truth.) From the records:

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
A1, A2 = recipes.SAME_TIME                                                   # the names, with the pictures they see
same = {"A1": of("same-time")[A1], "A2, the same time": of("same-time")[A2],
        "A2, the same pictures": of("same-pictures")[A2]}
seen = {"A1": recipes.SAME_TIME[A1], "A2, the same time": recipes.SAME_TIME[A2],
        "A2, the same pictures": recipes.SAME_TIME[A1]}
keys = {"unexplained": "unexplained", "chroma ratio": "chroma_ratio", "ab error": "ab_error"}
lesson.table(["", "seeds", "pictures seen", "minutes", *keys], [
    [name, len(runs), seen[name], statistics.mean(r["minutes"] for r in runs), *(mean(runs, k) for k in keys.values())]
    for name, runs in same.items()])

# %% id="a7000063" tags=["nbval-check-output"]
minutes = {name: statistics.mean(r["minutes"] for r in runs) for name, runs in same.items()}
lesson.claim("trained for the same time, within a third, A2 leaves less unexplained than A1, with one seed",
             0.75 < minutes["A1"] / minutes["A2, the same time"] < 1.33
             and mean(same["A1"]) > mean(same["A2, the same time"]), A1=mean(same["A1"]),
             A2=mean(same["A2, the same time"]), minutes=minutes["A1"] / minutes["A2, the same time"])

# %% id="a7000095" tags=["nbval-check-output"]
error = {name: mean(runs, "ab_error") for name, runs in same.items()}
lesson.claim("on as many pictures as A1, A2 leaves more unexplained; but its ab error is smaller, in the same time as "
             "on the same pictures (one seed)", mean(same["A2, the same pictures"]) > mean(same["A1"])
             and error["A1"] == max(error.values()), A1=mean(same["A1"]), A2=mean(same["A2, the same pictures"]),
             **{f"error_{name}": value for name, value in error.items()})

# %% [markdown] id="a7000064"
# So in squared error A1 learns more from a picture, and A2 more in a minute. By the mean distance A2 is ahead either
# way.
#
# ## Gray in a network that expects color
#
# VGG16 and ResNet were trained on RGB. A and P give them the gray value three times. One can as well sum the first
# convolution's weights over the colors, once, and give the gray value once: it then answers the same, with a third of
# the weights. Two traps. ResNet's input is normalized, each color by its own mean and deviation. So divide each color's
# weights by its deviation before you sum them. And what the three means add up to is *not* one constant for all pixels:
# the convolution pads the normalized picture with zeros, that is with mean gray. With one constant it is as if the
# picture had a black frame. The library heeds both; look at a frame, too.

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
# A third trap: weights are not all that a network keeps. Batch norm measures mean and deviation of each batch in
# training mode, and remembers them for later. An encoder whose weights are fixed, but that is left in training mode, is
# not frozen: what it says of a picture depends on the pictures beside it. How much? (VGG16 has no batch norm. ResNet
# and our network have.)

# %% id="a7000082"
careless = copy.deepcopy(knows.net).requires_grad_(False).train()

def moved(net):
    """How far the first picture's features move when other pictures stand beside it, in parts of their length."""
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
# First with our small encoder in front of a small decoder, three seeds each. The rows: the weights of the gray
# classifier, frozen or tuned; those of a classifier of *color* pictures, its first weights summed; random ones. (They
# are read from the records. `python -m colorlib train small-gray --profile transfer-2000 --seed 3` makes one more.)
#
# At one number of pictures all is equal but the start, and whether the encoder is frozen: the pictures, their order,
# the learning rate, the steps. The rate was chosen without trying any of these starts. Between numbers of pictures it
# is not: with 500, 2,000 and 10,000 a training sees 10,000 in all, so each of the 500 twenty times; with 50,000 it sees
# each once. And both classifiers learned from 45,000 pictures or more of the same ten kinds, with names. So "500
# pictures" means 500 *in color*. (Some of these trainings ran in float32 and some in bf16, as the machine could.)

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
def less(one, other, n):
    """Whether one start leaves less than another, with each of three seeds (of pictures, too); and how much less."""
    a, b = ([r["metrics"]["unexplained"] for r in starts[n].get(name, [])] for name in (one, other))
    assert len(a) == len(b) == 3, (one, other, n)
    return all(x < y for x, y in zip(a, b, strict=True)), statistics.mean(b) - statistics.mean(a)

# %% id="a7000066" tags=["nbval-check-output"]
pays = {n: less("small-frozen", "small-random", n) for n in starts}
lesson.claim("the gray classifier's weights, frozen, leave less than random ones, tuned, at each number of pictures, "
             "with every seed", all(every for every, _ in pays.values()),
             **{f"gap_at_{n}": gap for n, (_, gap) in pays.items()})

# %% id="a7000091" tags=["nbval-check-output"]
tuned_pays = {n: less("small-gray", "small-random", n) for n in starts}
lesson.claim("the gray classifier's weights, tuned, leave less than random ones with every seed from 2,000 pictures "
             "on; with 500, seen twenty times each, not with every seed",
             not tuned_pays[500][0] and all(every for n, (every, _) in tuned_pays.items() if n > 500),
             **{f"gap_at_{n}": gap for n, (_, gap) in tuned_pays.items()})

# %% id="a7000101" tags=["nbval-check-output"]
fit_500 = {name: mean(starts[500][name], "loss") for name in ("small-gray", "small-frozen", "small-random")}
lesson.claim("of these three, the tuned start fits its own 500 pictures best, and the random one worst (training loss)",
             list(fit_500) == sorted(fit_500, key=fit_500.get),
             **{name.replace("-", "_"): loss for name, loss in fit_500.items()})

# %% id="a7000100" tags=["nbval-check-output"]
lesson.claim("the gap between the frozen start and the random one is smaller with 50,000 pictures than with 10,000",
             0 < pays[50_000][1] < pays[10_000][1], with_10000=pays[10_000][1], with_50000=pays[50_000][1])

# %% [markdown] id="a7000067"
# Why not with 500? In twenty passes the trained start, tuned, fits its 500 pictures better than any other, and new ones
# worse than the frozen one: it learns them by heart. At 50,000 each training sees five times as many pictures, so all
# rows are lower; the gap to the random start is smaller than at 10,000, and not gone. (The color classifier was not
# tried there.)
#
# Now A's network with A's weights: VGG16 on a million photographs of ImageNet, the picture enlarged to 64×64. One
# training takes several times as long, so it was done for one number of pictures: 2,000, each seen five times.

# %% id="a7000068"
lesson.table(["A2 on 2,000 pictures", *(f"unexplained, seed {i}" for i in range(3)), "chroma ratio, mean"], [
    [recipes.TRANSFER[name].title, *(r["metrics"]["unexplained"] for r in starts[2_000][name]),
     mean(starts[2_000][name], "chroma_ratio")] for name in ("vgg-imagenet", "vgg-tuned", "vgg-random")])

# %% id="a7000030" tags=["nbval-check-output"]
pairs = {start: less(start, "vgg-random", 2000) for start in ("vgg-tuned", "vgg-imagenet")}
lesson.claim("at 2,000 pictures A2 leaves less from ImageNet's weights than from random ones, tuned as these are, or "
             "frozen, with every seed", all(every for every, _ in pairs.values()),
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
             **{name.replace("-", "_"): mean(runs) for name, runs in photos.items()})

# %% [markdown] id="a7000094"
# By the mean distance the two are nearly equal, and they differ in two things, the start and what is tuned. So on 200
# pictures it says little.
#
# ## Tuned on gray pictures first
#
# A proposes one more step (A6): the classifier learned from color pictures, so let it learn a little more, from gray
# ones, before it becomes an encoder. Notebook 06's judge is a classifier of color pictures. Sum its first weights, and
# see how well it names gray pictures; then tune it.

# %% id="a7000043"
in_color = (Judge.load(lesson.checkpoint("judge-cifar10"), lesson.device) if on_cifar
            else Judge.trained(used, epochs=3, seed=SEED))
tuned = Judge.trained(tuning, epochs=1, seed=SEED, batch_size=32, gray=True, start=in_color)
classifiers = {f"color, {learned_from['color']:,} pictures": Judge(in_color.net.for_gray(), in_color.classes),
               f"the same, then {len(tuning):,} gray ones": tuned, f"gray, {learned_from['gray']:,} pictures": knows}
exam = test if test.labels is not None and test.classes == knows.classes else left_out       # learned from by none
rightly = {name: judge.accuracy(exam.pixels, exam.labels) for name, judge in classifiers.items()}
lesson.table(["learned from", "gray test pictures named rightly"],
             [[name, f"{share:.1%}"] for name, share in rightly.items()])

# %% [markdown] id="a7000044"
# That is naming. Does it help color? Put each of the three in front of the same decoder, frozen, and train on the same
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
color_first, then_gray, gray_only = helps.values()                           # of each seed
lesson.claim("tuned on gray pictures it names more of them than before, and leaves less in front of the decoder, with "
             "every seed; what learned from gray only does better in both",
             list(rightly) == sorted(rightly, key=rightly.get)
             and all(a > b > c for a, b, c in zip(color_first, then_gray, gray_only, strict=True)),
             profiles=("lesson", "full"), data=("cifar10",), color=max(color_first), tuned=max(then_gray),
             gray=max(gray_only))

# %% [markdown] id="a7000085"
# So A's step helps, a little: more names, and a little less left unexplained. To learn from gray pictures from the
# start helps more. (With photographs of ImageNet that start is not to be had; A tunes what there is.)
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
lesson.claim("on photographs of fruit D5 leaves less unexplained than each of D's other four networks (one seed each)",
             mean(fruit[delft["D5"]]) < min(mean(fruit[name]) for code, name in delft.items() if code != "D5"),
             **{code: mean(fruit[name]) for code, name in delft.items()})

# %% [markdown] id="a7000070"
# (D's report ends before its results.) It has not more color than the others, though: look at the chroma ratio.
#
# ## P's last system, in small
#
# P's third system: a trained encoder, a decoder, a PatchGAN. ResNet-50 is too large for two cores, and its weights too
# large for this repository; `perez-resnet50-patchgan` and `resnet18-patchgan` train it where there is a GPU and a
# network. Here is the scheme with our small encoder, by the rules of notebook 06's games. It differs from P's in two
# things: its decoder has skips, as a U-Net has, and its encoder is tuned.

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
# decoder on a trained ResNet.) The fair neighbor is the same network from random weights. In pictures: what was trained
# here, and, where that was little, the course's checkpoints.

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
# our encoder, and read *unexplained* first.)

# %% id="a7000072"
systems = of("lesson")
for r in records.read(records.waiting()):                                    # what was trained here counts, too
    if (r["data"], r["profile"]) == ("cifar10", "lesson"):
        others = [old for old in systems.get(r["recipe"], []) if old["seed"] != r["seed"]]
        systems[r["recipe"]] = sorted([*others, r], key=lambda r: r["seed"])
keys = {"unexplained": "unexplained", "chroma ratio": "chroma_ratio", "ab error": "ab_error",
        "judge right": "judge_accuracy", "Fréchet": "frechet"}
compared = games | {"the same, random start": "small-random-patchgan"}
lesson.table(["mean of the seeds", "seeds", *keys, "parameters"], [
    [label, len(runs := systems[name]), *(mean(runs, key) for key in keys.values()), runs[0]["parameters"]]
    for label, name in compared.items()])

# %% id="a7000099" tags=["nbval-check-output"]
knowing, blank = systems[own.name], systems["small-random-patchgan"]
better = [a["metrics"]["unexplained"] < b["metrics"]["unexplained"]
          and a["metrics"]["judge_accuracy"] > b["metrics"]["judge_accuracy"]
          and a["metrics"]["frechet"] < b["metrics"]["frechet"] for a, b in zip(knowing, blank, strict=True)]
lesson.claim("started from the gray classifier, the same network leaves less unexplained than from random weights, "
             "more of its pictures are named rightly, and they are nearer to true ones as a crowd, with each of "
             "three seeds",
             len(better) == 3 and all(better), unexplained=mean(knowing), random=mean(blank),
             named=mean(knowing, "judge_accuracy"), named_random=mean(blank, "judge_accuracy"),
             named_gray=mean(knowing, "judge_accuracy_gray"))

# %% id="a7000103" tags=["nbval-check-output"]
p2 = [r["metrics"]["unexplained"] for r in systems[games["P2"]]]
lesson.claim("between its seeds P2's unexplained variance differs by more than its mean does from that of P3 in small",
             max(p2) - min(p2) > abs(statistics.mean(p2) - mean(knowing)), seeds=max(p2) - min(p2),
             means=statistics.mean(p2) - mean(knowing))

# %% [markdown] id="a7000073"
# So the start pays here, too, with all 50,000 pictures: in error, in names and in the crowd. (Against P2, another
# network, the error does not decide: from seed to seed P2 varies more than the two differ.)
#
# ## The worst of it
#
# P shows failures, in pictures with much in them, and blames in part the small data set: colors that bleed over edges,
# things that were not recognized, pictures left gray. Three numbers find them among the test pictures:
#
# - *far off*: the mean distance to the true color;
# - *left gray*: the chroma that is missing;
# - *bleeding*: the chroma of the answer at places where lightness and true color have an edge (ten Lab units and more
#   to the next pixel) and the answer has none (less than five).

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
# Most of what is far off has a ground that could have any color: a sunset, a wall, a meadow. To know what stands before
# it does not help. What is left gray is much the same. What bleeds has much in it, as P says.
#
# Does the encoder help by knowing what things are? Then what it does not recognize should be colored worse. What it
# recognizes is asked of the classifier that the game started from. A kind may be vivid and hard to name as well, so the
# error is also held against what there was to explain.

# %% id="a7000075"
groups = {}
if judged.labels is not None and judged.classes == knows.classes:
    known = knows.named(judged.pixels) == judged.labels.cpu()                # N
    one_color = true.mean((0, 2, 3), keepdim=True)                           # 1 2 1 1
    for label, which in (("recognized", known), ("not", ~known)):
        which = which.to(said.device)
        left = (said - true)[which].square().sum() / (true - one_color)[which].square().sum()
        groups[label] = [int(which.sum()), worst["far off"][which].mean().item(), left.item()]
    lesson.table(["by the encoder", "pictures", "ab error, Lab units", "unexplained"],
                 [[label, *values] for label, values in groups.items()])

# %% id="a7000098" tags=["nbval-check-output"]
known, unknown = groups.get("recognized", [0, 0, 0]), groups.get("not", [0, 0, 0])
lesson.claim("what the encoder does not recognize is colored farther from the truth; but held against what there was "
             "to explain, not a tenth worse", unknown[1] > known[1] and unknown[2] < 1.1 * known[2],
             profiles=("lesson", "full"), data=("cifar10",), recognized=known[2], unrecognized=unknown[2],
             error_recognized=known[1], error_unrecognized=unknown[1])

# %% [markdown] id="a7000036"
# The unrecognized pictures are farther off, and there was more to explain in them. Held against that, they are colored
# no worse. So it is not being recognized that decides.
#
# ## All systems of the course
#
# In one table and one plot, on CIFAR-10, mean over the seeds. A star at a code: the system with parts changed. Most
# were trained on all 50,000 pictures. What needs VGG16 has fewer, since two cores have no more time for it: do not rank
# rows that were trained on different numbers of pictures. D5 is in the table of fruit above; P3 with ResNet-50 waits
# for a GPU and a network; A3 is the loss of A1 and A2, which are measured on 2,000 test pictures, all others on 10,000;
# P4 is no system but a test, in notebook 06. [results/README.md](../results/README.md) has every number.

# %% id="a7000076"
def span(runs, key, form):
    """Mean over the seeds, and the lowest and highest of several."""
    values = [r["metrics"][key] for r in runs]
    several = f" ({min(values):{form}}...{max(values):{form}})" if len(values) > 1 else ""
    return f"{statistics.mean(values):{form}}{several}"

shown_as = {"unexplained": ".3f", "chroma_ratio": ".2f", "ab_error": ".1f", "auc_balanced": ".3f"}

# %% id="a7000102"
budgets = {A1: (same["A1"], seen["A1"]), A2: (same["A2, the same time"], seen["A2, the same time"])}
table = {name: (runs, 50_000) for name, runs in systems.items()} | budgets
table = dict(sorted(table.items(), key=lambda kv: mean(kv[1][0])))
lesson.table(["code", "system", "trained on", "seeds", *(key.replace("_", " ") for key in shown_as), "minutes"], [
    [runs[0]["code"], name, n if runs[0]["epochs"] else "-", len(runs),
     *(span(runs, key, form) for key, form in shown_as.items()),
     statistics.mean(r["minutes"] for r in runs)] for name, (runs, n) in table.items()])

# %% id="a7000037"
called = {"delft-classifier-rebalanced": "D10", "generator-l1": "L1 alone", "small-resnet-patchgan": "P3*",
          "small-random-patchgan": "P3*, random start"}
plotted = [r for runs, _ in table.values() for r in runs if r["code"] not in ("D6", "D8")]       # variants of D1
groups = {group: {called.get(name, name): at for name, at in named.items()}
          for group, named in records.plane(plotted).items()}
figures.show(figures.points(groups, xlabel="chroma ratio", ylabel="unexplained"),
             alt="All systems by chroma ratio and unexplained variance. What is trained for the error or for classes "
                 "lies low and left: below 1, with a third to two thirds of the color; D10 has much. The games lie "
                 "higher and further right, P1 far above. The corner of much color and little error is empty.")

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
# makes the same network better, but not if it is tuned on very few pictures. None of them is at once colorful and
# right.
#
# ## Your own photograph
#
# Any size: the picture is padded to what a network needs and cut back; on large ones the color is found on a small
# copy, and lightness stays as it is. First photographs that come with scikit-image and scikit-learn, by every colorizer
# of the course whose weights are here; the figure shows some of them.

# %% id="a7000039"
def at_hand(name):
    """A checkpoint of the course; None where it needs weights of ImageNet that are not here."""
    try:
        return Colorizer.load(lesson.checkpoint(name), lesson.device)
    except datasets.DataUnavailable as error:
        print(f"{name}: {error}")

names = colorizers(lesson.checkpoint("koo-baseline").parent)
everyone = {name: found for name in names if (found := at_hand(name))}
if trained_here:
    everyone[own.name] = colorizer

# %% id="a7000053"
FEW = ("koo-baseline", "nazeri-unet", "delft-classifier", "delft-classifier-rebalanced", "koo-gan", "nazeri-gan",
       "perez-sigmoid-gan", "perez-patchgan", "small-resnet-patchgan")
some = datasets.photos("test", size=160, n=6, seed=SEED).pixels
few = {f"{RECIPES[name].code}: {name}": everyone[name] for name in FEW if name in everyone}
rows = [photograph.colored(picture, few) | {"yours": picture} for picture in some]
shown = {name: torch.stack([row[name] for row in rows]) for name in rows[0]}
figures.show(figures.images({"truth": shown.pop("yours")} | shown),
             alt="Six parts of photographs, a cat, a tower, a flower, in eleven rows: true, gray, and by nine systems. "
                 "K1, N1 and D2 are pale, D10 is vivid, K3 nearly gray. N2 and P2 paint neon green, violet and deep "
                 "blue. The last row is P3 in small.")

# %% [markdown] id="a7000054"
# All of them learned on 32 pixels a side (the games for one pass), and these pictures have 160. N2 and P2 paint on them
# what nobody would believe; what is trained for the error stays pale, but not wild.
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
# Write the share of the k nearest others that are of the same kind, by the angle between descriptions. (Here no mean is
# subtracted.) *Hint: who is always the nearest?*

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
# **What the sources said.** A: the residual encoder takes far less memory than hypercolumns; so it does, and in the
# same time it gets further, though on as many pictures A1 leaves less unexplained. A: tune the classifier on gray
# pictures first; that helps a little. D on A: the tensors are concatenated; A adds them. D5, for which D gives no
# result, leaves least of D's five on our photographs of fruit. P blames a small data set for failures: part of them are
# colors that no gray picture tells.
#
# **Can you answer?** The text does; where, is in brackets.
#
# 1. What do the neighbors by the last block share that those by pixels do not, and why is that of use for color though
#    the network has never seen any? (*Nearest neighbors*)
# 2. Why does A2 need so much less memory than A1, and what does that buy in the same time? (*What it costs*)
# 3. When does a start from trained weights pay, and what must be the same on both sides before one may say so? (*When
#    does it pay?*)
#
# **Next.** This was the last notebook. `CONTRIBUTING.md` says how to go on: a data set, a system, an exercise of your
# own.
#
# **References.** K. Simonyan, A. Zisserman, *Very deep convolutional networks*, 2014. B. Hariharan et al.,
# *Hypercolumns*, 2015. R. Dahl, *Automatic colorization*, 2016 (A). K. He et al., *Deep residual learning*, 2016. M.
# Pérez García, 2020 (P3). D: Dorscheidt et al. 2016 (D5).
