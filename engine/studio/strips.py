"""The trajectory behind a file as the artist's strip, for `latenz inspect --strip`."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.controls import ControlEvent, Controls
from engine.errors import EngineError
from engine.latent.motion import Motion
from engine.paths import check_output
from engine.preset import find_show, load_show
from engine.show.desk import Desk
from engine.show.session import STEP_S
from engine.studio.arrays import load_npy
from engine.studio.strip import compare, strip


def draw_strip(file: str, out: Path, seconds: float) -> None:
    """Draw how a latent moves over `seconds`: of a sequence, of a show's own clocks and springs, or of a model.

    A model has no motion of its own: it gets the comparison of slerp with the spring.
    """
    check_output(out)
    path = Path(file)
    if path.suffix == ".npy" and path.is_file():
        strip(np.asarray(load_npy(path), np.float64), out)
        return
    try:
        show_path = find_show(file)
    except EngineError:
        from engine.generator.catalog import model_info

        compare(out, dims=model_info(file).z_dim)
        return
    strip(_moved(show_path, seconds), out)


def _moved(path: Path, seconds: float) -> NDArray[np.float64]:
    """(frames, dims): where a show's latent goes under a stepped clock, without drawing it."""
    show = load_show(path)
    desk = Desk(show, live=False)
    shape = (len(show.voices), show.info.num_ws, show.info.w_dim)

    def plain(z: NDArray[np.float64], psi: float) -> NDArray[np.float32]:
        return np.zeros(shape, np.float32)  # the strip is of z: what is drawn does not matter here

    motion = Motion(show.voices, show.info, show.directions, show.places, plain, show.layout, show.compasses)
    desk.open(0.0)
    rows, step = [], 0
    try:
        for frame in range(max(2, round(seconds * show.fps))):
            events: list[ControlEvent] = []
            moved = None
            while moved is None or step * STEP_S <= frame / show.fps - STEP_S / 2:
                moved = desk.step(step * STEP_S, STEP_S)
                events.extend(moved.events)
                step += 1
            controls = Controls(show.layout, moved.values, tuple(events))
            motion.step(controls, 1 / show.fps if frame else 0.0, desk.bus.tempo.beat)
            rows.append(motion.state()["position"][0].ravel())
    finally:
        desk.close()
    return np.array(rows)
