"""A frame recorded as one CUDA graph per output slot: a replay costs one launch in place of hundreds."""

from collections.abc import Callable

import torch
from torch import Tensor

WARM_UPS = 3  # before recording: libraries choose their algorithms and take their memory


class Replay:
    """Recorded frames. `draw(slot)` must take static inputs, read nothing back and draw no random numbers.

    Recorded on a stream of its own, as stream capture demands; replayed on the current one. All graphs share one pool
    of memory: they are never replayed at the same time.
    """

    def __init__(self, draw: Callable[[int], Tensor], slots: int) -> None:
        now, side = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(now)
        with torch.cuda.stream(side):
            for _ in range(WARM_UPS):
                draw(0)
        now.wait_stream(side)
        pool = torch.cuda.graph_pool_handle()
        self._graphs: list[torch.cuda.CUDAGraph] = []
        self._pictures: list[Tensor] = []
        for slot in range(slots):
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=pool, stream=side, capture_error_mode="thread_local"):
                self._pictures.append(draw(slot))
            self._graphs.append(graph)

    def __call__(self, slot: int) -> Tensor:
        """Draw into a slot; the picture of floats, valid until the next replay."""
        self._graphs[slot].replay()
        return self._pictures[slot]
