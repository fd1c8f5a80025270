"""The tables and keys a show.toml may have. What sources and effects take is checked by the rooms they belong to."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from engine.generator.plan import BACKENDS
from engine.generator.spec import Fit

Size = tuple[Annotated[int, Field(ge=16, le=16384)], Annotated[int, Field(ge=16, le=16384)]]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GeneratorTable(_Table):
    """[generator]"""

    model: str = "silk"
    psi: float = Field(default=1.0, ge=0, le=2)
    seed: int = Field(default=0, ge=0, lt=2**32)
    second: str = ""  # a model of the same architecture to blend with
    snapshots: tuple[str, ...] | str = ()  # of the model's training, oldest first; or a folder of them
    classes: tuple[int, ...] = Field(default=(), max_length=64)  # whose weights can be played
    size: Size | Literal["fill"] | None = None
    fit: Fit = "resize"  # how a constant input fills a size that is not the model's own
    cutoff: int | None = Field(default=None, ge=0)  # psi truncates so many layers only
    backend: str = Field(default="auto", pattern=f"^({'|'.join(BACKENDS)})$")
    crossfade_s: float = Field(default=1.0, ge=0, le=60)  # from the former model's picture
    turns: Literal["auto", True, False] = "auto"  # true: one voice a frame; auto: where all take too long
    blend: bool = False  # crossfade consecutive pictures when the generator is slower than the display
    banks: tuple[str, ...] = ()
    match_banks: Literal["model", "architecture"] = "model"  # whose directions banks hold, and rows sequences
    places: tuple[str, ...] = ()
    pool: str = ""  # a sequence whose rows are the show's places


class BandTable(_Table):
    """[motion.bands.<name>]"""

    frequency_hz: float | None = None
    damping: float | None = None


class MotionTable(_Table):
    """[motion]"""

    frequency_hz: float | None = None
    damping: float | None = None
    geometry: Literal["sphere", "flat"] = "sphere"
    sphere: float | None = None
    amount_frequency_hz: float | None = None
    amount_damping: float | None = None
    pace: float | None = None
    even_faders: float | None = None
    surprise: float | None = None
    wander: float | None = None
    wander_hz: float | None = None
    loop_bars: float | None = None
    loop_places: int | None = None
    bands: dict[str, BandTable] = {}


class VoiceTable(_Table):
    """[[voice]]"""

    name: str = ""
    seed: int | None = Field(default=None, ge=0, lt=2**32)
    home: str | None = None
    loop: tuple[str, ...] = ()
    sequence: str | None = None
    sequence_fps: float | None = None  # none: as its .json says, else 25
    sequence_end: Literal["again", "close", "hold"] = "again"
    motion: MotionTable | None = None


class CompassTable(_Table):
    """[[compass]]"""

    name: str
    more: str | tuple[str | int, ...] = ()  # stills, seeds, .npy or places; none: sorted while it plays
    less: str | tuple[str | int, ...] = ()
    components: str = ""  # a bank in whose span it compares; none: the model's own directions
    count: int = Field(default=20, ge=1, le=128)  # of their first
    layers: Annotated[tuple[int, ...], Field(min_length=1)] | None = None  # of w that its direction moves


class StageTable(_Table):
    """[stage]"""

    size: Size | None = None
    fps: float = Field(default=30.0, ge=1, le=240)
    fit: Literal["contain", "cover"] = "cover"
    layout: Literal["side", "layers", "windows"] = "side"
    interop: bool = False  # pictures stay on the GPU between generator and stage where that works


class RouteTable(BaseModel):
    """[[route]]"""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    source: str = Field(alias="from")
    to: str
    shape: tuple[str, ...] | str = ()
    range: tuple[float, float] | None = None
    mix: Literal["set", "add"] = "set"
    wait: Literal["", "beat", "bar"] = ""


class DemonstrateTable(_Table):
    """[demonstrate]"""

    signals: tuple[str, ...] = Field(min_length=1, max_length=256)  # addresses or patterns
    controls: tuple[str, ...] = Field(min_length=1, max_length=256)
    method: Literal["ridge", "kernel", "nearest"] = "kernel"
    file: str = Field(default="poses.json", min_length=1, max_length=200)  # beside the show
    on: bool = True
    smooth: float = Field(default=0.1, ge=0, le=60, allow_inf_nan=False)  # seconds


class ShowTable(_Table):
    """show.toml as a whole; `sources` and `effect` are checked by the rooms they belong to."""

    title: str = ""
    about: str = ""
    script: str | None = None
    bpm: float = Field(default=120.0, ge=20, le=400)
    next: tuple[str, ...] = ()
    generator: GeneratorTable = GeneratorTable()
    motion: MotionTable = MotionTable()
    stage: StageTable = StageTable()
    voice: tuple[VoiceTable, ...] = ()
    compass: tuple[CompassTable, ...] = ()
    controls: dict[str, float] = {}
    sources: dict[str, dict[str, Any]] = {}
    route: tuple[RouteTable, ...] = ()
    demonstrate: DemonstrateTable | None = None
    effect: tuple[dict[str, Any], ...] = ()
