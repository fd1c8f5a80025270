"""The compasses of a show: what they are learned from, and how a mistake in them is told."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InputError, ModelError, ShowError
from engine.generator.catalog import model_directions, model_info
from engine.latent.directions import Direction, Directions
from engine.latent.places import Places
from engine.latent.space import seed_z
from engine.preset import Options, Show, check_routes, find_show, load_show
from engine.preset.compass import axes_of
from engine.preset.examples import one_space, read_examples
from engine.stage.outputs.picture import latent_text, save_png

INFO = model_info("tulip")
BLOOM = model_directions("tulip")["bloom"].vector
GENERATOR = '[generator]\nmodel = "tulip"\n'


def still(path: Path, seed: int = 1, **other: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    text = {
        "latenz.model": "tulip", "latenz.model_hash": INFO.hash, "latenz.space": "z",
        "latenz.latent": latent_text(seed_z(seed, INFO.z_dim)),
    }  # fmt: skip
    save_png(path, np.zeros((8, 8, 3), np.uint8), {key: value for key, value in (text | other).items() if value})
    return path


def show(folder: Path, compass: str, options: Options | None = None, more: str = "") -> Show:
    path = folder / "show.toml"
    path.write_text(f"{GENERATOR}[[compass]]\n{compass}\n{more}", "utf-8")
    return load_show(path, options)


def extremes(each: int = 6) -> tuple[list[int], list[int]]:
    """Seeds of buds and of open flowers, of two hundred."""
    order = sorted(range(200), key=lambda seed: float(seed_z(seed, INFO.z_dim) @ BLOOM))
    return order[-each:], order[:each]


def test_a_show_of_seeds_learns_what_it_was_sorted_by(tmp_path: Path) -> None:
    more, less = extremes()
    found = show(tmp_path, f'name = "open"\nmore = {more}\nless = "{", ".join(map(str, less))}"')
    direction = found.directions["open"]
    assert direction.vector @ BLOOM > 0.75
    assert direction.sigma == pytest.approx(1.0)
    addresses = {control.address for control in found.layout.controls}
    assert {
        "/direction/open",
        "/accent/open",
        *(f"/compass/open/{verb}" for verb in ("more", "less", "undo")),
    } < addresses


def test_a_folder_of_stills_an_array_and_places_are_the_same_examples(tmp_path: Path) -> None:
    seeds = (3, 17, 42)
    latents = np.array([seed_z(seed, INFO.z_dim) for seed in seeds])
    for seed in seeds:
        still(tmp_path / "stills" / f"{seed:03d}.png", seed)
    (tmp_path / "stills" / "notes.txt").write_text("they feel alike")
    np.save(tmp_path / "z.npy", latents)
    Places.of({f"more-{i}": z for i, z in enumerate(latents)}).save(tmp_path / "p.safetensors")
    for given_ in ("3, 17,42", "stills", "z.npy", "p.safetensors", "p.safetensors:more-*"):
        found = read_examples(given_, INFO, tmp_path)
        assert one_space(found, "z") == pytest.approx(latents, abs=1e-6), given_
    assert [e.name for e in read_examples("p.safetensors:more-0,more-2", INFO, tmp_path)] == ["more-0", "more-2"]
    assert read_examples(str(tmp_path / "stills"), INFO)[0].picture == tmp_path / "stills" / "003.png"


@pytest.mark.parametrize(
    ("compass", "said"),
    [
        ('more = "1,2"', "show.toml:3: compass.0.name: field required"),
        ('name = "a"\nmoar = "1,2"', 'unknown key "moar"; did you mean "more"?'),
        ('name = "bloom"', 'show.toml:3: a direction is called "bloom" already'),
        ('name = "a b"', "cannot stand in an address"),
        ('name = "a"\n[[compass]]\nname = "a"', 'show.toml:5: a direction is called "a" already'),
        ('name = "a"\nmore = "nowhere/"', "show.toml:3: nowhere/: no such file or folder in"),
        ('name = "a"\nmore = "../elsewhere"', "lies outside the show"),
        ('name = "a"\nmore = "empty"', "empty: no stills in it"),
        ('name = "a"\nmore = "1,2"\nless = "2,3"', "seed 2: one place lies in more and in less"),
        ('name = "a"\nmore = "99999999999"', "no such file or folder"),
        ('name = "a"\nmore = "5000000000"', "the seed 5000000000 is too large"),
        ('name = "a"\ncomponents = "c.safetensors"', 'no file "c.safetensors"'),
        ('name = "a"\nlayers = [99]', "moves layers [99]"),
        ('name = "a"\nlayers = []', "at least 1 item"),
        ('name = "a\\u0000b"', "cannot stand in an address"),
        ('name = "a"\nmore = "a\\u0000b"', "no file can have this name"),
        (f'name = "a"\nmore = "{"x" * 5000}"', "no file can have this name"),
        ('name = "a"\n[motion]\ngeometry = "flat"', 'it compares z, and geometry = "flat" has none'),
        ("\n[[compass]]\n".join(f'name = "n{i}"' for i in range(17)), "17 compasses; at most 16"),
    ],
)
def test_a_mistake_is_told_with_its_line(compass: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ShowError) as told:
        show(tmp_path, compass)
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"latenz.latent": ""}, "holds no latent; only stills that latenz has drawn do"),
        ({"latenz.model_hash": "0" * 64, "latenz.model": "rose"}, "a still of rose (000000000000), not of tulip"),
        ({"latenz.model_hash": ""}, "a still of tulip (no hash), not of tulip"),
        ({"latenz.latent": "AAAA"}, "cannot be read"),
        ({"latenz.latent": latent_text(np.zeros(7))}, "a latent of shape (7,) in z; tulip has (512,) in z"),
        ({"latenz.space": "q"}, "in q; tulip has"),
    ],
)
def test_a_still_that_is_none_is_refused_by_name(other: dict[str, str], said: str, tmp_path: Path) -> None:
    still(tmp_path / "more" / "a.png", **other)
    with pytest.raises(InputError) as told:
        read_examples("more", INFO, tmp_path)
    assert said in str(told.value) and "a.png" in str(told.value)


def test_a_picture_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG but not much of it")
    with pytest.raises(InputError, match=r"a\.png: not a picture that can be read"):
        read_examples(".", INFO, tmp_path)


def test_other_files_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "b.npy").write_bytes(b"not an array")
    np.save(tmp_path / "c.npy", np.full((2, INFO.z_dim), np.nan))
    np.save(tmp_path / "d.npy", np.zeros((2, 5)))
    Places.of({"here": seed_z(1, INFO.z_dim)}).save(tmp_path / "p.safetensors")
    for given_, said in (
        ("a.txt", "give a folder of stills"), ("b.npy", "not a .npy of plain numbers"),
        ("c.npy", "a latent of it is not finite"), ("d.npy", "a latent of shape (5,)"),
        ("p.safetensors:hare", 'no place "hare"; did you mean "here"?'),
    ):  # fmt: skip
        with pytest.raises(InputError) as told:
            read_examples(given_, INFO, tmp_path)
        assert said in str(told.value)


def test_latents_of_two_spaces_are_not_mixed(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.zeros((2, INFO.num_ws, INFO.w_dim)))
    found = read_examples("w.npy", INFO, tmp_path)
    with pytest.raises(ModelError, match=r"w\.npy\[0\] lies in w and this compass compares z"):
        one_space(found, "z")
    assert one_space(found, "w").shape == (2, INFO.w_dim)


def test_with_another_model_a_compass_of_stills_is_set_aside_and_its_routes_with_it(tmp_path: Path) -> None:
    still(tmp_path / "more" / "a.png", 1)
    still(tmp_path / "less" / "b.png", 2)
    routes = "".join(
        f'[[route]]\nfrom = "/key/{key}"\nto = "{to}"\n'
        for key, to in (("e", "/compass/mood/more"), ("q", "/direction/mood"), ("w", "/direction/yours"))
    )
    compass = 'name = "mood"\nmore = "more"\nless = "less"\n[[compass]]\nname = "yours"\nmore = "1,2"'
    assert len(check_routes(show(tmp_path, compass, more=routes)).addresses) > 0
    other = show(tmp_path, compass, Options(model="silk:1"), routes)
    assert [spec.name for spec in other.compasses] == ["yours"]
    assert [route.to for route in other.routes] == ["/direction/yours"]
    assert any("compasses sorted on another model than silk" in line and "mood" in line for line in other.told)


def test_without_directions_of_its_own_a_model_needs_a_bank(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no straight directions in w"):
        axes_of(tuple(model_directions("tulip")), "w", 20)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 6))
def test_the_span_of_slanting_directions_is_made_upright(seed: int, count: int) -> None:
    numbers = np.random.RandomState(seed)
    rows = [Direction(f"d{i}", numbers.randn(9), "w", float(numbers.rand() + 0.1)) for i in range(count)]
    axes = axes_of(rows, "w", 20)
    assert axes.rows @ axes.rows.T == pytest.approx(np.eye(len(axes)), abs=1e-9)
    for d in rows:
        assert axes.rows.T @ (axes.rows @ d.vector) == pytest.approx(d.vector, abs=1e-6)


def test_a_bank_can_be_the_axes(tmp_path: Path) -> None:
    own = model_directions("tulip").select(["bloom", "hue", "light"])
    Directions(own.items).save(tmp_path / "axes.safetensors")
    more, less = extremes()
    found = show(tmp_path, f'name = "open"\nmore = {more}\nless = {less}\ncomponents = "axes.safetensors"')
    assert len(found.compasses[0].axes) == 3
    assert found.directions["open"].vector @ BLOOM > 0.95


def test_the_shipped_show_knows_its_two_moods() -> None:
    found = load_show(find_show("compass"))
    spec = found.compasses[0]
    assert (len(spec.more), len(spec.less), len(found.compasses[1].more)) == (6, 6, 0)
    assert found.directions["exuberant"].vector @ BLOOM > 0.3  # the exuberant ones are open
