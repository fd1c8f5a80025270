"""Videos put after one another without encoding again: the packets of all, their times moved on."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from engine.errors import InputError, RoomError
from engine.paths import part_beside
from engine.stage.outputs.video import Sound, open_video


def join(
    parts: Sequence[Path], out: Path, rate: Fraction, *, sound: Path | None = None,
    notes: Mapping[str, str] | None = None,
) -> int:  # fmt: skip
    """Write videos of one encoder's settings, each from a key frame on, as one; how many pictures it has.

    sound : cut to the length of the pictures
    RoomError where the parts do not fit together or the result does not hold every picture once.
    """
    import av

    counts = [count(part)[0] for part in parts]
    frames = sum(counts)
    with part_beside(out) as beside:
        file = open_video(beside, out.suffix, notes or {})
        try:
            heard: Sound | None = None
            stream: Any = None
            done = 0
            for part, length in zip(parts, counts, strict=True):
                with av.open(str(part), format="mp4") as source:
                    given: Any = source.streams.video[0]
                    if stream is None:
                        stream = file.add_stream_from_template(given)
                        stream.time_base = 1 / rate
                        head = bytes(given.codec_context.extradata or b"")
                        heard = Sound(file, sound, float(frames / rate)) if sound is not None else None
                    if bytes(given.codec_context.extradata or b"") != head:
                        raise RoomError(f"{part}: encoded otherwise than the parts before it")
                    for packet in source.demux(given):
                        if packet.pts is None or packet.dts is None:
                            continue  # the mark of the end
                        step = packet.time_base * rate
                        packet.pts, packet.dts = done + round(packet.pts * step), done + round(packet.dts * step)
                        packet.duration, packet.time_base, packet.stream = 1, 1 / rate, stream
                        if heard is not None:
                            heard.until(float(max(0, packet.dts) / rate))
                        file.mux(packet)
                done += length
            if heard is not None:
                heard.finish()
        finally:
            file.close()
        if count(beside, out.suffix)[0] != frames:
            raise RoomError(f"{out}: does not hold the {frames} pictures that were written")
    return frames


def count(path: Path, suffix: str = ".mp4") -> tuple[int, int]:
    """How many pictures a video has, and how many of them are key frames: by its packets. InputError for none."""
    import av

    from engine.stage.outputs.video import FORMATS

    try:
        with av.open(str(path), format=FORMATS[suffix.lower()]) as file:
            packets = [packet.is_keyframe for packet in file.demux(file.streams.video[0]) if packet.size]
    except (av.FFmpegError, IndexError) as error:
        raise InputError(f"{path}: not a video that can be read ({error})") from None
    return len(packets), sum(packets)
