"""Directions of scores as they are kept: named, measured at held-out places, and shown as strips of alpha."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engine.latent.curve import Curve
from engine.latent.directions import Direction
from engine.studio.learn.assess import Asked, Learned, assess
from engine.studio.learn.assessors import Wish, named, slug
from engine.studio.learn.facts import completed
from engine.studio.learn.followed import APART, Followed, followed, held_out, random_slope
from engine.studio.learn.scores import combined, scores
from engine.studio.learn.strips import PLACES, Block, as_bytes, enlarged, save, sheet, told
from engine.studio.learn.subject import Subject
from engine.studio.learn.work import Work

Array = NDArray[np.float64]

STRIP = 7  # pictures in a strip of alpha
SIDE, FOOT, PAPER, INK = 96, 16, (250, 248, 243), (96, 92, 86)
WEAK = 0.5  # a slope, or a share of the places, below this is little


@dataclass(frozen=True, slots=True, eq=False)
class Assessed:
    """A direction, and how the model follows along it at places that it was not learned from.

    per_deviation : sigma of it that bring one deviation of the score; chance : the slope along directions of chance
    class_ : whose it is, where each class has its own; wishes : what was asked for
    """

    direction: Direction
    wishes: tuple[Wish, ...]
    followed: Followed
    chance: float
    per_deviation: float
    class_: int | None

    @property
    def warning(self) -> str | None:
        """What is to be said of one that hardly brings what was asked for."""
        slope, share = self.followed.slope, self.followed.monotone
        if slope >= WEAK and share >= WEAK:
            return None
        return (
            f"{self.direction.name}: the model hardly follows: one deviation asked for brings {slope:.2f}, in order at "
            f"{100 * share:.0f} % of the places; no one direction may have more of it everywhere"
        )


def learned(
    subject: Subject, wishes: Sequence[Wish], asked: Asked, name: str | None = None,
    leave: Sequence[Direction] = (), work: Work | None = None,
) -> list[Assessed]:  # fmt: skip
    """Learn, name and measure: one direction, or one for each class, called NAME@CLASS."""
    found = assess(subject, wishes, asked, leave, work)
    out = []
    for i, theta in enumerate(found.theta):
        class_ = found.classes[i] if found.classes else None
        title = (name or named(wishes)) + ("" if class_ is None else f"@{class_}")
        if work:
            work.tell("measuring", i, len(found.theta))
        direction = _direction(title, theta, asked, found.method)
        out.append(_measured(subject, wishes, asked, found, direction, theta, class_))
    return out


def request(wishes: Sequence[Wish], asked: Asked, leave: Sequence[Direction]) -> dict[str, object]:
    """All that decides what is learned of a model, as plain data."""
    return {
        "learn": "assess", "asked": asdict(asked), "without": [[d.name, d.vector.tolist()] for d in leave],
        "assessors": [[w.assessor.name, w.weight] for w in wishes],
    }  # fmt: skip


def save_alpha_strips(path: Path, subject: Subject, found: Sequence[Assessed], reach: float) -> None:
    """Write a strip for each direction: what a bit less and a bit more looks like, each with its score under it.

    The columns are alpha, in deviations of the score; the scores are the first assessor's own, in its own unit.
    """
    alphas = np.linspace(-reach, reach, STRIP)
    blocks = [_block(subject, one, alphas.tolist()) for one in found]
    save(path, sheet(blocks, alphas.round(2).tolist(), "deviations"))


def _direction(name: str, theta: Array, asked: Asked, method: str) -> Direction:
    dim = len(theta)
    still = Curve(np.zeros((1, dim)), np.zeros(1), np.zeros((dim, 1))) if asked.move.shell else None
    return Direction(name, theta, asked.move.space, 1.0, asked.move.layers, method=method, curve=still)


def _measured(
    subject: Subject, wishes: Sequence[Wish], asked: Asked, found: Learned, direction: Direction, theta: Array,
    class_: int | None,
) -> Assessed:  # fmt: skip
    scale = found.scale
    other = (asked.seed + APART) % 2**32
    ready = completed(subject, direction, seed=other, follows=lambda pictures: _unmixed(wishes, found, pictures))
    per = float(np.linalg.norm(theta)) / ready.sigma
    sample = held_out(subject, asked.seed, class_=class_)
    seen = followed(subject, ready, wishes, scale, per, sample, asked.reach)
    chance = random_slope(subject, ready, wishes, scale, per, sample, asked.reach, asked.seed, asked.chances)
    measures = {
        "deviations": seen.slope / per, "slope": seen.slope, "r2": seen.r2, "monotone": seen.monotone,
        "chance": chance, "sigma_per_deviation": per,
    }  # fmt: skip
    if len(wishes) > 1:
        measures |= {f"slope {slug(w.assessor.name)}": s for w, s in zip(wishes, seen.each, strict=True)}
    return Assessed(replace(ready, measures=measures), tuple(wishes), seen, chance, per, class_)


def _unmixed(wishes: Sequence[Wish], found: Learned, pictures: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return combined(wishes, found.scale, pictures.clone())


def _block(subject: Subject, one: Assessed, alphas: Sequence[float]) -> Block:
    first = next(w for w in one.wishes if w.weight)
    sample = held_out(subject, 0, PLACES, one.class_)
    columns = []
    for w in subject.along(sample, one.direction, [a * one.per_deviation for a in alphas]):
        drawn = subject.pictures(w, SIDE)
        looked = subject.pictures(w).clone()
        with torch.no_grad():
            said = scores([first], looked)[:, 0].tolist()
        columns.append(_captioned(enlarged(as_bytes(drawn), SIDE), said))
    seen = one.followed
    line = f"{told(one.direction).splitlines()[0]}\nslope {seen.slope:.2f}  R2 {seen.r2:.2f}"
    safe = one.direction.safe and (one.direction.safe[0] / one.per_deviation, one.direction.safe[1] / one.per_deviation)
    return Block(one.direction.name, line, np.stack(columns, 1), safe)


def _captioned(pictures: NDArray[np.uint8], numbers: Sequence[float]) -> NDArray[np.uint8]:
    """Pictures (n, h, w, 3) with a number under each."""
    out = []
    for picture, number in zip(pictures, numbers, strict=True):
        high, wide = picture.shape[:2]
        image = Image.new("RGB", (wide, high + FOOT), PAPER)
        image.paste(Image.fromarray(picture), (0, 0))
        text = f"{number:.3g}"
        ImageDraw.Draw(image).text((wide // 2, high + 2), text, INK, ImageFont.load_default(11), anchor="ma")
        out.append(np.asarray(image))
    return np.stack(out)
