"""Laws of journeys inside a live show: who moves the playhead, what leaps, and that springs tie the point to the way."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import ModelError
from engine.journal import pack, unpack
from engine.latent import sphere
from engine.latent.directions import Directions
from engine.latent.motion import MotionSpec, VoiceSpec
from engine.latent.sequence_file import Mark, spoken
from engine.latent.trajectory import Trajectory
from tests.engine.latent.rooms import INFO, Room, angle, map_z, z_of

FPS = 25.0
SIX = replace(INFO, extra={"classes": 6})
MARKS = (Mark(50, "meadow"), Mark(100, "sea"))
Film = NDArray[np.float64]


def circle(frames: int = 250) -> Film:
    """A closed way past four seeds' places, on the shell."""
    turns = np.linspace(0.0, 2.0 * np.pi, frames, endpoint=False)[:, None]
    a, b = sphere.normalise(z_of(1)), z_of(2)
    b = sphere.normalise(sphere.tangent(a, b))
    return np.asarray(np.sqrt(INFO.z_dim) * (np.cos(turns) * a + np.sin(turns) * b))


def voice(folder: Path, film: Film | None = None, classes: Film | None = None, **more: object) -> VoiceSpec:
    np.save(folder / "way.npy", (circle() if film is None else film).astype(np.float32))
    if classes is not None:
        np.save(folder / "way.classes.npy", classes.astype(np.float32))
    motion = more.pop("motion", MotionSpec(1.0, 1.0))
    return VoiceSpec(motion=motion, sequence=folder / "way.npy", sequence_fps=FPS, **more)  # type: ignore[arg-type]


def kink(points: Film, dt_s: float) -> float:
    """The largest change of velocity from one frame to the next, (frames, dim)."""
    return float(np.linalg.norm(np.diff(points, 2, axis=0), axis=1).max() / dt_s)


def positions(room: Room, seconds: float, fps: float) -> Film:
    out = []
    for _ in range(round(seconds * fps)):
        room.step(dt_s=1.0 / fps)
        out.append(np.array(room.motion.state()["position"][0, 0], np.float64))
    return np.array(out)


def test_it_begins_where_the_journey_begins(tmp_path: Path) -> None:
    film = circle()
    room = Room(voice(tmp_path))
    assert angle(room.step()[0, 0], film[0]) < 0.02
    held = Room(voice(tmp_path)).set(journey__speed=0.0)
    assert np.allclose(held.run(1.0)[-1][0, 0], film[0], atol=1e-3)
    home = Room(voice(tmp_path)).set(journey__on=0.0)
    assert angle(home.run(4.0)[-1][0, 0], z_of(0)) < 1e-3


def test_undisturbed_the_point_stays_on_the_way(tmp_path: Path) -> None:
    film = circle()
    room = Room(voice(tmp_path))
    room.run(4.0)
    for second in range(5, 12):  # through the seam of a closed film: it leaps there, and has come back in a second
        w = room.run(1.0)[-1][0, 0]
        if second != 10:
            assert angle(w, film[round(second * FPS) % 250]) < 2e-3


@pytest.mark.parametrize("bpm", [90.0, 174.0])
def test_a_round_takes_its_beats_whatever_the_tempo(bpm: float, tmp_path: Path) -> None:
    film = circle()
    room = Room(voice(tmp_path, sequence_end="close")).set(journey__beats=8.0)
    room.bpm = bpm
    room.run(8.0 * 60.0 / bpm * 3.25)  # three rounds and a quarter
    assert angle(room.step()[0, 0], film[round(0.25 * 250)]) < 0.08


def test_another_clock_does_not_move_the_journey(tmp_path: Path) -> None:
    room = Room(voice(tmp_path, sequence_end="close")).set(journey__beats=64.0)
    room.beat = 5000.0
    room.run(2.0)
    before = room.step()[0, 0].copy()
    room.beat = 0.0
    assert angle(room.step()[0, 0], before) < 0.02


def test_a_fader_holds_the_whole_journey(tmp_path: Path) -> None:
    film = circle()
    room = Room(voice(tmp_path)).set(journey__speed=0.0)
    for at in (0.2, 0.9, 1.0, 0.0):
        w = room.set(journey__at=at).run(4.0)[-1][0, 0]
        assert angle(w, film[round(at * 249)]) < 0.015


