"""Where shows lie, and their text."""

import tomllib
from pathlib import Path
from typing import Any

from engine.complaints import nearest
from engine.errors import ShowError
from engine.paths import data_dir

SIZE_LIMIT = 1 << 20  # bytes of a show.toml


def find_show(show: str | Path | None) -> Path:
    """The show.toml of a folder, a file, or a name in `presets/`; `first_light` when nothing is asked for."""
    if show is None:
        show = "first_light"
    given = Path(show)
    for candidate in (given, given / "show.toml", data_dir("presets") / given / "show.toml"):
        if candidate.is_file():
            return candidate.resolve()
    names = sorted(p.parent.name for p in data_dir("presets").glob("*/show.toml"))
    raise ShowError(f"{show}: no such show{nearest(str(show), names)}; there are: {', '.join(names)}")


def show_names(beside: Path) -> list[str]:
    """The shows in the folder that this show's own folder lies in, by name."""
    return sorted(p.parent.name for p in beside.parent.parent.glob("*/show.toml"))


def read_text(path: Path) -> str:
    """The text of a show.toml. ShowError when it cannot be one."""
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise ShowError(f"{path}: larger than {SIZE_LIMIT >> 20} MiB; a show.toml is a page of text")
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ShowError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise ShowError(f"{path}: {error.strerror}") from None


def parse(text: str, path: Path) -> dict[str, Any]:
    """The tables of a show.toml. ShowError with the line where it is not TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        at = message.rpartition("(at line ")[2].partition(",")[0]
        shown = at if at.isdigit() else str(max(1, len(text.splitlines())))
        raise ShowError(f"{path}:{shown}: not TOML: {message.partition(' (at ')[0]}") from None
    except RecursionError:
        raise ShowError(f"{path}: nested too deeply") from None


def inside(path: Path, name: str, where: str) -> Path:
    """A file of the show at `path`, which may not lie outside its folder."""
    folder = path.parent.resolve()
    try:
        found = (folder / name).resolve()
        there = found.is_file()
    except (OSError, RuntimeError, ValueError) as error:  # a link to itself, or a name that no disk takes
        raise ShowError(f'{where}: "{name}" is no file: {getattr(error, "strerror", None) or error}') from None
    if not found.is_relative_to(folder):
        raise ShowError(f'{where}: "{name}" lies outside the show; copy it into {folder.name}/')
    if not there:
        raise ShowError(f'{where}: no file "{name}" in {folder.name}/')
    return found
