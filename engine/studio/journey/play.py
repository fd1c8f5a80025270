"""Play a pair in a window at once: in a show made for it, or in a show of one's own that follows it."""

import json
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.errors import EngineError, InputError
from engine.generator.catalog import find_model
from engine.latent.trajectory import End
from engine.paths import cache_dir, part_beside
from engine.preset import Options, find_show, load_show
from engine.show.play import Play
from engine.show.play import play as run
from engine.studio.journey.moved import check_model
from engine.studio.journey.pair import Pair, open_pair

KEYS = {"right": "/journey/next", "left": "/journey/previous"}


def play(path: Path, wanted: Play, model: str | None = None, end: End = "again") -> dict[str, Any]:
    """Run until it is over; the run's report. InputError for what is no pair, or does not say what it is drawn from.

    wanted : its show, where it names one, keeps its routes, effects and springs; its first voice follows the pair
    model : draws the pair; None is the one that its `.json` names
    end : what follows the last frame, in the show that is made for it
    """
    pair = open_pair(path)
    options = replace(wanted.options, sequence=str(pair.path.resolve()))
    own = model is None and wanted.show is not None and draws(wanted.show, pair, options)
    if not (own or model) and pair.facts.model:
        check_model(pair.facts, pair.path)
    if wanted.show is not None:
        return run(replace(wanted, options=replace(options, model=None if own else model or pair.facts.model or None)))
    model = model or pair.facts.model
    if not model:
        raise InputError(f"{pair.path}: no .json beside it names a model; give --model M")
    show = _folder(pair) / "show.toml"
    text = show_text(pair, model, end)
    if not show.is_file() or show.read_text("utf-8") != text:
        with part_beside(show) as part:
            part.write_text(text, "utf-8")
    return run(replace(wanted, show=str(show), options=options))


def draws(show: str, pair: Pair, options: Options) -> bool:
    """Whether a show's own model is that of the pair: then it keeps its classes, its second model or its snapshots."""
    try:
        found = load_show(find_show(show), options)
    except EngineError:
        return False
    return bool(pair.facts.model_hash) and found.info.hash.partition("+")[0] == pair.facts.model_hash


def show_text(pair: Pair, model: str, end: End) -> str:
    """The show.toml of a pair: its model, its snapshots where it shows several, arrow keys for its marks."""
    facts = pair.facts
    lines = [f"title = {_quoted(pair.path.stem)}", "", "[generator]", f"model = {_quoted(_place(model, pair))}"]
    lines.append(f"psi = {min(max(facts.psi, 0.0), 1.5)!r}")
    if len(facts.snapshots) > 1:
        lines.append(f"snapshots = [{', '.join(_quoted(_place(name, pair)) for name in facts.snapshots)}]")
    lines += ["", "[motion]", "frequency_hz = 1.0", f'geometry = "{"sphere" if pair.space == "z" else "flat"}"']
    lines += ["", "[[voice]]", f'sequence_end = "{end}"']
    for key, address in KEYS.items():
        lines += ["", "[[route]]", f'from = "/key/{key}"', f'to = "{address}"']
    return "\n".join(lines) + "\n"


def _place(model: str, pair: Pair) -> str:
    """A built-in name as it is; a file's whole path, looked for beside the pair first."""
    found = find_model(model, pair.path.parent)
    return model if found is None else str(found)


def _folder(pair: Pair) -> Path:
    """Where its show lies: always the same place, so that a run can go on from the last."""
    folder = cache_dir("journeys") / f"{zlib.crc32(str(pair.path.resolve()).encode()):08x}" / pair.path.stem
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
