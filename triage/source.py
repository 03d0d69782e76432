"""A test case as plain Python: the source of a function that is its program, and of one that makes its inputs."""

from __future__ import annotations

import keyword
import textwrap
from collections.abc import Mapping
from typing import Any

import torch

from tensorsmith.ir.dtypes import TORCH_NAMES
from tensorsmith.ir.fx import returns_list
from tensorsmith.ir.graph import Arg, Atom, DTypeArg, Graph, Node, Ref, SpecialFloat, Symbol, TensorType
from tensorsmith.ir.operators import operator
from tensorsmith.ir.recipe import Drawn, Literals, Values
from tensorsmith.ir.testcase import TestCase
from tensorsmith.ir.torch_args import DEVICE, TO_TORCH
from tensorsmith.targets.inputs import make_tensor, numbers
from tensorsmith.targets.values import expression

WIDTH = 100


def value_names(graph: Graph) -> dict[int, str]:
    """A Python name for every value: `x0` ... for inputs, `c0` ... for constants, `v0` ... for results."""
    names = {item.id: f"x{position}" for position, item in enumerate(graph.inputs)}
    names |= {item.id: f"c{position}" for position, item in enumerate(graph.constants)}
    results = [result for node in graph.nodes for result in node.results]
    return names | {result: f"v{position}" for position, result in enumerate(results)}


def function_source(case: TestCase) -> str:
    """The source of `fn`, one line an operator, after its constants."""
    names = value_names(case.graph)
    lines = [f"{names[c.id]} = {tensor_source(c.type, c.values, case.device, '')}" for c in case.graph.constants]
    if lines:
        lines += ["", ""]
    lines.append(f"def fn({', '.join(names[i.id] for i in case.graph.inputs)}):")
    lines += [f"    {call_source(node, names, case.device)}" for node in case.graph.nodes]
    returned = ", ".join(names[o] for o in case.graph.outputs)
    lines.append(f"    return ({returned}{',' if len(case.graph.outputs) == 1 else ''})")
    return "\n".join(lines)


def inputs_source(case: TestCase) -> str:
    """The source of `inputs(shift)`, which makes fresh inputs; `shift` is added to every seed."""
    names = value_names(case.graph)
    shared = {item.shares for item in case.graph.inputs}
    lines = ["def inputs(shift=0):" if draws(case) else "def inputs():"]
    for item, values in zip(case.graph.inputs, case.recipe.inputs, strict=True):
        if item.shares is not None:
            made = f"{names[item.shares]}{_strided(item.type)}"
        elif item.id in shared:
            # Compilers see whether an input that others share is itself a view; when judged, it is.
            made = _storage_source(item.type, values, case.device, " + shift") + _strided(item.type)
        else:
            made = tensor_source(item.type, values, case.device, " + shift")
        lines += f"{names[item.id]} = {made}".split("\n")
    lines.append(f"return [{', '.join(names[i.id] for i in case.graph.inputs)}]")
    return "\n".join([lines[0], *(f"    {line}" for line in lines[1:])])


def draws(case: TestCase) -> bool:
    """Whether an input's values come from a seed."""
    return any(isinstance(v, Drawn) for v in case.recipe.inputs)


def call_source(node: Node, names: Mapping[int, str], device: str) -> str:
    """One call of an operator, with the names that its results get."""
    given = [arg_source(arg, names, device) for arg in node.args]
    odd = []
    for name, arg in node.kwargs:
        if keyword.iskeyword(name):
            odd.append(f"{name!r}: {arg_source(arg, names, device)}")
        else:
            given.append(f"{name}={arg_source(arg, names, device)}")
    if odd:
        given.append(f"**{{{', '.join(odd)}}}")
    namespace, packet, overload = node.op.split(".")
    called = f"torch.ops.{namespace}.{packet}"
    called = f'getattr({called}, "{overload}")' if keyword.iskeyword(overload) else f"{called}.{overload}"
    call = f"{called}({', '.join(given)})"
    results = [names[r] for r in node.results]
    if not returns_list(node.op):
        return f"{results[0]} = {call}"
    returns = operator(node.op)._schema.returns
    some = f"[:{len(results)}]" if len(returns) > len(results) else ""  # the others are None
    return f"{', '.join(results)}{',' if len(results) == 1 else ''} = {call}{some}"


