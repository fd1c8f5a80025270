"""Steer: a direction that does to what a model draws what an edit does to a picture (Jahanian, Chai, Isola 2020).

w* = argmin E[ L( G(x + alpha w), edit(G(x), alpha) ) ], L a masked squared difference and that of features; x in z or
in w. Learned in a few hundred small steps, each of its own places, each carried one way and the other.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import InputError
from engine.latent.directions import Direction
from engine.studio.learn.descent import Descent, cosine
from engine.studio.learn.edits import Edit
from engine.studio.learn.facts import completed, spread_along
from engine.studio.learn.likeness import Features, feature_error, masked_error, pyramid
from engine.studio.learn.measured import facts_of, with_facts_of
from engine.studio.learn.response import Response, arrays_of, registered, response, response_of
from engine.studio.learn.subject import Sample, Subject
from engine.studio.learn.walks import AXES, Kind, Space, Walk
from engine.studio.learn.work import Arrays, Tell, Work, quiet

HELD_OUT_SEED = 777_000_000  # plus the seed: of places that nothing is learned from
RATES: dict[Kind, float] = {"linear": 0.15, "curved": 0.05}
JUDGED = "judged/"  # what is kept of an edit once it was learned and measured
FEATURES = 0.1  # what features weigh beside the squared difference of pixels


@dataclass(frozen=True, slots=True)
class Plan:
    """How a walk is learned.

    batch : pictures in a step: half as many places, each carried one way and the other
    layers : of w, that the walk moves; None is all
    rate : of the descent, at its highest: how far a step leads at most, in sigma; 0 is 0.15, and 0.05 for a walk that
        bends, whose network a longer step throws off its way
    """

    space: Space = "z"
    layers: tuple[int, ...] | None = None
    walk: Kind = "linear"
    steps: int = 240
    batch: int = 8
    rate: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.batch < 2 or self.batch % 2:
            raise InputError(f"--batch {self.batch}: give an even number from 2, since half of it goes each way")
        if self.steps < 1:
            raise InputError(f"--steps {self.steps}: give at least 1")
        if not 0.0 <= self.rate <= 10.0:
            raise InputError(f"--rate {self.rate:g}: give up to 10, or 0 for what suits the walk")

    @property
    def highest(self) -> float:
        """The rate that the descent begins with."""
        return self.rate or RATES[self.walk]


@dataclass(frozen=True, slots=True)
class Steered:
    """What was learned of one edit: the direction, and how far the model follows on places nothing was learned from."""

    edit: Edit
    direction: Direction
    response: Response


def steer(
    subject: Subject,
    edits: Sequence[Edit],
    plan: Plan,
    *,
    names: Sequence[str] = (),
    leave: Sequence[Direction] = (),
    features: Features = pyramid,
    places: int = 24,
    work: Work | None = None,
    tell: Tell = quiet,
) -> list[Steered]:
    """A direction for each edit, one after the other.

    names : of the directions; none: those of the edits
    leave : directions that none of them moves along
    places : held-out places that each is judged at
    work : where the state is kept; what it holds of the same request is gone on with, and comes to the same in the end
    """
    kept: dict[str, NDArray[np.generic]] = dict((work and work.found()) or {})
    found: list[Steered] = []
    for edit, name in zip(edits, names or [edit.name for edit in edits], strict=True):
        lesson = Lesson(subject, edit, plan, leave, features)
        lesson.restore(_under(f"{name}/", kept))

        def state(lesson: Lesson = lesson, name: str = name) -> Arrays:
            kept.update({f"{name}/{key}": array for key, array in lesson.state().items()})
            return kept

        while lesson.step < plan.steps:
            tell(f"learning {name}", lesson.step, plan.steps)
            if work is not None:
                work.keep(state)
            lesson.learn()
        state()
        tell(f"measuring {name}", plan.steps, plan.steps)
        known = _under(f"{name}/{JUDGED}", kept)
        if known and len(known["done"]) == places:
            found.append(_again(edit, lesson.walk, name, plan.seed, known))
            continue
        found.append(judged(subject, edit, lesson.walk, name, plan.seed, places))
        seen = arrays_of(found[-1].response) | facts_of(found[-1].direction)
        kept.update({f"{name}/{JUDGED}{key}": array for key, array in seen.items()})
        if work is not None:
            work.keep(lambda: kept)
    return found


class Lesson:
    """One walk while it is learned: its parameters, the moments of its descent, and how many steps were taken."""

    def __init__(
        self, subject: Subject, edit: Edit, plan: Plan, leave: Sequence[Direction] = (), features: Features = pyramid
    ) -> None:
        self.walk = Walk(subject, plan.space, plan.layers, plan.walk, leave, plan.seed)
        self._subject, self._edit, self._plan, self._features = subject, edit, plan, features
        self._descent = Descent(dict(self.walk.named_parameters()), AXES)

    def learn(self) -> float:
        """Take one step: the loss before it. InputError where it is no number."""
        plan, numbers = self._plan, np.random.default_rng([self._plan.seed, self.step])
        sample = self._subject.sample(plan.batch // 2, int(numbers.integers(2**31)))
        alpha = self._amounts(numbers)
        reach = max(abs(end) for end in self._edit.range)
        twice = sample[np.tile(np.arange(len(sample)), 2)]
        with torch.no_grad():
            w = self._subject.w(sample)
            before = self._subject.draw(w).clamp(0.0, 1.0)
            wanted, mask = self._edit.apply(before.repeat(2, 1, 1, 1), alpha)
        drawn = self._subject.draw(self.walk(twice, w.repeat(2, 1, 1), alpha / reach))
        loss = masked_error(drawn, wanted, mask) + FEATURES * feature_error(drawn, wanted, mask, self._features)
        total = loss.mean()
        value = float(total.detach())
        if not math.isfinite(value):
            raise InputError(f"{self._edit.name}: the loss became {value} at step {self.step}; lower --rate")
        total.backward()  # type: ignore[no-untyped-call]
        self._descent.step(cosine(plan.highest, self.step, plan.steps))
        return value

    @property
    def step(self) -> int:
        """How many steps were taken."""
        return self._descent.steps

    def state(self) -> dict[str, NDArray[np.generic]]:
        """All of it, as arrays."""
        return self._descent.state()

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from what `state` gave; an empty one changes nothing."""
        if arrays:
            self._descent.restore(arrays)

    def _amounts(self, numbers: np.random.Generator) -> Tensor:
        """(batch,) of the edit's range: the first half up from 0, the other down; all one way where the range is."""
        low, high = self._edit.range
        half = self._plan.batch // 2
        up, down = numbers.random(half), numbers.random(half)
        alpha = np.concatenate([high * up if high > 0 else low * up, low * down if low < 0 else high * down])
        return torch.from_numpy(alpha.astype(np.float32)).to(self._subject.device)


