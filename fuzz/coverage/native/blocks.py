"""The basic blocks of functions, by disassembly within the bounds of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tensorsmith.fuzz.coverage.native.eh_frame import Functions
from tensorsmith.fuzz.coverage.native.elf import Library
from tensorsmith.fuzz.coverage.native.machines import machine_of

Offsets = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Blocks:
    """Where breakpoints go, sorted by address.

    Attributes:
        offset: uint32[n], addresses relative to the image's base.
        function: int32[n], the positions of the functions they are in.
        unswept: how many functions have one block only, their entry, for want of a sound disassembly.
    """

    offset: Offsets
    function: npt.NDArray[np.int32]
    unswept: int

    def __len__(self) -> int:
        return len(self.offset)


def entries(library: Library, functions: Functions, chosen: npt.NDArray[np.int64]) -> Blocks:
    """The entries of the functions at the positions `chosen`. Needs no decoder."""
    sound = chosen[~_begins_with_breakpoint(library, functions, chosen)]
    return Blocks(functions.start[sound].astype(np.uint32), sound.astype(np.int32), len(sound))


def sweep(
    library: Library, functions: Functions, chosen: npt.NDArray[np.int64], progress: Callable[[float], None]
) -> Blocks:
    """The blocks of the functions at the sorted positions `chosen`; `progress` is told the share that is done.

    Raises:
        EnvironmentLacksError: the decoder is not installed.
    """
    leaders = machine_of(library).leaders
    sound = chosen[~_begins_with_breakpoint(library, functions, chosen)]
    offsets: list[int] = []
    counts = np.ones(len(sound), np.int64)
    unswept = 0
    done = 0
    total = max(1, int(functions.size[sound].sum()))
    for row, position in enumerate(sound):
        start, size = int(functions.start[position]), int(functions.size[position])
        found = leaders(library, start, size)
        unswept += found is None
        found = found or [start]
        offsets += found
        counts[row] = len(found)
        if (done + size) >> 20 != done >> 20:
            progress((done + size) / total)
        done += size
    return Blocks(np.array(offsets, np.uint32), np.repeat(sound, counts).astype(np.int32), unswept)


def _begins_with_breakpoint(
    library: Library, functions: Functions, chosen: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    low, high = library.text
    code = library.code(low, high - low)
    trap: npt.NDArray[np.bool_] = code[functions.start[chosen] - low] == machine_of(library).BREAKPOINT
    return trap
