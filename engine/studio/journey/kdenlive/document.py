"""An MLT document as plain elements: parsed without DTDs or entities, in bounded memory, each with its line."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from engine.errors import InputError, printable
from engine.studio.journey.timeline import MAX_BYTES

MAX_ELEMENTS = 1_000_000
MAX_DEPTH = 64
MAX_TOKEN = 1 << 20  # bytes of one tag or comment
BLOCK = 1 << 16


@dataclass(slots=True)
class Element:
    """A tag, with the `<property name="...">` within it as a plain table.

    line : where it begins in the file
    """

    tag: str
    attributes: dict[str, str]
    line: int
    children: list["Element"] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Its id, "" without."""
        return self.attributes.get("id", "")

    def get(self, name: str) -> str:
        """An attribute, or a property where there is no such attribute; "" without."""
        return self.attributes.get(name) or self.properties.get(name, "")

    def service(self) -> str:
        """What MLT makes it with."""
        return self.get("mlt_service")

    def flag(self, name: str) -> bool:
        """True for 1, as MLT writes what is so."""
        return self.properties.get(name, "").strip() not in ("", "0")

    def all(self, *tags: str) -> Iterator["Element"]:
        """Its direct children of these tags, in order."""
        return (child for child in self.children if child.tag in tags)


class Document:
    """A parsed project.

    ids : everything that can be played, by its id
    """

    def __init__(self, path: Path, root: Element) -> None:
        self.path, self.root = path, root
        self.ids: dict[str, Element] = {}
        for element in walk(root):
            if element.tag in PLAYABLE and element.id:
                self.ids[element.id] = element

    @property
    def version(self) -> int:
        """The first number of the MLT that wrote it; 7 where it does not say."""
        text = self.root.attributes.get("version", "").partition(".")[0]
        return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 7

    def where(self, element: Element) -> str:
        """File and line of an element."""
        return f"{printable(self.path.name)}:{element.line}"

    def wrong(self, element: Element, what: str) -> InputError:
        """An error that names the file and the line."""
        return InputError(f"{self.path}:{element.line}: {printable(what)}")


PLAYABLE = ("producer", "chain", "playlist", "tractor")


def walk(root: Element) -> Iterator[Element]:
    """An element and all below it, in the order of the file."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        yield element
        waiting.extend(reversed(element.children))


def parse(path: Path) -> Document:
    """The document in a file. InputError for what is not well-formed, holds a DTD, or is too large or too deep."""
    target = _Builder()
    parser = DefusedXMLParser(target=target, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    target.expat = parser.parser
    try:
        with path.open("rb") as file:
            size = 0
            while block := file.read(BLOCK):
                size += len(block)
                target.pending += len(block)
                if size > MAX_BYTES or target.pending > MAX_TOKEN:
                    raise _TooMuchError("a file of over 64 MB" if size > MAX_BYTES else "a tag of over 1 MB")
                parser.feed(block)
        parser.close()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except DefusedXmlException:
        raise InputError(f"{path}: holds a DTD or an entity, which no editor writes; refused") from None
    except _TooMuchError as error:
        raise InputError(f"{path}:{target.line()}: {error}; refused") from None
    except ParseError as error:
        raise InputError(f"{path}:{error.position[0]}: not well-formed XML ({printable(str(error))})") from None
    except (ValueError, LookupError) as error:  # an encoding that Python does not know or expat does not take
        raise InputError(f"{path}: no text that can be read ({printable(str(error))})") from None
    if target.root is None or target.root.tag != "mlt":
        found = printable(target.root.tag) if target.root else "nothing"
        raise InputError(f"{path}: begins with <{found}>; a project of Kdenlive or MLT begins with <mlt>")
    return Document(path, target.root)


class _TooMuchError(Exception):
    """The document exceeds a limit."""


class _Builder:
    """Makes elements as the parser meets their tags."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self.pending = 0  # bytes fed since the last tag or text
        self.expat: object = None
        self._open: list[Element] = []
        self._count = 0
        self._depth = 0
        self._name: str | None = None  # of the property that is open
        self._text: list[str] = []

    def line(self) -> int:
        return int(getattr(self.expat, "CurrentLineNumber", 0))

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.pending = 0
        self._count += 1
        self._depth += 1
        if self._count > MAX_ELEMENTS:
            raise _TooMuchError(f"more than {MAX_ELEMENTS} elements")
        if self._depth > MAX_DEPTH:
            raise _TooMuchError(f"elements more than {MAX_DEPTH} deep")
        if self._name is not None:
            raise _TooMuchError("an element within a property")
        if tag == "property" and self._open:
            self._name = attributes.get("name", "")
            self._text = []
            return
        element = Element(tag, attributes, self.line())
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def data(self, text: str) -> None:
        self.pending = 0
        if self._name is not None:
            self._text.append(text)

    def end(self, tag: str) -> None:
        self.pending = 0
        self._depth -= 1
        if self._name is not None:
            self._open[-1].properties[self._name] = "".join(self._text)
            self._name = None
        else:
            self._open.pop()
