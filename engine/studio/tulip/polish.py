"""Bring a trained network's palette nearer to the renderer's, in numbers: no picture is drawn.

Colours are what little of a batch of pictures can teach, and what sweeps of saturation, value and stripes need most.
Two layers, from w to the palette, are fitted to the renderer's own palettes of as many flowers as it takes; all else is
held, so that what is mapped and the maps that are drawn stay as they are, bit for bit.
"""

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from engine.generator.tulip.factors import COUNT, factors_of
from engine.generator.tulip.maps import PALETTE
from engine.studio.tulip.ground import palette
from engine.studio.tulip.student import Student

RATE, BETAS, WARM_STEPS = 1e-2, (0.9, 0.99), 50
HELD_OUT, HELD_OUT_SEED = 8192, 40_961
TOLD = 50  # steps between two looks at the clock and the caller


@dataclass(frozen=True, slots=True)
class Lesson:
    """How long it is fitted, with how many flowers in a step, and of how many in all."""

    steps: int = 6000
    batch: int = 1024
    rows: int = 65_536
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Polished:
    """The palette's weights, named as in the whole network, and the mean absolute error of each of its numbers before
    and after, (11,) each, on flowers it was not fitted to."""

    palette: Mapping[str, Tensor]
    before: Tensor
    after: Tensor

    def sentence(self) -> str:
        """Both errors, the mean and the largest."""
        worst = PALETTE[int(self.after.argmax())]
        return (
            f"palette polished: mean error {self.before.mean():.4f} before, {self.after.mean():.4f} after; "
            f"largest {self.after.max():.4f}, of {worst}"
        )


def polish(
    student: Student,
    lesson: Lesson = Lesson(),  # noqa: B008 : it is frozen
    tell: Callable[[int, int], None] = lambda done, of: None,
    stop: Callable[[], bool] = lambda: False,
) -> Polished | None:
    """Fit the palette of a network, which is left as it is; None where `stop` said so first.

    tell : called with the steps that were done, and of how many
    What would not be better on the whole is not taken.
    """
    steps = lesson.steps
    w, wanted = pairs(student, lesson.rows, lesson.seed)
    seen, truth = pairs(student, HELD_OUT, HELD_OUT_SEED)
    net = copy.deepcopy(student.synthesis.palette).requires_grad_(True)
    before = error(net, seen, truth)
    adam = torch.optim.Adam(net.parameters(), RATE, BETAS)
    random = torch.Generator().manual_seed(lesson.seed)
    for step in range(steps):
        if step % TOLD == 0:
            tell(step, steps)
            if stop():
                return None
        rate = RATE * min(1.0, (step + 1) / WARM_STEPS) * (0.5 + 0.5 * math.cos(math.pi * step / steps))
        for group in adam.param_groups:
            group["lr"] = rate
        picked = torch.randint(lesson.rows, (lesson.batch,), generator=random)
        missed = net(w[picked]) - wanted[picked]
        adam.zero_grad()
        (missed.abs().mean() + 2 * missed.square().mean()).backward()
        adam.step()
    tell(steps, steps)
    after = error(net, seen, truth)
    if float(after.mean()) > float(before.mean()):
        net, after = student.synthesis.palette, before
    found = {f"synthesis.palette.{name}": t.detach().clone() for name, t in net.state_dict().items()}
    return Polished(found, before, after)


@torch.no_grad()
def pairs(student: Student, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """w (count, w_dim) of random flowers, and the renderer's palettes of them (count, 11)."""
    x = np.random.RandomState(seed).randn(count, COUNT).astype(np.float32)
    wanted = torch.from_numpy(np.stack([palette(values) for values in factors_of(x)]))
    return student.mapping(torch.from_numpy(x)), wanted


@torch.no_grad()
def error(net: nn.Module, w: Tensor, wanted: Tensor) -> Tensor:
    """The mean absolute error of each number of the palette, (11,)."""
    missed: Tensor = net(w) - wanted
    return missed.abs().mean(0)
