"""The curve of a transition: how much of its second track it shows at each of its frames.

Measured with melt 7.12: a dissolve of n frames shows i/n of what comes at frame i, a single frame one half; keys of
an opacity are counted from the transition's first frame.
"""

import re
from dataclasses import dataclass

from engine.errors import InputError
from engine.studio.journey.kdenlive.document import Element
from engine.studio.journey.kdenlive.keyframes import Curve, curve, number, numbers
from engine.studio.journey.kdenlive.reading import Reading, last, line

SOUND = ("mix", "")
PLACED = {"qtblend": "rect", "affine": "rect", "composite": "geometry"}
BLENDED = {"frei0r.cairoblend": "0", "frei0r.cairoaffineblend": "11"}
PARTS = re.compile(r"[\s/:x]+")


@dataclass(frozen=True, slots=True)
class Blend:
    """shares : of the second track, from 0 to 1; lost : what cannot be played of it, in words; "" for nothing."""

    shares: tuple[float, ...]
    lost: str = ""


def pictured(transition: Element) -> bool:
    """True for a transition of pictures that somebody put there and did not switch off."""
    properties = transition.properties
    return not (
        transition.service() in SOUND or properties.get("internal_added") == "237" or transition.flag("disable")
    )


def blend(reading: Reading, transition: Element, count: int, span: range) -> Blend:
    """What a transition of so many frames does at some of them. InputError for a curve that cannot be read."""
    _charge(reading, transition, len(span))
    service, properties = transition.service(), transition.properties
    try:
        if service == "luma":
            return _luma(reading, transition, count, span)
        if service in PLACED:
            return _placed(reading, transition, count, span, properties.get(PLACED[service], ""))
        if service in BLENDED:
            return _opacity(reading, transition, count, span, properties.get(BLENDED[service], ""))
    except InputError:
        raise
    except (ValueError, OverflowError) as error:
        raise reading.wrong(transition, f"<transition> {line(service)[:40]}: {error}") from None
    return Blend((1.0,) * len(span), f"transition {line(service)[:60]} has no counterpart; the upper clip is shown")


def full_frame(reading: Reading, effect: Element, count: int) -> bool:
    """True for a transform that shows the whole frame as it is. InputError for one that cannot be read."""
    _charge(reading, effect, 1)
    try:
        done = _placed(reading, effect, count, range(1), effect.properties.get("rect", ""))
        rect = effect.properties.get("rect", "")
        fading = rect and not curve(rect, reading.fps, count, lambda value: _rect(value, reading.size, 1.0)).constant(4)
    except (ValueError, OverflowError) as error:
        raise reading.wrong(effect, f"<{effect.tag}> {line(effect.service())[:40]}: {error}") from None
    return not done.lost and not fading and done.shares == (1.0,)


def _charge(reading: Reading, element: Element, count: int) -> None:
    """Frames and keys, so that curves read again and again cannot go on for ever."""
    reading.spend(element, count + sum(text.count(";") for text in element.properties.values()))


def _luma(reading: Reading, transition: Element, count: int, span: range) -> Blend:
    fixed = transition.properties.get("fixed", "")
    if fixed.strip():
        level = numbers(fixed, reading.fps, count)
        shares = [_within(level.at(i)) for i in span]
    else:
        shares = [i / count for i in span] if count > 1 else [0.5] * len(span)
    if transition.flag("reverse") or transition.flag("invert"):
        shares = [1 - share for share in shares]
    wipe = transition.properties.get("resource", "").strip()
    lost = f"wipe {last(wipe)[:60]} is played as a dissolve" if wipe else ""
    return Blend(tuple(shares), lost)


def _placed(reading: Reading, transition: Element, count: int, span: range, text: str) -> Blend:
    """Opacity of a rectangle x y w h opacity; anything but the full frame is told."""
    lost = _extras(reading, transition, count)
    if not text.strip():
        return Blend((1.0,) * len(span), lost)
    old = transition.service() == "composite" and reading.document.version < 7
    rect = curve(text, reading.fps, count, lambda value: _rect(value, reading.size, 0.01 if old else 1.0))
    width, height = reading.size
    if any(key.values[:4] != (0.0, 0.0, float(width), float(height)) for key in rect.keys):
        lost = lost or "a position or size other than the full frame; the whole frame is shown"
    return Blend(tuple(_within(rect.at(i, 4)) for i in span), lost)


def _opacity(reading: Reading, transition: Element, count: int, span: range, text: str) -> Blend:
    mode = transition.properties.get("1", "") if transition.service() == "frei0r.cairoblend" else ""
    lost = f"blend mode {line(mode)[:20]} has no counterpart" if mode.strip() not in ("", "normal") else ""
    if not text.strip():
        return Blend((1.0,) * len(span), lost)
    level = numbers(text, reading.fps, count)
    return Blend(tuple(_within(level.at(i)) for i in span), lost)


def _rect(text: str, size: tuple[int, int], unit: float) -> tuple[float, ...]:
    """x, y, w, h in pixels and the opacity. unit : of an opacity without a percent sign"""
    words = [word for word in PARTS.split(text.strip()) if word]
    if not 4 <= len(words) <= 5:
        raise ValueError(f'"{text[:40]}" is no rectangle x y w h opacity')
    place = [number(word) * (size[i % 2] if word.endswith("%") else 1) for i, word in enumerate(words[:4])]
    opacity = number(words[4]) * (1.0 if words[4].endswith("%") else unit) if len(words) > 4 else 1.0
    return (*place, opacity)


def _extras(reading: Reading, transition: Element, count: int) -> str:
    """What else a composition may hold that latents have no counterpart of."""
    properties = transition.properties
    if properties.get("compositing", "0").strip() not in ("", "0"):
        return f"blend mode {line(properties['compositing'])[:20]} has no counterpart; it is shown as a plain blend"
    if luma := properties.get("luma", "").strip():
        return f"wipe {last(luma)[:60]} has no counterpart"
    for name in ("rotation", "rotate_x", "rotate_y", "rotate_z", "fix_rotate_x"):
        turn = properties.get(name, "").strip()
        if turn and not _zero(numbers(turn, reading.fps, count)):
            return "a rotation has no counterpart"
    return ""


def _zero(level: Curve) -> bool:
    return level.constant() and not level.keys[0].values[0]


def _within(share: float) -> float:
    return min(max(share, 0.0), 1.0)
