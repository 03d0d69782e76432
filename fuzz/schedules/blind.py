"""Mutation without feedback: half of the tests are mutants of tests that passed, whatever those reached."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from random import Random

from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.messages import FuzzBatch, Part, Slot
from tensorsmith.fuzz.schedules.api import Feature, Heard, Plan

MUTANTS = 0.5
# One in so many tests that passed joins the corpus.
KEPT = 8


class Blind:
    """Seeds are kept by chance, and each is equally likely."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self._plan = plan
        self._rng = Random(seed)

    def next_batch(self, store: Store, weights: Mapping[str, float], left: int | None) -> FuzzBatch:
        """See Schedule."""
        return self._plan.order(self._rng, lambda: self._slot(store), weights, left)

    def heard(self, test: Heard) -> bool:
        """See Schedule."""
        return test.passed and self._rng.randrange(KEPT) == 0

    def joined(self, id_: str, new: Collection[Feature]) -> None:
        """See Schedule."""

    def _slot(self, store: Store) -> Slot:
        seed = self._rng.getrandbits(48)
        if self._rng.random() >= MUTANTS or not store.corpus_size():
            return Slot(seed)
        part: Part = self._rng.choice(("program", "pipeline"))
        return Slot(seed, store.sample_corpus(self._rng), store.sample_corpus(self._rng), part)
