"""Write the poses that the show `demonstrate` comes with.

python scripts/poses.py
"""

import sys
from pathlib import Path

from mappings.demonstrate import Poses
from mappings.demonstrate.pose_file import lines

OUT = Path(__file__).resolve().parent.parent / "presets" / "demonstrate" / "poses.json"
NAMES = ("bloom", "curl", "wilt", "sway", "zoom", "light", "hue", "stripes", "ground_hue", "ground")
QUIET, LOUD = 0.8, 2.2  # of the bass; 1 is its recent average

# Where on the pad, how loud, and ten amounts in sigma.
TAUGHT = (
    (0.05, 0.05, QUIET, (-2.2, -0.8, -1.0, -0.4, -0.2, -1.2, -1.6, -1.4, -1.2, -1.2)),  # a bud at dusk
    (0.95, 0.05, QUIET, (1.4, 0.4, -1.0, 0.6, 0.8, 0.8, 0.3, 2.2, 0.9, 0.3)),  # open, in flames
    (0.05, 0.95, QUIET, (0.8, 2.0, 2.2, -1.0, 0.2, -0.4, 2.0, -0.8, 2.0, 0.8)),  # withering
    (0.95, 0.95, QUIET, (2.2, -1.0, -0.8, 0.0, 2.0, 1.6, -0.5, 0.6, -2.0, 1.6)),  # near, and wide open
    (0.5, 0.5, LOUD, (1.2, 0.8, -0.6, 1.4, 1.2, 1.2, 1.0, 1.6, 0.0, 2.2)),  # the bass opens and lights it
)


def taught() -> Poses:
    """All of them. The clocks stand where the finger does: they are a slow hand on the same pad."""
    poses = Poses()
    for x, y, low, amounts in TAUGHT:
        signals = {"/audio/low": low, "/clock/across": x, "/clock/along": y, "/osc/xy": x, "/osc/xy/2": y}
        ends = {address: (0.0, 4.0 if address == "/audio/low" else 1.0) for address in signals}
        poses = poses.added(signals, {f"/direction/{n}": a for n, a in zip(NAMES, amounts, strict=True)}, ends)
    return poses


if __name__ == "__main__":
    OUT.write_text("".join(lines(taught())), "utf-8")
    sys.stdout.write(f"{OUT.name}: {len(taught())} poses, {OUT.stat().st_size} bytes\n")
