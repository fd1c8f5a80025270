"""Long work in chunks, by one process, by several, or by a cluster: the result is the same, byte for byte.

A chunk's outcome depends on what was asked and on its number alone: never on who did it, when, or beside what. Workers
run with one thread each. Finished chunks are files; what was killed goes on from those.
"""

from engine.studio.farm.farm import farm, forget
from engine.studio.farm.work import Chunk, Worker, Workers, chunks_of

__all__ = ["Chunk", "Worker", "Workers", "chunks_of", "farm", "forget"]
