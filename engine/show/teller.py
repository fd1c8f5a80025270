"""What is said of a running show: once, to the terminal and to the performer."""

import math
import sys
import time
from collections.abc import Callable

SHOWN_S = 8.0  # a line for the performer stays this long
AGAIN_S = 10.0  # the same line is said again only after this
MANY = 1000  # different lines remembered


class Teller:
    """Says lines; other threads put theirs into `news`, which `look` says."""

    def __init__(self, show: Callable[[str], None], say: Callable[[str], None] | None = None) -> None:
        """show : puts a line on the performer's screen, "" takes it away; say : for the terminal"""
        self._show, self._say = show, say or _to_the_terminal
        self._said: dict[str, float] = {}
        self._shown_s = 0.0
        self.news: list[str] = []

    @property
    def said(self) -> str:
        """Everything that was said so far, in one line."""
        return "; ".join(self._said)

    def tell(self, line: str) -> None:
        """Say something; not again what was said just now."""
        now_s = time.perf_counter()
        if now_s - self._said.get(line, -math.inf) < AGAIN_S:
            return
        if len(self._said) > MANY:
            self._said.clear()
        self._said[line] = self._shown_s = now_s
        self._show(line)
        self._say(f"latenz: {line}")

    def look(self, now_s: float) -> None:
        """Take a line away that was shown for long enough, and say the news."""
        if self._shown_s and now_s - self._shown_s > SHOWN_S:
            self._shown_s = 0.0
            self._show("")
        while self.news:
            self.tell(self.news.pop(0))


def _to_the_terminal(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201
