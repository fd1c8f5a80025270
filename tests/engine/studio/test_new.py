"""A new show plays as it is, and nothing that is there is touched."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.preset import load_show
from engine.studio.check import check
from engine.studio.new import new


def test_a_new_show_checks_and_has_something_to_learn_from(tmp_path: Path) -> None:
    path = new(str(tmp_path / "night-two"))
    assert path == tmp_path / "night-two" / "show.toml" and [p.name for p in path.parent.iterdir()] == ["show.toml"]
    data = check(str(path.parent))
    assert data["title"] == "Night Two" and data["name"] == "night-two"
    assert {"audio", "clock"} <= set(data["sources"].values())
    assert len(data["routes"]) >= 3 and data["effects"]


def test_two_names_are_two_seeds(tmp_path: Path) -> None:
    seeds = {load_show(new(str(tmp_path / name))).seed for name in ("one", "two", "three")}
    assert len(seeds) == 3


def test_what_is_there_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    for name in ("file", "folder"):
        with pytest.raises(InputError, match=f"{name}: is there already; take another name"):
            new(str(tmp_path / name))
    assert (tmp_path / "file").read_text() == "mine" and not list((tmp_path / "folder").iterdir())


@given(st.text(max_size=12))
def test_a_name_is_a_plain_folder_or_refused(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    base = tmp_path_factory.mktemp("names")
    try:
        path = new(f"{base}/{name}")
    except InputError:
        assert not list(base.iterdir())
    else:
        assert path.parent.parent == base and check(str(path))["kind"] == "show"
