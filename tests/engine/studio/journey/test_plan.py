"""Laws of the plan: what is seen at each frame, against an oracle that looks at one frame after the other."""

import math
import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.studio.journey.plan import places, plan
from engine.studio.journey.stretch import MOST_LAYERS, stretches
from engine.studio.journey.timeline import MAX_FRAMES, Clip, Dissolve, Media, Mix, Timeline, Track, linear

FPS = Fraction(25)
MEDIA = (Media("a.mp4", frames=40), Media("b.mp4", frames=7), Media("c.png", still=True), Media("d.mp4"))

fractions = st.fractions(-3, 3, max_denominator=7)


@st.composite
def tracks(draw: st.DrawFn) -> Track:
    """Clips with gaps between them, or over each other for a mix."""
    clips: list[Clip] = []
    mixes: list[Mix] = []
    at = draw(st.integers(0, 5))
    for _ in range(draw(st.integers(0, 4))):
        length = draw(st.integers(1, 9))
        overlap = draw(st.integers(0, min(length, clips[-1].length) if clips else 0))
        if mixes and clips and clips[-1].end - overlap < mixes[-1].at + len(mixes[-1].shares):
            overlap = 0
        shown = draw(st.none() | st.lists(fractions, min_size=length, max_size=length).map(tuple))
        medium = draw(st.none() | st.integers(0, len(MEDIA) - 1))
        clip = Clip(
            medium, at - overlap, length, draw(fractions) * 10, draw(fractions), shown, name=f"clip {len(clips)}"
        )
        if overlap:
            into_first = draw(st.booleans())
            shares = draw(st.lists(st.floats(-0.2, 1.2), min_size=overlap, max_size=overlap))
            out, into = (len(clips), len(clips) - 1) if into_first else (len(clips) - 1, len(clips))
            mixes.append(Mix(clip.at, tuple(shares), out, into))
        clips.append(clip)
        at = clip.end + draw(st.integers(0, 3))
    return Track(tuple(clips), tuple(mixes))


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    """Up to four tracks with dissolves between any two."""
    own = tuple(draw(st.lists(tracks(), min_size=1, max_size=4)))
    dissolves = []
    for _ in range(draw(st.integers(0, 3)) if len(own) > 1 else 0):
        out, into = draw(st.permutations(range(len(own))))[:2]
        shares = draw(st.lists(st.floats(0, 1), min_size=1, max_size=12))
        dissolves.append(Dissolve(draw(st.integers(0, 25)), tuple(shares), out, into))
    end = max((clip.end for track in own for clip in track.clips), default=0)
    return Timeline(FPS, MEDIA, own, tuple(dissolves), length=end + draw(st.integers(1, 4)), name="made up")


def oracle(timeline: Timeline, f: int) -> dict[tuple[int, int], float]:
    """The weights of the clips at one frame, by the words of the Timeline."""

    def there(c: Clip) -> bool:
        return c.media is not None and c.at <= f < c.end

    seen: list[dict[tuple[int, int], float]] = []
    for t, track in enumerate(timeline.tracks):
        own: dict[tuple[int, int], float] = {}
        for i, c in enumerate(track.clips):
            if there(c):
                own = {(t, i): 1.0}
        for m in track.mixes:
            if m.at <= f < m.at + len(m.shares) and there(track.clips[m.out]) and there(track.clips[m.into]):
                s = min(max(m.shares[f - m.at], 0.0), 1.0)
                own = {(t, m.out): 1 - s, (t, m.into): s}
        seen.append(own)
    for t in range(len(seen)):
        for d in timeline.dissolves:
            if max(d.out, d.into) == t and d.at <= f < d.at + len(d.shares) and seen[d.out] and seen[d.into]:
                s = d.shares[f - d.at]
                both: dict[tuple[int, int], float] = {}
                for of, weight in ((seen[d.out], 1 - s), (seen[d.into], s)):
                    for place, w in of.items():
                        both[place] = both.get(place, 0.0) + w * weight
                seen[t] = both
    return next((own for own in reversed(seen) if own), {})


