"""Every test is generated."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from random import Random

from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.messages import FuzzBatch, Slot
from tensorsmith.fuzz.schedules.api import Feature, Heard, Plan


class Generate:
    """Nothing is mutated; what is new is kept, so that a later run may mutate it."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self._plan = plan
        self._rng = Random(seed)

    def next_batch(self, store: Store, weights: Mapping[str, float], left: int | None) -> FuzzBatch:
        """See Schedule."""
        return self._plan.order(self._rng, lambda: Slot(self._rng.getrandbits(48)), weights, left)

    def heard(self, test: Heard) -> bool:
        """See Schedule."""
        return test.passed and bool(test.new)

    def joined(self, id_: str, new: Collection[Feature]) -> None:
        """See Schedule."""
