"""A line is said once, shown for a while, and said again only much later."""

import time

from engine.show.teller import MANY, SHOWN_S, Teller


def test_a_line_is_said_once_and_taken_away_again() -> None:
    shown: list[str] = []
    said: list[str] = []
    teller = Teller(shown.append, said.append)
    teller.tell("the disk is full")
    teller.tell("the disk is full")
    assert shown == ["the disk is full"] and said == ["latenz: the disk is full"]
    teller.look(time.perf_counter())
    assert shown[-1] == "the disk is full"
    teller.look(time.perf_counter() + SHOWN_S + 1.0)
    assert shown[-1] == "" and teller.said == "the disk is full"


def test_what_other_threads_bring_is_said_at_the_next_look() -> None:
    shown: list[str] = []
    teller = Teller(shown.append, lambda line: None)
    teller.news += ["kept one.png", "kept two.png"]
    assert shown == []
    teller.look(time.perf_counter())
    assert shown == ["kept one.png", "kept two.png"] and teller.news == []


def test_a_month_of_different_lines_is_not_remembered() -> None:
    teller = Teller(lambda line: None, lambda line: None)
    for number in range(3 * MANY):
        teller.tell(f"line {number}")
    assert len(teller.said) < 3 * MANY * 8
    assert "line 0;" not in teller.said
