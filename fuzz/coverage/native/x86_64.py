"""Where the basic blocks of a function of x86-64 begin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from tensorsmith.fuzz.coverage.native.elf import Library
from tensorsmith.ir.errors import EnvironmentLacksError

BREAKPOINT = 0xCC

_CONDITIONS = (
    "o",
    "no",
    "b",
    "ae",
    "e",
    "ne",
    "be",
    "a",
    "s",
    "ns",
    "p",
    "np",
    "l",
    "ge",
    "le",
    "g",
    "cxz",
    "ecxz",
    "rcxz",
)
_JUMPS = frozenset({"jmp", "loop", "loope", "loopne", "xbegin", *("j" + condition for condition in _CONDITIONS)})
_ENDS = frozenset({"ret", "retf", "iretq", "ud0", "ud1", "ud2", "hlt", "int3"})
# What a decoder may print before the name.
_PREFIXES = ("", "bnd ", "notrack ", "repz ", "repne ", "rep ")
_KINDS = {prefix + name: "jump" for prefix in _PREFIXES for name in _JUMPS}
_KINDS |= {prefix + name: "end" for prefix in _PREFIXES for name in _ENDS}
_KINDS |= {"nop": "nop", "lea": "lea"}
_LONGEST_TABLE = 4096


def leaders(library: Library, start: int, size: int) -> list[int] | None:
    """The addresses at which the basic blocks of the function [start, start + size) begin, sorted.

    A block begins at the entry, at the target of a jump or of a jump table, and after an instruction that control does
    not fall through, or not always; calls end no block. None if the sweep from the start does not arrive at the end, or
    if a jump goes between two instructions: then data may be among the code.

    Raises:
        EnvironmentLacksError: capstone is not installed.
    """
    code = library.code(start, size).tobytes()
    end = start + size
    starts: list[int] = []
    found = {start}
    targets: set[int] = set()
    tables: list[int] = []
    begins = indirect = False
    at = start
    for at, length, name, operands in _decoder()(code, start):
        starts.append(at)
        kind = _KINDS.get(name)
        if begins and kind != "nop":
            found.add(at)
            begins = False
        if kind is None or kind == "nop":
            continue
        if kind == "lea":
            # rdi, [rip + 0x1234]
            if "[rip " in operands:
                _, sign, distance = operands.rstrip("]").rsplit(" ", 2)
                tables.append(at + length + (int(distance, 16) if sign == "+" else -int(distance, 16)))
            continue
        begins = True
        if kind == "jump":
            if operands.startswith("0x"):
                targets.add(int(operands, 16))
            else:
                indirect = True
    if not starts or at + length != end:
        return None
    instructions = frozenset(starts)
    inner = {target for target in targets if start <= target < end}
    if not inner <= instructions:
        return None
    found |= inner
    if indirect:
        for table in tables:
            found.update(target for target in _jump_table(library, table) if target in instructions)
    return sorted(at for at in found if code[at - start] != BREAKPOINT)


def _jump_table(library: Library, table: int) -> Iterator[int]:
    """Where the entries of a table go: words of four bytes, relative to the table, as GCC and Clang write them."""
    offset = library.offset(table)
    if offset is None or table % 4:
        return
    low, high = library.text
    if low <= table < high:
        return
    for distance in library.contents[offset : offset + 4 * _LONGEST_TABLE].view("<i4")[:_LONGEST_TABLE]:
        target = table + int(distance)
        if not low <= target < high:
            return
        yield target


@cache
def _decoder() -> Callable[[bytes, int], Iterator[tuple[int, int, str, str]]]:
    try:
        import capstone
    except ImportError:
        raise EnvironmentLacksError(
            "coverage of blocks needs capstone: pip install 'tensorsmith[coverage]' (that of functions does not)"
        ) from None
    decoder: Any = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    disassemble: Callable[[bytes, int], Iterator[tuple[int, int, str, str]]] = decoder.disasm_lite
    return disassemble


def lea_targets(library: Library) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """What looks like `lea register, [rip + distance]` in the text: int64[n] places, and int64[n] addresses they give.

    Found by bytes, without a decoder: some are none, so only addresses where something is known to be mean anything.
    """
    low, high = library.text
    code = library.code(low, high - low)
    at = np.flatnonzero(code[1:-5] == 0x8D)
    at = at[((code[at + 2] & 0xC7) == 0x05) & ((code[at] & 0xFB) == 0x48)]
    words = sum(code[at + 3 + byte].astype(np.int64) << (8 * byte) for byte in range(4))
    distance = (words ^ 0x80000000) - 0x80000000
    return low + at, low + at + 7 + distance


def vector_share(library: Library, start: np.ndarray[Any, Any], size: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """float64[n]: of each of these functions, sorted and apart, the share of bytes that could begin an AVX instruction.

    0.005 by chance.
    """
    base, end = int(start[0]), int(start[-1] + size[-1])
    code = library.code(base, end - base)
    begins = (code == 0x62) | (code == 0xC4) | (code == 0xC5)
    edges = np.stack([start - base, start + size - base], axis=1).ravel()[:-1]
    shares: np.ndarray[Any, Any] = np.add.reduceat(begins, edges, dtype=np.int32)[::2] / size
    return shares