@given(timelines())
def test_the_plan_is_what_one_sees_frame_by_frame(timeline: Timeline) -> None:
    p = plan(timeline)
    assert len(p) == timeline.length
    for f in range(timeline.length):
        wanted = oracle(timeline, f)
        layers = range(int((p.media[:, f] >= 0).sum()))
        assert len(layers) == len(wanted)
        assert (p.media[len(wanted) :, f] == -1).all()
        assert bool(p.gap[f]) == (not wanted)
        for layer, (place, weight) in zip(layers, wanted.items(), strict=True):
            clip = timeline.tracks[place[0]].clips[place[1]]
            medium = MEDIA[clip.media or 0]
            exact = Fraction(0) if medium.still else clip.source(f)
            most = math.inf if medium.frames is None else medium.frames - 1
            assert p.media[layer, f] == clip.media
            assert p.frame[layer, f] == min(max(math.floor(exact), 0), most)
            assert p.weight[layer, f] == pytest.approx(weight, abs=1e-6)
            if 0 <= math.floor(exact) < most:
                assert p.part[layer, f] == pytest.approx(float(exact - math.floor(exact)), abs=1e-6)
            else:
                assert p.part[layer, f] == 0


@given(timelines())
def test_stretches_leave_no_hole_and_weights_sum_to_one(timeline: Timeline) -> None:
    laid = stretches(timeline)
    assert [s.first for s in laid] == [0, *[s.last for s in laid[:-1]]]
    assert laid[-1].last == timeline.length
    p = plan(timeline, laid=laid)
    assert np.allclose(p.weight.sum(0), np.where(p.gap, 0.0, 1.0))
    assert ((0 <= p.share) & (p.share <= 1)).all()


@given(
    st.fractions(-1000, 1000, max_denominator=10**12), st.fractions(-20, 20, max_denominator=10**12),
    st.fractions(Fraction(1, 4), 4, max_denominator=1001), st.integers(0, 60),
)  # fmt: skip
@example(Fraction(10**30, 3), Fraction(-(10**30), 7), Fraction(1), 5)
@example(Fraction(1, 3), Fraction(10**18 - 1, 10**18), Fraction(1), 0)
def test_places_are_exact_whatever_the_fractions(first: Fraction, speed: Fraction, rate: Fraction, skip: int) -> None:
    clip = Clip(0, 100, 80, first, speed)
    whole, part = places(clip, 100 + skip, 180, 1000, rate, between=True)
    exact = [clip.source(f) * rate for f in range(100 + skip, 180)]
    assert whole.tolist() == [min(max(math.floor(x), 0), 999) for x in exact]
    assert ((part >= 0) & (part < 1)).all()


def test_a_cut_needs_no_second_layer_to_be_looked_at() -> None:
    timeline = Timeline(FPS, MEDIA, (Track((Clip(0, 0, 3, Fraction(5)), Clip(1, 3, 2))),), length=6)
    p = plan(timeline)
    assert p.a_media.tolist() == [0, 0, 0, 1, 1, -1]
    assert p.a_frame.tolist()[:5] == [5, 6, 7, 0, 1]
    assert (p.b_media == -1).all() and not p.share.any()
    assert p.gap.tolist() == [False] * 5 + [True]


def test_a_mix_under_a_clip_does_not_show() -> None:
    under = Track((Clip(0, 0, 6), Clip(3, 4, 6)), (Mix(4, linear(2), 0, 1),))
    p = plan(Timeline(FPS, MEDIA, (under, Track((Clip(1, 0, 7),))), length=10))
    assert p.a_media.tolist() == [1] * 7 + [3] * 3
    assert (p.b_media == -1).all()


def test_a_dissolve_over_a_mix_brings_three_clips_together() -> None:
    under = Track((Clip(0, 0, 4), Clip(3, 0, 4)), (Mix(0, (0.25,) * 4, 0, 1),))
    over = Track((Clip(1, 0, 4),))
    p = plan(Timeline(FPS, MEDIA, (under, over), (Dissolve(0, (0.5,) * 4, 0, 1),), length=4))
    assert p.media[:, 0].tolist() == [0, 3, 1]
    assert p.weight[:, 0].tolist() == pytest.approx([0.375, 0.125, 0.5])


def test_a_clip_that_is_no_file_is_seen_through() -> None:
    p = plan(Timeline(FPS, MEDIA, (Track((Clip(0, 0, 4),)), Track((Clip(None, 0, 6),))), length=6))
    assert p.a_media.tolist() == [0] * 4 + [-1] * 2


