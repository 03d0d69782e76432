"""Statements of TIR to lines of Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tensorsmith.ir.tir import DTYPES
from tensorsmith.oracles.tir import arithmetic
from tensorsmith.oracles.tir.expressions import index_text, scalar_dtype, value_of
from tensorsmith.oracles.tir.frame import Frame, Memory, ParallelLoop
from tensorsmith.oracles.tir.races import may_race
from tensorsmith.oracles.tir.undefined import Unsupported
from tensorsmith.oracles.tir.values import Value
from tensorsmith.targets.tvm import adapter

SERIAL, PARALLEL, VECTORIZED, UNROLLED = range(4)
_REDUCE = 2  # IterVar.CommReduce


def write_statement(node: Any, frame: Frame) -> None:
    """Add the code of a statement to the frame.

    Raises:
        Unsupported: a statement, or an expression in it, that the interpreter does not know.
    """
    kind = type(node).__name__
    write = STATEMENTS.get(kind)
    if write is None:
        raise Unsupported(f"statement {kind}")
    write(node, frame)


def memory_of(variable: Any, name: str, local: bool) -> Memory:
    """A compact buffer of constant shape, to be named `name` in the code.

    Raises:
        Unsupported: a symbolic shape, strides, an offset or a dtype that the interpreter does not know.
    """
    dtype, shape, strides, offset = adapter.buffer_layout(variable)
    if dtype not in DTYPES:
        raise Unsupported(f"buffer of {dtype}")
    sizes = tuple(int(size.value) for size in shape if type(size).__name__ == "IntImm")
    if len(sizes) != len(shape):
        raise Unsupported("buffer of symbolic shape")
    compact = [math.prod(sizes[position + 1 :]) for position in range(len(sizes))]
    if strides and [getattr(stride, "value", None) for stride in strides] != compact:
        raise Unsupported("buffer with strides")
    if offset is not None and getattr(offset, "value", None) != 0:
        raise Unsupported("buffer with an offset")
    return Memory(name, dtype, sizes, local)


def allocate(variable: Any, frame: Frame) -> None:
    """Make a buffer whose elements are uninitialized."""
    memory = memory_of(variable, frame.name("m"), local=True)
    frame.memories[adapter.identity(variable)] = memory
    frame.write(f"{memory.text} = [None] * {math.prod(memory.shape)}")


def bind(variable: Any, value: Value, frame: Frame) -> None:
    """Give a scalar variable its value."""
    frame.variables[adapter.identity(variable)] = _named(value, frame)


def _body(node: Any, frame: Frame) -> None:
    frame.depth += 1
    write_statement(node, frame)
    frame.write("pass")
    frame.depth -= 1


def _sequence(node: Any, frame: Frame) -> None:
    for statement in node.seq:
        write_statement(statement, frame)


def _bind(node: Any, frame: Frame) -> None:
    bind(node.var, value_of(node.value, frame), frame)


def _store(node: Any, frame: Frame) -> None:
    memory = frame.memories.get(adapter.identity(node.buffer))
    if memory is None:
        raise Unsupported("a store to a buffer that is not declared")
    value = value_of(node.value, frame)
    if value.dtype != memory.dtype:
        raise Unsupported(f"a store of {value.dtype} to a buffer of {memory.dtype}")
    index, _ = index_text(memory, node.indices, frame, stores=True)
    frame.write(f"{memory.text}[{index}] = {value.text}")


def _branch(node: Any, frame: Frame) -> None:
    frame.write(f"if {value_of(node.condition, frame).text}:")
    _body(node.then_case, frame)
    if node.else_case is not None:
        frame.write("else:")
        _body(node.else_case, frame)


def _while(node: Any, frame: Frame) -> None:
    frame.write(f"while {value_of(node.condition, frame).text}:")
    frame.depth += 1
    _count("1", frame)
    frame.depth -= 1
    _body(node.body, frame)


def _for(node: Any, frame: Frame) -> None:
    kind = int(node.kind)
    if kind not in (SERIAL, PARALLEL, VECTORIZED, UNROLLED):
        raise Unsupported("a loop bound to a thread")
    dtype = scalar_dtype(node.loop_var)
    start, extent = (_named(value_of(part, frame), frame) for part in (node.min, node.extent))
    end = arithmetic.add(start, extent)
    if extent.low < 0:
        frame.write(f"if {extent.text} < 0: negative_extent()")
    _count(extent.text, frame)
    name, loop, place = frame.name("v"), None, len(frame.lines)
    identity = adapter.identity(node.loop_var)
    if kind in (PARALLEL, VECTORIZED) and extent.high > 1:
        existing = frozenset(memory.text for memory in frame.memories.values())
        outside = frozenset(value.text for value in frame.variables.values())
        loop = ParallelLoop(name, outside, existing)
        frame.parallel.append(loop)
    frame.variables[identity] = Value(name, dtype, start.low, max(start.low, end.high - 1))
    frame.write(f"for {name} in range({start.text}, {end.text}, {_step(node, frame)}):")
    _body(node.body, frame)
    if loop is not None:
        frame.parallel.pop()
        if may_race(loop, frame):
            frame.lines.insert(place, " " * frame.depth + f"if {extent.text} > 1: races()")


def _named(value: Value, frame: Frame) -> Value:
    """The value, computed once: a variable or a number stays as it is."""
    if value.text.isidentifier() and value.text not in ("True", "False"):
        return value
    if value.dtype != "bool" and not value.is_float and value.low == value.high and value.total:
        return Value(f"({value.low})", value.dtype, value.low, value.high)
    name = frame.name("v")
    frame.write(f"{name} = {value.text}")
    return Value(name, value.dtype, value.low, value.high)


def _step(node: Any, frame: Frame) -> str:
    if node.step is None:
        return "1"
    step = value_of(node.step, frame)
    if step.low < 1:
        raise Unsupported("a loop whose step may be below 1")
    return step.text


def _count(iterations: str, frame: Frame) -> None:
    frame.write(f"_n -= {iterations}")
    frame.write("if _n < 0: out_of_steps()")


def _realize(node: Any, frame: Frame) -> None:
    """A block: its variables take their values, and it runs where its predicate holds."""
    block = node.block
    if len(block.match_buffers):
        raise Unsupported("match_buffer in a block")
    first_of_reduction = []
    for iterator, value in zip(block.iter_vars, node.iter_values, strict=True):
        bind(iterator.var, value_of(value, frame), frame)
        if int(iterator.iter_type) == _REDUCE:
            name = frame.variables[adapter.identity(iterator.var)].text
            first_of_reduction.append(f"{name} == {value_of(iterator.dom.min, frame).text}")
    frame.write(f"if {value_of(node.predicate, frame).text}:")
    frame.depth += 1
    for variable in block.alloc_buffers:
        allocate(variable, frame)
    if block.init is not None:
        frame.write(f"if {' and '.join(first_of_reduction) or 'True'}:")
        _body(block.init, frame)
    frame.depth -= 1
    _body(block.body, frame)


def _assert(node: Any, frame: Frame) -> None:
    frame.write(f"if not {value_of(node.condition, frame).text}: assertion_fails()")


def _evaluate(node: Any, frame: Frame) -> None:
    value = value_of(node.value, frame)
    if not value.total:
        frame.write(value.text)


STATEMENTS: dict[str, Callable[[Any, Frame], None]] = {
    "SeqStmt": _sequence,
    "Bind": _bind,
    "BufferStore": _store,
    "AllocBuffer": lambda node, frame: allocate(node.buffer, frame),
    "IfThenElse": _branch,
    "While": _while,
    "For": _for,
    "SBlockRealize": _realize,
    "AttrStmt": lambda node, frame: write_statement(node.body, frame),
    "AssertStmt": _assert,
    "Evaluate": _evaluate,
}
