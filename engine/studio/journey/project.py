"""A project to start from: proxies one after another, cut where one sample ends and the next begins."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from engine.errors import InputError
from engine.stage.outputs.video import open_sound
from engine.studio.journey.pair import Pair, kdenlive_digest, open_pair
from engine.studio.journey.projects import WRITERS, write_project
from engine.studio.journey.rates import frames_at
from engine.studio.journey.timeline import MAX_CLIPS, Clip, Mark, Media, Mix, Timeline, Track, linear
from engine.studio.learn.work import Tell, quiet

BLOCK = 4096  # rows compared at a time
HELD = 2  # frames for each sample on average, from which on a sequence is held samples and no journey


@dataclass(frozen=True, slots=True)
class Layout:
    """What is asked for.

    fps, size : of the project; None is that of the first pair, of its proxy
    each : frames of every clip; None is where rows change, if samples are held
    dissolve : frames that neighbours are seen together; gap : frames between them
    audio : a sound from the beginning on
    """

    pairs: tuple[Path, ...]
    out: Path
    fps: Fraction | None = None
    size: tuple[int, int] | None = None
    each: int | None = None
    dissolve: int = 0
    gap: int = 0
    audio: Path | None = None


def project(layout: Layout, tell: Tell = quiet) -> Timeline:
    """Write the project, and say what is in it. InputError for what cannot be laid out so."""
    _check(layout)
    pairs = [open_pair(path, layout.fps) for path in layout.pairs]
    fps = layout.fps or pairs[0].facts.fps
    media, clips, mixes, marks = list[Media](), list[Clip](), list[Mix](), list[Mark]()
    for number, pair in enumerate(pairs):
        tell("laying out", number, len(pairs))
        video, rate = _proxy(pair), fps / pair.facts.fps
        digest = pair.facts.digest or kdenlive_digest(video)
        media.append(Media(_beside(video, layout.out), digest, frames_at(len(pair), pair.facts.fps, fps)))
        edges = [round(edge * rate) for edge in cuts(pair, layout.each)]
        for first, last in zip(edges, edges[1:], strict=False):
            if last == first:
                continue
            clip = Clip(number, _next(clips, layout), last - first, Fraction(first), name=pair.path.stem)
            if layout.dissolve and clips:
                mixes.append(_mix(layout, clips, clip))
            marks += [
                Mark(clip.at + round(mark.frame * rate) - first, mark.name)
                for mark in pair.facts.marks
                if first <= round(mark.frame * rate) < last
            ]
            clips.append(clip)
            if len(clips) > MAX_CLIPS:
                raise InputError(f"{layout.out}: more than {MAX_CLIPS} clips; give --each N with more frames for each")
    sound = () if layout.audio is None else (_beside(layout.audio, layout.out),)
    timeline = Timeline(
        fps, tuple(media), (Track(tuple(clips), tuple(mixes)),), marks=tuple(marks), name=layout.out.stem,
        size=layout.size or _size(_proxy(pairs[0])), length=clips[-1].end, sound=sound,
    )  # fmt: skip
    write_project(timeline, layout.out)
    return timeline


def cuts(pair: Pair, each: int | None = None) -> list[int]:
    """The frames at which clips begin, and the end behind them.

    Without `each`: where the row changes, if samples are held; a journey, in which every frame is another, is one clip.
    """
    if each is not None:
        return [*range(0, len(pair), each), len(pair)]
    changes = [0, *_changes(pair), len(pair)]
    return changes if len(pair) >= HELD * (len(changes) - 1) else [0, len(pair)]


def _changes(pair: Pair) -> Iterator[int]:
    """Frames whose row, or classes, are not those of the frame before."""
    for start in range(1, len(pair), BLOCK):
        span, former = slice(start, start + BLOCK), slice(start - 1, min(start + BLOCK, len(pair)) - 1)
        other = np.zeros(len(pair.rows[span]), np.bool_)
        for rows in (pair.rows, pair.classes):
            if rows is not None:
                other |= (rows[span] != rows[former]).reshape(len(other), -1).any(1)
        yield from (start + np.flatnonzero(other)).tolist()


def _next(clips: Sequence[Clip], layout: Layout) -> int:
    return clips[-1].end + layout.gap - layout.dissolve if clips else 0


def _mix(layout: Layout, clips: Sequence[Clip], clip: Clip) -> Mix:
    shortest = min(clips[-1].length, clip.length)
    if 2 * layout.dissolve > shortest:
        raise InputError(
            f"--dissolve {layout.dissolve}: a clip of {shortest} frames has no room for one at either end; "
            f"give at most {shortest // 2}, or hold samples longer"
        )
    return Mix(clip.at, linear(layout.dissolve), len(clips) - 1, len(clips))


def _proxy(pair: Pair) -> Path:
    if pair.proxy is None:
        name = pair.facts.proxy or pair.path.with_suffix(".mp4").name
        raise InputError(
            f"{pair.path}: no proxy video {name} beside it; an editor needs one: draw it with "
            f"`latenz journey render {pair.path.stem} -o {pair.path.stem}.mp4`"
        )
    return pair.proxy


def _beside(file: Path, project: Path) -> str:
    """A file as seen from the project's folder."""
    try:
        return Path(os.path.relpath(file.resolve(), project.resolve().parent)).as_posix()
    except ValueError:  # on another drive
        return file.resolve().as_posix()


def _size(video: Path) -> tuple[int, int]:
    """Width and height of a video. InputError for what is none."""
    import av

    try:
        with av.open(str(video)) as container:
            stream = container.streams.video[0]
            return stream.width, stream.height
    except (av.error.FFmpegError, IndexError, OSError) as error:
        raise InputError(f"{video}: no video that can be read ({error})") from None


def _check(layout: Layout) -> None:
    if layout.out.suffix.lower() not in WRITERS:
        raise InputError(f"{layout.out}: no project that can be written; give {', '.join(WRITERS)}")
    if not layout.pairs:
        raise InputError("give at least one pair")
    if layout.dissolve and layout.gap:
        raise InputError("--dissolve and --gap: clips lie over each other or apart; give one of them")
    for name, value, least in (("each", layout.each, 1), ("dissolve", layout.dissolve, 0), ("gap", layout.gap, 0)):
        if value is not None and value < least:
            raise InputError(f"--{name} {value}: give {least} or more")
    if layout.audio is not None and not layout.audio.is_file():
        raise InputError(f"{layout.audio}: no such file; give a sound")
    if layout.audio is not None:
        open_sound(layout.audio).close()
