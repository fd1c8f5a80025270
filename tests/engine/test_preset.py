"""A show is read whole or refused with file, line, what was given and what is allowed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ShowError
from engine.paths import data_dir
from engine.preset import Options, check_routes, find_show, load_show
from engine.studio.check import check
from engine.studio.new import new

SHIPPED = sorted(p.parent.name for p in data_dir("presets").glob("*/show.toml"))


def write(folder: Path, text: str) -> Path:
    path = folder / "show.toml"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_shows_hold_together(name: str) -> None:
    summary = check(name)
    assert summary["routes"] or summary["script"]


def test_the_default_show_is_first_light() -> None:
    assert find_show(None).parent.name == "first_light"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = ", "show.toml:1: not TOML"),
        ('title = "x"\n[generator]\nmodle = "silk"\n', 'show.toml:3: unknown key "modle"; did you mean "model"?'),
        ("[generator]\npsi = 5\n", "show.toml:2: generator.psi: "),
        ('[generator]\nmodel = "slik"\n', "show.toml:2: no model 'slik' is built in; did you mean 'silk'?"),
        ("[motion]\n\ndamping = 40\n", "show.toml:1: [motion] damping = 40.0 is out of range; give 0 to 4"),
        ("[motion.bands.course]\ndamping = 1\n", 'no band "course"; did you mean "coarse"?'),
        (
            '[[route]]\nfrom = "/tempo/beat"\nto = "/direction/strypes"\n',
            'show.toml:1: no control "/direction/strypes"',
        ),
        ('[[route]]\nfrom = "/tempo/beat"\nto = "/direction/strypes"\n', 'did you mean "/direction/stripes"?'),
        ('[[route]]\nfrom = "/audio/low"\nto = "/direction/hue"\n', 'no signal "/audio/low"'),
        ('[[route]]\nfrom = "/tempo/beat"\nto = "/direction/hue"\nshape = ["smooth 2kg"]\n', "kg"),
        ('[[route]]\nfrom = "/tempo/beat"\n', "show.toml:1: route.0.to: field required"),
        ("[sources.midy]\n", 'show.toml:1: no source of kind "midy"; did you mean "midi"?'),
        ("[sources.osc]\nprot = 1\n", 'show.toml:2: [sources.osc] has no key "prot"; did you mean "port"?'),
        ('[sources.audio]\nfile = "../../etc/passwd"\n', "lies outside the show"),
        ('[sources.audio]\nfile = "song.wav"\n', 'show.toml:1: no file "song.wav"'),
        ('[[effect]]\nshader = "feedbak.fs"\n', 'no effect "feedbak.fs"'),
        ('[[effect]]\nshader = "feedback.fs"\nnothing_like_it = 1\n', "nothing_like_it"),
        ('[[effect]]\nshader = "feedback.fs"\nzoom = "much"\n', "show.toml:1: "),
        ("[[effect]]\n", 'an effect needs shader = "name.fs"'),
        ('script = "../evil.py"\n', "lies outside the show"),
        (
            '[controls]\n"/motion/dampin" = 1\n',
            'show.toml:2: no control "/motion/dampin"; did you mean "/motion/damping"?',
        ),
        ('[controls]\n"/motion/damping" = 9\n', "show.toml:2: /motion/damping = 9 is outside 0 .. 4"),
        ("[[voice]]\n" * 40, "show.toml:1: "),
        ("[[voice]]\n" * 40, "level controls; at most 1024 fit"),
        ("[[voice]]\nsequence_fps = 0\n", "show.toml:1: sequence_fps = 0.0 is out of range"),
        ('[[voice]]\nhome = "nowhere"\n', 'show.toml:1: no place "nowhere"'),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ShowError) as caught:
        check_routes(load_show(write(tmp_path, text)))
    assert said in str(caught.value)


def test_an_unknown_show_names_the_nearest() -> None:
    with pytest.raises(ShowError, match='did you mean "first_light"'):
        find_show("frist_light")


def test_a_show_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "show.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ShowError, match="not UTF-8"):
        load_show(tmp_path / "show.toml")
    (tmp_path / "show.toml").write_bytes(b"#" * (2 << 20))
    with pytest.raises(ShowError, match="larger than 1 MiB"):
        load_show(tmp_path / "show.toml")


def test_the_command_line_wins_over_the_show(tmp_path: Path) -> None:
    path = write(tmp_path, "[generator]\nseed = 1\n[stage]\nsize = [640, 480]\nfps = 25\n")
    show = load_show(path)
    assert (show.seed, show.size, show.fps, show.drawn_size) == (1, (640, 480), 25.0, (640, 480))
    show = load_show(path, Options(seed=9, size=(320, 200), fps=60.0, osc="127.0.0.1:9777"))
    assert (show.seed, show.size, show.fps) == (9, (320, 200), 60.0)
    osc = next(spec for spec in show.sources if spec.name == "osc")
    assert osc.config.port == 9777


def test_controls_rest_where_the_show_says(tmp_path: Path) -> None:
    show = load_show(write(tmp_path, '[generator]\npsi = 0.7\n[controls]\n"/direction/hue" = 1.5\n'))
    rests = {c.address: c.default for c in show.layout.levels}
    assert rests["/generator/psi"] == 0.7 and rests["/direction/hue"] == 1.5


def test_voices_share_the_width_side_by_side(tmp_path: Path) -> None:
    show = load_show(write(tmp_path, "[stage]\nsize = [900, 300]\n[[voice]]\n[[voice]]\n[[voice]]\nseed = 77\n"))
    assert show.drawn_size == (300, 300) and [v.seed for v in show.voices] == [0, 1000, 77]


def test_the_same_text_gives_the_same_layout_in_every_process() -> None:
    path = find_show("pulse")
    first, second = load_show(path), load_show(path, text=path.read_text("utf-8"))
    assert [c.address for c in first.layout.controls] == [c.address for c in second.layout.controls]


@given(st.text(max_size=400))
def test_any_text_is_a_show_or_a_show_error(text: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        try:
            load_show(write(Path(folder), text.replace("\0", "")))
        except ShowError as error:
            assert "show.toml" in str(error)


_KEYS = st.sampled_from(
    ["title", "generator", "motion", "stage", "voice", "sources", "route", "effect", "controls", "next", "bpm"]
)
_VALUES = st.recursive(
    st.one_of(st.integers(-5, 5), st.floats(allow_nan=False), st.booleans(), st.sampled_from(["", "silk", "/a", "x.fs", "../x"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["model", "size", "from", "to", "osc", "kind"]), inner, max_size=3)),
    max_leaves=6,
)  # fmt: skip


@given(st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_any_table_is_a_show_or_a_show_error(table: dict[str, object]) -> None:
    import tempfile

    import tomlkit

    with tempfile.TemporaryDirectory() as folder:
        try:
            check_routes(load_show(write(Path(folder), tomlkit.dumps(table))))
        except ShowError as error:
            assert "show.toml" in str(error)


def test_a_new_show_plays_and_nothing_is_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = new("my_show")
    assert load_show(path).table.title == "My Show"
    check_routes(load_show(path))
    with pytest.raises(ValueError, match="is there already"):
        new("my_show")
    with pytest.raises(ValueError, match="letters, digits"):
        new("a b")
