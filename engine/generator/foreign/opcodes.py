"""What each opcode of a pickle does to the machine's stack. Names and bytes are those of CPython's `pickletools`."""

import struct
from collections.abc import Callable
from typing import Any

from engine.generator.foreign import known, tokens
from engine.generator.foreign.machine import Machine
from engine.generator.foreign.refusal import RefusedError
from engine.generator.foreign.values import Named, check_key

Opcode = Callable[[Machine], None]


def _global(machine: Machine) -> Named:
    module, name = tokens.line_text(machine), tokens.line_text(machine)
    return known.look_up(module, name)


def _stack_global(machine: Machine) -> None:
    name, module = machine.pop(), machine.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise RefusedError("it asks for something whose name is no text")
    machine.push(known.look_up(module, name))


def _inst(machine: Machine) -> None:
    target = _global(machine)
    _instance(machine, target, tuple(machine.pop_to_mark()))


def _obj(machine: Machine) -> None:
    target, *args = machine.pop_to_mark() or [None]
    _instance(machine, target, tuple(args))


def _instance(machine: Machine, target: Any, args: tuple[Any, ...]) -> None:
    machine.push(known.make(target, args))


def _reduce(machine: Machine) -> None:
    args, target = machine.pop(), machine.pop()
    machine.push(known.call(target, args, machine.reading))


def _newobj(machine: Machine) -> None:
    args, target = machine.pop(), machine.pop()
    machine.push(known.make(target, args))


def _newobj_ex(machine: Machine) -> None:
    named = machine.pop()
    if not isinstance(named, dict) or named:
        raise RefusedError("it makes an object with named arguments")
    _newobj(machine)


def _build(machine: Machine) -> None:
    state = machine.pop()
    known.set_state(machine.top(), state, machine.reading)


def _pop(machine: Machine) -> None:
    if machine.marks and machine.marks[-1] == len(machine.stack):
        machine.marks.pop()
    else:
        machine.pop()


def _pop_mark(machine: Machine) -> None:
    machine.pop_to_mark()


def _append(machine: Machine) -> None:
    item = machine.pop()
    _list(machine).append(item)


def _appends(machine: Machine) -> None:
    items = machine.pop_to_mark()
    _list(machine).extend(items)


def _list(machine: Machine) -> list[Any]:
    target = machine.top()
    if not isinstance(target, list):
        raise RefusedError(f"it appends to a {type(target).__name__}")
    return target


def _set_items(machine: Machine, items: list[Any]) -> None:
    target = machine.top()
    if not isinstance(target, dict) or len(items) % 2:
        raise RefusedError(f"it sets items of a {type(target).__name__}")
    for key, value in zip(items[::2], items[1::2], strict=True):
        check_key(key)
        target[key] = value


def _setitem(machine: Machine) -> None:
    value, key = machine.pop(), machine.pop()
    _set_items(machine, [key, value])


def _dict(machine: Machine) -> None:
    items = machine.pop_to_mark()
    machine.push({})
    _set_items(machine, items)


def _add_items(machine: Machine) -> None:
    items = machine.pop_to_mark()
    target = machine.top()
    if not isinstance(target, set):
        raise RefusedError(f"it adds items to a {type(target).__name__}")
    for item in items:
        check_key(item)
        target.add(item)


def _frozenset(machine: Machine) -> None:
    items = machine.pop_to_mark()
    for item in items:
        check_key(item)
    machine.push(frozenset(items))


def _tuple(machine: Machine, count: int) -> None:
    items = [machine.pop() for _ in range(count)]
    machine.push(tuple(reversed(items)))


def _persistent(machine: Machine, pid: Any) -> None:
    if machine.persistent is None:
        raise RefusedError("it refers to data outside itself")
    machine.push(machine.persistent(pid))


def _proto(machine: Machine) -> None:
    version = machine.number(1)
    if version > 5:
        raise RefusedError(f"it is of pickle protocol {version}; 0 to 5 are known")


def _frame(machine: Machine) -> None:
    """Frames only help reading ahead: the claim must hold, and that is all."""
    size = machine.number(8)
    if size > len(machine.data) - machine.position:
        raise RefusedError(f"a frame claims {size} bytes where {len(machine.data) - machine.position} are left")


def _stop(machine: Machine) -> None:
    machine.stopped = True


def _refused(what: str) -> Opcode:
    def refuse(machine: Machine) -> None:
        raise RefusedError(what)

    return refuse


