"""`python -m engine.show ROLE SESSION INCARNATION`: one child process of a running show."""

import importlib
import signal
import sys
from pathlib import Path

from engine.errors import InputError
from engine.supervisor import last_words

ROLES = {
    "generator": "engine.show.picture",
    "signals": "engine.show.signals",
    "console": "engine.console.server",
    "script": "engine.show.scripting",
}


def main() -> int:
    """Run the role that the command line names."""
    if len(sys.argv) != 4 or sys.argv[1] not in ROLES:
        sys.stderr.write(f"usage: python -m engine.show {{{','.join(ROLES)}}} SESSION INCARNATION\n")
        return 2
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the stage, which stops us cleanly
    role, folder, incarnation = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    try:
        importlib.import_module(ROLES[role]).run(folder, incarnation)
    except InputError as error:  # nothing of ours is broken: who watches us says it
        last_words(folder, role, incarnation, str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
