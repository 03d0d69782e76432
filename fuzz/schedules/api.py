"""What a schedule is: it orders tests, and hears what came of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from random import Random
from typing import Protocol, TypeAlias

from pyroaring import BitMap

from tensorsmith.corpus.store import Store
from tensorsmith.fuzz.messages import FuzzBatch, Origin, Slot
from tensorsmith.ir.testcase import Device
from tensorsmith.mutators.choose import NO_WEIGHTS

BATCH = 32

# What an observer saw: its name, and what it saw as a number.
Feature: TypeAlias = tuple[str, int]


# Of a large set of features so many stand for all.
SAMPLE = 64


def sample(observer: str, features: BitMap) -> list[Feature]:
    """Features of an observer, evenly spread where they are very many."""
    if len(features) <= SAMPLE:
        return [(observer, feature) for feature in features]
    step = len(features) / SAMPLE
    return [(observer, features[int(position * step)]) for position in range(SAMPLE)]


@dataclass(frozen=True)
class Plan:
    """What all batches of a campaign have in common.

    Attributes:
        targets: names of the compilers under test.
        device: where programs run.
        size: number of operators of a generated graph.
        batch: tests of an order.
    """

    targets: tuple[str, ...]
    device: Device
    size: int
    batch: int = BATCH

    def order(
        self,
        rng: Random,
        slot: Callable[[], Slot],
        weights: Mapping[str, float],
        left: int | None,
        mutators: Mapping[str, float] = NO_WEIGHTS,
    ) -> FuzzBatch:
        """The next order for a worker.

        Args:
            rng: what the target comes from.
            slot: gives the next test to make.
            weights: of operators.
            left: tests until the budget is used up; None: no end.
            mutators: weights of mutators.
        """
        size = self.batch if left is None else min(self.batch, left)
        slots = tuple(slot() for _ in range(size))
        target = rng.choice(self.targets)
        return FuzzBatch(target, self.device, self.size, slots, tuple(weights.items()), tuple(mutators.items()))


@dataclass(frozen=True)
class Heard:
    """What came of a test.

    Attributes:
        origin: where the test case came from.
        passed: whether it is valid and nothing is wrong.
        seen: features that it reached, of all observers; of very many some.
        new: features that no test before it reached; of very many some, so that none counts for more than a few others.
        seconds: that it took.
    """

    origin: Origin
    passed: bool
    seen: Collection[Feature]
    new: Collection[Feature]
    seconds: float


class Schedule(Protocol):
    """Chooses, for every batch, what is generated and what is mutated, and which tests are worth mutating."""

    def next_batch(self, store: Store, weights: Mapping[str, float], left: int | None) -> FuzzBatch:
        """The next order for a worker.

        Args:
            store: holds the corpus.
            weights: of operators, below 1 for those that known findings are about.
            left: tests until the budget is used up; None: no end.
        """
        ...

    def heard(self, test: Heard) -> bool:
        """Learn what came of a test, and say whether it is to join the corpus."""
        ...

    def joined(self, id_: str, new: Collection[Feature]) -> None:
        """A test joined the corpus that was the first to reach some features."""
        ...
