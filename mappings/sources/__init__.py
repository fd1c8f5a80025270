"""The visible table of sources: one row each, imported when a show asks for it."""

import importlib
from typing import NamedTuple

from mappings.errors import SourceError


class Row(NamedTuple):
    """Where a source lives, and the extra that installs what it needs."""

    path: str  # module:class
    extra: str = ""


SOURCES: dict[str, Row] = {
    "osc": Row("mappings.sources.osc:Osc"),
    "midi": Row("mappings.sources.midi:Midi"),
    "audio": Row("mappings.sources.audio:Audio"),
    "market": Row("mappings.sources.market:Market", extra="market"),
    "clock": Row("mappings.sources.clock:Clock"),
    "replay": Row("mappings.sources.replay:Replay"),
}


def source_class(kind: str) -> type:
    """The class of a kind of source; SourceError names the kinds there are."""
    row = SOURCES.get(kind)
    if row is None:
        raise SourceError(f'no source of kind "{kind}"; there are: {", ".join(SOURCES)}')
    module, _, name = row.path.partition(":")
    found: type = getattr(importlib.import_module(module), name)
    return found
