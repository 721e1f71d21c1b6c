"""One process or several: `accelerate launch -m colorlib train RECIPE` starts a process per device.

    processes = Processes(device)
    net = processes.wrap(net)              # gradients are averaged over the processes
    loss = processes.mean(loss)            # and so is a number

With one process every method returns what it was given.
"""

import os

import torch
from torch import Tensor, nn


class Processes:
    """How many processes train together (`count`), and which one this is (`rank`, from 0).

    The first one prints and writes files. `device` is where this process computes.
    """

    def __init__(self, device: torch.device):
        self.rank, self.count, self.device = 0, 1, device
        if int(os.environ.get("WORLD_SIZE", 1)) > 1:
            # Imported only here, because it is slow. It also opens the process group.
            from accelerate import PartialState

            state = PartialState(cpu=device.type == "cpu")
            self.rank, self.count = state.process_index, state.num_processes
            self.device = state.device

    def wrap(self, net: nn.Module, broadcast_buffers: bool = True) -> nn.Module:
        """The network as it is trained: its gradients are averaged over the processes.

        On GPUs batch norm then sees the whole batch; on CPUs each process's part of it.
        broadcast_buffers   before each forward pass the first process hands its running means to
                            the others. Off for a network that runs twice before one backward pass,
                            as a discriminator does: torch takes that for a mistake
        """
        if self.count == 1:
            return net
        ids = None  # what torch expects on a CPU
        if self.device.type == "cuda":
            net, ids = nn.SyncBatchNorm.convert_sync_batchnorm(net), [self.device.index]
        return nn.parallel.DistributedDataParallel(net, ids, broadcast_buffers=broadcast_buffers)

    def mean(self, values: Tensor) -> Tensor:
        """The mean of each value over the processes."""
        if self.count == 1:
            return values
        total = values.detach().clone()  # all_reduce works in place
        torch.distributed.all_reduce(total)
        return total / self.count

    def wait(self) -> None:
        """Return when every process has come this far."""
        if self.count > 1:
            torch.distributed.barrier()


def unwrap(net: nn.Module) -> nn.Module:
    """The network that `Processes.wrap` or `torch.compile` was given."""
    if isinstance(net, nn.parallel.DistributedDataParallel):
        return net.module
    return getattr(net, "_orig_mod", net)  # of a compiled network
