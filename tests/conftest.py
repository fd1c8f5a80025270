"""Shared by all tests: real parts must be there when LATENZ_REQUIRE_REAL=1."""

import importlib
import os
import shutil
from collections.abc import Callable
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("latenz", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("latenz")


def missing(reason: str) -> None:
    """Skip for a missing real part, or fail where real parts are required."""
    if os.environ.get("LATENZ_REQUIRE_REAL") == "1":
        pytest.fail(f"{reason} (LATENZ_REQUIRE_REAL=1: real parts must be there)")
    pytest.skip(reason)


def needed(module: str) -> ModuleType:
    """A module this test needs, or a skip that CI turns into a failure."""
    try:
        return importlib.import_module(module)
    except ImportError:
        missing(f"the package {module} is not installed")
        raise


@pytest.fixture
def program() -> Callable[[str], str]:
    """The path of a program this test needs, or a skip that CI turns into a failure."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            missing(f"the program {name} is not installed")
            raise AssertionError
        return path

    return find
