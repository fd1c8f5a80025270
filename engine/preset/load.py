"""A show.toml becomes a show, or an error that says where and why not."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from engine.complaints import Where, explain
from engine.controls import Control, Layout
from engine.errors import ShowError
from engine.generator.base import ModelInfo
from engine.latent.board import controls as motion_controls
from engine.latent.compasses import compass_controls
from engine.latent.directions import Directions
from engine.latent.places import Places
from engine.latent.spec import VoiceSpec
from engine.preset.compass import addresses, compasses, told
from engine.preset.demonstrate import demonstrate_controls, demonstration_spec, read_poses
from engine.preset.find import inside, parse, read_text
from engine.preset.model import OURS, banks, choose, own_model, said, to_convert
from engine.preset.parts import at_rest, effect_specs, show_controls, voice_specs
from engine.preset.sequences import Sequences, check_rows
from engine.preset.show import Options, Show, SourceSpec
from engine.preset.sources import source_specs
from engine.shared import LEVELS
from engine.show.snapshots import snapshot_controls
from engine.stage.effects import effect_controls, effect_hears, output_controls
from engine.tables import MotionTable, ShowTable
from mappings.errors import MappingError
from mappings.routes import Plan, Route
from mappings.sources import source_class


def load_show(path: Path, options: Options | None = None, text: str | None = None) -> Show:
    """Read and check a show. ShowError says what is wrong with it and where.

    text : plays this instead of the file's own text (what a process was told to play, whatever is being edited).
    A foreign checkpoint that it plays is converted first where that has not been done; ask `unconverted` before.
    """
    options = options or Options()
    own, table, where = _table(path, text)
    try:
        show = _build(path, own, table, options, where)
    except MappingError as error:
        raise ShowError(str(error)) from None
    if text is None:  # whoever told a process to play it has looked: no show waits while an hour of rows is read
        check_rows(show.voices, where)
    return show


def unconverted(path: Path, options: Options | None = None, text: str | None = None) -> list[Path]:
    """The foreign checkpoints that `load_show` would have to convert first. ShowError where there is no table."""
    _, table, _ = _table(path, text)
    return to_convert(path, table, options or Options())


def _table(path: Path, text: str | None) -> tuple[str, ShowTable, Where]:
    if text is None:
        text = read_text(path)
    where = Where(path, text)
    try:
        return text, ShowTable.model_validate(parse(text, path)), where
    except ValidationError as error:
        raise ShowError(explain(error, where)) from None


def _build(path: Path, text: str, table: ShowTable, options: Options, where: Where) -> Show:
    chosen = choose(path, table.generator, options, where)
    info, another = chosen.info, options.model is not None
    found = banks(path, table.generator, chosen, where, another)
    sorted_ = compasses(path, table, info, found.directions, chosen.directions, where, another)
    directions = sorted_.directions
    places = Places()
    for name in table.generator.places:
        places = places.merged(Places.load(inside(path, name, where("generator", "places"))))
    seed = table.generator.seed if options.seed is None else options.seed
    theirs = own_model(path, table.generator) if another else None
    table = _for_bands(table, info, theirs) if another else table
    sequences = Sequences(path, info, another or table.generator.match_banks == "architecture")
    voices = voice_specs(table, info, places, sequences, seed, where, options.sequence)
    effects = effect_specs(path, table, where)
    played = _model_controls(voices, info, directions, places, table)
    vanished = _vanished(table, voices, places, played, theirs) if another else frozenset()
    vanished |= {address for name in sorted_.aside for address in addresses(name, len(voices))}
    marks = _other_marks(table, played) if options.sequence is not None else frozenset()
    aside, vanished = vanished, vanished | marks
    others = [
        *compass_controls([spec.name for spec in sorted_.specs], len(voices)),
        *effect_controls(effects),
        *output_controls(),
        *snapshot_controls(),
        *show_controls(table),
        *demonstrate_controls(table),
    ]
    layout = Layout(at_rest([*played, *others], table, where, vanished))
    if len(layout.levels) > LEVELS:
        raise ShowError(
            f"{where('voice')}: {len(layout.levels)} level controls; at most {LEVELS} fit: "
            "use fewer voices, effects or directions"
        )
    sources = source_specs(path, table, options, where)
    if table.script is not None:
        inside(path, table.script, where("script"))
    kept = [i for i, row in enumerate(table.route) if not {row.to, row.source} & vanished]
    asked = [*(row.to if row.to in vanished else row.source for row in table.route), *table.controls]
    asked += _demonstrated(table)
    known = _known(sources, layout)
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
        routes=tuple(_route(table, i, where) for i in kept),
        effects=effects,
        layout=layout,
        known=known,
        demonstrate=demonstration_spec(table, layout, known, vanished, path, where),
        model=chosen.name,
        how=chosen.how,
        compasses=sorted_.specs,
        told=(
            *said(path.parent.name, info.name, asked, aside, found),
            *told(path.parent.name, info.name, sorted_.aside),
            *sequences.told(path.parent.name, [address for address in asked if address in marks]),
        ),
        seed=seed,
        size=options.size or table.stage.size or (info.width, info.height),
        draws_sound=any(effect_hears(effect) for effect in effects),
        fps=options.fps or table.stage.fps,
        hash=hashlib.sha256(text.encode()).hexdigest(),
    )


def _route(table: ShowTable, i: int, where: Where) -> Route:
    row = table.route[i]
    return Route(
        source=row.source,
        to=row.to,
        shape=(row.shape,) if isinstance(row.shape, str) else row.shape,
        range=row.range,
        mix=row.mix,
        wait=row.wait,
        where=where("route", i),
    )


def _model_controls(
    voices: Sequence[VoiceSpec], info: ModelInfo, directions: Directions, places: Places, table: ShowTable
) -> list[Control]:
    """What can be played on the latent and on the model itself."""
    rows = (Control(**row) for row in info.extra.get("controls", ()))
    safe = {d.name: d.safe for d in directions if d.safe is not None}
    return [*motion_controls(voices, info, directions.names, places.names, table.generator.psi, safe), *rows]


_Model = tuple[ModelInfo, Directions] | None  # the show's own, where it can be read


def _for_bands(table: ShowTable, info: ModelInfo, theirs: _Model) -> ShowTable:
    """The show without springs for those bands of its own model that this one does not have."""
    gone = ({band.name for band in theirs[0].bands} if theirs else set()) - {band.name for band in info.bands}

    def kept(motion: MotionTable) -> MotionTable:
        return motion.model_copy(update={"bands": {n: b for n, b in motion.bands.items() if n not in gone}})

    voice = tuple(row.model_copy(update={"motion": row.motion and kept(row.motion)}) for row in table.voice)
    return table.model_copy(update={"motion": kept(table.motion), "voice": voice})


def _vanished(
    table: ShowTable, voices: Sequence[VoiceSpec], places: Places, controls: Sequence[Control], theirs: _Model
) -> frozenset[str]:
    """Addresses that the show's own model has and this one has not: what the show may ask for without being wrong.

    Where its own model cannot be read, every address that a model decides about is taken for one of those.
    """
    asked = {*table.controls, *(row.to for row in table.route), *(row.source for row in table.route)}
    asked |= {*_demonstrated(table)}
    asked -= {control.address for control in controls}
    if theirs is None:
        return frozenset(address for address in asked if address.startswith(OURS))
    plain = [replace(voice, motion=replace(voice.motion, bands={})) for voice in voices]
    patterns = {address for address in asked if "*" in address and address.startswith(OURS)}
    return frozenset(patterns | asked & {c.address for c in _model_controls(plain, *theirs, places, table)})


def _other_marks(table: ShowTable, controls: Sequence[Control]) -> frozenset[str]:
    """Marks of the show's own sequence that another one in its place does not have."""
    asked = {*table.controls, *(row.to for row in table.route), *(row.source for row in table.route)}
    return frozenset(a for a in asked if "/journey/mark/" in a) - {control.address for control in controls}


def _demonstrated(table: ShowTable) -> tuple[str, ...]:
    return table.demonstrate.controls if table.demonstrate is not None else ()


def _known(sources: Sequence[SourceSpec], layout: Layout) -> tuple[str, ...]:
    """Every address a route may listen to."""
    names = ["/tempo/*", "/key/*", *(c.address for c in layout.controls)]
    for spec in sources:
        names.extend(source_class(spec.kind)(spec.name, spec.config).addresses())
    return tuple(names)


def check_routes(show: Show) -> Plan:
    """The show's routes as a plan on an empty bus; ShowError names the first that does not hold, or a bad pose."""
    from mappings.bus import Bus

    try:
        read_poses(show)
        return Plan(show.routes, show.layout.controls, Bus(), known=show.known)
    except MappingError as error:
        raise ShowError(str(error)) from None
