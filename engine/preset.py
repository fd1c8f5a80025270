"""A show, read from its folder and checked: every error names the file, the line and the remedy."""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from engine.complaints import Where, explain, nearest
from engine.controls import Control, Layout
from engine.errors import EngineError, ShowError
from engine.generator.base import ModelInfo
from engine.generator.catalog import model_directions, model_info
from engine.latent.board import controls as motion_controls
from engine.latent.directions import Directions
from engine.latent.places import Places
from engine.latent.spec import BandSpec, MotionSpec, VoiceSpec
from engine.paths import data_dir
from engine.shared import LEVELS
from engine.show.snapshots import snapshot_controls
from engine.stage.effects import EffectSpec, effect_controls, effect_hears, find_shader, output_controls
from engine.tables import MotionTable, ShowTable, VoiceTable
from mappings.errors import MappingError
from mappings.routes import Plan, Route
from mappings.sources import SOURCES, source_class
from mappings.sources.base import Source

SIZE_LIMIT = 1 << 20  # bytes of a show.toml
ALWAYS = ("osc", "midi")  # sources every show has unless it switches them off


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
    model: str
    seed: int
    size: tuple[int, int]
    fps: float
    draws_sound: bool  # an effect looks at the spectrum or the wave
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
    def drawn_size(self) -> tuple[int, int]:
        """Width and height of one voice's picture: `[generator] size`, else the model's own, else the stage's."""
        if self.table.generator.size is not None:
            return self.table.generator.size
        if self.info.native:
            return self.info.width, self.info.height
        width, height = self.size
        if len(self.voices) > 1 and self.table.stage.layout == "side":
            return max(16, width // len(self.voices)), height
        return width, height

    @property
    def script(self) -> Path | None:
        """The script the show names, inside its folder."""
        return self.folder / self.table.script if self.table.script else None

    def open_sources(self) -> list[Source]:
        """New, unopened sources of this show."""
        return [source_class(spec.kind)(spec.name, spec.config) for spec in self.sources]


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


def load_show(path: Path, options: Options | None = None, text: str | None = None) -> Show:
    """Read and check a show. ShowError says what is wrong with it and where.

    text : plays this instead of the file's own text (what a process was told to play, whatever is being edited).
    """
    options = options or Options()
    if text is None:
        text = _read(path)
    where = Where(path, text)
    try:
        table = ShowTable.model_validate(_parse(text, path))
    except ValidationError as error:
        raise ShowError(explain(error, where)) from None
    try:
        return _build(path, text, table, options, where)
    except MappingError as error:
        raise ShowError(str(error)) from None


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise ShowError(f"{path}: larger than {SIZE_LIMIT >> 20} MiB; a show.toml is a page of text")
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ShowError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise ShowError(f"{path}: {error.strerror}") from None


def _parse(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        at = message.rpartition("(at line ")[2].partition(",")[0]
        shown = at if at.isdigit() else str(max(1, len(text.splitlines())))
        raise ShowError(f"{path}:{shown}: not TOML: {message.partition(' (at ')[0]}") from None
    except RecursionError:
        raise ShowError(f"{path}: nested too deeply") from None


def _build(path: Path, text: str, table: ShowTable, options: Options, where: Where) -> Show:
    model = options.model or table.generator.model
    info = _model(model, where)
    directions = model_directions(model)
    for bank in table.generator.banks:
        directions = directions.merged(Directions.load(_inside(path, bank, where("generator", "banks"))))
    places = Places()
    for name in table.generator.places:
        places = places.merged(Places.load(_inside(path, name, where("generator", "places"))))
    seed = table.generator.seed if options.seed is None else options.seed
    voices = _voices(path, table, info, places, seed, where)
    effects = _effects(path, table, where)
    controls = [
        *motion_controls(voices, info, directions.names, places.names, table.generator.psi),
        *_model_controls(info),
        *effect_controls(effects),
        *output_controls(),
        *snapshot_controls(),
        *show_controls(table),
    ]
    layout = Layout(_with_defaults(controls, table, where))
    if len(layout.levels) > LEVELS:
        raise ShowError(
            f"{where('voice')}: {len(layout.levels)} level controls; at most {LEVELS} fit: "
            "use fewer voices, effects or directions"
        )
    sources = _sources(path, table, options, where)
    known = _known(sources, layout)
    routes = tuple(
        Route(
            source=row.source,
            to=row.to,
            shape=(row.shape,) if isinstance(row.shape, str) else row.shape,
            range=row.range,
            mix=row.mix,
            wait=row.wait,
            where=where("route", i),
        )
        for i, row in enumerate(table.route)
    )
    if table.script is not None:
        _inside(path, table.script, where("script"))
    return Show(
        path=path,
        text=text,
        table=table,
        options=options,
        info=info,
        directions=directions,
        places=places,
        voices=voices,
        sources=sources,
        routes=routes,
        effects=effects,
        layout=layout,
        known=known,
        model=model,
        seed=seed,
        size=options.size or table.stage.size or (info.width, info.height),
        draws_sound=any(effect_hears(effect) for effect in effects),
        fps=options.fps or table.stage.fps,
        hash=hashlib.sha256(text.encode()).hexdigest(),
    )


def _model(model: str, where: Where) -> ModelInfo:
    try:
        return model_info(model)
    except EngineError as error:
        raise ShowError(f"{where('generator', 'model')}: {error}") from None


def _inside(path: Path, name: str, where: str) -> Path:
    """A file of the show, which may not lie outside its folder."""
    folder = path.parent.resolve()
    found = (folder / name).resolve()
    if not found.is_relative_to(folder):
        raise ShowError(f'{where}: "{name}" lies outside the show; copy it into {folder.name}/')
    if not found.is_file():
        raise ShowError(f'{where}: no file "{name}" in {folder.name}/')
    return found


def _motion(table: MotionTable, info: ModelInfo, where: str) -> MotionSpec:
    names = [band.name for band in info.bands]
    for name in table.bands:
        if name not in names:
            raise ShowError(f'{where}: no band "{name}"{nearest(name, names)}; the model has: {", ".join(names)}')
    given = {key: value for key, value in table.model_dump(exclude={"bands"}).items() if value is not None}
    try:
        bands = {name: BandSpec(band.frequency_hz, band.damping) for name, band in table.bands.items()}
        return MotionSpec(**given, bands=bands)
    except ShowError as error:
        raise ShowError(f"{where}: {error}") from None


def _voices(
    path: Path, table: ShowTable, info: ModelInfo, places: Places, seed: int, where: Where
) -> tuple[VoiceSpec, ...]:
    common = _motion(table.motion, info, where("motion"))
    voices = []
    for i, row in enumerate(table.voice or (VoiceTable(),)):
        at = where("voice", i)
        for name in (*row.loop, *([row.home] if row.home else ())):
            if name not in places.names:
                raise ShowError(
                    f'{at}: no place "{name}"{nearest(name, list(places.names))}; list its file in [generator] places'
                )
        motion = common if row.motion is None else _motion(row.motion, info, at)
        sequence = _inside(path, row.sequence, at) if row.sequence else None
        try:
            voices.append(
                VoiceSpec(
                    name=row.name or str(i + 1),
                    seed=(seed + 1000 * i) % 2**32 if row.seed is None else row.seed,
                    motion=motion,
                    home=row.home,
                    loop=row.loop,
                    sequence=sequence,
                    sequence_fps=row.sequence_fps,
                )
            )
        except ShowError as error:
            raise ShowError(f"{at}: {error}") from None
    return tuple(voices)


def _model_controls(info: ModelInfo) -> tuple[Control, ...]:
    return tuple(Control(**row) for row in info.extra.get("controls", ()))


def show_controls(table: ShowTable) -> tuple[Control, ...]:
    """What belongs to the show as a whole."""
    return (
        Control("/show/next", kind="event", about="the next show"),
        Control("/show/previous", kind="event", about="the show before"),
        Control("/show/select", kind="event", low=0, high=127, about="the show of that number in [next], from 1"),
        Control("/tempo/tap", kind="event", about="tap the beat"),
        Control("/tempo/half", kind="event", about="half the tempo"),
        Control("/tempo/double", kind="event", about="twice the tempo"),
        Control("/tempo/nudge", kind="event", low=-1, high=1, unit="beats", about="shift the beat by so much"),
        Control("/tempo/free_bpm", table.bpm, 20, 400, "bpm", about="tempo when nobody gives one"),
        Control("/show/screenshot", kind="event", about="keep this picture as PNG"),
        Control("/show/panic", kind="event", about="hands off: every control back to its rest, light on"),
    )


def _with_defaults(controls: Sequence[Control], table: ShowTable, where: Where) -> list[Control]:
    """[controls] and a few tables set where controls rest."""
    rests = {
        "/output/blend": float(table.generator.blend),
        "/output/fit": float(table.stage.fit == "cover"),
        "/output/layout": float(table.stage.layout == "layers"),
    }
    levels = {c.address: c for c in controls if c.kind == "level"}
    for address, value in table.controls.items():
        control = levels.get(address)
        at = where("controls", address)
        if control is None:
            raise ShowError(f'{at}: no control "{address}"{nearest(address, list(levels))}')
        if not control.low <= value <= control.high:
            raise ShowError(f"{at}: {address} = {value:g} is outside {control.low:g} .. {control.high:g}")
        rests[address] = value
    return [replace(c, default=rests[c.address]) if c.address in rests and c.kind == "level" else c for c in controls]


def _effects(path: Path, table: ShowTable, where: Where) -> tuple[EffectSpec, ...]:
    effects = []
    for i, row in enumerate(table.effect):
        at = where("effect", i)
        if not isinstance(row.get("shader"), str):
            raise ShowError(f'{at}: an effect needs shader = "name.fs"')
        try:
            inputs = {
                key: tuple(float(v) for v in value) if isinstance(value, list) else float(value)
                for key, value in row.items()
                if key not in ("shader", "name")
            }
            found = find_shader(row["shader"], path.parent)
            spec = EffectSpec(row["shader"], found, inputs, str(row.get("name", found.stem)))
            effect_controls([spec])
        except EngineError as error:
            raise ShowError(f"{at}: {error}") from None
        except (TypeError, ValueError):
            raise ShowError(f"{at}: an effect's inputs are numbers, true/false or lists of numbers") from None
        effects.append(spec)
    return tuple(effects)


def _sources(path: Path, table: ShowTable, options: Options, where: Where) -> tuple[SourceSpec, ...]:
    rows: dict[str, dict[str, Any]] = {name: {} for name in ALWAYS}
    rows.update({name: dict(row) for name, row in table.sources.items()})
    _apply(options, rows)
    specs = []
    for name, row in rows.items():
        at = where("sources", name)
        if not row.pop("enabled", True):
            continue
        kind = str(row.get("kind") or name)
        if kind not in SOURCES:
            raise ShowError(
                f'{at}: no source of kind "{kind}"{nearest(kind, list(SOURCES))}; there are: {", ".join(SOURCES)}'
            )
        if isinstance(row.get("file"), str) and row["file"]:
            outside = kind == "audio" and options.audio is not None
            row["file"] = str(Path(row["file"]).resolve() if outside else _inside(path, row["file"], at))
        specs.append(SourceSpec(name, kind, _config(kind, row, where, name)))
    return tuple(specs)


def _apply(options: Options, rows: dict[str, dict[str, Any]]) -> None:
    """--osc and --audio over what the show says."""
    if options.osc is not None:
        host, _, port = options.osc.rpartition(":")
        rows["osc"] = {**rows.get("osc", {}), "host": host or "127.0.0.1", "port": int(port)}
    if options.audio is not None:
        from mappings.audio.decode import SUFFIXES

        is_file = Path(options.audio).is_file()
        if not is_file and Path(options.audio).suffix.lower() in SUFFIXES:
            raise ShowError(f"--audio {options.audio}: no such file")
        row = {k: v for k, v in rows.get("audio", {}).items() if k not in ("file", "device")}
        rows["audio"] = {**row, ("file" if is_file else "device"): options.audio}


def _config(kind: str, row: Mapping[str, Any], where: Where, name: str) -> Any:
    config_class = source_class(kind).Config  # type: ignore[attr-defined]
    try:
        return config_class.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        place = tuple(first["loc"])
        at = where("sources", name, *place)
        if first["type"] == "extra_forbidden":
            keys = [f.alias or n for n, f in config_class.model_fields.items()]
            raise ShowError(
                f'{at}: [sources.{name}] has no key "{place[-1]}"{nearest(str(place[-1]), keys)}; '
                f"allowed: {', '.join(keys)}"
            ) from None
        raise ShowError(f"{at}: {'.'.join(map(str, place))}: {first['msg']} (given: {first.get('input')!r})") from None


def _known(sources: Sequence[SourceSpec], layout: Layout) -> tuple[str, ...]:
    """Every address a route may listen to."""
    names = ["/tempo/*", "/key/*", *(c.address for c in layout.controls)]
    for spec in sources:
        names.extend(source_class(spec.kind)(spec.name, spec.config).addresses())
    return tuple(names)


def same_generator(a: Show, b: Show) -> bool:
    """True when one prepared generator can play both shows."""
    return (a.model, a.info.hash, a.drawn_size, len(a.voices)) == (b.model, b.info.hash, b.drawn_size, len(b.voices))


def check_routes(show: Show) -> Plan:
    """The show's routes as a plan on an empty bus; ShowError names the first that does not hold."""
    from mappings.bus import Bus

    try:
        return Plan(show.routes, show.layout.controls, Bus(), known=show.known)
    except MappingError as error:
        raise ShowError(str(error)) from None
