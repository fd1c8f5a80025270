"""Laws of supervision: what counts as a fault, how often it is tried again, and that nothing is left behind."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from engine.shared import Board
from engine.supervisor import BACK_OFF_S, GRACE_S, HEALTHY_S, SILENCE_S, Child, Supervisor, end, last_words

SLEEPER = '#!/bin/sh\necho "$*" >> "$0.log"\nexec sleep 60\n'


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path, Board(tmp_path / "board", create=True))
    yield made
    for child in (*made.children.values(), *made.spares.values()):
        end(child)
    for process in made.leaving:
        process.wait(20)


@pytest.fixture
def sleeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Children are small real programs that live until they are ended and write down how they were called."""
    path = tmp_path / "sleeper"
    path.write_text(SLEEPER)
    path.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(path))
    return path


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch, program: Callable[[str], str]) -> None:
    """Children that end at once with status 1."""
    monkeypatch.setattr(sys, "executable", program("false"))


def beats(supervisor: Supervisor, child: Child, beat_s: float, frame_s: float = 0.0) -> None:
    row = supervisor.board.row(child.role, child.incarnation)
    row[Board.WORK], row[Board.BEAT], row[Board.FRAME] = 1, beat_s, frame_s


def ended(child: Child) -> Child:
    assert child.process is not None
    child.process.wait(20)
    return child


def test_a_child_is_called_with_its_role_session_and_incarnation(supervisor: Supervisor, sleeper: Path) -> None:
    child = supervisor.start("generator")
    assert child.process is not None and psutil.Process(child.process.pid).ppid() == psutil.Process().pid
    log = Path(f"{sleeper}.log")
    until_s = time.perf_counter() + 20
    while not (log.exists() and log.read_text().endswith("\n")) and time.perf_counter() < until_s:
        time.sleep(0.01)
    assert log.read_text().split()[1:] == ["-m", "engine.show", "generator", str(supervisor.session), "1"]
    assert "-P" in log.read_text(), "modules of the working folder must not be loaded"


def test_a_child_that_beats_has_no_fault(supervisor: Supervisor, sleeper: Path) -> None:
    child = supervisor.start("signals")
    beats(supervisor, child, 100.0)
    assert supervisor.fault(child, 100.0 + 0.9 * SILENCE_S) == ""
    assert supervisor.watch(100.0 + 0.9 * SILENCE_S) == [] and not supervisor.restarts


def test_silence_is_a_fault_once_it_has_worked(supervisor: Supervisor, sleeper: Path) -> None:
    child = supervisor.start("signals")
    beats(supervisor, child, 100.0)
    assert "no heartbeat for 1.1 s" in supervisor.fault(child, 101.1)
    silent = child.process
    said = supervisor.watch(101.1)
    assert len(said) == 1 and said[0].startswith("signals: no heartbeat") and "starting it again" in said[0]
    assert silent is not None and silent.returncode == -9, "what is silent may hang: it is killed, not asked"
    assert supervisor.watch(101.1) == []
    assert supervisor.restarts == {"signals": 1}
    assert child.process is not None and child.process.pid != silent.pid


def test_a_slow_model_may_take_its_time_for_a_picture(supervisor: Supervisor, sleeper: Path) -> None:
    child = supervisor.start("generator")
    beats(supervisor, child, 100.0, frame_s=3.0)
    assert supervisor.fault(child, 111.0) == ""
    assert "no heartbeat for 13.0 s" in supervisor.fault(child, 113.0)


def test_a_start_has_a_minute_of_grace(supervisor: Supervisor, sleeper: Path) -> None:
    child = supervisor.start("generator")
    assert supervisor.fault(child, child.started_s + 0.9 * GRACE_S) == ""
    assert f"not ready after {GRACE_S:.0f} s" in supervisor.fault(child, child.started_s + 1.1 * GRACE_S)


def test_death_is_a_fault_whatever_was_beaten_before(supervisor: Supervisor, dying: None) -> None:
    child = ended(supervisor.start("signals"))
    beats(supervisor, child, 100.0)
    assert supervisor.fault(child, 100.0) == "it ended with status 1"


def test_restarts_back_off_and_never_give_up(supervisor: Supervisor, dying: None) -> None:
    now_s = time.perf_counter()
    child = supervisor.start("console")
    waits = []
    for number in range(len(BACK_OFF_S) + 4):
        ended(child).started_s = now_s
        assert len(supervisor.watch(now_s)) == 1
        failed_s = now_s
        while supervisor.restarts["console"] == number:
            assert supervisor.watch(now_s) == [], "a fault is said once, not while waiting"
            now_s += 0.25
        waits.append(now_s - failed_s)
    assert waits[0] == pytest.approx(0.25)
    for waited_s, wanted_s in zip(waits, (*BACK_OFF_S, *[BACK_OFF_S[-1]] * 4), strict=True):
        assert wanted_s <= waited_s <= wanted_s + 0.5
    assert child.process is not None


