"""What makes a test case worth keeping: that it reached something that no test case before it did.

Observers here read test cases; those of `fuzz.coverage` watch the compiler. A new one is a class and a line; a third
party's comes through an entry point.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.metadata import entry_points
from itertools import pairwise
from typing import Protocol

from tensorsmith.ir.cases import Case
from tensorsmith.ir.graph import refs
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.tir_case import TirCase
from tensorsmith.ir.tir_constructs import construct_pairs

ENTRY_POINTS = "tensorsmith.observers"


class Observer(Protocol):
    """Names what a test case touches, so that novelty can be seen."""

    @property
    def name(self) -> str:
        """How statistics call it."""
        ...

    def features(self, case: Case) -> Iterable[str]:
        """What the test case touches; equal for equal test cases; nothing if it reads no programs of that kind."""
        ...


class OperatorPairs:
    """Which operator feeds which, and with what dtype: what fusion and pattern matching see of a program."""

    name = "operator-pairs"

    def features(self, case: Case) -> Iterable[str]:
        """See Observer."""
        if not isinstance(case, TestCase):
            return ()
        types = case.graph.types()
        producer: dict[int, str] = {}
        found: set[str] = set()
        for node in case.graph.nodes:
            found.add(f"{node.op} {node.types[0].dtype}")
            for ref in refs(node):
                found.add(f"{producer.get(ref, 'input')} {types[ref].dtype} {node.op}")
            producer.update((result, node.op) for result in node.results)
        found.update(f"knob {step.name} {step.parameters}" for step in case.pipeline.steps)
        return sorted(found)


class TirConstructs:
    """Which construct of TIR is within which, and which pass follows which: what passes see of a program."""

    name = "tir-constructs"

    def features(self, case: Case) -> Iterable[str]:
        """See Observer."""
        if not isinstance(case, TirCase):
            return ()
        names = [step.name for step in case.pipeline.steps] or ["default"]
        after = [f"{first} then {second}" for first, second in pairwise(names)]
        return sorted({*construct_pairs(case.program.json), *names, *after})


OBSERVERS: tuple[Observer, ...] = (OperatorPairs(), TirConstructs())


@cache
def all_observers() -> tuple[Observer, ...]:
    """The list, and what other packages add under the entry-point group `tensorsmith.observers`."""
    return OBSERVERS + tuple(point.load() for point in entry_points(group=ENTRY_POINTS))
