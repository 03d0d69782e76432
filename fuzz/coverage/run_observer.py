"""What watches a compiler at work, in the process that runs the tests."""

from __future__ import annotations

from typing import Protocol

from tensorsmith.targets.api import Target


class RunObserver(Protocol):
    """Names what a compiler does with a test. It must change nothing of that, and say the same of equal tests."""

    @property
    def name(self) -> str:
        """How statistics call it."""
        ...

    def observes(self, target: Target) -> bool:
        """Whether it has something to say of tests of a target."""
        ...

    def start(self) -> None:
        """Begin to watch. Called once, after the targets are warm, in the process that workers are forked from."""
        ...

    def take(self) -> frozenset[str]:
        """What happened since the last call, as short texts. Who tells everything only once may leave out the rest."""
        ...

    def forget(self, features: frozenset[str]) -> None:
        """These features were those of a test that does not count: tell of them once more."""
        ...
