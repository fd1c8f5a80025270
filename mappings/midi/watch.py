"""A thread that keeps the ports open: looks at the port list with one client, because no driver tells of an unplug."""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from mappings.errors import SourceError
from mappings.midi.drivers import Driver, Inlet, Outlet, Take
from mappings.midi.names import matches, short, stable

THROUGH = "midi through"  # ALSA's loop back to itself: opened only when a show names it
NO_VIRTUAL = ("windows",)  # systems where a program cannot make a port of its own


@dataclass(frozen=True, slots=True)
class Wanted:
    """The ports a show asks for."""

    inputs: Sequence[str]  # patterns
    outputs: Sequence[str]
    aliases: Mapping[str, str]  # pattern -> name in addresses
    client: str  # what our own clients' names begin with
    virtual: str = ""  # the name of our own input, if any


@dataclass(frozen=True, slots=True)
class News:
    """A port came or went, the system was reached, or something stands in the way."""

    what: Literal["input", "output", "ready", "trouble"]
    name: str = ""  # of the port, as addresses have it
    full: str = ""  # of the port, as people know it
    here: bool = True
    text: str = ""  # the system's name, or the trouble


class Outputs(Protocol):
    """Who is handed the open outputs, in the thread of `Watch`."""

    def connect(self, port: str, outlet: Outlet) -> None: ...
    def disconnect(self, port: str) -> None: ...


class Watch:
    """Opens what is wanted when it comes, closes it when it goes, and tells through `news`."""

    def __init__(
        self,
        connect: Callable[[], Driver],
        wanted: Wanted,
        take: Callable[[str, str], Take],
        outputs: Outputs,
        look_s: float,
    ) -> None:
        self.news: deque[News] = deque()
        self._connect = connect
        self._wanted = wanted
        self._take = take  # name in addresses, name for people -> where its messages go
        self._outputs = outputs
        self._look_s = look_s
        self._driver: Driver | None = None
        self._open_in: dict[str, tuple[str, Inlet]] = {}  # name in the system -> name in addresses, port
        self._open_out: dict[str, tuple[str, Outlet]] = {}
        self._told = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="midi-ports", daemon=True)

    def start(self) -> None:
        """Begin; the first look is at once."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, which closes everything. A driver that hangs is left behind after 3 s."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=3.0)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._look()
            self._stop.wait(self._look_s)
        self._let_go()

    def _look(self) -> None:
        try:
            if self._driver is None:
                self._driver = self._connect()
            if not self._driver.alive():
                raise SourceError("the MIDI system has stopped")
            trouble = [*self._meet_inputs(self._driver), *self._meet_outputs(self._driver)]
        except (OSError, RuntimeError, ValueError) as error:  # SourceError is an OSError; so are the drivers' own
            self._let_go()
            self._tell(News("trouble", text=str(error)))
        else:
            self._tell(News("trouble", text=trouble[0]) if trouble else News("ready", text=self._driver.api))

    def _meet_inputs(self, driver: Driver) -> list[str]:
        """Open and close inputs as they come and go; what was refused."""
        virtual = self._wanted.virtual if driver.api not in NO_VIRTUAL else ""
        found = self._choose(driver.inputs(), self._wanted.inputs, driver.api)
        self._close_inputs([full for full in self._open_in if full not in found and full != virtual])
        refused = []
        for full in [virtual, *found] if virtual else found:
            if full in self._open_in:
                continue
            name = self._name(full, driver.api, [name for name, _ in self._open_in.values()])
            try:
                inlet = (driver.offer if full == virtual else driver.listen)(
                    full, self._take(name, stable(full, driver.api))
                )
            except SourceError as error:
                refused.append(str(error))
                continue
            self._open_in[full] = (name, inlet)
            self.news.append(News("input", name, stable(full, driver.api)))
        return refused

    def _meet_outputs(self, driver: Driver) -> list[str]:
        if not self._wanted.outputs:
            return []
        found = self._choose(driver.outputs(), self._wanted.outputs, driver.api)
        self._close_outputs([full for full in self._open_out if full not in found])
        refused = []
        for full in found:
            if full in self._open_out:
                continue
            name = self._name(full, driver.api, [name for name, _ in self._open_out.values()])
            try:
                outlet = driver.speak(full)
            except SourceError as error:
                refused.append(str(error))
                continue
            self._open_out[full] = (name, outlet)
            self._outputs.connect(name, outlet)
            self.news.append(News("output", name, stable(full, driver.api)))
        return refused

    def _choose(self, present: Sequence[str], patterns: Sequence[str], api: str) -> list[str]:
        """The wanted ones among those present; never our own, which would feed back."""
        chosen = []
        for full in present:
            name = stable(full, api)
            if name.lower().startswith((f"{self._wanted.client.lower()}-", f"{self._wanted.client.lower()}:")):
                continue
            texts = (name, short(name, self._wanted.aliases))
            loops = name.lower().startswith(THROUGH)
            if any(matches(pattern, text) for pattern in patterns if not (loops and pattern == "*") for text in texts):
                chosen.append(full)
        return chosen

    def _name(self, full: str, api: str, taken: Sequence[str]) -> str:
        return short(stable(full, api), self._wanted.aliases, taken)

    def _close_inputs(self, gone: Sequence[str]) -> None:
        for full in gone:
            name, inlet = self._open_in.pop(full)
            self.news.append(News("input", name, full, here=False))
            inlet.close()

    def _close_outputs(self, gone: Sequence[str]) -> None:
        for full in gone:
            name, outlet = self._open_out.pop(full)
            self._outputs.disconnect(name)
            self.news.append(News("output", name, full, here=False))
            outlet.close()

    def _let_go(self) -> None:
        """Close everything; the next look begins anew."""
        self._close_inputs(list(self._open_in))
        self._close_outputs(list(self._open_out))
        if self._driver is not None:
            self._driver.close()
            self._driver = None

    def _tell(self, news: News) -> None:
        """Once until it changes."""
        if news.text != self._told:
            self._told = news.text
            self.news.append(news)
