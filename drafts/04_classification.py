# %% [markdown] id="a4000001"
# # 04 · Classification and the annealed mean
#
# <!-- links 04 -->
# <!-- /links -->
#
# <!-- measured -->
# <!-- /measured -->
#
# After this notebook you can
#
# - cut the ab plane into bins, count them, and say why others count differently;
# - give a pixel a soft target, and train a network on ten numbers a pixel where the textbook needs 261;
# - hold a network's distribution against the true one, where the truth is known;
# - turn a distribution into a color, between its mean and its mode, and say what that costs;
# - make rare colors count for more, measure what it gains and what it loses.
#
# Notebook 03 ended with a network that sees the whole image and still paints pale: squared error wants the mean.
# Here the network no longer says *which* color. It says *how likely is each*.
# What a run takes is printed by the first cells and, measured, by the last one.

# %% id="00da4df3" tags=["bootstrap"]

# %% id="8fc07af7" tags=["parameters"]
PROFILE = "quick"
SEED = 0
DEVICE = "auto"
DATA = "auto"

# %% id="a4000002"
from dataclasses import replace

import torch
import torch.nn.functional as F
from ipywidgets import FloatLogSlider, Image, VBox
from matplotlib.patches import Rectangle

from colorlib import color, exercises, figures, fruits, losses, metrics, models, records
from colorlib.bins import AbBins
from colorlib.colorizer import Colorizer
from colorlib.heads import BinsHead, LabHead
from colorlib.images import ImageSet
from colorlib.lesson import Lesson
from colorlib.recipes import RECIPES
from colorlib.train import classification_step, fit, regression_step

# %% id="a4000003"
lesson = Lesson("04", profile=PROFILE, seed=SEED, device=DEVICE, data=DATA)
train, test = lesson.train, lesson.test
print(train, test, sep="\n")

# %% [markdown] id="a4000004"
# ## Colors as classes
#
# A classifier needs classes. Zhang et al. (2016), and source D after them, cut the ab plane into squares of ten units.
# How many squares are there? The plane is infinite, but a screen shows only a part of it. Count the squares that hold
# at least one of the 16.7 million colors of eight bits. The rim of the RGB cube reaches as far as its inside, so its
# six faces are enough.

# %% id="a4000005"
n = torch.arange(256, dtype=torch.uint8)
u, v = torch.meshgrid(n, n, indexing="ij")                                   # 256 256, twice
occupied = set()
for level in (0, 255):
    c = torch.full_like(u, level)
    for face in ((c, u, v), (u, c, v), (u, v, c)):
        ab = color.rgb_to_lab(torch.stack(face))[1:]                         # 2 256 256
        occupied |= set(map(tuple, (ab / 10).round().flatten(1).T.int().tolist()))
print(len(occupied), "squares")

# %% id="a4000006"
bins, zhang = AbBins(), AbBins(rule="zhang")
axis = figures.ab_plane(alpha=0.5)
for a, b in zhang.centers.tolist():
    inside = (a / 10, b / 10) in occupied
    axis.add_patch(Rectangle((a - 5, b - 5), 10, 10, fill=False, ec="0.2" if inside else "0.75", lw=0.8))
figures.show(axis, alt="The ab plane with the colors of a screen, cut into squares of ten units. Dark squares hold at "
                       "least one color. A rim of pale squares around them, which Zhang counts too, holds none.")

# %% id="a4000007" tags=["nbval-check-output"]
lesson.claim("261 squares of ten units hold a color of a screen; Zhang's rule keeps 313, and 52 of these hold none",
             len(occupied) == len(bins) == 261 and len(zhang) == 313
             and sum((a / 10, b / 10) not in occupied for a, b in zhang.centers.tolist()) == 52,
             occupied=len(occupied), zhang=len(zhang))

# %% [markdown] id="a4000008"
# Zhang's 313 are all points of the grid near the *convex hull* of the colors. A network with 313 outputs learns that
# 52 of them never happen. That does little harm. We keep the 261.
#
# How often is each used? Photographs answer:

# %% id="a4000009"
prior = bins.prior(train)                                                    # Q: sums to one
axis = figures.ab_plane(gamut=False)
image = axis.scatter(*bins.centers.T, c=prior.clamp_min(1e-7).log10(), marker="s", s=150, cmap="viridis")
axis.figure.colorbar(image, label="share of pixels, power of ten")
figures.show(axis, alt="The bins, colored by how often they occur in the training images, on a logarithmic scale. Gray "
                       "in the middle is by far the most frequent; the rim is a thousand times rarer or empty.")

# %% id="a4000010" tags=["nbval-check-output"]
near = bins.centers.norm(dim=1) <= 15                                        # gray and its eight neighbors
lesson.claim("the nine bins around gray hold more than a third of all pixels", prior[near].sum() > 1 / 3,
             data=("cifar10",), share=prior[near].sum(), bins=int(near.sum()))


# %% [markdown] id="a4000011"
# ## Soft targets
#
# A pixel's color is rarely the center of a bin. And a neighbor bin is not as wrong as the opposite one, which one-hot
# classes cannot say. So the target is soft: the ten nearest bins, each by its distance, with a Gaussian of five units.

# %% id="a4000012"
def soft_target(ab, centers, k=10, sigma=5.0):
    """(P, 2) colors -> the k nearest bins (P, k) and their shares (P, k), which sum to one."""
    distance = torch.cdist(ab, centers)                                      # P Q
    near, index = distance.topk(k, largest=False)                            # P k, twice
    share = torch.exp(-near ** 2 / (2 * sigma ** 2))
    return index, share / share.sum(1, keepdim=True)

skin = torch.tensor([[17.0, 22.0]])                                          # 1 2
index, share = soft_target(skin, bins.centers)

# %% id="a4000013"
axis = figures.ab_plane(alpha=0.35)
near = bins.centers[index[0]]                                                # k 2
axis.scatter(*near.T, s=1200 * share[0], color="0.15", label="its bins, by share")
axis.plot(*skin.T, "X", color="#D55E00", ms=11, mec="white", label="the pixel")
axis.set(xlim=(-20, 55), ylim=(-20, 60))
axis.legend(loc="lower right")
figures.show(axis, alt="A pixel's color as a cross in the ab plane, and the ten bin centers around it as dots. The "
                       "nearest dot is the largest, those further away are small.")

# %% id="a4000014"
some = color.rgb_to_lab(test.pixels[:64].cpu())[:, 1:]                       # N 2 H W
index, share = soft_target(some.permute(0, 2, 3, 1).reshape(-1, 2), bins.centers)
mine = torch.zeros(len(index), len(bins)).scatter_(1, index, share)          # P Q, dense
library = bins.encode(some).dense(len(bins)).permute(0, 2, 3, 1).reshape(-1, len(bins))
apart = (mine - library).abs().sum(1) / 2                                    # P: total variation

# %% id="a4000015" tags=["nbval-check-output"]
lesson.claim("the soft targets written here and the library's, from a table, differ by one percent on average",
             apart.mean() < 0.01 and apart.max() < 0.03, mean=apart.mean(), largest=apart.max())

# %% [markdown] id="a4000016"
# The library looks colors up in a table of quarter units, which is where the one percent comes from. And it never
# writes the 261 numbers of a pixel down: ten indices and ten shares are enough, in the loss too.

# %% id="a4000017"
batch = color.rgb_to_lab(train.pixels[:128])[:, 1:]                          # 128 2 H W
target = bins.encode(batch)
pixels = target.index.numel() // bins.k
dense_mb, sparse_mb = pixels * len(bins) * 4 / 1e6, target.nbytes / 1e6
lesson.table(["targets of a batch of 128", "MB"], [["261 numbers a pixel", dense_mb], ["ten of them", sparse_mb]])

# %% id="a4000018" tags=["nbval-check-output"]
lesson.claim("sparse targets of a batch take less than a twentieth of the memory of dense ones",
             sparse_mb < dense_mb / 20, dense_mb=dense_mb, sparse_mb=sparse_mb)

# %% [markdown] id="a4000019"
# ## Cross-entropy meets the truth
#
# The loss is the cross-entropy of notebook 02, with a share for each of the ten bins. Written out:

# %% id="a4000020"
def soft_cross_entropy(logits, index, share):
    """logits (N, Q, H, W), index and share (N, k, H, W) -> mean over pixels of -sum_k share_k log p_k."""
    log_p = logits.log_softmax(dim=1)                                        # N Q H W
    return -(log_p.gather(1, index.long()) * share).sum(dim=1).mean()

