"""Distil the renderer into the network: `latenz train tulip`.

Resumable: everything that matters is in one file, written every few minutes; a kill costs what came after it.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from engine.errors import InputError
from engine.generator.tulip.factors import factors_of
from engine.generator.tulip.head import Head
from engine.generator.tulip.maps import PALETTE as PALETTE_NUMBERS
from engine.studio.tulip import checkpoint, losses
from engine.studio.tulip.data import SIDE, Data, teacher
from engine.studio.tulip.ground import palette
from engine.studio.tulip.log import write_row
from engine.studio.tulip.polish import Polished
from engine.studio.tulip.student import CHANNELS, LAYOUT, Student
from engine.studio.tulip.team import Team

BETAS, EPSILON = (0.9, 0.99), 1e-8
WARM_STEPS, LAST_RATE = 200, 1e-5
CLIP = 5.0  # of the norm of the gradient
AVERAGE = 0.999  # of the weights that are kept, over steps
COARSE = 0.10  # the part of the time spent below the last level
STATE, LOG = "training.safetensors", "log.jsonl"
PALETTE = "synthesis.palette."
MOMENTS = {"m": "exp_avg", "v": "exp_avg_sq", "steps": "step"}  # Adam's; the last level's weights begin later
MOST_SAMPLES, MOST_BATCH, MOST_CHANNELS = 10**9, 1024, 4096
LONGEST_SAVE_S = 270  # between two saves: no kill costs five minutes
LEVELS = 3, 5  # of the trunk: fewer have none below the last but one, more are finer than the pictures


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train. InputError, naming the option, for what cannot be done.

    samples : pictures to show it in all, repetitions counted; it may be changed from start to start
    batch : pictures in a step, shared out among the workers
    save_s : seconds between two saves
    channels : of each level of the trunk, from 4 px up; the last level has at most half the pictures' side
    """

    samples: int = 258_000
    batch: int = 16
    workers: int = 2
    rate: float = 2e-3
    seed: int = 0
    save_s: float = 150.0
    channels: tuple[int, ...] = CHANNELS

    def __post_init__(self) -> None:
        whole = {"samples": MOST_SAMPLES, "batch": MOST_BATCH, "threads": MOST_BATCH}
        for (name, most), value in zip(whole.items(), (self.samples, self.batch, self.workers), strict=True):
            if not 1 <= value <= most:
                raise InputError(f"--{name} {value}: give 1 to {most}")
        if self.batch % self.workers:
            raise InputError(
                f"a batch of {self.batch} cannot be shared out among {self.workers} threads: "
                "give a --batch that --threads divides"
            )
        if not 0 < self.rate <= 1:  # false for what is no number
            raise InputError(f"--rate {self.rate:g}: give more than 0 and at most 1; 0.002 is usual")
        if not 0 <= self.seed < 2**32:
            raise InputError(f"--seed {self.seed}: give 0 to {2**32 - 1}")
        if not 0 <= self.save_s <= LONGEST_SAVE_S:
            raise InputError(f"--save {self.save_s:g}: give 0 to {LONGEST_SAVE_S} seconds")
        right = LEVELS[0] <= len(self.channels) <= LEVELS[1] and self.channels[1] >= LAYOUT
        if not right or not all(1 <= c <= MOST_CHANNELS for c in self.channels):
            raise InputError(
                f"channels {self.channels}: give {LEVELS[0]} to {LEVELS[1]} of 1 to {MOST_CHANNELS} each, "
                f"the second of them at least {LAYOUT}, which w lays out"
            )


@dataclass(frozen=True, slots=True)
class Moment:
    """What is told while it trains.

    rate_hz : samples a second since this start
    saved : just now; marked : because a mark was reached
    """

    samples: int
    of: int
    loss: float
    rate_hz: float
    saved: bool
    marked: bool = False


