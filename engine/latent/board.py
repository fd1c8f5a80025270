"""The controls of the latent room: the list of them, and reading them by index."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from types import MappingProxyType

from engine.controls import Control
from engine.errors import ShowError
from engine.generator.base import ModelInfo
from engine.latent.spec import BandSpec, VoiceSpec

AMOUNT_SIGMA = 4.0  # how far a direction goes either way
LOOP_SLOTS = 4
LOOP_VERBS = ("catch", "overdub", "undo", "stop")


def loop_controls() -> tuple[Control, ...]:
    """The looper's controls, once for a whole show: `/loop/bars` and four verbs for each of four loops."""
    about = {
        "catch": "catch the last bars and play them as a loop",
        "overdub": "start or end writing what hands do into the loop",
        "undo": "take back the last overdub; without one, the loop itself",
        "stop": "stop the loop",
    }
    bars = Control("/loop/bars", 4.0, 1.0, 16.0, "bars", about="how many bars a pad catches")
    return bars, *(
        Control(f"/loop/{slot}/{verb}", kind="event", about=about[verb])
        for slot in range(1, LOOP_SLOTS + 1)
        for verb in LOOP_VERBS
    )


def controls(
    voices: Sequence[VoiceSpec],
    info: ModelInfo,
    directions: Iterable[str],
    places: Iterable[str] = (),
    psi: float = 1.0,
    safe: Mapping[str, tuple[float, float]] = MappingProxyType({}),
) -> tuple[Control, ...]:
    """Every control of this room, in order; needs no torch and opens no file.

    One voice has plain addresses. Several have `/voice/<n>/...` each (n from 1) and the plain ones too: a plain event
    fires for all voices, a plain level shifts all of them by how far it is from its rest (frequencies in proportion).
    safe : of directions, their safe ranges in sigma: told of, nothing is held back
    """
    directions, places = tuple(directions), tuple(places)
    for voice in voices:
        _check_bands(voice, info)
    rows = [Control("/generator/psi", psi, 0.0, 1.5, about="truncation: 1 as learned, 0 the average picture")]
    rows += loop_controls()
    shared = VoiceSpec(
        motion=voices[0].motion,
        sequence=next((v.sequence for v in voices if v.sequence), None),
        marks=tuple({mark.name: mark for voice in voices for mark in voice.marks}.values()),
        pool=voices[0].pool,
    )
    if len(voices) == 1:
        return (*rows, *_voice_controls("", voices[0], info, directions, places, safe))
    rows += _voice_controls("", shared, info, directions, places, safe)
    for number, voice in enumerate(voices, 1):
        rows += _voice_controls(f"/voice/{number}", voice, info, directions, places, safe)
    return tuple(rows)


def _check_bands(voice: VoiceSpec, info: ModelInfo) -> None:
    names = [band.name for band in info.bands]
    for name in voice.motion.bands:
        if name not in names:
            close = get_close_matches(name, names, 1)
            hint = f'; did you mean "{close[0]}"?' if close else ""
            raise ShowError(f'[motion.bands] no band "{name}" in {info.name}, it has {", ".join(names)}{hint}')


def _voice_controls(
    prefix: str, voice: VoiceSpec, info: ModelInfo, directions: tuple[str, ...], places: tuple[str, ...],
    safe: Mapping[str, tuple[float, float]],
) -> list[Control]:  # fmt: skip
    levels = [replace(c, address=prefix + c.address) for c in level_controls(voice, info, directions, safe)]
    events = [Control(prefix + address, kind="event", about=about) for address, about in _events(voice, info, places)]
    return levels + events


def level_controls(
    voice: VoiceSpec, info: ModelInfo, directions: Iterable[str],
    safe: Mapping[str, tuple[float, float]] = MappingProxyType({}),
) -> list[Control]:  # fmt: skip
    """The levels of one voice at their plain addresses."""
    return [Control(*row[:5], about=row[5]) for row in _levels(voice, info, directions, safe)]


_Row = tuple[str, float, float, float, str, str]