logits = torch.randn(4, len(bins), 8, 8, requires_grad=True)
target = bins.encode(some[:4, :, :8, :8])
ours, theirs = soft_cross_entropy(logits, *target), losses.soft_cross_entropy(logits, *target)
slopes = [torch.autograd.grad(loss, logits)[0] for loss in (ours, theirs)]

# %% id="a4000021" tags=["nbval-check-output"]
lesson.claim("the loss written here and the library's give the same number and the same gradient",
             abs(ours - theirs) < 1e-4 and (slopes[0] - slopes[1]).abs().max() < 1e-6,
             loss=ours, difference=ours - theirs)

# %% [markdown] id="a4000022"
# Does a network trained with it learn the *distribution*? On photographs nobody can say, since nobody knows the colors
# that a thing might have had. On the fruit of notebook 02 we know. Train the U-Net of notebook 03 twice on fruit: with
# squared error, and with cross-entropy over bins.

# %% id="a4000023"
made = fruits.generate(lesson.n.fruits, size=32, seed=SEED + 10)
baskets = ImageSet(made.rgb, name="fruits").to(lesson.device)
settings = RECIPES["unet-classifier"].course.but(epochs=lesson.n.fruit_epochs)

def trained_on_fruit(head, step):
    torch.manual_seed(SEED)
    net = models.UNet(width=16, depth=3, outputs=head.outputs, cell=2 if head.outputs > 2 else 1)
    colorizer = Colorizer(net, head)
    fit(colorizer, baskets, step, settings, seed=SEED, device=lesson.device, progress=False)
    return colorizer

by_classes = trained_on_fruit(BinsHead(cell=2), classification_step)
by_squares = trained_on_fruit(LabHead(), regression_step)

# %% [markdown] id="a4000024"
# Now the examination, on new fruit. For a pixel of known kind and lightness, `fruits` states the exact law of its
# color. Draw many colors from that law, and give each its soft target: their mean is what a perfect network would
# answer there. The distance of two distributions is their *total variation*: the share that would have to be moved to
# turn one into the other, between 0 and 1.

# %% id="a4000025"
exam = fruits.generate(lesson.n.fruit_test, size=32, seed=SEED + 11)
inside = F.avg_pool2d(exam.mask.float(), 2) == 1                             # N 1 16 16: cells that are all fruit
place = (torch.rand(inside.shape) * inside).flatten(1).argmax(1)             # N: one such cell a picture
rows, columns = place // 16, place % 16
light = F.avg_pool2d(exam.L, 2)[torch.arange(len(exam)), 0, rows, columns]   # N

def perfect(kind, L):
    """What a perfect classifier answers for a pixel: (Q,)."""
    law = fruits.distribution(fruits.KINDS[kind])
    colors = law.sample(2000, seed=SEED) * law.scale(L)                      # 2000 2
    return bins.encode(colors.T[None, :, :, None]).dense(len(bins)).mean((0, 2, 3))

# %% id="a4000026"
true = torch.stack([perfect(k, L) for k, L in zip(exam.kind.tolist(), light)])          # N Q
gray = LabHead().gray(color.lightness(exam.rgb)).to(lesson.device)
with torch.no_grad():
    answer = torch.cat([by_classes.net(x).float().softmax(1) for x in gray.split(100)]).cpu()        # N Q 16 16
said = answer[torch.arange(len(exam)), :, rows, columns]                     # N Q
variation = (said - true).abs().sum(1) / 2                                   # N

# %% id="a4000027"
by_kind = {kind: float(variation[exam.kind == k].mean()) for k, kind in enumerate(fruits.KINDS)}
figures.show(figures.bars(by_kind, label="total variation", form="{:.2f}"),
             alt="Bars: for each kind of fruit the mean distance between the network's distribution and the true one.")

# %% id="a4000028" tags=["nbval-check-output"]
lesson.claim("on fruit it has not seen, the network's distribution is within 0.15 of the true one, in total variation",
             variation.mean() <= 0.15, profiles=("lesson", "full"), mean=variation.mean())

# %% [markdown] id="a4000029"
# The apple is the test case, since it has two colors far apart. Add up what the network gives to red bins and to green
# ones, and look where squared error went.

