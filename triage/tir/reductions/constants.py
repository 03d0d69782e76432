"""Simpler constants: zero, one, two, or at least closer to zero."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.targets.tvm.sites import Site
from tensorsmith.triage.tir.reductions.api import Candidates, everywhere
from tensorsmith.triage.tir.reductions.constant import constant


def simpler_constants(function: TirFunction) -> Candidates:
    """Replace each constant of the body by simpler ones of its dtype."""
    return everywhere(function, _simpler)


def _simpler(site: Site) -> Iterator[Any]:
    kind = tree.kind_of(site.node)
    dtype = adapter.dtype_of(site.node) if kind in ("IntImm", "FloatImm") else ""
    if kind == "IntImm" and dtype != "bool":
        for value in simpler_integers(int(site.node.value)):
            yield constant(dtype, value)
    if kind == "FloatImm":
        for number in simpler_floats(float(site.node.value)):
            yield constant(dtype, number)


def simpler_integers(value: int) -> Iterator[int]:
    """Integers that are simpler to read, the simplest first: small ones, then steps toward zero, each half the last."""
    sign = 1 if value > 0 else -1
    steps = [value - sign * (abs(value) >> shift) for shift in range(1, abs(value).bit_length())]
    for simpler in dict.fromkeys((0, 1, 2, -1, abs(value), *steps)):
        if _weight(simpler) < _weight(value):
            yield simpler


def simpler_floats(value: float) -> Iterator[float]:
    """Numbers that are simpler to read, the simplest first."""
    whole = float(math.trunc(value)) if math.isfinite(value) else 1.0
    for simpler in dict.fromkeys((0.0, 1.0, 2.0, whole)):
        if (abs(simpler), len(repr(simpler))) < (_magnitude(value), len(repr(value))):
            yield simpler


def _weight(value: int) -> tuple[int, bool]:
    return abs(value), value < 0


def _magnitude(value: float) -> float:
    return abs(value) if math.isfinite(value) else math.inf
