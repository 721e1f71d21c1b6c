# Draft of notebook 05, as text: its first half. Not run; ALT and PICTURES mark what waits for a run.

# %% [markdown] id="a5000001"
# # 05 · A conditional GAN that fails
#
# <!-- links 05 -->
# <!-- /links -->
#
# <!-- measured -->
# <!-- /measured -->
#
# After this notebook you can
#
# - write the two steps of a GAN, and say what each of the two networks is asked for;
# - compute what a generator feels of a discriminator's answer, and when it feels nothing;
# - find, by a derivative, that a printed algorithm makes both players work for the other side;
# - say of a GAN who wins, by numbers and not by looking;
# - measure whether a generator still looks at its input.
#
# Notebook 04 got color back by making rare colors count for more. It never asked whether a *picture* looks real. Here
# a second network is trained to ask that. Sources K and P did so, and both failed. We fail with them, and measure how.

# %% id="00da4df3" tags=["bootstrap"]
# the bootstrap cell of the other notebooks

# %% id="8fc07af7" tags=["parameters"]
PROFILE = "quick"
SEED = 0
DEVICE = "auto"
DATA = "auto"

# %% id="a5000002"
from dataclasses import replace

import torch
import torch.nn.functional as F
from ipywidgets import Image
from torch import nn

# %% id="a5000003"
from colorlib import adversarial, color, exercises, figures, losses, models, records
from colorlib.adversarial import Rules
from colorlib.lesson import Lesson
from colorlib.recipes import RECIPES
from colorlib.train import fit

# %% id="a5000004"
lesson = Lesson("05", profile=PROFILE, seed=SEED, device=DEVICE, data=DATA)
train, test = lesson.train, lesson.test
print(train, test, sep="\n")

# %% [markdown] id="a5000005"
# ## A loss that nobody can write
#
# A car may be red or blue. Squared error charges for both and gets brown. What we want of a picture is that it *could
# be* a photograph. Nobody can write that down as a formula. But a network can be trained to tell photographs from
# painted pictures, and then its answer is a loss.
#
# So there are two networks. The **generator** G sees the gray image and answers colors. The **discriminator** D sees
# the gray image with some colors, G's or the true ones, and answers how likely they are true. D is trained to be
# right. G is trained so that D is wrong about its pictures. Both are trained at once, step by step. That is a
# conditional GAN (Goodfellow et al. 2014; Mirza and Osindero 2014).
#
# Source K's discriminator: three convolutions with pools, two linear layers, heavy dropout. Its last number is a
# *logit*; a sigmoid makes a probability of it. K draws the sigmoid inside the network. We keep it out, and see why.

# %% id="a5000006"
def layer(inputs, outputs):
    return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.Dropout(0.8), nn.MaxPool2d(2)]

D = nn.Sequential(*layer(3, 32), *layer(32, 64), *layer(64, 128),            # N 3 32 32 -> N 128 4 4
                  nn.Flatten(), nn.Linear(128 * 4 * 4, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 1))
theirs = models.KooDiscriminator()
lesson.table(["", "weights"], [["K's discriminator", models.parameters(D)],
                               ["K's generator", models.parameters(models.KooGenerator())]])

# %% id="a5000007" tags=["nbval-check-output"]
lesson.claim("the discriminator written here has the layers and weights of the library's, and more of them than K1",
             [p.shape for p in D.parameters()] == [p.shape for p in theirs.parameters()]
             and models.parameters(D) > 5 * models.parameters(models.KooBaseline()), weights=models.parameters(D))

# %% [markdown] id="a5000008"
# ## The two steps
#
# D's step: its answer to the true colors should be 1, its answer to G's colors 0. The loss is the cross-entropy of a
# yes-or-no question. G's colors are detached: D's step must not move G.

# %% id="a5000009"
def bce(logits, label):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))

def d_step(D, optimizer, x, real, fake):
    loss = bce(D(x, real), 1.0) + bce(D(x, fake.detach()), 0.0)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

# %% [markdown] id="a5000010"
# G's step: the same question from the other side. D should call G's colors true. The gradient goes through D, which
# stays as it is, back to G.

# %% id="a5000011"
def g_step(D, optimizer, x, fake):
    loss = bce(D(x, fake), 1.0)                                              # -log D
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

