"""What to test next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Protocol

from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.messages import Change, FuzzBatch, Origin, Slot
from tensorsmith.ir.testcase import Device

BATCH = 32


class Scheduler(Protocol):
    """Chooses, for every batch, what is generated and what is mutated."""

    def next_batch(self, store: Store, weights: Mapping[str, float], left: int | None) -> FuzzBatch:
        """The next order for a worker, of no more tests than are left, if there is a number."""
        ...

    def heard(self, origin: Origin, novel: bool) -> None:
        """A test of this origin was judged; `novel` says whether it reached something that no test before it did."""
        ...


class RandomScheduler:
    """Half of the tests are generated and half are mutants of the corpus, each entry equally likely."""

    def __init__(
        self, targets: Sequence[str], device: Device, size: int, seed: int, batch: int = BATCH, mutants: float = 0.5
    ) -> None:
        self._targets = targets
        self._device = device
        self._size = size
        self._rng = Random(seed)
        self._batch = batch
        self._mutants = mutants

    def next_batch(self, store: Store, weights: Mapping[str, float], left: int | None) -> FuzzBatch:
        """See Scheduler."""
        target = self._rng.choice(self._targets)
        size = self._batch if left is None else min(self._batch, left)
        slots = tuple(self._slot(store) for _ in range(size))
        return FuzzBatch(target, self._device, self._size, slots, tuple(weights.items()))

    def heard(self, origin: Origin, novel: bool) -> None:
        """See Scheduler."""

    def _slot(self, store: Store) -> Slot:
        seed = self._rng.getrandbits(48)
        if self._rng.random() >= self._mutants or not store.corpus_size():
            return Slot(seed)
        return self._mutant(seed, store)

    def _mutant(self, seed: int, store: Store) -> Slot:
        change: Change = self._rng.choice(("program", "pipeline"))
        return Slot(seed, store.sample_corpus(self._rng), store.sample_corpus(self._rng), change)
