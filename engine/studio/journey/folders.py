"""The folders in which a project's media may lie: nothing outside of them is ever opened because a project names it."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from unicodedata import category
from urllib.parse import unquote

from engine.errors import InputError, printable

MOST_DEEP = 8  # folders below one that was given
MOST_ENTRIES = 50_000
_LONGEST = 255  # bytes of a file's name
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # two letters or more: one is a drive


class Folders:
    """The files in folders and below, by name; what is hidden, or a link to another folder, is passed by.

    InputError where a folder cannot be read, or holds more than is looked through.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self.roots = tuple(dict.fromkeys(root.resolve() for root in roots))
        self._files: dict[str, list[Path]] = {}
        self._count = 0
        for root in self.roots:
            self._walk(root)

    def named(self, name: str) -> list[Path]:
        """The files of a name, in order; real paths. InputError where one leads out of the folders."""
        return sorted({self.inside(path) for path in self._files.get(name, ())})

    def ending(self, suffix: str) -> list[Path]:
        """The files with an ending that lie inside, in order; real paths."""
        found = (path for name, paths in self._files.items() if name.endswith(suffix) for path in paths)
        return sorted({real for path in found if self._holds(real := path.resolve())})

    def inside(self, path: Path) -> Path:
        """The real path of a file. InputError unless it lies inside."""
        real = path.resolve()
        if not self._holds(real):
            raise InputError(
                f"{path}: a link that leads out of {self}; copy the file there, or give its folder with --media"
            )
        return real

    def _holds(self, real: Path) -> bool:
        return any(real.is_relative_to(root) for root in self.roots)

    def _walk(self, root: Path) -> None:
        waiting = [(root, 0)]
        while waiting:
            folder, depth = waiting.pop()
            try:
                with os.scandir(folder) as entries:
                    listed = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                if folder == root:
                    raise InputError(f"{root}: no folder that can be read ({error.strerror})") from None
                continue
            self._count += len(listed)
            if self._count > MOST_ENTRIES:
                raise InputError(
                    f"{self}: more than {MOST_ENTRIES} files to look through; put the project and its media into "
                    "a folder of their own"
                )
            for entry in listed:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if depth < MOST_DEEP:
                        waiting.append((Path(entry.path), depth + 1))
                elif entry.is_file():
                    self._files.setdefault(entry.name, []).append(Path(entry.path))

    def __str__(self) -> str:
        return ", ".join(map(str, self.roots))


def base_name(name: str) -> str:
    """The file's name alone, of what a project calls a file; folders before it are not believed.

    InputError for what names no file: an address, a command, a name that no disk takes.
    """
    shown = printable(name if len(name) <= 120 else f"{name[:120]}...")
    text = name
    if text[:5].lower() == "file:":
        text = unquote(text[5:])
    elif _SCHEME.match(text):
        raise InputError(f"media {shown}: an address, not a file; save it as a file beside the project")
    base = re.split(r"[/\\]", text)[-1]
    size = len(base.encode("utf-8", "surrogatepass"))
    if base in ("", ".", "..") or any(category(c) in ("Cc", "Cs") for c in base):
        raise InputError(f"media {shown}: no name of a file; link the clip to its file again")
    if size > _LONGEST:
        raise InputError(f"media {shown}: a name of {size} bytes; files have at most {_LONGEST}")
    return base