# %% id="a5000012"
def pair():
    """A small generator and a discriminator, always the same, and their optimizers."""
    torch.manual_seed(SEED)
    G, D = models.UNet(8, 2, strided=True, leak=0.2), models.ImageDiscriminator(8, 2)
    return G, D.eval(), torch.optim.SGD(G.parameters(), 0.1), torch.optim.SGD(D.parameters(), 0.1)

x, y = RECIPES["nazeri-gan"].build(SEED).encode(train.pixels[:16].cpu())     # 16 1 32 32, 16 2 32 32
G, D, g_optimizer, d_optimizer = pair()
fake = G(x)
d_step(D, d_optimizer, x, y, fake)
g_step(D, g_optimizer, x, fake)
ours = torch.cat([p.detach().flatten() for net in (G, D) for p in net.parameters()])

# %% id="a5000013"
G, D, g_optimizer, d_optimizer = pair()
start = torch.cat([p.detach().flatten() for net in (G, D) for p in net.parameters()])
adversarial.gan_step(G, D, g_optimizer, d_optimizer, x, y, Rules())
theirs = torch.cat([p.detach().flatten() for net in (G, D) for p in net.parameters()])

# %% id="a5000014" tags=["nbval-check-output"]
lesson.claim("the two steps written here leave the same weights as the library's", (ours - theirs).abs().max() < 1e-5
             and (ours - start).abs().max() > 1e-3, difference=(ours - theirs).abs().max(),
             moved=(ours - start).abs().max())

# %% [markdown] id="a5000015"
# ## What the generator feels
#
# All that G learns comes through one number: the logit $z$ that D gives to its picture, $D = 1/(1 + e^{-z})$. How
# hard does the loss pull at $z$? There are two losses for "D should be wrong". K lowers $\log(1 - D)$, the
# *saturating* loss. N lowers $-\log D$, the *non-saturating* one (Goodfellow's own advice). And K's Algorithm 2 prints
# a third, $\log(1 + D)$. Take the three slopes:

# %% id="a5000016"
z = torch.linspace(-10, 10, 201, requires_grad=True)
terms = {"log(1 - D), saturating": -F.softplus(z), "-log D, non-saturating": F.softplus(-z),
         "log(1 + D), as printed": z.sigmoid().log1p()}
slopes = {name: torch.autograd.grad(term.sum(), z)[0] for name, term in terms.items()}
axis = figures.lines(slopes, x=z.tolist(), xlabel="logit of D for G's picture", ylabel="slope of G's loss")
figures.show(axis, alt="Three curves over D's logit from -10 to 10. Saturating: zero at the left, falls to -1 at the "
                       "right. Non-saturating: -1 at the left, zero at the right. As printed: a positive bump.")

# %% id="a5000017" tags=["nbval-check-output"]
sure = 20                                                                    # z = -8: D says 0.03 percent
lesson.claim("where D is sure that a picture is G's, the saturating loss pulls less than a thousandth of the other",
             slopes["log(1 - D), saturating"][sure].abs() < 1e-3 * slopes["-log D, non-saturating"][sure].abs(),
             saturating=slopes["log(1 - D), saturating"][sure],
             non_saturating=slopes["-log D, non-saturating"][sure])

# %% [markdown] id="a5000018"
# That is the left end, where a generator starts that D sees through. K's text names the cure in its last section.
#
# The printed loss has the other sign everywhere: who descends it *lowers* D for his own pictures. More of that below.
#
# Now the right end. There D calls G's picture true, and D is the one who has to learn. K computes the sigmoid first and
# its logarithm then. In 32 bits the sigmoid of 20 is exactly 1, and $\log(1 - 1)$ is cut off at $-100$: a constant.

# %% id="a5000019"
def slope(term, at):
    z = torch.tensor([float(at)], requires_grad=True)
    return float(torch.autograd.grad(term(z), z)[0])

rows = [[f"{at:g}", slope(lambda z: losses.binary_cross_entropy(z, 0.0, from_logits=False), at),
         slope(lambda z: losses.binary_cross_entropy(z, 0.0), at)] for at in (2, 8, 16, 20)]
lesson.table(["logit", "D's slope, sigmoid first", "from logits"], rows)

# %% id="a5000020" tags=["nbval-check-output"]
lesson.claim("at a logit of 20, a sigmoid before the logarithm gives D no gradient, the loss from logits a full one",
             rows[-1][1] == 0 and rows[-1][2] > 0.99, sigmoid_first=rows[-1][1], from_logits=rows[-1][2])

