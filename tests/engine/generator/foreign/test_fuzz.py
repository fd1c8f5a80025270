"""Mutated checkpoints become plain data or a refusal, nothing else; what once found something is tried for ever."""

import json
import sys

import pytest

from tests.engine.generator.foreign.fuzzing import SEEDS, bases, case, fuzz

SECONDS = 25
START = 7_000_000_000

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the worker is confined as Linux can")


def test_a_case_is_the_same_whenever_it_is_made() -> None:
    files = bases()
    assert all(case(number, files) == case(number, files) for number in range(20))


def test_mutated_checkpoints_are_data_or_refused() -> None:
    kept = json.loads(SEEDS.read_text())["cases"]
    found = fuzz([entry["case"] for entry in kept], START, SECONDS)
    assert not found["findings"], json.dumps(found["findings"], indent=1)
    assert found["counts"]["refused"] > 100 and found["counts"]["data"] > 10
    assert found["peak_mib"] < 1024
