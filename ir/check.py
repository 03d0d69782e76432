"""Checking a graph that this process did not build: one from a file, another torch version, or edited by hand."""

from __future__ import annotations

from tensorsmith.ir.builder import GraphBuilder
from tensorsmith.ir.errors import GraphError, InvalidInputError
from tensorsmith.ir.graph import Constant, Graph, Input, TensorType, map_refs, tensor_type
from tensorsmith.ir.testcase import structural_problem
from tensorsmith.ir.text import format_type


def type_check(graph: Graph) -> None:
    """Run every call again on fake tensors and compare the results' types with those recorded.

    Raises:
        GraphError: an input that cannot be, a call that is rejected, or a value whose type is not the one recorded;
            the message names the value.
    """
    problem = structural_problem(graph)
    if problem is not None:
        raise GraphError(problem)
    builder = GraphBuilder()
    ids: dict[int, int] = {}
    values: list[Input | Constant] = [*graph.inputs, *graph.constants]
    try:
        for value in values:
            ids[value.id] = _add(builder, value, ids)
    except GraphError as error:
        raise GraphError(f"%{value.id}: {error}") from error
    for node in graph.nodes:
        named = ", ".join(f"%{result}" for result in node.results)
        try:
            results = builder.call(
                node.op,
                [map_refs(arg, ids) for arg in node.args],
                [(name, map_refs(arg, ids)) for name, arg in node.kwargs],
            )
        except (GraphError, InvalidInputError) as error:
            raise GraphError(f"{named}: {error}") from error
        if len(results) != len(node.results):
            raise GraphError(f"{named}: {node.op} returns {len(results)} tensors, {len(node.results)} are recorded")
        for old, new, recorded in zip(node.results, results, node.types, strict=True):
            if builder.types[new] != _normal(recorded):
                raise GraphError(
                    f"%{old}: {node.op} returns {format_type(builder.types[new])}, {format_type(recorded)} is recorded"
                )
        ids.update(zip(node.results, results, strict=True))


def _add(builder: GraphBuilder, value: Input | Constant, ids: dict[int, int]) -> int:
    if isinstance(value, Constant):
        return builder.constant(value.type, value.values)
    return builder.input(value.type, None if value.shares is None else ids[value.shares])


def _normal(type_: TensorType) -> TensorType:
    return tensor_type(type_.dtype, type_.shape, type_.strides, type_.offset)
