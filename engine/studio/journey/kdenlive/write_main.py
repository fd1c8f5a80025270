"""The tracks of a project over each other: the compositions somebody made, and those that Kdenlive adds by itself."""

from fractions import Fraction
from xml.etree import ElementTree as ET

from engine.studio.journey.kdenlive.write_laid import Blend, close, line
from engine.studio.journey.kdenlive.write_xml import Element, clock, decimal, properties
from engine.studio.journey.timeline import Timeline

INTERNAL = 237  # marks what Kdenlive adds by itself: without it a transition counts as somebody's composition
DISSOLVE = {
    "factory": "loader", "resource": "", "mlt_service": "luma", "kdenlive_id": "dissolve", "softness": 0,
    "alpha_over": 1,
}  # fmt: skip
BLEND = {"version": "0.1", "mlt_service": "frei0r.cairoblend", "kdenlive_id": "frei0r.cairoblend", "1": "normal"}
SUM = {"mlt_service": "mix", "kdenlive_id": "mix", "accepts_blanks": 1, "sum": 1}
OVER = {"version": "0.1", "mlt_service": "frei0r.cairoblend", "kdenlive_id": "frei0r.cairoblend"}


def main(root: Element, timeline: Timeline, sounds: int, pictures: int, blends: tuple[Blend, ...]) -> None:
    """The tractor of all tracks: black, the sounds, the pictures from the bottom up.

    Compositions stand before Kdenlive's own transitions: what they have used is not laid over it again.
    """
    fps, count = timeline.fps, sounds + pictures
    span = {"in": clock(0, fps), "out": clock(max(1, timeline.length) - 1, fps)}
    tractor = ET.SubElement(root, "tractor", {"id": f"tractor{count}", **span})
    for name in ("black_track", *(f"tractor{i}" for i in range(count))):
        ET.SubElement(tractor, "track", producer=name)
    for number, blend in enumerate(blends):
        _composition(tractor, f"transition{number}", blend, sounds + 1, fps)
    for i in range(1, count + 1):
        transition = ET.SubElement(tractor, "transition", id=f"transition{len(blends) + i - 1}")
        own = {"a_track": 0, "b_track": i, "internal_added": INTERNAL, "always_active": 1}
        properties(transition, {**own, **(SUM if i <= sounds else OVER)})


def _composition(tractor: Element, name: str, blend: Blend, first: int, fps: Fraction) -> None:
    count = len(blend.shares)
    span = {"in": clock(blend.at, fps), "out": clock(blend.at + count - 1, fps)}
    transition = ET.SubElement(tractor, "transition", {"id": name, **span})
    # without force_track Kdenlive takes the track below, and says that the project is wrong
    forced = int(blend.upper - blend.lower > 1)
    properties(transition, {"a_track": first + blend.lower, "b_track": first + blend.upper, "force_track": forced})
    rising = line(blend.shares, count)
    if close(blend.shares, rising):
        properties(transition, {**DISSOLVE, "reverse": 0})
    elif close(blend.shares, [1 - share for share in rising]):
        properties(transition, {**DISSOLVE, "reverse": 1})
    else:
        keys = ";".join(f"{clock(i, fps)}={decimal(blend.shares[i])}" for i in _bends(blend.shares))
        properties(transition, {**BLEND, "0": keys})


def _bends(shares: tuple[float, ...]) -> list[int]:
    """The frames between which shares are straight lines, the first and the last one too."""
    found = [0]
    for i in range(1, len(shares) - 1):
        last = found[-1]
        slope = shares[last + 1] - shares[last]
        if not close([shares[i + 1]], [shares[last] + slope * (i + 1 - last)], 1e-9):
            found.append(i)
    return [*found, len(shares) - 1] if len(shares) > 1 else found
