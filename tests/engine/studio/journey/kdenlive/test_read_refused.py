"""Whatever bytes come: an edit within the caps, or one error that names the file."""

import random
import re
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.studio.journey.kdenlive import document as documents
from engine.studio.journey.kdenlive import reading as readings
from engine.studio.journey.kdenlive.read import read
from engine.studio.journey.plan import plan
from engine.studio.journey.timeline import MAX_CLIPS, MAX_FRAMES, Timeline
from tests.engine.studio.journey.kdenlive.mlt import document, entry, producer, project, properties, track, transition
from tests.engine.studio.journey.kdenlive.test_read import nested

DATA = Path(__file__).parents[4] / "data" / "kdenlive"
INNER = "{22222222-2222-2222-2222-222222222222}"
RICH = document(
    nested(
        track("i0", entry(0, 29), '<blank length="20"/>' + entry(100, 129, "q"), transition(20, 29, 0, 1)),
        track(
            "t0",
            entry(5, 40, INNER)
            + entry(3, 9, "w", f"<filter>{properties(mlt_service='freeze', frame=4, freeze_after=1)}</filter>"),
        )
        + '<producer id="w" in="0" out="399">'
        + properties(resource="-0.5:n.mp4", mlt_service="timewarp", length=2000)
        + "</producer>"
        + f'<chain id="c" out="199">{properties(resource="n.mp4", length=200)}<link mlt_service="timeremap">'
        + properties(time_map="0=0;50~=3;99=1") + "</link></chain>"
        + track("t1", entry(0, 49, "c"), inside=transition(5, 20, 1, 2, "qtblend", rect="0=0 0 64 64 0;9=0 0 64 64 1")),
    )
).encode()  # fmt: skip
SEEDS = [RICH, *(path.read_bytes() for path in sorted(DATA.glob("*.kdenlive")))]
NUMBERS = [b"1e999", b"nan", b"-1", b"inf", b"99999999999999999999", b"", b"0", b"00:00:99999999.5", b"2147483647"]
JUNK = [b"<a>", b"</a>", b"<![CDATA[", b"<!--", b"&x;", b"<property name=", b"\x00", b"\xff\xfe", b"<?x y?>", b"]]>"]


def checked(path: Path, data: bytes) -> Timeline | None:
    """What is read, which holds together; None for what is refused by name."""
    path.write_bytes(data)
    try:
        found = read(path)
    except InputError as error:
        assert str(error).startswith(f"{path}:") and "\n" not in str(error)
        return None
    assert 0 <= found.length <= 2 * MAX_FRAMES + 2 and sum(len(track.clips) for track in found.tracks) <= MAX_CLIPS
    for row in found.tracks:
        assert [clip.at for clip in row.clips] == sorted(clip.at for clip in row.clips)
        assert all(clip.length > 0 and clip.at >= 0 for clip in row.clips)
        for mix in row.mixes:
            for number in (mix.out, mix.into):
                assert row.clips[number].at <= mix.at and mix.at + len(mix.shares) <= row.clips[number].end
    for dissolve in found.dissolves:
        assert all(0 <= share <= 1 for share in dissolve.shares)
        assert 0 <= dissolve.out < len(found.tracks) and 0 <= dissolve.into < len(found.tracks)
    if 0 < found.length < 20_000:
        plan(found)
    return found


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "x.kdenlive"


def test_the_seeds_are_read(path: Path) -> None:
    assert all(checked(path, seed) for seed in SEEDS)


@settings(max_examples=250)
@given(
    seed=st.integers(0, len(SEEDS) - 1),
    at=st.floats(0, 1),
    flips=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=3)), max_size=4),
    cut=st.booleans(),
)
def test_truncated_and_overwritten_projects_are_read_or_refused_by_name(
    seed: int, at: float, flips: list[tuple[float, bytes]], cut: bool, path: Path
) -> None:  # fmt: skip
    data = bytearray(SEEDS[seed])
    for place, patch in flips:
        start = int(place * len(data))
        data[start : start + len(patch)] = patch
    checked(path, bytes(data[: int(at * len(data))] if cut else data))


@settings(max_examples=250)
@given(seed=st.integers(0, len(SEEDS) - 1), dice=st.integers(0, 1 << 30))
def test_numbers_and_tags_out_of_place_are_read_or_refused_by_name(seed: int, dice: int, path: Path) -> None:
    chance = random.Random(dice)
    data = SEEDS[seed]
    for _ in range(chance.randint(1, 5)):
        values = list(re.finditer(rb'"[0-9][0-9:.]*"|>[-0-9.:=; ]+<|"[a-z0-9_]+"|<[^>]+>', data))
        if not values:
            break
        value = chance.choice(values)
        old, other = value[0], chance.choice(values)[0]
        new = chance.choice(
            [old[:1] + chance.choice(NUMBERS) + old[-1:], other, chance.choice(JUNK) + old, old * 3, b""]
        )
        data = data[: value.start()] + new + data[value.end() :]
    checked(path, data)


