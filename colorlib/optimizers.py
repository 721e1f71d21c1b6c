"""Optimizers and learning-rate schedules by name, as a `TrainingConfig` asks for them."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

OPTIMIZERS = ("adamw", "adam", "adadelta", "rmsprop", "sgd", "muon")
SCHEDULES = ("onecycle", "linear", "constant", "koo", "drops")
WARMUP = 0.15  # share of the steps in which the linear schedule rises


def make_optimizer(parameters: Iterable[nn.Parameter], config) -> torch.optim.Optimizer:
    """The optimizer that a `TrainingConfig` names, over these parameters."""
    parameters, decay = list(parameters), config.weight_decay
    if config.optimizer == "adamw":
        return torch.optim.AdamW(parameters, config.lr, weight_decay=decay, fused=True)
    if config.optimizer == "adam":
        # None: torch chooses, as it did on the CPUs that made the records.
        fused = all(p.is_cuda for p in parameters) or None
        betas = (config.momentum, 0.999)
        return torch.optim.Adam(parameters, config.lr, betas=betas, fused=fused)
    if config.optimizer == "adadelta":
        return AdadeltaNesterov(
            parameters, config.lr, momentum=config.momentum, weight_decay=decay
        )
    if config.optimizer == "rmsprop":  # 0.9: Hinton's own decay of the mean square
        return torch.optim.RMSprop(
            parameters, config.lr, alpha=0.9, momentum=config.momentum, weight_decay=decay
        )
    if config.optimizer == "sgd":
        return torch.optim.SGD(
            parameters, config.lr, momentum=config.momentum, weight_decay=decay
        )
    if config.optimizer == "muon":
        return Muon(parameters, config.lr, momentum=config.momentum, weight_decay=decay)
    raise ValueError(
        f"unknown optimizer {config.optimizer!r}: expected one of {', '.join(OPTIMIZERS)}"
    )


def make_schedule(optimizer: torch.optim.Optimizer, config, steps_per_epoch: int):
    """The learning rate of every step, as one of torch's schedulers; see `TrainingConfig`."""
    steps = config.epochs * steps_per_epoch
    if config.schedule == "onecycle" and steps > 1:
        rates = [group["lr"] for group in optimizer.param_groups]
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer, rates, total_steps=steps + 1, pct_start=0.25
        )

    def factor(step: int) -> float:
        if config.schedule == "linear":
            done = (step + 1) / (steps + 1)
            return min(done / WARMUP, (1 - done) / (1 - WARMUP))
        if config.schedule == "koo":
            return 0.5 ** (step // (25 * steps_per_epoch)) / (1 + 1e-7 * step)
        if config.schedule == "drops":
            return 1.0 if step < 0.6 * steps else 0.1 if step < 0.85 * steps else 0.01
        return 1.0

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


class AdadeltaNesterov(torch.optim.Adadelta):
    """ADADELTA (Zeiler 2012) with Nesterov momentum laid over its steps.

    Dorscheidt et al. 2016, table II, say "ADADELTA with momentum", their text adds Nesterov's, and
    no more. ADADELTA sets its own step lengths, so momentum is no part of it. Libraries of that
    time could lay it over the steps of any optimizer: v = m v + step, then w = w + m v + step.
    lr = 1 is Zeiler's rule. With momentum m a steady step becomes 1 / (1 - m) times as long.
    """

    def __init__(
        self,
        params,
        lr: float = 1.0,
        rho: float = 0.95,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        momentum: float = 0.9,
    ):
        super().__init__(params, lr=lr, rho=rho, eps=eps, weight_decay=weight_decay)
        self.defaults["momentum"] = momentum
        for group in self.param_groups:
            group["momentum"] = momentum

    @torch.no_grad()
    def step(self, closure=None):
        """Update every weight that has a gradient."""
        if closure is not None:
            raise ValueError("a closure is not supported")
        before: list[tuple[dict, Tensor, Tensor]] = [
            (group, p, p.clone())
            for group in self.param_groups
            for p in group["params"]
            if p.grad is not None
        ]
        super().step()
        for group, p, old in before:
            step, momentum = p - old, group["momentum"]
            velocity = self.state[p].setdefault("velocity", torch.zeros_like(p))
            velocity.mul_(momentum).add_(step)
            p.copy_(old + momentum * velocity + step)


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
        ]  # fmt: skip
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__([group for group in groups if group["params"]], defaults)

    @torch.no_grad()
    def step(self, closure=None):
        """Update every weight that has a gradient."""
        if closure is not None:
            raise ValueError("a closure is not supported")
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    (self._orthogonal_step if group["orthogonal"] else self._adam_step)(p, group)

    def _kept(self, p: Tensor, name: str) -> Tensor:
        """A tensor of a weight's state, of the weight's shape; zero at first."""
        state = self.state[p]
        if name not in state:
            state[name] = torch.zeros_like(p)
        return state[name]

    def _orthogonal_step(self, p: Tensor, group: dict) -> None:
        mean = self._kept(p, "mean")
        mean.lerp_(p.grad, 1 - group["momentum"])
        ahead = p.grad.lerp(mean, group["momentum"])  # Nesterov's look ahead
        rows = ahead.permute(0, 2, 3, 1)  # outputs, then all inputs: no copy in channels_last
        step = _orthogonalized(rows.flatten(1)).view(rows.shape).permute(0, 3, 1, 2)
        # A matrix with more rows than columns has smaller entries when it is orthogonal.
        scale = max(1.0, rows.shape[0] / rows[0].numel()) ** 0.5
        p.mul_(1 - group["lr"] * group["weight_decay"]).add_(step, alpha=-group["lr"] * scale)

    def _adam_step(self, p: Tensor, group: dict, beta2: float = 0.99, eps: float = 1e-8) -> None:
        beta1 = group["momentum"]
        mean = self._kept(p, "mean").lerp_(p.grad, 1 - beta1)
        square = self._kept(p, "square").lerp_(p.grad.square(), 1 - beta2)
        steps = self.state[p].setdefault("steps", torch.zeros((), device=p.device)).add_(1)
        deviation = (square / (1 - beta2**steps)).sqrt_().add_(eps)
        p.sub_(group["lr"] * (mean / (1 - beta1**steps)) / deviation)


def _orthogonalized(matrix: Tensor, iterations: int = 4) -> Tensor:
    """About U V' of matrix = U S V', by Newton-Schulz iterations with Jordan's coefficients."""
    x = matrix.bfloat16()
    tall = len(matrix) > matrix.shape[1]
    x = x.T if tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(iterations):
        a = x @ x.T
        x = torch.addmm(x, torch.addmm(a, a, a, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
    return (x.T if tall else x).to(matrix.dtype)
