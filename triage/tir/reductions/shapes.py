"""Smaller buffers: equal sizes and extents shrink together, then single ones; dimensions of one element go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tensorsmith.targets.tvm import adapter, tree
from tensorsmith.targets.tvm.function import TirFunction
from tensorsmith.triage.tir.reductions.api import (
    Candidates,
    attempted,
    described,
    greedy,
    rewritten,
    with_variables,
)

FEW = (1, 2)


def smaller_shapes(function: TirFunction) -> Candidates:
    """Make buffers smaller, and loops over as many elements with them, and drop dimensions of one element."""
    return greedy(function, _smaller)


def _smaller(function: TirFunction) -> Iterator[TirFunction]:
    shapes = {variable: sizes for variable, sizes in _buffers(function) if sizes}
    for size in sorted({size for sizes in shapes.values() for size in sizes if size > 1}, reverse=True):
        for less in _less(size):
            yield _shrunk(function, size, less)
    for variable, sizes in shapes.items():
        for place, size in enumerate(sizes):
            for less in _less(size):
                yield _reshaped(function, variable, (*sizes[:place], less, *sizes[place + 1 :]))
        for place, size in enumerate(sizes):
            if size == 1 and len(sizes) > 1:
                candidate = attempted(_flatter, function, variable, place)
                if candidate is not None:
                    yield candidate


def _buffers(function: TirFunction) -> Iterator[tuple[Any, tuple[int, ...]]]:
    for variable in adapter.variables(function.func).values():
        if adapter.is_buffer(variable):
            sizes = tuple(size for size in adapter.shape(variable) if size is not None)
            if len(sizes) == len(variable.ty.shape):
                yield variable, sizes


def _less(size: int) -> Iterator[int]:
    yield from dict.fromkeys(less for less in (*FEW, size // 2, size - 1) if 0 < less < size)


def _shrunk(function: TirFunction, size: int, less: int) -> TirFunction:
    """The function with dimensions and extents of `size` elements down to `less`."""
    new: dict[int, Any] = {}
    for variable, sizes in _buffers(function):
        if size in sizes:
            fewer = [less if one == size else one for one in sizes]
            new[adapter.identity(variable)] = _like(variable, fewer)

    def change(node: Any) -> Any:
        if tree.kind_of(node) != "For" or not _is(node.extent, size):
            return node
        extent = adapter.tvm().tirx.IntImm(adapter.dtype_of(node.extent), less)
        return tree.rebuild(
            node, [extent if child.node.same_as(node.extent) else child.node for child in tree.children(node)]
        )

    smaller = with_variables(function, new)
    return smaller.with_body(rewritten(smaller.func.body, change))


def _is(node: Any, value: int) -> bool:
    return tree.kind_of(node) == "IntImm" and int(node.value) == value


def _reshaped(function: TirFunction, variable: Any, sizes: tuple[int, ...]) -> TirFunction:
    return with_variables(function, {adapter.identity(variable): _like(variable, sizes)})


def _like(variable: Any, sizes: Any) -> Any:
    return adapter.buffer_like(variable, str(variable.name), adapter.element_dtype(variable), sizes)


def _flatter(function: TirFunction, variable: Any, place: int) -> TirFunction:
    """The function with one dimension of a buffer gone, which has one element."""
    sizes = [size or 1 for size in adapter.shape(variable)]
    flat = _like(variable, [*sizes[:place], *sizes[place + 1 :]])
    return with_buffer(function, variable, flat, lambda indices: [*indices[:place], *indices[place + 1 :]])


def with_buffer(function: TirFunction, old: Any, new: Any, index: Any) -> TirFunction:
    """The function with another buffer for `old`, whose indices are `index` of those of `old`."""
    tirx = adapter.tvm().tirx

    def change(node: Any) -> Any:
        kind = tree.kind_of(node)
        if kind == "TensorLoad" and node.source.same_as(old):
            return adapter.load(new, index(list(node.indices)))
        if kind == "BufferStore" and node.buffer.same_as(old):
            return tirx.BufferStore(new, node.value, index(list(node.indices)))
        return node

    body = rewritten(function.func.body, change)
    moved: Mapping[int, Any] = {adapter.identity(old): new}
    return described(function, tree.substitute(function.func.with_body(body), moved))
