"""`latenz journey play` plays a pair as it lies there, in a show of its own or in another."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.errors import EngineError, InputError
from engine.generator.catalog import model_info
from engine.latent.sequence_file import Facts, Mark
from engine.paths import use_numba_cache
from engine.preset import Options, load_show
from engine.show.play import Play
from engine.studio.journey.pair import Pair, PairWriter, open_pair
from engine.studio.journey.play import draws, play, show_text
from tests.engine.studio.journey.small import model_of


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    rows = np.random.RandomState(1).randn(3, model_info("silk").z_dim).repeat(25, 0)
    facts = Facts(model="silk", psi=0.8, marks=(Mark(25, "two"), Mark(50, 'three "quoted"')))
    with PairWriter(tmp_path / "a pair \\ é.npy", rows.shape[1:], len(rows), facts) as writer:
        writer.write(rows)
        return writer.close()


def test_its_show_follows_it(pair: Pair, tmp_path: Path) -> None:
    path = tmp_path / "show.toml"
    path.write_text(show_text(pair, "silk", "close"), "utf-8")
    show = load_show(path, Options(sequence=str(pair.path)))
    voice = show.voices[0]
    assert show.table.title == "a pair \\ é" and show.info.name == "silk"
    assert (voice.sequence, voice.sequence_fps, voice.sequence_end) == (pair.path, 25.0, "close")
    assert [mark.name for mark in voice.marks] == ["two", 'three_"quoted"']
    assert next(c.default for c in show.layout.levels if c.address == "/generator/psi") == 0.8


@pytest.mark.real
def test_it_plays_without_a_window(pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_numba_cache()  # what is compiled already stays; the show of the pair goes elsewhere
    monkeypatch.setenv("LATENZ_CACHE", str(tmp_path / "cache"))
    wanted = Play(options=Options(size=(64, 64), device="cpu"), headless=True, seconds=1.0)
    result = play(pair.path.with_suffix(".json"), wanted)
    assert result["model"] == "silk" and result["frames"] > 5 and result["black_frames"] == 0
    assert result["controls"]["/journey/on"] == 1.0 and not result["restarts"]


def test_a_pair_that_names_no_model_needs_one(tmp_path: Path) -> None:
    np.save(tmp_path / "bare.npy", np.zeros((4, 5), np.float32))
    with pytest.raises(InputError, match="give --model M"):
        play(tmp_path / "bare", Play(headless=True))
    with pytest.raises(EngineError, match=r"frames of shape \(5,\)|none.npy"):
        play(tmp_path / "none", Play(headless=True), "silk")


def test_a_model_that_is_another_by_now_plays_only_where_it_is_asked_for(tmp_path: Path) -> None:
    model = model_of(tmp_path, "m")
    info = model_info(model)
    rows = np.zeros((4, info.z_dim), np.float32)
    with PairWriter(tmp_path / "a", rows.shape[1:], 4, Facts(model=model, model_hash=info.hash)) as writer:
        writer.write(rows)
        writer.close()
    model_of(tmp_path, "m", seed=1)
    for show in (None, "pulse"):
        with pytest.raises(InputError, match="is not the model that it was made with"):
            play(tmp_path / "a", Play(show=show, headless=True))
    text = show_text(open_pair(tmp_path / "a"), model, "again")
    (tmp_path / "show.toml").write_text(text, "utf-8")
    told = load_show(tmp_path / "show.toml", Options(sequence=str(tmp_path / "a.npy"))).told
    assert len(told) == 1 and "made with another model than m" in told[0]


def test_what_a_show_says_itself_is_not_asked_for_beside_it(
    pair: Pair, run: Callable[..., tuple[int, str, str]]
) -> None:
    status, _, told = run("journey", "play", pair.path, "--show", "pulse", "--end", "hold", "--headless")
    assert status == 2 and "sequence_end" in told
    assert "give again, close or hold" in run("journey", "play", pair.path, "--end", "never", "--headless")[2]


def test_a_show_of_the_pairs_own_model_keeps_what_it_opens(pair: Pair, tmp_path: Path) -> None:
    options = Options(sequence=str(pair.path))
    known = Pair(pair.path, pair.rows, Facts(model="silk", model_hash=model_info("silk").hash))
    (tmp_path / "show.toml").write_text('[generator]\nmodel = "silk"\n', "utf-8")
    assert draws(str(tmp_path), known, options) and not draws(str(tmp_path), pair, options)
    (tmp_path / "show.toml").write_text('[generator]\nmodel = "tulip"\n', "utf-8")
    assert not draws(str(tmp_path), known, options)


def test_several_snapshots_are_played_by_age(pair: Pair) -> None:
    text = show_text(Pair(pair.path, pair.rows, Facts(snapshots=("tulip", "tulip"))), "tulip", "again")
    assert 'snapshots = ["tulip", "tulip"]' in text
    assert json.loads(text.partition("title = ")[2].partition("\n")[0]) == pair.path.stem
