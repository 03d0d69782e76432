"""One-shot probes in the bytecode of Python 3.11: stores that mark a line as executed and jump over themselves then.

A probe calls nothing. It stores a one into an array of marks, and the opcode JUMP_FORWARD over the NOP that it begins
with, in the memory that the interpreter executes. So it costs nothing from its second run on, every function object and
frame that shares the code is disarmed at once, and whoever watches calls, such as Dynamo, sees none.
"""

from __future__ import annotations

import ctypes
import dis
from collections.abc import Iterator, Mapping, Sequence
from types import CodeType
from typing import NamedTuple

_OP = dis.opmap
NOP, JUMP = _OP["NOP"], _OP["JUMP_FORWARD"]
_EXTENDED, _LOAD_CONST, _STORE_SUBSCR = _OP["EXTENDED_ARG"], _OP["LOAD_CONST"], _OP["STORE_SUBSCR"]
_CACHES: Sequence[int] = getattr(dis, "_inline_cache_entries", ())
_STORE = bytes((_STORE_SUBSCR, 0, *(0, 0) * _CACHES[_STORE_SUBSCR])) if _CACHES else b""
_JUMPS = frozenset(dis.hasjrel)
_BACKWARD = frozenset(op for op in dis.hasjrel if "JUMP_BACKWARD" in dis.opname[op])
# A probe before one of these would part what the interpreter takes together.
_NO_PLACE = frozenset(_OP[name] for name in ("RESUME", "PRECALL", "CALL", "RETURN_GENERATOR") if name in _OP)
# These belong to the line that they are on.
_COMPREHENSIONS = frozenset(("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"))
# Values that a probe has on the stack at most.
_STACK = 3
_NO_COLUMNS, _NO_LOCATION = 13, 15
_MOST_UNITS = 8


class Marks(bytearray):
    """A mark for every probe. It hashes, because the hash of code is that of its constants too."""

    __hash__ = object.__hash__  # type: ignore[assignment]


class Memory(ctypes.POINTER(ctypes.c_ubyte)):  # type: ignore[misc]
    """Where the bytecode of a code object is, once that exists."""

    _type_ = ctypes.c_ubyte
    __hash__ = object.__hash__

    def point_to(self, code: CodeType) -> None:
        """Let it be the bytecode of a code object, which must outlive it."""
        self.contents = ctypes.c_ubyte.from_address(bytecode_address(code))


class Probe(NamedTuple):
    """A probe to insert: before the instruction at this offset in bytes, with this position among the marks."""

    offset: int
    mark: int


class _Instruction(NamedTuple):
    offset: int
    op: int
    arg: int
    # In units of two bytes: EXTENDED_ARGs before it, caches after it.
    prefixes: int
    caches: int


def bytecode_address(code: CodeType) -> int:
    """The address of the instructions that the interpreter executes, which lie behind the fields of the object."""
    return id(code) + CodeType.__basicsize__


def line_places(code: CodeType) -> Iterator[tuple[int, int]]:
    """Offsets where a line begins and a probe may stand, with the line. A line may begin at several offsets."""
    raw = code.co_code
    first = next((i for i in range(0, len(raw), 2) if raw[i] == _OP["RESUME"]), -1)
    starts = dict(dis.findlinestarts(code))
    # All of a lambda, or of another function on one line, begins before the first place.
    body = first + 2
    line = starts.get(first)
    if line and body not in starts and raw[body] not in _NO_PLACE and code.co_name not in _COMPREHENSIONS:
        yield body, line
    for offset, line in starts.items():
        if line and offset > first and raw[offset] not in _NO_PLACE and (offset == 0 or raw[offset - 2] != _EXTENDED):
            yield offset, line


