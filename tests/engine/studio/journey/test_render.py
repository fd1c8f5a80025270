"""Laws of finals: any size and rate, and through a show the sequence as it is under what the show does."""

import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.errors import InputError, ShowError
from engine.stage.outputs.joined import count
from engine.studio.farm import Workers
from engine.studio.journey.drawing import Drawing, Look
from engine.studio.journey.pair import Facts, PairWriter, open_pair, with_proxy
from engine.studio.journey.render import Final, render
from tests.engine.studio.journey.small import LOOK, left_over, model_of, pair_of, pictures

Run = Callable[..., tuple[int, str, str]]

PLAIN = """
[generator]
model = "tulip"
size = [64, 64]
[motion]
frequency_hz = 0.1
wander = 0.5
"""
MOVED = (
    PLAIN
    + """
amount_frequency_hz = 10.0
[sources.clock.signals.up]
wave = "saw"
period_s = 4
[[route]]
from = "/clock/up"
to = "/direction/stripes"
range = [0, 3]
[[route]]
from = "/clock/up"
to = "/latent/next"
"""
)
EFFECT = PLAIN + '\n[[effect]]\nshader = "feedback.fs"\n'


def show_of(folder: Path, text: str, name: str = "show") -> str:
    (folder / name).mkdir()
    (folder / name / "show.toml").write_text(text)
    return str(folder / name)


def test_a_final_has_the_size_and_rate_that_is_asked_for(tmp_path: Path) -> None:
    out = render(pair_of(tmp_path, 6), Look("tulip", (80, 48)), Final(tmp_path / "a.mp4", Fraction(50)))
    shown = pictures(out)
    assert len(shown) == 12 and shown[0].shape == (48, 80, 3) and left_over(tmp_path) == []


@pytest.mark.real
def test_a_show_that_does_nothing_shows_the_sequence_as_it_is(tmp_path: Path) -> None:
    pair = pair_of(tmp_path, 5)
    found = np.load(render(pair, LOOK, Final(tmp_path / "a.npy", show=show_of(tmp_path, PLAIN))))
    plain = np.load(render(pair, LOOK, Final(tmp_path / "b.npy")))
    assert found.shape == plain.shape and np.abs(found.astype(int) - plain).max() <= 1


@pytest.mark.real
def test_a_show_moves_its_directions_and_twice_the_same(tmp_path: Path) -> None:
    pair, show = pair_of(tmp_path, 8), show_of(tmp_path, MOVED)
    found = [np.load(render(pair, LOOK, Final(tmp_path / f"{n}.npy", show=show))) for n in range(2)]
    plain = np.load(render(pair, LOOK, Final(tmp_path / "b.npy")))
    assert (found[0] == found[1]).all()
    far = np.abs(found[0].astype(int) - plain).mean((1, 2, 3))
    assert far[0] < 0.1 < far[-1]


@pytest.mark.real
def test_a_show_is_at_rest_where_the_film_begins(tmp_path: Path) -> None:
    """What stands in [controls] is there from the first frame on; springs carry what moves from there."""
    row = np.random.RandomState(2).randn(1, 512)
    with PairWriter(tmp_path / "still", (512,), 4, Facts(model="tulip")) as writer:
        writer.write(row.repeat(4, 0))
        pair = writer.close()
    show = show_of(tmp_path, PLAIN + '\n[controls]\n"/direction/stripes" = 3.0\n')
    found = np.load(render(pair, LOOK, Final(tmp_path / "a.npy", show=show))).astype(int)
    plain = np.load(render(pair, LOOK, Final(tmp_path / "b.npy"))).astype(int)
    assert np.abs(found[0] - plain[0]).mean() > 1.0
    assert all(np.abs(frame - found[0]).max() <= 1 for frame in found)


@pytest.mark.real
def test_a_show_puts_its_effects_over_the_sequence(tmp_path: Path) -> None:
    pair = pair_of(tmp_path, 4)
    found = np.load(render(pair, LOOK, Final(tmp_path / "a.npy", show=show_of(tmp_path, EFFECT))))
    plain = np.load(render(pair, LOOK, Final(tmp_path / "b.npy")))
    assert np.abs(found[-1].astype(int) - plain[-1]).mean() > 1.0


