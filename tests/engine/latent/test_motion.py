"""Laws of the motion of latents."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.controls import ControlEvent
from engine.errors import ModelError, ShowError
from engine.journal import pack, unpack
from engine.latent.directions import Direction, Directions
from engine.latent.motion import BandSpec, MotionSpec, VoiceSpec
from engine.latent.places import Place, Places
from tests.engine.latent.rooms import Room, angle, map_z, z_of

BOTH = pytest.mark.parametrize("geometry", ["sphere", "flat"])


def bank(space: str = "z") -> Directions:
    return Directions.of({"bloom": np.eye(24)[3], "stripes": np.eye(24)[5]}, space=space)


@BOTH
def test_it_starts_at_rest_at_the_place_of_its_seed(geometry: str) -> None:
    film = Room(geometry=geometry).run(0.5)
    assert np.allclose(film, z_of(7).astype(np.float32), atol=1e-6)


@BOTH
def test_next_goes_to_the_next_seed_and_stays(geometry: str) -> None:
    room = Room(geometry=geometry, frequency_hz=2.0, damping=1.0)
    room.step("/latent/next")
    assert np.allclose(room.run(6.0)[-1][0], z_of(8), atol=1e-4)
    room.step("/latent/next")
    assert np.allclose(room.run(6.0)[-1][0], z_of(9), atol=1e-4)


@BOTH
def test_a_seed_can_be_asked_for(geometry: str) -> None:
    room = Room(geometry=geometry, frequency_hz=2.0, damping=1.0)
    room.step(ControlEvent("/latent/seed", 41.0))
    assert np.allclose(room.run(6.0)[-1][0], z_of(41), atol=1e-4)


@given(st.floats(0.0, 1.0))
@settings(max_examples=20)
def test_more_goes_as_far_as_surprise_says(surprise: float) -> None:
    room = Room(frequency_hz=4.0, damping=1.0).set(latent__surprise=surprise)
    here = room.step()[0, 0].copy()
    room.step("/latent/more")
    there = room.run(4.0)[-1][0]
    assert angle(here, there[0]) == pytest.approx(surprise * np.pi / 2, abs=2e-3)
    assert np.allclose(there[0], there[5], atol=1e-5)  # bands that are together go together
    assert np.linalg.norm(there[0]) == pytest.approx(np.linalg.norm(here), rel=1e-4)


@BOTH
def test_a_band_can_go_on_alone(geometry: str) -> None:
    room = Room(geometry=geometry, frequency_hz=2.0, damping=1.0)
    room.step("/latent/fine/next")
    w = room.run(6.0)[-1][0]
    assert np.allclose(w[:4], z_of(7), atol=1e-6)
    assert np.allclose(w[4:], z_of(8), atol=1e-4)


@BOTH
def test_each_band_has_its_own_spring(geometry: str) -> None:
    bands = {"coarse": BandSpec(0.2, 1.0), "fine": BandSpec(frequency_hz=4.0)}
    room = Room(geometry=geometry, frequency_hz=1.0, damping=1.0, bands=bands)
    room.step("/latent/next")
    w = room.run(0.4)[-1][0]
    to_go = [angle(w[layer], z_of(8)) for layer in (0, 2, 4)]
    assert to_go[0] > to_go[1] > to_go[2]
    slow, fast = Room(geometry=geometry, bands=bands), Room(geometry=geometry, bands=bands)
    fast.set(motion__frequency_hz=2.0)  # the voice's own frequency moves all bands in proportion
    slow.step("/latent/next", dt_s=0.0)
    fast.step("/latent/next", dt_s=0.0)
    assert np.allclose(slow.run(1.0, 40)[-1], fast.run(0.25, 160)[-1], atol=1e-5)


def test_the_tied_particle_keeps_to_the_shell_and_the_loose_one_dives_through_it() -> None:
    places = Places.of({name: 5.0 * z_of(seed) / np.linalg.norm(z_of(seed)) for name, seed in (("a", 7), ("b", 8))})
    depth = []
    for tightness in (1.0, 0.5, 0.0):
        room = Room(VoiceSpec(home="a", motion=MotionSpec(damping=1.0, sphere=tightness)), places=places)
        room.step("/latent/place/b")
        lengths = np.linalg.norm(room.run(6.0)[:, 0, 0], axis=1)
        assert lengths[-1] == pytest.approx(5.0, rel=1e-4)
        depth.append(1.0 - lengths.min() / 5.0)
    assert depth[0] < 1e-6 and 0.02 < depth[1] < depth[2]
    assert depth[2] > 0.1


def test_the_radius_is_a_spring_of_its_own() -> None:
    places = Places.of({"near": 3.0 * np.eye(24)[0], "far": 6.0 * np.eye(24)[0]})
    room = Room(VoiceSpec(home="near", motion=MotionSpec(damping=1.0)), places=places)
    room.step("/latent/place/far")
    lengths = np.linalg.norm(room.run(4.0)[:, 0, 0], axis=1)
    assert (np.diff(lengths) > -1e-6).all() and lengths[0] < 3.1
    assert lengths[-1] == pytest.approx(6.0, rel=1e-4)


@BOTH
def test_frame_rates_play_the_same_performance(geometry: str) -> None:
    """Also across a stall of two seconds."""
    films = []
    for rates in ([30], [120], [144, 60, 25], [60]):
        room = Room(geometry=geometry, damping=0.5).set(latent__wander=0.4, latent__wander_hz=0.2)
        room.step("/latent/next", dt_s=0.0)
        for i in range(len(rates)):
            room.run(3.0 / len(rates), rates[i])
        films.append(room.step(dt_s=0.0)[0, 0])
    for film in films[1:]:
        assert angle(film, films[0]) < np.radians(0.5)


@BOTH
def test_accents_act_at_once_and_directions_on_a_spring(geometry: str) -> None:
    room = Room(geometry=geometry, directions=bank(), amount_frequency_hz=1.0)
    before = room.step()[0].copy()
    room.set(accent__bloom=2.0)
    assert np.allclose(room.step()[0] - before, 2.0 * np.eye(24)[3], atol=1e-6)
    room.set(accent__bloom=0.0, direction__stripes=-1.5)
    assert np.abs(room.step()[0] - before).max() < 0.1
    assert np.allclose(room.run(5.0)[-1][0] - before, -1.5 * np.eye(24)[5], atol=1e-4)


@BOTH
def test_directions_in_w_move_their_layers_by_their_sigma(geometry: str) -> None:
    d = Directions((Direction("gloss", np.ones(24), "w", 3.0, (4, 5)),))
    room = Room(geometry=geometry, directions=d)
    before = room.step()[0].copy()
    moved = room.set(accent__gloss=2.0).step()[0] - before
    assert np.allclose(moved[:4], 0.0)
    assert np.allclose(np.linalg.norm(moved[4:], axis=1), 6.0, atol=1e-4)


@BOTH
def test_psi_draws_to_the_average(geometry: str) -> None:
    room = Room(geometry=geometry).set(generator__psi=0.0)
    assert np.allclose(room.step(), 0.25, atol=1e-6)
    assert np.allclose(room.set(generator__psi=0.5).step()[0, 0], 0.25 + 0.5 * (z_of(7) - 0.25), atol=1e-6)


@BOTH
def test_places_are_reached_by_name(geometry: str) -> None:
    places = Places.of({"dawn": z_of(100), "dusk": z_of(101)})
    room = Room(VoiceSpec(home="dusk", motion=MotionSpec(2.0, 1.0, geometry)), places=places)
    assert np.allclose(room.step()[0], z_of(101), atol=1e-6)
    room.step("/latent/place/dawn")
    assert np.allclose(room.run(6.0)[-1][0], z_of(100), atol=1e-4)


@BOTH
def test_psi_spares_the_layers_that_the_model_spares(geometry: str) -> None:
    def cut(z: np.ndarray, psi: float) -> np.ndarray:
        w = map_z(z, 1.0)
        w[:, :2] = map_z(z, psi)[:, :2]
        return w

    room = Room(geometry=geometry, mapper=cut).set(generator__psi=0.25)
    whole = Room(geometry=geometry).set(generator__psi=0.25)
    plain = Room(geometry=geometry)
    w, truncated, learned = room.step()[0], whole.step()[0], plain.step()[0]
    np.testing.assert_allclose(w[:2], truncated[:2], atol=1e-6)
    np.testing.assert_allclose(w[2:], learned[2:], atol=1e-6)


def test_places_in_w_need_flat_geometry() -> None:
    w = np.arange(6 * 24.0).reshape(6, 24)
    places = Places((Place("deep", w, "w"),))
    room = Room(VoiceSpec(motion=MotionSpec(2.0, 1.0, "flat")), places=places)
    room.step("/latent/place/deep")
    assert np.allclose(room.run(6.0)[-1][0], w, atol=1e-2)
    with pytest.raises(ModelError, match='place "deep" lies in w; set geometry = "flat"'):
        Room(VoiceSpec(home="deep"), places=places)


@BOTH
def test_a_keyframe_loop_closes_after_its_bars_with_no_jump(geometry: str) -> None:
    room = Room(geometry=geometry, frequency_hz=2.0, damping=1.0).set(latent__loop=1.0, latent__loop_bars=2.0)
    room.run(8.0)  # two rounds, so that the springs have caught up
    film = np.concatenate([room.run(4.0), room.run(4.0)])[:, 0, 0].astype(np.float64)
    assert np.abs(film[0] - film[240]).max() < 2e-3  # 2 bars of 4 beats at 120 bpm
    velocity = np.diff(film, axis=0) * 60
    change = np.linalg.norm(np.diff(velocity, axis=0), axis=1)
    speed = np.linalg.norm(velocity, axis=1)
    assert change.max() < 0.2 * speed.max()
    near = [min(angle(frame, z_of(seed)) for frame in film) for seed in (7, 8, 9, 10)]
    assert max(near) < 0.1  # feed-forward: the springs do not cut the corners


@BOTH
def test_caught_places_make_the_loop(geometry: str) -> None:
    room = Room(geometry=geometry, frequency_hz=4.0, damping=1.0)
    for _ in range(2):
        room.step("/latent/catch")
        room.step("/latent/next")
        room.run(3.0)
    room.set(latent__loop=1.0, latent__loop_bars=2.0).run(4.0)
    film = room.run(4.0)[:, 0, 0]
    assert min(angle(f, z_of(7)) for f in film) < 0.1
    assert min(angle(f, z_of(8)) for f in film) < 0.1
    assert min(angle(f, z_of(10)) for f in film) > 0.5  # a seed of the loop without catches
    room.step("/latent/forget")
    room.run(4.0)
    assert min(angle(f, z_of(10)) for f in room.run(4.0)[:, 0, 0]) < 0.1


def test_named_places_make_the_loop(tmp_path: Path) -> None:
    places = Places.of({"a": z_of(50), "b": z_of(51), "c": z_of(52)})
    room = Room(VoiceSpec(loop=("a", "b", "c"), motion=MotionSpec(4.0, 1.0)), places=places).set(latent__loop=1.0)
    room.run(8.0)
    film = room.run(8.0)[:, 0, 0]
    assert max(min(angle(f, z_of(seed)) for f in film) for seed in (50, 51, 52)) < 0.1
    with pytest.raises(ModelError, match='no place "d"; there are: a, b, c'):
        Room(VoiceSpec(loop=("a", "d")), places=places)


def write_sequence(path: Path, frames: int = 90) -> np.ndarray:
    turns = np.linspace(0, 2 * np.pi, frames, endpoint=False)[:, None]
    film = np.cos(turns) * z_of(1) + np.sin(turns) * z_of(2)
    np.save(path, film.astype(np.float32))
    return film


@BOTH
def test_a_sequence_is_followed_without_lag(geometry: str, tmp_path: Path) -> None:
    film = write_sequence(tmp_path / "z.npy")
    motion = MotionSpec(1.0, 1.0, geometry)
    room = Room(VoiceSpec(motion=motion, sequence=tmp_path / "z.npy", sequence_fps=15.0))
    room.run(12.0)
    w = room.run(1.0)[-1][0, 0]
    assert angle(w, film[round(13.0 * 15) % 90]) < 0.03
    room.set(journey__speed=0.0)
    room.run(5.0)
    held = room.step()[0, 0].copy()
    assert angle(held, room.run(1.0)[-1][0, 0]) < 1e-3
    room.set(journey__on=0.0, journey__speed=1.0).run(10.0)
    assert angle(room.step()[0, 0], z_of(0)) < 1e-3


def test_sequences_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    bad = tmp_path / "bad.npy"
    for array, message in (
        (np.zeros((5, 23), np.float32), r"frames of shape \(23,\); toy plays \(24,\) or \(6, 24\)"),
        (np.zeros((0, 24), np.float32), "not a sequence"),
        (np.zeros((5, 24), np.int32), "not a sequence"),
        (np.zeros((5, 6, 24), np.float32), 'holds w; set geometry = "flat"'),
    ):
        np.save(bad, array)
        with pytest.raises(ModelError, match=message):
            Room(VoiceSpec(sequence=bad))
    bad.write_bytes(b"\x93NUMPY junk")
    with pytest.raises(ModelError, match=r"bad\.npy"):
        Room(VoiceSpec(sequence=bad))
    with pytest.raises(ModelError, match="cannot be read"):
        Room(VoiceSpec(sequence=tmp_path / "none.npy"))


@BOTH
def test_voices_do_not_feel_each_other(geometry: str) -> None:
    specs = [VoiceSpec(seed=i, motion=MotionSpec(geometry=geometry)) for i in (7, 20)]
    pair, alone = Room(*specs, directions=bank()), Room(specs[0], directions=bank())
    pair.set(voice__2__latent__wander=0.5, voice__2__direction__bloom=3.0)
    pair.step("/voice/2/latent/next")
    alone.step()
    assert np.array_equal(pair.run(1.0)[:, 0], alone.run(1.0)[:, 0])
    pair.step("/voice/1/latent/next")
    alone.step("/latent/next")
    assert np.allclose(pair.run(1.0)[:, 0], alone.run(1.0)[:, 0], atol=1e-6)


def test_plain_addresses_play_all_voices() -> None:
    specs = [VoiceSpec(seed=i, motion=MotionSpec(frequency_hz=f)) for i, f in ((7, 2.0), (20, 4.0))]
    room = Room(*specs, directions=bank())
    before = room.step().copy()
    room.set(voice__1__accent__bloom=1.0, accent__bloom=0.5)
    moved = (room.step() - before)[:, 0, 3]
    assert np.allclose(moved, [1.5, 0.5], atol=1e-5)
    room.set(voice__1__accent__bloom=0.0, accent__bloom=0.0)
    room.step("/latent/next")
    w = room.run(5.0)[-1]
    assert angle(w[0, 0], z_of(8)) < 1e-3 and angle(w[1, 0], z_of(21)) < 1e-3
    room.set(motion__frequency_hz=1.0)  # half of where the plain level rests: every voice at half its own
    half = Room(*[VoiceSpec(seed=s, motion=MotionSpec(frequency_hz=f)) for s, f in ((8, 1.0), (21, 2.0))])
    room.step("/latent/next")
    half.step("/latent/next")
    assert np.allclose(room.run(0.5)[-1], half.run(0.5)[-1], atol=2e-3)


@BOTH
def test_a_restored_motion_goes_on_bit_by_bit(geometry: str) -> None:
    room = Room(geometry=geometry, directions=bank(), sphere=0.4)
    room.set(latent__wander=0.3, direction__bloom=2.0, latent__loop=1.0)
    room.step("/latent/next", "/latent/catch", "/latent/fine/more")
    room.run(1.0)
    state = unpack(pack(room.motion.state()))
    assert state is not None
    want = room.run(1.0)
    again = Room(geometry=geometry, directions=bank(), sphere=0.4)
    again.values, again.beat = room.values, room.beat - 2.0
    assert again.motion.restore(state)
    assert np.array_equal(again.run(1.0), want)


def test_a_restored_motion_at_rest_does_not_move_a_bit() -> None:
    room = Room(frequency_hz=1.0, damping=1.0)
    room.step("/latent/next")
    room.run(5.0)
    state = room.motion.state()
    again = Room(frequency_hz=1.0, damping=1.0)
    assert again.motion.restore(state)
    again.beat = room.beat
    assert np.array_equal(again.run(2.0), room.run(2.0))


def test_what_has_come_to_rest_is_not_moved_by_a_bit_until_it_is_played_again() -> None:
    room = Room(frequency_hz=2.0, damping=1.0)
    room.step("/latent/next")
    room.run(12.0)
    before = room.motion.state()
    room.run(1.0)
    after = room.motion.state()
    for key in ("position", "velocity", "log_radius", "log_radius_velocity", "drawn"):
        assert np.array_equal(before[key], after[key]), key
    room.step("/latent/next")
    assert np.allclose(room.run(6.0)[-1][0], z_of(9), atol=1e-4)


@pytest.mark.parametrize("bad", [0.0, 1e200, float("inf"), float("nan")])
@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
def test_a_goal_that_is_no_place_on_the_shell_leaves_the_last_good_picture(bad: float, tmp_path: Path) -> None:
    np.save(tmp_path / "z.npy", np.full((3, 24), bad))
    room = Room(VoiceSpec(seed=7, sequence=tmp_path / "z.npy")).set(journey__on=0.0)
    good = room.run(0.5)[-1]
    room.set(journey__on=1.0)
    assert np.array_equal(room.step(), good) and np.array_equal(room.step(), good)
    assert room.motion.faults == 2
    assert all(np.isfinite(room.motion.state()[key]).all() for key in ("position", "velocity", "log_radius", "drawn"))
    room.set(journey__on=0.0)
    assert np.allclose(room.run(1.0)[-1][0], z_of(7), atol=1e-6)


@BOTH
def test_some_voices_wander_and_others_stay(geometry: str) -> None:
    specs = [VoiceSpec(seed=i, motion=MotionSpec(geometry=geometry)) for i in (7, 20, 33)]
    room, alone = Room(*specs), Room(specs[2]).set(latent__wander=0.5)
    room.set(voice__3__latent__wander=0.5, voice__2__latent__loop=1.0)
    film = room.run(1.0)
    assert np.allclose(film[:, 0], z_of(7), atol=1e-5)
    assert np.array_equal(film[:, 2], alone.run(1.0)[:, 0])
    assert np.abs(film[-1] - film[0])[1:].max() > 0.05


def test_states_of_other_shapes_or_with_nan_are_refused() -> None:
    room, two = Room(), Room(VoiceSpec(seed=1), VoiceSpec(seed=2))
    before = room.motion.state()
    assert not room.motion.restore(two.motion.state())
    assert not room.motion.restore({})
    assert not room.motion.restore(Room(geometry="flat").motion.state())
    for key in before:
        if before[key].dtype.kind == "f" and before[key].size:
            assert not room.motion.restore({**before, key: np.full_like(before[key], np.nan)})
        if not key.startswith(("radius", "amounts")):
            assert not room.motion.restore({**before, key: np.zeros((9, 9, 9, 9))}), key
    after = room.motion.state()
    assert all(np.array_equal(before[key], after[key]) for key in before)


def test_amounts_are_found_again_by_name_and_a_new_seed_is_gone_to() -> None:
    room = Room(directions=bank()).set(direction__stripes=2.0)
    room.run(3.0)
    other = Directions.of({"stripes": np.eye(24)[5], "fog": np.eye(24)[9]})
    again = Room(VoiceSpec(seed=99, motion=MotionSpec(damping=1.0)), directions=other).set(direction__stripes=2.0)
    assert again.motion.restore(room.motion.state())
    again.beat = room.beat
    assert np.abs(again.step() - room.step()).max() < 0.1  # no jump
    assert angle(again.run(8.0)[-1][0, 0] - 2.0 * np.eye(24)[5], z_of(99)) < 0.01


@BOTH
@given(dt_s=st.one_of(st.floats(0.0, 1e4), st.sampled_from([float("nan"), -1.0, float("inf")])),
       bad=st.sampled_from([None, float("nan"), float("inf"), -float("inf")]), seed=st.integers(0, 99))  # fmt: skip
@settings(max_examples=15)
def test_nothing_that_comes_in_makes_it_less_than_finite(
    geometry: str, dt_s: float, bad: float | None, seed: int
) -> None:
    room = Room(geometry=geometry, directions=bank())
    rng = np.random.default_rng(seed)
    low = np.array([c.low for c in room.layout.levels])
    high = np.array([c.high for c in room.layout.levels])
    room.values = low + rng.random(len(low)) * (high - low)
    if bad is not None:
        room.values[rng.integers(len(low), size=5)] = bad
    events = ["/latent/next", "/latent/more", "/loop/1/catch", ControlEvent("/latent/seed", float("nan")), "/nobody"]
    for _ in range(3):
        w = room.motion.step(
            _controls(room, events), dt_s, bad if bad is not None and seed % 2 else float(rng.random() * 1e6)
        )
        assert np.isfinite(w).all()
    assert (room.motion.faults > 0) == (bad is not None or not 0.0 <= dt_s < float("inf"))
    assert all(np.isfinite(a).all() for a in room.motion.state().values())


def _controls(room: Room, events: list) -> object:
    from engine.controls import Controls

    fired = tuple(e if isinstance(e, ControlEvent) else ControlEvent(e) for e in events)
    return Controls(room.layout, room.values.copy(), fired)


def test_a_map_that_breaks_leaves_the_last_good_picture() -> None:
    broken = [False]

    def mapper(z: np.ndarray, psi: float) -> np.ndarray:
        w = np.repeat(z, 2, 1).astype(np.float32)
        return np.full_like(w, np.nan) if broken[0] else w

    room = Room(mapper=mapper)
    room.step("/latent/next")
    good = room.run(0.2)[-1]
    broken[0] = True
    assert np.array_equal(room.step(), good) and np.array_equal(room.step(), good)
    assert room.motion.faults == 2
    broken[0] = False
    assert np.abs(room.step() - good).max() < 0.2  # goes on from there
    assert room.motion.faults == 2


def test_voices_of_two_geometries_are_refused() -> None:
    with pytest.raises(ShowError, match="geometries differ"):
        Room(VoiceSpec(), VoiceSpec(motion=MotionSpec(geometry="flat")))


def test_out_of_range_and_unknown_bands_say_what_is_allowed() -> None:
    with pytest.raises(ShowError, match=r"\[motion\] damping = 9.0 is out of range; give 0 to 4"):
        MotionSpec(damping=9.0)
    with pytest.raises(ShowError, match='no band "corse" in toy, it has coarse, middle, fine; did you mean "coarse"'):
        Room(bands={"corse": BandSpec()})


def test_a_caught_loop_plays_the_particle_again_with_no_jump_at_its_seam() -> None:
    room = Room(frequency_hz=1.5, damping=0.8).set(loop__bars=1.0)
    room.step("/latent/next")
    played = np.concatenate([room.run(1.0), room.run(1.0)])[:, 0, 0].astype(np.float64)
    room.step("/loop/1/catch")
    room.run(4.0)
    again = room.run(2.0)[:, 0, 0].astype(np.float64)
    ends = np.degrees(angle(played[0], played[-1]))
    assert ends > 60  # the seam is wide
    steps = np.degrees([angle(a, b) for a, b in zip(again, again[1:], strict=False)])
    assert steps.max() < 8.0  # and the spring goes over it: degrees in a frame
    near = min(angle(frame, played[90]) for frame in again)
    assert np.degrees(near) < 8.0
    room.step("/loop/1/stop")
    assert np.degrees(angle(room.run(6.0)[-1][0, 0], z_of(8))) < 0.1


def test_a_band_moved_by_hand_leaves_its_loop_for_a_bar() -> None:
    room = Room(frequency_hz=3.0, damping=1.0).set(loop__bars=1.0)
    room.step("/latent/next")
    room.run(2.0)
    room.step("/loop/1/catch")
    room.run(2.0)
    room.step("/latent/fine/next")
    w = room.run(1.8)[-1][0]
    assert angle(w[5], z_of(9)) < 0.01 and angle(w[0], z_of(9)) > 0.5
    assert angle(room.run(1.5)[-1][0, 5], z_of(9)) > 0.5


def test_loops_survive_a_restart_when_they_were_written_down() -> None:
    room = Room().set(loop__bars=1.0)
    room.step("/latent/next")
    room.run(2.0)
    version = room.motion.loops_version
    room.step("/loop/2/catch")
    assert room.motion.loops_version > version
    room.run(1.0)
    again = Room()
    assert again.motion.restore(room.motion.state(loops=True))
    again.values, again.beat = room.values, room.beat
    assert np.allclose(again.run(3.0), room.run(3.0), atol=0.02)
