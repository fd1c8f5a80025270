"""What commands print: a tree for people, lines for pipes, JSON and nothing else for programs."""

import json
import sys

import pytest

from engine.studio.monitor import print_findings, print_tree, watch
from engine.studio.signals import Look

DATA = {
    "kind": "show",
    "title": "A [bold]title[/]",
    "size": [3, 4],
    "nothing": None,
    "rows": [{"a": 1, "b": [{"c": 2}]}],
}
LOOKS = [
    Look({"/a": (0.5, 3, 0.1)}, ("/b", "/c"), {"osc": {"state": "OK", "detail": ""}}),
    Look({"/a": (0.6, 4, 0.0), "/never": (0.0, 1, 1e12)}, (), {"osc": {"state": "OK", "detail": ""}}, "[[route]]"),
]


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    print_tree(DATA, True)
    assert json.loads(capsys.readouterr().out) == DATA
    print_findings([{"what": "x", "state": "ok", "found": "y", "remedy": ""}], True)
    assert json.loads(capsys.readouterr().out)[0]["what"] == "x"


def test_a_tree_shows_every_value_and_takes_text_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_tree(DATA, False)
    out = capsys.readouterr().out
    assert out.startswith("A [bold]title[/]\n") and "title  A [bold]title[/]" in out
    assert "size  3, 4" in out and "1  c 2" in out and "nothing" not in out and "{" not in out


def test_findings_say_what_mends_them(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"what": "sound", "state": "missing", "found": "no [PortAudio]", "remedy": "apt-get install libportaudio2"},
        {"what": "torch", "state": "ok", "found": "2", "remedy": ""},
    ]
    print_findings(rows, False)
    out = capsys.readouterr().out
    assert "missing" in out and "no [PortAudio]" in out and "libportaudio2" in out and "ok" in out


@pytest.mark.parametrize(
    ("as_json", "learn", "lines"),
    [(False, False, ["/b", "/c", "[[route]]"]), (False, True, ["[[route]]"]), (True, False, None)],
)
def test_a_pipe_gets_lines(
    as_json: bool, learn: bool, lines: list[str] | None, capsys: pytest.CaptureFixture[str]
) -> None:
    watch(LOOKS, as_json, learn)
    out = capsys.readouterr().out.splitlines()
    if lines is None:
        assert [json.loads(line)["levels"]["/a"] for line in out] == [0.5, 0.6]
    else:
        assert out == lines


def test_a_terminal_gets_a_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    watch(LOOKS, False, False)
    out = capsys.readouterr().out
    assert "/a" in out and "osc OK" in out and "signal" in out
