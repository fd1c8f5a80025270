"""Mutate genuine checkpoints and feed them to the reader of foreign files, for as long as you like.

    python scripts/fuzz_reader.py --seconds 600 --seed 1

The cases of a seed are always the same. One that finds something is told by its number: put it into
tests/data/foreign/fuzz_seeds.json, where the tests try it again for ever.
"""

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.engine.generator.foreign.fuzzing import fuzz

CASES_OF_A_SEED = 1_000_000_000
ROUND_S = 60.0


def main() -> int:
    """Fuzz in rounds, each in a confined process of its own; the exit status is 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", type=int, action="append", default=[], help="try this case and nothing else")
    options = parser.parse_args()
    number, cases, found, began = options.seed * CASES_OF_A_SEED, 0, False, time.perf_counter()
    left_s = 0.0 if options.case else options.seconds
    while left_s > 0 or options.case:
        result = fuzz(options.case, number, min(ROUND_S, max(0.0, left_s)))
        options.case, number = [], result.get("next", number + 1_000_000)
        cases += sum(result["counts"].values())
        found |= bool(result["findings"])
        print(json.dumps(result), flush=True)
        left_s -= ROUND_S
    print(f"{cases} cases, {cases / (time.perf_counter() - began):.0f} a second")
    return int(found)


if __name__ == "__main__":
    sys.exit(main())
