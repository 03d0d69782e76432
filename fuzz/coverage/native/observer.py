"""Coverage of a native library while tests run: what is new at full speed, and full sets only of what was new."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from tensorsmith.fuzz.coverage.native.analysis import Analysis, Level, analyse, blocks_of
from tensorsmith.fuzz.coverage.native.blocks import Blocks
from tensorsmith.fuzz.coverage.native.breakpoints import Breakpoints, refuse_where_impossible

Indices = npt.NDArray[np.int64]
"""Positions of blocks in `NativeCoverage.blocks`, sorted."""

RUNS = 2

OWNER = "own"
"""Whose code is observed in campaigns."""


class NativeCoverage:
    """Which blocks of a library this process has executed.

    Every block has a breakpoint that strikes once, so a hit is news, and what has been hit runs at full speed. Python's
    garbage is collected before hits are read: what a test leaves is destroyed at its own cost.

    A process that is forked goes on from the hits of its parent, on its own: arm the one that forks workers, after the
    library is loaded and warmed up. For one thread at a time.
    """

    def __init__(self, analysis: Analysis, blocks: Blocks, breakpoints: Breakpoints, name: str) -> None:
        self.analysis = analysis
        self.blocks = blocks
        self.name = name
        self._breakpoints = breakpoints
        self._hit = np.zeros(len(blocks), bool)
        self._unstable = np.zeros(len(blocks), bool)

    @classmethod
    def arm(
        cls,
        library: Path,
        level: Level = "block",
        owner: str = OWNER,
        progress: Callable[[float], None] | None = None,
    ) -> Self:
        """Place breakpoints in a library that is loaded in this process. Once for each library and process.

        The analysis comes from the cache, or is made now (`prepare` makes it without a loaded library). The objects
        that Python has now are taken out of the collection of garbage for good (`gc.freeze`), which makes it quick.

        Args:
            library: the file of the library.
            level: a breakpoint for each basic block, or for each function.
            owner: whose code, one of `owners.OWNERS`.
            progress: is told the share of the analysis that is done.

        Raises:
            EnvironmentLacksError: native coverage is not possible here; says why.
            InvalidInputError: the library is not loaded, or cannot be analysed, or there is no such owner.
        """
        refuse_where_impossible()  # before an analysis that takes its time
        analysis = analyse(library)
        blocks = blocks_of(analysis, level, owner, progress)
        breakpoints = Breakpoints(analysis.library, len(blocks))
        breakpoints.arm(blocks.offset)
        gc.collect()
        gc.freeze()
        return cls(analysis, blocks, breakpoints, name_of(analysis, level, owner, len(blocks)))

    def new_hits(self) -> Indices:
        """The blocks that were executed for the first time in this process since the last call, or full set."""
        gc.collect()
        return self._read()

    def full_set(self, run: Callable[[], object], runs: int = RUNS) -> Indices:
        """All blocks that `run` executes, whenever it is called: those that all of some calls executed.

        What only some of the calls executed, for hash order or caches, is masked out of this and all later sets. Blocks
        that are new count as hit now. Costs about as much as 3 calls of `run` for each call.

        Raises:
            Exception: what `run` raises; the hits up to then are lost.
        """
        always = np.ones(len(self.blocks), bool)
        ever = np.zeros(len(self.blocks), bool)
        this = np.zeros(len(self.blocks), bool)
        self._read()
        try:
            for _ in range(runs):
                gc.collect()
                self._breakpoints.arm(self.blocks.offset[self._hit])
                run()
                gc.collect()
                this[:] = False
                this[self._positions()] = True
                self._hit |= this
                always &= this
                ever |= this
        finally:
            self._breakpoints.disarm(self.blocks.offset[self._hit])
        self._unstable |= ever & ~always
        return np.flatnonzero(always & ~self._unstable)

    def skip(self, indices: Indices) -> None:
        """Count blocks as hit: they are new to this process, but not to others of the campaign."""
        self._hit[indices] = True
        self._breakpoints.disarm(self.blocks.offset[indices])

    def mask(self, indices: Indices) -> None:
        """Leave blocks out of full sets from now on: others of the campaign found them unstable."""
        self._unstable[indices] = True

    @property
    def hit(self) -> Indices:
        """The blocks that were executed in this process, or were skipped, as far as they were read."""
        return np.flatnonzero(self._hit)

    @property
    def unstable(self) -> Indices:
        """The blocks that the full sets of this process leave out."""
        return np.flatnonzero(self._unstable)

    def stop(self) -> None:
        """Take all breakpoints away; nothing is hit from now on."""
        self._breakpoints.disarm(self.blocks.offset)

    def _read(self) -> Indices:
        positions = self._positions()
        if not len(positions):
            return positions
        positions.sort()
        fresh = positions[~self._hit[positions]]
        self._hit[fresh] = True
        return fresh

    def _positions(self) -> Indices:
        return np.searchsorted(self.blocks.offset, self._breakpoints.hits())


def name_of(analysis: Analysis, level: Level, owner: str, blocks: int) -> str:
    """What the coverage of a library is called; equal only where the numbers of blocks mean the same.

    Args:
        analysis: of the library.
        level: of the blocks.
        owner: of the code.
        blocks: how many there are.
    """
    numbering = f"{analysis.library.identity} {level} {owner} {blocks}"
    return f"{analysis.library.path.name} {level}s {hashlib.sha256(numbering.encode()).hexdigest()[:8]}"


def prepare(library: Path, level: Level = "block", owner: str = OWNER) -> None:
    """Have the analysis of a library in the cache, with a bar of progress where it takes time and a person looks on.

    Raises what `NativeCoverage.arm` raises for the file and the owner; the library need not be loaded.
    """
    from rich.console import Console
    from rich.progress import Progress

    analysis = analyse(library)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"analysing {library.name}", total=1.0)
        blocks_of(analysis, level, owner, lambda share: bar.update(task, completed=share))
