"""Final Cut 7 XML as Premiere and Resolve export it: read through OpenTimelineIO's adapter, its faults made good."""

import builtins
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.studio.journey import fcp7
from engine.studio.journey.projects import read_project
from engine.studio.journey.timeline import Mark, Mix, Timeline, linear
from tests.conftest import needed
from tests.engine.studio.journey.test_otio import mutated, seen

DATA = Path(__file__).parents[3] / "data" / "edits"
RATE = "<rate><timebase>25</timebase><ntsc>FALSE</ntsc></rate>"


@pytest.fixture(autouse=True)
def adapter() -> None:
    needed("otio_fcp_adapter")


def clip(start: int, end: int, into: int, more: str = "", rate: str = RATE, name: str = "a.mp4") -> str:
    file = f'<file id="{name}"><name>{name}</name><pathurl>{name}</pathurl>{RATE}<duration>500</duration></file>'
    return (
        f"<clipitem><name>{name}</name>{rate}<start>{start}</start><end>{end}</end><in>{into}</in>"
        f"<out>{into + end - start}</out>{file}{more}</clipitem>"
    )


def sequence(*items: str, id_: str = "s", rate: str = RATE) -> str:
    return f'<sequence id="{id_}"><name>{id_}</name>{rate}<media><video><track>{"".join(items)}</track></video></media></sequence>'


def remap(speed: str, *keys: str, variable: int = 0) -> str:
    values = {"speed": speed, "variablespeed": str(variable)}
    said = "".join(
        f"<parameter><parameterid>{k}</parameterid><value>{v}</value></parameter>" for k, v in values.items()
    )
    curve = f"<parameter><parameterid>graphdict</parameterid>{''.join(keys)}</parameter>" if keys else ""
    return f"<filter><effect><name>Time Remap</name><effectid>timeremap</effectid>{said}{curve}</effect></filter>"


def read(folder: Path, *sequences: str, head: str = "<!DOCTYPE xmeml>") -> Timeline:
    path = folder / "edit.xml"
    path.write_text(f'<?xml version="1.0"?>{head}<xmeml version="4">{"".join(sequences)}</xmeml>', "utf-8")
    return fcp7.read(path)


def test_what_premiere_exports_is_read() -> None:
    edit = read_project(DATA / "premiere.xml")
    assert (edit.fps, edit.length, edit.size, edit.name) == (25, 220, (512, 256), "meditation")
    assert [(m.name, m.frames) for m in edit.media] == [("/films/first.mp4", 500), ("/films/second film.mp4", 500)]
    assert [(c.media, c.at, c.length, c.first, c.speed) for t in edit.tracks for c in t.clips] == [
        (0, 0, 82, 20, 1), (1, 70, 50, 44, 1), (0, 130, 40, 50, Fraction(1, 2)), (0, 170, 20, 59, -1),
        (1, 20, 10, 5, 1), (1, 190, 15, 205, 1), (0, 205, 15, 300, 1),
    ]  # fmt: skip
    assert [t.mixes for t in edit.tracks] == [(Mix(70, linear(12), 0, 1),), ()]
    assert edit.marks == (Mark(33, "bloom"), Mark(86, "petal")) and edit.sound == ("/films/song.wav",)
    assert not edit.unsupported