@settings(max_examples=60)
@given(data=st.binary(max_size=200))
@example(data=b"<?xml version='1.0' encoding='utf-7'?><mlt/>")
@example(data=b"<?xml version='1.0' encoding='x-none'?><mlt/>")
@example(data=b"<?xml version='1.0' encoding='big5'?><mlt/>")
@example(data=b"<mlt><property/></mlt>")
@example(data=b"<property/>")
def test_any_bytes_are_refused_by_name(data: bytes, path: Path) -> None:
    assert checked(path, data) is None


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE mlt [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE mlt SYSTEM "http://127.0.0.1/x.dtd">',
        '<!DOCTYPE mlt [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        "<!DOCTYPE mlt>",
    ],
)
def test_dtds_and_entities_are_refused(head: str, path: Path) -> None:
    path.write_text(document(project(track("t0", entry(0, 9)))).replace("<mlt ", head + "<mlt "))
    with pytest.raises(InputError, match="DTD or an entity"):
        read(path)


def test_a_file_that_is_too_deep_too_long_or_too_full_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(data: str, what: str) -> None:
        path.write_text(data)
        with pytest.raises(InputError, match=what):
            read(path)

    refused("<mlt>" + "<a>" * 100_000, "elements more than 64 deep")
    refused('<mlt><a b="' + "x" * 3_000_000 + '"/></mlt>', "a tag of over 1 MB")
    refused("<mlt><!--" + "x" * 3_000_000 + "--></mlt>", "a tag of over 1 MB")
    monkeypatch.setattr(documents, "MAX_ELEMENTS", 1000)
    refused("<mlt>" + "<a/>" * 2000 + "</mlt>", "more than 1000 elements")
    monkeypatch.setattr(readings, "MAX_CLIPS", 50)
    refused(document(project(track("t0", entry(0, 0) * 60))), "more than 50 clips")
    monkeypatch.setattr("engine.studio.journey.kdenlive.read.MAX_BYTES", 1000)
    refused(document(" " * 2000), "over")


def test_a_huge_file_of_elements_takes_bounded_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_ELEMENTS", 10_000)
    path.write_bytes(b"<mlt>" + b"<a/>" * 4_000_000)
    tracemalloc.start()
    with pytest.raises(InputError, match="more than 10000 elements"):
        read(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 16 << 20


def test_sequences_within_sequences_cannot_multiply_without_end(path: Path) -> None:
    body = producer("q")
    for level in range(5):
        inner = "".join(
            entry(7 * i, 7 * i, "q") if not level else entry(0, 20**level - 1, f"s{level - 1}") for i in range(20)
        )
        inside = properties(kdenlive_uuid=f"s{level}", kdenlive_clipname=f"s{level}")
        body += track(f"t{level}", inner)
        body += f'<tractor id="s{level}" in="0" out="4000000">{inside}<track producer="t{level}"/></tractor>'
    path.write_text(document(body))
    with pytest.raises(InputError, match="clips; refused"):
        read(path)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (project(track("t0", entry(0, 9, "none"))), 'producer="none": nothing in the file has this id'),
        (project(track("t0", entry("1e999", 9))), '"1e999" is no time'),
        (project(track("t0", entry(0, "-5"))), "no frame from 0"),
        (project(track("t0", '<blank length="99999999999"/>')), "no frame from 0"),
        (project(track("t0", '<entry producer="p"/>'), producers='<producer id="p"/>'), "has no out"),
        (project(track("t0", '<entry producer="p" repeat="0"/>')), "no count from 1"),
        (project(track("t0", entry(0, 9), inside=transition(0, 5, 0, 1))), None),
        (project(track("t0", entry(0, 9)), inside=transition(0, 5, 0, "x")), "no number of a track"),
        (
            project(
                track("t0", entry(0, 9)),
                track("t1", entry(0, 9)),
                inside=transition(0, 5, 1, 2, "affine", rect="0=1 2"),
            ),
            "no rectangle",
        ),
        ('<playlist id="main_bin"/>', "there is no timeline in it"),
    ],
)
def test_an_error_says_file_line_and_what_is_wrong(body: str, what: str | None, path: Path) -> None:
    path.write_text(document(body))
    if what is None:
        read(path)
        return
    with pytest.raises(InputError, match=what.replace("(", r"\(")) as error:
        read(path)
    assert re.match(rf"{re.escape(str(path))}:(\d+:)? ", str(error.value))


@pytest.mark.parametrize("profile", ['frame_rate_num="0"', 'frame_rate_num="1e9"', 'frame_rate_num="99999"'])
def test_a_rate_out_of_range_is_refused(profile: str, path: Path) -> None:
    path.write_text(document(project(track("t0", entry(0, 9)))).replace('frame_rate_num="25"', profile))
    with pytest.raises(InputError, match=r"x\.kdenlive:3: <profile>"):
        read(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.kdenlive: cannot be read"):
        read(tmp_path / "none.kdenlive")
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path)