def test_scrubbing_by_the_steps_of_a_fader_has_no_steps(tmp_path: Path) -> None:
    """Half the frame time, half the change of velocity: there is no jump in it."""
    kinks = []
    for fps in (120.0, 240.0):
        room = Room(voice(tmp_path)).set(journey__speed=0.0)
        parts = []
        for cc in (0, 3, 7, 11, 15, 18, 20, 20, 17, 90, 20):  # also one throw across the film and back
            room.set(journey__at=cc / 127)
            parts.append(positions(room, 0.25, fps))
        kinks.append(kink(np.concatenate(parts), 1.0 / fps))
    assert kinks[1] < 0.6 * kinks[0]


@pytest.mark.parametrize("push", ["direction", "mark", "cut", "on"])
def test_a_push_leaves_the_way_and_comes_back_without_a_jump_of_velocity(push: str, tmp_path: Path) -> None:
    film, kinks, ends = circle(), [], []
    if push == "cut":
        film[100:] = np.roll(film, 70, 0)[100:]
    bank = Directions.of({"bloom": np.eye(24)[3]})
    for fps in (120.0, 240.0):
        room = Room(voice(tmp_path, film, marks=MARKS), directions=bank)
        still = Room(voice(tmp_path, film, marks=MARKS), directions=bank)
        room.run(3.0, fps), still.run(3.0, fps)
        drawn = []
        for frame in range(round(3.0 * fps)):
            if push == "direction":
                room.set(direction__bloom=2.0 if frame < fps else 0.0)
            if push == "on":
                room.set(journey__on=float(frame > fps))
            events = ["/journey/mark/sea"] if push == "mark" and frame == 10 else []
            drawn.append(room.step(*events, dt_s=1.0 / fps)[0, 0].astype(np.float64))
            still.step(dt_s=1.0 / fps)
        kinks.append(kink(np.array(drawn), 1.0 / fps))
        ends.append(drawn[-1])
        if push == "on":  # it stood for so long
            assert angle(room.run(2.0, fps)[-1][0, 0], film[round((3.0 + 4.0 - 1 / fps) * FPS)]) < 0.02
        elif push != "mark":
            assert angle(room.run(3.0, fps)[-1][0, 0], still.run(3.0, fps)[-1][0, 0]) < 2e-3
        else:
            at = 100 + (3.0 - 11 / fps) * FPS
            assert angle(drawn[-1], film[round(at)]) < 0.03
    assert kinks[1] < 0.6 * kinks[0]


def test_marks_are_gone_to_and_round(tmp_path: Path) -> None:
    film = circle()
    room = Room(voice(tmp_path, marks=MARKS)).set(journey__speed=0.0)

    def after(event: str) -> Film:
        room.step(event)
        return room.run(3.0)[-1][0, 0]

    for event, frame in (
        ("/journey/next", 50), ("/journey/next", 100), ("/journey/next", 0), ("/journey/previous", 100),
        ("/journey/previous", 50), ("/journey/mark/sea", 100), ("/journey/previous", 50), ("/journey/previous", 0),
    ):  # fmt: skip
        assert angle(after(event), film[frame]) < 2e-3, (event, frame)
    room.set(journey__at=0.1)
    room.run(1.0)
    assert angle(after("/journey/mark/meadow"), film[50]) < 2e-3  # whatever a hand holds
    assert angle(room.set(journey__speed=1.0).run(2.0)[-1][0, 0], film[100]) < 2e-3  # and it plays on from there


def test_names_of_marks_become_addresses_of_their_own() -> None:
    found = spoken([Mark(9, "the sea/left"), Mark(3, "the sea"), Mark(5, "the sea"), Mark(7, " ?? ")])
    assert found == (Mark(3, "the_sea"), Mark(5, "the_sea_2"), Mark(7, "mark"), Mark(9, "the_sea_left"))
    assert len(spoken(Mark(i, "x") for i in range(1000))) == 256


@pytest.mark.parametrize(("end", "frame"), [("again", 25), ("close", 25), ("hold", 249)])
def test_the_end_is_as_the_show_says(end: str, frame: int, tmp_path: Path) -> None:
    film = circle()
    room = Room(voice(tmp_path, sequence_end=end))
    assert angle(room.run(11.0)[-1][0, 0], film[frame]) < 0.03
    path = Trajectory(film, FPS, "z", end=end)  # type: ignore[arg-type]
    assert path.leaps(9.97, 0.1) == (end == "again")


