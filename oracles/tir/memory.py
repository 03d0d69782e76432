"""Buffers in the code: lists of scalars, views of them, and flat indices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tensorsmith.oracles.tir.expressions import named, value_of
from tensorsmith.oracles.tir.frame import Frame, Memory
from tensorsmith.oracles.tir.undefined import Mixed, Unsupported
from tensorsmith.oracles.tir.values import Value, number, width
from tensorsmith.oracles.tir.vectors import split_dtype
from tensorsmith.targets.tvm import adapter


def parameter(variable: Any, name: str, frame: Frame) -> Memory:
    """A buffer that the caller gives as a list named `name`.

    Raises:
        Unsupported: strides, an offset or a dtype that the interpreter does not know.
    """
    known = _PARAMETERS.get(adapter.identity(variable))
    if known is not None:
        return known[1] if known[1].text == name else replace(known[1], text=name)
    memory = _declared(variable, name, False, frame)
    if not memory.whole:
        raise Unsupported("a parameter with strides or an offset")
    if all(size.low == size.high for size in memory.shape):
        if len(_PARAMETERS) >= _MOST_PARAMETERS:
            _PARAMETERS.clear()
        _PARAMETERS[adapter.identity(variable)] = variable, memory
    return memory


# Passes keep the parameters: identity of each to the variable, which is so kept alive, and what it is.
_PARAMETERS: dict[int, tuple[Any, Memory]] = {}
_MOST_PARAMETERS = 256


def allocate(variable: Any, frame: Frame) -> None:
    """Make a buffer whose elements are uninitialized."""
    memory = _declared(variable, frame.name("m"), True, frame)
    if not memory.whole:
        raise Unsupported("an allocation with strides or an offset")
    mixed = memory.text in frame.mixed
    frame.memories[adapter.identity(variable)] = replace(memory, mixed=mixed)
    count = product([*memory.shape, number(memory.lanes)]).text
    if mixed:
        frame.write(f"{memory.text} = Bytes({count} * {width(memory.dtype) // 8})")
    else:
        frame.write(f"{memory.text} = [None] * {count}")


def view(variable: Any, source: Any, frame: Frame) -> None:
    """Declare a buffer over the memory of another, which may be of another shape and dtype.

    Raises:
        Unsupported: it is not the memory of a known buffer, or it is a parameter's with elements of another size.
        Mixed: it is a local buffer's with elements of another size.
    """
    owner = adapter.data_of(source)
    base = frame.memories.get(adapter.identity(owner)) if owner is not None else None
    if base is None:
        raise Unsupported("a view of memory that is not a buffer")
    if (base.offset.low, base.offset.high) != (0, 0):
        raise Unsupported("a view of a view with an offset")
    made = _declared(variable, base.text, base.local, frame)
    if not base.mixed and width(made.dtype) != width(base.stored):
        if base.local:
            raise Mixed(base.text)
        raise Unsupported(f"a view of {base.stored} as {made.dtype}")
    sizes = [product([*one.shape, number(one.lanes)]) for one in (made, base)]
    whole = base.whole and made.whole and not base.mixed and (_known(sizes[0]) == _known(sizes[1]) or _fits(*sizes))
    stored = made.dtype if base.mixed else base.stored
    frame.memories[adapter.identity(variable)] = replace(made, stored=stored, whole=whole, mixed=base.mixed)


def match(variable: Any, region: Any, frame: Frame) -> None:
    """Declare a block's buffer over a region of another; its variables of strides and offset take their values.

    Raises:
        Unsupported: the region has more dimensions than the buffer, and not of one element.
    """
    base = frame.memories.get(adapter.identity(region.source))
    if base is None:
        raise Unsupported("a region of a buffer that is not declared")
    dtype, lanes = split_dtype(adapter.element_dtype(variable))
    if (dtype, lanes) != (base.dtype, base.lanes):
        raise Unsupported("a region of another dtype")
    _, sizes, strides, offset = adapter.buffer_layout(variable)
    ranges, kept = list(region.region), len(region.region) - len(sizes)
    if kept < 0 or any(getattr(range_.extent, "value", None) != 1 for range_ in ranges[:kept]):
        raise Unsupported("a region of other dimensions")
    starts = [value_of(range_.min, frame) for range_ in ranges]
    terms = [base.offset.text, *(f"({a.text}) * {b.text}" for a, b in zip(starts, base.strides, strict=True))]
    start = frame.name("v")
    frame.write(f"{start} = {' + '.join(terms)}")
    first = Value(start, "int64", *_ANY)
    if offset is not None and _is_free(offset, frame):
        frame.variables[adapter.identity(offset)] = first._replace(dtype=adapter.dtype_of(offset))
    for declared, actual in zip(strides, base.strides[kept:], strict=False):
        if _is_free(declared, frame):
            frame.variables[adapter.identity(declared)] = actual._replace(dtype=adapter.dtype_of(declared))
    shape = tuple(named(value_of(size, frame), frame) for size in sizes)
    made = replace(base, shape=shape, strides=base.strides[kept:], offset=first, whole=False)
    frame.memories[adapter.identity(variable)] = made


def product(sizes: Sequence[Value]) -> Value:
    """The product of sizes, as code that needs no parentheses in a product."""
    known = math.prod(size.low for size in sizes if size.low == size.high)
    symbols = [size.text for size in sizes if size.low != size.high]
    if not symbols:
        return number(known)
    return Value(" * ".join([*symbols, str(known)] if known != 1 else symbols), "int64", *_ANY)


_ANY = (-(1 << 63), (1 << 63) - 1)


def _declared(variable: Any, name: str, local: bool, frame: Frame) -> Memory:
    text, sizes, strides, offset = adapter.buffer_layout(variable)
    dtype, lanes = split_dtype(text)
    shape = tuple(named(value_of(size, frame), frame) for size in sizes)
    compact = tuple(product(shape[position + 1 :]) for position in range(len(shape)))
    apart = tuple(named(value_of(stride, frame), frame) for stride in strides) or compact
    first = number(0) if offset is None else named(value_of(offset, frame), frame)
    whole = [_known(stride) for stride in apart] == [
        _known(stride) for stride in compact
    ] and first.low == first.high == 0
    return Memory(name, dtype, shape, local, lanes, dtype, apart, first, whole)


def _known(size: Value) -> str | int:
    return size.low if size.low == size.high else size.text


def _is_free(node: Any, frame: Frame) -> bool:
    return type(node).__name__ == "Var" and adapter.identity(node) not in frame.variables


def _fits(part: Value, whole: Value) -> bool:
    return part.low == part.high <= whole.low == whole.high
