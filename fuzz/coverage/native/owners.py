"""Whose code a function is: the compiler's own, or that of a library that was linked into it.

A linker puts the code of an archive in one place, so an owner has runs of neighbours. Three signs agree on where those
begin and end: dynamic symbols with a namespace, the names of source files in the code, and the tables of exception
handlers, which code that was compiled without exceptions (LLVM, C, assembly) has nowhere in thousands of functions.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from tensorsmith.fuzz.coverage.native.eh_frame import Functions
from tensorsmith.fuzz.coverage.native.elf import Addresses, Library, dynamic_symbols
from tensorsmith.fuzz.coverage.native.machines import machine_of
from tensorsmith.fuzz.coverage.native.sources import HEADER, References

OWNERS = ("own", "cold", "llvm", "z3", "kernels", "standard", "third-party", "no-exceptions")
"""The owners, by number. `own` is the code of the library itself; `cold` are parts of functions, of any owner, that the
compiler moved out of the way: error paths, mostly; `no-exceptions` is C, assembly and the like of unknown origin."""

_OWN, _COLD, _LLVM, _Z3, _KERNELS, _STANDARD, _THIRD_PARTY, _NO_EXCEPTIONS = range(len(OWNERS))
_NONE = -1

# The first that a path matches; one that matches none is the library's own.
_PATHS = (
    (re.compile(r"/tvm-ffi/"), _OWN),
    (re.compile(r"libstdc\+\+|/gcc-[\d.]+|/libcxx"), _STANDARD),
    (re.compile(r"^/opt/|/usr/include/|/include/c\+\+/"), _NONE),
    (re.compile(r"/z3(-[\w.]+)?/"), _Z3),
    (re.compile(r"/llvm-project|/llvm-\d|/llvm/(lib|include)/"), _LLVM),
    (re.compile(r"/mlas/|onednn|mkl-dnn|xnnpack|/fbgemm/", re.IGNORECASE), _KERNELS),
    (re.compile(r"/(vcpkg|third_party|3rdparty|_deps|external)/"), _THIRD_PARTY),
)
_NAMESPACE = re.compile(r"_ZN[KVORrn]*(\d+)(\w+)")
# Templates of others, such as those of LLVM, are instantiated in everybody's code.
_OWN_NAMESPACES = ("tvm", "onnxruntime")

_ALIGNMENT = 16
_WINDOW = 200  # functions
_VOTERS = 4  # on each side
_RUN_WITHOUT_HANDLERS = 600
_HANDLERS_ARE_USUAL = 0.1  # of the functions: in a library of C alone, that there are none says nothing
_MUCH_CODE = 2000  # bytes
_VECTOR_SHARE = 0.03  # of the bytes of a stretch of code; 0.005 by chance


def find_owners(library: Library, functions: Functions, references: References) -> npt.NDArray[np.int8]:
    """The owner of each function, as a position in OWNERS: int8[n]."""
    count = len(functions)
    cold = _cold(functions)
    signs = _signs(library, functions, references)
    owners = np.concatenate([_of_neighbours(signs[:cold]), _of_neighbours(signs[cold:])])
    foreign = _LLVM if _mentions(library, b"LLVM ERROR: ") else _NO_EXCEPTIONS
    usual = count and np.mean(functions.handles_exceptions) > _HANDLERS_ARE_USUAL
    for start, end in _runs(~functions.handles_exceptions) if usual else ():
        # Some of the library's own code has no handlers either, but it does not go on for long.
        if end - start < _RUN_WITHOUT_HANDLERS or np.mean(signs[start:end] != _NONE) > 0.02:
            continue
        before, after = owners[max(start - 1, 0)], owners[min(end, count - 1)]
        if before != after or before == _OWN:
            owners[start:end] = foreign
    own = np.flatnonzero((owners == _OWN) & ~functions.handles_exceptions)
    if len(own):
        owners[own[_vectorized(library, functions.start[own], functions.size[own])]] = _KERNELS
    owners[:cold] = _COLD
    return owners.astype(np.int8)


def _signs(library: Library, functions: Functions, references: References) -> npt.NDArray[np.int8]:
    """What the code of each function says of its owner, _NONE where it says nothing."""
    signs = np.full(len(functions), _NONE, np.int8)
    for name, address in dynamic_symbols(library):
        match = _NAMESPACE.match(name)
        if match is None:
            continue
        row = int(np.searchsorted(functions.start, address))
        if match[2][: int(match[1])] in _OWN_NAMESPACES and row < len(functions) and functions.start[row] == address:
            signs[row] = _OWN
    owner_of = np.array([_owner_of_path(name) for name in references.names], dtype=np.int8)
    if len(owner_of):
        owner = owner_of[references.name]
        signs[references.function[owner != _NONE]] = owner[owner != _NONE]
    return signs


def _owner_of_path(path: str) -> int:
    owner = next((owner for pattern, owner in _PATHS if pattern.search(path)), _OWN)
    # The headers of others are in everybody's code.
    return _NONE if owner != _OWN and HEADER.search(path) else owner


def _of_neighbours(signs: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """The owner that the nearest sign gives, each sign being outvoted by those around it; `own` without any sign."""
    known = np.flatnonzero(signs != _NONE)
    if not len(known):
        return np.full(len(signs), _OWN, np.int8)
    rows = np.arange(len(known))
    counts = np.zeros((len(OWNERS), len(known)), np.int8)
    for distance in range(-_VOTERS, _VOTERS + 1):
        counts[signs[known[(rows + distance).clip(0, len(known) - 1)]], rows] += 1
    voted = counts.argmax(axis=0).astype(np.int8)
    after = np.searchsorted(known, np.arange(len(signs))).clip(max=len(known) - 1)
    before = (after - 1).clip(0)
    nearer = np.abs(known[after] - np.arange(len(signs))) < np.abs(np.arange(len(signs)) - known[before])
    owners: npt.NDArray[np.int8] = np.where(nearer, voted[after], voted[before])
    return owners


def _cold(functions: Functions) -> int:
    """How many functions at the front are split-off cold parts, which alone are not aligned."""
    aligned = functions.start % _ALIGNMENT == 0
    if len(aligned) < 2 * _WINDOW:
        return 0
    totals = np.concatenate([[0], np.cumsum(aligned)])
    share = (totals[_WINDOW:] - totals[:-_WINDOW]) / _WINDOW  # of the window that starts at each function
    if share[0] > 0.5 or not np.any(share > 0.95):
        return 0
    return int(np.argmax(share > 0.95))


def _vectorized(library: Library, start: Addresses, size: Addresses) -> npt.NDArray[np.bool_]:
    """Whether the code around each function has vector instructions that compilers use only when they are told to."""
    share = machine_of(library).vector_share(library, start, size)
    weights = np.concatenate([[0.0], np.cumsum(share * size)])
    sizes = np.concatenate([[0], np.cumsum(size)])
    low, high = (np.arange(len(start)) - 5).clip(0), (np.arange(len(start)) + 6).clip(max=len(start))
    around = (weights[high] - weights[low]) / (sizes[high] - sizes[low])
    # In little code a distance that many instructions have in common can look like it.
    much = np.where(sizes[high] - sizes[low] > _MUCH_CODE, around > _VECTOR_SHARE, False)
    vectorized: npt.NDArray[np.bool_] = much | ((share > 4 * _VECTOR_SHARE) & (size > 200))
    return vectorized


def _runs(holds: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The longest ranges [start, end) in which something holds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _mentions(library: Library, text: bytes) -> bool:
    parts = [segment for segment in library.segments if not segment.executable]
    return any(text in library.contents[part.offset : part.offset + part.size].tobytes() for part in parts)
