"""Which lines of some packages are executed for the first time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from tensorsmith.fuzz.coverage.python.files import PackageFiles

_T = TypeVar("_T")


class Recorder(Protocol):
    """Notes each line once, until it is to be noted again."""

    def start(self) -> None:
        """Begin, with all functions there are, and those of modules that are imported later."""
        ...

    def take(self) -> set[str]:
        """The lines noted since the last call, as `file:line`."""
        ...

    def again(self, lines: Iterable[str] | None) -> None:
        """Note these lines once more when they are executed; None: all lines."""
        ...


class PythonCoverage:
    """Lines of packages that are executed, as `torch/_inductor/ir.py:123`: equal in every process and on every machine.

    From its second execution on a line costs nothing, until it is asked for again.
    """

    def __init__(self, packages: Sequence[str]) -> None:
        self._recorder = _recorder(PackageFiles(packages))
        # Lines that `new` has given, and lines that it is to give besides those that are executed.
        self._given: set[str] = set()
        self._pending: set[str] = set()
        # Lines that equal runs do not always execute.
        self.unstable: frozenset[str] = frozenset()

    def start(self) -> None:
        """Begin to watch this process. What is imported before counts, what functions did before does not."""
        self._recorder.start()

    def new(self) -> frozenset[str]:
        """The lines executed since the last call and not before it."""
        found = frozenset((self._pending | self._recorder.take()) - self._given - self.unstable)
        self._given |= found
        self._pending.clear()
        return found

    def forget(self, lines: Iterable[str]) -> None:
        """Have `new` give these lines once more when they are executed again."""
        lines = frozenset(lines)
        self._given -= lines
        self._recorder.again(lines)

    def executed(self) -> frozenset[str]:
        """All lines executed since the last call, whatever was executed before it."""
        found = self._recorder.take()
        self._pending |= found
        self._recorder.again(None)
        return frozenset(found) - self.unstable

    def full_set(self, run: Callable[[], _T]) -> tuple[_T, frozenset[str]]:
        """Run something, with every line watched anew: what it returns, and all the lines that it executes.

        Those of them that are new are for the next `new` to give.
        """
        self.executed()
        result = run()
        return result, self.executed()

    def learn_unstable(self, run: Callable[[], object], times: int = 3) -> frozenset[str]:
        """Run something so often, and leave out from now on the lines that were executed sometimes; returns these."""
        sets = [self.full_set(run)[1] for _ in range(times)]
        found = frozenset().union(*sets) - sets[0].intersection(*sets)
        self.unstable |= found
        return found


def _recorder(files: PackageFiles) -> Recorder:
    if sys.version_info >= (3, 12):
        from tensorsmith.fuzz.coverage.python.monitoring import MonitoredLines

        return MonitoredLines(files)
    from tensorsmith.fuzz.coverage.python.probes import ProbedLines

    return ProbedLines(files)
