"""One network on several cores: replicas that share their weights, each with a part of the batch, in threads.

Small networks gain little from more threads in one operation, and nearly all from one thread for each part of a batch.
"""

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

Net = TypeVar("Net", bound=nn.Module)
Part = TypeVar("Part")


class Team(Generic[Net]):
    """Sums the gradients of several replicas of a network into the first."""

    def __init__(self, net: Net, workers: int) -> None:
        self.nets = [net] + [copy.deepcopy(net) for _ in range(workers - 1)]
        for other in self.nets[1:]:
            for mine, theirs in zip(net.parameters(), other.parameters(), strict=True):
                theirs.data = mine.data
        self._pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))

    def gradients(self, loss: Callable[[Net, Part], Tensor], parts: Sequence[Part]) -> float:
        """Set the first replica's gradients to those of the mean of loss(net, part) over the parts; that mean."""

        def work(net: Net, part: Part) -> float:
            net.zero_grad(set_to_none=True)
            value = loss(net, part) / len(parts)
            value.backward()  # type: ignore[no-untyped-call]
            return float(value.detach())

        total = sum(self._pool.map(work, self.nets, parts))
        for mine, *others in zip(*(net.parameters() for net in self.nets), strict=True):
            for other in others:
                if mine.grad is None:
                    mine.grad = other.grad
                elif other.grad is not None:
                    mine.grad.add_(other.grad)
        return total

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()
