"""What a show says of sequences, pools and snapshots; and that what it draws follows."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.controls import Controls
from engine.errors import ShowError
from engine.generator import model_file
from engine.generator.biggan_spec import BigGANSpec
from engine.latent.sequence_file import Mark
from engine.preset import Options, Show, check_routes, load_show, same_generator
from engine.show.picture import Picture
from tests.engine.generator.small_models import BIGGAN, stylegan2, tensors_of
from tests.engine.test_preset_models import weights

FADER = """
[generator]
model = "kid-2.safetensors"

[[voice]]
sequence = "way.npy"

[sources.midi]

[sources.market]
file = "btc.csv"
symbol = "BTC/USD"

[controls]
"/journey/speed" = 0

[[route]]
from = "/midi/nano/1/cc/1"
to = "/journey/at"

[[route]]
from = "/midi/*/10/note/36"
to = "/journey/mark/the_sea"

[[route]]
from = "/market/btc_usd/rank"
to = "/generator/age"
mix = "add"
range = [-1, 1]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three snapshots, a model with classes, and sequences of both."""
    folder = tmp_path_factory.mktemp("show")
    (folder / "kids").mkdir()
    for seed in range(3):
        kid = folder / (f"kid-{seed}.safetensors" if seed == 2 else f"kids/kid-{seed * 10}.safetensors")
        model_file.write(kid, stylegan2("skip"), weights(stylegan2("skip"), seed), model_file.About(kid.stem))
    big = BigGANSpec.of_json(BIGGAN)
    tensors = {name: tensor.numpy() for name, tensor in tensors_of(big, 4).items()}
    model_file.write(folder / "big.safetensors", big, tensors, model_file.About("big"))
    random = np.random.RandomState(3)
    np.save(folder / "way.npy", random.randn(8, stylegan2("skip").z_dim).astype(np.float32))
    np.save(folder / "classed.npy", random.randn(8, big.z_dim).astype(np.float32))
    np.save(folder / "classed.classes.npy", np.eye(big.classes, dtype=np.float32)[np.arange(8) % big.classes])
    row = {"latenz": "sequence", "version": 1, "fps": "30000/1001", "marks": [{"frame": 3, "name": "the sea"}]}
    (folder / "way.json").write_text(json.dumps(row))
    return folder


def show(folder: Path, text: str, options: Options | None = None) -> Show:
    path = folder / "show.toml"
    path.write_text(text, "utf-8")
    found = load_show(path, options)
    check_routes(found)
    return found


def test_rate_and_marks_are_those_of_the_pair_where_the_show_says_nothing(folder: Path) -> None:
    text = '[generator]\nmodel = "kid-2.safetensors"\n[[voice]]\nsequence = "way.npy"\n'
    voice = show(folder, text).voices[0]
    assert voice.sequence_fps == pytest.approx(29.97, abs=1e-3) and voice.marks == (Mark(3, "the_sea"),)
    assert show(folder, text + "sequence_fps = 12\n").voices[0].sequence_fps == 12.0
    addresses = {c.address for c in show(folder, text).layout.controls}
    assert {"/journey/at", "/journey/beats", "/journey/mark/the_sea", "/journey/next", "/journey/previous"} <= addresses


def test_the_command_line_gives_the_first_voice_a_sequence_from_anywhere(folder: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "other.npy", np.load(folder / "way.npy"))
    text = '[generator]\nmodel = "kid-2.safetensors"\n[[voice]]\nsequence_fps = 12\n[[voice]]\n'
    first, second = show(folder, text, Options(sequence=str(tmp_path / "other.npy"))).voices
    assert first.sequence == tmp_path / "other.npy" and first.sequence_fps == 30.0 and second.sequence is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[voice]]\nsequence = "../way.npy"\n', "lies outside the show"),
        ('[[voice]]\nsequence = "bad.npy"\n', "show.toml:3: .*bad.json: not what latenz writes beside a sequence"),
        ('[[voice]]\nsequence = "way.npy"\nsequence_end = "stop"\n', "sequence_end"),
        ('pool = "none.npy"\n', 'no file "none.npy"'),
        ('pool = "/etc/way.npy"\n', "lies outside the show"),
        ('snapshots = "none"\n', "show.toml:2: none: no folder with models"),
        ('snapshots = ["none.safetensors"]\n', "no such model file"),
        ('snapshots = ["silk"]\n', "silk is no snapshot"),
        ('snapshots = ["big.safetensors"]\n', "not of one architecture"),
        ('second = "kids/kid-0.safetensors"\nsnapshots = "kids"\n', "leave one of them out"),
    ],
)
def test_what_cannot_be_played_is_refused_with_its_place(text: str, message: str, folder: Path) -> None:
    np.save(folder / "bad.npy", np.load(folder / "way.npy"))
    (folder / "bad.json").write_text('{"latenz": "sequence", "version": 99}')
    with pytest.raises(ShowError, match=message):
        show(folder, '[generator]\nmodel = "kid-2.safetensors"\n' + text)


@pytest.mark.parametrize(
    ("opened", "to"),
    [('snapshots = "kids"', "/generator/age"), ('second = "kids/kid-0.safetensors"', "/generator/blend")],
)
def test_another_model_sets_aside_what_only_the_shows_own_row_has(opened: str, to: str, folder: Path) -> None:
    text = f'[generator]\nmodel = "kid-2.safetensors"\n{opened}\n[[route]]\nfrom = "/tempo/beat"\nto = "{to}"\n'
    assert [route.to for route in show(folder, text).routes] == [to]
    found = show(folder, text, Options(model="silk"))
    assert not found.routes and to.rpartition("/")[2] in found.told[0]


def test_a_built_in_model_has_no_snapshots(folder: Path) -> None:
    with pytest.raises(ShowError, match="silk has no snapshots"):
        show(folder, '[generator]\nmodel = "silk"\nsnapshots = "kids"\n')


def test_a_folder_of_snapshots_is_in_order_and_the_model_is_the_last(folder: Path) -> None:
    alone = show(folder, '[generator]\nmodel = "kid-2.safetensors"\n')
    found = show(folder, '[generator]\nmodel = "kid-2.safetensors"\nsnapshots = "kids"\n')
    assert [Path(name).stem for name in found.how.snapshots] == ["kid-0", "kid-10"]
    age = next(c for c in found.layout.levels if c.address == "/generator/age")
    assert (age.default, age.high) == (2.0, 2.0)
    assert found.info.hash == alone.info.hash and not same_generator(found, alone)


def test_routes_play_the_place_in_a_journey_and_the_age(folder: Path) -> None:
    (folder / "btc.csv").write_text("ts,price\n" + "".join(f"{i * 86400},{100 + i % 7}\n" for i in range(40)))
    found = show(folder, FADER.replace('kid-2.safetensors"', 'kid-2.safetensors"\nsnapshots = "kids"'))
    assert {route.to for route in found.routes} == {"/journey/at", "/journey/mark/the_sea", "/generator/age"}


def drawn(found: Show, seconds: float, **levels: float) -> np.ndarray:
    """The last of the frames that a show draws, stepped."""
    picture = Picture(found.pinned, "cpu", 1)
    values = found.layout.defaults.copy()
    for name, value in levels.items():
        values[found.layout.index("/" + name.replace("__", "/"))] = value
    frame = np.zeros(0)
    for number in range(max(2, round(seconds * 30))):
        frame = picture.step(Controls(found.layout, values), 1 / 30, number / 15).copy()
    picture.generator.close()
    return frame


def test_a_live_frame_at_a_whole_age_is_that_snapshots_byte_for_byte(folder: Path) -> None:
    grown = show(folder, '[generator]\nmodel = "kid-2.safetensors"\nsnapshots = "kids"\npsi = 0.7\n')
    young = drawn(grown, 0.1, generator__age=1.0)
    alone = show(folder, '[generator]\nmodel = "kids/kid-10.safetensors"\npsi = 0.7\n')
    assert np.array_equal(young, drawn(alone, 0.1))
    assert not np.array_equal(young, drawn(grown, 0.1))


def test_a_journey_plays_the_classes_of_a_conditional_model_and_hands_add_to_it(folder: Path) -> None:
    text = '[generator]\nmodel = "big.safetensors"\n[[voice]]\nsequence = "classed.npy"\nsequence_fps = 1\n'
    text += '[controls]\n"/journey/speed" = 0\n"/journey/position_s" = 2\n'
    carried = drawn(show(folder, text), 0.1)
    (folder / "classed.classes.npy").rename(folder / "kept.npy")
    try:
        plain = show(folder, text)
        third = {"generator__class__0": 0.0, "generator__class__2": 1.0}
        assert np.array_equal(carried, drawn(plain, 0.1, **third))
        assert not np.array_equal(carried, drawn(plain, 0.1))
    finally:
        (folder / "kept.npy").rename(folder / "classed.classes.npy")
    mixed = drawn(show(folder, text), 0.1, generator__class__1=1.0)
    assert not np.array_equal(mixed, carried)


def test_a_pool_is_played_twice_alike(folder: Path) -> None:
    text = '[generator]\nmodel = "kid-2.safetensors"\npool = "way.npy"\nseed = 5\n[motion]\nwander = 0.5\n'
    found = show(folder, text)
    assert found.voices[0].pool == (folder / "way.npy").resolve()
    assert np.array_equal(drawn(found, 0.5), drawn(found, 0.5))


@pytest.mark.parametrize("text", ['pool = "odd.npy"\n', '[[voice]]\nsequence = "odd.npy"\n'])
def test_rows_of_another_size_are_refused_before_the_show_begins(text: str, folder: Path) -> None:
    np.save(folder / "odd.npy", np.zeros((3, 5), np.float32))
    with pytest.raises(ShowError, match=r"show.toml:3: .*odd.npy: frames of shape \(5,\)"):
        show(folder, '[generator]\nmodel = "kid-2.safetensors"\n' + text)


@pytest.mark.parametrize("with_", ['second = "tulip"', 'snapshots = ["tulip", "tulip"]'])
def test_a_models_own_directions_stay_when_it_blends_or_ages(with_: str, tmp_path: Path) -> None:
    found = show(tmp_path, f'[generator]\nmodel = "tulip"\n{with_}\n')
    assert "bloom" in found.directions.names
    found.directions.check(found.info)
