"""What compasses hand out while a show plays, written down."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from engine.errors import EngineError
from engine.latent.places import Places
from engine.paths import check_output, data_dir
from engine.preset import Show


def keep(show: Show, found: Mapping[str, Places]) -> None:
    """Write `<name>.compass.safetensors` for each compass, and say so on the terminal; what cannot be written is said.

    Into the show's own folder; of a show that is shipped, or lies where nothing can be written, into the folder that
    latenz was started in. Places are called more-1, more-2, ..., less-1, ...
    """
    for name, places in found.items():
        try:
            path = _folder(show) / f"{name}.compass.safetensors"
            if len(places):
                check_output(path)
                places.save(path)
                line = f"{name}: kept {len(places)} examples in {path}"
            else:
                line = f"{name}: no examples to keep"
        except (EngineError, OSError) as error:
            line = f"{name}: {error}"
        sys.stderr.write(f"latenz: {line}\n")
        sys.stderr.flush()


def _folder(show: Show) -> Path:
    shipped = show.folder.is_relative_to(data_dir("presets").resolve())
    return Path.cwd() if shipped or not os.access(show.folder, os.W_OK) else show.folder