def _levels(
    voice: VoiceSpec, info: ModelInfo, directions: Iterable[str], safe: Mapping[str, tuple[float, float]]
) -> list[_Row]:
    """(address, default, low, high, unit, about) of the levels of one voice."""
    m = voice.motion
    rows: list[_Row] = [
        ("/motion/frequency_hz", m.frequency_hz, 0.01, 10.0, "hz", "how fast the spring pulls; moves all bands"),
        ("/motion/damping", m.damping, 0.0, 4.0, "", "0 swings for ever, 1 is critical; moves all bands"),
        ("/motion/amount_frequency_hz", m.amount_frequency_hz, 0.01, 20.0, "hz", "how fast amounts follow"),
        ("/motion/amount_damping", m.amount_damping, 0.0, 4.0, "", "damping of the amounts"),
        ("/motion/pace", m.pace, 0.0, 1.0, "", "1: the point moves at an even visible speed"),
        ("/motion/even_faders", m.even_faders, 0.0, 1.0, "", "1: amounts by what the eye sees, where it was measured"),
        ("/latent/surprise", m.surprise, 0.0, 1.0, "", "how far `more` goes; 1 is a quarter turn"),
        ("/latent/wander", m.wander, 0.0, 1.0, "", "how far the goal wanders; 1 is a quarter turn"),
        ("/latent/wander_hz", m.wander_hz, 0.0, 2.0, "hz", "how fast the goal wanders"),
        ("/latent/loop", 0.0, 0.0, 1.0, "", "from 0.5 on: the goal goes round a loop of places"),
        ("/latent/loop_bars", m.loop_bars, 0.25, 64.0, "bars", "how long one round takes"),
    ]
    if m.geometry == "sphere":
        rows.append(("/motion/sphere", m.sphere, 0.0, 1.0, "", "1 keeps to the shell, 0 cuts corners through it"))
    if len(info.bands) > 1:
        for band in info.bands:
            spec = m.bands.get(band.name, BandSpec())
            frequency_hz = m.frequency_hz if spec.frequency_hz is None else spec.frequency_hz
            damping = m.damping if spec.damping is None else spec.damping
            rows.append((f"/motion/{band.name}/frequency_hz", frequency_hz, 0.01, 10.0, "hz", f"of {band.name} layers"))
            rows.append((f"/motion/{band.name}/damping", damping, 0.0, 4.0, "", f"of {band.name} layers"))
    if voice.sequence is not None:
        rows += [
            ("/journey/on", 1.0, 0.0, 1.0, "", "from 0.5 on: the goal follows the sequence"),
            ("/journey/position_s", 0.0, 0.0, 86400.0, "s", "where in the sequence, added to what has played"),
            ("/journey/at", 0.0, 0.0, 1.0, "", "the same as a part of the whole: 1 is its end"),
            ("/journey/speed", 1.0, -8.0, 8.0, "", "1 plays as written, 0 holds"),
            ("/journey/beats", 0.0, 0.0, 4096.0, "beats", "one round takes so many beats; 0 plays by time"),
        ]
    for name in directions:
        about, reach = f"amount along {name}", ""
        if name in safe:
            reach = f"; safe from {safe[name][0]:.3g} to {safe[name][1]:.3g}"
        rows.append((f"/direction/{name}", 0.0, -AMOUNT_SIGMA, AMOUNT_SIGMA, "sigma", f"{about}, on a spring{reach}"))
        rows.append((f"/accent/{name}", 0.0, -AMOUNT_SIGMA, AMOUNT_SIGMA, "sigma", f"{about}, at once{reach}"))
    return rows


def _events(voice: VoiceSpec, info: ModelInfo, places: Iterable[str]) -> list[tuple[str, str]]:
    """(address, about) of the events of one voice."""
    pool = voice.pool is not None
    rows = [
        ("/latent/next", "go to another row of the pool" if pool else "go to the next seed's place"),
        ("/latent/more", "go part of the way to another row of the pool" if pool else "go to a neighbour of here"),
        ("/latent/seed", f"go to the {'row of the number' if pool else 'place of the seed'} that the event carries"),
        ("/latent/catch", "add the place that is here to the keyframe loop"),
        ("/latent/forget", "forget the caught places"),
    ]
    if len(info.bands) > 1:
        for band in info.bands:
            rows.append((f"/latent/{band.name}/next", f"the next seed for {band.name} layers alone"))
            rows.append((f"/latent/{band.name}/more", f"a neighbour of here for {band.name} layers alone"))
    if voice.sequence is not None:
        rows.append(("/journey/next", "go on from the sequence's next mark"))
        rows.append(("/journey/previous", "go back to the sequence's last mark"))
        rows += [(f"/journey/mark/{mark.name}", f"go on from the mark {mark.name}") for mark in voice.marks]
    return rows + [(f"/latent/place/{name}", f"go to the place {name}") for name in places]
