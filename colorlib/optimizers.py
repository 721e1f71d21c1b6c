"""Optimizers and learning-rate schedules by name, as a `TrainingConfig` asks for them."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

OPTIMIZERS = ("adamw", "adam", "adadelta", "rmsprop", "sgd", "muon")
SCHEDULES = ("onecycle", "linear", "constant", "koo", "drops")
WARMUP = 0.15  # share of the steps in which the linear schedule rises


def make_optimizer(parameters: Iterable[nn.Parameter], config) -> torch.optim.Optimizer:
    """The optimizer that a `TrainingConfig` names, over these parameters."""
    parameters, lr, decay = list(parameters), config.lr, config.weight_decay
    if config.optimizer == "adamw":
        return torch.optim.AdamW(parameters, lr, weight_decay=decay, fused=True)
    if config.optimizer == "adam":
        # None lets torch choose, as it did on the CPUs that made the records.
        fused = all(p.is_cuda for p in parameters) or None
        return torch.optim.Adam(parameters, lr, betas=(config.momentum, 0.999), fused=fused)
    others = {"momentum": config.momentum, "weight_decay": decay}
    if config.optimizer == "rmsprop":
        # alpha: Hinton's lecture averages the squares with 0.9, torch's default is 0.99.
        return torch.optim.RMSprop(parameters, lr, alpha=0.9, **others)
    makers = {"adadelta": AdadeltaNesterov, "sgd": torch.optim.SGD, "muon": Muon}
    return makers[config.optimizer](parameters, lr, **others)


def make_schedule(optimizer: torch.optim.Optimizer, config, steps_per_epoch: int):
    """The learning rate of every step, as one of torch's schedulers; see `TrainingConfig`."""
    steps = config.epochs * steps_per_epoch
    if config.schedule == "onecycle" and steps > 1:
        return one_cycle(optimizer, steps)

    def factor(step: int) -> float:
        if config.schedule == "linear":
            done = (step + 1) / (steps + 1)
            return min(done / WARMUP, (1 - done) / (1 - WARMUP))
        if config.schedule == "koo":
            return 0.5 ** (step // (25 * steps_per_epoch)) / (1 + 1e-7 * step)
        if config.schedule == "drops":
            return 1.0 if step < 0.6 * steps else 0.1 if step < 0.85 * steps else 0.01
        return 1.0  # constant, or a cycle of a single step

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def one_cycle(optimizer: torch.optim.Optimizer, steps: int):
    """The schedule "onecycle" over so many steps, up to the optimizer's own rates."""
    rates = [group["lr"] for group in optimizer.param_groups]  # Muon has two
    # One step more, as the last rate is nearly 0. Two or three steps rise in the first of them: a
    # quarter of so few would be a rise of length 0, or less.
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rates, total_steps=steps + 1, pct_start=0.25 if steps > 3 else 2 / (steps + 1))


def _state(optimizer: torch.optim.Optimizer, p: Tensor, name: str) -> Tensor:
    """A tensor that an optimizer keeps for a weight, of the weight's shape; zero at first."""
    state = optimizer.state[p]
    if name not in state:
        state[name] = torch.zeros_like(p)
    return state[name]


class AdadeltaNesterov(torch.optim.Adadelta):
    """ADADELTA (Zeiler 2012) with Nesterov momentum applied to its steps.

    Dorscheidt et al. 2016 say "ADADELTA with momentum" (table II), and their text adds Nesterov's.
    ADADELTA has no momentum of its own, so we do what libraries of that time could do with the
    steps of any optimizer: v = m v + step, then w = w + m v + step. lr = 1 is Zeiler's rule. With
    momentum m a steady step becomes 1 / (1 - m) times as long.
    """

    def __init__(self, params, lr: float = 1.0, momentum: float = 0.9, weight_decay: float = 0.0):
        super().__init__(params, lr=lr, rho=0.95, eps=1e-6, weight_decay=weight_decay)
        self.defaults["momentum"] = momentum
        for group in self.param_groups:
            group["momentum"] = momentum

    @torch.no_grad()
    def step(self, closure=None):
        """Update every weight that has a gradient; `closure` as in torch's optimizers."""
        loss = torch.enable_grad()(closure)() if closure else None
        before = [(p, p.clone(), group["momentum"]) for group in self.param_groups
                  for p in group["params"] if p.grad is not None]
        super().step()
        for p, old, momentum in before:
            step = p - old  # what ADADELTA alone has done
            velocity = _state(self, p, "velocity").mul_(momentum).add_(step)
            p.copy_(old + momentum * velocity + step)
        return loss


