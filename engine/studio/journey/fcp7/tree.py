"""The XML of a project within bounds, and the ways into it."""

from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from engine.errors import InputError
from engine.studio.journey.contents import contents

MOST_ELEMENTS = 4_000_000
MOST_DEEP = 60


class _Tree(TreeBuilder):
    """Builds a tree of bounded size and depth."""

    def __init__(self) -> None:
        super().__init__()
        self.count = self.deep = 0

    def start(self, tag: str, attrs: dict[str, str]) -> Element:
        self.count, self.deep = self.count + 1, self.deep + 1
        if self.count > MOST_ELEMENTS or self.deep > MOST_DEEP:
            raise InputError(f"over {MOST_ELEMENTS} elements, or {MOST_DEEP} in each other")
        return super().start(tag, attrs)

    def end(self, tag: str) -> Element:
        self.deep -= 1
        return super().end(tag)


def tree(path: Path) -> Element:
    """The tree of a file. A plain DOCTYPE is in all of them; entities are refused."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    parser = DefusedXMLParser(target=_Tree(), forbid_dtd=False, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(contents(path))
        root: Element = parser.close()
    except DefusedXmlException:
        raise InputError(f"{path}: entities in it; a project has none") from None
    except InputError as error:
        raise InputError(str(error) if str(error).startswith(str(path)) else f"{path}: {error}") from None
    except (ParseError, ValueError, LookupError) as error:
        raise InputError(f"{path}: no XML ({error})") from None
    return root


def said(element: Element, tag: str) -> str:
    """The text of an element's part; "" where there is none."""
    return (element.findtext(tag) or "").strip()


def whole(element: Element, tag: str) -> int | None:
    """The whole number in an element's part; None where there is none."""
    try:
        value = int(said(element, tag))
    except ValueError:
        return None
    return value if abs(value) < 10**9 else None
