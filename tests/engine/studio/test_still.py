"""Laws of `latenz still`: the same place is the same picture, and the picture remembers its place."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.controls import Controls, Layout
from engine.errors import InputError, ModelError
from engine.generator.catalog import How, model_directions, model_info, open_model
from engine.latent.curve import Curve
from engine.latent.directions import Direction, Directions
from engine.latent.motion import Motion, VoiceSpec, controls
from engine.latent.places import Places
from engine.stage.outputs.picture import read_latent, read_text
from engine.studio.still import Still, still

SIZE = (96, 64)


def draw(out: Path, seed: int | None = None, *, z: Path | None = None, w: Path | None = None, bank: Path | None = None,
         psi: float = 1.0, amounts: tuple[str, ...] = (), model: str = "silk") -> Path:  # fmt: skip
    still(Still(model, out, seed=seed, z=z, w=w, psi=psi, size=SIZE, amounts=amounts, bank=bank))
    return out


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_a_seed_is_a_picture_for_ever(tmp_path: Path) -> None:
    a, b, c = (draw(tmp_path / f"{n}.png", seed) for n, seed in (("a", 7), ("b", 7), ("c", 8)))
    assert a.read_bytes() == b.read_bytes()
    assert pixels(a).shape == (64, 96, 3) and np.abs(pixels(a) - pixels(c)).mean() > 8
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "b.png", "c.png"]


def test_a_picture_remembers_its_place_and_can_be_drawn_from_it(tmp_path: Path) -> None:
    first = draw(tmp_path / "a.png", 7)
    notes = read_text(first)
    assert notes["latenz.model"] == "silk" and notes["latenz.model_hash"] == model_info("silk").hash
    assert notes["latenz.seed"] == "7" and notes["latenz.space"] == "z"
    np.save(tmp_path / "z.npy", read_latent(notes["latenz.latent"]))
    assert np.array_equal(pixels(draw(tmp_path / "b.png", z=tmp_path / "z.npy")), pixels(first))


def test_a_picture_that_was_moved_on_some_layers_remembers_its_w(tmp_path: Path) -> None:
    first = draw(tmp_path / "a.png", 7, amounts=("bloom=1.5",), psi=0.7)
    notes = read_text(first)
    assert notes["latenz.space"] == "w" and notes["latenz.psi"] == "1"
    np.save(tmp_path / "w.npy", read_latent(notes["latenz.latent"])[None])
    assert np.array_equal(pixels(draw(tmp_path / "b.png", w=tmp_path / "w.npy")), pixels(first))


def test_a_still_is_what_a_show_that_stands_still_draws(tmp_path: Path) -> None:
    info = model_info("tulip")
    rows = np.random.RandomState(1).randn(4, 512)
    bend = Curve(rows[:2] / 20, np.zeros(2), rows[2:].T / 200, shell=True)
    bank = Directions((
        Direction("low", rows[0], "z", 1.5, layers=(0,)), Direction("bent", rows[1], "z", curve=bend),
        Direction("fine", rows[2, : info.w_dim], "w", 0.3, layers=(info.num_ws - 1,)),
    ))  # fmt: skip
    bank.save(tmp_path / "bank.safetensors")
    amounts = {"low": 1.5, "bent": -2.0, "fine": 1.0}
    asked = tuple(f"{name}={sigma}" for name, sigma in amounts.items())
    drawn = draw(tmp_path / "a.png", 7, psi=0.8, amounts=asked, bank=tmp_path / "bank.safetensors", model="tulip")
    bank = Directions.load(tmp_path / "bank.safetensors")
    voices = (VoiceSpec(seed=7),)
    layout = Layout(controls(voices, info, bank.names, psi=0.8))
    generator = open_model("tulip", "cpu", 1, How(backend="eager", live=False))
    motion = Motion(voices, info, bank, Places(), generator.map, layout)
    values = layout.defaults.copy()
    for name, sigma in amounts.items():
        values[layout.index(f"/accent/{name}")] = sigma
    w = motion.step(Controls(layout, values, ()), 0.0, 0.0)
    assert np.allclose(read_latent(read_text(drawn)["latenz.latent"]), w[0], atol=1e-6)
    generator.close()


def test_a_bank_of_another_model_is_refused_or_taken_with_a_warning(tmp_path: Path) -> None:
    d = model_directions("silk")["bloom"]
    bank = tmp_path / "bank.safetensors"
    Directions((replace(d, name="more", model_hash="f" * 64, model="velvet"),)).save(bank)
    wanted = Still("silk", tmp_path / "a.png", seed=7, size=SIZE, amounts=("more=1",), bank=bank)
    with pytest.raises(ModelError, match=r"learned on another model \(velvet\).*--match architecture"):
        still(wanted)
    lines: list[str] = []
    still(replace(wanted, match="architecture"), warn=lines.append)
    assert len(lines) == 1 and "learned on another model than silk" in lines[0] and "more" in lines[0]
    own = draw(tmp_path / "b.png", 7, amounts=("bloom=1",))
    assert np.array_equal(pixels(tmp_path / "a.png"), pixels(own))


def test_seeds_are_those_of_the_field(tmp_path: Path) -> None:
    z = np.random.RandomState(7).randn(1, model_info("silk").z_dim)
    np.save(tmp_path / "z.npy", z)
    assert np.array_equal(pixels(draw(tmp_path / "a.png", 7)), pixels(draw(tmp_path / "b.png", z=tmp_path / "z.npy")))


def test_an_array_holds_every_place_in_the_generator_s_own_range(tmp_path: Path) -> None:
    np.save(tmp_path / "z.npy", np.random.RandomState(7).randn(3, 128).astype(np.float32))
    array = np.load(draw(tmp_path / "x.npy", z=tmp_path / "z.npy"), allow_pickle=False)
    assert array.shape == (3, 3, 64, 96) and array.dtype == np.float32
    assert -1.0 <= array.min() < -0.5 and 0.5 < array.max() <= 1.0
    one = np.load(draw(tmp_path / "y.npy", 7))
    shown = pixels(draw(tmp_path / "y.png", 7))
    assert np.array_equal(np.rint((one[0].transpose(1, 2, 0) + 1) * 127.5), shown)


def test_an_amount_moves_along_its_direction_and_none_moves_nothing(tmp_path: Path) -> None:
    plain = pixels(draw(tmp_path / "a.png", 7))
    assert np.array_equal(pixels(draw(tmp_path / "b.png", 7, amounts=("bloom=0",))), plain)
    little = np.abs(pixels(draw(tmp_path / "c.png", 7, amounts=("bloom=0.3",))) - plain).mean()
    much = np.abs(pixels(draw(tmp_path / "d.png", 7, amounts=("bloom=2",))) - plain).mean()
    assert 0 < little < much
    both = pixels(draw(tmp_path / "e.png", 7, amounts=("bloom=1", "bloom=1")))
    assert np.array_equal(both, pixels(tmp_path / "d.png")), "amounts add up"


def test_a_bank_adds_directions_and_the_later_name_wins(tmp_path: Path) -> None:
    own = model_directions("silk")
    own.save(tmp_path / "bank.safetensors")
    with_bank = draw(tmp_path / "a.png", 7, amounts=("hue=1",), bank=tmp_path / "bank.safetensors")
    assert np.array_equal(pixels(with_bank), pixels(draw(tmp_path / "b.png", 7, amounts=("hue=1",))))


def test_psi_draws_towards_the_average(tmp_path: Path) -> None:
    np.save(tmp_path / "z.npy", np.zeros((1, 128)))
    seeds = [pixels(draw(tmp_path / f"{seed}.png", seed, psi=0.0)) for seed in (1, 2)]
    assert np.array_equal(*seeds)
    wide = [pixels(draw(tmp_path / f"{seed}.png", seed, psi=1.0)) for seed in (1, 2)]
    assert not np.array_equal(*wide)


def test_psi_draws_a_w_as_it_draws_its_z(tmp_path: Path) -> None:
    z = np.random.RandomState(7).randn(1, 128)
    np.save(tmp_path / "w.npy", z)  # silk's w is its z
    given = draw(tmp_path / "a.png", w=tmp_path / "w.npy", psi=0.5)
    assert np.array_equal(pixels(given), pixels(draw(tmp_path / "b.png", 7, psi=0.5)))


def test_gardens_differ(tmp_path: Path) -> None:
    a, b = (pixels(draw(tmp_path / f"{n}.png", 7, model=f"silk:{n}")) for n in (1, 2))
    assert np.abs(a - b).mean() > 8


@pytest.mark.parametrize(
    "z", [np.full((1, 128), np.nan), np.full((1, 128), np.inf), np.zeros((1, 2, 128)), np.zeros(3)]
)
def test_latents_that_cannot_be_are_refused(z: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "z.npy", z)
    with pytest.raises(ModelError, match=r"z.npy: .* the model takes finite N x 128"):
        draw(tmp_path / "x.npy", z=tmp_path / "z.npy")
    assert not (tmp_path / "x.npy").exists()


def test_several_places_do_not_fit_one_picture(tmp_path: Path) -> None:
    np.save(tmp_path / "z.npy", np.zeros((2, 128)))
    with pytest.raises(InputError, match="2 latents do not fit one picture; write .npy"):
        draw(tmp_path / "x.png", z=tmp_path / "z.npy")
    np.save(tmp_path / "z.npy", np.zeros((0, 128)))
    with pytest.raises((InputError, ModelError)):
        draw(tmp_path / "x.npy", z=tmp_path / "z.npy")
