"""Where things lie: shipped data (from a checkout, an editable install or a wheel), the user's cache, a show."""

import errno
import os
import secrets
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from engine.errors import InputError

_PACKAGE = Path(__file__).resolve().parent


def data_dir(kind: str) -> Path:
    """The folder of shipped `shaders` or `presets`."""
    inside_wheel = _PACKAGE / "_data" / kind
    return inside_wheel if inside_wheel.is_dir() else _PACKAGE.parent / kind


def cache_dir(kind: str = "") -> Path:
    """A folder of the user's cache, made if it is missing; InputError where it cannot. `LATENZ_CACHE` moves it."""
    base = os.environ.get("LATENZ_CACHE") or platformdirs.user_cache_dir("latenz", appauthor=False)
    folder = Path(base) / kind
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: the cache cannot be made there ({error.strerror}); "
            "set LATENZ_CACHE to a folder that can be written"
        ) from None
    return folder


def work_dir(kind: str) -> Path:
    """Where what took hours is kept, which no cache is: a folder, not made here. `LATENZ_WORK` moves it."""
    return Path(os.environ.get("LATENZ_WORK") or platformdirs.user_data_dir("latenz", appauthor=False)) / kind


def check_output(path: Path, folder: bool = False) -> None:
    """InputError unless a file can be written at `path`: said before the work, not after it.

    folder : what is written may be a folder, in the place of another
    """
    if path.name in ("", ".."):
        raise InputError(f"{path}: is a folder without a name of its own; name what is to be written")
    if not path.resolve().parent.is_dir():
        raise InputError(f"{path}: no folder {path.parent}; make it first")
    if path.is_dir() and not folder:
        raise InputError(f"{path}: a folder has this name; give another one")
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.open("xb").close()
        beside.unlink()
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another folder") from None


@contextmanager
def part_beside(path: Path) -> Iterator[Path]:
    """A name beside `path` for its file while it is made: renamed when the block has ended well, else removed."""
    part = path.with_name(f".{path.name[:80]}.{secrets.token_hex(6)}.part")
    try:
        part.open("xb").close()
        yield part
        with part.open("r+b") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def reserve(path: Path) -> None:
    """Take the room on the disk that a file of holes says it has, before its pages are written through a map.

    On a full disk such a write ends the process at once (SIGBUS). InputError where there is not enough room.
    """
    size = path.stat().st_size
    try:
        if hasattr(os, "posix_fallocate"):
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, size)
        elif shutil.disk_usage(path).free < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        raise InputError(
            f"{path.parent}: no room for {size / 1e6:.0f} MB ({error.strerror}); free some, or choose another disk"
        ) from None


def use_numba_cache() -> None:
    """Keep numba's compiled code in our own cache and use OpenMP. Call before the first import of numba.

    The folder is named after the state of the sources of our own generators: numba looks at a kernel's own file alone,
    and would go on using a kernel whose inlined helpers in another file have changed. OpenMP's threads sleep between
    frames: spinning, they would take the core that the stage draws on.
    """
    rooms = ("generator/silk", "generator/tulip", "studio/tulip")
    sources = sorted(path for room in rooms for path in (_PACKAGE / room).glob("*.py"))
    state = repr([(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in sources])
    folder = f"numba/{zlib.crc32(state.encode()):08x}"
    os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_dir(folder)))
    os.environ.setdefault("NUMBA_THREADING_LAYER", "omp")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