def arg_source(arg: Arg, names: Mapping[int, str], device: str) -> str:
    """One argument."""
    if isinstance(arg, tuple):
        return f"[{', '.join(_atom_source(atom, names, device) for atom in arg)}]"
    return _atom_source(arg, names, device)


def tensor_source(type_: TensorType, values: Values, device: str, shift: str) -> str:
    """An expression, perhaps over several lines, that makes a tensor of a type with the values of a recipe.

    Args:
        type_: the tensor's type.
        values: its recipe.
        device: where it is made.
        shift: source that is added to the seed.
    """
    if isinstance(values, Literals) and not type_.stride and not type_.offset and 0 not in type_.shape:
        return _literal_source(_nested(make_tensor(type_, values).tolist(), type_), type_, device)
    return _storage_source(type_, values, device, shift) + _shaped(type_)


DRAW = """def draw(make, n, seed):
    return make(n, torch.Generator().manual_seed(seed))"""


def needs_draw(source: str) -> bool:
    """Whether source that was made here calls `draw`, whose source is DRAW."""
    return "draw(lambda" in source


def _storage_source(type_: TensorType, values: Values, device: str, shift: str) -> str:
    """An expression that makes the flat tensor `[storage_size]` which a tensor of the type is a view of."""
    if isinstance(values, Literals):
        return _literal_source(f"[{', '.join(_number(x, type_) for x in numbers(values))}]", type_, device)
    drawn = expression(values.kind, type_.dtype, values.high)
    if "generator=g" in drawn:
        made = f"draw(lambda n, g: {drawn}, {type_.storage_size}, {values.seed}{shift})"
    else:
        made = drawn.replace("(n)", f"({type_.storage_size})")
    return f"{made}.to(torch.{TORCH_NAMES[type_.dtype]}){_there(device)}"


def _literal_source(data: str, type_: TensorType, device: str) -> str:
    return f"torch.tensor({_wrapped(data)}, dtype=torch.{TORCH_NAMES[type_.dtype]}){_there(device)}"


def _there(device: str) -> str:
    return "" if device == "cpu" else f".to({device!r})"


def _shaped(type_: TensorType) -> str:
    if type_.stride or type_.offset:
        return _strided(type_)
    return "" if len(type_.shape) == 1 else f".reshape({_sizes(type_.shape)})"


def _strided(type_: TensorType) -> str:
    return f".as_strided({_sizes(type_.shape)}, {_sizes(type_.strides)}, {type_.offset})"


def _sizes(sizes: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, sizes))}{',' if len(sizes) == 1 else ''})"


def _nested(values: Any, type_: TensorType) -> str:
    if isinstance(values, list):
        return f"[{', '.join(_nested(v, type_) for v in values)}]"
    return _number(values, type_)


def _number(x: bool | int | float, type_: TensorType) -> str:
    """The shortest text of a number that gives the same element of the dtype."""
    if not isinstance(x, float):
        return repr(x)
    if x - x != 0:
        return f'float("{x}")'
    dtype = TO_TORCH[type_.dtype]
    exact = torch.tensor(x, dtype=dtype)
    for digits in range(1, 17):
        short = float(f"{x:.{digits}g}")
        if torch.tensor(short, dtype=dtype) == exact:
            return repr(short)
    return repr(x)


def _wrapped(text: str) -> str:
    if len(text) <= WIDTH:
        return text
    lines = textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n    " + "\n    ".join(lines) + "\n"


def _atom_source(atom: Atom, names: Mapping[int, str], device: str) -> str:
    if isinstance(atom, Ref):
        return names[atom.id]
    if isinstance(atom, DTypeArg):
        return f"torch.{TORCH_NAMES[atom.name]}"
    if isinstance(atom, SpecialFloat):
        return f'float("{atom.name}")'
    if isinstance(atom, Symbol):
        return f"torch.device({device!r})" if atom == DEVICE else f"torch.{atom.name}"
    return repr(atom)
