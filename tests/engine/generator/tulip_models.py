"""A small tulip that nobody trained, as its student and as a model file."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.studio.tulip.export import write
from engine.studio.tulip.student import Student

CHANNELS = (36, 34, 6)  # of 4, 8 and 16 px; the layout at 8 px takes 32


def student(seed: int = 0) -> Student:
    """Random, with a mapping whose biases are not 0."""
    net = Student(seed, CHANNELS)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.startswith("mapping") and name.endswith("bias"):
                parameter.normal_(0, 0.3)
    return net.eval().requires_grad_(False)


def weights(net: Student) -> dict[str, np.ndarray]:
    return {name: tensor.contiguous().numpy() for name, tensor in net.state_dict().items()}


@pytest.fixture(scope="session")
def small_tulip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of `student()`."""
    path = tmp_path_factory.mktemp("tulip") / "small.safetensors"
    write(weights(student()), path, {"samples": 7}, sharp=1.0)
    yield path
