"""The graph: a typed dataflow program over ATen operators, as frozen data.

A value is named by an integer. Values are defined, in this order, by the graph's inputs, its constants and the
results of its nodes. Nodes run in order, so writes (in-place operators) happen where they stand. Which values share
memory is not stored: it follows from the operators and is computed by `tensorsmith.ir.builder`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TypeAlias

import msgspec

from tensorsmith.ir.dtypes import DType
from tensorsmith.ir.recipe import Values


class TensorType(msgspec.Struct, frozen=True, order=True):
    """The type of a tensor: dtype, shape and stride (both in elements) and the offset into its storage.

    An empty `stride` on a tensor with dimensions means contiguous, so that the common case reads and writes short.
    """

    dtype: DType
    shape: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    offset: int = 0

    @property
    def numel(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def strides(self) -> tuple[int, ...]:
        """The stride of each dimension, in elements, with the contiguous default filled in."""
        return self.stride or contiguous_strides(self.shape)

    @property
    def storage_size(self) -> int:
        """Elements that a storage must have to hold this tensor at its offset."""
        if self.numel == 0:
            return self.offset
        return self.offset + 1 + sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True))


@lru_cache(maxsize=1 << 14)
def contiguous_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Row-major strides of a shape, in elements; as PyTorch does, a dimension of size 0 counts as 1."""
    strides: list[int] = []
    step = 1
    for n in reversed(shape):
        strides.append(step)
        step *= max(n, 1)
    return tuple(reversed(strides))


def tensor_type(
    dtype: DType, shape: tuple[int, ...], stride: tuple[int, ...] | None = None, offset: int = 0
) -> TensorType:
    """A TensorType in its canonical form: contiguous strides are left out."""
    if stride is None or stride == contiguous_strides(shape):
        stride = ()
    return TensorType(dtype, shape, stride, offset)


class Ref(msgspec.Struct, frozen=True, tag="ref", tag_field="is"):
    """An argument that is a value of the graph."""

    id: int


class DTypeArg(msgspec.Struct, frozen=True, tag="dtype", tag_field="is"):
    """An argument that is a dtype."""

    name: DType


class SpecialFloat(msgspec.Struct, frozen=True, tag="float", tag_field="is"):
    """A float that JSON cannot write: `inf`, `-inf` or `nan`."""

    name: str


class Symbol(msgspec.Struct, frozen=True, tag="torch", tag_field="is"):
    """An argument that is one of torch's own objects: a memory format (`contiguous_format`), a layout, a device."""

    name: str


Atom: TypeAlias = Ref | DTypeArg | SpecialFloat | Symbol | bool | int | float | str | None
Arg: TypeAlias = Atom | tuple[Atom, ...]


class Node(msgspec.Struct, frozen=True):
    """One call of an operator.

    `op` is the full name with its overload, such as `aten.add.Tensor`. `results` are the ids that the call defines, one
    for each tensor that it returns, lists of tensors flattened; `types` are their types, in the same order.
    """

    op: str
    args: tuple[Arg, ...]
    results: tuple[int, ...]
    types: tuple[TensorType, ...]
    kwargs: tuple[tuple[str, Arg], ...] = ()
    # Names of sub-graphs of the graph, for control flow (`cond`, `while_loop`); reserved.
    subgraphs: tuple[str, ...] = ()


class Input(msgspec.Struct, frozen=True):
    """An input: its type, and the input whose storage it shares, if it is a view of another."""

    id: int
    type: TensorType
    shares: int | None = None


class Constant(msgspec.Struct, frozen=True):
    """A tensor that the program closes over: its type and how its values are made."""

    id: int
    type: TensorType
    values: Values


class Graph(msgspec.Struct, frozen=True):
    """A program: inputs, constants, nodes in order of execution, and the ids of the values that it returns."""

    inputs: tuple[Input, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]
    constants: tuple[Constant, ...] = ()
    subgraphs: tuple[tuple[str, Graph], ...] = ()

    def types(self) -> dict[int, TensorType]:
        """The type of every value, by id, in order of definition."""
        found = {i.id: i.type for i in self.inputs} | {c.id: c.type for c in self.constants}
        for node in self.nodes:
            found.update(zip(node.results, node.types, strict=True))
        return found

    def operators(self) -> tuple[str, ...]:
        """The operators in order of execution, repeats included."""
        return tuple(node.op for node in self.nodes)


def refs(node: Node) -> Iterator[int]:
    """The ids that a node reads, in order, repeats included."""
    for arg in node.args:
        yield from arg_refs(arg)
    for _, arg in node.kwargs:
        yield from arg_refs(arg)


def arg_refs(arg: Arg) -> Iterator[int]:
    """The ids inside one argument."""
    for atom in arg if isinstance(arg, tuple) else (arg,):
        if isinstance(atom, Ref):
            yield atom.id


def map_refs(arg: Arg, new_ids: Mapping[int, int]) -> Arg:
    """The argument with every id replaced through `new_ids`.

    Raises:
        KeyError: an id has no replacement.
    """
    if isinstance(arg, tuple):
        return tuple(Ref(new_ids[atom.id]) if isinstance(atom, Ref) else atom for atom in arg)
    return Ref(new_ids[arg.id]) if isinstance(arg, Ref) else arg


def canonical(graph: Graph) -> Graph:
    """The same graph with values numbered 0, 1, 2 ... in order of definition, so that equal programs are equal data."""
    new_ids: dict[int, int] = {}
    for value in graph.types():
        new_ids[value] = len(new_ids)
    return Graph(
        inputs=tuple(
            Input(new_ids[i.id], i.type, None if i.shares is None else new_ids[i.shares]) for i in graph.inputs
        ),
        constants=tuple(Constant(new_ids[c.id], c.type, c.values) for c in graph.constants),
        nodes=tuple(
            Node(
                op=node.op,
                args=tuple(map_refs(arg, new_ids) for arg in node.args),
                results=tuple(new_ids[r] for r in node.results),
                types=node.types,
                kwargs=tuple((name, map_refs(arg, new_ids)) for name, arg in node.kwargs),
                subgraphs=node.subgraphs,
            )
            for node in graph.nodes
        ),
        outputs=tuple(new_ids[o] for o in graph.outputs),
        subgraphs=graph.subgraphs,
    )