def test_after_a_healthy_while_the_back_off_begins_anew(supervisor: Supervisor, dying: None) -> None:
    now_s = time.perf_counter()
    child = supervisor.start("console")
    for _ in range(3):
        ended(child)
        child.started_s = now_s
        supervisor.watch(now_s)
        now_s += 2.0
        supervisor.watch(now_s)
    assert child.failures == 3
    ended(child).started_s = now_s
    assert "in" not in supervisor.watch(now_s + HEALTHY_S + 1.0)[0].partition("starting it again")[2]
    assert child.failures == 1


def test_a_restart_begins_with_an_empty_row(supervisor: Supervisor, sleeper: Path) -> None:
    child = supervisor.start("generator")
    for incarnation in (0, 1):
        supervisor.board.row("generator", incarnation)[:] = 7.0
    end(child)
    again = supervisor.start("generator")
    assert again is child and not supervisor.board.row("generator", child.incarnation).any()


def test_a_spare_warms_beside_the_first_and_takes_its_place(supervisor: Supervisor, sleeper: Path) -> None:
    first = supervisor.start("generator")
    spare = supervisor.spare("generator")
    playing = first.process
    assert spare.process is not None and playing is not None and playing.poll() is None
    assert supervisor.children["generator"] is first
    supervisor.adopt(spare)
    assert supervisor.children["generator"] is spare and not supervisor.spares
    assert playing.wait(20) == -9 and spare.process.poll() is None
    supervisor.watch(time.perf_counter())
    assert not supervisor.leaving, "nothing is left behind"
    assert not supervisor.restarts, "a change of model is no failure"


def test_a_spare_is_told_which_show_it_is_warmed_for(supervisor: Supervisor, sleeper: Path) -> None:
    first = supervisor.start("generator")
    spare = supervisor.spare("generator", wanted=7)
    rows = [supervisor.board.row("generator", child.incarnation) for child in (first, spare)]
    assert [row[Board.WANTED] for row in rows] == [0, 7]
    supervisor.adopt(spare)
    end(spare)
    assert supervisor.board.row("generator", supervisor.start("generator").incarnation)[Board.WANTED] == 0


def test_a_child_s_last_words_say_why_it_ended(supervisor: Supervisor, dying: None) -> None:
    child = supervisor.start("generator")
    last_words(supervisor.session, "generator", child.incarnation, "x.pkl: refused")
    ended(child)
    assert supervisor.fault(child, 0.0) == "it ended with status 1: x.pkl: refused"
    again = supervisor.start("generator")
    ended(again)
    assert supervisor.fault(again, 0.0) == "it ended with status 1", "those of another one are not its own"


def test_no_two_generators_ever_share_a_number_nor_living_ones_a_row(supervisor: Supervisor, sleeper: Path) -> None:
    seen = set()
    now_s = time.perf_counter()

    def note(child: Child) -> Child:
        assert child.incarnation not in seen
        seen.add(child.incarnation)
        return child

    first = note(supervisor.start("generator"))
    for _ in range(3):
        spare = note(supervisor.spare("generator"))
        assert (first.incarnation - spare.incarnation) % 2
        end(first)  # it dies while the other warms ...
        first.again_s = now_s
        supervisor.watch(now_s)
        assert note(first).process is not None  # ... and comes back
        assert (first.incarnation - spare.incarnation) % 2
        end(spare)  # the show changed again before it was warm
        spare = note(supervisor.spare("generator"))
        assert (first.incarnation - spare.incarnation) % 2
        supervisor.adopt(spare)
        first = spare


def test_stopping_leaves_nothing(supervisor: Supervisor, sleeper: Path) -> None:
    children = [supervisor.start("signals"), supervisor.start("generator"), supervisor.spare("generator")]
    processes = [child.process for child in children]
    supervisor.board.stage[Board.STOP] = 0.0
    supervisor.stop()
    assert supervisor.board.stage[Board.STOP] == 1.0, "they are asked first"
    assert all(process is not None and process.poll() is not None for process in processes)


def test_a_real_child_ends_itself_when_asked(supervisor: Supervisor) -> None:
    from engine.show.session import Session

    session = Session(supervisor.session, create=True)
    supervisor.board = session.board
    child = supervisor.start("console")
    row = session.board.row("console", child.incarnation)
    until_s = time.perf_counter() + 30
    while row[Board.WORK] == 0 and time.perf_counter() < until_s:
        time.sleep(0.02)
    assert row[Board.WORK] > 0 and supervisor.fault(child, time.perf_counter()) == ""
    process = child.process
    supervisor.stop()
    assert process is not None and process.returncode == 0, "nobody had to be killed"
