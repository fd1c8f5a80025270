"""Finds the latents of each file that an edit shows: by what Kdenlive knows it by, else by its name."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from engine.errors import InputError
from engine.generator.digests import digest
from engine.latent.sequence_file import classes_beside, read_facts
from engine.studio.journey.folders import Folders, base_name
from engine.studio.journey.pair import kdenlive_digest
from engine.studio.journey.rates import frames_at
from engine.studio.journey.source import Source, agreed, open_source, open_still
from engine.studio.journey.timeline import Media, Timeline

_SLACK = 1  # frames that editors miscount a file by


def find(timeline: Timeline, used: Iterable[int], roots: Sequence[Path], by_name: bool = False) -> dict[int, Source]:
    """The sources of media, by their numbers. InputError that names every one that is not found, or not certain.

    used : numbers of the media that are seen; roots : folders to search, with all below
    by_name : a file of the name is taken even where it is not the one that the project was made with
    """
    search, found, wrong = _Search(timeline, Folders(roots), by_name), dict[int, Source](), list[str]()
    for number in sorted(used):
        try:
            found[number] = search.source(timeline.media[number])
        except InputError as error:
            wrong.append(str(error))
    if wrong:
        raise InputError("\n".join(wrong))
    return dict(zip(found, agreed(list(found.values())), strict=True))


class _Search:
    def __init__(self, timeline: Timeline, folders: Folders, by_name: bool) -> None:
        self._fps, self._folders, self._by_name = timeline.fps, folders, by_name
        self._digests: dict[tuple[Path, str], frozenset[str]] = {}

    def source(self, media: Media) -> Source:
        base = base_name(media.name)
        stills = self._folders.named(base) if base.lower().endswith(".png") else []
        if stills:
            path, told = self._chosen(media, base, stills, [])
            source = open_still(path, media.name, self._fps)
        else:
            same = self._folders.named(f"{Path(base).stem}.npy")
            path, told = self._chosen(media, base, same, self._folders.ending(".npy"))
            source = open_source(path, media.name, self._fps, self._folders)
            told += _length(media, base, source, self._fps)
        return Source(source.name, source.pair, source.rate, source.still, (*told, *source.told))

    def _chosen(self, media: Media, base: str, same: list[Path], every: list[Path]) -> tuple[Path, tuple[str, ...]]:
        """The file of a media out of those of its name, or out of every one, and what is to be told."""
        if not media.digest:
            return self._only(base, same), ()
        if known := [path for path in same if self._is(path, media.digest, base)]:
            return self._only(base, known), ()
        if known := [path for path in every if self._is(path, media.digest)]:
            path = self._only(base, known)
            return path, (f"{base}: found under another name, {path.name}",)
        bare = [path for path in same if not self._beside(path, base)]
        if bare and any(self._is(video, media.digest) for video in self._folders.named(base)):
            path = self._only(base, bare)
            return path, (f"{base}: its latents lie in another folder, {path}",)
        path = self._only(base, same)
        if self._by_name:
            return path, (f"{base}: another file than the project was edited with, taken by its name",)
        if path in bare:
            raise InputError(
                f"{path}: neither its .json nor {base} lies beside it to say that it is the one that was edited; put "
                "them there, or take it as it is with --by-name"
            )
        raise InputError(
            f"{path}: not the {base} that the project was edited with (was the proxy drawn again?); open and save "
            "the project with the new one, or take it as it is with --by-name"
        )

    def _only(self, base: str, paths: list[Path]) -> Path:
        """The one file, or the first of those that are the same. InputError for none, or a choice."""
        if not paths:
            raise InputError(self._missing(base))
        if len(paths) > 1 and len({_content(path) for path in paths}) > 1:
            raise InputError(
                f"media {base}: {', '.join(map(str, paths[:5]))} differ; take away or rename all but the one that was "
                "edited"
            )
        return paths[0]

    def _missing(self, base: str) -> str:
        if videos := self._folders.named(base):
            return (
                f"{videos[0]}: no {Path(base).stem}.npy beside it, so there are no latents to edit; make both together "
                f"(latenz journey sample -o {Path(base).stem}), or give the folder of the .npy with --media"
            )
        return f"media {base}: not in {self._folders}; give the folder that holds it with --media DIR"

    def _is(self, path: Path, wanted: str, base: str = "") -> bool:
        """Whether a still, a video, or the proxy of a `.npy`, is the one that a project knows."""
        return wanted in self._beside(path, base)

    def _beside(self, path: Path, base: str) -> frozenset[str]:
        """What Kdenlive may know a file by, each looked at once; empty where nothing beside a `.npy` says it."""
        if (path, base) not in self._digests:
            self._digests[path, base] = frozenset(self._known(path, base))
        return self._digests[path, base]

    def _known(self, path: Path, base: str) -> Iterator[str]:
        try:
            if path.suffix != ".npy":
                yield kdenlive_digest(path)
                return
            facts = read_facts(self._folders.inside(path.with_suffix(".json")))
            if facts is not None and facts.digest:
                yield facts.digest
            for video in (path.with_suffix(".mp4"), *([path.with_name(base)] if base else [])):
                if video.is_file():
                    yield kdenlive_digest(self._folders.inside(video))
        except (InputError, OSError):
            return  # another file of the folder, which is not looked for


def _length(media: Media, base: str, source: Source, fps: Fraction) -> tuple[str, ...]:
    """What is to be told where the project has another length of a file that it knows by name alone."""
    pair = source.pair
    here = frames_at(len(pair), pair.facts.fps, fps)
    if media.digest or media.frames is None or abs(media.frames - here) <= _SLACK:
        return ()
    return (f"{base}: {media.frames} frames in the project, {here} in {pair.path.name}; is it the one you edited?",)


def _content(path: Path) -> str:
    """What tells two files of a name apart: all that a pair consists of."""
    parts = [path, classes_beside(path), path.with_suffix(".json")]
    found = [digest(part) for part in (parts if path.suffix == ".npy" else parts[:1]) if part.is_file()]
    return hashlib.sha256("".join(found).encode()).hexdigest()
