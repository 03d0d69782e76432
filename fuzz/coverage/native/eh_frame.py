"""The functions of a library, from the table that exceptions are unwound with, which stripping leaves in place.

The formats are those of the Linux Standard Base, "Exception Frames", and of DWARF 4, section 6.4.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tensorsmith.fuzz.coverage.native.elf import Addresses, Bytes, Library
from tensorsmith.ir.errors import InvalidInputError

# Encodings of pointers: four signed bytes, relative to their own place or to the start of the table.
_RELATIVE_4 = 0x1B
_TABLE_RELATIVE_4 = 0x3B
_UNSIGNED_4 = 0x03
_SIZES = {0x00: 8, 0x02: 2, 0x03: 4, 0x04: 8, 0x0A: 2, 0x0B: 4, 0x0C: 8}


@dataclass(frozen=True)
class Functions:
    """The functions of a library, sorted by address; none overlaps another.

    Attributes:
        start: int64[n], addresses relative to the image's base.
        size: int64[n], bytes.
        handles_exceptions: bool[n], whether the function has a table of handlers or destructors: C++ has, C and
            assembly do not.
    """

    start: Addresses
    size: Addresses
    handles_exceptions: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.start)


def find_functions(library: Library) -> Functions:
    """The functions in the text of a library.

    Raises:
        InvalidInputError: it has no table of them, or one that cannot be read; names the file.
    """
    if library.unwind_table is None:
        raise InvalidInputError(f"{library.path}: has no .eh_frame_hdr to find its functions with")
    try:
        return _find(library, library.unwind_table)
    except (IndexError, ValueError, OverflowError) as error:
        raise InvalidInputError(f"{library.path}: .eh_frame cannot be read: {error}") from None


def _find(library: Library, table: int) -> Functions:
    data = library.contents
    at = _offset(library, table)
    version, frame, count, entries = (int(byte) for byte in data[at : at + 4])
    if version != 1 or count != _UNSIGNED_4 or entries != _TABLE_RELATIVE_4 or frame not in (0x1B, 0x0B):
        raise ValueError(f"unknown form {version} {frame:#x} {count:#x} {entries:#x} of .eh_frame_hdr")
    number = int(_word(data, np.array([at + 8]))[0])
    rows = data[at + 12 : at + 12 + 8 * number].view("<i4").reshape(number, 2).astype(np.int64) + table
    start, entry = rows[:, 0], rows[:, 1]
    if not number:
        raise ValueError("no functions")
    place = entry + (_offset(library, int(entry.min())) - int(entry.min()))
    common = place + 4 - _word(data, place + 4)
    size = np.zeros(number, np.int64)
    handles = np.zeros(number, bool)
    for one in np.unique(common):
        has_handlers, pointer = _augmentation(data, int(one))
        if pointer != _RELATIVE_4:
            continue
        rows_of = np.flatnonzero(common == one)
        size[rows_of] = _word(data, place[rows_of] + 12)
        if has_handlers:
            handles[rows_of] = _word(data, place[rows_of] + 17) != 0
    low, high = library.text
    order = np.argsort(start, kind="stable")
    start, size, handles = start[order], size[order], handles[order]
    following = np.append(start[1:], high)
    # Of two that overlap the second is an entry into the first; neither is swept then.
    kept = (size > 0) & (start >= low) & (start + size <= high) & (start + size <= following)
    return Functions(start[kept], size[kept], handles[kept])


def _offset(library: Library, address: int) -> int:
    offset = library.offset(address)
    if offset is None:
        raise ValueError(f"address {address:#x} is not in the file")
    return offset


def _word(data: Bytes, offsets: Addresses) -> Addresses:
    """The unsigned little-endian words of four bytes at offsets, as int64."""
    return sum((data[offsets + byte].astype(np.int64) << (8 * byte)) for byte in range(4))  # type: ignore[return-value]


def _augmentation(data: Bytes, common: int) -> tuple[bool, int]:
    """Of a common entry (CIE): whether its functions have handlers, and how their addresses are encoded."""
    raw = data[common : common + 64].tobytes()
    end = raw.index(b"\0", 9)
    letters = raw[9:end].decode("ascii")
    if not letters.startswith("z"):
        return False, 0
    at = end + 1
    for _ in range(4):  # code and data alignment, return register, length of the augmentation
        while raw[at] & 0x80:
            at += 1
        at += 1
    pointer = 0
    handlers = False
    for letter in letters[1:]:
        if letter == "R":
            pointer = raw[at]
        elif letter == "L":
            handlers = raw[at] == _RELATIVE_4
        elif letter == "P":
            at += _SIZES[raw[at] & 0x0F]
        elif letter in "SB":
            continue
        else:
            break
        at += 1
    return handlers, pointer
