"""The lines of a compiler's Python code that tests execute, as an observer."""

from __future__ import annotations

from collections.abc import Sequence

from tensorsmith.fuzz.coverage.python.lines import PythonCoverage
from tensorsmith.targets.api import Target


class PythonLines:
    """Lines of the packages that targets name, of every test all that it executes."""

    name = "python-lines"

    def __init__(self) -> None:
        self._coverage: PythonCoverage | None = None
        # What this process has told.
        self._told: set[str] = set()

    def observes(self, target: Target) -> bool:
        """See RunObserver. Passes over TIR are C++: their Python adds some hundred lines, all in the first tests, and
        watching them costs a fifth of a test."""
        return bool(target.packages) and target.programs != "tir"

    def start(self, targets: Sequence[Target]) -> None:
        """See RunObserver. The packages of all targets are watched, and imported where that must be."""
        self._coverage = PythonCoverage(sorted({package for target in targets for package in target.packages}))
        self._coverage.start()

    def take(self) -> frozenset[str]:
        """See RunObserver."""
        return self._coverage.executed() if self._coverage is not None else frozenset()

    def worth_telling(self, features: frozenset[str]) -> frozenset[str]:
        """See RunObserver. A set has thousands of lines: it is told if it has one that this process has not told of."""
        if features <= self._told:
            return frozenset()
        self._told |= features
        return features
