"""Vector expressions: their code is that of one lane, `frame.lane`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from tensorsmith.oracles.tir import arithmetic
from tensorsmith.oracles.tir.frame import Frame
from tensorsmith.oracles.tir.undefined import Unsupported
from tensorsmith.oracles.tir.values import SCALARS, Value, number
from tensorsmith.targets.tvm import adapter

Write = Callable[[Any, Frame], Value]


@cache
def split_dtype(dtype: str) -> tuple[str, int]:
    """The dtype of a lane, and the number of lanes: `float32x4` is ("float32", 4).

    Raises:
        Unsupported: a dtype that the interpreter does not know, such as a scalable vector.
    """
    element, _, lanes = dtype.partition("x")
    element = "bool" if element == "int1" else element  # LLVM's name of it
    if element not in SCALARS or not (lanes or "1").isdigit():
        raise Unsupported(f"dtype {dtype}")
    return element, int(lanes or "1")


def lanes_of(node: Any) -> int:
    """The number of lanes of an expression: 1 unless it is a vector."""
    return split_dtype(adapter.dtype_of(node))[1]


def lane(frame: Frame) -> Value:
    """The lane that is being written."""
    if frame.lane is None:
        raise Unsupported("a vector where a scalar is due")
    return frame.lane


def at_lane(node: Any, chosen: Value | None, write: Write, frame: Frame) -> Value:
    """The code of another lane of an expression."""
    before, frame.lane = frame.lane, chosen
    value = write(node, frame)
    frame.lane = before
    return value


def of_group(chosen: Value, size: int) -> tuple[Value, Value]:
    """Lanes in groups of `size`: the number of the group, and the lane in it."""
    if chosen.low == chosen.high:
        return number(chosen.low // size), number(chosen.low % size)
    group = Value(f"({chosen.text} // {size})", "int32", chosen.low // size, chosen.high // size)
    return group, Value(f"({chosen.text} % {size})", "int32", 0, size - 1)


def ramp(node: Any, frame: Frame, write: Write) -> Value:
    """base, base + stride, base + 2 * stride, ..."""
    step = lane(frame)
    base, stride = write(node.base, frame), write(node.stride, frame)
    steps = Value(step.text, base.dtype, step.low, step.high)
    return arithmetic.add(base, arithmetic.multiply(steps, stride))


def shuffle(node: Any, frame: Frame, write: Write) -> Value:
    """Lanes chosen from the lanes of several vectors."""
    lanes = [(vector, number(position)) for vector in node.vectors for position in range(lanes_of(vector))]
    order = [getattr(index, "value", None) for index in node.indices]
    if any(index is None for index in order):
        raise Unsupported("a shuffle by variables")
    picked = [lanes[int(index)] for index in order if index is not None]
    wanted = lane(frame) if len(picked) > 1 else number(0)
    if wanted.low == wanted.high:
        vector, chosen = picked[wanted.low]
        return at_lane(vector, chosen, write, frame)
    values = [at_lane(vector, chosen, write, frame) for vector, chosen in picked]
    text = f"({', '.join(value.text for value in values)})[{wanted.text}]"
    low, high = min(value.low for value in values), max(value.high for value in values)
    return Value(text, values[0].dtype, low, high, all(value.total for value in values))


def any_lane(node: Any) -> Value | None:
    """A lane of an expression of which only the range is known; None for a scalar."""
    lanes = lanes_of(node)
    return Value("0", "int32", 0, lanes - 1) if lanes > 1 else None


def unrolled(node: Any, write: Write, frame: Frame) -> str:
    """The code of a tuple of all lanes."""
    lanes = [at_lane(node, number(position), write, frame).text for position in range(lanes_of(node))]
    return f"({', '.join(lanes)})"
