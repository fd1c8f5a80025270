"""Say what was demonstrated: how many poses, which signals moved, and how well each method would have known them."""

from pathlib import Path
from typing import Any

import numpy as np

from mappings.demonstrate import NAMES, Poses
from mappings.demonstrate.fit import Fit
from mappings.demonstrate.pose_file import load


def inspect_poses(path: Path) -> dict[str, Any]:
    """A file of poses as plain data. PosesError where it cannot be read."""
    return {"kind": "poses", **describe_poses(load(path))}


def describe_poses(poses: Poses) -> dict[str, Any]:
    """Poses as plain data.

    still : signals that hardly moved between the poses and therefore say nothing
    left_out : for each method, how far the other poses miss one, as a share of each control's range over the poses,
        on average; from four poses on
    """
    if not len(poses):
        return {"poses": 0, "signals": list(poses.signals), "controls": list(poses.controls)}
    y = np.where(np.isnan(poses.y), 0.0, poses.y)
    fits = {method: Fit(method, poses.x, y, poses.seen) for method in NAMES}
    moved = set(fits[NAMES[0]].columns.tolist())
    range_ = np.ptp(y, 0)
    told = {
        method: round(float(np.mean(fit.error[range_ > 0] / range_[range_ > 0])), 4)
        for method, fit in fits.items()
        if fit.error is not None and range_.any()
    }
    return {
        "poses": len(poses),
        "signals": list(poses.signals),
        "controls": list(poses.controls),
        "still": [name for i, name in enumerate(poses.signals) if i not in moved],
        **({"left_out": told} if told else {}),
    }
