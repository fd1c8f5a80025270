"""Faster ways of drawing a frame, tried in turn: the first that draws what eager draws is taken."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engine.generator.plans.agreement import SAME_SIGMA, compare
from engine.generator.plans.device_frame import to_numpy

Runner = Callable[[int], Tensor]  # draws into a slot; the picture of floats


@dataclass(frozen=True, slots=True)
class Step:
    """What was taken, "eager" and no runner where nothing agreed, and what was found on the way."""

    way: str = "eager"
    run: Runner | None = None
    notes: dict[str, object] = field(default_factory=dict)


def climb(
    ways: Sequence[tuple[str, Callable[[], Runner]]], slots: int, true: NDArray[np.float32], half_sigma: float | None
) -> Step:
    """The first of `ways` whose pictures, of every slot, agree with the true one.

    half_sigma : what fp16 layers may differ by, where another choice of algorithms rounds otherwise; None demands the
    same numbers but for the rounding of fp32
    """
    notes: dict[str, object] = {}
    for way, make in ways:
        try:
            run = make()
            found = [compare(to_numpy(run(slot)), true) for slot in range(slots)]
        except (RuntimeError, ImportError) as error:  # a capture that was refused, no compiler, too little memory
            notes[way] = f"not used: {(str(error).strip().splitlines() or [type(error).__name__])[0]}"
            continue
        worst = max(found, key=lambda agreement: agreement.max_sigma)
        if worst.same() if half_sigma is None else worst.close(half_sigma):
            notes[way] = f"against eager: {worst}"
            return Step(way, run, notes)
        notes[way] = f"not used: {worst}; allowed are {half_sigma or SAME_SIGMA:g}"
    return Step(notes=notes)