# %% [markdown] id="a5000021"
# Neither network moves from there: D's slope is zero, and so is G's, who is content. A GAN that gets to this place
# stays in it.
#
# ## Algorithm 2, as printed
#
# K's Algorithm 2 has $\log(1 + D)$ in both players' steps. D ascends it on G's pictures, G descends it. Take one step
# of each and look where D's answer to G's pictures goes. (It should fall by D's step and rise by G's.)

# %% id="a5000022"
def moved(loss, player):
    """How D's mean logit for G's pictures changes by one player's step on these pictures."""
    G, D, g_optimizer, d_optimizer = pair()
    before, rules = D(x, G(x)).mean(), Rules(loss=loss)
    if player == "D":
        optimizer, cost = d_optimizer, adversarial.discriminator_loss(D, x, y, G(x).detach(), rules)[1]
    else:
        optimizer, cost = g_optimizer, adversarial.generator_loss(D(x, G(x)), rules)
    optimizer.zero_grad()
    cost.backward()
    optimizer.step()
    return float(D(x, G(x)).mean() - before)

# %% id="a5000024"
meant = {player: moved("saturating", player) for player in "DG"}
printed = {player: moved("as-printed", player) for player in "DG"}
lesson.table(["D's logit for G's pictures changes", "by D's step", "by G's step"],
             [["log(1 - D)", *meant.values()], ["log(1 + D), as printed", *printed.values()]])

# %% id="a5000023" tags=["nbval-check-output"]
lesson.claim("as printed, each player works for the other side",
             meant["D"] < 0 < meant["G"] and printed["D"] > 0 > printed["G"], **printed)

# %% [markdown] id="a5000025"
# There is more. K leaves D's step out when D is too good: it is taken only while *both* its errors exceed a margin of
# 0.5. As printed, D's error on fakes is $-\log(1 + D)$. That is never above zero, so D would never learn at all:

# %% id="a5000026"
says = torch.linspace(-30, 30, 601)
errors = torch.stack([-losses.as_printed(one) for one in says.split(1)])

# %% id="a5000027" tags=["nbval-check-output"]
lesson.claim("as printed, D's error on fakes never exceeds K's margin, so that D never takes a step", errors.max() < 0.5,
             largest=errors.max())

# %% [markdown] id="a5000028"
# K's *pictures* come from a program, not from the paper's page, and his equation 4 has the sign right. So from here on
# we play the game that is meant, $\log(1 - D)$.
#
# ## When has a GAN failed?
#
# Say it before the runs. Pictures can be argued about; these four numbers cannot. They are measured on test images,
# which neither network has seen:
#
# - **D has won** when it is right for at least 85 percent of the pairs *and* the gradient that reaches G has a norm of
#   at most a thousandth. (K reports 89 percent, and below a ten-thousandth.)
# - **G ran off** when its pictures have at least twice the true chroma.
# - **Collapse**: the images' mean colors differ from each other at most a fifth as much as the true ones do. (P reports
#   the same output whatever the input.)
#
# A run has failed if any of the three came. `adversarial.verdict` names which.

# %% id="a5000029"
limits = adversarial.Limits()
lesson.table(["ending", "when"], [
    ["D won", f"accuracy >= {limits.accuracy}, gradient norm <= {limits.gradient_norm}"],
    ["G ran off", f"chroma ratio >= {limits.chroma}"], ["collapse", f"spread over inputs <= {limits.collapse}"]])

# %% [markdown] id="a5000030"
# ## K's game
#
# His generator is the baseline of notebook 03, with noise added to the gray image: a linear layer makes 1,024 numbers
# of a random vector. It starts from the trained baseline, in his own numbers (UV, unit variance). RMSProp, G's rate ten
# times D's. D's step is left out unless both its errors exceed 0.5.

# %% id="a5000031"
few = test[:lesson.n.watched].to(lesson.device)
live = Image(format="png")
PANELS = {"accuracy": "pairs that D judges rightly", "median_fake": "D's probability for G's pictures",
          "gradient_norm": "norm of the gradient that reaches G", "chroma_ratio": "chroma of G's pictures, true = 1"}

def drawn(games):
    return figures.dashboard(games, PANELS, ["gradient_norm"], {"accuracy": 0.5, "chroma_ratio": 1.0})

