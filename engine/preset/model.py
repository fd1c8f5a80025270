"""Which model a show plays and how it is opened; what of a show another model does not have."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.complaints import Where
from engine.errors import EngineError, ModelError, ShowError
from engine.generator.base import ModelInfo
from engine.generator.catalog import How, model_directions, model_info, pending
from engine.latent.directions import Directions
from engine.preset.find import inside
from engine.preset.opened import at_fault, own_how, place, snapshots
from engine.preset.show import Options, fixed
from engine.tables import GeneratorTable, ShowTable

OURS = ("/direction/", "/accent/", "/generator/", "/motion/", "/latent/", "/voice/")  # what a model decides about
FEW = 8  # names in a line for people


@dataclass(frozen=True, slots=True)
class Banks:
    """The model's directions with those of the show's banks.

    aside : banks that do not fit the model; strangers : directions learned on another model of its architecture
    """

    directions: Directions
    aside: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """The model of a show, found."""

    name: str  # a built-in name, or the file's whole path
    how: How
    info: ModelInfo
    directions: Directions


def choose(path: Path, table: GeneratorTable, options: Options, where: Where) -> Chosen:
    """The model that the command line names, else the show's own. ShowError says where it is asked for."""
    how = How(
        fit=table.fit,
        backend=options.backend or table.backend,
        cutoff=table.cutoff if options.model is None else None,
        upstream_exact=options.upstream_exact,
    )
    whole = how
    try:
        name = place(options.model or table.model, path.parent, ours=options.model is None)
        if options.model is None:
            own = own_how(table, path.parent)
            whole = replace(how, second=own.second, snapshots=own.snapshots, classes=own.classes)
        info = model_info(name, None, whole)
        directions = adopted(model_directions(name), info)  # a pair goes by another hash than its first model
    except EngineError as error:
        if options.model is not None:
            raise ShowError(f"--model {options.model}: {error}") from None
        key, why = at_fault(table, path.parent, replace(how, classes=table.classes))
        raise ShowError(f"{where('generator', *key)}: {why or error}") from None
    if options.model is None and isinstance(table.size, tuple) and fixed(info) and _other(table.size, info):
        raise ShowError(
            f"{where('generator', 'size')}: {info.name} draws {info.width}x{info.height} and no other size; "
            "leave size out: the stage fits the picture"
        )
    return Chosen(name, whole, info, directions)


def to_convert(path: Path, table: ShowTable, options: Options) -> list[Path]:
    """The foreign checkpoints that must be converted before this show can be read; quick."""
    generator = table.generator
    names = [options.model or generator.model, generator.second if options.model is None else ""]
    try:
        names += snapshots(generator, path.parent) if options.model is None else ()
        return pending([place(name, path.parent, ours=options.model is None) for name in names if name])
    except EngineError:
        return []  # reading the show says it better


def own_model(path: Path, table: GeneratorTable) -> tuple[ModelInfo, Directions] | None:
    """The show's own model with its directions and banks, where it can be read."""
    try:
        directions = model_directions(table.model, path.parent)
        for name in table.banks:
            directions = directions.merged(Directions.load(inside(path, name, "")))
        return model_info(table.model, path.parent, own_how(table, path.parent)), directions
    except EngineError:
        return None


def _other(size: tuple[int, int], info: ModelInfo) -> bool:
    return size != (info.width, info.height)


def banks(path: Path, table: GeneratorTable, chosen: Chosen, where: Where, vanish: bool) -> Banks:
    """Read and check the show's banks; where two have a name, the later one's direction is played.

    vanish : a bank that does not fit the model is set aside, else it is a ShowError
    """
    directions = chosen.directions
    aside: list[str] = []
    strangers: list[str] = []
    at = where("generator", "banks")
    for name in table.banks:
        bank = Directions.load(inside(path, name, at))
        try:
            bank.check(chosen.info, table.match_banks)
        except ModelError as error:
            if not vanish:
                hint = ' (match_banks = "architecture")' if bank.strangers(chosen.info) else ""
                raise ShowError(f"{at}: {name}: {error}{hint if table.match_banks == 'model' else ''}") from None
            aside.append(name)
            continue
        strangers += bank.strangers(chosen.info)
        directions = directions.merged(adopted(bank, chosen.info))
    return Banks(directions, tuple(aside), tuple(dict.fromkeys(strangers)))


def adopted(bank: Directions, info: ModelInfo) -> Directions:
    """A bank that was let in, as this model's own from here on."""
    return Directions(tuple(replace(d, model_hash=info.hash) if d.model_hash else d for d in bank))


def strange(strangers: Sequence[str], model: str) -> str:
    """A warning for people: these directions were learned on another model."""
    more = f" and {len(strangers) - FEW} more" if len(strangers) > FEW else ""
    return f"learned on another model than {model}, may do something else: {', '.join(strangers[:FEW])}{more}"


def said(show: str, model: str, addresses: Sequence[str], aside: Collection[str], banks: Banks) -> list[str]:
    """What is set aside and what is strange, in a line for people each.

    addresses : where routes and [controls] go to; aside : those of them that the model does not have
    """
    gone = [address for address in addresses if address in aside]
    lines = []
    if gone:
        names = list(dict.fromkeys(_short(address) for address in gone))
        more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
        routes = "1 route to what" if len(gone) == 1 else f"{len(gone)} routes to what"
        verb = "is" if len(gone) == 1 else "are"
        lines.append(f"{show}: {routes} {model} does not have {verb} set aside: {', '.join(names[:FEW])}{more}")
    if banks.aside:
        lines.append(f"{show}: banks learned on another model than {model} are set aside: {', '.join(banks.aside)}")
    if banks.strangers:
        lines.append(f"{show}: {strange(banks.strangers, model)}")
    return lines


def _short(address: str) -> str:
    return address.rpartition("/")[2] if "/direction/" in address or "/accent/" in address else address
