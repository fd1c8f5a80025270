"""A worker process: `python -m engine.studio.farm PARENT`. It leaves with its parent.

Lines of JSON. In: {"what", "asked"} first, then {"chunk": [number, first, last], "out"} each. Out: {"ready"}, {"done"},
{"error", "text"}, and {"beat"} every second as long as the interpreter goes.
"""

import json
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from engine.paths import part_beside
from engine.studio.farm.work import Chunk, worker_of

BEAT_S = 1.0


class Voice:
    """What is said to the parent; whatever else is printed goes to stderr."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self._lock = threading.Lock()

    def say(self, **said: Any) -> None:
        with self._lock:
            self._out.write(json.dumps(said) + "\n")
            self._out.flush()


def main() -> None:
    """Do chunks until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, which ends this one
    voice = Voice()
    threading.Thread(target=_beat, args=(voice, int(sys.argv[1])), daemon=True).start()
    try:
        first = json.loads(sys.stdin.readline())
        worker = worker_of(first["what"], first["asked"])
    except Exception as error:
        _confess(voice, error)
        return
    voice.say(ready=1)
    for line in sys.stdin:
        given = json.loads(line)
        try:
            with part_beside(Path(given["out"])) as part:
                worker.do(Chunk(*given["chunk"]), part)
        except Exception as error:
            _confess(voice, error)
        else:
            voice.say(done=1)
    worker.close()


def _confess(voice: Voice, error: Exception) -> None:
    """Tell the parent by name; it knows which of them are ours."""
    traceback.print_exc()
    voice.say(error=type(error).__name__, text=str(error)[:4000])


def _beat(voice: Voice, parent: int) -> None:
    """Give signs of life; leave when the parent is gone."""
    while sys.platform == "win32" or os.getppid() == parent:
        try:
            voice.say(beat=1)
        except OSError:
            break
        time.sleep(BEAT_S)
    os._exit(1)


if __name__ == "__main__":
    main()
