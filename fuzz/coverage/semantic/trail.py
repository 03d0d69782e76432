"""The trail of passes that changed a program: which fired, and which fired next."""

from __future__ import annotations

from collections.abc import Iterable


class Trail:
    """What the passes over one program did, as features."""

    def __init__(self) -> None:
        self._found: set[str] = set()
        self._last = ""

    def fired(self, name: str) -> None:
        """A pass changed the program."""
        self._found.add(f"fired {name}")
        if self._last:
            self._found.add(f"fired {self._last} then {name}")
        self._last = name

    def replaced(self, name: str, before: Iterable[str], after: Iterable[str]) -> None:
        """What a program is made of before and after the pass of this name."""
        was, is_now = set(before), set(after)
        self._found.update(f"{name} adds {one}" for one in is_now - was)
        self._found.update(f"{name} removes {one}" for one in was - is_now)

    def note(self, feature: str) -> None:
        """Anything else."""
        self._found.add(feature)

    def take(self) -> frozenset[str]:
        """All of it; the trail then begins anew."""
        found = frozenset(self._found)
        self._found.clear()
        self._last = ""
        return found
