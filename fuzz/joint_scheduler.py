"""Programs and pipelines that mutate in tandem: the control loop of Tzer (OOPSLA 2022, section 3.4) in batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.messages import Origin, Slot
from tensorsmith.fuzz.scheduler import BATCH, RandomScheduler
from tensorsmith.ir.testcase import Device

# Mutants of a seed's program without anything new, one after the other, before its pipeline is mutated once.
N_MAX = 4


class JointScheduler(RandomScheduler):
    """Half of the tests are generated; the others mutate the program of a seed until that stagnates, then its pipeline.

    Every seed has a count of mutants that reached nothing new, which one that does sets back.
    """

    def __init__(
        self, targets: Sequence[str], device: Device, size: int, seed: int, batch: int = BATCH, mutants: float = 0.5
    ) -> None:
        super().__init__(targets, device, size, seed, batch, mutants)
        self._stale: Counter[str] = Counter()

    def heard(self, origin: Origin, novel: bool) -> None:
        """See Scheduler."""
        if origin.parent:
            self._stale[origin.parent] = 0 if novel else self._stale[origin.parent] + 1

    def _mutant(self, seed: int, store: Store) -> Slot:
        parent, donor = store.sample_corpus(self._rng), store.sample_corpus(self._rng)
        stagnates = self._stale[parent.id] % (N_MAX + 1) == N_MAX
        return Slot(seed, parent, donor, "pipeline" if stagnates else "program")
