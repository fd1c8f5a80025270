"""Where the reference's own files and outputs lie, and how they are compared."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.conftest import missing

GOLDEN = Path(__file__).resolve().parents[4] / "shared" / "golden"


def golden(name: str) -> Path:
    """A file or folder of the golden set, or a skip that CI turns into a failure."""
    path = GOLDEN / name
    if not path.exists():
        missing(f"the golden set has no {name}: it lies beside the checkout, in shared/golden")
    return path


def assert_near(mine: NDArray[np.floating], reference: NDArray[np.floating], share: float, what: str = "") -> None:
    """The largest difference is at most this share of the reference's standard deviation."""
    assert mine.shape == reference.shape, f"{what} {mine.shape} {reference.shape}"
    worst = float(np.abs(mine.astype(np.float64) - reference).max() / reference.std())
    assert worst <= share, f"{what} differs by {worst:.2g} of the standard deviation; allowed {share:.2g}"
