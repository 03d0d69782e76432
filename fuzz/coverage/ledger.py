"""Which test of a batch what observers saw belongs to."""

from __future__ import annotations

from collections.abc import Sequence

from tensorsmith.fuzz.coverage.run_observer import RunObserver


class Ledger:
    """The features of the tests of one batch. What happens for all tests at once belongs to none of them."""

    def __init__(self, observers: Sequence[RunObserver]) -> None:
        self._observers = observers
        self._position = -1
        self._found: dict[int, dict[str, frozenset[str]]] = {}
        self.enter(-1)

    def enter(self, position: int) -> None:
        """What happens from now on belongs to the test at this position of the batch; -1: to none."""
        for observer in self._observers:
            seen = observer.take()
            if self._position >= 0:
                found = self._found.setdefault(self._position, {})
                found[observer.name] = found.get(observer.name, frozenset()) | seen
        self._position = position

    def of(self, position: int) -> dict[str, frozenset[str]]:
        """What was seen of a test so far, by observer."""
        self.enter(self._position)
        return {name: features for name, features in self._found.get(position, {}).items() if features}
