"""Say what is wrong with a show, or what it is."""

import ast
from pathlib import Path
from typing import Any

from engine.errors import ShowError
from engine.preset import Options, Show, check_routes, find_show, load_show
from engine.preset.demonstrate import pose_file, read_poses
from engine.studio.poses import describe_poses


def check(show: str, options: Options | None = None) -> dict[str, Any]:
    """Everything `play` would refuse, found without opening a device; ShowError says the first. Else a summary."""
    found = load_show(find_show(show), options)
    check_routes(found)
    if found.script is not None:
        _script(found.script)
    return describe(found)


def describe(show: Show) -> dict[str, Any]:
    """A show as plain data."""
    return {
        "kind": "show",
        "name": show.name,
        "title": show.table.title,
        "about": show.table.about,
        "file": str(show.path),
        "hash": show.hash,
        "model": show.model,
        "voices": len(show.voices),
        "seed": show.seed,
        "size": list(show.size),
        "fps": show.fps,
        "sources": {spec.name: spec.kind for spec in show.sources},
        "routes": [{"from": route.source, "to": route.to, "shape": list(route.shape)} for route in show.routes],
        "effects": [effect.shader for effect in show.effects],
        **({"demonstrate": _demonstrate(show)} if show.demonstrate is not None else {}),
        "script": show.table.script,
        "directions": list(show.directions.names),
        "controls": len(show.layout.controls),
    }


def _demonstrate(show: Show) -> dict[str, Any]:
    """What was demonstrated, and the file it is in."""
    assert show.demonstrate is not None
    poses, spec = read_poses(show), show.demonstrate
    left_out = describe_poses(poses).get("left_out", {})
    return {
        "poses": len(poses), "file": str(pose_file(show) or ""), "method": spec.method,
        "signals": list(spec.signals), "controls": list(spec.controls), **({"left_out": left_out} if left_out else {}),
    }  # fmt: skip


def _script(path: Path) -> None:
    try:
        ast.parse(path.read_text("utf-8"), str(path))
    except SyntaxError as error:
        raise ShowError(f"{path}:{error.lineno}: {error.msg}") from None
    except (UnicodeDecodeError, ValueError) as error:
        raise ShowError(f"{path}: not a Python text: {error}") from None