_EXTENSION = _refused("it asks for a registered extension")
_BUFFER = _refused("it refers to buffers outside itself")

OPCODES: dict[int, Opcode] = {
    code[0]: opcode
    for code, opcode in {
        b"\x80": _proto,
        b"\x95": _frame,
        b".": _stop,
        b"(": lambda m: m.marks.append(len(m.stack)),
        b"0": _pop,
        b"1": _pop_mark,
        b"2": lambda m: m.push(m.top()),
        # memo
        b"p": lambda m: m.remember(tokens.memo_index(m)),
        b"q": lambda m: m.remember(m.number(1)),
        b"r": lambda m: m.remember(m.number(4)),
        b"\x94": lambda m: m.remember(len(m.memo)),
        b"g": lambda m: m.recall(tokens.memo_index(m)),
        b"h": lambda m: m.recall(m.number(1)),
        b"j": lambda m: m.recall(m.number(4)),
        # scalars
        b"N": lambda m: m.push(None),
        b"\x88": lambda m: m.push(True),
        b"\x89": lambda m: m.push(False),
        b"I": lambda m: m.push(tokens.parsed(m, int)),
        b"L": lambda m: m.push(tokens.parsed(m, int)),
        b"F": lambda m: m.push(tokens.parsed(m, float)),
        b"J": lambda m: m.push(m.number(4, signed=True)),
        b"K": lambda m: m.push(m.number(1)),
        b"M": lambda m: m.push(m.number(2)),
        b"\x8a": lambda m: m.push(tokens.integer(m, m.number(1))),
        b"\x8b": lambda m: m.push(tokens.integer(m, m.number(4, signed=True))),
        b"G": lambda m: m.push(struct.unpack(">d", m.take(8))[0]),
        # text and bytes
        b"S": lambda m: m.push(tokens.quoted(m)),
        b"T": lambda m: m.push(tokens.old_text(m, m.number(4))),
        b"U": lambda m: m.push(tokens.old_text(m, m.number(1))),
        b"V": lambda m: m.push(tokens.raw_unicode(m)),
        b"X": lambda m: m.push(tokens.text(m, m.number(4))),
        b"\x8c": lambda m: m.push(tokens.text(m, m.number(1))),
        b"\x8d": lambda m: m.push(tokens.text(m, m.number(8))),
        b"B": lambda m: m.push(tokens.raw_bytes(m, m.number(4))),
        b"C": lambda m: m.push(tokens.raw_bytes(m, m.number(1))),
        b"\x8e": lambda m: m.push(tokens.raw_bytes(m, m.number(8))),
        b"\x96": lambda m: m.push(tokens.raw_bytes(m, m.number(8))),
        # containers
        b"]": lambda m: m.push([]),
        b"l": lambda m: m.push(m.pop_to_mark()),
        b"a": _append,
        b"e": _appends,
        b"}": lambda m: m.push({}),
        b"d": _dict,
        b"s": _setitem,
        b"u": lambda m: _set_items(m, m.pop_to_mark()),
        b")": lambda m: m.push(()),
        b"t": lambda m: m.push(tuple(m.pop_to_mark())),
        b"\x85": lambda m: _tuple(m, 1),
        b"\x86": lambda m: _tuple(m, 2),
        b"\x87": lambda m: _tuple(m, 3),
        b"\x8f": lambda m: m.push(set()),
        b"\x90": _add_items,
        b"\x91": _frozenset,
        # names and what is made of them
        b"c": lambda m: m.push(_global(m)),
        b"\x93": _stack_global,
        b"i": _inst,
        b"o": _obj,
        b"R": _reduce,
        b"\x81": _newobj,
        b"\x92": _newobj_ex,
        b"b": _build,
        # what is outside the file
        b"P": lambda m: _persistent(m, tokens.line_text(m)),
        b"Q": lambda m: _persistent(m, m.pop()),
        b"\x82": _EXTENSION,
        b"\x83": _EXTENSION,
        b"\x84": _EXTENSION,
        b"\x97": _BUFFER,
        b"\x98": _BUFFER,
    }.items()
}


def read_pickle(
    data: memoryview, reading: known.Reading, *, position: int = 0, persistent: Callable[[Any], Any] | None = None
) -> tuple[Any, int]:
    """The value of the pickle at `position`, and the position just behind it."""
    machine = Machine(data, reading, position=position, persistent=persistent)
    return machine.run(OPCODES), machine.position
