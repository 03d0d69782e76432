"""What watches a compiler at work, in the process that runs the tests."""

from __future__ import annotations

from collections.abc import Sequence
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

    def start(self, targets: Sequence[Target]) -> None:
        """Begin to watch tests of targets, some of which it observes.

        Called once, after the targets are warm, in the process that workers are forked from.
        """
        ...

    def take(self) -> frozenset[str]:
        """What happened since the last call, as short texts."""
        ...

    def worth_telling(self, features: frozenset[str]) -> frozenset[str]:
        """What to tell of a test that counts and had these features.

        All of them; or none, if the observer's sets are so large that those in which nothing is news are not sent.
        """
        ...
