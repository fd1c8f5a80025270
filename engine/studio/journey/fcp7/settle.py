"""Set right in the adapter's timeline what it has left to its readers: what is hidden, and speeds."""

from fractions import Fraction
from typing import Any

from engine.errors import InputError
from engine.studio.journey.otio.times import items, number, text

Node = dict[str, Any]


def settle(data: Any, where: str) -> None:
    """Hide what the project hides, and say speeds as OpenTimelineIO does, in place."""
    waiting = [data]
    while waiting:
        thing = waiting.pop()
        if not isinstance(thing, dict):
            continue
        waiting += [*items(thing, "children"), thing.get("tracks")]
        if text(_fcp(thing), "enabled").strip().upper() == "FALSE":
            thing["enabled"] = False
        for effect in items(thing, "effects"):
            if text(_fcp(effect), "effectid").strip() == "timeremap":
                _retime(thing, effect, f"{where}: speed of {text(thing, 'name')!r}")


def _retime(clip: Node, effect: Node, where: str) -> None:
    """Turn a time remapping into a speed, and the clip's first frame, which counts retimed ones, into one of the file.

    A curve leads from retimed frames to those of the file; backwards it names the frame behind the one that is shown.
    """
    said = {text(p, "parameterid").strip(): p for p in _many(_fcp(effect).get("parameter")) if isinstance(p, dict)}
    speed = _number(said, "speed", 100, where) / 100
    back = text(said.get("reverse", {}), "value").strip().upper() == "TRUE" or speed < 0
    speed = -abs(speed) if back else speed
    keys = [key for key in _many(said.get("graphdict", {}).get("keyframe")) if isinstance(key, dict)]
    points = [(_value(key, "when", where), _value(key, "value", where), "speedvirtualkf" in key) for key in keys]
    varies = _number(said, "variablespeed", 0, where) != 0
    if varies:
        points = [point for point in points if not point[2]] or points
    curve = sorted((when, value - back) for when, value, _ in points)
    span = clip.get("source_range")
    if not isinstance(span, dict):
        raise InputError(f"{where}: a clip without a length")
    since, length = (number(span[key]["value"], where) for key in ("start_time", "duration"))
    if varies and len(curve) > 1:
        effect |= {
            "OTIO_SCHEMA": "LatenzRemap.1",
            "since": float(since),
            "curve": [[float(a), float(b)] for a, b in curve],
        }
        return
    first = _first(curve, since, speed, _frames(clip, where))
    low = first if speed >= 0 else first + speed * (length - 1)
    span["start_time"]["value"] = float(low)
    effect |= {"OTIO_SCHEMA": "LinearTimeWarp.1", "time_scalar": float(speed)}


def _first(curve: list[tuple[Fraction, Fraction]], since: Fraction, speed: Fraction, frames: Fraction) -> Fraction:
    """The frame of the file at a retimed one: by the key nearest before it, else from the file's beginning or end."""
    if not curve:
        return since * speed if speed >= 0 else frames - 1 + since * speed
    when, value = max((key for key in curve if key[0] <= since), default=curve[0])
    return value + (since - when) * speed


def _frames(clip: Node, where: str) -> Fraction:
    """How many frames the file of a clip has; 0 where nobody says."""
    many = clip.get("media_references")
    media = many.get("DEFAULT_MEDIA") if isinstance(many, dict) else None
    span = media.get("available_range") if isinstance(media, dict) else None
    return number(span["duration"]["value"], where) if isinstance(span, dict) else Fraction(0)


def _fcp(thing: Any) -> Node:
    """What the adapter has kept of the XML of something."""
    metadata = thing.get("metadata") if isinstance(thing, dict) else None
    kept = metadata.get("fcp_xml") if isinstance(metadata, dict) else None
    return kept if isinstance(kept, dict) else {}


def _many(thing: Any) -> list[Any]:
    """One or several, as the adapter keeps them, as a list."""
    return thing if isinstance(thing, list) else [] if thing is None else [thing]


def _number(said: dict[str, Node], key: str, plain: int, where: str) -> Fraction:
    return _value(said[key], "value", where) if key in said else Fraction(plain)


def _value(thing: Node, key: str, where: str) -> Fraction:
    try:
        return number(float(text(thing, key)), where)
    except ValueError:
        raise InputError(f"{where}: {key} is {text(thing, key)[:40]!r}; it is a number") from None