def with_probes(
    code: CodeType, probes: Sequence[Probe], marks: Marks, nested: Mapping[int, CodeType]
) -> tuple[CodeType, list[int]]:
    """The code with probes, armed, and the address of the first byte of each.

    Args:
        code: what a function has; nothing of it but bytecode, tables, constants and the depth of the stack changes.
        probes: in the order of their offsets, all of `line_places`.
        marks: what probes mark.
        nested: other constants in the places of some: code objects that have probes already.
    """
    consts = list(code.co_consts)
    for position, inner in nested.items():
        consts[position] = inner
    if not probes:
        return code.replace(co_consts=tuple(consts)), []
    memory = Memory()
    first = len(consts)
    consts += [marks, memory, 1, JUMP]
    snippets = {}
    shared = [_emit(_LOAD_CONST, first + number) for number in range(4)]
    for probe in probes:
        snippets[probe.offset] = _snippet(shared, len(consts))
        consts += [probe.mark, 0]
    layout = _Layout(code, snippets)
    for number, probe in enumerate(probes):
        consts[first + 4 + 2 * number + 1] = layout.starts[probe.offset]
    new = code.replace(
        co_code=layout.bytecode(),
        co_consts=tuple(consts),
        co_stacksize=code.co_stacksize + _STACK,
        co_linetable=layout.line_table(),
        co_exceptiontable=layout.exception_table(),
    )
    memory.point_to(new)
    address = bytecode_address(new)
    return new, [address + layout.starts[probe.offset] for probe in probes]


