"""The compilers' C++ code while tests run: armed in the process that workers are forked from, read in each worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from pyroaring import BitMap

from tensorsmith.fuzz.coverage.native.libraries import LIBRARIES, find_library
from tensorsmith.fuzz.coverage.native.observer import NativeCoverage
from tensorsmith.ir.errors import EnvironmentLacksError, InvalidInputError
from tensorsmith.targets.api import Target

# In this process, and in those that it forks.
_armed: list[NativeCoverage] = []


def libraries_of(targets: Sequence[Target]) -> list[str]:
    """The names of the libraries that have the C++ code of some targets."""
    packages = {package.partition(".")[0] for target in targets for package in target.packages}
    return sorted(packages & LIBRARIES.keys())


def arm_libraries(targets: Sequence[Target]) -> str:
    """Place breakpoints in the libraries of targets, which must be loaded.

    Without a decoder of instructions functions are observed in place of blocks.

    Returns:
        What a person should know: why a library is not observed, or not as closely as could be; empty if all are.
    """
    notices: list[str] = []
    for name in libraries_of(targets):
        try:
            _armed.append(NativeCoverage.arm(find_library(name)))
        except (EnvironmentLacksError, InvalidInputError) as error:
            try:
                _armed.append(NativeCoverage.arm(find_library(name), level="function"))
                notices.append(f"{name}: coverage of functions, not of blocks: {error}")
            except (EnvironmentLacksError, InvalidInputError) as other:
                notices.append(f"{name}: no native coverage: {other}")
    return "; ".join(notices)


def armed_libraries() -> tuple[NativeCoverage, ...]:
    """The libraries that are observed in this process."""
    return tuple(_armed)


# Of a worker's time so much goes to full sets, which cost several runs of a test.
SHARE = 0.1


class NativeWatch:
    """Which tests of a batch executed code that nothing in this process executed before, and all that these execute."""

    def __init__(self, libraries: Sequence[NativeCoverage]) -> None:
        self._libraries = libraries
        self._position = -1
        self._news: dict[int, dict[str, BitMap]] = {}
        self._began = time.monotonic()
        self._spent = 0.0

    def begin(self) -> None:
        """A new batch; what was executed since the last is no test's doing."""
        self.enter(-1)
        self._news.clear()

    def enter(self, position: int) -> None:
        """What is executed from now on is the doing of the test at this position of the batch; -1: of none."""
        for library in self._libraries:
            hits = library.new_hits()
            if len(hits) and self._position >= 0:
                self._news.setdefault(self._position, {}).setdefault(library.name, BitMap()).update(hits)
        self._position = position

    def of(self, position: int, again: Callable[[], object]) -> dict[str, bytes]:
        """By library, the blocks that a test executes, as serialized bitmaps, if any of them may be new.

        These are all that it executes whenever it runs, as long as there is time for that; else those that were new to
        this process.

        Args:
            position: of a test of the batch, which has run.
            again: runs it once more; what it raises is nobody's concern.
        """
        self.enter(-1)
        news = self._news.get(position)
        if news is None:
            return {}
        start = time.monotonic()
        if self._spent > SHARE * (start - self._began):
            return {name: hits.serialize() for name, hits in news.items()}
        found = {library.name: BitMap(library.full_set(again)).serialize() for library in self._libraries}
        self._spent += time.monotonic() - start
        return found


def skip_covered(covered: Mapping[str, BitMap]) -> None:
    """Take the breakpoints away from what tests have executed in other workers.

    Args:
        covered: features by observer.
    """
    for library in _armed:
        if library.name in covered:
            library.skip(np.array(covered[library.name], dtype=np.int64))


def stop_watching() -> None:
    """Take all breakpoints away in this process."""
    for library in _armed:
        library.stop()
    _armed.clear()
