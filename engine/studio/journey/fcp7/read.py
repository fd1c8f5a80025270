"""Read a Final Cut 7 XML."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, tostring

from engine.errors import InputError
from engine.studio.journey.fcp7.mend import mend, rate_of, sequences
from engine.studio.journey.fcp7.settle import settle
from engine.studio.journey.fcp7.tree import said, tree
from engine.studio.journey.otio import timeline_of
from engine.studio.journey.timeline import Timeline, Unsupported

NEEDED = "Final Cut 7 XML needs OpenTimelineIO and its adapter: pip install 'latenz[edit]'"


def read(path: Path) -> Timeline:
    """What the first sequence that is in no other says. InputError for what does not hold together."""
    root = tree(path)
    if root.tag != "xmeml":
        raise InputError(f"{path}: <{root.tag[:40]}> where <xmeml> stands; from Final Cut X give an .edl or .otio")
    mend(root, path)
    first, *others = sequences(root, path)
    fps = rate_of(first, path)
    made = Element("xmeml", version="4")
    made.append(first)
    data = _adapted(made, path)
    settle(data, str(path))
    timeline = timeline_of(data, path, fps)
    told = tuple(Unsupported(0, f"another sequence, {said(each, 'name')!r}") for each in others)
    width, height = (said(first, f"media/video/format/samplecharacteristics/{side}") for side in ("width", "height"))
    size = (int(width), int(height)) if width.isdecimal() and height.isdecimal() and len(width + height) < 12 else None
    return replace(timeline, unsupported=told + timeline.unsupported, size=size)


def _adapted(root: Element, path: Path) -> Any:
    """What the adapter makes of it, as the data of an `.otio`."""
    try:
        from opentimelineio import adapters
        from opentimelineio.exceptions import OTIOError
    except ImportError:
        raise InputError(f"{path}: {NEEDED}") from None
    if "fcp_xml" not in adapters.available_adapter_names():
        raise InputError(f"{path}: {NEEDED}")
    faults = (OTIOError, ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
    try:
        return json.loads(adapters.read_from_string(tostring(root, "unicode"), "fcp_xml").to_json_string())
    except faults as error:  # the adapter takes a file on trust: what it trips over is the file's fault
        raise InputError(f"{path}: no Final Cut 7 XML that holds together ({type(error).__name__}: {error})") from None
