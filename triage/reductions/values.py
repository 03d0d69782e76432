"""Simpler input values: a simpler class of values, or few values written out."""

from __future__ import annotations

from collections.abc import Iterator

from tensorsmith.ir.graph import TensorType
from tensorsmith.ir.recipe import Drawn, Literals, Values
from tensorsmith.ir.testcase import TestCase
from tensorsmith.triage.capture import captured, written_out
from tensorsmith.triage.rebuild import built, with_values
from tensorsmith.triage.reductions.api import Candidates, greedy

# Up to so many elements, values are easier to read written out than as a recipe.
READABLE = 64


def simpler_values(case: TestCase) -> Candidates:
    """Simplify the values of one input at a time; few values are written out in the end."""
    return greedy(case, _with_simpler)


def _with_simpler(case: TestCase) -> Iterator[TestCase | None]:
    for position, (item, values) in enumerate(zip(case.graph.inputs, case.recipe.inputs, strict=True)):
        if item.shares is not None:
            continue
        size = item.type.storage_size
        for simpler in _classes(item.type, size):
            if simpler == values:
                break
            yield built(with_values, case, {position: simpler})
        else:
            if isinstance(values, Drawn) and size <= READABLE:
                exact = written_out(item.type, captured(case).get(item.id))
                if isinstance(exact, Literals):
                    yield built(with_values, case, {position: exact})


def _classes(type_: TensorType, size: int) -> Iterator[Values]:
    if size <= READABLE and not type_.dtype.startswith("c"):
        one: bool | int | float = True if type_.dtype == "bool" else 1.0 if "f" in type_.dtype else 1
        yield Literals((one,) * size)
        yield Literals((type(one)(0),) * size)
        if type_.dtype != "bool" and 1 < size <= 100:
            yield Literals(tuple(type(one)(n) for n in range(size)))
    else:
        yield Drawn("ones", 0)
        yield Drawn("zeros", 0)
        yield Drawn("integers", 0)
        yield Drawn("normal", 0)