def test_what_resolve_exports_is_read() -> None:
    edit = read_project(DATA / "resolve.xml")
    assert edit.fps == Fraction(24000, 1001) and edit.length == 140
    assert [c[:3] for c in seen(edit)] == [(0, 48, 24), (48, 24, 0), (72, 24, 60), (96, 24, 10), (130, 10, 0)]
    assert edit.tracks[0].clips[2].speed == 0
    assert edit.tracks[0].clips[3].shown == tuple(
        Fraction(when, 2) if when <= 20 else Fraction(10 + 2 * (when - 20)) for when in range(10, 34)
    )
    assert [(u.frame, u.what) for u in edit.unsupported] == [
        (48, "effect Basic Motion"), (96, "a curve of speed: straight from key to key"),
        (130, "made by the editor: Text"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("speed", "first", "pace"),
    [("200", 20, 2), ("50", 5, Fraction(1, 2)), ("-100", 489, -1), ("-200", 479, -2), ("0", 0, 0), ("100", 10, 1)],
)
def test_a_speed_without_a_curve_counts_from_the_beginning_or_the_end(
    tmp_path: Path, speed: str, first: int, pace: Fraction
) -> None:
    assert seen(read(tmp_path, sequence(clip(0, 20, 10, remap(speed))))) == [(0, 20, first, pace)]


def test_a_clip_of_another_rate_counts_in_the_frames_that_its_length_tells(tmp_path: Path) -> None:
    other = "<rate><timebase>50</timebase><ntsc>FALSE</ntsc></rate>"
    of_the_sequence = clip(0, 20, 100, rate=other)
    of_its_own = clip(20, 40, 100, rate=other).replace("<out>120</out>", "<out>140</out>")
    assert seen(read(tmp_path, sequence(of_the_sequence, of_its_own))) == [(0, 20, 100, 1), (20, 20, 50, 1)]


def test_the_sequence_that_is_in_no_other_is_read_and_others_are_told(tmp_path: Path) -> None:
    inner = "<clipitem><name>n</name><start>0</start><end>9</end><in>2</in><out>11</out><sequence id='in'/></clipitem>"
    edit = read(
        tmp_path, sequence(clip(0, 20, 100), id_="in"), sequence(inner, id_="out"), sequence(clip(0, 5, 1), id_="more")
    )
    assert edit.name == "out" and seen(edit) == [(0, 9, 102, 1)]
    assert [u.what for u in edit.unsupported] == ["another sequence, 'more'"]


NESTED = "<clipitem><start>0</start><end>9</end><in>0</in><sequence id='{}'/></clipitem>"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no XML"),
        ("\0\1\2", "no XML"),
        ("<fcpxml/>", "<fcpxml> where <xmeml> stands"),
        ("<xmeml/>", "no sequence in it"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><xmeml>&a;</xmeml>', "entities in it"),
        ('<!DOCTYPE x [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]><xmeml/>', "entities in it"),
        ("<a>" * 5000, "in each other"),
        (f"<xmeml>{sequence(clip(0, 5, 1), rate='')}</xmeml>", "sequence 's' without a rate"),
        (f"<xmeml>{sequence(clip(0, 5, 1), rate=RATE.replace('25', '0'))}</xmeml>", "a rate of 0.0; it is over 0"),
        (f"<xmeml>{sequence(clip(0, 5, 1), rate=RATE.replace('25', 'nan'))}</xmeml>", "a rate of nan; it is over 0"),
        (f"<xmeml>{sequence(clip(0, 5, 1).replace('<in>1', '<in>x'))}</xmeml>", "<in> is 'x'; it is a number of frames"),
        (f"<xmeml>{sequence(clip(0, 5, 1), clip(4, 9, 1))}</xmeml>", "it begins at frame 4, where another goes on to 5"),
        (f"<xmeml>{sequence(clip(5, 0, 1))}</xmeml>", "it ends at frame 0, before it begins at 5"),
        (f"<xmeml>{sequence(clip(-1, 5, 1))}</xmeml>", "no Final Cut 7 XML that holds together"),
        (f"<xmeml>{sequence(clip(0, 10**8, 1))}</xmeml>", "seconds long; give 0 to a day"),
        (f"<xmeml>{sequence(clip(0, 9, 1, remap('fast')))}</xmeml>", "speed of 'a.mp4': value is 'fast'"),
        (f"<xmeml>{sequence(NESTED.format('b'), id_='a')}{sequence(NESTED.format('a'), id_='b')}</xmeml>", "is in itself"),
    ],
)  # fmt: skip
def test_what_is_no_edit_is_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "bad.xml"
    path.write_text(text)
    with pytest.raises(InputError, match=says) as caught:
        fcp7.read(path)
    assert str(caught.value).startswith(str(path))


def test_sequences_in_sequences_do_not_grow_without_end(tmp_path: Path) -> None:
    rows = [sequence(*(clip(n, n + 1, 0) for n in range(20)), id_="s0")]
    for n in range(1, 9):
        inner = (
            NESTED.format(f"s{n - 1}").replace(">0<", f">{9 * i}<", 1).replace(">9<", f">{9 * i + 9}<")
            for i in range(20)
        )
        rows.append(sequence(*inner, id_=f"s{n}"))
    with pytest.raises(InputError, match="with what it names by id it is over"):
        read(tmp_path, *rows)


def test_without_the_library_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    true_import = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("opentimelineio"):
            raise ImportError(name)
        return true_import(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"pip install 'latenz\[edit\]'"):
        read(tmp_path, sequence(clip(0, 5, 1)))


@given(st.randoms(use_true_random=False), st.sampled_from(["premiere.xml", "resolve.xml"]))
@settings(max_examples=150)
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, dice: random.Random, name: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "mutated.xml"
    data = (DATA / name).read_bytes()
    path.write_bytes(mutated(data, dice) if dice.random() < 0.3 else renumbered(data, dice))
    try:
        fcp7.read(path)
    except InputError as error:
        assert str(path) in str(error)


VALUES = ["-1", "0", "1e308", "nan", "inf", "", "x", "9" * 30, "-9999999", "1.5", "TRUE", "file-1", "sequence-1"]


def renumbered(data: bytes, dice: random.Random) -> bytes:
    """XML that stays well-formed: some texts and elements are others."""
    lines = data.decode().splitlines()
    for _ in range(dice.randint(1, 5)):
        i = dice.randrange(3, len(lines))
        head, mark, rest = lines[i].partition(">")
        if "</" in rest and dice.random() < 0.8:
            lines[i] = f"{head}{mark}{dice.choice(VALUES)}{rest[rest.index('</') :]}"
        elif "</" in rest or lines[i].endswith("/>"):
            lines[i] = dice.choice(["", lines[i] * 2, lines[dice.randrange(3, len(lines))]])
    return "\n".join(lines).encode()
