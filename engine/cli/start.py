"""Run the command line: from its errors to exit statuses."""

import sys
from typing import Any

import typer

from engine.cli.app import app
from engine.errors import EngineError, InputError, printable

# Typer carries its own copy of click from 0.26 on, and click's own before: this is the right one of either.
USAGE_ERROR: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "UsageError")


def main() -> None:
    """Run the command line. Exit status: 0 done, 2 wrong input, 1 our failure, 130 on Ctrl-C."""
    sys.exit(run())


def run() -> int:
    """Run what the arguments say, without leaving the process: the exit status."""
    try:
        code = app(standalone_mode=False)
        return code if isinstance(code, int) else 0
    except typer.Exit as stop:
        return int(stop.exit_code)
    except USAGE_ERROR as error:
        where = f"{error.ctx.command_path}: " if error.ctx else ""
        sys.stderr.write(f"{where}{error.format_message()} (try --help)\n")
        return 2
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> int:
    """Say what went wrong: a sentence for the caller's mistakes, all we know for our own."""
    from mappings.errors import MappingError

    if isinstance(error, InputError | MappingError):
        sys.stderr.write(printable(f"{error}\n", keep="\n\t"))
        return 2
    if isinstance(error, EngineError):
        sys.stderr.write(printable(f"{error}\n", keep="\n\t"))
        return 1
    import traceback

    traceback.print_exc()
    sys.stderr.write("This is a fault of latenz itself; please report it with the lines above.\n")
    return 1
