"""How fast proxies are made beside the generator alone: the tulip at 256x256, with labels, encoding and joining.

    python scripts/proxy_rate.py [ROUNDS] [FRAMES]

In turns, so that a busy machine is busy for both: one process that makes a proxy beside one that only draws, then two
beside two. Starting processes and opening models counts for proxies.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from engine.studio.farm import Workers
from engine.studio.journey.drawing import Drawing, Look
from engine.studio.journey.film import Style, film
from engine.studio.journey.pair import Facts, Pair, PairWriter, open_pair

LOOK = Look("tulip", (256, 256))


def draw(name: str, part: int, frames: int) -> None:
    """Draw a part of the rows when a line comes, and nothing else; say when it begins and ends."""
    rows, drawing = open_pair(Path(name)).rows[part * frames : (part + 1) * frames], Drawing(LOOK)
    drawing.pictures(rows[:2])
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in drawing.each(rows):
        pass
    print("done", flush=True)


def alone(pair: Pair, processes: int) -> float:
    """Frames a second of so many generators side by side."""
    share = len(pair) // processes
    command = [sys.executable, __file__, "draw", str(pair.path)]
    crew = [
        subprocess.Popen([*command, str(n), str(share)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for n in range(processes)
    ]
    for one in crew:
        assert one.stdout is not None and one.stdout.readline() == "ready\n"
    begun_s = time.perf_counter()
    for one in crew:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    for one in crew:
        assert one.stdout is not None and one.stdout.readline() == "done\n"
    took_s = time.perf_counter() - begun_s
    for one in crew:
        one.communicate()
    return processes * share / took_s


def proxy(pair: Pair, processes: int) -> float:
    """Frames a second of a whole proxy, from nothing to the file."""
    begun_s = time.perf_counter()
    film(pair, LOOK, pair.path.with_suffix(".mp4"), Style("label", True), workers=Workers(processes))
    return len(pair) / (time.perf_counter() - begun_s)


def main() -> None:
    if sys.argv[1:2] == ["draw"]:
        draw(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
        return
    rounds, frames = (int(text) for text in [*sys.argv[1:], "5", "2000"][:2])
    with tempfile.TemporaryDirectory() as folder:
        with PairWriter(Path(folder) / "rate", (512,), frames, Facts(model="tulip")) as writer:
            writer.write(np.random.RandomState(0).randn(frames, 512))
            pair = writer.close()
        for processes in (1, 2):
            found = [(alone(pair, processes), proxy(pair, processes)) for _ in range(rounds)]
            drawn, made = (statistics.median(column) for column in zip(*found, strict=True))
            share = statistics.median(y / x for x, y in found)
            print(
                f"{processes} at a time: generator {drawn:.0f}, proxy {made:.0f} frames/s; ratio {share:.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
