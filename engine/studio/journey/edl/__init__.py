"""CMX3600 edit decision lists (`.edl`): one track of cuts and dissolves, which every editor since 1980 can write."""

from engine.studio.journey.edl.read import read
from engine.studio.journey.edl.write import write

__all__ = ["read", "write"]
