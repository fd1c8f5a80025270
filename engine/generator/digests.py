"""The hash of a file's bytes, read once: a checkpoint of a gigabyte is asked for by every process of a show."""

import json
import os
import stat
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from engine.errors import InputError, ModelError
from engine.paths import cache_dir, part_beside

BUFFER_BYTES = 1 << 20
SETTLED_S = 2.0  # a file that was changed a moment ago may change again without a new time: it is read anew


def digest(path: Path, before: bytes = b"") -> str:
    """sha256 of `before` and the file's bytes, as hexadecimal digits. ModelError when the file cannot be read.

    What was found is kept in the user's cache beside the file's size, times and number, and is used while they stay.
    """
    try:
        now = path.stat()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror or error})") from None
    if not stat.S_ISREG(now.st_mode):  # a pipe or a device may never end
        raise ModelError(f"{path}: it is no ordinary file; give a checkpoint")
    name = sha256(before + os.fsencode(path.resolve())).hexdigest()[:32]
    state = [now.st_size, now.st_mtime_ns, now.st_ctime_ns, now.st_ino]
    try:
        held = json.loads((cache_dir("digests") / f"{name}.json").read_text("utf-8"))
        if held["state"] == state and len(held["sha256"]) == 64:
            return str(held["sha256"])
    except (OSError, ValueError, TypeError, KeyError):
        pass  # never read, or the note is damaged
    found = _read(path, before)
    if time.time() - now.st_mtime > SETTLED_S:
        with suppress(OSError, InputError):  # what cannot be kept costs the time, not the show
            with part_beside(cache_dir("digests") / f"{name}.json") as part:
                part.write_text(json.dumps({"state": state, "sha256": found}), "utf-8")
    return found


def _read(path: Path, before: bytes) -> str:
    running = sha256(before)
    try:
        with path.open("rb") as file:
            while block := file.read(BUFFER_BYTES):
                running.update(block)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror or error})") from None
    return running.hexdigest()
