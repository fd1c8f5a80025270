"""The show meditation is what its projects say."""

import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np

from engine.latent.sequence_file import read_facts
from engine.paths import data_dir
from engine.studio.journey.conform import How, conform
from engine.studio.journey.sample import Wanted, sample
from engine.studio.journey.smooth import Smooth, smooth

SHIPPED = data_dir("presets") / "meditation"


def test_the_sequence_comes_out_of_its_seeds_and_its_two_edits(tmp_path: Path) -> None:
    for name in ("first.kdenlive", "second.kdenlive"):
        shutil.copy(SHIPPED / name, tmp_path / name)
    sample(Wanted(("tulip",), tmp_path / "seeds", 160, hold=12, seed=1637, proxy=False))
    keys = conform(tmp_path / "first.kdenlive", tmp_path / "keys", How(strict=True)).pair
    assert len(keys) == 44 * 12
    smooth(Smooth(keys.path, tmp_path / "flow", "spring", leg_s=1.6))
    found = conform(tmp_path / "second.kdenlive", tmp_path / "meditation", How(gap="spring", between=True, strict=True))
    shipped = np.load(SHIPPED / "meditation.npy")
    assert shipped.shape == (1500, 512) and len(found.pair) == 1500
    assert np.abs(found.pair.rows - shipped).max() < 1e-4  # other processors round otherwise
    facts, kept = found.pair.facts, read_facts(SHIPPED / "meditation.json")
    assert kept is not None and kept.marks == facts.marks and kept.fps == facts.fps == Fraction(25)


def test_a_minute_of_it_never_jumps() -> None:
    rows = np.load(SHIPPED / "meditation.npy").astype(np.float64)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    steps = np.degrees(np.arccos(np.clip((unit[1:] * unit[:-1]).sum(1), -1.0, 1.0)))
    cuts = np.flatnonzero(steps > 20.0) + 1
    assert set(cuts.tolist()) <= {600, 1185}  # where the edit itself cuts
