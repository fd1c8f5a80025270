"""A journal's newest whole state is read back, whatever happened to the files."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.journal import KEEP, Journal, pack, unpack

STATE = {"position": np.random.RandomState(0).randn(1, 3, 8), "seed": np.array([7], np.int64), "on": np.array(True)}


def test_what_is_packed_is_unpacked() -> None:
    state = unpack(pack(STATE))
    assert state is not None and set(state) == set(STATE)
    for name, array in STATE.items():
        assert state[name].dtype == array.dtype and np.array_equal(state[name], array)


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_changed_or_cut_state_is_refused(place: int, byte: int) -> None:
    data = bytearray(pack(STATE))
    place %= len(data)
    cut = bytes(data[:place])
    assert unpack(cut) is None
    if data[place] != byte:
        data[place] = byte
        assert unpack(bytes(data)) is None


def test_the_newest_whole_state_is_read(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    assert journal.read() is None
    for number in range(8):
        journal.write(pack({"number": np.array(number)}))
    files = sorted((tmp_path / "journal").glob("*.state"))
    assert len(files) == KEEP
    files[-1].write_bytes(b"half a fi")
    (tmp_path / "journal" / "000000000099.part").write_bytes(b"never renamed")
    state = Journal(tmp_path / "journal").read()
    assert state is not None and state["number"] == 6


def test_a_disk_that_refuses_is_counted_and_the_show_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "journal")
    journal.write(pack({"number": np.array(1)}))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    journal.write(pack({"number": np.array(2)}))
    assert journal.failed == 1
    state = journal.read()
    assert state is not None and state["number"] == 1
    assert not list((tmp_path / "journal").glob("*.part"))
