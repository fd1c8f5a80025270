"""What was learned of words, for the terminal and as plain data."""

import math
from collections.abc import Sequence
from typing import Any

from engine.errors import printable
from engine.studio.learn.vocabulary.agreement import verdict
from engine.studio.learn.vocabulary.answers import Answers
from engine.studio.learn.vocabulary.vocabulary import LEAST, Vocabulary

FEW = 12  # refused words in a line


def show(found: Sequence[Vocabulary], answers: Answers) -> None:
    """A table of the words of each group, what was refused, and how far people agree."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for one in found:
        heads = "word", "directions", "descriptions", "people", "agreement", "held-out cosine"
        table = Table(*heads, box=None, pad_edge=False, title=one.group or None, title_justify="left")
        for w in one.words:
            numbers = str(w.directions), str(w.answers), str(w.annotators), number(w.agreement), number(w.held_out)
            table.add_row(printable(w.text), *numbers)
        console.print(table)
        for line in lines(one, answers):
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def lines(one: Vocabulary, answers: Answers) -> list[str]:
    """A group's agreement and refusals, in sentences."""
    asked = answers.of(one.group) if one.group else answers
    told = [
        f"{len(asked.rows)} descriptions of {one.described} directions by {len(asked.annotators)} people, "
        f"{len(one.words)} words",
        f"agreement {number(one.agreement) or 'not known'}: {verdict(one.agreement)}",
    ]
    if one.refused:
        some = ", ".join(f"{printable(word)} {count}" for word, count in list(one.refused.items())[:FEW])
        more = f" and {len(one.refused) - FEW} more" if len(one.refused) > FEW else ""
        told.append(f"said of under {LEAST} directions, so not learned: {some}{more}")
    return told


def as_data(found: Sequence[Vocabulary], answers: Answers) -> dict[str, Any]:
    """It as plain data, numbers that are none as null."""
    return {
        "blank": answers.blank,
        "vocabularies": [
            {
                "group": one.group, "described": one.described, "ridge": one.ridge,
                "agreement": _null(one.agreement), "verdict": verdict(one.agreement), "refused": one.refused,
                "words": [
                    {
                        "word": w.text, "directions": w.directions, "answers": w.answers, "annotators": w.annotators,
                        "agreement": _null(w.agreement), "held_out_cosine": _null(w.held_out),
                    }
                    for w in one.words
                ],
            }
            for one in found
        ],
    }  # fmt: skip


def number(value: float) -> str:
    """Two digits; nothing for nan."""
    return f"{value:.2f}" if math.isfinite(value) else ""


def _null(value: float) -> float | None:
    return value if math.isfinite(value) else None
