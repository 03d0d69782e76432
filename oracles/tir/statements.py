"""Statements of TIR to lines of Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tensorsmith.oracles.tir import arithmetic, blocks, loops, memory, vectors
from tensorsmith.oracles.tir.expressions import index_text, store_text, value_of
from tensorsmith.oracles.tir.frame import Frame
from tensorsmith.oracles.tir.undefined import Unsupported
from tensorsmith.oracles.tir.values import Value
from tensorsmith.targets.tvm import adapter

_OF_THREADS = frozenset({"thread_extent", "virtual_thread"})


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


def _sequence(node: Any, frame: Frame) -> None:
    for statement in node.seq[:]:
        write_statement(statement, frame)


def _bind(node: Any, frame: Frame) -> None:
    lanes = vectors.lanes_of(node.value)
    if lanes == 1:
        loops.bind(node.var, value_of(node.value, frame), frame)
        return
    name = frame.name("v")
    frame.write(f"{name} = []")
    value = _over_lanes(node.value, lanes, frame)
    frame.write(f" {name}.append({value.text})")
    frame.variables[adapter.identity(node.var)] = Value(name, value.dtype, value.low, value.high, vector=True)


def _over_lanes(node: Any, lanes: int, frame: Frame) -> Value:
    """Open a loop over the lanes, whose body must follow, and give the code of a lane in it."""
    frame.lane = Value(frame.name("l"), "int32", 0, lanes - 1)
    frame.write(f"for {frame.lane.text} in range({lanes}):")
    value = value_of(node, frame)
    frame.lane = None
    return value


def _store(node: Any, frame: Frame) -> None:
    target = frame.memories.get(adapter.identity(node.buffer))
    if target is None:
        raise Unsupported("a store to a buffer that is not declared")
    lanes = vectors.lanes_of(node.value)
    if lanes > 1:
        _store_lanes(node, lanes, frame)
        return
    value = value_of(node.value, frame)
    if value.dtype != target.dtype or target.lanes > 1:
        raise Unsupported(f"a store of {value.dtype} to a buffer of {target.dtype}")
    index, _ = index_text(target, node.indices, 1, frame, stores=True)
    frame.write(store_text(target, index, arithmetic.write_as(value, target.stored).text))


def _store_lanes(node: Any, lanes: int, frame: Frame) -> None:
    """All lanes are computed, then all are stored; in one loop where that makes no difference."""
    target, lane = frame.memories[adapter.identity(node.buffer)], Value(frame.name("l"), "int32", 0, lanes - 1)
    frame.lane = lane
    value = value_of(node.value, frame)
    index, _ = index_text(target, node.indices, lanes, frame, stores=True)
    frame.lane = None
    if value.dtype != target.dtype:
        raise Unsupported(f"a store of {value.dtype} to a buffer of {target.dtype}")
    stored, loop = arithmetic.write_as(value, target.stored).text, f"for {lane.text} in range({lanes}):"
    if f"{target.text}[" in stored + index or target.mixed:
        frame.write(f"_w = [None] * {lanes}")
        frame.write(f"{loop} _w[{lane.text}] = {stored}")
        stored = f"_w[{lane.text}]"
    frame.write(f"{loop} {store_text(target, index, stored)}")


def _branch(node: Any, frame: Frame) -> None:
    frame.write(f"if {value_of(node.condition, frame).text}:")
    loops.write_body(node.then_case, frame, write_statement)
    if node.else_case is not None:
        frame.write("else:")
        loops.write_body(node.else_case, frame, write_statement)


def _attribute(node: Any, frame: Frame) -> None:
    if node.attr_key in _OF_THREADS:
        raise Unsupported(f"a statement for {node.attr_key}")
    write_statement(node.body, frame)


def _assert(node: Any, frame: Frame) -> None:
    frame.write(f"if not {value_of(node.condition, frame).text}: assertion_fails()")


def _evaluate(node: Any, frame: Frame) -> None:
    called = adapter.intrinsic(node.value) if type(node.value).__name__ == "Call" else ""
    if called in _JUMPS:
        frame.write(_JUMPS[called])
    elif called in _WITHOUT_EFFECT:
        return
    elif called == "ret":
        _returned(node.value.args[0], frame)
    elif vectors.lanes_of(node.value) > 1:
        lanes = vectors.lanes_of(node.value)
        value = _over_lanes(node.value, lanes, frame)
        frame.write(f" {value.text}")
    else:
        value = value_of(node.value, frame)
        if not value.total:
            frame.write(value.text)


def _returned(value: Any, frame: Frame) -> None:
    value = value_of(value, frame)
    if not value.total:
        frame.write(value.text)
    frame.write("return")


_JUMPS = {"break_loop": "break", "continue_loop": "continue", "thread_return": "return"}
_WITHOUT_EFFECT = frozenset({"start_profile_intrinsic", "end_profile_intrinsic", "tvm_storage_sync"})

STATEMENTS: dict[str, Callable[[Any, Frame], None]] = {
    "SeqStmt": _sequence,
    "Bind": _bind,
    "BufferStore": _store,
    "AllocBuffer": lambda node, frame: memory.allocate(node.buffer, frame),
    "DeclBuffer": lambda node, frame: memory.view(node.buffer, node.data, frame),
    "IfThenElse": _branch,
    "While": lambda node, frame: loops.write_while(node, frame, write_statement),
    "For": lambda node, frame: loops.write_for(node, frame, write_statement),
    "SBlockRealize": lambda node, frame: blocks.write_block(node, frame, write_statement),
    "AttrStmt": _attribute,
    "AssertStmt": _assert,
    "Evaluate": _evaluate,
    "Break": lambda node, frame: frame.write("break"),
    "Continue": lambda node, frame: frame.write("continue"),
    "Return": lambda node, frame: _returned(node.value, frame),
}
