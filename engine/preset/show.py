"""What a show is once it has been read and checked: plain data that every process may hold."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.controls import Layout
from engine.generator.base import ModelInfo
from engine.generator.catalog import How
from engine.generator.spec import family
from engine.latent.compasses import CompassSpec
from engine.latent.directions import Directions
from engine.latent.places import Places
from engine.latent.spec import VoiceSpec
from engine.stage.effects import EffectSpec
from engine.tables import ShowTable
from mappings.demonstrate import DemonstrationSpec
from mappings.routes import Route
from mappings.sources import source_class
from mappings.sources.base import Source

FILL_PX = 8  # the sides of a picture that fills the stage are whole multiples of this
LEAST_PX = 16


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says over the show."""

    model: str | None = None
    seed: int | None = None
    size: tuple[int, int] | None = None
    fps: float | None = None
    device: str = "auto"
    osc: str | None = None  # HOST:PORT
    audio: str | None = None  # a device's name or a file
    backend: str | None = None
    upstream_exact: bool = False
    sequence: str | None = None  # the whole path of one that the first voice follows


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One source of a show: its name, kind and checked configuration."""

    name: str
    kind: str
    config: Any


@dataclass(frozen=True, slots=True)
class Show:
    """Everything a show says, checked. Plain data; every process may hold one."""

    path: Path  # the show.toml
    text: str
    table: ShowTable
    options: Options
    info: ModelInfo
    directions: Directions
    places: Places
    voices: tuple[VoiceSpec, ...]
    sources: tuple[SourceSpec, ...]
    routes: tuple[Route, ...]
    effects: tuple[EffectSpec, ...]
    layout: Layout
    known: tuple[str, ...]
    model: str  # a built-in name, or the file's whole path
    seed: int
    size: tuple[int, int]
    fps: float
    draws_sound: bool  # an effect looks at the spectrum or the wave
    how: How = How()  # how the model is opened
    compasses: tuple[CompassSpec, ...] = ()
    demonstrate: DemonstrationSpec | None = None  # what is learned from poses
    told: tuple[str, ...] = ()  # what of the show is set aside because the command line chose another model
    hash: str = field(default="")

    @property
    def folder(self) -> Path:
        """Where the show lies."""
        return self.path.parent

    @property
    def name(self) -> str:
        """The folder's name: what people call the show."""
        return self.folder.name

    @property
    def model_name(self) -> str:
        """The model as this show would write it: a file of the show's own by its path from there."""
        path = Path(self.model)
        own = path.is_absolute() and path.is_relative_to(self.folder)
        return str(path.relative_to(self.folder)) if own else self.model

    @property
    def drawn_size(self) -> tuple[int, int]:
        """Width and height of one voice's picture.

        `[generator] size` where it is two numbers. "fill" keeps a learned model's short side and takes the shape of the
        voice's part of the stage. Otherwise the size the model has learned; the stage's where it has learned none.
        """
        wanted, info = self.table.generator.size, self.info
        own = info.width, info.height
        width, height = self.size
        if len(self.voices) > 1 and self.table.stage.layout == "side":
            width = max(LEAST_PX, width // len(self.voices))
        if isinstance(wanted, tuple):
            return own if fixed(info) and self.options.model is not None else wanted
        if not learned(info):
            return width, height
        return own if wanted is None or fixed(info) else _filled(info, width, height)

    @property
    def pinned(self) -> "Show":
        """The show for a stepped clock: one backend from first to last.

        Eager unless one is asked for; frozen where compiled code finishes the pictures, as eager is many times slower.
        """
        finished = learned(self.info) and bool(family(self.info.extra["family"]).maps)
        backend = self.options.backend or ("frozen" if finished else "eager")
        return replace(self, how=replace(self.how, live=False, backend=backend))

    @property
    def script(self) -> Path | None:
        """The script the show names, inside its folder."""
        return self.folder / self.table.script if self.table.script else None

    def open_sources(self) -> list[Source]:
        """New, unopened sources of this show."""
        return [source_class(spec.kind)(spec.name, spec.config) for spec in self.sources]


def learned(info: ModelInfo) -> bool:
    """Whether the model has weights, and so a size at which it learned them."""
    return "family" in info.extra


def fixed(info: ModelInfo) -> bool:
    """Whether the model draws at the size it learned and at no other."""
    return learned(info) and info.native


def _filled(info: ModelInfo, width: int, height: int) -> tuple[int, int]:
    """The smallest picture of this shape, in whole steps, that the model's own size fits into."""
    wider = width * info.height >= height * info.width
    if wider:
        return max(info.width, round(info.height * width / height / FILL_PX) * FILL_PX), info.height
    return info.width, max(info.height, round(info.width * height / width / FILL_PX) * FILL_PX)


def same_generator(a: Show, b: Show) -> bool:
    """True when one prepared generator can play both shows."""
    return _drawing(a) == _drawing(b)


def _drawing(show: Show) -> tuple[Any, ...]:
    info = show.info
    weights = info.hash, info.extra.get("snapshots")
    return show.model, show.how, weights, info.extra.get("controls"), show.drawn_size, len(show.voices)
