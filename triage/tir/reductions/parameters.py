"""Fewer parameters: those that nothing uses go, scalars become constants."""

from __future__ import annotations

from collections.abc import Iterator

from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.triage.tir.reductions.api import Candidates, greedy
from tensorsmith.triage.tir.reductions.constant import constant

VALUES = (0, 1, 2)


def fewer_parameters(function: TirFunction) -> Candidates:
    """Drop parameters that the body does not use, and put constants for scalars; one buffer always stays."""
    return greedy(function, _fewer)


def _fewer(function: TirFunction) -> Iterator[TirFunction]:
    used = adapter.variables(function.func.body)
    parameters = list(function.func.params)
    unused = [place for place, one in enumerate(parameters) if adapter.identity(one) not in used]
    buffers = len(function.buffers)
    if len([place for place in unused if place < buffers]) == buffers:
        unused.remove(0)
    if len(unused) > 1:
        yield _without(function, unused)
    for place in unused:
        yield _without(function, [place])
    for place, scalar in enumerate(function.scalars, buffers):
        limits = [bound for bound in (scalar.low, scalar.high) if bound is not None]
        for value in dict.fromkeys((*VALUES, *limits)):
            new = constant(scalar.dtype, value)
            body = tree.substitute(function.func.body, {adapter.identity(parameters[place]): new})
            yield _without(function.with_body(body), [place])


def _without(function: TirFunction, places: list[int]) -> TirFunction:
    kept = [place for place in range(len(function.func.params)) if place not in places]
    func = adapter.with_parameters(function.func, [function.func.params[place] for place in kept])
    described = (*function.buffers, *function.scalars)
    count = sum(place < len(function.buffers) for place in kept)
    left = [described[place] for place in kept]
    return TirFunction(func, tuple(left[:count]), tuple(left[count:]))  # type: ignore[arg-type]
