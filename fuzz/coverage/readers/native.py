"""Blocks or functions of a native library: the functions they are in, and the source files of these."""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

import numpy as np

from tensorsmith.fuzz.coverage.native.analysis import Analysis, analyse, blocks_of
from tensorsmith.fuzz.coverage.native.elf import dynamic_symbols
from tensorsmith.fuzz.coverage.native.libraries import LIBRARIES, find_library
from tensorsmith.fuzz.coverage.native.observer import OWNER, name_of
from tensorsmith.fuzz.coverage.readers.api import Layout, Positions, Seen
from tensorsmith.ir.errors import EnvironmentLacksError

_NAME = re.compile(r"(\S+\.so\S*) (block|function)s [0-9a-f]{8}")


class NativeReader:
    """Reads what the observers of C++ code number, with the library that is installed, if it is the same build."""

    def reads(self, seen: Seen) -> bool:
        """See Reader."""
        return not seen.names and _NAME.fullmatch(seen.observer) is not None

    def layout(self, seen: Seen) -> Layout:
        """See Reader. Takes about 10 s where the analysis of the library is not in the cache."""
        match = _NAME.fullmatch(seen.observer)
        assert match is not None
        level: Literal["block", "function"] = "block" if match[2] == "block" else "function"
        analysis = analyse(_installed(match[1]))
        if seen.build and seen.build != analysis.library.identity:
            raise _other_build(seen, analysis)
        blocks = blocks_of(analysis, level, OWNER)
        if name_of(analysis, level, OWNER, len(blocks)) != seen.observer:
            raise _other_build(seen, analysis)
        functions, item = np.unique(blocks.function, return_inverse=True)
        file = analysis.file[functions]
        return Layout(
            "functions",
            f"{level}s",
            (*analysis.files, ""),
            np.where(file < 0, len(analysis.files), file).astype(np.int32)[item],
            _names(analysis, functions.astype(np.int32)),
            item.astype(np.int32),
            whole=True,
        )


def _installed(file: str) -> Path:
    for name, (_, pattern, _) in LIBRARIES.items():
        if fnmatch(file, Path(pattern).name):
            return find_library(name)
    raise EnvironmentLacksError(f"{file}: no library of that name is known here")


def _other_build(seen: Seen, analysis: Analysis) -> EnvironmentLacksError:
    return EnvironmentLacksError(
        f"{seen.observer}: of another build than {analysis.library.path.name} that is installed; install the one that "
        "the campaign ran with (campaign.toml has the versions), or go on with the campaign here, which maps it anew"
    )


def _names(analysis: Analysis, functions: Positions) -> tuple[str, ...]:
    """The functions at some positions by the names of dynamic symbols, demangled, and by address; no two are equal."""
    symbols = {address: name for name, address in dynamic_symbols(analysis.library)}
    starts = [int(start) for start in analysis.functions.start[functions]]
    named = [_demangled(symbols[start]) if start in symbols else f"{start:#x}" for start in starts]
    times = Counter(named)
    return tuple(
        name if times[name] == 1 else f"{name} at {start:#x}" for name, start in zip(named, starts, strict=True)
    )


def _demangled(symbol: str) -> str:
    """A name as C++ writes it, by the runtime of C++; the symbol itself where there is none."""
    try:
        runtime = ctypes.CDLL("libstdc++.so.6")
    except OSError:
        return symbol
    demangle = runtime.__cxa_demangle
    demangle.restype = ctypes.c_void_p
    status = ctypes.c_int()
    text = demangle(symbol.encode(), None, None, ctypes.byref(status))
    if not text:
        return symbol
    try:
        return ctypes.string_at(text).decode()
    finally:
        free = ctypes.CDLL(None).free
        free.argtypes = [ctypes.c_void_p]
        free(text)