# %% id="a5000032"
def play(name, rules=None, images=train, epochs=None, every=50, seed=SEED):
    """Train a GAN of the course, watched; the live dashboard is extra."""
    recipe, games = RECIPES[name], {name: []}
    colorizer, step = recipe.build(seed, train), recipe.step_for(seed)
    step.rules = rules or step.rules
    def watch():
        games[name].append(adversarial.diagnose(colorizer, step, few) | {"step": every * len(games[name])})
        live.value = figures.png(drawn(games))
        return {k: v for k, v in games[name][-1].items() if k != "step"}
    settings = recipe.course.but(epochs=epochs or lesson.n.epochs)
    return colorizer, step, fit(colorizer, images, step, settings, seed=seed, device=lesson.device, watch=watch,
                                every=every, progress=False)

# %% id="a5000033"
live_view = live                                                             # shows the game while it runs
live_view

# %% id="a5000034"
koo, koo_step, koo_history = play("koo-gan")
figures.show(drawn({"K3": koo_history.watched}),
             alt="ALT: four panels over the steps of K's game.")

# %% id="a5000035"
ending = adversarial.diagnose(koo, koo_step, few)
told = {name: ending[name] for name in ("accuracy", "median_fake", "gradient_norm", "chroma_ratio", "collapse")}
lesson.table(["K3 at its end", ""], [*told.items(), ["share of D's steps, last epoch", koo_history["d_steps"][-1]],
                                    ["verdict", adversarial.verdict(ending, limits)]])

# %% id="a5000036" tags=["nbval-check-output"]
lesson.claim("K's game fails by the criterion that was stated before it", adversarial.verdict(ending, limits) != "",
             profiles=("lesson", "full"), data=("cifar10",), **told)

# %% [markdown] id="a5000037"
# PICTURES and what one sees.

# %% id="a5000038"
first = test[:6].to(lesson.device).pixels                                    # N 3 H W
L = color.lightness(first)

def painted(colorizer):
    return color.lab_to_rgb(torch.cat([L, colorizer.predict(L)], dim=1))     # N 3 H W

start = RECIPES["koo-gan"].build(SEED, train)
figures.show(figures.images({"start": painted(start), "end": painted(koo), "truth": first}), alt="ALT pictures of K3")

# %% [markdown] id="a5000039"
# ## Which text gives which ending?
#
# K says D won. K's text leaves things open: does the margin hold for each error or for their sum (his section 3.2.2
# says one thing, Algorithm 2 another)? Does D get steps ahead? Is 0.8 what dropout drops or what it keeps? How large
# is the noise? Try them, a short run each.

# %% id="a5000040"
base = RECIPES["koo-gan"].duel.rules
settings = {"Algorithm 2: each error over 0.5": base, "their sum over 0.5": replace(base, margin_of="sum"),
            "no margin": replace(base, margin=None), "loss from logits": replace(base, from_logits=True),
            "D ten steps ahead": replace(base, head_start=10),
            "non-saturating": replace(base, loss="non-saturating", from_logits=True, margin=None)}
tried = {}
for name, rules in settings.items():
    colorizer, step, history = play("koo-gan", rules, images=train[:lesson.n.trial_images], epochs=1, every=10)
    tried[name] = adversarial.diagnose(colorizer, step, few) | {"d_steps": history["d_steps"][-1]}

# %% id="a5000041"
lesson.table(["setting", "D right", "D(G)", "gradient", "chroma", "D's steps", "verdict"],
             [[name, t["accuracy"], t["median_fake"], f"{t['gradient_norm']:.1e}", t["chroma_ratio"], t["d_steps"],
               adversarial.verdict(t, limits)] for name, t in tried.items()])

# %% [markdown] id="a5000042"
# ## P's game
#
# Another generator, a U-Net; a common discriminator; labels drawn at random and swapped. P reports that after 40 epochs
# the output was the same whatever the image.

# %% id="a5000043"
perez, perez_step, perez_history = play("perez-sigmoid-gan", every=200)
figures.show(drawn({"K3": koo_history.watched, "P1": perez_history.watched}), alt="ALT")

# %% [markdown] id="a5000044"
# ## k of n seeds
#
# One run proves little.

# %% id="a5000045"
def failed(name):
    """Endings of the stored runs of a recipe, a seed each."""
    where = name, "cifar10", "lesson"
    runs = [r["metrics"] for r in records.read() if (r["recipe"], r["data"], r["profile"]) == where]
    return [adversarial.verdict(m, limits) for m in runs]

lesson.table(["system", "seeds", "failed", "endings"],
             [[name, len(e := failed(name)), sum(map(bool, e)), "; ".join(x or "-" for x in e)]
              for name in ("koo-gan", "perez-sigmoid-gan")])