class Training:
    """A student, its optimiser, and where it stands."""

    def __init__(self, folder: Path, data: Data, plan: Plan) -> None:
        """Begin, or go on from what is in the folder. InputError for a state that is not of this plan and teacher."""
        self._folder, self.data, self._plan = folder, data, plan
        self._about = {"teacher": teacher(), "seed": plan.seed}
        student, average = Student(plan.seed, plan.channels), Student(plan.seed, plan.channels)
        self.student = student.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = average.requires_grad_(False)
        self.polished: Polished | None = None  # the average's palette, until it is trained on
        self._adam = torch.optim.Adam(self.student.parameters(), plan.rate, BETAS, EPSILON, foreach=True)
        self.progress = checkpoint.Progress()
        self._palettes = torch.from_numpy(np.stack([palette(f) for f in factors_of(data.x)]))
        self._head = Head(SIDE, SIDE)
        self._state = folder / STATE
        if self._state.exists():
            self._resume()
        self.progress.starts += 1

    @property
    def done(self) -> bool:
        """Whether all samples have been shown."""
        return self.progress.samples >= self._plan.samples

    @property
    def _whole(self) -> bool:
        """Whether the last level was trained before: then it goes on being, though more samples may be asked for."""
        return self.student.synthesis.levels[-1].conv1.bias in self._adam.state

    def run(
        self, tell: Callable[[Moment], None], stop: Callable[[], bool] = lambda: False, marks: Sequence[int] = ()
    ) -> None:
        """Train until all samples have been shown, or `stop` says so; then save.

        tell : called every few steps, and after each time that it was saved
        marks : numbers of samples at which it is saved as well
        """
        if self.done or stop():
            return
        team: Team[Student] = Team(self.student, self._plan.workers)
        begun, cores = time.perf_counter(), time.process_time()
        done, before = self.progress, replace(self.progress)
        value, saved = math.nan, begun

        def told(saved: bool, marked: bool = False) -> None:
            rate_hz = (done.samples - before.samples) / (time.perf_counter() - begun)
            tell(Moment(done.samples, self._plan.samples, value, rate_hz, saved, marked))

        try:
            while not self.done and not stop():
                value = self._step(team)
                now = time.perf_counter()
                done.core_s, done.wall_s = before.core_s + time.process_time() - cores, before.wall_s + now - begun
                marked = any(done.samples - self._plan.batch < mark <= done.samples for mark in marks)
                due = marked or now - saved > self._plan.save_s
                if due:
                    self.save(value)
                    saved = now
                if due or done.steps % 20 == 0:
                    told(due, marked)
        finally:
            team.close()
        if done.steps > before.steps:
            self.save(value)
            told(True)

    def save(self, value: float) -> None:
        """Write the state and a line of the log. InputError where they cannot be: what was written before stays."""
        moments = {name: self._adam.state[p] for name, p in self.student.named_parameters() if p in self._adam.state}
        groups = {"net": self.student.state_dict(), "average": self.shipped()}
        for group, key in MOMENTS.items():
            groups[group] = {name: moment[key] for name, moment in moments.items()}
        if self.polished:
            groups["unpolished"] = _palette_of(self.average)
            groups["polish"] = {"before": self.polished.before, "after": self.polished.after}
        checkpoint.save(self._state, groups, self.progress, self._about)
        done = self.progress
        row = {"samples": done.samples, "core_s": round(done.core_s), "wall_s": round(done.wall_s)}
        write_row(self._folder / LOG, row | ({"loss": round(value, 5)} if math.isfinite(value) else {}))

    def shipped(self) -> dict[str, Tensor]:
        """The weights to play: the average, with its palette polished where it is."""
        return {**self.average.state_dict(), **(self.polished.palette if self.polished else {})}

    def polish(self, polished: Polished) -> None:
        """Take this palette for the average's own, and save. Training on lets it go again, as if it never was."""
        self.polished = polished
        self.save(math.nan)

    def _resume(self) -> None:
        groups, self.progress = checkpoint.load(self._state, self._about)
        try:
            _check(groups)
            self.student.load_state_dict(groups["net"])
            if "polish" in groups:
                mae = groups["polish"]
                palette = {name: t for name, t in groups["average"].items() if name.startswith(PALETTE)}
                self.polished = Polished(palette, mae["before"], mae["after"])
            self.average.load_state_dict(groups["average"] | groups.get("unpolished", {}))
            for name, p in self.student.named_parameters():
                if name in groups.get("m", {}):
                    m, v = groups["m"][name].view_as(p), groups["v"][name].view_as(p)
                    step = groups.get("steps", {}).get(name, torch.tensor(float(self.progress.steps)))
                    self._adam.state[p] = {"step": step, "exp_avg": _like(m, p), "exp_avg_sq": _like(v, p)}
        except (KeyError, RuntimeError) as error:
            said = " ".join(str(error).split())[:200]
            raise InputError(f"{self._state} does not fit this network: {said}. {checkpoint.REMEDY}") from error

    def _step(self, team: Team[Student]) -> float:
        plan, done = self._plan, self.progress
        share = done.samples / plan.samples
        levels = len(self.student.synthesis.channels) - (share < COARSE and not self._whole)
        rate = plan.rate * min(1.0, (done.steps + 1) / WARM_STEPS) * (0.5 + 0.5 * math.cos(math.pi * share)) + LAST_RATE
        for group in self._adam.param_groups:
            group["lr"] = rate
        random = torch.Generator().manual_seed(plan.seed * 1_000_003 + done.steps)  # the same after a restart
        parts = [self._part(levels, random) for _ in range(plan.workers)]
        value = team.gradients(lambda net, part: part(net), parts)
        if not math.isfinite(value):
            raise InputError(f"the training diverged at step {done.steps}: its loss is {value}. Lower --rate")
        nn.utils.clip_grad_norm_(self.student.parameters(), CLIP)
        self._adam.step()
        self.polished = None
        done.steps += 1
        done.samples += plan.batch
        kept = min(AVERAGE, (1 + done.steps) / (10 + done.steps))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.parameters()), list(self.student.parameters()), 1 - kept)
        return value

    def _part(self, levels: int, random: torch.Generator) -> Callable[[Student], Tensor]:
        """The loss of some pictures, to be computed where there is a core for it."""
        count = self._plan.batch // self._plan.workers
        rows = torch.randint(len(self.data.x), (count,), generator=random).numpy()
        window = losses.Window.draw(4 << (levels - 1), random)

        def part(net: Student) -> Tensor:
            pictures = torch.from_numpy(self.data.pictures[rows]).permute(0, 3, 1, 2).float() / 255
            maps = torch.from_numpy(self.data.maps[rows]).permute(0, 3, 1, 2).contiguous()
            batch = losses.Batch(pictures, maps, self._palettes[rows])
            w = net.w(torch.from_numpy(self.data.x[rows]))
            return losses.loss(net.synthesis, self._head, w, batch, levels, window)

        return part


def _check(groups: Mapping[str, Mapping[str, Tensor]]) -> None:
    """RuntimeError for what would only go wrong later: in the optimiser, in the card of the model."""
    for name, mae in groups.get("polish", {}).items():
        if mae.shape != (len(PALETTE_NUMBERS),):
            raise RuntimeError(f"polish/{name} has shape {tuple(mae.shape)}, and has to have ({len(PALETTE_NUMBERS)},)")
    for name, step in groups.get("steps", {}).items():
        if step.shape != () or step < 0:
            raise RuntimeError(f"steps/{name} is no number of steps")
    for name, v in groups.get("v", {}).items():
        if (v < 0).any():
            raise RuntimeError(f"v/{name} holds squares below 0")


def _palette_of(student: Student) -> dict[str, Tensor]:
    return {name: t for name, t in student.state_dict().items() if name.startswith(PALETTE)}


def _like(values: Tensor, parameter: Tensor) -> Tensor:
    """values in the memory format of the parameter, as the optimiser makes its own."""
    return torch.empty_like(parameter, requires_grad=False).copy_(values)
