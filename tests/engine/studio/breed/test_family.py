"""The family's file: what is written is read, and what is no family is refused by name."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import InputError
from engine.studio.breed.child import Recipe
from engine.studio.breed.family import MOST_NODES, Family, Node, read_family, write_family
from engine.studio.breed.genome import Genome
from engine.studio.breed.tree import generations


def genome(seed: int, classes: bool = False) -> Genome:
    random = np.random.RandomState(seed)
    weights = random.dirichlet(np.ones(5)) if classes else None
    return Genome("z", random.randn(8).astype(np.float32), weights)


def some(classes: bool = False) -> Family:
    """Two from outside, two children of both, a grandchild of one of them and one who came later."""
    family = Family("tulip", "abc", 0.7)
    family.add(genome(0, classes), 0, None, "seed:17")
    family.add(genome(1, classes), 0, None, "rose.png")
    both = Recipe(
        ("g0-01", "g0-02"), (0.25, 0.75), "each", (0, 1, 1), 0.2, 9, (("bloom", 1.5),), "my.safetensors", "ff"
    )
    family.add(genome(2, classes), 1, both)
    family.add(genome(3, classes), 1, Recipe(("g0-01", "g0-02"), (1 / 3, 2 / 3), mutation=0.1, seed=3))
    family.add(genome(4, classes), 0, None, "seed:4")
    family.add(genome(5, classes), 2, Recipe(("g1-02", "g0-03"), (0.5, 0.5)))
    return family


def parts(node: Node) -> tuple[object, ...]:
    return node.id, node.recipe, node.source, node.genome.key


@pytest.mark.parametrize("classes", [False, True])
def test_what_is_written_is_read(classes: bool, tmp_path: Path) -> None:
    family, path = some(classes), tmp_path / "family.json"
    write_family(path, family)
    found = read_family(path)
    assert found is not None and (found.model, found.model_hash, found.psi) == ("tulip", "abc", 0.7)
    assert [parts(node) for node in found.nodes.values()] == [parts(node) for node in family.nodes.values()]
    assert json.loads(path.read_text())["latenz"] == "family"


def test_no_file_is_no_family(tmp_path: Path) -> None:
    assert read_family(tmp_path / "family.json") is None


@pytest.mark.parametrize(
    ("at", "key", "value", "says"),
    [
        (None, "latenz", "sequence", "no {"),
        (None, "version", 2, "no {"),
        (None, "nodes", {}, "a list"),
        (None, "nodes", [{}] * (MOST_NODES + 1), "at most"),
        (None, "psi", 1e9, "from -4 to 4"),
        (None, "psi", float("nan"), "from -4 to 4"),
        (None, "model", 7, "no text"),
        (0, "id", "../../etc", "ids are such as"),
        (0, "id", "g0-02", "twice"),
        (0, "id", "g1-01", "generations before"),
        (0, "latent", "AAAA", "cannot be read"),
        (0, "latent", base64.b64encode(b"\x93NUMPY\x01\x00\x02\x00((").decode(), "not as latenz writes"),
        (0, "latent", "A" * (1 << 24), "no text"),
        (0, "space", "x", "neither"),
        (0, "from", ["x"], "no text"),
        (0, "from", "\ud800", "surrogates"),
        (2, "genes", {"\udfff": 1.0}, "surrogates"),
        (None, "model", "\ud800", "surrogates"),
        (2, "parents", ["g1-02"], "does not stand before"),
        (2, "parents", [[]], "does not stand before"),
        (2, "parents", ["g0-01"] * 65, "at most 64"),
        (2, "parents", ["g0-01"], "weights for 1 parents"),
        (2, "weights", [1, 1], "sum"),
        (2, "weights", [True, False], "a number"),
        (2, "layers", [0, 2], "crossed"),
        (2, "layers", [0, True], "crossed"),
        (2, "cross", "x", "crossed"),
        (2, "seed", -1, "a seed"),
        (2, "seed", 0.5, "a seed"),
        (2, "mutation", 2, "a number"),
        (2, "genes", {"bloom": float("inf")}, "a number"),
        (2, "genes", [], "genes|attribute"),
        (2, "classes", {"9": 1.0}, "number of classes"),
        (3, "seed", None, "a seed"),
    ],
)
def test_what_is_wrong_is_said_with_its_node(at: int | None, key: str, value: Any, says: str, tmp_path: Path) -> None:
    path = tmp_path / "family.json"
    write_family(path, some())
    data = json.loads(path.read_text())
    (data if at is None else data["nodes"][at])[key] = value
    path.write_text(json.dumps(data))
    with pytest.raises(InputError, match=says) as told:
        read_family(path)
    assert "family.json" in str(told.value) and len(str(told.value)) < 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**40) | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
KEYS = (
    "id",
    "parents",
    "weights",
    "cross",
    "layers",
    "mutation",
    "seed",
    "genes",
    "space",
    "latent",
    "classes",
    "from",
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 5), key=st.sampled_from(KEYS), value=JSON)
def test_a_strange_file_is_read_or_refused(at: int, key: str, value: Any, tmp_path: Path) -> None:
    path = tmp_path / "family.json"
    write_family(path, some(classes=True))
    data = json.loads(path.read_text())
    data["nodes"][at][key] = value
    path.write_text(json.dumps(data))
    try:
        assert read_family(path) is not None
    except InputError as error:
        assert "family.json" in str(error)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.binary(max_size=60), at=st.integers(0, 2000))
def test_torn_and_overwritten_files_are_refused(junk: bytes, at: int, tmp_path: Path) -> None:
    path = tmp_path / "family.json"
    write_family(path, some())
    whole = path.read_bytes()
    path.write_bytes(whole[: at % len(whole)] + junk)
    with pytest.raises(InputError, match=r"family\.json"):
        read_family(path)


def test_no_id_is_given_that_could_not_be_read_again() -> None:
    family = some()
    family.nodes["g1-99999"] = family.nodes["g1-02"]
    with pytest.raises(InputError, match="g1-99999 is the last number"):
        family.next_id(1)
    assert family.next_id(2) == "g2-02"


def test_the_tree_shows_the_chosen_and_the_newest() -> None:
    """Who came later stands above the first child; the rest is counted."""
    rows, left_out = generations(some())
    assert [{node.id for node in row} for row in rows] == [{"g0-01", "g0-02"}, {"g1-02", "g0-03"}, {"g2-01"}]
    assert left_out == [0, 1, 0]
    first = Family("tulip", "abc")
    for n in range(20):
        first.add(genome(n), 0)
    rows, left_out = generations(first)
    assert [node.id for node in rows[0]][-1] == "g0-20" and left_out == [4]


def test_a_name_that_is_nearly_one_is_offered() -> None:
    with pytest.raises(InputError, match="did you mean"):
        some().find("g1-11")