def test_between_rows_it_goes_along_the_shell_and_a_cut_is_no_way() -> None:
    rows = np.array([z_of(1), z_of(2), z_of(3)])
    slow, fast = Trajectory(rows, 1.0, "z"), Trajectory(rows, 25.0, "z")
    middle, _ = slow.at(0.5)
    assert angle(middle, rows[0]) == pytest.approx(angle(middle, rows[1]))
    assert np.linalg.norm(middle) ** 2 == pytest.approx(np.linalg.norm(rows[0]) * np.linalg.norm(rows[1]))
    assert not slow.leaps(0.0, 1.5)
    assert np.array_equal(fast.at(0.9 / 25)[0], rows[0]) and fast.leaps(0.9 / 25, 0.2 / 25)
    assert fast.leaps(1.1 / 25, -0.2 / 25) and not fast.leaps(0.1 / 25, 0.2 / 25)


def test_it_goes_on_from_a_state_as_if_nothing_had_been(tmp_path: Path) -> None:
    spec = voice(tmp_path, classes=np.eye(6)[np.arange(250) // 50 % 6], marks=MARKS)
    one, two = (Room(spec, info=SIX, mapper=mixing).set(journey__beats=16.0, journey__at=0.3) for _ in range(2))
    one.run(2.0)
    one.step("/journey/next")
    one.set(journey__at=0.32)
    one.run(0.1)
    state = unpack(pack(one.motion.state()))
    assert state is not None and two.motion.restore(state)
    two.beat = one.beat
    two.set(journey__at=0.32)
    assert np.array_equal(one.run(1.0), two.run(1.0))


def mixing(z: Film, psi: float, classes: Film | None = None) -> NDArray[np.float32]:
    """A model whose first numbers of w are the class weights."""
    w = map_z(z, psi)
    if classes is not None:
        w[:, :, : classes.shape[1]] = classes[:, None]
    return w


def test_class_weights_ride_along_on_springs_and_let_go(tmp_path: Path) -> None:
    classes = np.zeros((250, 6))
    classes[:, 2] = np.linspace(1.0, 0.0, 250)
    classes[:, 4] = 3.0 * (1.0 - classes[:, 2])  # adding up to whatever: they are shares
    room = Room(voice(tmp_path, classes=classes), info=SIX, mapper=mixing)
    assert np.allclose(room.step()[0, 0, :6], [0, 0, 1, 0, 0, 0], atol=0.02)
    w = room.run(5.0)[-1][0, 0, :6]
    wanted = classes[125] / classes[125].sum()
    assert np.allclose(w, wanted, atol=0.01) and w.sum() == pytest.approx(1.0, abs=1e-3)
    film = room.set(journey__on=0.0).run(4.0)[:, 0, 0, :6]
    assert film.min() >= 0.0 and np.abs(np.diff(film, axis=0)).max() < 0.1 and np.allclose(film[-1], 0.0, atol=1e-3)


def test_class_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"way.classes.npy: shape \(250, 6\); toy takes \(250, 0\)"):
        Room(voice(tmp_path, classes=np.ones((250, 6))))
    with pytest.raises(ModelError, match=r"way.classes.npy: toy has no classes to weigh; take the file away"):
        Room(voice(tmp_path, classes=np.ones((250, 0))))
    flat = voice(tmp_path, classes=np.ones((250, 6)), motion=MotionSpec(geometry="flat"))
    with pytest.raises(ModelError, match="plays on the sphere"):
        Room(flat, info=SIX)


def test_class_weights_that_have_arrived_are_not_mapped_again(tmp_path: Path) -> None:
    asked: list[int] = []

    def counting(z: Film, psi: float, classes: Film | None = None) -> NDArray[np.float32]:
        asked.append(0)
        return mixing(z, psi, classes)

    room = Room(voice(tmp_path, classes=np.eye(6)[np.arange(250) // 42]), info=SIX, mapper=counting)
    room.run(2.0)
    room.set(journey__speed=0.0).run(8.0)
    before = len(asked)
    room.run(1.0)
    assert len(asked) == before


@pytest.mark.parametrize(
    "header",
    [
        "{'descr':'<f4','fortran_order':False,'shape':(4611686018427387904,24),}",
        "{'descr':'<f4','fortran_order':False,'shape':(-1,-24),}",
        "{'descr':'<f4','fortran_order':False,'shape':(1000000000000000000000000000000,24),}",
        "{'descr':'<f4','fortran_order':False,'shape':(1", "{1:2,'descr':3}", "'''", "-" * 5000,
    ],
)  # fmt: skip
def test_a_file_that_only_looks_like_numbers_is_refused_by_name(header: str, tmp_path: Path) -> None:
    body = header.encode() + b"\n"
    (tmp_path / "way.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(body).to_bytes(2, "little") + body + bytes(512))
    with pytest.raises(ModelError, match=r"way\.npy: "):
        Trajectory.open(tmp_path / "way.npy", INFO)


@pytest.mark.parametrize("end", ["again", "close", "hold"])
def test_marks_beyond_the_way_are_marks_on_it(end: Any, tmp_path: Path) -> None:
    film = circle()
    room = Room(voice(tmp_path, sequence_end=end, marks=(Mark(100, "sea"), Mark(10 * 250 + 50, "late"))))
    room.set(journey__speed=0.0).run(0.1)
    room.step("/journey/next")
    assert angle(room.run(4.0)[-1][0, 0], film[100 if end == "hold" else 50]) < 2e-3
    room.step("/journey/next")
    assert angle(room.run(4.0)[-1][0, 0], film[249 if end == "hold" else 100]) < 2e-3


@pytest.mark.parametrize("changed", ["film", "rate", "nothing"])
def test_a_show_saved_with_another_journey_travels_there(changed: str, tmp_path: Path) -> None:
    film = circle()
    room = Room(voice(tmp_path, film, sequence_end="close"))
    former = room.run(2.0)[-1][0, 0]
    if changed == "film":
        (tmp_path / "way.npy").unlink()  # written anew, not over what plays
        spec = voice(tmp_path, np.roll(film, 100, 0), sequence_end="close")
    else:
        spec = replace(room.voices[0], sequence_fps=FPS * 3.0 if changed == "rate" else FPS)
    saved = Room(spec)
    assert saved.motion.restore(room.motion.state(loops=True))
    saved.beat = room.beat
    way = np.concatenate([former[None], saved.run(5.0)[:, 0, 0]])
    steps = [angle(a, b) for a, b in zip(way, way[1:], strict=False)]
    assert max(steps) < 0.2
    if changed == "nothing":
        assert np.allclose(way[1:61], room.run(1.0)[:, 0, 0], atol=1e-6)


def test_voices_have_journeys_of_their_own(tmp_path: Path) -> None:
    film = circle()
    first = voice(tmp_path, marks=MARKS)
    second = replace(first, seed=3, marks=(Mark(200, "hill"),))
    room = Room(first, second, VoiceSpec(seed=9, motion=first.motion))
    room.values[room.layout.index("/voice/1/journey/speed")] = 0.0
    room.values[room.layout.index("/voice/2/journey/speed")] = 0.0
    room.step("/journey/mark/hill", "/voice/1/journey/mark/sea")
    w = room.run(4.0)[-1][:, 0]
    assert angle(w[0], film[100]) < 2e-3 and angle(w[1], film[200]) < 2e-3 and angle(w[2], z_of(9)) < 1e-3


def test_frame_rates_do_not_change_the_way(tmp_path: Path) -> None:
    ends = []
    for fps in (25.0, 144.0):
        room = Room(voice(tmp_path, sequence_end="close")).set(journey__beats=20.0)
        ends.append(room.run(7.0, fps)[-1][0, 0])
    assert angle(*ends) < 2e-2


def test_a_mark_file_of_a_pair_is_json_that_is_read(tmp_path: Path) -> None:
    from engine.latent.sequence_file import read_facts

    row = {"latenz": "sequence", "version": 1, "fps": "30000/1001", "marks": [{"frame": 7, "name": "a b"}]}
    (tmp_path / "way.json").write_text(json.dumps(row))
    facts = read_facts(tmp_path / "way.json")
    assert facts is not None and float(facts.fps) == pytest.approx(29.97, abs=1e-3)
    assert spoken(facts.marks) == (Mark(7, "a_b"),)
