"""A show that is taught: what its table may say, where its poses lie, and that takes play them again."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ShowError
from engine.paths import data_dir
from engine.preset import Show, check_routes, find_show, load_show
from engine.preset.demonstrate import pose_file, pose_places
from engine.show.desk import Desk
from engine.show.keeper import Keeper
from engine.show.session import STEP_S
from engine.studio.check import check
from engine.studio.inspect import inspect
from engine.studio.render import taken
from mappings.demonstrate import Poses
from mappings.demonstrate.pose_file import lines, load
from mappings.errors import PosesError
from mappings.recorder import Recorder, TakeWriter

TEXT = """title = "Taught"
[generator]
model = "silk"
[sources.midi]
enabled = false
[sources.osc]
port = 0
[sources.clock.signals.tide]
wave = "sine"
period_s = 2
[demonstrate]
signals = ["/osc/x", "/clock/*"]
controls = ["/direction/hue", "/direction/bloom"]
smooth = 0.0
"""
HUE, BLOOM = "/direction/hue", "/direction/bloom"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folder, for this test."""
    monkeypatch.setenv("LATENZ_WORK", str(tmp_path / "work"))
    return tmp_path / "work"


def written(folder: Path, text: str = TEXT) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "show.toml"
    path.write_text(text, "utf-8")
    return path


def two_poses() -> Poses:
    first = Poses().added({"/osc/x": 0.0}, {HUE: -1.0, BLOOM: 1.0}, {})
    return first.added({"/osc/x": 1.0}, {HUE: 1.0, BLOOM: -1.0}, {})


def keep(path: Path, poses: Poses) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines(poses)), "utf-8")


class Stepper:
    """A desk stepped by hand; without its sockets and clocks: signals are put on the bus."""

    def __init__(self, show: Show, *, live: bool = False) -> None:
        self.desk = Desk(show, live=live, sources=[])
        self.now_s = 0.0

    def signal(self, value: float) -> None:
        self.desk.bus.level("/osc/x", value, self.now_s)

    def hand(self, address: str, value: float = 1.0) -> None:
        self.desk.hand(address, value, self.now_s, "test")

    def run(self, seconds: float = 0.2) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.desk.step(self.now_s, STEP_S)
            self.now_s += STEP_S

    def teach(self, x: float, hue: float) -> None:
        self.signal(x)
        self.hand(HUE, hue)
        self.run()
        self.hand("/demonstrate/press")
        self.hand("/demonstrate/let_go")
        self.run()

    def hue(self) -> float:
        return self.desk.level(HUE)


