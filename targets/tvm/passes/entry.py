"""What is known about a pass, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from tensorsmith.ir.pipeline import Parameter

Kind: TypeAlias = Literal["tir", "relax"]
Values: TypeAlias = tuple[tuple[str, tuple[Parameter, ...]], ...]


@dataclass(frozen=True)
class PassEntry:
    """A pass.

    Attributes:
        name: the dialect and TVM's name: `s_tir.LoopPartition`.
        kind: what it is a pass of: programs of TIR, or programs of Relax.
        arguments: of its constructor, each with the values worth trying; the first is used where a step has none.
        requires: passes that must have run before it.
        before: passes of which none may have run before it.
        followers: the only passes that may run after it, and `codegen` if that may; None: all may.
        once: whether it may run only once.
        safe: whether it keeps the meaning of every program wherever `requires`, `before`, `followers` and `once` allow
            it. Pipelines with a pass that is not are judged by their crashes only.
        exact: whether it keeps the bits of floats, and not only their meaning as real numbers.
        idle: whether it does nothing to programs for a CPU, or without annotations that no generator makes.
        deadly: whether it kills the process where what it requires has not run, so that free orders keep to that too.
        note: what else to know.
    """

    name: str
    kind: Kind = "tir"
    arguments: Values = ()
    requires: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    followers: tuple[str, ...] | None = None
    once: bool = False
    safe: bool = True
    exact: bool = True
    idle: bool = False
    deadly: bool = False
    note: str = ""
