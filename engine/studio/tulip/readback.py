"""A reader of tulips: a small network that tells the factors from a picture, taught by the renderer's pictures alone.

It never sees a picture of the network it is to judge, so what it reads there is what a stranger who knows real
tulips (the renderer's) would read. What it cannot read in the renderer's own pictures is its ceiling.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from engine.generator.tulip.factors import COUNT
from engine.paths import cache_dir, part_beside
from engine.studio.tulip.data import latents, teacher
from engine.studio.tulip.painters import Renderer, pooled

SIDE = 64  # pixels of what it looks at
SHOWN_PX = 128  # of what it is shown: pooled to SIDE
CHUNK = 256

Tell = Callable[[str, int, int], None]  # what is done, how much of it, of how much


@dataclass(frozen=True, slots=True)
class Lessons:
    """How it is taught: how many pictures, how often each, and from which seed; never one that is measured with."""

    pictures: int = 8192
    rounds: int = 12
    batch: int = 64
    rate: float = 3e-3
    seed: int = 20


class Reader(nn.Module):
    """Pictures (n, 3, 64, 64) in 0..1 -> its guess of 2 Phi(x) - 1 of every factor (n, 19), each even in -1..1."""

    place: Tensor

    def __init__(self) -> None:
        super().__init__()
        at = (torch.arange(SIDE) + 0.5) / (SIDE / 2) - 1
        self.register_buffer("place", torch.stack(torch.meshgrid(at, at, indexing="ij"))[None])
        self.layers = nn.Sequential(
            nn.PixelUnshuffle(4),
            *_block(16 * 5, 64, 1),
            *_block(64, 96, 2),
            *_block(96, 96, 1),
            *_block(96, 128, 2),
            nn.Flatten(),
            nn.Linear(128 * 16, 160),
            nn.LeakyReLU(0.1),
            nn.Linear(160, COUNT),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        seen = torch.cat([2 * pictures - 1, self.place.expand(len(pictures), -1, -1, -1)], 1)
        found: Tensor = self.layers(seen)
        return found

    @torch.inference_mode()
    def read(self, pictures: Tensor) -> NDArray[np.float64]:
        """Of pictures (n, 3, side, side) of any side that 64 divides: (n, 19)."""
        parts = [self(pooled(pictures[i : i + CHUNK], SIDE)) for i in range(0, len(pictures), CHUNK)]
        return torch.cat(parts).double().numpy()


def _block(narrow: int, wide: int, stride: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(narrow, wide, 3, stride, 1, bias=False), nn.BatchNorm2d(wide), nn.LeakyReLU(0.1)


def wanted(x: NDArray[np.floating]) -> NDArray[np.float64]:
    """What a perfect reader says of Gaussian x (n, 19): 2 Phi(x) - 1."""
    return torch.erf(torch.from_numpy(np.asarray(x, np.float64)) / math.sqrt(2)).numpy()


def reader(lessons: Lessons, workers: int, tell: Tell) -> Reader:
    """A taught reader: from the user's cache, or from pictures rendered now. Some minutes the first time."""
    path = cache_dir("tulip") / f"reader-{_key(lessons)}.safetensors"
    found = Reader()
    try:
        found.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError):
        x = latents(lessons.seed, lessons.pictures)
        found = taught(shown(x, workers, tell), x, lessons, tell)
        with part_beside(path) as part:
            save_file({name: t.contiguous() for name, t in found.state_dict().items()}, part)
    return found.eval()


def shown(x: NDArray[np.floating], workers: int, tell: Tell) -> Tensor:
    """The renderer's pictures of x, as the reader is taught them: (n, 3, 64, 64) uint8."""
    renderer, parts = Renderer(workers), []
    for first in range(0, len(x), CHUNK):
        tell("rendering what the reader learns from", first, len(x))
        drawn = pooled(renderer.pictures(x[first : first + CHUNK], SHOWN_PX), SIDE)
        parts.append((drawn * 255).round().to(torch.uint8))
    return torch.cat(parts)


def taught(pictures: Tensor, x: NDArray[np.floating], lessons: Lessons, tell: Tell) -> Reader:
    """A reader of these pictures (n, 3, 64, 64) uint8 of x (n, 19). The same input teaches the same reader."""
    target = torch.from_numpy(wanted(x)).float()
    batch = min(lessons.batch, len(x))
    steps = lessons.rounds * (len(x) // batch)
    with torch.random.fork_rng([]):
        torch.manual_seed(lessons.seed)
        net = Reader()
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    random = torch.Generator().manual_seed(lessons.seed)
    adam = torch.optim.AdamW(net.parameters(), lessons.rate, weight_decay=1e-3)
    rate = torch.optim.lr_scheduler.OneCycleLR(adam, lessons.rate, total_steps=steps)
    rows = torch.empty(0, dtype=torch.int64)
    for step in range(steps):
        if len(rows) < batch:
            rows = torch.randperm(len(x), generator=random)
        chosen, rows = rows[:batch], rows[batch:]
        loss = (net(pictures[chosen].float() / 255) - target[chosen]).square().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        rate.step()
        if step % 32 == 0:
            tell("teaching the reader", step, steps)
    net.eval()
    return net


def _key(lessons: Lessons) -> str:
    """Another renderer, reader or lesson teaches another reader."""
    said = teacher() + repr(sorted(asdict(lessons).items())) + hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    return hashlib.sha256(said.encode()).hexdigest()[:16]