# --- the table


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"/osc/x", ', '"/osx/x", ', 'show.toml:12: no signal "/osx/x"; did you mean "/osc"?'),
        ('"/osc/x", ', '"/direction/twist", ', '"/direction/twist" is a control; signals are what comes in'),
        ('"/osc/x", ', '"/key/a", ', '"/key/a" is an event, which has no pose; route it to /demonstrate/press'),
        ('"/direction/bloom"', '"/direction/blom"', 'show.toml:13: no level control "/direction/blom"; did you mean'),
        ('"/direction/bloom"', '"/latent/next"', '"/latent/next" is an event; only levels'),
        ('"/direction/bloom"', '"/demonstrate/on"', 'no level control "/demonstrate/on"'),
        ("smooth = 0.0", "smoth = 1", 'show.toml:14: unknown key "smoth"; did you mean "smooth"?'),
        ("smooth = 0.0", "smooth = -1", "demonstrate.smooth: "),
        ("smooth = 0.0", 'method = "magic"', "demonstrate.method: "),
        ("smooth = 0.0", 'file = "show.toml"', 'a name that ends in .json is allowed: it is written over'),
        ("smooth = 0.0", 'file = "../poses.json"', '"../poses.json" lies outside the show'),
        ("smooth = 0.0", 'file = "/poses.json"', '"/poses.json" lies outside the show'),
        ("smooth = 0.0", 'file = "a\\u0000b.json"', "a name that ends in .json is allowed"),
        ("smooth = 0.0", f'file = "{"ü" * 150}.json"', "a name that ends in .json is allowed"),
        ('signals = ["/osc/x", "/clock/*"]', "signals = []", "demonstrate.signals: "),
    ],
)  # fmt: skip
def test_a_wrong_table_is_refused_by_name(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert old in TEXT
    with pytest.raises(ShowError) as caught:
        load_show(written(tmp_path / "show", TEXT.replace(old, new)))
    assert said in str(caught.value)


def test_a_pattern_of_controls_means_every_level_that_matches(tmp_path: Path) -> None:
    show = load_show(written(tmp_path / "show", TEXT.replace('"/direction/bloom"', '"/direction/*", "/direction/hue"')))
    assert show.demonstrate is not None
    directions = [c.address for c in show.layout.levels if c.address.startswith("/direction/")]
    assert sorted(show.demonstrate.controls) == sorted(directions)


def test_a_show_without_the_table_has_no_such_controls(tmp_path: Path) -> None:
    show = load_show(written(tmp_path / "show", TEXT.partition("[demonstrate]")[0]))
    assert not [c.address for c in show.layout.controls if c.address.startswith("/demonstrate/")]


# --- where poses lie


def test_poses_lie_beside_the_show(tmp_path: Path) -> None:
    show = load_show(written(tmp_path / "show"))
    assert pose_file(show) is None
    assert pose_places(show)[0] == tmp_path / "show" / "poses.json"
    keep(tmp_path / "show" / "poses.json", two_poses())
    assert pose_file(show) == tmp_path / "show" / "poses.json"
    assert check(str(show.path))["demonstrate"]["poses"] == 2


def test_a_show_that_came_with_latenz_is_never_written_to(own_folder: Path) -> None:
    show = load_show(find_show("demonstrate"))
    (place,) = pose_places(show)
    assert place == own_folder / "poses" / "demonstrate" / "poses.json"
    assert pose_file(show) == data_dir("presets") / "demonstrate" / "poses.json"
    keep(place, two_poses())
    assert pose_file(show) == place, "found again"


def test_where_the_show_cannot_be_written_the_users_own_folder_takes_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show = load_show(written(tmp_path / "show"))
    (tmp_path / "show" / "poses.json").mkdir()  # stands for a folder that cannot be written: this user may be root
    keeper = Keeper()
    keeper.put(pose_places(show), two_poses())
    keeper.close()
    place = pose_places(show)[-1]
    assert place.is_file() and pose_places(show) == (place,) and pose_file(show) == place
    assert f"poses are kept in {place}" in capsys.readouterr().err


def test_poses_that_nowhere_can_be_kept_are_counted_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    keeper = Keeper()
    keeper.put((tmp_path / "file" / "poses.json",), two_poses())
    keeper.close()
    assert keeper.dropped["poses_unsaved"] == 1 and "could not be kept" in capsys.readouterr().err


def test_of_many_presses_the_newest_is_kept_whole(tmp_path: Path) -> None:
    keeper, place, poses = Keeper(), tmp_path / "poses.json", Poses()
    for i in range(30):
        poses = poses.added({"/osc/x": float(i)}, {HUE: float(i)}, {})
        keeper.put((place,), poses)
    keeper.close()
    keeper.close()
    assert len(load(place)) == 30 and list(tmp_path.iterdir()) == [place]


# --- playing


def test_what_was_pressed_is_there_after_a_restart(tmp_path: Path) -> None:
    show = load_show(written(tmp_path / "show"))
    one = Stepper(show, live=True)
    one.teach(0.0, -1.0)
    one.teach(1.0, 1.5)
    one.desk.close()
    other = Stepper(show, live=True)
    for x, hue in ((0.0, -1.0), (1.0, 1.5)):
        other.signal(x)
        other.run()
        assert other.hue() == pytest.approx(hue, abs=0.02)
    assert other.desk.status()["demonstrate"]["poses"] == 2
    other.desk.close()


def test_a_render_writes_nothing(tmp_path: Path, own_folder: Path) -> None:
    stepper = Stepper(load_show(written(tmp_path / "show")))
    stepper.teach(0.0, -1.0)
    stepper.desk.close()
    assert stepper.desk.status()["demonstrate"]["poses"] == 1
    assert not (tmp_path / "show" / "poses.json").exists() and not own_folder.exists()


def test_broken_poses_are_refused_before_a_show_begins(tmp_path: Path) -> None:
    path = written(tmp_path / "show")
    (tmp_path / "show" / "poses.json").write_text("{")
    with pytest.raises(ShowError, match=r"poses\.json:1: not JSON"):
        check_routes(load_show(path))
    with pytest.raises(PosesError):
        Desk(load_show(path), live=False)


def test_poses_that_break_while_it_plays_are_set_aside_and_not_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show = load_show(written(tmp_path / "show"))
    (tmp_path / "show" / "poses.json").write_text("{")
    stepper = Stepper(show, live=True)
    assert "playing without poses" in capsys.readouterr().err
    stepper.teach(0.5, 1.0)
    stepper.desk.close()
    assert len(load(tmp_path / "show" / "poses.json")) == 1
    assert (tmp_path / "show" / "poses.unread.json").read_text() == "{"


def test_broken_poses_that_were_mended_count_when_the_show_is_saved(tmp_path: Path) -> None:
    path = written(tmp_path / "show")
    file = tmp_path / "show" / "poses.json"
    first = Stepper(load_show(path), live=True)
    first.teach(0.2, 0.5)
    first.teach(0.8, 1.0)
    first.desk.close()
    good = file.read_text("utf-8")
    file.write_text("{")
    former = Stepper(load_show(path), live=True)
    file.write_text(good)
    saved = Stepper(load_show(path), live=True)
    assert saved.desk.lesson is not None and former.desk.lesson is not None
    saved.desk.lesson.inherit(former.desk.lesson)
    assert saved.desk.status()["demonstrate"]["poses"] == 2
    saved.teach(0.5, -1.0)
    saved.desk.close()
    assert len(load(file)) == 3 and not (tmp_path / "show" / "poses.unread.json").exists()


def test_undo_and_clear_are_kept_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stepper = Stepper(load_show(written(tmp_path / "show")), live=True)
    stepper.hand("/demonstrate/undo")
    stepper.hand("/demonstrate/press")
    stepper.run()
    for verb in ("clear", "undo", "undo"):
        stepper.teach(0.1, 0.5)
        stepper.hand(f"/demonstrate/{verb}")
        stepper.run()
    stepper.desk.close()
    said = capsys.readouterr().err
    assert "there is nothing to take back" in said and "no signal has come yet" in said and "1 pose (kernel)" in said
    assert len(load(tmp_path / "show" / "poses.json")) == len(stepper.desk.lesson.demonstration.poses)  # type: ignore[union-attr]


def test_panic_lets_go_and_what_was_demonstrated_plays(tmp_path: Path) -> None:
    stepper = Stepper(load_show(written(tmp_path / "show")))
    stepper.teach(0.0, -1.0)
    stepper.hand(HUE, 2.0)
    stepper.hand("/demonstrate/on", 0.0)
    stepper.run()
    assert stepper.hue() == 2.0
    stepper.hand("/show/panic")
    stepper.run()
    assert stepper.hue() == pytest.approx(-1.0, abs=0.02)


def test_another_model_leaves_out_what_it_does_not_have(tmp_path: Path) -> None:
    from engine.preset import Options

    text = TEXT.replace('"silk"', '"tulip"').replace('"/direction/bloom"', '"/direction/picotee"')
    path = written(tmp_path / "show", text)
    show = load_show(path, Options(model="silk"))
    assert show.demonstrate is not None and show.demonstrate.controls == (HUE,)
    assert "picotee" in " ".join(show.told)


def test_whoever_held_a_control_is_told_again_where_it_goes(tmp_path: Path) -> None:
    stepper = Stepper(load_show(written(tmp_path / "show")))
    stepper.teach(0.0, -1.0)
    stepper.hand(HUE, 2.0)
    stepper.run()
    assert HUE in stepper.desk.bus.writers
    stepper.hand("/demonstrate/let_go")
    stepper.run()
    assert HUE not in stepper.desk.bus.writers and stepper.hue() == pytest.approx(-1.0, abs=0.02)


# --- takes


def test_a_take_begins_with_the_poses_of_its_recording_and_presses_again(tmp_path: Path) -> None:
    show = load_show(written(tmp_path / "show"))
    keep(tmp_path / "show" / "poses.json", two_poses())
    one = Stepper(show, live=True)
    take = tmp_path / "tonight.take"
    assert one.desk.lesson is not None
    header = {"show": show.name, **one.desk.lesson.header()}
    one.desk.recorder = Recorder(TakeWriter(take, header), one.now_s, one.desk.bus)
    heard = []
    for x, hue in ((0.3, None), (0.5, 2.0), (0.9, None), (0.45, None)):
        one.signal(x)
        if hue is not None:
            one.hand(HUE, hue)
            one.run()
            one.hand("/demonstrate/press")
            one.hand("/demonstrate/let_go")
        one.run()
        heard.append(one.hue())
    one.desk.close()
    assert len(load(tmp_path / "show" / "poses.json")) == 3, "the third was pressed while it was recorded"
    played = []
    desk = taken(show, take)
    desk.open(0.0)
    for step in range(round(1.0 / STEP_S)):
        played.append(float(desk.step(step * STEP_S, STEP_S).values[show.layout.index(HUE)]))
    desk.close()
    ends = [round(t / STEP_S) - 1 for t in (0.2, 0.6, 0.8, 1.0)]
    assert [played[end] for end in ends] == pytest.approx(heard, abs=1e-9)


def test_a_take_with_broken_poses_is_refused_by_name(tmp_path: Path) -> None:
    take = tmp_path / "x.take"
    take.write_text(json.dumps({"latenz": "take", "version": 1, "poses": {"latenz": "poses"}}) + "\n")
    with pytest.raises(PosesError, match=r"x\.take:1"):
        taken(load_show(written(tmp_path / "show")), take)


def test_two_runs_are_the_same_bit_for_bit(tmp_path: Path) -> None:
    show = load_show(written(tmp_path / "show", TEXT.replace("smooth = 0.0", "smooth = 0.2")))
    seen = []
    for _ in range(2):
        desk = Desk(show, live=False)
        desk.open(0.0)
        rows = []
        for step in range(1200):
            if step in (50, 200, 350, 420):
                desk.hand(HUE, step / 500, step * STEP_S, "test")
                desk.hand("/demonstrate/press", 1.0, step * STEP_S, "test")
                desk.hand("/demonstrate/let_go", 1.0, step * STEP_S, "test")
            rows.append(desk.step(step * STEP_S, STEP_S).values.copy())
        desk.close()
        seen.append(np.array(rows))
    assert seen[0].tobytes() == seen[1].tobytes()
    assert np.ptp(seen[0][450:, show.layout.index(HUE)]) > 0.1, "and it plays: the clock is one of its signals"


# --- what it says of itself


def test_inspect_says_what_was_demonstrated(tmp_path: Path) -> None:
    poses = two_poses()
    for x in (0.25, 0.75):
        poses = poses.added({"/osc/x": x, "/osc/still": 0.5}, {HUE: 2 * x - 1, BLOOM: 1 - 2 * x}, {})
    keep(tmp_path / "poses.json", poses)
    found = inspect(str(tmp_path / "poses.json"))
    assert found["kind"] == "poses" and found["poses"] == 4 and found["still"] == ["/osc/still"]
    assert found["left_out"]["ridge"] < 0.05, "a straight line is what ridge knows"
    keep(tmp_path / "none.json", Poses())
    assert inspect(str(tmp_path / "none.json"))["poses"] == 0


def test_inspect_refuses_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[1, 2]")
    with pytest.raises(PosesError, match="not a file of poses"):
        inspect(str(tmp_path / "x.json"))


def test_the_shipped_poses_are_what_the_script_writes() -> None:
    found = load(data_dir("presets") / "demonstrate" / "poses.json")
    assert len(found) == 5 and not np.isnan(found.x).any() and not np.isnan(found.y).any()
