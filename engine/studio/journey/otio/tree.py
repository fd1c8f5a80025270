"""The JSON of an `.otio`, within bounds, and the timeline in it."""

import json
from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.studio.journey.contents import contents
from engine.studio.journey.otio.times import items, schema, text

MOST_NODES = 4_000_000  # objects and lists: forty for each clip that a timeline may have
MOST_DEEP = 32  # compositions in compositions


def tree(path: Path) -> Any:
    """What stands in the file. InputError for what is no JSON, or too much of it."""
    try:
        written = contents(path).decode("utf-8-sig")
        if (count := written.count("{") + written.count("[")) > MOST_NODES:
            raise InputError(f"{path}: {count} objects and lists; at most {MOST_NODES}")
        return json.loads(written)
    except RecursionError:
        raise InputError(f"{path}: nested too deep for a timeline") from None
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"{path}: no OpenTimelineIO, which is JSON ({str(error)[:200]})") from None


def timelines(data: Any) -> list[dict[str, Any]]:
    """The timelines that it holds, in order; a collection of them is looked into."""
    found: list[dict[str, Any]] = []
    waiting = [data]
    while waiting:
        thing = waiting.pop()
        if schema(thing) == "Timeline":
            found.append(thing)
        elif schema(thing) in ("SerializableCollection", "Collection"):
            waiting += reversed(items(thing, "children"))
    return found


def kind(track: dict[str, Any]) -> str:
    """ "Video", "Audio" or what else it says that it is."""
    return text(track, "kind") or "Video"


def enabled(thing: dict[str, Any]) -> bool:
    """Whether an editor shows it."""
    return thing.get("enabled") is not False


def named(thing: Any, where: str, number: int) -> str:
    """Where a child stands: its number from 1 and its name."""
    name = text(thing, "name")[:60] if isinstance(thing, dict) else ""
    return f"{where}/{number}" + (f" {name!r}" if name else "")
