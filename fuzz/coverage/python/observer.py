"""The lines of a compiler's Python code that tests are first to execute, as an observer."""

from __future__ import annotations

from collections.abc import Sequence

from tensorsmith.fuzz.coverage.python.lines import PythonCoverage
from tensorsmith.targets.api import Target


class PythonLines:
    """Lines of packages, each once in a process, or again after a test that does not count."""

    name = "python-lines"

    def __init__(self, packages: Sequence[str]) -> None:
        self._packages = tuple(packages)
        self._coverage: PythonCoverage | None = None

    def observes(self, target: Target) -> bool:
        """See RunObserver."""
        return not set(self._packages).isdisjoint(target.packages)

    def start(self) -> None:
        """See RunObserver. The packages are imported."""
        self._coverage = PythonCoverage(self._packages)
        self._coverage.start()

    def take(self) -> frozenset[str]:
        """See RunObserver. Only what no test of this process executed before."""
        return self._coverage.new() if self._coverage is not None else frozenset()

    def forget(self, features: frozenset[str]) -> None:
        """See RunObserver."""
        if self._coverage is not None:
            self._coverage.forget(features)
