"""The sources of a show: from its tables and the command line to checked configurations."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from engine.complaints import Where, nearest
from engine.errors import ShowError
from engine.preset.find import inside
from engine.preset.show import Options, SourceSpec
from engine.tables import ShowTable
from mappings.sources import SOURCES, source_class

ALWAYS = ("osc", "midi")  # sources every show has unless it switches them off


def source_specs(path: Path, table: ShowTable, options: Options, where: Where) -> tuple[SourceSpec, ...]:
    """Every source of the show, its configuration checked by the source itself."""
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
            row["file"] = str(Path(row["file"]).resolve() if outside else inside(path, row["file"], at))
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
