"""`latenz signals` looks at real sources ten times a second, counts what came, and names what was touched."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pythonosc.udp_client import SimpleUDPClient

from engine.preset import Options
from engine.studio.signals import Look, as_row, signals
from mappings.errors import MappingError
from tests.shows.live import SHOWS, free_port

PLAIN = str(SHOWS / "plain")


@contextmanager
def messages(port: int, address: str) -> Iterator[None]:
    """Somebody who moves a fader up and down."""
    over = threading.Event()

    def send() -> None:
        client = SimpleUDPClient("127.0.0.1", port)
        n = 0
        while not over.is_set():
            client.send_message(address, abs((n % 40) / 20 - 1.0))
            n += 1
            time.sleep(0.01)
        client._sock.close()

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_levels_are_seen_with_their_count_and_age() -> None:
    port = free_port()
    with messages(port, "/fader/1"):
        looks = list(signals(PLAIN, Options(osc=f"127.0.0.1:{port}"), seconds=0.8))
    assert 6 <= len(looks) <= 9
    value, count, age_s = looks[-1].levels["/osc/fader/1"]
    assert 0.0 <= value <= 1.0 and 20 < count < 200 and age_s < 0.5
    assert looks[-1].sources["osc"]["state"] == "OK" and "/clock/breath" in looks[-1].levels
    assert sum(look.events.count("/tempo/tick") for look in looks) in (1, 2)


def test_learn_names_what_was_touched_as_a_route_to_paste() -> None:
    port = free_port()
    looks = signals(PLAIN, Options(osc=f"127.0.0.1:{port}"), seconds=10.0, learn=True)
    next(looks)  # what moves before the first look is taken to move by itself
    with messages(port, "/fader/7"):
        touched = next((look.touched for look in looks if look.touched), "")
        looks.close()  # type: ignore[attr-defined]
    assert "[[route]]" in touched and 'from = "/osc/fader/7"' in touched


def test_leaving_early_gives_the_port_back() -> None:
    port = free_port()
    for _ in range(2):
        looks = signals(PLAIN, Options(osc=f"127.0.0.1:{port}"))
        assert next(looks).sources["osc"]["state"] == "OK"
        looks.close()  # type: ignore[attr-defined]


def test_a_port_that_is_taken_is_said() -> None:
    port = free_port()
    first = signals(PLAIN, Options(osc=f"127.0.0.1:{port}"))
    next(first)
    with pytest.raises(MappingError, match=f"{port}.*another program"):
        next(signals(PLAIN, Options(osc=f"127.0.0.1:{port}")))
    first.close()  # type: ignore[attr-defined]


def test_a_look_is_a_row_of_json() -> None:
    look = Look({"/a": (0.5, 3, 0.1)}, ("/b",), {"osc": {"state": "OK", "detail": ""}})
    assert json.loads(json.dumps(as_row(look))) == {"levels": {"/a": 0.5}, "events": ["/b"], "sources": {"osc": "OK"}}
    assert as_row(Look({}, (), {}, "a route"))["route"] == "a route"
