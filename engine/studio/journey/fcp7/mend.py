"""Set right in the XML what the adapter would get wrong, and refuse what it would trip over."""

from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from engine.errors import InputError
from engine.studio.journey.fcp7.tree import MOST_DEEP, said, whole
from engine.studio.journey.otio.times import rate
from engine.studio.journey.timeline import MAX_BYTES

ITEMS = ("clipitem", "generatoritem", "transitionitem")
MOTIONS = ("basic", "crop", "opacity")
# what those say where they change nothing; Resolve writes them with every clip
PLAIN = {"scale": 100.0, "opacity": 100.0}
ZEROS = ("rotation", "horiz", "vert", "left", "right", "top", "bottom", "edgefeather", "antiflicker")


def sequences(root: Element, path: Path) -> list[Element]:
    """The sequences that are in no other, each with all that it names by id. InputError where one holds itself."""
    found = root.findall("./sequence") + root.findall(".//children/sequence")
    nested = [each for item in root.iter("clipitem") for each in item.findall("sequence")]
    inner, names = {id(each) for each in nested}, {each.get("id") for each in nested} - {None}
    _fill(root, "file", path)
    full, weights = _full(root, "sequence"), dict[int, int]()
    for sequence in root.iter("sequence"):
        _weigh(sequence, (), full, weights, path)
    _fill(root, "sequence", path)
    mains = [each for each in found if id(each) not in inner and each.get("id") not in names]
    if not mains:
        raise InputError(f"{path}: no sequence in it that is not in another one")
    return mains


def _full(root: Element, tag: str) -> dict[str, Element]:
    """The fullest element of each id: others of that id only name it."""
    full: dict[str, Element] = {}
    for element in root.iter(tag):
        key = element.get("id")
        if key and len(element) > len(full.get(key, ())):
            full[key] = element
    return full


def _fill(root: Element, tag: str, path: Path) -> None:
    """Give each element that only names another by its id what that holds."""
    full = _full(root, tag)
    weights = {key: _weight(element) if tag == "file" else 0 for key, element in full.items()}
    total = 0
    for element in list(root.iter(tag)):
        if not len(element) and (key := element.get("id") or "") in full:
            total += weights[key]
            _bounded(total, path)
            element.extend(full[key])


def _weigh(
    sequence: Element, within: tuple[int, ...], full: dict[str, Element], weights: dict[int, int], path: Path
) -> int:
    """What a sequence comes to with those in it. InputError where it is in itself, or all of it is too much."""
    sequence = full.get(sequence.get("id") or "", sequence)
    key = id(sequence)
    if key in within or len(within) > MOST_DEEP:
        raise InputError(f"{path}: sequence {said(sequence, 'name')[:80]!r} is in itself")
    if key not in weights:
        inner = (each for item in sequence.iterfind("./media/*/track/clipitem") for each in item.findall("sequence"))
        weights[key] = _weight(sequence) + sum(_weigh(each, (*within, key), full, weights, path) for each in inner)
        _bounded(weights[key], path)
    return weights[key]


def _weight(element: Element) -> int:
    return sum(16 + len(each.text or "") for each in element.iter())


def _bounded(weight: int, path: Path) -> None:
    if weight > 2 * MAX_BYTES:
        raise InputError(f"{path}: with what it names by id it is over {2 * MAX_BYTES >> 20} MB")


def rate_of(sequence: Element, path: Path) -> Fraction:
    """The frames a second of a sequence."""
    try:
        value = float(said(sequence, "rate/timebase"))
    except ValueError:
        raise InputError(f"{path}: sequence {said(sequence, 'name')!r} without a rate") from None
    ntsc = said(sequence, "rate/ntsc").upper() == "TRUE"
    return rate(value * 1000 / 1001 if ntsc else value, f"{path}: the sequence's rate")


def mend(root: Element, path: Path) -> None:
    """Make the whole file fit for the adapter, in place."""
    for parent in root.iter():
        for child in parent.findall("timecode"):  # times then count from the file's own beginning, as <in> does
            parent.remove(child)
        for child in parent.findall("filter"):
            if said(child, "enabled").upper() == "FALSE" or child.find("effect") is None or _is_plain(child):
                parent.remove(child)
    for track in (each for sequence in root.iter("sequence") for each in sequence.iterfind("./media/*/track")):
        end = 0
        for item in track:
            if item.tag in ITEMS:
                end = _item(item, end, f"{path}: {item.tag} {said(item, 'name') or item.get('id') or ''!r}")
    for sequence in root.iter("sequence"):  # the adapter looks for the tracks of a nested one a level too high
        media = sequence.find("media")
        if media is not None and sequence.find("video") is None:
            sequence.extend([each for each in media if each.tag in ("video", "audio")])


def _item(item: Element, end: int, where: str) -> int:
    """Check one thing on a track that was full up to a frame; up to where it is full now."""
    moves = item.tag == "transitionitem"
    for tag in ("start", "end") if moves else ("start", "end", "in"):
        if whole(item, tag) is None:
            raise InputError(f"{where}: <{tag}> is {said(item, tag)[:40]!r}; it is a number of frames")
    start, stop = whole(item, "start") or 0, whole(item, "end") or 0
    if moves:
        for tag in ("alignment", "effect"):
            if item.find(tag) is None:
                SubElement(item, tag).text = "center" if tag == "alignment" else None
        return end
    if item.find("file") is None and item.find("sequence") is None and item.tag == "clipitem":
        SubElement(item, "file")
    if item.tag == "generatoritem" and item.find("./effect[effecttype='generator']") is None:
        item.extend([_generator(said(item, "effect/name"))])
    if start != -1 and start < end:
        raise InputError(f"{where}: it begins at frame {start}, where another goes on to {end}")
    if start != -1 and stop != -1 and stop < start:
        raise InputError(f"{where}: it ends at frame {stop}, before it begins at {start}")
    _own_rate(item, start, stop)
    return max(end, stop)


def _generator(name: str) -> Element:
    effect = Element("effect")
    for tag, text in (("name", name), ("effectid", name or "generator"), ("effecttype", "generator")):
        SubElement(effect, tag).text = text
    return effect


def _own_rate(item: Element, start: int, end: int) -> None:
    """Leave out the rate of a clip that counts its file in frames of the sequence.

    Premiere and Resolve do so whatever rate the clip says; older Premieres count in the rate that the clip says, and
    then it is as long by that.
    """
    mine, into, out = item.find("rate"), whole(item, "in"), whole(item, "out")
    if mine is not None and -1 not in (start, end) and into is not None and out is not None:
        if abs((out - into) - (end - start)) <= 1:
            item.remove(mine)


def _is_plain(item: Element) -> bool:
    """Whether a filter is one of place and size that changes nothing."""
    if said(item, "effect/effectid") not in MOTIONS or item.find(".//keyframe") is not None:
        return False
    for parameter in item.iterfind("effect/parameter"):
        value = parameter.find("value")
        for each in () if value is None else (list(value) or [value]):
            name = said(parameter, "parameterid") if each is value else each.tag
            plain = 0.0 if name in ZEROS else PLAIN.get(name)
            try:
                if plain is None or abs(float(each.text or 0) - plain) > 1e-6:
                    return False
            except ValueError:
                return False
    return True