# %% id="a4000030"
apples = exam.kind == fruits.KINDS.index("apple")                            # N
law = fruits.distribution("apple")
red = bins.centers[:, 0] > 5                                                 # Q: on the red side of the plane
green = bins.centers[:, 0] < -5
with torch.no_grad():
    squares = by_squares.predict(color.lightness(exam.rgb).to(lesson.device)).cpu()     # N 2 32 32
spoken = F.avg_pool2d(squares, 2)[torch.arange(len(exam)), :, rows, columns]            # N 2
scale = law.scale(light)[:, None]
off = (spoken - law.mean() * scale)[apples].norm(dim=1).mean()

# %% id="a4000031"
lesson.table(["of an apple", "red", "green"],
             [["the law", float(law.weights[0]), float(law.weights[1])],
              ["the classifier's answer", said[apples][:, red].sum(1).mean(), said[apples][:, green].sum(1).mean()]])

# %% id="a4000032" tags=["nbval-check-output"]
shares = torch.stack([said[apples][:, side].sum(1).mean() for side in (red, green)])
lesson.claim("the classifier finds both colors of the apple and gives each about its share",
             bool(((shares - torch.tensor(law.weights)).abs() < 0.15).all()), profiles=("lesson", "full"),
             red=shares[0], green=shares[1])

# %% id="a4000033" tags=["nbval-check-output"]
lesson.claim("squared error answers with the mean of the two, within ten units", off < 10,
             profiles=("lesson", "full"), distance=off)


# %% [markdown] id="a4000034"
# ## From a distribution to a color
#
# Somebody has to choose in the end. The mean of the distribution is brown again; its mode is one of two bins, and jumps
# where the two are equally likely. Zhang's **annealed mean** lies between: raise every probability to the power of
# $1/T$, normalize, take the mean. $T = 1$ is the mean, $T \to 0$ the mode.

# %% id="a4000035"
def annealed_mean(logits, centers, T):
    """(N, Q, H, W), (Q, 2) -> (N, 2, H, W): p ** (1/T) is the softmax of logits / T."""
    p = (logits / T).softmax(dim=1)                                          # N Q H W
    return torch.einsum("nqhw,qc->nchw", p, centers)                         # N 2 H W

logits = 3 * torch.randn(4, len(bins), 8, 8)
gap = (annealed_mean(logits, bins.centers, 0.38) - bins.annealed_mean(logits, 0.38)).abs().max()
mode = bins.centers[logits.argmax(1)].permute(0, 3, 1, 2)                    # N 2 H W
to_mode = (annealed_mean(logits, bins.centers, 1e-4) - mode).abs().max()

# %% id="a4000036" tags=["nbval-check-output"]
lesson.claim("the annealed mean written here is the library's, and ends at the mode", gap < 1e-3 and to_mode < 1e-3,
             difference=gap, from_the_mode=to_mode)

# %% [markdown] id="a4000037"
# Source D prints it as a softmax of *probabilities* over $T$ (its equation 3). Try that at $T = 1$, where nothing
# should change:

# %% id="a4000038"
p = logits.softmax(1)                                                        # N Q H W
printed = (p / 1.0).softmax(1)                                               # D, equation 3
changed = (printed - p).abs().sum(1).mean() / 2                              # total variation
evenness = printed.amax(1).mean() / printed.amin(1).mean()                   # 1: all bins alike

# %% id="a4000039" tags=["nbval-check-output"]
lesson.claim("as source D prints it, the annealed mean at T = 1 forgets the distribution: all bins become nearly alike",
             changed > 0.5 and evenness < 3, total_variation=changed, largest_over_smallest=evenness)

# %% [markdown] id="a4000040"
# The logarithm is missing: it is a softmax of $\log p / T$. The same slip is easy to make in code, by a softmax in the
# network and another one in the decoder.
#
# ## Rare colors
#
# On photographs, gray is everywhere. A classifier that says "gray" is right more often than with any other word. So
# Zhang multiplies the loss of each pixel by a weight that grows with the rarity of its color:
#
# $$w_q \propto \Big((1 - \lambda)\, p_q + \lambda / Q\Big)^{-1}, \qquad \sum_q p_q w_q = 1 .$$

