"""Mutation with feedback: what reached something new is mutated, by energy, in the ways that have paid."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from random import Random

from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.messages import FuzzBatch, Slot
from tensorsmith.fuzz.schedules.api import Feature, Heard, Plan, sample
from tensorsmith.fuzz.schedules.change import Changes
from tensorsmith.fuzz.schedules.seed_pool import SeedPool
from tensorsmith.fuzz.schedules.yields import GREED, LONG, RECENT, Yields

# The smallest and the greatest share of tests that are mutants.
MUTANTS = (0.1, 0.9)
_GENERATED, _MUTATED = "generated", "mutated"


class Guided:
    """Seeds by energy, mutators by yield, and what of a seed is mutated as `changes` says."""

    def __init__(self, plan: Plan, seed: int, changes: Changes, store: Store) -> None:
        self._plan = plan
        self._rng = Random(seed)
        self._changes = changes
        self._sources = Yields(RECENT)
        self._mutators = Yields(LONG)
        self._pool = SeedPool()
        owned: dict[str, list[Feature]] = {}
        for observer, case_id, first in store.coverage.firsts():
            owned.setdefault(case_id, []).extend(sample(observer, first))
        for entry in store.corpus():
            self._pool.add(entry.id, owned.get(entry.id, ()))

    def next_batch(self, store: Store, weights: Mapping[str, float], left: int | None) -> FuzzBatch:
        """See Schedule."""
        share = self.mutants()
        return self._plan.order(self._rng, lambda: self._slot(store, share), weights, left, self._mutators.weights())

    def heard(self, test: Heard) -> bool:
        """See Schedule."""
        new, parent = len(test.new) if test.passed else 0, test.origin.parent
        self._pool.reached(test.seen)
        self._sources.heard((_MUTATED if parent else _GENERATED,), new, test.seconds)
        if parent:
            self._pool.child(parent, bool(new), test.seconds)
            self._changes.child(parent, test.origin.part, new, test.seconds)
            self._mutators.heard(set(test.origin.mutators), new, test.seconds)
        return bool(new)

    def joined(self, id_: str, new: Collection[Feature]) -> None:
        """See Schedule."""
        self._pool.add(id_, new)

    def mutants(self) -> float:
        """The share of tests that are mutants now."""
        weights = self._sources.weights()
        mutated, generated = weights.get(_MUTATED, 1.0) ** GREED, weights.get(_GENERATED, 1.0) ** GREED
        return min(max(mutated / (mutated + generated), MUTANTS[0]), MUTANTS[1])

    def _slot(self, store: Store, share: float) -> Slot:
        seed = self._rng.getrandbits(48)
        if self._rng.random() >= share or not len(self._pool):
            return Slot(seed)
        parent, donor = self._pool.draw(self._rng), self._pool.draw(self._rng)
        return Slot(seed, store.case(parent), store.case(donor), self._changes.of(parent, self._rng))
