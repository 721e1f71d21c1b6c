"""Optimizers and learning-rate schedules by name, as a `TrainingConfig` asks for them."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

OPTIMIZERS = ("adamw", "adam", "adadelta", "rmsprop", "sgd")
SCHEDULES = ("onecycle", "constant", "koo", "drops")


def make_optimizer(
    parameters: Iterable[nn.Parameter], config, fused: bool = True
) -> torch.optim.Optimizer:
    """The optimizer that a `TrainingConfig` names, over these parameters.

    fused   all weights in one pass through memory, where torch has it. Not with loss scaling
            (fp16): a fused optimizer then skips a step without saying so
    """
    parameters, decay = list(parameters), config.weight_decay
    if config.optimizer == "adamw":
        return torch.optim.AdamW(parameters, config.lr, weight_decay=decay, fused=fused)
    if config.optimizer == "adam":
        # On a CPU the plain one, whose steps the records were made with.
        fused = fused and all(p.is_cuda for p in parameters)
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
    raise ValueError(
        f"unknown optimizer {config.optimizer!r}: expected one of {', '.join(OPTIMIZERS)}"
    )


def make_schedule(optimizer: torch.optim.Optimizer, config, steps_per_epoch: int):
    """The learning rate of every step, as one of torch's schedulers; see `TrainingConfig`."""
    steps = config.epochs * steps_per_epoch
    if config.schedule == "onecycle" and steps > 1:
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer, config.lr, total_steps=steps + 1, pct_start=0.25
        )

    def factor(step: int) -> float:
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