def test_frames_of_a_file_at_another_rate_are_scaled() -> None:
    timeline = Timeline(FPS, MEDIA, (Track((Clip(3, 0, 5, Fraction(2)),)),), length=5)
    rates = Fraction(1), Fraction(1), Fraction(1), Fraction(3, 2)
    p = plan(timeline, (None, None, None, 9), rates, between=True)
    assert p.a_frame.tolist() == [3, 4, 6, 7, 8]
    assert p.part[0].tolist() == [0, 0.5, 0, 0.5, 0]
    shown = plan(timeline, (None, None, None, 9), rates)
    assert shown.a_frame.tolist() == [3, 5, 6, 8, 8] and not shown.part.any()


@pytest.mark.parametrize(
    ("rate", "seen"),
    [
        (30, [4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20, 22, 23, 24, 25, 26]),
        (20, [2, 3, 4, 5, 6, 6, 7, 8, 9, 10, 10, 11, 12, 13, 14, 14, 15, 16, 17, 18]),
        (50, [6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 42, 44]),
    ],
)
def test_a_file_of_another_rate_shows_what_melt_showed(rate: int, seen: list[int]) -> None:
    """Numbers read back from pictures that melt 7.12 rendered at 25 frames a second, from frame 3 on."""
    whole, _ = places(Clip(0, 0, 20, Fraction(3)), 0, 20, 120, Fraction(rate, 25))
    assert whole.tolist() == seen


def _one(*clips: Clip, **more: object) -> Timeline:
    return Timeline(FPS, MEDIA, (Track(clips),), name="bent.kdenlive", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("timeline", "said"),
    [
        (_one(), "bent.kdenlive: 0 frames"),
        (_one(Clip(0, 0, 4), length=MAX_FRAMES + 1), "frames; a timeline has 1 to"),
        (_one(Clip(9, 0, 4, name="far")), "clip far: media 9; there are 4"),
        (_one(Clip(0, 0, 0, name="none", where="x:3")), "x:3: clip none: 0 frames"),
        (_one(Clip(0, 0, 4, shown=(Fraction(1),))), "1 places in the file for 4 frames"),
        (_one(Clip(0, 0, 4, Fraction(1, 3**400))), "more than 512 bits"),
        (Timeline(Fraction(0), MEDIA, length=4), "frames a second"),
        (Timeline(FPS, MEDIA, (Track((Clip(0, 0, 4),), (Mix(0, (0.5,), 0, 3),)),)), "from clip 0 to 3; there are 1"),
        (Timeline(FPS, MEDIA, (Track((Clip(0, 0, 4),)),), (Dissolve(0, (0.5,), 0, 0),)), "from track 0 to 0"),
        (
            Timeline(FPS, MEDIA, (Track((Clip(0, 0, 4), Clip(1, 0, 4)), (Mix(0, (math.nan,), 0, 1),)),)),
            "shares that are not finite",
        ),
    ],
)
def test_a_timeline_that_does_not_hold_together_is_refused(timeline: Timeline, said: str) -> None:
    with pytest.raises(InputError) as refused:
        plan(timeline)
    assert said in str(refused.value)


def test_more_clips_than_can_meet_are_refused_by_their_time() -> None:
    own = tuple(Track((Clip(0, 0, 9),)) for _ in range(MOST_LAYERS + 1))
    dissolves = tuple(Dissolve(3, (0.5,) * 2, i, i + 1) for i in range(MOST_LAYERS))
    with pytest.raises(InputError, match=r"9 clips meet at 00:00:00:03; at most 8"):
        plan(Timeline(FPS, MEDIA, own, dissolves))


def test_an_hour_of_thousands_of_clips_is_planned_at_once() -> None:
    clips = tuple(Clip(3, 30 * i, 35, Fraction(i, 3), Fraction(5, 4)) for i in range(3000))
    mixes = tuple(Mix(30 * i, linear(5), i - 1, i) for i in range(1, 3000))
    begun_s = time.perf_counter()
    p = plan(Timeline(FPS, MEDIA, (Track(clips, mixes),), length=90_000))
    assert len(p) == 90_000 and int((p.b_media >= 0).sum()) == 2999 * 5
    assert time.perf_counter() - begun_s < 30
