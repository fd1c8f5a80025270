"""Distil the renderer into the network: `latenz train tulip`.

Resumable: everything that matters is in one file, written every few minutes; a kill costs what came after it.
"""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from engine.errors import InputError
from engine.generator.tulip.factors import factors_of
from engine.generator.tulip.head import Head
from engine.studio.tulip import checkpoint, losses
from engine.studio.tulip.data import SIDE, Data, teacher
from engine.studio.tulip.ground import palette
from engine.studio.tulip.student import Student
from engine.studio.tulip.team import Team

BETAS, EPSILON = (0.9, 0.99), 1e-8
WARM_STEPS, LAST_RATE = 200, 1e-5
CLIP = 5.0  # of the norm of the gradient
AVERAGE = 0.999  # of the weights that are kept, over steps
COARSE = 0.10  # the part of the time spent below the last level
STATE, LOG = "training.safetensors", "log.jsonl"


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train.

    samples : pictures to show it in all, repetitions counted; it may be changed from start to start
    batch : pictures in a step, shared out among the workers
    """

    samples: int = 480_000
    batch: int = 16
    workers: int = 2
    rate: float = 2e-3
    seed: int = 0
    save_s: float = 150.0


@dataclass(frozen=True, slots=True)
class Moment:
    """What is told while it trains."""

    samples: int
    of: int
    loss: float
    rate_hz: float  # samples a second since this start
    saved: bool


class Training:
    """A student, its optimiser, and where it stands."""

    def __init__(self, folder: Path, data: Data, plan: Plan) -> None:
        if plan.batch % plan.workers:
            raise InputError(f"a batch of {plan.batch} cannot be shared out among {plan.workers} workers")
        self._folder, self._data, self._plan = folder, data, plan
        self._about = {"teacher": teacher(), "seed": plan.seed}
        self.student = Student(plan.seed).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = Student(plan.seed).requires_grad_(False)
        self._adam = torch.optim.Adam(self.student.parameters(), plan.rate, BETAS, EPSILON, foreach=True)
        self.progress = checkpoint.Progress()
        self._palettes = torch.from_numpy(np.stack([palette(f) for f in factors_of(data.x)]))
        self._head = Head(SIDE, SIDE)
        folder.mkdir(parents=True, exist_ok=True)
        self._state = folder / STATE
        if self._state.exists():
            self._resume()
        self.progress.starts += 1

    def run(self, tell: Callable[[Moment], None], stop: Callable[[], bool] = lambda: False) -> None:
        """Train until all samples have been shown, or `stop` says so; then save."""
        team: Team[Student] = Team(self.student, self._plan.workers)
        begun, cores, saved, first = time.perf_counter(), time.process_time(), time.perf_counter(), self.progress.samples
        done = self.progress
        before = replace(done)
        value = math.nan
        try:
            while done.samples < self._plan.samples and not stop():
                value = self._step(team)
                now = time.perf_counter()
                done.core_s, done.wall_s = before.core_s + time.process_time() - cores, before.wall_s + now - begun
                due = now - saved > self._plan.save_s
                if due:
                    self.save(value)
                    saved = now
                if due or done.steps % 20 == 0:
                    rate_hz = (done.samples - first) / (now - begun)
                    tell(Moment(done.samples, self._plan.samples, value, rate_hz, due))
        finally:
            team.close()
        self.save(value)

    def save(self, value: float) -> None:
        """Write the state and a line of the log. OSError where the disk is full: what was written before stays."""
        moments = self._adam.state
        names = {p: name for name, p in self.student.named_parameters()}
        first = {names[p]: moments[p]["exp_avg"] for p in names if p in moments}
        second = {names[p]: moments[p]["exp_avg_sq"] for p in names if p in moments}
        groups = {"net": self.student.state_dict(), "average": self.average.state_dict(), "m": first, "v": second}
        checkpoint.save(self._state, groups, self.progress, self._about)
        with (self._folder / LOG).open("a") as log:
            done = self.progress
            row = {"samples": done.samples, "loss": round(value, 5), "core_s": round(done.core_s), "wall_s": round(done.wall_s)}
            log.write(json.dumps(row) + "\n")

    def _resume(self) -> None:
        groups, self.progress = checkpoint.load(self._state, self._about)
        try:
            self.student.load_state_dict(groups["net"])
            self.average.load_state_dict(groups["average"])
            for name, p in self.student.named_parameters():
                if name in groups.get("m", {}):
                    m, v = groups["m"][name].view_as(p), groups["v"][name].view_as(p)
                    step = torch.tensor(float(self.progress.steps))
                    self._adam.state[p] = {"step": step, "exp_avg": _like(m, p), "exp_avg_sq": _like(v, p)}
        except (KeyError, RuntimeError) as error:
            said = " ".join(str(error).split())[:200]
            raise InputError(f"{self._state} does not fit this network: {said}. Remove the file to begin anew") from error

    def _step(self, team: Team[Student]) -> float:
        plan, done = self._plan, self.progress
        share = done.samples / plan.samples
        levels = len(self.student.synthesis.channels) - (share < COARSE)
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
        done.steps += 1
        done.samples += plan.batch
        kept = min(AVERAGE, (1 + done.steps) / (10 + done.steps))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.parameters()), list(self.student.parameters()), 1 - kept)
        return value

    def _part(self, levels: int, random: torch.Generator) -> Callable[[Student], Tensor]:
        """The loss of some pictures, to be computed where there is a core for it."""
        count = self._plan.batch // self._plan.workers
        rows = torch.randint(len(self._data.x), (count,), generator=random).numpy()
        window = losses.Window.draw(4 << (levels - 1), random)

        def part(net: Student) -> Tensor:
            pictures = torch.from_numpy(self._data.pictures[rows]).permute(0, 3, 1, 2).float() / 255
            maps = torch.from_numpy(self._data.maps[rows]).permute(0, 3, 1, 2).contiguous()
            batch = losses.Batch(pictures, maps, self._palettes[rows])
            w = net.w(torch.from_numpy(self._data.x[rows]))
            return losses.loss(net.synthesis, self._head, w, batch, levels, window)

        return part


def _like(values: Tensor, parameter: Tensor) -> Tensor:
    """values in the memory format of the parameter, as the optimiser makes its own."""
    return torch.empty_like(parameter, requires_grad=False).copy_(values)