# %% id="a4000041"
def weights(prior, lam):
    """(Q,) -> (Q,): 1 over the mixture of the prior and an even one, with mean one under the prior."""
    even = (prior > 0) / (prior > 0).sum()
    w = 1 / ((1 - lam) * prior + lam * even)
    w = torch.where(prior > 0, w, w[prior > 0].max())                        # for bins that never occurred
    return w / (prior * w).sum()

by_hand, library = weights(prior, 0.5), bins.rebalance(prior, 0.5).double()
printed = 1 / (0.5 * prior + 0.5)                                            # D, equation 5

# %% id="a4000042" tags=["nbval-check-output"]
lesson.claim("the weights written here are the library's, and have mean one over the pixels",
             ((by_hand - library).abs() / library).max() < 1e-4 and abs((prior * library).sum() - 1) < 1e-5,
             largest=library.max(), smallest=library.min())

# %% id="a4000043" tags=["nbval-check-output"]
lesson.claim("with lambda in place of lambda / Q, as source D prints it, hardly anything is rebalanced",
             printed.max() / printed.min() < 1.5 and library.max() / library.min() > 5,
             as_printed=printed.max() / printed.min(), meant=library.max() / library.min())

# %% [markdown] id="a4000044"
# Now the experiment. The same U-Net, the same images, once with plain cross-entropy and once rebalanced. Then each is
# decoded at two temperatures.

# %% id="a4000045"
def classifier(name):
    """Trained here, or in a short run the course's checkpoint."""
    recipe = RECIPES[name]
    colorizer = recipe.build(SEED, train)
    history = fit(colorizer, train, recipe.step, recipe.course.but(epochs=lesson.n.epochs), seed=SEED,
                  device=lesson.device)
    if lesson.profile in ("lesson", "full") and test.name == "cifar10":
        records.finish(colorizer, name, recipe.code, train, test, lesson.profile, SEED, history,
                       keep=records.waiting() / f"{name}.safetensors", folder=records.waiting())
    if lesson.profile == "quick" and test.name == "cifar10":
        return Colorizer.load(lesson.checkpoint(name), lesson.device)
    return colorizer

plain, rebalanced = classifier("unet-classifier"), classifier("unet-classifier-rebalanced")

# %% id="a4000046"
def at(colorizer, T):
    return Colorizer(colorizer.net, replace(colorizer.head, T=T)).eval()

systems = {(lam, T): at(colorizer, T) for lam, colorizer in ((1.0, plain), (0.5, rebalanced)) for T in (1.0, 0.38)}
results = {name: metrics.evaluate(system, test, train.ab_mean()) for name, system in systems.items()}
names = ["λ", "T", *(name.replace("_", " ") for name in metrics.NAMES)]
lesson.table(names, [[*key, *(round(values[name], 3) for name in metrics.NAMES)] for key, values in results.items()])

# %% id="a4000047" tags=["nbval-check-output"]
chroma = {key: values["chroma_ratio"] for key, values in results.items()}
lesson.claim("without rebalancing the mean of the distribution has less than three quarters of the true chroma",
             chroma[1.0, 1.0] < 0.75, profiles=("quick", "lesson", "full"), data=("cifar10",), chroma=chroma[1.0, 1.0])

# %% id="a4000048" tags=["nbval-check-output"]
lesson.claim("without rebalancing a low temperature makes pictures grayer, not more colorful",
             chroma[1.0, 0.38] < chroma[1.0, 1.0], profiles=("quick", "lesson", "full"), data=("cifar10",),
             at_038=chroma[1.0, 0.38], at_1=chroma[1.0, 1.0])

# %% [markdown] id="a4000049"
# That is not what one expects of a parameter that "brings out more vibrant colors", as source D says. But a low
# temperature goes to the *mode*, and on photographs the most likely single bin is gray.

# %% id="a4000050"
with torch.no_grad():
    shown = test.pixels[:500]
    answers = torch.cat([plain.net(plain.head.gray(color.lightness(part))).float() for part in shown.split(100)])
modes = bins.centers.to(answers)[answers.argmax(1)]                          # N h w 2
mean = bins.annealed_mean(answers, 1.0)                                      # N 2 h w
gray_mode = (modes.norm(dim=-1) < 15).float().mean()
grayer = (modes.norm(dim=-1) < mean.norm(dim=1)).float().mean()

