"""Look at a bank: its strips as a picture, its directions as pages."""

from pathlib import Path

from engine.errors import EngineError, InputError
from engine.generator.catalog import file_of, model_info
from engine.latent.directions import Directions, Match
from engine.studio.learn.bank import check_file
from engine.studio.learn.work import Tell, quiet


def look(
    bank: Path, *, strips: Path | None = None, pages: Path | None = None, model: str | None = None,
    match: Match = "model", seed: int = 0, threads: int = 2, tell: Tell = quiet,
) -> None:  # fmt: skip
    """Draw what a bank does: `strips` a PNG, `pages` a folder.

    model : a name or a file; none: the built-in model that the bank says it is of
    InputError for a bank that names no built-in model; ModelError for one that does not fit the model.
    """
    directions = Directions.load(bank)
    model = model or _model_of(bank, directions)
    directions.check(model_info(model), match)
    if strips is not None:
        _check_strips(strips)
    from engine.studio.learn.page import pages as write_pages
    from engine.studio.learn.strips import save_strips
    from engine.studio.learn.subject import Subject

    subject = Subject(model, threads=threads)
    if strips is not None:
        save_strips(strips, subject, list(directions), tell=tell)
    if pages is not None:
        write_pages(pages, subject, directions, title=bank.stem, seed=seed, tell=tell)


def _check_strips(path: Path) -> None:
    if path.suffix.lower() != ".png":
        raise InputError(f"--strips {path}: a picture of strips is a .png; name one")
    check_file(path)


def _model_of(bank: Path, directions: Directions) -> str:
    """The built-in model that it was learned on."""
    named = next((d.model for d in directions if d.model), "")
    try:
        found = bool(named) and file_of(named) is not None
    except EngineError:
        found = False
    if not found:
        said = f"its model is {named}, which is not built in" if named else "it does not say of which model it is"
        raise InputError(f"{bank}: {said}; give --model M")
    return named