@pytest.mark.real
def test_rows_of_w_and_class_weights_go_through_a_show(tmp_path: Path) -> None:
    model = model_of(tmp_path, "m", classes=3)
    look = Look(model, (64, 64))
    z, weights = np.random.RandomState(0).randn(3, 16), np.eye(3)
    drawing = Drawing(look)
    w = drawing.w(z, weights, 1.0)
    drawing.close()
    show = show_of(tmp_path, '[generator]\nmodel = "tulip"\nsize = [64, 64]\n')
    for name, rows in (("z", z), ("w", w)):
        with PairWriter(tmp_path / name, rows.shape[1:], 3, Facts(model=model), classes=3) as writer:
            writer.write(rows, weights)
            pair = writer.close()
        found = np.load(render(pair, look, Final(tmp_path / "a.npy", show=show)))
        plain = np.load(render(pair, look, Final(tmp_path / "b.npy")))
        assert np.abs(found.astype(int) - plain).max() <= 2


def test_what_cannot_be_rendered_is_said(tmp_path: Path) -> None:
    pair = pair_of(tmp_path, 3)
    with pytest.raises(InputError, match="one process"):
        render(pair, LOOK, Final(tmp_path / "a.npy", show="pulse"), Workers(2))
    with pytest.raises(InputError, match="--show too"):
        render(pair, LOOK, Final(tmp_path / "a.npy", take=tmp_path / "t.take"))
    with pytest.raises(InputError, match="is the sequence itself"):
        render(pair, LOOK, Final(tmp_path / "way.npy"))
    with pytest.raises(InputError, match="place of its proxy, which has its rate and no show"):
        render(pair, LOOK, Final(tmp_path / "way.mp4", fps=Fraction(50)))
    with pytest.raises(ShowError):
        render(pair, LOOK, Final(tmp_path / "a.npy", show=show_of(tmp_path, "[generator]\nmodle = 1\n")))
    assert not (tmp_path / "a.npy").exists() and left_over(tmp_path) == []


def test_a_final_takes_neither_another_sequences_place_nor_its_proxys(tmp_path: Path, run: Run) -> None:
    pair, other = pair_of(tmp_path, 2), pair_of(tmp_path, 2, "other", seed=1)
    with_proxy(other, Path(shutil.copyfile(__file__, tmp_path / "other.mp4")))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for name in ("other.mp4", "other.npy"):
        with pytest.raises(InputError, match="belongs to another sequence, other"):
            render(pair, LOOK, Final(tmp_path / name))
    assert run("journey", "grid", pair.path, "--snapshots", "tulip", "-o", "other.mp4")[0] == 2
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    (tmp_path / "mine.json").write_text("[]", "utf-8")
    assert render(pair, LOOK, Final(tmp_path / "mine.mp4")).is_file()


def test_a_final_in_the_place_of_a_missing_proxy_is_the_proxy(tmp_path: Path, run: Run) -> None:
    pair = pair_of(tmp_path, 5)
    pair.path.with_suffix(".json").unlink()  # a bare sequence, as artists pass them on
    asked = "journey", "render", str(pair.path), "--model", "tulip", "--size", "64x64", "-o", str(tmp_path / "way.mp4")
    assert run(*asked)[0] == 0
    found = open_pair(pair.path)
    assert found.proxy == tmp_path / "way.mp4" and found.facts.proxy == "way.mp4" and found.facts.model == "tulip"
    assert count(tmp_path / "way.mp4") == (5, 5)
    before = (tmp_path / "way.mp4").read_bytes()
    code, _, err = run(*asked)
    assert code == 2 and "remove it to draw it again" in err and (tmp_path / "way.mp4").read_bytes() == before


def test_the_command_needs_a_model_only_where_the_json_names_none(tmp_path: Path, run: Run) -> None:
    pair = pair_of(tmp_path, 3)
    out = str(tmp_path / "a.npy")
    assert run("journey", "render", str(pair.path), "--size", "64x64", "-o", out)[0] == 0
    pair.path.with_suffix(".json").unlink()
    code, _, err = run("journey", "render", str(pair.path), "--size", "64x64", "-o", out)
    assert code == 2 and "--model" in err
    assert run("journey", "render", str(pair.path), "--model", "tulip", "--size", "64x64", "-o", out)[0] == 0
