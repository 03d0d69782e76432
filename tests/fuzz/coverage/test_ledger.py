"""What is seen between the stages of a batch belongs to the test that they are of."""

from __future__ import annotations

from collections.abc import Sequence

from tensorsmith.fuzz.coverage.ledger import Ledger
from tensorsmith.targets.api import Target


class Notes:
    """An observer that sees what it is given."""

    name = "notes"

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def observes(self, target: Target) -> bool:
        return True

    def start(self, targets: Sequence[Target]) -> None:
        """Nothing to begin."""

    def take(self) -> frozenset[str]:
        found = frozenset(self.seen)
        self.seen.clear()
        return found

    def worth_telling(self, features: frozenset[str]) -> frozenset[str]:
        return features


def test_each_test_has_what_happened_in_its_stages() -> None:
    notes = Notes()
    notes.seen.add("before the batch")
    ledger = Ledger([notes])
    for position, feature in ((0, "compiled a"), (1, "compiled b"), (-1, "linked"), (0, "ran a"), (1, "ran b")):
        ledger.enter(position)
        notes.seen.add(feature)
    assert ledger.of(0) == {"notes": {"compiled a", "ran a"}}
    assert ledger.of(1) == {"notes": {"compiled b", "ran b"}}
    assert ledger.of(2) == {}


def test_what_is_asked_for_in_the_midst_of_a_stage_goes_on() -> None:
    notes = Notes()
    ledger = Ledger([notes])
    ledger.enter(3)
    notes.seen.add("early")
    assert ledger.of(3) == {"notes": {"early"}}
    notes.seen.add("late")
    assert ledger.of(3) == {"notes": {"early", "late"}}