def judged(subject: Subject, edit: Edit, walk: Walk, name: str, seed: int, places: int) -> Steered:
    """The direction that a walk became, with what was measured of it at places that nothing was learned from."""
    plain = walk.direction(name, seed)
    reach = max(abs(end) for end in edit.range)
    per_sigma = reach / walk.length_sigma(plain)
    found = response(subject, edit, plain, per_sigma, held_out(subject, places, seed))
    with torch.inference_mode():
        sample = spread_along(subject.sample(8, seed), plain)  # where `completed` starts from
        start = subject.pictures(subject.w(sample))
    direction = completed(
        subject, plain, seed=seed, places=8, follows=lambda pictures: registered(edit, start, pictures[:, None])[:, 0]
    )
    return _steered(edit, direction, found)


def _again(edit: Edit, walk: Walk, name: str, seed: int, known: Arrays) -> Steered:
    """What `judged` gave, from what was kept of it."""
    return _steered(edit, with_facts_of(walk.direction(name, seed), known), response_of(known))


def _under(prefix: str, kept: Arrays) -> Arrays:
    return {key.removeprefix(prefix): array for key, array in kept.items() if key.startswith(prefix)}


def _steered(edit: Edit, direction: Direction, found: Response) -> Steered:
    method = f"steer: {edit.name}" + ("" if direction.curve is None else ", bent")
    return Steered(edit, replace(direction, method=method, measures=found.measures()), found)


def held_out(subject: Subject, count: int, seed: int) -> Sample:
    """Places that nothing is learned from."""
    return subject.sample(count, (HELD_OUT_SEED + seed) % 2**32)
