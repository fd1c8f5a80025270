"""The folders of a training: held by one, swept, and with room for what will be written, or an error that says why not."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.errors import InputError
from engine.studio.tulip import data
from engine.studio.tulip.folders import held, reserve
from tests.engine.studio.tulip.small import files_of_at_most


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "PART", 2)


def test_room_is_taken_before_anything_is_rendered(tmp_path: Path) -> None:
    reserve(tmp_path / "new" / "data", 1, 3)
    for name, channels in (("pictures.npy", 3), ("maps.npy", 5)):
        path = tmp_path / "new" / "data" / name
        assert np.load(path, mmap_mode="r").shape == (4, 128, 128, channels)
        assert path.stat().st_blocks * 512 >= 4 * 128 * 128 * channels
    note = json.loads((tmp_path / "new" / "data" / "data.json").read_text())
    assert note == {"teacher": data.teacher(), "seed": 1, "count": 4, "done": []}


def test_what_is_rendered_is_not_touched(tmp_path: Path) -> None:
    reserve(tmp_path, 1, 2)
    found = data.make(tmp_path, 1, 2, 1, lambda done, of: None)
    before = (found.pictures.copy(), found.maps.copy(), (tmp_path / "data.json").read_text())
    reserve(tmp_path, 1, 2)
    again = data.make(tmp_path, 1, 2, 1, lambda done, of: None)
    assert np.array_equal(again.pictures, before[0]) and np.array_equal(again.maps, before[1])
    assert (tmp_path / "data.json").read_text() == before[2]


def test_a_disk_too_small_is_said_with_what_is_needed_and_what_helps(tmp_path: Path) -> None:
    with files_of_at_most(100_000), pytest.raises(InputError) as error:
        reserve(tmp_path, 1, 4)
    assert str(tmp_path) in str(error.value) and "4 renderings need 0.000524 GB" in str(error.value)
    assert "--data" in str(error.value) and "--pictures" in str(error.value)
    reserve(tmp_path, 1, 4)  # there is room now


def test_a_file_for_a_folder_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    for folder in (file, file / "below"):
        with pytest.raises(InputError, match=r"file.* cannot hold the renderings .*--data"):
            reserve(folder, 1, 2)
        with pytest.raises(InputError, match=r"file.* cannot hold a training .*--out"), held(folder):
            pass
    assert file.read_text() == "mine"


def test_arrays_of_somebody_else_are_not_written_over(tmp_path: Path) -> None:
    np.save(tmp_path / "pictures.npy", np.arange(4))
    with pytest.raises(InputError, match="no renderings of ours.*--data"):
        reserve(tmp_path, 1, 2)
    assert np.array_equal(np.load(tmp_path / "pictures.npy"), np.arange(4))


def test_a_folder_is_held_by_one_training_and_given_back(tmp_path: Path) -> None:
    with held(tmp_path):
        with pytest.raises(InputError, match="another training is at work there.*--out"), held(tmp_path):
            pass
        with pytest.raises(InputError, match="another training is at work there.*--data"), held(tmp_path, "--data"):
            pass
    with held(tmp_path):
        pass


def test_a_killed_training_holds_nothing(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom engine.studio.tulip.folders import held\n"
        "with held(Path(sys.argv[1])):\n    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None and process.stdout.readline().strip() == b"held"
        with pytest.raises(InputError), held(tmp_path):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    with held(tmp_path):
        pass


def test_what_a_kill_left_half_written_is_removed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".training.safetensors.0123.part").write_bytes(b"half")
    (tmp_path / "notes.part").write_text("mine")
    with held(tmp_path):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {".lock", "notes.part"}
