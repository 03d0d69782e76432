"""Expressions of TIR to Python source."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tensorsmith.ir.tir import integer_range
from tensorsmith.oracles.tir import arithmetic
from tensorsmith.oracles.tir.frame import Access, Frame, Memory
from tensorsmith.oracles.tir.runtime import EXACT, INEXACT
from tensorsmith.oracles.tir.undefined import Unsupported
from tensorsmith.oracles.tir.values import Value
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
CALLED_BINARY = {
    "shift_left": "LShift",
    "shift_right": "RShift",
    "bitwise_and": "BitwiseAnd",
    "bitwise_or": "BitwiseOr",
    "bitwise_xor": "BitwiseXor",
}
SCALARS = frozenset(
    f"{kind}{bits}" for kind, sizes in (("int", (8, 16, 32, 64)), ("uint", (8, 16, 32, 64)), ("float", (16, 32, 64)))
    for bits in sizes
) | {"bool"}  # fmt: skip


def value_of(node: Any, frame: Frame) -> Value:
    """The code of an expression.

    Raises:
        Unsupported: an expression, an intrinsic or a dtype that the interpreter does not know.
    """
    kind = type(node).__name__
    operation = BINARY.get(kind)
    if operation is not None:
        return operation(value_of(node.a, frame), value_of(node.b, frame))
    other = OTHERS.get(kind)
    if other is None:
        raise Unsupported(f"expression {kind}")
    return other(node, frame)


def scalar_dtype(node: Any) -> str:
    """The dtype of an expression that is no vector."""
    dtype = adapter.dtype_of(node)
    if dtype not in SCALARS:
        raise Unsupported(f"dtype {dtype}")
    return dtype


def index_text(memory: Memory, indices: Any, frame: Frame, stores: bool) -> tuple[str, bool]:
    """The code of a flat index, and whether it is in bounds for certain."""
    nodes = tuple(indices)
    if len(nodes) != len(memory.shape):
        raise Unsupported(f"{len(nodes)} indices of a buffer with {len(memory.shape)} dimensions")
    values = [value_of(node, frame) for node in nodes]
    frame.touch(Access(memory, nodes, tuple(value.text for value in values), stores))
    texts, total = [], True
    for position, (value, size) in enumerate(zip(values, memory.shape, strict=True)):
        inside = value.low >= 0 and value.high < size
        total = total and inside and value.total
        text = value.text if inside else f"(_t if 0 <= (_t := {value.text}) < {size} else out_of_bounds())"
        stride = math.prod(memory.shape[position + 1 :])
        texts.append(text if stride == 1 else f"{text} * {stride}")
    return " + ".join(texts) or "0", total


def _load(node: Any, frame: Frame) -> Value:
    # TensorLoad since 0.27, BufferLoad before.
    variable = node.source if hasattr(node, "source") else node.buffer
    memory = frame.memories.get(adapter.identity(variable))
    if memory is None:
        raise Unsupported("a load of a buffer that is not declared")
    index, total = index_text(memory, node.indices, frame, stores=False)
    text = f"{memory.text}[{index}]"
    if memory.local:
        text, total = f"(_t if (_t := {text}) is not None else uninitialized())", False
    return _of_dtype(text, memory.dtype, total)


def _of_dtype(text: str, dtype: str, total: bool) -> Value:
    if dtype.startswith("float"):
        return Value(text, dtype, total=total)
    return Value(text, dtype, *integer_range(dtype), total)


def _integer(node: Any, frame: Frame) -> Value:
    dtype, value = scalar_dtype(node), int(node.value)
    if dtype == "bool":
        return Value(str(bool(value)), dtype, value, value)
    return Value(str(value) if value >= 0 else f"({value})", dtype, value, value)


def _floating(node: Any, frame: Frame) -> Value:
    dtype = scalar_dtype(node)
    name = frame.constant(f"np_{dtype}({float(node.value)!r})")
    return Value(name, dtype)


def _variable(node: Any, frame: Frame) -> Value:
    value = frame.variables.get(adapter.identity(node))
    if value is None:
        raise Unsupported(f"variable {node.name}, which is not defined")
    return value


def _select(node: Any, frame: Frame) -> Value:
    parts = (node.condition, node.true_value, node.false_value)
    return arithmetic.select(*(value_of(part, frame) for part in parts))


def _let(node: Any, frame: Frame) -> Value:
    value = value_of(node.value, frame)
    name = frame.name("v")
    frame.variables[adapter.identity(node.var)] = Value(name, value.dtype, value.low, value.high)
    body = value_of(node.body, frame)
    text = f"(({name} := {value.text}), {body.text})[1]"
    return Value(text, body.dtype, body.low, body.high, value.total and body.total)


def _call(node: Any, frame: Frame) -> Value:
    name, arguments = adapter.intrinsic(node), [value_of(argument, frame) for argument in node.args]
    if name in CALLED_BINARY:
        return BINARY[CALLED_BINARY[name]](*arguments)
    if name == "if_then_else":
        return arithmetic.if_then_else(*arguments)
    if name == "likely":
        return arguments[0]
    if name == "bitwise_not":
        return arithmetic.invert(arguments[0])
    total = all(argument.total for argument in arguments)
    texts = ", ".join(argument.text for argument in arguments)
    if name == "isnan":
        return Value(f"isnan({texts})", "bool", 0, 1, total)
    if name == "popcount" and not arguments[0].is_signed:
        return Value(f"({texts}).bit_count()", scalar_dtype(node), 0, 64, total)
    if name not in EXACT and name not in INEXACT:
        raise Unsupported(f"intrinsic {name}")
    if not arguments[0].is_float:
        raise Unsupported(f"intrinsic {name} of {arguments[0].dtype}")
    frame.inexact = frame.inexact or name in INEXACT
    return Value(f"math_{name}({texts})", scalar_dtype(node), total=total)


OTHERS: dict[str, Callable[[Any, Frame], Value]] = {
    "TensorLoad": _load,
    "BufferLoad": _load,
    "IntImm": _integer,
    "FloatImm": _floating,
    "Var": _variable,
    "Cast": lambda node, frame: arithmetic.cast(value_of(node.value, frame), scalar_dtype(node)),
    "Not": lambda node, frame: arithmetic.negate(value_of(node.a, frame)),
    "BitwiseNot": lambda node, frame: arithmetic.invert(value_of(node.a, frame)),
    "Select": _select,
    "Let": _let,
    "Call": _call,
}
