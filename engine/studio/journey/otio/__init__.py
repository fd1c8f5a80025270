"""OpenTimelineIO (`.otio`): the edit that Kdenlive from 25.04, Resolve, Premiere and others pass on.

It is JSON, and read and written as such: the library's own parser, in C++, ends the process on a file that is nested
deep enough, and projects come from strangers.
"""

from engine.studio.journey.otio.read import read, timeline_of
from engine.studio.journey.otio.write import write

__all__ = ["read", "timeline_of", "write"]
