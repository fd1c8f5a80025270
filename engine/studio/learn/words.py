"""Short words for what a direction is; nothing heavy is imported."""

from collections.abc import Sequence


def runs(numbers: Sequence[int]) -> str:
    """0,1,2,5 as `0-2, 5`."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in found)


def span(safe: tuple[float, float] | None) -> str:
    """A safe range as `-2.5 to 3`; empty for none."""
    return "" if safe is None else f"{safe[0]:.3g} to {safe[1]:.3g}"
