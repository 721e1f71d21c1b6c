"""One process or several: `accelerate launch -m colorlib train RECIPE` starts a process per device.

    processes = Processes(device)
    net = processes.wrap(net)              # gradients are averaged over the processes
    loss = processes.mean(loss)            # and so is a number

With one process every method returns what it was given.
"""

from __future__ import annotations

import os

import torch
from torch import Tensor, nn


class Processes:
    """How many processes train together, and which of them this one is.

    rank, count   this process, counted from 0, and the number of processes
    device        where this process computes
    """

    def __init__(self, device: torch.device):
        self.rank, self.count, self.device = 0, 1, device
        if int(os.environ.get("WORLD_SIZE", 1)) > 1:
            from accelerate import PartialState  # opens the process group; slow to import

            state = PartialState(cpu=device.type == "cpu")
            self.rank, self.count = state.process_index, state.num_processes
            self.device = state.device

    @property
    def is_main(self) -> bool:
        """Whether this process prints and writes files."""
        return self.rank == 0

    def wrap(self, net: nn.Module, broadcast_buffers: bool = True) -> nn.Module:
        """The network as it is trained: its gradients are averaged over the processes.

        On GPUs batch norm then sees the whole batch; on CPUs each process's part of it.
        broadcast_buffers   before each forward pass the first process hands its running means to
                            the others. Off for a network that runs twice before one backward pass,
                            as a discriminator does: torch takes that for a mistake
        """
        if self.count == 1:
            return net
        cuda = self.device.type == "cuda"
        if cuda:
            net = nn.SyncBatchNorm.convert_sync_batchnorm(net)
        return nn.parallel.DistributedDataParallel(
            net,
            device_ids=[self.device.index] if cuda else None,
            broadcast_buffers=broadcast_buffers,
        )

    def mean(self, values: Tensor) -> Tensor:
        """The mean of each value over the processes."""
        if self.count == 1:
            return values
        total = values.detach().clone()
        torch.distributed.all_reduce(total)
        return total / self.count

    def wait(self) -> None:
        """Return when every process has come this far."""
        if self.count > 1:
            torch.distributed.barrier()


def unwrap(net: nn.Module) -> nn.Module:
    """The network that `Processes.wrap` was given."""
    return net.module if isinstance(net, nn.parallel.DistributedDataParallel) else net
