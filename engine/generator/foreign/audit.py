"""A hook on the interpreter's own audit events (PEP 578): the reader's process opens, starts and imports nothing."""

import sys
from typing import Any

_FORBIDDEN = (
    "open", "import", "exec", "compile", "code.__new__", "function.__new__", "os.", "subprocess.", "socket.", "ctypes.",
    "shutil.", "tempfile.", "glob.", "pathlib.", "pty.", "fcntl.", "pickle.", "marshal.", "signal.", "sqlite3.",
    "webbrowser.", "urllib.", "http.", "ftplib.", "smtplib.", "poplib.", "imaplib.", "telnetlib.", "nntplib.",
    "winreg.", "_winapi.", "msvcrt.", "resource.", "syslog.", "setopencodehook", "sys._debugmallocstats",
    "sys.settrace", "sys.setprofile", "sys.addaudithook", "sys.remote_exec", "cpython.run_",
)  # fmt: skip
_EXACT = frozenset(event for event in _FORBIDDEN if not event.endswith((".", "_")))
_PREFIXES = tuple(event for event in _FORBIDDEN if event.endswith((".", "_")))


def forbid() -> None:
    """From now on, for good, each such event raises PermissionError in whoever causes it."""
    sys.addaudithook(_refuse)


def _refuse(event: str, args: tuple[Any, ...]) -> None:
    if event in _EXACT or event.startswith(_PREFIXES):
        raise PermissionError(f"the reader of foreign files may not {event}")
