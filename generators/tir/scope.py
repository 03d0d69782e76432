"""What a statement can use where it stands: variables, buffers, and how much it may still loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random
from typing import Any

from tensorsmith.generators.tir.types import Typed


@dataclass(frozen=True)
class Slot:
    """A buffer; integers in it are always in [low, high]. Results that are not exact go to a `sink`, never read."""

    node: Any
    name: str
    dtype: str
    shape: tuple[int, ...]
    low: int = 0
    high: int = 0
    sink: bool = False


@dataclass(frozen=True)
class Scope:
    """A place in a function.

    Attributes:
        rng: what every choice comes from.
        fresh: numbers for names.
        grow: makes an operand: an expression of a dtype with at most so many levels of operators.
        scalars: variables in reach.
        readable: buffers whose elements all have a value.
        writable: buffers that may be stored to.
        pins: of a buffer written in a parallel loop, the indices that must be that loop's variable, by dimension.
        iterations: how often a statement here runs at most.
        vectorized: within a vectorized loop.
        parallel: within a parallel loop.
        depth: number of statements around this one.
    """

    rng: Random
    fresh: count[int]
    grow: Callable[[Scope, str, int], Typed]
    scalars: tuple[Typed, ...] = ()
    readable: tuple[Slot, ...] = ()
    writable: tuple[Slot, ...] = ()
    pins: Mapping[str, Mapping[int, Typed]] = field(default_factory=dict)
    iterations: int = 1
    vectorized: bool = False
    parallel: bool = False
    depth: int = 0

    def name(self, prefix: str) -> str:
        """A name that the function does not have yet."""
        return f"{prefix}{next(self.fresh)}"

    def with_scalar(self, scalar: Typed) -> Scope:
        """The scope after a variable is defined."""
        return replace(self, scalars=(*self.scalars, scalar))

    def with_buffer(self, slot: Slot) -> Scope:
        """The scope after a local buffer has been filled."""
        return replace(self, readable=(*self.readable, slot), writable=(*self.writable, slot))
