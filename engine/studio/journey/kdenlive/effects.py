"""Effects: which stop time, which change the picture in a way that latents have no counterpart of, which do neither."""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.studio.journey.kdenlive.blends import full_frame
from engine.studio.journey.kdenlive.document import Element
from engine.studio.journey.kdenlive.reading import Reading, line
from engine.studio.journey.timeline import MAX_FRAMES

SOUND = frozenset(
    """volume panner audiolevel mono audiochannels audiomap audioconvert channelcopy channelswap normalise loudness
    dynamic_loudness loudness_meter rbpitch swresample resample jack jackrack ladspa fft sox audioseam
    avfilter.acompressor avfilter.acontrast avfilter.acrusher avfilter.aecho avfilter.agate avfilter.alimiter
    avfilter.allpass avfilter.aphaser avfilter.apulsator avfilter.bandpass avfilter.bandreject avfilter.bass
    avfilter.bs2b avfilter.compand avfilter.compensationdelay avfilter.crossfeed avfilter.crystalizer avfilter.dcshift
    avfilter.deesser avfilter.equalizer avfilter.extrastereo avfilter.flanger avfilter.haas avfilter.highpass
    avfilter.highshelf avfilter.loudnorm avfilter.lowpass avfilter.lowshelf avfilter.sofalizer avfilter.stereotools
    avfilter.stereowiden avfilter.superequalizer avfilter.treble avfilter.tremolo avfilter.vibrato avfilter.volume
    """.split()  # noqa: SIM905
)
SOUND_FAMILIES = ("sox.", "ladspa.", "vst2.", "lv2.")
NEUTRAL = frozenset(
    "timeremap imageconvert avcolour_space avcolor_space avdeinterlace deinterlace fieldorder swscale".split()
)
SUBTITLES = ("avfilter.subtitles", "avfilter.ass", "subtitle")  # Kdenlive adds them itself, but they are seen
KINDS = {
    "fade_from_black": "fade from black",
    "fade_to_black": "fade to black",
    "avfilter.subtitles": "subtitles",
    "qtblend": "transform",
}


@dataclass(frozen=True, slots=True)
class Window:
    """The positions of a producer, first to before last, at which an effect works."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Freeze:
    """Time stands at a position of the producer: before it, after it, or (neither) always, within a window."""

    window: Window
    position: int
    before: bool
    after: bool

    def holds(self, position: int) -> bool:
        """True where the frozen frame is shown."""
        if not self.window.first <= position < self.window.last:
            return False
        if not self.before and not self.after:
            return True
        return (self.before and position < self.position) or (self.after and position > self.position)


def active(element: Element) -> Iterator[Element]:
    """The effects and links of an element that change its picture or time, as far as somebody put them there."""
    for effect in element.all("filter", "link"):
        service = effect.service()
        internal = effect.properties.get("internal_added") == "237" and service not in SUBTITLES
        if effect.flag("disable") or internal:
            continue
        if service not in SOUND and service not in NEUTRAL and not service.startswith(SOUND_FAMILIES):
            yield effect


def freezes(reading: Reading, element: Element, first: int, last: int, shift: int = 0) -> list[Freeze]:
    """The freezes of a clip that shows positions first to before last of its producer.

    shift : of the frozen position: MLT counts it from the in point of a cut where that is a plain producer's
    """
    found = []
    for effect in active(element):
        if effect.service() == "freeze":
            window = _window(reading, effect, first, last)
            position = min(reading.time(effect, "frame", 0) + shift, MAX_FRAMES)
            found.append(Freeze(window, position, effect.flag("freeze_before"), effect.flag("freeze_after")))
    return found


def tell(reading: Reading, element: Element, at: int, first: int, last: int, clip: str) -> None:
    """List the effects that change the picture.

    at : the frame of the timeline at which position `first` of the producer is seen
    """
    for effect in active(element):
        if effect.service() == "freeze" or _idle(reading, effect, last - first):
            continue
        window = _window(reading, effect, first, last)
        if window.first < window.last:
            reading.tell(at + window.first - first, f"effect {_kind(effect)} is not played", effect, clip)


def _window(reading: Reading, effect: Element, first: int, last: int) -> Window:
    start, end = reading.time(effect, "in", 0), reading.time(effect, "out", 0)
    if not end:  # MLT's way to say: always
        return Window(first, last) if not start else Window(max(first, start), last)
    return Window(max(first, start), min(last, end + 1))


def _idle(reading: Reading, effect: Element, length: int) -> bool:
    """True for a transform that leaves the whole frame as it is."""
    return effect.service() == "qtblend" and full_frame(reading, effect, length)


def _kind(effect: Element) -> str:
    name = effect.properties.get("kdenlive_id", "") or effect.service() or effect.id
    return line(KINDS.get(name, name))[:60]
