"""Port names that stay the same: without the numbers a driver adds, short enough for an address."""

import re
from collections.abc import Container, Mapping
from fnmatch import fnmatchcase

# ALSA appends "client:port", Windows the port's number, a2jmidid puts the client's number in brackets.
_ALSA = re.compile(r" \d+:\d+$")
_WINDOWS = re.compile(r" \d+$")
_BRIDGE = re.compile(r" \[\d+\]")
_OTHER = re.compile(r"[^a-z0-9]+")


def stable(name: str, api: str) -> str:
    """The name of a port without the numbers that change from one plugging-in to the next."""
    if api == "alsa":
        return _ALSA.sub("", name)
    if api == "windows":
        return _WINDOWS.sub("", name)
    return _BRIDGE.sub("", name)


def slug(name: str) -> str:
    """A port's name as one part of an address: `nanoKONTROL2:nanoKONTROL2 _ CTRL` is `nanokontrol2_ctrl`."""
    words = [word for word in _OTHER.split(name.lower()) if word]
    kept = [word for i, word in enumerate(words) if i == 0 or word != words[i - 1]]
    return "_".join(kept) or "port"


def matches(pattern: str, name: str) -> bool:
    """Whether a pattern (`nano*`, any case) means this stable name or its slug. A colon may be written as a space."""
    wanted = pattern.lower()
    given = name.lower()
    return any(fnmatchcase(text, wanted) for text in (given, given.replace(":", " "), slug(name)))


def short(name: str, aliases: Mapping[str, str], taken: Container[str] = ()) -> str:
    """The alias of a port, else its slug; a second port of the same name gets `_2`."""
    found = next((alias for pattern, alias in aliases.items() if matches(pattern, name)), None)
    base = slug(found or name)
    number, text = 1, base
    while text in taken:
        number += 1
        text = f"{base}_{number}"
    return text
