"""The parts of a show besides its sources: voices, effects, and where controls rest."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from engine.complaints import Where, nearest
from engine.controls import Control
from engine.errors import EngineError, ShowError
from engine.generator.base import ModelInfo
from engine.latent.places import Places
from engine.latent.spec import BandSpec, MotionSpec, VoiceSpec
from engine.preset.sequences import Sequences
from engine.stage.effects import EffectSpec, effect_controls, find_shader
from engine.tables import MotionTable, ShowTable, VoiceTable


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


def voice_specs(
    table: ShowTable, info: ModelInfo, places: Places, sequences: Sequences, seed: int, where: Where,
    sequence: str | None = None,
) -> tuple[VoiceSpec, ...]:  # fmt: skip
    """The voices with their springs; one where the show lists none.

    sequence : that the first voice follows, whatever the show says
    """
    common = _motion(table.motion, info, where("motion"))
    pool = None
    if table.generator.pool:
        pool = sequences.pool(table.generator.pool, common.geometry, where("generator", "pool"))
    voices = []
    for i, row in enumerate(table.voice or (VoiceTable(),)):
        at = where("voice", i)
        for name in (*row.loop, *([row.home] if row.home else ())):
            if name not in places.names:
                raise ShowError(
                    f'{at}: no place "{name}"{nearest(name, list(places.names))}; list its file in [generator] places'
                )
        motion = common if row.motion is None else _motion(row.motion, info, at)
        given = Path(sequence) if sequence is not None and i == 0 else None
        followed, fps, marks = sequences.journey(row, motion.geometry, at, given)
        try:
            voices.append(
                VoiceSpec(
                    name=row.name or str(i + 1),
                    seed=(seed + 1000 * i) % 2**32 if row.seed is None else row.seed,
                    motion=motion,
                    home=row.home,
                    loop=row.loop,
                    sequence=followed,
                    sequence_fps=fps,
                    sequence_end=row.sequence_end,
                    marks=marks,
                    pool=pool,
                )
            )
        except ShowError as error:
            raise ShowError(f"{at}: {error}") from None
    return tuple(voices)


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


def at_rest(
    controls: Sequence[Control], table: ShowTable, where: Where, vanished: Collection[str] = ()
) -> list[Control]:
    """[controls] and a few tables set where controls rest; rows of vanished controls are left out."""
    rests = {
        "/output/blend": float(table.generator.blend),
        "/output/fit": float(table.stage.fit == "cover"),
        "/output/layout": float(table.stage.layout == "layers"),
    }
    levels = {c.address: c for c in controls if c.kind == "level"}
    for address, value in table.controls.items():
        if address in vanished:
            continue
        control = levels.get(address)
        at = where("controls", address)
        if control is None:
            raise ShowError(f'{at}: no control "{address}"{nearest(address, list(levels))}')
        if not control.low <= value <= control.high:
            raise ShowError(f"{at}: {address} = {value:g} is outside {control.low:g} .. {control.high:g}")
        rests[address] = value
    return [replace(c, default=rests[c.address]) if c.address in rests and c.kind == "level" else c for c in controls]


def effect_specs(path: Path, table: ShowTable, where: Where) -> tuple[EffectSpec, ...]:
    """The effects in their order, each found and its inputs checked."""
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