class Muon(torch.optim.Optimizer):
    """Muon (Jordan et al. 2024): momentum whose steps are made orthogonal.

    Of a momentum matrix, outputs by inputs, a few directions are large and most are tiny. Muon sets
    all its singular values to about 1, so that a network learns in every direction at once. It is
    meant for the matrices inside a network: the first and the last convolution, linear layers,
    biases and batch norm take Adam's steps, at 0.08 times the rate.
    """

    def __init__(self, params, lr: float = 0.1, momentum: float = 0.9, weight_decay: float = 0.01):
        params = list(params)
        kernels = [p for p in params if p.ndim == 4]
        inner = {id(p) for p in kernels[1:-1]}
        groups = [
            {"params": [p for p in params if id(p) in inner], "orthogonal": True},
            {"params": [p for p in params if id(p) not in inner], "orthogonal": False,
             "lr": 0.08 * lr, "weight_decay": 0.0},
        ]
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        # A network of two convolutions has no inner ones, and torch refuses an empty group.
        super().__init__([group for group in groups if group["params"]], defaults)

    @torch.no_grad()
    def step(self, closure=None):
        """Update every weight that has a gradient; `closure` as in torch's optimizers."""
        loss = torch.enable_grad()(closure)() if closure else None
        for group in self.param_groups:
            take_step = self._orthogonal_step if group["orthogonal"] else self._adam_step
            for p in group["params"]:
                if p.grad is not None:
                    take_step(p, group)
        return loss

    def _orthogonal_step(self, p: Tensor, group: dict) -> None:
        mean = _state(self, p, "mean").lerp_(p.grad, 1 - group["momentum"])
        ahead = p.grad.lerp(mean, group["momentum"])  # Nesterov's look ahead
        rows = ahead.permute(0, 2, 3, 1)  # outputs, then all inputs: no copy in channels_last
        step = _orthogonalized(rows.flatten(1)).view(rows.shape).permute(0, 3, 1, 2)
        # A matrix with more rows than columns has smaller entries when it is orthogonal.
        scale = max(1.0, rows.shape[0] / rows[0].numel()) ** 0.5
        p.mul_(1 - group["lr"] * group["weight_decay"]).add_(step, alpha=-group["lr"] * scale)

    def _adam_step(self, p: Tensor, group: dict) -> None:
        beta1, beta2 = group["momentum"], 0.99
        mean = _state(self, p, "mean").lerp_(p.grad, 1 - beta1)
        square = _state(self, p, "square").lerp_(p.grad.square(), 1 - beta2)
        # A tensor on the weight's device, so that a GPU need not be waited for.
        steps = self.state[p].setdefault("steps", torch.zeros((), device=p.device)).add_(1)
        # Both means began at zero: the divisions correct for that, as in Adam.
        deviation = (square / (1 - beta2**steps)).sqrt_().add_(1e-8)
        p.sub_(group["lr"] * (mean / (1 - beta1**steps)) / deviation)


def _orthogonalized(matrix: Tensor, iterations: int = 4) -> Tensor:
    """About U V' of matrix = U S V', by Newton-Schulz iterations with Jordan's coefficients."""
    x = matrix.bfloat16()
    tall = len(matrix) > matrix.shape[1]
    x = x.T if tall else x  # x x' is then the smaller of the two products
    x = x / (x.norm() + 1e-7)  # the iterations need singular values of at most 1
    for _ in range(iterations):
        a = x @ x.T
        x = torch.addmm(x, torch.addmm(a, a, a, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
    return (x.T if tall else x).to(matrix.dtype)
