"""The effects of a show and what can be played on them, known without OpenGL."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.controls import Control
from engine.errors import ShaderError
from engine.paths import data_dir
from engine.stage.isf import IMAGES, PARTS, Input, Isf, load_isf

LAYOUT_SIDE, LAYOUT_LAYERS = 0, 1
FIT_CONTAIN, FIT_COVER = 0, 1
_INTERNAL = ("present", "hold", "fade")  # drawn by the stage itself, first and last


@dataclass(frozen=True, slots=True)
class EffectSpec:
    """One `[[effect]]` of a show: a shader and the inputs the show sets."""

    shader: str  # as the show writes it
    path: Path
    inputs: Mapping[str, float | tuple[float, ...]] = field(default_factory=dict)
    name: str = ""


def find_shader(shader: str, folder: Path | None = None) -> Path:
    """The file of an effect: in the show's folder, else among the shipped ones. ShaderError with the nearest name."""
    for root in [folder, data_dir("shaders")]:
        if root is None or not shader:
            continue
        path = (root / shader).resolve()
        if path.is_relative_to(root.resolve()) and path.suffix == ".fs" and path.is_file():
            return path
    near = difflib.get_close_matches(shader, shipped_shaders(), 1, 0.5)
    hint = f'did you mean "{near[0]}"?' if near else f"shipped are {', '.join(shipped_shaders())}"
    where = f" in {folder} or" if folder else ""
    raise ShaderError(f'no effect "{shader}"{where} among the shipped effects; {hint}')


def shipped_shaders() -> list[str]:
    """The names of the effects that come with latenz."""
    return sorted(p.name for p in data_dir("shaders").glob("*.fs") if p.stem not in _INTERNAL)


def effect_controls(effects: Sequence[EffectSpec]) -> tuple[Control, ...]:
    """Everything playable on these effects, as `/effect/<n>/<input>`, n from 1.

    A point has `/x` and `/y`, a colour `/r /g /b /a`. Defaults are the show's, else the shader's.
    ShaderError when a shader cannot be read or the show sets an input that it does not have.
    """
    rows: list[Control] = []
    for number, spec in enumerate(effects, 1):
        isf = load_isf(spec.path)
        constants = effect_constants(spec, isf)
        rows += input_controls(f"/effect/{number}", isf, constants)
    return tuple(rows)


def effect_hears(spec: EffectSpec) -> bool:
    """Whether an effect looks at the spectrum or the wave."""
    return any(one.type in ("audio", "audioFFT") for one in load_isf(spec.path).inputs)


def effect_constants(spec: EffectSpec, isf: Isf) -> dict[str, tuple[float, ...]]:
    """Where each playable input rests: the show's value, else the shader's default."""
    where = f"effect {spec.name or spec.shader} ({spec.shader})"
    playable = {i.name: i for i in isf.inputs if i.type not in IMAGES}
    for name in spec.inputs:
        if name not in playable:
            near = difflib.get_close_matches(name, playable, 1, 0.5)
            hint = f'did you mean "{near[0]}"?' if near else f"it has {', '.join(playable) or 'none'}"
            raise ShaderError(f'{where}: no input "{name}"; {hint}')
    return {name: _constant(where, one, spec.inputs.get(name)) for name, one in playable.items()}


def _constant(where: str, one: Input, given: float | tuple[float, ...] | None) -> tuple[float, ...]:
    if given is None:
        return one.default
    parts = tuple(float(v) for v in given) if isinstance(given, tuple | list) else (float(given),)
    if len(parts) == 3 and one.type == "color":
        parts = (*parts, 1.0)
    if len(parts) != len(one.default):
        raise ShaderError(f'{where}: input "{one.name}" takes {len(one.default)} numbers, {len(parts)} are given')
    for part, low, high in zip(parts, one.low, one.high, strict=True):
        if not low <= part <= high:
            raise ShaderError(f'{where}: input "{one.name}" is {part:g}; allowed are {low:g} to {high:g}')
    return parts


def input_controls(prefix: str, isf: Isf, constants: Mapping[str, tuple[float, ...]]) -> list[Control]:
    """The controls of one effect under an address."""
    rows = []
    for one in isf.inputs:
        if one.type in IMAGES:
            continue
        if one.type == "event":
            rows.append(Control(f"{prefix}/{one.name}", kind="event", about=one.label))
            continue
        for i, part in enumerate(PARTS.get(one.type, ("",))):
            address = f"{prefix}/{one.name}/{part}" if part else f"{prefix}/{one.name}"
            label = f"{one.label} {part}".strip()
            rows.append(Control(address, constants[one.name][i], one.low[i], one.high[i], about=label))
    return rows


def output_controls() -> tuple[Control, ...]:
    """What can be played on the output itself."""
    isf = load_isf(data_dir("shaders") / "present.fs")
    ours = input_controls("/output", isf, {i.name: i.default for i in isf.inputs})
    return (
        *ours,
        Control("/output/sharp", about="when enlarging: 0 linear, 1 bicubic (wants a graphics card)"),
        Control("/output/freeze", about="holds the shown picture, effects and all"),
        Control("/output/blend", about="fades from picture to picture when the generator is slower than the screen"),
        Control("/output/layout", high=1.0, about="several voices: 0 side by side, 1 as layers of light"),
    )
