"""A pickle as data: our own stack machine over the opcodes of protocols 0 to 5.

The opcodes are those of CPython's `pickletools`; what they mean here is in `opcodes`. The machine never imports, calls
or sets anything on behalf of the file, see `known`.
"""

from collections.abc import Callable
from typing import Any

from engine.generator.foreign.known import Reading
from engine.generator.foreign.refusal import RefusedError

MAX_LINE_BYTES = 4096
MAX_MEMO = 1_000_000


class Machine:
    """Reads one pickle out of `data`, from `position` on. `persistent` answers persistent ids, where there are any."""

    def __init__(
        self,
        data: memoryview,
        reading: Reading,
        *,
        position: int = 0,
        persistent: Callable[[Any], Any] | None = None,
    ) -> None:
        self.data = data
        self.reading = reading
        self.position = position
        self.persistent = persistent
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.stopped = False

    def run(self, opcodes: dict[int, Callable[["Machine"], None]]) -> Any:
        """The value at STOP; `position` is then just behind it. RefusedError says at which byte it goes wrong."""
        data, budget, end = self.data, self.reading.budget, len(self.data)
        start = self.position
        try:
            while not self.stopped:
                start = self.position
                if start >= end:
                    raise RefusedError("it ends in the middle")
                opcode = opcodes.get(data[start])
                if opcode is None:
                    raise RefusedError(f"there is no pickle opcode {data[start]:#04x}")
                self.position = start + 1
                budget.spend(1)
                opcode(self)
        except RefusedError as refused:
            if refused.byte is None and refused.remedy:
                refused.byte = start
            raise
        value = self.pop()
        if self.stack or self.marks:
            raise RefusedError("it leaves more than one value behind", byte=start)
        return value

    def take(self, count: int) -> memoryview:
        """The next `count` bytes of the file."""
        start, stop = self.position, self.position + count
        if stop > len(self.data):
            raise RefusedError(f"it claims {count} bytes where {len(self.data) - start} are left")
        self.position = stop
        return self.data[start:stop]

    def number(self, size_bytes: int, *, signed: bool = False) -> int:
        """The next little-endian integer."""
        return int.from_bytes(self.take(size_bytes), "little", signed=signed)

    def line(self, most_bytes: int = MAX_LINE_BYTES) -> bytes:
        """The next line, without its end."""
        stop = min(len(self.data), self.position + most_bytes)
        for start in range(self.position, stop, MAX_LINE_BYTES):
            found = bytes(self.data[start : min(stop, start + MAX_LINE_BYTES)]).find(b"\n")
            if found >= 0:
                text = bytes(self.data[self.position : start + found])
                self.position = start + found + 1
                return text
        raise RefusedError(f"a line does not end within {most_bytes} bytes")

    def push(self, value: Any) -> None:
        """Put a value on the stack."""
        self.stack.append(value)

    def pop(self) -> Any:
        """Take the newest value above the last mark."""
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise RefusedError("it takes a value where there is none")
        return self.stack.pop()

    def top(self) -> Any:
        """The newest value above the last mark."""
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise RefusedError("it uses a value where there is none")
        return self.stack[-1]

    def pop_to_mark(self) -> list[Any]:
        """Take everything above the last mark, and the mark."""
        if not self.marks:
            raise RefusedError("it goes back to a mark where there is none")
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def remember(self, index: int) -> None:
        """Put the newest value into the memo."""
        if not 0 <= index < MAX_MEMO:
            raise RefusedError(f"it uses memo {index}; {MAX_MEMO} are allowed")
        self.memo[index] = self.top()

    def recall(self, index: int) -> None:
        """Push a value of the memo."""
        if index not in self.memo:
            raise RefusedError(f"it uses memo {index}, which was never set")
        self.push(self.memo[index])
