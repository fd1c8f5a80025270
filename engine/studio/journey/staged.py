"""A pair on the stage of a show: the sequence as it is, moved by the show's directions, under its effects."""

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.controls import Controls, Layout
from engine.generator.catalog import open_model
from engine.latent.even import EvenFaders
from engine.latent.geometry import space_of
from engine.latent.levels import Levels
from engine.latent.steer import Steer
from engine.preset import Options, Show, check_routes, find_show, load_show
from engine.show.desk import Desk
from engine.show.picture import OWN, Picture
from engine.stage.outputs.video import open_output
from engine.studio.journey.drawing import Look, check_class
from engine.studio.journey.pair import Pair
from engine.studio.journey.parts import Reel, check_reel
from engine.studio.journey.rates import Rated
from engine.studio.learn.work import Tell, quiet
from engine.studio.render import as_recorded, onto, taken

Weights = NDArray[np.float64]


def staged(
    pair: Pair, look: Look, reel: Reel, show: str, *, take: Path | None = None, tell: Tell = quiet
) -> Show:  # fmt: skip
    """Render a pair through a show, in one pass: each effect sees the picture before.

    The show's sources, or a take, move its directions, effects and the model's own controls; where the latent is
    decides the pair alone: springs, wandering, loops and `/latent/next` do nothing. psi rests at the look's.
    ShowError for what does not hold together.
    """
    check_reel(reel)
    options = Options(
        model=look.model, size=reel.size, fps=float(reel.rate), audio=str(reel.sound) if reel.sound else None
    )
    found = load_show(find_show(show), options)
    if take is not None:
        found = as_recorded(found, take)
    check_routes(found)
    pair.check(found.info).check_finite()
    found = _resting(found, look.psi)
    desk = Desk(found, live=False) if take is None else taken(found, take)
    followed = Followed(found.pinned, pair, reel, look.class_)
    notes = {"latenz.sequence": pair.path.stem, "latenz.show": found.name, "latenz.model": found.info.name}
    output = open_output(reel.out, found.size, found.fps, reel.frames, sound=reel.sound, notes=notes)
    onto(output, found, desk, reel.frames, partial(tell, "drawing"), followed)
    return found


class Followed(Picture):
    """What a show draws where a pair says where the latent is. Each step is the next frame of the pair."""

    def __init__(self, show: Show, pair: Pair, reel: Reel, class_: int | None) -> None:
        voice = show.voices[0]
        geometry: Literal["sphere", "flat"] = "sphere" if pair.space == "z" else "flat"
        voice = replace(voice, motion=replace(voice.motion, geometry=geometry))
        count = int(show.info.extra.get("classes", 0))
        check_class(class_, show.info)
        self._weights: Weights | None = np.eye(1, count, class_ or 0) if count else None
        self._frames = _frames(pair, reel)
        self.show, self.motion_s, self.draw_s = show, 0.0, 0.0
        self._places = {
            control.address.removeprefix(OWN): i
            for i, control in enumerate(show.layout.levels)
            if control.address.startswith(OWN)
        }
        self._inputs = {name: float(show.layout.defaults[i]) for name, i in self._places.items()}
        self._levels = Levels(show.voices, show.info, show.directions.names, show.layout)
        self._begun = False
        self._steer, self._even = Steer(show.directions, show.info, 1), EvenFaders(show.directions)
        self.generator = open_model(show.model, "cpu", 1, show.how)
        try:
            # The one voice has the whole stage, however many the show has.
            width, height = replace(show, voices=show.voices[:1]).drawn_size
            self.generator.prepare(1, width, height)
            self._space = space_of([voice], show.info, show.directions, self._map)
        except BaseException:
            self.generator.close()
            raise

    def step(
        self, controls: Controls, dt_s: float, beat: float, out: NDArray[np.uint8] | None = None
    ) -> NDArray[np.uint8]:
        begun = time.perf_counter()
        now = self._levels.read(controls.values)
        self._inputs = {name: float(controls.values[i]) for name, i in self._places.items()}
        row, weights = next(self._frames)
        if weights is not None and (self._weights is None or not np.array_equal(weights, self._weights)):
            self._weights = weights
            self._space.remap()
        if not self._begun:  # a film begins where the show rests, not on the way there from nothing
            self._begun, self._steer.amounts = True, np.array(now.targets[:1])
        self._steer.step(now.targets[:1], now.amount_springs[:1], dt_s)
        faders = self._steer.amounts if now.accents is None else self._steer.amounts + now.accents[:1]
        drawn = self._even.amounts(faders, now.even[:1])
        w = self._space.w_at(self._space.frame(row)[None], self._steer, drawn, now.psi)
        moved = time.perf_counter()
        image = self.generator.draw(w, self._inputs, out)
        self.motion_s, self.draw_s = moved - begun, time.perf_counter() - moved
        return image

    def _map(self, z: NDArray[np.float64], psi: float, shares: Any = None) -> NDArray[np.float32]:
        """z (1, bands, z_dim) to w, of the class weights of this frame."""
        of_classes = getattr(self.generator, "map_classes", None)
        if self._weights is None or of_classes is None:
            return self.generator.map(z, psi, self._inputs)
        scales = getattr(self.generator, "scales_z", False)
        own = 1.0 if scales and psi > 0.0 else psi  # rows are as long as they should be; 0 asks for the average
        parts = [
            np.asarray(of_classes(z[:, i], own, self._weights))[:, band.first : band.last]
            for i, band in enumerate(self.generator.info.bands)
        ]
        return np.concatenate(parts, 1)


def _frames(pair: Pair, reel: Reel) -> Iterator[tuple[NDArray[np.float64], Weights | None]]:
    """Each frame's row, with its class weights where the pair has any."""
    classes = pair.path.with_name(f"{pair.path.stem}.classes.npy") if pair.classes is not None else None
    rated = Rated(pair.path, classes, pair.facts.fps, reel.rate)
    for rows, weights in rated.blocks(0, reel.frames):
        for i, row in enumerate(rows):
            yield np.asarray(row, np.float64), None if weights is None else np.asarray(weights[i : i + 1], np.float64)


def _resting(show: Show, psi: float) -> Show:
    """The show with psi at rest where the pair was drawn with it."""
    controls = [
        replace(c, default=min(max(psi, c.low), c.high)) if c.address == f"{OWN}psi" else c
        for c in show.layout.controls
    ]
    return replace(show, layout=Layout(controls))
