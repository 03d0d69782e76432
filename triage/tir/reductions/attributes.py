"""Fewer attributes of the function."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.triage.tir.reductions.api import Candidates, greedy

# What the function is called, and which pipeline is TVM's default for it.
KEPT = ("global_symbol", "s_tir")


def fewer_attributes(function: TirFunction) -> Candidates:
    """Drop attributes of the function one at a time."""
    return greedy(function, _without_one)


def _without_one(function: TirFunction) -> Iterator[TirFunction]:
    for name in dict(function.func.attrs or {}):
        if str(name) not in KEPT:
            yield replace(function, func=function.func.without_attr(str(name)))
