"""From a graph to a Relax module with one function, `main`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from tensorsmith.ir.dtypes import COMPLEX, TORCH_NAMES
from tensorsmith.ir.graph import Arg, Atom, DTypeArg, Graph, Node, Ref, SpecialFloat, Symbol, TensorType
from tensorsmith.ir.operators import operator
from tensorsmith.targets.tvm.relax.translate.call import Call, Operand, ops
from tensorsmith.targets.tvm.relax.translate.table import TRANSLATIONS
from tensorsmith.targets.tvm.relax.unsupported import unsupported


@dataclass(frozen=True)
class Module:
    """A translated program.

    Attributes:
        module: the IRModule; `main` takes the graph's inputs and returns a tuple of its outputs, then of the guards.
        outputs: how many outputs there are.
        guards: for each guard, a boolean of shape [], what is not supported if it comes out true.
    """

    module: Any
    outputs: int
    guards: tuple[str, ...]


def to_relax(
    graph: Graph, constants: Mapping[int, torch.Tensor], before: Callable[[Any], None] = lambda expression: None
) -> Module:
    """The program in Relax. Writes to tensors must be gone from it (see `functional`).

    Args:
        graph: the program.
        constants: the tensor of each constant, by id.
        before: is told of every expression before it becomes part of the program, where TVM may reject it.

    Raises:
        Unsupported: an operator, a dtype or a kind of call has no translation.
        whatever TVM raises on expressions that it rejects.
    """
    from tvm import relax

    builder = relax.BlockBuilder()
    values: dict[int, Operand | None] = {}
    parameters = []
    for item in graph.inputs:
        variable = relax.Var(f"x{item.id}", relax.TensorType(item.type.shape, _dtype_name(item.type)))
        parameters.append(variable)
        values[item.id] = Operand(variable, item.type.dtype, item.type.shape)
    flags: list[Any] = []
    words: list[str] = []
    outputs: list[Any] = []
    problem: Exception | None = None

    def emit(expression: Any) -> Any:
        before(expression)
        return builder.emit(expression)

    with builder.function("main", parameters):
        with builder.dataflow():
            try:
                for constant in graph.constants:
                    tensor = _constant_tensor(constants[constant.id])
                    values[constant.id] = Operand(tensor, constant.type.dtype, constant.type.shape)
                for node in graph.nodes:
                    _translate(node, values, emit, flags, words)
                outputs = [_value(values, id_).expr for id_ in graph.outputs]
            except Exception as error:
                # A function that is left half built makes TVM print a warning.
                problem = error
            returned = builder.emit_output(relax.Tuple(outputs + flags))
        builder.emit_func_output(returned)
    if problem is not None:
        raise problem
    return Module(builder.get(), len(outputs), tuple(words))


def _translate(node: Node, values: dict[int, Operand | None], emit: Any, flags: list[Any], words: list[str]) -> None:
    translation = TRANSLATIONS.get(node.op)
    if translation is None:
        raise unsupported(node.op)
    if all(not type_.numel for type_ in node.types):
        # Relax takes a 0 in a shape for the size that the operand has there.
        for id_, type_ in zip(node.results, node.types, strict=True):
            values[id_] = Operand(emit(ops().zeros(type_.shape, _dtype_name(type_))), type_.dtype, type_.shape)
        return
    for type_ in node.types:
        _dtype_name(type_)

    def forbid(flag: Any, why: str) -> None:
        flags.append(emit(flag))
        words.append(f"{node.op}: {why}")

    call = Call(node.op, _arguments(node, values), node.types, emit, forbid)
    found = translation(call)
    results = found if isinstance(found, list) else [found]
    for id_, expr, type_ in zip(node.results, results, node.types, strict=True):
        values[id_] = None if expr is None else Operand(emit(expr), type_.dtype, type_.shape)


def _arguments(node: Node, values: Mapping[int, Operand | None]) -> dict[str, Any]:
    """The arguments of a call by name, with the schema's defaults for those that are left out."""
    schema = operator(node.op)._schema.arguments
    found: dict[str, Any] = {a.name: a.default_value for a in schema if a.has_default_value()}
    for argument, value in zip(schema, node.args, strict=False):
        found[argument.name] = _argument(node, value, values)
    for name, value in node.kwargs:
        found[name] = _argument(node, value, values)
    return found


def _argument(node: Node, arg: Arg, values: Mapping[int, Operand | None]) -> Any:
    if isinstance(arg, tuple):
        return [_atom(node, atom, values) for atom in arg]
    return _atom(node, arg, values)


def _atom(node: Node, atom: Atom, values: Mapping[int, Operand | None]) -> Any:
    if isinstance(atom, Ref):
        return _value(values, atom.id)
    if isinstance(atom, SpecialFloat):
        return float(atom.name)
    if isinstance(atom, (DTypeArg, Symbol)):
        return atom.name
    return atom


def _value(values: Mapping[int, Operand | None], id_: int) -> Operand:
    found = values[id_]
    if found is None:
        raise unsupported("the use of indices of pooled maxima, and of saved statistics")
    return found


def _dtype_name(type_: TensorType) -> str:
    if type_.dtype in COMPLEX:
        raise unsupported(f"dtype {type_.dtype}")
    return TORCH_NAMES[type_.dtype]


def _constant_tensor(tensor: torch.Tensor) -> Any:
    from tvm import relax

    if tensor.dtype == torch.bfloat16:
        return ops().astype(relax.const(tensor.float().contiguous().numpy(), "float32"), "bfloat16")
    return relax.const(tensor.contiguous().numpy(), str(tensor.dtype).removeprefix("torch."))
