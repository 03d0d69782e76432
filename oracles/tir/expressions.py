"""Expressions of TIR to Python source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tensorsmith.ir.tir import BFLOAT16
from tensorsmith.oracles.tir import arithmetic, calls, vectors
from tensorsmith.oracles.tir.frame import Access, Frame, Memory
from tensorsmith.oracles.tir.undefined import Unsupported
from tensorsmith.oracles.tir.values import FLOATS, Value, folded, number, of_dtype
from tensorsmith.oracles.tir.vectors import split_dtype
from tensorsmith.targets.tvm import adapter

BINARY: dict[str, Callable[[Value, Value], Value]] = {
    "Add": arithmetic.add,
    "Sub": arithmetic.subtract,
    "Mul": arithmetic.multiply,
    "Div": arithmetic.divide,
    "Mod": arithmetic.remainder,
    "FloorDiv": arithmetic.floor_divide,
    "FloorMod": arithmetic.floor_remainder,
    "Min": arithmetic.minimum,
    "Max": arithmetic.maximum,
    "EQ": arithmetic.compare("=="),
    "NE": arithmetic.compare("!="),
    "LT": arithmetic.compare("<"),
    "LE": arithmetic.compare("<="),
    "GT": arithmetic.compare(">"),
    "GE": arithmetic.compare(">="),
    "And": arithmetic.logical("and", "&"),
    "Or": arithmetic.logical("or", "|"),
    "LShift": arithmetic.shift_left,
    "RShift": arithmetic.shift_right,
    "BitwiseAnd": arithmetic.bitwise("&"),
    "BitwiseOr": arithmetic.bitwise("|"),
    "BitwiseXor": arithmetic.bitwise("^"),
}

_ROUNDING = frozenset(("Add", "Sub", "Mul", "Div", "Cast", "Call"))


def value_of(node: Any, frame: Frame) -> Value:
    """The code of an expression; of a vector, of its lane `frame.lane`.

    Raises:
        Unsupported: an expression, an intrinsic or a dtype that the interpreter does not know.
    """
    kind = type(node).__name__
    operation = BINARY.get(kind)
    if operation is not None:
        value = folded(operation(value_of(node.a, frame), value_of(node.b, frame)))
    else:
        other = OTHERS.get(kind)
        if other is None:
            raise Unsupported(f"expression {kind}")
        value = other(node, frame)
    if value.dtype in FLOATS:
        frame.rounds = frame.rounds or kind in _ROUNDING
        frame.excess = frame.excess or (value.dtype == "bfloat16" and kind in _ROUNDING)
        if frame.noting:
            return Value(f"note({value.text})", value.dtype, total=value.total)
    return value


def element_dtype(node: Any) -> str:
    """The dtype of an expression, or of the lanes of a vector."""
    return split_dtype(adapter.dtype_of(node))[0]


def scalar_dtype(node: Any) -> str:
    """The dtype of an expression that is no vector."""
    dtype, lanes = split_dtype(adapter.dtype_of(node))
    if lanes > 1:
        raise Unsupported("a vector where a scalar is due")
    return dtype


def named(value: Value, frame: Frame) -> Value:
    """The value, computed once: a variable or a number stays as it is."""
    if value.text.isidentifier() and value.text not in ("True", "False"):
        return value
    known = folded(value)
    if known is not value:
        return known
    name = frame.name("v")
    frame.write(f"{name} = {value.text}")
    return Value(name, value.dtype, value.low, value.high)


def index_text(memory: Memory, indices: Any, lanes: int, frame: Frame, stores: bool) -> tuple[str, bool]:
    """The code of a flat index of an access to so many lanes, and whether it is in bounds for certain."""
    nodes = tuple(indices[:])
    if len(nodes) != len(memory.shape):
        raise Unsupported(f"{len(nodes)} indices of a buffer with {len(memory.shape)} dimensions")
    part = None
    if lanes > 1 and any(vectors.lanes_of(node) not in (1, lanes // memory.lanes) for node in nodes):
        raise Unsupported("indices of other lanes than the value")
    if memory.lanes == 1:
        values = [value_of(node, frame) for node in nodes]
    else:
        if lanes % memory.lanes:
            raise Unsupported(f"{lanes} lanes of a buffer of vectors of {memory.lanes}")
        group, part = vectors.of_group(vectors.lane(frame), memory.lanes)
        values = [vectors.at_lane(node, group, value_of, frame) for node in nodes]
    if frame.parallel:
        frame.touch(Access(memory, nodes, tuple(value.text for value in values), stores))
    texts, known, total = [], 0, memory.whole
    for value, size, stride in zip(values, memory.shape, memory.strides, strict=True):
        inside = value.low >= 0 and value.high < size.low == size.high
        total = total and inside and value.total
        if inside and value.total and value.low == value.high and stride.low == stride.high:
            known += value.low * stride.low
            continue
        text = value.text if inside else f"(_t if 0 <= (_t := {value.text}) < {size.text} else out_of_bounds())"
        texts.append(text if stride.low == stride.high == 1 else f"{text} * {stride.text}")
    if known or not texts:
        texts.append(str(known))
    text = " + ".join(texts)
    if part is not None:
        text = f"({text}) * {memory.lanes} + {part.text}"
    if not memory.whole:
        moved = text if memory.offset.low == memory.offset.high == 0 else f"{memory.offset.text} + {text}"
        text = moved if memory.mixed else f"(_t if 0 <= (_t := {moved}) < len({memory.text}) else out_of_bounds())"
    for loop in frame.parallel:
        if memory.text in loop.watched:
            text = f"{loop.watched[memory.text]}.{'write' if stores else 'read'}({text}, {loop.variable})"
            total = False
    return text, total


def store_text(memory: Memory, index: str, value: str) -> str:
    """The statement that stores to a flat index."""
    if memory.stored == BFLOAT16 and not memory.local:
        value = f"stored_bfloat16({value})"
    if memory.mixed:
        return f"{memory.text}.store({index}, {memory.stored!r}, {value})"
    return f"{memory.text}[{index}] = {value}"


def _load(node: Any, frame: Frame) -> Value:
    # TensorLoad since 0.27, BufferLoad before.
    variable = node.source if hasattr(node, "source") else node.buffer
    memory = frame.memories.get(adapter.identity(variable))
    if memory is None:
        raise Unsupported("a load of a buffer that is not declared")
    lanes = 1 if frame.lane is None else vectors.lanes_of(node)
    index, total = index_text(memory, node.indices, lanes, frame, stores=False)
    text = f"{memory.text}[{index}]"
    if memory.mixed:
        text, total = f"{memory.text}.load({index}, {memory.stored!r})", False
    elif memory.local:
        text, total = f"(_t if (_t := {text}) is not None else uninitialized())", False
    return arithmetic.read_as(of_dtype(text, memory.stored, total), memory.dtype)


def _integer(node: Any, frame: Frame) -> Value:
    dtype, value = scalar_dtype(node), int(node.value)
    if dtype == "bool":
        return Value(str(bool(value)), dtype, value, value)
    return number(value, dtype)


def _floating(node: Any, frame: Frame) -> Value:
    dtype = scalar_dtype(node)
    name = frame.constant(f"np_{dtype}({float(node.value)!r})")
    return Value(name, dtype)


def _variable(node: Any, frame: Frame) -> Value:
    value = frame.variables.get(adapter.identity(node))
    if value is None:
        raise Unsupported(f"variable {node.name}, which is not defined")
    if not value.vector:
        return value
    return Value(f"{value.text}[{vectors.lane(frame).text}]", value.dtype, value.low, value.high)


def _select(node: Any, frame: Frame) -> Value:
    condition, a, b = (value_of(part, frame) for part in (node.condition, node.true_value, node.false_value))
    return (arithmetic.if_then_else if frame.lazy else arithmetic.select)(condition, a, b)


def _let(node: Any, frame: Frame) -> Value:
    lanes = vectors.lanes_of(node.value)
    value = vectors.at_lane(node.value, vectors.any_lane(node.value), value_of, frame)
    defined = vectors.unrolled(node.value, value_of, frame) if lanes > 1 else value.text
    name = frame.name("v")
    frame.variables[adapter.identity(node.var)] = Value(name, value.dtype, value.low, value.high, vector=lanes > 1)
    body = value_of(node.body, frame)
    text = f"(({name} := {defined}), {body.text})[1]"
    return Value(text, body.dtype, body.low, body.high, value.total and body.total)


def _call(node: Any, frame: Frame) -> Value:
    name, arguments = adapter.intrinsic(node), node.args
    if name in ("call_llvm_pure_intrin", "call_llvm_intrin"):
        name, arguments = adapter.llvm_intrinsic(int(arguments[0].value)), arguments[1:]
    elif name == "call_pure_extern":  # of the C library: `erff` is that of float32
        name, arguments = str(arguments[0].value), arguments[1:]
        name = name if name in calls.CALLS else name.removesuffix("f")
    write = calls.CALLS.get(name)
    if write is None:
        raise Unsupported(f"intrinsic {name}")
    value = write([value_of(argument, frame) for argument in arguments], element_dtype(node))
    frame.inexact = frame.inexact or name in calls.INEXACT
    return value


OTHERS: dict[str, Callable[[Any, Frame], Value]] = {
    "TensorLoad": _load,
    "BufferLoad": _load,
    "IntImm": _integer,
    "FloatImm": _floating,
    "Var": _variable,
    "Cast": lambda node, frame: arithmetic.cast(value_of(node.value, frame), element_dtype(node)),
    "Not": lambda node, frame: arithmetic.negate(value_of(node.a, frame)),
    "BitwiseNot": lambda node, frame: arithmetic.invert(value_of(node.a, frame)),
    "Select": _select,
    "Let": _let,
    "Call": _call,
    "Ramp": lambda node, frame: vectors.ramp(node, frame, value_of),
    "Broadcast": lambda node, frame: value_of(node.value, frame),
    "Shuffle": lambda node, frame: vectors.shuffle(node, frame, value_of),
}
