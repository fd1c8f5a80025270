"""Write a Timeline as an `.otio` that Kdenlive from 25.04, Resolve and others open."""

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote

from engine.errors import InputError
from engine.paths import part_beside
from engine.studio.journey.otio.layers import clipped
from engine.studio.journey.timeline import (
    MAX_BYTES,
    MAX_CLIPS,
    MAX_FRAMES,
    Clip,
    Media,
    Mix,
    Timeline,
    Track,
    clock,
    linear,
)

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")

READABLE = 10_000  # clips up to which lines are broken for people

Node = dict[str, Any]


def write(timeline: Timeline, path: Path) -> None:
    """Write an edit. It appears whole or not at all.

    InputError for what OpenTimelineIO has no words for: dissolves across tracks or with a curve of their own, and
    remapped time. Another edit than the one given is never written.
    """
    _check(timeline, path)
    few = sum(len(track.clips) for track in timeline.tracks) <= READABLE
    written = json.dumps(
        Writer(timeline).timeline(), indent=1 if few else None, ensure_ascii=False, allow_nan=False,
        separators=None if few else (",", ":"),
    )  # fmt: skip
    if len(data := (written + "\n").encode()) > MAX_BYTES:
        raise InputError(f"{path}: {len(data) >> 20} MB; a project has at most {MAX_BYTES >> 20} MB; write fewer clips")
    with part_beside(path) as part:
        part.write_bytes(data)


def _check(timeline: Timeline, path: Path) -> None:
    fps, remedy = timeline.fps, "write .kdenlive, or conform it first and go on with what comes out"
    for dissolve in timeline.dissolves:
        raise InputError(f"{path}: dissolve across tracks at {clock(dissolve.at, fps)}: .otio has none; {remedy}")
    if not 0 < fps <= 1000 or timeline.length > MAX_FRAMES or sum(len(t.clips) for t in timeline.tracks) > MAX_CLIPS:
        raise InputError(f"{path}: a timeline has at most {MAX_CLIPS} clips, {MAX_FRAMES} frames, 1000 a second")
    for track in timeline.tracks:
        for clip in track.clips:
            if clip.shown is not None:
                what = f"remapped time in {clip.name or 'a clip'} at {clock(clip.at, fps)}"
                raise InputError(f"{path}: {what}: .otio has none; {remedy}")
        for mix in track.mixes:
            if mix.out > mix.into or any(
                abs(a - b) > 1e-3 for a, b in zip(mix.shares, linear(len(mix.shares)), strict=True)
            ):
                where = clock(mix.at, fps)
                raise InputError(f"{path}: a dissolve with a curve at {where}: .otio has straight ones; {remedy}")


class Writer:
    """Makes the parts of one file."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline

    def timeline(self) -> Node:
        """All of it."""
        edit = self._timeline
        length = max([edit.length, *(clip.end for track in edit.tracks for clip in track.clips)])
        tracks = [self._track(track, n, length) for n, track in enumerate(edit.tracks or (Track(),), 1)]
        sound = [
            self._composition("Track.1", f"A{n}", kind="Audio", children=[self._sound(name, length)])
            for n, name in enumerate(edit.sound, 1)
        ]
        markers = [
            _node("Marker.2", name=mark.name, color="GREEN", comment="", marked_range=self._range(mark.frame, 0))
            for mark in edit.marks
        ]
        stack = self._composition("Stack.1", "tracks", children=tracks + sound, markers=markers)
        return _node("Timeline.1", name=edit.name, global_start_time=self._time(0), tracks=stack)

    def _track(self, track: Track, n: int, length: int) -> Node:
        """The clips with their cuts in the middle of the dissolves between them, and gaps."""
        children: list[Node] = []
        before, behind = {mix.into: mix for mix in track.mixes}, {mix.out: mix for mix in track.mixes}
        at = 0
        for number, clip in enumerate(track.clips):
            start = _middle(before[number]) if number in before else clip.at
            end = _middle(behind[number]) if number in behind else clip.end
            piece = clipped(clip, start, end)
            if start > at:
                children.append(self._gap(start - at))
            if number in before:
                children.append(self._dissolve(before[number]))
            if piece is None or start < at:
                raise InputError(f"{clip.where or clip.name}: over another clip of its track without a dissolve")
            children.append(self._clip(piece))
            at = end
        if n == 1 and length > at:
            children.append(self._gap(length - at))
        return self._composition("Track.1", track.name or f"V{n}", kind="Video", children=children)

    def _clip(self, clip: Clip) -> Node:
        low = clip.first if clip.speed >= 0 else clip.source(clip.end - 1)
        effects = []
        if clip.speed == 0:
            effects = [self._warp("FreezeFrame.1", clip.speed)]
        elif clip.speed != 1:
            effects = [self._warp("LinearTimeWarp.1", clip.speed)]
        media = self._timeline.media[clip.media] if clip.media is not None else None
        reference = self._reference(media) if media else _node(
            "GeneratorReference.1", name="", available_range=None, generator_kind="black", parameters={}
        )  # fmt: skip
        return self._item("Clip.2", clip.name, self._range(low, clip.length), effects, reference)

    def _sound(self, name: str, length: int) -> Node:
        return self._item("Clip.2", name, self._range(0, length), [], self._reference(Media(name)))

    def _item(self, kind: str, name: str, span: Node, effects: list[Node], reference: Node) -> Node:
        return _node(
            kind, name=name, source_range=span, effects=effects, markers=[], enabled=True,
            media_references={"DEFAULT_MEDIA": reference}, active_media_reference_key="DEFAULT_MEDIA",
        )  # fmt: skip

    def _reference(self, media: Media) -> Node:
        span = self._range(0, media.frames) if media.frames else None
        name = media.name.replace("\\", "/").rpartition("/")[2]
        return _node("ExternalReference.1", name=name, available_range=span, target_url=url_of(media.name))

    def _gap(self, length: int) -> Node:
        return _node("Gap.1", name="", source_range=self._range(0, length), effects=[], markers=[], enabled=True)

    def _dissolve(self, mix: Mix) -> Node:
        early = _middle(mix) - mix.at
        return _node(
            "Transition.1", name="Dissolve", transition_type="SMPTE_Dissolve",
            in_offset=self._time(early), out_offset=self._time(len(mix.shares) - early),
        )  # fmt: skip

    def _warp(self, kind: str, speed: Fraction) -> Node:
        return _node(kind, name="", effect_name=kind.partition(".")[0], enabled=True, time_scalar=float(speed))

    def _composition(self, schema: str, name: str, **more: Any) -> Node:
        plain: Node = {"name": name, "source_range": None, "effects": [], "markers": [], "enabled": True}
        return _node(schema, **plain | more)

    def _time(self, frames: Fraction | int) -> Node:
        return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(self._timeline.fps), "value": float(frames)}

    def _range(self, start: Fraction | int, length: int) -> Node:
        return {"OTIO_SCHEMA": "TimeRange.1", "duration": self._time(length), "start_time": self._time(start)}


def url_of(name: str) -> str:
    """A path as the URL that editors look for: a whole one as file://, another as it is, from the project's folder."""
    slashed = name.replace("\\", "/") if _DRIVE.match(name) else name
    if _DRIVE.match(name):
        return "file:///" + quote(slashed, safe="/:")
    return ("file://" if name.startswith("/") else "") + quote(slashed)


def _middle(mix: Mix) -> int:
    return mix.at + (len(mix.shares) + 1) // 2


def _node(schema: str, /, **fields: Any) -> Node:
    return {"OTIO_SCHEMA": schema, "metadata": {}, **fields}
