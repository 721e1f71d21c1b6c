"""Each checker of notebook 05: the solution is right, the stub is not done, two usual mistakes are named."""
from pathlib import Path

import torch
import torch.nn.functional as F
from checkers import *  # noqa: F403
from checkers import test_no_function_of_the_notebook_solves_an_exercise  # noqa: F401

SOLUTIONS = Path(__file__).parents[2] / "solutions" / "05_conditional_gan.py"


def wrong_loss_smooth_on_both(real, fake, smooth):
    bce = F.binary_cross_entropy_with_logits
    return bce(real, torch.full_like(real, smooth)) + bce(fake, torch.full_like(fake, 1 - smooth))


def wrong_loss_of_a_sigmoid(real, fake, smooth):
    bce = F.binary_cross_entropy
    return bce(real.sigmoid(), torch.full_like(real, smooth)) + bce(fake.sigmoid(), torch.zeros_like(fake))


def wrong_slope_by_probability(z, loss):
    p = z.sigmoid()
    return -1 / (1 - p) if loss == "saturating" else -1 / p


def wrong_collapse_of_all_pixels(predicted, true):
    def spread(ab):
        return (ab - ab.mean((0, 2, 3), keepdim=True)).square().sum(1).mean().sqrt()
    return spread(predicted) / spread(true)


def wrong_collapse_without_root(predicted, true):
    def spread(ab):
        mean = ab.mean((2, 3))
        return (mean - mean.mean(0)).square().sum(1).mean()
    return spread(predicted) / spread(true)


def wrong_winner_by_reals_alone(confusion):
    (_, _), (real_fake, real_real) = confusion
    share = real_real / (real_fake + real_real)
    return share, "D" if share > 0.7 else "nobody"


def wrong_winner_by_accuracy_alone(confusion):
    (fake_fake, fake_real), (real_fake, real_real) = confusion
    accuracy = (fake_fake + real_real) / (fake_fake + fake_real + real_fake + real_real)
    return accuracy, "D" if accuracy >= 0.8 else "nobody"


def wrong_step(G, D, optimizer, detach=False, label=1.0, clear=True):
    fake = G(torch.randn(128, 2))
    logits = D(fake.detach() if detach else fake)
    loss = F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))
    if clear:
        optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return G


def wrong_collapse_mean_distance(predicted, true):
    means = [ab.mean((2, 3)) for ab in (predicted, true)]
    distances = [(m - m.mean(0)).norm(dim=1).mean() for m in means]
    return distances[0] / distances[1]


def wrong_winner_in_percent(confusion):
    (fake_fake, fake_real), (real_fake, real_real) = confusion
    accuracy = (fake_fake + real_real) / (fake_fake + fake_real + real_fake + real_real)
    winner = "D" if accuracy >= 0.85 else "G" if fake_real >= 0.85 * (fake_fake + fake_real) else "nobody"
    return [100 * accuracy, winner]


CASES = [
    ("check_05_1", "discriminator_loss", wrong_loss_smooth_on_both, "fake stays 0"),
    ("check_05_1", "discriminator_loss", wrong_loss_of_a_sigmoid, "from logits"),
    ("check_05_2", "slope", lambda z, loss: z.sigmoid() - 1 if loss == "saturating" else -z.sigmoid(), "swapped"),
    ("check_05_2", "slope", wrong_slope_by_probability, "by its logit"),
    ("check_05_3", "collapse", wrong_collapse_of_all_pixels, "mean color of each image"),
    ("check_05_3", "collapse", wrong_collapse_without_root, "take the root"),
    ("check_05_3", "collapse", wrong_collapse_mean_distance, "square each distance"),
    ("check_05_4", "who_wins", wrong_winner_in_percent, "in percent"),
    ("check_05_4", "who_wins", wrong_winner_by_reals_alone, "both numbers of the diagonal"),
    ("check_05_4", "who_wins", wrong_winner_by_accuracy_alone, "look at the fakes"),
    ("check_05_5", "repaired_step", lambda G, D, optimizer: wrong_step(G, D, optimizer, detach=True),
     "cuts the gradient"),
    ("check_05_5", "repaired_step", lambda G, D, optimizer: wrong_step(G, D, optimizer, label=0.0), "to answer 1"),
    ("check_05_5", "repaired_step", lambda G, D, optimizer: wrong_step(G, D, optimizer, clear=False),
     "belongs before backward"),
]
