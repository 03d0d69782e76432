"""Loops of TIR to lines of Python.

Iterations of a parallel or vectorized loop must not depend on each other: no two of them touch one element of which one
writes. Where that is not plain from the indices, the code notes what every iteration touches and raises at run time.
So a vectorized loop means the same whether its iterations run in order or as lanes, statement by statement.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tensorsmith.oracles.tir import arithmetic
from tensorsmith.oracles.tir.expressions import named, scalar_dtype, value_of
from tensorsmith.oracles.tir.frame import Frame, ParallelLoop
from tensorsmith.oracles.tir.races import may_race
from tensorsmith.oracles.tir.undefined import Unsupported
from tensorsmith.oracles.tir.values import Value, folded
from tensorsmith.targets.tvm import adapter

Write = Callable[[Any, Frame], None]
SERIAL, PARALLEL, VECTORIZED, UNROLLED = range(4)


def write_body(node: Any, frame: Frame, write: Write) -> None:
    """A statement one level deeper."""
    frame.depth += 1
    before = len(frame.lines)
    write(node, frame)
    if len(frame.lines) == before:
        frame.write("pass")
    frame.depth -= 1


def bind(variable: Any, value: Value, frame: Frame) -> None:
    """Give a scalar variable its value."""
    frame.variables[adapter.identity(variable)] = named(value, frame)


def write_while(node: Any, frame: Frame, write: Write) -> None:
    """A loop as long as a condition holds."""
    frame.write(f"while {value_of(node.condition, frame).text}:")
    frame.depth += 1
    _count("1", frame)
    frame.depth -= 1
    write_body(node.body, frame, write)


def write_for(node: Any, frame: Frame, write: Write) -> None:
    """A loop over a range.

    Raises:
        Unsupported: a loop bound to a thread, or whose step may be below 1.
    """
    kind = int(node.kind)
    if kind not in (SERIAL, PARALLEL, VECTORIZED, UNROLLED):
        raise Unsupported("a loop bound to a thread")
    dtype = scalar_dtype(node.loop_var)
    start, extent = (named(value_of(part, frame), frame) for part in (node.min, node.extent))
    end = folded(arithmetic.add(start, extent))
    if extent.low < 0 and not frame.lazy:  # a program should not; after a pass it is a loop that does not run
        frame.write(f"if {extent.text} < 0: negative_extent()")
    _count(extent.text, frame)
    name = frame.name("v")
    frame.variables[adapter.identity(node.loop_var)] = Value(name, dtype, start.low, max(start.low, end.high - 1))
    head = f"for {name} in range({start.text}, {end.text}{_step(node, frame)}):"
    if kind in (PARALLEL, VECTORIZED) and extent.high > 1:
        _independent(node, name, head, frame, write)
    else:
        frame.write(head)
        write_body(node.body, frame, write)


def _independent(node: Any, name: str, head: str, frame: Frame, write: Write) -> None:
    existing = frozenset(memory.text for memory in frame.memories.values())
    outside = frozenset(value.text for value in frame.variables.values()) - {name}
    loop, place = ParallelLoop(name, outside, existing), len(frame.lines)
    noted = [len(outer.accesses) for outer in frame.parallel]
    frame.parallel.append(loop)
    frame.write(head)
    write_body(node.body, frame, write)
    doubtful = may_race(loop, frame)
    if doubtful:  # written again, with every access watched
        del frame.lines[place:]
        for outer, count in zip(frame.parallel, noted, strict=False):
            del outer.accesses[count:]
        for memory in doubtful:
            loop.watched[memory] = frame.name("k")
            frame.write(f"{loop.watched[memory]} = Touched()")
        frame.write(head)
        write_body(node.body, frame, write)
    frame.parallel.pop()


def _step(node: Any, frame: Frame) -> str:
    if node.step is None:
        return ""
    step = value_of(node.step, frame)
    if step.low < 1:
        raise Unsupported("a loop whose step may be below 1")
    return f", {step.text}"


def _count(iterations: str, frame: Frame) -> None:
    frame.write(f"if (_n := _n - {iterations}) < 0: out_of_steps()")
