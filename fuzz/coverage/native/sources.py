"""Source files of functions, from the `__FILE__` strings of checks and logs in their code."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tensorsmith.fuzz.coverage.native.eh_frame import Functions
from tensorsmith.fuzz.coverage.native.elf import Addresses, Library
from tensorsmith.fuzz.coverage.native.machines import machine_of

_ENDING = re.compile(rb"\.(?:cc|cpp|cxx|c|cu|h|hpp|hh|cuh|inc)\0")
_NAME = re.compile(rb"[\w.+/ -]*/[\w.+ -]+")
_LONGEST = 400
HEADER = re.compile(r"\.(?:h|hpp|hh|cuh|inc)$")


@dataclass(frozen=True)
class References:
    """Which functions have the names of which files in their code, sorted by function.

    Attributes:
        names: the paths as the compiler was given them.
        function: int64[n], positions of functions.
        name: int64[n], positions in `names`.
    """

    names: tuple[str, ...]
    function: npt.NDArray[np.int64]
    name: npt.NDArray[np.int64]


def find_references(library: Library, functions: Functions) -> References:
    """The references from functions to names of source files."""
    places, targets = machine_of(library).lea_targets(library)
    strings = _names_at(library, np.unique(targets))
    names = tuple(sorted(set(strings.values())))
    nothing = np.zeros(0, np.int64)
    if not names or not len(functions):
        return References(names, nothing, nothing)
    position = {name: at for at, name in enumerate(names)}
    addresses = np.array(list(strings), dtype=np.int64)
    name_of = np.array([position[name] for name in strings.values()], dtype=np.int64)
    row = np.searchsorted(addresses, targets).clip(max=len(addresses) - 1)
    known = addresses[row] == targets
    places, row = places[known], row[known]
    function = np.searchsorted(functions.start, places, "right") - 1
    inside = (function >= 0) & (places < functions.start[function] + functions.size[function])
    pairs = np.unique(np.stack([function[inside], name_of[row[inside]]], axis=1), axis=0)
    return References(names, pairs[:, 0], pairs[:, 1])


def _names_at(library: Library, addresses: Addresses) -> dict[int, str]:
    """Of sorted addresses, in their order, those in the data where the path of a source file is."""
    found: dict[int, str] = {}
    for segment in sorted(library.segments, key=lambda segment: segment.address):
        if segment.executable:
            continue
        data = library.contents[segment.offset : segment.offset + segment.size].tobytes()
        ends = np.array([match.end() - 1 for match in _ENDING.finditer(data)], dtype=np.int64)
        starts = addresses[(addresses >= segment.address) & (addresses < segment.address + segment.size)]
        starts = starts - segment.address
        following = np.searchsorted(ends, starts)
        starts, following = starts[following < len(ends)], following[following < len(ends)]
        near = ends[following] - starts < _LONGEST
        for start, end in zip(starts[near].tolist(), ends[following[near]].tolist(), strict=True):
            name = data[start:end]
            if _NAME.fullmatch(name):
                found[segment.address + start] = name.decode()
    return found


def files_of_functions(count: int, references: References) -> npt.NDArray[np.int32]:
    """For each function the position of its source file in the names, -1 where it is not known: int32[count].

    A function is of the one file, no header, that it names. The functions of a file are linked one after the other, so
    those between two of one file are of that file, too.
    """
    named = np.array([not HEADER.search(name) for name in references.names], dtype=bool)
    own = named[references.name] if len(named) else np.zeros(0, bool)
    function, name = references.function[own], references.name[own]
    single, first, times = np.unique(function, return_index=True, return_counts=True)
    single, file = single[times == 1], name[first[times == 1]]
    files = np.full(count, -1, np.int32)
    for start, end, before, after in zip(single[:-1], single[1:], file[:-1], file[1:], strict=True):
        if before == after:
            files[start:end] = before
    files[single] = file
    return files