# %% id="a4000051" tags=["nbval-check-output"]
lesson.claim("for most pixels the most likely bin is grayer than the mean of the distribution", grayer > 0.5,
             profiles=("quick", "lesson", "full"), data=("cifar10",), grayer=grayer, gray=gray_mode)

# %% id="a4000052" tags=["nbval-check-output"]
lesson.claim("rebalanced, at T = 0.38, the pictures have more than 85 percent of the true chroma",
             chroma[0.5, 0.38] > 0.85, profiles=("quick", "lesson", "full"), data=("cifar10",),
             chroma=chroma[0.5, 0.38])

# %% id="a4000053" tags=["nbval-check-output"]
before, after = results[1.0, 0.38], results[0.5, 0.38]
lesson.claim("rebalancing raises the balanced AuC and pays for it with a larger mean ab error",
             after["auc_balanced"] > before["auc_balanced"] and after["ab_error"] > before["ab_error"],
             profiles=("quick", "lesson", "full"), data=("cifar10",),
             balanced_before=before["auc_balanced"], balanced_after=after["auc_balanced"],
             error_before=before["ab_error"], error_after=after["ab_error"])

# %% id="a4000054"
first = test[:6].to(lesson.device).pixels                                    # N 3 H W
L = color.lightness(first)

def painted(colorizer):
    return color.lab_to_rgb(torch.cat([L, colorizer.predict(L)], dim=1))     # N 3 H W

rows = {f"λ {lam:g}\nT {T:g}": painted(system) for (lam, T), system in systems.items()}
figures.show(figures.images(rows | {"truth": first}),
             alt="Six test images in five rows: plain classifier at temperatures 1 and 0.38, pale and brownish; the "
                 "rebalanced one at 1 and 0.38, with strong colors, some of them wrong; and the true pictures.")

# %% [markdown] id="a4000055"
# Vivid at last, and often wrong. This is the bargain: the mean errs less, the rebalanced mode looks more like a
# photograph. The slider goes through the temperatures; the rows show five of them.

# %% id="a4000056"
temperatures = (2.0, 1.0, 0.5, 0.38, 0.1)
figures.show(figures.images({f"T {T:g}": painted(at(rebalanced, T)) for T in temperatures}),
             alt="Six test images, colored by the rebalanced classifier at five temperatures from 2 down to 0.1. At 2 "
                 "they are pale; further down colors grow stronger, and patches with hard borders appear.")

# %% id="a4000057"
def row(T):
    return figures.png(figures.images({f"T {T:.2f}": painted(at(rebalanced, T))}))

picture = Image(value=row(0.38), width=640)
slider = FloatLogSlider(0.38, base=10, min=-1.3, max=0.5, step=0.1, description="T", continuous_update=False)
slider.observe(lambda change: setattr(picture, "value", row(change["new"])), names="value")
VBox([slider, picture])

# %% [markdown] id="a4000058"
# ## Five architectures, and the results that were never written
#
# Source D set out to compare five networks and four color spaces. Its sections "Results", "Discussion" and
# "Conclusion" are empty. Here are results. Four of the networks are built as D's text and table say, with one width,
# so that each differs from another in the named property only (the fifth, on VGG16, is in notebook 07):
#
# - D1, *compact*: max-pools down, upscaling and concatenation up, squared error;
# - D2, *compact classifier*: the same with classes;
# - D3, *dilated*: strides for pools, dilated convolutions for concatenation;
# - D4, *dilated and concatenated*: both.

# %% id="a4000060"
four = {"D1": "delft-compact", "D2": "delft-classifier", "D3": "delft-dilated", "D4": "delft-dilated-concat"}
nets = {code: RECIPES[name].build(SEED, train).net for code, name in four.items()}
lesson.table(["", "system", "parameters", "multiply-adds, millions"],
             [[code, RECIPES[four[code]].title, models.parameters(net), models.multiply_adds(net) / 1e6]
              for code, net in nets.items()])

# %% id="a4000061" tags=["nbval-check-output"]
body = {code: models.parameters(net) - models.parameters(net.last) for code, net in nets.items()}
lesson.claim("but for their last layer, the four networks have equally many parameters within a quarter",
             max(body.values()) < 1.25 * min(body.values()), **body)

