"""The same frames through several models side by side, to pick one by eye."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.errors import InputError
from engine.paths import check_output
from engine.stage.outputs.picture import latent_text, save_png
from engine.studio.farm import Workers
from engine.studio.journey.drawing import Look, info_of, whole_name
from engine.studio.journey.film import ALONE, Style, check_others, film
from engine.studio.journey.pair import Pair, write_facts
from engine.studio.journey.panel import Panel
from engine.studio.journey.sample import checked_models
from engine.studio.journey.snapshots import names_of
from engine.studio.learn.work import Stop, Tell, never, quiet


def grid(
    pair: Pair, look: Look, models: Sequence[str], out: Path, *, frame: int = 0, columns: int = 0,
    sound: Path | None = None, workers: Workers = ALONE, tell: Tell = quiet, stop: Stop = never,
) -> Path:  # fmt: skip
    """Draw a pair through every model: one frame as .png, or all as a film; cells are numbered from 1 and named.

    look : its size is the whole grid's; columns : 0 is what fits a screen: 28 are 7 x 4
    """
    pair.check(checked_models(models)).check_finite()
    check_others(pair, out)
    models = tuple(whole_name(model) for model in models)
    if out.suffix.lower() != ".png":
        style = Style(sound=sound, snapshots=models, columns=columns)
        return film(pair, look, out, style, workers=workers, tell=tell, stop=stop)
    if not 0 <= frame < len(pair):
        raise InputError(f"--frame {frame}: {pair.path.name} has 0 to {len(pair) - 1}")
    check_output(out)
    panel = Panel([replace(look, model=model) for model in models], names_of(models), columns, look.size)
    try:
        row = np.array(pair.rows[frame : frame + 1])
        classes = None if pair.classes is None else np.array(pair.classes[frame : frame + 1])
        picture = next(panel.each(row, classes))
    finally:
        panel.close()
    notes = {"latenz.latent": latent_text(row[0]), "latenz.space": pair.space, "latenz.psi": f"{look.psi:g}"}
    save_png(out, picture, notes | {"latenz.models": "\n".join(names_of(models))})
    return out


def pick(pair: Pair, models: Sequence[str], number: int) -> Pair:
    """The pair drawn by the model of that cell, counted from 1, from now on; its `.json` says so."""
    if not 1 <= number <= len(models):
        raise InputError(f"--pick {number}: there are 1 to {len(models)}")
    model = whole_name(models[number - 1])
    info = info_of(model)
    pair.check(info)
    facts = replace(pair.facts, model=model, model_hash=info.hash, snapshots=())
    write_facts(pair.path, facts)
    return replace(pair, facts=facts)
