"""Shared by tests of generators."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture
def no_gradients() -> Iterator[None]:
    """Networks are called here as they are in a show."""
    with torch.no_grad():
        yield
