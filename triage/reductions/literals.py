"""Simpler written-out values: fewer digits, then ones and zeros element by element."""

from __future__ import annotations

from collections.abc import Iterator

from tensorsmith.ir.recipe import Literals
from tensorsmith.ir.testcase import TestCase
from tensorsmith.triage.rebuild import built, with_values
from tensorsmith.triage.reductions.api import Candidates, greedy

# Up to so many elements are looked at one by one.
FEW = 16

Number = bool | int | float | str


def simpler_literals(case: TestCase) -> Candidates:
    """Round the written-out values of one input at a time, then simplify single elements of short ones."""
    return greedy(case, _with_simpler)


def _with_simpler(case: TestCase) -> Iterator[TestCase | None]:
    for position, (item, values) in enumerate(zip(case.graph.inputs, case.recipe.inputs, strict=True)):
        if not isinstance(values, Literals) or item.shares is not None:
            continue
        for simpler in simpler_numbers(values.data):
            yield built(with_values, case, {position: Literals(simpler)})


def simpler_numbers(data: tuple[Number, ...]) -> Iterator[tuple[Number, ...]]:
    """The same many numbers, simpler, the simplest first."""
    for digits in (0, 1, 2, 3):
        rounded = tuple(round(x, digits) if isinstance(x, float) else x for x in data)
        if rounded == data:
            break
        yield rounded
    if any(isinstance(x, str) for x in data):
        yield tuple(1.0 if isinstance(x, str) else x for x in data)
    if len(data) <= FEW:
        for place, x in enumerate(data):
            for simpler in _simpler_number(x):
                yield (*data[:place], simpler, *data[place + 1 :])


def _simpler_number(x: Number) -> Iterator[Number]:
    if isinstance(x, bool):
        if x:
            yield False
        return
    kind = int if isinstance(x, int) else float
    for step in (1, 0, 2):
        if x == step and str(x) == str(kind(step)):  # -0.0 is not 0.0
            return
        yield kind(step)
    if not isinstance(x, str) and x < 0:
        yield -x
