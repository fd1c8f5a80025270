"""What the tulip is taught from: renderings on disk, made once, in parts, by all cores.

Importing this module compiles nothing; call `engine.paths.use_numba_cache` before `make`.
"""

import ast
import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.generator.tulip import factors
from engine.paths import part_beside

SIDE = 128  # pixels of a picture and its maps
CHANNELS = 5  # of a map: layer, u, v, light, gloss
PART = 256  # pictures rendered between two notes of how far it got
_TEACHER = ("factors.py", "maps.py", "petal.py"), ("geometry.py", "ground.py", "raster.py", "renderer.py", "data.py")


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """Renderings, as they lie on disk.

    x : (n, 19) float32, Gaussian
    pictures : (n, 128, 128, 3) uint8
    maps : (n, 128, 128, 5) uint8: the layer that covers most of a pixel, and its mean u (times 255), v (from -1..1 to
    0..255), light (times 255 / 1.5) and gloss (times 255 / 0.5)
    """

    x: NDArray[np.float32]
    pictures: NDArray[np.uint8]
    maps: NDArray[np.uint8]


def latents(seed: int, count: int) -> NDArray[np.float32]:
    """Gaussian x (count, 19): the same for a seed, whatever the count it is the beginning of."""
    return np.random.RandomState(seed).randn(count, factors.COUNT).astype(np.float32)


def make(folder: Path, seed: int, count: int, workers: int, progress: Callable[[int, int], None]) -> Data:
    """Render what is missing of `count` pictures of this seed into folder, and open them.

    progress : called with how many there are, and how many there will be
    What another version of the renderer made is made anew. InputError for a folder that cannot be used.
    """
    count = -(-count // PART) * PART
    folder.mkdir(parents=True, exist_ok=True)
    note, x = folder / "data.json", latents(seed, count)
    state = {"teacher": teacher(), "seed": seed, "count": count}
    known = _read(note)
    listed = known.pop("done", ())
    done = set(listed) if isinstance(listed, list) else set()
    fresh = known != state
    try:
        pictures = _memory(folder / "pictures.npy", (count, SIDE, SIDE, 3), fresh)
        maps = _memory(folder / "maps.npy", (count, SIDE, SIDE, CHANNELS), fresh)
    except (OSError, ValueError) as error:
        raise InputError(f"{folder} cannot hold the renderings: {error}. Choose another folder with --data") from error
    done = set() if fresh else done
    missing = [first for first in range(0, count, PART) if first not in done]
    progress(count - len(missing) * PART, count)

    def render_part(first: int) -> int:
        for i in range(first, first + PART):
            pictures[i], maps[i] = sample(factors.factors_of(x[i : i + 1])[0])
        return first

    with ThreadPoolExecutor(workers) as pool:
        for first in pool.map(render_part, missing):
            done.add(first)
            with part_beside(note) as part:
                part.write_text(json.dumps({**state, "done": sorted(done)}))
            progress(len(done) * PART, count)
    return Data(x, pictures, maps)


def sample(values: NDArray[np.float32], side: int = SIDE) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The picture (side, side, 3) and the maps (side, side, 5) of these factors (19,)."""
    from engine.studio.tulip.reduce import reduced
    from engine.studio.tulip.renderer import developed, render

    drawn = render(values, 2 * side)
    picture = np.rint(developed(drawn.linear, side) * 255).astype(np.uint8)
    return picture, reduced(drawn.ids, drawn.u, drawn.v, drawn.light, drawn.gloss)


def teacher() -> str:
    """Names the renderer by what its sources do: renderings of another are not mixed with its own."""
    studio = Path(__file__).parent
    play = Path(factors.__file__).parent
    files = [play / name for name in _TEACHER[0]] + [studio / name for name in _TEACHER[1]] + [studio / "reduce.py"]
    return hashlib.sha256("".join(_code(path) for path in files).encode()).hexdigest()[:16]


def _code(path: Path) -> str:
    """A source without its layout, comments and docstrings."""
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            del body[0]
    return ast.unparse(tree)  # which, unlike a dump, is the same in every version of Python


def _memory(path: Path, shape: tuple[int, ...], fresh: bool) -> NDArray[np.uint8]:
    mode = "w+" if fresh or not path.exists() else "r+"
    return np.lib.format.open_memmap(path, mode, np.uint8, shape)


def _read(note: Path) -> dict[str, object]:
    try:
        row = json.loads(note.read_text())
    except (OSError, ValueError):
        return {}
    return row if isinstance(row, dict) else {}