# %% [markdown] id="a4000073"
# Each was trained on the same images for the same number of epochs, three times from different weights. The table is
# made from the records of these trainings: the mean over the seeds, and the lowest and highest in brackets.

# %% id="a4000074"
def with_range(values):
    mean = sum(values) / len(values)
    return f"{mean:.3f}" if len(values) == 1 else f"{mean:.3f} ({min(values):.3f}...{max(values):.3f})"

runs = [r for r in records.read() if (r["data"], r["profile"]) == ("cifar10", "lesson") and r["code"][0] == "D"]
measures = ("unexplained", "chroma_ratio", "ab_error", "auc_balanced", "colorfulness")
table = []
for name, recipe in RECIPES.items():
    of = [r["metrics"] for r in runs if r["recipe"] == name]
    if of:
        table.append([recipe.code, recipe.title, len(of), *(with_range([m[key] for m in of]) for key in measures)])
lesson.table(["", "system", "seeds", *(key.replace("_", " ") for key in measures)], table)

# %% [markdown] id="a4000075"
# ## Look at the data first
#
# Source D collected its photographs by a program and then looked at every one of them, in a small web application.
# `datacheck` is one. Give it a folder: arrow keys page, Tab and Space mark a picture as bad. The marks are lines of
# `marked-bad.txt` in that folder, and `DATA = "folder:..."` leaves those pictures out.

# %% id="a4000076"
import tempfile
from pathlib import Path

from PIL import Image as Pillow

from colorlib import datacheck, datasets

place = Path(tempfile.mkdtemp())
for i, pixels in enumerate(test.pixels[:6].cpu()):                           # 3 H W each
    Pillow.fromarray(pixels.permute(1, 2, 0).numpy()).save(place / f"{i}.png")
datacheck.show(place)

# %% id="a4000077"
datacheck.mark(place, "2.png", bad=True)                                     # what the box does
kept = datasets.folder(place)

# %% id="a4000078" tags=["nbval-check-output"]
lesson.claim("a marked picture is left out of the folder, and listed", len(kept) == 5 and
             any(name == "2.png" for name, _ in kept.skipped), kept=len(kept))

# %% [markdown] id="a4000062"
# ## Exercises
#
# Each has a checker that says what is right so far. The solutions are in `solutions/04_classification.py`.
#
# **04.1** Write the soft target of one color. *Hint: which distances count, and what do the shares sum to?*

# %% id="a4000063"
def soft_target(ab, centers, k, sigma):             # (2,), (Q, 2) -> (Q,): zero but for the k nearest
    ...

exercises.check_04_1(soft_target)


# %% [markdown] id="a4000064"
# **04.2** Write the annealed mean. *Hint: D's equation 3 forgets something.*

# %% id="a4000065"
def annealed_mean(logits, centers, T):              # (N, Q, H, W), (Q, 2) -> (N, 2, H, W)
    ...

exercises.check_04_2(annealed_mean)


# %% [markdown] id="a4000066"
# **04.3** Write the weights of rebalancing. *Hint: what is their mean over all pixels?*

# %% id="a4000067"
def rebalance(prior, lam):                          # (Q,), a number -> (Q,)
    ...

exercises.check_04_3(rebalance)


# %% [markdown] id="a4000068"
# **04.4** The area under the curve of "share of pixels within distance d", for d from 0 to 150, has a closed form.
# Write it. *Hint: for how much of the axis is one pixel within d?*

# %% id="a4000069"
def auc(distances, limit=150.0):                    # (P,) -> a number between 0 and 1
    ...

exercises.check_04_4(auc)

# %% [markdown] id="a4000070"
# ## What we saw
#
# The table is made from this run.

# %% id="a4000071"
lesson.finish()

# %% [markdown] id="a4000072"
# **What the sources said.** D: a low temperature "brings out more vibrant colors"; on photographs, without rebalancing,
# it makes them grayer. D's equations 3 and 5 do not do as printed what the text says.
#
# **Next.** Notebook 05 lets a second network judge whether a picture looks real.
#
# **References.** R. Zhang, P. Isola, A. Efros, *Colorful Image Colorization*, 2016. J. Dorscheidt et al., *Using a deep
# neural network for automatic colorization of greyscale images*, 2016 (D1 to D10).
