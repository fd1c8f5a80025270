"""What a show says of sequences, pools and snapshots; and that what it draws follows."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.controls import Controls
from engine.errors import ShowError
from engine.generator import model_file
from engine.generator.biggan_spec import BigGANSpec
from engine.generator.catalog import model_info
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
    assert first.sequence == tmp_path / "other.npy" and first.sequence_fps == 25.0 and second.sequence is None


def test_routes_to_marks_that_another_sequence_does_not_have_are_set_aside(folder: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "other.npy", np.load(folder / "way.npy"))
    text = '[generator]\nmodel = "kid-2.safetensors"\n[[voice]]\nsequence = "way.npy"\n[sources.midi]\n'
    for note, to in ((36, "/journey/mark/the_sea"), (37, "/journey/next")):
        text += f'[[route]]\nfrom = "/midi/*/10/note/{note}"\nto = "{to}"\n'
    assert len(show(folder, text).routes) == 2 and show(folder, text).told == ()
    found = show(folder, text, Options(sequence=str(tmp_path / "other.npy")))
    assert [route.to for route in found.routes] == ["/journey/next"]
    (said,) = found.told
    assert said.endswith("routes to marks that this sequence does not have are set aside: the_sea")
    with pytest.raises(ShowError, match='no control "/journey/mark/the_see"'):
        show(folder, text.replace("the_sea", "the_see"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[voice]]\nsequence = "../way.npy"\n', "lies outside the show"),
        ('[[voice]]\nsequence = "bad.npy"\n', "show.toml:3: .*bad.json: not what latenz writes beside a sequence"),
        ('[[voice]]\nsequence = "way.npy"\nsequence_end = "stop"\n', "sequence_end"),
        ('pool = "none.npy"\n', 'no file "none.npy"'),
        ('pool = "/etc/way.npy"\n', "lies outside the show"),
        ('snapshots = "none"\n', "show.toml:3: none: no folder with models"),
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


PLAYED = pytest.mark.parametrize("key", ["pool", "[[voice]]\nsequence"])


def other_rows(folder: Path, name: str, hash_: str | None = None, model: str = "/else/old.safetensors") -> Path:
    """A copy of the way; with a hash, one that says which model it was made with."""
    np.save(folder / f"{name}.npy", np.load(folder / "way.npy"))
    if hash_ is not None:
        row = {"latenz": "sequence", "version": 1, "model": model, "model_hash": hash_}
        (folder / f"{name}.json").write_text(json.dumps(row))
    return folder / f"{name}.npy"


def of_kid(text: str, key: str, name: str) -> str:
    return f'[generator]\nmodel = "kid-2.safetensors"\n{text}{key} = "{name}.npy"\n'


@PLAYED
@pytest.mark.parametrize("ending", ["json", "classes.npy"])
@pytest.mark.parametrize("there", [True, False])
def test_what_lies_beside_a_sequence_lies_in_the_show_as_well(
    key: str, ending: str, there: bool, folder: Path, tmp_path: Path
) -> None:
    other_rows(folder, "linked")
    outside = tmp_path / "outside"
    if there:
        outside.write_bytes((folder / "way.json").read_bytes())
    link = folder / f"linked.{ending}"
    link.symlink_to(outside)
    try:
        with pytest.raises(ShowError, match=rf'show.toml:3: "linked\.{ending}" lies outside the show; copy it into'):
            show(folder, of_kid("", key, "linked"))
        link.unlink()
        link.symlink_to("way.json" if ending == "json" else "linked.classes.npy")
        if ending == "json":  # a link within the show is as good as a file
            assert show(folder, of_kid("", key, "linked")).voices
        else:
            with pytest.raises(ShowError, match=r'show.toml:3: "linked\.classes\.npy" is no file: .*loop'):
                show(folder, of_kid("", key, "linked"))
    finally:
        link.unlink()


@PLAYED
def test_a_sequence_of_another_model_is_refused_with_the_remedy(key: str, folder: Path) -> None:
    other_rows(folder, "theirs", "ab" * 32)
    said = (
        r"show.toml:3: .*theirs\.npy: made with another model \(old\.safetensors\) than kid-2 \(.*match_banks = \"arch"
    )
    with pytest.raises(ShowError, match=said):
        show(folder, of_kid("", key, "theirs"))
    other_rows(folder, "theirs", "ab" * 32, model="")
    with pytest.raises(ShowError, match=r"another model \(abababababab\) than"):
        show(folder, of_kid("", key, "theirs"))


@PLAYED
def test_a_sequence_of_another_model_is_taken_with_a_warning_where_asked(key: str, folder: Path) -> None:
    other_rows(folder, "theirs", "ab" * 32)
    asked = show(folder, of_kid('match_banks = "architecture"\n', key, "theirs"))
    said = f"{folder.name}: made with another model than kid-2, may look like something else: theirs.npy"
    assert asked.told == (said,)
    other = show(folder, of_kid("", key, "theirs"), Options(model=str(folder / "kids/kid-0.safetensors")))
    assert "theirs.npy" in other.told[0]
    np.save(folder / "theirs.npy", np.zeros((3, 5), np.float32))
    with pytest.raises(ShowError, match=r"frames of shape \(5,\)"):
        show(folder, of_kid('match_banks = "architecture"\n', key, "theirs"))


@PLAYED
def test_any_model_of_the_row_that_is_played_is_a_sequences_own(key: str, folder: Path) -> None:
    kids = ("kids/kid-0.safetensors", "kids/kid-10.safetensors", "kid-2.safetensors")
    for kid in kids:
        other_rows(folder, "aged", model_info(str(folder / kid)).hash)
        assert not show(folder, of_kid('snapshots = "kids"\n', key, "aged")).told
    with pytest.raises(ShowError, match="another model"):
        other_rows(folder, "aged", model_info(str(folder / kids[0])).hash)
        show(folder, of_kid("", key, "aged"))
    assert not show(folder, of_kid(f'second = "{kids[0]}"\n', key, "aged")).told


@PLAYED
def test_rows_that_do_not_say_whose_they_are_are_taken_by_their_size(key: str, folder: Path) -> None:
    other_rows(folder, "bare")
    assert not show(folder, of_kid("", key, "bare")).told
    other_rows(folder, "bare", "")
    assert not show(folder, of_kid("", key, "bare")).told


def test_a_sequence_of_the_command_line_may_be_of_any_model(folder: Path, tmp_path: Path) -> None:
    theirs = other_rows(folder, "theirs", "ab" * 32)
    found = show(folder, '[generator]\nmodel = "kid-2.safetensors"\n', Options(sequence=str(theirs)))
    assert found.voices[0].sequence == theirs and "theirs.npy" in found.told[0]


@PLAYED
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_rows_that_are_not_finite_are_refused_by_number(key: str, bad: float, folder: Path) -> None:
    rows = np.load(other_rows(folder, "holed"))
    text = of_kid("", key, "holed")
    assert show(folder, text).voices
    rows[5, 3] = bad
    np.save(folder / "holed.npy", rows)
    said = r"show.toml:3: .*holed\.npy: frame 5 holds numbers that are not finite; write it without them"
    with pytest.raises(ShowError, match=said):
        show(folder, text)
    # A process that is told to play a show does not read an hour of rows again while it plays.
    assert load_show(folder / "show.toml", text=text).voices
    np.save(folder / "holed.npy", np.nan_to_num(rows, posinf=0.0, neginf=0.0))
    assert show(folder, text).voices


def test_class_weights_that_are_not_finite_are_refused_by_number(folder: Path) -> None:
    np.save(folder / "faint.npy", np.load(folder / "classed.npy"))
    weights = np.load(folder / "classed.classes.npy")
    weights[6, 0] = np.nan
    np.save(folder / "faint.classes.npy", weights)
    with pytest.raises(ShowError, match=r"show.toml:4: .*faint\.classes\.npy: frame 6 holds numbers"):
        show(folder, '[generator]\nmodel = "big.safetensors"\n\n[[voice]]\nsequence = "faint.npy"\n')


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('snapshots = "none"\n', 4, "none: no folder with models"),
        ('snapshots = "mixed"\n', 4, "big.safetensors: .*not of one architecture"),
        ('snapshots = "kids"\nsecond = "kids/kid-0.safetensors"\n', 4, "leave one of them out"),
        (
            'snapshots = [\n  "kids/kid-0.safetensors",  # the first\n  "none.safetensors",\n]\n',
            6,
            "no such model file",
        ),
        ('snapshots = [\n  "kids/kid-0.safetensors",\n  "silk",\n]\n', 6, "silk is no snapshot"),
        ('snapshots = [\n  "kids/kid-0.safetensors",\n  "big.safetensors",\n]\n', 6, "not of one architecture"),
        ('snapshots = [\n  "big.safetensors",\n]\n', 5, "not of one architecture"),
        ('psi = 1\nsnapshots = ["silk"]\n', 5, "silk is no snapshot"),
        ('psi = 1\nsecond = "big.safetensors"\n', 5, "not of one architecture"),
        ('psi = 1\nsecond = "none.safetensors"\n', 5, "no such model file"),
    ],
)
def test_a_model_that_goes_with_another_is_refused_on_its_own_line(
    text: str, line: int, message: str, folder: Path
) -> None:
    (folder / "mixed").mkdir(exist_ok=True)
    for name in ("kids/kid-0.safetensors", "big.safetensors"):
        link = folder / "mixed" / Path(name).name
        if not link.exists():
            link.hardlink_to(folder / name)
    with pytest.raises(ShowError, match=f"show.toml:{line}: .*{message}"):
        show(folder, '[generator]\n# which\nmodel = "kid-2.safetensors"\n' + text)


@pytest.mark.parametrize(
    ("model", "message"), [("none.safetensors", "no such model file"), ("silk", "silk has no snapshots")]
)
def test_a_model_is_refused_on_its_line_and_snapshots_it_cannot_have_on_theirs(
    model: str, message: str, folder: Path
) -> None:
    line = 2 if model != "silk" else 4
    text = f'[generator]\nmodel = "{model}"\npsi = 1\nsnapshots = ["kids/kid-0.safetensors", "kid-2.safetensors"]\n'
    with pytest.raises(ShowError, match=f"show.toml:{line}: .*{message}"):
        show(folder, text)
