"""Programs without writes: what Relax can say. In-place operators become values, and writes to inputs come out as
further outputs, which are copied into the inputs after the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch._decomp import core_aten_decompositions
from torch._dispatch.python import enable_python_dispatcher
from torch._functorch._aot_autograd.functional_utils import from_fun, sync_functional_tensor, to_fun
from torch._subclasses.functional_tensor import FunctionalTensorMode
from torch.fx.experimental.proxy_tensor import make_fx

from tensorsmith.ir.fx import from_fx
from tensorsmith.ir.graph import Constant, Graph, Node, refs
from tensorsmith.ir.operators import operator, written_arguments
from tensorsmith.targets.interpret import interpret
from tensorsmith.targets.tvm.relax.translate.table import TRANSLATIONS
from tensorsmith.targets.tvm.relax.unsupported import unsupported


@dataclass(frozen=True)
class Functional:
    """A program without writes.

    Attributes:
        graph: the program; its outputs are those of the original, then what is to be written.
        written: positions of the inputs that these last outputs are written to, in order.
    """

    graph: Graph
    written: tuple[int, ...]


def functional(graph: Graph, inputs: Sequence[torch.Tensor], constants: Mapping[int, torch.Tensor]) -> Functional:
    """The program as it is if every operator has a translation, else traced without writes and taken apart further.

    Args:
        graph: the program.
        inputs: example inputs, which are not changed.
        constants: the tensor of each constant, by id.

    Raises:
        Unsupported: it cannot be traced so, or an operator in it cannot be taken apart into what has a translation.
    """
    writes = any(written_arguments(node.op) for node in graph.nodes)
    lacking = lacking_operators(graph)
    if not writes and not lacking:
        return Functional(graph, ())
    if writes and any(item.shares is not None for item in graph.inputs):
        raise unsupported("writes where inputs share memory")
    # Said before time is spent on the trace.
    hopeless = [name for name in lacking if not known(name)]
    if hopeless:
        raise unsupported(hopeless[0])
    found = _traced(graph, inputs, constants)
    left = lacking_operators(found.graph)
    if left:
        raise unsupported(left[0])
    return found


def lacking_operators(graph: Graph) -> list[str]:
    """The operators of a graph that have no translation and write nothing, in order."""
    return [n.op for n in graph.nodes if n.op not in TRANSLATIONS and not written_arguments(n.op)]


def _traced(graph: Graph, inputs: Sequence[torch.Tensor], constants: Mapping[int, torch.Tensor]) -> Functional:
    closed_over = [constants[constant.id] for constant in graph.constants]

    def program(*tensors: torch.Tensor) -> list[Any]:
        """The outputs, then every input as it is in the end."""
        with FunctionalTensorMode():
            values = [to_fun(tensor) for tensor in tensors]
            by_id = {c.id: value for c, value in zip(graph.constants, values[len(inputs) :], strict=True)}
            returned = [*interpret(graph, values[: len(inputs)], by_id, "cpu"), *values[: len(inputs)]]
            for value in returned:
                sync_functional_tensor(value)
            return [from_fun(value) for value in returned]

    try:
        with torch.no_grad(), enable_python_dispatcher():
            module = make_fx(program, decomposition_table=_decompositions(), tracing_mode="fake")(*inputs, *closed_over)
        written = _written(module, len(inputs), len(graph.outputs))
        traced = from_fx(module, [*inputs, *closed_over])
    except Exception as error:
        message = str(error).strip().splitlines()
        why = message[0] if message else repr(error)
        raise unsupported("this program", f"torch gives it no form without writes: {why}") from None
    return Functional(without_dead_calls(_with_constants(traced, graph.constants)), written)


def _written(module: torch.fx.GraphModule, inputs: int, outputs: int) -> tuple[int, ...]:
    """The positions of the inputs that a trace writes to; what the others are in the end is no longer returned."""
    places = [node for node in module.graph.nodes if node.op == "placeholder"]
    (output,) = (node for node in module.graph.nodes if node.op == "output")
    returned = list(output.args[0])
    written = tuple(n for n in range(inputs) if returned[outputs + n] is not places[n])
    output.args = (tuple(returned[:outputs] + [returned[outputs + n] for n in written]),)
    return written


def _with_constants(traced: Graph, constants: Sequence[Constant]) -> Graph:
    """The graph with its last inputs as the constants that they were."""
    count = len(traced.inputs) - len(constants)
    closed_over = tuple(
        Constant(item.id, constant.type, constant.values)
        for item, constant in zip(traced.inputs[count:], constants, strict=True)
    )
    return Graph(traced.inputs[:count], traced.nodes, traced.outputs, closed_over)


def _is_composite(op: torch._ops.OpOverload) -> bool:
    return bool(torch._C._dispatch_has_kernel_for_dispatch_key(op.name(), "CompositeImplicitAutograd"))


@cache
def _decompositions() -> dict[Any, Callable[..., Any]]:
    table = core_aten_decompositions()
    return {op: decompose for op, decompose in table.items() if _full_name(op) not in TRANSLATIONS}


def _full_name(op: Any) -> str:
    schema = getattr(op, "_schema", None)
    return "" if schema is None else f"{schema.name.replace('::', '.')}.{getattr(op, '_overloadname', '')}"


def without_dead_calls(graph: Graph) -> Graph:
    """The graph without calls that nothing reads; writes must be gone."""
    alive = set(graph.outputs)
    kept: list[Node] = []
    for node in reversed(graph.nodes):
        if alive & set(node.results):
            kept.append(node)
            alive.update(refs(node))
    return Graph(graph.inputs, tuple(reversed(kept)), graph.outputs, graph.constants, graph.subgraphs)


def known(op: str) -> bool:
    """Whether an operator has a translation, or torch can take it apart into others, or it writes."""
    overload = operator(op)
    return op in TRANSLATIONS or overload in _decompositions() or _is_composite(overload) or bool(written_arguments(op))
