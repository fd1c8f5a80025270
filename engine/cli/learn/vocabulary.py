"""`latenz learn vocabulary`: directions that people describe, and from their words a direction for each word."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.app import tidy
from engine.cli.learn import learn
from engine.cli.learn.options import (
    AddOption,
    ClassOption,
    DeviceOption,
    ModelNeeded,
    OutOption,
    SeedOption,
    SideOption,
    ThreadsOption,
    WithoutOption,
    telling,
    working,
)
from engine.cli.options import JsonOption
from engine.errors import InputError, printable

if TYPE_CHECKING:
    from engine.studio.learn.subject import Subject
    from engine.studio.learn.vocabulary.answers import Answers
    from engine.studio.learn.vocabulary.selective import Asked
    from engine.studio.learn.vocabulary.vocabulary import Vocabulary

DESCRIBED = 60  # random directions that the whole path adds to the layer-selective ones

BankOption = Annotated[
    Path | None, typer.Option("--bank", metavar="BANK", help="The directions that were described, or are to be.")
]
AmountOption = Annotated[float, typer.Option("--amount", min=0.1, max=10.0, help="Sigma from left to right.")]
SpaceOption = Annotated[str, typer.Option("--space", help="Where to look: z or w.")]

vocabulary = typer.Typer(
    name="vocabulary", rich_markup_mode=None, invoke_without_command=True, no_args_is_help=True,
    help="Directions that people describe, and from their words a direction for each word.\n\n"
    "Run it once: it finds directions and makes a folder with a page of strips to describe. Put the filled CSVs into "
    "that folder (or name them with --described) and run it again: it makes the bank of words. The steps can be run "
    "one by one too: directions, sheet, describe; then this command with --bank and --described.",
    epilog="Example: latenz learn vocabulary --model tulip -o words.safetensors",
)  # fmt: skip
learn.add_typer(vocabulary)


@vocabulary.callback()
def whole(
    context: typer.Context,
    model: Annotated[str | None, typer.Option("--model", metavar="M", help="A built-in name, or a file.")] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="BANK", help="The bank of words; a .png beside it shows them.")
    ] = None,
    bank: BankOption = None,
    described: Annotated[
        list[Path] | None, typer.Option("--described", metavar="CSV", help="A filled sheet; may be repeated.")
    ] = None,
    wordbook: Annotated[
        Path | None, typer.Option("--wordbook", metavar="TOML", help="Synonyms to merge, words to drop or to keep.")
    ] = None,
    language: Annotated[str, typer.Option("--language", metavar="LANG", help="Of the descriptions: en, de.")] = "en",
    by_group: Annotated[bool, typer.Option("--by-group", help="A vocabulary for each group of people.")] = False,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Put before each word: NAME.red.")] = None,
    add: AddOption = False,
    without: WithoutOption = None,
    seed: SeedOption = 0,
    side: SideOption = 64,
    classes: ClassOption = None,
    threads: ThreadsOption = 2,
    device: DeviceOption = "cpu",
    as_json: JsonOption = False,
) -> None:
    if context.invoked_subcommand is not None:
        _nothing_before(context)
        return
    if model is None or out is None:
        raise InputError(f"{'--model' if model is None else '-o'} is missing: --model M -o BANK.safetensors")
    from engine.latent.directions import Directions
    from engine.studio.learn.bank import check_bank
    from engine.studio.learn.subject import Subject
    from engine.studio.learn.vocabulary import learn as room
    from engine.studio.learn.vocabulary.selective import Asked
    from engine.studio.learn.work import Stopped, Work

    subject = Subject(model, side, threads, device, classes or ())
    check_bank(out, add, subject.info)
    file = bank or out.with_name(f"{out.stem}_directions.safetensors")
    folder = out.with_name(f"{out.stem}_sheet")
    with tidy(), working() as (tell, stop):

        def told(what: str, done: int, of: int) -> None:
            if stop():
                raise Stopped("what is done")
            tell(what, done, of)

        if bank is None and not file.is_file():
            if described:
                raise InputError("--described needs --bank: the directions that were described")
            asked = Asked(seed=seed)
            work = Work(file, _request(subject, asked, classes), tell, stop)
            room.find_directions(subject, file, asked, DESCRIBED, work)
        directions = Directions.load(file)
        if not described and not room.is_drawn(folder):
            room.make_sheet(subject, directions, folder, seed=seed, tell=told)
            _say(f"describe the strips of {folder / 'index.html'}, put the CSV it saves beside it, run this again")
            return
        files = tuple(described or ()) or room.filled(folder)
        wanted = room.Wanted(files, wordbook, language, by_group, name or "", tuple(without or ()), add, seed)
        found, answers = room.learn_words(subject, directions, out, wanted, tell, stop)
    _report(found, answers, as_json)


@vocabulary.command(epilog="Example: latenz learn vocabulary directions --model tulip -o lsd.safetensors --rounds 3")
def directions(
    model: ModelNeeded,
    out: OutOption,
    layers: Annotated[
        list[str] | None, typer.Option("--layer", metavar="NAME", help="Leave this layer as it is; none: each in turn.")
    ] = None,
    per_layer: Annotated[int, typer.Option("--per-layer", min=1, max=512, help="Directions for each layer.")] = 3,
    rounds: Annotated[int, typer.Option("--rounds", min=1, max=1000, help="All again from other places.")] = 1,
    random: Annotated[int, typer.Option("--random", min=0, max=3000, help="Add so many random directions.")] = 0,
    step: Annotated[float, typer.Option("--step", min=0.01, max=20.0, help="Sigma that a direction goes.")] = 2.0,
    steps: Annotated[int, typer.Option("--steps", min=1, max=100_000, help="Of learning, for each direction.")] = 60,
    places: Annotated[int, typer.Option("--places", min=2, max=4096, help="Pictures that each looks at.")] = 16,
    space: SpaceOption = "z",
    seed: SeedOption = 0,
    side: SideOption = 32,
    classes: ClassOption = None,
    threads: ThreadsOption = 2,
    device: DeviceOption = "cpu",
) -> None:
    """Find directions that change the picture and leave a layer as it is, orthogonal to each other; resumable."""
    from engine.studio.learn.subject import Subject
    from engine.studio.learn.vocabulary.learn import find_directions
    from engine.studio.learn.vocabulary.selective import Asked
    from engine.studio.learn.work import Work

    if space not in ("z", "w"):
        raise InputError(f"--space {space}: give z or w")
    subject = Subject(model, side, threads, device, classes or ())
    asked = Asked(tuple(layers or ()), per_layer, rounds, space, step, steps, places, seed=seed)
    with tidy(), working() as (tell, stop):
        work = Work(out, _request(subject, asked, classes), tell, stop)
        bank = find_directions(subject, out, asked, random, work)
    _say(f"{len(bank)} directions; next: latenz learn vocabulary sheet --model {model} --bank {out} -o FOLDER")


@vocabulary.command(epilog="Example: latenz learn vocabulary sheet --model tulip --bank lsd.safetensors -o sheet")
def sheet(
    model: ModelNeeded,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FOLDER", help="A new folder.")],
    bank: Annotated[Path, typer.Option("--bank", metavar="BANK", help="Directions to describe.")],
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=100, help="Places that each is shown at.")] = 1,
    amount: AmountOption = 2.0,
    side: Annotated[int, typer.Option("--side", min=16, max=1024, help="Pixels of a picture.")] = 192,
    seed: SeedOption = 0,
    classes: ClassOption = None,
    threads: ThreadsOption = 2,
    device: DeviceOption = "cpu",
) -> None:
    """A folder with strips, a page to describe them on, and the same as a CSV."""
    from engine.latent.directions import Directions
    from engine.studio.learn.subject import Subject
    from engine.studio.learn.vocabulary.learn import make_sheet

    subject = Subject(model, side, threads, device, classes or ())
    with tidy(), telling() as tell:
        make_sheet(
            subject, Directions.load(bank), out, seeds=seeds, seed=seed, amount=amount, side=side, tell=tell
        )  # fmt: skip
    _say(f"open {out / 'index.html'}")


@vocabulary.command(
    epilog="Example: latenz learn vocabulary describe sheet --model tulip --bank lsd.safetensors --words words.txt "
    "-o sheet/clip.csv"
)
def describe(
    folder: Annotated[Path, typer.Argument(metavar="SHEET", help="A sheet's folder.")],
    model: ModelNeeded,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="CSV", help="The filled sheet.")],
    bank: Annotated[Path, typer.Option("--bank", metavar="BANK", help="The directions of the sheet.")],
    words: Annotated[Path, typer.Option("--words", metavar="FILE", help="What it may say, a word in each line.")],
    clip_model: Annotated[
        str | None, typer.Option("--clip-model", metavar="NAME:WEIGHTS", help="Of open_clip.")
    ] = None,
    amount: AmountOption = 2.0,
    side: Annotated[int, typer.Option("--side", min=16, max=1024, help="Pixels of a picture.")] = 224,
    classes: ClassOption = None,
    threads: ThreadsOption = 2,
    device: DeviceOption = "cpu",
) -> None:
    """Fill a sheet in by CLIP instead of people. Needs the extra clip."""
    from engine.latent.directions import Directions
    from engine.studio.learn.subject import Subject
    from engine.studio.learn.vocabulary.clip_words import clip_score
    from engine.studio.learn.vocabulary.describe import read_words
    from engine.studio.learn.vocabulary.learn import describe_by

    subject = Subject(model, side, threads, device, classes or ())
    known = read_words(words)
    score = clip_score(known, clip_model, subject.device)
    with tidy(), telling() as tell:
        told = describe_by(
            subject, Directions.load(bank), folder, out, score, known, name="CLIP", amount=amount, side=side, tell=tell
        )
    _say(f"words for {told} strips; learn them with: latenz learn vocabulary --bank {bank} --described {out} ...")


def _nothing_before(context: typer.Context) -> None:
    """InputError for an option before the name of a step, which would not reach it."""
    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        if source is not None and source.name == "COMMANDLINE":
            step = context.invoked_subcommand
            raise InputError(f"{option.opts[0]} stands before {step}, which takes its own: give it after {step}")


def _request(subject: "Subject", asked: "Asked", classes: list[int] | None) -> dict[str, Any]:
    """What work must have been asked for to be gone on with."""
    return {"model": subject.info.hash, "side": subject.side, "classes": classes, "asked": asdict(asked)}


def _report(found: "list[Vocabulary]", answers: "Answers", as_json: bool) -> None:
    from engine.studio.learn.vocabulary.told import as_data, show
    from engine.studio.monitor import print_json

    if as_json:
        print_json(as_data(found, answers))
    else:
        show(found, answers)


def _say(text: str) -> None:
    typer.echo(printable(text), err=True)
