"""How even the flow of pictures is with pace: of a show as it plays, of a journey, and along faders."""

import tempfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.controls import Controls
from engine.generator.catalog import model_directions
from engine.latent.directions import Direction
from engine.latent.perceived import Eye
from engine.preset import Options, load_show
from engine.show.picture import Picture
from engine.studio.figures import Bar, Row
from engine.studio.learn.facts import completed
from engine.studio.learn.foreground import TO_LAB, TO_LMS
from engine.studio.learn.perceived import changes
from engine.studio.learn.subject import Subject
from engine.studio.learn.work import Tell
from engine.studio.pace import between, paced, seen_of, unevenness, worst

Array = NDArray[np.float64]

MODEL, SIDE, FPS = "tulip", 64, 30
RUN_IN_S, WALK_S, JOURNEY_S = 20, 60, 20
WALKS = 2  # other walks, with other seeds
KEYS = 8  # seeds that the journey visits
FADERS = ("bloom", "stripes", "hue")
MOVES = np.linspace(-4.0, 4.0, 17)  # of a fader, in sigma
PLACES = 16  # where faders are judged, others than they were measured at
EVEN, LEAPS = 0.25, 3.0
SHOW = """\
[generator]
model = "{model}"
size = [{side}, {side}]
[motion]
wander = 1.0
wander_hz = 0.1
pace = {pace}
"""


def rows(seed: int, threads: int, tell: Tell) -> list[Row]:
    """CV and worst frame with pace, without it beside them."""
    parts = WALKS + 2
    found: list[Row] = []
    for number in range(WALKS):
        tell("walking as a show does", number, parts)
        own = (seed + number) % 2**32
        found += _walk(own, threads)
    tell("pacing a journey", WALKS, parts)
    subject = Subject(MODEL, SIDE, threads)
    found += _journey(subject, seed)
    tell("moving faders", WALKS + 1, parts)
    for name in FADERS:
        direction = completed(subject, model_directions(MODEL)[name], seed=seed)
        found.append(
            Row("pace: CV of the change over equal moves of a fader", name,
                unevenness(_moves(subject, direction, (seed + 1000) % 2**32, even=True)),
                ceiling=unevenness(_moves(subject, direction, (seed + 1000) % 2**32, even=False)))
        )  # fmt: skip
    return found


def _walk(seed: int, threads: int) -> list[Row]:
    of = f"{WALK_S} s of wandering, live, {RUN_IN_S} s after the start, seed {seed}"
    both = [walked(seed, pace, RUN_IN_S + WALK_S, threads) for pace in (1.0, 0.0)]
    (with_pace, with_lab), (plain, plain_lab) = (tuple(part[RUN_IN_S * FPS :] for part in own) for own in both)
    (cold, _), (cold_plain, _) = (tuple(part[: WALK_S * FPS] for part in own) for own in both)
    return [
        Row("pace: CV of the change from frame to frame", of, unevenness(with_pace), Bar(high=EVEN), unevenness(plain)),
        Row("pace: worst frame over the median", of, worst(with_pace), Bar(high=LEAPS), worst(plain)),
        Row("pace: CV seen by another eye (mean distance in Oklab)", of, unevenness(with_lab), None,
            unevenness(plain_lab)),
        Row("pace: CV with the first 20 s, in which it learns the tempo", f"the first {WALK_S} s, seed {seed}",
            unevenness(cold), None, unevenness(cold_plain)),
        Row("pace: all that changes, of what changes without", of, float(with_pace.sum() / plain.sum())),
    ]  # fmt: skip


def walked(seed: int, pace: float, seconds: float, threads: int = 1) -> tuple[Array, Array]:
    """A show that wanders, stepped as it plays: the change of each frame, to our eye and in Oklab."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "walk.toml"
        path.write_text(SHOW.format(model=MODEL, side=SIDE, pace=pace), "utf-8")
        show = load_show(path, Options(seed=seed))
    picture = Picture(show.pinned, "cpu", threads)
    controls = Controls(show.layout, show.layout.defaults.copy())
    eye, seen, lab = Eye(SIDE, SIDE), [], []
    former: Tensor | None = None
    try:
        for frame in range(round(seconds * FPS)):
            image = picture.step(controls, 1 / FPS if frame else 0.0, 0.0)[0]
            change = eye.look(image)
            here = oklab(torch.from_numpy(image[..., :3].copy()))
            if change is not None and former is not None:
                seen.append(change)
                lab.append(float((here - former).norm(dim=-1).mean()))
            former = here
    finally:
        picture.generator.close()
    return np.array(seen), np.array(lab)


def oklab(pixels: Tensor) -> Tensor:
    """Bytes of sRGB (..., 3) in Oklab (Ottosson 2020), where equal distances look about equal."""
    c = pixels.float() / 255.0
    linear = torch.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    cones = (linear @ torch.tensor(TO_LMS).T).clamp(min=0.0)
    return cones ** (1 / 3) @ torch.tensor(TO_LAB).T


def _journey(subject: Subject, seed: int) -> list[Row]:
    keys = np.random.RandomState(seed).randn(KEYS, subject.info.z_dim)
    found = paced(between(keys, np.linspace(0, KEYS - 1, JOURNEY_S * FPS)), lambda frames: seen_of(subject, frames))
    of = f"a journey of {JOURNEY_S} s past {KEYS} seeds, resampled"
    return [
        Row("pace: CV of the change from frame to frame", of, unevenness(found.after), Bar(high=EVEN),
            unevenness(found.before)),
        Row("pace: worst frame over the median", of, worst(found.after), Bar(high=LEAPS), worst(found.before)),
    ]  # fmt: skip


def _moves(subject: Subject, direction: Direction, seed: int, even: bool) -> Array:
    """What is seen of each of equal moves of a fader from end to end, on average over places."""
    pace = direction.pace
    amounts = [pace.amount(move) if even and pace is not None else move for move in MOVES.tolist()]
    drawn = torch.stack([subject.pictures(w) for w in subject.along(subject.sample(PLACES, seed), direction, amounts)])
    found: Array = np.array([changes(drawn[:, place]).cpu().numpy() for place in range(PLACES)], np.float64).mean(0)
    return found
