"""How a part of the reader says no."""

DISTRUST = "download it again, and leave it alone if you do not trust where it came from"
MAX_SHOWN = 120


class RefusedError(Exception):
    """A file is refused: what is wrong, where, and what to do about it.

    `byte` is filled in by whoever knows the place; a refusal without a remedy says everything in `what`.
    """

    def __init__(self, what: str, *, remedy: str = DISTRUST, byte: int | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.byte = byte

    def __str__(self) -> str:
        place = f", at byte {self.byte}" if self.byte is not None else ""
        return f"{self.what}{place}; {self.remedy}" if self.remedy else self.what

    def inside(self, part: str) -> "RefusedError":
        """The same refusal as its surroundings tell it: the place is inside a part of the file."""
        if self.byte is None:
            return self
        return RefusedError(f"{self.what} (byte {self.byte} of {part})", remedy=self.remedy)


def shown(text: str) -> str:
    """A name out of a strange file, safe to print: short, ASCII, no control characters."""
    return ascii(text[:MAX_SHOWN])[1:-1][:MAX_SHOWN]
