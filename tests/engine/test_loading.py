"""A show is read beside the stage's loop: the newest that was asked for counts, and what is wrong is said."""

import time
from pathlib import Path

import pytest

from engine.preset import Options
from engine.show.loading import Loaded, Loader, changed_ns
from tests.engine.generator.golden import golden

PLAIN = Options()


def taken(loader: Loader, seconds: float = 30.0) -> Loaded:
    """What comes, within generous time."""
    until_s = time.perf_counter() + seconds
    while time.perf_counter() < until_s:
        if (loaded := loader.take()) is not None:
            return loaded
        time.sleep(0.01)
    raise AssertionError("nothing came")


def show(folder: Path, text: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "show.toml").write_text(text, "utf-8")
    return folder


def test_a_show_comes_once_with_the_time_of_its_file(tmp_path: Path) -> None:
    loader, folder = Loader(), show(tmp_path / "a", 'title = "A"\n')
    assert loader.take() is None
    loader.ask(folder, PLAIN, saved=True)
    loaded = taken(loader)
    assert loaded.show is not None and loaded.show.table.title == "A"
    assert loaded.mtime_ns == changed_ns(folder / "show.toml") > 0
    assert loaded.told == "a was saved: playing it"
    assert loader.take() is None


def test_of_several_that_were_asked_for_the_last_counts(tmp_path: Path) -> None:
    loader = Loader()
    for name in "abc":
        loader.ask(show(tmp_path / name), PLAIN)
    loaded = taken(loader)
    assert loaded.show is not None and loaded.show.name == "c" and loaded.told == "playing c"
    time.sleep(0.3)
    assert loader.take() is None, "those before it are not wanted any more"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("title = ", "show.toml:1: not TOML"),
        ('[generator]\nmodel = "gone.pkl"\n', "show.toml:2: gone.pkl: no such model file"),
        ('[[route]]\nfrom = "/tempo/beat"\nto = "/direction/strypes"\n', 'no control "/direction/strypes"'),
    ],
)
def test_what_is_wrong_comes_as_its_reason(text: str, why: str, tmp_path: Path) -> None:
    loader = Loader()
    loader.ask(show(tmp_path / "a", text), PLAIN)
    loaded = taken(loader)
    assert loaded.show is None and why in loaded.why
    loader.ask("nowhere", PLAIN)
    assert "nowhere: no such show" in taken(loader).why


def test_a_checkpoint_is_converted_first_and_that_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENZ_CACHE", str(tmp_path / "cache"))
    model = golden("pggan_32.pth")
    for told in (["converting pggan_32.pth"], []):
        loader = Loader()
        loader.ask(show(tmp_path / "a", f'[generator]\nmodel = "{model}"\n'), PLAIN)
        loaded = taken(loader)
        assert loaded.show is not None and loaded.show.info.architecture == "progan", loaded.why
        assert loader.news() == told and loader.news() == []


def test_a_file_that_is_not_there_has_no_time(tmp_path: Path) -> None:
    assert changed_ns(tmp_path / "gone") == 0