def _snippet(shared: Sequence[bytes], own: int) -> bytes:
    """A probe: what loads the constants marks, memory, 1 and JUMP, and where its own begin: its mark, its offset."""
    marks, memory, one, jump = shared
    body = one + marks + _emit(_LOAD_CONST, own) + _STORE + jump + memory + _emit(_LOAD_CONST, own + 1) + _STORE
    return bytes((NOP, len(body) // 2)) + body


def _emit(op: int, arg: int, prefixes: int = 0) -> bytes:
    """An instruction with at least so many EXTENDED_ARGs."""
    if arg < 1 << 8 and not prefixes:
        return bytes((op, arg))
    prefixes = max(prefixes, _prefixes(arg))
    before = [byte for place in range(prefixes, 0, -1) for byte in (_EXTENDED, arg >> 8 * place & 255)]
    return bytes((*before, op, arg & 255))


def _prefixes(arg: int) -> int:
    return 0 if arg < 1 << 8 else 1 if arg < 1 << 16 else 2 if arg < 1 << 24 else 3


def _instructions(raw: bytes) -> list[_Instruction]:
    found: list[_Instruction] = []
    position = start = arg = 0
    while position < len(raw):
        op = raw[position]
        arg = arg << 8 | raw[position + 1]
        position += 2
        if op != _EXTENDED:
            caches = _CACHES[op]
            found.append(_Instruction(start, op, arg, (position - 2 - start) // 2, caches))
            position += 2 * caches
            start, arg = position, 0
    return found


class _Layout:
    """Where everything of a code object is once snippets have been inserted. Offsets are in bytes."""

    def __init__(self, code: CodeType, snippets: Mapping[int, bytes]) -> None:
        self._code = code
        self._raw = code.co_code
        self._snippets = snippets
        self._all = _instructions(self._raw)
        self._jumps = [one for one in self._all if one.op in _JUMPS]
        # EXTENDED_ARGs that jumps have beyond those they had.
        self._grown: dict[int, int] = {}
        # By old offset: the new one, of the snippet if there is one there.
        self.starts = self._place()
        while self._grow():
            self.starts = self._place()

    def bytecode(self) -> bytes:
        """All instructions."""
        pieces: list[bytes] = []
        done = 0
        edits = sorted({*self._snippets, *(jump.offset for jump in self._jumps)})
        jumps = {jump.offset: jump for jump in self._jumps}
        for offset in edits:
            pieces.append(self._raw[done:offset])
            pieces.append(self._snippets.get(offset, b""))
            done = offset
            jump = jumps.get(offset)
            if jump is not None:
                pieces.append(_emit(jump.op, self._distance(jump), jump.prefixes + self._grown.get(offset, 0)))
                pieces.append(bytes(2 * jump.caches))
                done = offset + 2 * (jump.prefixes + 1 + jump.caches)
        pieces.append(self._raw[done:])
        return b"".join(pieces)

    def exception_table(self) -> bytes:
        """Where exceptions of which instructions are handled."""
        out = bytearray()
        for start, end, target, depth in _exceptions(self._code.co_exceptiontable):
            start, end, target = self.starts[start], self.starts[end], self.starts[target]
            for value, mark in ((start // 2, 0x80), ((end - start) // 2, 0), (target // 2, 0), (depth, 0)):
                out += _varint_big(value, mark)
        return bytes(out)

    def line_table(self) -> bytes:
        """The lines of the instructions; those of probes have none."""
        out = bytearray()
        offset = 0
        grown = dict(self._grown)
        table = self._code.co_linetable
        heads = [position for position, byte in enumerate(table) if byte & 0x80]
        for head, end in zip(heads, [*heads[1:], len(table)], strict=True):
            snippet = self._snippets.get(offset)
            if snippet is not None:
                _entries(out, bytes((0x80 | _NO_LOCATION << 3,)), len(snippet) // 2)
            units = (table[head] & 7) + 1
            more = sum(grown.pop(at) for at in range(offset, offset + 2 * units, 2) if at in grown) if grown else 0
            _entries(out, table[head:end], units + more)
            offset += 2 * units
        return bytes(out)

    def _place(self) -> dict[int, int]:
        starts: dict[int, int] = {}
        added = 0
        for one in self._all:
            starts[one.offset] = one.offset + added
            snippet = self._snippets.get(one.offset)
            if snippet is not None:
                added += len(snippet)
            if one.op in _JUMPS:
                added += 2 * self._grown.get(one.offset, 0)
        starts[len(self._raw)] = len(self._raw) + added
        return starts

    def _distance(self, jump: _Instruction) -> int:
        """What a jump's argument is now, in units."""
        after = jump.offset + 2 * (jump.prefixes + 1 + jump.caches)
        back = jump.op in _BACKWARD
        target = self.starts[after - 2 * jump.arg if back else after + 2 * jump.arg]
        size = 2 * (jump.prefixes + self._grown.get(jump.offset, 0) + 1 + jump.caches)
        here = self.starts[jump.offset] + len(self._snippets.get(jump.offset, b"")) + size
        return (here - target if back else target - here) // 2

    def _grow(self) -> bool:
        """Make room for the arguments of jumps; False if there is enough."""
        changed = False
        for jump in self._jumps:
            more = _prefixes(self._distance(jump)) - jump.prefixes
            if more > self._grown.get(jump.offset, 0):
                self._grown[jump.offset] = more
                changed = True
        return changed


def _entries(out: bytearray, entry: bytes, units: int) -> None:
    """Append an entry of a line table for so many units, as several if need be."""
    out.append(entry[0] & 0xF8 | min(units, _MOST_UNITS) - 1)
    out += entry[1:]
    units -= _MOST_UNITS
    nowhere = entry[0] >> 3 & 15 == _NO_LOCATION
    while units > 0:
        length = min(units, _MOST_UNITS) - 1
        out += bytes((0x80 | _NO_LOCATION << 3 | length,) if nowhere else (0x80 | _NO_COLUMNS << 3 | length, 0))
        units -= _MOST_UNITS


def _exceptions(table: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Start, end and target in bytes, and depth with the flag as it is encoded."""
    numbers: list[int] = []
    value = 0
    for byte in table:
        value = value << 6 | byte & 63
        if not byte & 64:
            numbers.append(value)
            value = 0
    for start, length, target, depth in zip(*[iter(numbers)] * 4, strict=True):
        yield 2 * start, 2 * (start + length), 2 * target, depth


def _varint_big(value: int, mark: int) -> bytes:
    """The form that exception tables have: six bits a byte, the most significant first."""
    places = max(1, (value.bit_length() + 5) // 6)
    digits = [value >> 6 * place & 63 for place in range(places - 1, -1, -1)]
    encoded = [digit | 64 for digit in digits[:-1]] + digits[-1:]
    encoded[0] |= mark
    return bytes(encoded)
